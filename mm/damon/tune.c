/* SPDX-License-Identifier: MIT */
/*
 * The feedback loop of DAMON and what it makes of monitoring intervals.
 *
 * Source: Linux mm/damon/core.c, 6.15 and later, written anew. Products are taken in 128 bits; the kernel divides first
 * when they would not fit in 64, which loses less than one part in 10000 of values that no interval reaches.
 */
#include <mm/damon/tune.h>

#include <glib.h>

#define GOAL NSIM_DAMON_SCORE_GOAL
/* Lowest value of the loop: one unit in the kernel's 1/10000. */
#define FEED_MIN 10000u
/* The loop runs on this value, so that its next one is the multiplier in 1/10000 of 1/10000. */
#define FEED_UNIT 100000000u

uint64_t
nsim_damon_next_input(uint64_t last, uint64_t score)
{
    if (score == GOAL)
        return last;
    if (score >= 2 * GOAL)
        return FEED_MIN;
    const uint64_t difference = score > GOAL ? score - GOAL : GOAL - score;
    const uint64_t change = (uint64_t)((unsigned __int128)last * difference / GOAL);
    if (score > GOAL)
        return MAX(last - change, FEED_MIN);
    return change > UINT64_MAX - last ? UINT64_MAX : last + change;
}

uint64_t
nsim_damon_access_score(uint64_t observed, uint64_t maximum, uint64_t access_bp)
{
    const uint64_t target = (uint64_t)((unsigned __int128)maximum * access_bp / 10000u);
    const unsigned __int128 score = (unsigned __int128)observed * GOAL / MAX(target, 1);
    return score > UINT64_MAX ? UINT64_MAX : (uint64_t)score;
}

uint64_t
nsim_damon_interval_multiplier_bp(uint64_t score)
{
    const uint64_t multiplier = nsim_damon_next_input(FEED_UNIT, score) / GOAL;
    /* Downwards only half of the way, so that a burst does not throw the interval to its minimum. */
    return multiplier <= GOAL ? GOAL / 2 + multiplier / 2 : multiplier;
}

NsimTime
nsim_damon_tuned_sample_ps(const NsimDamonGoal *goal, NsimTime sample_ps, uint64_t score)
{
    const uint64_t us = sample_ps / NSIM_US * nsim_damon_interval_multiplier_bp(score) / GOAL;
    return CLAMP(us * NSIM_US, goal->min_sample_ps, goal->max_sample_ps);
}
