/* SPDX-License-Identifier: MIT */
/*
 * PageRank by pulling: each vertex adds up what its neighbours give, so that nothing is written twice.
 *
 * Source: Page, Brin, Motwani and Winograd (1999), damping 0.85; the pull form of the GAP benchmark suite. The rank of
 * vertices without edges is spread over all. Sums over vertices are made in pieces of fixed size, so that the result is
 * the same for any number of threads. Left out: stopping on convergence; the iterations are given.
 */
#include <stdlib.h>

#include <traces/kernels/common/gpu.h>
#include <traces/kernels/common/random.h>

#include "graph.h"

enum { SCALE, ITERATIONS };

#define DAMPING 0.85
#define PIECE 1024u /* vertices whose lost rank is added up first */
#define WARP 32u
#define BLOCK 256u

typedef struct {
    Graph graph;
    double *ranks;
    float *gifts; /* what a vertex gives to each neighbour */
    double *lost; /* piece: the rank of vertices without edges */
    uint64_t piece_count;
} PageRank;

static void
give(const PageRank *pr, uint64_t first, uint64_t end)
{
    for (uint64_t v = first; v < end; v++) {
        const uint64_t degree = graph_degree(&pr->graph, v);
        pr->gifts[v] = degree > 0 ? (float)(pr->ranks[v] / (double)degree) : 0;
    }
}

/* The rank that the vertices of a piece without edges have. */
static void
add_lost(const PageRank *pr, uint64_t piece)
{
    double lost = 0;
    for (uint64_t v = piece * PIECE; v < (piece + 1) * PIECE && v < pr->graph.vertex_count; v++)
        if (graph_degree(&pr->graph, v) == 0)
            lost += pr->ranks[v];
    pr->lost[piece] = lost;
}

/* What a vertex has before its neighbours give. */
static double
base_rank(const PageRank *pr)
{
    double lost = 0;
    for (uint64_t piece = 0; piece < pr->piece_count; piece++)
        lost += pr->lost[piece];
    return ((1 - DAMPING) + DAMPING * lost) / (double)pr->graph.vertex_count;
}

static void
pull(const PageRank *pr, uint64_t first, uint64_t end, double base)
{
    for (uint64_t v = first; v < end; v++) {
        const uint64_t last = pr->graph.offsets[v + 1];
        double sum = 0;
        for (uint64_t i = pr->graph.offsets[v]; i < last; i++)
            sum += (double)pr->gifts[pr->graph.edges[i]];
        pr->ranks[v] = base + DAMPING * sum;
    }
}

static void
work(KernelRun *run, uint32_t thread)
{
    const PageRank *pr = run->state;
    const KernelShare share = kernel_share(run, thread, pr->graph.vertex_count);
    const KernelShare pieces = kernel_share(run, thread, pr->piece_count);
    for (uint64_t i = 0; i < run->values[ITERATIONS]; i++) {
        kernel_mark(thread, "iteration");
        give(pr, share.first, share.end);
        for (uint64_t piece = pieces.first; piece < pieces.end; piece++)
            add_lost(pr, piece);
        kernel_barrier(run);
        pull(pr, share.first, share.end, base_rank(pr));
        kernel_barrier(run);
    }
}

/* ---- GPU order ----------------------------------------------------------------------------------------------- */

typedef struct {
    const PageRank *pr;
    double base;
} Launch;

static bool
step_give(void *context, const GpuBlock *block)
{
    const PageRank *pr = ((const Launch *)context)->pr;
    const uint64_t first = block->id * PIECE, count = pr->graph.vertex_count;
    give(pr, first, first + PIECE < count ? first + PIECE : count);
    add_lost(pr, block->id);
    return false;
}

/* A warp of vertices; the lanes walk their lists in step. */
static bool
step_pull(void *context, const GpuBlock *block)
{
    const Launch *launch = context;
    const PageRank *pr = launch->pr;
    const uint64_t first = block->id * BLOCK + block->step * WARP, count = pr->graph.vertex_count;
    const uint64_t lanes = first + WARP < count ? WARP : count - first;
    uint64_t at[WARP], end[WARP];
    double sums[WARP] = {0};
    for (uint64_t lane = 0; lane < lanes; lane++) {
        at[lane] = pr->graph.offsets[first + lane];
        end[lane] = pr->graph.offsets[first + lane + 1];
    }
    for (bool more = true; more;) {
        more = false;
        for (uint64_t lane = 0; lane < lanes; lane++) {
            if (at[lane] == end[lane])
                continue;
            sums[lane] += (double)pr->gifts[pr->graph.edges[at[lane]++]];
            more |= at[lane] < end[lane];
        }
    }
    for (uint64_t lane = 0; lane < lanes; lane++)
        pr->ranks[first + lane] = launch->base + DAMPING * sums[lane];
    return block->step + 1 < BLOCK / WARP && first + WARP < count;
}

static void
gpu_work(KernelRun *run, uint32_t processor)
{
    const PageRank *pr = run->state;
    for (uint64_t i = 0; i < run->values[ITERATIONS]; i++) {
        Launch launch = {pr, 0};
        gpu_launch(
            run, processor,
            &(GpuLaunch){
                .mark = "kernel:pagerank-give", .block_count = pr->piece_count, .step = step_give, .context = &launch});
        launch.base = base_rank(pr);
        gpu_launch(run, processor,
                   &(GpuLaunch){.mark = "kernel:pagerank-pull",
                                .block_count = (pr->graph.vertex_count + BLOCK - 1) / BLOCK,
                                .step = step_pull,
                                .context = &launch});
    }
}

/* ---- Input and check ------------------------------------------------------------------------------------------ */

static void
prepare(KernelRun *run)
{
    PageRank *pr = run->state = kernel_alloc(1, sizeof *pr);
    graph_make(&pr->graph, run->values[SCALE], run->seed);
    const uint64_t count = pr->graph.vertex_count;
    pr->piece_count = (count + PIECE - 1) / PIECE;
    pr->ranks = kernel_map("pagerank-ranks", count * sizeof *pr->ranks);
    pr->gifts = kernel_map("pagerank-gifts", count * sizeof *pr->gifts);
    pr->lost = kernel_map("pagerank-lost", pr->piece_count * sizeof *pr->lost);
    for (uint64_t v = 0; v < count; v++)
        pr->ranks[v] = 1 / (double)count;
}

/* The same iterations by pushing, in double. (transfer full) */
static double *
plain_ranks(const Graph *graph, uint64_t iterations)
{
    const uint64_t count = graph->vertex_count;
    double *ranks = kernel_alloc(count, sizeof *ranks), *next = kernel_alloc(count, sizeof *next);
    for (uint64_t v = 0; v < count; v++)
        ranks[v] = 1 / (double)count;
    for (uint64_t i = 0; i < iterations; i++) {
        double lost = 0;
        for (uint64_t v = 0; v < count; v++)
            next[v] = 0;
        for (uint64_t v = 0; v < count; v++) {
            const uint64_t degree = graph_degree(graph, v);
            lost += degree == 0 ? ranks[v] : 0;
            for (uint64_t at = graph->offsets[v]; at < graph->offsets[v + 1]; at++)
                next[graph->edges[at]] += ranks[v] / (double)degree;
        }
        for (uint64_t v = 0; v < count; v++)
            ranks[v] = (1 - DAMPING + DAMPING * lost) / (double)count + DAMPING * next[v];
    }
    free(next);
    return ranks;
}

/* Gifts are float, with an error of 2^-24 each: a relative error of 1e-6 holds for dozens of iterations. */
static bool
check(KernelRun *run)
{
    const PageRank *pr = run->state;
    double *want = plain_ranks(&pr->graph, run->values[ITERATIONS]);
    double total = 0, worst = 0;
    uint64_t sum = 0;
    for (uint64_t v = 0; v < pr->graph.vertex_count; v++) {
        const double error = (pr->ranks[v] - want[v]) / want[v];
        worst = error > worst ? error : -error > worst ? -error : worst;
        total += pr->ranks[v];
        uint64_t bits;
        memcpy(&bits, &pr->ranks[v], sizeof bits);
        sum = checksum_add(sum, bits);
    }
    free(want);
    run->checksum = sum;
    if (!(worst < 1e-6))
        return kernel_wrong("a rank is off by %g of its size", worst);
    if (!(total > 1 - 1e-6 && total < 1 + 1e-6))
        return kernel_wrong("the ranks add up to %.9f", total);
    return true;
}

const Kernel pagerank_kernel = {
    .name = "pagerank",
    .summary = "PageRank by pulling on a Kronecker graph",
    .options = {GRAPH_SCALE_OPTION, {"iterations", "number of iterations", 5, 1, 1000}},
    .instructions_256ths = 766,
    .gpu_instructions_256ths = 218,
    .instructions_per_s = 5000000000,
    .prepare = prepare,
    .work = work,
    .gpu_work = gpu_work,
    .check = check,
};
