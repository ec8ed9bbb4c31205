/* SPDX-License-Identifier: MIT */
/*
 * Kronecker graphs in compressed sparse rows: undirected, so each edge is there both ways, without loops and without
 * edges twice; the neighbours of a vertex ascend.
 *
 * Source: the generator of the Graph500 specification 2.0: 2^scale vertices, 16 edges drawn for each, an edge falls
 * into the quarters of the matrix with probabilities 0.57, 0.19, 0.19, 0.05, and the numbers of the vertices are
 * permuted. Left out: the shuffle of the list of edges, which rows do not show, and distributed memory.
 */
#pragma once

#include <traces/kernels/common/kernel.h>

#define GRAPH_EDGE_FACTOR 16u

typedef struct {
    uint64_t vertex_count;
    uint64_t *offsets; /* vertex_count + 1: where the neighbours of a vertex begin */
    uint32_t *edges;
} Graph;

#define GRAPH_SCALE_OPTION                                                                                             \
    {                                                                                                                  \
        "scale", "binary logarithm of the vertices", 10, 4, 24                                                         \
    }

/* Make it: regions "graph-offsets" and "graph-edges". */
void graph_make(Graph *graph, uint64_t scale, uint64_t seed);
/* Is there an edge? By bisection. */
bool graph_has_edge(const Graph *graph, uint32_t from, uint32_t to);
/* Component of each vertex, the smallest vertex in it, by union-find: for checks. (transfer full) */
uint32_t *graph_components(const Graph *graph);
/* Vertex number `index` of those drawn at random with neighbours. */
uint32_t graph_random_vertex(const Graph *graph, uint64_t seed, uint64_t index);

static inline uint64_t
graph_degree(const Graph *graph, uint64_t vertex)
{
    return graph->offsets[vertex + 1] - graph->offsets[vertex];
}
