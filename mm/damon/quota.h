/* SPDX-License-Identifier: MIT */
/*
 * Quota of a DAMOS scheme: how many bytes it may be tried on in a window, and on regions of which priority.
 *
 * Source: damos_adjust_quota(), damos_set_effective_quota() and what charges them in Linux mm/damon/core.c, 6.12
 * to 7.2, written anew. Pure arithmetic: the walk (walk.c) asks and charges. Windows pass in simulated time, not in
 * jiffies. Left out: the coarse clock of charged time (exact here).
 */
#pragma once

#include <mm/damon/plan.h>

#define NSIM_DAMOS_SCORE_MAX 99u

/* What changed between kernel versions. All false: 6.12. */
typedef struct {
    bool first_window; /* 7.0: the first window has its size from its start; before, it is set when that window ends */
    bool zero_is_full; /* 7.2: a size of 0 bytes allows nothing; before, it means that there is no quota */
    bool fail_charge;  /* 7.2: bytes that an action failed on may be charged by a share of them */
    bool least_region; /* 7.2: what is left below the smallest region counts as used up; time allows that much */
    bool merge_slices; /* 7.2: pieces of a region that a quota or filter cut become one again */
} NsimDamosRules;

extern const NsimDamosRules nsim_damos_rules_v6_12, nsim_damos_rules_v7_2;

/* Where the last window ended: the next one goes on behind it, so that low addresses are not favoured. */
typedef struct {
    bool set;
    uint32_t target;
    uint64_t address;
} NsimDamosResume;

typedef struct {
    bool begun;             /* the first window has */
    NsimTime window_ps;     /* when the window began */
    uint64_t size_bytes;    /* of a window: the effective quota */
    uint64_t tuned_bp;      /* the tuner's value, 1/10000 byte; not bounded by the plan's size */
    uint64_t charged_bytes; /* in this window */
    uint64_t total_bytes;   /* charged in windows that ended */
    NsimTime total_ps;      /* time of all actions */
    uint64_t exceeded;      /* windows that were used up */
    uint32_t min_score;     /* regions below it are passed over */
    NsimDamosResume resume;
    uint64_t histogram[NSIM_DAMOS_SCORE_MAX + 1]; /* bytes by score */
} NsimDamosQuota;

/* Does the plan bound anything? */
bool nsim_damos_quota_is_set(const NsimDamosPlan *plan);

/* Does a window begin at `now_ps`? Asked once for each time that the scheme is due. */
bool nsim_damos_quota_is_over(const NsimDamosQuota *quota, const NsimDamosPlan *plan, NsimTime now_ps);
/* Begin it. `score`: the highest of the goals, in 1/10000; ignored without goals. */
void nsim_damos_quota_begin(NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules,
                            uint64_t score, uint64_t min_region_bytes, NsimTime now_ps);

/* The lowest score that the window's size reaches down to, from bytes by score that nsim_damos_quota_count() added up.
 */
void nsim_damos_quota_forget_scores(NsimDamosQuota *quota);
void nsim_damos_quota_count(NsimDamosQuota *quota, uint32_t score, uint64_t bytes);
void nsim_damos_quota_set_min_score(NsimDamosQuota *quota);

/* Is there a limit now? */
bool nsim_damos_quota_limits(const NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules);
bool nsim_damos_quota_is_full(const NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules,
                              uint64_t min_region_bytes);
/* How much of a region of `bytes` the action may be tried on; 0: less than the smallest region is left. */
uint64_t nsim_damos_quota_clip(const NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules,
                               uint64_t bytes, uint64_t min_region_bytes);
/* An action was tried on `bytes` up to address `end` of a target, in vain on all but `applied` of them. */
void nsim_damos_quota_charge(NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules,
                             uint64_t bytes, uint64_t applied, NsimTime took_ps, uint32_t target, uint64_t end);
