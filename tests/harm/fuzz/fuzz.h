// fuzz.h: what the fuzz targets share.
//
// A target takes any bytes, gives them to a piece of the real code and looks
// whether what comes out is right. libFuzzer looks for bytes that reach new
// code (make fuzz); without it, standalone.c runs the same target over the
// corpus and random changes of it.

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

// Both drivers take an abort() for a failure, and show the bytes.
static inline void demand(bool holds, const char *otherwise) {
    if (holds) return;
    printf("WRONG: %s\n", otherwise);
    fflush(stdout);
    abort();
}

#endif
