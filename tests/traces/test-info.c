/* SPDX-License-Identifier: MIT */
/* Goal: the description says what is in the trace. Method: a trace whose every figure is known, compared whole. */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <traces/info.h>

static void
write_known(const char *path)
{
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_INSTRUCTIONS,
                                            .gap_per_s = 3000000000,
                                            .program = "known -n 1",
                                            .capture = "by hand",
                                            .filter = "llc 1MiB",
                                            .filtered = true};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    g_assert_no_error(error);
    nsim_trace_writer_add_thread(writer, "main");
    nsim_trace_writer_add_thread(writer, "worker");
    /* One frame; a region that ends in the middle of a line, another from there on, and lines outside both. */
    nsim_trace_writer_add_region(writer, "weights", 0x200000, 4096 * 3 + 32);
    nsim_trace_writer_add_region(writer, "cache", 0x200000 + 4096 * 3 + 32, 4096);
    nsim_trace_writer_add_region(writer, "untouched", 0x10000000, 1536);
    const uint32_t mark = nsim_trace_writer_add_mark(writer, "token"),
                   barrier = nsim_trace_writer_add_barrier(writer, 2);
    const NsimRun runs[] = {
        {.line = 0x8000, .count = 300, .gap = 50, .step = 32, .op = NSIM_OP_READ, .flags = NSIM_BURST_PREFETCHABLE},
        {.line = 0x8000, .count = 1, .op = NSIM_OP_WRITE},
        {.line = 0x8000 + 193, .count = 2, .op = NSIM_OP_RFO, .flags = NSIM_BURST_DEPENDENT},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++)
        nsim_trace_writer_run(writer, (uint32_t)i % 2, &runs[i]);
    nsim_trace_writer_mark(writer, 0, mark, 0);
    nsim_trace_writer_mark(writer, 1, mark, 0);
    nsim_trace_writer_barrier(writer, 0, barrier, 0);
    nsim_trace_writer_barrier(writer, 1, barrier, 0);
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
}

static void
compare(const char *text, const char *expected)
{
    if (strcmp(text, expected) != 0)
        g_printerr("found:\n%s\nexpected:\n%s\n", text, expected);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void
test_text(void)
{
    g_autofree char *path = test_path("known.trace");
    g_autoptr(GError) error = NULL;
    write_known(path);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    g_autofree char *text = nsim_trace_describe(trace, false, &error);
    g_autofree char *head =
        g_strdup_printf("format     numasim trace, version 1, %lu bytes\n"
                        "program    known -n 1\n"
                        "capture    by hand\n"
                        "filter     llc 1MiB (records are misses of a last-level cache)\n"
                        "gaps       instructions, declared rate 3000000000 per second\n"
                        "footprint  1 frames of 2 MiB, 2.00 MiB\n"
                        "records    7, %lu.%02lu bytes each\n"
                        "lines      303 (18.94 KiB): 99.01 %% read, 0.33 %% written, 0.66 %% read for ownership\n",
                        (gulong)nsim_trace_info(trace)->file_bytes, (gulong)nsim_trace_info(trace)->file_bytes / 7,
                        ((gulong)nsim_trace_info(trace)->file_bytes * 100 + 3) / 7 % 100);
    static const char threads[] =
        "\nthreads\n"
        "  number      records     read lines        written  for ownership  compute (gap units)  name\n"
        "       0            4            300              0              2                  648  main\n"
        "       1            3              0              1              0                    0  worker\n";
    g_autofree char *expected = g_strconcat(head, threads,
                                            "\nregions (touched: in 2 MiB frames)\n"
                                            "  address                   size     touched  name\n"
                                            "  0x0000000000200000   12.03 KiB   12.03 KiB  weights\n"
                                            "  0x0000000000203020    4.00 KiB    4.00 KiB  cache\n"
                                            "  0x0000000010000000    1.50 KiB         0 B  untouched\n"
                                            "\nmarks\n  token\n\nbarriers\n  0 of 2 threads\n",
                                            NULL);
    compare(text, expected);

    /* Lines 0..192 are in the first region, 193..256 in the second (page 3 is counted for the first, pages 0..2 too;
     * page 4 begins in the second), 257..299 outside, in page 4, which is counted already. */
    g_autofree char *scanned = nsim_trace_describe(trace, true, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scanned);
    g_autofree char *expected_scan = g_strconcat(
        head,
        "touched    5 pages of 4 KiB, 20.00 KiB\n"
        "runs       longest 300 lines; 1 dependent, 1 prefetchable\n",
        threads,
        "\nregions (touched: in 4 KiB pages)\n"
        "  address                   size     touched     read lines        written  for ownership  name\n"
        "  0x0000000000200000   12.03 KiB   16.00 KiB            193              1              0  weights\n"
        "  0x0000000000203020    4.00 KiB    4.00 KiB             64              0              2  cache\n"
        "  0x0000000010000000    1.50 KiB         0 B              0              0              0  untouched\n"
        "\nmarks (passes)\n  token (2)\n\nbarriers\n  0 of 2 threads\n\nclock      216.00 ns of compute",
        NULL);
    g_autofree char *begin = g_strndup(scanned, strlen(expected_scan));
    compare(begin, expected_scan);
    g_remove(path);
}

/* The same trace: 300 lines read by the first thread after the second wrote the first of them; then two again. */
static void
test_figures(void)
{
    g_autofree char *path = test_path("known.trace");
    g_autoptr(GError) error = NULL;
    write_known(path);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    g_autoptr(NsimTraceScan) scan = nsim_trace_scan(trace, NULL, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scan);
    CU_ASSERT_EQUAL(scan->lines, 303);
    CU_ASSERT_EQUAL(scan->stream_lines, 300);
    CU_ASSERT_EQUAL(scan->run_count, 3);
    CU_ASSERT_EQUAL(scan->duration_ps, 216000); /* 50 + 299 * 2 instructions at 3 GHz */
    CU_ASSERT_EQUAL(scan->sample_shift, 0);
    CU_ASSERT_EQUAL(scan->sampled_count, 303);
    CU_ASSERT_EQUAL(scan->sampled_lines, 300);
    CU_ASSERT_EQUAL(scan->sampled_shared, 1);
    /* The first line at once; lines 193 and 194 when all from 193 to 299 had come. */
    CU_ASSERT_EQUAL(scan->reuse_bytes->count, 3);
    CU_ASSERT_EQUAL(scan->reuse_bytes->sum_low, 64 + 2 * 107 * 64);
    CU_ASSERT_EQUAL(scan->reuse_bytes->max, 107 * 64);
    CU_ASSERT_EQUAL(scan->run_lines->sum_low, 300 * 300 + 1 + 2 * 2);
    CU_ASSERT_EQUAL(scan->regions[0].sampled_written, 1);
    CU_ASSERT_EQUAL(scan->regions[1].sampled_written, 2);
    CU_ASSERT_EQUAL(scan->regions[3].stream_lines, 43);
    CU_ASSERT_EQUAL(scan->threads[1].lines, 1);
    /* The second thread is first at the mark; the first one's passing is the same pass. */
    CU_ASSERT_EQUAL(scan->marks[0].records, 2);
    CU_ASSERT_EQUAL(scan->marks[0].passes, 1);
    CU_ASSERT_EQUAL(scan->marks[0].lines, 302);
    CU_ASSERT_EQUAL(scan->passes[1].total, 64 + 2);
    CU_ASSERT_EQUAL(scan->passes[1].sampled_first, 64);
    /* Everything comes at once, in a fourth of the time: slices are as long as the clock / 16. */
    uint64_t lines = 0, pages = 0;
    for (unsigned i = 0; i < NSIM_SCAN_SLICES; i++) {
        lines += scan->slices[i].lines[0] + scan->slices[i].lines[1] + scan->slices[i].lines[2];
        pages += scan->slices[i].new_pages;
    }
    CU_ASSERT_EQUAL(lines, 303);
    CU_ASSERT_EQUAL(pages, 5);
    CU_ASSERT_EQUAL(scan->slices[0].lines[NSIM_OP_WRITE], 1);
    CU_ASSERT_EQUAL(scan->slices[15].lines[NSIM_OP_RFO], 2);
    /* Pages 0 to 3 have 65, 64, 64 and 66 lines, the last one 44. */
    CU_ASSERT_EQUAL(scan->range_count, 1);
    CU_ASSERT_EQUAL(scan->ranges[0].address, 0x200000);
    CU_ASSERT_EQUAL(scan->ranges[0].bytes, 5 * 4096);
    CU_ASSERT_EQUAL(scan->ranges[0].lines, 303);
    CU_ASSERT_EQUAL(scan->heat[0], 66);
    CU_ASSERT_EQUAL(scan->heat[2], 66 + 65 + 64);
    g_remove(path);
}

/* A table that is read from begin to end between marks, one that grows, and a hot corner. */
static void
test_words(void)
{
    g_autofree char *path = test_path("words.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_PS, .filtered = true, .filter = "llc"};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    nsim_trace_writer_add_thread(writer, "t");
    nsim_trace_writer_add_region(writer, "table", 0x200000, 0x100000);
    nsim_trace_writer_add_region(writer, "log", 0x400000, 0x100000);
    nsim_trace_writer_add_region(writer, "stack", 0x600000, 0x1000);
    const uint32_t mark = nsim_trace_writer_add_mark(writer, "turn");
    for (uint32_t turn = 0; turn < 8; turn++) {
        const NsimRun table = {.line = 0x8000, .count = 16384, .step = 16, .flags = NSIM_BURST_PREFETCHABLE},
                      log = {.line = 0x10000, .count = 100 + 50 * turn, .op = NSIM_OP_READ};
        nsim_trace_writer_mark(writer, 0, mark, 0);
        nsim_trace_writer_run(writer, 0, &table);
        nsim_trace_writer_run(writer, 0, &log);
        for (uint32_t i = 0; i < 1000; i++) {
            const NsimRun stack = {.line = 0x18000 + i % 3 * 5, .count = 1, .op = NSIM_OP_WRITE};
            nsim_trace_writer_run(writer, 0, &stack);
        }
    }
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    g_autofree char *text = nsim_trace_describe(trace, true, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    g_autofree char *flat = g_strdup(strstr(text, "\nin words\n"));
    g_autoptr(GRegex) space = g_regex_new("\\s+", 0, 0, NULL);
    g_autofree char *words = g_regex_replace_literal(space, flat, -1, 0, " ", 0, NULL);
    static const char *const sentences[] = {
        "Nearly everything streams: ",
        "'turn' comes 8 times and begins a pass of 1.08 MiB",
        "table: 92.78 % of the lines, 1.00 MiB touched; only read, in order; every line once a pass of 'turn' "
        "(1.00 MiB a pass).",
        "log: 1.56 % of the lines, 32.00 KiB touched; only read, in order; it grows with each 'turn', from 6.25 KiB to "
        "28.13 KiB a pass.",
        "stack: 5.66 % of the lines, 4.00 KiB touched; 0.00 % read, here and there; 62.50 KiB a pass of 'turn', each "
        "line 333.00 times; hot, half of it touched again within 192 B.",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(sentences); i++) {
        if (strstr(words, sentences[i]) == NULL)
            g_printerr("not said: %s\nbut: %s\n", sentences[i], words);
        CU_ASSERT_PTR_NOT_NULL(strstr(words, sentences[i]));
    }
    g_remove(path);
}

static void
test_long_tables(void)
{
    g_autofree char *path = test_path("long.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_PS};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    for (int i = 0; i < 100; i++)
        nsim_trace_writer_add_thread(writer, "t");
    const NsimRun run = {.line = 5, .count = 1};
    nsim_trace_writer_run(writer, 99, &run);
    CU_ASSERT_TRUE(nsim_trace_writer_close(writer, &error));
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    g_autofree char *text = nsim_trace_describe(trace, true, &error);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "      63            0"));
    CU_ASSERT_PTR_NULL(strstr(text, "      64            0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "... and 36 threads more\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "gaps       picoseconds\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text,
        "  elsewhere                         4.00 KiB              1              0              0  (no region)\n"));
    g_remove(path);
}

static void
test_damage(void)
{
    g_autofree char *path = test_path("damage.trace");
    g_autoptr(GError) error = NULL;
    write_known(path);
    g_autoptr(GByteArray) file = test_load(path);
    file->data[64 + 40] ^= 1;
    test_save(path, file->data, file->len);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_PTR_NULL(nsim_trace_describe(trace, true, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT));
    g_autofree char *text = nsim_trace_describe(trace, false, NULL); /* needs no blocks */
    CU_ASSERT_PTR_NOT_NULL(text);
    g_remove(path);
}

/* Numbers of blocks stand in one line and do not cut the pass of the mark before them, however many there are. */
static void
test_block_marks(void)
{
    g_autofree char *path = test_path("info-blocks.trace");
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_PS};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    g_assert_no_error(error);
    nsim_trace_writer_add_thread(writer, "sm 0");
    nsim_trace_writer_mark(writer, 0, nsim_trace_writer_add_mark(writer, "kernel:first"), 0);
    for (uint32_t block = 0; block < 100; block++) {
        g_autofree char *name = g_strdup_printf("block:%u", block);
        const NsimRun run = {.line = 1000 + 10 * (uint64_t)block, .count = 1};
        nsim_trace_writer_mark(writer, 0, nsim_trace_writer_add_mark(writer, name), 0);
        nsim_trace_writer_run(writer, 0, &run);
    }
    nsim_trace_writer_mark(writer, 0, nsim_trace_writer_add_mark(writer, "kernel:second"), 0);
    if (!nsim_trace_writer_close(writer, &error))
        g_assert_no_error(error);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    g_assert_no_error(error);
    g_autoptr(NsimTraceScan) scan = nsim_trace_scan(trace, NULL, &error);
    g_assert_no_error(error);
    CU_ASSERT_EQUAL(scan->marks[0].lines, 100);
    CU_ASSERT_EQUAL(scan->marks[1].passes, 0);
    CU_ASSERT_EQUAL(scan->marks[101].passes, 1);
    g_autofree char *text = nsim_trace_describe_scan(trace, scan);
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text, "\nmarks (passes)\n  kernel:first (1)\n  kernel:second (1)\n  block:N of 100 thread blocks (100)\n"));
    g_remove(path);

    static const char *const others[] = {"block", "block:", "block:1x", "myblock:1", "block:a:1", "token", ":1", ""};
    CU_ASSERT_TRUE(nsim_trace_mark_is_block("block:0"));
    CU_ASSERT_TRUE(nsim_trace_mark_is_block("bfs:block:12"));
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        CU_ASSERT_FALSE(nsim_trace_mark_is_block(others[i]));
}

bool
test_info_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/info", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "the whole text", test_text) != NULL &&
           CU_add_test(suite, "long tables are cut", test_long_tables) != NULL &&
           CU_add_test(suite, "figures of a scan", test_figures) != NULL &&
           CU_add_test(suite, "in words", test_words) != NULL &&
           CU_add_test(suite, "marks of blocks", test_block_marks) != NULL &&
           CU_add_test(suite, "a damaged trace", test_damage) != NULL;
}
