/* SPDX-License-Identifier: MIT */
/*
 * The block encoder. Each column is stored relative to its minimum in the narrowest of 0, 1, 2, 4 or 8 bytes. Places
 * are stored either as frame and line, or as the difference from where the record `lag` places before ended, whichever
 * is smaller in this block: lag 1 turns a stream into zeros, lag k does so for k streams that take turns. Where a
 * sample says that places are random, differences are not tried.
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

/* What of places is looked at to see whether they are random: pieces all over the block. */
enum { SAMPLE_PIECES = 8, SAMPLE_PIECE_RECORDS = 64, SAMPLE_RECORDS = SAMPLE_PIECES * SAMPLE_PIECE_RECORDS };
/* Fewer records than this are not worth a look. */
#define SAMPLE_BLOCK_MIN 1024u
/* Of a sample of random numbers less than one in so many has been there before. */
#define SAMPLE_REPEATS_SHARE 32u
#define SEEN_BITS 10
/* Binary logarithms are counted in 1/1024. */
#define LOG_UNIT 1024u

struct _NsimBlockEncoder {
    int level;
    ZSTD_CCtx *context; /* NULL at level 0 */
    uint64_t values[NSIM_FORMAT_BLOCK_RECORDS];
    uint32_t fields[NSIM_FORMAT_BLOCK_RECORDS]; /* of values that come from records: half as large */
    /* Where records lie and end; places of control records are those that make both columns of frame and line narrow.
     */
    uint64_t positions[NSIM_FORMAT_BLOCK_RECORDS];
    uint64_t ends[NSIM_FORMAT_LAG_MAX + NSIM_FORMAT_BLOCK_RECORDS];
    Packed packed[PACKED_OPERAND + 1];
    uint8_t compressed[NSIM_FORMAT_BLOCK_RECORDS * 8];
    uint8_t block[NSIM_FORMAT_BLOCK_BYTES_MAX];
    uint32_t seen[1 << SEEN_BITS];
    uint32_t weighted_logs[SAMPLE_RECORDS * 4 + 1]; /* n log2(n), in 1/LOG_UNIT */
};

/* What the records of a block have in common. */
typedef struct {
    const NsimTraceRecord *records;
    uint32_t count;
    NsimTraceRecord differing; /* the bits in which any record differs from the first */
    bool has_controls;
} Block;

/* n log2(n) by squaring (Knuth, TAOCP vol. 1, 1.2.2), in integers: an encoder gives the same bytes everywhere. */
static uint32_t
weighted_log(uint32_t n)
{
    uint64_t logarithm = 0;
    uint64_t fraction = n; /* in [1, 2), scaled by 2^31 */
    for (uint32_t whole = n; whole > 1; whole >>= 1)
        logarithm += LOG_UNIT;
    while (fraction >> 31 == 0)
        fraction <<= 1;
    for (uint64_t bit = LOG_UNIT / 2; bit > 0; bit /= 2) {
        fraction = fraction * fraction >> 31;
        if (fraction >> 32 != 0) {
            fraction >>= 1;
            logarithm += bit;
        }
    }
    return (uint32_t)(n * logarithm);
}

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
        for (uint32_t i = 1; i < G_N_ELEMENTS(encoder->weighted_logs); i++)
            encoder->weighted_logs[i] = weighted_log(i);
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

/*
 * One pass over the records tells which columns are worth one: most have one value in most blocks. Records are taken as
 * two words each.
 */
static Block
look_at(const NsimTraceRecord *records, uint32_t count)
{
    uint64_t first[2], differing[2] = {0, 0}, any[2] = {0, 0};
    NsimTraceRecord all;
    Block block = {.records = records, .count = count};
    _Static_assert(sizeof *records == sizeof first, "a record is two words");
    memcpy(first, records, sizeof first);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[2];
        memcpy(&words[0], (const uint8_t *)&records[i], sizeof words[0]);
        memcpy(&words[1], (const uint8_t *)&records[i] + sizeof words[0], sizeof words[1]);
        differing[0] |= words[0] ^ first[0];
        differing[1] |= words[1] ^ first[1];
        any[1] |= words[1];
    }
    memcpy(&block.differing, differing, sizeof differing);
    memcpy(&all, any, sizeof any);
    block.has_controls = is_control(&all);
    return block;
}

/* ---- Columns --------------------------------------------------------------------------------------------------- */

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
store_fields(uint8_t *data, const uint32_t *values, uint32_t count, uint32_t base, unsigned width)
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
            nsim_put_32(data + 4 * i, values[i] - base);
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

/* A column of one value. */
static void
pack_constant(Packed *packed, uint64_t value)
{
    packed->base = value;
    packed->width = 0;
    packed->packing = NSIM_PACKING_RAW;
    packed->raw_bytes = packed->stored_bytes = 0;
}

/* Base and width for `count` values from `least` to `most`. */
static void
set_range(Packed *packed, uint32_t count, uint64_t column_max, uint64_t least, uint64_t most)
{
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
    set_range(packed, count, column_max, least, most);
    store_values(packed->data, values, count, packed->base, packed->width);
    compress_column(encoder, packed);
}

/* The field of `bytes` at `offset` in a record; both are constants where this is called. */
static inline uint32_t
field_of(const NsimTraceRecord *record, size_t offset, size_t bytes)
{
    uint32_t word;
    uint16_t half;
    uint8_t byte;
    switch (bytes) {
    case 4:
        memcpy(&word, (const uint8_t *)record + offset, sizeof word);
        return word;
    case 2:
        memcpy(&half, (const uint8_t *)record + offset, sizeof half);
        return half;
    default:
        memcpy(&byte, (const uint8_t *)record + offset, sizeof byte);
        return byte;
    }
}

static inline __attribute__((always_inline)) void
pack_field(NsimBlockEncoder *encoder, const Block *block, Packed *packed, unsigned column, size_t offset, size_t bytes)
{
    if (field_of(&block->differing, offset, bytes) == 0) {
        pack_constant(packed, field_of(block->records, offset, bytes));
        return;
    }
    uint32_t least = UINT32_MAX, most = 0;
    for (uint32_t i = 0; i < block->count; i++) {
        const uint32_t value = field_of(&block->records[i], offset, bytes);
        encoder->fields[i] = value;
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    set_range(packed, block->count, nsim_column_max(column, 0), least, most);
    store_fields(packed->data, encoder->fields, block->count, (uint32_t)packed->base, packed->width);
    compress_column(encoder, packed);
}

#define PACK_FIELD(encoder, block, packed, column, field)                                                              \
    pack_field(encoder, block, packed, column, offsetof(NsimTraceRecord, field), sizeof(((NsimTraceRecord *)0)->field))

static void
pack_rest(NsimBlockEncoder *encoder, const Block *block)
{
    Packed *packed = encoder->packed;
    PACK_FIELD(encoder, block, &packed[PACKED_COUNT], NSIM_COLUMN_COUNT, count);
    PACK_FIELD(encoder, block, &packed[PACKED_GAP], NSIM_COLUMN_GAP, gap);
    PACK_FIELD(encoder, block, &packed[PACKED_STEP], NSIM_COLUMN_STEP, step);
    PACK_FIELD(encoder, block, &packed[PACKED_KIND], NSIM_COLUMN_KIND, kind);
    if (!block->has_controls) {
        pack_constant(&packed[PACKED_OPERAND], 0);
        return;
    }
    for (uint32_t i = 0; i < block->count; i++)
        encoder->values[i] = is_control(&block->records[i]) ? block->records[i].frame : 0;
    pack_column(encoder, &packed[PACKED_OPERAND], block->count, nsim_column_max(NSIM_COLUMN_OPERAND, 0));
}

/* ---- Places ---------------------------------------------------------------------------------------------------- */

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

static void
find_positions(NsimBlockEncoder *encoder, const Block *block)
{
    uint64_t position = stream_position(block->records, block->count, 0, 1);
    for (uint32_t i = 0; i < block->count; i++) {
        position = is_control(&block->records[i]) ? position : position_of(&block->records[i]);
        encoder->positions[i] = position;
    }
}

/* Frame and line. A control record has no place: it repeats the one before, so that columns stay narrow. */
static void
pack_absolute(NsimBlockEncoder *encoder, const Block *block)
{
    Packed *frame = &encoder->packed[PACKED_FRAME], *line = &encoder->packed[PACKED_LINE];
    const uint32_t count = block->count;
    if (!block->has_controls) {
        PACK_FIELD(encoder, block, frame, NSIM_COLUMN_PLACE, frame);
        PACK_FIELD(encoder, block, line, NSIM_COLUMN_LINE, line);
        return;
    }
    find_positions(encoder, block);
    for (uint32_t i = 0; i < count; i++)
        encoder->values[i] = encoder->positions[i] >> NSIM_FRAME_LINES_SHIFT;
    pack_column(encoder, frame, count, nsim_column_max(NSIM_COLUMN_PLACE, 0));
    for (uint32_t i = 0; i < count; i++)
        encoder->values[i] = encoder->positions[i] & (NSIM_FRAME_LINES - 1);
    pack_column(encoder, line, count, nsim_column_max(NSIM_COLUMN_LINE, 0));
}

static inline uint64_t
zigzag(uint64_t difference)
{
    return difference << 1 ^ -(difference >> 63);
}

/* Bits of a number, 0 of 0. It is below 2^63. */
static inline uint64_t
bits_of(uint64_t value)
{
    return 63u - (uint64_t)__builtin_clzll(value << 1 | 1);
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
 * lag), and so have difference 0; control records are placed where their predecessor ended.
 */
static void
difference(NsimBlockEncoder *encoder, const Block *block, uint32_t lag)
{
    uint64_t *ends = encoder->ends;
    for (uint32_t i = 0; i < block->count; i++) {
        const NsimTraceRecord *record = &block->records[i];
        if (i < lag)
            ends[i] = stream_position(block->records, block->count, i, lag);
        const uint64_t position = is_control(record) ? ends[i] : position_of(record);
        encoder->values[i] = zigzag(position - ends[i]);
        ends[i + lag] = position + record->count;
    }
}

/* What this lag costs. Stops early, with an unfinished result, when it reaches `cost_limit`. */
static uint64_t
cost_of_lag(NsimBlockEncoder *encoder, const Block *block, uint32_t lag, uint64_t cost_limit)
{
    enum { CHECK_RECORDS = 256 };
    const uint64_t *positions = encoder->positions, *values = encoder->values;
    uint64_t all_bits = 0, bit_count = 0, cost = 0;
    if (block->has_controls)
        difference(encoder, block, lag);
    for (uint32_t begin = lag; begin < block->count && cost < cost_limit; begin += CHECK_RECORDS) {
        const uint32_t end = MIN(begin + CHECK_RECORDS, block->count);
        for (uint32_t i = begin; i < end; i++) {
            const uint64_t value = block->has_controls
                                       ? values[i]
                                       : zigzag(positions[i] - positions[i - lag] - block->records[i - lag].count);
            all_bits |= value;
            bit_count += bits_of(value);
        }
        cost = cost_of(encoder, all_bits, bit_count);
    }
    return cost;
}

static uint32_t
choose_lag(NsimBlockEncoder *encoder, const Block *block)
{
    uint32_t best_lag = 1;
    uint64_t best_cost = UINT64_MAX;
    find_positions(encoder, block);
    for (uint32_t lag = 1; lag <= NSIM_FORMAT_LAG_MAX && lag <= block->count && best_cost > 0; lag++) {
        const uint64_t cost = cost_of_lag(encoder, block, lag, best_cost);
        if (cost < best_cost) {
            best_cost = cost;
            best_lag = lag;
        }
    }
    return best_lag;
}

/* What a sample of differences is like. */
typedef struct {
    uint32_t count, repeats; /* repeats: zeros, and those that came up before */
    uint64_t bits, all_bits;
} Sample;

/* Differences for this lag from every `every`-th piece, into encoder->values. */
static Sample
sample_lag(NsimBlockEncoder *encoder, const Block *block, uint32_t lag, uint32_t every)
{
    Sample sample = {0};
    memset(encoder->seen, 0, sizeof encoder->seen);
    for (uint32_t piece = 0; piece < SAMPLE_PIECES; piece += every) {
        const uint32_t begin = NSIM_FORMAT_LAG_MAX + (block->count - NSIM_FORMAT_LAG_MAX) / SAMPLE_PIECES * piece;
        for (uint32_t i = begin; i < begin + SAMPLE_PIECE_RECORDS; i++) {
            const NsimTraceRecord *before = &block->records[i - lag];
            const uint64_t value = zigzag(position_of(&block->records[i]) - position_of(before) - before->count);
            const uint64_t hash = value * UINT64_C(0x9E3779B97F4A7C15);
            uint32_t *slot = &encoder->seen[hash >> (64 - SEEN_BITS)];
            sample.repeats += *slot == (uint32_t)(hash >> 16);
            *slot = (uint32_t)(hash >> 16);
            sample.bits += bits_of(value);
            sample.all_bits |= value;
            encoder->values[sample.count++] = value;
        }
    }
    return sample;
}

static bool
repeats(const Sample *sample)
{
    return sample->repeats > sample->count / SAMPLE_REPEATS_SHARE;
}

/* How many bytes the sample in encoder->values takes at best when each byte gets a code of its own (Shannon's entropy).
 */
static uint64_t
sample_bytes(const NsimBlockEncoder *encoder, unsigned width)
{
    uint16_t counts[256] = {0};
    const uint32_t total = SAMPLE_RECORDS * width;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < SAMPLE_RECORDS; i++)
        for (unsigned byte = 0; byte < width; byte++)
            counts[encoder->values[i] >> 8 * byte & 0xff]++;
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++)
        sum += encoder->weighted_logs[counts[i]];
    return (encoder->weighted_logs[total] - sum) / LOG_UNIT / 8;
}

/*
 * Are places so random that differences cannot be smaller than the frames and lines that are packed already? Trying
 * them all takes longer than anything else. Lines that did not compress say that it may be so; then a sample, in which
 * no lag has differences that repeat and the best one's need more room. A mistake costs some bytes.
 */
static bool
are_random(NsimBlockEncoder *encoder, const Block *block)
{
    const Packed *frame = &encoder->packed[PACKED_FRAME], *line = &encoder->packed[PACKED_LINE];
    uint32_t best_lag = 1;
    uint64_t best_bits = UINT64_MAX;
    if (encoder->level == 0 || block->has_controls || block->count < SAMPLE_BLOCK_MIN || line->width != 2 ||
        line->packing != NSIM_PACKING_RAW)
        return false;
    for (uint32_t lag = 1; lag <= NSIM_FORMAT_LAG_MAX; lag++) {
        const Sample sample = sample_lag(encoder, block, lag, 4);
        if (repeats(&sample))
            return false;
        best_lag = sample.bits < best_bits ? lag : best_lag;
        best_bits = MIN(sample.bits, best_bits);
    }
    const Sample sample = sample_lag(encoder, block, best_lag, 1);
    /* Wider ones have bytes of zeros in a row, which zstd makes more of than the entropy says. */
    if (repeats(&sample) || sample.all_bits > UINT32_MAX)
        return false;
    const unsigned width = sample.all_bits <= UINT16_MAX ? 2 : 4;
    return sample_bytes(encoder, width) * block->count / SAMPLE_RECORDS >= frame->stored_bytes + line->stored_bytes;
}

/* Choose how to write places and pack them. Returns the lag, 0 for frame and line. */
static uint32_t
pack_places(NsimBlockEncoder *encoder, const Block *block)
{
    const Packed *packed = encoder->packed;
    pack_absolute(encoder, block);
    if (are_random(encoder, block))
        return 0;
    const uint32_t lag = choose_lag(encoder, block);
    difference(encoder, block, lag);
    pack_column(encoder, &encoder->packed[PACKED_DELTA], block->count, nsim_column_max(NSIM_COLUMN_PLACE, lag));
    const uint32_t absolute_bytes = packed[PACKED_FRAME].stored_bytes + packed[PACKED_LINE].stored_bytes;
    const uint32_t lag_bytes = packed[PACKED_DELTA].stored_bytes + 8 * lag;
    return lag_bytes < absolute_bytes ? lag : 0;
}

/* ---- Blocks ---------------------------------------------------------------------------------------------------- */

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
        const Block block = look_at(records, count);
        pack_rest(encoder, &block);
        const uint32_t lag = pack_places(encoder, &block);
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
