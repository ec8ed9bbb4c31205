/* SPDX-License-Identifier: MIT */
/*
 * Which page a run accesses next: the same random numbers in the guest (guest/workload.c) and in the model's trace
 * (trace.c).
 */
#pragma once

#include "runs.h"

/* A thousandth of a second's accesses are done each millisecond. */
#define ACCESS_TICKS_PER_S 1000u
#define ACCESS_LINE_BYTES 64u
#define ACCESS_LINES (RUN_PAGE_BYTES / ACCESS_LINE_BYTES)
/*
 * Balancing looks at whom the kernel's own tick finds running. In a machine whose time is instructions that tick always
 * falls beside accesses that begin on the millisecond; so they begin anywhere in so much of it.
 */
#define ACCESS_JITTER_NS 900000u

typedef struct {
    const Run *run;
    uint64_t random; /* xorshift64 */
    uint64_t step;   /* of a sweep: accesses so far */
} Access;

static inline Access
access_begin(const Run *run, uint64_t seed)
{
    return (Access){.run = run, .random = (seed * UINT64_C(0x9e3779b97f4a7c15)) | 1};
}

static inline uint64_t
access_random(Access *access)
{
    access->random ^= access->random << 13;
    access->random ^= access->random >> 7;
    access->random ^= access->random << 17;
    return access->random;
}

/* 32 random bits onto [0, bound). */
static inline uint32_t
access_below(uint64_t bits, uint32_t bound)
{
    return (uint32_t)((bits & UINT32_MAX) * bound >> 32);
}

/* How much later than its millisecond the next batch begins. */
static inline uint32_t
access_jitter_ns(Access *access)
{
    return access->run->kind == RUN_BALANCING ? access_below(access_random(access), ACCESS_JITTER_NS) : 0;
}

/* The next page, and the line in it. */
static inline uint32_t
access_next(Access *access, uint32_t hot_first, uint32_t *ret_line)
{
    const uint64_t bits = access_random(access), more = access_random(access) >> 16;
    *ret_line = (uint32_t)(access->random >> 8) % ACCESS_LINES;
    if (access->run->pattern == RUN_SWEEP)
        return (uint32_t)(access->step++ / access->run->accesses_per_page % RUN_AREA_PAGES);
    if (access_below(bits >> 32, 10) < 9)
        return hot_first + access_below(more, RUN_TENTH_PAGES);
    const uint32_t page = access_below(more, RUN_AREA_PAGES - RUN_TENTH_PAGES);
    return page < hot_first ? page : page + RUN_TENTH_PAGES;
}
