#include "model.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

enum {
    NOTES = 40,             // that are told when something is wrong
    STEPS_PER_MINUTE = 4096 // even on the slowest machine
};

unsigned long model_steps;
char **model_files;
void (*model_failed)(void);

static const char *program;
static unsigned long seed, steps_begun;
static uint64_t state; // of the generator

static struct {
    const char *format;
    long numbers[3];
} notes[NOTES];
static unsigned long noted;

uint64_t chance(void) {
    // A counter that is stirred: no state is a bad one. (splitmix64)
    uint64_t value = state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

unsigned below(unsigned limit) {
    return (unsigned)(((chance() >> 32) * limit) >> 32);
}

bool percent(unsigned cases) {
    return cases > 0 && below(100) < cases;
}

unsigned some(unsigned most) {
    // Sizes spread over all magnitudes, not over all values.
    unsigned limit = most >> below(20);
    return limit ? below(limit) + 1 : 1;
}

void note(const char *format, long first, long second, long third) {
    notes[noted % NOTES].format = format;
    notes[noted % NOTES].numbers[0] = first;
    notes[noted % NOTES].numbers[1] = second;
    notes[noted % NOTES].numbers[2] = third;
    noted++;
}

static void tell(void) {
    unsigned long start = noted > NOTES ? noted - NOTES : 0;

    if (noted > 0) printf("the last that happened:\n");
    for (unsigned long i = start; i < noted; i++) {
        const long *numbers = notes[i % NOTES].numbers;
        printf("    ");
        printf(notes[i % NOTES].format, numbers[0], numbers[1], numbers[2]);
        printf("\n");
    }
    if (model_failed) model_failed();
    printf("in step %lu; to see it again:\n    %s --seed %lu --steps %lu",
           steps_begun, program, seed, model_steps);
    for (char **file = model_files; *file; file++) printf(" %s", *file);
    printf("\n");
    fflush(stdout);
}

void wrong(const char *what) {
    printf("WRONG: %s\n", what);
    tell();
    // Not exit(): what is left behind now is not a leak to report.
    _exit(EXIT_FAILURE);
}

// Nothing is lost by calling what a handler should not: the program is at its
// end.
static void crash(int number) {
    wrong(strsignal(number));
}

static unsigned long number(const char *option, const char *text) {
    char *end;
    unsigned long value = strtoul(text ? text : "", &end, 10);
    if (text && *text && *end == '\0') return value;
    fprintf(stderr, "%s: %s needs a number\n", program, option);
    exit(2);
}

static void parse(char **arguments) {
    for (; *arguments && **arguments == '-'; arguments += 2) {
        if (strcmp(*arguments, "--seed") == 0)
            seed = number(*arguments, arguments[1]);
        else if (strcmp(*arguments, "--steps") == 0)
            model_steps = number(*arguments, arguments[1]);
        else {
            fprintf(stderr, "usage: %s [--seed S] [--steps N] [FILE]...\n",
                    program);
            exit(2);
        }
    }
    model_files = arguments;
}

void model_open(int argc, char **argv, unsigned long steps) {
    program = argc > 0 ? argv[0] : "model";
    seed = (unsigned long)time(NULL) * 1000 + (unsigned long)getpid() % 1000;
    model_steps = steps;
    parse(argv + 1);
    state = seed;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_set_death_callback(tell);
#else
    signal(SIGSEGV, crash);
    signal(SIGBUS, crash);
#endif
    signal(SIGABRT, crash);
    signal(SIGALRM, crash);
    printf("%s --seed %lu --steps %lu: ", program, seed, model_steps);
    fflush(stdout);
}

bool model_step(void) {
    if (steps_begun == model_steps) return false;
    if (steps_begun % STEPS_PER_MINUTE == 0) alarm(60); // or it hangs
    steps_begun++;
    return true;
}

void model_close(void) {
    // The sum tells runs apart that did not go the same way.
    printf("all as it should be (%08lx)\n",
           (unsigned long)(chance() & 0xffffffff));
}
