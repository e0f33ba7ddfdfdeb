// soak.h: what all parts of the soak know of the run.

#ifndef SOAK_H
#define SOAK_H

#include <stdbool.h>
#include <stdint.h>

// In soaking.expire_ms and elsewhere: see common/clock.h for NEVER.
struct soaking {
    const char *name;    // of the server's stage
    uint64_t seed;       // all chance comes from it
    int64_t start_ms;    // by clock_ms(), like all times
    int64_t patience_ms; // how long something may take on a busy machine
    int64_t expire_ms;   // the deadline of 06; NEVER for the others
    bool crush;          // descriptors may run out now: that is the purpose
    unsigned violations;
};

extern struct soaking soaking;

// Says what the server must not do, with the time and the seed, and counts it.
__attribute__((format(printf, 1, 2))) void violation(const char *format, ...);

#endif
