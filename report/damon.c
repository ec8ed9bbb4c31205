/* SPDX-License-Identifier: MIT */
/* What DAMON did: storage, and its part of the JSON report. */
#include <report/damon.h>

static void
clear_scheme(NsimDamonSchemeResult *scheme)
{
    for (uint32_t g = 0; g < scheme->goal_count; g++)
        g_free(scheme->goals[g].metric);
    g_free(scheme->goals);
    g_free(scheme->action);
    g_free(scheme->destination);
}

void
nsim_damon_result_free(NsimDamonResult *damon)
{
    for (uint32_t k = 0; damon != NULL && k < damon->kdamond_count; k++) {
        NsimKdamondResult *kdamond = &damon->kdamonds[k];
        for (uint32_t s = 0; s < kdamond->scheme_count; s++)
            clear_scheme(&kdamond->schemes[s]);
        g_free(kdamond->schemes);
        g_free(kdamond->ops);
        g_free(kdamond->primitive);
        g_free(kdamond->watches);
    }
    if (damon != NULL) {
        g_free(damon->kdamonds);
        g_free(damon->args);
    }
    g_free(damon);
}

static void
write_goals(NsimJson *json, const NsimDamonSchemeResult *scheme)
{
    nsim_json_array(json, "goals");
    for (uint32_t g = 0; g < scheme->goal_count; g++) {
        const NsimDamonGoalResult *goal = &scheme->goals[g];
        nsim_json_object_inline(json, NULL);
        nsim_json_string(json, "metric", goal->metric);
        nsim_json_uint(json, "target", goal->target);
        nsim_json_uint(json, "current", goal->current);
        nsim_json_uint(json, "score", goal->score);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
write_scheme(NsimJson *json, const NsimDamonSchemeResult *scheme)
{
    nsim_json_object(json, NULL);
    nsim_json_string(json, "action", scheme->action);
    nsim_json_string(json, "destination", scheme->destination);
    nsim_json_uint(json, "nr_tried", scheme->nr_tried);
    nsim_json_uint(json, "sz_tried", scheme->sz_tried);
    nsim_json_uint(json, "nr_applied", scheme->nr_applied);
    nsim_json_uint(json, "sz_applied", scheme->sz_applied);
    nsim_json_uint(json, "sz_ops_filter_passed", scheme->sz_ops_filter_passed);
    nsim_json_uint(json, "qt_exceeds", scheme->qt_exceeds);
    nsim_json_uint(json, "nr_snapshots", scheme->nr_snapshots);
    if (scheme->has_quota)
        nsim_json_uint(json, "effective_bytes", scheme->effective_bytes);
    write_goals(json, scheme);
    nsim_json_end(json);
}

static void
write_interval(NsimJson *json, const char *key, NsimTime end_ps, NsimTime min_ps, NsimTime max_ps)
{
    nsim_json_object_inline(json, key);
    nsim_json_ns(json, "end", end_ps);
    nsim_json_ns(json, "min", min_ps);
    nsim_json_ns(json, "max", max_ps);
    nsim_json_end(json);
}

static void
write_kdamond(NsimJson *json, const NsimKdamondResult *kdamond)
{
    nsim_json_object(json, NULL);
    nsim_json_uint(json, "number", kdamond->number);
    nsim_json_string(json, "ops", kdamond->ops);
    nsim_json_string(json, "primitive", kdamond->primitive);
    nsim_json_string(json, "watches", kdamond->watches);
    write_interval(json, "sample_ns", kdamond->sample_ps, kdamond->sample_min_ps, kdamond->sample_max_ps);
    write_interval(json, "aggr_ns", kdamond->aggr_ps, kdamond->aggr_min_ps, kdamond->aggr_max_ps);
    nsim_json_uint(json, "regions", kdamond->regions);
    nsim_json_uint(json, "regions_mean", kdamond->regions_mean);
    nsim_json_uint(json, "samples", kdamond->samples);
    nsim_json_uint(json, "aggregations", kdamond->aggregations);
    nsim_json_ns(json, "cpu_ns", kdamond->cpu_ps);
    nsim_json_ratio(json, "cpu_share", kdamond->cpu_ppm);
    nsim_json_ns(json, "migrating_ns", kdamond->migrating_ps);
    nsim_json_array(json, "schemes");
    for (uint32_t s = 0; s < kdamond->scheme_count; s++)
        write_scheme(json, &kdamond->schemes[s]);
    nsim_json_end(json);
    nsim_json_end(json);
}

void
nsim_damon_result_json(NsimJson *json, const NsimDamonResult *damon)
{
    nsim_json_object(json, "damon");
    nsim_json_string(json, "args", damon->args);
    nsim_json_array(json, "kdamonds");
    for (uint32_t k = 0; k < damon->kdamond_count; k++)
        write_kdamond(json, &damon->kdamonds[k]);
    nsim_json_end(json);
    nsim_json_end(json);
}
