/* SPDX-License-Identifier: MIT */
/*
 * Header, footer, trailer and index of a trace file (docs/trace-format.md). Every count is held against the documented
 * limits and against the bytes that are there before anything is allocated for it.
 */

#include <traces/trace-private.h>
#include <traces/xxh64.h>

#include <inttypes.h>

/* Bytes of the index read at a time: whole entries. */
#define INDEX_PIECE_ENTRIES 2048u

#define CORRUPT NSIM_TRACE_ERROR_CORRUPT

typedef struct {
    uint64_t index_offset, index_bytes, trailer_offset, trailer_bytes, index_checksum, trailer_checksum;
} Footer;

/* What is left of the trailer. */
typedef struct {
    const uint8_t *at;
    uint64_t left_bytes;
    uint64_t offset; /* of `at` in the file */
} Rest;

/* ---- Header and footer --------------------------------------------------------------------------------------- */

static bool
check_checksum(NsimTrace *trace, const char *what, uint64_t stored, uint64_t found, GError **error)
{
    if (!trace->verify_checksums || stored == found)
        return true;
    return nsim_trace_fail(trace, CORRUPT, error,
                           "damaged: checksum of the %s is %016" PRIx64 ", the file says %016" PRIx64, what, found,
                           stored);
}

static bool
parse_header(NsimTrace *trace, GError **error)
{
    uint8_t header[NSIM_FORMAT_HEADER_BYTES] = {0};
    NsimTraceInfo *info = &trace->info;
    const size_t bytes = (size_t)MIN(info->file_bytes, (uint64_t)sizeof header);
    if (!nsim_trace_read_at(trace, header, bytes, 0, error))
        return false;
    if (bytes == 0 || memcmp(header, NSIM_FORMAT_MAGIC, MIN(bytes, NSIM_FORMAT_MAGIC_BYTES)) != 0)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_FORMAT, error, "not a numasim trace: %s (numasim trace import reads those of other tools)",
                               bytes == 0 ? "the file is empty" : "it does not begin with the format's magic number");
    if (bytes < sizeof header)
        return nsim_trace_fail(trace, CORRUPT, error, "truncated: %zu bytes are less than a header", bytes);
    info->version = nsim_get_32(header + 8);
    if (info->version != NSIM_FORMAT_VERSION)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_FORMAT, error,
                               "trace format version %" PRIu32 " is not known, this program reads version %u",
                               info->version, NSIM_FORMAT_VERSION);
    if (!check_checksum(trace, "header", nsim_get_64(header + 56), nsim_xxh64(header, 56, 0), error))
        return false;

    const uint32_t unit = nsim_get_32(header + 16), flags = nsim_get_32(header + 20);
    info->gap_per_s = nsim_get_64(header + 24);
    if (nsim_get_32(header + 12) != NSIM_FORMAT_HEADER_BYTES || header[32] != NSIM_LINE_SHIFT ||
        header[33] != NSIM_FRAME_SHIFT || nsim_get_16(header + 34) != 0 ||
        nsim_get_32(header + 36) != NSIM_FORMAT_BLOCK_RECORDS || nsim_get_64(header + 40) != 0 ||
        nsim_get_64(header + 48) != 0 || (flags & ~NSIM_FORMAT_FILTERED) != 0)
        return nsim_trace_fail(trace, CORRUPT, error, "header has values that version %u does not have",
                               NSIM_FORMAT_VERSION);
    if (unit > NSIM_GAP_PS)
        return nsim_trace_fail(trace, CORRUPT, error, "gap unit %" PRIu32 " is not 0 (instructions) or 1 (picoseconds)",
                               unit);
    if ((unit == NSIM_GAP_INSTRUCTIONS) != (info->gap_per_s > 0))
        return nsim_trace_fail(trace, CORRUPT, error,
                               "declared rate of %" PRIu64 " gap units per second does not go with gaps in %s",
                               info->gap_per_s, unit == NSIM_GAP_PS ? "picoseconds" : "instructions");
    info->gap_unit = (NsimGapUnit)unit;
    info->filtered = (flags & NSIM_FORMAT_FILTERED) != 0;
    return true;
}

static bool
parse_footer(NsimTrace *trace, Footer *footer, GError **error)
{
    uint8_t bytes[NSIM_FORMAT_FOOTER_BYTES];
    const uint64_t file_bytes = trace->info.file_bytes;
    if (file_bytes < NSIM_FORMAT_HEADER_BYTES + NSIM_FORMAT_COUNTS_BYTES + NSIM_FORMAT_FOOTER_BYTES)
        return nsim_trace_fail(trace, CORRUPT, error, "truncated: %" PRIu64 " bytes are less than an empty trace",
                               file_bytes);
    const uint64_t offset = file_bytes - NSIM_FORMAT_FOOTER_BYTES;
    if (!nsim_trace_read_at(trace, bytes, sizeof bytes, offset, error))
        return false;
    if (memcmp(bytes, NSIM_FORMAT_FOOTER_MAGIC, NSIM_FORMAT_MAGIC_BYTES) != 0)
        return nsim_trace_fail(trace, CORRUPT, error,
                               "truncated: no footer at byte %" PRIu64 ", where the last %d bytes of the file begin",
                               offset, NSIM_FORMAT_FOOTER_BYTES);
    if (!check_checksum(trace, "footer", nsim_get_64(bytes + 56), nsim_xxh64(bytes, 56, 0), error))
        return false;
    *footer = (Footer){.index_offset = nsim_get_64(bytes + 8),
                       .index_bytes = nsim_get_64(bytes + 16),
                       .trailer_offset = nsim_get_64(bytes + 24),
                       .trailer_bytes = nsim_get_64(bytes + 32),
                       .index_checksum = nsim_get_64(bytes + 40),
                       .trailer_checksum = nsim_get_64(bytes + 48)};
    if (footer->index_offset < NSIM_FORMAT_HEADER_BYTES || footer->index_offset > footer->trailer_offset ||
        footer->trailer_offset > offset || footer->index_bytes != footer->trailer_offset - footer->index_offset ||
        footer->trailer_bytes != offset - footer->trailer_offset ||
        footer->index_bytes % NSIM_FORMAT_INDEX_ENTRY_BYTES != 0)
        return nsim_trace_fail(trace, CORRUPT, error,
                               "index (%" PRIu64 " bytes at %" PRIu64 ") and trailer (%" PRIu64 " bytes at %" PRIu64
                               ") do not fill the file up to its footer at byte %" PRIu64,
                               footer->index_bytes, footer->index_offset, footer->trailer_bytes, footer->trailer_offset,
                               offset);
    return true;
}

/* ---- Trailer ------------------------------------------------------------------------------------------------- */

static const uint8_t *
take(Rest *rest, uint64_t bytes)
{
    if (bytes > rest->left_bytes)
        return NULL;
    const uint8_t *at = rest->at;
    rest->at += bytes;
    rest->left_bytes -= bytes;
    rest->offset += bytes;
    return at;
}

static bool
is_printable(const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return false;
    return true;
}

/* A text: 4 bytes of length and that many of UTF-8. (transfer full); NULL with `error`. */
static char *
take_text(NsimTrace *trace, Rest *rest, const char *what, GError **error)
{
    const uint64_t offset = rest->offset;
    const uint8_t *length_at = take(rest, 4);
    const uint32_t length = length_at == NULL ? 0 : nsim_get_32(length_at);
    if (length_at != NULL && length > NSIM_TRACE_TEXT_MAX) {
        nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error,
                        "%s at byte %" PRIu64 " has %" PRIu32 " bytes, the limit is %u", what, offset, length,
                        NSIM_TRACE_TEXT_MAX);
        return NULL;
    }
    const uint8_t *at = length_at == NULL ? NULL : take(rest, length);
    if (at == NULL) {
        nsim_trace_fail(trace, CORRUPT, error, "trailer ends inside the %s at byte %" PRIu64, what, offset);
        return NULL;
    }
    g_autofree char *text = g_strndup((const char *)at, length);
    if (!g_utf8_validate(text, (gssize)length, NULL) || !is_printable(text)) {
        nsim_trace_fail(trace, CORRUPT, error, "%s at byte %" PRIu64 " is not printable UTF-8", what, offset);
        return NULL;
    }
    return g_steal_pointer(&text);
}

static bool
check_count(NsimTrace *trace, const Rest *rest, const char *what, uint64_t count, uint64_t limit, uint64_t each_bytes,
            GError **error)
{
    if (count > limit)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error, "%" PRIu64 " %s, the limit is %" PRIu64, count,
                               what, limit);
    if (count * each_bytes > rest->left_bytes)
        return nsim_trace_fail(trace, CORRUPT, error, "trailer has no room for %" PRIu64 " %s", count, what);
    return true;
}

static bool
parse_counts(NsimTrace *trace, Rest *rest, GError **error)
{
    NsimTraceInfo *info = &trace->info;
    const uint8_t *at = take(rest, NSIM_FORMAT_COUNTS_BYTES);
    if (at == NULL)
        return nsim_trace_fail(trace, CORRUPT, error, "trailer of %" PRIu64 " bytes is too short", rest->left_bytes);
    const uint32_t threads = nsim_get_32(at), regions = nsim_get_32(at + 4), marks = nsim_get_32(at + 8);
    const uint32_t barriers = nsim_get_32(at + 12), frames = nsim_get_32(at + 16);
    if (nsim_get_32(at + 20) != 0)
        return nsim_trace_fail(trace, CORRUPT, error, "trailer has values that version %u does not have",
                               NSIM_FORMAT_VERSION);
    if (!check_count(trace, rest, "threads", threads, NSIM_TRACE_THREADS_MAX, NSIM_FORMAT_THREAD_BYTES + 4, error) ||
        !check_count(trace, rest, "regions", regions, NSIM_TRACE_REGIONS_MAX, NSIM_FORMAT_REGION_BYTES + 4, error) ||
        !check_count(trace, rest, "marks", marks, NSIM_TRACE_MARKS_MAX, 4, error) ||
        !check_count(trace, rest, "barriers", barriers, NSIM_TRACE_BARRIERS_MAX, 4, error) ||
        !check_count(trace, rest, "frames", frames, NSIM_TRACE_FRAMES_MAX, 8, error))
        return false;
    info->thread_count = threads;
    info->region_count = regions;
    info->mark_count = marks;
    info->barrier_count = barriers;
    info->frame_count = frames;
    return true;
}

static bool
parse_threads(NsimTrace *trace, Rest *rest, uint64_t index_entries, GError **error)
{
    NsimTraceInfo *info = &trace->info;
    NsimTraceThread *threads = g_new0(NsimTraceThread, (size_t)info->thread_count + 1);
    info->threads = threads;
    trace->thread_index = g_new0(NsimThreadIndex, (size_t)info->thread_count + 1);
    uint64_t entries = 0;
    for (uint32_t i = 0; i < info->thread_count; i++) {
        NsimTraceThread *thread = &threads[i];
        const uint8_t *at = take(rest, NSIM_FORMAT_THREAD_BYTES);
        if (at == NULL)
            return nsim_trace_fail(trace, CORRUPT, error, "trailer ends inside thread %" PRIu32, i);
        thread->burst_count = nsim_get_64(at);
        thread->read_lines = nsim_get_64(at + 8);
        thread->write_lines = nsim_get_64(at + 16);
        thread->rfo_lines = nsim_get_64(at + 24);
        thread->gap_total = nsim_get_64(at + 32);
        const uint64_t blocks = nsim_get_64(at + 40);
        if (blocks > index_entries - entries)
            return nsim_trace_fail(trace, CORRUPT, error,
                                   "thread %" PRIu32 " has %" PRIu64 " blocks, the index has %" PRIu64 " left for it",
                                   i, blocks, index_entries - entries);
        trace->thread_index[i] = (NsimThreadIndex){.first_entry = entries, .block_count = blocks};
        entries += blocks;
        if (__builtin_add_overflow(info->burst_count, thread->burst_count, &info->burst_count) ||
            __builtin_add_overflow(info->read_lines, thread->read_lines, &info->read_lines) ||
            __builtin_add_overflow(info->write_lines, thread->write_lines, &info->write_lines) ||
            __builtin_add_overflow(info->rfo_lines, thread->rfo_lines, &info->rfo_lines))
            return nsim_trace_fail(trace, CORRUPT, error, "totals up to thread %" PRIu32 " exceed 64 bits", i);
        thread->name = take_text(trace, rest, "name of a thread", error);
        if (thread->name == NULL)
            return false;
    }
    if (entries != index_entries)
        return nsim_trace_fail(trace, CORRUPT, error,
                               "threads have %" PRIu64 " blocks together, the index has %" PRIu64, entries,
                               index_entries);
    return true;
}

static bool
parse_regions(NsimTrace *trace, Rest *rest, GError **error)
{
    NsimTraceInfo *info = &trace->info;
    NsimTraceRegion *regions = g_new0(NsimTraceRegion, (size_t)info->region_count + 1);
    info->regions = regions;
    uint64_t free_from = 0;
    for (uint32_t i = 0; i < info->region_count; i++) {
        const uint8_t *at = take(rest, NSIM_FORMAT_REGION_BYTES);
        if (at == NULL)
            return nsim_trace_fail(trace, CORRUPT, error, "trailer ends inside region %" PRIu32, i);
        regions[i].address = nsim_get_64(at);
        regions[i].bytes = nsim_get_64(at + 8);
        if (regions[i].bytes == 0 || regions[i].bytes > UINT64_MAX - regions[i].address ||
            regions[i].address < free_from)
            return nsim_trace_fail(trace, CORRUPT, error,
                                   "region %" PRIu32 " (%" PRIu64 " bytes at %#" PRIx64
                                   ") is empty, out of order or overlaps",
                                   i, regions[i].bytes, regions[i].address);
        free_from = regions[i].address + regions[i].bytes;
        regions[i].name = take_text(trace, rest, "name of a region", error);
        if (regions[i].name == NULL)
            return false;
    }
    return true;
}

static bool
parse_marks_and_barriers(NsimTrace *trace, Rest *rest, GError **error)
{
    NsimTraceInfo *info = &trace->info;
    char **marks = g_new0(char *, (size_t)info->mark_count + 1);
    info->marks = marks;
    for (uint32_t i = 0; i < info->mark_count; i++) {
        marks[i] = take_text(trace, rest, "name of a mark", error);
        if (marks[i] == NULL)
            return false;
    }
    uint32_t *barriers = g_new0(uint32_t, (size_t)info->barrier_count + 1);
    info->barriers = barriers;
    for (uint32_t i = 0; i < info->barrier_count; i++) {
        const uint8_t *at = take(rest, 4);
        if (at == NULL)
            return nsim_trace_fail(trace, CORRUPT, error, "trailer ends inside barrier %" PRIu32, i);
        barriers[i] = nsim_get_32(at);
        if (barriers[i] < 1 || barriers[i] > info->thread_count)
            return nsim_trace_fail(trace, CORRUPT, error,
                                   "barrier %" PRIu32 " has %" PRIu32 " members, the trace has %" PRIu32 " threads", i,
                                   barriers[i], info->thread_count);
    }
    return true;
}

typedef struct {
    uint64_t address; /* virtual address >> NSIM_FRAME_SHIFT */
    uint32_t number;
} Frame;

static int
compare_frames(const void *a, const void *b)
{
    const uint64_t x = ((const Frame *)a)->address, y = ((const Frame *)b)->address;
    return (x > y) - (x < y);
}

/* The frame table is in order of first appearance; replay wants the order of addresses. */
static bool
sort_frames(NsimTrace *trace, uint64_t *frames, GError **error)
{
    const uint32_t count = trace->info.frame_count;
    g_autofree Frame *sorted = g_try_new(Frame, count);
    trace->frame_map = g_try_new(uint32_t, count);
    if (sorted == NULL || trace->frame_map == NULL)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "no memory for %" PRIu32 " frames", count);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = (Frame){.address = frames[i], .number = i};
    qsort(sorted, count, sizeof sorted[0], compare_frames);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && sorted[i].address == sorted[i - 1].address)
            return nsim_trace_fail(trace, CORRUPT, error, "frame at %#" PRIx64 " has two numbers",
                                   sorted[i].address << NSIM_FRAME_SHIFT);
        frames[i] = sorted[i].address;
        trace->frame_map[sorted[i].number] = i;
    }
    return true;
}

static bool
parse_frames(NsimTrace *trace, Rest *rest, GError **error)
{
    NsimTraceInfo *info = &trace->info;
    const uint8_t *at = take(rest, (uint64_t)info->frame_count * 8);
    if (at == NULL)
        return nsim_trace_fail(trace, CORRUPT, error, "trailer ends inside the frame table");
    uint64_t *frames = g_try_new(uint64_t, (size_t)info->frame_count + 1);
    if (frames == NULL)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "no memory for %" PRIu32 " frames",
                               info->frame_count);
    info->frames = frames;
    bool ascending = true;
    for (uint32_t i = 0; i < info->frame_count; i++) {
        frames[i] = nsim_get_64(at + 8 * (size_t)i);
        if (frames[i] >> NSIM_FORMAT_FRAME_BITS != 0)
            return nsim_trace_fail(trace, CORRUPT, error, "frame %" PRIu32 " is at %#" PRIx64 " * 2 MiB, out of range",
                                   i, frames[i]);
        ascending = ascending && (i == 0 || frames[i] > frames[i - 1]);
    }
    return ascending || sort_frames(trace, frames, error);
}

static bool
parse_trailer(NsimTrace *trace, const Footer *footer, GError **error)
{
    /* More than any trace within the limits can have. */
    const uint64_t bytes_max = (uint64_t)NSIM_TRACE_FRAMES_MAX * 8 + NSIM_TRACE_BARRIERS_MAX * 4 +
                               NSIM_FORMAT_COUNTS_BYTES +
                               (uint64_t)(NSIM_TRACE_THREADS_MAX + NSIM_TRACE_REGIONS_MAX + NSIM_TRACE_MARKS_MAX + 3) *
                                   (NSIM_FORMAT_THREAD_BYTES + 4 + NSIM_TRACE_TEXT_MAX);
    if (footer->trailer_bytes > bytes_max)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error,
                               "trailer of %" PRIu64 " bytes, the limit is %" PRIu64, footer->trailer_bytes, bytes_max);
    g_autofree uint8_t *bytes = g_try_malloc((size_t)footer->trailer_bytes + 1);
    if (bytes == NULL)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "no memory for a trailer of %" PRIu64 " bytes",
                               footer->trailer_bytes);
    if (!nsim_trace_read_at(trace, bytes, (size_t)footer->trailer_bytes, footer->trailer_offset, error))
        return false;
    if (!check_checksum(trace, "trailer", footer->trailer_checksum, nsim_xxh64(bytes, (size_t)footer->trailer_bytes, 0),
                        error))
        return false;

    NsimTraceInfo *info = &trace->info;
    Rest rest = {.at = bytes, .left_bytes = footer->trailer_bytes, .offset = footer->trailer_offset};
    if (!parse_counts(trace, &rest, error))
        return false;
    info->program = take_text(trace, &rest, "program", error);
    if (info->program == NULL)
        return false;
    info->capture = take_text(trace, &rest, "capture description", error);
    if (info->capture == NULL)
        return false;
    info->filter = take_text(trace, &rest, "filter description", error);
    if (info->filter == NULL)
        return false;
    if (!parse_threads(trace, &rest, footer->index_bytes / NSIM_FORMAT_INDEX_ENTRY_BYTES, error) ||
        !parse_regions(trace, &rest, error) || !parse_marks_and_barriers(trace, &rest, error) ||
        !parse_frames(trace, &rest, error))
        return false;
    if (rest.left_bytes != 0)
        return nsim_trace_fail(trace, CORRUPT, error, "trailer has %" PRIu64 " bytes too many", rest.left_bytes);
    return true;
}

/* ---- Index --------------------------------------------------------------------------------------------------- */

/* Reads the index from front to back. */
typedef struct {
    uint64_t at, end;      /* offsets in the file */
    uint32_t next, filled; /* bytes of `piece` */
    NsimXxh64 hash;
    uint8_t piece[INDEX_PIECE_ENTRIES * NSIM_FORMAT_INDEX_ENTRY_BYTES];
} IndexReader;

static const uint8_t *
next_entry(NsimTrace *trace, IndexReader *reader, GError **error)
{
    if (reader->next == reader->filled) {
        const size_t bytes = (size_t)MIN((uint64_t)sizeof reader->piece, reader->end - reader->at);
        if (!nsim_trace_read_at(trace, reader->piece, bytes, reader->at, error))
            return NULL;
        nsim_xxh64_update(&reader->hash, reader->piece, bytes);
        reader->at += bytes;
        reader->next = 0;
        reader->filled = (uint32_t)bytes;
    }
    const uint8_t *entry = reader->piece + reader->next;
    reader->next += NSIM_FORMAT_INDEX_ENTRY_BYTES;
    return entry;
}

/* Check the index and note how large each thread's largest block is. The entries are read again by cursors. */
static bool
scan_index(NsimTrace *trace, const Footer *footer, GError **error)
{
    g_autofree IndexReader *reader = g_new0(IndexReader, 1);
    reader->at = footer->index_offset;
    reader->end = footer->index_offset + footer->index_bytes;
    nsim_xxh64_init(&reader->hash, 0);
    uint64_t blocks_bytes = 0;
    for (uint32_t thread = 0; thread < trace->info.thread_count; thread++) {
        NsimThreadIndex *index = &trace->thread_index[thread];
        uint64_t record_count = 0;
        for (uint64_t i = 0; i < index->block_count; i++) {
            const uint8_t *entry = next_entry(trace, reader, error);
            if (entry == NULL)
                return false;
            const uint64_t offset = nsim_get_64(entry), first_record = nsim_get_64(entry + 16);
            const uint32_t bytes = nsim_get_32(entry + 8), records = nsim_get_32(entry + 12);
            if (bytes < NSIM_FORMAT_BLOCK_FIXED_BYTES || bytes > NSIM_FORMAT_BLOCK_BYTES_MAX || records < 1 ||
                records > NSIM_FORMAT_BLOCK_RECORDS || first_record != record_count ||
                offset < NSIM_FORMAT_HEADER_BYTES || offset > footer->index_offset ||
                bytes > footer->index_offset - offset)
                return nsim_trace_fail(trace, CORRUPT, error,
                                       "index entry %" PRIu64 " (thread %" PRIu32 "): %" PRIu32
                                       " records from number %" PRIu64 " in %" PRIu32 " bytes at byte %" PRIu64
                                       " cannot be",
                                       index->first_entry + i, thread, records, first_record, bytes, offset);
            index->block_bytes_max = MAX(index->block_bytes_max, bytes);
            record_count += records;
            blocks_bytes += bytes; /* at most 2^17 for each 24 bytes of the file: no overflow */
        }
        if (record_count != trace->info.threads[thread].burst_count)
            return nsim_trace_fail(trace, CORRUPT, error,
                                   "thread %" PRIu32 " has %" PRIu64 " records in the index, %" PRIu64
                                   " in the thread table",
                                   thread, record_count, trace->info.threads[thread].burst_count);
    }
    if (!check_checksum(trace, "index", footer->index_checksum, nsim_xxh64_final(&reader->hash), error))
        return false;
    if (blocks_bytes != footer->index_offset - NSIM_FORMAT_HEADER_BYTES)
        return nsim_trace_fail(trace, CORRUPT, error,
                               "blocks have %" PRIu64 " bytes together, %" PRIu64 " lie between header and index",
                               blocks_bytes, footer->index_offset - NSIM_FORMAT_HEADER_BYTES);
    return true;
}

bool
nsim_trace_parse(NsimTrace *trace, GError **error)
{
    Footer footer = {0};
    if (!parse_header(trace, error) || !parse_footer(trace, &footer, error) || !parse_trailer(trace, &footer, error))
        return false;
    trace->index_offset = footer.index_offset;
    return scan_index(trace, &footer, error);
}
