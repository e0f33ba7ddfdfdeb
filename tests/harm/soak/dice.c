#include "dice.h"

#include <string.h>

// An odd number whose multiples lie far apart: 2^64 by the golden ratio.
static const uint64_t STEP = 0x9e3779b97f4a7c15;

// What splitmix64 does to a counter: neighbours look unrelated afterwards.
static uint64_t scramble(uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

uint64_t dice_throw(uint64_t *state) {
    *state += STEP;
    return scramble(*state);
}

size_t dice_roll(uint64_t *state, size_t least, size_t most) {
    return least + (size_t)(dice_throw(state) % (most - least + 1));
}

void stream_fill(uint64_t key, size_t place, char *bytes, size_t length) {
    while (length > 0) {
        uint64_t word = scramble(key + place / sizeof word * STEP);
        size_t skipped = place % sizeof word;
        size_t part = sizeof word - skipped;
        if (part > length) part = length;

        memcpy(bytes, (char *)&word + skipped, part);
        place += part;
        bytes += part;
        length -= part;
    }
}
