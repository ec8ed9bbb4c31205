/* SPDX-License-Identifier: MIT */
/* Moves in hint faults. */
#include "policies/numa-move.h"

typedef struct {
    NumaTask *task;
    bool own, promotion;
} Move;

NumaMoves *
numa_moves_new(void)
{
    NumaMoves *moves = g_new0(NumaMoves, 1);
    moves->table = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return moves;
}

void
numa_moves_free(NumaMoves *moves)
{
    g_hash_table_unref(moves->table);
    g_free(moves);
}

/* The unit of movement a page belongs to, as far as it lies in its region. */
static void
find_unit(const NsimHost *host, NumaFault *what)
{
    const NsimPage page = what->fault->page;
    NsimSpaceInfo space;
    what->first = page;
    what->count = 1;
    if (!nsim_space_info(host, what->fault->space, &space))
        return;
    for (uint32_t r = 0; r < space.region_count; r++) {
        NsimRegionInfo region;
        if (!nsim_region_info(host, what->fault->space, r, &region) || page >= region.first + region.count)
            continue;
        const NsimPage first = page / region.unit_pages * region.unit_pages;
        if (first >= region.first && first + region.unit_pages <= region.first + region.count) {
            what->first = first;
            what->count = region.unit_pages;
        }
        return;
    }
}

bool
numa_fault_begin(NumaScan *scan, NsimHost *host, const NsimFault *fault, NumaFault *ret)
{
    *ret = (NumaFault){
        .fault = fault, .task = numa_scan_task(scan, fault), .node = nsim_page_node(host, fault->space, fault->page)};
    if (ret->task == NULL || !ret->task->cpu || ret->task->home == NSIM_NODE_NONE || ret->node == NSIM_NODE_NONE)
        return false;
    find_unit(host, ret);
    if (ret->count > 1)
        (void)nsim_disarm(host, fault->space, ret->first, ret->count);
    return true;
}

void
numa_fault_move(NumaMoves *moves, NsimHost *host, const NumaFault *what)
{
    const Move move = {.task = what->task, .own = what->own, .promotion = what->promotion};
    const uint64_t token =
        nsim_move(host, what->fault->space, what->first, what->count, what->task->home, what->fault->accessor, 0,
                  what->promotion ? NSIM_REASON_PROMOTION : NSIM_REASON_POLICY, 0);
    g_hash_table_insert(moves->table, GSIZE_TO_POINTER(token), g_memdup2(&move, sizeof move));
}

bool
numa_fault_moved(NumaMoves *moves, NumaScan *scan, NsimHost *host, const NsimOutcome *outcome, uint64_t *ret_promoted)
{
    const Move *move = g_hash_table_lookup(moves->table, GSIZE_TO_POINTER(outcome->token));
    if (move == NULL)
        return false;
    *ret_promoted = move->promotion ? outcome->moved_pages : 0;
    /* What stays in slow memory is not in the statistics of faults. */
    if (outcome->moved_pages > 0 || !move->promotion)
        numa_scan_note(scan, host, move->task, outcome->count, false, move->own, outcome->failed_pages > 0);
    /* Time and thread share a place: what was there means nothing on the other tier. */
    for (uint32_t i = 0; *ret_promoted > 0 && i < outcome->count; i++)
        scan->spaces[outcome->space].marks[outcome->page + i] = NUMA_MARK_NONE;
    g_hash_table_remove(moves->table, GSIZE_TO_POINTER(outcome->token));
    return true;
}
