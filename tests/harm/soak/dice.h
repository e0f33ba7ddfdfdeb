// dice.h: chance that can be repeated, from a seed.

#ifndef DICE_H
#define DICE_H

#include <stddef.h>
#include <stdint.h>

// Any number.
uint64_t dice_throw(uint64_t *state);

// A number from least to most, both included.
size_t dice_roll(uint64_t *state, size_t least, size_t most);

// What a client says: bytes that only depend on its key and their place in the
// stream, so that who checks an echo needs no copy of what was sent.
void stream_fill(uint64_t key, size_t place, char *bytes, size_t length);

#endif
