/* SPDX-License-Identifier: MIT */
/*
 * What is compared of a run: figures of one aggregation from its regions, and of a run from its aggregations. The same
 * for a kernel's regions and for the model's.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "runs.h"

typedef struct {
    uint64_t start, end; /* bytes from the area's start; regions outside of it are not told */
    uint32_t nr_accesses;
} FigureRegion;

/* One aggregation. */
typedef struct {
    uint64_t time_us; /* since the accesses began */
    uint32_t regions, max;
    double hot, cold;         /* mean counts by bytes; cold: the whole area where nothing is hot */
    double expected;          /* count of a hot page that is looked at alone; 0: nothing is hot */
    double recall, precision; /* bytes in regions with at least half of `expected` */
} FigureRow;

/*
 * The row of regions inside the area (FigureRegion). The aggregation took `us`, and `accesses_per_s` were done in it;
 * `regions` and `max` are of all regions, outside the area too.
 */
FigureRow figure_row(const Run *run, uint64_t time_us, uint64_t us, double accesses_per_s, const GArray *regions);

/* Means over the last two thirds of a run. */
typedef struct {
    double regions, interval_ms;
    double hot, cold, expected, recall, precision;
    double full;                        /* share of aggregations with a region that was hit by all samples */
    double delay_s;                     /* from the first aggregation until hot bytes read 80 % of what is expected */
    double move_delay_s[RUN_MOVES_MAX]; /* ... from each move; negative: not found */
    uint32_t move_count;
} FigureRun;

#define FIGURE_SAMPLES 20u

/* Does a run have hot pages, all of them of their own? */
bool figure_has_hot(const Run *run);
FigureRun figure_run(const Run *run, const GArray *rows);

/* Lines of a summary: the header's and a row's; false: it is no such row. */
#define FIGURE_HEADER "time_us,regions,max,hot,cold,expected,recall,precision"
void figure_print(GString *text, const FigureRow *row);
bool figure_read(const char *line, FigureRow *row);
