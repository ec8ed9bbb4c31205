/* SPDX-License-Identifier: MIT */
/*
 * The oracleGeneral traces of libCacheSim (libCacheSim 0.3, customizedReader/oracle/oracleGeneralBin.h): requests to a
 * cache of objects, packed little-endian records of 24 bytes without a header:
 *
 *     u32 time in seconds; u64 object; u32 its bytes; i64 number of the object's next request, -1 (or 2^63 - 1): none
 *
 * A request becomes a read of all of the object. Objects have no addresses; traces/import/objects.h gives each a place,
 * or
 * `--columns address=id:BYTES` takes its number, times BYTES, as its address, which is right for block traces, whose
 * objects are numbered by place. All requests of a second come at its begin, one gap apart; with a gap of the user's
 * the file's clock is not used. Left out: the next request's number, and the variants with other fields.
 */
#include <traces/import/formats.h>
#include <traces/import/objects.h>
#include <traces/import/text.h>

#define RECORD_BYTES 24u
#define PIECE_RECORDS 65536u
#define SURE_RECORDS 16u
#define GAP_PS UINT64_C(1000)
#define GAP_PS_MAX (UINT64_MAX / 16)
#define SECOND_16THS (UINT64_C(1000000000000) * 16)
/* 13 days: the clock's 2^60 ps are 13.3. */
#define SECONDS_MAX (UINT64_C(13) * 86400)
/* Between two requests at the begin of a trace. */
#define STEP_SECONDS_MAX 86400u
#define OBJECT_BYTES_MAX (1u << 30)
#define REQUESTS_MAX (INT64_C(1) << 48)
#define UNIT_BYTES_MAX (UINT64_C(1) << 30)
/* Objects of one input begin here, those of the next behind the room of that one. */
#define PLACES_BASE NSIM_OBJECTS_BYTES_MAX

typedef struct {
    uint32_t seconds, bytes;
    uint64_t object;
    int64_t next;
} Record;

typedef struct {
    NsimObjects *objects; /* NULL: the number times `unit` */
    uint64_t unit;
    uint32_t thread;
    uint64_t gap_16ths, now_16ths;
    bool has_clock, begun;
    uint32_t origin_seconds, last_seconds;
} Reader;

static inline Record
record_at(const uint8_t *at)
{
    Record record;
    memcpy(&record.seconds, at, 4);
    memcpy(&record.object, at + 4, 8);
    memcpy(&record.bytes, at + 12, 4);
    memcpy(&record.next, at + 16, 8);
    record.seconds = GUINT32_FROM_LE(record.seconds);
    record.object = GUINT64_FROM_LE(record.object);
    record.bytes = GUINT32_FROM_LE(record.bytes);
    record.next = GINT64_FROM_LE(record.next);
    return record;
}

/* Is the next request of record `i` where it says? Writers count from 0 or from 1. */
static bool
agrees(const uint8_t *head, size_t count, size_t i, const Record *record)
{
    bool inside = true;
    if (record->next == -1 || record->next == INT64_MAX)
        return true;
    if (record->next < (int64_t)i || record->next > REQUESTS_MAX)
        return false;
    for (int64_t base = 0; base <= 1; base++) {
        const int64_t next = record->next - base;
        if (next >= (int64_t)count)
            inside = false;
        else if (next > (int64_t)i && record_at(head + (size_t)next * RECORD_BYTES).object == record->object)
            return true;
    }
    return !inside;
}

static NsimMatch
probe(const uint8_t *head, size_t bytes)
{
    const size_t count = bytes / RECORD_BYTES;
    uint32_t seconds = 0;
    for (size_t i = 0; i < count; i++) {
        const Record record = record_at(head + i * RECORD_BYTES);
        if (record.bytes == 0 || record.bytes > OBJECT_BYTES_MAX || !agrees(head, count, i, &record) ||
            (i > 0 && (record.seconds < seconds || record.seconds - seconds > STEP_SECONDS_MAX)))
            return NSIM_MATCH_NO;
        seconds = record.seconds;
    }
    return count >= SURE_RECORDS ? NSIM_MATCH_SURE : count > 0 ? NSIM_MATCH_POSSIBLE : NSIM_MATCH_NO;
}

/* "address=id:BYTES", or nothing. */
static bool
read_columns(const char *columns, uint64_t *ret_unit, GError **error)
{
    static const char prefix[] = "address=id:";
    *ret_unit = 0;
    if (columns == NULL)
        return true;
    const char *at = columns, *end = columns + strlen(columns);
    if (nsim_text_take_word(&at, end, prefix) && nsim_text_take_decimal(&at, end, ret_unit) && at == end &&
        *ret_unit > 0 && *ret_unit <= UNIT_BYTES_MAX)
        return true;
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                "columns '%s': oracle-general takes address=id:BYTES with 1 to 2^30 bytes", columns);
    return false;
}

/* The clock at this record. */
static bool
tick(NsimImport *import, NsimInput *input, Reader *reader, uint32_t seconds, GError **error)
{
    if (!reader->begun)
        reader->origin_seconds = reader->last_seconds = seconds;
    else if (G_UNLIKELY(__builtin_add_overflow(reader->now_16ths, reader->gap_16ths, &reader->now_16ths)))
        return nsim_import_bad(import, input, error, "a trace is at most 13 days long: give a shorter --gap");
    reader->begun = true;
    if (reader->has_clock && seconds != reader->last_seconds) {
        if (G_UNLIKELY(seconds < reader->last_seconds))
            return nsim_import_bad(import, input, error, "second %u after second %u: requests are in the order of time",
                                   seconds, reader->last_seconds);
        if (G_UNLIKELY(seconds - reader->origin_seconds > SECONDS_MAX))
            return nsim_import_bad(import, input, error,
                                   "second %u, the first is %u: a trace is at most 13 days long; give the time from "
                                   "request to request with --gap",
                                   seconds, reader->origin_seconds);
        reader->last_seconds = seconds;
        reader->now_16ths = MAX(reader->now_16ths, (seconds - reader->origin_seconds) * SECOND_16THS);
    }
    nsim_import_set_clock(import, reader->thread, reader->now_16ths);
    return true;
}

static bool
read_piece(NsimImport *import, NsimInput *input, Reader *reader, size_t count, GError **error)
{
    for (size_t i = 0; i < count; i++, input->at += RECORD_BYTES) {
        const Record record = record_at(input->at);
        const char *problem = NULL;
        nsim_import_record(import);
        if (G_UNLIKELY(record.next < -1))
            return nsim_import_bad(import, input, error, "next request %" G_GINT64_FORMAT " (-1 or more)", record.next);
        if (!tick(import, input, reader, record.seconds, error))
            return false;
        uint64_t address;
        if (reader->objects != NULL)
            address = nsim_objects_place(reader->objects, record.object, record.bytes, &problem);
        else if (__builtin_mul_overflow(record.object, reader->unit, &address))
            problem = "its number times the unit exceeds 2^64";
        if (G_UNLIKELY(problem != NULL))
            return nsim_import_bad(import, input, error,
                                   "object %" G_GUINT64_FORMAT
                                   " of %u bytes: %s (address=id:BYTES with --columns takes "
                                   "numbers as addresses)",
                                   record.object, record.bytes, problem);
        nsim_import_access(import, reader->thread, NSIM_OP_READ, address, record.bytes);
    }
    return true;
}

static bool
read_all(NsimImport *import, NsimInput *input, Reader *reader, GError **error)
{
    for (;;) {
        (void)nsim_input_more(input, RECORD_BYTES, error);
        if (*error != NULL)
            return false;
        const size_t count = MIN((size_t)(input->end - input->at) / RECORD_BYTES, PIECE_RECORDS);
        if (count == 0)
            break;
        if (!read_piece(import, input, reader, count, error) || !nsim_import_go_on(import, input, error))
            return false;
    }
    if (input->at < input->end) {
        nsim_import_record(import);
        return nsim_import_bad(import, input, error, "the file ends in the middle of a record of %u bytes",
                               RECORD_BYTES);
    }
    return true;
}

static bool
read_oracle_general(NsimImport *import, NsimInput *input, GError **error)
{
    const NsimImportOptions *options = nsim_import_options(import);
    const uint64_t base = PLACES_BASE + nsim_import_input_number(import) * NSIM_OBJECTS_BYTES_MAX;
    g_autoptr(NsimObjects) objects = NULL;
    Reader reader = {.has_clock = options->gap_ps == UINT64_MAX,
                     .gap_16ths = MIN(options->gap_ps == UINT64_MAX ? GAP_PS : options->gap_ps, GAP_PS_MAX) * 16};
    if (!read_columns(options->columns, &reader.unit, error))
        return false;
    const NsimImportHeader header = {
        .unit = NSIM_GAP_PS,
        .capture = reader.unit > 0 ? "libCacheSim: requests for objects, whose addresses are their numbers times a unit"
                                   : "libCacheSim: requests for objects, placed one behind the other when first asked "
                                     "for"};
    if (!nsim_import_begin(import, &header, error))
        return false;
    if (reader.unit == 0)
        reader.objects = objects = nsim_objects_new(base);
    reader.thread = nsim_import_thread(import, 0, "requests");
    if (!read_all(import, input, &reader, error))
        return false;
    if (objects != NULL)
        nsim_import_region(import, "objects", base, nsim_objects_bytes(objects));
    return true;
}

static const char *const endings[] = {".oracleGeneral", ".oracleGeneral.bin", NULL};

const NsimTraceFormat nsim_trace_format_oracle_general = {
    .name = "oracle-general",
    .summary = "libCacheSim oracleGeneral: 24 bytes a request for an object",
    .endings = endings,
    .probe = probe,
    .read = read_oracle_general,
};
