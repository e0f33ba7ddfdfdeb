#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { NOTES = 40 }; // the most that are shown

// In memory that a child process shares, so that its parent goes on from there
// and can tell what happened before a crash.
static struct {
    uint64_t random;
    unsigned long steps_left, noted;
    struct {
        const char *format;
        long numbers[3];
    } notes[NOTES];
} * shared;

static const char *program;
static unsigned long seed, steps;

uint64_t chance(void) {
    // A counter that is stirred: no state is a bad one. (splitmix64)
    uint64_t value = shared->random += 0x9e3779b97f4a7c15;
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
    unsigned limit = most >> below(20);
    return limit ? below(limit) + 1 : 1;
}

void note(const char *format, long first, long second, long third) {
    unsigned long i = shared->noted++ % NOTES;
    shared->notes[i].format = format;
    shared->notes[i].numbers[0] = first;
    shared->notes[i].numbers[1] = second;
    shared->notes[i].numbers[2] = third;
}

void wrong(const char *what) {
    unsigned long i = shared->noted > NOTES ? shared->noted - NOTES : 0;
    printf("WRONG: %s\nWhat happened last:\n", what);
    for (; i < shared->noted; i++) {
        const long *numbers = shared->notes[i % NOTES].numbers;
        printf("    ");
        printf(shared->notes[i % NOTES].format, numbers[0], numbers[1],
               numbers[2]);
        printf("\n");
    }
    printf("To see it again: %s %lu %lu\n", program, steps, seed);
    fflush(stdout);
    _exit(EXIT_FAILURE); // not exit(): what is left now isn't a leak
}

void model_open(int argc, char **argv) {
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s STEPS [SEED]\n", argv[0]);
        exit(2);
    }
    program = argv[0];
    steps = strtoul(argv[1], NULL, 10);
    seed = (unsigned long)time(NULL) * 1000 + (unsigned long)getpid() % 1000;
    if (argc == 3) seed = strtoul(argv[2], NULL, 10);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANON, -1, 0);
    if (shared == MAP_FAILED) abort();
    shared->random = seed;
    shared->steps_left = steps;
    printf("%s %lu %lu: ", program, steps, seed);
    fflush(stdout);
}

bool model_steps(unsigned long count) {
    if (count > shared->steps_left) count = shared->steps_left;
    shared->steps_left -= count;
    return shared->steps_left > 0;
}

void model_close(void) {
    // The number tells apart runs that didn't go the same way.
    printf("all as it should be (%08lx)\n",
           (unsigned long)(chance() & 0xffffffff));
}
