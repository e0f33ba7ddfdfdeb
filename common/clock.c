#include "clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clock_left_ms(int64_t until_ms) {
    if (until_ms == NEVER) return -1;
    int64_t left_ms = until_ms - clock_ms();
    if (left_ms < 0) return 0;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}
