/* SPDX-License-Identifier: MIT */
/* Bytes, scratch files and traces as text for the tests of binary formats. */
#include "test-import-binary.h"

#include <glib/gstdio.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

static char *directory;

/* ---- Bytes ------------------------------------------------------------------------------------------------------- */

void
put(GByteArray *bytes, unsigned width, uint64_t value)
{
    for (unsigned i = 0; i < width; i++) {
        const uint8_t byte = (uint8_t)(value >> 8 * i);
        g_byte_array_append(bytes, &byte, 1);
    }
}

void
put_text(GByteArray *bytes, const char *text)
{
    g_byte_array_append(bytes, (const uint8_t *)text, (guint)strlen(text));
}

GByteArray *
deflated(const GByteArray *bytes, GZlibCompressorFormat format)
{
    g_autoptr(GZlibCompressor) compressor = g_zlib_compressor_new(format, 9);
    GByteArray *packed = g_byte_array_new();
    gsize used = 0, made = 0;
    g_byte_array_set_size(packed, bytes->len + 1024);
    const GConverterResult result = g_converter_convert(G_CONVERTER(compressor), bytes->data, bytes->len, packed->data,
                                                        packed->len, G_CONVERTER_INPUT_AT_END, &used, &made, NULL);
    g_assert(result == G_CONVERTER_FINISHED);
    g_byte_array_set_size(packed, (guint)made);
    return packed;
}

static void
put_zip_member(GByteArray *archive, const uint8_t *data, guint bytes, bool stored, bool descriptor)
{
    g_autoptr(GByteArray) plain = g_byte_array_new();
    g_byte_array_append(plain, data, bytes);
    g_autoptr(GByteArray) packed = deflated(plain, G_ZLIB_COMPRESSOR_FORMAT_RAW);
    const GByteArray *held = stored ? plain : packed;
    const uint32_t sum = lzma_crc32(data, bytes, 0);
    put(archive, 4, 0x04034b50);
    put(archive, 2, 20);
    put(archive, 2, descriptor ? 8 : 0);
    put(archive, 2, stored ? 0 : 8);
    put(archive, 4, 0); /* time and date */
    put(archive, 4, descriptor ? 0 : sum);
    put(archive, 4, descriptor ? 0 : held->len);
    put(archive, 4, descriptor ? 0 : bytes);
    put(archive, 2, 10);
    put(archive, 2, 0);
    put_text(archive, "chunk.0000");
    g_byte_array_append(archive, held->data, held->len);
    if (descriptor) {
        put(archive, 4, 0x08074b50);
        put(archive, 4, sum);
        put(archive, 4, held->len);
        put(archive, 4, bytes);
    }
}

GByteArray *
zipped(const GByteArray *bytes, bool stored, bool descriptor)
{
    GByteArray *archive = g_byte_array_new();
    const guint half = bytes->len / 2;
    put_zip_member(archive, bytes->data, half, stored, descriptor);
    put_zip_member(archive, bytes->data + half, bytes->len - half, stored, descriptor);
    put(archive, 4, 0x02014b50); /* what else the directory says does not matter */
    put_text(archive, "directory");
    return archive;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

char *
scratch_path(const char *name)
{
    if (directory == NULL) {
        directory = g_dir_make_tmp("numasim-test-XXXXXX", NULL);
        g_assert_nonnull(directory);
    }
    return g_build_filename(directory, name, NULL);
}

char *
save_scratch(const char *name, const void *data, size_t bytes)
{
    char *path = scratch_path(name);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert(g_mkdir_with_parents(folder, 0777) == 0);
    FILE *stream = fopen(path, "wb"); /* GLib's way waits for the disk */
    g_assert_nonnull(stream);
    g_assert(fwrite(data, 1, bytes, stream) == bytes);
    g_assert(fclose(stream) == 0);
    return path;
}

/* Count files, or remove everything. */
static unsigned
walk(const char *path, bool removes)
{
    unsigned count = 0;
    GDir *opened = g_dir_open(path, 0, NULL);
    if (opened == NULL)
        return 0;
    for (const char *name = g_dir_read_name(opened); name != NULL; name = g_dir_read_name(opened)) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        const bool is_folder = g_file_test(inner, G_FILE_TEST_IS_DIR);
        count += is_folder ? walk(inner, removes) : 1;
        if (removes && !is_folder)
            g_remove(inner);
    }
    g_dir_close(opened);
    if (removes)
        g_rmdir(path);
    return count;
}

void
remove_scratch(void)
{
    if (directory != NULL)
        (void)walk(directory, true);
    g_clear_pointer(&directory, g_free);
}

unsigned
scratch_file_count(void)
{
    return directory != NULL ? walk(directory, false) : 0;
}

/* ---- Imports ----------------------------------------------------------------------------------------------------- */

static void
append_burst(GString *text, const NsimTraceInfo *info, const NsimBurst *burst)
{
    switch (burst->op) {
    case NSIM_OP_MARK:
        g_string_append_printf(text, "mark %s +%u\n", info->marks[burst->page], burst->gap);
        break;
    case NSIM_OP_PAUSE:
        g_string_append_printf(text, "pause %u\n", burst->page);
        break;
    default:
        g_string_append_printf(text, "%c %" G_GINT64_MODIFIER "x x%u +%u\n", burst->op == NSIM_OP_READ ? 'r' : 'w',
                               (info->frames[burst->page] << NSIM_FRAME_SHIFT) +
                                   ((uint64_t)burst->line << NSIM_LINE_SHIFT),
                               burst->count, burst->gap);
        break;
    }
}

static void
append_thread(GString *text, NsimTrace *trace, uint32_t thread)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, NSIM_FRAME_SHIFT, &error);
    g_assert_no_error(error);
    g_string_append_printf(text, "thread %s\n", info->threads[thread].name);
    for (;;) {
        const bool good = nsim_trace_cursor_fill(cursor, &error);
        g_assert_no_error(error);
        g_assert(good);
        if (cursor->filled == 0)
            return;
        while (cursor->next < cursor->filled)
            append_burst(text, info, &cursor->bursts[cursor->next++]);
    }
}

static char *
trace_text(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    g_assert_no_error(error);
    const bool sound = nsim_trace_check(trace, &error);
    g_assert_no_error(error);
    g_assert(sound);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    GString *text = g_string_new(info->gap_unit == NSIM_GAP_PS ? "picoseconds\n" : "");
    if (info->gap_unit == NSIM_GAP_INSTRUCTIONS)
        g_string_append_printf(text, "instructions %" G_GUINT64_FORMAT "\n", info->gap_per_s);
    for (uint32_t i = 0; i < info->region_count; i++)
        g_string_append_printf(text, "region %s %" G_GINT64_MODIFIER "x %" G_GUINT64_FORMAT "\n", info->regions[i].name,
                               info->regions[i].address, info->regions[i].bytes);
    for (uint32_t i = 0; i < info->thread_count; i++)
        append_thread(text, trace, i);
    return g_string_free(text, FALSE);
}

char *
import_text(const ImportCase *how, const char *const *paths, NsimImportResult *ret_result)
{
    g_autofree char *output = scratch_path("output.trace");
    g_autoptr(GError) error = NULL;
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.from = how->from;
    options.columns = how->columns;
    options.gap_ps = how->gap_ps > 0 ? how->gap_ps : options.gap_ps;
    options.instructions_per_s = how->instructions_per_s;
    options.inputs = paths;
    options.output = output;
    const unsigned files = scratch_file_count();
    if (!nsim_import_trace(&options, ret_result, &error)) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_EQUAL(scratch_file_count(), files); /* nothing is left behind */
        GString *text = g_string_new("error: ");
        g_string_append(text, error->message);
        g_autofree char *prefix = g_strconcat(directory, "/", NULL);
        g_string_replace(text, prefix, "", 0);
        return g_string_free(text, FALSE);
    }
    char *text = trace_text(output);
    g_remove(output);
    return text;
}

char *
import_bytes(const ImportCase *how, const char *name, const GByteArray *bytes)
{
    g_autofree char *path = save_scratch(name, bytes->data, bytes->len);
    const char *const paths[] = {path, NULL};
    char *text = import_text(how, paths, NULL);
    g_remove(path);
    return text;
}

void
expect_text(const char *got, const char *wanted)
{
    const bool same = strcmp(got, wanted) == 0;
    if (!same)
        g_printerr("\ngot:\n%s\nwanted:\n%s\n", got, wanted);
    CU_ASSERT_TRUE(same);
}
