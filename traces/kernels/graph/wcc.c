/* SPDX-License-Identifier: MIT */
/*
 * Weakly connected components: Afforest. Each vertex is linked along its first two edges; then only those outside what
 * a sample says is the largest component are linked along the rest.
 *
 * Source: Sutton, Ben-Nun and Barak, "Optimizing Parallel Graph Connectivity Computation via Subgraph Sampling" (IPDPS
 * 2018), on the hooking of Shiloach and Vishkin (1982). Left out: directed graphs, for which the skipping needs the
 * transposed graph.
 */
#include <stdlib.h>

#include <traces/kernels/common/random.h>

#include "graph.h"

enum { SCALE };

#define SAMPLED_EDGES 2u
#define SAMPLES 1024u

typedef struct {
    Graph graph;
    uint32_t *labels; /* a vertex of the same component, not above this one */
    uint32_t largest;
} Wcc;

static inline uint32_t
label_of(const Wcc *wcc, uint32_t vertex)
{
    return __atomic_load_n(&wcc->labels[vertex], __ATOMIC_RELAXED);
}

/* Hang the higher root under the lower one. */
static void
link_vertices(const Wcc *wcc, uint32_t a, uint32_t b)
{
    uint32_t p = label_of(wcc, a), q = label_of(wcc, b);
    while (p != q) {
        const uint32_t high = p > q ? p : q, low = p > q ? q : p;
        uint32_t root = label_of(wcc, high);
        if (root == low || (root == high && __atomic_compare_exchange_n(&wcc->labels[high], &root, low, false,
                                                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)))
            return;
        p = label_of(wcc, label_of(wcc, high));
        q = label_of(wcc, low);
    }
}

/* Let all vertices of the share point to their roots. */
static void
compress(KernelRun *run, KernelShare share)
{
    const Wcc *wcc = run->state;
    kernel_barrier(run);
    for (uint64_t v = share.first; v < share.end; v++) {
        uint32_t label = label_of(wcc, (uint32_t)v), up = label_of(wcc, label);
        if (label == up)
            continue;
        for (; label != up; up = label_of(wcc, label))
            label = up;
        __atomic_store_n(&wcc->labels[v], label, __ATOMIC_RELAXED);
    }
    kernel_barrier(run);
}

static int
compare_labels(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The label that most of some random vertices have. */
static uint32_t
sample_largest(const KernelRun *run)
{
    const Wcc *wcc = run->state;
    uint32_t labels[SAMPLES], best = 0, best_count = 0;
    for (uint32_t i = 0; i < SAMPLES; i++)
        labels[i] = label_of(wcc, (uint32_t)random_below(run->seed + 9, i, wcc->graph.vertex_count));
    qsort(labels, SAMPLES, sizeof *labels, compare_labels);
    for (uint32_t i = 0, count = 0; i < SAMPLES; i++) {
        count = i > 0 && labels[i] == labels[i - 1] ? count + 1 : 1;
        if (count > best_count) {
            best_count = count;
            best = labels[i];
        }
    }
    return best;
}

static void
work(KernelRun *run, uint32_t thread)
{
    Wcc *wcc = run->state;
    const Graph *graph = &wcc->graph;
    const KernelShare share = kernel_share(run, thread, graph->vertex_count);
    kernel_mark(thread, "sample-edges");
    for (uint64_t v = share.first; v < share.end; v++)
        wcc->labels[v] = (uint32_t)v;
    kernel_barrier(run);
    for (uint64_t edge = 0; edge < SAMPLED_EDGES; edge++) {
        for (uint64_t v = share.first; v < share.end; v++)
            if (edge < graph_degree(graph, v))
                link_vertices(wcc, (uint32_t)v, graph->edges[graph->offsets[v] + edge]);
        compress(run, share);
    }
    if (thread == 0)
        wcc->largest = sample_largest(run);
    kernel_barrier(run);
    kernel_mark(thread, "finish");
    for (uint64_t v = share.first; v < share.end; v++) {
        if (label_of(wcc, (uint32_t)v) == wcc->largest)
            continue;
        const uint64_t end = graph->offsets[v + 1];
        for (uint64_t i = graph->offsets[v] + SAMPLED_EDGES; i < end; i++)
            link_vertices(wcc, (uint32_t)v, graph->edges[i]);
    }
    compress(run, share);
}

static void
prepare(KernelRun *run)
{
    Wcc *wcc = run->state = kernel_alloc(1, sizeof *wcc);
    graph_make(&wcc->graph, run->values[SCALE], run->seed);
    wcc->labels = kernel_map("wcc-labels", wcc->graph.vertex_count * sizeof *wcc->labels);
}

static bool
check(KernelRun *run)
{
    const Wcc *wcc = run->state;
    uint32_t *want = graph_components(&wcc->graph);
    bool ok = true;
    for (uint64_t v = 0; ok && v < wcc->graph.vertex_count; v++) {
        run->checksum = checksum_add(run->checksum, want[v]);
        ok = wcc->labels[v] == want[v] ||
             kernel_wrong("vertex %llu is in component %u: want %u", (unsigned long long)v, wcc->labels[v], want[v]);
    }
    free(want);
    return ok;
}

const Kernel wcc_kernel = {
    .name = "wcc",
    .summary = "weakly connected components of a Kronecker graph by Afforest",
    .options = {GRAPH_SCALE_OPTION},
    .instructions_256ths = 728,
    .instructions_per_s = 3000000000,
    .prepare = prepare,
    .work = work,
    .check = check,
};
