// play.h: one section of the book, replayed.

#ifndef PLAY_H
#define PLAY_H

#include <stdint.h>
#include <stdio.h>

#include "markdown.h"

struct outcome {
    int replayed, failed; // sessions
};

// How long anything may take to be shown, in milliseconds.
extern int64_t play_patience_ms;

// Replays the sessions of a section that are not to be skipped, up to the first
// that fails, and says on out what it was that failed. Nothing that it started
// runs any more when it returns.
struct outcome play_section(const char *path, const struct section *section,
                            FILE *out);

#endif
