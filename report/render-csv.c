/* SPDX-License-Identifier: MIT */
/*
 * The report as one tidy table: a row for each run, a column for each figure. Columns of places and counters carry the
 * place's or counter's name after a dot; a run that lacks an operation, a group or a counter has an empty field
 * there.
 */
#include <report/render.h>

#include <report/csv.h>
#include <report/damon-table.h>
#include <report/format.h>
#include <report/migration.h>
#include <report/summary.h>

/* Names that occur in any run, in the order of their first appearance. */
typedef const char *(*NameAt)(const NsimRunResult *run, uint32_t i, uint32_t *ret_count);

static const char *
operation_name(const NsimRunResult *run, uint32_t i, uint32_t *ret_count)
{
    *ret_count = run->operation_count;
    return i < run->operation_count ? run->operations[i].name : NULL;
}

static const char *
vmstat_name(const NsimRunResult *run, uint32_t i, uint32_t *ret_count)
{
    *ret_count = run->vmstat_count;
    return i < run->vmstat_count ? run->vmstat[i].key : NULL;
}

static const char *
policy_stat_name(const NsimRunResult *run, uint32_t i, uint32_t *ret_count)
{
    *ret_count = run->policy_stat_count;
    return i < run->policy_stat_count ? run->policy_stats[i].key : NULL;
}

static const char *
group_name(const NsimRunResult *run, uint32_t i, uint32_t *ret_count)
{
    *ret_count = run->group_count;
    return i < run->group_count ? run->groups[i].id : NULL;
}

/* (element-type utf8) (transfer container): the names stay the result's. */
static GPtrArray *
collect_names(const NsimResult *result, NameAt name_at)
{
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t r = 0; r < result->run_count; r++) {
        uint32_t count;
        name_at(&result->runs[r], 0, &count);
        for (uint32_t i = 0; i < count; i++) {
            const char *name = name_at(&result->runs[r], i, &count);
            if (g_hash_table_add(seen, (gpointer)name))
                g_ptr_array_add(names, (gpointer)name);
        }
    }
    return names;
}

/* Index of `name` in this run, or its count. Runs of one comparison mostly agree: look at `hint` first. */
static uint32_t
find_name(const NsimRunResult *run, NameAt name_at, const char *name, uint32_t hint)
{
    uint32_t count;
    const char *hinted = name_at(run, hint, &count);
    if (hinted && g_str_equal(hinted, name))
        return hint;
    for (uint32_t i = 0; i < count; i++)
        if (g_str_equal(name_at(run, i, &count), name))
            return i;
    return count;
}

static void
write_heading_latency(NsimCsv *csv, const char *prefix)
{
    static const char *const parts[] = {"mean", "p50", "p90", "p99", "max"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        nsim_csv_printf(csv, "%s_%s_ns", prefix, parts[i]);
}

static void
write_latency(NsimCsv *csv, const NsimLatencySummary *latency)
{
    nsim_csv_ns(csv, latency->mean_ps);
    nsim_csv_ns(csv, latency->p50_ps);
    nsim_csv_ns(csv, latency->p90_ps);
    nsim_csv_ns(csv, latency->p99_ps);
    nsim_csv_ns(csv, latency->max_ps);
}

static void
write_heading_places(NsimCsv *csv, const NsimResult *result)
{
    const NsimRunResult *run = &result->runs[0];
    for (uint32_t i = 0; i < result->accessor_count; i++) {
        nsim_csv_printf(csv, "accessor.%s.runtime_ns", run->accessors[i].id);
        nsim_csv_printf(csv, "accessor.%s.access_count", run->accessors[i].id);
        nsim_csv_printf(csv, "accessor.%s.stall_ns", run->accessors[i].id);
        nsim_csv_printf(csv, "accessor.%s.kernel_ns", run->accessors[i].id);
        nsim_csv_printf(csv, "accessor.%s.blocked_ns", run->accessors[i].id);
    }
    for (uint32_t i = 0; i < result->node_count; i++) {
        nsim_csv_printf(csv, "node.%s.access_count", run->nodes[i].id);
        nsim_csv_printf(csv, "node.%s.used_bytes", run->nodes[i].id);
        nsim_csv_printf(csv, "node.%s.used_peak_bytes", run->nodes[i].id);
        nsim_csv_printf(csv, "node.%s.read_bytes", run->nodes[i].id);
        nsim_csv_printf(csv, "node.%s.write_bytes", run->nodes[i].id);
        nsim_csv_printf(csv, "node.%s.utilisation", run->nodes[i].id);
        nsim_csv_printf(csv, "node.%s.queue_ns", run->nodes[i].id);
    }
    for (uint32_t i = 0; i < result->link_count; i++) {
        nsim_csv_printf(csv, "link.%s.forward_bytes", run->links[i].id);
        nsim_csv_printf(csv, "link.%s.reverse_bytes", run->links[i].id);
        nsim_csv_printf(csv, "link.%s.utilisation", run->links[i].id);
        nsim_csv_printf(csv, "link.%s.queue_ns", run->links[i].id);
    }
}

static void
write_places(NsimCsv *csv, const NsimResult *result, const NsimRunResult *run)
{
    for (uint32_t i = 0; i < result->accessor_count; i++) {
        nsim_csv_ns(csv, run->accessors[i].runtime_ps);
        nsim_csv_uint(csv, run->accessors[i].access_count);
        nsim_csv_ns(csv, run->accessors[i].stall_ps);
        nsim_csv_ns(csv, run->accessors[i].kernel_ps);
        nsim_csv_ns(csv, run->accessors[i].blocked_ps);
    }
    for (uint32_t i = 0; i < result->node_count; i++) {
        nsim_csv_uint(csv, nsim_run_node_access_count(result, run, i));
        nsim_csv_uint(csv, run->nodes[i].used_bytes);
        nsim_csv_uint(csv, run->nodes[i].used_peak_bytes);
        nsim_csv_uint(csv, run->nodes[i].read_bytes);
        nsim_csv_uint(csv, run->nodes[i].write_bytes);
        nsim_csv_ratio(csv, run->nodes[i].utilisation_ppm);
        nsim_csv_ns(csv, run->nodes[i].queue_ps);
    }
    for (uint32_t i = 0; i < result->link_count; i++) {
        nsim_csv_uint(csv, run->links[i].forward_bytes);
        nsim_csv_uint(csv, run->links[i].reverse_bytes);
        nsim_csv_ratio(csv, run->links[i].utilisation_ppm);
        nsim_csv_ns(csv, run->links[i].queue_ps);
    }
}

static void
write_heading_migration(NsimCsv *csv)
{
    static const char *const counts[] = {"pages",         "bytes",        "promoted_pages",
                                         "demoted_pages", "failed_pages", "ping_pong_pages",
                                         "retried_pages", "shadow_pages", "exchanged_pages"};
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
        nsim_csv_printf(csv, "migration.%s", counts[i]);
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++)
        nsim_csv_printf(csv, "migration.cost_%s_ns", nsim_phase_name(phase));
    for (NsimCause cause = NSIM_CAUSE_NONE + 1; cause < NSIM_CAUSES; cause++)
        nsim_csv_printf(csv, "migration.failed_%s_pages", nsim_cause_name(cause));
    for (NsimCopierKind kind = 0; kind < NSIM_COPIER_AUTO; kind++)
        nsim_csv_printf(csv, "migration.copied_%s_bytes", nsim_copier_name(kind));
}

static void
write_migration(NsimCsv *csv, const NsimMigrationResult *migration)
{
    nsim_csv_uint(csv, migration->pages);
    nsim_csv_uint(csv, migration->bytes);
    nsim_csv_uint(csv, migration->promoted_pages);
    nsim_csv_uint(csv, migration->demoted_pages);
    nsim_csv_uint(csv, migration->failed_pages);
    nsim_csv_uint(csv, migration->ping_pong_pages);
    nsim_csv_uint(csv, migration->retried_pages);
    nsim_csv_uint(csv, migration->shadow_pages);
    nsim_csv_uint(csv, migration->exchanged_pages);
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++)
        nsim_csv_ns(csv, migration->cost_ps[phase]);
    for (NsimCause cause = NSIM_CAUSE_NONE + 1; cause < NSIM_CAUSES; cause++)
        nsim_csv_uint(csv, migration->failed_by_cause[cause]);
    for (NsimCopierKind kind = 0; kind < NSIM_COPIER_AUTO; kind++)
        nsim_csv_uint(csv, migration->copied_bytes[kind]);
}

typedef struct {
    GPtrArray *payers, *groups, *operations, *vmstat, *policy_stats;
} Names;

static void
write_heading_payers(NsimCsv *csv, const Names *names)
{
    for (guint i = 0; i < names->payers->len; i++)
        nsim_csv_printf(csv, "payer.%s.charged_ns", (const char *)g_ptr_array_index(names->payers, i));
    for (guint i = 0; i < names->groups->len; i++) {
        const char *id = g_ptr_array_index(names->groups, i);
        nsim_csv_printf(csv, "group.%s.migrated_bytes", id);
        nsim_csv_printf(csv, "group.%s.cpu_ns", id);
        nsim_csv_printf(csv, "group.%s.throttled_pages", id);
        nsim_csv_printf(csv, "group.%s.throttled_ns", id);
    }
}

static void
write_payers(NsimCsv *csv, const NsimRunResult *run, const Names *names)
{
    for (guint i = 0; i < names->payers->len; i++)
        nsim_csv_ns(csv, nsim_migration_charged_ps(&run->migration, g_ptr_array_index(names->payers, i)));
    for (guint i = 0; i < names->groups->len; i++) {
        const uint32_t at = find_name(run, group_name, g_ptr_array_index(names->groups, i), i);
        if (at < run->group_count) {
            nsim_csv_uint(csv, run->groups[at].migrated_bytes);
            nsim_csv_ns(csv, run->groups[at].cpu_ps);
            nsim_csv_uint(csv, run->groups[at].throttled_pages);
            nsim_csv_ns(csv, run->groups[at].throttled_ps);
        } else {
            for (unsigned empty = 0; empty < 4; empty++)
                nsim_csv_empty(csv);
        }
    }
}

static void
write_heading(NsimCsv *csv, const NsimResult *result, const Names *names)
{
    static const char *const first[] = {"run",          "policy",     "label",        "complete",
                                        "runtime_ns",   "speedup",    "access_count", "burst_count",
                                        "access_bytes", "barrier_ns", "bound",        "bound_share"};
    for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
        nsim_csv_text(csv, first[i]);
    write_heading_latency(csv, "latency");
    nsim_csv_text(csv, "blocked_count");
    write_heading_latency(csv, "blocked");
    if (result->run_count > 0)
        write_heading_places(csv, result);
    write_heading_migration(csv);
    write_heading_payers(csv, names);
    for (guint i = 0; i < names->operations->len; i++) {
        g_autofree char *prefix =
            g_strdup_printf("operation.%s.time", (const char *)g_ptr_array_index(names->operations, i));
        nsim_csv_printf(csv, "operation.%s.count", (const char *)g_ptr_array_index(names->operations, i));
        write_heading_latency(csv, prefix);
    }
    for (guint i = 0; i < names->vmstat->len; i++)
        nsim_csv_printf(csv, "vmstat.%s", (const char *)g_ptr_array_index(names->vmstat, i));
    for (guint i = 0; i < names->policy_stats->len; i++)
        nsim_csv_printf(csv, "policy_stats.%s", (const char *)g_ptr_array_index(names->policy_stats, i));
    nsim_damon_csv_heading(csv, result);
    if (result->host_stats)
        nsim_csv_text(csv, "host_wall_ns");
    nsim_csv_end_line(csv);
}

static void
write_named(NsimCsv *csv, const NsimRunResult *run, const Names *names)
{
    for (guint i = 0; i < names->operations->len; i++) {
        const uint32_t at = find_name(run, operation_name, g_ptr_array_index(names->operations, i), i);
        if (at < run->operation_count) {
            nsim_csv_uint(csv, run->operations[at].count);
            write_latency(csv, &run->operations[at].time);
        } else {
            for (unsigned empty = 0; empty < 6; empty++)
                nsim_csv_empty(csv);
        }
    }
    for (guint i = 0; i < names->vmstat->len; i++) {
        const uint32_t at = find_name(run, vmstat_name, g_ptr_array_index(names->vmstat, i), i);
        if (at < run->vmstat_count)
            nsim_csv_uint(csv, run->vmstat[at].value);
        else
            nsim_csv_empty(csv);
    }
    for (guint i = 0; i < names->policy_stats->len; i++) {
        const uint32_t at = find_name(run, policy_stat_name, g_ptr_array_index(names->policy_stats, i), i);
        if (at < run->policy_stat_count)
            nsim_csv_uint(csv, run->policy_stats[at].value);
        else
            nsim_csv_empty(csv);
    }
}

static void
write_run(NsimCsv *csv, const NsimResult *result, uint32_t index, const Names *names)
{
    const NsimRunResult *run = &result->runs[index];
    nsim_csv_uint(csv, index);
    nsim_csv_text(csv, run->policy);
    nsim_csv_text(csv, run->label);
    nsim_csv_text(csv, run->complete ? "true" : "false");
    nsim_csv_ns(csv, run->runtime_ps);
    nsim_csv_ratio(csv, run->speedup_ppm);
    nsim_csv_uint(csv, run->access_count);
    nsim_csv_uint(csv, run->burst_count);
    nsim_csv_uint(csv, nsim_run_access_bytes(run));
    nsim_csv_ns(csv, run->barrier_ps);
    nsim_csv_text(csv, run->bound == NSIM_BOUND_RESOURCE ? run->bound_by : nsim_bound_name(run->bound));
    nsim_csv_ratio(csv, run->bound_ppm);
    write_latency(csv, &run->latency);
    nsim_csv_uint(csv, run->blocked_count);
    write_latency(csv, &run->blocked);
    write_places(csv, result, run);
    write_migration(csv, &run->migration);
    write_payers(csv, run, names);
    write_named(csv, run, names);
    nsim_damon_csv_row(csv, result, run);
    if (result->host_stats)
        nsim_csv_uint(csv, run->host_wall_ns);
    nsim_csv_end_line(csv);
}

char *
nsim_render_csv(const NsimResult *result)
{
    NsimCsv csv = {.out = g_string_new(NULL)};
    g_autoptr(GPtrArray) payers = nsim_result_payers(result);
    g_autoptr(GPtrArray) groups = collect_names(result, group_name);
    g_autoptr(GPtrArray) operations = collect_names(result, operation_name);
    g_autoptr(GPtrArray) vmstat = collect_names(result, vmstat_name);
    g_autoptr(GPtrArray) policy_stats = collect_names(result, policy_stat_name);
    const Names names = {payers, groups, operations, vmstat, policy_stats};
    write_heading(&csv, result, &names);
    for (uint32_t i = 0; i < result->run_count; i++)
        write_run(&csv, result, i, &names);
    return g_string_free(csv.out, FALSE);
}
