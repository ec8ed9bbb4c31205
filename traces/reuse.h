/* SPDX-License-Identifier: MIT */
/*
 * Reuse distances of cache lines: how many different lines were touched since a line was touched last, itself
 * included - the size of the fully associative LRU cache that would just have kept it.
 *
 * Only lines whose hash says so are looked at, always the same ones, and distances between them are scaled by the rate:
 * fixed-rate spatial sampling, Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC Construction with SHARDS",
 * FAST'15. Distances come from a Fenwick tree over the times of last touch (Bennett and Kruskal, "LRU Stack
 * Processing", IBM J. Res. Dev. 1975; Fenwick 1994). Memory grows with the sampled lines and not with the touches. Left
 * out: the paper's fixed-size variant and its correction for the expected number of samples.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>
#include <numasim/types.h>

typedef struct _NsimReuse NsimReuse;

typedef struct {
    uint32_t entry;    /* number of the line among the sampled ones, in the order of first touch */
    bool first;        /* never touched before */
    uint64_t distance; /* else: in lines, 1 at least, scaled by the rate */
} NsimReuseTouch;

/* One line in 2^shift is looked at, 0 to 40. (transfer full) */
NsimReuse *nsim_reuse_new(unsigned shift);
void nsim_reuse_free(NsimReuse *reuse);

/* The hash: the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA'14). */
static inline uint64_t
nsim_reuse_hash(uint64_t line)
{
    uint64_t hash = line + UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ hash >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94D049BB133111EB);
    return hash ^ hash >> 31;
}

/* Is the line one that is looked at, at that shift? */
static inline bool
nsim_reuse_wants(uint64_t line, unsigned shift)
{
    return nsim_reuse_hash(line) << (64 - shift) % 64 == 0 || shift == 0;
}

/* A touch of a line that is looked at. */
NsimReuseTouch nsim_reuse_touch(NsimReuse *reuse, uint64_t line);
