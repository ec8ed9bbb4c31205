/* SPDX-License-Identifier: MIT */
/*
 * The machine-readable report, described by docs/report.schema.json and numasim-results(5). Mechanisms that no run used
 * are there with zeros, so that a reader of the report needs no special cases.
 */
#include <report/render.h>

#include <numasim/version.h>
#include <report/json.h>
#include <report/migration.h>
#include <report/summary.h>

#define SCHEMA "numasim-report-1"

static void
write_latency(NsimJson *json, const char *key, const NsimLatencySummary *latency)
{
    nsim_json_object_inline(json, key);
    nsim_json_ns(json, "mean", latency->mean_ps);
    nsim_json_ns(json, "p50", latency->p50_ps);
    nsim_json_ns(json, "p90", latency->p90_ps);
    nsim_json_ns(json, "p99", latency->p99_ps);
    nsim_json_ns(json, "max", latency->max_ps);
    nsim_json_end(json);
}

static void
write_accessors(NsimJson *json, const NsimResult *result, const NsimRunResult *run)
{
    nsim_json_array(json, "accessors");
    for (uint32_t i = 0; i < result->accessor_count; i++) {
        const NsimAccessorResult *accessor = &run->accessors[i];
        nsim_json_object(json, NULL);
        nsim_json_string(json, "id", accessor->id);
        nsim_json_ns(json, "runtime_ns", accessor->runtime_ps);
        nsim_json_uint(json, "access_count", accessor->access_count);
        nsim_json_ns(json, "stall_ns", accessor->stall_ps);
        nsim_json_ns(json, "kernel_ns", accessor->kernel_ps);
        nsim_json_ns(json, "blocked_ns", accessor->blocked_ps);
        nsim_json_object_inline(json, "node_access_count");
        for (uint32_t node = 0; node < result->node_count; node++)
            nsim_json_uint(json, run->nodes[node].id, accessor->node_access_count[node]);
        nsim_json_end(json);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
write_nodes(NsimJson *json, const NsimResult *result, const NsimRunResult *run)
{
    nsim_json_array(json, "nodes");
    for (uint32_t i = 0; i < result->node_count; i++) {
        const NsimNodeResult *node = &run->nodes[i];
        nsim_json_object(json, NULL);
        nsim_json_string(json, "id", node->id);
        nsim_json_uint(json, "capacity_bytes", node->capacity_bytes);
        nsim_json_uint(json, "used_bytes", node->used_bytes);
        nsim_json_uint(json, "used_peak_bytes", node->used_peak_bytes);
        nsim_json_uint(json, "read_bytes", node->read_bytes);
        nsim_json_uint(json, "write_bytes", node->write_bytes);
        nsim_json_ratio(json, "utilisation", node->utilisation_ppm);
        nsim_json_ns(json, "queue_ns", node->queue_ps);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
write_links(NsimJson *json, const NsimResult *result, const NsimRunResult *run)
{
    nsim_json_array(json, "links");
    for (uint32_t i = 0; i < result->link_count; i++) {
        const NsimLinkResult *link = &run->links[i];
        nsim_json_object(json, NULL);
        nsim_json_string(json, "id", link->id);
        nsim_json_uint(json, "forward_bytes", link->forward_bytes);
        nsim_json_uint(json, "reverse_bytes", link->reverse_bytes);
        nsim_json_ratio(json, "utilisation", link->utilisation_ppm);
        nsim_json_ns(json, "queue_ns", link->queue_ps);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
write_operations(NsimJson *json, const NsimRunResult *run)
{
    nsim_json_object(json, "operations");
    for (uint32_t i = 0; i < run->operation_count; i++) {
        nsim_json_object(json, run->operations[i].name);
        nsim_json_uint(json, "count", run->operations[i].count);
        write_latency(json, "time_ns", &run->operations[i].time);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
write_groups(NsimJson *json, const NsimRunResult *run)
{
    nsim_json_array(json, "groups");
    for (uint32_t i = 0; i < run->group_count; i++) {
        const NsimGroupResult *group = &run->groups[i];
        nsim_json_object(json, NULL);
        nsim_json_string(json, "id", group->id);
        nsim_json_uint(json, "migrated_bytes", group->migrated_bytes);
        nsim_json_ns(json, "cpu_ns", group->cpu_ps);
        nsim_json_uint(json, "throttled_pages", group->throttled_pages);
        nsim_json_ns(json, "throttled_ns", group->throttled_ps);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

/* Both have the same sum. */
static void
write_costs(NsimJson *json, const NsimMigrationResult *migration)
{
    nsim_json_object_inline(json, "cost_ns");
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++)
        nsim_json_ns(json, nsim_phase_name(phase), migration->cost_ps[phase]);
    nsim_json_end(json);
    nsim_json_object_inline(json, "charged_ns");
    for (uint32_t i = 0; i < migration->charged_count; i++)
        nsim_json_ns(json, migration->charged[i].payer, migration->charged[i].charged_ps);
    nsim_json_end(json);
}

static void
write_migration(NsimJson *json, const NsimMigrationResult *migration)
{
    nsim_json_object(json, "migration");
    nsim_json_uint(json, "pages", migration->pages);
    nsim_json_uint(json, "bytes", migration->bytes);
    nsim_json_uint(json, "promoted_pages", migration->promoted_pages);
    nsim_json_uint(json, "demoted_pages", migration->demoted_pages);
    nsim_json_uint(json, "failed_pages", migration->failed_pages);
    nsim_json_uint(json, "ping_pong_pages", migration->ping_pong_pages);
    write_costs(json, migration);
    nsim_json_object_inline(json, "failed_by_cause");
    for (NsimCause cause = NSIM_CAUSE_NONE + 1; cause < NSIM_CAUSES; cause++)
        nsim_json_uint(json, nsim_cause_name(cause), migration->failed_by_cause[cause]);
    nsim_json_end(json);
    nsim_json_uint(json, "retried_pages", migration->retried_pages);
    nsim_json_uint(json, "shadow_pages", migration->shadow_pages);
    nsim_json_uint(json, "exchanged_pages", migration->exchanged_pages);
    nsim_json_object_inline(json, "copied_bytes");
    for (NsimCopierKind kind = 0; kind < NSIM_COPIER_AUTO; kind++)
        nsim_json_uint(json, nsim_copier_name(kind), migration->copied_bytes[kind]);
    nsim_json_end(json);
    nsim_json_end(json);
}

static void
write_counters(NsimJson *json, const char *key, const NsimCounterResult *counters, uint32_t count)
{
    nsim_json_object(json, key);
    for (uint32_t i = 0; i < count; i++)
        nsim_json_uint(json, counters[i].key, counters[i].value);
    nsim_json_end(json);
}

/* One column of the timeline: a field of every row, `offset` for the place it belongs to. */
typedef uint64_t (*TimelineField)(const NsimTimelineRow *row, uint32_t index);

static uint64_t
row_accesses(const NsimTimelineRow *row, uint32_t index)
{
    (void)index;
    return row->access_count;
}

static uint64_t
row_migrated(const NsimTimelineRow *row, uint32_t index)
{
    (void)index;
    return row->migrated_bytes;
}

static uint64_t
row_node_read(const NsimTimelineRow *row, uint32_t index)
{
    return row->node_read_bytes[index];
}

static uint64_t
row_node_write(const NsimTimelineRow *row, uint32_t index)
{
    return row->node_write_bytes[index];
}

static uint64_t
row_link_forward(const NsimTimelineRow *row, uint32_t index)
{
    return row->link_forward_bytes[index];
}

static uint64_t
row_link_reverse(const NsimTimelineRow *row, uint32_t index)
{
    return row->link_reverse_bytes[index];
}

static void
write_column(NsimJson *json, const char *key, const NsimRunResult *run, TimelineField field, uint32_t index)
{
    nsim_json_array_inline(json, key);
    for (uint32_t i = 0; i < run->timeline_count; i++)
        nsim_json_uint(json, NULL, field(&run->timeline[i], index));
    nsim_json_end(json);
}

static void
write_timeline(NsimJson *json, const NsimResult *result, const NsimRunResult *run)
{
    nsim_json_object(json, "timeline");
    if (result->timeline_interval_ps > 0) {
        nsim_json_ns(json, "interval_ns", result->timeline_interval_ps);
        nsim_json_array_inline(json, "time_ns");
        for (uint32_t i = 0; i < run->timeline_count; i++)
            nsim_json_ns(json, NULL, run->timeline[i].time_ps);
        nsim_json_end(json);
        write_column(json, "access_count", run, row_accesses, 0);
        nsim_json_array_inline(json, "latency_mean_ns");
        for (uint32_t i = 0; i < run->timeline_count; i++)
            nsim_json_ns(json, NULL, run->timeline[i].latency_mean_ps);
        nsim_json_end(json);
        write_column(json, "migrated_bytes", run, row_migrated, 0);
        nsim_json_object(json, "nodes");
        for (uint32_t node = 0; node < result->node_count; node++) {
            nsim_json_object(json, run->nodes[node].id);
            write_column(json, "read_bytes", run, row_node_read, node);
            write_column(json, "write_bytes", run, row_node_write, node);
            nsim_json_end(json);
        }
        nsim_json_end(json);
        nsim_json_object(json, "links");
        for (uint32_t link = 0; link < result->link_count; link++) {
            nsim_json_object(json, run->links[link].id);
            write_column(json, "forward_bytes", run, row_link_forward, link);
            write_column(json, "reverse_bytes", run, row_link_reverse, link);
            nsim_json_end(json);
        }
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
write_bound(NsimJson *json, const NsimRunResult *run)
{
    nsim_json_object_inline(json, "bound");
    nsim_json_string(json, "kind", nsim_bound_name(run->bound));
    nsim_json_string(json, "by", run->bound_by);
    nsim_json_ratio(json, "share", run->bound_ppm);
    nsim_json_end(json);
}

static void
write_run(NsimJson *json, const NsimResult *result, const NsimRunResult *run)
{
    nsim_json_object(json, NULL);
    nsim_json_string(json, "policy", run->policy);
    nsim_json_string(json, "label", run->label);
    nsim_json_object(json, "options");
    for (uint32_t i = 0; i < run->option_count; i++)
        nsim_json_string(json, run->options[i].key, run->options[i].value);
    nsim_json_end(json);
    nsim_json_bool(json, "complete", run->complete);
    nsim_json_ns(json, "runtime_ns", run->runtime_ps);
    nsim_json_uint(json, "work", run->access_count);
    nsim_json_ratio(json, "speedup", run->speedup_ppm);
    nsim_json_uint(json, "access_count", run->access_count);
    nsim_json_uint(json, "burst_count", run->burst_count);
    nsim_json_uint(json, "access_bytes", nsim_run_access_bytes(run));
    write_latency(json, "latency_ns", &run->latency);
    nsim_json_uint(json, "blocked_count", run->blocked_count);
    write_latency(json, "blocked_ns", &run->blocked);
    write_accessors(json, result, run);
    write_nodes(json, result, run);
    write_links(json, result, run);
    write_groups(json, run);
    write_operations(json, run);
    write_migration(json, &run->migration);
    write_counters(json, "vmstat", run->vmstat, run->vmstat_count);
    write_counters(json, "policy_stats", run->policy_stats, run->policy_stat_count);
    write_timeline(json, result, run);
    write_bound(json, run);
    nsim_json_ns(json, "barrier_ns", run->barrier_ps);
    if (run->damon != NULL)
        nsim_damon_result_json(json, run->damon);
    if (result->host_stats) {
        nsim_json_object_inline(json, "host");
        nsim_json_uint(json, "wall_ns", run->host_wall_ns);
        nsim_json_end(json);
    }
    nsim_json_end(json);
}

static void
write_experiment(NsimJson *json, const NsimResult *result)
{
    nsim_json_object(json, "experiment");
    nsim_json_string(json, "config", result->config);
    nsim_json_array(json, "inputs");
    for (uint32_t i = 0; i < result->input_count; i++) {
        nsim_json_object_inline(json, NULL);
        nsim_json_string(json, "name", result->inputs[i].name);
        nsim_json_string(json, "sha256", result->inputs[i].sha256);
        nsim_json_end(json);
    }
    nsim_json_end(json);
    nsim_json_uint(json, "seed", result->seed);
    nsim_json_string(json, "machine", result->machine);
    nsim_json_end(json);
}

char *
nsim_render_json(const NsimResult *result)
{
    NsimJson json;
    GString *out = g_string_new(NULL);
    nsim_json_init(&json, out);
    nsim_json_object(&json, NULL);
    nsim_json_string(&json, "schema", SCHEMA);
    nsim_json_object_inline(&json, "numasim");
    nsim_json_string(&json, "version", NSIM_VERSION);
    nsim_json_end(&json);
    write_experiment(&json, result);
    nsim_json_array(&json, "runs");
    for (uint32_t i = 0; i < result->run_count; i++)
        write_run(&json, result, &result->runs[i]);
    nsim_json_end(&json);
    nsim_json_array(&json, "warnings");
    for (uint32_t i = 0; i < result->warning_count; i++)
        nsim_json_string(&json, NULL, result->warnings[i]);
    nsim_json_end(&json);
    nsim_json_end(&json);
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}
