/* SPDX-License-Identifier: MIT */
/*
 * Where a transformer's matrices, cache and activations lie, and how large they are. Private to the generator.
 */
#pragma once

#include <traces/generate-transformer.h>

/* Weights of a block, and inputs that share a scale. */
#define NSIM_TRANSFORMER_BLOCK 32u

typedef struct {
    uint64_t address;
    uint32_t rows, columns;
    uint64_t row_bytes;
} NsimTransformerMatrix;

/* The matrices of a layer, as addresses from the beginning of the layer; of the first expert. */
typedef struct {
    uint64_t attention_norm, ffn_norm, router;
    NsimTransformerMatrix query, key, value, output, gate, up, down;
    uint64_t expert_bytes; /* from expert to expert */
    uint64_t bytes;        /* from layer to layer */
} NsimTransformerLayer;

/* Activations, each with one row a token of a pass. */
typedef enum {
    NSIM_TRANSFORMER_STREAM,
    NSIM_TRANSFORMER_QUERY,
    NSIM_TRANSFORMER_KEY,
    NSIM_TRANSFORMER_VALUE,
    NSIM_TRANSFORMER_GATE,
    NSIM_TRANSFORMER_UP,
    NSIM_TRANSFORMER_LOGITS,
    NSIM_TRANSFORMER_NORM,      /* these are inputs of matrix products: int8 with float scales */
    NSIM_TRANSFORMER_ATTENTION,
    NSIM_TRANSFORMER_HIDDEN,
    NSIM_TRANSFORMER_BUFFERS
} NsimTransformerBuffer;

typedef struct {
    uint64_t embedding, weights, kv_cache, activations, rope_table; /* addresses of regions */
    uint64_t embedding_bytes, weights_bytes, kv_cache_bytes, activations_bytes, rope_bytes;
    NsimTransformerLayer layer;
    uint64_t final_norm;
    NsimTransformerMatrix classifier;
    uint32_t head_dim, kv_dim;
    uint64_t kv_head_bytes, kv_row_bytes; /* of a position: one head, all heads */
    uint64_t value_offset;                /* from keys to values */
    uint32_t pass_tokens;                 /* most tokens of a pass */
    uint64_t buffer[NSIM_TRANSFORMER_BUFFERS], buffer_row_bytes[NSIM_TRANSFORMER_BUFFERS];
} NsimTransformerLayout;

/* False when an option is out of range: `error` begins with `path`. */
bool nsim_transformer_check(const char *path, const NsimTransformerOptions *options, GError **error);
/* For options that were checked; false when the whole is too large. */
bool nsim_transformer_layout_init(NsimTransformerLayout *layout, const char *path,
                                  const NsimTransformerOptions *options, GError **error);
