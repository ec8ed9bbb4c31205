/* SPDX-License-Identifier: MIT */
/*
 * What a trace does, counted in one pass over its records in the order of their clocks (traces/tool-order.h):
 * footprint, working set over time, streams, reuse, sharing, what happens between marks, hottest ranges.
 *
 * Lines, pages and runs are counted exactly. Reuse distances, lines touched again, sharing between threads and lines
 * touched once a pass are found on a sample of lines (traces/reuse.h); `sample_shift` says how thin it is, 0 = every
 * line. Memory: about 5 KiB for each 2 MiB frame of traces up to 32 GiB, 200 bytes beyond; independent of the length.
 */
#pragma once

#include <sim/histogram.h>
#include <traces/tool-order.h>

#define NSIM_SCAN_SLICES 16u
#define NSIM_SCAN_RANGES 10u
/* Regions and marks with a table of passes; later ones have totals only. */
#define NSIM_SCAN_REGIONS 64u
#define NSIM_SCAN_MARKS 16u
/* They are looked for among so many: names of blocks, which have no passes, may stand between them. */
#define NSIM_SCAN_MARK_NUMBERS 2048u
/* A run of so many lines, or one marked prefetchable, is a stream. */
#define NSIM_SCAN_STREAM_LINES 4u

typedef struct {
    uint64_t lines[3]; /* by NsimOp */
    uint64_t touched_pages;
    uint64_t stream_lines;
    /* Of the sample. */
    uint64_t sampled_count;     /* touches */
    uint64_t sampled_lines;     /* different lines */
    uint64_t sampled_shared;    /* of them touched by more than one thread */
    uint64_t sampled_written;   /* of them written, or read for ownership */
    NsimHistogram *reuse_bytes; /* distances of touches again; NULL beyond NSIM_SCAN_REGIONS */
} NsimScanRegion;

typedef struct {
    uint64_t run_count, lines, stream_lines;
} NsimScanThread;

/* A part of the clock. */
typedef struct {
    uint64_t end_ps;
    uint64_t lines[3];
    uint64_t pages;     /* different ones in the slice */
    uint64_t new_pages; /* of them never touched before */
} NsimScanSlice;

/* Lines of one region in the passes of one mark. A pass of a mark goes on until any mark is passed. */
typedef struct {
    uint64_t total, least, most, first, last; /* lines of a pass */
    uint64_t rises;                           /* passes that have more lines than the one before */
    uint64_t changes;                         /* passes that differ from the one before */
    /* Of the sample. */
    uint64_t sampled_count;
    uint64_t sampled_first; /* touches of lines that the pass had not touched before */
} NsimScanPass;

typedef struct {
    uint64_t records;     /* how often threads pass it */
    uint64_t passes;      /* how often it begins a pass: each thread's k-th passing counts once */
    uint64_t lines, ps;   /* of all passes; ps at the declared rate */
    uint64_t least, most; /* lines of a pass */
} NsimScanMark;

typedef struct {
    uint64_t address, bytes, lines;
    uint32_t region; /* of its first byte; the number of regions when none */
} NsimScanRange;

typedef struct {
    NsimScanRegion *regions; /* and one more for what lies outside all of them */
    NsimScanThread *threads;
    NsimScanMark *marks;
    NsimScanPass *passes; /* mark x (regions + 1), for the first pass_marks marks and NSIM_SCAN_REGIONS regions */
    uint32_t pass_marks, pass_regions; /* rows and columns of that table */
    NsimScanSlice slices[NSIM_SCAN_SLICES];
    NsimScanRange ranges[NSIM_SCAN_RANGES];
    uint32_t range_count;
    uint64_t grain_bytes; /* of the ranges: 4 KiB, or 2 MiB for large traces */
    uint64_t grain_count; /* touched */
    uint64_t heat[3];     /* lines in the hottest 1 %, 10 % and 50 % of touched grains */
    uint64_t touched_pages;
    uint64_t lines, stream_lines, run_count;
    uint64_t longest_run_lines;
    uint64_t dependent_count, prefetchable_count; /* runs */
    NsimHistogram *run_lines;                     /* lengths, each counted as often as it has lines */
    NsimHistogram *reuse_bytes;
    unsigned sample_shift;
    uint64_t sampled_count, sampled_lines, sampled_shared;
    uint64_t duration_ps;
} NsimTraceScan;

/* Read all of the trace. `tick` may be NULL. (transfer full); NULL with `error`. */
NsimTraceScan *nsim_trace_scan(NsimTrace *trace, const NsimTraceTick *tick, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_trace_scan_free(NsimTraceScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimTraceScan, nsim_trace_scan_free)

/* Reuse distance at a quantile, in bytes: a multiple of a line. */
uint64_t nsim_trace_reuse_quantile(const NsimHistogram *reuse_bytes, uint32_t ppm);

/* The first region that ends at or after virtual line `line`; the number of regions when there is none. */
uint32_t nsim_trace_region_from(const NsimTraceInfo *info, uint64_t line);

/*
 * How many of `count` lines from `line` on lie together inside or outside of regions: `*ret_region` is the region, or
 * the number of regions. A line belongs to the first region that has one of its bytes.
 */
uint64_t nsim_trace_region_lines(const NsimTraceInfo *info, uint64_t line, uint64_t count, uint32_t *ret_region);
