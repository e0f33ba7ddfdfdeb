// histogram.h: how often which latency was seen, in a fixed size.
//
// Every power of two is divided into HISTOGRAM_STEPS steps of equal width. A
// value is counted in its step, and told as the middle of it: so what comes out
// is at most 1 / (2 * HISTOGRAM_STEPS), 0.4 %, above or below what went in.
// Values up to 2^HISTOGRAM_BITS (18 minutes in nanoseconds) are told apart;
// those above count as that. Adding is a few instructions and no memory.

#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 128, HISTOGRAM_STEP_BITS = 7, HISTOGRAM_BITS = 40 };
enum {
    HISTOGRAM_SIZE =
        (HISTOGRAM_BITS - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS
};

struct histogram {
    uint64_t counts[HISTOGRAM_SIZE];
    uint64_t total;
    uint64_t largest; // exact
};

void histogram_add(struct histogram *histogram, uint64_t value);

// Adds all that another has counted.
void histogram_merge(struct histogram *histogram,
                     const struct histogram *other);

// The value that this part of all (0.99 for 99 %) does not exceed, 0 if there
// are none.
uint64_t histogram_quantile(const struct histogram *histogram, double part);

#endif
