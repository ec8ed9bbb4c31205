/* SPDX-License-Identifier: MIT */
/* From what kdamonds tell to records: an interval begins where the one before it ended. */
#include <experiment/damon-recorder.h>

#include <experiment/damo-json.h>

typedef struct {
    NsimDamoRecordSource source; /* with the attributes of the first snapshot */
    NsimTime end_ps;             /* of the last snapshot */
    GArray *tried;               /* NsimDamoRecordRegion, since then, of a scheme; NULL: a target */
} Source;

struct _NsimDamonRecorder {
    NsimDamoRecord *record, *schemes; /* NULL before the first snapshot */
    GArray *sources;                  /* Source */
    GArray *regions;                  /* NsimDamoRecordRegion, of one snapshot */
};

static void
source_clear(gpointer data)
{
    Source *source = data;
    g_clear_pointer(&source->tried, g_array_unref);
}

/* A target's or a scheme's. */
static Source *
source_of(NsimDamonRecorder *recorder, const NsimKdamond *kdamond, bool of_scheme, uint32_t index, NsimTime now_ps)
{
    const uint32_t number = nsim_kdamond_number(kdamond);
    const NsimDamonAttrs *attrs = &nsim_kdamond_context(kdamond)->attrs;
    for (uint32_t i = 0; i < recorder->sources->len; i++) {
        Source *source = &g_array_index(recorder->sources, Source, i);
        if (source->source.kdamond == number && source->source.of_scheme == of_scheme &&
            (of_scheme ? source->source.scheme : source->source.target) == index)
            return source;
    }
    const Source source = {.source = {.kdamond = number,
                                      .target = of_scheme ? 0 : index,
                                      .of_scheme = of_scheme,
                                      .scheme = of_scheme ? index : 0,
                                      .sample_us = attrs->sample_ps / NSIM_US,
                                      .aggr_us = attrs->aggr_ps / NSIM_US,
                                      .ops_update_us = attrs->ops_update_ps / NSIM_US,
                                      .goal_bp = attrs->goal.access_bp,
                                      .goal_aggrs = attrs->goal.aggrs,
                                      .goal_min_us = attrs->goal.min_sample_ps / NSIM_US,
                                      .goal_max_us = attrs->goal.max_sample_ps / NSIM_US},
                           .end_ps = now_ps - MIN(attrs->aggr_ps, now_ps),
                           .tried = of_scheme ? g_array_new(FALSE, FALSE, sizeof(NsimDamoRecordRegion)) : NULL};
    g_array_append_val(recorder->sources, source);
    return &g_array_index(recorder->sources, Source, recorder->sources->len - 1);
}

/* From the end of the last snapshot until now. */
static void
add_snapshot(NsimDamoRecord **record, Source *source, const NsimKdamond *kdamond, const GArray *regions,
             const NsimDamoRecordStats *stats, NsimTime now_ps)
{
    const NsimDamoRecordSnapshot snapshot = {.start_ns = source->end_ps / NSIM_NS,
                                             .end_ns = now_ps / NSIM_NS,
                                             .sample_us = nsim_kdamond_context(kdamond)->attrs.sample_ps / NSIM_US,
                                             .regions = (const NsimDamoRecordRegion *)(void *)regions->data,
                                             .region_count = regions->len,
                                             .stats = stats};
    if (*record == NULL)
        *record = nsim_damo_record_new();
    nsim_damo_record_add_snapshot(*record, &source->source, &snapshot);
    source->end_ps = now_ps;
}

static void
aggregated(void *data, const NsimKdamond *kdamond, uint32_t number, NsimTime now_ps)
{
    NsimDamonRecorder *recorder = data;
    const NsimDamonTarget *target = &nsim_kdamond_context(kdamond)->targets[number];
    g_array_set_size(recorder->regions, target->count);
    for (uint32_t i = 0; i < target->count; i++) {
        const NsimDamonRegion *region = &target->regions[i];
        g_array_index(recorder->regions, NsimDamoRecordRegion, i) =
            (NsimDamoRecordRegion){region->start, region->end, region->nr_accesses, region->age};
    }
    add_snapshot(&recorder->record, source_of(recorder, kdamond, false, number, now_ps), kdamond, recorder->regions, NULL,
                 now_ps);
}

static void
before_apply(void *data, const NsimKdamond *kdamond, const NsimDamosTry *what, NsimTime now_ps)
{
    const NsimDamonRegion *region =
        &nsim_kdamond_context(kdamond)->targets[what->target].regions[what->region];
    const NsimDamoRecordRegion tried = {what->start, what->end, region->nr_accesses, region->age};
    g_array_append_val(source_of(data, kdamond, true, what->scheme_number, now_ps)->tried, tried);
}

static void
applied(void *data, const NsimKdamond *kdamond, uint32_t number, NsimTime now_ps)
{
    NsimDamonRecorder *recorder = data;
    const NsimDamos *scheme = nsim_kdamond_scheme(kdamond, number);
    const NsimDamosStats *stats = &scheme->stats;
    Source *source = source_of(recorder, kdamond, true, number, now_ps);
    g_autofree char *filters = nsim_damo_filters_json(scheme->plan);
    const NsimDamoRecordStats kept = {stats->nr_tried,     stats->sz_tried,    stats->nr_applied,
                                      stats->sz_applied,   stats->sz_ops_filter_passed,
                                      stats->qt_exceeds,   stats->nr_snapshots,
                                      scheme->plan->max_nr_snapshots};
    source->source.filters = filters;
    add_snapshot(&recorder->schemes, source, kdamond, source->tried, &kept, now_ps);
    source->source.filters = NULL;
    g_array_set_size(source->tried, 0);
}

NsimDamonRecorder *
nsim_damon_recorder_new(NsimMm *mm, bool seen, bool tried)
{
    NsimDamonRecorder *recorder = g_new0(NsimDamonRecorder, 1);
    recorder->sources = g_array_new(FALSE, FALSE, sizeof(Source));
    recorder->regions = g_array_new(FALSE, FALSE, sizeof(NsimDamoRecordRegion));
    g_array_set_clear_func(recorder->sources, source_clear);
    nsim_damon_session_listen(nsim_damon_session(mm), &(NsimDamonListener){.aggregated = seen ? aggregated : NULL,
                                                                           .before_apply = tried ? before_apply : NULL,
                                                                           .applied = tried ? applied : NULL,
                                                                           .data = recorder});
    return recorder;
}

void
nsim_damon_recorder_free(NsimDamonRecorder *recorder)
{
    if (recorder == NULL)
        return;
    nsim_damo_record_free(recorder->record);
    nsim_damo_record_free(recorder->schemes);
    g_array_unref(recorder->sources);
    g_array_unref(recorder->regions);
    g_free(recorder);
}

NsimDamoRecord *
nsim_damon_recorder_steal(NsimDamonRecorder *recorder)
{
    return g_steal_pointer(&recorder->record);
}

NsimDamoRecord *
nsim_damon_recorder_steal_tried(NsimDamonRecorder *recorder)
{
    return g_steal_pointer(&recorder->schemes);
}
