// deadlines.h: who has to have moved a byte by when, the nearest first.
//
// Everybody is given the same time, so whoever gets a new deadline goes to the
// end of the queue, and the queue is always sorted: adding, moving, removing
// and finding the first cost the same few instructions, however many there are.
// Deadlines stand in one array indexed by descriptor, and are linked by
// descriptors: a link costs 4 bytes and is still right when the array has
// moved. Times are those of clock_ms().

#ifndef DEADLINES_H
#define DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

enum { NOBODY = -1 };

// Makes room for a descriptor that is not in the queue. False, with ENOMEM, if
// there is none.
bool deadline_reserve(int fd);

// Puts a reserved descriptor at the end of the queue. The time must not be
// before any other in the queue.
void deadline_add(int fd, int64_t at_ms);

// Moves a descriptor that is in the queue to its end, likewise.
void deadline_push(int fd, int64_t at_ms);

// Takes a descriptor out of the queue.
void deadline_remove(int fd);

// The descriptor whose deadline is the nearest, NOBODY if there is none.
int deadline_first(void);

// That deadline, NEVER if there is none.
int64_t deadline_first_ms(void);

// Forgets all, and frees the array.
void deadlines_free(void);

#endif
