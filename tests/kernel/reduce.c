/* SPDX-License-Identifier: MIT */
/* Summaries as reduce.h says. */
#include "reduce.h"

#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t time_us, accesses;
} Done;

typedef struct {
    uint64_t time_us, start, end;
    uint32_t nr_accesses;
} Seen;

struct _Reduce {
    char *folder;
    bool keep_regions;
    unsigned runs;
    int64_t began_us; /* of the host */
    const Run *run;   /* under way; NULL: none */
    char *seed, *release;
    uint64_t area, span;
    GArray *done, *seen; /* Done, Seen */
    GString *rows;       /* of schemes and balancing */
    unsigned columns;
};

static void
clear(Reduce *reduce)
{
    g_clear_pointer(&reduce->seed, g_free);
    g_clear_pointer(&reduce->release, g_free);
    g_array_set_size(reduce->done, 0);
    g_array_set_size(reduce->seen, 0);
    g_string_truncate(reduce->rows, 0);
    reduce->run = NULL;
    reduce->columns = 0;
    reduce->span = 0;
}

Reduce *
reduce_new(const char *folder, bool keep_regions)
{
    Reduce *reduce = g_new0(Reduce, 1);
    reduce->folder = g_strdup(folder);
    reduce->keep_regions = keep_regions;
    reduce->done = g_array_new(FALSE, FALSE, sizeof(Done));
    reduce->seen = g_array_new(FALSE, FALSE, sizeof(Seen));
    reduce->rows = g_string_new(NULL);
    reduce->began_us = g_get_monotonic_time();
    return reduce;
}

void
reduce_free(Reduce *reduce)
{
    if (reduce == NULL)
        return;
    clear(reduce);
    g_array_unref(reduce->done);
    g_array_unref(reduce->seen);
    g_string_free(reduce->rows, TRUE);
    g_free(reduce->folder);
    g_free(reduce);
}

unsigned
reduce_runs(const Reduce *reduce)
{
    return reduce->runs;
}

/* ---- Monitoring ---------------------------------------------------------------------------------------------------
 */

/* Accesses done until then, between two lines of the log in proportion. */
static double
done_at(const Reduce *reduce, uint64_t time_us)
{
    Done before = {0, 0};
    for (guint i = 0; i < reduce->done->len; i++) {
        const Done after = g_array_index(reduce->done, Done, i);
        if (after.time_us >= time_us && after.time_us > before.time_us)
            return (double)before.accesses + (double)(after.accesses - before.accesses) *
                                                 (double)(time_us - before.time_us) /
                                                 (double)(after.time_us - before.time_us);
        before = after;
    }
    return (double)before.accesses;
}

static double
rate_between(const Reduce *reduce, uint64_t from_us, uint64_t to_us)
{
    return (done_at(reduce, to_us) - done_at(reduce, from_us)) * 1e6 / (double)(to_us - from_us);
}

/* The regions of one aggregation, from `from` to before `to`. */
static void
add_aggregation(const Reduce *reduce, guint from, guint to, uint64_t before_us, GString *text)
{
    const Seen *first = &g_array_index(reduce->seen, Seen, from);
    const uint64_t us = first->time_us - before_us;
    g_autoptr(GArray) regions = g_array_new(FALSE, FALSE, sizeof(FigureRegion));
    uint32_t max = 0;
    for (guint i = from; i < to; i++) {
        const Seen *seen = &g_array_index(reduce->seen, Seen, i);
        const uint64_t area_end = reduce->area + (uint64_t)RUN_AREA_PAGES * RUN_PAGE_BYTES;
        max = MAX(max, seen->nr_accesses);
        if (seen->end <= reduce->area || seen->start >= area_end)
            continue;
        const FigureRegion region = {seen->start > reduce->area ? seen->start - reduce->area : 0,
                                     seen->end - reduce->area, seen->nr_accesses};
        g_array_append_val(regions, region);
    }
    FigureRow row =
        figure_row(reduce->run, first->time_us, us, rate_between(reduce, before_us, first->time_us), regions);
    row.regions = to - from;
    row.max = max;
    figure_print(text, &row);
}

/* An aggregation ends where addresses do not ascend any more. The first one has none before it, the last may be cut. */
static void
add_aggregations(const Reduce *reduce, GString *text)
{
    guint from = 0;
    uint64_t before_us = 0;
    for (guint i = 1; i < reduce->seen->len; i++) {
        const Seen *seen = &g_array_index(reduce->seen, Seen, i);
        if (seen->start > g_array_index(reduce->seen, Seen, i - 1).start)
            continue;
        if (before_us > 0)
            add_aggregation(reduce, from, i, before_us, text);
        before_us = g_array_index(reduce->seen, Seen, from).time_us;
        from = i;
    }
}

static bool
write_regions(const Reduce *reduce, GError **error)
{
    g_autoptr(GString) text = g_string_new("# time_us,start,end,nr_accesses; bytes from the area's start\n");
    g_autofree char *path = g_strdup_printf("%s/%s-%s.regions", reduce->folder, reduce->run->name, reduce->seed);
    for (guint i = 0; i < reduce->seen->len; i++) {
        const Seen *seen = &g_array_index(reduce->seen, Seen, i);
        g_string_append_printf(text, "%" G_GUINT64_FORMAT ",%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT ",%u\n",
                               seen->time_us, (int64_t)(seen->start - reduce->area),
                               (int64_t)(seen->end - reduce->area), seen->nr_accesses);
    }
    return g_file_set_contents(path, text->str, (gssize)text->len, error);
}

/* ---- A run --------------------------------------------------------------------------------------------------------
 */

static void
add_header(const Reduce *reduce, GString *text)
{
    if (reduce->run->kind == RUN_MONITOR) {
        g_string_append(text, FIGURE_HEADER "\n");
        return;
    }
    g_string_append(text, REDUCE_HEADER);
    for (unsigned k = 0; k < (reduce->columns - RECORDING_COLUMNS) / RECORDING_SCHEME_COLUMNS; k++)
        g_string_append_printf(text, REDUCE_SCHEME_HEADER, k, k, k, k, k, k);
    g_string_append_c(text, '\n');
}

static bool
end_run(Reduce *reduce, GError **error)
{
    const uint64_t end_us = RUN_LEAD_US + reduce->run->seconds * UINT64_C(1000000);
    const double seconds = (double)(g_get_monotonic_time() - reduce->began_us) / 1e6;
    g_autofree char *path = g_strdup_printf("%s/%s-%s.csv", reduce->folder, reduce->run->name, reduce->seed);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "# run %s, seed %s, Linux %s\n", reduce->run->name, reduce->seed, reduce->release);
    g_string_append_printf(text, "# accesses a second: %u asked for, %.0f done while it was watched\n",
                           reduce->run->accesses_per_s, rate_between(reduce, RUN_LEAD_US, end_us));
    if (reduce->span > 0)
        g_string_append_printf(text, "# span of the area on node 0: %" G_GUINT64_FORMAT " bytes\n", reduce->span);
    add_header(reduce, text);
    if (reduce->run->kind == RUN_MONITOR)
        add_aggregations(reduce, text);
    else
        g_string_append_len(text, reduce->rows->str, (gssize)reduce->rows->len);
    if (!g_file_set_contents(path, text->str, (gssize)text->len, error) ||
        (reduce->keep_regions && reduce->seen->len > 0 && !write_regions(reduce, error)))
        return false;
    printf("%s: %.0f s\n", path, seconds);
    fflush(stdout);
    reduce->began_us = g_get_monotonic_time();
    reduce->runs++;
    clear(reduce);
    return true;
}

static bool
begin_run(Reduce *reduce, char **words)
{
    clear(reduce);
    for (size_t i = 0; i < RUN_COUNT; i++)
        if (g_str_equal(runs[i].name, words[1]))
            reduce->run = &runs[i];
    reduce->seed = g_strdup(words[2]);
    reduce->release = g_strdup(words[3]);
    return reduce->run != NULL;
}

/* The numbers of a line behind its first word; as many as there are, at most `most`. */
static unsigned
numbers(char **words, uint64_t *values, unsigned most)
{
    unsigned count = 0;
    for (; count < most && words[count + 1] != NULL; count++)
        values[count] = g_ascii_strtoull(words[count + 1], NULL, 10);
    return count;
}

static bool
add_row(Reduce *reduce, char **words)
{
    const unsigned columns = g_strv_length(words) - 1;
    if (columns < RECORDING_COLUMNS || (columns - RECORDING_COLUMNS) % RECORDING_SCHEME_COLUMNS != 0)
        return false;
    g_autofree char *row = g_strjoinv(",", words + 1);
    reduce->columns = columns;
    g_string_append_printf(reduce->rows, "%s\n", row);
    return true;
}

static bool
understand(Reduce *reduce, char **words)
{
    uint64_t values[5];
    if (g_str_equal(words[0], "run"))
        return g_strv_length(words) == 4 && begin_run(reduce, words);
    if (reduce->run == NULL)
        return false;
    if (g_str_equal(words[0], "area") && numbers(words, values, 1) == 1) {
        reduce->area = values[0];
        return true;
    }
    if (g_str_equal(words[0], "span") && numbers(words, values, 1) == 1) {
        reduce->span = values[0];
        return true;
    }
    if (g_str_equal(words[0], "w") && numbers(words, values, 2) == 2) {
        g_array_append_val(reduce->done, ((Done){values[0], values[1]}));
        return true;
    }
    if (g_str_equal(words[0], "r") && numbers(words, values, 5) == 5) {
        g_array_append_val(reduce->seen, ((Seen){values[0], values[1], values[2], (uint32_t)values[3]}));
        return true;
    }
    return g_str_equal(words[0], "m") && add_row(reduce, words);
}

bool
reduce_line(Reduce *reduce, const char *line, GError **error)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    if (words[0] != NULL && g_str_equal(words[0], "end") && reduce->run != NULL)
        return end_run(reduce, error);
    if (words[0] != NULL && understand(reduce, words))
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "the guest says what is not understood: %s", line);
    return false;
}
