/* SPDX-License-Identifier: MIT */
/*
 * A decoder-only transformer's forward passes as memory traffic.
 *
 * The steps, their shares for each thread, the barriers between them and the order of everything are those of
 * traces/kernels/llama/forward.c. Compute is the number of accesses that kernel makes, counted from its captures, times
 * the instructions an access of each kind of work (traces/kernels/llama/cost.h; docs/capture.md says how they were
 * measured). What reaches memory follows from a model of the caches by distance: what was last touched more bytes of
 * weights ago than a cache holds is gone from it. Weights and the cache of earlier positions are read once a pass;
 * activations are told apart by buffer, not by line: a write to one that is gone is a read for ownership, a dirty one
 * that goes, or that a thread at another cache reads, is written back.
 *
 * Left out: partial hits near a cache's size, the lines of scores and of the threads' picks, tensor or pipeline
 * parallelism, sampling, and whatever the kernel leaves out. Experts are chosen evenly, at random.
 */
#include <traces/generate-transformer-layout.h>

#include <sim/random.h>
#include <inttypes.h>

#define BLOCK NSIM_TRANSFORMER_BLOCK
#define INSTRUCTIONS_PER_S UINT64_C(9000000000) /* docs/capture.md: one core, its data in cache */
/* Tokens that share one reading of a weight row. */
#define TILE 4u
/* A run of fewer lines is one that stream detectors do not follow. */
#define PREFETCHABLE_LINES 4u

/* Instructions an access, in 1/256. */
enum {
    COST_OTHER = 407,
    COST_NORM = 667,
    COST_PRODUCT_ONE = 1228,
    COST_PRODUCT_BATCH = 1174,
    COST_ROPE = 407,
    COST_ATTENTION = 856,
    COST_SWIGLU = 2622,
    COST_PICK = 4095
};

/* What a step finds when it turns to a buffer. */
typedef enum {
    FOUND_HERE,  /* in the cache of whoever wrote it */
    FOUND_DIRTY, /* the same, and not in memory */
    FOUND_GONE   /* in memory only */
} Found;

typedef struct {
    bool used, dirty;
    uint64_t touched;    /* `streamed` at that time */
    uint32_t dirty_rows; /* as many as the largest batch since it was clean */
} BufferState;

/* The tokens that go through the model together: numbers in all prompts one after the other, or one a sequence. */
typedef struct {
    bool decode;
    uint64_t first;
    uint32_t count, position; /* position: of decode */
} Pass;

/* New rows of the key-value cache of a layer that memory has not got yet. */
typedef struct {
    bool waiting;
    Pass pass;
    uint64_t touched;
} Pending;

typedef struct {
    uint32_t first, end;
} Share;

typedef struct {
    const NsimTransformerOptions *options;
    NsimTransformerLayout layout;
    NsimTraceWriter *writer;
    uint64_t *owed;    /* compute of each thread since its last record, in 1/256 instruction */
    uint64_t streamed; /* bytes of weights that each cache has taken in */
    bool resident;     /* the whole model fits the caches */
    bool first_pass;
    BufferState buffers[NSIM_TRANSFORMER_BUFFERS];
    Pending *pending;       /* of each layer */
    uint32_t *expert_count; /* tokens of each expert in this layer and pass */
    uint32_t *expert_order;
    NsimRandom tokens, experts;
    uint64_t rope_touched;
    Pass pass;
    uint64_t layers_done;
    bool interrupted;
} Generator;

/* ---- Records ------------------------------------------------------------------------------------------------- */

/*
 * Lines that the bytes [from, to) touch, during which `cost` passes: the first line after what is owed, and the cost
 * of the last line owed after it.
 */
static void
put_bytes(Generator *generator, uint32_t thread, NsimOp op, uint64_t from, uint64_t to, uint64_t cost)
{
    uint64_t line = from / NSIM_LINE_BYTES, left = (to + NSIM_LINE_BYTES - 1) / NSIM_LINE_BYTES - line;
    uint64_t *owed = &generator->owed[thread];
    const uint64_t step = left == 0 ? 0 : MIN(cost / 16 / left, UINT16_MAX);
    const uint8_t flags = left >= PREFETCHABLE_LINES ? NSIM_BURST_PREFETCHABLE : 0;
    *owed += cost;
    bool first = true;
    while (left > 0) {
        const uint32_t count = (uint32_t)MIN(left, NSIM_TRACE_RUN_LINES_MAX);
        /* The cost was added in one: what passes inside the run does not come before it. */
        const uint64_t before = first ? *owed - cost : MIN(step * 16, *owed);
        const NsimRun run = {.line = line,
                             .count = count,
                             .gap = before / 256,
                             .step = (uint32_t)step,
                             .op = (uint8_t)op,
                             .flags = flags};
        nsim_trace_writer_run(generator->writer, thread, &run);
        *owed -= before / 256 * 256 + (count - 1) * step * 16;
        line += count;
        left -= count;
        first = false;
    }
}

static void
owe(Generator *generator, uint32_t thread, uint64_t accesses, uint64_t cost)
{
    generator->owed[thread] += accesses * cost;
}

static Share
share_of(const Generator *generator, uint32_t thread, uint64_t count)
{
    const uint64_t threads = generator->options->threads;
    return (Share){(uint32_t)(count * thread / threads), (uint32_t)(count * (thread + 1ul) / threads)};
}

/* Shares of matrix rows begin at multiples of a block. */
static Share
share_of_rows(const Generator *generator, uint32_t thread, uint32_t rows)
{
    const Share blocks = share_of(generator, thread, rows / BLOCK);
    return (Share){blocks.first * BLOCK, blocks.end * BLOCK};
}

/* Whose share `item` of `count` is. */
static uint32_t
owner_of(const Generator *generator, uint64_t item, uint64_t count)
{
    const uint64_t threads = generator->options->threads;
    return (uint32_t)(((item + 1) * threads - 1) / count);
}

static uint32_t
cache_of(const Generator *generator, uint32_t thread)
{
    return (uint32_t)((uint64_t)thread * generator->options->caches / generator->options->threads);
}

/* The first thread at a cache. */
static uint32_t
first_thread(const Generator *generator, uint32_t cache)
{
    const uint64_t threads = generator->options->threads, caches = generator->options->caches;
    return (uint32_t)((cache * threads + caches - 1) / caches);
}

/* All threads wait; `bytes` of weights went by, through all caches together. */
static void
end_step(Generator *generator)
{
    for (uint32_t thread = 0; thread < generator->options->threads; thread++) {
        owe(generator, thread, 7, COST_OTHER / 2); /* 3.5 accesses a barrier */
        nsim_trace_writer_barrier(generator->writer, thread, 0, generator->owed[thread] / 256);
        generator->owed[thread] %= 256;
    }
}

static void
stream_bytes(Generator *generator, uint64_t bytes)
{
    generator->streamed += bytes / generator->options->caches;
}

static bool
is_gone(const Generator *generator, uint64_t touched)
{
    return !generator->resident && generator->streamed - touched > generator->options->cache_bytes;
}

/* Do weights come from memory? */
static bool
reads_weights(const Generator *generator)
{
    return generator->first_pass || !generator->resident;
}

/* ---- Activations --------------------------------------------------------------------------------------------- */

/* Dirty rows of a buffer that went out of the caches: every thread wrote back a part. */
static void
write_back(Generator *generator, NsimTransformerBuffer buffer)
{
    BufferState *state = &generator->buffers[buffer];
    const uint64_t lines = state->dirty_rows * generator->layout.buffer_row_bytes[buffer] / NSIM_LINE_BYTES;
    const uint64_t address = generator->layout.activations + generator->layout.buffer[buffer];
    for (uint32_t thread = 0; state->dirty && thread < generator->options->threads; thread++) {
        const Share share = share_of(generator, thread, lines);
        put_bytes(generator, thread, NSIM_OP_WRITE, address + share.first * NSIM_LINE_BYTES,
                  address + share.end * NSIM_LINE_BYTES, 0);
    }
    state->dirty = false;
    state->dirty_rows = 0;
}

static Found
find(Generator *generator, NsimTransformerBuffer buffer)
{
    BufferState *state = &generator->buffers[buffer];
    if (state->used && !is_gone(generator, state->touched))
        return state->dirty ? FOUND_DIRTY : FOUND_HERE;
    write_back(generator, buffer);
    return FOUND_GONE;
}

static void
touch(Generator *generator, NsimTransformerBuffer buffer)
{
    generator->buffers[buffer].touched = generator->streamed;
    generator->buffers[buffer].used = true;
}

static void
touch_dirty(Generator *generator, NsimTransformerBuffer buffer, uint32_t rows)
{
    BufferState *state = &generator->buffers[buffer];
    touch(generator, buffer);
    state->dirty = true;
    state->dirty_rows = MAX(state->dirty_rows, rows);
}

/* Part `first` to `end` of `whole` of a row; rows begin on lines, so parts meet without overlap. */
static void
put_part(Generator *generator, uint32_t thread, NsimOp op, NsimTransformerBuffer buffer, uint32_t row, uint64_t first,
         uint64_t end, uint64_t whole)
{
    const uint64_t row_lines = generator->layout.buffer_row_bytes[buffer] / NSIM_LINE_BYTES;
    const uint64_t address =
        generator->layout.activations + generator->layout.buffer[buffer] + row * row_lines * NSIM_LINE_BYTES;
    put_bytes(generator, thread, op, address + row_lines * first / whole * NSIM_LINE_BYTES,
              address + row_lines * end / whole * NSIM_LINE_BYTES, 0);
}

static void
put_row(Generator *generator, uint32_t thread, NsimOp op, NsimTransformerBuffer buffer, uint32_t row)
{
    put_part(generator, thread, op, buffer, row, 0, 1, 1);
}

/*
 * A row whose parts were written at all caches is read by `thread`: those at others are written back.
 */
static void
hand_over_row(Generator *generator, uint32_t thread, NsimTransformerBuffer buffer, uint32_t row)
{
    const uint32_t caches = generator->options->caches, own = cache_of(generator, thread);
    put_part(generator, thread, NSIM_OP_WRITE, buffer, row, 0, own, caches);
    put_part(generator, thread, NSIM_OP_WRITE, buffer, row, own + 1, caches, caches);
}

/* Every thread reads all of the first `rows` rows, the inputs of a product. */
static void
read_inputs(Generator *generator, NsimTransformerBuffer buffer, uint32_t rows)
{
    const uint32_t caches = generator->options->caches;
    const Found found = find(generator, buffer);
    if (found == FOUND_GONE) {
        for (uint32_t row = 0; row < rows; row++)
            put_row(generator, owner_of(generator, row, rows), NSIM_OP_READ, buffer, row);
    } else if (found == FOUND_DIRTY && caches > 1) {
        for (uint32_t row = 0; row < rows; row++) {
            for (uint32_t cache = 0; cache < caches; cache++)
                put_part(generator, first_thread(generator, (cache + 1) % caches), NSIM_OP_WRITE, buffer, row, cache,
                         cache + 1, caches);
        }
        generator->buffers[buffer].dirty = false;
        generator->buffers[buffer].dirty_rows = 0;
    }
    touch(generator, buffer);
}

/*
 * Rows that threads wrote in parts are read whole, each by its token's owner. With one token the parts are read by who
 * wrote them, unless `whole`.
 */
static void
read_rows(Generator *generator, NsimTransformerBuffer buffer, uint32_t rows, bool whole)
{
    const Found found = find(generator, buffer);
    for (uint32_t row = 0; row < rows; row++) {
        const uint32_t thread = owner_of(generator, row, rows);
        if (found == FOUND_GONE)
            put_row(generator, thread, NSIM_OP_READ, buffer, row);
        else if (found == FOUND_DIRTY && (whole || rows > 1))
            hand_over_row(generator, thread, buffer, row);
    }
    touch(generator, buffer);
}

/* ---- Steps --------------------------------------------------------------------------------------------------- */

static void
embed(Generator *generator)
{
    const NsimTransformerShape *shape = &generator->options->shape;
    const NsimTransformerLayout *layout = &generator->layout;
    const uint64_t row_bytes = layout->embedding_bytes / shape->vocab;
    const uint32_t count = generator->pass.count;
    const Found found = find(generator, NSIM_TRANSFORMER_STREAM);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t thread = owner_of(generator, i, count);
        const uint64_t from = layout->embedding + nsim_random_below(&generator->tokens, shape->vocab) * row_bytes;
        put_bytes(generator, thread, NSIM_OP_READ, from, from + row_bytes,
                  (2 * shape->dim + shape->dim / BLOCK) * (uint64_t)COST_OTHER);
        if (found == FOUND_GONE)
            put_row(generator, thread, NSIM_OP_RFO, NSIM_TRANSFORMER_STREAM, i);
    }
    touch_dirty(generator, NSIM_TRANSFORMER_STREAM, count);
    end_step(generator);
}

/*
 * RMSNorm of every token of the pass, with its `weight` in the region of the weights. `in_parts`: all threads wrote
 * parts of each token's row, and not its owner.
 */
static void
norm_rows(Generator *generator, uint64_t weight, bool in_parts)
{
    const uint32_t count = generator->pass.count, dim = generator->options->shape.dim;
    const uint64_t from = generator->layout.weights + weight;
    if (reads_weights(generator))
        put_bytes(generator, owner_of(generator, 0, count), NSIM_OP_READ, from, from + dim * sizeof(float), 0);
    if (in_parts)
        read_rows(generator, NSIM_TRANSFORMER_STREAM, count, true);
    const Found found = find(generator, NSIM_TRANSFORMER_NORM);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t thread = owner_of(generator, i, count);
        owe(generator, thread, 195ul * (dim / BLOCK) + 3, COST_NORM);
        if (found == FOUND_GONE)
            put_row(generator, thread, NSIM_OP_RFO, NSIM_TRANSFORMER_NORM, i);
    }
    touch_dirty(generator, NSIM_TRANSFORMER_NORM, count);
}

/* Rows one by one: each is read for the first tile of tokens, and stays for the others. */
static void
product_rows(Generator *generator, uint32_t thread, uint64_t address, const NsimTransformerMatrix *matrix, Share rows,
             uint32_t count, bool add)
{
    const uint64_t blocks = matrix->columns / BLOCK;
    const uint64_t tile = (2 + 2 * TILE) * blocks, one = 4 * blocks;
    const uint64_t all = count / TILE * tile + count % TILE * one + count * (add ? 2ul : 1ul) + 2;
    const uint64_t fetch = count >= TILE ? tile : one;
    uint64_t read_to = 0;
    for (uint32_t row = rows.first; row < rows.end; row++) {
        const uint64_t from = MAX(address + row * matrix->row_bytes, read_to);
        const uint64_t to = address + (row + 1) * matrix->row_bytes;
        if (reads_weights(generator)) {
            put_bytes(generator, thread, NSIM_OP_READ, from, to, fetch * COST_PRODUCT_BATCH);
            owe(generator, thread, all - fetch, COST_PRODUCT_BATCH);
        } else {
            owe(generator, thread, all, COST_PRODUCT_BATCH);
        }
        read_to = (to + NSIM_LINE_BYTES - 1) / NSIM_LINE_BYTES * NSIM_LINE_BYTES;
    }
}

/* Every thread's rows of the matrix at `offset` in the weights, times `count` vectors, into `out` or added to it. */
static void
product(Generator *generator, uint64_t offset, const NsimTransformerMatrix *matrix, uint32_t count,
        NsimTransformerBuffer out, bool add)
{
    const uint64_t address = generator->layout.weights + offset;
    const uint64_t blocks = matrix->columns / BLOCK, bytes = matrix->rows * matrix->row_bytes;
    const Found found = find(generator, out);
    for (uint32_t thread = 0; thread < generator->options->threads; thread++) {
        const Share rows = share_of_rows(generator, thread, matrix->rows);
        const uint64_t row_count = rows.end - rows.first;
        if (count > 1) {
            product_rows(generator, thread, address, matrix, rows, count, add);
        } else {
            const uint64_t cost = ((4 * blocks + (add ? 2 : 1)) * row_count + 5) * COST_PRODUCT_ONE;
            if (reads_weights(generator))
                put_bytes(generator, thread, NSIM_OP_READ, address + rows.first * matrix->row_bytes,
                          address + rows.end * matrix->row_bytes, cost);
            else
                generator->owed[thread] += cost;
        }
        for (uint32_t i = 0; found == FOUND_GONE && i < count; i++)
            put_part(generator, thread, add ? NSIM_OP_READ : NSIM_OP_RFO, out, i, rows.first, rows.end, matrix->rows);
    }
    /* Results are stored all along the step: its middle is their time. */
    stream_bytes(generator, bytes / 2);
    touch_dirty(generator, out, count);
    stream_bytes(generator, bytes - bytes / 2);
}

/* ---- The key-value cache ------------------------------------------------------------------------------------- */

static uint32_t
sequence_of(const Generator *generator, const Pass *pass, uint32_t i)
{
    return pass->decode ? i : (uint32_t)((pass->first + i) / generator->options->prompt);
}

static uint32_t
position_of(const Generator *generator, const Pass *pass, uint32_t i)
{
    return pass->decode ? pass->position : (uint32_t)((pass->first + i) % generator->options->prompt);
}

/* The keys (or values, half 1) of one head at one position. A line shared with the head before is the head before's. */
static void
put_kv_head(Generator *generator, uint32_t thread, NsimOp op, uint32_t layer, uint32_t sequence, uint32_t position,
            uint32_t head, uint32_t half, uint64_t cost)
{
    const NsimTransformerOptions *options = generator->options;
    const NsimTransformerLayout *layout = &generator->layout;
    const uint64_t row = ((uint64_t)layer * options->batch + sequence) * options->shape.context + position;
    const uint64_t from =
        layout->kv_cache + half * layout->value_offset + row * layout->kv_row_bytes + head * layout->kv_head_bytes;
    const uint64_t to = from + layout->kv_head_bytes;
    const uint64_t own = (position > 0 || head > 0) && from % NSIM_LINE_BYTES > 0
                             ? (from / NSIM_LINE_BYTES + 1) * NSIM_LINE_BYTES
                             : from;
    if (own < to)
        put_bytes(generator, thread, op, own, to, cost);
    else
        generator->owed[thread] += cost;
}

/* All that a pass put into the cache of a layer, item by item as it was written. */
static void
put_new_rows(Generator *generator, const Pass *pass, uint32_t layer, NsimOp op, uint64_t cost)
{
    const uint32_t heads = generator->options->shape.kv_heads;
    const uint64_t count = (uint64_t)pass->count * heads;
    for (uint32_t thread = 0; thread < generator->options->threads; thread++) {
        const Share items = share_of(generator, thread, count);
        for (uint32_t item = items.first; item < items.end; item++) {
            const uint32_t i = item / heads;
            for (uint32_t half = 0; half < 2; half++)
                put_kv_head(generator, thread, op, layer, sequence_of(generator, pass, i),
                            position_of(generator, pass, i), item % heads, half, cost);
        }
    }
}

/* Rows of earlier passes that have left the caches by now are written back. */
static void
flush_rows(Generator *generator)
{
    for (uint32_t layer = 0; layer < generator->options->shape.layers; layer++) {
        Pending *pending = &generator->pending[layer];
        if (!pending->waiting || !is_gone(generator, pending->touched))
            continue;
        put_new_rows(generator, &pending->pass, layer, NSIM_OP_WRITE, 0);
        pending->waiting = false;
    }
}

/* Rotate the new keys and put keys and values into the cache. */
static void
rope_keys(Generator *generator, uint32_t layer)
{
    const NsimTransformerLayout *layout = &generator->layout;
    const Pass *pass = &generator->pass;
    const bool table_gone = layer == 0 || is_gone(generator, generator->rope_touched);
    const uint64_t angle_bytes = layout->head_dim * sizeof(float);
    read_rows(generator, NSIM_TRANSFORMER_KEY, pass->count, false);
    read_rows(generator, NSIM_TRANSFORMER_VALUE, pass->count, false);
    flush_rows(generator);
    for (uint32_t i = 0; table_gone && i < pass->count; i++) {
        const uint64_t from = layout->rope_table + position_of(generator, pass, i) * angle_bytes;
        const bool known = i > 0 && position_of(generator, pass, i) == position_of(generator, pass, i - 1);
        if (!known)
            put_bytes(generator, owner_of(generator, i, pass->count), NSIM_OP_READ, from, from + angle_bytes, 0);
    }
    generator->rope_touched = generator->streamed;
    put_new_rows(generator, pass, layer, NSIM_OP_RFO, (7ul * layout->head_dim + 3) / 2 * COST_ROPE);
    generator->pending[layer] =
        (Pending){.waiting = !generator->resident, .pass = *pass, .touched = generator->streamed};
    end_step(generator);
}

/*
 * One head of one token. Whoever is first with a sequence and a head of the cache in a pass reads the positions of
 * earlier passes from memory: all keys, then all values.
 */
static void
attend(Generator *generator, uint32_t thread, uint32_t layer, uint32_t i, uint32_t head)
{
    const NsimTransformerShape *shape = &generator->options->shape;
    const Pass *pass = &generator->pass;
    const uint32_t group = shape->heads / shape->kv_heads, position = position_of(generator, pass, i);
    const uint32_t sequence = sequence_of(generator, pass, i);
    const uint64_t head_dim = generator->layout.head_dim;
    const uint64_t cost_fixed = (7 * head_dim + 7) * COST_ATTENTION;
    const uint64_t cost_position = (9 + head_dim * 5 / 8) * COST_ATTENTION;
    const bool first = head % group == 0 && (i == 0 || sequence_of(generator, pass, i - 1) != sequence);
    const uint32_t old = first && !generator->resident ? position : 0;
    for (uint32_t half = 0; half < 2; half++) {
        for (uint32_t p = 0; p < old; p++)
            put_kv_head(generator, thread, NSIM_OP_READ, layer, sequence, p, head / group, half, cost_position / 2);
    }
    generator->owed[thread] += cost_fixed + (position + 1ul - old) * cost_position;
}

static void
attention(Generator *generator, uint32_t layer)
{
    const uint32_t heads = generator->options->shape.heads, count = generator->pass.count;
    read_rows(generator, NSIM_TRANSFORMER_QUERY, count, false);
    const Found found = find(generator, NSIM_TRANSFORMER_ATTENTION);
    for (uint32_t thread = 0; thread < generator->options->threads; thread++) {
        const Share items = share_of(generator, thread, (uint64_t)count * heads);
        for (uint32_t item = items.first; item < items.end; item++) {
            attend(generator, thread, layer, item / heads, item % heads);
            if (found == FOUND_GONE)
                put_part(generator, thread, NSIM_OP_RFO, NSIM_TRANSFORMER_ATTENTION, item / heads, item % heads,
                         item % heads + 1, heads);
        }
    }
    touch_dirty(generator, NSIM_TRANSFORMER_ATTENTION, count);
    end_step(generator);
}

/* ---- The feed-forward part ----------------------------------------------------------------------------------- */

/* Tokens of each expert: those that a token uses are different from each other. */
static void
choose_experts(Generator *generator)
{
    const NsimTransformerShape *shape = &generator->options->shape;
    uint32_t *order = generator->expert_order;
    for (uint32_t expert = 0; expert < shape->experts; expert++)
        generator->expert_count[expert] = shape->experts == 1 ? generator->pass.count : 0;
    for (uint32_t i = 0; shape->experts > 1 && i < generator->pass.count; i++) {
        for (uint32_t k = 0; k < shape->experts_used; k++) {
            const uint32_t at = k + (uint32_t)nsim_random_below(&generator->experts, shape->experts - k);
            const uint32_t expert = order[at];
            order[at] = order[k];
            order[k] = expert;
            generator->expert_count[expert]++;
        }
    }
}

/* The router: a small matrix of floats, read by the first and used by all who have tokens. */
static void
route(Generator *generator, uint64_t offset)
{
    const NsimTransformerShape *shape = &generator->options->shape;
    const uint32_t count = generator->pass.count;
    if (shape->experts == 1)
        return;
    const uint64_t from = generator->layout.weights + offset;
    const uint64_t values = (uint64_t)shape->experts * shape->dim;
    if (reads_weights(generator))
        put_bytes(generator, owner_of(generator, 0, count), NSIM_OP_READ, from, from + values * sizeof(float), 0);
    for (uint32_t i = 0; i < count; i++)
        owe(generator, owner_of(generator, i, count), values / 4, COST_PRODUCT_ONE);
}

static void
feed_forward(Generator *generator, uint64_t base)
{
    const NsimTransformerShape *shape = &generator->options->shape;
    const NsimTransformerLayer *layer = &generator->layout.layer;
    norm_rows(generator, base + layer->ffn_norm, true);
    route(generator, base + layer->router);
    choose_experts(generator);
    end_step(generator);

    const uint32_t rows = generator->pass.count * shape->experts_used;
    read_inputs(generator, NSIM_TRANSFORMER_NORM, generator->pass.count);
    for (uint32_t expert = 0; expert < shape->experts; expert++) {
        const uint32_t count = generator->expert_count[expert];
        const uint64_t at = base + expert * layer->expert_bytes;
        if (count == 0)
            continue;
        product(generator, at + layer->gate.address, &layer->gate, count, NSIM_TRANSFORMER_GATE, false);
        product(generator, at + layer->up.address, &layer->up, count, NSIM_TRANSFORMER_UP, false);
    }
    const Found found = find(generator, NSIM_TRANSFORMER_HIDDEN);
    for (uint32_t thread = 0; thread < generator->options->threads; thread++) {
        const Share share = share_of_rows(generator, thread, shape->hidden);
        owe(generator, thread, (165ul * (share.end - share.first) / BLOCK + 3) * rows, COST_SWIGLU);
        for (uint32_t row = 0; found == FOUND_GONE && row < rows; row++)
            put_part(generator, thread, NSIM_OP_RFO, NSIM_TRANSFORMER_HIDDEN, row, share.first, share.end,
                     shape->hidden);
    }
    touch_dirty(generator, NSIM_TRANSFORMER_HIDDEN, rows);
    end_step(generator);

    read_inputs(generator, NSIM_TRANSFORMER_HIDDEN, rows);
    for (uint32_t expert = 0; expert < shape->experts; expert++) {
        if (generator->expert_count[expert] > 0)
            product(generator, base + expert * layer->expert_bytes + layer->down.address, &layer->down,
                    generator->expert_count[expert], NSIM_TRANSFORMER_STREAM, true);
    }
    end_step(generator);
}

/* ---- A pass -------------------------------------------------------------------------------------------------- */

static void
layer_forward(Generator *generator, uint32_t index)
{
    const NsimTransformerLayer *layer = &generator->layout.layer;
    const uint64_t base = index * layer->bytes;
    const uint32_t count = generator->pass.count;
    norm_rows(generator, base + layer->attention_norm, index > 0);
    end_step(generator);

    read_inputs(generator, NSIM_TRANSFORMER_NORM, count);
    product(generator, base + layer->query.address, &layer->query, count, NSIM_TRANSFORMER_QUERY, false);
    product(generator, base + layer->key.address, &layer->key, count, NSIM_TRANSFORMER_KEY, false);
    product(generator, base + layer->value.address, &layer->value, count, NSIM_TRANSFORMER_VALUE, false);
    end_step(generator);

    rope_keys(generator, index);
    attention(generator, index);

    read_inputs(generator, NSIM_TRANSFORMER_ATTENTION, count);
    if (index == 0) /* the embedding wrote whole rows; from here on everybody has a part of each */
        read_rows(generator, NSIM_TRANSFORMER_STREAM, count, true);
    product(generator, base + layer->output.address, &layer->output, count, NSIM_TRANSFORMER_STREAM, true);
    end_step(generator);

    feed_forward(generator, base);
}

/* Logits and the best of them for `count` tokens. */
static void
classify(Generator *generator, uint32_t count)
{
    const NsimTransformerLayout *layout = &generator->layout;
    norm_rows(generator, layout->final_norm, true);
    end_step(generator);

    read_inputs(generator, NSIM_TRANSFORMER_NORM, generator->pass.count);
    product(generator, layout->classifier.address, &layout->classifier, count, NSIM_TRANSFORMER_LOGITS, false);
    for (uint32_t thread = 0; thread < generator->options->threads; thread++) {
        const Share rows = share_of_rows(generator, thread, generator->options->shape.vocab);
        owe(generator, thread, (rows.end - rows.first + 6ul) * count, COST_PICK);
    }
    flush_rows(generator);
    for (unsigned i = 0; i < NSIM_TRANSFORMER_BUFFERS; i++) {
        if (is_gone(generator, generator->buffers[i].touched))
            write_back(generator, (NsimTransformerBuffer)i);
    }
    end_step(generator);
}

static uint64_t
prompt_passes(const NsimTransformerOptions *options)
{
    return ((uint64_t)options->batch * options->prompt + options->pass - 1) / options->pass;
}

/* Before a layer: is there a reason to stop? */
static bool
goes_on(Generator *generator)
{
    const NsimTransformerOptions *options = generator->options;
    const uint64_t total = (prompt_passes(options) + options->tokens) * options->shape.layers;
    if (options->tick && !generator->interrupted)
        generator->interrupted = !options->tick(generator->layers_done, total, options->tick_data);
    return !generator->interrupted && !nsim_trace_writer_failed(generator->writer);
}

static void
forward(Generator *generator, const Pass *pass)
{
    const uint32_t prompt = generator->options->prompt;
    generator->pass = *pass;
    embed(generator);
    for (uint32_t layer = 0; layer < generator->options->shape.layers; layer++) {
        if (!goes_on(generator))
            return;
        layer_forward(generator, layer);
        generator->layers_done++;
    }
    /* Of prompts, only the last token of each has a successor to find. */
    const uint64_t ended = (pass->first + pass->count) / prompt - pass->first / prompt;
    const uint32_t count = pass->decode ? pass->count : (uint32_t)ended;
    if (count > 0)
        classify(generator, count);
    generator->first_pass = false;
}

static void
run(Generator *generator)
{
    const NsimTransformerOptions *options = generator->options;
    const uint32_t prompt = nsim_trace_writer_add_mark(generator->writer, "prompt");
    const uint32_t token = nsim_trace_writer_add_mark(generator->writer, "token");
    const uint32_t end = nsim_trace_writer_add_mark(generator->writer, "end");
    const uint64_t prompts = (uint64_t)options->batch * options->prompt;
    nsim_trace_writer_mark(generator->writer, 0, prompt, 0);
    for (uint64_t done = 0; done < prompts && goes_on(generator); done += options->pass) {
        const Pass pass = {.first = done, .count = (uint32_t)MIN(prompts - done, options->pass)};
        forward(generator, &pass);
    }
    for (uint32_t step = 0; step < options->tokens && goes_on(generator); step++) {
        const Pass pass = {.decode = true, .count = options->batch, .position = options->prompt + step};
        nsim_trace_writer_mark(generator->writer, 0, token, generator->owed[0] / 256);
        generator->owed[0] %= 256;
        forward(generator, &pass);
    }
    nsim_trace_writer_mark(generator->writer, 0, end, generator->owed[0] / 256);
}

/* ---- Set-up -------------------------------------------------------------------------------------------------- */

static NsimTraceWriter *
open_writer(const char *path, const NsimTransformerOptions *options, GError **error)
{
    const NsimTransformerShape *shape = &options->shape;
    g_autofree char *program =
        g_strdup_printf("transformer %s: %" PRIu32 " bits a weight, %" PRIu32 " threads, %" PRIu32
                        " sequences, prompt of %" PRIu32 " tokens, %" PRIu32 " decode steps",
                        shape->name != NULL ? shape->name : "of a given shape", options->weight_bits, options->threads,
                        options->batch, options->prompt, options->tokens);
    g_autofree char *capture = g_strdup_printf(
        "generate transformer layers=%" PRIu32 " dim=%" PRIu32 " hidden=%" PRIu32 " heads=%" PRIu32 " kv_heads=%" PRIu32
        " vocab=%" PRIu32 " context=%" PRIu32 " experts=%" PRIu32 " experts_used=%" PRIu32 " weight_bits=%" PRIu32
        " kv_bits=%" PRIu32 " pass=%" PRIu32 " seed=%" PRIu64,
        shape->layers, shape->dim, shape->hidden, shape->heads, shape->kv_heads, shape->vocab, shape->context,
        shape->experts, shape->experts_used, options->weight_bits, options->kv_bits, options->pass, options->seed);
    g_autofree char *filter =
        g_strdup_printf("%" PRIu32 " x llc %" PRIu64 "KiB, modelled by reuse distance, write-back", options->caches,
                        options->cache_bytes / 1024);
    const NsimTraceWriterOptions writer_options = {.gap_unit = NSIM_GAP_INSTRUCTIONS,
                                                   .gap_per_s = INSTRUCTIONS_PER_S,
                                                   .program = program,
                                                   .capture = capture,
                                                   .filter = filter,
                                                   .filtered = true,
                                                   .level = options->level};
    return nsim_trace_writer_new(path, &writer_options, error);
}

static void
init_generator(Generator *generator)
{
    const NsimTransformerOptions *options = generator->options;
    const NsimTransformerLayout *layout = &generator->layout;
    const uint64_t kv_used = layout->kv_cache_bytes / options->shape.context * (options->prompt + options->tokens);
    generator->owed = g_new0(uint64_t, options->threads);
    generator->pending = g_new0(Pending, options->shape.layers);
    generator->expert_count = g_new0(uint32_t, options->shape.experts);
    generator->expert_order = g_new0(uint32_t, options->shape.experts);
    for (uint32_t i = 0; i < options->shape.experts; i++)
        generator->expert_order[i] = i;
    generator->first_pass = true;
    generator->resident =
        (layout->weights_bytes + kv_used + layout->activations_bytes) / options->caches <= options->cache_bytes;
    nsim_random_init(&generator->tokens, options->seed, "tokens");
    nsim_random_init(&generator->experts, options->seed, "experts");
    for (uint32_t i = 0; i < options->threads; i++) {
        g_autofree char *name = g_strdup_printf("worker %" PRIu32, i);
        nsim_trace_writer_add_thread(generator->writer, name);
    }
    nsim_trace_writer_add_barrier(generator->writer, options->threads);
    nsim_trace_writer_add_region(generator->writer, "embedding", layout->embedding, layout->embedding_bytes);
    nsim_trace_writer_add_region(generator->writer, "weights", layout->weights, layout->weights_bytes);
    nsim_trace_writer_add_region(generator->writer, "kv-cache", layout->kv_cache, layout->kv_cache_bytes);
    nsim_trace_writer_add_region(generator->writer, "activations", layout->activations, layout->activations_bytes);
    nsim_trace_writer_add_region(generator->writer, "rope-table", layout->rope_table, layout->rope_bytes);
}

bool
nsim_trace_generate_transformer(const char *path, const NsimTransformerOptions *options, GError **error)
{
    g_return_val_if_fail(path != NULL && options != NULL, false);
    Generator generator = {.options = options};
    if (!nsim_transformer_check(path, options, error) ||
        !nsim_transformer_layout_init(&generator.layout, path, options, error))
        return false;
    generator.writer = open_writer(path, options, error);
    if (generator.writer == NULL)
        return false;
    init_generator(&generator);
    run(&generator);
    g_free(generator.owed);
    g_free(generator.pending);
    g_free(generator.expert_count);
    g_free(generator.expert_order);
    if (!generator.interrupted)
        return nsim_trace_writer_close(generator.writer, error);
    nsim_trace_writer_abandon(generator.writer);
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "%s: interrupted", path);
    return false;
}
