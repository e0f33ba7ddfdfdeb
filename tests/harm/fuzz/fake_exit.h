// fake_exit.h: read before options.c, lets it refuse a command line without
// ending the fuzzer, and keeps what it says.

#ifndef FAKE_EXIT_H
#define FAKE_EXIT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Noreturn void fake_exit(int status);
__attribute__((format(printf, 2, 3))) int fake_fprintf(FILE *out,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 0))) int
fake_vfprintf(FILE *out, const char *format, va_list arguments);

// Hardened, the C library has macros of its own for these.
#undef fprintf
#undef vfprintf
#define exit     fake_exit
#define fprintf  fake_fprintf
#define vfprintf fake_vfprintf

#endif
