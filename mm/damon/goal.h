/* SPDX-License-Identifier: MIT */
/*
 * Goals of a DAMOS quota: what is measured, how near it is to what is wanted, and what that makes of the quota.
 *
 * Source: damos_set_quota_goal_current_value(), damos_quota_score(), damos_goal_tune_esz_bp_*() in Linux
 * mm/damon/core.c, 6.12 to 7.2, written anew. Which of the metrics a kernel has depends on its version; here all exist.
 * Lists and stalls are reclaim's: without it they are 0.
 */
#pragma once

#include <mm/damon/feed.h>
#include <mm/damon/plan.h>
#include <mm/host.h>

/* What a goal remembers between windows. */
typedef struct {
    uint64_t current;       /* in the metric's unit; `user_input`: what the user said last */
    NsimTime last_stall_ps; /* `some_mem_psi_us` */
    NsimDamonFeed *feed;    /* `user_input`: where its value is from; NULL: whoever sets it. Borrowed */
} NsimDamosGoal;

/* The node that users know by this number, or NSIM_NODE_NONE. */
NsimNodeId nsim_damon_node(const NsimMachine *machine, int32_t nid);

/* Base pages of a space on a node: uniform frames at once, others one by one. */
uint64_t nsim_damos_pages_on(const NsimSpace *space, NsimNodeId node);

/* The tuner's next value in 1/10000 byte at this score; `bytes` is the size quota, 0: none. */
uint64_t nsim_damos_tune(uint32_t tuner, uint64_t last_bp, uint64_t score, uint64_t bytes);

/* 10000 x current / target, saturated. `target` above 0. */
uint64_t nsim_damos_goal_score(uint64_t current, uint64_t target);

/* Pages in regions that the scheme's pattern matches: on a node, and in all. */
typedef struct {
    uint64_t on_node, all;
} NsimDamosEligible;

/* What measuring needs to know of the scheme. `eligible` is only asked of `node_eligible_mem_bp`. */
typedef struct {
    NsimMm *mm;
    NsimDamosEligible (*eligible)(void *data, NsimNodeId node);
    void *data;
} NsimDamosGoalWorld;

/* Measure, and keep it in the goal. */
void nsim_damos_goal_measure(NsimDamosGoal *goal, const NsimDamosGoalPlan *plan, const NsimDamosGoalWorld *world);
