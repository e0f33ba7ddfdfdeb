// model.h: what the models share: chance that a seed repeats, the command line,
// and the last steps in words when something is wrong.
//
// A model drives a piece of the real code with random steps and compares it
// with something so simple that it must be right. With the same seed it takes
// the same steps, on every machine.

#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

// How many steps to take: --steps N.
extern unsigned long model_steps;

// What the command line says after that; NULL at the end.
extern char **model_files;

// What else is to be told when something is wrong, NULL for nothing.
extern void (*model_failed)(void);

// Reads the command line, [--seed S] [--steps N] [FILE]..., and says what it
// does; ends the program with 2 when the line is wrong.
void model_open(int argc, char **argv, unsigned long steps);

// The next step begins. False when all have been taken.
bool model_step(void);

// Says that all is well.
void model_close(void);

// The next number of the seed's.
uint64_t chance(void);

// From 0 to limit - 1, each as likely as the other. limit is not 0.
unsigned below(unsigned limit);

// True in so many of a hundred cases.
bool percent(unsigned cases);

// Small most of the time, now and then as large as most.
unsigned some(unsigned most);

// Remembers what happened: format is a literal and takes three longs, "%ld".
void note(const char *format, long first, long second, long third);

// Says what is wrong, after which steps and how to see it again; exits with 1.
_Noreturn void wrong(const char *what);

static inline void expect(bool holds, const char *otherwise) {
    if (!holds) wrong(otherwise);
}

#endif
