/* SPDX-License-Identifier: MIT */
/*
 * The layout of the native trace format, version 1, as the writer and the reader of this library share it. The
 * specification is docs/trace-format.md; this header only gives its numbers names. Private to traces/.
 */
#pragma once

#include <glib.h>
#include <string.h>
#include <traces/trace.h>

#define NSIM_FORMAT_VERSION 1u

/* The first eight bytes of a trace: a byte above 0x7f, then CR LF, ^Z and LF, which text-mode transfers damage. */
#define NSIM_FORMAT_MAGIC "\x8eNST\r\n\x1a\n"
/* The first eight bytes of the footer. */
#define NSIM_FORMAT_FOOTER_MAGIC "\x8eNSTEND\n"
#define NSIM_FORMAT_MAGIC_BYTES 8u
/* The magic number of a block. */
#define NSIM_FORMAT_BLOCK_MAGIC 0x4b4c424eu /* "NBLK" in file order */

enum {
    NSIM_FORMAT_HEADER_BYTES = 64,
    NSIM_FORMAT_FOOTER_BYTES = 64,
    NSIM_FORMAT_INDEX_ENTRY_BYTES = 24,
    NSIM_FORMAT_COUNTS_BYTES = 24, /* the six counts at the start of the trailer */
    NSIM_FORMAT_THREAD_BYTES = 48, /* of a thread's entry, without its name */
    NSIM_FORMAT_REGION_BYTES = 16, /* of a region's entry, without its name */
    NSIM_FORMAT_BLOCK_HEADER_BYTES = 40,
    NSIM_FORMAT_COLUMN_BYTES = 16,
    NSIM_FORMAT_COLUMNS = 7,
    NSIM_FORMAT_BLOCK_FIXED_BYTES = NSIM_FORMAT_BLOCK_HEADER_BYTES + NSIM_FORMAT_COLUMNS * NSIM_FORMAT_COLUMN_BYTES,
    NSIM_FORMAT_BLOCK_RECORDS = 4096,    /* most records of a block */
    NSIM_FORMAT_BLOCK_RAW_BYTES = 65536, /* most bytes of all its columns before compression */
    NSIM_FORMAT_LAG_MAX = 8,
    NSIM_FORMAT_BLOCK_BYTES_MAX = NSIM_FORMAT_BLOCK_FIXED_BYTES + 8 * NSIM_FORMAT_LAG_MAX + NSIM_FORMAT_BLOCK_RAW_BYTES
};

/* Header flags. */
#define NSIM_FORMAT_FILTERED 1u

/* The columns of a block, in file order. */
enum {
    NSIM_COLUMN_PLACE, /* lag 0: frame number; else the zig-zag difference of positions */
    NSIM_COLUMN_LINE,  /* lag 0: first line in the frame; else empty */
    NSIM_COLUMN_COUNT,
    NSIM_COLUMN_GAP,
    NSIM_COLUMN_STEP,
    NSIM_COLUMN_KIND, /* NsimOp | flags << NSIM_KIND_FLAGS_SHIFT */
    NSIM_COLUMN_OPERAND
};

enum { NSIM_PACKING_RAW = 0, NSIM_PACKING_ZSTD = 1 };

#define NSIM_KIND_OP_MASK 7u
#define NSIM_KIND_CONTROL 4u /* the bit that all control operations have and no other */
#define NSIM_KIND_FLAGS_SHIFT 3
#define NSIM_KIND_MASK 0x1fu /* bits that may be set */

#define NSIM_FRAME_LINES_SHIFT (NSIM_FRAME_SHIFT - NSIM_LINE_SHIFT)
/* Virtual line numbers are below 2^58, so virtual frame numbers below 2^43. */
#define NSIM_FORMAT_LINE_BITS 58
#define NSIM_FORMAT_FRAME_BITS (NSIM_FORMAT_LINE_BITS - NSIM_FRAME_LINES_SHIFT)

/* A record as the writer collects it: 16 bytes, so that thousands of threads can be written at once. */
typedef struct {
    uint32_t frame; /* number of the frame, or the operand of a control record */
    uint16_t line;  /* first line in the frame */
    uint16_t count; /* lines, at most NSIM_FRAME_LINES; 0 in control records */
    uint32_t gap;
    uint16_t step;
    uint8_t kind;
    uint8_t unused;
} NsimTraceRecord;

/* The largest value a column may hold. */
static inline uint64_t
nsim_column_max(unsigned column, unsigned lag)
{
    switch (column) {
    case NSIM_COLUMN_PLACE:
        return lag == 0 ? UINT32_MAX : UINT64_MAX;
    case NSIM_COLUMN_GAP:
    case NSIM_COLUMN_OPERAND:
        return UINT32_MAX;
    case NSIM_COLUMN_KIND:
        return UINT8_MAX;
    default:
        return UINT16_MAX;
    }
}

/* The largest value that `width` bytes hold. */
static inline uint64_t
nsim_width_max(unsigned width)
{
    return width == 0 ? 0 : UINT64_MAX >> (64 - 8 * width);
}

/* ---- Little-endian fields, unaligned ------------------------------------------------------------------------- */

static inline uint16_t
nsim_get_16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return GUINT16_FROM_LE(value);
}

static inline uint32_t
nsim_get_32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline uint64_t
nsim_get_64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return GUINT64_FROM_LE(value);
}

static inline void
nsim_put_16(uint8_t *at, uint16_t value)
{
    value = GUINT16_TO_LE(value);
    memcpy(at, &value, sizeof value);
}

static inline void
nsim_put_32(uint8_t *at, uint32_t value)
{
    value = GUINT32_TO_LE(value);
    memcpy(at, &value, sizeof value);
}

static inline void
nsim_put_64(uint8_t *at, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, sizeof value);
}
