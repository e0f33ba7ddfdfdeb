// fake_memory.h: memory that is counted, runs out when a model wants it to, and
// never keeps what was in it.
//
// A block that is given back is filled with rubbish first, a block that grows
// always moves, and rubbish stands behind each: who uses an old pointer, or one
// byte too many, notices.

#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include <stddef.h>

// Of a hundred calls, so many find no memory.
extern unsigned memory_fails;

// How many calls found none so far.
extern unsigned memory_refused;

// What is taken now, in blocks and in bytes; an array is what realloc() gave.
extern size_t memory_blocks, memory_arrays, memory_bytes;

#endif
