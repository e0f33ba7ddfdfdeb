#include "deadlines.h"

#include <stdlib.h>

#include "array.h"
#include "clock.h"

struct deadline {
    int64_t at_ms;
    int previous, next; // descriptors, NO_CLIENT at either end
};

static struct {
    struct deadline *array; // indexed by descriptor
    int capacity;           // of that array
    int first, last;        // descriptors, NO_CLIENT if the queue is empty
} queue = {.first = NO_CLIENT, .last = NO_CLIENT};

// Makes two clients neighbours; NO_CLIENT stands for an end of the queue.
static void link_up(int previous, int next) {
    if (previous == NO_CLIENT)
        queue.first = next;
    else
        queue.array[previous].next = next;
    if (next == NO_CLIENT)
        queue.last = previous;
    else
        queue.array[next].previous = previous;
}

bool deadline_reserve(int fd) {
    struct deadline *grown =
        array_reserve(queue.array, sizeof *grown, &queue.capacity, fd);
    if (grown == NULL) return false;
    queue.array = grown;
    return true;
}

void deadline_add(int fd, int64_t at_ms) {
    queue.array[fd].at_ms = at_ms;
    link_up(queue.last, fd);
    link_up(fd, NO_CLIENT);
}

void deadline_push(int fd, int64_t at_ms) {
    deadline_remove(fd);
    deadline_add(fd, at_ms);
}

void deadline_remove(int fd) {
    link_up(queue.array[fd].previous, queue.array[fd].next);
}

int deadline_first(void) {
    return queue.first;
}

int64_t deadline_first_ms(void) {
    return queue.first == NO_CLIENT ? NEVER : queue.array[queue.first].at_ms;
}

void deadlines_free(void) {
    free(queue.array);
    queue.array = NULL;
    queue.capacity = 0;
    queue.first = queue.last = NO_CLIENT;
}
