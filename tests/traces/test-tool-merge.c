/* SPDX-License-Identifier: MIT */
/* Goal: merging keeps every thread as it was. Method: merged traces are compared with what went in, record by record.
 */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <traces/tool-merge.h>

static const TestToolShape first_shape = {3, 4, 50, 40, 1, true, false};
static const TestToolShape second_shape = {2, 3, 60, 30, 2, true, false};

static NsimTrace *
merge(NsimTrace *const *traces, const char *const *labels, uint32_t count, bool same_space)
{
    g_autofree char *path = test_path("merged.trace");
    g_autoptr(GError) error = NULL;
    const NsimMergeOptions options = {.same_space = same_space, .level = 1};
    if (nsim_trace_merge(path, traces, labels, count, &options, NULL, &error))
        return test_tool_open(path);
    g_printerr("%s\n", error->message);
    CU_FAIL("cannot be merged");
    return NULL;
}

static void
test_one(void)
{
    g_autoptr(NsimTrace) trace = test_tool_trace("one.trace", &first_shape);
    static const char *const labels[] = {"one"};
    g_autoptr(NsimTrace) merged = merge(&trace, labels, 1, false);
    CU_ASSERT_TRUE(test_tool_same(trace, merged));
}

/* Records of `part`, its lines moved up, are those of a thread of `whole`; control records have `operand`. */
static void
check_thread(NsimTrace *whole, uint32_t thread, NsimTrace *part, uint32_t part_thread, uint64_t shift, uint32_t mark,
             uint32_t barrier)
{
    g_autoptr(GArray) found = test_tool_records(whole, thread);
    g_autoptr(GArray) expected = test_tool_records(part, part_thread);
    uint32_t wrong = 0;
    CU_ASSERT_EQUAL_FATAL(found->len, expected->len);
    for (guint i = 0; i < found->len; i++) {
        const TestRecord *x = &g_array_index(found, TestRecord, i), *y = &g_array_index(expected, TestRecord, i);
        const uint32_t operand = y->op == NSIM_OP_MARK ? mark : y->op == NSIM_OP_BARRIER ? barrier : 0;
        wrong += x->op != y->op || x->gap != y->gap || x->count != y->count || x->step != y->step ||
                 x->flags != y->flags || x->operand != operand;
        wrong += !NSIM_OP_IS_CONTROL(y->op) && x->line != y->line + shift;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
test_two(void)
{
    g_autoptr(NsimTrace) first = test_tool_trace("first.trace", &first_shape);
    g_autoptr(NsimTrace) second = test_tool_trace("second.trace", &second_shape);
    NsimTrace *const traces[] = {first, second};
    static const char *const labels[] = {"a", "b"};
    g_autoptr(NsimTrace) merged = merge(traces, labels, 2, false);
    const NsimTraceInfo *info = nsim_trace_info(merged);
    CU_ASSERT_EQUAL_FATAL(info->thread_count, 5);
    CU_ASSERT_EQUAL_FATAL(info->region_count, 6);
    CU_ASSERT_EQUAL_FATAL(info->mark_count, 2);
    CU_ASSERT_EQUAL_FATAL(info->barrier_count, 2);
    CU_ASSERT_STRING_EQUAL(info->threads[0].name, "a:secret 0");
    CU_ASSERT_STRING_EQUAL(info->threads[2].name, "secret 2"); /* only one has it */
    CU_ASSERT_STRING_EQUAL(info->threads[4].name, "b:secret 1");
    CU_ASSERT_STRING_EQUAL(info->regions[3].name, "b:alpha");
    CU_ASSERT_EQUAL(info->regions[3].address, info->regions[0].address + (UINT64_C(1) << 47));
    CU_ASSERT_STRING_EQUAL(info->marks[1], "b:round");
    CU_ASSERT_EQUAL(info->barriers[1], 2);
    for (uint32_t i = 0; i < 3; i++)
        check_thread(merged, i, first, i, 0, 0, 0);
    for (uint32_t i = 0; i < 2; i++)
        check_thread(merged, 3 + i, second, i, UINT64_C(1) << 41, 1, 1);

    /* Of one space: the same regions, at the same place. */
    g_autoptr(NsimTrace) shared = merge(traces, labels, 2, true);
    CU_ASSERT_EQUAL_FATAL(nsim_trace_info(shared)->region_count, 3);
    CU_ASSERT_STRING_EQUAL(nsim_trace_info(shared)->regions[0].name, "alpha");
    check_thread(shared, 4, second, 1, 0, 1, 1);
}

static void
test_units(void)
{
    TestToolShape ps_shape = second_shape;
    ps_shape.in_ps = true;
    g_autoptr(NsimTrace) first = test_tool_trace("first.trace", &first_shape);
    g_autoptr(NsimTrace) second = test_tool_trace("ps.trace", &ps_shape);
    static const char *const labels[] = {"a", "b"};
    /* Picoseconds at 2e9 instructions a second, and back. */
    NsimTrace *const up[] = {first, second}, *const down[] = {second, first};
    g_autoptr(NsimTrace) instructions = merge(up, labels, 2, false);
    g_autoptr(NsimTrace) ps = merge(down, labels, 2, false);
    CU_ASSERT_EQUAL(nsim_trace_info(instructions)->gap_unit, NSIM_GAP_INSTRUCTIONS);
    CU_ASSERT_EQUAL(nsim_trace_info(instructions)->gap_per_s, 2000000000);
    CU_ASSERT_EQUAL(nsim_trace_info(ps)->gap_unit, NSIM_GAP_PS);
    const NsimTraceThread *thread = &nsim_trace_info(instructions)->threads[3];
    const uint64_t expected = nsim_trace_info(second)->threads[0].gap_total / 500;
    CU_ASSERT_TRUE(thread->gap_total <= expected && thread->gap_total + 1 >= expected);
    for (uint32_t i = 0; i < 3; i++) {
        const NsimTraceThread *before = &nsim_trace_info(first)->threads[i],
                              *after = &nsim_trace_info(ps)->threads[2 + i];
        /* The last gap's fraction is lost, and the sixteenths of the thread's total. */
        CU_ASSERT_TRUE(after->gap_total / 500 <= before->gap_total && after->gap_total / 500 + 2 >= before->gap_total);
        CU_ASSERT_EQUAL(after->read_lines, before->read_lines);
        CU_ASSERT_EQUAL(after->rfo_lines, before->rfo_lines);
    }
}

static void
test_refused(void)
{
    TestToolShape raw_shape = second_shape;
    raw_shape.filtered = false;
    g_autoptr(NsimTrace) first = test_tool_trace("first.trace", &first_shape);
    g_autoptr(NsimTrace) second = test_tool_trace("raw.trace", &raw_shape);
    g_autofree char *path = test_path("merged.trace");
    g_autoptr(GError) error = NULL;
    NsimTrace *const traces[] = {first, second};
    static const char *const labels[] = {"a", "b"};
    const NsimMergeOptions options = {.level = 1};
    CU_ASSERT_FALSE(nsim_trace_merge(path, traces, labels, 2, &options, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "is not filtered"));
    g_clear_error(&error);
    /* 2000 copies of three threads. */
    g_autofree NsimTrace **many = g_new(NsimTrace *, 2000);
    g_autofree const char **names = g_new(const char *, 2000);
    for (unsigned i = 0; i < 2000; i++) {
        many[i] = first;
        names[i] = "n";
    }
    CU_ASSERT_FALSE(nsim_trace_merge(path, many, names, 2000, &options, NULL, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "more than 4096 threads"));
    CU_ASSERT_EQUAL(test_file_count(), 0);
}

bool
test_tool_merge_register(void)
{
    CU_pSuite suite = CU_add_suite("tool-merge", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "one", test_one) != NULL &&
           CU_add_test(suite, "two", test_two) != NULL && CU_add_test(suite, "units", test_units) != NULL &&
           CU_add_test(suite, "refused", test_refused) != NULL;
}
