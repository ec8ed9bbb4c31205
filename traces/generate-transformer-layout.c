/* SPDX-License-Identifier: MIT */
/*
 * Shapes of published models, and the layout of weights, key-value cache and activations.
 *
 * Shapes: TinyLlama-1.1B (Zhang et al. 2024), Llama 2 7B (Touvron et al. 2023), Llama 3 8B and 70B (Grattafiori et al.
 * 2024), Mixtral 8x7B (Jiang et al. 2024). Blocks of 32 weights with one half-precision scale: 34 bytes for 8 bits and
 * 18 for 4, as llama.cpp's Q8_0 and Q4_0. The order of the matrices is that of traces/kernels/llama/model.c: as a
 * forward pass reads them. The output matrix is not tied to the embedding.
 *
 * Left out: formats with blocks of other sizes, biases, embeddings and output matrices of another format.
 */
#include <traces/generate-transformer-layout.h>

#include <inttypes.h>

const NsimTransformerShape nsim_transformer_presets[] = {
    {"llama-1b", 22, 2048, 5632, 32, 4, 32000, 2048, 1, 1},
    {"llama-2-7b", 32, 4096, 11008, 32, 32, 32000, 4096, 1, 1},
    {"llama-3-8b", 32, 4096, 14336, 32, 8, 128256, 8192, 1, 1},
    {"llama-3-70b", 80, 8192, 28672, 64, 8, 128256, 8192, 1, 1},
    {"mixtral-8x7b", 32, 4096, 14336, 32, 8, 32000, 32768, 8, 2},
    {.name = NULL},
};

void
nsim_transformer_options_init(NsimTransformerOptions *options)
{
    *options = (NsimTransformerOptions){.shape = nsim_transformer_presets[0],
                                        .weight_bits = 8,
                                        .kv_bits = 16,
                                        .threads = 8,
                                        .caches = 2,
                                        .cache_bytes = UINT64_C(32) << 20,
                                        .batch = 1,
                                        .prompt = 16,
                                        .pass = 512,
                                        .tokens = 16,
                                        .seed = 1,
                                        .level = 3};
}

/* ---- Checks -------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *what;
    uint64_t value, least, most;
} Bound;

static bool
check_bounds(const char *path, const NsimTransformerOptions *options, GError **error)
{
    const NsimTransformerShape *shape = &options->shape;
    const Bound bounds[] = {
        {"layers", shape->layers, 1, NSIM_TRANSFORMER_LAYERS_MAX},
        {"dim", shape->dim, NSIM_TRANSFORMER_BLOCK, NSIM_TRANSFORMER_DIM_MAX},
        {"hidden", shape->hidden, NSIM_TRANSFORMER_BLOCK, NSIM_TRANSFORMER_HIDDEN_MAX},
        {"heads", shape->heads, 1, shape->dim / NSIM_TRANSFORMER_BLOCK},
        {"key-value heads", shape->kv_heads, 1, shape->heads},
        {"vocab", shape->vocab, NSIM_TRANSFORMER_BLOCK, NSIM_TRANSFORMER_VOCAB_MAX},
        {"context", shape->context, 1, NSIM_TRANSFORMER_CONTEXT_MAX},
        {"experts", shape->experts, 1, NSIM_TRANSFORMER_EXPERTS_MAX},
        {"experts used", shape->experts_used, 1, shape->experts},
        {"threads", options->threads, 1, NSIM_TRANSFORMER_THREADS_MAX},
        {"caches", options->caches, 1, MIN(options->threads, NSIM_TRANSFORMER_CACHES_MAX)},
        {"cache bytes", options->cache_bytes, NSIM_LINE_BYTES, UINT64_C(1) << 40},
        {"batch", options->batch, 1, NSIM_TRANSFORMER_BATCH_MAX},
        {"prompt", options->prompt, 1, NSIM_TRANSFORMER_CONTEXT_MAX},
        {"prompt pass", options->pass, 1, NSIM_TRANSFORMER_PASS_MAX},
        {"tokens", options->tokens, 0, NSIM_TRANSFORMER_CONTEXT_MAX},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bounds); i++) {
        if (bounds[i].value >= bounds[i].least && bounds[i].value <= bounds[i].most)
            continue;
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "%s: %s %" PRIu64 " is outside %" PRIu64 "..%" PRIu64, path, bounds[i].what, bounds[i].value,
                    bounds[i].least, bounds[i].most);
        return false;
    }
    return true;
}

static bool
check_multiple(const char *path, const char *what, uint32_t value, const char *of, uint32_t factor, GError **error)
{
    if (value % factor == 0)
        return true;
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: %s %" PRIu32 " is no multiple of %s%" PRIu32,
                path, what, value, of, factor);
    return false;
}

static bool
check_bits(const char *path, const char *what, uint32_t bits, GError **error)
{
    if (bits == 4 || bits == 8 || bits == 16)
        return true;
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT, "%s: %s of %" PRIu32 " bits; allowed: 4, 8, 16", path,
                what, bits);
    return false;
}

bool
nsim_transformer_check(const char *path, const NsimTransformerOptions *options, GError **error)
{
    const NsimTransformerShape *shape = &options->shape;
    if (!check_bits(path, "weights", options->weight_bits, error) ||
        !check_bits(path, "key-value cache", options->kv_bits, error) || !check_bounds(path, options, error) ||
        !check_multiple(path, "dim", shape->dim, "heads ", shape->heads, error) ||
        !check_multiple(path, "heads", shape->heads, "key-value heads ", shape->kv_heads, error) ||
        !check_multiple(path, "size of a head", shape->dim / shape->heads, "", NSIM_TRANSFORMER_BLOCK, error) ||
        !check_multiple(path, "hidden", shape->hidden, "", NSIM_TRANSFORMER_BLOCK, error) ||
        !check_multiple(path, "vocab", shape->vocab, "", NSIM_TRANSFORMER_BLOCK, error))
        return false;
    if (options->prompt + options->tokens <= shape->context)
        return true;
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                "%s: prompt %" PRIu32 " and tokens %" PRIu32 " do not fit context %" PRIu32, path, options->prompt,
                options->tokens, shape->context);
    return false;
}

/* ---- Layout -------------------------------------------------------------------------------------------------- */

static uint64_t
row_bytes(uint64_t columns, uint32_t bits)
{
    const uint64_t block_bytes = bits == 16 ? 64 : bits == 8 ? 34 : 18;
    return columns / NSIM_TRANSFORMER_BLOCK * block_bytes;
}

/* The next piece behind `*at`, on a line of its own. */
static uint64_t
carve(uint64_t *at, uint64_t bytes)
{
    const uint64_t address = *at;
    *at += (bytes + NSIM_LINE_BYTES - 1) / NSIM_LINE_BYTES * NSIM_LINE_BYTES;
    return address;
}

static NsimTransformerMatrix
carve_matrix(uint64_t *at, uint32_t rows, uint32_t columns, uint32_t bits)
{
    const uint64_t bytes = row_bytes(columns, bits);
    return (NsimTransformerMatrix){
        .address = carve(at, rows * bytes), .rows = rows, .columns = columns, .row_bytes = bytes};
}

static void
lay_out_layer(NsimTransformerLayout *layout, const NsimTransformerOptions *options)
{
    const NsimTransformerShape *shape = &options->shape;
    NsimTransformerLayer *layer = &layout->layer;
    const uint32_t bits = options->weight_bits;
    uint64_t at = 0;
    layer->attention_norm = carve(&at, shape->dim * sizeof(float));
    layer->query = carve_matrix(&at, shape->dim, shape->dim, bits);
    layer->key = carve_matrix(&at, layout->kv_dim, shape->dim, bits);
    layer->value = carve_matrix(&at, layout->kv_dim, shape->dim, bits);
    layer->output = carve_matrix(&at, shape->dim, shape->dim, bits);
    layer->ffn_norm = carve(&at, shape->dim * sizeof(float));
    layer->router = carve(&at, shape->experts > 1 ? (uint64_t)shape->experts * shape->dim * sizeof(float) : 0);
    const uint64_t first = at;
    layer->gate = carve_matrix(&at, shape->hidden, shape->dim, bits);
    layer->up = carve_matrix(&at, shape->hidden, shape->dim, bits);
    layer->down = carve_matrix(&at, shape->dim, shape->hidden, bits);
    layer->expert_bytes = at - first;
    layer->bytes = first + shape->experts * layer->expert_bytes;
}

/* Rows of floats, or of int8 values with a float scale for each block. */
static void
lay_out_activations(NsimTransformerLayout *layout, const NsimTransformerOptions *options)
{
    const NsimTransformerShape *shape = &options->shape;
    const uint64_t dim = shape->dim, kv_dim = layout->kv_dim, hidden = shape->hidden;
    const uint64_t values[NSIM_TRANSFORMER_BUFFERS] = {
        [NSIM_TRANSFORMER_STREAM] = dim,          [NSIM_TRANSFORMER_QUERY] = dim,   [NSIM_TRANSFORMER_KEY] = kv_dim,
        [NSIM_TRANSFORMER_VALUE] = kv_dim,        [NSIM_TRANSFORMER_GATE] = hidden, [NSIM_TRANSFORMER_UP] = hidden,
        [NSIM_TRANSFORMER_LOGITS] = shape->vocab, [NSIM_TRANSFORMER_NORM] = dim,    [NSIM_TRANSFORMER_ATTENTION] = dim,
        [NSIM_TRANSFORMER_HIDDEN] = hidden,
    };
    uint64_t at = 0;
    for (unsigned i = 0; i < NSIM_TRANSFORMER_BUFFERS; i++) {
        const bool input = i >= NSIM_TRANSFORMER_NORM;
        const uint64_t bytes =
            input ? values[i] + values[i] / NSIM_TRANSFORMER_BLOCK * sizeof(float) : values[i] * sizeof(float);
        uint64_t rows = layout->pass_tokens;
        if (i == NSIM_TRANSFORMER_LOGITS)
            rows = options->batch;
        if (i == NSIM_TRANSFORMER_GATE || i == NSIM_TRANSFORMER_UP || i == NSIM_TRANSFORMER_HIDDEN)
            rows *= shape->experts_used;
        uint64_t row = 0;
        carve(&row, bytes);
        layout->buffer_row_bytes[i] = row;
        layout->buffer[i] = carve(&at, rows * row);
    }
    layout->activations_bytes = at;
}

/* Regions begin in frames of their own, with one between them. */
static uint64_t
place(uint64_t *at, uint64_t bytes)
{
    const uint64_t frame_bytes = UINT64_C(1) << NSIM_FRAME_SHIFT;
    const uint64_t address = *at;
    *at += (bytes + 2 * frame_bytes - 1) & ~(frame_bytes - 1);
    return address;
}

bool
nsim_transformer_layout_init(NsimTransformerLayout *layout, const char *path, const NsimTransformerOptions *options,
                             GError **error)
{
    const NsimTransformerShape *shape = &options->shape;
    *layout = (NsimTransformerLayout){.head_dim = shape->dim / shape->heads};
    layout->kv_dim = layout->head_dim * shape->kv_heads;
    const uint64_t prompts = (uint64_t)options->batch * options->prompt;
    layout->pass_tokens = MAX((uint32_t)MIN(options->pass, prompts), options->batch);
    lay_out_layer(layout, options);
    uint64_t at = shape->layers * layout->layer.bytes;
    layout->final_norm = carve(&at, shape->dim * sizeof(float));
    layout->classifier = carve_matrix(&at, shape->vocab, shape->dim, options->weight_bits);
    layout->weights_bytes = at;
    lay_out_activations(layout, options);
    layout->embedding_bytes = shape->vocab * row_bytes(shape->dim, options->weight_bits);
    layout->kv_head_bytes = row_bytes(layout->head_dim, options->kv_bits);
    layout->kv_row_bytes = layout->kv_head_bytes * shape->kv_heads;
    /* At most 2^10 layers, 2^10 sequences, 2^20 positions and 2^17 bytes: below 2^58. */
    layout->value_offset = (uint64_t)shape->layers * options->batch * shape->context * layout->kv_row_bytes;
    layout->kv_cache_bytes = 2 * layout->value_offset;
    layout->rope_bytes = (uint64_t)shape->context * layout->head_dim * sizeof(float);
    const uint64_t total = layout->embedding_bytes + layout->weights_bytes + layout->kv_cache_bytes +
                           layout->activations_bytes + layout->rope_bytes;
    if (total > NSIM_TRANSFORMER_BYTES_MAX) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT,
                    "%s: the model takes %" PRIu64 " bytes; the most is %" PRIu64, path, total,
                    NSIM_TRANSFORMER_BYTES_MAX);
        return false;
    }
    at = UINT64_C(1) << 45;
    layout->embedding = place(&at, layout->embedding_bytes);
    layout->weights = place(&at, layout->weights_bytes);
    layout->kv_cache = place(&at, layout->kv_cache_bytes);
    layout->activations = place(&at, layout->activations_bytes);
    layout->rope_table = place(&at, layout->rope_bytes);
    return true;
}
