/* SPDX-License-Identifier: MIT */
/* Two arrays, of snapshots and of their ranges; a snapshot remembers where its ranges begin. */
#include <traces/import/damo-rates.h>

#include <traces/trace.h>

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
