/* SPDX-License-Identifier: MIT */
/* Figures as figures.h says. */
#include "figures.h"

#include <math.h>
#include <stdio.h>

#define HOT_SHARE 0.9
#define US_PER_S 1e6
#define SAMPLE_US 5000.0
#define FOUND_SHARE 0.8

bool
figure_has_hot(const Run *run)
{
    return run->pattern == RUN_HOT || run->pattern == RUN_HOT_MOVES;
}

static double
overlap(const FigureRegion *region, uint64_t start, uint64_t end)
{
    const uint64_t from = MAX(region->start, start), to = MIN(region->end, end);
    return to > from ? (double)(to - from) : 0;
}

/*
 * A page is looked at one walk over all regions after it was cleared: on average a sampling interval and half of what
 * the loop adds to it later.
 */
static double
expected_count(const Run *run, uint64_t us, double accesses_per_s)
{
    const double window_us = (SAMPLE_US + (double)us / FIGURE_SAMPLES) / 2;
    if (!figure_has_hot(run))
        return 0;
    return FIGURE_SAMPLES * (1 - exp(-HOT_SHARE * accesses_per_s / RUN_TENTH_PAGES * window_us / US_PER_S));
}

FigureRow
figure_row(const Run *run, uint64_t time_us, uint64_t us, double accesses_per_s, const GArray *regions)
{
    const uint64_t hot_start = (uint64_t)RUN_PAGE_BYTES * run_hot_first(run, time_us);
    const uint64_t hot_end = hot_start + (figure_has_hot(run) ? (uint64_t)RUN_PAGE_BYTES * RUN_TENTH_PAGES : 0);
    FigureRow row = {.time_us = time_us, .expected = expected_count(run, us, accesses_per_s)};
    double hot_sum = 0, cold_sum = 0, hot_bytes = 0, cold_bytes = 0, found_hot = 0, found = 0;
    for (guint i = 0; i < regions->len; i++) {
        const FigureRegion *region = &g_array_index(regions, FigureRegion, i);
        const double hot = overlap(region, hot_start, hot_end);
        const double cold = overlap(region, 0, (uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES) - hot;
        hot_sum += hot * region->nr_accesses;
        cold_sum += cold * region->nr_accesses;
        hot_bytes += hot;
        cold_bytes += cold;
        if (region->nr_accesses >= row.expected / 2) {
            found_hot += hot;
            found += hot + cold;
        }
    }
    row.hot = hot_bytes > 0 ? hot_sum / hot_bytes : 0;
    row.cold = cold_bytes > 0 ? cold_sum / cold_bytes : 0;
    row.recall = hot_bytes > 0 ? found_hot / hot_bytes : 0;
    row.precision = hot_bytes > 0 && found > 0 ? found_hot / found : 0;
    return row;
}

/* Seconds from `since_us` until hot bytes read most of what is expected; negative: not before `until_us`. */
static double
delay(const GArray *rows, uint64_t since_us, uint64_t until_us)
{
    for (guint i = 0; i < rows->len; i++) {
        const FigureRow *row = &g_array_index(rows, FigureRow, i);
        if (row->time_us >= since_us && row->time_us < until_us && row->hot >= FOUND_SHARE * row->expected)
            return (double)(row->time_us - since_us) / US_PER_S;
    }
    return -1;
}

FigureRun
figure_run(const Run *run, const GArray *rows)
{
    FigureRun figures = {0};
    if (rows->len < 3)
        return figures;
    const guint from = rows->len / 3, count = rows->len - from;
    for (guint i = from; i < rows->len; i++) {
        const FigureRow *row = &g_array_index(rows, FigureRow, i);
        figures.regions += row->regions;
        figures.hot += row->hot;
        figures.cold += row->cold;
        figures.expected += row->expected;
        figures.recall += row->recall;
        figures.precision += row->precision;
        figures.full += row->max >= FIGURE_SAMPLES;
    }
    double *sums[] = {&figures.regions, &figures.hot,       &figures.cold, &figures.expected,
                      &figures.recall,  &figures.precision, &figures.full};
    for (size_t i = 0; i < G_N_ELEMENTS(sums); i++)
        *sums[i] /= count;
    const uint64_t begin_us = g_array_index(rows, FigureRow, 0).time_us;
    const uint64_t end_us = g_array_index(rows, FigureRow, rows->len - 1).time_us;
    figures.interval_ms = (double)(end_us - begin_us) / 1000 / (rows->len - 1);
    figures.delay_s = delay(rows, begin_us, RUN_MOVE_US);
    for (uint64_t at = RUN_MOVE_US; run->pattern == RUN_HOT_MOVES && at < end_us; at += RUN_MOVE_US)
        figures.move_delay_s[figures.move_count++] = delay(rows, at, at + RUN_MOVE_US);
    return figures;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

void
figure_print(GString *text, const FigureRow *row)
{
    g_string_append_printf(text, "%" G_GUINT64_FORMAT ",%u,%u,%.3f,%.3f,%.3f,%.3f,%.3f\n", row->time_us, row->regions,
                           row->max, row->hot, row->cold, row->expected, row->recall, row->precision);
}

bool
figure_read(const char *line, FigureRow *row)
{
    return sscanf(line, "%" G_GUINT64_FORMAT ",%u,%u,%lf,%lf,%lf,%lf,%lf", &row->time_us, &row->regions, &row->max,
                  &row->hot, &row->cold, &row->expected, &row->recall, &row->precision) == 8;
}
