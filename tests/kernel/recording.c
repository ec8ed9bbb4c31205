/* SPDX-License-Identifier: MIT */
/* Summaries as recording.h says. */
#include "recording.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

static void
recording_free(Recording *recording)
{
    g_free(recording->seed);
    g_free(recording->release);
    g_strfreev(recording->columns);
    g_array_unref(recording->rows);
    g_array_unref(recording->numbers);
    g_free(recording);
}

static const Run *
find_run(const char *name)
{
    for (size_t i = 0; i < RUN_COUNT; i++)
        if (g_str_equal(runs[i].name, name))
            return &runs[i];
    return NULL;
}

/* "# run NAME, seed N, Linux RELEASE", "# accesses a second: N asked for, N done ...", "# span of the area ..." */
static bool
read_remark(Recording *recording, const char *line)
{
    char name[16], seed[16], release[64];
    if (sscanf(line, "# run %15[a-z], seed %15[0-9], Linux %63s", name, seed, release) == 3) {
        recording->run = find_run(name);
        g_free(recording->seed);
        g_free(recording->release);
        recording->seed = g_strdup(seed);
        recording->release = g_strdup(release);
        return recording->run != NULL;
    }
    if (sscanf(line, "# span of the area on node 0: %" G_GUINT64_FORMAT " bytes", &recording->span_bytes) == 1)
        return true;
    return sscanf(line, "# accesses a second: %*u asked for, %lf done", &recording->accesses_per_s) == 1;
}

static bool
read_numbers(Recording *recording, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, ",", -1);
    if (g_strv_length(words) != g_strv_length(recording->columns))
        return false;
    for (char **word = words; *word != NULL; word++) {
        const uint64_t number = g_ascii_strtoull(*word, NULL, 10);
        g_array_append_val(recording->numbers, number);
    }
    return true;
}

static bool
read_line(Recording *recording, const char *line)
{
    FigureRow row;
    if (line[0] == '#')
        return read_remark(recording, line);
    if (recording->run == NULL)
        return false;
    if (recording->columns == NULL) {
        recording->columns = g_strsplit(line, ",", -1);
        return recording->run->kind != RUN_MONITOR || g_str_equal(line, FIGURE_HEADER);
    }
    if (recording->run->kind != RUN_MONITOR)
        return read_numbers(recording, line);
    if (!figure_read(line, &row))
        return false;
    g_array_append_val(recording->rows, row);
    return true;
}

static GInputStream *
open_file(const char *path, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    GInputStream *stream = G_INPUT_STREAM(g_file_read(file, NULL, error));
    if (stream == NULL || !g_str_has_suffix(path, ".gz"))
        return stream;
    g_autoptr(GConverter) converter = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    GInputStream *plain = g_converter_input_stream_new(stream, converter);
    g_object_unref(stream);
    return plain;
}

static Recording *
read_recording(const char *path, GError **error)
{
    g_autoptr(GInputStream) stream = open_file(path, error);
    if (stream == NULL)
        return NULL;
    g_autoptr(GDataInputStream) lines = g_data_input_stream_new(stream);
    Recording *recording = g_new0(Recording, 1);
    recording->rows = g_array_new(FALSE, FALSE, sizeof(FigureRow));
    recording->numbers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    GError *problem = NULL;
    for (char *line; (line = g_data_input_stream_read_line(lines, NULL, NULL, &problem)) != NULL; g_free(line))
        if (!read_line(recording, line)) {
            g_set_error(&problem, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: a wrong line: %s", path, line);
            g_free(line);
            break;
        }
    if (problem == NULL && recording->run != NULL)
        return recording;
    if (problem != NULL)
        g_propagate_error(error, problem);
    else
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: nothing recorded", path);
    recording_free(recording);
    return NULL;
}

static gint
compare_recordings(gconstpointer a, gconstpointer b)
{
    const Recording *x = *(Recording *const *)a, *y = *(Recording *const *)b;
    if (x->run != y->run)
        return (x->run > y->run) - (x->run < y->run);
    /* Those that do not say the span come first. */
    if (x->span_bytes != y->span_bytes)
        return x->span_bytes < y->span_bytes ? -1 : 1;
    return strcmp(x->seed, y->seed);
}

GPtrArray *
recordings_read(const char *folder, GError **error)
{
    GDir *names = g_dir_open(folder, 0, error);
    if (names == NULL)
        return NULL;
    g_autoptr(GPtrArray) recordings = g_ptr_array_new_with_free_func((GDestroyNotify)recording_free);
    bool ok = true;
    for (const char *name; ok && (name = g_dir_read_name(names)) != NULL;) {
        if (!g_str_has_suffix(name, ".csv") && !g_str_has_suffix(name, ".csv.gz"))
            continue;
        g_autofree char *path = g_build_filename(folder, name, NULL);
        Recording *recording = read_recording(path, error);
        ok = recording != NULL;
        if (ok)
            g_ptr_array_add(recordings, recording);
    }
    g_dir_close(names);
    if (!ok)
        return NULL;
    if (recordings->len == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "%s has no recordings", folder);
        return NULL;
    }
    g_ptr_array_sort(recordings, compare_recordings);
    return g_steal_pointer(&recordings);
}

guint
recording_count(const Recording *recording)
{
    return recording->columns != NULL ? recording->numbers->len / g_strv_length(recording->columns) : 0;
}

uint64_t
recording_number(const Recording *recording, guint row, const char *column)
{
    const guint width = g_strv_length(recording->columns);
    for (guint i = 0; i < width; i++)
        if (g_str_equal(recording->columns[i], column))
            return g_array_index(recording->numbers, uint64_t, row * width + i);
    g_error("no column '%s' in a recording of %s", column, recording->run->name);
}

double
recording_near_share(const Recording *recording, guint row)
{
    const uint64_t time_us = recording_number(recording, row, "time_us");
    const uint32_t hot = run_hot_first(recording->run, time_us) / RUN_TENTH_PAGES;
    double cold_pages = 0, share = 0;
    for (uint32_t tenth = 0; tenth < RUN_TENTHS; tenth++) {
        g_autofree char *column = g_strdup_printf("near%u", tenth);
        const double pages = (double)recording_number(recording, row, column);
        if (tenth == hot)
            share += 0.9 * pages / RUN_TENTH_PAGES;
        else
            cold_pages += pages;
    }
    return share + 0.1 * cold_pages / (RUN_AREA_PAGES - RUN_TENTH_PAGES);
}
