/* SPDX-License-Identifier: MIT */
/* Page counts of the nodes. No page leaves or enters without being counted: capacity is never exceeded (asserted). */
#include <mm/memory.h>

#include <sim/assert.h>

NsimMemory *
nsim_memory_new(const NsimMachine *machine)
{
    NsimMemory *memory = g_new0(NsimMemory, 1);
    memory->machine = machine;
    memory->nodes = g_new0(NsimNodeMemory, machine->node_count);
    for (uint32_t n = 0; n < machine->node_count; n++)
        memory->nodes[n].capacity_pages = machine->nodes[n].capacity_bytes >> machine->page_shift;
    return memory;
}

void
nsim_memory_free(NsimMemory *memory)
{
    if (memory == NULL)
        return;
    g_free(memory->nodes);
    g_free(memory);
}

void
nsim_memory_take(NsimMemory *memory, NsimNodeId node, uint64_t pages)
{
    NsimNodeMemory *entry = &memory->nodes[node];
    nsim_assert(pages <= entry->capacity_pages - entry->used_pages);
    entry->used_pages += pages;
    entry->peak_pages = MAX(entry->peak_pages, entry->used_pages);
}

void
nsim_memory_give(NsimMemory *memory, NsimNodeId node, uint64_t pages)
{
    nsim_assert(pages <= memory->nodes[node].used_pages);
    memory->nodes[node].used_pages -= pages;
}
