/* SPDX-License-Identifier: MIT */
/* Physical memory of the nodes: how many base pages each has, and how many are taken. */
#pragma once

#include <models/machine.h>

typedef struct {
    uint64_t capacity_pages, used_pages, peak_pages;
} NsimNodeMemory;

typedef struct {
    const NsimMachine *machine;
    NsimNodeMemory *nodes; /* machine->node_count long */
} NsimMemory;

NsimMemory *nsim_memory_new(const NsimMachine *machine);
void nsim_memory_free(NsimMemory *memory);

static inline uint64_t
nsim_memory_free_pages(const NsimMemory *memory, NsimNodeId node)
{
    return memory->nodes[node].capacity_pages - memory->nodes[node].used_pages;
}

/* Take or give back pages; the caller has checked that they are there (asserted). */
void nsim_memory_take(NsimMemory *memory, NsimNodeId node, uint64_t pages);
void nsim_memory_give(NsimMemory *memory, NsimNodeId node, uint64_t pages);
