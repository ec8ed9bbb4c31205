/* SPDX-License-Identifier: MIT */
/*
 * Statistical accesses with a known pattern, and what DAMON makes of them: a page that is accessed at rate `r` is found
 * young after a time `t` with probability 1 - exp(-r t). No machine and no replay are needed.
 */
#pragma once

#include <mm/damon/context.h>

typedef enum {
    PATTERN_HOT,   /* a tenth of the pages gets nine tenths of the accesses */
    PATTERN_MOVES, /* ... another tenth every ten seconds */
    PATTERN_SWEEP, /* one page after the other */
    PATTERN_IDLE
} PatternKind;

typedef struct {
    const char *name;
    PatternKind kind;
    uint64_t accesses_per_s;
    uint32_t accesses_per_page; /* sweeps: in a row */
    bool huge;                  /* one accessed bit for 2 MiB */
    bool fixed;                 /* `fvaddr` on the area alone, else `vaddr` with three areas */
    NsimTime sample_ps, aggr_ps;
    uint32_t max_nr_regions;
    NsimTime run_ps;  /* DAMON is on for so long */
    NsimTime walk_ps; /* of one clear or test on the recorded machine; 0: PATTERN_WALK_PS */
} Pattern;

#define PATTERN_MOVES_MAX 6u

/* Means over the last two thirds of a run. */
typedef struct {
    double regions;
    double interval_ms;
    double hot, cold;                       /* mean counts by bytes; cold: the whole area where nothing is hot */
    double expected_hot;                    /* of a page that is looked at alone */
    double recall, precision;               /* bytes in regions with at least half of `expected_hot` */
    double full;                            /* share of aggregations with a region that was hit by all samples */
    double delay_s;                         /* from the first aggregation until hot bytes read 80 % of `expected_hot` */
    double move_delay_s[PATTERN_MOVES_MAX]; /* ... from each move; negative: not found */
    uint32_t move_count;
} Figures;

/*
 * Time of one clear or test on the recorded machine, an emulator: aggregations of 137 ms instead of 100 with 420
 * regions after merging, which are about 580 while sampling: 37 ms / (20 samples x 2 x 580).
 */
#define PATTERN_WALK_PS (1600 * NSIM_NS)

/* The regions at the end of each aggregation, `time_ps` after the accesses began; the watched area starts at `area`. */
typedef void (*PatternObserver)(void *data, const NsimDamonTarget *target, uint64_t area, NsimTime time_ps);
void pattern_watch(const Pattern *pattern, const NsimDamonRules *rules, uint64_t seed, PatternObserver observer,
                   void *data);

/* The kernel that `rules` stand for watches the pattern. */
Figures pattern_run(const Pattern *pattern, const NsimDamonRules *rules, uint64_t seed);
