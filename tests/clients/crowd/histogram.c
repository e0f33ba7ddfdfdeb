#include "histogram.h"

#include <stddef.h>

// Below HISTOGRAM_STEPS each value has a step of its own. From there on the
// highest HISTOGRAM_STEP_BITS bits after the first one say which step it is,
// and the position of the first one, which power of two.
static size_t step_of(uint64_t value) {
    if (value < HISTOGRAM_STEPS) return (size_t)value;
    if (value >> HISTOGRAM_BITS) return HISTOGRAM_SIZE - 1;
    int shift = 63 - __builtin_clzll(value) - HISTOGRAM_STEP_BITS;
    return (size_t)shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
}

static uint64_t middle_of(size_t step) {
    if (step < HISTOGRAM_STEPS) return step;
    size_t shift = step / HISTOGRAM_STEPS - 1;
    uint64_t lowest = (step % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift;
    return lowest + (((uint64_t)1 << shift) >> 1);
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    histogram->counts[step_of(value)]++;
    histogram->total++;
    if (value > histogram->largest) histogram->largest = value;
}

void histogram_merge(struct histogram *histogram,
                     const struct histogram *other) {
    for (size_t i = 0; i < HISTOGRAM_SIZE; i++)
        histogram->counts[i] += other->counts[i];
    histogram->total += other->total;
    if (other->largest > histogram->largest)
        histogram->largest = other->largest;
}

uint64_t histogram_quantile(const struct histogram *histogram, double part) {
    double wanted = part * (double)histogram->total;
    uint64_t sum = 0;
    for (size_t i = 0; i < HISTOGRAM_SIZE; i++) {
        sum += histogram->counts[i];
        if (sum > 0 && (double)sum >= wanted) {
            uint64_t middle = middle_of(i);
            return middle < histogram->largest ? middle : histogram->largest;
        }
    }
    return 0;
}
