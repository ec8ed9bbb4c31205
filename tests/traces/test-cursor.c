/* SPDX-License-Identifier: MIT */
/*
 * Goal: runs are cut at pages as documented, and cursors are independent and small. Method: runs whose pieces are
 * worked out by hand and by closed form; several cursors and host threads on one trace.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>
#include <traces/format.h>
#include <traces/generate.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static NsimTrace *
write_runs(const char *path, const NsimRun *runs, size_t count)
{
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_PS, .level = 1};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    nsim_trace_writer_add_thread(writer, "t");
    for (size_t i = 0; i < count; i++)
        nsim_trace_writer_run(writer, 0, &runs[i]);
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    NsimTrace *trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    return trace;
}

static void
test_pieces(void)
{
    /* Lines 60..133 of a frame: 4, 64 and 6 lines of 4 KiB pages; steps of 33/16 make gaps of 2, 2. */
    const NsimRun run = {.line = 3 * 32768 + 60,
                         .count = 74,
                         .gap = 1000,
                         .step = 33,
                         .op = NSIM_OP_RFO,
                         .flags = NSIM_BURST_DEPENDENT | NSIM_BURST_PREFETCHABLE};
    static const NsimBurst expected[] = {
        {.page = 0, .line = 60, .count = 4, .gap = 1000, .step = 33, .op = NSIM_OP_RFO, .flags = 3},
        {.page = 1, .line = 0, .count = 64, .gap = 2, .step = 33, .op = NSIM_OP_RFO, .flags = 2},
        {.page = 2, .line = 0, .count = 6, .gap = 2, .step = 33, .op = NSIM_OP_RFO, .flags = 2},
    };
    g_autofree char *path = test_path("pieces.trace");
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = write_runs(path, &run, 1);
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, 0, 12, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cursor);
    for (int pass = 0; pass < 3; pass++) {
        CU_ASSERT_TRUE(nsim_trace_cursor_fill(cursor, &error));
        CU_ASSERT_EQUAL_FATAL(cursor->filled, 3);
        CU_ASSERT_EQUAL(cursor->next, 0);
        CU_ASSERT_EQUAL(memcmp(cursor->bursts, expected, sizeof expected), 0);
        CU_ASSERT_TRUE(nsim_trace_cursor_fill(cursor, &error));
        CU_ASSERT_EQUAL(cursor->filled, cursor->next);
        CU_ASSERT_TRUE(nsim_trace_cursor_fill(cursor, &error)); /* the end stays the end */
        CU_ASSERT_EQUAL(cursor->filled, 0);
        nsim_trace_cursor_rewind(cursor);
    }
    g_remove(path);
}

static void
test_totals(void)
{
    /* The longest run at every page size and awkward steps: lines exact, compute within one unit a frame. */
    static const uint32_t steps[] = {0, 1, 7, 16, 31, 65535};
    g_autofree char *path = test_path("totals.trace");
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        const NsimRun run = {
            .line = 12345, .count = NSIM_TRACE_RUN_LINES_MAX, .gap = UINT64_C(0x123456789ab), .step = steps[i]};
        g_autoptr(NsimTrace) trace = write_runs(path, &run, 1);
        const uint64_t exact = run.gap * 16 + (uint64_t)(run.count - 1) * run.step;
        CU_ASSERT_EQUAL(nsim_trace_info(trace)->frame_count, 33);
        for (unsigned shift = 12; shift <= 21; shift++) {
            g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, 0, shift, NULL);
            uint64_t lines = 0, compute = 0, pages = 0, last_page = 0;
            for (;;) {
                CU_ASSERT_TRUE_FATAL(nsim_trace_cursor_fill(cursor, NULL));
                if (cursor->filled == 0)
                    break;
                for (uint32_t j = 0; j < cursor->filled; j++) {
                    const NsimBurst *burst = &cursor->bursts[j];
                    if (burst->op == NSIM_OP_PAUSE) {
                        compute += (uint64_t)burst->page << 36;
                        continue;
                    }
                    CU_ASSERT_TRUE_FATAL(pages == 0 || burst->page == last_page + 1);
                    CU_ASSERT_TRUE_FATAL(burst->count >= 1 && burst->line + burst->count <= 1u << (shift - 6));
                    last_page = burst->page;
                    pages++;
                    lines += burst->count;
                    compute += (uint64_t)burst->gap * 16 + (uint64_t)(burst->count - 1) * burst->step;
                }
            }
            CU_ASSERT_EQUAL(lines, run.count);
            CU_ASSERT_TRUE(compute <= exact && exact - compute <= 33 * 16);
        }
    }
    g_remove(path);
}

static void
test_constant_frames(void)
{
    /* Many batches of a block in one frame, frames in descending order, now and then a control record. */
    g_autofree char *path = test_path("constant.trace");
    g_autoptr(GArray) script = g_array_new(FALSE, TRUE, sizeof(TestStep));
    const TestScriptShape shape = {.threads = 1, .marks = 1, .barriers = 1};
    NsimRandom random;
    nsim_random_init(&random, 1, "constant");
    for (uint32_t i = 0; i < 3 * 4096; i++) {
        TestStep step = {.op = NSIM_OP_READ,
                         .run = {.line = (2 - i / 4096) * 32768 + nsim_random_below(&random, 30000), .count = 1}};
        if (i % 300 == 299)
            step.op = NSIM_OP_MARK;
        g_array_append_val(script, step);
    }
    CU_ASSERT_TRUE(test_write_script(path, script, &shape, 0));
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_EQUAL(nsim_trace_info(trace)->frame_count, 3);
    g_autoptr(GArray) records = test_expected_records(script, 0), bursts = test_expected_bursts(records, 12);
    CU_ASSERT_TRUE(test_reads_as(trace, 0, 12, bursts));
    g_remove(path);
}

static void
test_refused(void)
{
    const NsimRun run = {.count = 1};
    g_autofree char *path = test_path("refused.trace");
    g_autoptr(NsimTrace) trace = write_runs(path, &run, 1);
    static const struct {
        uint32_t thread;
        unsigned shift;
        const char *words;
    } cases[] = {{1, 12, "no thread 1: the trace has 1"},
                 {UINT32_MAX, 12, "no thread"},
                 {0, 11, "pages of 2^11 bytes are outside 4 KiB..2 MiB"},
                 {0, 22, "pages of 2^22 bytes"},
                 {0, 0, "pages of 2^0 bytes"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_PTR_NULL(nsim_trace_cursor_new(trace, cases[i].thread, cases[i].shift, &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].words));
    }
    nsim_trace_cursor_free(NULL);
    g_remove(path);
}

static void
test_damage(void)
{
    /* Damage to the second block: the first is read, then one error, then nothing but errors until rewound. */
    g_autofree char *path = test_path("damage.trace");
    NsimGenerateOptions options;
    g_autoptr(GError) error = NULL;
    nsim_generate_options_init(&options);
    options.records = 10000;
    options.level = 0;
    CU_ASSERT_TRUE(nsim_trace_generate(path, &options, &error));
    g_autoptr(GByteArray) file = test_load(path);
    const uint64_t second = 64 + nsim_get_32(file->data + 64 + 12);
    file->data[second + 1000] ^= 4;
    test_save(path, file->data, file->len);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, 0, 12, &error);
    for (int pass = 0; pass < 2; pass++) {
        uint32_t records = 0;
        while (nsim_trace_cursor_fill(cursor, &error))
            records += cursor->filled;
        CU_ASSERT_EQUAL(records, 4096);
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT));
        g_autofree char *place = g_strdup_printf("thread 0, record 4096: block at byte %lu: checksum", (gulong)second);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, place));
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, path));
        g_clear_error(&error);
        CU_ASSERT_FALSE(nsim_trace_cursor_fill(cursor, &error));
        g_clear_error(&error);
        nsim_trace_cursor_rewind(cursor);
    }
    g_remove(path);
}

typedef struct {
    NsimTrace *trace;
    uint32_t thread;
    uint64_t hash;
} Job;

static gpointer
run_job(gpointer data)
{
    Job *job = data;
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(job->trace, job->thread, 12, NULL);
    while (nsim_trace_cursor_fill(cursor, NULL) && cursor->filled > 0)
        for (uint32_t i = 0; i < cursor->filled; i++)
            job->hash = job->hash * 31 + cursor->bursts[i].page * 64 + cursor->bursts[i].line;
    nsim_trace_unref(job->trace);
    return NULL;
}

static void
test_host_threads(void)
{
    enum { JOBS = 6, THREADS = 3 };
    g_autofree char *path = test_path("threads.trace");
    NsimGenerateOptions options;
    nsim_generate_options_init(&options);
    options.threads = THREADS;
    options.records = 60000;
    CU_ASSERT_TRUE(nsim_trace_generate(path, &options, NULL));
    NsimTrace *trace = nsim_trace_open(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    Job jobs[JOBS];
    GThread *threads[JOBS];
    for (uint32_t i = 0; i < JOBS; i++) {
        jobs[i] = (Job){.trace = nsim_trace_ref(trace), .thread = i % THREADS};
        threads[i] = g_thread_new("cursor", run_job, &jobs[i]);
    }
    nsim_trace_unref(trace); /* the jobs hold it */
    for (uint32_t i = 0; i < JOBS; i++)
        g_thread_join(threads[i]);
    for (uint32_t i = 0; i < THREADS; i++)
        CU_ASSERT_TRUE(jobs[i].hash == jobs[i + THREADS].hash && jobs[i].hash != jobs[(i + 1) % THREADS].hash);
    g_remove(path);
}

static void
test_memory(void)
{
    if (SANITIZED) /* the sanitizer's allocator has no statistics */
        return;
    /* Blocks as large as they can be, compressed. */
    g_autofree char *path = test_path("memory.trace");
    g_autofree NsimRun *runs = g_new0(NsimRun, 8192);
    NsimRandom random;
    nsim_random_init(&random, 1, "memory");
    for (uint32_t i = 0; i < 8192; i++)
        runs[i] = (NsimRun){.line = nsim_random_below(&random, 1000000) * 16384 + i % 16,
                            .count = 1 + (uint32_t)nsim_random_below(&random, 8000),
                            .gap = nsim_random_below(&random, 1000000),
                            .step = (uint32_t)nsim_random_below(&random, 65536)};
    g_autoptr(NsimTrace) trace = write_runs(path, runs, 8192);
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    NsimTraceCursor *cursor = nsim_trace_cursor_new(trace, 0, 12, NULL);
    CU_ASSERT_TRUE(nsim_trace_cursor_fill(cursor, NULL));
    const size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    CU_ASSERT_TRUE(after > before && after - before < 256 * 1024);
    nsim_trace_cursor_free(cursor);
    g_remove(path);
}

bool
test_cursor_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/cursor", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "pieces of a run", test_pieces) != NULL &&
           CU_add_test(suite, "totals at all page sizes", test_totals) != NULL &&
           CU_add_test(suite, "blocks in one frame", test_constant_frames) != NULL &&
           CU_add_test(suite, "impossible cursors", test_refused) != NULL &&
           CU_add_test(suite, "damage in the middle", test_damage) != NULL &&
           CU_add_test(suite, "several host threads", test_host_threads) != NULL &&
           CU_add_test(suite, "memory of a cursor", test_memory) != NULL;
}
