/* SPDX-License-Identifier: MIT */
/*
 * Zipf ranks by table: the very numbers that nsim_zipf_next() (sim/random.h) would return, and the same use of the
 * random stream, at a fraction of its time. Private to the generator.
 */
#pragma once

#include <sim/random.h>

#define NSIM_ZIPF_TABLE_BITS 12

/* What rejection-inversion makes of one part in 2^NSIM_ZIPF_TABLE_BITS of the random numbers. */
typedef struct {
    double cubic[4];    /* the inverse of the integral over the bin, its argument from 0 to 1 */
    double least, most; /* fractions between which a value is surely accepted and surely rounded as computed */
} NsimZipfBin;

typedef struct {
    NsimZipf exact;
    NsimZipfBin bins[1u << NSIM_ZIPF_TABLE_BITS];
} NsimZipfTable;

/* theta > 0, n >= 1. */
void nsim_zipf_table_init(NsimZipfTable *table, uint64_t n, double theta);

static inline uint64_t
nsim_zipf_table_next(const NsimZipfTable *table, NsimRandom *random)
{
    const NsimRandom before = *random;
    const uint64_t bits = nsim_random_u64(random) >> 11;
    const NsimZipfBin *bin = &table->bins[bits >> (53 - NSIM_ZIPF_TABLE_BITS)];
    const double t = (double)(bits & (((uint64_t)1 << (53 - NSIM_ZIPF_TABLE_BITS)) - 1)) /
                     (double)((uint64_t)1 << (53 - NSIM_ZIPF_TABLE_BITS));
    const double *c = bin->cubic;
    const double x = c[0] + t * (c[1] + t * (c[2] + t * c[3])) + 0.5;
    const int64_t rank = (int64_t)x;
    const double fraction = x - (double)rank;
    if (__builtin_expect(fraction >= bin->least && fraction <= bin->most, 1))
        return (uint64_t)rank - 1;
    *random = before;
    return nsim_zipf_next(&table->exact, random);
}
