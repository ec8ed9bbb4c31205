/* SPDX-License-Identifier: MIT */
/*
 * Synthetic traces from a specification: phases one after the other, in each a mixture of patterns.
 *
 * Threads take turns of TURN_RECORDS runs, so that blocks of all threads are spread over the file as in a captured
 * trace. Each thread has a random stream for each of its patterns and one to choose among them, so that a pattern's
 * runs do not depend on those beside it. With a single pattern the stream's name is the thread's.
 *
 * Left out: correlations between threads, phases that depend on what happened before.
 */

#include <traces/generate-pattern.h>

#include <inttypes.h>

#define PAGE_LINES NSIM_GENERATE_PAGE_LINES
#define TURN_RECORDS 4096u
#define PPM 1000000u

const char *const nsim_generate_pattern_names[NSIM_GENERATE_PATTERNS + 1] = {"zipf",  "uniform", "sequential", "stride",
                                                                             "chase", "hotset",  NULL};

typedef struct {
    const NsimGeneratePhase *phase;
    uint64_t quota; /* runs of each thread */
    uint32_t first_part, mark;
    uint64_t weight_total;
} Phase;

typedef struct {
    NsimPatternPlace *places; /* of each part */
    NsimRandom *choices;      /* of each phase; NULL where there is nothing to choose */
    uint64_t left;            /* runs to do */
    uint64_t to_barrier;      /* runs before the next barrier */
    uint64_t barriers_left;   /* those that every thread has runs for */
    uint64_t meetings_left;   /* ends of phases that every thread has runs for */
    uint64_t phase_left;      /* runs before the phase ends */
    uint32_t phase;
} Walker;

typedef struct {
    const NsimGenerateSpec *spec;
    const char *single; /* name of the region of the single range of NsimGenerateOptions; NULL for a specification */
    NsimTraceWriter *writer;
    uint32_t barrier;
    Phase *phases;
    NsimPattern *patterns; /* of all phases */
    uint32_t part_count;
    uint64_t *range_lines; /* first line of each range */
    Walker *walkers;
} Generator;

void
nsim_generate_options_init(NsimGenerateOptions *options)
{
    *options = (NsimGenerateOptions){.pattern = NSIM_GENERATE_ZIPF,
                                     .threads = 1,
                                     .pages = 1024,
                                     .records = 1000000,
                                     .burst_lines = 1,
                                     .stride_lines = PAGE_LINES,
                                     .theta = 0.99,
                                     .gap = NSIM_NS,
                                     .level = 3,
                                     .seed = 1,
                                     .gap_unit = NSIM_GAP_PS,
                                     .hot_pages = 128,
                                     .hot_ppm = 900000,
                                     .move_pages = NSIM_GENERATE_JUMP};
}

/* ---- Checks -------------------------------------------------------------------------------------------------- */

static bool refuse(const char *path, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool
refuse(const char *path, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s%s%s", path ? path : "", path ? ": " : "", text);
    return false;
}

/* `pages` is the size of one thread's range. */
static bool
check_hotset(const char *path, const NsimGeneratePart *part, uint64_t pages, GError **error)
{
    if (part->hot_pages < 1 || part->hot_pages > pages)
        return refuse(path, error, "hot set of %" PRIu64 " pages is outside 1..%" PRIu64, part->hot_pages, pages);
    if (part->hot_ppm > PPM)
        return refuse(path, error, "hot share of %" PRIu32 " ppm is outside 0..%u", part->hot_ppm, PPM);
    if (part->move_every > 0 && part->move_pages != NSIM_GENERATE_JUMP && part->move_pages > pages)
        return refuse(path, error, "hot set moves %" PRIu64 " pages, which is outside 0..%" PRIu64, part->move_pages,
                      pages);
    return true;
}

bool
nsim_generate_check_part(const char *path, const NsimGenerateSpec *spec, const NsimGeneratePart *part, GError **error)
{
    if ((unsigned)part->pattern >= NSIM_GENERATE_PATTERNS)
        return refuse(path, error, "pattern %d is not known", (int)part->pattern);
    if (part->range >= spec->range_count)
        return refuse(path, error, "range %" PRIu32 " is outside 0..%" PRIu32, part->range, spec->range_count - 1);
    if (part->weight < 1 || part->weight > NSIM_GENERATE_WEIGHT_MAX)
        return refuse(path, error, "weight %" PRIu32 " is outside 1..%u", part->weight, NSIM_GENERATE_WEIGHT_MAX);
    const NsimGenerateRange *range = &spec->ranges[part->range];
    const uint64_t pages = range->shared ? range->pages : range->pages / spec->threads;
    const uint64_t range_lines = pages * PAGE_LINES;
    const uint64_t lines_max = MIN(range_lines, (uint64_t)NSIM_TRACE_RUN_LINES_MAX);
    if (part->burst_lines < 1 || part->burst_lines > lines_max)
        return refuse(path, error, "runs of %" PRIu32 " lines are outside 1..%" PRIu64, part->burst_lines, lines_max);
    if (part->pattern == NSIM_GENERATE_STRIDE &&
        (part->stride_lines < part->burst_lines || part->stride_lines > range_lines))
        return refuse(path, error, "stride of %" PRIu64 " lines is outside %" PRIu32 "..%" PRIu64, part->stride_lines,
                      part->burst_lines, range_lines);
    if (part->pattern == NSIM_GENERATE_ZIPF && !(part->theta > 0 && part->theta <= 10))
        return refuse(path, error, "theta %g is not above 0 and at most 10", part->theta);
    if (part->pattern == NSIM_GENERATE_HOTSET && !check_hotset(path, part, pages, error))
        return false;
    if (part->write_ppm > PPM)
        return refuse(path, error, "write share of %" PRIu32 " ppm is outside 0..%u", part->write_ppm, PPM);
    if (part->step > UINT16_MAX)
        return refuse(path, error, "step %" PRIu32 " is outside 0..65535", part->step);
    return true;
}

static bool
check_ranges(const char *path, const NsimGenerateSpec *spec, GError **error)
{
    uint64_t pages = 0;
    if (spec->threads < 1 || spec->threads > NSIM_TRACE_THREADS_MAX)
        return refuse(path, error, "%" PRIu32 " threads are outside 1..%u", spec->threads, NSIM_TRACE_THREADS_MAX);
    if (spec->range_count < 1 || spec->range_count > NSIM_GENERATE_RANGES_MAX)
        return refuse(path, error, "%" PRIu32 " ranges are outside 1..%u", spec->range_count, NSIM_GENERATE_RANGES_MAX);
    for (uint32_t i = 0; i < spec->range_count; i++) {
        const NsimGenerateRange *range = &spec->ranges[i];
        const uint64_t pages_min = range->shared ? 1 : spec->threads;
        if (range->pages < pages_min || range->pages > NSIM_GENERATE_PAGES_MAX)
            return refuse(path, error, "%" PRIu64 " pages are outside %" PRIu64 "..%" PRIu64, range->pages, pages_min,
                          NSIM_GENERATE_PAGES_MAX);
        pages += range->pages;
    }
    if (pages > NSIM_GENERATE_PAGES_MAX)
        return refuse(path, error, "ranges of %" PRIu64 " pages together are outside 1..%" PRIu64, pages,
                      NSIM_GENERATE_PAGES_MAX);
    return true;
}

static bool
check_spec(const char *path, const NsimGenerateSpec *spec, GError **error)
{
    uint32_t part_count = 0;
    if (!check_ranges(path, spec, error))
        return false;
    if (spec->phase_count < 1 || spec->phase_count > NSIM_GENERATE_PHASES_MAX)
        return refuse(path, error, "%" PRIu32 " phases are outside 1..%u", spec->phase_count, NSIM_GENERATE_PHASES_MAX);
    for (uint32_t i = 0; i < spec->phase_count; i++) {
        const NsimGeneratePhase *phase = &spec->phases[i];
        if (phase->part_count < 1 || phase->part_count > NSIM_GENERATE_PARTS_MAX - part_count)
            return refuse(path, error, "phase '%s': its %" PRIu32 " patterns are outside 1..%" PRIu32, phase->name,
                          phase->part_count, NSIM_GENERATE_PARTS_MAX - part_count);
        if (spec->phase_count > 1 && phase->records < 1)
            return refuse(path, error, "phase '%s': 0 records are too few", phase->name);
        part_count += phase->part_count;
        for (uint32_t j = 0; j < phase->part_count; j++) {
            if (!nsim_generate_check_part(path, spec, &phase->parts[j], error))
                return false;
        }
    }
    if ((uint64_t)part_count * spec->threads > NSIM_GENERATE_STATES_MAX)
        return refuse(path, error, "%" PRIu32 " patterns with %" PRIu32 " threads: the most is %u together", part_count,
                      spec->threads, NSIM_GENERATE_STATES_MAX);
    return true;
}

/* ---- Runs ---------------------------------------------------------------------------------------------------- */

/* The number of the part, of all phases, that the next run is of. */
static uint32_t
choose_part(const Phase *phase, Walker *walker)
{
    const uint32_t part_count = phase->phase->part_count;
    if (part_count == 1)
        return phase->first_part;
    uint64_t chosen = nsim_random_below(&walker->choices[walker->phase], phase->weight_total);
    uint32_t i = 0;
    while (i + 1 < part_count && chosen >= phase->phase->parts[i].weight)
        chosen -= phase->phase->parts[i++].weight;
    return phase->first_part + i;
}

static void
meet(const Generator *generator, uint32_t thread)
{
    nsim_trace_writer_barrier(generator->writer, thread, generator->barrier, 0);
}

static void
begin_phase(const Generator *generator, uint32_t thread)
{
    Walker *walker = &generator->walkers[thread];
    walker->phase_left = generator->phases[walker->phase].quota;
    if (thread == 0 && generator->spec->phase_count > 1)
        nsim_trace_writer_mark(generator->writer, thread, generator->phases[walker->phase].mark, 0);
}

static void
end_phase(const Generator *generator, uint32_t thread)
{
    Walker *walker = &generator->walkers[thread];
    if (generator->phases[walker->phase].phase->meet && walker->meetings_left > 0) {
        meet(generator, thread);
        walker->meetings_left--;
    }
    walker->phase = (walker->phase + 1) % generator->spec->phase_count;
}

static void
put_turn(const Generator *generator, uint32_t thread)
{
    Walker *walker = &generator->walkers[thread];
    for (uint64_t i = MIN(walker->left, (uint64_t)TURN_RECORDS); i > 0; i--) {
        if (walker->phase_left == 0)
            begin_phase(generator, thread);
        NsimRun run;
        const uint32_t part = choose_part(&generator->phases[walker->phase], walker);
        nsim_pattern_next(&generator->patterns[part], &walker->places[part], &run);
        nsim_trace_writer_run(generator->writer, thread, &run);
        walker->left--;
        if (walker->barriers_left > 0 && --walker->to_barrier == 0) {
            meet(generator, thread);
            walker->to_barrier = generator->spec->barrier_every;
            walker->barriers_left--;
        }
        if (--walker->phase_left == 0)
            end_phase(generator, thread);
    }
}

/* ---- Set-up -------------------------------------------------------------------------------------------------- */

static void
add_regions(Generator *generator)
{
    const NsimGenerateSpec *spec = generator->spec;
    for (uint32_t i = 0; i < spec->range_count; i++) {
        const NsimGenerateRange *range = &spec->ranges[i];
        const uint64_t address = generator->range_lines[i] * NSIM_LINE_BYTES;
        const uint64_t bytes = (range->shared ? range->pages : range->pages / spec->threads) * NSIM_GENERATE_PAGE_BYTES;
        for (uint32_t thread = 0; thread < (range->shared ? 1 : spec->threads); thread++) {
            g_autofree char *own = range->shared       ? g_strdup(range->name)
                                   : generator->single ? g_strdup_printf("thread-%" PRIu32, thread)
                                                       : g_strdup_printf("%s/thread-%" PRIu32, range->name, thread);
            nsim_trace_writer_add_region(generator->writer, own, address + thread * bytes, bytes);
        }
    }
}

/* How many ends of phases at which to meet come within `records` runs of a thread. */
static uint64_t
count_meetings(const Generator *generator, uint64_t records)
{
    uint64_t cycle = 0, meetings = 0;
    for (uint32_t i = 0; i < generator->spec->phase_count; i++) {
        cycle = generator->phases[i].quota > UINT64_MAX - cycle ? UINT64_MAX : cycle + generator->phases[i].quota;
        meetings += generator->phases[i].phase->meet;
    }
    uint64_t count = records / cycle * meetings, left = records % cycle;
    for (uint32_t i = 0; i < generator->spec->phase_count && generator->phases[i].quota <= left; i++) {
        left -= generator->phases[i].quota;
        count += generator->phases[i].phase->meet;
    }
    return count;
}

static void
init_phases(Generator *generator)
{
    const NsimGenerateSpec *spec = generator->spec;
    generator->phases = g_new0(Phase, spec->phase_count);
    generator->patterns = g_new0(NsimPattern, NSIM_GENERATE_PARTS_MAX);
    for (uint32_t i = 0; i < spec->phase_count; i++) {
        Phase *phase = &generator->phases[i];
        phase->phase = &spec->phases[i];
        phase->first_part = generator->part_count;
        phase->quota = MAX(phase->phase->records / spec->threads, 1);
        if (spec->phase_count == 1) /* one that never ends */
            phase->quota = phase->phase->meet ? phase->quota : UINT64_MAX;
        else
            phase->mark = nsim_trace_writer_add_mark(generator->writer, phase->phase->name);
        for (uint32_t j = 0; j < phase->phase->part_count; j++) {
            const NsimGeneratePart *part = &phase->phase->parts[j];
            const NsimGenerateRange *range = &spec->ranges[part->range];
            nsim_pattern_init(&generator->patterns[generator->part_count++], part,
                              range->shared ? range->pages : range->pages / spec->threads, range->shared);
            phase->weight_total += part->weight;
        }
    }
}

static void
init_walker(const Generator *generator, uint32_t thread)
{
    const NsimGenerateSpec *spec = generator->spec;
    Walker *walker = &generator->walkers[thread];
    g_autofree char *name = g_strdup_printf("thread-%" PRIu32, thread);
    nsim_trace_writer_add_thread(generator->writer, name);
    walker->left = spec->records / spec->threads + (thread < spec->records % spec->threads ? 1 : 0);
    walker->meetings_left = count_meetings(generator, spec->records / spec->threads);
    if (spec->barrier_every > 0) {
        walker->to_barrier = spec->barrier_every;
        walker->barriers_left = spec->records / spec->threads / spec->barrier_every;
    }
    walker->places = g_new0(NsimPatternPlace, generator->part_count);
    walker->choices = g_new0(NsimRandom, spec->phase_count);
    for (uint32_t i = 0, part = 0; i < spec->phase_count; i++) {
        g_autofree char *choices = g_strdup_printf("%s/%" PRIu32, name, i);
        nsim_random_init(&walker->choices[i], spec->seed, choices);
        for (uint32_t j = 0; j < spec->phases[i].part_count; j++, part++) {
            const NsimPattern *pattern = &generator->patterns[part];
            g_autofree char *stream =
                generator->part_count == 1 ? g_strdup(name) : g_strdup_printf("%s/%" PRIu32, choices, j);
            const uint64_t own = pattern->shared ? 0 : thread * pattern->lines;
            nsim_pattern_place_init(pattern, &walker->places[part], thread, spec->threads,
                                    generator->range_lines[pattern->part.range] + own, spec->seed, stream);
        }
    }
}

static void
init_generator(Generator *generator)
{
    const NsimGenerateSpec *spec = generator->spec;
    uint64_t address = NSIM_GENERATE_ADDRESS;
    bool meet_ever = spec->barrier_every > 0;
    generator->range_lines = g_new0(uint64_t, spec->range_count);
    for (uint32_t i = 0; i < spec->range_count; i++) {
        const uint64_t frame_bytes = UINT64_C(1) << NSIM_FRAME_SHIFT;
        generator->range_lines[i] = address / NSIM_LINE_BYTES;
        /* Ranges begin in frames of their own, with one between them. */
        address += (spec->ranges[i].pages * NSIM_GENERATE_PAGE_BYTES + 2 * frame_bytes - 1) & ~(frame_bytes - 1);
    }
    init_phases(generator);
    generator->walkers = g_new0(Walker, spec->threads);
    for (uint32_t i = 0; i < spec->threads; i++)
        init_walker(generator, i);
    add_regions(generator);
    for (uint32_t i = 0; i < spec->phase_count; i++)
        meet_ever = meet_ever || spec->phases[i].meet;
    if (meet_ever)
        generator->barrier = nsim_trace_writer_add_barrier(generator->writer, spec->threads);
}

static void
clear_generator(Generator *generator)
{
    for (uint32_t i = 0; i < generator->spec->threads; i++) {
        g_free(generator->walkers[i].places);
        g_free(generator->walkers[i].choices);
    }
    for (uint32_t i = 0; i < generator->part_count; i++)
        nsim_pattern_clear(&generator->patterns[i]);
    g_free(generator->walkers);
    g_free(generator->patterns);
    g_free(generator->phases);
    g_free(generator->range_lines);
}

/* Everything about a part but its weight. */
static void
describe_part(GString *text, const NsimGenerateSpec *spec, const NsimGeneratePart *part, bool single)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(text, "pattern=%s", nsim_generate_pattern_names[part->pattern]);
    if (part->pattern == NSIM_GENERATE_ZIPF)
        g_string_append_printf(text, " theta=%s", g_ascii_formatd(number, sizeof number, "%g", part->theta));
    if (part->pattern == NSIM_GENERATE_STRIDE)
        g_string_append_printf(text, " stride=%" PRIu64, part->stride_lines);
    if (part->pattern == NSIM_GENERATE_HOTSET) {
        g_string_append_printf(text, " hot=%" PRIu64 " hot_ppm=%" PRIu32 " move_every=%" PRIu64, part->hot_pages,
                               part->hot_ppm, part->move_every);
        if (part->move_every > 0 && part->move_pages == NSIM_GENERATE_JUMP)
            g_string_append(text, " move=jump");
        else if (part->move_every > 0)
            g_string_append_printf(text, " move=%" PRIu64, part->move_pages);
    }
    if (single)
        return;
    g_string_append_printf(
        text, " range=%s burst=%" PRIu32 " write_ppm=%" PRIu32 " gap=%" PRIu64 " step=%" PRIu32 " weight=%" PRIu32,
        spec->ranges[part->range].name, part->burst_lines, part->write_ppm, part->gap, part->step, part->weight);
}

static char *
describe_single(const NsimGenerateSpec *spec)
{
    const NsimGeneratePart *part = &spec->phases[0].parts[0];
    GString *text = g_string_new("generate ");
    describe_part(text, spec, part, true);
    g_string_append_printf(
        text,
        " threads=%" PRIu32 " pages=%" PRIu64 " records=%" PRIu64 " burst=%" PRIu32 " write_ppm=%" PRIu32
        " gap=%" PRIu64 " step=%" PRIu32 " ranges=%s barrier=%" PRIu64 " seed=%" PRIu64,
        spec->threads, spec->ranges[0].pages, spec->records, part->burst_lines, part->write_ppm, part->gap, part->step,
        spec->ranges[0].shared ? "shared" : "own", spec->barrier_every, spec->seed);
    return g_string_free(text, FALSE);
}

static char *
describe(const NsimGenerateSpec *spec)
{
    GString *text = g_string_new("generate");
    g_string_append_printf(text, " threads=%" PRIu32 " records=%" PRIu64 " barrier=%" PRIu64 " seed=%" PRIu64,
                           spec->threads, spec->records, spec->barrier_every, spec->seed);
    for (uint32_t i = 0; i < spec->range_count; i++)
        g_string_append_printf(text, "; range %s: pages=%" PRIu64 " %s", spec->ranges[i].name, spec->ranges[i].pages,
                               spec->ranges[i].shared ? "shared" : "own");
    for (uint32_t i = 0; i < spec->phase_count; i++) {
        g_string_append_printf(text, "; phase %s:", spec->phases[i].name);
        if (spec->phase_count > 1)
            g_string_append_printf(text, " records=%" PRIu64, spec->phases[i].records);
        for (uint32_t j = 0; j < spec->phases[i].part_count; j++) {
            g_string_append(text, j == 0 ? " " : ", ");
            describe_part(text, spec, &spec->phases[i].parts[j], false);
        }
    }
    return g_string_free(text, FALSE);
}

/* `single` names the region of the single range of NsimGenerateOptions; else NULL. */
static bool
generate(const char *path, const NsimGenerateSpec *spec, const char *single, GError **error)
{
    if (!check_spec(path, spec, error))
        return false;
    g_autofree char *capture = single ? describe_single(spec) : describe(spec);
    const NsimTraceWriterOptions writer_options = {.gap_unit = spec->gap_unit,
                                                   .gap_per_s = spec->gap_per_s,
                                                   .program = "synthetic",
                                                   .capture = capture,
                                                   .level = spec->level};
    Generator generator = {
        .spec = spec, .single = single, .writer = nsim_trace_writer_new(path, &writer_options, error)};
    if (generator.writer == NULL)
        return false;
    init_generator(&generator);
    bool go_on = true;
    for (uint64_t left = spec->records; left > 0 && go_on && !nsim_trace_writer_failed(generator.writer);) {
        left = 0;
        for (uint32_t i = 0; i < spec->threads; i++) {
            put_turn(&generator, i);
            left += generator.walkers[i].left;
        }
        go_on = !spec->tick || spec->tick(spec->records - left, spec->records, spec->tick_data);
    }
    clear_generator(&generator);
    if (go_on)
        return nsim_trace_writer_close(generator.writer, error);
    nsim_trace_writer_abandon(generator.writer);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: interrupted", path);
    return false;
}

bool
nsim_trace_generate_spec(const char *path, const NsimGenerateSpec *spec, GError **error)
{
    g_return_val_if_fail(path != NULL && spec != NULL, false);
    return generate(path, spec, NULL, error);
}

bool
nsim_trace_generate(const char *path, const NsimGenerateOptions *options, GError **error)
{
    g_return_val_if_fail(path != NULL && options != NULL, false);
    const NsimGenerateRange range = {.name = "data", .pages = options->pages, .shared = options->shared};
    const NsimGeneratePart part = {.pattern = options->pattern,
                                   .weight = 1,
                                   .burst_lines = options->burst_lines,
                                   .stride_lines = options->stride_lines,
                                   .theta = options->theta,
                                   .write_ppm = options->write_ppm,
                                   .gap = options->gap,
                                   .step = options->step,
                                   .hot_pages = options->hot_pages,
                                   .hot_ppm = options->hot_ppm,
                                   .move_every = options->move_every,
                                   .move_pages = options->move_pages};
    const NsimGeneratePhase phase = {.name = "data", .records = options->records, .parts = &part, .part_count = 1};
    const NsimGenerateSpec spec = {.threads = options->threads,
                                   .records = options->records,
                                   .barrier_every = options->barrier_every,
                                   .seed = options->seed,
                                   .level = options->level,
                                   .gap_unit = options->gap_unit,
                                   .gap_per_s = options->gap_per_s,
                                   .ranges = &range,
                                   .range_count = 1,
                                   .phases = &phase,
                                   .phase_count = 1,
                                   .tick = options->tick,
                                   .tick_data = options->tick_data};
    return generate(path, &spec, range.name, error);
}
