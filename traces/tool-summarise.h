/* SPDX-License-Identifier: MIT */
/*
 * From bursts to rates: a trace in intervals of time, with what each thread did to each range of memory (traces/rate.h).
 *
 * Time is the order of nsim_trace_order: compute and waiting at barriers, memory taking none. Lines are counted by thread
 * and 2 MiB frame; neighbouring frames that are used alike become one range, trimmed to the pages that were touched.
 * Left out: which lines of a page, the order within an interval, dependences.
 */
#pragma once

#include <traces/rate.h>
#include <traces/tool-order.h>

typedef struct {
    NsimTime interval_ps;    /* at least 1 us */
    uint32_t tolerance_ppm;  /* lines of neighbouring frames that are joined differ by at most this share, up to 1000000 */
} NsimSummariseOptions;

/* Intervals of 100 ms, 10 %. */
void
nsim_summarise_options_init(NsimSummariseOptions *options);

typedef struct {
    uint64_t interval_count, range_count;
    uint64_t line_count;
} NsimSummariseResult;

/*
 * Write the rate trace to `path`. False with `error`: NSIM_TRACE_ERROR_LIMIT when an interval touches more than
 * NSIM_RATE_RANGES_MAX frames (by threads). `tick` may be NULL.
 */
bool
nsim_trace_summarise(NsimTrace *trace, const char *path, const NsimSummariseOptions *options, const NsimTraceTick *tick,
                     NsimSummariseResult *ret_result, GError **error);
