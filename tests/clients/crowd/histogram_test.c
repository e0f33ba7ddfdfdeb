// histogram_test: the histogram against the values themselves.
//
// Puts random values of every size into a histogram, sorts them, and compares
// quantiles: they may be apart by the error that histogram.h states.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "histogram.h"

enum { VALUES = 100000 };

static uint64_t values[VALUES];
static struct histogram half, whole;

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int compare(const void *left, const void *right) {
    uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return (one > other) - (one < other);
}

static double error_at(double part) {
    size_t rank = (size_t)ceil(part * VALUES);
    uint64_t exact = values[rank > 0 ? rank - 1 : 0];
    uint64_t told = histogram_quantile(&whole, part);
    double difference = fabs((double)told - (double)exact);
    return exact > 0 ? difference / (double)exact : difference;
}

int main(void) {
    double worst = 0;
    for (int i = 0; i < VALUES; i++) {
        values[i] = next_random() >> (64 - HISTOGRAM_BITS + i % 40);
        histogram_add(i % 2 ? &whole : &half, values[i]);
    }
    histogram_merge(&whole, &half);
    qsort(values, VALUES, sizeof *values, compare);

    for (int i = 0; i <= 10000; i++) worst = fmax(worst, error_at(i / 10000.0));
    printf("worst relative error %.5f, largest %s, total %s\n", worst,
           whole.largest == values[VALUES - 1] ? "exact" : "WRONG",
           whole.total == VALUES ? "exact" : "WRONG");
    return worst > 0.5 / HISTOGRAM_STEPS ||
           whole.largest != values[VALUES - 1] || whole.total != VALUES;
}
