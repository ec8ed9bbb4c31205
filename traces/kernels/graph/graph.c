/* SPDX-License-Identifier: MIT */
/* The generator of graph.h. */
#include "graph.h"

#include <stdlib.h>

#include <traces/kernels/common/random.h>

typedef struct {
    uint32_t from, to;
} Edge;

/* Which quarter an edge falls into, level by level; the generator's A, B and C. */
static Edge
draw_edge(uint64_t scale, uint64_t seed, uint64_t index)
{
    const uint64_t one = (uint64_t)1 << 32;
    const uint64_t a = one * 57 / 100, b = a + one * 19 / 100, c = b + one * 19 / 100;
    Edge edge = {0, 0};
    uint64_t drawn = 0;
    for (uint64_t level = 0; level < scale; level++) {
        if (level % 2 == 0)
            drawn = random_at(seed, index * 32 + level);
        const uint64_t number = level % 2 == 0 ? drawn >> 32 : drawn & 0xffffffff;
        edge.from = edge.from << 1 | (number >= b);
        edge.to = edge.to << 1 | ((number >= a && number < b) || number >= c);
    }
    return edge;
}

static uint32_t *
make_permutation(uint64_t count, uint64_t seed)
{
    uint32_t *order = kernel_alloc(count, sizeof *order);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t other = random_below(seed, i, i + 1);
        order[i] = order[other];
        order[other] = (uint32_t)i;
    }
    return order;
}

static Edge *
draw_edges(uint64_t scale, uint64_t seed, uint64_t edge_count)
{
    Edge *list = kernel_alloc(edge_count, sizeof *list);
    uint32_t *names = make_permutation((uint64_t)1 << scale, seed + 1);
    for (uint64_t i = 0; i < edge_count; i++) {
        const Edge edge = draw_edge(scale, seed, i);
        list[i] = (Edge){names[edge.from], names[edge.to]};
    }
    free(names);
    return list;
}

/* offsets[v + 1] has the count of v; make it where v begins, and the last one the total. */
static void
sum_up(uint64_t *offsets, uint64_t vertex_count)
{
    for (uint64_t v = 0; v < vertex_count; v++)
        offsets[v + 1] += offsets[v];
}

/* Rows of the list, both ways, without loops; neighbours in any order. */
static uint32_t *
fill_rows(const Edge *list, uint64_t edge_count, uint64_t vertex_count, uint64_t *offsets)
{
    for (uint64_t i = 0; i < edge_count; i++) {
        if (list[i].from == list[i].to)
            continue;
        offsets[list[i].from + 1]++;
        offsets[list[i].to + 1]++;
    }
    sum_up(offsets, vertex_count);
    uint32_t *rows = kernel_alloc(offsets[vertex_count], sizeof *rows);
    uint64_t *next = kernel_alloc(vertex_count, sizeof *next);
    memcpy(next, offsets, vertex_count * sizeof *next);
    for (uint64_t i = 0; i < edge_count; i++) {
        if (list[i].from == list[i].to)
            continue;
        rows[next[list[i].from]++] = list[i].to;
        rows[next[list[i].to]++] = list[i].from;
    }
    free(next);
    return rows;
}

/* The same rows with ascending neighbours: a vertex goes into the rows of its neighbours in the vertices' order. */
static uint32_t *
sort_rows(const uint32_t *rows, const uint64_t *offsets, uint64_t vertex_count)
{
    uint32_t *sorted = kernel_alloc(offsets[vertex_count], sizeof *sorted);
    uint64_t *next = kernel_alloc(vertex_count, sizeof *next);
    memcpy(next, offsets, vertex_count * sizeof *next);
    for (uint64_t v = 0; v < vertex_count; v++)
        for (uint64_t i = offsets[v]; i < offsets[v + 1]; i++)
            sorted[next[rows[i]]++] = (uint32_t)v;
    free(next);
    return sorted;
}

void
graph_make(Graph *graph, uint64_t scale, uint64_t seed)
{
    const uint64_t vertex_count = (uint64_t)1 << scale, edge_count = vertex_count * GRAPH_EDGE_FACTOR;
    uint64_t *offsets = kernel_alloc(vertex_count + 1, sizeof *offsets);
    Edge *list = draw_edges(scale, seed, edge_count);
    uint32_t *rows = fill_rows(list, edge_count, vertex_count, offsets);
    free(list);
    uint32_t *sorted = sort_rows(rows, offsets, vertex_count);
    free(rows);
    graph->vertex_count = vertex_count;
    graph->offsets = kernel_map("graph-offsets", (vertex_count + 1) * sizeof *graph->offsets);
    uint64_t kept = 0;
    for (uint64_t v = 0; v < vertex_count; v++) {
        graph->offsets[v] = kept;
        for (uint64_t i = offsets[v]; i < offsets[v + 1]; i++)
            if (i == offsets[v] || sorted[i] != sorted[i - 1])
                sorted[kept++] = sorted[i];
    }
    graph->offsets[vertex_count] = kept;
    graph->edges = kernel_map("graph-edges", (kept + 1) * sizeof *graph->edges);
    memcpy(graph->edges, sorted, kept * sizeof *sorted);
    free(sorted);
    free(offsets);
}

bool
graph_has_edge(const Graph *graph, uint32_t from, uint32_t to)
{
    uint64_t low = graph->offsets[from], high = graph->offsets[from + 1];
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (graph->edges[middle] == to)
            return true;
        if (graph->edges[middle] < to)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static uint32_t
find_root(uint32_t *parents, uint32_t v)
{
    while (parents[v] != v) {
        parents[v] = parents[parents[v]];
        v = parents[v];
    }
    return v;
}

uint32_t *
graph_components(const Graph *graph)
{
    uint32_t *parents = kernel_alloc(graph->vertex_count, sizeof *parents);
    for (uint64_t v = 0; v < graph->vertex_count; v++)
        parents[v] = (uint32_t)v;
    for (uint64_t v = 0; v < graph->vertex_count; v++) {
        for (uint64_t i = graph->offsets[v]; i < graph->offsets[v + 1]; i++) {
            const uint32_t a = find_root(parents, (uint32_t)v), b = find_root(parents, graph->edges[i]);
            parents[a > b ? a : b] = a > b ? b : a;
        }
    }
    for (uint64_t v = 0; v < graph->vertex_count; v++)
        parents[v] = find_root(parents, (uint32_t)v);
    return parents;
}

uint32_t
graph_random_vertex(const Graph *graph, uint64_t seed, uint64_t index)
{
    uint64_t drawn = index << 32;
    uint64_t vertex;
    do {
        vertex = random_below(seed + 2, drawn++, graph->vertex_count);
    } while (graph_degree(graph, vertex) == 0);
    return (uint32_t)vertex;
}
