/* SPDX-License-Identifier: MIT */
/*
 * The judge: the same network written a second time, as plainly as possible. It shares the weights and the shape with
 * the kernel and nothing else: products in double over dequantised weights, its own cache in float, angles from the
 * mathematics library.
 */
#include <math.h>
#include <stdlib.h>

#include "llama.h"

/* Half precision by its definition. */
static double
value_of_half(uint16_t half)
{
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return half & 0x8000 ? -magnitude : magnitude;
}

static void
multiply(const LlamaBlock *matrix, uint32_t rows, uint32_t columns, const double *in, double *out)
{
    for (uint32_t row = 0; row < rows; row++) {
        double sum = 0;
        for (uint32_t column = 0; column < columns; column++) {
            const LlamaBlock *block = &matrix[((size_t)row * columns + column) / 32];
            sum += value_of_half(block->scale) * block->q[column % 32] * in[column];
        }
        out[row] = sum;
    }
}

static void
normalise(const double *in, const float *weight, uint32_t dim, double *out)
{
    double sum = 0;
    for (uint32_t i = 0; i < dim; i++)
        sum += in[i] * in[i];
    for (uint32_t i = 0; i < dim; i++)
        out[i] = in[i] / sqrt(sum / dim + 1e-5) * (double)weight[i];
}

/* Rotary embedding of one head: pair i turns by position / theta^(2 i / head_dim). */
static void
turn(const LlamaShape *shape, double *head, uint32_t position)
{
    const uint32_t head_dim = llama_head_dim(shape);
    for (uint32_t i = 0; i < head_dim; i += 2) {
        const double angle = position * pow(shape->rope_theta, -(double)i / head_dim);
        const double a = head[i], b = head[i + 1];
        head[i] = a * cos(angle) - b * sin(angle);
        head[i + 1] = a * sin(angle) + b * cos(angle);
    }
}

typedef struct {
    double *stream, *normed, *query, *mixed, *gate, *up, *logits, *scores;
    double *keys, *values; /* layer x position x kv_dim */
    uint32_t count;
} Work;

static void
attend(const Llama *llama, Work *work, uint32_t layer, uint32_t position)
{
    const LlamaShape *shape = &llama->shape;
    const uint32_t head_dim = llama_head_dim(shape), kv_dim = llama_kv_dim(shape);
    const double *keys = work->keys + (size_t)layer * work->count * kv_dim;
    const double *values = work->values + (size_t)layer * work->count * kv_dim;
    for (uint32_t head = 0; head < shape->head_count; head++) {
        const uint32_t shared = head / (shape->head_count / shape->kv_head_count) * head_dim;
        double *query = work->query + head * head_dim, *mixed = work->mixed + head * head_dim;
        double sum = 0;
        turn(shape, query, position);
        for (uint32_t p = 0; p <= position; p++) {
            double dot = 0;
            for (uint32_t i = 0; i < head_dim; i++)
                dot += query[i] * keys[p * kv_dim + shared + i];
            work->scores[p] = exp(dot / sqrt(head_dim));
            sum += work->scores[p];
        }
        for (uint32_t i = 0; i < head_dim; i++) {
            mixed[i] = 0;
            for (uint32_t p = 0; p <= position; p++)
                mixed[i] += work->scores[p] / sum * values[p * kv_dim + shared + i];
        }
    }
}

static void
run_layer(const Llama *llama, Work *work, uint32_t index, uint32_t position)
{
    const LlamaShape *shape = &llama->shape;
    const LlamaLayer *layer = &llama->weights.layers[index];
    const uint32_t dim = shape->dim, kv_dim = llama_kv_dim(shape);
    double *key = work->keys + ((size_t)index * work->count + position) * kv_dim;
    double *value = work->values + ((size_t)index * work->count + position) * kv_dim;
    normalise(work->stream, layer->attention_norm, dim, work->normed);
    multiply(layer->query, dim, dim, work->normed, work->query);
    multiply(layer->key, kv_dim, dim, work->normed, key);
    multiply(layer->value, kv_dim, dim, work->normed, value);
    for (uint32_t head = 0; head < shape->kv_head_count; head++)
        turn(shape, key + head * llama_head_dim(shape), position);
    attend(llama, work, index, position);
    multiply(layer->output, dim, dim, work->mixed, work->normed);
    for (uint32_t i = 0; i < dim; i++)
        work->stream[i] += work->normed[i];
    normalise(work->stream, layer->ffn_norm, dim, work->normed);
    multiply(layer->gate, shape->hidden_dim, dim, work->normed, work->gate);
    multiply(layer->up, shape->hidden_dim, dim, work->normed, work->up);
    for (uint32_t i = 0; i < shape->hidden_dim; i++)
        work->gate[i] = work->gate[i] / (1 + exp(-work->gate[i])) * work->up[i];
    multiply(layer->down, dim, shape->hidden_dim, work->gate, work->normed);
    for (uint32_t i = 0; i < dim; i++)
        work->stream[i] += work->normed[i];
}

bool
llama_reference(const Llama *llama, const uint32_t *tokens, uint32_t count, float *logits)
{
    const LlamaShape *shape = &llama->shape;
    const size_t dim = shape->dim, hidden_dim = shape->hidden_dim, vocab_count = shape->vocab_count;
    const size_t cache = (size_t)shape->layer_count * count * llama_kv_dim(shape);
    double *memory = calloc(4 * dim + 2 * hidden_dim + vocab_count + count + 2 * cache, sizeof *memory);
    if (!memory)
        return false;
    Work work = {.stream = memory, .count = count};
    work.normed = work.stream + dim;
    work.query = work.normed + dim;
    work.mixed = work.query + dim;
    work.gate = work.mixed + dim;
    work.up = work.gate + hidden_dim;
    work.logits = work.up + hidden_dim;
    work.scores = work.logits + vocab_count;
    work.keys = work.scores + count;
    work.values = work.keys + cache;
    for (uint32_t position = 0; position < count; position++) {
        const LlamaBlock *row = llama->weights.embedding + tokens[position] * (dim / 32);
        for (uint32_t i = 0; i < dim; i++)
            work.stream[i] = value_of_half(row[i / 32].scale) * row[i / 32].q[i % 32];
        for (uint32_t layer = 0; layer < shape->layer_count; layer++)
            run_layer(llama, &work, layer, position);
    }
    normalise(work.stream, llama->weights.final_norm, shape->dim, work.normed);
    multiply(llama->weights.classifier, shape->vocab_count, shape->dim, work.normed, work.logits);
    for (size_t i = 0; i < vocab_count; i++)
        logits[i] = (float)work.logits[i];
    free(memory);
    return true;
}
