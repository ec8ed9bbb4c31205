/* SPDX-License-Identifier: MIT */
/* What the reader and the writer of rate traces share. */
#pragma once

#include <traces/rate.h>

#define NSIM_RATE_MAGIC "numasim-rate"
#define NSIM_RATE_VERSION 1u
/* Half the range of simulated time, as replay has it. */
#define NSIM_RATE_TIME_MAX_PS (NSIM_TIME_MAX / 2)

/* NULL when `next` may follow `last` (NULL: none) in an interval with so many threads; else what is wrong. */
const char *
nsim_rate_range_problem(const NsimRateRange *last, const NsimRateRange *next, uint32_t thread_count);
