/* SPDX-License-Identifier: MIT */
/* From the snapshots of kdamonds to a record: an interval begins where the one before it ended. */
#include <experiment/damon-recorder.h>

typedef struct {
    NsimDamoRecordSource source; /* with the attributes of the first snapshot */
    NsimTime end_ps;             /* of the last snapshot */
} Source;

struct _NsimDamonRecorder {
    NsimDamoRecord *record; /* NULL before the first snapshot */
    GArray *sources;        /* Source */
    GArray *regions;        /* NsimDamoRecordRegion, of one snapshot */
};

static Source *
source_of(NsimDamonRecorder *recorder, const NsimKdamond *kdamond, uint32_t target, NsimTime now_ps)
{
    const uint32_t number = nsim_kdamond_number(kdamond);
    const NsimDamonAttrs *attrs = &nsim_kdamond_context(kdamond)->attrs;
    for (uint32_t i = 0; i < recorder->sources->len; i++) {
        Source *source = &g_array_index(recorder->sources, Source, i);
        if (source->source.kdamond == number && source->source.target == target)
            return source;
    }
    const Source source = {.source = {.kdamond = number,
                                      .target = target,
                                      .sample_us = attrs->sample_ps / NSIM_US,
                                      .aggr_us = attrs->aggr_ps / NSIM_US,
                                      .ops_update_us = attrs->ops_update_ps / NSIM_US,
                                      .goal_bp = attrs->goal.access_bp,
                                      .goal_aggrs = attrs->goal.aggrs,
                                      .goal_min_us = attrs->goal.min_sample_ps / NSIM_US,
                                      .goal_max_us = attrs->goal.max_sample_ps / NSIM_US},
                           .end_ps = now_ps - MIN(attrs->aggr_ps, now_ps)};
    g_array_append_val(recorder->sources, source);
    return &g_array_index(recorder->sources, Source, recorder->sources->len - 1);
}

static void
aggregated(void *data, const NsimKdamond *kdamond, uint32_t number, NsimTime now_ps)
{
    NsimDamonRecorder *recorder = data;
    const NsimDamonContext *context = nsim_kdamond_context(kdamond);
    const NsimDamonTarget *target = &context->targets[number];
    Source *source = source_of(recorder, kdamond, number, now_ps);
    g_array_set_size(recorder->regions, target->count);
    for (uint32_t i = 0; i < target->count; i++) {
        const NsimDamonRegion *region = &target->regions[i];
        g_array_index(recorder->regions, NsimDamoRecordRegion, i) =
            (NsimDamoRecordRegion){region->start, region->end, region->nr_accesses, region->age};
    }
    const NsimDamoRecordSnapshot snapshot = {.start_ns = source->end_ps / NSIM_NS,
                                             .end_ns = now_ps / NSIM_NS,
                                             .sample_us = context->attrs.sample_ps / NSIM_US,
                                             .regions = (const NsimDamoRecordRegion *)(void *)recorder->regions->data,
                                             .region_count = target->count};
    if (recorder->record == NULL)
        recorder->record = nsim_damo_record_new();
    nsim_damo_record_add_snapshot(recorder->record, &source->source, &snapshot);
    source->end_ps = now_ps;
}

NsimDamonRecorder *
nsim_damon_recorder_new(NsimMm *mm)
{
    NsimDamonRecorder *recorder = g_new0(NsimDamonRecorder, 1);
    recorder->sources = g_array_new(FALSE, FALSE, sizeof(Source));
    recorder->regions = g_array_new(FALSE, FALSE, sizeof(NsimDamoRecordRegion));
    nsim_damon_session_listen(nsim_damon_session(mm), &(NsimDamonListener){.aggregated = aggregated, .data = recorder});
    return recorder;
}

void
nsim_damon_recorder_free(NsimDamonRecorder *recorder)
{
    if (recorder == NULL)
        return;
    nsim_damo_record_free(recorder->record);
    g_array_unref(recorder->sources);
    g_array_unref(recorder->regions);
    g_free(recorder);
}

NsimDamoRecord *
nsim_damon_recorder_steal(NsimDamonRecorder *recorder)
{
    return g_steal_pointer(&recorder->record);
}
