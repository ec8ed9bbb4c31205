/* SPDX-License-Identifier: MIT */
/*
 * A position in one thread of a trace. A cursor holds one block, the present batch of its records as columns, and a
 * batch of bursts: less than 256 KiB whatever the trace. Nothing of the trace is changed, so cursors are independent.
 */

#include <traces/decode.h>
#include <traces/trace-private.h>

#include <inttypes.h>

/* Index entries read at a time. */
#define ENTRIES 64u

/* A burst is four words; where its 16-bit halves lie in a word depends on the machine. */
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define HALVES(first, second) ((first) | (second) << 16)
#define HALF_AND_BYTES(half, byte_2, byte_3) ((half) | (byte_2) << 16 | (byte_3) << 24)
#else
#define HALVES(first, second) ((first) << 16 | (second))
#define HALF_AND_BYTES(half, byte_2, byte_3) ((half) << 16 | (byte_2) << 8 | (byte_3))
#endif

_Static_assert(offsetof(NsimBurst, page) == 0 && offsetof(NsimBurst, line) == 4 && offsetof(NsimBurst, count) == 6 &&
                   offsetof(NsimBurst, gap) == 8 && offsetof(NsimBurst, step) == 12 && offsetof(NsimBurst, op) == 14 &&
                   offsetof(NsimBurst, flags) == 15,
               "write_bursts() writes bursts as words");

typedef struct {
    NsimTraceCursor public; /* first: the caller's view */
    NsimTrace *trace;
    uint32_t thread;
    unsigned page_shift;
    bool failed;       /* what follows the damage is unknown: only rewinding helps */
    NsimBurst *bursts; /* NSIM_BATCH_RECORDS */

    /* The run that is being cut. */
    uint32_t next_record; /* of the batch */
    uint32_t lines_done;  /* of that record */
    uint32_t gap_carry;   /* sixteenths of a gap unit not yet spent */

    /* Blocks. */
    uint64_t next_block;          /* of the thread */
    uint32_t next_entry, entries; /* of `index` */
    uint8_t index[ENTRIES * NSIM_FORMAT_INDEX_ENTRY_BYTES];
    uint8_t *block;
    NsimBlockDecoder decoder;
} Cursor;

NsimTraceCursor *
nsim_trace_cursor_new(NsimTrace *trace, uint32_t thread, unsigned page_shift, GError **error)
{
    enum { PAGE_SHIFT_MIN = 12 };
    g_return_val_if_fail(trace != NULL, NULL);
    const NsimTraceInfo *info = &trace->info;
    if (thread >= info->thread_count) {
        nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error, "no thread %" PRIu32 ": the trace has %" PRIu32, thread,
                        info->thread_count);
        return NULL;
    }
    if (page_shift < PAGE_SHIFT_MIN || page_shift > NSIM_FRAME_SHIFT) {
        nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error, "pages of 2^%u bytes are outside 4 KiB..2 MiB",
                        page_shift);
        return NULL;
    }
    /* Holds for every trace within the limit of frames; said here because bursts depend on it. */
    if ((uint64_t)info->frame_count << (NSIM_FRAME_SHIFT - page_shift) > UINT64_C(1) << 32) {
        nsim_trace_fail(trace, NSIM_TRACE_ERROR_LIMIT, error,
                        "%" PRIu32 " frames have more than 2^32 pages of 2^%u bytes", info->frame_count, page_shift);
        return NULL;
    }
    const size_t block_bytes = (size_t)trace->thread_index[thread].block_bytes_max + NSIM_DECODE_SLACK_BYTES;
    Cursor *cursor = g_new0(Cursor, 1);
    cursor->trace = nsim_trace_ref(trace);
    cursor->thread = thread;
    cursor->page_shift = page_shift;
    cursor->bursts = g_new0(NsimBurst, NSIM_BATCH_RECORDS);
    cursor->block = g_malloc0(block_bytes);
    cursor->public.bursts = cursor->bursts;
    NsimBlockDecoder *decoder = &cursor->decoder;
    decoder->verify_checksums = trace->verify_checksums;
    decoder->page_shift = page_shift;
    decoder->frame_count = info->frame_count;
    decoder->mark_count = info->mark_count;
    decoder->barrier_count = info->barrier_count;
    decoder->frame_map = trace->frame_map;
    return &cursor->public;
}

void
nsim_trace_cursor_free(NsimTraceCursor *public)
{
    if (public == NULL)
        return;
    Cursor *cursor = (Cursor *)public;
    nsim_block_decoder_clear(&cursor->decoder);
    nsim_trace_unref(cursor->trace);
    g_free(cursor->block);
    g_free(cursor->bursts);
    g_free(cursor);
}

void
nsim_trace_cursor_rewind(NsimTraceCursor *public)
{
    Cursor *cursor = (Cursor *)public;
    cursor->public.next = cursor->public.filled = 0;
    cursor->next_record = cursor->lines_done = cursor->gap_carry = 0;
    cursor->failed = false;
    cursor->next_block = 0;
    cursor->next_entry = cursor->entries = 0;
    cursor->decoder.batch_count = 0;
    cursor->decoder.decoded = cursor->decoder.entry.record_count = 0;
}

/* ---- Blocks -------------------------------------------------------------------------------------------------- */

/* The next block's entry of the index. */
static bool
take_entry(Cursor *cursor, NsimBlockEntry *entry, GError **error)
{
    const NsimTrace *trace = cursor->trace;
    const NsimThreadIndex *index = &trace->thread_index[cursor->thread];
    if (cursor->next_entry == cursor->entries) {
        const uint32_t entries = (uint32_t)MIN((uint64_t)ENTRIES, index->block_count - cursor->next_block);
        const uint64_t number = index->first_entry + cursor->next_block;
        cursor->next_entry = cursor->entries = 0;
        if (!nsim_trace_read_at(trace, cursor->index, (size_t)entries * NSIM_FORMAT_INDEX_ENTRY_BYTES,
                                trace->index_offset + number * NSIM_FORMAT_INDEX_ENTRY_BYTES, error))
            return false;
        cursor->entries = entries;
    }
    const uint8_t *at = cursor->index + (size_t)cursor->next_entry * NSIM_FORMAT_INDEX_ENTRY_BYTES;
    *entry = (NsimBlockEntry){.thread = cursor->thread,
                              .offset = nsim_get_64(at),
                              .bytes = nsim_get_32(at + 8),
                              .record_count = nsim_get_32(at + 12),
                              .first_record = nsim_get_64(at + 16)};
    /* The index was checked when the trace was opened; the file may have been changed since. */
    if (entry->bytes > index->block_bytes_max || entry->offset > trace->info.file_bytes)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_CORRUPT, error,
                               "changed while it was read (block at byte %" PRIu64 ")", entry->offset);
    cursor->next_entry++;
    cursor->next_block++;
    return true;
}

/* The next batch of records into the decoder; batch_count is 0 at the end of the thread. */
static bool
next_batch(Cursor *cursor, GError **error)
{
    NsimBlockDecoder *decoder = &cursor->decoder;
    cursor->next_record = cursor->lines_done = cursor->gap_carry = 0;
    if (decoder->decoded + decoder->batch_count == decoder->entry.record_count) {
        NsimBlockEntry entry;
        decoder->batch_count = 0;
        decoder->decoded = decoder->entry.record_count = 0;
        if (cursor->next_block == cursor->trace->thread_index[cursor->thread].block_count)
            return true;
        if (!take_entry(cursor, &entry, error) ||
            !nsim_trace_read_at(cursor->trace, cursor->block, entry.bytes, entry.offset, error))
            return false;
        if (!nsim_block_decoder_begin(decoder, &entry, cursor->block, error)) {
            g_prefix_error(error, "%s: ", cursor->trace->path);
            return false;
        }
    }
    if (nsim_block_decoder_next(decoder, error))
        return true;
    g_prefix_error(error, "%s: ", cursor->trace->path);
    return false;
}

/* ---- Bursts -------------------------------------------------------------------------------------------------- */

/* Four 32-bit numbers: GNU C vectors, which any target has, by instructions or by plain code. */
typedef uint32_t Four __attribute__((vector_size(16)));

static inline Four
load_four(const uint32_t *at)
{
    Four four;
    memcpy(&four, at, sizeof four);
    return four;
}

/*
 * Write a whole batch in which no run crosses a page and no record is a control record. Columns become records, four at
 * a time, by transposing; left alone, compilers store every word by itself, at more than twice the time.
 */
static void
write_bursts(NsimBurst *bursts, const NsimBlockDecoder *decoder, unsigned page_shift)
{
    const unsigned pages_shift = NSIM_FRAME_SHIFT - page_shift, line_shift = page_shift - NSIM_LINE_SHIFT;
    const uint32_t line_mask = (UINT32_C(1) << line_shift) - 1;
    for (uint32_t i = 0; i < NSIM_BATCH_RECORDS; i += 4) {
        const Four line = load_four(&decoder->line[i]), kind = load_four(&decoder->kind[i]);
        const Four page = load_four(&decoder->frame[i]) << pages_shift | line >> line_shift;
        const Four place = HALVES(line & line_mask, load_four(&decoder->count[i]));
        const Four gap = load_four(&decoder->gap[i]);
        const Four rest =
            HALF_AND_BYTES(load_four(&decoder->step[i]), kind & NSIM_KIND_OP_MASK, kind >> NSIM_KIND_FLAGS_SHIFT);
        const Four first_low = __builtin_shufflevector(page, place, 0, 4, 1, 5);
        const Four first_high = __builtin_shufflevector(page, place, 2, 6, 3, 7);
        const Four second_low = __builtin_shufflevector(gap, rest, 0, 4, 1, 5);
        const Four second_high = __builtin_shufflevector(gap, rest, 2, 6, 3, 7);
        const Four records[4] = {__builtin_shufflevector(first_low, second_low, 0, 1, 4, 5),
                                 __builtin_shufflevector(first_low, second_low, 2, 3, 6, 7),
                                 __builtin_shufflevector(first_high, second_high, 0, 1, 4, 5),
                                 __builtin_shufflevector(first_high, second_high, 2, 3, 6, 7)};
        memcpy(&bursts[i], records, sizeof records);
    }
}

static void
emit_uncut(Cursor *cursor)
{
    write_bursts(cursor->bursts, &cursor->decoder, cursor->page_shift);
    cursor->next_record = cursor->decoder.batch_count;
    cursor->public.filled = cursor->decoder.batch_count;
}

static NsimBurst
control_burst(const NsimBlockDecoder *decoder, uint32_t i)
{
    return (NsimBurst){.page = decoder->operand[i], .gap = decoder->gap[i], .op = (uint8_t)decoder->kind[i]};
}

/* The next piece of record `i`, up to the end of its page. */
static NsimBurst
cut_burst(Cursor *cursor, uint32_t i)
{
    const NsimBlockDecoder *decoder = &cursor->decoder;
    const unsigned line_shift = cursor->page_shift - NSIM_LINE_SHIFT;
    const uint32_t line_mask = (UINT32_C(1) << line_shift) - 1;
    const uint32_t line = decoder->line[i] + cursor->lines_done, left = decoder->count[i] - cursor->lines_done;
    const uint32_t room = line_mask + 1 - (line & line_mask);
    const uint32_t count = left < room ? left : room;
    uint32_t gap = decoder->gap[i], flags = decoder->kind[i] >> NSIM_KIND_FLAGS_SHIFT;
    if (cursor->lines_done > 0) {
        /* One step further than the line before; sixteenths are carried from piece to piece. */
        const uint32_t sixteenths = cursor->gap_carry + decoder->step[i];
        gap = sixteenths / 16;
        cursor->gap_carry = sixteenths % 16;
        flags &= ~(uint32_t)NSIM_BURST_DEPENDENT;
    }
    cursor->lines_done += count;
    if (count == left) {
        cursor->next_record++;
        cursor->lines_done = cursor->gap_carry = 0;
    }
    return (NsimBurst){.page = decoder->frame[i] << (NSIM_FRAME_SHIFT - cursor->page_shift) | line >> line_shift,
                       .line = (uint16_t)(line & line_mask),
                       .count = (uint16_t)count,
                       .gap = gap,
                       .step = (uint16_t)decoder->step[i],
                       .op = (uint8_t)(decoder->kind[i] & NSIM_KIND_OP_MASK),
                       .flags = (uint8_t)flags};
}

static void
emit_cut(Cursor *cursor)
{
    const NsimBlockDecoder *decoder = &cursor->decoder;
    uint32_t filled = 0;
    while (filled < NSIM_BATCH_RECORDS && cursor->next_record < decoder->batch_count) {
        const uint32_t i = cursor->next_record;
        if ((decoder->kind[i] & NSIM_KIND_CONTROL) != 0) {
            cursor->bursts[filled++] = control_burst(decoder, i);
            cursor->next_record++;
        } else {
            cursor->bursts[filled++] = cut_burst(cursor, i);
        }
    }
    cursor->public.filled = filled;
}

bool
nsim_trace_cursor_fill(NsimTraceCursor *public, GError **error)
{
    Cursor *cursor = (Cursor *)public;
    cursor->public.next = cursor->public.filled = 0;
    if (cursor->failed)
        return nsim_trace_fail(cursor->trace, NSIM_TRACE_ERROR_CORRUPT, error, "not read on after an error");
    if (cursor->next_record == cursor->decoder.batch_count && !next_batch(cursor, error)) {
        cursor->failed = true;
        return false;
    }
    if (cursor->decoder.batch_count == 0)
        return true;
    if (cursor->decoder.cut_needed || cursor->decoder.has_control)
        emit_cut(cursor);
    else
        emit_uncut(cursor);
    return true;
}
