/* SPDX-License-Identifier: MIT */
/* Goal: parts are sound and together the whole. Method: random traces cut at random places; every line is accounted
 * for. */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <traces/tool-cut.h>

enum { THREADS = 4, ROUNDS = 6 };

static const TestToolShape shape = {THREADS, ROUNDS, 80, 50, 2, true, false};

static NsimTrace *
cut(NsimTrace *trace, const NsimCutOptions *options)
{
    g_autofree char *path = test_path("part.trace");
    g_autoptr(GError) error = NULL;
    if (nsim_trace_cut(path, trace, options, NULL, &error))
        return test_tool_open(path);
    g_printerr("%s\n", error->message);
    CU_FAIL("cannot be cut");
    return NULL;
}

static void
test_all(void)
{
    NsimCutOptions options;
    g_autoptr(NsimTrace) trace = test_tool_trace("cut.trace", &shape);
    nsim_cut_options_init(&options);
    g_autoptr(NsimTrace) part = cut(trace, &options);
    CU_ASSERT_TRUE(test_tool_same(trace, part));
    CU_ASSERT_TRUE(g_str_has_prefix(nsim_trace_info(part)->capture, "cut from 0s to end, of: secret capture"));
}

/* The lines of the parts, one after the other, are those of the whole. */
static void
check_parts(NsimTrace *whole, NsimTrace *const *parts, unsigned count)
{
    for (uint32_t thread = 0; thread < THREADS; thread++) {
        g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        uint64_t gaps = 0;
        test_tool_lines(whole, thread, expected);
        for (unsigned i = 0; i < count; i++) {
            test_tool_lines(parts[i], thread, found);
            gaps += nsim_trace_info(parts[i])->threads[thread].gap_total;
        }
        CU_ASSERT_EQUAL_FATAL(expected->len, found->len);
        CU_ASSERT_EQUAL(memcmp(expected->data, found->data, expected->len * sizeof(uint64_t)), 0);
        CU_ASSERT_TRUE(gaps <= nsim_trace_info(whole)->threads[thread].gap_total);
        /* What is lost is the compute between a part's last record and its end: less than the longest gap. */
        CU_ASSERT_TRUE(gaps + 2000 * count >= nsim_trace_info(whole)->threads[thread].gap_total);
    }
}

static void
test_times(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("cut.trace", &shape);
    NsimRandom random;
    nsim_random_init(&random, 3, "cut");
    for (unsigned i = 0; i < 20; i++) {
        NsimCutOptions early, late;
        nsim_cut_options_init(&early);
        nsim_cut_options_init(&late);
        early.to_ps = late.from_ps = 1000 + nsim_random_below(&random, 30 * 1000 * 1000);
        NsimTrace *parts[] = {cut(trace, &early), cut(trace, &late)};
        CU_ASSERT_PTR_NOT_NULL_FATAL(parts[0]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(parts[1]);
        check_parts(trace, parts, 2);
        nsim_trace_unref(parts[0]);
        nsim_trace_unref(parts[1]);
    }
}

/* The rounds of the trace are what lies between its marks and what is before the first and after the last. */
static void
test_marks(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("cut.trace", &shape);
    NsimTrace *parts[ROUNDS];
    for (uint64_t i = 0; i < ROUNDS; i++) {
        NsimCutOptions options;
        nsim_cut_options_init(&options);
        options.from_mark = i > 0 ? "round" : NULL;
        options.from_pass = i + 1;
        options.to_mark = i + 1 < ROUNDS ? "round" : NULL;
        options.to_pass = i + 2;
        parts[i] = cut(trace, &options);
        CU_ASSERT_PTR_NOT_NULL_FATAL(parts[i]);
        const NsimTraceInfo *info = nsim_trace_info(parts[i]);
        CU_ASSERT_EQUAL(info->mark_count, 1);
        /* Each thread's runs, but for a few that come between the barrier and the first thread's mark. */
        for (uint32_t j = 0; j < THREADS; j++)
            CU_ASSERT_TRUE(info->threads[j].burst_count >= shape.runs - 4);
    }
    check_parts(trace, parts, ROUNDS);
    for (unsigned i = 0; i < ROUNDS; i++)
        nsim_trace_unref(parts[i]);
}

/* test_tool_open() has found that barriers are met by all of their members. */
static void
test_threads_and_records(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("cut.trace", &shape);
    const bool chosen[THREADS] = {false, true, false, true};
    NsimCutOptions options;
    nsim_cut_options_init(&options);
    options.threads = chosen;
    g_autoptr(NsimTrace) two = cut(trace, &options);
    const NsimTraceInfo *info = nsim_trace_info(two);
    CU_ASSERT_EQUAL_FATAL(info->thread_count, 2);
    CU_ASSERT_STRING_EQUAL(info->threads[0].name, "secret 1");
    CU_ASSERT_EQUAL_FATAL(info->barrier_count, 1);
    CU_ASSERT_EQUAL(info->barriers[0], 2);
    CU_ASSERT_EQUAL(info->threads[1].burst_count, nsim_trace_info(trace)->threads[3].burst_count);
    CU_ASSERT_EQUAL(info->threads[1].gap_total, nsim_trace_info(trace)->threads[3].gap_total);

    /* Thread 0 has the marks, so its barriers have other numbers than those of the rest. */
    nsim_cut_options_init(&options);
    for (uint64_t from = 0; from < 400; from += 37) {
        options.from_record = from;
        options.to_record = from + 81;
        g_autoptr(NsimTrace) part = cut(trace, &options);
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        for (uint32_t i = 0; i < THREADS; i++) {
            CU_ASSERT_TRUE(nsim_trace_info(part)->threads[i].burst_count <= 81);
            CU_ASSERT_TRUE(nsim_trace_info(part)->threads[i].burst_count >= 78);
        }
    }

    /* One alone has no barrier, but all of its compute. */
    const bool one[THREADS] = {true, false, false, false};
    nsim_cut_options_init(&options);
    options.threads = one;
    g_autoptr(NsimTrace) alone = cut(trace, &options);
    CU_ASSERT_EQUAL(nsim_trace_info(alone)->barrier_count, 0);
    CU_ASSERT_EQUAL(nsim_trace_info(alone)->threads[0].burst_count + ROUNDS,
                    nsim_trace_info(trace)->threads[0].burst_count);
}

static void
test_regions(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("cut.trace", &shape);
    const bool chosen[] = {false, true, false}, rest[] = {true, false, true};
    NsimCutOptions options;
    nsim_cut_options_init(&options);
    options.regions = chosen;
    g_autoptr(NsimTrace) beta = cut(trace, &options);
    options.regions = rest;
    g_autoptr(NsimTrace) others = cut(trace, &options);
    CU_ASSERT_EQUAL_FATAL(nsim_trace_info(beta)->region_count, 1);
    CU_ASSERT_STRING_EQUAL(nsim_trace_info(beta)->regions[0].name, "beta");
    const NsimTraceRegion *regions = nsim_trace_info(trace)->regions;
    for (uint32_t thread = 0; thread < THREADS; thread++) {
        g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_autoptr(GArray) in = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(uint64_t));
        test_tool_lines(trace, thread, all);
        test_tool_lines(beta, thread, in);
        test_tool_lines(others, thread, out);
        guint in_count = 0, out_count = 0;
        for (guint i = 0; i < all->len; i++) {
            const uint64_t line = g_array_index(all, uint64_t, i), address = line >> 3 << 6;
            for (unsigned j = 0; j < 3; j++) { /* a line that a region has a byte of */
                if (address + 63 < regions[j].address || address >= regions[j].address + regions[j].bytes)
                    continue;
                GArray *part = j == 1 ? in : out;
                guint *count = j == 1 ? &in_count : &out_count;
                CU_ASSERT_TRUE_FATAL(*count < part->len);
                CU_ASSERT_EQUAL_FATAL(g_array_index(part, uint64_t, *count), line);
                ++*count;
                break;
            }
        }
        CU_ASSERT_EQUAL(in_count, in->len);
        CU_ASSERT_EQUAL(out_count, out->len);
    }
}

static void
refuse(NsimTrace *trace, const NsimCutOptions *options, const char *problem)
{
    g_autofree char *path = test_path("none.trace");
    g_autoptr(GError) error = NULL;
    const unsigned files = test_file_count();
    CU_ASSERT_FALSE(nsim_trace_cut(path, trace, options, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, problem));
    CU_ASSERT_EQUAL(test_file_count(), files);
}

static void
test_errors(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("cut.trace", &shape);
    NsimCutOptions options;
    nsim_cut_options_init(&options);
    options.from_ps = UINT64_C(1500000000000);
    refuse(trace, &options, "nothing lies in the part (cut from 1500ms to end, of the trace)");
    nsim_cut_options_init(&options);
    options.to_mark = "square";
    refuse(trace, &options, "the trace has no mark 'square'");
    options.to_mark = "round";
    options.to_pass = ROUNDS + 1;
    refuse(trace, &options, "mark 'round' is passed 6 times, not 7");
}

static bool
stop(G_GNUC_UNUSED uint64_t done, G_GNUC_UNUSED uint64_t total, G_GNUC_UNUSED void *user_data, GError **error)
{
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "enough");
    return false;
}

static void
test_stop(void)
{
    const TestToolShape large = {1, 1, 70000, 2, 9, false, true};
    g_autoptr(NsimTrace) trace = test_tool_trace("large.trace", &large);
    g_autofree char *path = test_path("stopped.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceTick tick = {.func = stop};
    NsimCutOptions options;
    const unsigned files = test_file_count();
    nsim_cut_options_init(&options);
    CU_ASSERT_FALSE(nsim_trace_cut(path, trace, &options, &tick, &error));
    CU_ASSERT_STRING_EQUAL(error->message, "enough");
    CU_ASSERT_EQUAL(test_file_count(), files);
}

bool
test_tool_cut_register(void)
{
    CU_pSuite suite = CU_add_suite("tool-cut", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "all of it", test_all) != NULL &&
           CU_add_test(suite, "times", test_times) != NULL && CU_add_test(suite, "marks", test_marks) != NULL &&
           CU_add_test(suite, "threads and records", test_threads_and_records) != NULL &&
           CU_add_test(suite, "regions", test_regions) != NULL && CU_add_test(suite, "errors", test_errors) != NULL &&
           CU_add_test(suite, "stopped", test_stop) != NULL;
}
