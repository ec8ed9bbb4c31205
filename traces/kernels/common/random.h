/* SPDX-License-Identifier: MIT */
/*
 * Random numbers of the kernels: the finaliser of SplitMix64 over a counter, so that number `index` of a seed is had
 * without those before it and every thread count makes the same input.
 *
 * Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014).
 */
#pragma once

#include <stdint.h>

static inline uint64_t
random_at(uint64_t seed, uint64_t index)
{
    uint64_t z = seed * 0xd1342543de82ef95u + (index + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 to limit - 1, without bias that matters here. */
static inline uint64_t
random_below(uint64_t seed, uint64_t index, uint64_t limit)
{
    return (uint64_t)((unsigned __int128)random_at(seed, index) * limit >> 64);
}

/* 0 to below 1, a multiple of 2^-53. */
static inline double
random_unit(uint64_t seed, uint64_t index)
{
    return (double)(random_at(seed, index) >> 11) * 0x1p-53;
}

/* One more number into a checksum that depends on their order. */
static inline uint64_t
checksum_add(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * 0x94d049bb133111ebu;
    return sum ^ sum >> 29;
}
