/* SPDX-License-Identifier: MIT */
/*
 * Seeded synthetic traces: the access patterns of memory benchmarks and of skewed stores, for tests, benchmarks and
 * `numasim trace generate`. The same options give the same records on every machine.
 */
#pragma once

#include <traces/trace.h>

typedef enum {
    NSIM_GENERATE_ZIPF,       /* pages by popularity, P(rank k) ~ 1 / (k + 1)^theta; lines in the page uniform */
    NSIM_GENERATE_UNIFORM,    /* every page equally likely */
    NSIM_GENERATE_SEQUENTIAL, /* from the first line to the last, again and again; prefetchable */
    NSIM_GENERATE_STRIDE,     /* every `stride_lines` lines, then the lines between; prefetchable */
    NSIM_GENERATE_CHASE,      /* every page once a round in a scattered order, each run dependent on the one before */
    NSIM_GENERATE_PATTERNS
} NsimGeneratePattern;

/* "zipf", "uniform", "sequential", "stride", "chase", NULL. */
extern const char *const nsim_generate_pattern_names[NSIM_GENERATE_PATTERNS + 1];

#define NSIM_GENERATE_PAGE_BYTES UINT64_C(4096)
/* Pages of 4 KiB: 16 TiB. */
#define NSIM_GENERATE_PAGES_MAX (UINT64_C(1) << 32)
/* Where the footprint begins: a multiple of 2 MiB. */
#define NSIM_GENERATE_ADDRESS (UINT64_C(1) << 40)

typedef struct {
    NsimGeneratePattern pattern;
    uint32_t threads;       /* 1..NSIM_TRACE_THREADS_MAX */
    uint64_t pages;         /* footprint of all threads together in pages of 4 KiB; at least one for each range */
    uint64_t records;       /* runs of all threads together; thread i has one more when i < records % threads */
    uint32_t burst_lines;   /* lines of a run, 1..NSIM_TRACE_RUN_LINES_MAX and within a thread's range */
    uint64_t stride_lines;  /* STRIDE: distance of run starts, at least burst_lines */
    double theta;           /* ZIPF: skew, above 0 and at most 10 */
    uint32_t write_ppm;     /* share of runs that write, in millionths */
    uint64_t gap;           /* compute before each run, in gap units */
    uint32_t step;          /* compute between the lines of a run, 1/16 gap unit, at most 65535 */
    bool shared;            /* true: all threads use the whole footprint; false: each has an equal part of it */
    uint64_t barrier_every; /* all threads meet after each so many of their runs, as long as all have them; 0: never */
    int level;              /* of compression; 0 stores */
    uint64_t seed;
    NsimGapUnit gap_unit;
    uint64_t gap_per_s; /* INSTRUCTIONS: the declared rate */
} NsimGenerateOptions;

/* Sensible values for every field: Zipf 0.99, one thread, 1024 pages, 1 million single lines, reads only, gap 1 ns. */
void
nsim_generate_options_init(NsimGenerateOptions *options);

/*
 * Write the trace to `path`. NSIM_TRACE_ERROR_LIMIT names an option that is out of range. Memory is bounded: one block
 * for each thread and the index.
 */
bool
nsim_trace_generate(const char *path, const NsimGenerateOptions *options, GError **error);
