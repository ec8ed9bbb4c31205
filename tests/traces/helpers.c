/* SPDX-License-Identifier: MIT */
/* Scratch files and scripts for the tests of traces/. What must be read back is computed here from first principles. */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <traces/format.h>
#include <traces/xxh64.h>

#define PPM 1000000u

static char *directory;

const char *
test_directory(void)
{
    if (directory == NULL) {
        directory = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
        g_assert_nonnull(directory);
    }
    return directory;
}

char *
test_path(const char *name)
{
    return g_build_filename(test_directory(), name, NULL);
}

unsigned
test_file_count(void)
{
    unsigned count = 0;
    GDir *dir = g_dir_open(test_directory(), 0, NULL);
    while (g_dir_read_name(dir) != NULL)
        count++;
    g_dir_close(dir);
    return count;
}

void
test_remove_directory(void)
{
    if (directory == NULL)
        return;
    GDir *dir = g_dir_open(directory, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(directory, name, NULL);
        g_remove(path);
    }
    g_dir_close(dir);
    g_rmdir(directory);
    g_clear_pointer(&directory, g_free);
}

GByteArray *
test_load(const char *path)
{
    char *data = NULL;
    gsize bytes = 0;
    g_assert_true(g_file_get_contents(path, &data, &bytes, NULL));
    return g_byte_array_new_take((guint8 *)data, bytes);
}

void
test_save(const char *path, const void *data, size_t bytes)
{
    FILE *stream = fopen(path, "wb"); /* GLib's way waits for the disk */
    g_assert_nonnull(stream);
    g_assert_cmpuint(fwrite(data, 1, bytes, stream), ==, bytes);
    g_assert_cmpint(fclose(stream), ==, 0);
}

void
test_reseal(GByteArray *file)
{
    uint8_t *data = file->data, *footer = data + file->len - NSIM_FORMAT_FOOTER_BYTES;
    const uint64_t index = nsim_get_64(footer + 8), index_bytes = nsim_get_64(footer + 16);
    for (uint64_t at = index; at + NSIM_FORMAT_INDEX_ENTRY_BYTES <= index + index_bytes;
         at += NSIM_FORMAT_INDEX_ENTRY_BYTES) {
        const uint64_t offset = nsim_get_64(data + at), bytes = nsim_get_32(data + at + 8);
        if (bytes > 8 && offset < file->len && bytes <= file->len - offset)
            nsim_put_64(data + offset, nsim_xxh64(data + offset + 8, bytes - 8, 0));
    }
    nsim_put_64(data + 56, nsim_xxh64(data, 56, 0));
    nsim_put_64(footer + 40, nsim_xxh64(data + index, index_bytes, 0));
    nsim_put_64(footer + 48, nsim_xxh64(data + nsim_get_64(footer + 24), nsim_get_64(footer + 32), 0));
    nsim_put_64(footer + 56, nsim_xxh64(footer, 56, 0));
}

/* ---- Scripts ------------------------------------------------------------------------------------------------- */

static uint64_t
random_gap(NsimRandom *random, uint64_t bits)
{
    /* Every length in bits equally often. */
    const uint64_t length = nsim_random_below(random, bits + 1);
    return length == 0 ? 0 : nsim_random_u64(random) >> (64 - length);
}

static NsimRun
random_run(NsimRandom *random, const TestScriptShape *shape, uint64_t *last_ends)
{
    static const uint32_t steps[] = {0, 1, 15, 16, 17, 100, 65535};
    NsimRun run = {.gap = random_gap(random, shape->gap_bits),
                   .step = steps[nsim_random_below(random, G_N_ELEMENTS(steps))],
                   .op = (uint8_t)nsim_random_below(random, 3),
                   .flags = (uint8_t)nsim_random_below(random, 4)};
    run.count = 1 + (uint32_t)nsim_random_below(random, nsim_random_below(random, shape->count_max) + 1);
    if (nsim_random_below(random, PPM) < shape->stream_ppm)
        run.line = last_ends[nsim_random_below(random, 4)];
    else /* frames far apart, in no order */
        run.line = nsim_random_below(random, shape->frames) * UINT64_C(0x1234567) % (UINT64_C(1) << 42) * 32768 +
                   nsim_random_below(random, 32768);
    last_ends[nsim_random_below(random, 4)] = run.line + run.count;
    return run;
}

GArray *
test_script(NsimRandom *random, const TestScriptShape *shape)
{
    GArray *script = g_array_new(FALSE, TRUE, sizeof(TestStep));
    uint64_t last_ends[4] = {0, 40000, 1000000, 12};
    for (uint32_t i = 0; i < shape->steps; i++) {
        TestStep step = {.thread = (uint32_t)nsim_random_below(random, shape->threads)};
        if (nsim_random_below(random, PPM) < shape->control_ppm) {
            step.op = nsim_random_below(random, 2) == 0 ? NSIM_OP_MARK : NSIM_OP_BARRIER;
            step.number = (uint32_t)nsim_random_below(random, step.op == NSIM_OP_MARK ? shape->marks : shape->barriers);
            step.gap = random_gap(random, shape->gap_bits);
        } else {
            step.run = random_run(random, shape, last_ends);
            step.op = (NsimOp)step.run.op;
        }
        g_array_append_val(script, step);
    }
    return script;
}

bool
test_write_script(const char *path, GArray *script, const TestScriptShape *shape, int level)
{
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_INSTRUCTIONS,
                                            .gap_per_s = 2000000000,
                                            .program = "random script",
                                            .capture = "tests",
                                            .filter = "llc 1MiB 16-way lru",
                                            .filtered = true,
                                            .level = level};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    if (writer == NULL) {
        CU_FAIL("the writer could not be made");
        return false;
    }
    for (uint32_t i = 0; i < shape->threads; i++) {
        g_autofree char *name = g_strdup_printf("worker %u", i);
        CU_ASSERT_EQUAL(nsim_trace_writer_add_thread(writer, name), i);
    }
    for (uint32_t i = 0; i < shape->marks; i++) {
        g_autofree char *name = g_strdup_printf("mark %u", i);
        CU_ASSERT_EQUAL(nsim_trace_writer_add_mark(writer, name), i);
        CU_ASSERT_EQUAL(nsim_trace_writer_add_mark(writer, name), i);
    }
    for (uint32_t i = 0; i < shape->barriers; i++)
        CU_ASSERT_EQUAL(nsim_trace_writer_add_barrier(writer, 1 + i % shape->threads), i);
    nsim_trace_writer_add_region(writer, "second", 5000000, 123);
    nsim_trace_writer_add_region(writer, "first", 4096, 5000000 - 4096);
    for (guint i = 0; i < script->len; i++) {
        const TestStep *step = &g_array_index(script, TestStep, i);
        if (step->op == NSIM_OP_MARK)
            nsim_trace_writer_mark(writer, step->thread, step->number, step->gap);
        else if (step->op == NSIM_OP_BARRIER)
            nsim_trace_writer_barrier(writer, step->thread, step->number, step->gap);
        else
            nsim_trace_writer_run(writer, step->thread, &step->run);
    }
    const bool closed = nsim_trace_writer_close(writer, &error);
    CU_ASSERT_TRUE(closed);
    if (!closed)
        g_printerr("%s\n", error->message);
    return closed;
}

static void
expect_pause(GArray *records, uint64_t gap)
{
    if (gap >> 32 == 0)
        return;
    const ReferenceRecord pause = {.op = NSIM_OP_PAUSE, .operand = (uint32_t)(gap >> 32)};
    g_array_append_val(records, pause);
}

/* Pieces of a run that end at multiples of `unit` lines; gaps by the closed form of the format's page. */
static void
expect_pieces(GArray *pieces, const ReferenceRecord *whole, uint64_t unit)
{
    uint64_t line = whole->line, left = whole->count;
    for (uint64_t k = 0; left > 0; k++) {
        ReferenceRecord piece = *whole;
        piece.line = line;
        piece.count = (uint32_t)MIN(left, unit - line % unit);
        if (k > 0) {
            piece.gap = (uint32_t)(k * whole->step / 16 - (k - 1) * whole->step / 16);
            piece.dependent = false;
        }
        g_array_append_val(pieces, piece);
        line += piece.count;
        left -= piece.count;
    }
}

GArray *
test_expected_records(GArray *script, uint32_t thread)
{
    GArray *records = g_array_new(FALSE, TRUE, sizeof(ReferenceRecord));
    for (guint i = 0; i < script->len; i++) {
        const TestStep *step = &g_array_index(script, TestStep, i);
        if (step->thread != thread)
            continue;
        if (NSIM_OP_IS_CONTROL(step->op)) {
            const ReferenceRecord control = {.op = step->op, .operand = step->number, .gap = (uint32_t)step->gap};
            expect_pause(records, step->gap);
            g_array_append_val(records, control);
            continue;
        }
        const NsimRun *run = &step->run;
        const ReferenceRecord whole = {.op = run->op,
                                       .dependent = (run->flags & NSIM_BURST_DEPENDENT) != 0,
                                       .prefetchable = (run->flags & NSIM_BURST_PREFETCHABLE) != 0,
                                       .line = run->line,
                                       .count = run->count,
                                       .gap = (uint32_t)run->gap,
                                       .step = run->step};
        const guint first = records->len;
        expect_pause(records, run->gap);
        expect_pieces(records, &whole, NSIM_FRAME_LINES);
        for (guint j = first; j < records->len; j++) { /* the step of one line is not kept */
            ReferenceRecord *record = &g_array_index(records, ReferenceRecord, j);
            record->step = record->count == 1 ? 0 : record->step;
        }
    }
    return records;
}

GArray *
test_expected_bursts(GArray *records, unsigned page_shift)
{
    GArray *bursts = g_array_new(FALSE, TRUE, sizeof(ReferenceRecord));
    for (guint i = 0; i < records->len; i++) {
        const ReferenceRecord *record = &g_array_index(records, ReferenceRecord, i);
        if (NSIM_OP_IS_CONTROL(record->op))
            g_array_append_vals(bursts, record, 1);
        else
            expect_pieces(bursts, record, UINT64_C(1) << (page_shift - NSIM_LINE_SHIFT));
    }
    return bursts;
}

static bool
burst_is(const NsimTraceInfo *info, const NsimBurst *burst, unsigned page_shift, const ReferenceRecord *expected)
{
    const bool dependent = (burst->flags & NSIM_BURST_DEPENDENT) != 0;
    const bool prefetchable = (burst->flags & NSIM_BURST_PREFETCHABLE) != 0;
    if (burst->op != expected->op || burst->count != expected->count || burst->gap != expected->gap ||
        burst->step != expected->step || dependent != expected->dependent || prefetchable != expected->prefetchable ||
        burst->flags > 3)
        return false;
    if (NSIM_OP_IS_CONTROL(burst->op))
        return burst->page == expected->operand && burst->line == 0;
    const uint32_t frame_pages_shift = NSIM_FRAME_SHIFT - page_shift;
    const uint32_t frame = burst->page >> frame_pages_shift;
    const uint64_t page = burst->page & ((UINT32_C(1) << frame_pages_shift) - 1);
    return frame < info->frame_count &&
           (info->frames[frame] << 15) + (page << (page_shift - 6)) + burst->line == expected->line;
}

bool
test_reads_as(NsimTrace *trace, uint32_t thread, unsigned page_shift, GArray *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, page_shift, &error);
    guint at = 0;
    if (cursor == NULL)
        return false;
    for (;;) {
        if (!nsim_trace_cursor_fill(cursor, &error)) {
            g_printerr("%s\n", error->message);
            return false;
        }
        if (cursor->filled == 0)
            return at == expected->len;
        while (cursor->next < cursor->filled) {
            if (at == expected->len || !burst_is(nsim_trace_info(trace), &cursor->bursts[cursor->next], page_shift,
                                                 &g_array_index(expected, ReferenceRecord, at)))
                return false;
            cursor->next++;
            at++;
        }
    }
}

bool
test_reference_reads_as(const ReferenceTrace *trace, uint32_t thread, GArray *expected)
{
    const ReferenceThread *found = &trace->threads[thread];
    if (found->records != expected->len)
        return false;
    for (guint i = 0; i < expected->len; i++) {
        const ReferenceRecord *a = &found->list[i], *b = &g_array_index(expected, ReferenceRecord, i);
        if (a->op != b->op || a->dependent != b->dependent || a->prefetchable != b->prefetchable ||
            a->line != b->line || a->count != b->count || a->gap != b->gap || a->step != b->step ||
            a->operand != b->operand)
            return false;
    }
    return true;
}

void
test_write_small(const char *path, int level)
{
    g_autoptr(GError) error = NULL;
    const NsimTraceWriterOptions options = {
        .gap_unit = NSIM_GAP_PS, .program = "small", .capture = "by hand", .level = level};
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, &error);
    g_assert_no_error(error);
    nsim_trace_writer_add_thread(writer, "stream");
    nsim_trace_writer_add_thread(writer, "random");
    nsim_trace_writer_add_region(writer, "heap", 0x7f0000000000, 3 << 21);
    const uint32_t mark = nsim_trace_writer_add_mark(writer, "token");
    const uint32_t barrier = nsim_trace_writer_add_barrier(writer, 2);
    const uint64_t base = UINT64_C(0x7f0000000000) >> NSIM_LINE_SHIFT;
    for (uint32_t i = 0; i < 40; i++) {
        const NsimRun stream = {.line = base + 32768 + 64 * i,
                                .count = 64,
                                .gap = 100,
                                .step = 33,
                                .op = NSIM_OP_READ,
                                .flags = NSIM_BURST_PREFETCHABLE};
        /* Second frame of the region first, so that frame numbers are not in the order of addresses. */
        const NsimRun random = {.line = base + (i * 30011u + 65000u) % 98304u,
                                .count = 1 + i % 3,
                                .gap = i == 7 ? UINT64_C(0x500000007) : 1000u * i,
                                .op = (uint8_t)(i % 3),
                                .flags = NSIM_BURST_DEPENDENT};
        nsim_trace_writer_run(writer, 0, &stream);
        nsim_trace_writer_run(writer, 1, &random);
        if (i == 20) {
            nsim_trace_writer_mark(writer, 1, mark, 5);
            nsim_trace_writer_barrier(writer, 0, barrier, 6);
            nsim_trace_writer_barrier(writer, 1, barrier, 0);
        }
    }
    g_assert_true(nsim_trace_writer_close(writer, &error));
}
