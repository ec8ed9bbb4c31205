/* SPDX-License-Identifier: MIT */
/* Migration options and groups of an experiment. */
#include <experiment/migration.h>

#include <models/quantity.h>
#include <string.h>

#define GROUPS_MAX 256u

static const char *const group_keys[] = {"migrate", "migrate_burst", "cpu", "cpu_burst", "limit", NULL};

/* A tenth of a second's worth, as kernel bandwidth control has it by default (sched_cfs: 100 ms). */
#define BURST_PS (100 * NSIM_MS)

bool
nsim_plan_read_migration(NsimExperiment *plan, const NsimValue *map, GError **error)
{
    const char *keys[NSIM_MOVER_OPTION_COUNT + 1] = {NULL};
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++)
        keys[i] = nsim_mover_options[i].key;
    if (map == NULL)
        return true;
    if (!nsim_value_check_map(map, "migration", keys, error))
        return false;
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++) {
        const NsimValue *value = nsim_value_get(map, keys[i]);
        NsimMoverConfig scratch;
        if (value == NULL)
            continue;
        if (nsim_value_text(value) == NULL)
            return nsim_value_error(value, error, "'%s' wants one value", keys[i]);
        plan->migration_texts[i] = g_strdup(nsim_value_text(value));
        g_autofree char *problem = nsim_option_store(&nsim_mover_options[i], plan->migration_texts[i], &scratch);
        if (problem != NULL)
            return nsim_value_error(value, error, "'%s': %s", keys[i], problem);
    }
    return true;
}

static bool
read_group(NsimGroup *group, const NsimValue *map, GError **error)
{
    if (!nsim_value_check_map(map, "a group", group_keys, error) ||
        !nsim_value_read_rate(map, "migrate", false, &group->bytes_per_s, error) ||
        !nsim_value_read_ratio(map, "cpu", false, &group->cpu_ppm, error))
        return false;
    if (nsim_value_get(map, "cpu") != NULL && (group->cpu_ppm == 0 || group->cpu_ppm > 1000000000))
        return nsim_value_error(nsim_value_get(map, "cpu"), error,
                                "'cpu' is a share of one core, above 0 and at most 100000%%");
    if (nsim_value_get(map, "migrate") != NULL && group->bytes_per_s == 0)
        return nsim_value_error(nsim_value_get(map, "migrate"), error, "'migrate' must be above 0");
    group->bytes_burst = group->bytes_per_s / 10;
    group->cpu_burst_ps = BURST_PS / 1000000 * group->cpu_ppm;
    if (!nsim_value_read_bytes(map, "limit", false, &group->limit_bytes, error))
        return false;
    if (nsim_value_get(map, "limit") != NULL && group->limit_bytes == 0)
        return nsim_value_error(nsim_value_get(map, "limit"), error, "'limit' must be above 0");
    return nsim_value_read_bytes(map, "migrate_burst", false, &group->bytes_burst, error) &&
           nsim_value_read_time(map, "cpu_burst", false, &group->cpu_burst_ps, error);
}

bool
nsim_plan_read_groups(NsimExperiment *plan, const NsimValue *map, GError **error)
{
    if (map == NULL)
        return true;
    if (nsim_value_kind(map) != NSIM_VALUE_MAP || nsim_value_count(map) > GROUPS_MAX)
        return nsim_value_error(map, error, "'groups' must be a map of at most %u groups, NAME: {...}", GROUPS_MAX);
    plan->groups = g_new0(NsimGroup, nsim_value_count(map) + 1);
    for (uint32_t g = 0; g < nsim_value_count(map); g++) {
        NsimGroup *group = &plan->groups[plan->group_count++];
        group->name = g_strdup(nsim_value_key(map, g));
        if (!read_group(group, nsim_value_item(map, g), error))
            return false;
    }
    return true;
}

bool
nsim_plan_find_group(const NsimExperiment *plan, const NsimValue *value, uint32_t *ret, GError **error)
{
    const char *name = nsim_value_text(value);
    g_autoptr(GString) all = g_string_new(NULL);
    for (uint32_t g = 0; g < plan->group_count; g++) {
        g_string_append_printf(all, "%s%s", g > 0 ? ", " : "", plan->groups[g].name);
        if (name != NULL && strcmp(name, plan->groups[g].name) == 0) {
            *ret = g;
            return true;
        }
    }
    return nsim_value_error(value, error, "no group '%s'; 'groups' has %s", name == NULL ? "" : name,
                            all->len > 0 ? all->str : "none");
}

/* What a policy's options name must be there. NULL, or what is wrong. (transfer full) */
static char *
check(const NsimExperiment *plan, const NsimMoverConfig *config)
{
    NsimCopierKind copiers[NSIM_REASONS];
    char *problem = nsim_mover_read_reasons(config, copiers);
    if (problem != NULL)
        return problem;
    for (int r = 0; r < NSIM_REASONS; r++) {
        if (copiers[r] == NSIM_COPIER_DMA && plan->machine->engine_count == 0)
            return g_strdup_printf("the dma copier needs a copy engine, and machine '%s' has none under 'copy_engines'",
                                   plan->machine->name);
    }
    if (*config->engine == '\0' || nsim_machine_find_engine(plan->machine, config->engine) != UINT32_MAX)
        return NULL;
    g_autoptr(GString) all = g_string_new(NULL);
    for (uint32_t e = 0; e < plan->machine->engine_count; e++)
        g_string_append_printf(all, "%s%s", e > 0 ? ", " : "", plan->machine->engines[e].id);
    return g_strdup_printf("no copy engine '%s'; the machine has %s", config->engine, all->len > 0 ? all->str : "none");
}

bool
nsim_plan_resolve_migration(NsimExperiment *plan, GError **error)
{
    for (uint32_t p = 0; p < plan->policy_count; p++) {
        NsimPolicySpec *spec = plan->policies[p];
        g_autofree char *problem = NULL;
        spec->mover = nsim_mover_config_default();
        for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT && problem == NULL; i++) {
            const char *text = spec->mover_texts[i] != NULL ? spec->mover_texts[i] : plan->migration_texts[i];
            if (text != NULL)
                problem = nsim_option_store(&nsim_mover_options[i], text, &spec->mover);
        }
        if (problem == NULL)
            problem = check(plan, &spec->mover);
        if (problem != NULL) {
            g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, "policy '%s': %s", spec->class->name,
                        problem);
            return false;
        }
    }
    return true;
}

char *
nsim_migration_describe(void)
{
    GString *text = g_string_new("migration: how pages are moved and replaced; every policy takes these options, and the\n"
                                 "config's 'migration:' gives them for all\n\noptions:\n");
    for (uint32_t i = 0; i < NSIM_MOVER_OPTION_COUNT; i++)
        nsim_option_append(text, &nsim_mover_options[i]);
    return g_string_free(text, FALSE);
}
