/* SPDX-License-Identifier: MIT */
/* `numasim trace info` of a rate trace: time, traffic, threads, regions. */
#include <traces/rate-private.h>

#include <inttypes.h>

typedef struct {
    uint64_t interval_count, range_count;
    NsimTime first_ps, last_ps;
    unsigned __int128 read_lines, write_lines; /* times 10^12 */
    uint64_t lowest, highest;                  /* addresses */
    unsigned __int128 *thread_lines, *region_lines;
} Totals;

/* Lines that a rate gives in a time, times 10^12: both factors are below 2^63. */
static unsigned __int128
lines_of(uint64_t per_s, NsimTime time_ps)
{
    return (unsigned __int128)per_s * time_ps;
}

static uint64_t
whole(unsigned __int128 lines)
{
    const unsigned __int128 count = lines / UINT64_C(1000000000000);
    return count > UINT64_MAX ? UINT64_MAX : (uint64_t)count;
}

static void
note_range(Totals *totals, const NsimRateInfo *info, const NsimRateRange *range, NsimTime time_ps)
{
    const unsigned __int128 reads = lines_of(range->reads_per_s, time_ps), writes = lines_of(range->writes_per_s, time_ps);
    totals->range_count++;
    totals->read_lines += reads;
    totals->write_lines += writes;
    totals->lowest = MIN(totals->lowest, range->address);
    totals->highest = MAX(totals->highest, range->address + range->bytes);
    totals->thread_lines[range->thread] += reads + writes;
    for (uint32_t r = 0; r < info->region_count; r++) {
        const NsimTraceRegion *region = &info->regions[r];
        const uint64_t from = MAX(region->address, range->address);
        const uint64_t to = MIN(region->address + region->bytes, range->address + range->bytes);
        if (from < to)
            totals->region_lines[r] += (reads + writes) / range->bytes * (to - from);
    }
}

static void
append_share(GString *text, unsigned __int128 part, unsigned __int128 all)
{
    /* Both lose the same low bits when they are large. */
    while (all > UINT64_MAX) {
        all >>= 1;
        part >>= 1;
    }
    const uint64_t permille = all == 0 ? 0 : (uint64_t)(part * 1000 / all);
    g_string_append_printf(text, "%3" PRIu64 ".%" PRIu64 "%%", permille / 10, permille % 10);
}

static char *
print(const NsimRateInfo *info, const Totals *totals)
{
    GString *text = g_string_new("format     numasim rate trace, version 1\n");
    const unsigned __int128 lines = totals->read_lines + totals->write_lines;
    g_string_append_printf(text, "program    %s\ncapture    %s\n", info->program, info->capture);
    g_string_append_printf(text, "time       %" PRIu64 ".%03u s in %" PRIu64 " intervals, %" PRIu64 " ranges\n",
                           (totals->last_ps - totals->first_ps) / UINT64_C(1000000000000),
                           (unsigned)((totals->last_ps - totals->first_ps) / UINT64_C(1000000000) % 1000),
                           totals->interval_count, totals->range_count);
    g_string_append_printf(text, "lines      %" PRIu64 " read, %" PRIu64 " written\n", whole(totals->read_lines),
                           whole(totals->write_lines));
    if (totals->range_count > 0)
        g_string_append_printf(text, "addresses  0x%016" PRIx64 " to 0x%016" PRIx64 "\n", totals->lowest, totals->highest);
    g_string_append(text, "\nthreads\n   share                lines  name\n");
    for (uint32_t t = 0; t < info->thread_count; t++) {
        g_string_append(text, "  ");
        append_share(text, totals->thread_lines[t], lines);
        g_string_append_printf(text, " %20" PRIu64 "  %s\n", whole(totals->thread_lines[t]), info->threads[t]);
    }
    if (info->region_count > 0)
        g_string_append(text, "\nregions\n   share                lines  name\n");
    for (uint32_t r = 0; r < info->region_count; r++) {
        g_string_append(text, "  ");
        append_share(text, totals->region_lines[r], lines);
        g_string_append_printf(text, " %20" PRIu64 "  %s\n", whole(totals->region_lines[r]), info->regions[r].name);
    }
    return g_string_free(text, FALSE);
}

char *
nsim_rate_describe(const char *path, GError **error)
{
    g_autoptr(NsimRateReader) reader = nsim_rate_open(path, error);
    g_autoptr(GError) problem = NULL;
    NsimRateInterval interval;
    if (reader == NULL)
        return NULL;
    const NsimRateInfo *info = nsim_rate_info(reader);
    Totals totals = {.lowest = UINT64_MAX, .first_ps = UINT64_MAX};
    g_autofree unsigned __int128 *thread_lines = g_new0(unsigned __int128, info->thread_count);
    g_autofree unsigned __int128 *region_lines = g_new0(unsigned __int128, info->region_count + 1);
    totals.thread_lines = thread_lines;
    totals.region_lines = region_lines;
    while (nsim_rate_next(reader, &interval, &problem)) {
        totals.interval_count++;
        totals.first_ps = MIN(totals.first_ps, interval.start_ps);
        totals.last_ps = interval.end_ps;
        for (uint32_t i = 0; i < interval.range_count; i++)
            note_range(&totals, info, &interval.ranges[i], interval.end_ps - interval.start_ps);
    }
    if (problem != NULL) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    totals.first_ps = MIN(totals.first_ps, totals.last_ps);
    return print(info, &totals);
}
