/* SPDX-License-Identifier: MIT */
/*
 * Log-linear histogram of times: 64 linear buckets an octave, so that a quantile is within 0.8 % of the exact one.
 * Recording is an index computation and two additions: no division, no allocation.
 */
#pragma once

#include <numasim/types.h>

#define NSIM_HISTOGRAM_BITS 6u
/* Values below 2^BITS have a bucket each; above, 2^BITS buckets for each power of two up to 2^63. */
#define NSIM_HISTOGRAM_BUCKETS ((64u - NSIM_HISTOGRAM_BITS + 1u) << NSIM_HISTOGRAM_BITS)

typedef struct {
    uint64_t count;
    /* Sum of the recorded values; 128 bits, so that it cannot overflow. */
    uint64_t sum_low, sum_high;
    uint64_t max;
    uint64_t buckets[NSIM_HISTOGRAM_BUCKETS];
} NsimHistogram;

/* Bucket of a value. */
static inline uint32_t
nsim_histogram_index(uint64_t value)
{
    const uint32_t top = 63u - (uint32_t)__builtin_clzll(value | ((uint64_t)1 << NSIM_HISTOGRAM_BITS));
    const uint32_t shift = top - NSIM_HISTOGRAM_BITS;
    const uint32_t exact = (uint32_t)(value >> shift);
    return (shift << NSIM_HISTOGRAM_BITS) + exact;
}

/* Record `value` `weight` times. */
static inline void
nsim_histogram_record(NsimHistogram *histogram, uint64_t value, uint64_t weight)
{
    uint64_t product;
    histogram->buckets[nsim_histogram_index(value)] += weight;
    histogram->count += weight;
    histogram->max = value > histogram->max ? value : histogram->max;
    if (__builtin_expect(__builtin_mul_overflow(value, weight, &product), 0)) {
        const unsigned __int128 wide = (unsigned __int128)value * weight;
        histogram->sum_high += (uint64_t)(wide >> 64);
        product = (uint64_t)wide;
    }
    histogram->sum_high += (uint64_t)__builtin_add_overflow(histogram->sum_low, product, &histogram->sum_low);
}

void nsim_histogram_clear(NsimHistogram *histogram);
/* Add all of `from` to `to`. */
void nsim_histogram_merge(NsimHistogram *to, const NsimHistogram *from);
/* Mean, rounded down; 0 when empty. */
uint64_t nsim_histogram_mean(const NsimHistogram *histogram);
/* Value at quantile `ppm` (500000 = median): middle of its bucket, never above the maximum; 0 when empty. */
uint64_t nsim_histogram_quantile(const NsimHistogram *histogram, uint32_t ppm);
