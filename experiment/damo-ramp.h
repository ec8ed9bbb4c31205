/* SPDX-License-Identifier: MIT */
/*
 * How long DAMOS's quota takes to follow a goal, when the goal's score stays as it is: the kernel's feedback loop, step
 * by step from a quota of 1 byte (mm/damon/tune.h).
 */
#pragma once

#include <mm/damon/plan.h>

/* Below this no page can move. */
#define NSIM_DAMO_PAGE_BYTES 4096u
/* Never within what is worth counting. */
#define NSIM_DAMO_NEVER UINT64_MAX

/* Windows until the quota allows `bytes`, at `score` of 10000. O(result), at most a million steps. */
uint64_t nsim_damo_ramp_up(uint64_t score, uint64_t bytes);
/* Windows from a quota of `bytes` to one below a page. */
uint64_t nsim_damo_ramp_down(uint64_t score, uint64_t bytes);

/* Samples of an aggregation interval; at least 1. */
uint64_t nsim_damo_window_samples(const NsimDamonAttrs *attrs);
/* A bound on accesses in samples, cut off as the tool does; NSIM_DAMON_MAX stays. */
uint64_t nsim_damo_rate_samples(const NsimDamosRate *rate, uint64_t window);
/* A bound on age in aggregation intervals, cut off. */
uint64_t nsim_damo_age_intervals(const NsimDamosAge *age, NsimTime aggr_ps);
/* Bytes a quota allows in a window: its size, or its time at the kernel's first guess of 4 MiB/ms; 0: no bound. */
uint64_t nsim_damo_quota_bytes(const NsimDamosPlan *scheme);
bool nsim_damo_migrates(const NsimDamosPlan *scheme);
/* A share of something, in 1/10000: its score cannot exceed 10000 * 10000 / target. */
bool nsim_damo_metric_is_share(uint32_t metric);
