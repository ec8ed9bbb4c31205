/* SPDX-License-Identifier: MIT */
/* The helpers of test-tools.h. */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

/* A run within 20 MiB, often where the last one ended. */
static NsimRun
random_run(NsimRandom *random, const TestToolShape *shape, uint64_t *last)
{
    NsimRun run = {.gap = nsim_random_below(random, 300),
                   .count = 1 + (uint32_t)nsim_random_below(random, shape->run_lines),
                   .step = (uint32_t)nsim_random_below(random, 70),
                   .op = (uint8_t)nsim_random_below(random, shape->filtered ? 3 : 2),
                   .flags = (uint8_t)nsim_random_below(random, 4)};
    const uint64_t base = (64 * MIB) / 64;
    run.line = nsim_random_below(random, 3) == 0 ? *last : base + nsim_random_below(random, 20 * MIB / 64);
    *last = run.line + run.count;
    return run;
}

NsimTrace *
test_tool_trace(const char *name, const TestToolShape *shape)
{
    g_autofree char *path = test_path(name);
    g_autoptr(GError) error = NULL;
    NsimRandom random;
    uint64_t last = 64 * MIB / 64;
    const NsimTraceWriterOptions options = {.gap_unit = shape->in_ps ? NSIM_GAP_PS : NSIM_GAP_INSTRUCTIONS,
                                            .gap_per_s = 2000000000,
                                            .program = "secret program",
                                            .capture = "secret capture",
                                            .filter = shape->filtered ? "secret cache" : NULL,
                                            .filtered = shape->filtered};
    nsim_random_init(&random, shape->seed, name);
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    g_assert_no_error(error);
    for (uint32_t i = 0; i < shape->threads; i++) {
        g_autofree char *thread = g_strdup_printf("secret %u", i);
        nsim_trace_writer_add_thread(writer, thread);
    }
    nsim_trace_writer_add_region(writer, "alpha", 64 * MIB, 5 * MIB + 96);
    nsim_trace_writer_add_region(writer, "beta", 70 * MIB, 6 * MIB);
    nsim_trace_writer_add_region(writer, "gamma", 80 * MIB, 8 * MIB);
    const uint32_t mark = nsim_trace_writer_add_mark(writer, "round");
    const uint32_t barrier = shape->threads > 1 ? nsim_trace_writer_add_barrier(writer, shape->threads) : 0;
    for (uint32_t round = 0; round < shape->rounds; round++) {
        nsim_trace_writer_mark(writer, 0, mark, round);
        for (uint32_t i = 0; i < shape->threads; i++) {
            for (uint32_t j = 0; j < shape->runs; j++) {
                const NsimRun run = random_run(&random, shape, &last);
                nsim_trace_writer_run(writer, i, &run);
            }
            if (shape->threads > 1)
                nsim_trace_writer_barrier(writer, i, barrier, nsim_random_below(&random, 1000));
        }
    }
    g_assert_true(nsim_trace_writer_close(writer, &error));
    return test_tool_open(path);
}

NsimTrace *
test_tool_open(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    if (trace == NULL || !nsim_trace_check(trace, &error)) {
        g_printerr("%s\n", error->message);
        CU_FAIL("not a sound trace");
        return NULL;
    }
    g_remove(path);
    return g_steal_pointer(&trace);
}

GArray *
test_tool_records(NsimTrace *trace, uint32_t thread)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, NSIM_FRAME_SHIFT, &error);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    GArray *records = g_array_new(FALSE, TRUE, sizeof(TestRecord));
    uint64_t gap = 0;
    while (nsim_trace_cursor_fill(cursor, &error) && cursor->filled > 0) {
        for (uint32_t i = 0; i < cursor->filled; i++) {
            const NsimBurst *burst = &cursor->bursts[i];
            gap += burst->gap;
            if (burst->op == NSIM_OP_PAUSE) {
                gap += (uint64_t)burst->page << 32;
                continue;
            }
            TestRecord record = {.gap = gap, .op = burst->op};
            if (NSIM_OP_IS_CONTROL(burst->op)) {
                record.operand = burst->page;
            } else {
                record.line = (info->frames[burst->page] << 15) + burst->line;
                record.count = burst->count;
                record.step = burst->step;
                record.flags = burst->flags;
            }
            g_array_append_val(records, record);
            gap = 0;
        }
    }
    CU_ASSERT_PTR_NULL(error);
    return records;
}

static bool
same_records(NsimTrace *a, NsimTrace *b, uint32_t thread)
{
    g_autoptr(GArray) x = test_tool_records(a, thread);
    g_autoptr(GArray) y = test_tool_records(b, thread);
    if (x->len != y->len)
        return false;
    for (guint i = 0; i < x->len; i++) {
        const TestRecord *p = &g_array_index(x, TestRecord, i), *q = &g_array_index(y, TestRecord, i);
        if (p->line != q->line || p->gap != q->gap || p->count != q->count || p->operand != q->operand ||
            p->step != q->step || p->op != q->op || p->flags != q->flags)
            return false;
    }
    return true;
}

bool
test_tool_same(NsimTrace *a, NsimTrace *b)
{
    const NsimTraceInfo *x = nsim_trace_info(a), *y = nsim_trace_info(b);
    if (x->thread_count != y->thread_count || x->region_count != y->region_count || x->mark_count != y->mark_count ||
        x->barrier_count != y->barrier_count || x->frame_count != y->frame_count || x->gap_unit != y->gap_unit ||
        x->gap_per_s != y->gap_per_s || x->filtered != y->filtered)
        return false;
    for (uint32_t i = 0; i < x->region_count; i++)
        if (x->regions[i].address != y->regions[i].address || x->regions[i].bytes != y->regions[i].bytes ||
            strcmp(x->regions[i].name, y->regions[i].name) != 0)
            return false;
    for (uint32_t i = 0; i < x->barrier_count; i++)
        if (x->barriers[i] != y->barriers[i])
            return false;
    for (uint32_t i = 0; i < x->thread_count; i++)
        if (strcmp(x->threads[i].name, y->threads[i].name) != 0 || !same_records(a, b, i))
            return false;
    return true;
}

void
test_tool_lines(NsimTrace *trace, uint32_t thread, GArray *lines)
{
    g_autoptr(GArray) records = test_tool_records(trace, thread);
    for (guint i = 0; i < records->len; i++) {
        const TestRecord *record = &g_array_index(records, TestRecord, i);
        for (uint32_t j = 0; j < record->count; j++) {
            const uint64_t line = (record->line + j) << 3 | record->op;
            g_array_append_val(lines, line);
        }
    }
}
