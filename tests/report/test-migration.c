/* SPDX-License-Identifier: MIT */
/* Goal: words, sums and payers of migrations. Method: a result whose figures are known, changed at its ends. */
#include "test-report.h"

#include "sample.h"

#include <CUnit/CUnit.h>

#include <report/migration.h>

#include <sim/time.h>

#include <string.h>

/* Keys of reports: lower-case words, all different. */
static void
check_words(const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(strspn(words[i], "abcdefghijklmnopqrstuvwxyz_"), strlen(words[i]));
        CU_ASSERT(strlen(words[i]) > 0);
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_STRING_NOT_EQUAL(words[i], words[j]);
    }
}

static void
test_names(void)
{
    const char *words[NSIM_PHASES + NSIM_CAUSES + NSIM_COPIERS];
    size_t count = 0;
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++)
        words[count++] = nsim_phase_name(phase);
    for (NsimCause cause = 0; cause < NSIM_CAUSES; cause++)
        words[count++] = nsim_cause_name(cause);
    for (NsimCopierKind kind = 0; kind < NSIM_COPIERS; kind++)
        words[count++] = nsim_copier_name(kind);
    check_words(words, count);
    CU_ASSERT_STRING_EQUAL(nsim_phase_name(NSIM_PHASE_WAIT), "wait");
    CU_ASSERT_STRING_EQUAL(nsim_cause_name(NSIM_CAUSE_NO_DESTINATION), "no_destination");
    CU_ASSERT_STRING_EQUAL(nsim_copier_name(NSIM_COPIER_DMA), "dma");
}

static void
test_cost(void)
{
    g_autoptr(NsimResult) result = sample_new(2);
    NsimMigrationResult *migration = &result->runs[1].migration;
    CU_ASSERT_EQUAL(nsim_migration_cost_ps(migration), 0);
    sample_add_migrations(result, 1);
    NsimTime charged_ps = 0;
    for (uint32_t i = 0; i < migration->charged_count; i++)
        charged_ps += migration->charged[i].charged_ps;
    CU_ASSERT_EQUAL(nsim_migration_cost_ps(migration), charged_ps);
    CU_ASSERT_EQUAL(charged_ps, 40 * NSIM_MS);
    migration->cost_ps[NSIM_PHASE_COPY] = UINT64_MAX;
    CU_ASSERT_EQUAL(nsim_migration_cost_ps(migration), UINT64_MAX);
}

static void
test_has_migration(void)
{
    g_autoptr(NsimResult) result = sample_new(2);
    NsimMigrationResult *migration = &result->runs[1].migration;
    CU_ASSERT_FALSE(nsim_result_has_migration(result));
    /* An attempt that failed counts, and so does one that only cost time. */
    migration->failed_pages = 1;
    CU_ASSERT_TRUE(nsim_result_has_migration(result));
    CU_ASSERT_FALSE(nsim_run_has_migration(&result->runs[0]));
    CU_ASSERT_TRUE(nsim_run_has_migration(&result->runs[1]));
    migration->failed_pages = 0;
    migration->cost_ps[NSIM_PHASE_WAIT] = 1;
    CU_ASSERT_TRUE(nsim_result_has_migration(result));
    migration->cost_ps[NSIM_PHASE_WAIT] = 0;
    migration->pages = 1;
    CU_ASSERT_TRUE(nsim_result_has_migration(result));
}

static void
test_payers(void)
{
    static const char *const expected[] = {"CPU1",         "CPU2",        "worker",      "kdamond.0",
                                           "kswapd.DRAM1", "kswapd.CXL1", "group:batch", "group:serving"};
    g_autoptr(NsimResult) result = sample_new(4);
    g_autoptr(GPtrArray) none = nsim_result_payers(result);
    CU_ASSERT_EQUAL(none->len, 0);
    sample_add_migrations(result, 1);
    sample_add_migrations(result, 2);
    g_autoptr(GPtrArray) payers = nsim_result_payers(result);
    CU_ASSERT_EQUAL_FATAL(payers->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < payers->len; i++)
        CU_ASSERT_STRING_EQUAL(g_ptr_array_index(payers, i), expected[i]);
    CU_ASSERT_EQUAL(nsim_migration_charged_ps(&result->runs[1].migration, "CPU1"), 6 * NSIM_MS);
    CU_ASSERT_EQUAL(nsim_migration_charged_ps(&result->runs[1].migration, "group:serving"), 0);
    CU_ASSERT_EQUAL(nsim_migration_charged_ps(&result->runs[0].migration, "CPU1"), 0);
}

bool
test_migration_register(void)
{
    CU_pSuite suite = CU_add_suite("migration", NULL, NULL);
    return suite && CU_add_test(suite, "names", test_names) && CU_add_test(suite, "cost", test_cost) &&
           CU_add_test(suite, "anything moved", test_has_migration) && CU_add_test(suite, "payers", test_payers);
}
