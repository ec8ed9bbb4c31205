/* SPDX-License-Identifier: MIT */
/*
 * Goal: the text report stays within 80 columns and is safe to print whatever the result holds.
 * Method: odd results, every line measured; goldens (test-render.c) cover the wording.
 */
#include "test-report.h"

#include "sample.h"

#include <CUnit/CUnit.h>

#include <report/format.h>
#include <report/render.h>
#include <sim/time.h>

#include <string.h>

static void
check_lines(const NsimResult *result)
{
    g_autofree char *text = nsim_render_text(result);
    CU_ASSERT_TRUE(g_utf8_validate(text, -1, NULL));
    CU_ASSERT_TRUE(g_str_has_suffix(text, "\n"));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        CU_ASSERT(nsim_text_columns(*line) <= 80);
        CU_ASSERT_FALSE(g_str_has_suffix(*line, " "));
        for (const char *p = *line; *p; p++)
            CU_ASSERT_FALSE(g_ascii_iscntrl(*p));
    }
}

/* Migrations of all runs, with payers of any number and causes of all kinds. */
static void
add_payers(NsimResult *result, uint32_t payer_count)
{
    for (uint32_t i = 0; i < result->run_count; i++) {
        NsimMigrationResult *migration = &result->runs[i].migration;
        sample_add_migrations(result, i);
        for (uint32_t k = migration->charged_count; k < payer_count; k++) {
            migration->charged = g_renew(NsimChargeResult, migration->charged, k + 1);
            migration->charged[k] = (NsimChargeResult){g_strdup_printf("kdamond.%u", k), NSIM_MS};
            migration->cost_ps[NSIM_PHASE_COPY] += NSIM_MS;
            migration->charged_count = k + 1;
        }
    }
}

static void
test_sizes(void)
{
    static const uint32_t counts[] = {1, 2, 5, 6, 7, 8, 40, 250};
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(NsimResult) result = sample_new_sized(8, 3, counts[i], counts[i] - 1);
        check_lines(result);
        add_payers(result, counts[i]);
        check_lines(result);
    }
}

static void
set_everything(NsimResult *result, const char *name)
{
    sample_set(&result->machine, name);
    sample_set(&result->config, name);
    sample_set(&result->inputs[0].name, name);
    for (uint32_t r = 0; r < result->run_count; r++) {
        NsimRunResult *run = &result->runs[r];
        sample_set(&run->policy, name);
        sample_set(&run->label, name);
        sample_set(&run->bound_by, name);
        run->bound = NSIM_BOUND_RESOURCE;
        for (uint32_t i = 0; i < result->node_count; i++)
            sample_set(&run->nodes[i].id, name);
        for (uint32_t i = 0; i < result->link_count; i++)
            sample_set(&run->links[i].id, name);
        for (uint32_t i = 0; i < run->operation_count; i++)
            sample_set(&run->operations[i].name, name);
        for (uint32_t i = 0; i < run->policy_stat_count; i++) {
            sample_set(&run->policy_stats[i].key, name);
            sample_set(&run->policy_stats[i].unit, name);
        }
        if (run->migration.charged_count > 0)
            sample_set(&run->migration.charged[0].payer, name);
    }
}

/* Long names are cut, wide characters counted, control characters and bad UTF-8 replaced. */
static void
test_names(void)
{
    static const char *const names[] = {"a label of much more than eighty columns, as a script may well make one out "
                                        "of all the options that it tried",
                                        "\xe4\xb8\xad\xe6\x96\x87 \xe4\xb8\xad\xe6\x96\x87 \xe4\xb8\xad\xe6\x96\x87 "
                                        "\xe4\xb8\xad\xe6\x96\x87 \xe4\xb8\xad\xe6\x96\x87 \xe4\xb8\xad\xe6\x96\x87",
                                        "esc\033[31m\r\nbell\a", "bad\xff\xfe", ""};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(NsimResult) result = sample_new(8);
        add_payers(result, 0);
        set_everything(result, names[i]);
        check_lines(result);
    }
}

static void
fill_maximum(NsimLatencySummary *summary)
{
    *summary = (NsimLatencySummary){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
}

static void
fill_maximum_migration(NsimMigrationResult *migration)
{
    migration->bytes = migration->promoted_pages = migration->demoted_pages = UINT64_MAX;
    migration->failed_pages = migration->ping_pong_pages = UINT64_MAX;
    for (NsimPhase phase = 0; phase < NSIM_PHASES; phase++)
        migration->cost_ps[phase] = UINT64_MAX;
    for (NsimCause cause = NSIM_CAUSE_NONE + 1; cause < NSIM_CAUSES; cause++)
        migration->failed_by_cause[cause] = UINT64_MAX;
    for (uint32_t i = 0; i < migration->charged_count; i++)
        migration->charged[i].charged_ps = UINT64_MAX;
}

static void
test_huge(void)
{
    g_autoptr(NsimResult) result = sample_new(8);
    add_payers(result, 20);
    for (uint32_t r = 0; r < result->run_count; r += 2) {
        NsimRunResult *run = &result->runs[r];
        run->runtime_ps = run->access_count = run->speedup_ppm = UINT64_MAX;
        run->bound_ppm = 1000000;
        fill_maximum(&run->latency);
        fill_maximum(&run->blocked);
        run->blocked_count = UINT64_MAX;
        fill_maximum_migration(&run->migration);
        for (uint32_t i = 0; i < run->operation_count; i++) {
            fill_maximum(&run->operations[i].time);
            run->operations[i].count = UINT64_MAX;
        }
        for (uint32_t i = 0; i < result->accessor_count; i++)
            run->accessors[i].node_access_count[0] = UINT64_MAX;
    }
    check_lines(result);
}

static void
test_colour(void)
{
    g_autoptr(NsimResult) result = sample_new(3);
    g_autofree char *plain = nsim_render_text(result), *styled = nsim_render_text_styled(result, true);
    CU_ASSERT_PTR_NULL(strchr(plain, '\033'));
    CU_ASSERT_PTR_NOT_NULL(strstr(styled, "\033[1minterleave"));
    CU_ASSERT_PTR_NULL(strstr(styled, "\033[1mlocal"));
    /* Without the marks it is the same text. */
    g_auto(GStrv) pieces = g_strsplit(styled, "\033[1m", -1);
    g_autofree char *half = g_strjoinv("", pieces);
    g_auto(GStrv) rest = g_strsplit(half, "\033[0m", -1);
    g_autofree char *bare = g_strjoinv("", rest);
    CU_ASSERT_STRING_EQUAL(bare, plain);
    /* One run has nothing to stand out from. */
    g_autoptr(NsimResult) single = sample_new(1);
    g_autofree char *alone = nsim_render_text_styled(single, true);
    CU_ASSERT_PTR_NULL(strchr(alone, '\033'));
}

static void
test_many_operations(void)
{
    g_autoptr(NsimResult) result = sample_new(1);
    NsimRunResult *run = &result->runs[0];
    run->operations = g_renew(NsimOperationResult, run->operations, 1000);
    for (uint32_t i = run->operation_count; i < 1000; i++)
        run->operations[i] = (NsimOperationResult){.name = g_strdup_printf("layer%u", i), .count = 1};
    run->operation_count = 1000;
    check_lines(result);
    g_autofree char *text = nsim_render_text(result);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "(996 more kinds of operation not shown)\n"));
}

static bool
has_line(const char *text, const char *expected)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    return g_strv_contains((const char *const *)lines, expected);
}

/* The heaviest payers have columns, the rest is summed; runs that moved nothing have no row. */
static void
test_payers(void)
{
    g_autoptr(NsimResult) result = sample_new(3);
    g_autofree char *still = nsim_render_text(result);
    CU_ASSERT_PTR_NULL(strstr(still, "migration"));
    sample_add_migrations(result, 1);
    g_autofree char *text = nsim_render_text(result);
    CU_ASSERT_TRUE(has_line(text, "who paid for migrations, ms  CPU1  worker  kdamond.0  group:batch  other"));
    CU_ASSERT_TRUE(has_line(text, "local                        6.00    8.00      18.00         4.00   4.00"));
}

/* Nothing was moved: why, and not what it cost. */
static void
test_failures(void)
{
    g_autoptr(NsimResult) result = sample_new(2);
    result->runs[1].migration.failed_pages = result->runs[1].migration.failed_by_cause[NSIM_CAUSE_PINNED] = 12345;
    g_autofree char *text = nsim_render_text(result);
    CU_ASSERT_TRUE(has_line(text, "local           -         -        -  12.3 k          -     -"));
    CU_ASSERT_PTR_NULL(strstr(text, "who paid"));
    CU_ASSERT_PTR_NULL(strstr(text, "by step"));
    CU_ASSERT_PTR_NULL(strstr(text, "waits"));
    CU_ASSERT_TRUE(has_line(text, "pages not moved  pinned"));
    CU_ASSERT_TRUE(has_line(text, "local            12.3 k"));
}

bool
test_render_text_register(void)
{
    CU_pSuite suite = CU_add_suite("render-text", NULL, NULL);
    return suite && CU_add_test(suite, "machines of all sizes", test_sizes) &&
           CU_add_test(suite, "names", test_names) && CU_add_test(suite, "huge numbers", test_huge) &&
           CU_add_test(suite, "colour", test_colour) && CU_add_test(suite, "many operations", test_many_operations) &&
           CU_add_test(suite, "payers", test_payers) && CU_add_test(suite, "failures", test_failures);
}
