/* SPDX-License-Identifier: MIT */
/* Checked arithmetic on simulated time: overflow is reported, never wrapped. */
#pragma once

#include <numasim/types.h>

/* False and `*ret` untouched when the result does not fit. */
static inline bool
nsim_time_add(NsimTime a, NsimTime b, NsimTime *ret)
{
    NsimTime sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *ret = sum;
    return true;
}

static inline bool
nsim_time_sub(NsimTime a, NsimTime b, NsimTime *ret)
{
    if (b > a)
        return false;
    *ret = a - b;
    return true;
}

static inline bool
nsim_time_mul(NsimTime a, uint64_t factor, NsimTime *ret)
{
    NsimTime product;
    if (__builtin_mul_overflow(a, factor, &product))
        return false;
    *ret = product;
    return true;
}

/* The sum, or NSIM_TIME_MAX ("never") when it does not fit. */
static inline NsimTime
nsim_time_add_saturated(NsimTime a, NsimTime b)
{
    NsimTime sum;
    return __builtin_add_overflow(a, b, &sum) ? NSIM_TIME_MAX : sum;
}

/* Time to move `bytes` at `bytes_per_s`, rounded to nearest; rate 0 means unlimited and takes no time. */
NsimTime nsim_time_of_transfer(uint64_t bytes, uint64_t bytes_per_s);
/* value * numerator / denominator with a 128-bit product, rounded to nearest, saturated. denominator > 0. */
uint64_t nsim_mul_div(uint64_t value, uint64_t numerator, uint64_t denominator);
