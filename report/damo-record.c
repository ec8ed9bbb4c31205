/* SPDX-License-Identifier: MIT */
/* Writing what `damo record` writes. Format and what is left out: damo-record.h. */
#include <report/damo-record.h>

#include <gio/gio.h>
#include <sim/assert.h>
#include <string.h>

/* Text gathers up to this before it goes on. */
#define PIECE_BYTES (64u << 10)

typedef struct {
    uint64_t start_ns, end_ns, sample_us;
    uint32_t first, count; /* of the record's regions */
    uint32_t stats;        /* 1 + its index; 0: none */
} Snapshot;

typedef struct {
    NsimDamoRecordSource source; /* with its own `filters` */
    GArray *snapshots; /* Snapshot */
} Record;

struct _NsimDamoRecord {
    GArray *records; /* Record */
    GArray *regions; /* NsimDamoRecordRegion */
    GArray *stats;   /* NsimDamoRecordStats */
    uint64_t dropped;
};

static void
record_clear(gpointer data)
{
    Record *one = data;
    g_array_unref(one->snapshots);
    g_free((char *)(uintptr_t)one->source.filters);
}

NsimDamoRecord *
nsim_damo_record_new(void)
{
    NsimDamoRecord *record = g_new0(NsimDamoRecord, 1);
    record->records = g_array_new(FALSE, FALSE, sizeof(Record));
    record->regions = g_array_new(FALSE, FALSE, sizeof(NsimDamoRecordRegion));
    record->stats = g_array_new(FALSE, FALSE, sizeof(NsimDamoRecordStats));
    g_array_set_clear_func(record->records, record_clear);
    return record;
}

void
nsim_damo_record_free(NsimDamoRecord *record)
{
    if (record == NULL)
        return;
    g_array_unref(record->records);
    g_array_unref(record->regions);
    g_array_unref(record->stats);
    g_free(record);
}

static Record *
record_of(NsimDamoRecord *record, const NsimDamoRecordSource *source)
{
    for (uint32_t i = 0; i < record->records->len; i++) {
        Record *one = &g_array_index(record->records, Record, i);
        if (one->source.kdamond == source->kdamond && one->source.context == source->context &&
            one->source.target == source->target && one->source.of_scheme == source->of_scheme &&
            one->source.scheme == source->scheme)
            return one;
    }
    Record one = {*source, g_array_new(FALSE, FALSE, sizeof(Snapshot))};
    one.source.filters = g_strdup(source->filters);
    g_array_append_val(record->records, one);
    return &g_array_index(record->records, Record, record->records->len - 1);
}

bool
nsim_damo_record_add_snapshot(NsimDamoRecord *record, const NsimDamoRecordSource *source,
                              const NsimDamoRecordSnapshot *snapshot)
{
    nsim_assert(snapshot->start_ns <= snapshot->end_ns);
    if (snapshot->region_count > NSIM_DAMO_RECORD_REGIONS_MAX - record->regions->len ||
        record->stats->len == NSIM_DAMO_RECORD_REGIONS_MAX) {
        record->dropped++;
        return false;
    }
    if (snapshot->stats != NULL)
        g_array_append_vals(record->stats, snapshot->stats, 1);
    const Snapshot kept = {snapshot->start_ns,     snapshot->end_ns,
                           snapshot->sample_us,    record->regions->len,
                           snapshot->region_count, snapshot->stats != NULL ? record->stats->len : 0};
    g_array_append_vals(record->regions, snapshot->regions, snapshot->region_count);
    g_array_append_val(record_of(record, source)->snapshots, kept);
    return true;
}

uint64_t
nsim_damo_record_dropped(const NsimDamoRecord *record)
{
    return record->dropped;
}

/* ---- Bytes out ----------------------------------------------------------------------------------------------------
 */

typedef struct {
    GByteArray *out;
    GConverter *zlib; /* NULL: plain */
    GString *text;    /* not gone on yet */
} Sink;

static void
deflate(Sink *sink, GConverterFlags flags)
{
    static const char nothing[1];
    const char *at = sink->text->len > 0 ? sink->text->str : nothing;
    size_t left = sink->text->len;
    GConverterResult result = G_CONVERTER_CONVERTED;
    while (left > 0 || (flags == G_CONVERTER_INPUT_AT_END && result != G_CONVERTER_FINISHED)) {
        guint8 buffer[16384];
        gsize read = 0, written = 0;
        result = g_converter_convert(sink->zlib, at, left, buffer, sizeof buffer, flags, &read, &written, NULL);
        nsim_assert(result != G_CONVERTER_ERROR);
        g_byte_array_append(sink->out, buffer, (guint)written);
        at += read;
        left -= read;
    }
}

static void
pass_on(Sink *sink, bool last)
{
    if (!last && sink->text->len < PIECE_BYTES)
        return;
    if (sink->zlib != NULL)
        deflate(sink, last ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS);
    else
        g_byte_array_append(sink->out, (const guint8 *)sink->text->str, (guint)sink->text->len);
    g_string_truncate(sink->text, 0);
}

/* ---- JSON -----------------------------------------------------------------------------------------------------------
 */

#define U64 "%" G_GUINT64_FORMAT

/* Addresses have commas even where everything else is raw. */
static void
append_with_commas(GString *text, uint64_t number)
{
    char digits[32];
    const int length = g_snprintf(digits, sizeof digits, U64, number);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            g_string_append_c(text, ',');
        g_string_append_c(text, digits[i]);
    }
}

static void
append_region(GString *text, const NsimDamoRecordRegion *region)
{
    g_string_append(text, "{\"start\": \"");
    append_with_commas(text, region->start);
    g_string_append(text, "\", \"end\": \"");
    append_with_commas(text, region->end);
    g_string_append_printf(text,
                           "\", \"nr_accesses\": {\"samples\": %u, \"percent\": null}, \"age\": {\"usec\": null, "
                           "\"aggr_intervals\": \"%u\"}, \"probe_hits\": [], \"sz_filter_passed\": \"0 B\"}",
                           region->nr_accesses, region->age);
}

static void
append_stats(GString *text, const NsimDamoRecordStats *stats)
{
    g_string_append_printf(text,
                           "{\"nr_tried\": \"" U64 "\", \"sz_tried\": \"" U64 "\", \"nr_applied\": \"" U64
                           "\", \"sz_applied\": \"" U64 "\", \"sz_ops_filter_passed\": \"" U64
                           "\", \"qt_exceeds\": \"" U64 "\", \"nr_snapshots\": \"" U64
                           "\", \"max_nr_snapshots\": \"" U64 "\"}",
                           stats->nr_tried, stats->sz_tried, stats->nr_applied, stats->sz_applied,
                           stats->sz_ops_filter_passed, stats->qt_exceeds, stats->nr_snapshots,
                           stats->max_nr_snapshots);
}

static void
write_snapshot(Sink *sink, const NsimDamoRecord *record, const NsimDamoRecordSource *source, const Snapshot *snapshot)
{
    uint64_t total = 0;
    g_string_append_printf(sink->text, "{\"start_time\": \"" U64 "\", \"end_time\": \"" U64 "\", \"regions\": [",
                           snapshot->start_ns, snapshot->end_ns);
    for (uint32_t i = 0; i < snapshot->count; i++) {
        const NsimDamoRecordRegion *region = &g_array_index(record->regions, NsimDamoRecordRegion, snapshot->first + i);
        g_string_append(sink->text, i > 0 ? ", " : "");
        append_region(sink->text, region);
        total += region->end - region->start;
        pass_on(sink, false);
    }
    g_string_append_printf(sink->text, "], \"total_bytes\": \"" U64 "\", \"damos_stats\": ", total);
    if (snapshot->stats > 0)
        append_stats(sink->text, &g_array_index(record->stats, NsimDamoRecordStats, snapshot->stats - 1));
    else
        g_string_append(sink->text, "null");
    g_string_append(sink->text, ", \"sample_interval_us\": ");
    /* In nanoseconds, whatever the key says: so does damo. Only where it is not that of the record. */
    if (source->goal_aggrs > 0 && snapshot->sample_us <= UINT64_MAX / 1000)
        g_string_append_printf(sink->text, "\"" U64 "\"}", snapshot->sample_us * 1000);
    else
        g_string_append(sink->text, "null}");
}

static void
write_record(Sink *sink, const NsimDamoRecord *record, const Record *one)
{
    const NsimDamoRecordSource *source = &one->source;
    g_string_append_printf(
        sink->text,
        "{\"kdamond_idx\": %u, \"context_idx\": %u, \"intervals\": {\"sample_us\": \"" U64 "\", \"aggr_us\": \"" U64
        "\", \"ops_update_us\": \"" U64 "\", \"intervals_goal\": {\"access_bp\": \"" U64 ".000000\", \"aggrs\": \"" U64
        "\", \"min_sample_us\": \"" U64 "\", \"max_sample_us\": \"" U64
        "\"}}, ",
        source->kdamond, source->context, source->sample_us, source->aggr_us, source->ops_update_us, source->goal_bp,
        source->goal_aggrs, source->goal_min_us, source->goal_max_us);
    if (source->of_scheme)
        g_string_append_printf(sink->text, "\"scheme_idx\": %u, \"target_id\": null, ", source->scheme);
    else
        g_string_append_printf(sink->text, "\"scheme_idx\": null, \"target_id\": %u, ", source->target);
    g_string_append_printf(sink->text, "\"scheme_filters\": %s, \"snapshots\": [",
                           source->filters != NULL ? source->filters : "[]");
    for (uint32_t i = 0; i < one->snapshots->len; i++) {
        g_string_append(sink->text, i > 0 ? ",\n" : "\n");
        write_snapshot(sink, record, source, &g_array_index(one->snapshots, Snapshot, i));
    }
    g_string_append(sink->text, "], \"data_source\": \"unknown\"}");
}

GBytes *
nsim_damo_record_bytes(const NsimDamoRecord *record, bool compressed)
{
    Sink sink = {.out = g_byte_array_new(), .text = g_string_new("[")};
    if (compressed)
        sink.zlib = G_CONVERTER(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_ZLIB, -1));
    for (uint32_t i = 0; i < record->records->len; i++) {
        g_string_append(sink.text, i > 0 ? ",\n" : "");
        write_record(&sink, record, &g_array_index(record->records, Record, i));
    }
    g_string_append(sink.text, "]\n");
    pass_on(&sink, true);
    g_clear_object(&sink.zlib);
    g_string_free(sink.text, TRUE);
    return g_byte_array_free_to_bytes(sink.out);
}
