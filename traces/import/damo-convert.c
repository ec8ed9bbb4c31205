/* SPDX-License-Identifier: MIT */
/* Two readings of the file: the first counts the targets, the second converts. */
#include <traces/import/damo-convert.h>

#include <inttypes.h>
#include <stdlib.h>
#include <traces/rate.h>

#define PAGE_SHIFT 12
#define PS_PER_NS 1000u
#define NS_PER_S UINT64_C(1000000000)
/* As much as a rate trace may be long. */
#define NS_MAX (NSIM_TIME_MAX / 2 / PS_PER_NS - 1)

typedef struct {
    const char *path;
    NsimRateWriter *writer;
    uint32_t target_count;
    uint64_t origin_ns, end_ns; /* of the first interval's begin, and of the last one's end */
    GArray *ranges;             /* of NsimRateRange */
} Conversion;

static uint64_t
reads_per_s(const NsimDamoRange *range, uint64_t sample_ns)
{
    const uint64_t pages = MAX(range->bytes >> PAGE_SHIFT, 1);
    const unsigned __int128 rate = (unsigned __int128)pages * range->accessed_ppm * (NS_PER_S / 1000000) / sample_ns;
    return rate > NSIM_RATE_PER_S_MAX ? NSIM_RATE_PER_S_MAX : (uint64_t)rate;
}

static int
compare_ranges(const void *a, const void *b)
{
    const NsimRateRange *left = a, *right = b;
    if (left->thread != right->thread)
        return left->thread < right->thread ? -1 : 1;
    return left->address < right->address ? -1 : left->address > right->address;
}

static void
add_ranges(Conversion *conversion, const NsimDamoSnapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->range_count; i++) {
        const NsimDamoRange *from = &snapshot->ranges[i];
        const NsimRateRange range = {.address = from->address,
                                     .bytes = MIN(from->bytes, UINT64_MAX - from->address),
                                     .reads_per_s = reads_per_s(from, snapshot->sample_ns),
                                     .touched_ppm = 1000000,
                                     .thread = snapshot->target,
                                     .texture = NSIM_RATE_UNIFORM};
        if (range.bytes > 0)
            g_array_append_val(conversion->ranges, range);
    }
}

/* Sort what was added, cut what overlaps, and write it as the interval from start to end. */
static bool
write_interval(Conversion *conversion, uint64_t start_ns, uint64_t end_ns, GError **error)
{
    NsimRateRange *ranges = (NsimRateRange *)(void *)conversion->ranges->data;
    uint32_t kept = 0;
    if (end_ns - conversion->origin_ns > NS_MAX) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: the recording is longer than 106 days",
                    conversion->path);
        return false;
    }
    qsort(ranges, conversion->ranges->len, sizeof *ranges, compare_ranges);
    for (uint32_t i = 0; i < conversion->ranges->len; i++) {
        NsimRateRange range = ranges[i];
        const NsimRateRange *last = kept > 0 && ranges[kept - 1].thread == range.thread ? &ranges[kept - 1] : NULL;
        const uint64_t covered = last != NULL ? last->address + last->bytes : 0;
        const uint64_t end = range.address + range.bytes;
        range.address = MAX(range.address, covered);
        if (range.address >= end)
            continue;
        range.bytes = end - range.address;
        ranges[kept++] = range;
    }
    if (kept > NSIM_RATE_RANGES_MAX) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: more than %u ranges in an interval",
                    conversion->path, NSIM_RATE_RANGES_MAX);
        return false;
    }
    const NsimRateInterval interval = {(start_ns - conversion->origin_ns) * PS_PER_NS,
                                       (end_ns - conversion->origin_ns) * PS_PER_NS, kept, ranges};
    nsim_rate_writer_interval(conversion->writer, &interval);
    g_array_set_size(conversion->ranges, 0);
    return true;
}

/* ---- One target: written as it is read ------------------------------------------------------------------------------ */

static bool
count_target(void *context, const NsimDamoSnapshot *snapshot, GError **error)
{
    Conversion *conversion = context;
    (void)error;
    conversion->target_count = MAX(conversion->target_count, snapshot->target + 1);
    conversion->origin_ns = MIN(conversion->origin_ns, snapshot->start_ns);
    return true;
}

static bool
convert_snapshot(void *context, const NsimDamoSnapshot *snapshot, GError **error)
{
    Conversion *conversion = context;
    /* What overlaps the interval before is that one's. */
    const uint64_t start_ns = MAX(snapshot->start_ns, conversion->end_ns);
    if (start_ns >= snapshot->end_ns)
        return true;
    conversion->end_ns = snapshot->end_ns;
    add_ranges(conversion, snapshot);
    return write_interval(conversion, start_ns, snapshot->end_ns, error);
}

/* ---- Several targets: cut at the begins and ends of all of their intervals --------------------------------------------- */

/* A snapshot's number, and when it begins. */
typedef struct {
    uint64_t start_ns;
    uint32_t target, number;
} Begin;

static int
compare_begins(const void *a, const void *b)
{
    const Begin *left = a, *right = b;
    if (left->start_ns != right->start_ns)
        return left->start_ns < right->start_ns ? -1 : 1;
    if (left->target != right->target)
        return left->target < right->target ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* Write from `start` to `end` what is under way; `present` has a snapshot's number + 1 for each target, or 0. */
static bool
write_present(Conversion *conversion, const NsimDamoRates *rates, const uint32_t *present, uint64_t start_ns,
              uint64_t end_ns, GError **error)
{
    for (uint32_t t = 0; t < conversion->target_count; t++) {
        if (present[t] == 0)
            continue;
        const NsimDamoSnapshot snapshot = nsim_damo_rates_snapshot(rates, present[t] - 1);
        add_ranges(conversion, &snapshot);
    }
    return conversion->ranges->len == 0 || write_interval(conversion, start_ns, end_ns, error);
}

/* The next time at which something under way ends, or the next snapshot begins. */
static uint64_t
next_cut(const Conversion *conversion, const NsimDamoRates *rates, const uint32_t *present, uint64_t next_start_ns)
{
    uint64_t cut_ns = next_start_ns;
    for (uint32_t t = 0; t < conversion->target_count; t++)
        if (present[t] != 0)
            cut_ns = MIN(cut_ns, nsim_damo_rates_snapshot(rates, present[t] - 1).end_ns);
    return cut_ns;
}

static bool
convert_several(Conversion *conversion, const NsimDamoRates *rates, GError **error)
{
    const uint32_t count = nsim_damo_rates_snapshot_count(rates);
    g_autofree Begin *begins = g_new(Begin, count);
    g_autofree uint32_t *present = g_new0(uint32_t, conversion->target_count);
    for (uint32_t i = 0; i < count; i++) {
        const NsimDamoSnapshot snapshot = nsim_damo_rates_snapshot(rates, i);
        begins[i] = (Begin){snapshot.start_ns, snapshot.target, i};
    }
    qsort(begins, count, sizeof *begins, compare_begins);
    uint64_t now_ns = conversion->origin_ns;
    for (uint32_t next = 0;;) {
        while (next < count && begins[next].start_ns <= now_ns) {
            present[begins[next].target] = begins[next].number + 1;
            next++;
        }
        const uint64_t cut_ns = next_cut(conversion, rates, present, next < count ? begins[next].start_ns : UINT64_MAX);
        if (cut_ns == UINT64_MAX)
            return true;
        if (cut_ns > now_ns && !write_present(conversion, rates, present, now_ns, cut_ns, error))
            return false;
        now_ns = MAX(now_ns, cut_ns);
        for (uint32_t t = 0; t < conversion->target_count; t++)
            if (present[t] != 0 && nsim_damo_rates_snapshot(rates, present[t] - 1).end_ns <= now_ns)
                present[t] = 0;
    }
}

/* ---- The whole -------------------------------------------------------------------------------------------------------- */

static bool
read_file(const char *path, const NsimDamoOptions *options, NsimDamoSink sink, void *context, GError **error)
{
    g_autoptr(NsimInput) input = nsim_input_open(path, error);
    return input != NULL && nsim_damo_records_read(input, options, sink, context, error);
}

static bool
convert(Conversion *conversion, const NsimDamoOptions *options, GError **error)
{
    for (uint32_t t = 0; t < conversion->target_count; t++) {
        g_autofree char *name = g_strdup_printf("target %u", t);
        nsim_rate_writer_add_thread(conversion->writer, name);
    }
    conversion->end_ns = conversion->origin_ns;
    if (conversion->target_count == 1)
        return read_file(conversion->path, options, convert_snapshot, conversion, error);
    g_autoptr(NsimDamoRates) rates = nsim_damo_rates_new();
    return read_file(conversion->path, options, nsim_damo_rates_add, rates, error) &&
           convert_several(conversion, rates, error);
}

bool
nsim_damo_convert(const char *path, const char *output, const char *program, const NsimDamoOptions *options,
                  GError **error)
{
    Conversion conversion = {.path = path, .origin_ns = UINT64_MAX};
    if (strcmp(path, "-") == 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "standard input cannot become a rate trace: it is read twice");
        return false;
    }
    if (!read_file(path, options, count_target, &conversion, error))
        return false;
    if (conversion.target_count == 0) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT, "%s: no snapshot in it", path);
        return false;
    }
    conversion.writer = nsim_rate_writer_new(output, program, "DAMON: how often pages were found accessed", error);
    if (conversion.writer == NULL)
        return false;
    conversion.ranges = g_array_new(FALSE, FALSE, sizeof(NsimRateRange));
    bool good = convert(&conversion, options, error);
    if (good)
        good = nsim_rate_writer_close(g_steal_pointer(&conversion.writer), error);
    nsim_rate_writer_abandon(conversion.writer);
    g_array_unref(conversion.ranges);
    return good;
}
