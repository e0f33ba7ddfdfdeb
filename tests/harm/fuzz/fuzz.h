// fuzz.h: what the fuzz targets share.
//
// A target takes any bytes, gives them to a piece of the real code and checks
// what comes out. libFuzzer looks for bytes that reach new code.

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static inline void demand(bool holds, const char *otherwise) {
    if (holds) return;
    printf("WRONG: %s\n", otherwise);
    fflush(stdout);
    abort(); // libFuzzer keeps the bytes
}

#endif
