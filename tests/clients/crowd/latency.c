#include "latency.h"

#include <stddef.h>
#include <stdlib.h>

void latency_add(struct latency *latency, uint64_t value) {
    uint64_t place = latency->seen++;
    if (place >= LATENCY_SAMPLES)
        place = (uint64_t)(drand48() * (double)latency->seen);
    if (place < LATENCY_SAMPLES) latency->samples[place] = value;
    if (value > latency->largest) latency->largest = value;
}

static size_t sample_count(const struct latency *latency) {
    return latency->seen < LATENCY_SAMPLES ? (size_t)latency->seen
                                           : LATENCY_SAMPLES;
}

static int compare(const void *left, const void *right) {
    uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return (one > other) - (one < other);
}

void latency_sort(struct latency *latency) {
    qsort(latency->samples, sample_count(latency), sizeof *latency->samples,
          compare);
}

uint64_t latency_quantile(const struct latency *latency, double part) {
    size_t count = sample_count(latency);
    size_t rank = (size_t)(part * (double)count);
    if (count == 0 || rank >= count) return latency->largest;
    return latency->samples[rank];
}
