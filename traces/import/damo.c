/* SPDX-License-Identifier: MIT */
/*
 * Records of DAMON (traces/import/damo-reader.h) as a rate trace, when the output's name asks for one, or as a burst trace. They tell how often a range's pages were found in
 * use, not the accesses, so these are drawn, always the same ones: while a page is in use it is read once in each gap
 * (the option; by default the time from one check of DAMON's to the next), so a range of P pages in use in a share F of
 * the checks of an interval T gives P * F * T / gap reads, of one cache line each, at places drawn evenly from the
 * range and at times spread evenly over the interval. Each target is a thread.
 *
 * `--columns samples=N` says what the number of accesses is out of where the record does not (aggregation interval by
 * sampling interval). Left out: writes, and who reads, which DAMON does not tell; locality inside a range; ages.
 */
#include <traces/import/damo-convert.h>
#include <traces/import/formats.h>
#include <traces/import/text.h>

#include <sim/random.h>

#define PAGE_SHIFT 12u
#define PAGES_MAX (UINT64_C(1) << 40)
/* Of one snapshot: a longer gap is needed otherwise. */
#define READS_MAX (UINT64_C(1) << 28)
#define GO_ON_READS 65536u
#define NS_16THS UINT64_C(16000)
#define SAMPLES_MAX 1000000u

typedef struct {
    NsimImport *import;
    NsimInput *input;
    uint64_t gap_ps; /* 0: from check to check */
    NsimRandom random;
    GArray *weights;         /* of uint64_t: pages times share of the ranges up to this one */
    unsigned __int128 carry; /* of reads, in 1 / (10^6 * gap), that were too few for one */
    uint64_t carry_gap_ps;
} Reader;

static bool
weigh(Reader *reader, const NsimDamoSnapshot *snapshot, uint64_t *ret_weight, GError **error)
{
    uint64_t pages = 0, weight = 0;
    g_array_set_size(reader->weights, 0);
    for (uint32_t i = 0; i < snapshot->range_count; i++) {
        const uint64_t own = MAX(snapshot->ranges[i].bytes >> PAGE_SHIFT, 1);
        pages += own;
        if (own > PAGES_MAX || pages > PAGES_MAX)
            return nsim_import_bad(reader->import, reader->input, error, "ranges of more than 4 PiB in a snapshot");
        weight += own * snapshot->ranges[i].accessed_ppm;
        g_array_append_val(reader->weights, weight);
    }
    *ret_weight = weight;
    return true;
}

/* How many reads the snapshot stands for; what is left over goes to the next one. */
static bool
count_reads(Reader *reader, const NsimDamoSnapshot *snapshot, uint64_t weight, uint64_t *ret_reads, GError **error)
{
    const uint64_t gap_ps = reader->gap_ps > 0 ? reader->gap_ps : MIN(snapshot->sample_ns, UINT64_MAX / 1000) * 1000;
    const uint64_t interval_ns = snapshot->end_ns - snapshot->start_ns;
    const unsigned __int128 whole = (unsigned __int128)gap_ps * NSIM_DAMO_RATES_PPM;
    unsigned __int128 parts;
    if (gap_ps != reader->carry_gap_ps)
        reader->carry = 0;
    reader->carry_gap_ps = gap_ps;
    if (__builtin_mul_overflow((unsigned __int128)weight * interval_ns, (unsigned __int128)1000, &parts) ||
        parts / whole >= READS_MAX)
        return nsim_import_bad(reader->import, reader->input, error,
                               "a snapshot of %" G_GUINT64_FORMAT " us gives more than 2^28 reads: say with --gap how "
                               "long it is from read to read of a page in use",
                               interval_ns / 1000);
    parts += reader->carry;
    *ret_reads = (uint64_t)(parts / whole);
    reader->carry = parts % whole;
    return true;
}

/* A line from the snapshot's ranges, each as likely as its weight. */
static uint64_t
draw_address(Reader *reader, const NsimDamoSnapshot *snapshot, uint64_t weight)
{
    const uint64_t drawn = nsim_random_below(&reader->random, weight);
    guint low = 0, high = reader->weights->len - 1;
    while (low < high) { /* the first range whose sum exceeds what was drawn */
        const guint middle = low + (high - low) / 2;
        if (g_array_index(reader->weights, uint64_t, middle) > drawn)
            high = middle;
        else
            low = middle + 1;
    }
    const NsimDamoRange *range = &snapshot->ranges[low];
    const uint64_t lines = MAX(range->bytes >> NSIM_LINE_SHIFT, 1);
    return range->address + (nsim_random_below(&reader->random, lines) << NSIM_LINE_SHIFT);
}

static bool
read_snapshot(void *context, const NsimDamoSnapshot *snapshot, GError **error)
{
    Reader *reader = context;
    uint64_t weight = 0, reads = 0, start_16ths, interval_16ths;
    char name[32];
    g_snprintf(name, sizeof name, "target %u", snapshot->target);
    const uint32_t thread = nsim_import_thread(reader->import, snapshot->target, name);
    const uint64_t origin_ns = nsim_import_origin(reader->import, snapshot->start_ns);
    const uint64_t start_ns = MAX(snapshot->start_ns, origin_ns) - origin_ns;
    nsim_import_record(reader->import);
    if (__builtin_mul_overflow(start_ns, NS_16THS, &start_16ths) ||
        __builtin_mul_overflow(snapshot->end_ns - snapshot->start_ns, NS_16THS, &interval_16ths) ||
        interval_16ths > UINT64_MAX - start_16ths)
        return nsim_import_bad(reader->import, reader->input, error,
                               "snapshot at %" G_GUINT64_FORMAT " ns, the first is at %" G_GUINT64_FORMAT
                               " ns: a trace is at most 13 days long",
                               snapshot->start_ns, origin_ns);
    if (!weigh(reader, snapshot, &weight, error) || !count_reads(reader, snapshot, weight, &reads, error))
        return false;
    for (uint64_t i = 0; i < reads; i++) {
        const uint64_t since_16ths = (uint64_t)((unsigned __int128)interval_16ths * i / reads);
        nsim_import_set_clock(reader->import, thread, start_16ths + since_16ths);
        nsim_import_access(reader->import, thread, NSIM_OP_READ, draw_address(reader, snapshot, weight), 1);
        if (i % GO_ON_READS == 0 && !nsim_import_go_on(reader->import, reader->input, error))
            return false;
    }
    return true;
}

/* "samples=N", or nothing. */
static bool
read_columns(const char *columns, uint32_t *ret_samples, GError **error)
{
    uint64_t samples = 0;
    *ret_samples = 0;
    if (columns == NULL)
        return true;
    const char *at = columns, *end = columns + strlen(columns);
    if (!nsim_text_take_word(&at, end, "samples=") || !nsim_text_take_decimal(&at, end, &samples) || at != end ||
        samples == 0 || samples > SAMPLES_MAX) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "columns '%s': damo takes samples=N with N from 1 to %u", columns, SAMPLES_MAX);
        return false;
    }
    *ret_samples = (uint32_t)samples;
    return true;
}

static bool
read_damo(NsimImport *import, NsimInput *input, GError **error)
{
    static const NsimImportHeader header = {.unit = NSIM_GAP_PS,
                                            .capture =
                                                "DAMON: reads drawn at the rates that it reports for ranges; the "
                                                "clock is the recording's"};
    const NsimImportOptions *options = nsim_import_options(import);
    NsimDamoOptions damo = {.path = nsim_import_path(import)};
    if (!read_columns(options->columns, &damo.samples_max, error) || !nsim_import_begin(import, &header, error))
        return false;
    g_autoptr(GArray) weights = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    Reader reader = {.import = import,
                     .input = input,
                     .gap_ps = options->gap_ps != UINT64_MAX ? MAX(options->gap_ps, 1) : 0,
                     .weights = weights};
    nsim_random_init(&reader.random, nsim_import_input_number(import), "import damo");
    return nsim_damo_records_read(input, &damo, read_snapshot, &reader, error);
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    return nsim_damo_probe(head, bytes) ? NSIM_MATCH_SURE : NSIM_MATCH_NO;
}

static bool
convert(const NsimImportOptions *options, const char *path, GError **error)
{
    NsimDamoOptions damo = {.path = path};
    g_autofree char *name = g_path_get_basename(path);
    return read_columns(options->columns, &damo.samples_max, error) &&
           nsim_damo_convert(path, options->output, options->program != NULL ? options->program : name, &damo, error);
}

const NsimTraceFormat nsim_trace_format_damo = {
    .name = "damo",
    .summary = "DAMON's reports: damo record's JSON, tracepoint text of perf or trace-cmd",
    .probe = probe,
    .read = read_damo,
    .convert = convert,
};
