/* SPDX-License-Identifier: MIT */
/*
 * Traces of a decoder-only transformer from its shape, for models that are too large to run: the memory traffic behind
 * the last-level caches of the kernel in traces/kernels/llama, computed instead of captured. docs/generate.md has the
 * formulas, and how far the result agrees with a captured run.
 */
#pragma once

#include <traces/generate.h>

#define NSIM_TRANSFORMER_THREADS_MAX 1024u
#define NSIM_TRANSFORMER_CACHES_MAX 64u
#define NSIM_TRANSFORMER_LAYERS_MAX 1024u
#define NSIM_TRANSFORMER_DIM_MAX (1u << 16)
#define NSIM_TRANSFORMER_HIDDEN_MAX (1u << 18)
#define NSIM_TRANSFORMER_VOCAB_MAX (1u << 20)
#define NSIM_TRANSFORMER_EXPERTS_MAX 256u
#define NSIM_TRANSFORMER_CONTEXT_MAX (1u << 20)
#define NSIM_TRANSFORMER_BATCH_MAX 1024u
#define NSIM_TRANSFORMER_PASS_MAX 4096u
#define NSIM_TRANSFORMER_BYTES_MAX (UINT64_C(8) << 40) /* of all regions together */

typedef struct {
    const char *name;
    uint32_t layers, dim, hidden, heads, kv_heads, vocab;
    uint32_t context;               /* positions that the key-value cache has room for */
    uint32_t experts, experts_used; /* 1 and 1: dense */
} NsimTransformerShape;

/* Published models; the last has no name. */
extern const NsimTransformerShape nsim_transformer_presets[];

typedef struct {
    NsimTransformerShape shape;
    uint32_t weight_bits, kv_bits; /* 4, 8 (blocks of 32 with a half-precision scale) or 16 */
    uint32_t threads;
    uint32_t caches;      /* last-level caches, each of an equal, contiguous part of the threads */
    uint64_t cache_bytes; /* of each */
    uint32_t batch;       /* sequences that are decoded together */
    uint32_t prompt;      /* tokens of the prompt of each */
    uint32_t pass;        /* most prompt tokens that go through the model together */
    uint32_t tokens;      /* decode steps */
    uint64_t seed;        /* of token ids and of the choice of experts */
    int level;
    NsimGenerateTick tick; /* in layers */
    void *tick_data;
} NsimTransformerOptions;

/* The first preset, 8-bit weights and half-precision cache, 8 threads, 2 caches of 32 MiB, prompt and decode of 16. */
void nsim_transformer_options_init(NsimTransformerOptions *options);

/* The same errors as nsim_trace_generate(). Memory is bounded by threads and layers. */
bool nsim_trace_generate_transformer(const char *path, const NsimTransformerOptions *options, GError **error);
