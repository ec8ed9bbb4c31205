/* SPDX-License-Identifier: MIT */
/*
 * The block decoder. Nothing in a block is believed: a record that passes has a frame of the trace, lies inside it, and
 * has a known operation, flags and operand, so that replay may index its tables without a check.
 */

#include <traces/decode.h>
#include <traces/xxh64.h>

#include <inttypes.h>

#define BATCH NSIM_BATCH_RECORDS

void
nsim_block_decoder_clear(NsimBlockDecoder *decoder)
{
    g_clear_pointer(&decoder->raw, g_free);
    ZSTD_freeDCtx(decoder->context);
    decoder->context = NULL;
}

static bool
damaged(const NsimBlockDecoder *decoder, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Report damage to the block as a whole. Always false. */
static bool
damaged(const NsimBlockDecoder *decoder, GError **error, const char *format, ...)
{
    const NsimBlockEntry *entry = &decoder->entry;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                "thread %" PRIu32 ", record %" PRIu64 ": block at byte %" PRIu64 ": %s", entry->thread,
                entry->first_record, entry->offset, text);
    return false;
}

/* ---- Beginning a block --------------------------------------------------------------------------------------- */

static bool
check_block_header(const NsimBlockDecoder *decoder, const uint8_t *block, GError **error)
{
    const NsimBlockEntry *entry = &decoder->entry;
    const uint64_t stored = nsim_get_64(block);
    if (decoder->verify_checksums) {
        const uint64_t found = nsim_xxh64(block + 8, entry->bytes - 8, 0);
        if (found != stored)
            return damaged(decoder, error, "checksum of the content is %016" PRIx64 ", the block says %016" PRIx64,
                           found, stored);
    }
    if (nsim_get_32(block + 8) != NSIM_FORMAT_BLOCK_MAGIC)
        return damaged(decoder, error, "no block begins here (magic %08" PRIx32 ")", nsim_get_32(block + 8));
    if (nsim_get_32(block + 12) != entry->bytes || nsim_get_32(block + 16) != entry->thread ||
        nsim_get_32(block + 20) != entry->record_count || nsim_get_64(block + 24) != entry->first_record)
        return damaged(decoder, error,
                       "holds %" PRIu32 " records of thread %" PRIu32 " from number %" PRIu64 " in %" PRIu32
                       " bytes, the index says %" PRIu32 " of thread %" PRIu32 " from %" PRIu64 " in %" PRIu32,
                       nsim_get_32(block + 20), nsim_get_32(block + 16), nsim_get_64(block + 24),
                       nsim_get_32(block + 12), entry->record_count, entry->thread, entry->first_record, entry->bytes);
    if (block[32] > NSIM_FORMAT_LAG_MAX)
        return damaged(decoder, error, "lag %u is outside 0..%d", block[32], NSIM_FORMAT_LAG_MAX);
    for (unsigned i = 33; i < NSIM_FORMAT_BLOCK_HEADER_BYTES; i++)
        if (block[i] != 0)
            return damaged(decoder, error, "reserved byte %u is %u, not 0", i, block[i]);
    return true;
}

/* The room for uncompressed columns, with slack for the last batch. */
static bool
allocate_raw(NsimBlockDecoder *decoder, GError **error)
{
    if (decoder->context != NULL)
        return true;
    decoder->raw = g_try_malloc0(NSIM_FORMAT_BLOCK_RAW_BYTES + NSIM_DECODE_SLACK_BYTES);
    decoder->context = decoder->raw == NULL ? NULL : ZSTD_createDCtx();
    if (decoder->context != NULL)
        return true;
    g_clear_pointer(&decoder->raw, g_free);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "no memory to decompress a block");
    return false;
}

/* Check column `column` and note where its values are. `*at` and `*raw_used` advance. */
static bool
begin_column(NsimBlockDecoder *decoder, const uint8_t *block, unsigned column, uint32_t *at, uint32_t *raw_used,
             GError **error)
{
    const uint8_t *descriptor = block + NSIM_FORMAT_BLOCK_HEADER_BYTES + column * NSIM_FORMAT_COLUMN_BYTES;
    const uint64_t base = nsim_get_64(descriptor);
    const uint32_t stored_bytes = nsim_get_32(descriptor + 8);
    const unsigned width = descriptor[12], packing = descriptor[13];
    const uint64_t column_max = nsim_column_max(column, decoder->lag);
    if (width > 8 || (width & (width - 1)) != 0 || nsim_width_max(width) > column_max)
        return damaged(decoder, error, "column %u has values of %u bytes", column, width);
    if (base > column_max - nsim_width_max(width))
        return damaged(decoder, error, "column %u has base %" PRIu64 ", which exceeds its range", column, base);
    if (packing > (width == 0 ? NSIM_PACKING_RAW : NSIM_PACKING_ZSTD) || nsim_get_16(descriptor + 14) != 0)
        return damaged(decoder, error, "column %u of width %u is packed in an unknown way (%u)", column, width,
                       packing);
    const uint32_t raw_bytes = decoder->entry.record_count * width;
    if (stored_bytes > decoder->entry.bytes - *at || (packing == NSIM_PACKING_RAW && stored_bytes != raw_bytes))
        return damaged(decoder, error, "column %u has %" PRIu32 " stored bytes for %" PRIu32, column, stored_bytes,
                       raw_bytes);
    if (raw_bytes > NSIM_FORMAT_BLOCK_RAW_BYTES - *raw_used)
        return damaged(decoder, error, "its columns exceed %d bytes", NSIM_FORMAT_BLOCK_RAW_BYTES);

    decoder->width[column] = (uint8_t)width;
    decoder->base[column] = base;
    decoder->data[column] = block + *at;
    if (packing == NSIM_PACKING_ZSTD) {
        if (!allocate_raw(decoder, error))
            return false;
        const size_t bytes =
            ZSTD_decompressDCtx(decoder->context, decoder->raw + *raw_used, raw_bytes, block + *at, stored_bytes);
        if (ZSTD_isError(bytes))
            return damaged(decoder, error, "column %u cannot be decompressed: %s", column, ZSTD_getErrorName(bytes));
        if (bytes != raw_bytes || ZSTD_findFrameCompressedSize(block + *at, stored_bytes) != stored_bytes)
            return damaged(decoder, error, "column %u decompresses to %zu bytes, not to %" PRIu32 " in one frame",
                           column, bytes, raw_bytes);
        decoder->data[column] = decoder->raw + *raw_used;
    }
    *at += stored_bytes;
    *raw_used += raw_bytes;
    return true;
}

static uint64_t
unzigzag(uint64_t value)
{
    return value >> 1 ^ -(value & 1);
}

static void
fill(uint32_t *restrict out, uint32_t value)
{
    for (uint32_t i = 0; i < BATCH; i++)
        out[i] = value;
}

static uint32_t *
array_of(NsimBlockDecoder *decoder, unsigned column)
{
    switch (column) {
    case NSIM_COLUMN_PLACE:
        return decoder->frame;
    case NSIM_COLUMN_LINE:
        return decoder->line;
    case NSIM_COLUMN_COUNT:
        return decoder->count;
    case NSIM_COLUMN_GAP:
        return decoder->gap;
    case NSIM_COLUMN_STEP:
        return decoder->step;
    case NSIM_COLUMN_KIND:
        return decoder->kind;
    default:
        return decoder->operand;
    }
}

bool
nsim_block_decoder_begin(NsimBlockDecoder *decoder, const NsimBlockEntry *entry, const uint8_t *block, GError **error)
{
    decoder->entry = *entry;
    decoder->decoded = 0;
    decoder->batch_count = 0;
    if (entry->bytes < NSIM_FORMAT_BLOCK_FIXED_BYTES || entry->bytes > NSIM_FORMAT_BLOCK_BYTES_MAX ||
        entry->record_count < 1 || entry->record_count > NSIM_FORMAT_BLOCK_RECORDS)
        return damaged(decoder, error, "%" PRIu32 " records in %" PRIu32 " bytes cannot be", entry->record_count,
                       entry->bytes);
    if (!check_block_header(decoder, block, error))
        return false;

    decoder->lag = block[32];
    uint32_t at = NSIM_FORMAT_BLOCK_FIXED_BYTES, raw_used = 0;
    if (decoder->lag * 8 > entry->bytes - at)
        return damaged(decoder, error, "ends inside its seeds");
    for (uint32_t i = 0; i < decoder->lag; i++, at += 8)
        decoder->ends[NSIM_FORMAT_LAG_MAX - decoder->lag + i] = nsim_get_64(block + at);
    for (unsigned column = 0; column < NSIM_FORMAT_COLUMNS; column++)
        if (!begin_column(decoder, block, column, &at, &raw_used, error))
            return false;
    if (at != entry->bytes)
        return damaged(decoder, error, "%" PRIu32 " bytes follow its last column", entry->bytes - at);
    if (decoder->lag > 0 && (decoder->width[NSIM_COLUMN_LINE] != 0 || decoder->base[NSIM_COLUMN_LINE] != 0))
        return damaged(decoder, error, "has lines beside differences");

    /* Constant columns are filled here, once for the block. */
    for (unsigned column = 0; column < NSIM_FORMAT_COLUMNS; column++)
        if (decoder->width[column] == 0)
            fill(array_of(decoder, column), (uint32_t)decoder->base[column]);
    for (uint32_t i = 0; decoder->lag > 0 && decoder->width[NSIM_COLUMN_PLACE] == 0 && i < BATCH; i++)
        decoder->move[i] = unzigzag(decoder->base[NSIM_COLUMN_PLACE]);
    return true;
}

/* ---- Batches ------------------------------------------------------------------------------------------------- */

static void
widen_8(uint32_t *restrict out, const uint8_t *restrict data, uint32_t base)
{
    for (uint32_t i = 0; i < BATCH; i++)
        out[i] = base + data[i];
}

static void
widen_16(uint32_t *restrict out, const uint8_t *restrict data, uint32_t base)
{
    for (uint32_t i = 0; i < BATCH; i++)
        out[i] = base + nsim_get_16(data + 2 * i);
}

static void
widen_32(uint32_t *restrict out, const uint8_t *restrict data, uint32_t base)
{
    for (uint32_t i = 0; i < BATCH; i++)
        out[i] = base + nsim_get_32(data + 4 * i);
}

/* The present batch of a column. */
static const uint8_t *
batch_of(const NsimBlockDecoder *decoder, unsigned column)
{
    return decoder->data[column] + (size_t)decoder->decoded * decoder->width[column];
}

static void
widen(NsimBlockDecoder *decoder, unsigned column)
{
    uint32_t *out = array_of(decoder, column);
    const uint8_t *data = batch_of(decoder, column);
    const uint32_t base = (uint32_t)decoder->base[column];
    switch (decoder->width[column]) {
    case 1:
        widen_8(out, data, base);
        break;
    case 2:
        widen_16(out, data, base);
        break;
    case 4:
        widen_32(out, data, base);
        break;
    default: /* constant: filled when the block began, but for frames, which are changed in place */
        if (column == NSIM_COLUMN_PLACE)
            fill(out, base);
        break;
    }
}

static void
unzigzag_batch(uint64_t *values)
{
    for (uint32_t i = 0; i < BATCH; i++)
        values[i] = unzigzag(values[i]);
}

/* Differences of positions, from zig-zag numbers. */
static void
widen_moves(NsimBlockDecoder *decoder)
{
    uint64_t *restrict out = decoder->move;
    const uint8_t *restrict data = batch_of(decoder, NSIM_COLUMN_PLACE);
    const uint64_t base = decoder->base[NSIM_COLUMN_PLACE];
    switch (decoder->width[NSIM_COLUMN_PLACE]) {
    case 1:
        for (uint32_t i = 0; i < BATCH; i++)
            out[i] = base + data[i];
        break;
    case 2:
        for (uint32_t i = 0; i < BATCH; i++)
            out[i] = base + nsim_get_16(data + 2 * i);
        break;
    case 4:
        for (uint32_t i = 0; i < BATCH; i++)
            out[i] = base + nsim_get_32(data + 4 * i);
        break;
    case 8:
        for (uint32_t i = 0; i < BATCH; i++)
            out[i] = base + nsim_get_64(data + 8 * i);
        break;
    default: /* constant: filled when the block began */
        return;
    }
    unzigzag_batch(out);
}

static void
split_positions(uint32_t *restrict frames, uint32_t *restrict lines, const uint64_t *restrict positions)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        frames[i] = (uint32_t)(positions[i] >> NSIM_FRAME_LINES_SHIFT);
        lines[i] = (uint32_t)positions[i] & (NSIM_FRAME_LINES - 1);
    }
}

/*
 * Positions from differences. Only the middle loops depend on the record before; the others vectorise. Impossible
 * positions become a frame that no trace has.
 */
static void
place_by_lag(NsimBlockDecoder *decoder)
{
    const uint32_t n = decoder->batch_count, lag = decoder->lag;
    uint64_t *ends = decoder->ends + NSIM_FORMAT_LAG_MAX, *positions = decoder->positions;
    const uint64_t *moves = decoder->move;
    uint64_t all_bits = 0;
    if (lag == 1) {
        uint64_t end = ends[-1];
        for (uint32_t i = 0; i < n; i++) {
            const uint64_t advance = moves[i] + decoder->count[i]; /* keeps the chain at one addition a record */
            positions[i] = end + moves[i];
            all_bits |= positions[i];
            end += advance;
        }
        ends[-1] = end;
    } else {
        for (uint32_t i = 0; i < n; i++) {
            const uint64_t position = (ends - lag)[i] + moves[i];
            positions[i] = position;
            all_bits |= position;
            ends[i] = position + decoder->count[i];
        }
        memmove(decoder->ends, decoder->ends + n, NSIM_FORMAT_LAG_MAX * sizeof decoder->ends[0]);
    }
    split_positions(decoder->frame, decoder->line, positions);
    if (all_bits >> NSIM_FRAME_LINES_SHIFT >= NSIM_TRACE_FRAMES_MAX)
        for (uint32_t i = 0; i < n; i++)
            if (positions[i] >> NSIM_FRAME_LINES_SHIFT >= NSIM_TRACE_FRAMES_MAX)
                decoder->frame[i] = UINT32_MAX;
}

static void
repeat_first(uint32_t *array, uint32_t from)
{
    for (uint32_t i = from; i < BATCH; i++)
        array[i] = array[0];
}

static bool
memory_record_is_valid(const NsimBlockDecoder *decoder, uint32_t i)
{
    const uint32_t kind = decoder->kind[i];
    return (kind & ~NSIM_KIND_MASK) == 0 && (kind & NSIM_KIND_OP_MASK) <= NSIM_OP_RFO &&
           decoder->frame[i] < decoder->frame_count && decoder->count[i] >= 1 &&
           decoder->line[i] + decoder->count[i] <= NSIM_FRAME_LINES;
}

static bool
control_record_is_valid(const NsimBlockDecoder *decoder, uint32_t i)
{
    if (decoder->count[i] != 0 || decoder->step[i] != 0)
        return false;
    switch (decoder->kind[i]) { /* flags mean nothing here and must be 0 */
    case NSIM_OP_PAUSE:
        return true;
    case NSIM_OP_BARRIER:
        return decoder->operand[i] < decoder->barrier_count;
    case NSIM_OP_MARK:
        return decoder->operand[i] < decoder->mark_count;
    default:
        return false;
    }
}

static bool
refuse_record(const NsimBlockDecoder *decoder, uint32_t i, GError **error)
{
    const NsimBlockEntry *entry = &decoder->entry;
    const uint64_t number = entry->first_record + decoder->decoded + i;
    if ((decoder->kind[i] & NSIM_KIND_CONTROL) != 0)
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                    "thread %" PRIu32 ", record %" PRIu64 ": in the block at byte %" PRIu64
                    ": impossible control record: kind %" PRIu32 ", operand %" PRIu32 " (%" PRIu32 " barriers, %" PRIu32
                    " marks), %" PRIu32 " lines",
                    entry->thread, number, entry->offset, decoder->kind[i], decoder->operand[i], decoder->barrier_count,
                    decoder->mark_count, decoder->count[i]);
    else
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT,
                    "thread %" PRIu32 ", record %" PRIu64 ": in the block at byte %" PRIu64
                    ": impossible run: kind %" PRIu32 ", frame %" PRIu32 " of %" PRIu32 ", lines %" PRIu32 "+%" PRIu32
                    " of %u",
                    entry->thread, number, entry->offset, decoder->kind[i], decoder->frame[i], decoder->frame_count,
                    decoder->line[i], decoder->count[i], NSIM_FRAME_LINES);
    return false;
}

/* Check every record of the batch; note whether any run has to be cut. */
static bool
check_batch(NsimBlockDecoder *decoder, GError **error)
{
    const uint32_t frame_last = decoder->frame_count - 1; /* no frames: wraps, and every frame is refused below */
    const uint32_t page_lines = UINT32_C(1) << (decoder->page_shift - NSIM_LINE_SHIFT);
    uint32_t bad = 0, kinds = 0, impossible = 0, crossing = 0;
    /* All numbers but `frame` are below 2^17, so a difference is negative exactly when its top bit is set. */
    for (uint32_t i = 0; i < BATCH; i++) {
        const uint32_t frame = decoder->frame[i], line = decoder->line[i], count = decoder->count[i];
        const uint32_t kind = decoder->kind[i];
        bad |= frame | (frame_last - frame) | (NSIM_FRAME_LINES - line - count) | (count - 1);
        crossing |= page_lines - (line & (page_lines - 1)) - count;
        kinds |= kind;
        impossible |= kind & kind >> 1; /* operations 3 and 7 */
    }
    decoder->cut_needed = crossing >> 31 != 0;
    decoder->has_control = (kinds & NSIM_KIND_CONTROL) != 0;
    if (!decoder->has_control && bad >> 31 == 0 && (kinds & ~NSIM_KIND_MASK) == 0 && (impossible & 1) == 0 &&
        decoder->frame_count > 0)
        return true;

    /* Control records, which have no place and no lines, or something bad: look at each. */
    widen(decoder, NSIM_COLUMN_OPERAND);
    for (uint32_t i = 0; i < decoder->batch_count; i++) {
        const bool control = (decoder->kind[i] & NSIM_KIND_CONTROL) != 0;
        if (!(control ? control_record_is_valid(decoder, i) : memory_record_is_valid(decoder, i)))
            return refuse_record(decoder, i, error);
        if (control)
            decoder->frame[i] = 0;
    }
    return true;
}

bool
nsim_block_decoder_next(NsimBlockDecoder *decoder, GError **error)
{
    decoder->decoded += decoder->batch_count;
    const uint32_t left = decoder->entry.record_count - decoder->decoded;
    const uint32_t n = left < BATCH ? left : BATCH;
    decoder->batch_count = n;
    if (n == 0)
        return true;

    widen(decoder, NSIM_COLUMN_COUNT);
    widen(decoder, NSIM_COLUMN_GAP);
    widen(decoder, NSIM_COLUMN_STEP);
    widen(decoder, NSIM_COLUMN_KIND);
    if (decoder->lag == 0) {
        widen(decoder, NSIM_COLUMN_PLACE);
        widen(decoder, NSIM_COLUMN_LINE);
    } else {
        widen_moves(decoder);
        place_by_lag(decoder);
    }
    if (n < BATCH) {
        repeat_first(decoder->frame, n);
        repeat_first(decoder->line, n);
        repeat_first(decoder->count, n);
        repeat_first(decoder->gap, n);
        repeat_first(decoder->step, n);
        repeat_first(decoder->kind, n);
    }
    if (!check_batch(decoder, error))
        return false;
    if (decoder->frame_map != NULL && decoder->frame_count > 0)
        for (uint32_t i = 0; i < n; i++)
            decoder->frame[i] = decoder->frame_map[decoder->frame[i]];
    return true;
}
