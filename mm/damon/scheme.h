/* SPDX-License-Identifier: MIT */
/*
 * A DAMOS scheme at work: its access pattern in counts, when it is due, its quota, goals and watermarks, its
 * statistics.
 *
 * Source: struct damos and what handles it in Linux mm/damon/core.c, 6.12 to 7.2, written anew.
 */
#pragma once

#include <mm/damon/goal.h>
#include <mm/damon/quota.h>

/* Bounds, all included. */
typedef struct {
    uint64_t bytes_min, bytes_max;
    uint32_t nr_min, nr_max; /* samples of an aggregation interval */
    uint32_t age_min, age_max;
} NsimDamosPattern;

typedef struct {
    uint64_t nr_tried, sz_tried;     /* regions and bytes that the action was tried on */
    uint64_t nr_applied, sz_applied; /* ... and did something to */
    uint64_t sz_ops_filter_passed;   /* bytes that passed the operations' filters */
    uint64_t qt_exceeds;             /* windows that used their quota up */
    uint64_t nr_snapshots;           /* times it was applied */
} NsimDamosStats;

typedef struct {
    const NsimDamosPlan *plan; /* borrowed */
    NsimDamosPattern pattern;
    uint64_t next_apply; /* in samples of the context */
    NsimDamosQuota quota;
    NsimDamosGoal *goals; /* as many as the plan's */
    bool active;          /* by its watermarks */
    bool applying;        /* takes part in the walk under way, or did in the last one */
    NsimDamosStats stats;
} NsimDamos;

/* Is the plan sound by itself? False with a message that names what is wrong. */
bool nsim_damos_check(const NsimDamosPlan *plan, const NsimMachine *machine, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Thresholds in percent and time become counts, truncated, with these intervals. */
NsimDamosPattern nsim_damos_pattern(const NsimDamosPlan *plan, const NsimDamonAttrs *attrs);
/* Does the region match? By its moving sum in whole accesses. */
bool nsim_damos_matches(const NsimDamosPattern *pattern, const NsimDamonRegion *region);

/* A new scheme, due first one apply interval after now. */
void nsim_damos_init(NsimDamos *scheme, const NsimDamosPlan *plan, const NsimDamonContext *context);
void nsim_damos_clear(NsimDamos *scheme);
/* New parameters: statistics, what is charged and what the tuner has reached stay. */
void nsim_damos_commit(NsimDamos *scheme, const NsimDamosPlan *plan, const NsimDamonContext *context);

/* Set the next deadline from now on, as after each apply and when intervals change. */
void nsim_damos_schedule(NsimDamos *scheme, const NsimDamonContext *context);
bool nsim_damos_is_due(const NsimDamos *scheme, const NsimDamonContext *context);

/*
 * Activate or deactivate it by its watermarks at `free_permil` of memory free. Returns how long to wait before looking
 * again, 0: it is active.
 */
NsimTime nsim_damos_look_at_watermarks(NsimDamos *scheme, uint64_t free_permil);

/* Begin a window of the quota if one is due, and choose how good a region must be. Returns the regions it scored. */
uint32_t nsim_damos_adjust_quota(NsimDamos *scheme, NsimDamonContext *context, const NsimDamosRules *rules, NsimMm *mm,
                                 NsimTime now_ps);
