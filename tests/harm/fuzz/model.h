// model.h: what the models share: random numbers that a seed repeats, and the
// last events in words when something is wrong.
//
// A model drives the real code with random events and compares it with
// something so simple that it must be right. With the same seed it takes the
// same steps, on every machine.

#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stdint.h>

// Reads the command line: STEPS [SEED].
void model_open(int argc, char **argv);

// Takes that many steps. False when there are none left.
bool model_steps(unsigned long count);

// Says that all is well.
void model_close(void);

// A random number.
uint64_t chance(void);

// From 0 to limit - 1, each as likely as the others. limit is not 0.
unsigned below(unsigned limit);

// True in so many of a hundred cases.
bool percent(unsigned cases);

// From 1 to most: small most of the time, and of every magnitude.
unsigned some(unsigned most);

// Remembers what happened. format is a literal that takes three longs, "%ld".
void note(const char *format, long first, long second, long third);

// Says what is wrong, what happened before and how to see it again, and exits.
_Noreturn void wrong(const char *what);

static inline void expect(bool holds, const char *otherwise) {
    if (!holds) wrong(otherwise);
}

#endif
