/* SPDX-License-Identifier: MIT */
/*
 * Regions of a DAMON target: adjacent addresses that are taken to be accessed alike, merged when their counts agree and
 * split at random, so that their number follows the pattern and not the size of memory.
 *
 * Source: Linux mm/damon/core.c, rules of 6.12 to 7.2, written anew from a description of them. Left out: probe hits
 * (7.2).
 */
#pragma once

#include <glib.h>
#include <numasim/damon.h>
#include <sim/random.h>

/* What changed between kernel versions. All false: the oldest rules known here, 6.12's. */
typedef struct {
    bool initial_split; /* 7.1: large regions are split before the first sample, and the size limit is aligned */
    bool bp_clamp;      /* the moving sum stops at 0 where older kernels wrap round 32 bits */
    bool age_zero;      /* a count that comes from or goes to zero restarts the age, however small the difference; 6.12 did
                           not: recorded ages of idle regions with one sample of 20 go on */
} NsimDamonRules;

/* Linux 6.12, which the recordings of the tests come from, and 7.2. */
extern const NsimDamonRules nsim_damon_rules_v6_12, nsim_damon_rules_v7_2;

typedef struct {
    uint64_t start, end;       /* bytes, [start, end) */
    uint64_t sampling_address; /* of the sample under way */
    uint32_t nr_accesses;      /* samples of this aggregation interval that were hits */
    uint32_t nr_accesses_bp;   /* pseudo moving sum of hits over one aggregation interval, in 1/10000 */
    uint32_t last_nr_accesses; /* of the previous aggregation interval */
    uint32_t age;              /* aggregation intervals that the count stayed alike */
    bool reported;             /* of the sample under way: an access was reported (report.h) */
} NsimDamonRegion;

/* Regions ascend and do not overlap. */
typedef struct {
    NsimDamonRegion *regions;
    uint32_t count;
    uint32_t capacity;
    void *handle; /* the operations' own, borrowed */
    /* where splits build their result; private */
    NsimDamonRegion *spare;
    uint32_t spare_capacity;
} NsimDamonTarget;

static inline uint64_t
nsim_damon_region_bytes(const NsimDamonRegion *region)
{
    return region->end - region->start;
}

/* Free what the target holds; a zeroed target is empty and valid. */
void nsim_damon_target_clear(NsimDamonTarget *target);
/* A fresh region behind all others. */
void nsim_damon_target_append(NsimDamonTarget *target, uint64_t start, uint64_t end);
uint64_t nsim_damon_target_bytes(const NsimDamonTarget *target);

/*
 * Fit the regions to `ranges` (ascending, not overlapping): those outside all ranges go, the outermost ones of a range
 * reach to its ends, rounded outwards to `min_region_bytes`; a range without regions gets one. O(regions + ranges).
 */
void nsim_damon_target_set_ranges(NsimDamonTarget *target, const NsimDamonRange *ranges, uint32_t range_count,
                                  uint64_t min_region_bytes);

/* Each region in as many pieces of equal size as go into it whole; what is left over goes to the last piece. */
void nsim_damon_target_split_evenly(NsimDamonTarget *target, uint64_t piece_bytes, uint64_t min_region_bytes);
/* Cut `limit_bytes` off the front of regions until none is larger. */
void nsim_damon_target_limit(NsimDamonTarget *target, uint64_t limit_bytes);

/* Cut `left_bytes` off the front of a region, which becomes two alike; above 0 and less than its size. O(regions). */
void nsim_damon_target_cut(NsimDamonTarget *target, uint32_t region, uint64_t left_bytes);
/* Undo a cut: the region and the next one become one if they are still alike and together within the limit. */
bool nsim_damon_target_uncut(NsimDamonTarget *target, uint32_t region, uint64_t limit_bytes);

/*
 * One pass of ageing and merging: neighbours join when their counts differ by at most `threshold` and they have at most
 * `limit_bytes` together. Counts and ages become means by bytes in integer division. O(regions).
 */
void nsim_damon_target_merge(NsimDamonTarget *target, uint32_t threshold, uint64_t limit_bytes,
                             const NsimDamonRules *rules);
/* Cut each region at random, at most `pieces` - 1 times. O(regions). */
void nsim_damon_target_split(NsimDamonTarget *target, uint32_t pieces, uint64_t min_region_bytes, NsimRandom *random);

/* One sample of a region: was the page accessed? `window` is the samples of an aggregation interval. */
void nsim_damon_region_count(NsimDamonRegion *region, bool hit, uint32_t window, const NsimDamonRules *rules);
/* Begin an aggregation interval. */
void nsim_damon_target_reset(NsimDamonTarget *target);

/* Ascending, not overlapping, not empty, at least `min_region_bytes` and aligned to it, counts at most `window`. */
bool nsim_damon_target_is_sound(const NsimDamonTarget *target, uint64_t min_region_bytes, uint32_t window);
