/* A histogram of values over many orders of magnitude: buckets of 1/16 of their value, so that a
 * quantile is known within 6 % and memory stays 5 KB. Exact below 16. */
#pragma once

#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 16, /* buckets per doubling */
    HISTOGRAM_BUCKETS =
        (40 - 4 + 1) * HISTOGRAM_STEPS + 1 /* values up to 2^40; the last for more */
};

/* The bucket of a value, and the largest value of a bucket. */
static inline unsigned histogram_bucket(uint64_t value) {
    if (value < HISTOGRAM_STEPS) return (unsigned)value;
    unsigned exponent = 63 - (unsigned)__builtin_clzll(value);
    if (exponent >= 40) return HISTOGRAM_BUCKETS - 1;
    return (exponent - 3) * HISTOGRAM_STEPS + (unsigned)(value >> (exponent - 4) & 15);
}

static inline uint64_t histogram_bucket_top(unsigned bucket) {
    if (bucket < HISTOGRAM_STEPS) return bucket;
    unsigned exponent = bucket / HISTOGRAM_STEPS + 3;
    return ((uint64_t)(bucket % HISTOGRAM_STEPS + 17) << (exponent - 4)) - 1;
}

typedef struct Histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count, max;
} Histogram;

static inline void histogram_add(Histogram *histogram, uint64_t value) {
    histogram->counts[histogram_bucket(value)]++;
    histogram->count++;
    if (value > histogram->max) histogram->max = value;
}

/* The least value that a `share` (0 to 1) of the values does not exceed, rounded up to its bucket's
 * end; 0 when there are none. */
uint64_t histogram_quantile(const Histogram *histogram, double share);
