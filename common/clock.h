// clock.h: time that only goes forward, in milliseconds.
//
// The clock is CLOCK_MONOTONIC: nobody can set it, so a deadline stays where it
// is when the machine learns what time it is. It counts whole milliseconds,
// rounded down. See clock_gettime(2).

#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

// A time that does not come: wait without a limit.
#define NEVER INT64_MAX

// Milliseconds since some moment in the past.
int64_t clock_ms(void);

// How long to sleep now to be on time, in milliseconds as poll(2) and
// epoll_wait(2) take them: 0 when the time has passed, -1 for NEVER. When it is
// far away that is a little less than what is left: ask again then.
int clock_left_ms(int64_t until_ms);

#endif
