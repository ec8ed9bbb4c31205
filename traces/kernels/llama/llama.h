/* SPDX-License-Identifier: MIT */
/*
 * A decoder-only transformer with the LLaMA architecture: RMSNorm, rotary position embedding, grouped-query attention,
 * SwiGLU, a key-value cache. It is a workload: it really computes, at true model shapes, but its weights are random.
 *
 * Architecture: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models" (2023) and "Llama 2" (2023) for
 * grouped-query attention; shapes of TinyLlama-1.1B and Llama-3-8B as their authors published them.
 * Numbers: weights and the inputs of matrix products are int8 in blocks of 32 with one scale; the key-value cache is
 * half precision; everything else is float. The output matrix is not tied to the embedding.
 * Left out: a tokenizer, sampling (decoding is greedy), more than one sequence.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrier.h"
#include "quant.h"

#define LLAMA_THREADS_MAX 64u
/* Most tokens that one forward pass takes. */
#define LLAMA_BATCH_MAX 64u

typedef struct {
    const char *name;
    uint32_t dim, hidden_dim, layer_count, head_count, kv_head_count, vocab_count, context_count;
    double rope_theta;
} LlamaShape;

/* NULL when there is no shape of that name. */
const LlamaShape *llama_shape_find(const char *name);
static inline uint32_t
llama_head_dim(const LlamaShape *shape)
{
    return shape->dim / shape->head_count;
}
static inline uint32_t
llama_kv_dim(const LlamaShape *shape)
{
    return llama_head_dim(shape) * shape->kv_head_count;
}

/* Matrices are row after row of blocks; a product with a vector gives one number a row. */
typedef struct {
    const float *attention_norm, *ffn_norm;
    const LlamaBlock *query, *key, *value, *output, *gate, *up, *down;
} LlamaLayer;

typedef struct {
    LlamaLayer *layers;
    const float *final_norm;
    const LlamaBlock *embedding, *classifier;
} LlamaWeights;

/* A batch of vectors as inputs of matrix products; row `i` begins at q + i * dim and scale + i * dim / 32. */
typedef struct {
    int8_t *q;
    float *scale;
    uint32_t dim;
} LlamaQuantRows;

/* What one thread found in its share of the vocabulary, on a cache line of its own. */
typedef struct {
    _Alignas(64) float best;
    uint32_t token;
    uint64_t checksum;
} LlamaPick;

typedef struct {
    float *stream;            /* batch x dim: the residual stream */
    float *query;             /* batch x dim */
    float *key, *value;       /* batch x kv_dim */
    float *gate, *up;         /* batch x hidden_dim */
    float *scores;            /* thread x context */
    float *head;              /* thread x head_dim */
    float *logits;            /* vocab, of the last token of the batch */
    LlamaQuantRows norm;      /* batch x dim: normalised input of the products */
    LlamaQuantRows attention; /* batch x dim */
    LlamaQuantRows hidden;    /* batch x hidden_dim */
    LlamaPick *picks;         /* thread */
} LlamaActivations;

typedef struct {
    LlamaShape shape;
    uint32_t thread_count, batch_limit;
    LlamaWeights weights;
    LlamaActivations act;
    uint16_t *key_cache, *value_cache; /* layer x context x kv_dim, half precision */
    float *rope;                       /* context x head_dim / 2 x (cos, sin) */
    LlamaBarrier barrier;
    size_t weight_bytes, embedding_bytes, cache_bytes, activation_bytes, rope_bytes;
} Llama;

/* Map the memory and make the weights. False when memory cannot be had. */
bool llama_init(Llama *llama, const LlamaShape *shape, uint32_t thread_count, uint32_t batch_limit, uint64_t seed);
void llama_clear(Llama *llama);

/*
 * One thread's share of a forward pass over `count` tokens at `position`; every thread calls it with the same
 * arguments. Returns the most likely next token, the same in every thread, and leaves the logits of the last token in
 * act.logits; `*checksum` receives a sum over them that does not depend on the number of threads.
 */
uint32_t llama_forward(Llama *llama, uint32_t thread, const uint32_t *tokens, uint32_t count, uint32_t position,
                       uint64_t *checksum);

/*
 * The same network in plain floating point, one thread, one token at a time, without quantised activations and
 * without a half-precision cache: the judge of the self-check. `logits` receives vocab values for the last token.
 * False when memory cannot be had.
 */
bool llama_reference(const Llama *llama, const uint32_t *tokens, uint32_t count, float *logits);

/* Kinds of work whose instructions per memory access differ; see cost.h. */
typedef enum {
    LLAMA_WORK_OTHER,
    LLAMA_WORK_NORM,
    LLAMA_WORK_PRODUCT_ONE,
    LLAMA_WORK_PRODUCT_BATCH,
    LLAMA_WORK_ROPE,
    LLAMA_WORK_ATTENTION,
    LLAMA_WORK_SWIGLU,
    LLAMA_WORK_PICK,
    LLAMA_WORK_COUNT
} LlamaWork;
