/* SPDX-License-Identifier: MIT */
/*
 * DAMOS's walk over all regions: which scheme is to be tried on which region, in the kernel's order. Resumable: the
 * walk stops at each try until it is told what came of it, however long that took.
 *
 * Source: kdamond_apply_schemes(), damon_do_apply_schemes() and what they call in Linux mm/damon/core.c, 6.12 to 7.2,
 * written anew. Regions that a cut makes are visited in the same walk.
 */
#pragma once

#include <mm/damon/scheme.h>

/* One try: the action of a scheme on a region as it is now. */
typedef struct {
    NsimDamos *scheme;
    uint32_t scheme_number, target, region;
    uint64_t start, end;
} NsimDamosTry;

/* What a scheme made of a region, in the order of its questions. */
typedef enum {
    NSIM_DAMOS_QUOTA_FULL,
    NSIM_DAMOS_WAS_CHARGED,  /* the walk goes on behind it, where the last window ended */
    NSIM_DAMOS_NO_MATCH,     /* outside the pattern */
    NSIM_DAMOS_LOW_SCORE,    /* below the window's least score */
    NSIM_DAMOS_NOTHING_LEFT, /* of the quota, for a region of the smallest size */
    NSIM_DAMOS_FILTERED,     /* by a filter of the core */
    NSIM_DAMOS_TAKEN         /* the action is tried */
} NsimDamosConsidered;

typedef struct {
    /* borrowed, set by whoever owns the walk */
    NsimDamonContext *context;
    NsimDamos *schemes;
    uint32_t scheme_count;
    const NsimDamosRules *rules;
    /* Is told of each region that a scheme that is due looks at, before it is cut further. Nullable. */
    void (*considered)(void *data, const NsimDamos *scheme, uint32_t target, const NsimDamonRegion *region,
                       NsimDamosConsidered what);
    void *data;
    /* private */
    uint32_t target, region, scheme;
    GArray *cuts;       /* uint64_t: addresses where this walk cut regions of the target */
    uint64_t looked_at; /* times that a scheme looked at a region */
} NsimDamosWalk;

/* From the first region on. */
void nsim_damos_walk_begin(NsimDamosWalk *walk);
/* Go on to the next try. False: the walk is over. */
bool nsim_damos_walk_next(NsimDamosWalk *walk, NsimDamosTry *ret_try);
/* The try took `took_ps` and did something to `applied` bytes; `passed` bytes went through the filters of operations.
 */
void nsim_damos_walk_tried(NsimDamosWalk *walk, const NsimDamosTry *try, uint64_t applied, uint64_t passed,
                           NsimTime took_ps);
