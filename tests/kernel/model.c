/* SPDX-License-Identifier: MIT */
/* The model as model.h says. */
#include "model.h"

#include <tests/mm/damon/pattern.h>

#define PS_PER_US 1000000u
#define WALK_NS 1600u

typedef struct {
    const Run *run;
    double accesses_per_s;
    uint64_t before_us;
    GArray *rows;    /* FigureRow */
    GArray *regions; /* FigureRegion, of one aggregation */
} Watch;

static void
watch(void *data, const NsimDamonTarget *target, uint64_t area, NsimTime time_ps)
{
    Watch *state = data;
    const uint64_t time_us = time_ps / PS_PER_US, area_end = area + (uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES;
    uint32_t max = 0;
    g_array_set_size(state->regions, 0);
    for (uint32_t i = 0; i < target->count; i++) {
        const NsimDamonRegion *region = &target->regions[i];
        max = MAX(max, region->nr_accesses);
        if (region->end <= area || region->start >= area_end)
            continue;
        const FigureRegion inside = {MAX(region->start, area) - area, region->end - area, region->nr_accesses};
        g_array_append_val(state->regions, inside);
    }
    if (state->before_us > 0) {
        FigureRow row =
            figure_row(state->run, time_us, time_us - state->before_us, state->accesses_per_s, state->regions);
        row.regions = target->count;
        row.max = max;
        g_array_append_val(state->rows, row);
    }
    state->before_us = time_us;
}

FigureRun
model_run(const Run *run, double accesses_per_s, uint64_t seed)
{
    static const PatternKind kinds[] = {[RUN_HOT] = PATTERN_HOT,
                                        [RUN_HOT_MOVES] = PATTERN_MOVES,
                                        [RUN_SWEEP] = PATTERN_SWEEP,
                                        [RUN_IDLE] = PATTERN_IDLE};
    const Pattern pattern = {.name = run->name,
                             .kind = kinds[run->pattern],
                             .accesses_per_s = (uint64_t)(accesses_per_s + 0.5),
                             .accesses_per_page = run->accesses_per_page,
                             .huge = run->huge,
                             .fixed = run->fixed,
                             .sample_ps = 5 * NSIM_MS,
                             .aggr_ps = 100 * NSIM_MS,
                             .max_nr_regions = 1000,
                             .run_ps = run->seconds * NSIM_S,
                             .walk_ps = WALK_NS * NSIM_NS};
    Watch state = {.run = run,
                   .accesses_per_s = accesses_per_s,
                   .rows = g_array_new(FALSE, FALSE, sizeof(FigureRow)),
                   .regions = g_array_new(FALSE, FALSE, sizeof(FigureRegion))};
    pattern_watch(&pattern, &nsim_damon_rules_v6_12, seed, watch, &state);
    const FigureRun figures = figure_run(run, state.rows);
    g_array_unref(state.rows);
    g_array_unref(state.regions);
    return figures;
}
