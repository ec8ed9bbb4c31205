/* SPDX-License-Identifier: MIT */
/*
 * Products and quotients of simulated time. Both go through 128 bits, so that the only inexact step is one rounding to
 * the nearest integer; what does not fit in 64 bits becomes NSIM_TIME_MAX.
 */
#include <sim/time.h>

#include <sim/assert.h>

uint64_t
nsim_mul_div(uint64_t value, uint64_t numerator, uint64_t denominator)
{
    nsim_assert(denominator > 0);
    /* The largest product is 2^128 - 2^65 + 1: adding half a denominator cannot overflow. */
    const unsigned __int128 product = (unsigned __int128)value * numerator;
    const unsigned __int128 quotient = (product + denominator / 2) / denominator;
    return quotient > UINT64_MAX ? UINT64_MAX : (uint64_t)quotient;
}

NsimTime
nsim_time_of_transfer(uint64_t bytes, uint64_t bytes_per_s)
{
    return bytes_per_s == 0 ? 0 : nsim_mul_div(bytes, NSIM_S, bytes_per_s);
}
