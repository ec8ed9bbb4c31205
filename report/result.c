/* SPDX-License-Identifier: MIT */
/* The result model's storage, and the summary of a latency histogram that it holds. */
#include <report/result.h>

NsimResult *
nsim_result_new(void)
{
    return g_new0(NsimResult, 1);
}

static void
clear_counters(NsimCounterResult *counters, uint32_t count)
{
    for (uint32_t i = 0; counters && i < count; i++) {
        g_free(counters[i].key);
        g_free(counters[i].unit);
    }
    g_free(counters);
}

static void
clear_timeline(NsimTimelineRow *rows, uint32_t count)
{
    for (uint32_t i = 0; rows && i < count; i++) {
        g_free(rows[i].node_read_bytes);
        g_free(rows[i].node_write_bytes);
        g_free(rows[i].link_forward_bytes);
        g_free(rows[i].link_reverse_bytes);
    }
    g_free(rows);
}

static void
clear_migration(NsimRunResult *run)
{
    for (uint32_t i = 0; run->migration.charged && i < run->migration.charged_count; i++)
        g_free(run->migration.charged[i].payer);
    g_free(run->migration.charged);
    for (uint32_t i = 0; run->groups && i < run->group_count; i++)
        g_free(run->groups[i].id);
    g_free(run->groups);
}

static void
clear_places(const NsimResult *result, NsimRunResult *run)
{
    for (uint32_t i = 0; run->accessors && i < result->accessor_count; i++) {
        g_free(run->accessors[i].id);
        g_free(run->accessors[i].node_access_count);
    }
    for (uint32_t i = 0; run->nodes && i < result->node_count; i++)
        g_free(run->nodes[i].id);
    for (uint32_t i = 0; run->links && i < result->link_count; i++)
        g_free(run->links[i].id);
    g_free(run->accessors);
    g_free(run->nodes);
    g_free(run->links);
}

static void
clear_run(const NsimResult *result, NsimRunResult *run)
{
    g_free(run->policy);
    g_free(run->label);
    g_free(run->bound_by);
    for (uint32_t i = 0; run->options && i < run->option_count; i++) {
        g_free(run->options[i].key);
        g_free(run->options[i].value);
    }
    g_free(run->options);
    for (uint32_t i = 0; run->operations && i < run->operation_count; i++)
        g_free(run->operations[i].name);
    g_free(run->operations);
    clear_places(result, run);
    clear_migration(run);
    clear_counters(run->vmstat, run->vmstat_count);
    clear_counters(run->policy_stats, run->policy_stat_count);
    clear_timeline(run->timeline, run->timeline_count);
    nsim_damo_record_free(run->damo_record);
    nsim_damo_record_free(run->damo_schemes);
    nsim_damon_result_free(run->damon);
}

/* Half-built results are fine: an array that was never allocated counts as empty. */
void
nsim_result_free(NsimResult *result)
{
    if (!result)
        return;
    for (uint32_t i = 0; result->runs && i < result->run_count; i++)
        clear_run(result, &result->runs[i]);
    g_free(result->runs);
    for (uint32_t i = 0; result->inputs && i < result->input_count; i++) {
        g_free(result->inputs[i].name);
        g_free(result->inputs[i].sha256);
    }
    g_free(result->inputs);
    for (uint32_t i = 0; result->warnings && i < result->warning_count; i++)
        g_free(result->warnings[i]);
    g_free(result->warnings);
    g_free(result->config);
    g_free(result->machine);
    g_free(result);
}

NsimLatencySummary
nsim_latency_summary(const NsimHistogram *histogram)
{
    return (NsimLatencySummary){.mean_ps = nsim_histogram_mean(histogram),
                                .p50_ps = nsim_histogram_quantile(histogram, 500000),
                                .p90_ps = nsim_histogram_quantile(histogram, 900000),
                                .p99_ps = nsim_histogram_quantile(histogram, 990000),
                                .max_ps = histogram->max};
}
