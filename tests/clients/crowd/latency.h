// latency.h: how long messages took, and what most of them did not exceed.
//
// Up to LATENCY_SAMPLES values are kept as they are. From then on a new value
// takes the place of a random old one, with the probability that makes all
// values equally likely to be kept; the largest is always known.

#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

enum { LATENCY_SAMPLES = 1 << 20 };

struct latency {
    uint64_t samples[LATENCY_SAMPLES];
    uint64_t seen, largest;
};

void latency_add(struct latency *latency, uint64_t value);

// Call it once, after the last value and before the first question.
void latency_sort(struct latency *latency);

// The value that this part of all (0.99 for 99 %) does not exceed, 0 if there
// are none.
uint64_t latency_quantile(const struct latency *latency, double part);

#endif
