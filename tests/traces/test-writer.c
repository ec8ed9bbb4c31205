/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is written is what both readers read, and what cannot be written is refused by close(), leaving nothing.
 * Method: random scripts of several shapes with results worked out independently; single refusals.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static const TestScriptShape shapes[] = {
    /* Single lines all over; streams; long runs over pages and frames; gaps beyond 32 bits; many threads. */
    {.threads = 1, .marks = 1, .barriers = 1, .gap_bits = 10, .count_max = 1, .frames = 300, .steps = 6000},
    {.threads = 3,
     .marks = 2,
     .barriers = 2,
     .gap_bits = 16,
     .count_max = 64,
     .frames = 8,
     .stream_ppm = 990000,
     .control_ppm = 1000,
     .steps = 20000},
    {.threads = 2,
     .marks = 2,
     .barriers = 3,
     .gap_bits = 20,
     .count_max = 200000,
     .frames = 5,
     .stream_ppm = 300000,
     .control_ppm = 20000,
     .steps = 1500},
    {.threads = 4,
     .marks = 5,
     .barriers = 2,
     .gap_bits = 59,
     .count_max = 100,
     .frames = 20,
     .stream_ppm = 500000,
     .control_ppm = 200000,
     .steps = 10},
    {.threads = 4,
     .marks = 5,
     .barriers = 2,
     .gap_bits = 40,
     .count_max = 100,
     .frames = 20,
     .stream_ppm = 500000,
     .control_ppm = 200000,
     .steps = 5000},
    {.threads = 500,
     .marks = 1,
     .barriers = 1,
     .gap_bits = 4,
     .count_max = 10,
     .frames = 50,
     .stream_ppm = 100000,
     .control_ppm = 50000,
     .steps = 5000},
    {.threads = 7, .marks = 1, .barriers = 1, .gap_bits = 4, .count_max = 10, .frames = 50, .steps = 0},
};

static void
check_totals(const NsimTraceThread *thread, const ReferenceThread *reference, GArray *records)
{
    uint64_t lines[3] = {0};
    unsigned __int128 sixteenths = 0;
    for (guint i = 0; i < records->len; i++) {
        const ReferenceRecord *record = &g_array_index(records, ReferenceRecord, i);
        sixteenths += (unsigned __int128)record->gap * 16;
        if (record->op == NSIM_OP_PAUSE)
            sixteenths += (unsigned __int128)record->operand << 36;
        if (record->op > NSIM_OP_RFO)
            continue;
        lines[record->op] += record->count;
        sixteenths += (uint64_t)(record->count - 1) * record->step;
    }
    CU_ASSERT_EQUAL(thread->burst_count, records->len);
    CU_ASSERT_EQUAL(thread->read_lines, lines[0]);
    CU_ASSERT_EQUAL(thread->write_lines, lines[1]);
    CU_ASSERT_EQUAL(thread->rfo_lines, lines[2]);
    CU_ASSERT_EQUAL(reference->records, records->len);
    CU_ASSERT_EQUAL(reference->compute, thread->gap_total);
    CU_ASSERT_EQUAL(thread->gap_total, (uint64_t)(sixteenths / 16));
}

static void
check_script(const char *path, GArray *script, const TestScriptShape *shape)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    ReferenceTrace *reference = reference_read(path);
    CU_ASSERT_PTR_NULL_FATAL(reference->problem);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_EQUAL(info->thread_count, shape->threads);
    CU_ASSERT_EQUAL(reference->thread_count, shape->threads);
    CU_ASSERT_TRUE(info->filtered && reference->filtered);
    CU_ASSERT_TRUE(info->gap_per_s == 2000000000 && reference->gap_per_s == 2000000000);
    CU_ASSERT_STRING_EQUAL(info->filter, "llc 1MiB 16-way lru");
    CU_ASSERT_STRING_EQUAL(reference->filter, "llc 1MiB 16-way lru");
    CU_ASSERT_EQUAL(info->region_count, 2);
    CU_ASSERT_STRING_EQUAL(info->regions[0].name, "first");
    CU_ASSERT_STRING_EQUAL(reference->regions[1].name, "second");
    CU_ASSERT_EQUAL(info->regions[1].bytes, 123);
    CU_ASSERT_EQUAL(info->frame_count, reference->frame_count);
    for (uint32_t i = 0; i < info->mark_count; i++)
        CU_ASSERT_STRING_EQUAL(info->marks[i], reference->marks[i]);
    for (uint32_t i = 0; i < info->barrier_count; i++)
        CU_ASSERT_EQUAL(info->barriers[i], 1 + i % shape->threads);
    for (uint32_t thread = 0; thread < shape->threads; thread++) {
        g_autoptr(GArray) records = test_expected_records(script, thread);
        CU_ASSERT_STRING_EQUAL(info->threads[thread].name, reference->threads[thread].name);
        check_totals(&info->threads[thread], &reference->threads[thread], records);
        CU_ASSERT_TRUE(test_reference_reads_as(reference, thread, records));
        for (unsigned shift = 12; shift <= 21; shift += 3) {
            g_autoptr(GArray) bursts = test_expected_bursts(records, shift);
            CU_ASSERT_TRUE(test_reads_as(trace, thread, shift, bursts));
        }
    }
    reference_free(reference);
}

static void
test_scripts(void)
{
    g_autofree char *path = test_path("script.trace");
    for (size_t i = 0; i < G_N_ELEMENTS(shapes) * 2; i++) {
        NsimRandom random;
        nsim_random_init(&random, i, "script");
        g_autoptr(GArray) script = test_script(&random, &shapes[i / 2]);
        if (test_write_script(path, script, &shapes[i / 2], i % 2 == 0 ? 0 : 6))
            check_script(path, script, &shapes[i / 2]);
    }
    g_remove(path);
}

static void
test_same_bytes(void)
{
    /* The same calls make the same file. */
    g_autofree char *path = test_path("a.trace"), *other = test_path("b.trace");
    test_write_small(path, 5);
    test_write_small(other, 5);
    g_autoptr(GByteArray) a = test_load(path), b = test_load(other);
    CU_ASSERT_TRUE(a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
    g_remove(path);
    g_remove(other);
}

static NsimTraceWriter *
plain_writer(const char *path)
{
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_PS};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(writer);
    return writer;
}

/* Close must fail with these words and leave no file. */
static void
close_fails(NsimTraceWriter *writer, const char *path, const char *words)
{
    g_autoptr(GError) error = NULL;
    CU_ASSERT_TRUE(strcmp(words, "overlap") == 0 || strstr(words, "members") != NULL ||
                   nsim_trace_writer_failed(writer));
    CU_ASSERT_FALSE(nsim_trace_writer_close(writer, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, words));
    CU_ASSERT_FALSE(g_file_test(path, G_FILE_TEST_EXISTS));
    CU_ASSERT_EQUAL(test_file_count(), 0);
}

static void
test_refused_runs(void)
{
    static const NsimRun runs[] = {
        {.line = 0, .count = 0},
        {.line = 0, .count = NSIM_TRACE_RUN_LINES_MAX + 1},
        {.line = UINT64_C(1) << 58, .count = 1},
        {.line = (UINT64_C(1) << 58) - 1, .count = 2},
        {.line = UINT64_MAX, .count = 2},
        {.line = 0, .count = 1, .step = 65536},
        {.line = 0, .count = 1, .op = 3},
        {.line = 0, .count = 1, .op = NSIM_OP_MARK},
        {.line = 0, .count = 1, .flags = 4},
    };
    g_autofree char *path = test_path("refused.trace");
    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
        NsimTraceWriter *writer = plain_writer(path);
        nsim_trace_writer_add_thread(writer, "t");
        nsim_trace_writer_run(writer, 0, &runs[i]);
        close_fails(writer, path, "impossible run");
    }
    /* The last possible line is possible. */
    g_autoptr(GError) error = NULL;
    NsimTraceWriter *writer = plain_writer(path);
    nsim_trace_writer_add_thread(writer, "t");
    const NsimRun last = {
        .line = (UINT64_C(1) << 58) - NSIM_TRACE_RUN_LINES_MAX, .count = NSIM_TRACE_RUN_LINES_MAX, .step = 65535};
    nsim_trace_writer_run(writer, 0, &last);
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
    CU_ASSERT_EQUAL(nsim_trace_info(trace)->frame_count, 32);
    g_remove(path);
}

static void
test_refused_tables(void)
{
    g_autofree char *path = test_path("refused.trace");
    NsimTraceWriter *writer = plain_writer(path);
    for (uint32_t i = 0; i <= NSIM_TRACE_THREADS_MAX; i++)
        nsim_trace_writer_add_thread(writer, "t");
    close_fails(writer, path, "more than 4096 threads");

    writer = plain_writer(path);
    nsim_trace_writer_add_thread(writer, "t");
    for (uint32_t i = 0; i <= NSIM_TRACE_MARKS_MAX; i++) {
        g_autofree char *name = g_strdup_printf("%u", i);
        nsim_trace_writer_add_mark(writer, name);
    }
    close_fails(writer, path, "more than 65536 marks");

    writer = plain_writer(path);
    nsim_trace_writer_add_thread(writer, "t");
    for (uint32_t i = 0; i <= NSIM_TRACE_BARRIERS_MAX; i++)
        nsim_trace_writer_add_barrier(writer, 1);
    close_fails(writer, path, "more than 1024 barriers");

    writer = plain_writer(path);
    for (uint32_t i = 0; i <= NSIM_TRACE_REGIONS_MAX; i++)
        nsim_trace_writer_add_region(writer, "r", i, 1);
    close_fails(writer, path, "more than 65536 regions");

    writer = plain_writer(path);
    nsim_trace_writer_add_region(writer, "high", UINT64_MAX - 4, 5);
    close_fails(writer, path, "passes the end of the address space");

    writer = plain_writer(path);
    nsim_trace_writer_add_region(writer, "b", 200, 100);
    nsim_trace_writer_add_region(writer, "a", 100, 101);
    close_fails(writer, path, "overlap");

    for (uint32_t members = 0; members <= 3; members += 3) {
        writer = plain_writer(path);
        nsim_trace_writer_add_thread(writer, "t");
        nsim_trace_writer_add_thread(writer, "t");
        nsim_trace_writer_add_barrier(writer, members);
        close_fails(writer, path, "members, the trace has 2 threads");
    }

    writer = plain_writer(path);
    nsim_trace_writer_add_thread(writer, "t");
    const NsimRun run = {.count = 1, .gap = UINT64_MAX};
    nsim_trace_writer_run(writer, 0, &run);
    nsim_trace_writer_run(writer, 0, &run);
    close_fails(writer, path, "exceeds 2^64 gap units");
}

static void
test_frames_limit(void)
{
    /* All the frames there may be, in descending order, and one more. */
    g_autofree char *path = test_path("frames.trace");
    for (uint32_t more = 0; more < 2; more++) {
        g_autoptr(GError) error = NULL;
        NsimTraceWriter *writer = plain_writer(path);
        nsim_trace_writer_add_thread(writer, "t");
        for (uint32_t i = NSIM_TRACE_FRAMES_MAX + more; i > 0; i--) {
            const NsimRun run = {.line = (uint64_t)i * 2 * NSIM_FRAME_LINES, .count = 1};
            nsim_trace_writer_run(writer, 0, &run);
        }
        if (more == 1) {
            close_fails(writer, path, "more than 8388608 frames");
            break;
        }
        CU_ASSERT_TRUE_FATAL(nsim_trace_writer_close(writer, &error));
        g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
        const NsimTraceInfo *info = nsim_trace_info(trace);
        CU_ASSERT_EQUAL(info->frame_count, NSIM_TRACE_FRAMES_MAX);
        CU_ASSERT_EQUAL(info->frames[0], 2);
        g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, 0, 12, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(cursor);
        CU_ASSERT_TRUE(nsim_trace_cursor_fill(cursor, &error));
        CU_ASSERT_EQUAL(cursor->bursts[0].page, UINT32_MAX - 511); /* the first page of the last frame */
        g_remove(path);
    }
}

static void
test_options(void)
{
    g_autofree char *path = test_path("options.trace");
    NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_INSTRUCTIONS};
    g_autoptr(GError) error = NULL;
    CU_ASSERT_PTR_NULL(nsim_trace_writer_new(path, &options, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    g_clear_error(&error);
    options = (NsimTraceWriterOptions){.gap_unit = NSIM_GAP_PS, .level = 1000};
    CU_ASSERT_PTR_NULL(nsim_trace_writer_new(path, &options, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
    g_clear_error(&error);
    options.level = -1;
    CU_ASSERT_PTR_NULL(nsim_trace_writer_new(path, &options, &error));
    CU_ASSERT_EQUAL(test_file_count(), 0);
}

static void
test_texts(void)
{
    g_autofree char *path = test_path("texts.trace"), *longest = g_strnfill(5000, 'x');
    g_autoptr(GError) error = NULL;
    memcpy(longest + 4095, "\xc3\xa9", 2); /* a character that the limit would halve */
    const NsimTraceWriterOptions options = {
        .gap_unit = NSIM_GAP_PS, .gap_per_s = 7, .program = "a\nb\x1b[31m\x7f \xc2\x9b", .capture = "\xff\xfe bytes"};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(writer);
    nsim_trace_writer_add_thread(writer, longest);
    nsim_trace_writer_add_thread(writer, NULL);
    nsim_trace_writer_add_region(writer, "empty", 0, 0);
    CU_ASSERT_EQUAL(nsim_trace_writer_add_mark(writer, "m\n"), 0);
    CU_ASSERT_EQUAL(nsim_trace_writer_add_mark(writer, "m "), 0);
    CU_ASSERT_EQUAL(nsim_trace_writer_add_mark(writer, "n"), 1);
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_STRING_EQUAL(info->program, "a b [31m    ");
    CU_ASSERT_STRING_EQUAL(info->capture, "\xef\xbf\xbd\xef\xbf\xbd bytes");
    CU_ASSERT_STRING_EQUAL(info->filter, "none");
    CU_ASSERT_EQUAL(info->gap_per_s, 0);
    CU_ASSERT_EQUAL(strlen(info->threads[0].name), 4095);
    CU_ASSERT_STRING_EQUAL(info->threads[1].name, "");
    CU_ASSERT_EQUAL(info->region_count, 0);
    CU_ASSERT_EQUAL(info->mark_count, 2);
    g_remove(path);
}

static void
test_abandon(void)
{
    g_autofree char *path = test_path("abandoned.trace");
    test_write_small(path, 0);
    g_autoptr(GByteArray) before = test_load(path);
    NsimTraceWriter *writer = plain_writer(path);
    nsim_trace_writer_add_thread(writer, "t");
    const NsimRun run = {.count = 1};
    for (int i = 0; i < 10000; i++)
        nsim_trace_writer_run(writer, 0, &run);
    CU_ASSERT_EQUAL(test_file_count(), 2);
    nsim_trace_writer_abandon(writer);
    nsim_trace_writer_abandon(NULL);
    CU_ASSERT_EQUAL(test_file_count(), 1);
    g_autoptr(GByteArray) after = test_load(path);
    CU_ASSERT_TRUE(before->len == after->len && memcmp(before->data, after->data, before->len) == 0);
    g_remove(path);
}

static void
test_full_disk(void)
{
    struct stat status;
    if (stat("/dev/full", &status) != 0 || !S_ISCHR(status.st_mode))
        return;
    g_autoptr(GError) error = NULL;
    NsimTraceWriter *writer = plain_writer("/dev/full");
    nsim_trace_writer_add_thread(writer, "t");
    const NsimRun run = {.count = 1};
    nsim_trace_writer_run(writer, 0, &run);
    CU_ASSERT_FALSE(nsim_trace_writer_close(writer, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/dev/full: cannot write"));
    CU_ASSERT_TRUE(stat("/dev/full", &status) == 0 && S_ISCHR(status.st_mode));
}

bool
test_writer_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/writer", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "random scripts, two readers", test_scripts) != NULL &&
           CU_add_test(suite, "same calls, same bytes", test_same_bytes) != NULL &&
           CU_add_test(suite, "impossible runs", test_refused_runs) != NULL &&
           CU_add_test(suite, "impossible tables", test_refused_tables) != NULL &&
           CU_add_test(suite, "as many frames as there may be", test_frames_limit) != NULL &&
           CU_add_test(suite, "options", test_options) != NULL && CU_add_test(suite, "texts", test_texts) != NULL &&
           CU_add_test(suite, "abandon", test_abandon) != NULL &&
           CU_add_test(suite, "full disk", test_full_disk) != NULL;
}
