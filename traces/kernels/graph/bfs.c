/* SPDX-License-Identifier: MIT */
/*
 * Breadth-first search that changes direction: from the frontier outwards while that is small, from the unvisited
 * vertices backwards while it is large.
 *
 * Source: Beamer, Asanovic and Patterson, "Direction-Optimizing Breadth-First Search" (SC 2012), with the thresholds of
 * their GAP benchmark suite (alpha 15, beta 18). In GPU order it goes outwards only, a launch for each level and a lane
 * for each vertex of the frontier, as Harish and Narayanan (2007) with a queue. Left out: NUMA-aware partitions.
 */
#include <stdlib.h>

#include <traces/kernels/common/gpu.h>
#include <traces/kernels/common/random.h>

#include "graph.h"

enum { SCALE, ROOTS };

#define NONE UINT32_MAX
#define ALPHA 15u
#define BETA 18u
#define BUFFER 256u /* vertices a thread finds before it puts them into the queue */
#define WARP 32u
#define BLOCK 256u /* lanes of a thread block */

typedef struct {
    Graph graph;
    uint32_t *parents;
    uint32_t *queues[2];
    uint64_t *bitmaps[2];
    uint64_t tail;        /* of the queue being filled */
    uint64_t found_edges; /* degrees of the vertices found in a step outwards */
    uint64_t found;       /* vertices found in a step backwards */
    uint32_t *roots;
} Bfs;

/* Where vertices found go: a thread's buffer before the shared queue. */
typedef struct {
    Bfs *bfs;
    uint32_t *queue;
    uint32_t count;
    uint32_t vertices[BUFFER];
} Finds;

static void
flush_finds(Finds *finds)
{
    const uint64_t at = __atomic_fetch_add(&finds->bfs->tail, finds->count, __ATOMIC_RELAXED);
    memcpy(finds->queue + at, finds->vertices, finds->count * sizeof *finds->vertices);
    finds->count = 0;
}

static void
add_find(Finds *finds, uint32_t vertex)
{
    finds->vertices[finds->count++] = vertex;
    if (finds->count == BUFFER)
        flush_finds(finds);
}

/* Take a vertex for `parent`, unless another thread was first. */
static bool
claim(Bfs *bfs, uint32_t vertex, uint32_t parent)
{
    uint32_t none = NONE;
    return __atomic_load_n(&bfs->parents[vertex], __ATOMIC_RELAXED) == NONE &&
           __atomic_compare_exchange_n(&bfs->parents[vertex], &none, parent, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void
step_outwards(Bfs *bfs, KernelShare share, const uint32_t *from, uint32_t *to)
{
    Finds finds = {.bfs = bfs, .queue = to};
    uint64_t found_edges = 0;
    for (uint64_t i = share.first; i < share.end; i++) {
        const uint32_t v = from[i];
        const uint64_t end = bfs->graph.offsets[v + 1];
        for (uint64_t at = bfs->graph.offsets[v]; at < end; at++) {
            const uint32_t u = bfs->graph.edges[at];
            if (!claim(bfs, u, v))
                continue;
            found_edges += graph_degree(&bfs->graph, u);
            add_find(&finds, u);
        }
    }
    flush_finds(&finds);
    __atomic_fetch_add(&bfs->found_edges, found_edges, __ATOMIC_RELAXED);
}

/* The share is of words of the bitmaps, so that no two threads write the same one. */
static void
step_backwards(Bfs *bfs, KernelShare words, const uint64_t *from, uint64_t *to)
{
    uint64_t found = 0;
    for (uint64_t word = words.first; word < words.end; word++) {
        uint64_t bits = 0;
        for (uint64_t v = word * 64; v < (word + 1) * 64 && v < bfs->graph.vertex_count; v++) {
            if (bfs->parents[v] != NONE)
                continue;
            const uint64_t end = bfs->graph.offsets[v + 1];
            for (uint64_t at = bfs->graph.offsets[v]; at < end; at++) {
                const uint32_t u = bfs->graph.edges[at];
                if (from[u / 64] >> u % 64 & 1) {
                    bfs->parents[v] = u;
                    bits |= (uint64_t)1 << v % 64;
                    found++;
                    break;
                }
            }
        }
        to[word] = bits;
    }
    __atomic_fetch_add(&bfs->found, found, __ATOMIC_RELAXED);
}

static void
queue_to_bitmap(KernelShare share, const uint32_t *queue, uint64_t *bitmap)
{
    for (uint64_t i = share.first; i < share.end; i++)
        __atomic_fetch_or(&bitmap[queue[i] / 64], (uint64_t)1 << queue[i] % 64, __ATOMIC_RELAXED);
}

static void
bitmap_to_queue(Bfs *bfs, KernelShare words, const uint64_t *bitmap, uint32_t *queue)
{
    Finds finds = {.bfs = bfs, .queue = queue};
    for (uint64_t word = words.first; word < words.end; word++)
        for (uint64_t bits = bitmap[word]; bits; bits &= bits - 1)
            add_find(&finds, (uint32_t)(word * 64 + (uint64_t)__builtin_ctzll(bits)));
    flush_finds(&finds);
}

/* Set a shared counter to 0 between two steps, by one thread; returns what it was. */
static uint64_t
take_counter(KernelRun *run, uint32_t thread, uint64_t *counter)
{
    kernel_barrier(run);
    const uint64_t value = *counter;
    kernel_barrier(run);
    if (thread == 0)
        *counter = 0;
    kernel_barrier(run);
    return value;
}

/* Backwards while the frontier is large. Takes the queue `from`, leaves the next one in the other; its length. */
static uint64_t
go_backwards(KernelRun *run, uint32_t thread, unsigned from, uint64_t count)
{
    Bfs *bfs = run->state;
    const uint64_t vertex_count = bfs->graph.vertex_count, word_count = (vertex_count + 63) / 64;
    const KernelShare words = kernel_share(run, thread, word_count);
    unsigned side = 0;
    kernel_mark(thread, "bottom-up");
    memset(bfs->bitmaps[0] + words.first, 0, (words.end - words.first) * sizeof(uint64_t));
    kernel_barrier(run);
    queue_to_bitmap(kernel_share(run, thread, count), bfs->queues[from], bfs->bitmaps[0]);
    uint64_t found = count, before;
    do {
        kernel_barrier(run);
        before = found;
        step_backwards(bfs, words, bfs->bitmaps[side], bfs->bitmaps[!side]);
        side = !side;
        found = take_counter(run, thread, &bfs->found);
    } while (found >= before || found > vertex_count / BETA);
    bitmap_to_queue(bfs, words, bfs->bitmaps[side], bfs->queues[!from]);
    return take_counter(run, thread, &bfs->tail);
}

static void
begin_search(KernelRun *run, uint32_t thread, uint32_t root)
{
    Bfs *bfs = run->state;
    const KernelShare share = kernel_share(run, thread, bfs->graph.vertex_count);
    kernel_mark(thread, "search");
    memset(bfs->parents + share.first, 0xff, (share.end - share.first) * sizeof *bfs->parents);
    kernel_barrier(run);
    if (thread == 0) {
        bfs->parents[root] = root;
        bfs->queues[0][0] = root;
    }
    kernel_barrier(run);
}

static void
search(KernelRun *run, uint32_t thread, uint32_t root)
{
    Bfs *bfs = run->state;
    uint64_t count = 1, edges_left = bfs->graph.offsets[bfs->graph.vertex_count];
    uint64_t frontier_edges = graph_degree(&bfs->graph, root);
    unsigned side = 0;
    begin_search(run, thread, root);
    while (count > 0) {
        if (frontier_edges > edges_left / ALPHA) {
            count = go_backwards(run, thread, side, count);
            frontier_edges = 1;
        } else {
            kernel_mark(thread, "top-down");
            edges_left -= frontier_edges;
            step_outwards(bfs, kernel_share(run, thread, count), bfs->queues[side], bfs->queues[!side]);
            count = take_counter(run, thread, &bfs->tail);
            frontier_edges = take_counter(run, thread, &bfs->found_edges);
        }
        side = !side;
    }
}

static void
work(KernelRun *run, uint32_t thread)
{
    const Bfs *bfs = run->state;
    for (uint64_t i = 0; i < run->values[ROOTS]; i++)
        search(run, thread, bfs->roots[i]);
}

/* ---- GPU order ----------------------------------------------------------------------------------------------- */

typedef struct {
    Bfs *bfs;
    const uint32_t *from;
    uint32_t *to;
    uint64_t count;
} Level;

/* A warp: its lanes walk the lists of their vertices in step. */
static bool
step_warp(void *context, const GpuBlock *block)
{
    const Level *level = context;
    Bfs *bfs = level->bfs;
    const uint64_t first = block->id * BLOCK + block->step * WARP;
    uint64_t at[WARP], end[WARP];
    uint32_t vertices[WARP], lanes = 0;
    for (; lanes < WARP && first + lanes < level->count; lanes++)
        vertices[lanes] = level->from[first + lanes];
    for (uint32_t lane = 0; lane < lanes; lane++) {
        at[lane] = bfs->graph.offsets[vertices[lane]];
        end[lane] = bfs->graph.offsets[vertices[lane] + 1];
    }
    Finds finds = {.bfs = bfs, .queue = level->to};
    for (bool more = true; more;) {
        more = false;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            if (at[lane] == end[lane])
                continue;
            const uint32_t u = bfs->graph.edges[at[lane]++];
            if (claim(bfs, u, vertices[lane]))
                add_find(&finds, u);
            more |= at[lane] < end[lane];
        }
    }
    if (finds.count > 0)
        flush_finds(&finds);
    return block->step + 1 < BLOCK / WARP && first + WARP < level->count;
}

static void
gpu_work(KernelRun *run, uint32_t processor)
{
    Bfs *bfs = run->state;
    for (uint64_t i = 0; i < run->values[ROOTS]; i++) {
        unsigned side = 0;
        begin_search(run, processor, bfs->roots[i]);
        for (uint64_t count = 1; count > 0; side = !side) {
            Level level = {bfs, bfs->queues[side], bfs->queues[!side], count};
            gpu_launch(run, processor,
                       &(GpuLaunch){.mark = "kernel:bfs-level",
                                    .block_count = (count + BLOCK - 1) / BLOCK,
                                    .step = step_warp,
                                    .context = &level});
            count = take_counter(run, processor, &bfs->tail);
        }
    }
}

/* ---- Input and check ------------------------------------------------------------------------------------------ */

static void
prepare(KernelRun *run)
{
    Bfs *bfs = run->state = kernel_alloc(1, sizeof *bfs);
    graph_make(&bfs->graph, run->values[SCALE], run->seed);
    const uint64_t count = bfs->graph.vertex_count, words = (count + 63) / 64;
    bfs->parents = kernel_map("bfs-parents", count * sizeof *bfs->parents);
    bfs->queues[0] = kernel_map("bfs-queues", 2 * count * sizeof *bfs->queues[0]);
    bfs->queues[1] = bfs->queues[0] + count;
    bfs->bitmaps[0] = kernel_map("bfs-bitmaps", 2 * words * sizeof *bfs->bitmaps[0]);
    bfs->bitmaps[1] = bfs->bitmaps[0] + words;
    bfs->roots = kernel_alloc(run->values[ROOTS], sizeof *bfs->roots);
    for (uint64_t i = 0; i < run->values[ROOTS]; i++)
        bfs->roots[i] = graph_random_vertex(&bfs->graph, run->seed, i);
}

/* Distances from the root, by a queue and nothing else; NONE: not reached. */
static uint32_t *
plain_distances(const Graph *graph, uint32_t root)
{
    uint32_t *distances = kernel_alloc(graph->vertex_count, sizeof *distances);
    uint32_t *queue = kernel_alloc(graph->vertex_count, sizeof *queue);
    memset(distances, 0xff, graph->vertex_count * sizeof *distances);
    uint64_t head = 0, tail = 0;
    distances[root] = 0;
    queue[tail++] = root;
    while (head < tail) {
        const uint32_t v = queue[head++];
        for (uint64_t i = graph->offsets[v]; i < graph->offsets[v + 1]; i++) {
            const uint32_t u = graph->edges[i];
            if (distances[u] != NONE)
                continue;
            distances[u] = distances[v] + 1;
            queue[tail++] = u;
        }
    }
    free(queue);
    return distances;
}

/* The tree of the last search: each vertex is reached over an edge from one that is a step nearer to the root. */
static bool
check(KernelRun *run)
{
    const Bfs *bfs = run->state;
    const uint32_t root = bfs->roots[run->values[ROOTS] - 1];
    uint32_t *distances = plain_distances(&bfs->graph, root);
    bool ok = bfs->parents[root] == root;
    uint64_t sum = 0;
    for (uint64_t v = 0; ok && v < bfs->graph.vertex_count; v++) {
        const uint32_t parent = bfs->parents[v];
        sum = checksum_add(sum, distances[v]);
        if (v == root)
            continue;
        ok = (parent == NONE) == (distances[v] == NONE);
        if (ok && parent != NONE)
            ok = distances[parent] + 1 == distances[v] && graph_has_edge(&bfs->graph, parent, (uint32_t)v);
        if (!ok)
            kernel_wrong("vertex %llu has the parent %u", (unsigned long long)v, parent);
    }
    free(distances);
    run->checksum = sum;
    return ok;
}

const Kernel bfs_kernel = {
    .name = "bfs",
    .summary = "direction-optimising breadth-first search of a Kronecker graph",
    .options = {GRAPH_SCALE_OPTION, {"roots", "number of searches", 2, 1, 64}},
    .instructions_256ths = 1155,
    .gpu_instructions_256ths = 76,
    .instructions_per_s = 3000000000,
    .prepare = prepare,
    .work = work,
    .gpu_work = gpu_work,
    .check = check,
};
