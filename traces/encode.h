/* SPDX-License-Identifier: MIT */
/* From records to the bytes of a block (docs/trace-format.md, "Blocks"). Private to traces/. */
#pragma once

#include <traces/format.h>

typedef struct _NsimBlockEncoder NsimBlockEncoder;

/* `level`: zstd level, 0 stores. NULL when zstd has no memory. */
NsimBlockEncoder *
nsim_block_encoder_new(int level);
void
nsim_block_encoder_free(NsimBlockEncoder *encoder);

/*
 * Encode records of one thread, the first of which has number `first_record`. Returns how many were taken, at least 1:
 * fewer than `count` (at most NSIM_FORMAT_BLOCK_RECORDS) when their columns are too wide for one block. The block is
 * the encoder's and lives until the next call.
 */
uint32_t
nsim_block_encode(NsimBlockEncoder *encoder, uint32_t thread, uint64_t first_record, const NsimTraceRecord *records,
                  uint32_t count, const uint8_t **ret_block, uint32_t *ret_bytes);
