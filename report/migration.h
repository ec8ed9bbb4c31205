/* SPDX-License-Identifier: MIT */
/* Migrations as reports show them: the words of numasim/migration.h, sums, and who paid. */
#pragma once

#include <report/result.h>

/* The enum values as the report has them: "isolate", "no_destination", "mtcpu". (transfer none) */
const char *nsim_phase_name(NsimPhase phase);
const char *nsim_cause_name(NsimCause cause);
const char *nsim_copier_name(NsimCopierKind kind);

/* Something was moved, failed to, or cost time. */
bool nsim_run_has_migration(const NsimRunResult *run);
bool nsim_result_has_migration(const NsimResult *result);

/* The time of all steps, or UINT64_MAX when it does not fit. */
NsimTime nsim_migration_cost_ps(const NsimMigrationResult *migration);
/* What `payer` was charged: 0 when it is not among the payers. */
NsimTime nsim_migration_charged_ps(const NsimMigrationResult *migration, const char *payer);
/* Payers of any run, in the order of their first appearance. (element-type utf8) (transfer container): the names stay
 * the result's. */
GPtrArray *nsim_result_payers(const NsimResult *result);
