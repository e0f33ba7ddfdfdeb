// picture.h: the scene as text for a terminal.
//
// A picture holds only the rows that differ from the one before, so that little
// goes over a slow line.

#ifndef PICTURE_H
#define PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What the log does not say. Numbers that are not known are -1.
struct view {
    const char *stage;
    int rows, columns;
    bool colour;
    int64_t now_ms;     // by the clock of the log
    int64_t timeout_ms; // how long a client may be idle, 0 for as long as it
                        // wants
    int cpu_percent, threads, backlog;
};

// Returns memory from malloc(3) that is *length bytes long. NULL if nothing has
// changed, or there is no memory.
char *picture_draw(const struct view *wanted_view, size_t *length);

// Whatever the terminal shows is lost: the next picture is a whole one.
void picture_forget(void);

#endif
