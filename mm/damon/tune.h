/* SPDX-License-Identifier: MIT */
/*
 * Auto-tuning of DAMON's monitoring intervals: a feedback loop that lengthens the sampling interval until a given share
 * of all bytes and samples is seen as accessed. Pure arithmetic; context.c applies it.
 *
 * Source: Linux mm/damon/core.c, 6.15 and later, written anew. The loop is also the one of DAMOS quota goals.
 */
#pragma once

#include <numasim/types.h>

/* 1/10000: the score that is aimed at. */
#define NSIM_DAMON_SCORE_GOAL 10000u

typedef struct {
    uint64_t access_bp; /* wanted: observed accesses in 1/10000 of what every byte hit in every sample would be */
    uint64_t aggrs;     /* aggregation intervals from tuning to tuning; 0: no tuning */
    NsimTime min_sample_ps, max_sample_ps; /* whole microseconds */
} NsimDamonGoal;

/*
 * The loop's next value. `score` is what `last` achieved, aimed at NSIM_DAMON_SCORE_GOAL: the value grows by the share
 * that is missing and shrinks by the share that is too much, not below 10000; twice the goal or more falls to 10000 at
 * once. Saturates at UINT64_MAX.
 */
uint64_t nsim_damon_next_input(uint64_t last, uint64_t score);
/* The score of `observed` among at most `maximum` byte-samples. */
uint64_t nsim_damon_access_score(uint64_t observed, uint64_t maximum, uint64_t access_bp);
/* What the intervals are multiplied by at this score, in 1/10000: 5000 to 20000. */
uint64_t nsim_damon_interval_multiplier_bp(uint64_t score);
/* The next sampling interval at this score, truncated to microseconds as the kernel keeps it, within the goal. */
NsimTime nsim_damon_tuned_sample_ps(const NsimDamonGoal *goal, NsimTime sample_ps, uint64_t score);
