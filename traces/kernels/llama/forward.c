/* SPDX-License-Identifier: MIT */
/*
 * A forward pass, split over threads: each step divides its rows, heads or tokens into contiguous shares that depend on
 * the number of threads only, and a barrier ends it. A number is always computed by one thread in one order, so that
 * the result is the same for any number of threads and any batch.
 *
 * Each kind of work is a function of its own that is not inlined, so that a profiler can count its instructions.
 */
#include <math.h>

#include <traces/capture/capture.h>

#include "llama.h"
#include "numbers.h"

#define NOINLINE __attribute__((noinline))
#define NORM_EPSILON 1e-5f
/* Tokens that share one reading of a weight row. */
#define TILE 4u

typedef struct {
    uint32_t first, end;
} Share;

static Share
share_of(const Llama *llama, uint32_t thread, uint32_t count)
{
    const uint64_t threads = llama->thread_count;
    return (Share){(uint32_t)(count * (uint64_t)thread / threads), (uint32_t)(count * (thread + 1ul) / threads)};
}

/* Shares of matrix rows begin at multiples of a block, so that a thread can quantise what it computed. */
static Share
share_of_rows(const Llama *llama, uint32_t thread, uint32_t rows)
{
    const Share blocks = share_of(llama, thread, rows / LLAMA_BLOCK);
    return (Share){blocks.first * LLAMA_BLOCK, blocks.end * LLAMA_BLOCK};
}

static NOINLINE void
embed(Llama *llama, uint32_t thread, const uint32_t *tokens, uint32_t count)
{
    const uint32_t dim = llama->shape.dim, blocks = dim / LLAMA_BLOCK;
    const Share share = share_of(llama, thread, count);
    for (uint32_t i = share.first; i < share.end; i++) {
        const LlamaBlock *row = llama->weights.embedding + (size_t)tokens[i] * blocks;
        float *to = llama->act.stream + (size_t)i * dim;
        for (uint32_t block = 0; block < blocks; block++) {
            const float scale = llama_half_to_float(row[block].scale);
            for (uint32_t k = 0; k < LLAMA_BLOCK; k++)
                to[block * LLAMA_BLOCK + k] = scale * (float)row[block].q[k];
        }
    }
}

/* RMSNorm of tokens [first, end) of the stream, quantised for the products that follow. */
static NOINLINE void
norm_rows(Llama *llama, const float *weight, Share tokens)
{
    const uint32_t dim = llama->shape.dim;
    const LlamaQuantRows *to = &llama->act.norm;
    for (uint32_t i = tokens.first; i < tokens.end; i++) {
        const float *from = llama->act.stream + (size_t)i * dim;
        float sum[4] = {0};
        for (uint32_t k = 0; k < dim; k += 4) {
            sum[0] += from[k] * from[k];
            sum[1] += from[k + 1] * from[k + 1];
            sum[2] += from[k + 2] * from[k + 2];
            sum[3] += from[k + 3] * from[k + 3];
        }
        const float mean = ((sum[0] + sum[1]) + (sum[2] + sum[3])) / (float)dim;
        const float factor = 1.0f / sqrtf(mean + NORM_EPSILON);
        for (uint32_t block = 0; block < dim / LLAMA_BLOCK; block++) {
            float values[LLAMA_BLOCK];
            const uint32_t base = block * LLAMA_BLOCK;
            for (uint32_t k = 0; k < LLAMA_BLOCK; k++)
                values[k] = from[base + k] * factor * weight[base + k];
            llama_quantise(values, LLAMA_BLOCK, to->q + (size_t)i * dim + base,
                           to->scale + (size_t)i * (dim / LLAMA_BLOCK) + block);
        }
    }
}

/* What becomes of a product: it replaces the output or is added to it. */
typedef enum { PUT, ADD } Store;

static inline void
store(float *slot, float value, Store how)
{
    *slot = how == ADD ? *slot + value : value;
}

static inline float
row_times_one(const LlamaBlock *row, uint32_t blocks, const int8_t *q, const float *scale)
{
    LlamaLanes lanes = llama_lanes_zero();
    for (uint32_t block = 0; block < blocks; block++) {
        const LlamaOpenBlock open = llama_block_open(row + block);
        lanes = llama_block_add(lanes, &open, q + (size_t)block * LLAMA_BLOCK, scale[block]);
    }
    return llama_lanes_sum(lanes);
}

/* Rows of a matrix times one vector. */
static NOINLINE void
product_one(const LlamaBlock *matrix, const LlamaQuantRows *in, Share rows, float *out, Store how)
{
    const uint32_t blocks = in->dim / LLAMA_BLOCK;
    for (uint32_t row = rows.first; row < rows.end; row++)
        store(out + row, row_times_one(matrix + (size_t)row * blocks, blocks, in->q, in->scale), how);
}

/* Rows of a matrix times `count` vectors: a row is fetched once and multiplied with all of them. */
static NOINLINE void
product_batch(const LlamaBlock *matrix, const LlamaQuantRows *in, uint32_t count, Share rows, float *out,
              uint32_t out_stride, Store how)
{
    const uint32_t dim = in->dim, blocks = dim / LLAMA_BLOCK;
    for (uint32_t row = rows.first; row < rows.end; row++) {
        const LlamaBlock *weights = matrix + (size_t)row * blocks;
        uint32_t i = 0;
        for (; i + TILE <= count; i += TILE) {
            const int8_t *q = in->q + (size_t)i * dim;
            const float *scale = in->scale + (size_t)i * blocks;
            LlamaLanes lanes[TILE] = {llama_lanes_zero(), llama_lanes_zero(), llama_lanes_zero(), llama_lanes_zero()};
            for (uint32_t block = 0; block < blocks; block++) {
                const LlamaOpenBlock open = llama_block_open(weights + block);
                for (uint32_t k = 0; k < TILE; k++)
                    lanes[k] = llama_block_add(lanes[k], &open, q + (size_t)k * dim + block * LLAMA_BLOCK,
                                               scale[k * blocks + block]);
            }
            for (uint32_t k = 0; k < TILE; k++)
                store(out + (size_t)(i + k) * out_stride + row, llama_lanes_sum(lanes[k]), how);
        }
        for (; i < count; i++)
            store(out + (size_t)i * out_stride + row,
                  row_times_one(weights, blocks, in->q + (size_t)i * dim, in->scale + (size_t)i * blocks), how);
    }
}

/* This thread's rows of `matrix` (rows x in->dim) times the batch. */
static void
product(Llama *llama, uint32_t thread, const LlamaBlock *matrix, uint32_t rows, const LlamaQuantRows *in,
        uint32_t count, float *out, Store how)
{
    const Share share = share_of_rows(llama, thread, rows);
    if (count == 1) {
        nsim_capture_work(LLAMA_WORK_PRODUCT_ONE);
        product_one(matrix, in, share, out, how);
    } else {
        nsim_capture_work(LLAMA_WORK_PRODUCT_BATCH);
        product_batch(matrix, in, count, share, out, rows, how);
    }
}

/* Rotate neighbouring pairs of a head by the angles of a position. */
static inline void
rotate(const Llama *llama, float *head, uint32_t position)
{
    const uint32_t pairs = llama_head_dim(&llama->shape) / 2;
    const float *angle = llama->rope + 2 * (size_t)position * pairs;
    for (uint32_t i = 0; i < pairs; i++) {
        const float a = head[2 * i], b = head[2 * i + 1], cosine = angle[2 * i], sine = angle[2 * i + 1];
        head[2 * i] = a * cosine - b * sine;
        head[2 * i + 1] = a * sine + b * cosine;
    }
}

/* Where a layer's key or value of a position begins in a cache. */
static inline uint16_t *
cache_row(const Llama *llama, uint16_t *cache, uint32_t layer, uint32_t position)
{
    return cache + ((size_t)layer * llama->shape.context_count + position) * llama_kv_dim(&llama->shape);
}

/* Rotate the new keys and put keys and values into the cache, by key-value head. */
static NOINLINE void
rope_keys(Llama *llama, uint32_t layer, Share items, uint32_t position)
{
    const uint32_t heads = llama->shape.kv_head_count, head_dim = llama_head_dim(&llama->shape);
    for (uint32_t item = items.first; item < items.end; item++) {
        const uint32_t token = item / heads, offset = item % heads * head_dim;
        float *key = llama->act.key + (size_t)token * heads * head_dim + offset;
        const float *value = llama->act.value + (size_t)token * heads * head_dim + offset;
        uint16_t *keys = cache_row(llama, llama->key_cache, layer, position + token) + offset;
        uint16_t *values = cache_row(llama, llama->value_cache, layer, position + token) + offset;
        rotate(llama, key, position + token);
        for (uint32_t i = 0; i < head_dim; i++) {
            keys[i] = llama_float_to_half(key[i]);
            values[i] = llama_float_to_half(value[i]);
        }
    }
}

/* One head of one token: scores over the positions up to its own, softmax, weighted sum of the values. */
static inline void
attend(Llama *llama, uint32_t layer, float *query, uint32_t kv_head, uint32_t position, float *scores, float *out)
{
    const uint32_t head_dim = llama_head_dim(&llama->shape), offset = kv_head * head_dim;
    const float factor = 1.0f / sqrtf((float)head_dim);
    rotate(llama, query, position);
    float largest = -1e30f;
    for (uint32_t p = 0; p <= position; p++) {
        const uint16_t *key = cache_row(llama, llama->key_cache, layer, p) + offset;
        LlamaLanes lanes = llama_lanes_zero();
        for (uint32_t i = 0; i < head_dim; i += 8)
            lanes = llama_half_add(lanes, key + i, query + i);
        scores[p] = llama_lanes_sum(lanes) * factor;
        largest = scores[p] > largest ? scores[p] : largest;
    }
    float sum = 0;
    for (uint32_t p = 0; p <= position; p++) {
        scores[p] = llama_exp(scores[p] - largest);
        sum += scores[p];
    }
    for (uint32_t i = 0; i < head_dim; i++)
        out[i] = 0;
    for (uint32_t p = 0; p <= position; p++) {
        const uint16_t *value = cache_row(llama, llama->value_cache, layer, p) + offset;
        const float weight = scores[p] / sum;
        for (uint32_t i = 0; i < head_dim; i += 8)
            llama_half_scale_add(out + i, weight, value + i);
    }
}

static NOINLINE void
attention(Llama *llama, uint32_t thread, uint32_t layer, Share items, uint32_t position)
{
    const LlamaShape *shape = &llama->shape;
    const LlamaActivations *act = &llama->act;
    const uint32_t heads = shape->head_count, head_dim = llama_head_dim(shape), group = heads / shape->kv_head_count;
    float *scores = act->scores + (size_t)thread * shape->context_count;
    float *out = act->head + (size_t)thread * head_dim;
    for (uint32_t item = items.first; item < items.end; item++) {
        const uint32_t token = item / heads, head = item % heads;
        const size_t at = (size_t)token * shape->dim + head * head_dim;
        attend(llama, layer, act->query + at, head / group, position + token, scores, out);
        llama_quantise(out, head_dim, act->attention.q + at, act->attention.scale + at / LLAMA_BLOCK);
    }
}

/* up * gate / (1 + e^-gate), quantised: rows [first, end), multiples of a block, of every token. */
static NOINLINE void
swiglu(Llama *llama, uint32_t count, Share rows)
{
    const uint32_t hidden_dim = llama->shape.hidden_dim;
    for (uint32_t token = 0; token < count; token++) {
        for (uint32_t row = rows.first; row < rows.end; row += LLAMA_BLOCK) {
            const size_t at = (size_t)token * hidden_dim + row;
            const float *gate = llama->act.gate + at, *up = llama->act.up + at;
            float values[LLAMA_BLOCK];
            for (uint32_t k = 0; k < LLAMA_BLOCK; k++)
                values[k] = up[k] * (gate[k] / (1.0f + llama_exp(-gate[k])));
            llama_quantise(values, LLAMA_BLOCK, llama->act.hidden.q + at, llama->act.hidden.scale + at / LLAMA_BLOCK);
        }
    }
}

/* The best of rows [first, end) of the logits, and their checksum: a sum, so that it does not depend on the split. */
static NOINLINE void
pick_best(const float *logits, Share rows, LlamaPick *pick)
{
    float best = -1e30f;
    uint32_t token = rows.first;
    uint64_t checksum = 0;
    for (uint32_t row = rows.first; row < rows.end; row++) {
        const float value = logits[row];
        const uint64_t bits = (uint64_t)row << 32 | llama_bits_of_float(value);
        checksum += (bits ^ bits >> 29) * 0xbf58476d1ce4e5b9u;
        token = value > best ? row : token;
        best = value > best ? value : best;
    }
    pick->best = best;
    pick->token = token;
    pick->checksum = checksum;
}

static void
step_end(Llama *llama)
{
    nsim_capture_work(LLAMA_WORK_OTHER);
    llama_barrier_wait(&llama->barrier);
}

static void
norm(Llama *llama, uint32_t thread, const float *weight, uint32_t count)
{
    nsim_capture_work(LLAMA_WORK_NORM);
    norm_rows(llama, weight, share_of(llama, thread, count));
    step_end(llama);
}

static void
layer_forward(Llama *llama, uint32_t thread, uint32_t index, uint32_t count, uint32_t position)
{
    const LlamaShape *shape = &llama->shape;
    const LlamaLayer *layer = &llama->weights.layers[index];
    const LlamaActivations *act = &llama->act;
    norm(llama, thread, layer->attention_norm, count);

    product(llama, thread, layer->query, shape->dim, &act->norm, count, act->query, PUT);
    product(llama, thread, layer->key, llama_kv_dim(shape), &act->norm, count, act->key, PUT);
    product(llama, thread, layer->value, llama_kv_dim(shape), &act->norm, count, act->value, PUT);
    step_end(llama);

    nsim_capture_work(LLAMA_WORK_ROPE);
    rope_keys(llama, index, share_of(llama, thread, count * shape->kv_head_count), position);
    step_end(llama);

    nsim_capture_work(LLAMA_WORK_ATTENTION);
    attention(llama, thread, index, share_of(llama, thread, count * shape->head_count), position);
    step_end(llama);

    product(llama, thread, layer->output, shape->dim, &act->attention, count, act->stream, ADD);
    step_end(llama);

    norm(llama, thread, layer->ffn_norm, count);

    product(llama, thread, layer->gate, shape->hidden_dim, &act->norm, count, act->gate, PUT);
    product(llama, thread, layer->up, shape->hidden_dim, &act->norm, count, act->up, PUT);
    nsim_capture_work(LLAMA_WORK_SWIGLU);
    swiglu(llama, count, share_of_rows(llama, thread, shape->hidden_dim));
    step_end(llama);

    product(llama, thread, layer->down, shape->dim, &act->hidden, count, act->stream, ADD);
    step_end(llama);
}

/* Logits of the last token of the batch, and the most likely next token. */
static uint32_t
classify(Llama *llama, uint32_t thread, uint32_t count, uint64_t *checksum)
{
    const uint32_t vocab_count = llama->shape.vocab_count, dim = llama->shape.dim;
    const LlamaActivations *act = &llama->act;
    const LlamaQuantRows last = {act->norm.q + (size_t)(count - 1) * dim,
                                 act->norm.scale + (size_t)(count - 1) * (dim / LLAMA_BLOCK), dim};
    norm(llama, thread, llama->weights.final_norm, count);
    product(llama, thread, llama->weights.classifier, vocab_count, &last, 1, act->logits, PUT);
    nsim_capture_work(LLAMA_WORK_PICK);
    pick_best(act->logits, share_of_rows(llama, thread, vocab_count), &act->picks[thread]);
    step_end(llama);

    const LlamaPick *best = &act->picks[0];
    *checksum = 0;
    for (uint32_t i = 0; i < llama->thread_count; i++) {
        best = act->picks[i].best > best->best ? &act->picks[i] : best;
        *checksum += act->picks[i].checksum;
    }
    return best->token;
}

uint32_t
llama_forward(Llama *llama, uint32_t thread, const uint32_t *tokens, uint32_t count, uint32_t position,
              uint64_t *checksum)
{
    nsim_capture_work(LLAMA_WORK_OTHER);
    embed(llama, thread, tokens, count);
    step_end(llama);
    for (uint32_t i = 0; i < llama->shape.layer_count; i++)
        layer_forward(llama, thread, i, count, position);
    return checksum ? classify(llama, thread, count, checksum) : 0;
}
