/* SPDX-License-Identifier: MIT */
/* Two arrays, of snapshots and of their ranges; a snapshot remembers where its ranges begin. */
#include <traces/import/damo-rates.h>

#include <traces/trace.h>

/* Shares by which a description sorts ranges: from so many ppm on. */
static const uint32_t classes_ppm[] = {0, 1, 100000, 500000, 900000};
#define CLASS_COUNT G_N_ELEMENTS(classes_ppm)

struct _NsimDamoRates {
    GArray *snapshots; /* of NsimDamoSnapshot, whose pointer is not used */
    GArray *firsts;    /* of guint: number of the first range */
    GArray *ranges;    /* of NsimDamoRange */
};

NsimDamoRates *
nsim_damo_rates_new(void)
{
    NsimDamoRates *trace = g_new0(NsimDamoRates, 1);
    trace->snapshots = g_array_new(FALSE, FALSE, sizeof(NsimDamoSnapshot));
    trace->firsts = g_array_new(FALSE, FALSE, sizeof(guint));
    trace->ranges = g_array_new(FALSE, FALSE, sizeof(NsimDamoRange));
    return trace;
}

void
nsim_damo_rates_free(NsimDamoRates *trace)
{
    if (trace == NULL)
        return;
    g_array_unref(trace->snapshots);
    g_array_unref(trace->firsts);
    g_array_unref(trace->ranges);
    g_free(trace);
}

bool
nsim_damo_rates_add(void *context, const NsimDamoSnapshot *snapshot, GError **error)
{
    NsimDamoRates *trace = context;
    if (trace->snapshots->len >= NSIM_DAMO_RATES_SNAPSHOTS_MAX ||
        snapshot->range_count > NSIM_DAMO_RATES_RANGES_MAX - trace->ranges->len) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "more than %u snapshots or %u ranges in a rate trace", NSIM_DAMO_RATES_SNAPSHOTS_MAX,
                    NSIM_DAMO_RATES_RANGES_MAX);
        return false;
    }
    g_array_append_val(trace->firsts, trace->ranges->len);
    g_array_append_vals(trace->ranges, snapshot->ranges, snapshot->range_count);
    g_array_append_vals(trace->snapshots, snapshot, 1);
    return true;
}

uint32_t
nsim_damo_rates_snapshot_count(const NsimDamoRates *trace)
{
    return trace->snapshots->len;
}

NsimDamoSnapshot
nsim_damo_rates_snapshot(const NsimDamoRates *trace, uint32_t i)
{
    NsimDamoSnapshot snapshot = g_array_index(trace->snapshots, NsimDamoSnapshot, i);
    snapshot.ranges = (const NsimDamoRange *)(const void *)trace->ranges->data + g_array_index(trace->firsts, guint, i);
    return snapshot;
}

typedef struct {
    uint32_t targets;
    uint64_t first_ns, last_ns, interval_ns; /* the last one: of all intervals together */
    uint64_t ranges_min, ranges_max;
    uint64_t low, high;      /* addresses */
    unsigned __int128 bytes; /* of all snapshots together, and by class */
    unsigned __int128 classes[CLASS_COUNT];
    unsigned __int128 used_ppm; /* bytes times share */
} Summary;

static void
add_range(Summary *summary, const NsimDamoRange *range)
{
    size_t class = 0;
    while (class + 1 < CLASS_COUNT && range->accessed_ppm >= classes_ppm[class + 1])
        class ++;
    summary->bytes += range->bytes;
    summary->classes[class] += range->bytes;
    summary->used_ppm += (unsigned __int128)range->bytes * range->accessed_ppm;
    summary->low = MIN(summary->low, range->address);
    summary->high = MAX(summary->high, range->address + range->bytes - 1);
}

static Summary
summarise(const NsimDamoRates *trace)
{
    Summary summary = {.first_ns = UINT64_MAX, .ranges_min = UINT64_MAX, .low = UINT64_MAX};
    for (uint32_t i = 0; i < trace->snapshots->len; i++) {
        const NsimDamoSnapshot snapshot = nsim_damo_rates_snapshot(trace, i);
        summary.targets = MAX(summary.targets, snapshot.target + 1);
        summary.first_ns = MIN(summary.first_ns, snapshot.start_ns);
        summary.last_ns = MAX(summary.last_ns, snapshot.end_ns);
        summary.interval_ns += snapshot.end_ns - snapshot.start_ns;
        summary.ranges_min = MIN(summary.ranges_min, snapshot.range_count);
        summary.ranges_max = MAX(summary.ranges_max, snapshot.range_count);
        for (uint32_t j = 0; j < snapshot.range_count; j++)
            add_range(&summary, &snapshot.ranges[j]);
    }
    return summary;
}

/* "12.3": tenths of a per cent, rounded down. */
static void
append_share(GString *text, unsigned __int128 part, unsigned __int128 whole)
{
    const unsigned tenths = whole > 0 ? (unsigned)(part * 1000 / whole) : 0;
    g_string_append_printf(text, "%u.%u %%", tenths / 10, tenths % 10);
}

char *
nsim_damo_rates_describe(const NsimDamoRates *trace)
{
    const Summary summary = summarise(trace);
    const uint32_t count = trace->snapshots->len;
    GString *text = g_string_new(NULL);
    if (count == 0)
        return g_string_free(g_string_assign(text, "rate trace without a snapshot\n"), FALSE);
    g_string_append_printf(text,
                           "rate trace: %u snapshot%s of %u target%s over %" G_GUINT64_FORMAT " ms, %" G_GUINT64_FORMAT
                           " us each on average\n",
                           count, count == 1 ? "" : "s", summary.targets, summary.targets == 1 ? "" : "s",
                           (summary.last_ns - summary.first_ns) / 1000000, summary.interval_ns / count / 1000);
    g_string_append_printf(text,
                           "ranges: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " a snapshot, %" G_GUINT64_FORMAT
                           " KiB on average, from 0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER "x\n",
                           summary.ranges_min, summary.ranges_max, (uint64_t)(summary.bytes / count / 1024),
                           summary.low, summary.high);
    g_string_append(text, "in use: ");
    append_share(text, summary.used_ppm, summary.bytes * NSIM_DAMO_RATES_PPM);
    g_string_append(text, " of the bytes at a time\nbytes by how often they were found in use: never ");
    append_share(text, summary.classes[0], summary.bytes);
    for (size_t class = 1; class < CLASS_COUNT; class ++) {
        const uint32_t up_to = class + 1 < CLASS_COUNT ? classes_ppm[class + 1] : NSIM_DAMO_RATES_PPM;
        g_string_append_printf(text, ", up to %u %% of checks ", up_to / 10000);
        append_share(text, summary.classes[class], summary.bytes);
    }
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}
