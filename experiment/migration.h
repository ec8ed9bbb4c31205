/* SPDX-License-Identifier: MIT */
/* How a run migrates: the config's `migration:` and `groups:`, and the keys of it that a policy gives. */
#pragma once

#include <experiment/plan.h>

/*
 * Read `migration:` (nullable): a map of the mover's options. Its values are the defaults of every policy's. Fills
 * plan->migration_texts.
 */
bool nsim_plan_read_migration(NsimExperiment *plan, const NsimValue *map, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Read `groups:` (nullable): {NAME: {migrate: RATE, migrate_burst: SIZE, cpu: RATIO, cpu_burst: TIME}, ...}. */
bool nsim_plan_read_groups(NsimExperiment *plan, const NsimValue *map, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Index of a group by its name, with an error that names those there are. */
bool nsim_plan_find_group(const NsimExperiment *plan, const NsimValue *value, uint32_t *ret, GError **error);

/* Put each policy's migration options together: its own, the config's, the defaults. Checks what they name. */
bool nsim_plan_resolve_migration(NsimExperiment *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What `numasim policies migration` prints. (transfer full) */
char *nsim_migration_describe(void);
