/* SPDX-License-Identifier: MIT */
/*
 * Dense matrix product in float, C = A B, blocked for caches: blocks of A and panels of B are packed, and a small
 * kernel keeps a part of C in registers.
 *
 * Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), for the blocking;
 * Freivalds (1977) for the check. Elements are small integers, so that all sums are exact and the check allows no
 * error. In GPU order a block makes a 64 x 64 tile of C and takes 32 of the inner dimension in a step. Left out: edges
 * that no multiple of the blocks fits, tensor units.
 */
#include <stdlib.h>

#include <traces/kernels/common/gpu.h>
#include <traces/kernels/common/random.h>

enum { M, N, K };

#define REG_M 6u   /* rows of C in registers */
#define REG_N 16u  /* columns of C in registers */
#define PACK_M 96u /* a packed block of A is PACK_M x PACK_K */
#define PACK_K 256u
#define PACK_N 512u /* most columns of a packed panel of B */
#define TILE 64u
#define TILE_K 32u

typedef float Vector __attribute__((vector_size(32)));

typedef struct {
    float *a, *b, *c; /* row after row */
    float *packs;     /* thread x (block of A, panel of B) */
} Gemm;

#define PACK_FLOATS (PACK_M * PACK_K + PACK_K * PACK_N)

static inline uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Rows [row, row + rows) and inner [k, k + depth) of A as panels of REG_M rows: depth after depth. */
static void
pack_a(const KernelRun *run, uint64_t row, uint64_t rows, uint64_t k, uint64_t depth, float *pack)
{
    const Gemm *gemm = run->state;
    for (uint64_t panel = 0; panel < rows; panel += REG_M)
        for (uint64_t inner = 0; inner < depth; inner++)
            for (uint64_t i = 0; i < REG_M; i++)
                *pack++ = gemm->a[(row + panel + i) * run->values[K] + k + inner];
}

static void
pack_b(const KernelRun *run, uint64_t column, uint64_t columns, uint64_t k, uint64_t depth, float *pack)
{
    const Gemm *gemm = run->state;
    for (uint64_t panel = 0; panel < columns; panel += REG_N)
        for (uint64_t inner = 0; inner < depth; inner++, pack += REG_N)
            memcpy(pack, gemm->b + (k + inner) * run->values[N] + column + panel, REG_N * sizeof *pack);
}

/* REG_M x REG_N of C += a panel of A times one of B. */
static inline void
multiply_panels(const float *a, const float *b, uint64_t depth, float *c, uint64_t stride)
{
    Vector sums[REG_M][2];
    for (uint32_t i = 0; i < REG_M; i++)
        for (uint32_t j = 0; j < 2; j++)
            sums[i][j] = *(const Vector *)(const void *)(c + i * stride + j * 8);
    for (uint64_t inner = 0; inner < depth; inner++, a += REG_M, b += REG_N) {
        const Vector left = *(const Vector *)(const void *)b, right = *(const Vector *)(const void *)(b + 8);
        for (uint32_t i = 0; i < REG_M; i++) {
            sums[i][0] += a[i] * left;
            sums[i][1] += a[i] * right;
        }
    }
    for (uint32_t i = 0; i < REG_M; i++)
        for (uint32_t j = 0; j < 2; j++)
            *(Vector *)(void *)(c + i * stride + j * 8) = sums[i][j];
}

/* Columns [share.first, share.end) of C, in units of REG_N. */
static void
multiply_share(const KernelRun *run, KernelShare share, float *pack)
{
    const Gemm *gemm = run->state;
    float *pack_of_b = pack + PACK_M * PACK_K;
    const uint64_t stride = run->values[N], end = share.end * REG_N;
    for (uint64_t column = share.first * REG_N; column < end; column += PACK_N) {
        const uint64_t columns = least(PACK_N, end - column);
        for (uint64_t k = 0; k < run->values[K]; k += PACK_K) {
            const uint64_t depth = least(PACK_K, run->values[K] - k);
            pack_b(run, column, columns, k, depth, pack_of_b);
            for (uint64_t row = 0; row < run->values[M]; row += PACK_M) {
                const uint64_t rows = least(PACK_M, run->values[M] - row);
                pack_a(run, row, rows, k, depth, pack);
                for (uint64_t j = 0; j < columns; j += REG_N)
                    for (uint64_t i = 0; i < rows; i += REG_M)
                        multiply_panels(pack + i * depth, pack_of_b + j * depth, depth,
                                        gemm->c + (row + i) * stride + column + j, stride);
            }
        }
    }
}

static void
work(KernelRun *run, uint32_t thread)
{
    const Gemm *gemm = run->state;
    kernel_mark(thread, "product");
    multiply_share(run, kernel_share(run, thread, run->values[N] / REG_N), gemm->packs + (size_t)PACK_FLOATS * thread);
}

/* ---- GPU order ----------------------------------------------------------------------------------------------- */

typedef struct {
    _Alignas(32) float a[TILE][TILE_K], b[TILE_K][TILE], c[TILE][TILE];
} OnChip;

/* On the chip: not part of the trace, so the compiler must not report it. */
static __attribute__((noinline, no_sanitize("thread"))) void
multiply_tiles(OnChip *chip, uint64_t rows, uint64_t depth)
{
    for (uint64_t i = 0; i < rows; i++)
        for (uint64_t inner = 0; inner < depth; inner++)
            for (uint32_t j = 0; j < TILE; j++)
                chip->c[i][j] += chip->a[i][inner] * chip->b[inner][j];
}

/* Load a tile of A and one of B, multiply them on the chip; at the end, store the tile of C. */
static bool
step_tile(void *context, const GpuBlock *block)
{
    const KernelRun *run = context;
    const Gemm *gemm = run->state;
    OnChip *chip = block->on_chip;
    const uint64_t across = (run->values[N] + TILE - 1) / TILE;
    const uint64_t row = block->id / across * TILE, column = block->id % across * TILE, k = block->step * TILE_K;
    const uint64_t rows = least(TILE, run->values[M] - row), columns = least(TILE, run->values[N] - column);
    const uint64_t depth = least(TILE_K, run->values[K] - k);
    for (uint64_t i = 0; i < rows; i++)
        memcpy(chip->a[i], gemm->a + (row + i) * run->values[K] + k, depth * sizeof(float));
    for (uint64_t inner = 0; inner < depth; inner++)
        memcpy(chip->b[inner], gemm->b + (k + inner) * run->values[N] + column, columns * sizeof(float));
    multiply_tiles(chip, rows, depth);
    if (k + TILE_K < run->values[K])
        return true;
    for (uint64_t i = 0; i < rows; i++)
        memcpy(gemm->c + (row + i) * run->values[N] + column, chip->c[i], columns * sizeof(float));
    return false;
}

static void
gpu_work(KernelRun *run, uint32_t processor)
{
    const uint64_t down = (run->values[M] + TILE - 1) / TILE, across = (run->values[N] + TILE - 1) / TILE;
    gpu_launch(run, processor,
               &(GpuLaunch){.mark = "kernel:gemm",
                            .block_count = down * across,
                            .on_chip_bytes = sizeof(OnChip),
                            .step = step_tile,
                            .context = run});
}

/* ---- Input and check ------------------------------------------------------------------------------------------ */

/* The options count in blocks that every path can cut: 96 rows and 64 columns; the inner dimension in 32. */
static void
prepare(KernelRun *run)
{
    Gemm *gemm = run->state = kernel_alloc(1, sizeof *gemm);
    run->values[M] *= PACK_M;
    run->values[N] *= TILE;
    run->values[K] *= TILE_K;
    const uint64_t m = run->values[M], n = run->values[N], k = run->values[K];
    gemm->a = kernel_map("gemm-a", m * k * sizeof(float));
    gemm->b = kernel_map("gemm-b", k * n * sizeof(float));
    gemm->c = kernel_map("gemm-c", m * n * sizeof(float));
    gemm->packs = kernel_map("gemm-packs", (uint64_t)PACK_FLOATS * run->thread_count * sizeof(float));
    for (uint64_t i = 0; i < m * k; i++)
        gemm->a[i] = (float)((int)(random_at(run->seed + 1, i) & 15) - 8);
    for (uint64_t i = 0; i < k * n; i++)
        gemm->b[i] = (float)((int)(random_at(run->seed + 2, i) & 15) - 8);
}

/* C x = A (B x) for three random x; integers, so exactly. A wrong C passes with a probability below 2^-90. */
static bool
check(KernelRun *run)
{
    const Gemm *gemm = run->state;
    const uint64_t m = run->values[M], n = run->values[N], k = run->values[K];
    int64_t *x = kernel_alloc(n, sizeof *x), *bx = kernel_alloc(k, sizeof *bx);
    bool ok = true;
    for (uint64_t round = 0; ok && round < 3; round++) {
        for (uint64_t j = 0; j < n; j++)
            x[j] = (int64_t)(random_at(run->seed + 3, round * n + j) & 0x7fffffff);
        for (uint64_t i = 0; i < k; i++) {
            bx[i] = 0;
            for (uint64_t j = 0; j < n; j++)
                bx[i] += (int64_t)gemm->b[i * n + j] * x[j];
        }
        for (uint64_t i = 0; ok && i < m; i++) {
            int64_t left = 0, right = 0;
            for (uint64_t j = 0; j < n; j++)
                left += (int64_t)gemm->c[i * n + j] * x[j];
            for (uint64_t j = 0; j < k; j++)
                right += (int64_t)gemm->a[i * k + j] * bx[j];
            run->checksum = checksum_add(run->checksum, (uint64_t)left);
            ok = left == right || kernel_wrong("row %llu of the product fails Freivalds' test", (unsigned long long)i);
        }
    }
    free(x);
    free(bx);
    return ok;
}

const Kernel gemm_kernel = {
    .name = "gemm",
    .summary = "dense float matrix product, blocked",
    .options = {{"m", "rows of A and C, in 96", 2, 1, 1024},
                {"n", "columns of B and C, in 64", 2, 1, 1024},
                {"k", "columns of A and rows of B, in 32", 5, 1, 2048}},
    .instructions_256ths = 1076,
    .gpu_instructions_256ths = 348,
    .instructions_per_s = 7400000000,
    .prepare = prepare,
    .work = work,
    .gpu_work = gpu_work,
    .check = check,
};
