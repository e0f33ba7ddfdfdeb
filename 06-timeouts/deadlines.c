#include "deadlines.h"

#include <stdlib.h>

#include "clock.h"
#include "slots.h"

struct deadline {
    int64_t at_ms;
    int previous, next; // descriptors, NOBODY at either end
};

static struct deadline *deadlines; // indexed by descriptor
static int room;                   // slots in that array
static int first = NOBODY, last = NOBODY;

// Makes two neighbours; NOBODY stands for the end of the queue.
static void join(int previous, int next) {
    *(previous == NOBODY ? &first : &deadlines[previous].next) = next;
    *(next == NOBODY ? &last : &deadlines[next].previous) = previous;
}

bool deadline_reserve(int fd) {
    struct deadline *grown =
        slots_reserve(deadlines, sizeof *deadlines, &room, fd);
    if (grown == NULL) return false;
    deadlines = grown;
    return true;
}

void deadline_add(int fd, int64_t at_ms) {
    deadlines[fd].at_ms = at_ms;
    join(last, fd);
    join(fd, NOBODY);
}

void deadline_push(int fd, int64_t at_ms) {
    deadline_remove(fd);
    deadline_add(fd, at_ms);
}

void deadline_remove(int fd) {
    join(deadlines[fd].previous, deadlines[fd].next);
}

int deadline_first(void) {
    return first;
}

int64_t deadline_first_ms(void) {
    return first == NOBODY ? NEVER : deadlines[first].at_ms;
}

void deadlines_free(void) {
    free(deadlines);
    deadlines = NULL;
    room = 0;
    first = last = NOBODY;
}
