/* SPDX-License-Identifier: MIT */
/* Goal: a sample has all of the pages it has, and says how wrong it is. Method: pages of sample and original compared.
 */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <traces/generate.h>
#include <traces/tool-sample.h>

#include <glib/gstdio.h>

static const TestToolShape shape = {3, 4, 800, 60, 4, true, false};

static NsimTrace *
sample(NsimTrace *trace, const NsimSampleOptions *options, NsimSampleReport *report)
{
    g_autofree char *path = test_path("sample.trace");
    g_autoptr(GError) error = NULL;
    if (nsim_trace_sample(path, trace, options, NULL, report, &error))
        return test_tool_open(path);
    g_printerr("%s\n", error->message);
    CU_FAIL("cannot be sampled");
    return NULL;
}

static void
test_all(void)
{
    const NsimSampleOptions options = {.rate_ppm = NSIM_SAMPLE_ALL, .page_shift = 12};
    NsimSampleReport report;
    g_autoptr(NsimTrace) trace = test_tool_trace("all.trace", &shape);
    g_autoptr(NsimTrace) found = sample(trace, &options, &report);
    CU_ASSERT_TRUE(test_tool_same(trace, found));
    CU_ASSERT_EQUAL(report.lines, report.kept_lines);
    CU_ASSERT_EQUAL(report.pages, report.kept_pages);
    CU_ASSERT_EQUAL(report.line_share.ppm, 1000000);
    CU_ASSERT_EQUAL(report.line_share.error_ppm, 0);
    CU_ASSERT_EQUAL(report.write_share.ppm, report.write_ppm);
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Every page is in the sample with all of a thread's lines in their order, or not at all. */
static void
check_pages(NsimTrace *whole, NsimTrace *part, unsigned page_shift)
{
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(uint64_t)); /* pages, sorted */
    for (uint32_t thread = 0; thread < shape.threads; thread++)
        test_tool_lines(part, thread, kept);
    for (guint i = 0; i < kept->len; i++)
        g_array_index(kept, uint64_t, i) = g_array_index(kept, uint64_t, i) >> (page_shift - 6 + 3);
    g_array_sort(kept, compare);
    for (uint32_t thread = 0; thread < shape.threads; thread++) {
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        guint count = 0;
        test_tool_lines(whole, thread, all);
        test_tool_lines(part, thread, some);
        for (guint i = 0; i < all->len; i++) {
            const uint64_t page = g_array_index(all, uint64_t, i) >> (page_shift - 6 + 3);
            if (bsearch(&page, kept->data, kept->len, sizeof page, compare) == NULL)
                continue;
            CU_ASSERT_TRUE_FATAL(count < some->len);
            CU_ASSERT_EQUAL_FATAL(g_array_index(all, uint64_t, i), g_array_index(some, uint64_t, count));
            count++;
        }
        CU_ASSERT_EQUAL(count, some->len);
        const uint64_t before = nsim_trace_info(whole)->threads[thread].gap_total,
                       after = nsim_trace_info(part)->threads[thread].gap_total;
        CU_ASSERT_TRUE(after <= before && after + 1 >= before); /* the last record is a barrier */
    }
}

static void
test_part(void)
{
    NsimSampleOptions options = {.rate_ppm = 250000, .page_shift = 12, .seed = 1};
    NsimSampleReport report;
    g_autoptr(NsimTrace) trace = test_tool_trace("part.trace", &shape);
    g_autoptr(NsimTrace) found = sample(trace, &options, &report);
    check_pages(trace, found, 12);
    CU_ASSERT_TRUE(report.kept_pages > report.pages / 5 && report.kept_pages < report.pages * 3 / 10);
    CU_ASSERT_EQUAL(report.kept_lines, nsim_trace_info(found)->read_lines + nsim_trace_info(found)->write_lines +
                                           nsim_trace_info(found)->rfo_lines);
    /* Four standard errors are passed once in ten thousand seeds, and this is one seed. */
    const uint64_t distance =
        report.line_share.ppm > 1000000 ? report.line_share.ppm - 1000000 : 1000000 - report.line_share.ppm;
    CU_ASSERT_TRUE(report.line_share.error_ppm > 0 && distance < 4 * report.line_share.error_ppm);
    CU_ASSERT_TRUE(report.miss_ratio.ppm > 0 && report.miss_ratio.ppm < 1000000);
    g_autofree char *text = nsim_sample_report_describe(&report);
    CU_ASSERT_PTR_NOT_NULL(strstr(nsim_trace_info(found)->capture, text));
    options.seed = 2;
    g_autoptr(NsimTrace) other = sample(trace, &options, NULL);
    CU_ASSERT_FALSE(test_tool_same(found, other));
    options.page_shift = 16;
    g_autoptr(NsimTrace) large = sample(trace, &options, NULL);
    check_pages(trace, large, 16);
}

/* The miss ratio of uniform accesses to a cache of a quarter of the pages is three quarters. */
static void
test_miss_ratio(void)
{
    g_autofree char *path = test_path("uniform.trace");
    g_autoptr(GError) error = NULL;
    NsimGenerateOptions generate;
    nsim_generate_options_init(&generate);
    generate.pattern = NSIM_GENERATE_UNIFORM;
    generate.pages = 4096;
    generate.records = 200000;
    generate.level = 0;
    CU_ASSERT_TRUE(nsim_trace_generate(path, &generate, &error));
    g_autoptr(NsimTrace) trace = test_tool_open(path);
    const NsimSampleOptions options = {.rate_ppm = 500000, .page_shift = 12, .seed = 3};
    NsimSampleReport report;
    g_autoptr(NsimTrace) found = sample(trace, &options, &report);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    CU_ASSERT_TRUE(report.miss_ratio.ppm > 720000 && report.miss_ratio.ppm < 780000);
}

static void
test_refused(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("part.trace", &shape);
    const NsimSampleOptions cases[] = {{.rate_ppm = 0, .page_shift = 12},
                                       {.rate_ppm = 1000001, .page_shift = 12},
                                       {.rate_ppm = 1000, .page_shift = 11},
                                       {.rate_ppm = 1000, .page_shift = 22},
                                       {.rate_ppm = 1, .page_shift = 21}};
    g_autofree char *path = test_path("none.trace");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_FALSE(nsim_trace_sample(path, trace, &cases[i], NULL, NULL, &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
        CU_ASSERT_FALSE(g_file_test(path, G_FILE_TEST_EXISTS));
    }
}

bool
test_tool_sample_register(void)
{
    CU_pSuite suite = CU_add_suite("tool-sample", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "all of it", test_all) != NULL &&
           CU_add_test(suite, "a part", test_part) != NULL &&
           CU_add_test(suite, "miss ratio", test_miss_ratio) != NULL &&
           CU_add_test(suite, "refused", test_refused) != NULL;
}
