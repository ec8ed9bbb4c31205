/* SPDX-License-Identifier: MIT */
/*
 * Named random streams. Each consumer has its own, derived from (seed, name), so that adding a consumer does not shift
 * the others. Generator: xoshiro256** seeded through SplitMix64 (Blackman and Vigna, public-domain reference and test
 * vectors at prng.di.unimi.it). Logarithm and exponential are ours and use only +, -, *, / on doubles, which IEEE 754
 * fixes to the bit; libm's are not used because they differ between machines.
 */
#pragma once

#include <numasim/types.h>

typedef struct {
    uint64_t state[4];
} NsimRandom;

/* The stream `name` of `seed`. */
void nsim_random_init(NsimRandom *random, uint64_t seed, const char *name);
/* Seed the generator's state by SplitMix64 from one number (for test vectors). */
void nsim_random_seed(NsimRandom *random, uint64_t seed);
uint64_t nsim_random_u64(NsimRandom *random);
/* Uniform in [0, bound), without bias; bound >= 1. */
uint64_t nsim_random_below(NsimRandom *random, uint64_t bound);
/* Uniform in [0, 1) with 53 bits. */
double nsim_random_unit(NsimRandom *random);
/* Exponential with mean 1. */
double nsim_random_exponential(NsimRandom *random);

/* Natural logarithm (x > 0) and exponential, relative error below 1e-13, the same bits on every machine. */
double nsim_log(double x);
double nsim_exp(double x);

/* Zipf over [0, n): P(k) proportional to 1 / (k + 1)^theta, by rejection-inversion (Hoermann and Derflinger 1996). */
typedef struct {
    uint64_t n;
    double theta, h_x1, h_n, s;
} NsimZipf;
/* theta > 0, n >= 1. */
void nsim_zipf_init(NsimZipf *zipf, uint64_t n, double theta);
uint64_t nsim_zipf_next(const NsimZipf *zipf, NsimRandom *random);
