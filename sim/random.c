/* SPDX-License-Identifier: MIT */
/*
 * Random streams and the few functions of real numbers that they need.
 *
 * Sources: SplitMix64 and xoshiro256** by Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM
 * TOMS 47(4), 2021, and prng.di.unimi.it; stream names are hashed by 64-bit FNV-1a (Fowler, Noll, Vo); bounded numbers
 * by Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019; Zipf by rejection-inversion,
 * Hoermann and Derflinger, ACM TOMACS 6(3), 1996.
 *
 * Left out: jumps of the generator (streams are told apart by their seed, not by their offset in one sequence).
 */
#include <sim/random.h>

#include <float.h>
#include <math.h> /* INFINITY only: no function of libm is called */
#include <string.h>

#include <sim/assert.h>

/* Finaliser of SplitMix64. */
static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void
nsim_random_seed(NsimRandom *random, uint64_t seed)
{
    /* Four consecutive outputs of SplitMix64 are never all zero, the one state xoshiro must not have. */
    for (uint32_t i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        random->state[i] = mix(seed);
    }
}

void
nsim_random_init(NsimRandom *random, uint64_t seed, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 0x00000100000001b3u;
    /* Mixed before they meet, so that neighbouring seeds and similar names do not cancel each other. */
    nsim_random_seed(random, mix(seed + 0x9e3779b97f4a7c15u) ^ hash);
}

static uint64_t
rotate_left(uint64_t value, uint32_t bits)
{
    return value << bits | value >> (64 - bits);
}

uint64_t
nsim_random_u64(NsimRandom *random)
{
    uint64_t *s = random->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t
nsim_random_below(NsimRandom *random, uint64_t bound)
{
    nsim_assert(bound >= 1);
    unsigned __int128 product = (unsigned __int128)nsim_random_u64(random) * bound;
    /* Of the 2^64 low halves, 2^64 mod bound are one too many for an even share: refuse those. */
    if ((uint64_t)product < bound) {
        const uint64_t surplus = (0 - bound) % bound;
        while ((uint64_t)product < surplus)
            product = (unsigned __int128)nsim_random_u64(random) * bound;
    }
    return (uint64_t)(product >> 64);
}

double
nsim_random_unit(NsimRandom *random)
{
    return (double)(nsim_random_u64(random) >> 11) * 0x1p-53;
}

double
nsim_random_exponential(NsimRandom *random)
{
    /* 1 - u is in (0, 1] and exact. */
    return -nsim_log(1.0 - nsim_random_unit(random));
}

/* ln 2 in two parts: multiples of the first up to 2^11 are exact. */
#define LN2_HIGH 0x1.62e42fefa38p-1
#define LN2_LOW 0x1.ef35793c7673p-45
#define LN2_INVERSE 0x1.71547652b82fep+0

/* 2 atanh(f) = ln((1 + f) / (1 - f)) for |f| <= 0.172: the series up to f^23, the rest is below 2^-63 of the sum. */
static double
log_ratio(double f)
{
    const double z = f * f;
    double sum = 1.0 / 23.0;
    sum = sum * z + 1.0 / 21.0;
    sum = sum * z + 1.0 / 19.0;
    sum = sum * z + 1.0 / 17.0;
    sum = sum * z + 1.0 / 15.0;
    sum = sum * z + 1.0 / 13.0;
    sum = sum * z + 1.0 / 11.0;
    sum = sum * z + 1.0 / 9.0;
    sum = sum * z + 1.0 / 7.0;
    sum = sum * z + 1.0 / 5.0;
    sum = sum * z + 1.0 / 3.0;
    return 2.0 * f + 2.0 * f * (z * sum);
}

double
nsim_log(double x)
{
    nsim_assert(x > 0);
    if (x > DBL_MAX)
        return INFINITY;
    int64_t exponent = 0;
    if (x < DBL_MIN) {
        x *= 0x1p54;
        exponent = -54;
    }
    /* x = m 2^exponent with m in [sqrt(1/2), sqrt(2)). */
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    exponent += (int64_t)(bits >> 52) - 1023;
    bits = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m >= 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        exponent++;
    }
    const double scale = (double)exponent;
    return scale * LN2_HIGH + (scale * LN2_LOW + log_ratio((m - 1.0) / (m + 1.0)));
}

/* (e^r - 1) / r for |r| <= 0.5: the Taylor series up to r^15 / 16!, the rest is below 2^-63. */
static double
exp_minus_one_over(double r)
{
    double sum = 1.0 / 20922789888000.0;
    sum = sum * r + 1.0 / 1307674368000.0;
    sum = sum * r + 1.0 / 87178291200.0;
    sum = sum * r + 1.0 / 6227020800.0;
    sum = sum * r + 1.0 / 479001600.0;
    sum = sum * r + 1.0 / 39916800.0;
    sum = sum * r + 1.0 / 3628800.0;
    sum = sum * r + 1.0 / 362880.0;
    sum = sum * r + 1.0 / 40320.0;
    sum = sum * r + 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    return sum * r + 1.0;
}

/* 2^exponent for -1022 <= exponent <= 1023. */
static double
power_of_two(int64_t exponent)
{
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

double
nsim_exp(double x)
{
    if (x > 709.8)
        return INFINITY;
    if (x < -745.2)
        return 0;
    /* Also refuses a NaN, whose conversion to an integer C does not define. */
    nsim_assert(x >= -745.2);
    const double turns = x * LN2_INVERSE;
    const int64_t exponent = (int64_t)(turns < 0 ? turns - 0.5 : turns + 0.5);
    const double r = (x - (double)exponent * LN2_HIGH) - (double)exponent * LN2_LOW;
    const double y = 1.0 + r * exp_minus_one_over(r);
    /* In two steps: the result may be subnormal, or 2^exponent alone too large. */
    const int64_t half = exponent / 2;
    return y * power_of_two(half) * power_of_two(exponent - half);
}

/* (e^x - 1) / x, 1 at 0, without cancellation near it. */
static double
exp_slope(double x)
{
    return x > -0.5 && x < 0.5 ? exp_minus_one_over(x) : (nsim_exp(x) - 1.0) / x;
}

/* ln(1 + x) / x for x >= -1, 1 at 0, without cancellation near it. */
static double
log_slope(double x)
{
    if (x == 0)
        return 1.0;
    if (x > -0.25 && x < 0.25)
        return log_ratio(x / (2.0 + x)) / x;
    /* At -1 the slope is infinite; the nearest argument above gives a finite one, as good for a clamped result. */
    return nsim_log(1.0 + (x > -1.0 ? x : -1.0 + 0x1p-53)) / x;
}

/* Antiderivative of x^-theta that is 0 at 1: (x^(1 - theta) - 1) / (1 - theta), ln x for theta = 1. */
static double
zipf_integral(double theta, double x)
{
    const double log_x = nsim_log(x);
    return exp_slope((1.0 - theta) * log_x) * log_x;
}

static double
zipf_integral_inverse(double theta, double y)
{
    double scaled = y * (1.0 - theta);
    /* Rounding may pass the asymptote of theta > 1. */
    scaled = scaled < -1.0 ? -1.0 : scaled;
    return nsim_exp(log_slope(scaled) * y);
}

/* The density x^-theta. */
static double
zipf_density(double theta, double x)
{
    return nsim_exp(-theta * nsim_log(x));
}

void
nsim_zipf_init(NsimZipf *zipf, uint64_t n, double theta)
{
    nsim_assert(n >= 1 && theta > 0);
    zipf->n = n;
    zipf->theta = theta;
    zipf->h_x1 = zipf_integral(theta, 1.5) - 1.0;
    zipf->h_n = zipf_integral(theta, (double)n + 0.5);
    zipf->s = 2.0 - zipf_integral_inverse(theta, zipf_integral(theta, 2.5) - zipf_density(theta, 2.0));
}

uint64_t
nsim_zipf_next(const NsimZipf *zipf, NsimRandom *random)
{
    const double theta = zipf->theta;
    for (;;) {
        const double u = zipf->h_n + nsim_random_unit(random) * (zipf->h_x1 - zipf->h_n);
        const double x = zipf_integral_inverse(theta, u);
        /* Ranks from 1 as in the paper. Clamped as doubles first: what is out of range must not be converted. */
        uint64_t k = x >= (double)zipf->n ? zipf->n : (uint64_t)(x + 0.5);
        k = k < 1 ? 1 : k;
        if ((double)k - x <= zipf->s || u >= zipf_integral(theta, (double)k + 0.5) - zipf_density(theta, (double)k))
            return k - 1;
    }
}
