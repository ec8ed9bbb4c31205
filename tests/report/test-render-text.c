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

static void
test_sizes(void)
{
    static const uint32_t counts[] = {1, 2, 5, 6, 7, 8, 40, 250};
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(NsimResult) result = sample_new_sized(8, 3, counts[i], counts[i] - 1);
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
test_huge(void)
{
    g_autoptr(NsimResult) result = sample_new(8);
    for (uint32_t r = 0; r < result->run_count; r += 2) {
        NsimRunResult *run = &result->runs[r];
        run->runtime_ps = run->access_count = run->speedup_ppm = UINT64_MAX;
        run->bound_ppm = 1000000;
        fill_maximum(&run->latency);
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

bool
test_render_text_register(void)
{
    CU_pSuite suite = CU_add_suite("render-text", NULL, NULL);
    return suite && CU_add_test(suite, "machines of all sizes", test_sizes) &&
           CU_add_test(suite, "names", test_names) && CU_add_test(suite, "huge numbers", test_huge) &&
           CU_add_test(suite, "colour", test_colour) && CU_add_test(suite, "many operations", test_many_operations);
}
