/* SPDX-License-Identifier: MIT */
/*
 * The block encoder. Each column is stored relative to its minimum in the narrowest of 0, 1, 2, 4 or 8 bytes. Places
 * are stored either as frame and line, or as the difference from where the record `lag` places before ended, whichever
 * is smaller in this block: lag 1 turns a stream into zeros, lag k does so for k streams that take turns.
 */

#include <traces/encode.h>
#include <traces/xxh64.h>

#include <sim/assert.h>
#include <zstd.h>

#define RECORDS ((uint32_t)NSIM_FORMAT_BLOCK_RECORDS)

/* Compression has to save 1/32 of a column: less is not worth the reader's time. */
#define WORTHWHILE_SHIFT 5
/* Columns shorter than this are never compressed: a zstd frame alone takes about a dozen bytes. */
#define COMPRESS_BYTES_MIN 32u

/* A column as it will be stored. `data` has room for an uncompressed column of the widest kind. */
typedef struct {
    uint64_t base;
    uint32_t raw_bytes, stored_bytes;
    uint8_t width, packing;
    uint8_t data[NSIM_FORMAT_BLOCK_RECORDS * 8];
} Packed;

/* Columns of the two ways to write places, then the rest in file order. */
enum { PACKED_FRAME, PACKED_LINE, PACKED_DELTA, PACKED_COUNT, PACKED_GAP, PACKED_STEP, PACKED_KIND, PACKED_OPERAND };

struct _NsimBlockEncoder {
    int level;
    ZSTD_CCtx *context; /* NULL at level 0 */
    uint64_t values[NSIM_FORMAT_BLOCK_RECORDS];
    uint64_t ends[NSIM_FORMAT_LAG_MAX + NSIM_FORMAT_BLOCK_RECORDS];
    Packed packed[PACKED_OPERAND + 1];
    uint8_t compressed[NSIM_FORMAT_BLOCK_RECORDS * 8];
    uint8_t block[NSIM_FORMAT_BLOCK_BYTES_MAX];
};

NsimBlockEncoder *
nsim_block_encoder_new(int level)
{
    NsimBlockEncoder *encoder = g_new0(NsimBlockEncoder, 1);
    encoder->level = level;
    if (level > 0) {
        encoder->context = ZSTD_createCCtx();
        if (encoder->context == NULL) {
            g_free(encoder);
            return NULL;
        }
        ZSTD_CCtx_setParameter(encoder->context, ZSTD_c_compressionLevel, level);
    }
    return encoder;
}

void
nsim_block_encoder_free(NsimBlockEncoder *encoder)
{
    if (encoder == NULL)
        return;
    ZSTD_freeCCtx(encoder->context);
    g_free(encoder);
}

static bool
is_control(const NsimTraceRecord *record)
{
    return (record->kind & NSIM_KIND_CONTROL) != 0;
}

static uint64_t
position_of(const NsimTraceRecord *record)
{
    return (uint64_t)record->frame << NSIM_FRAME_LINES_SHIFT | record->line;
}

static void
store_values(uint8_t *data, const uint64_t *values, uint32_t count, uint64_t base, unsigned width)
{
    switch (width) {
    case 1:
        for (uint32_t i = 0; i < count; i++)
            data[i] = (uint8_t)(values[i] - base);
        break;
    case 2:
        for (uint32_t i = 0; i < count; i++)
            nsim_put_16(data + 2 * i, (uint16_t)(values[i] - base));
        break;
    case 4:
        for (uint32_t i = 0; i < count; i++)
            nsim_put_32(data + 4 * i, (uint32_t)(values[i] - base));
        break;
    case 8:
        for (uint32_t i = 0; i < count; i++)
            nsim_put_64(data + 8 * i, values[i] - base);
        break;
    default:
        break;
    }
}

static void
compress_column(NsimBlockEncoder *encoder, Packed *packed)
{
    if (encoder->context == NULL || packed->raw_bytes < COMPRESS_BYTES_MIN)
        return;
    const size_t room = packed->raw_bytes - (packed->raw_bytes >> WORTHWHILE_SHIFT) - 1;
    const size_t bytes = ZSTD_compress2(encoder->context, encoder->compressed, room, packed->data, packed->raw_bytes);
    if (ZSTD_isError(bytes)) /* it does not fit, so it does not pay */
        return;
    memcpy(packed->data, encoder->compressed, bytes);
    packed->stored_bytes = (uint32_t)bytes;
    packed->packing = NSIM_PACKING_ZSTD;
}

/* Pack encoder->values[0 .. count). */
static void
pack_column(NsimBlockEncoder *encoder, Packed *packed, uint32_t count, uint64_t column_max)
{
    const uint64_t *values = encoder->values;
    uint64_t least = values[0], most = values[0];
    for (uint32_t i = 1; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    const uint64_t range = most - least;
    const unsigned width = range == 0            ? 0
                           : range <= UINT8_MAX  ? 1
                           : range <= UINT16_MAX ? 2
                           : range <= UINT32_MAX ? 4
                                                 : 8;
    /* No sum of base and stored value may exceed the column's maximum, whatever is stored. */
    const uint64_t base_max = column_max - nsim_width_max(width);
    packed->base = least < base_max ? least : base_max;
    packed->width = (uint8_t)width;
    packed->packing = NSIM_PACKING_RAW;
    packed->raw_bytes = packed->stored_bytes = count * width;
    store_values(packed->data, values, count, packed->base, width);
    compress_column(encoder, packed);
}

/*
 * Where the stream of record `start` begins when every `lag`-th record belongs to it: at its first record that is no
 * control record, so that none of them differs much from the one before.
 */
static uint64_t
stream_position(const NsimTraceRecord *records, uint32_t count, uint32_t start, uint32_t lag)
{
    for (uint32_t i = start; i < count; i += lag)
        if (!is_control(&records[i]))
            return position_of(&records[i]);
    return 0;
}

/* Frame and line. A control record has no place: it repeats the one before, so that columns stay narrow. */
static void
pack_absolute(NsimBlockEncoder *encoder, const NsimTraceRecord *records, uint32_t count)
{
    const uint64_t first_position = stream_position(records, count, 0, 1);
    uint64_t position = first_position;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_control(&records[i]))
            position = position_of(&records[i]);
        encoder->values[i] = position >> NSIM_FRAME_LINES_SHIFT;
    }
    pack_column(encoder, &encoder->packed[PACKED_FRAME], count, nsim_column_max(NSIM_COLUMN_PLACE, 0));
    position = first_position;
    for (uint32_t i = 0; i < count; i++) {
        if (!is_control(&records[i]))
            position = position_of(&records[i]);
        encoder->values[i] = position & (NSIM_FRAME_LINES - 1);
    }
    pack_column(encoder, &encoder->packed[PACKED_LINE], count, nsim_column_max(NSIM_COLUMN_LINE, 0));
}

static uint64_t
zigzag(uint64_t difference)
{
    return difference << 1 ^ -(difference >> 63);
}

/* A cost to compare lags by, from all values' bits together and their number: it only grows from record to record. */
static uint64_t
cost_of(const NsimBlockEncoder *encoder, uint64_t all_bits, uint64_t bit_count)
{
    if (encoder->level > 0)
        return bit_count; /* an estimate of what zstd leaves */
    return all_bits == 0 ? 0 : all_bits <= UINT8_MAX ? 1 : all_bits <= UINT16_MAX ? 2 : all_bits <= UINT32_MAX ? 4 : 8;
}

/*
 * The differences for this lag into encoder->values. The first `lag` records start at the seeds, encoder->ends[0 ..
 * lag), and so have difference 0; control records are placed where their predecessor ended. Returns the cost; stops
 * early, with an unfinished result, when it reaches `cost_limit`.
 */
static uint64_t
difference(NsimBlockEncoder *encoder, const NsimTraceRecord *records, uint32_t count, uint32_t lag, uint64_t cost_limit)
{
    enum { CHECK_RECORDS = 64 };
    uint64_t *ends = encoder->ends;
    uint64_t bit_count = 0, all_bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        const bool control = is_control(&records[i]);
        if (i < lag)
            ends[i] = stream_position(records, count, i, lag);
        const uint64_t position = control ? ends[i] : position_of(&records[i]);
        const uint64_t value = zigzag(position - ends[i]);
        encoder->values[i] = value;
        ends[i + lag] = position + records[i].count;
        all_bits |= value;
        bit_count += value == 0 ? 0 : 64u - (uint64_t)__builtin_clzll(value);
        if (i % CHECK_RECORDS == 0 && cost_of(encoder, all_bits, bit_count) >= cost_limit)
            break;
    }
    return cost_of(encoder, all_bits, bit_count);
}

/* Choose how to write places and pack them. Returns the lag, 0 for frame and line. */
static uint32_t
pack_places(NsimBlockEncoder *encoder, const NsimTraceRecord *records, uint32_t count)
{
    uint32_t best_lag = 1;
    uint64_t best_cost = UINT64_MAX;
    for (uint32_t lag = 1; lag <= NSIM_FORMAT_LAG_MAX && lag <= count; lag++) {
        const uint64_t cost = difference(encoder, records, count, lag, best_cost);
        if (cost < best_cost) {
            best_cost = cost;
            best_lag = lag;
        }
    }
    difference(encoder, records, count, best_lag, UINT64_MAX);
    pack_column(encoder, &encoder->packed[PACKED_DELTA], count, nsim_column_max(NSIM_COLUMN_PLACE, best_lag));
    pack_absolute(encoder, records, count);

    const Packed *packed = encoder->packed;
    const uint32_t absolute_bytes = packed[PACKED_FRAME].stored_bytes + packed[PACKED_LINE].stored_bytes;
    const uint32_t lag_bytes = packed[PACKED_DELTA].stored_bytes + 8 * best_lag;
    return lag_bytes < absolute_bytes ? best_lag : 0;
}

static void
pack_rest(NsimBlockEncoder *encoder, const NsimTraceRecord *records, uint32_t count)
{
    uint64_t *values = encoder->values;
    for (uint32_t i = 0; i < count; i++)
        values[i] = records[i].count;
    pack_column(encoder, &encoder->packed[PACKED_COUNT], count, nsim_column_max(NSIM_COLUMN_COUNT, 0));
    for (uint32_t i = 0; i < count; i++)
        values[i] = records[i].gap;
    pack_column(encoder, &encoder->packed[PACKED_GAP], count, nsim_column_max(NSIM_COLUMN_GAP, 0));
    for (uint32_t i = 0; i < count; i++)
        values[i] = records[i].step;
    pack_column(encoder, &encoder->packed[PACKED_STEP], count, nsim_column_max(NSIM_COLUMN_STEP, 0));
    for (uint32_t i = 0; i < count; i++)
        values[i] = records[i].kind;
    pack_column(encoder, &encoder->packed[PACKED_KIND], count, nsim_column_max(NSIM_COLUMN_KIND, 0));
    for (uint32_t i = 0; i < count; i++)
        values[i] = is_control(&records[i]) ? records[i].frame : 0;
    pack_column(encoder, &encoder->packed[PACKED_OPERAND], count, nsim_column_max(NSIM_COLUMN_OPERAND, 0));
}

static uint32_t
assemble(NsimBlockEncoder *encoder, const Packed *const columns[NSIM_FORMAT_COLUMNS], uint32_t thread,
         uint64_t first_record, uint32_t count, uint32_t lag)
{
    uint8_t *block = encoder->block;
    uint32_t at = NSIM_FORMAT_BLOCK_FIXED_BYTES;
    memset(block, 0, at);
    for (uint32_t i = 0; i < lag; i++, at += 8)
        nsim_put_64(block + at, encoder->ends[i]);
    for (unsigned i = 0; i < NSIM_FORMAT_COLUMNS; i++) {
        const Packed *column = columns[i];
        uint8_t *descriptor = block + NSIM_FORMAT_BLOCK_HEADER_BYTES + i * NSIM_FORMAT_COLUMN_BYTES;
        if (column == NULL)
            continue;
        nsim_put_64(descriptor, column->base);
        nsim_put_32(descriptor + 8, column->stored_bytes);
        descriptor[12] = column->width;
        descriptor[13] = column->packing;
        memcpy(block + at, column->data, column->stored_bytes);
        at += column->stored_bytes;
    }
    nsim_assert(at <= NSIM_FORMAT_BLOCK_BYTES_MAX);
    nsim_put_32(block + 8, NSIM_FORMAT_BLOCK_MAGIC);
    nsim_put_32(block + 12, at);
    nsim_put_32(block + 16, thread);
    nsim_put_32(block + 20, count);
    nsim_put_64(block + 24, first_record);
    block[32] = (uint8_t)lag;
    nsim_put_64(block, nsim_xxh64(block + 8, at - 8, 0));
    return at;
}

uint32_t
nsim_block_encode(NsimBlockEncoder *encoder, uint32_t thread, uint64_t first_record, const NsimTraceRecord *records,
                  uint32_t count, const uint8_t **ret_block, uint32_t *ret_bytes)
{
    const Packed *packed = encoder->packed;
    nsim_assert(count >= 1 && count <= RECORDS);
    for (;;) {
        /* Places last: encoder->ends must still hold the seeds of the chosen lag when the block is assembled. */
        pack_rest(encoder, records, count);
        const uint32_t lag = pack_places(encoder, records, count);
        const Packed *const columns[NSIM_FORMAT_COLUMNS] = {
            lag == 0 ? &packed[PACKED_FRAME] : &packed[PACKED_DELTA],
            lag == 0 ? &packed[PACKED_LINE] : NULL,
            &packed[PACKED_COUNT],
            &packed[PACKED_GAP],
            &packed[PACKED_STEP],
            &packed[PACKED_KIND],
            &packed[PACKED_OPERAND],
        };
        uint32_t raw_bytes = 0;
        for (unsigned i = 0; i < NSIM_FORMAT_COLUMNS; i++)
            raw_bytes += columns[i] == NULL ? 0 : columns[i]->raw_bytes;
        if (raw_bytes <= NSIM_FORMAT_BLOCK_RAW_BYTES) {
            *ret_bytes = assemble(encoder, columns, thread, first_record, count, lag);
            *ret_block = encoder->block;
            return count;
        }
        count /= 2;
    }
}
