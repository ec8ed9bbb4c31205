/* SPDX-License-Identifier: MIT */
/* Migrations as reports show them. */
#include <report/migration.h>

#include <report/format.h>
#include <sim/assert.h>

const char *
nsim_phase_name(NsimPhase phase)
{
    static const char *const names[NSIM_PHASES] = {
        [NSIM_PHASE_ISOLATE] = "isolate", [NSIM_PHASE_UNMAP] = "unmap", [NSIM_PHASE_FLUSH] = "flush",
        [NSIM_PHASE_COPY] = "copy",       [NSIM_PHASE_REMAP] = "remap", [NSIM_PHASE_RELEASE] = "release",
        [NSIM_PHASE_WAIT] = "wait"};
    nsim_assert(phase < NSIM_PHASES);
    return names[phase];
}

const char *
nsim_cause_name(NsimCause cause)
{
    static const char *const names[NSIM_CAUSES] = {[NSIM_CAUSE_NONE] = "none",
                                                   [NSIM_CAUSE_LOCKED] = "locked",
                                                   [NSIM_CAUSE_PINNED] = "pinned",
                                                   [NSIM_CAUSE_WRITEBACK] = "writeback",
                                                   [NSIM_CAUSE_NO_DESTINATION] = "no_destination",
                                                   [NSIM_CAUSE_DIRTIED] = "dirtied",
                                                   [NSIM_CAUSE_CANCELLED] = "cancelled",
                                                   [NSIM_CAUSE_THROTTLED] = "throttled",
                                                   [NSIM_CAUSE_UNREACHABLE] = "unreachable"};
    nsim_assert(cause < NSIM_CAUSES);
    return names[cause];
}

const char *
nsim_copier_name(NsimCopierKind kind)
{
    static const char *const names[NSIM_COPIERS] = {[NSIM_COPIER_CPU] = "cpu",
                                                    [NSIM_COPIER_MTCPU] = "mtcpu",
                                                    [NSIM_COPIER_DMA] = "dma",
                                                    [NSIM_COPIER_AUTO] = "auto"};
    nsim_assert(kind < NSIM_COPIERS);
    return names[kind];
}

NsimTime
nsim_migration_cost_ps(const NsimMigrationResult *migration)
{
    NsimTime sum = 0;
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++)
        sum = nsim_add_saturated(sum, migration->cost_ps[phase]);
    return sum;
}

bool
nsim_run_has_migration(const NsimRunResult *run)
{
    const NsimMigrationResult *migration = &run->migration;
    return migration->pages > 0 || migration->failed_pages > 0 || nsim_migration_cost_ps(migration) > 0;
}

bool
nsim_result_has_migration(const NsimResult *result)
{
    for (uint32_t i = 0; i < result->run_count; i++)
        if (nsim_run_has_migration(&result->runs[i]))
            return true;
    return false;
}

NsimTime
nsim_migration_charged_ps(const NsimMigrationResult *migration, const char *payer)
{
    for (uint32_t i = 0; i < migration->charged_count; i++)
        if (g_str_equal(migration->charged[i].payer, payer))
            return migration->charged[i].charged_ps;
    return 0;
}

GPtrArray *
nsim_result_payers(const NsimResult *result)
{
    GPtrArray *payers = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t r = 0; r < result->run_count; r++) {
        const NsimMigrationResult *migration = &result->runs[r].migration;
        for (uint32_t i = 0; i < migration->charged_count; i++)
            if (g_hash_table_add(seen, migration->charged[i].payer))
                g_ptr_array_add(payers, migration->charged[i].payer);
    }
    return payers;
}
