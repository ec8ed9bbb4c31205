/* SPDX-License-Identifier: MIT */
/*
 * Synthetic traces.
 *
 * Zipf ranks are drawn by rejection-inversion (sim/random.h); rank k is the page scatter(k), a fixed bijection that
 * does not depend on the seed, so that the popular pages lie all over the footprint and stay where they are from seed
 * to seed. Chases walk scatter(0), scatter(1), ... from a start that the seed chooses. Threads take turns of
 * TURN_RECORDS runs, so that blocks of all threads are spread over the file as in a captured trace.
 *
 * Left out: phases, correlations between threads, reuse within a page.
 */

#include <traces/generate.h>

#include <sim/random.h>
#include <inttypes.h>

#define PAGE_LINES (NSIM_GENERATE_PAGE_BYTES / NSIM_LINE_BYTES)
#define TURN_RECORDS 4096u
#define PPM 1000000u

const char *const nsim_generate_pattern_names[NSIM_GENERATE_PATTERNS + 1] = {"zipf",   "uniform", "sequential",
                                                                             "stride", "chase",   NULL};

/* A bijection of [0, count): mixing on the next power of two, repeated until the result is in range. */
typedef struct {
    uint64_t count, mask;
    unsigned half_bits;
} Scatter;

typedef struct {
    NsimRandom random;
    uint64_t first_line, lines; /* of the thread's range */
    uint64_t left;              /* runs to do */
    uint64_t to_barrier;        /* runs before the next barrier */
    uint64_t barriers_left;     /* those that every thread has runs for */
    uint64_t at;                /* SEQUENTIAL, STRIDE: next line in the range; CHASE: next number */
    uint64_t round_start;       /* STRIDE: first line of this round */
} Walker;

typedef struct {
    const NsimGenerateOptions *options;
    NsimTraceWriter *writer;
    uint32_t barrier;
    uint64_t pages; /* of a range */
    Scatter scatter;
    NsimZipf zipf;
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
                                     .gap_unit = NSIM_GAP_PS};
}

static void
scatter_init(Scatter *scatter, uint64_t count)
{
    unsigned bits = 1;
    while (bits < 63 && UINT64_C(1) << bits < count)
        bits++;
    *scatter = (Scatter){.count = count, .mask = (UINT64_C(1) << bits) - 1, .half_bits = (bits + 1) / 2};
}

/* Additions, odd multiplications and shifted exclusive-ors are invertible on the power of two; walking the cycle keeps
 * it so. */
static uint64_t
scatter_apply(const Scatter *scatter, uint64_t value)
{
    do {
        for (unsigned round = 0; round < 2; round++) {
            value = (value + 1) * UINT64_C(0x9E3779B97F4A7C15) & scatter->mask; /* golden ratio, Knuth */
            value ^= value >> scatter->half_bits;
            value = value * UINT64_C(0xBF58476D1CE4E5B9) & scatter->mask; /* SplitMix64's multiplier */
            value ^= value >> scatter->half_bits;
        }
    } while (value >= scatter->count);
    return value;
}

static bool
refuse(const char *path, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool
refuse(const char *path, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: %s", path, text);
    return false;
}

static bool
check_options(const char *path, const NsimGenerateOptions *options, GError **error)
{
    if ((unsigned)options->pattern >= NSIM_GENERATE_PATTERNS)
        return refuse(path, error, "pattern %d is not known", (int)options->pattern);
    if (options->threads < 1 || options->threads > NSIM_TRACE_THREADS_MAX)
        return refuse(path, error, "%" PRIu32 " threads are outside 1..%u", options->threads, NSIM_TRACE_THREADS_MAX);
    const uint64_t pages_min = options->shared ? 1 : options->threads;
    if (options->pages < pages_min || options->pages > NSIM_GENERATE_PAGES_MAX)
        return refuse(path, error, "%" PRIu64 " pages are outside %" PRIu64 "..%" PRIu64, options->pages, pages_min,
                      NSIM_GENERATE_PAGES_MAX);
    const uint64_t range_lines = (options->shared ? options->pages : options->pages / options->threads) * PAGE_LINES;
    const uint64_t lines_max = MIN(range_lines, (uint64_t)NSIM_TRACE_RUN_LINES_MAX);
    if (options->burst_lines < 1 || options->burst_lines > lines_max)
        return refuse(path, error, "runs of %" PRIu32 " lines are outside 1..%" PRIu64, options->burst_lines,
                      lines_max);
    if (options->pattern == NSIM_GENERATE_STRIDE &&
        (options->stride_lines < options->burst_lines || options->stride_lines > range_lines))
        return refuse(path, error, "stride of %" PRIu64 " lines is outside %" PRIu32 "..%" PRIu64,
                      options->stride_lines, options->burst_lines, range_lines);
    if (options->pattern == NSIM_GENERATE_ZIPF && !(options->theta > 0 && options->theta <= 10))
        return refuse(path, error, "theta %g is not above 0 and at most 10", options->theta);
    if (options->write_ppm > PPM)
        return refuse(path, error, "write share of %" PRIu32 " ppm is outside 0..%u", options->write_ppm, PPM);
    if (options->step > UINT16_MAX)
        return refuse(path, error, "step %" PRIu32 " is outside 0..65535", options->step);
    return true;
}

/* ---- Patterns ------------------------------------------------------------------------------------------------ */

/* First line of a run in page `page` of the range: uniform over the places that keep the run in its page. */
static uint64_t
line_in_page(const Generator *generator, Walker *walker, uint64_t page)
{
    const uint64_t burst = generator->options->burst_lines;
    const uint64_t places = burst < PAGE_LINES ? PAGE_LINES / burst : 1;
    uint64_t line = page * PAGE_LINES;
    if (places > 1)
        line += nsim_random_below(&walker->random, places) * burst;
    /* Runs longer than a page end with the range at the latest. */
    return MIN(line, walker->lines - burst);
}

static uint64_t
next_sequential(const Generator *generator, Walker *walker)
{
    const uint64_t burst = generator->options->burst_lines;
    if (walker->at + burst > walker->lines)
        walker->at = 0;
    const uint64_t line = walker->at;
    walker->at += burst;
    return line;
}

static uint64_t
next_stride(const Generator *generator, Walker *walker)
{
    const NsimGenerateOptions *options = generator->options;
    if (walker->at + options->burst_lines > walker->lines) {
        walker->round_start += options->burst_lines;
        if (walker->round_start + options->burst_lines > options->stride_lines)
            walker->round_start = 0;
        walker->at = walker->round_start;
    }
    const uint64_t line = walker->at;
    walker->at += options->stride_lines;
    return line;
}

static uint64_t
next_line(const Generator *generator, Walker *walker)
{
    switch (generator->options->pattern) {
    case NSIM_GENERATE_ZIPF: {
        const uint64_t rank = nsim_zipf_next(&generator->zipf, &walker->random);
        return line_in_page(generator, walker, scatter_apply(&generator->scatter, rank));
    }
    case NSIM_GENERATE_SEQUENTIAL:
        return next_sequential(generator, walker);
    case NSIM_GENERATE_STRIDE:
        return next_stride(generator, walker);
    case NSIM_GENERATE_CHASE: {
        const uint64_t number = walker->at;
        walker->at = number + 1 == generator->pages ? 0 : number + 1;
        return line_in_page(generator, walker, scatter_apply(&generator->scatter, number));
    }
    case NSIM_GENERATE_UNIFORM:
    default:
        return line_in_page(generator, walker, nsim_random_below(&walker->random, generator->pages));
    }
}

static uint8_t
flags_of(NsimGeneratePattern pattern)
{
    switch (pattern) {
    case NSIM_GENERATE_SEQUENTIAL:
    case NSIM_GENERATE_STRIDE:
        return NSIM_BURST_PREFETCHABLE;
    case NSIM_GENERATE_CHASE:
        return NSIM_BURST_DEPENDENT;
    default:
        return 0;
    }
}

static void
put_turn(const Generator *generator, uint32_t thread)
{
    const NsimGenerateOptions *options = generator->options;
    Walker *walker = &generator->walkers[thread];
    NsimRun run = {
        .count = options->burst_lines, .gap = options->gap, .step = options->step, .flags = flags_of(options->pattern)};
    for (uint64_t i = MIN(walker->left, (uint64_t)TURN_RECORDS); i > 0; i--) {
        run.line = walker->first_line + next_line(generator, walker);
        run.op = options->write_ppm > 0 && nsim_random_below(&walker->random, PPM) < options->write_ppm ? NSIM_OP_WRITE
                                                                                                        : NSIM_OP_READ;
        nsim_trace_writer_run(generator->writer, thread, &run);
        walker->left--;
        if (walker->barriers_left > 0 && --walker->to_barrier == 0) {
            nsim_trace_writer_barrier(generator->writer, thread, generator->barrier, 0);
            walker->to_barrier = options->barrier_every;
            walker->barriers_left--;
        }
    }
}

/* ---- Set-up -------------------------------------------------------------------------------------------------- */

static void
init_walker(const Generator *generator, uint32_t thread)
{
    const NsimGenerateOptions *options = generator->options;
    Walker *walker = &generator->walkers[thread];
    g_autofree char *name = g_strdup_printf("thread-%" PRIu32, thread);
    nsim_trace_writer_add_thread(generator->writer, name);
    nsim_random_init(&walker->random, options->seed, name);
    const uint64_t range = options->shared ? 0 : thread;
    const uint64_t first_line = NSIM_GENERATE_ADDRESS / NSIM_LINE_BYTES + range * generator->pages * PAGE_LINES;
    walker->first_line = first_line;
    walker->lines = generator->pages * PAGE_LINES;
    walker->left = options->records / options->threads + (thread < options->records % options->threads ? 1 : 0);
    if (options->barrier_every > 0) {
        walker->to_barrier = options->barrier_every;
        walker->barriers_left = options->records / options->threads / options->barrier_every;
    }
    if (options->pattern == NSIM_GENERATE_CHASE)
        walker->at = nsim_random_below(&walker->random, generator->pages);
    else if (options->shared) /* streams over one range begin at equal distances in it */
        walker->at = walker->lines / options->threads * thread / options->burst_lines * options->burst_lines;
    if (options->pattern == NSIM_GENERATE_STRIDE) {
        walker->round_start = walker->at % options->stride_lines / options->burst_lines * options->burst_lines;
        walker->at = walker->at / options->stride_lines * options->stride_lines + walker->round_start;
    }
    if (!options->shared)
        nsim_trace_writer_add_region(generator->writer, name, first_line * NSIM_LINE_BYTES,
                                     generator->pages * NSIM_GENERATE_PAGE_BYTES);
}

static char *
describe(const NsimGenerateOptions *options)
{
    GString *text = g_string_new("generate ");
    g_string_append_printf(text, "pattern=%s", nsim_generate_pattern_names[options->pattern]);
    if (options->pattern == NSIM_GENERATE_ZIPF) {
        char theta[G_ASCII_DTOSTR_BUF_SIZE];
        g_string_append_printf(text, " theta=%s", g_ascii_formatd(theta, sizeof theta, "%g", options->theta));
    }
    if (options->pattern == NSIM_GENERATE_STRIDE)
        g_string_append_printf(text, " stride=%" PRIu64, options->stride_lines);
    g_string_append_printf(
        text,
        " threads=%" PRIu32 " pages=%" PRIu64 " records=%" PRIu64 " burst=%" PRIu32 " write_ppm=%" PRIu32
        " gap=%" PRIu64 " step=%" PRIu32 " ranges=%s barrier=%" PRIu64 " seed=%" PRIu64,
        options->threads, options->pages, options->records, options->burst_lines, options->write_ppm, options->gap,
        options->step, options->shared ? "shared" : "own", options->barrier_every, options->seed);
    return g_string_free(text, FALSE);
}

static void
init_generator(Generator *generator)
{
    const NsimGenerateOptions *options = generator->options;
    generator->pages = options->shared ? options->pages : options->pages / options->threads;
    generator->walkers = g_new0(Walker, options->threads);
    scatter_init(&generator->scatter, generator->pages);
    if (options->pattern == NSIM_GENERATE_ZIPF)
        nsim_zipf_init(&generator->zipf, generator->pages, options->theta);
    for (uint32_t i = 0; i < options->threads; i++)
        init_walker(generator, i);
    if (options->shared)
        nsim_trace_writer_add_region(generator->writer, "data", NSIM_GENERATE_ADDRESS,
                                     generator->pages * NSIM_GENERATE_PAGE_BYTES);
    if (options->barrier_every > 0)
        generator->barrier = nsim_trace_writer_add_barrier(generator->writer, options->threads);
}

bool
nsim_trace_generate(const char *path, const NsimGenerateOptions *options, GError **error)
{
    g_return_val_if_fail(path != NULL && options != NULL, false);
    if (!check_options(path, options, error))
        return false;
    g_autofree char *capture = describe(options);
    const NsimTraceWriterOptions writer_options = {.gap_unit = options->gap_unit,
                                                   .gap_per_s = options->gap_per_s,
                                                   .program = "synthetic",
                                                   .capture = capture,
                                                   .level = options->level};
    Generator generator = {.options = options, .writer = nsim_trace_writer_new(path, &writer_options, error)};
    if (generator.writer == NULL)
        return false;
    init_generator(&generator);
    for (uint64_t left = options->records; left > 0 && !nsim_trace_writer_failed(generator.writer);) {
        left = 0;
        for (uint32_t i = 0; i < options->threads; i++) {
            put_turn(&generator, i);
            left += generator.walkers[i].left;
        }
    }
    g_free(generator.walkers);
    return nsim_trace_writer_close(generator.writer, error);
}
