/* SPDX-License-Identifier: MIT */
/*
 * Goal: caches let through what caches do. Method: one level of LRU is compared line by line with the capture's own
 * cache (traces/capture/filter.h), and a filtered raw trace with what the capture would have recorded; tree-PLRU and
 * the way between levels are followed by hand.
 */
#include "test-tools.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <traces/capture/coalescer.h>
#include <traces/capture/filter.h>
#include <traces/tool-filter.h>

/* ---- Caches by themselves ------------------------------------------------------------------------------------ */

static void
note(void *context, NsimOp op, uint64_t line)
{
    const uint64_t entry = line << 3 | op;
    g_array_append_val((GArray *)context, entry);
}

static void
test_like_capture(void)
{
    /* Four threads, two caches of 64 sets and 4 ways. */
    const NsimCacheLevel level = {.bytes = 64 * 4 * 64, .ways = 4, .line_bytes = 64, .threads = 2};
    g_autoptr(NsimCaches) caches = nsim_caches_new(&level, 1, 4, note);
    NsimFilter *filter = nsim_filter_new(2, 64, 4, note);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    NsimRandom random;
    nsim_random_init(&random, 1, "caches");
    for (uint32_t i = 0; i < 200000; i++) {
        const uint32_t thread = (uint32_t)nsim_random_below(&random, 4);
        const uint64_t line = nsim_random_below(&random, 1 + nsim_random_below(&random, 1200));
        const bool is_write = nsim_random_below(&random, 4) == 0;
        nsim_caches_access(caches, thread, line, is_write, found);
        nsim_filter_access(filter, thread / 2, line, is_write, expected);
    }
    CU_ASSERT_TRUE(found->len > 20000);
    CU_ASSERT_EQUAL_FATAL(found->len, expected->len);
    CU_ASSERT_EQUAL(memcmp(found->data, expected->data, found->len * sizeof(uint64_t)), 0);
    nsim_filter_free(filter);
}

/* What an access lets through, as text: "R5 W3 ". */
static char *
access_text(NsimCaches *caches, uint32_t thread, uint64_t line, bool is_write)
{
    g_autoptr(GArray) moved = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GString *text = g_string_new(NULL);
    nsim_caches_access(caches, thread, line, is_write, moved);
    for (guint i = 0; i < moved->len; i++) {
        const uint64_t entry = g_array_index(moved, uint64_t, i);
        g_string_append_printf(text, "%c%u ", "RWO"[entry & 7], (unsigned)(entry >> 3));
    }
    return g_string_free(text, FALSE);
}

static void
expect(NsimCaches *caches, uint32_t thread, uint64_t line, bool is_write, const char *expected)
{
    g_autofree char *text = access_text(caches, thread, line, is_write);
    if (strcmp(text, expected) != 0)
        g_printerr("line %u: found '%s', expected '%s'\n", (unsigned)line, text, expected);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void
test_plru(void)
{
    /* One set of four ways. The tree's root points to the half not used last, its nodes to the way not used last. */
    const NsimCacheLevel level = {.bytes = 256, .ways = 4, .line_bytes = 64, .policy = NSIM_CACHE_PLRU};
    g_autoptr(NsimCaches) caches = nsim_caches_new(&level, 1, 1, note);
    expect(caches, 0, 1, false, "R1 ");
    expect(caches, 0, 2, true, "O2 ");
    expect(caches, 0, 3, true, "O3 ");
    expect(caches, 0, 4, false, "R4 ");
    expect(caches, 0, 1, false, "");
    /* Right half, where 4 was used last: 3 goes. With LRU it would be 2. */
    expect(caches, 0, 5, false, "W3 R5 ");
    /* Left half, where 1 was used last: 2 goes. */
    expect(caches, 0, 6, false, "W2 R6 ");
    expect(caches, 0, 4, false, "");
    /* Left half, where 6 was used last: 1 goes, clean. */
    expect(caches, 0, 7, false, "R7 ");
    expect(caches, 0, 6, false, "");
    expect(caches, 0, 1, false, "R1 ");
}

static void
test_levels(void)
{
    /* One line for each of two threads, and two lines for both. */
    const NsimCacheLevel levels[] = {{.bytes = 64, .ways = 1, .line_bytes = 64, .threads = 1},
                                     {.bytes = 128, .ways = 2, .line_bytes = 64}};
    g_autoptr(NsimCaches) caches = nsim_caches_new(levels, 2, 2, note);
    expect(caches, 0, 1, true, "O1 ");
    expect(caches, 0, 2, false, "R2 "); /* 1 is dirty in the second level now */
    expect(caches, 0, 1, false, "");
    expect(caches, 1, 1, false, "");    /* the other thread finds it there */
    expect(caches, 1, 3, false, "R3 "); /* in place of 2: 1 was used later */
    expect(caches, 1, 4, false, "W1 R4 ");
    expect(caches, 0, 1, false, ""); /* still in the first thread's own cache */
    expect(caches, 0, 1, true, "");
    expect(caches, 1, 1, false, ""); /* from there; dirty, it is written to the second level, in place of 3 */
    expect(caches, 0, 5, false, "R5 ");
    expect(caches, 0, 6, false, "W1 R6 ");
    expect(caches, 1, 1, true, ""); /* the second thread has it still */
    expect(caches, 0, 1, true, ""); /* and loses it, dirty as it is */
    expect(caches, 1, 7, false, "R7 ");
    expect(caches, 0, 8, false, "R8 "); /* 1 is in the second level, dirty; 7 made room */
}

static void
test_large_lines(void)
{
    const NsimCacheLevel level = {.bytes = 3 * 256, .ways = 1, .line_bytes = 256}; /* three sets */
    g_autoptr(NsimCaches) caches = nsim_caches_new(&level, 1, 1, note);
    expect(caches, 0, 5, true, "O4 O5 O6 O7 ");
    expect(caches, 0, 7, false, "");
    expect(caches, 0, 8, false, "R8 R9 R10 R11 ");
    expect(caches, 0, 16, false, "W4 W5 W6 W7 R16 R17 R18 R19 ");
}

static void
test_check(void)
{
    const struct {
        NsimCacheLevel level;
        const char *problem;
    } cases[] = {
        {{1024, 2, 64, 0, NSIM_CACHE_LRU}, NULL},
        {{1024, 0, 64, 0, NSIM_CACHE_LRU}, "0 ways"},
        {{65 * 64, 65, 64, 0, NSIM_CACHE_LRU}, "65 ways"},
        {{192, 3, 64, 0, NSIM_CACHE_PLRU}, "3 ways with plru"},
        {{1024, 2, 32, 0, NSIM_CACHE_LRU}, "lines of 32 bytes"},
        {{1024, 2, 96, 0, NSIM_CACHE_LRU}, "lines of 96 bytes"},
        {{1000, 2, 64, 0, NSIM_CACHE_LRU}, "a cache of 1000 bytes"},
        {{0, 2, 64, 0, NSIM_CACHE_LRU}, "a cache of 0 bytes"},
        {{UINT64_C(1) << 40, 16, 64, 0, NSIM_CACHE_LRU}, "up to 2^25 sets"},
        {{UINT64_C(1) << 30, 16, 64, 1, NSIM_CACHE_LRU}, "caches of 67108864 lines"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *problem = nsim_caches_check(&cases[i].level, 1, 4);
        CU_ASSERT_EQUAL(problem == NULL, cases[i].problem == NULL);
        CU_ASSERT_TRUE(problem == NULL || strstr(problem, cases[i].problem) != NULL);
    }
    const NsimCacheLevel two[] = {{1024, 2, 64, 0, NSIM_CACHE_LRU}, {1024, 2, 128, 0, NSIM_CACHE_LRU}};
    g_autofree char *problem = nsim_caches_check(two, 2, 1);
    CU_ASSERT_PTR_NOT_NULL(problem);
    g_autofree char *none = nsim_caches_check(two, 0, 1);
    CU_ASSERT_PTR_NOT_NULL(none);
}

/* ---- Traces -------------------------------------------------------------------------------------------------- */

/* What the capture does with the same accesses. */
typedef struct {
    NsimCoalescer coalescer;
    NsimTraceWriter *writer;
    uint64_t now_16ths;
} Recorder;

static void
recorder_run(void *context, const NsimRun *run)
{
    nsim_trace_writer_run(((Recorder *)context)->writer, 0, run);
}

static void
recorder_line(void *context, NsimOp op, uint64_t line)
{
    Recorder *recorder = context;
    nsim_coalescer_add(&recorder->coalescer, op, line, recorder->now_16ths);
}

/* Capture what the records of a raw trace do, through a cache of 32 KiB. */
static NsimTrace *
record(NsimTrace *raw)
{
    g_autofree char *path = test_path("recorded.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {
        .gap_unit = NSIM_GAP_INSTRUCTIONS, .gap_per_s = 2000000000, .filtered = true};
    Recorder recorder = {.writer = nsim_trace_writer_new(path, &options, &error)};
    NsimFilter *filter = nsim_filter_new(1, 64, 8, recorder_line);
    nsim_coalescer_init(&recorder.coalescer, recorder_run, &recorder);
    nsim_trace_writer_add_thread(recorder.writer, "secret 0");
    for (uint32_t i = 0; i < nsim_trace_info(raw)->region_count; i++) {
        const NsimTraceRegion *region = &nsim_trace_info(raw)->regions[i];
        nsim_trace_writer_add_region(recorder.writer, region->name, region->address, region->bytes);
    }
    const uint32_t mark = nsim_trace_writer_add_mark(recorder.writer, "round");
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(raw, UINT32_MAX, NULL, &error);
    const NsimTraceEvent *event = NULL;
    while (nsim_trace_order_next(order, &event, &error) && event != NULL) {
        if (event->op == NSIM_OP_MARK)
            nsim_trace_writer_mark(recorder.writer, 0, mark,
                                   nsim_coalescer_flush(&recorder.coalescer, (uint64_t)event->own));
        for (uint32_t i = 0; i < event->count; i++) {
            recorder.now_16ths = (uint64_t)event->own + (uint64_t)i * event->step;
            nsim_filter_access(filter, 0, event->line + i, event->op != NSIM_OP_READ, &recorder);
        }
    }
    nsim_coalescer_flush(&recorder.coalescer, recorder.now_16ths);
    nsim_filter_free(filter);
    CU_ASSERT_TRUE(nsim_trace_writer_close(recorder.writer, &error));
    return test_tool_open(path);
}

static NsimTrace *
filter_trace(NsimTrace *trace, const NsimFilterOptions *options)
{
    g_autofree char *path = test_path("filtered.trace");
    g_autoptr(GError) error = NULL;
    if (nsim_trace_filter(path, trace, options, NULL, &error))
        return test_tool_open(path);
    g_printerr("%s\n", error->message);
    CU_FAIL("cannot be filtered");
    return NULL;
}

/* Dependence is the filter's own: the capture has none. */
static void
compare_but_dependent(NsimTrace *found, NsimTrace *expected, uint64_t *ret_dependent)
{
    g_autoptr(GArray) x = test_tool_records(found, 0);
    g_autoptr(GArray) y = test_tool_records(expected, 0);
    uint32_t wrong = 0;
    *ret_dependent = 0;
    CU_ASSERT_EQUAL_FATAL(x->len, y->len);
    for (guint i = 0; i < x->len; i++) {
        const TestRecord *p = &g_array_index(x, TestRecord, i), *q = &g_array_index(y, TestRecord, i);
        wrong += p->line != q->line || p->gap != q->gap || p->count != q->count || p->step != q->step ||
                 p->op != q->op || p->operand != q->operand ||
                 (p->flags & NSIM_BURST_PREFETCHABLE) != (q->flags & NSIM_BURST_PREFETCHABLE);
        *ret_dependent += p->flags & NSIM_BURST_DEPENDENT;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
test_like_captured_trace(void)
{
    const TestToolShape shape = {1, 3, 4000, 40, 5, false, false};
    const NsimFilterOptions options = {
        .levels = {{.bytes = 32768, .ways = 8, .line_bytes = 64}}, .level_count = 1, .level = 1};
    g_autoptr(NsimTrace) raw = test_tool_trace("raw.trace", &shape);
    /* Without what depends, the runs are the same. */
    g_autofree char *path = test_path("free.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions texts = {.gap_unit = NSIM_GAP_INSTRUCTIONS, .gap_per_s = 2000000000};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &texts, &error);
    nsim_trace_writer_add_thread(writer, "secret 0");
    const uint32_t mark = nsim_trace_writer_add_mark(writer, "round");
    g_autoptr(GArray) records = test_tool_records(raw, 0);
    for (guint i = 0; i < records->len; i++) {
        const TestRecord *from = &g_array_index(records, TestRecord, i);
        const NsimRun run = {
            .line = from->line, .count = from->count, .gap = from->gap, .step = from->step, .op = from->op};
        if (from->op == NSIM_OP_MARK)
            nsim_trace_writer_mark(writer, 0, mark, from->gap);
        else
            nsim_trace_writer_run(writer, 0, &run);
    }
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    g_autoptr(NsimTrace) independent = test_tool_open(path);
    g_autoptr(NsimTrace) found = filter_trace(independent, &options);
    g_autoptr(NsimTrace) expected = record(independent);
    uint64_t dependent = 0;
    compare_but_dependent(found, expected, &dependent);
    CU_ASSERT_EQUAL(dependent, 0);
    CU_ASSERT_TRUE(nsim_trace_info(found)->filtered);
    CU_ASSERT_STRING_EQUAL(nsim_trace_info(found)->filter,
                           "llc 32KiB 8-way lru; 64-byte lines, write-back, write-allocate, coherent");
    CU_ASSERT_TRUE(nsim_trace_info(found)->write_lines > 1000);

    /* With it, the lines and all compute are. */
    g_autoptr(NsimTrace) chained = filter_trace(raw, &options);
    const NsimTraceThread *x = &nsim_trace_info(chained)->threads[0], *y = &nsim_trace_info(found)->threads[0];
    CU_ASSERT_EQUAL(x->read_lines, y->read_lines);
    CU_ASSERT_EQUAL(x->rfo_lines, y->rfo_lines);
    CU_ASSERT_EQUAL(x->write_lines, y->write_lines);
    CU_ASSERT_TRUE(x->gap_total + 1 >= y->gap_total && y->gap_total + 1 >= x->gap_total);
}

/* A run waits for another through hits only if these waited too. */
static void
test_dependence(void)
{
    g_autofree char *path = test_path("chain.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions texts = {.gap_unit = NSIM_GAP_PS};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &texts, &error);
    nsim_trace_writer_add_thread(writer, "t");
    const struct {
        uint64_t line;
        bool dependent;
    } runs[] = {{1, false}, {100, true}, {1, true}, {200, true}, {1, false}, {300, true}, {400, false}, {500, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
        const NsimRun run = {
            .line = runs[i].line, .count = 1, .gap = 10, .flags = runs[i].dependent ? NSIM_BURST_DEPENDENT : 0};
        nsim_trace_writer_run(writer, 0, &run);
    }
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    g_autoptr(NsimTrace) trace = test_tool_open(path);
    const NsimFilterOptions options = {.levels = {{.bytes = 1024, .ways = 16, .line_bytes = 64}}, .level_count = 1};
    g_autoptr(NsimTrace) found = filter_trace(trace, &options);
    g_autoptr(GArray) records = test_tool_records(found, 0);
    const struct {
        uint64_t line, gap;
        uint8_t flags;
    } expected[] = {{1, 10, 0},   {100, 10, NSIM_BURST_DEPENDENT}, {200, 20, NSIM_BURST_DEPENDENT}, {300, 20, 0},
                    {400, 10, 0}, {500, 10, NSIM_BURST_DEPENDENT}};
    CU_ASSERT_EQUAL_FATAL(records->len, G_N_ELEMENTS(expected));
    for (guint i = 0; i < records->len; i++) {
        const TestRecord *record = &g_array_index(records, TestRecord, i);
        CU_ASSERT_EQUAL(record->line, expected[i].line);
        CU_ASSERT_EQUAL(record->gap, expected[i].gap);
        CU_ASSERT_EQUAL(record->flags, expected[i].flags);
    }
}

/* Several threads with barriers: sound, and lines move both ways. */
static void
test_threads(void)
{
    const TestToolShape shape = {4, 3, 500, 20, 6, false, false};
    const NsimFilterOptions options = {
        .levels = {{.bytes = 4096, .ways = 8, .line_bytes = 64, .threads = 1, .policy = NSIM_CACHE_PLRU},
                   {.bytes = 96 * 1024, .ways = 12, .line_bytes = 64}},
        .level_count = 2,
        .level = 1};
    g_autoptr(NsimTrace) raw = test_tool_trace("raw.trace", &shape);
    g_autoptr(NsimTrace) found = filter_trace(raw, &options);
    const NsimTraceInfo *info = nsim_trace_info(found);
    CU_ASSERT_EQUAL(info->barriers[0], 4);
    CU_ASSERT_TRUE(info->read_lines > 0 && info->read_lines <= nsim_trace_info(raw)->read_lines);
    CU_ASSERT_TRUE(info->rfo_lines > 0 && info->rfo_lines <= nsim_trace_info(raw)->write_lines);
    CU_ASSERT_TRUE(info->write_lines > 0 && info->write_lines <= info->rfo_lines);

    /* What is filtered is not filtered again, unless asked for: then its write-backs stay write-backs. */
    g_autofree char *path = test_path("twice.trace");
    g_autoptr(GError) error = NULL;
    CU_ASSERT_FALSE(nsim_trace_filter(path, found, &options, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    NsimFilterOptions again = options;
    again.again = true;
    g_autoptr(NsimTrace) twice = filter_trace(found, &again);
    CU_ASSERT_TRUE(nsim_trace_info(twice)->write_lines <= info->write_lines);
    CU_ASSERT_TRUE(nsim_trace_info(twice)->read_lines <= info->read_lines);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(nsim_trace_info(twice)->filter, "; then l1 4KiB 8-way plru for each thread, llc 96KiB"));
}

bool
test_tool_filter_register(void)
{
    CU_pSuite suite = CU_add_suite("tool-filter", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "caches like the capture's", test_like_capture) != NULL &&
           CU_add_test(suite, "tree-PLRU", test_plru) != NULL && CU_add_test(suite, "levels", test_levels) != NULL &&
           CU_add_test(suite, "large lines, any number of sets", test_large_lines) != NULL &&
           CU_add_test(suite, "impossible caches", test_check) != NULL &&
           CU_add_test(suite, "a trace like the captured one", test_like_captured_trace) != NULL &&
           CU_add_test(suite, "dependence", test_dependence) != NULL &&
           CU_add_test(suite, "threads", test_threads) != NULL;
}
