/* SPDX-License-Identifier: MIT */
/* What --check-config and `numasim policies` print. */
#include <experiment/experiment.h>

#include <experiment/migration.h>
#include <models/quantity.h>

/* "0-3 on CPU1, 4-7 on CPU2" */
static void
append_threads(GString *text, const NsimExperiment *plan, const NsimWorkload *workload)
{
    const uint32_t count = nsim_trace_info(workload->trace)->thread_count;
    uint32_t first = 0;
    for (uint32_t t = 1; t <= count; t++) {
        if (t < count && workload->accessors[t] == workload->accessors[first])
            continue;
        g_string_append_printf(text, "%s%u", first > 0 ? ", " : "", first);
        if (t - first > 1)
            g_string_append_printf(text, "-%u", t - 1);
        g_string_append_printf(text, " on %s", plan->machine->accessors[workload->accessors[first]].id);
        first = t;
    }
}

static void
append_workload(GString *text, const NsimExperiment *plan, const NsimWorkload *workload)
{
    const NsimTraceInfo *info = nsim_trace_info(workload->trace);
    g_autofree char *footprint = nsim_quantity_format((uint64_t)info->frame_count << 21, NSIM_QUANTITY_BYTES);
    g_autofree char *start = nsim_quantity_format(workload->start_ps, NSIM_QUANTITY_TIME);
    g_string_append_printf(text, "workload %s: trace %s, %u threads, %s of 2 MiB frames, start %s\n", workload->name,
                           workload->trace_name, info->thread_count, footprint, start);
    g_string_append(text, "  threads ");
    append_threads(text, plan, workload);
    if (workload->loaded)
        g_string_append_printf(text, "; loaded by %s", plan->machine->accessors[workload->loader].id);
    g_string_append_c(text, '\n');
}

char *
nsim_experiment_describe(const NsimExperiment *plan)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "machine %s: %u accessors, %u nodes, %u links\n", plan->machine->name,
                           plan->machine->accessor_count, plan->machine->node_count, plan->machine->link_count);
    for (uint32_t w = 0; w < plan->workload_count; w++)
        append_workload(text, plan, &plan->workloads[w]);
    for (uint32_t p = 0; p < plan->policy_count; p++) {
        const NsimPolicySpec *spec = plan->policies[p];
        g_string_append_printf(text, "policy %s%s\n", spec->label, p == 0 ? " (baseline)" : "");
        for (uint32_t i = 0; i < spec->class->option_count; i++)
            g_string_append_printf(text, "  %s = %s\n", spec->class->options[i].key, spec->texts[i]);
        for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++) {
            if (spec->mover_texts[i] != NULL)
                g_string_append_printf(text, "  %s = %s\n", nsim_mover_options[i].key, spec->mover_texts[i]);
        }
        for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++) {
            if (spec->damon_texts[i] != NULL)
                g_string_append_printf(text, "  %s = %s\n", nsim_damon_options[i].key, spec->damon_texts[i]);
        }
    }
    g_string_append_printf(text, "seed %" G_GUINT64_FORMAT, plan->seed);
    if (plan->until_ps != NSIM_TIME_MAX) {
        g_autofree char *until = nsim_quantity_format(plan->until_ps, NSIM_QUANTITY_TIME);
        g_string_append_printf(text, ", until %s", until);
    }
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

void
nsim_option_append(GString *text, const NsimOption *option)
{
    g_autofree char *range = nsim_option_describe(option);
    g_string_append_printf(text, "  %s (%s; %s%s)\n      %s\n      from: %s\n", option->key, range,
                           option->default_text != NULL ? "default " : "must be given",
                           option->default_text != NULL ? option->default_text : "", option->help, option->source);
}

char *
nsim_policies_list(const char *const *paths, GError **error)
{
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(paths, error);
    if (plugins == NULL)
        return NULL;
    GString *text = g_string_new(NULL);
    for (uint32_t i = 0; i < nsim_plugins_count(plugins); i++) {
        const NsimPolicyClass *class = nsim_plugins_get(plugins, i);
        g_string_append_printf(text, "%-20s %s\n", class->name, class->summary);
    }
    return g_string_free(text, FALSE);
}

/* (transfer full) */
static char *
describe_monitoring(void)
{
    GString *text = g_string_new("monitoring: what is the same for all kdamonds of a run; every policy takes these options, and "
                                 "they are\nan error for one that starts no kdamonds\n\noptions:\n");
    for (uint32_t i = 0; i < NSIM_DAMON_OPTION_COUNT; i++)
        nsim_option_append(text, &nsim_damon_options[i]);
    return g_string_free(text, FALSE);
}

char *
nsim_policies_describe(const char *name, const char *const *paths, GError **error)
{
    if (g_str_equal(name, "migration"))
        return nsim_migration_describe();
    if (g_str_equal(name, "monitoring"))
        return describe_monitoring();
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(paths, error);
    const NsimPolicyClass *class = plugins == NULL ? NULL : nsim_plugins_find(plugins, name, error);
    if (class == NULL)
        return NULL;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s: %s\nsource:  %s\nlicence: %s\n", class->name, class->summary, class->source,
                           class->licence);
    if ((class->caps & NSIM_CAP_FUTURE) != 0)
        g_string_append(text, "note:    reads the trace ahead of time; no real system can\n");
    if ((class->caps & NSIM_CAP_LAZY) != 0)
        g_string_append(text, "note:    leaves pages without memory until the trace touches them\n");
    g_string_append(text, class->option_count > 0 ? "\noptions:\n" : "\nno options but label\n");
    for (uint32_t i = 0; i < class->option_count; i++)
        nsim_option_append(text, &class->options[i]);
    if (class->counter_count > 0)
        g_string_append(text, "\ncounters:\n");
    for (uint32_t i = 0; i < class->counter_count; i++)
        g_string_append_printf(text, "  %s (%s): %s\n", class->counters[i].key, class->counters[i].unit,
                               class->counters[i].help);
    return g_string_free(text, FALSE);
}
