/* SPDX-License-Identifier: MIT */
/*
 * The sampler of tool-sample.h. The trace is read twice: first to find the errors, which the new trace's header has to
 * state, then to write.
 */
#include <traces/tool-sample.h>

#include <inttypes.h>
#include <sim/histogram.h>
#include <traces/reuse.h>
#include <traces/rewrite.h>
#include <traces/trace-private.h>

/* Pages, about, whose reuse is followed. */
#define FOLLOWED_SHIFT 18u

/* One of the parts that stand for independent samples. */
typedef struct {
    uint64_t lines, written, pages;
    uint64_t touches; /* of followed pages */
    NsimReuse *reuse;
    NsimHistogram *distances; /* in pages of the part */
} Part;

typedef struct {
    NsimTrace *trace;
    const NsimTraceInfo *info;
    const NsimSampleOptions *options;
    uint64_t key;        /* of the hash, from the seed */
    unsigned line_shift; /* lines of a page */
    unsigned thin_shift; /* one kept page in 2^thin_shift is followed */
    uint64_t *touched;   /* a bit for each page of each dense frame */
    uint64_t written;
    Part parts[NSIM_SAMPLE_PARTS];
    NsimSampleReport report;
} Sample;

/* ---- The choice ---------------------------------------------------------------------------------------------- */

static inline uint64_t
hash_page(const Sample *sample, uint64_t page)
{
    return nsim_reuse_hash(page ^ sample->key);
}

static inline bool
is_kept(const Sample *sample, uint64_t hash)
{
    /* The upper 32 bits against the rate: finer than a part per million. */
    return (hash >> 32) * NSIM_SAMPLE_ALL < (uint64_t)sample->options->rate_ppm << 32;
}

/* Lines of the event from `at` on that are in one page. */
static uint32_t
lines_in_page(const Sample *sample, const NsimTraceEvent *event, uint32_t at)
{
    const uint32_t page_lines = UINT32_C(1) << sample->line_shift;
    const uint32_t room = page_lines - ((event->frame_line + at) & (page_lines - 1));
    return MIN(room, event->count - at);
}

/* ---- Statistics ---------------------------------------------------------------------------------------------- */

static void
note_page(Sample *sample, const NsimTraceEvent *event, uint32_t at, uint32_t lines)
{
    const uint64_t hash = hash_page(sample, (event->line + at) >> sample->line_shift);
    const uint64_t dense = ((uint64_t)event->frame << (NSIM_FRAME_SHIFT - sample->options->page_shift)) +
                           ((event->frame_line + at) >> sample->line_shift);
    const uint64_t bit = UINT64_C(1) << dense % 64;
    const bool fresh = (sample->touched[dense / 64] & bit) == 0, is_write = event->op != NSIM_OP_READ;
    sample->touched[dense / 64] |= bit;
    sample->report.lines += lines;
    sample->report.pages += fresh;
    sample->written += is_write ? lines : 0;
    if (!is_kept(sample, hash))
        return;
    Part *part = &sample->parts[hash % NSIM_SAMPLE_PARTS];
    part->lines += lines;
    part->pages += fresh;
    part->written += is_write ? lines : 0;
    if ((hash >> 4 & ((UINT64_C(1) << sample->thin_shift) - 1)) != 0)
        return;
    const NsimReuseTouch touch = nsim_reuse_touch(part->reuse, dense);
    part->touches++;
    if (!touch.first)
        nsim_histogram_record(part->distances, touch.distance, 1);
}

static bool
read_all(Sample *sample, const NsimTraceTick *tick, GError **error)
{
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(sample->trace, UINT32_MAX, tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL)
            return true;
        for (uint32_t at = 0; at < event->count;) {
            const uint32_t lines = lines_in_page(sample, event, at);
            note_page(sample, event, at, lines);
            at += lines;
        }
    }
}

static uint64_t
root(unsigned __int128 value)
{
    uint64_t low = 0, high = UINT64_MAX;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2 + 1;
        if ((unsigned __int128)middle * middle <= value)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static uint64_t
ppm(uint64_t part, unsigned __int128 whole)
{
    return whole == 0 ? 0 : (uint64_t)(((unsigned __int128)part * 1000000 + whole / 2) / whole);
}

/* Standard error of the mean of values: their deviation / root of their number, as if drawn from many. Values above
 * 2^40 are not told apart.
 */
static uint64_t
standard_error(const uint64_t *values, uint32_t count)
{
    unsigned __int128 squares = 0;
    uint64_t sum = 0;
    if (count < 2)
        return 0;
    for (uint32_t i = 0; i < count; i++)
        sum += MIN(values[i], UINT64_C(1) << 40);
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t value = MIN(values[i], UINT64_C(1) << 40), mean = sum / count;
        const uint64_t distance = value > mean ? value - mean : mean - value;
        squares += (unsigned __int128)distance * distance;
    }
    return root(squares / (count - 1) / count);
}

/* Touches of a part that miss in an LRU cache of `pages` pages of the original. */
static uint64_t
misses(const Sample *sample, const Part *part, uint64_t pages)
{
    uint64_t count = part->touches - part->distances->count;
    /* A part follows rate / parts / 2^thin of the pages, and so does a cache. */
    const unsigned __int128 own =
        (unsigned __int128)pages * sample->options->rate_ppm / NSIM_SAMPLE_ALL / NSIM_SAMPLE_PARTS >>
        sample->thin_shift;
    for (uint32_t i = nsim_histogram_index((uint64_t)own) + 1; i < NSIM_HISTOGRAM_BUCKETS; i++)
        count += part->distances->buckets[i];
    return count;
}

static void
estimate(Sample *sample)
{
    NsimSampleReport *report = &sample->report;
    uint64_t line_values[NSIM_SAMPLE_PARTS], write_values[NSIM_SAMPLE_PARTS], miss_values[NSIM_SAMPLE_PARTS];
    uint64_t written = 0, touches = 0, missed = 0;
    uint32_t shares = 0, ratios = 0;
    const unsigned __int128 expected = (unsigned __int128)report->lines * sample->options->rate_ppm / NSIM_SAMPLE_ALL;
    for (unsigned i = 0; i < NSIM_SAMPLE_PARTS; i++) {
        const Part *part = &sample->parts[i];
        const uint64_t part_misses = misses(sample, part, report->pages / 4);
        report->kept_lines += part->lines;
        report->kept_pages += part->pages;
        written += part->written;
        touches += part->touches;
        missed += part_misses;
        line_values[i] = ppm(part->lines, expected / NSIM_SAMPLE_PARTS);
        if (part->lines > 0)
            write_values[shares++] = ppm(part->written, part->lines);
        if (part->touches > 0)
            miss_values[ratios++] = ppm(part_misses, part->touches);
    }
    /* The rest of the pages is what a sample can be wrong about: of everything nothing is left. */
    const uint64_t rest_ppm = root((unsigned __int128)(NSIM_SAMPLE_ALL - sample->options->rate_ppm) * NSIM_SAMPLE_ALL);
    report->line_share =
        (NsimSampleEstimate){ppm(report->kept_lines, expected), standard_error(line_values, NSIM_SAMPLE_PARTS)};
    report->write_ppm = ppm(sample->written, report->lines);
    report->write_share = (NsimSampleEstimate){ppm(written, report->kept_lines), standard_error(write_values, shares)};
    report->miss_ratio = (NsimSampleEstimate){ppm(missed, touches), standard_error(miss_values, ratios)};
    NsimSampleEstimate *const estimates[] = {&report->line_share, &report->write_share, &report->miss_ratio};
    for (unsigned i = 0; i < G_N_ELEMENTS(estimates); i++)
        estimates[i]->error_ppm = (uint64_t)((unsigned __int128)estimates[i]->error_ppm * rest_ppm / NSIM_SAMPLE_ALL);
}

/* "12.34 %" */
static void
append_percent(GString *text, uint64_t value_ppm)
{
    const uint64_t hundredths = (value_ppm + 50) / 100;
    g_string_append_printf(text, "%" PRIu64 ".%02u %%", hundredths / 100, (unsigned)(hundredths % 100));
}

static void
append_estimate(GString *text, const char *what, const NsimSampleEstimate *estimated)
{
    g_string_append(text, what);
    append_percent(text, estimated->ppm);
    g_string_append(text, " +- ");
    append_percent(text, estimated->error_ppm);
}

char *
nsim_sample_report_describe(const NsimSampleReport *report)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%" PRIu64 " of %" PRIu64 " pages, %" PRIu64 " of %" PRIu64 " lines; ",
                           report->kept_pages, report->pages, report->kept_lines, report->lines);
    append_estimate(text, "lines / (all lines x rate) ", &report->line_share);
    append_estimate(text, ", written ", &report->write_share);
    g_string_append(text, " (of all ");
    append_percent(text, report->write_ppm);
    append_estimate(text, "), misses of an LRU cache for a quarter of the pages ", &report->miss_ratio);
    g_string_append_printf(text, "; +- one standard error, from %u sub-samples", NSIM_SAMPLE_PARTS);
    return g_string_free(text, FALSE);
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/* Neighbouring pages that are kept stay one run. */
static void
write_run(const Sample *sample, NsimRewrite *rewrite, const NsimTraceEvent *event)
{
    uint32_t begin = 0, at = 0;
    while (at < event->count) {
        const uint32_t lines = lines_in_page(sample, event, at);
        if (!is_kept(sample, hash_page(sample, (event->line + at) >> sample->line_shift))) {
            if (at > begin)
                nsim_rewrite_lines(rewrite, event->thread, event, begin, at - begin, 0);
            begin = at + lines;
        }
        at += lines;
    }
    if (at > begin)
        nsim_rewrite_lines(rewrite, event->thread, event, begin, at - begin, 0);
}

static bool
write_all(const Sample *sample, const char *path, const NsimTraceTick *tick, GError **error)
{
    const NsimTraceInfo *info = sample->info;
    g_autofree char *report = nsim_sample_report_describe(&sample->report);
    g_autofree char *what =
        g_strdup_printf("sampled: %" PRIu32 ".%04" PRIu32 " %% of the pages of %u KiB, seed %" PRIu64 " (%s) of",
                        sample->options->rate_ppm / 10000, sample->options->rate_ppm % 10000,
                        1u << (sample->options->page_shift - 10), sample->options->seed, report);
    g_autoptr(NsimRewrite) rewrite = nsim_rewrite_new_like(path, info, what, sample->options->level, error);
    g_autoptr(NsimTraceOrder) order = NULL;
    if (rewrite == NULL)
        return false;
    nsim_rewrite_copy_tables(rewrite, info);
    for (uint32_t i = 0; i < info->thread_count; i++)
        nsim_rewrite_thread(rewrite, i, info->threads[i].name, NSIM_CLOCK_SAME);
    order = nsim_trace_order_new(sample->trace, UINT32_MAX, tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL || nsim_trace_writer_failed(nsim_rewrite_writer(rewrite)))
            return nsim_rewrite_close(g_steal_pointer(&rewrite), error);
        if (event->count > 0)
            write_run(sample, rewrite, event);
        else
            nsim_rewrite_copy_control(rewrite, event->thread, event);
    }
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

static bool
begin(Sample *sample, GError **error)
{
    const NsimSampleOptions *options = sample->options;
    if (options->rate_ppm < 1 || options->rate_ppm > NSIM_SAMPLE_ALL)
        return nsim_trace_fail(sample->trace, NSIM_TRACE_ERROR_LIMIT, error,
                               "a rate of %" PRIu32 " parts per million; 1 to 1000000 are allowed", options->rate_ppm);
    if (options->page_shift < 12 || options->page_shift > NSIM_FRAME_SHIFT)
        return nsim_trace_fail(sample->trace, NSIM_TRACE_ERROR_LIMIT, error,
                               "pages of 2^%u bytes; 2^12 to 2^21 are allowed", options->page_shift);
    const uint64_t pages = (uint64_t)sample->info->frame_count << (NSIM_FRAME_SHIFT - options->page_shift);
    sample->key = nsim_reuse_hash(options->seed);
    sample->line_shift = options->page_shift - NSIM_LINE_SHIFT;
    while (pages / NSIM_SAMPLE_ALL * options->rate_ppm >> sample->thin_shift > UINT64_C(1) << FOLLOWED_SHIFT)
        sample->thin_shift++;
    sample->touched = g_try_new0(uint64_t, (size_t)(pages / 64 + 1));
    for (unsigned i = 0; i < NSIM_SAMPLE_PARTS; i++) {
        sample->parts[i].reuse = nsim_reuse_new(0);
        sample->parts[i].distances = g_new0(NsimHistogram, 1);
    }
    return sample->touched != NULL ||
           nsim_trace_fail(sample->trace, NSIM_TRACE_ERROR_IO, error, "no memory to count %" PRIu64 " pages", pages);
}

bool
nsim_trace_sample(const char *path, NsimTrace *trace, const NsimSampleOptions *options, const NsimTraceTick *tick,
                  NsimSampleReport *ret_report, GError **error)
{
    g_return_val_if_fail(path != NULL && trace != NULL && options != NULL, false);
    Sample sample = {.trace = trace, .info = nsim_trace_info(trace), .options = options};
    bool ok = begin(&sample, error) && read_all(&sample, tick, error);
    if (ok) {
        estimate(&sample);
        ok = sample.report.kept_lines > 0 || sample.report.lines == 0 ||
             nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error,
                             "none of its %" PRIu64 " pages is chosen at this rate", sample.report.pages);
    }
    ok = ok && write_all(&sample, path, tick, error);
    if (ok && ret_report != NULL)
        *ret_report = sample.report;
    g_free(sample.touched);
    for (unsigned i = 0; i < NSIM_SAMPLE_PARTS; i++) {
        nsim_reuse_free(sample.parts[i].reuse);
        g_free(sample.parts[i].distances);
    }
    return ok;
}
