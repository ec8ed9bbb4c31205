/* SPDX-License-Identifier: MIT */
/*
 * The model's shapes and memory: random weights from a seed, the key-value cache, activations and the table of rotary
 * angles, each in a mapping of its own so that a capture can name them.
 *
 * A weight matrix with n inputs has uniform values of variance 1 / n, so that activations keep their size from layer to
 * layer; the embedding has variance 1. Each matrix has a random stream of its own.
 */
#include <math.h>
#include <stdlib.h>

#include <traces/capture/capture.h>

#include "llama.h"
#include "numbers.h"

static const LlamaShape shapes[] = {
    {"tiny", 128, 384, 2, 4, 2, 512, 128, 10000.0},
    /* Between a test and a model: 27 MB of weights, larger than a small cache. */
    {"small", 512, 1408, 8, 8, 4, 2048, 512, 10000.0},
    {"1b", 2048, 5632, 22, 32, 4, 32000, 2048, 10000.0},
    {"8b", 4096, 14336, 32, 32, 8, 128256, 8192, 500000.0},
};

const LlamaShape *
llama_shape_find(const char *name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

/* SplitMix64 to seed and xoshiro256** to draw (Blackman and Vigna, public domain). */
typedef struct {
    uint64_t state[4];
} Random;

static uint64_t
mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void
random_init(Random *random, uint64_t seed, uint64_t stream)
{
    uint64_t x = mix(mix(seed) + stream);
    for (int i = 0; i < 4; i++) {
        x += 0x9e3779b97f4a7c15u;
        random->state[i] = mix(x);
    }
}

static inline uint64_t
rotate_left(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline uint64_t
random_u64(Random *random)
{
    uint64_t *s = random->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Uniform int8 in [-127, 127] has standard deviation 73.6; scales vary by a quarter around what `deviation` asks for.
 */
static void
fill_matrix(LlamaBlock *blocks, size_t rows, uint32_t columns, float deviation, Random *random)
{
    const size_t count = rows * (columns / LLAMA_BLOCK);
    for (size_t i = 0; i < count; i++) {
        for (unsigned word = 0; word < LLAMA_BLOCK / 8; word++) {
            uint64_t bits = random_u64(random);
            for (unsigned k = 0; k < 8; k++, bits >>= 8) {
                const int8_t value = (int8_t)(uint8_t)bits;
                blocks[i].q[8 * word + k] = value == -128 ? 0 : value;
            }
        }
        const float factor = 0.75f + (float)(random_u64(random) >> 40) * 0x1p-25f;
        blocks[i].scale = llama_float_to_half(deviation / 73.6f * factor);
    }
}

static void
fill_norm(float *values, uint32_t count, Random *random)
{
    for (uint32_t i = 0; i < count; i++)
        values[i] = 0.9f + (float)(random_u64(random) >> 40) * 0x1p-24f * 0.2f;
}

/* Hands out cache-line aligned pieces of a mapping; with no base it only adds up sizes. */
typedef struct {
    char *base;
    size_t used_bytes;
} Carver;

static void *
carve(Carver *carver, size_t bytes)
{
    char *piece = carver->base ? carver->base + carver->used_bytes : NULL;
    carver->used_bytes += (bytes + 63) / 64 * 64;
    return piece;
}

/* The next matrix: carved, and filled when there is memory. */
static const LlamaBlock *
make_matrix(Carver *carver, size_t rows, uint32_t columns, float deviation, uint64_t seed, uint64_t *stream)
{
    LlamaBlock *blocks = carve(carver, rows * (columns / LLAMA_BLOCK) * sizeof *blocks);
    Random random;
    random_init(&random, seed, ++*stream);
    if (blocks)
        fill_matrix(blocks, rows, columns, deviation, &random);
    return blocks;
}

static const float *
make_norm(Carver *carver, uint32_t count, uint64_t seed, uint64_t *stream)
{
    float *values = carve(carver, count * sizeof *values);
    Random random;
    random_init(&random, seed, ++*stream);
    if (values)
        fill_norm(values, count, &random);
    return values;
}

/* Lay out the weights in the order in which a forward pass reads them. Called twice: for the size, then for good. */
static size_t
make_weights(Llama *llama, char *base, uint64_t seed)
{
    const LlamaShape *shape = &llama->shape;
    const uint32_t dim = shape->dim, kv_dim = llama_kv_dim(shape), hidden_dim = shape->hidden_dim;
    const float dim_deviation = 1.0f / sqrtf((float)dim), hidden_deviation = 1.0f / sqrtf((float)hidden_dim);
    Carver carver = {base, 0};
    uint64_t stream = 0;
    for (uint32_t i = 0; i < shape->layer_count; i++) {
        LlamaLayer *layer = &llama->weights.layers[i];
        layer->attention_norm = make_norm(&carver, dim, seed, &stream);
        layer->query = make_matrix(&carver, dim, dim, dim_deviation, seed, &stream);
        layer->key = make_matrix(&carver, kv_dim, dim, dim_deviation, seed, &stream);
        layer->value = make_matrix(&carver, kv_dim, dim, dim_deviation, seed, &stream);
        layer->output = make_matrix(&carver, dim, dim, dim_deviation, seed, &stream);
        layer->ffn_norm = make_norm(&carver, dim, seed, &stream);
        layer->gate = make_matrix(&carver, hidden_dim, dim, dim_deviation, seed, &stream);
        layer->up = make_matrix(&carver, hidden_dim, dim, dim_deviation, seed, &stream);
        layer->down = make_matrix(&carver, dim, hidden_dim, hidden_deviation, seed, &stream);
    }
    llama->weights.final_norm = make_norm(&carver, dim, seed, &stream);
    llama->weights.classifier = make_matrix(&carver, shape->vocab_count, dim, dim_deviation, seed, &stream);
    return carver.used_bytes;
}

static LlamaQuantRows
carve_rows(Carver *carver, uint32_t rows, uint32_t dim)
{
    LlamaQuantRows result = {.dim = dim};
    result.q = carve(carver, (size_t)rows * dim);
    result.scale = carve(carver, (size_t)rows * (dim / LLAMA_BLOCK) * sizeof(float));
    return result;
}

static size_t
make_activations(Llama *llama, char *base)
{
    const LlamaShape *shape = &llama->shape;
    LlamaActivations *act = &llama->act;
    const uint32_t batch = llama->batch_limit, dim = shape->dim, kv_dim = llama_kv_dim(shape);
    Carver carver = {base, 0};
    act->stream = carve(&carver, (size_t)batch * dim * sizeof(float));
    act->query = carve(&carver, (size_t)batch * dim * sizeof(float));
    act->key = carve(&carver, (size_t)batch * kv_dim * sizeof(float));
    act->value = carve(&carver, (size_t)batch * kv_dim * sizeof(float));
    act->gate = carve(&carver, (size_t)batch * shape->hidden_dim * sizeof(float));
    act->up = carve(&carver, (size_t)batch * shape->hidden_dim * sizeof(float));
    act->scores = carve(&carver, (size_t)llama->thread_count * shape->context_count * sizeof(float));
    act->head = carve(&carver, (size_t)llama->thread_count * llama_head_dim(shape) * sizeof(float));
    act->logits = carve(&carver, shape->vocab_count * sizeof(float));
    act->norm = carve_rows(&carver, batch, dim);
    act->attention = carve_rows(&carver, batch, dim);
    act->hidden = carve_rows(&carver, batch, shape->hidden_dim);
    act->picks = carve(&carver, llama->thread_count * sizeof *act->picks);
    return carver.used_bytes;
}

static void
fill_rope(Llama *llama)
{
    /* ln(theta), as llama_exp_minus() wants it. */
    const double log_theta = llama->shape.rope_theta < 100000.0 ? 9.2103403719761836 : 13.122363377404328;
    const uint32_t pairs = llama_head_dim(&llama->shape) / 2;
    for (uint32_t i = 0; i < pairs; i++) {
        const double frequency = llama_exp_minus((double)i / pairs * log_theta);
        for (uint32_t position = 0; position < llama->shape.context_count; position++) {
            double sine, cosine;
            llama_sin_cos(position * frequency, &sine, &cosine);
            float *entry = llama->rope + 2 * ((size_t)position * pairs + i);
            entry[0] = (float)cosine;
            entry[1] = (float)sine;
        }
    }
}

bool
llama_init(Llama *llama, const LlamaShape *shape, uint32_t thread_count, uint32_t batch_limit, uint64_t seed)
{
    memset(llama, 0, sizeof *llama);
    llama->shape = *shape;
    llama->thread_count = thread_count;
    llama->batch_limit = batch_limit;
    llama->weights.layers = calloc(shape->layer_count, sizeof *llama->weights.layers);
    if (!llama->weights.layers)
        return false;
    llama_barrier_init(&llama->barrier, thread_count);
    const size_t cache_values = (size_t)shape->layer_count * shape->context_count * llama_kv_dim(shape);
    llama->embedding_bytes = (size_t)shape->vocab_count * (shape->dim / LLAMA_BLOCK) * sizeof(LlamaBlock);
    llama->weight_bytes = make_weights(llama, NULL, seed);
    llama->cache_bytes = 2 * cache_values * sizeof(uint16_t);
    llama->activation_bytes = make_activations(llama, NULL);
    llama->rope_bytes = (size_t)shape->context_count * llama_head_dim(shape) * sizeof(float);

    LlamaBlock *embedding = nsim_capture_map("embedding", llama->embedding_bytes);
    char *weights = nsim_capture_map("weights", llama->weight_bytes);
    llama->key_cache = nsim_capture_map("kv-cache", llama->cache_bytes);
    char *activations = nsim_capture_map("activations", llama->activation_bytes);
    llama->rope = nsim_capture_map("rope-table", llama->rope_bytes);
    if (!embedding || !weights || !llama->key_cache || !activations || !llama->rope) {
        nsim_capture_unmap(embedding, llama->embedding_bytes);
        nsim_capture_unmap(weights, llama->weight_bytes);
        nsim_capture_unmap(activations, llama->activation_bytes);
        llama->act.stream = NULL;
        llama_clear(llama);
        return false;
    }
    llama->value_cache = llama->key_cache + cache_values;
    make_activations(llama, activations);
    make_weights(llama, weights, seed);
    Random random;
    random_init(&random, seed, 0);
    fill_matrix(embedding, shape->vocab_count, shape->dim, 1.0f, &random);
    llama->weights.embedding = embedding;
    fill_rope(llama);
    return true;
}

void
llama_clear(Llama *llama)
{
    /* The first thing laid out in a mapping stands for the mapping. */
    nsim_capture_unmap((void *)(uintptr_t)llama->weights.embedding, llama->embedding_bytes);
    nsim_capture_unmap((void *)(uintptr_t)llama->weights.layers[0].attention_norm, llama->weight_bytes);
    nsim_capture_unmap(llama->key_cache, llama->cache_bytes);
    nsim_capture_unmap(llama->act.stream, llama->activation_bytes);
    nsim_capture_unmap(llama->rope, llama->rope_bytes);
    llama_barrier_clear(&llama->barrier);
    free(llama->weights.layers);
    memset(llama, 0, sizeof *llama);
}
