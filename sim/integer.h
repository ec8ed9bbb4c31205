/* SPDX-License-Identifier: MIT */
/* Arithmetic and searches on integers that several models need. */
#pragma once

#include <stdint.h>

/* The largest integer whose square is not above `value`. */
static inline uint64_t
nsim_square_root(uint64_t value)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    }
    return root;
}

/* Index of the first of `count` ascending values that is not below `wanted`; `count`: there is none. O(log count). */
static inline uint64_t
nsim_lower_bound(const uint64_t *values, uint64_t count, uint64_t wanted)
{
    uint64_t low = 0, high = count;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (values[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
