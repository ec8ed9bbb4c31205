/* SPDX-License-Identifier: MIT */
/*
 * Embedding reduction: for each query a bag of rows of an embedding table is added up, as recommendation models do.
 *
 * Source: the baseline of Lee et al., "MERCI: Efficient Embedding Reduction on Commodity Hardware via Sub-Query
 * Memoization" (ASPLOS 2021): dimension 64 in float, 50 to 100 rows a query, popular rows by a Zipf distribution.
 * Queries are drawn, not those of a data set. In GPU order a block has eight queries and adds eight rows of one in a
 * step. Left out: memoization, and the layers of the model before and after.
 */
#include <traces/kernels/common/gpu.h>
#include <traces/kernels/common/random.h>
#include <traces/kernels/common/zipf.h>

enum { ROWS, QUERIES };

#define DIM 64u
#define VECTORS (DIM / 8)
#define LEAST_ROWS 50u
#define MOST_ROWS 100u
#define BLOCK_QUERIES 8u
#define STEP_ROWS 8u

typedef float Vector __attribute__((vector_size(32)));

typedef struct {
    Vector *table;     /* row x VECTORS */
    uint64_t *offsets; /* query: where its rows begin in indices */
    uint32_t *indices;
    Vector *sums; /* query x VECTORS */
} Embedding;

static uint64_t
query_count(const KernelRun *run)
{
    return run->values[QUERIES] << 10;
}

static void
prepare(KernelRun *run)
{
    Embedding *embedding = run->state = kernel_alloc(1, sizeof *embedding);
    const uint64_t rows = run->values[ROWS] << 10, queries = query_count(run);
    Zipf zipf;
    embedding->table = kernel_map("embedding-table", rows * DIM * sizeof(float));
    embedding->offsets = kernel_map("embedding-offsets", (queries + 1) * sizeof *embedding->offsets);
    for (uint64_t i = 0; i < queries; i++)
        embedding->offsets[i + 1] =
            embedding->offsets[i] + LEAST_ROWS + random_below(run->seed + 1, i, MOST_ROWS - LEAST_ROWS + 1);
    const uint64_t indices = embedding->offsets[queries];
    embedding->indices = kernel_map("embedding-indices", indices * sizeof *embedding->indices);
    embedding->sums = kernel_map("embedding-sums", queries * DIM * sizeof(float));
    /* Multiples of 1/256 between -1 and 1: their sums are exact in any order. */
    float *table = (float *)(void *)embedding->table;
    for (uint64_t i = 0; i < rows * DIM; i++)
        table[i] = (float)((int)(random_at(run->seed + 2, i) & 511) - 256) / 256;
    zipf_init(&zipf, rows);
    for (uint64_t i = 0; i < indices; i++)
        embedding->indices[i] = (uint32_t)zipf_scatter(zipf_rank(&zipf, random_unit(run->seed + 3, i)), rows);
    zipf_clear(&zipf);
}

/* sums += rows [first, end) of the indices; the sums stay in registers meanwhile. */
static void
add_rows(const Embedding *embedding, uint64_t first, uint64_t end, Vector *sums)
{
    Vector s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    Vector s4 = sums[4], s5 = sums[5], s6 = sums[6], s7 = sums[7];
    for (uint64_t at = first; at < end; at++) {
        const Vector *row = embedding->table + (uint64_t)embedding->indices[at] * VECTORS;
        s0 += row[0];
        s1 += row[1];
        s2 += row[2];
        s3 += row[3];
        s4 += row[4];
        s5 += row[5];
        s6 += row[6];
        s7 += row[7];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    sums[4] = s4;
    sums[5] = s5;
    sums[6] = s6;
    sums[7] = s7;
}

static void
work(KernelRun *run, uint32_t thread)
{
    const Embedding *embedding = run->state;
    const KernelShare share = kernel_share(run, thread, query_count(run));
    kernel_mark(thread, "queries");
    for (uint64_t query = share.first; query < share.end; query++) {
        Vector sums[VECTORS] = {0};
        add_rows(embedding, embedding->offsets[query], embedding->offsets[query + 1], sums);
        memcpy(embedding->sums + query * VECTORS, sums, sizeof sums);
    }
}

/* ---- GPU order ----------------------------------------------------------------------------------------------- */

/* What a block keeps on the chip: how far each query is, and its sums. */
typedef struct {
    Vector sums[BLOCK_QUERIES][VECTORS];
    uint32_t done[BLOCK_QUERIES], query;
} OnChip;

/* The queries of a block take turns, a warp each. */
static bool
step_rows(void *context, const GpuBlock *block)
{
    const KernelRun *run = context;
    const Embedding *embedding = run->state;
    OnChip *chip = block->on_chip;
    const uint64_t first = block->id * BLOCK_QUERIES, left = query_count(run) - first;
    const uint32_t queries = left < BLOCK_QUERIES ? (uint32_t)left : BLOCK_QUERIES;
    for (uint32_t tried = 0; tried < queries; tried++) {
        const uint32_t slot = chip->query++ % queries;
        const uint64_t at = embedding->offsets[first + slot] + chip->done[slot];
        const uint64_t end = embedding->offsets[first + slot + 1];
        if (at >= end)
            continue;
        const uint64_t next = at + STEP_ROWS < end ? at + STEP_ROWS : end;
        add_rows(embedding, at, next, chip->sums[slot]);
        chip->done[slot] += STEP_ROWS;
        if (next == end)
            memcpy(embedding->sums + (first + slot) * VECTORS, chip->sums[slot], sizeof chip->sums[slot]);
        return true;
    }
    return false;
}

static void
gpu_work(KernelRun *run, uint32_t processor)
{
    gpu_launch(run, processor,
               &(GpuLaunch){.mark = "kernel:embedding-sum",
                            .block_count = (query_count(run) + BLOCK_QUERIES - 1) / BLOCK_QUERIES,
                            .on_chip_bytes = sizeof(OnChip),
                            .step = step_rows,
                            .context = run});
}

/* ---- Check ---------------------------------------------------------------------------------------------------- */

/* The plain loop: element by element, in double. */
static bool
check(KernelRun *run)
{
    const Embedding *embedding = run->state;
    const float *table = (const float *)(const void *)embedding->table;
    const float *sums = (const float *)(const void *)embedding->sums;
    uint64_t sum = 0;
    for (uint64_t query = 0; query < query_count(run); query++) {
        for (uint32_t k = 0; k < DIM; k++) {
            double want = 0;
            for (uint64_t at = embedding->offsets[query]; at < embedding->offsets[query + 1]; at++)
                want += (double)table[(uint64_t)embedding->indices[at] * DIM + k];
            const double got = (double)sums[query * DIM + k];
            if (got != want)
                return kernel_wrong("query %llu, element %u is %g: want %g", (unsigned long long)query, k, got, want);
            sum = checksum_add(sum, (uint64_t)(int64_t)(got * 256));
        }
    }
    run->checksum = sum;
    return true;
}

const Kernel embedding_kernel = {
    .name = "embedding",
    .summary = "reduction of bags of embedding rows, as MERCI's baseline",
    .options = {{"rows", "of the table, in 1024", 4, 1, 1u << 16},
                {"queries", "number of bags, in 1024", 1, 1, 1u << 16}},
    .instructions_256ths = 843,
    .gpu_instructions_256ths = 18,
    .instructions_per_s = 4500000000,
    .prepare = prepare,
    .work = work,
    .gpu_work = gpu_work,
    .check = check,
};
