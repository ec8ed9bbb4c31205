/* SPDX-License-Identifier: MIT */
/* Reading an experiment: the config's top level, policies, run and report settings. */
#include <experiment/plan.h>

#include <experiment/migration.h>

#include <string.h>

static const char *const top_keys[] = { "machine", "workloads", "policies",    "run", "report",
                                        "migration", "groups", "description", NULL };
static const char *const run_keys[] = { "seed", "until", "warmup", NULL };
static const char *const report_keys[] = { "timeline", "damo_record", "damo_schemes", NULL };

/* A run's default seed. */
#define SEED_DEFAULT 1u
/* Rows a timeline gets when the command line asks for one and nobody says how often. */
#define TIMELINE_DEFAULT_PS (10 * NSIM_MS)

static bool
add_policy(GPtrArray *policies, NsimPolicySpec *spec)
{
    if (spec == NULL)
        return false;
    g_ptr_array_add(policies, spec);
    return true;
}

/* Two runs of one label could not be told apart in a report. */
static void
make_labels_unique(GPtrArray *policies)
{
    for (guint i = 0; i < policies->len; i++) {
        NsimPolicySpec *spec = g_ptr_array_index(policies, i);
        for (guint j = 0, n = 1; j < i; j++) {
            const NsimPolicySpec *other = g_ptr_array_index(policies, j);
            if (strcmp(spec->label, other->label) != 0)
                continue;
            g_autofree char *old = spec->label;
            char *hash = strrchr(old, '#');
            if (n > 1 && hash != NULL)
                *hash = '\0';
            spec->label = g_strdup_printf("%s#%u", old, ++n);
            j = (guint)-1;
        }
    }
}

/* One more run for each text of --damo. */
static bool
add_damo(GPtrArray *policies, const NsimPlugins *plugins, const char *const *texts, GError **error)
{
    for (; texts != NULL && *texts != NULL; texts++)
        if (!add_policy(policies, nsim_policy_spec_damo(plugins, *texts, "--damo", error)))
            return false;
    return true;
}

static bool
read_policies(NsimExperiment *plan, const NsimValue *list, const char *base_dir, const NsimExperimentOptions *options,
              GError **error)
{
    const char *const *texts = options->policies;
    g_autoptr(GPtrArray) policies = g_ptr_array_new_with_free_func((GDestroyNotify)nsim_policy_spec_free);
    if (texts != NULL && *texts != NULL) {
        for (; *texts != NULL; texts++) {
            if (!add_policy(policies, nsim_policy_spec_parse(plan->plugins, *texts, error)))
                return false;
        }
    } else if (options->damo_only) {
        /* what --damo adds is all there is */
    } else if (list == NULL) {
        if (!add_policy(policies, nsim_policy_spec_parse(plan->plugins, "first-touch", error)))
            return false;
    } else {
        if (nsim_value_kind(list) != NSIM_VALUE_LIST || nsim_value_count(list) == 0)
            return nsim_value_error(list, error, "'policies' must be a list of at least one policy");
        for (uint32_t i = 0; i < nsim_value_count(list) && i <= NSIM_POLICIES_MAX; i++) {
            if (!add_policy(policies, nsim_policy_spec_from_value(plan->plugins, nsim_value_item(list, i), base_dir, error)))
                return false;
        }
    }
    if (!add_damo(policies, plan->plugins, options->damo, error))
        return false;
    if (policies->len > NSIM_POLICIES_MAX) {
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "more than %u policies in one comparison",
                    NSIM_POLICIES_MAX);
        return false;
    }
    make_labels_unique(policies);
    plan->policy_count = policies->len;
    plan->policies = (NsimPolicySpec **)g_ptr_array_steal(policies, NULL);
    return true;
}

static bool
read_settings(NsimExperiment *plan, const NsimValue *root, const NsimExperimentOptions *options, GError **error)
{
    const NsimValue *run = nsim_value_get(root, "run");
    const NsimValue *report = nsim_value_get(root, "report");
    const char *damo_record = NULL, *damo_schemes = NULL;
    plan->seed = SEED_DEFAULT;
    plan->until_ps = NSIM_TIME_MAX;
    if (run != NULL) {
        if (!nsim_value_check_map(run, "run", run_keys, error) ||
            !nsim_value_read_count(run, "seed", false, 0, UINT64_MAX, &plan->seed, error) ||
            !nsim_value_read_time(run, "until", false, &plan->until_ps, error) ||
            !nsim_value_read_time(run, "warmup", false, &plan->warmup_ps, error))
            return false;
    }
    if (report != NULL) {
        if (!nsim_value_check_map(report, "report", report_keys, error) ||
            !nsim_value_read_time(report, "timeline", false, &plan->timeline_ps, error) ||
            !nsim_value_read_text(report, "damo_record", false, &damo_record, error) ||
            !nsim_value_read_text(report, "damo_schemes", false, &damo_schemes, error))
            return false;
        if (nsim_value_get(report, "timeline") != NULL && plan->timeline_ps == 0)
            return nsim_value_error(nsim_value_get(report, "timeline"), error, "'timeline' must be longer than 0");
    }
    if (options->seed_given)
        plan->seed = options->seed;
    if (options->until_ps > 0)
        plan->until_ps = options->until_ps;
    if (options->timeline_interval_ps > 0)
        plan->timeline_ps = options->timeline_interval_ps;
    else if (options->timeline && plan->timeline_ps == 0)
        plan->timeline_ps = TIMELINE_DEFAULT_PS;
    plan->host_stats = options->host_stats;
    plan->damo_record = g_strdup(options->damo_record != NULL ? options->damo_record : damo_record);
    plan->damo_schemes = g_strdup(options->damo_schemes != NULL ? options->damo_schemes : damo_schemes);
    if (plan->warmup_ps >= plan->until_ps)
        return nsim_value_error(run != NULL ? run : root, error, "'warmup' does not end before 'until'");
    return true;
}

NsimExperiment *
nsim_plan_read(const NsimExperimentOptions *options, GError **error)
{
    g_autoptr(NsimDocument) document = NULL;
    g_autoptr(NsimExperiment) plan = g_new0(NsimExperiment, 1);

    plan->warnings = g_ptr_array_new_with_free_func(g_free);
    document = nsim_document_load(options->config_path, error);
    if (document == NULL)
        return NULL;
    const NsimValue *root = nsim_document_root(document);
    g_autofree char *base_dir = g_path_get_dirname(options->config_path);
    plan->config_name = g_path_get_basename(options->config_path);
    if (!nsim_value_check_map(root, "the experiment", top_keys, error))
        return NULL;
    const NsimValue *machine = nsim_value_get(root, "machine");
    if (machine == NULL) {
        nsim_value_error(root, error, "key 'machine' is missing: give a map, or the name of a machine file");
        return NULL;
    }
    plan->machine = nsim_machine_from_value(machine, base_dir, error);
    if (plan->machine == NULL)
        return NULL;
    plan->plugins = nsim_plugins_new(options->plugins, error);
    if (plan->plugins == NULL || !read_settings(plan, root, options, error) ||
        !read_policies(plan, nsim_value_get(root, "policies"), base_dir, options, error) ||
        !nsim_plan_read_migration(plan, nsim_value_get(root, "migration"), error) ||
        !nsim_plan_resolve_migration(plan, error) ||
        !nsim_plan_read_groups(plan, nsim_value_get(root, "groups"), error) ||
        !nsim_plan_read_workloads(plan, nsim_value_get(root, "workloads"), base_dir, options->traces, error))
        return NULL;
    return g_steal_pointer(&plan);
}

void
nsim_experiment_free(NsimExperiment *plan)
{
    if (plan == NULL)
        return;
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        NsimWorkload *workload = &plan->workloads[w];
        g_free(workload->name);
        g_free(workload->trace_name);
        g_free(workload->accessors);
        g_free(workload->cores);
        g_clear_pointer(&workload->trace, nsim_trace_unref);
    }
    for (uint32_t p = 0; p < plan->policy_count; p++)
        nsim_policy_spec_free(plan->policies[p]);
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++)
        g_free(plan->migration_texts[i]);
    for (uint32_t g = 0; g < plan->group_count; g++)
        g_free(plan->groups[g].name);
    g_free(plan->groups);
    g_free(plan->workloads);
    g_free(plan->policies);
    g_clear_pointer(&plan->machine, nsim_machine_unref);
    nsim_plugins_free(plan->plugins);
    g_ptr_array_unref(plan->warnings);
    g_free(plan->damo_record);
    g_free(plan->damo_schemes);
    g_free(plan->config_name);
    g_free(plan);
}
