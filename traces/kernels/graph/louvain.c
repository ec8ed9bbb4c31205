/* SPDX-License-Identifier: MIT */
/*
 * Communities by the Louvain method: vertices move to the neighbouring community that gains most modularity, sweep
 * after sweep; then communities become the vertices of a smaller graph, and so on.
 *
 * Source: Blondel et al., "Fast unfolding of communities in large networks" (2008); in parallel as Lu, Halappanavar and
 * Kalyanaraman, "Parallel heuristics for scalable community detection" (2015): moves are decided together from one
 * state, here in batches of a sixteenth of the vertices, two lone vertices do not change places, and a sweep that
 * lowers the modularity is undone. Weights and degrees are integers, so that gains compare exactly and the result is
 * the same for any number of threads. Left out: the threshold on gains; the number of sweeps is bounded instead.
 */
#include <stdlib.h>

#include <traces/kernels/common/random.h>

#include "graph.h"

enum { SCALE, LEVELS, SWEEPS };

#define LEVELS_MAX 4u
#define BATCHES 16u

/* A level: rows that may have room between them; an edge to itself counts both ways in `inside`. */
typedef struct {
    uint64_t count;
    const uint64_t *begins, *ends;
    const uint32_t *edges;
    const uint32_t *weights; /* NULL: all 1 */
    const uint64_t *inside;  /* weight of what a vertex holds inside; NULL: none */
} Rows;

/* What a thread adds to the modularity. */
typedef struct {
    uint64_t intra;            /* weight inside communities */
    unsigned __int128 squares; /* of the totals */
} Parts;

typedef struct {
    Graph graph;
    Rows rows; /* of the level worked on */
    uint32_t level_count;
    uint32_t *communities, *wanted, *before; /* vertex of the level */
    uint64_t *degrees;                       /* vertex: sum of weights */
    uint64_t *totals;                        /* community: sum of degrees */
    uint32_t *sizes;                         /* community: vertices */
    uint32_t *names;                         /* community: its number in the next level */
    uint32_t *members;                       /* vertices in the order of their communities */
    uint64_t *member_ends;                   /* community */
    uint32_t *sums;                          /* thread x vertex: weight to a community; 0 but while in use */
    uint32_t *touched;                       /* thread x vertex: the communities it is not 0 for */
    uint32_t *of;                            /* vertex of the graph: its community in the level worked on */
    /* Of the next level, and of the one after: they take turns. */
    uint64_t *next_begins[2], *next_ends[2], *next_inside[2];
    uint32_t *next_edges[2], *next_weights[2];
    Parts parts[KERNEL_THREADS_MAX];
    uint64_t next_count; /* communities */
    __int128 quality, first_quality;
    bool kept; /* the last sweep was worth it */
} Louvain;

static inline uint64_t
two_m(const Louvain *lv)
{
    return lv->graph.offsets[lv->graph.vertex_count];
}

static inline uint32_t
weight_of(const Rows *rows, uint64_t at)
{
    return rows->weights ? rows->weights[at] : 1;
}

/* ---- Moves ------------------------------------------------------------------------------------------------------ */

/* Add the weights from a vertex to each community near it to `sums`; how many of those are not 0 then. */
static uint32_t
gather(const Rows *rows, const uint32_t *labels, uint64_t v, uint32_t *sums, uint32_t *touched, uint32_t count)
{
    for (uint64_t at = rows->begins[v]; at < rows->ends[v]; at++) {
        const uint32_t community = labels[rows->edges[at]];
        if (sums[community] == 0)
            touched[count++] = community;
        sums[community] += weight_of(rows, at);
    }
    return count;
}

/* Where a vertex wants to be: the gain of joining c is proportional to 2m k(v, c) - k(v) total(c) without v. */
static uint32_t
best_community(const Louvain *lv, uint64_t v, uint32_t *sums, uint32_t *touched)
{
    const uint32_t own = lv->communities[v];
    const uint64_t degree = lv->degrees[v], m2 = two_m(lv);
    const uint32_t count = gather(&lv->rows, lv->communities, v, sums, touched, 0);
    __int128 best_gain = (__int128)m2 * sums[own] - (__int128)degree * (lv->totals[own] - degree);
    uint32_t best = own;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t community = touched[i];
        const __int128 gain = (__int128)m2 * sums[community] - (__int128)degree * lv->totals[community];
        sums[community] = 0;
        if (community == own || (lv->sizes[own] == 1 && lv->sizes[community] == 1 && community > own))
            continue;
        if (gain > best_gain || (gain == best_gain && best != own && community < best)) {
            best_gain = gain;
            best = community;
        }
    }
    sums[own] = 0;
    return best;
}

static void
move(Louvain *lv, uint64_t v)
{
    const uint32_t from = lv->communities[v], to = lv->wanted[v];
    if (from == to)
        return;
    __atomic_fetch_sub(&lv->totals[from], lv->degrees[v], __ATOMIC_RELAXED);
    __atomic_fetch_add(&lv->totals[to], lv->degrees[v], __ATOMIC_RELAXED);
    __atomic_fetch_sub(&lv->sizes[from], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&lv->sizes[to], 1, __ATOMIC_RELAXED);
    lv->communities[v] = to;
}

/*
 * The modularity of the communities, times (2m)^2: exact. The threads add up their shares; the first one calls
 * sum_quality() after a barrier.
 */
static void
add_quality(KernelRun *run, uint32_t thread)
{
    Louvain *lv = run->state;
    const Rows *rows = &lv->rows;
    const KernelShare share = kernel_share(run, thread, rows->count);
    uint64_t intra = 0;
    unsigned __int128 squares = 0;
    for (uint64_t v = share.first; v < share.end; v++) {
        const uint32_t own = lv->communities[v];
        intra += rows->inside ? rows->inside[v] : 0;
        for (uint64_t at = rows->begins[v]; at < rows->ends[v]; at++)
            intra += lv->communities[rows->edges[at]] == own ? weight_of(rows, at) : 0;
        squares += (unsigned __int128)lv->totals[v] * lv->totals[v];
    }
    lv->parts[thread] = (Parts){intra, squares};
}

static __int128
sum_quality(const KernelRun *run)
{
    const Louvain *lv = run->state;
    __int128 quality = 0;
    for (uint32_t i = 0; i < run->thread_count; i++)
        quality += (__int128)lv->parts[i].intra * two_m(lv) - (__int128)lv->parts[i].squares;
    return quality;
}

/* Let each vertex move once. */
static void
sweep(KernelRun *run, uint32_t thread)
{
    Louvain *lv = run->state;
    const KernelShare share = kernel_share(run, thread, lv->rows.count);
    uint32_t *sums = lv->sums + lv->graph.vertex_count * thread;
    uint32_t *touched = lv->touched + lv->graph.vertex_count * thread;
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        for (uint64_t v = share.first; v < share.end; v++)
            if (random_at(run->seed, v) % BATCHES == batch)
                lv->wanted[v] = best_community(lv, v, sums, touched);
        kernel_barrier(run);
        for (uint64_t v = share.first; v < share.end; v++)
            if (random_at(run->seed, v) % BATCHES == batch)
                move(lv, v);
        kernel_barrier(run);
    }
}

/* Put the communities back to what they were before a sweep. */
static void
undo(KernelRun *run, uint32_t thread)
{
    Louvain *lv = run->state;
    const KernelShare share = kernel_share(run, thread, lv->rows.count);
    for (uint64_t v = share.first; v < share.end; v++)
        lv->wanted[v] = lv->before[v];
    for (uint64_t v = share.first; v < share.end; v++)
        move(lv, v);
    kernel_barrier(run);
}

static void
find_communities(KernelRun *run, uint32_t thread)
{
    Louvain *lv = run->state;
    const KernelShare share = kernel_share(run, thread, lv->rows.count);
    for (uint64_t v = share.first; v < share.end; v++) {
        uint64_t degree = lv->rows.inside ? lv->rows.inside[v] : 0;
        for (uint64_t at = lv->rows.begins[v]; at < lv->rows.ends[v]; at++)
            degree += weight_of(&lv->rows, at);
        lv->communities[v] = lv->before[v] = (uint32_t)v;
        lv->degrees[v] = lv->totals[v] = degree;
        lv->sizes[v] = 1;
    }
    kernel_barrier(run);
    add_quality(run, thread);
    kernel_barrier(run);
    if (thread == 0) {
        lv->quality = sum_quality(run);
        if (lv->level_count == 0)
            lv->first_quality = lv->quality;
    }
    for (uint64_t i = 0; i < run->values[SWEEPS]; i++) {
        kernel_mark(thread, "sweep");
        sweep(run, thread);
        add_quality(run, thread);
        kernel_barrier(run);
        if (thread == 0) {
            const __int128 quality = sum_quality(run);
            lv->kept = quality > lv->quality;
            lv->quality = lv->kept ? quality : lv->quality;
        }
        kernel_barrier(run);
        const bool kept = lv->kept;
        if (!kept) {
            undo(run, thread);
            break;
        }
        memcpy(lv->before + share.first, lv->communities + share.first, (share.end - share.first) * sizeof *lv->before);
        kernel_barrier(run);
    }
}

/* ---- The graph of the communities ----------------------------------------------------------------------------------
 */

/* Number the communities and put their members next to each other: by one thread. Returns how many there are. */
static uint64_t
order_members(Louvain *lv)
{
    const uint64_t count = lv->rows.count;
    uint64_t next = 0, end = 0;
    for (uint64_t c = 0; c < count; c++)
        if (lv->sizes[c] > 0) {
            lv->names[c] = (uint32_t)next;
            lv->member_ends[next++] = end;
            end += lv->sizes[c];
        }
    for (uint64_t v = 0; v < count; v++)
        lv->members[lv->member_ends[lv->names[lv->communities[v]]]++] = (uint32_t)v;
    return next;
}

/* The row of a community: edges to the others with their weights, in the order they were met. */
static void
merge_row(Louvain *lv, uint64_t community, unsigned side, uint32_t *sums, uint32_t *touched)
{
    const Rows *rows = &lv->rows;
    uint64_t inside = 0, out = lv->next_begins[side][community];
    uint32_t count = 0;
    for (uint64_t i = community > 0 ? lv->member_ends[community - 1] : 0; i < lv->member_ends[community]; i++) {
        inside += rows->inside ? rows->inside[lv->members[i]] : 0;
        count = gather(rows, lv->wanted, lv->members[i], sums, touched, count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t other = touched[i];
        if (other == community) {
            inside += sums[other];
        } else {
            lv->next_edges[side][out] = other;
            lv->next_weights[side][out++] = sums[other];
        }
        sums[other] = 0;
    }
    lv->next_ends[side][community] = out;
    lv->next_inside[side][community] = inside;
}

/* By one thread: where the rows of the communities begin, with room for all edges of their members. */
static void
place_rows(Louvain *lv, uint64_t count, unsigned side)
{
    uint64_t at = 0;
    for (uint64_t community = 0; community < count; community++) {
        lv->next_begins[side][community] = at;
        for (uint64_t i = community > 0 ? lv->member_ends[community - 1] : 0; i < lv->member_ends[community]; i++)
            at += lv->rows.ends[lv->members[i]] - lv->rows.begins[lv->members[i]];
    }
}

static void
contract(KernelRun *run, uint32_t thread)
{
    Louvain *lv = run->state;
    const unsigned side = lv->level_count % 2;
    const KernelShare share = kernel_share(run, thread, lv->rows.count);
    kernel_mark(thread, "contract");
    if (thread == 0) {
        lv->next_count = order_members(lv);
        place_rows(lv, lv->next_count, side);
    }
    kernel_barrier(run);
    const uint64_t count = lv->next_count;
    for (uint64_t v = share.first; v < share.end; v++)
        lv->wanted[v] = lv->names[lv->communities[v]];
    kernel_barrier(run);
    const KernelShare all = kernel_share(run, thread, lv->graph.vertex_count);
    for (uint64_t v = all.first; v < all.end; v++)
        lv->of[v] = lv->wanted[lv->of[v]];
    const KernelShare own = kernel_share(run, thread, count);
    for (uint64_t community = own.first; community < own.end; community++)
        merge_row(lv, community, side, lv->sums + lv->graph.vertex_count * thread,
                  lv->touched + lv->graph.vertex_count * thread);
    kernel_barrier(run);
    if (thread == 0) {
        lv->rows = (Rows){count,
                          lv->next_begins[side],
                          lv->next_ends[side],
                          lv->next_edges[side],
                          lv->next_weights[side],
                          lv->next_inside[side]};
        lv->level_count++;
    }
    kernel_barrier(run);
}

static void
work(KernelRun *run, uint32_t thread)
{
    for (uint64_t level = 0; level < run->values[LEVELS]; level++) {
        kernel_mark(thread, "level");
        find_communities(run, thread);
        contract(run, thread);
    }
}

/* ---- Input and check ------------------------------------------------------------------------------------------ */

static void
prepare(KernelRun *run)
{
    Louvain *lv = run->state = kernel_alloc(1, sizeof *lv);
    graph_make(&lv->graph, run->values[SCALE], run->seed);
    const uint64_t count = lv->graph.vertex_count, edges = lv->graph.offsets[count] + 1;
    uint32_t *labels = kernel_map("louvain-labels", 6 * count * sizeof *labels);
    lv->communities = labels;
    lv->wanted = labels + count;
    lv->before = labels + 2 * count;
    lv->names = labels + 3 * count;
    lv->members = labels + 4 * count;
    lv->of = labels + 5 * count;
    lv->degrees = kernel_map("louvain-degrees", count * sizeof *lv->degrees);
    lv->totals = kernel_map("louvain-totals", count * sizeof *lv->totals);
    lv->sizes = kernel_map("louvain-sizes", count * sizeof *lv->sizes);
    lv->member_ends = kernel_map("louvain-member-ends", count * sizeof *lv->member_ends);
    lv->sums = kernel_map("louvain-sums", 2 * count * run->thread_count * sizeof *lv->sums);
    lv->touched = lv->sums + count * run->thread_count;
    for (unsigned side = 0; side < 2; side++) {
        uint64_t *rows = kernel_map(side ? "louvain-rows-1" : "louvain-rows-0", 3 * count * sizeof *rows);
        lv->next_begins[side] = rows;
        lv->next_ends[side] = rows + count;
        lv->next_inside[side] = rows + 2 * count;
        lv->next_edges[side] = kernel_map(side ? "louvain-edges-1" : "louvain-edges-0", 2 * edges * sizeof(uint32_t));
        lv->next_weights[side] = lv->next_edges[side] + edges;
    }
    for (uint64_t v = 0; v < count; v++)
        lv->of[v] = (uint32_t)v;
    lv->rows = (Rows){count, lv->graph.offsets, lv->graph.offsets + 1, lv->graph.edges, NULL, NULL};
}

/* The modularity of the communities found, from the graph itself: what the last level says, and not below the start. */
static bool
check(KernelRun *run)
{
    Louvain *lv = run->state;
    const Graph *graph = &lv->graph;
    uint64_t *totals = kernel_alloc(graph->vertex_count, sizeof *totals), intra = 0;
    for (uint64_t v = 0; v < graph->vertex_count; v++) {
        totals[lv->of[v]] += graph_degree(graph, v);
        for (uint64_t at = graph->offsets[v]; at < graph->offsets[v + 1]; at++)
            intra += lv->of[graph->edges[at]] == lv->of[v];
        run->checksum = checksum_add(run->checksum, lv->of[v]);
    }
    __int128 quality = (__int128)intra * two_m(lv);
    for (uint64_t v = 0; v < graph->vertex_count; v++)
        quality -= (__int128)totals[v] * totals[v];
    free(totals);
    const double scale = (double)two_m(lv) * (double)two_m(lv);
    if (quality != lv->quality)
        return kernel_wrong("modularity %.9f: the graph says %.9f", (double)lv->quality / scale,
                            (double)quality / scale);
    if (quality <= lv->first_quality)
        return kernel_wrong("modularity %.9f is not above the %.9f of lone vertices", (double)quality / scale,
                            (double)lv->first_quality / scale);
    printf("modularity: %.4f in %llu communities\n", (double)quality / scale, (unsigned long long)lv->rows.count);
    return true;
}

const Kernel louvain_kernel = {
    .name = "louvain",
    .summary = "communities of a Kronecker graph by the Louvain method",
    .options = {GRAPH_SCALE_OPTION,
                {"levels", "number of levels", 3, 1, LEVELS_MAX},
                {"sweeps", "most sweeps of a level", 4, 1, 100}},
    .instructions_256ths = 1528,
    .instructions_per_s = 5000000000,
    .prepare = prepare,
    .work = work,
    .check = check,
};
