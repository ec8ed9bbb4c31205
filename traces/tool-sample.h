/* SPDX-License-Identifier: MIT */
/*
 * A part of a trace's pages, chosen by a hash of their addresses, with everything that happens to them: spatial
 * sampling (Waldspurger et al., FAST'15).
 *
 * A sample has the original's heat of pages, order of touches, and working set over time, all scaled by the rate, so
 * caches and memories scaled by the rate behave as the original ones do with all of it: use it for miss ratios, for
 * what a placement policy finds hot, for share of nodes. It has the original's compute and only a part of its lines:
 * bandwidth, queueing and run time are not those of the original, and neither are streams across pages.
 */
#pragma once

#include <traces/tool-order.h>

#define NSIM_SAMPLE_PARTS 16u
/* 100 % of the rate, in parts per million. */
#define NSIM_SAMPLE_ALL 1000000u

typedef struct {
    uint32_t rate_ppm;   /* share of the pages that is kept, 1 to 1000000 */
    unsigned page_shift; /* of the pages that are kept or not: 12 to 21 */
    uint64_t seed;
    int level; /* of compression */
} NsimSampleOptions;

/* A figure of the original as the sample has it. */
typedef struct {
    uint64_t ppm;       /* the figure, in parts per million of its unit */
    uint64_t error_ppm; /* standard error, from NSIM_SAMPLE_PARTS parts of the sample that have no page in common */
} NsimSampleEstimate;

typedef struct {
    uint64_t lines, kept_lines;
    uint64_t pages, kept_pages;     /* touched, of 2^page_shift bytes */
    NsimSampleEstimate line_share;  /* kept lines / (lines x rate): 1 when the sample is exact */
    uint64_t write_ppm;             /* share of lines written or read for ownership, in the original */
    NsimSampleEstimate write_share; /* in the sample */
    NsimSampleEstimate miss_ratio;  /* of an LRU cache of pages for a quarter of the touched ones, in the sample */
} NsimSampleReport;

/*
 * Write the sample to `path`. What it says of its error is in the capture's text as well as in `ret_report`.
 * NSIM_TRACE_ERROR_LIMIT for options out of range, or when no page is chosen. `tick` may be NULL.
 */
bool nsim_trace_sample(const char *path, NsimTrace *trace, const NsimSampleOptions *options, const NsimTraceTick *tick,
                       NsimSampleReport *ret_report, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "lines +1.10 % of what the rate says, ..." (transfer full) */
char *nsim_sample_report_describe(const NsimSampleReport *report);
