/* SPDX-License-Identifier: MIT */
/*
 * From the bytes of a block to its records (docs/trace-format.md, "Blocks"), a batch at a time. Private to traces/.
 *
 * The records of a batch stand in one array of 32-bit numbers for each column. All loops over a batch run over exactly
 * NSIM_BATCH_RECORDS entries without branches, so that compilers vectorise them at -O2; what lies past the end of the
 * last batch is a repetition of its first record.
 */
#pragma once

#include <traces/format.h>
#include <zstd.h>

#define NSIM_BATCH_RECORDS 256u
/* Bytes that must be readable behind a block: the last batch of its last column is loaded whole. */
#define NSIM_DECODE_SLACK_BYTES (NSIM_BATCH_RECORDS * 8u)

/* What a block must be, from the index. */
typedef struct {
    uint32_t thread, bytes, record_count;
    uint64_t first_record, offset;
} NsimBlockEntry;

typedef struct {
    /* ---- Set by the owner ---- */
    bool verify_checksums;
    unsigned page_shift; /* for `cut_needed` */
    uint32_t frame_count, mark_count, barrier_count;
    const uint32_t *frame_map; /* frame number -> dense frame; NULL: the identity */

    /* ---- The batch ---- */
    uint32_t batch_count;
    bool cut_needed;                    /* some run crosses a page of 2^page_shift bytes */
    bool has_control;                   /* some record is a control record */
    uint32_t frame[NSIM_BATCH_RECORDS]; /* dense */
    uint32_t line[NSIM_BATCH_RECORDS];
    uint32_t count[NSIM_BATCH_RECORDS];
    uint32_t gap[NSIM_BATCH_RECORDS];
    uint32_t step[NSIM_BATCH_RECORDS];
    uint32_t kind[NSIM_BATCH_RECORDS];
    uint32_t operand[NSIM_BATCH_RECORDS]; /* only when has_control */

    /* ---- The block ---- */
    NsimBlockEntry entry;
    uint32_t decoded; /* records of the block before this batch */
    uint32_t lag;
    uint8_t width[NSIM_FORMAT_COLUMNS];
    uint64_t base[NSIM_FORMAT_COLUMNS];
    const uint8_t *data[NSIM_FORMAT_COLUMNS]; /* uncompressed */
    uint64_t ends[NSIM_FORMAT_LAG_MAX + NSIM_BATCH_RECORDS];
    uint64_t move[NSIM_BATCH_RECORDS]; /* from where the record `lag` places before ended */
    uint64_t positions[NSIM_BATCH_RECORDS];

    /* Allocated when a compressed column is met. */
    uint8_t *raw;
    ZSTD_DCtx *context;
} NsimBlockDecoder;

/* Free what the decoder allocated, not the decoder. */
void
nsim_block_decoder_clear(NsimBlockDecoder *decoder);

/*
 * Begin a block of entry->bytes bytes, which stay the caller's and must live as long as batches are taken. False with
 * `error` when it is not the block that `entry` names or is damaged.
 */
bool
nsim_block_decoder_begin(NsimBlockDecoder *decoder, const NsimBlockEntry *entry, const uint8_t *block, GError **error);
/* The next batch; batch_count is 0 at the end of the block. False with `error` when a record is impossible. */
bool
nsim_block_decoder_next(NsimBlockDecoder *decoder, GError **error);
