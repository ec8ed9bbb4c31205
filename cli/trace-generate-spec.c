/* SPDX-License-Identifier: MIT */
/* numasim trace generate --spec: a specification of phases and mixtures, read from YAML. */
#include <cli/trace-generate.h>

#include <models/document.h>

struct _NsimSpecFile {
    NsimDocument *document; /* owns the names */
    NsimGenerateSpec spec;
    NsimGenerateRange ranges[NSIM_GENERATE_RANGES_MAX];
    NsimGeneratePhase phases[NSIM_GENERATE_PHASES_MAX];
    NsimGeneratePart parts[NSIM_GENERATE_PARTS_MAX];
    uint32_t part_count;
};

static const char *const top_keys[] = {"threads", "records", "seed",     "barrier_every",
                                       "ranges",  "phases",  "patterns", NULL};
static const char *const range_keys[] = {"name", "size", "shared", NULL};
static const char *const phase_keys[] = {"name", "records", "meet", "patterns", NULL};
static const char *const part_keys[] = {"pattern", "range",    "weight", "lines",     "stride",     "theta", "writes",
                                        "gap",     "line_gap", "hot",    "hot_share", "move_every", "move",  NULL};

static uint64_t
to_pages(uint64_t bytes)
{
    return bytes / NSIM_GENERATE_PAGE_BYTES + (bytes % NSIM_GENERATE_PAGE_BYTES > 0);
}

/* The list under `key` with between 1 and `most` items. */
static const NsimValue *
read_list(const NsimValue *map, const char *key, uint32_t most, GError **error)
{
    const NsimValue *list = nsim_value_get(map, key);
    if (!list)
        nsim_value_error(map, error, "key \"%s\" is missing", key);
    else if (nsim_value_kind(list) != NSIM_VALUE_LIST)
        nsim_value_error(list, error, "\"%s\" must be a list", key);
    else if (nsim_value_count(list) < 1 || nsim_value_count(list) > most)
        nsim_value_error(list, error, "%u \"%s\" are outside 1..%u", nsim_value_count(list), key, most);
    else
        return list;
    return NULL;
}

static bool
read_ranges(NsimSpecFile *file, const NsimValue *top, GError **error)
{
    const NsimValue *list = read_list(top, "ranges", NSIM_GENERATE_RANGES_MAX, error);
    for (uint32_t i = 0; list && i < nsim_value_count(list); i++) {
        const NsimValue *item = nsim_value_item(list, i);
        NsimGenerateRange *range = &file->ranges[i];
        uint64_t bytes;
        if (!nsim_value_check_map(item, "range", range_keys, error) ||
            !nsim_value_read_text(item, "name", true, &range->name, error) ||
            !nsim_value_read_bytes(item, "size", true, &bytes, error) ||
            !nsim_value_read_bool(item, "shared", false, &range->shared, error))
            return false;
        range->pages = to_pages(bytes);
        for (uint32_t j = 0; j < i; j++) {
            if (g_str_equal(file->ranges[j].name, range->name))
                return nsim_value_error(item, error, "range \"%s\" is there twice", range->name);
        }
        const uint64_t least = range->shared ? 1 : file->spec.threads;
        if (range->pages < least || range->pages > NSIM_GENERATE_PAGES_MAX)
            return nsim_value_error(nsim_value_get(item, "size"), error,
                                    "range \"%s\" of %" G_GUINT64_FORMAT " pages of 4KiB is outside %" G_GUINT64_FORMAT
                                    "..%" G_GUINT64_FORMAT,
                                    range->name, range->pages, least, NSIM_GENERATE_PAGES_MAX);
        file->spec.range_count++;
    }
    return list != NULL;
}

/* The range that a part names; with one only, it need not be named. */
static bool
read_range(const NsimSpecFile *file, const NsimValue *item, uint32_t *ret, GError **error)
{
    const char *names[NSIM_GENERATE_RANGES_MAX + 1] = {NULL};
    for (uint32_t i = 0; i < file->spec.range_count; i++)
        names[i] = file->ranges[i].name;
    return nsim_value_read_enum(item, "range", file->spec.range_count > 1, names, ret, error);
}

static bool
read_theta(const NsimValue *item, double *ret, GError **error)
{
    const char *text = NULL;
    if (!nsim_value_read_text(item, "theta", false, &text, error))
        return false;
    if (!text || nsim_generate_parse_theta(text, ret))
        return true;
    return nsim_value_error(nsim_value_get(item, "theta"), error, "\"%s\" is no number", text);
}

/* How far a window moves: bytes or the word jump. */
static bool
read_move(const NsimValue *item, uint64_t *ret_pages, GError **error)
{
    const char *text = NULL;
    uint64_t bytes;
    *ret_pages = NSIM_GENERATE_JUMP;
    if (!nsim_value_read_text(item, "move", false, &text, error))
        return false;
    if (!text || g_str_equal(text, "jump"))
        return true;
    if (!nsim_value_read_bytes(item, "move", false, &bytes, error))
        return false;
    *ret_pages = to_pages(bytes);
    return true;
}

/* What a thread has of a range. */
static uint64_t
thread_pages(const NsimSpecFile *file, uint32_t range)
{
    const uint64_t pages = file->ranges[range].pages;
    return file->ranges[range].shared ? pages : pages / file->spec.threads;
}

static bool
read_lengths(const NsimValue *item, NsimGeneratePart *part, uint64_t range_pages, GError **error)
{
    uint64_t stride = 0, line_gap = 0, hot = 0;
    if (!nsim_value_read_bytes(item, "stride", false, &stride, error) ||
        !nsim_value_read_time(item, "line_gap", false, &line_gap, error) ||
        !nsim_value_read_bytes(item, "hot", false, &hot, error) || !read_move(item, &part->move_pages, error))
        return false;
    if (stride % NSIM_LINE_BYTES)
        return nsim_value_error(nsim_value_get(item, "stride"), error, "stride must be a multiple of 64B");
    if (line_gap > 65535 / 16)
        return nsim_value_error(nsim_value_get(item, "line_gap"), error, "line_gap is too large; the most is 4095ps");
    part->step = (uint32_t)(line_gap * 16);
    part->stride_lines = stride > 0 ? stride / NSIM_LINE_BYTES : part->stride_lines;
    part->hot_pages = nsim_value_get(item, "hot") ? to_pages(hot) : MAX(range_pages / 8, 1);
    return true;
}

/* Append a part. */
static bool
read_part(NsimSpecFile *file, const NsimValue *item, GError **error)
{
    NsimGenerateOptions defaults;
    nsim_generate_options_init(&defaults);
    uint32_t pattern = 0, range = 0;
    uint64_t weight = 1, lines = defaults.burst_lines, writes = defaults.write_ppm, hot_share = defaults.hot_ppm;
    NsimGeneratePart *part = &file->parts[file->part_count];
    *part = (NsimGeneratePart){.stride_lines = defaults.stride_lines, .theta = defaults.theta, .gap = defaults.gap};
    if (!nsim_value_check_map(item, "pattern", part_keys, error) ||
        !nsim_value_read_enum(item, "pattern", true, nsim_generate_pattern_names, &pattern, error) ||
        !read_range(file, item, &range, error) ||
        !nsim_value_read_count(item, "weight", false, 1, NSIM_GENERATE_WEIGHT_MAX, &weight, error) ||
        !nsim_value_read_count(item, "lines", false, 1, NSIM_TRACE_RUN_LINES_MAX, &lines, error) ||
        !read_theta(item, &part->theta, error) || !nsim_value_read_ratio(item, "writes", false, &writes, error) ||
        !nsim_value_read_time(item, "gap", false, &part->gap, error) ||
        !nsim_value_read_ratio(item, "hot_share", false, &hot_share, error) ||
        !nsim_value_read_count(item, "move_every", false, 0, UINT64_MAX, &part->move_every, error) ||
        !read_lengths(item, part, thread_pages(file, range), error))
        return false;
    part->pattern = (NsimGeneratePattern)pattern;
    part->range = range;
    part->weight = (uint32_t)weight;
    part->burst_lines = (uint32_t)lines;
    part->write_ppm = (uint32_t)MIN(writes, UINT32_MAX);
    part->hot_ppm = (uint32_t)MIN(hot_share, UINT32_MAX);
    g_autoptr(GError) problem = NULL;
    if (!nsim_generate_check_part(NULL, &file->spec, part, &problem))
        return nsim_value_error(item, error, "%s", problem->message);
    file->part_count++;
    return true;
}

/* Append the patterns under `map` as a phase's. */
static bool
read_parts(NsimSpecFile *file, const NsimValue *map, NsimGeneratePhase *phase, GError **error)
{
    const NsimValue *list = read_list(map, "patterns", NSIM_GENERATE_PARTS_MAX - file->part_count, error);
    phase->parts = &file->parts[file->part_count];
    for (uint32_t i = 0; list && i < nsim_value_count(list); i++) {
        if (!read_part(file, nsim_value_item(list, i), error))
            return false;
        phase->part_count++;
    }
    return list != NULL;
}

static bool
read_phases(NsimSpecFile *file, const NsimValue *top, GError **error)
{
    if (nsim_value_get(top, "patterns")) {
        if (nsim_value_get(top, "phases"))
            return nsim_value_error(nsim_value_get(top, "phases"), error, "\"phases\" beside \"patterns\": use one");
        file->spec.phase_count = 1;
        file->phases[0] = (NsimGeneratePhase){.name = "all", .records = file->spec.records};
        return read_parts(file, top, &file->phases[0], error);
    }
    const NsimValue *list = read_list(top, "phases", NSIM_GENERATE_PHASES_MAX, error);
    for (uint32_t i = 0; list && i < nsim_value_count(list); i++) {
        const NsimValue *item = nsim_value_item(list, i);
        NsimGeneratePhase *phase = &file->phases[i];
        if (!nsim_value_check_map(item, "phase", phase_keys, error) ||
            !nsim_value_read_text(item, "name", true, &phase->name, error) ||
            !nsim_value_read_count(item, "records", true, 1, UINT64_MAX, &phase->records, error) ||
            !nsim_value_read_bool(item, "meet", false, &phase->meet, error) || !read_parts(file, item, phase, error))
            return false;
        file->spec.phase_count++;
    }
    return list != NULL;
}

static bool
read_top(NsimSpecFile *file, const NsimSpecOverrides *overrides, GError **error)
{
    const NsimValue *top = nsim_document_root(file->document);
    NsimGenerateOptions defaults;
    nsim_generate_options_init(&defaults);
    uint64_t threads = defaults.threads;
    NsimGenerateSpec *spec = &file->spec;
    *spec = (NsimGenerateSpec){.records = defaults.records,
                               .seed = defaults.seed,
                               .gap_unit = defaults.gap_unit,
                               .ranges = file->ranges,
                               .phases = file->phases};
    if (!nsim_value_check_map(top, "specification", top_keys, error) ||
        !nsim_value_read_count(top, "threads", false, 1, NSIM_TRACE_THREADS_MAX, &threads, error) ||
        !nsim_value_read_count(top, "records", false, 0, UINT64_MAX, &spec->records, error) ||
        !nsim_value_read_count(top, "seed", false, 0, UINT64_MAX, &spec->seed, error) ||
        !nsim_value_read_count(top, "barrier_every", false, 0, UINT64_MAX, &spec->barrier_every, error))
        return false;
    spec->threads = (uint32_t)(overrides->threads ? *overrides->threads : threads);
    spec->records = overrides->records ? *overrides->records : spec->records;
    spec->seed = overrides->seed ? *overrides->seed : spec->seed;
    spec->barrier_every = overrides->barrier_every ? *overrides->barrier_every : spec->barrier_every;
    if (spec->threads == 0)
        return nsim_value_error(top, error, "0 threads are outside 1..%u", NSIM_TRACE_THREADS_MAX);
    return read_ranges(file, top, error) && read_phases(file, top, error);
}

NsimSpecFile *
nsim_spec_file_load(const char *path, const NsimSpecOverrides *overrides, GError **error)
{
    g_autoptr(NsimSpecFile) file = g_new0(NsimSpecFile, 1);
    file->document = nsim_document_load(path, error);
    if (!file->document || !read_top(file, overrides, error))
        return NULL;
    return g_steal_pointer(&file);
}

void
nsim_spec_file_free(NsimSpecFile *file)
{
    if (!file)
        return;
    nsim_document_free(file->document);
    g_free(file);
}

NsimGenerateSpec
nsim_spec_file_spec(const NsimSpecFile *file)
{
    return file->spec;
}
