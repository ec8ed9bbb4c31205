/* SPDX-License-Identifier: MIT */
/*
 * Seeded synthetic traces: the access patterns of memory benchmarks and of skewed stores, one by one, mixed, or one
 * after the other, for tests, benchmarks and `numasim trace generate`. The same options give the same records on every
 * machine.
 */
#pragma once

#include <traces/trace.h>

typedef enum {
    NSIM_GENERATE_ZIPF,       /* pages by popularity, P(rank k) ~ 1 / (k + 1)^theta; lines in the page uniform */
    NSIM_GENERATE_UNIFORM,    /* every page equally likely */
    NSIM_GENERATE_SEQUENTIAL, /* from the first line to the last, again and again; prefetchable */
    NSIM_GENERATE_STRIDE,     /* every `stride_lines` lines, then the lines between; prefetchable */
    NSIM_GENERATE_CHASE,      /* every page once a round in a scattered order, each run dependent on the one before */
    NSIM_GENERATE_HOTSET,     /* a share of the runs in a window of pages that moves, the others outside it */
    NSIM_GENERATE_PATTERNS
} NsimGeneratePattern;

/* "zipf", "uniform", "sequential", "stride", "chase", "hotset", NULL. */
extern const char *const nsim_generate_pattern_names[NSIM_GENERATE_PATTERNS + 1];

#define NSIM_GENERATE_PAGE_BYTES UINT64_C(4096)
/* Pages of 4 KiB: 16 TiB. */
#define NSIM_GENERATE_PAGES_MAX (UINT64_C(1) << 32)
/* Where the footprint begins: a multiple of 2 MiB. */
#define NSIM_GENERATE_ADDRESS (UINT64_C(1) << 40)
#define NSIM_GENERATE_RANGES_MAX 16u
#define NSIM_GENERATE_PHASES_MAX 64u
/* Patterns of all phases together. */
#define NSIM_GENERATE_PARTS_MAX 256u
/* States of patterns: threads x patterns. */
#define NSIM_GENERATE_STATES_MAX (1u << 18)
#define NSIM_GENERATE_WEIGHT_MAX 1000000u
/* `move_pages` of a window that jumps to a place drawn anew. */
#define NSIM_GENERATE_JUMP UINT64_MAX

/*
 * Called now and then with how much is done of how much; false ends the work: an error (code IO), and no file. May be
 * NULL.
 */
typedef bool (*NsimGenerateTick)(uint64_t done, uint64_t total, void *user_data);

/* ---- One pattern on one range -------------------------------------------------------------------------------- */

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
    /* HOTSET; see NsimGeneratePart. */
    uint64_t hot_pages, move_every, move_pages;
    uint32_t hot_ppm;
    NsimGenerateTick tick; /* in runs */
    void *tick_data;
} NsimGenerateOptions;

/*
 * Sensible values for every field: Zipf 0.99, one thread, 1024 pages, 1 million single lines, reads only, gap 1 ns; a
 * hot set of 128 pages with 90 % of the runs that does not move.
 */
void
nsim_generate_options_init(NsimGenerateOptions *options);

/*
 * Write the trace to `path`. NSIM_TRACE_ERROR_LIMIT names an option that is out of range. Memory is bounded: one block
 * for each thread, the index, and for each Zipf pattern a table of 200 kB.
 */
bool
nsim_trace_generate(const char *path, const NsimGenerateOptions *options, GError **error);

/* ---- Phases of mixtures on several ranges -------------------------------------------------------------------- */

typedef struct {
    const char *name; /* of the region; a thread's part of a range that is not shared is NAME/thread-N */
    uint64_t pages;   /* of all threads together; at least one for each thread when not shared */
    bool shared;
} NsimGenerateRange;

/* A pattern on a range. Its place goes on from where it was when its phase comes again. */
typedef struct {
    NsimGeneratePattern pattern;
    uint32_t range;        /* number in the ranges of the specification */
    uint32_t weight;       /* runs of this part : runs of the phase = weight : sum of weights; 1..WEIGHT_MAX */
    uint32_t burst_lines;  /* as in NsimGenerateOptions, and so are those below */
    uint64_t stride_lines; /* STRIDE */
    double theta;          /* ZIPF */
    uint32_t write_ppm;
    uint64_t gap;
    uint32_t step;
    /*
     * HOTSET. A run lies in the window with probability hot_ppm, else outside it, uniform over pages in both. After
     * each `move_every` runs of a thread in this part (0: never) the window goes `move_pages` up, round the end of the
     * range, or to a uniform place, the same for all threads, when that is NSIM_GENERATE_JUMP.
     */
    uint64_t hot_pages, move_every, move_pages;
    uint32_t hot_ppm;
} NsimGeneratePart;

typedef struct {
    const char *name;
    uint64_t records; /* runs of all threads together, each has records / threads of them, at least one */
    bool meet;        /* all threads wait for each other at its end */
    const NsimGeneratePart *parts;
    uint32_t part_count;
} NsimGeneratePhase;

typedef struct {
    uint32_t threads;
    uint64_t records; /* of all threads together: the phases come one after the other, again and again, until then */
    uint64_t barrier_every, seed;
    int level;
    NsimGapUnit gap_unit;
    uint64_t gap_per_s;
    const NsimGenerateRange *ranges;
    uint32_t range_count;
    const NsimGeneratePhase *phases;
    uint32_t phase_count;
    NsimGenerateTick tick; /* in runs */
    void *tick_data;
} NsimGenerateSpec;

/*
 * The same for a specification. Each run of a phase is of one of its parts, drawn by weight. With more than one phase
 * the first thread marks the beginning of each by its name.
 */
bool
nsim_trace_generate_spec(const char *path, const NsimGenerateSpec *spec, GError **error);

/* What of a specification concerns one part of it; the message begins with `path`, unless that is NULL. */
bool
nsim_generate_check_part(const char *path, const NsimGenerateSpec *spec, const NsimGeneratePart *part,
                         GError **error);
