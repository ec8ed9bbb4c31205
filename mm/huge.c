/* SPDX-License-Identifier: MIT */
/* First touches under advice. Source and what is left out: huge.h. */
#include <mm/huge.h>

/* Has a node that the accessor may use the memory for a whole unit? */
static bool
any_node_has(const NsimMm *mm, NsimAccessorId accessor, uint64_t pages)
{
    const NsimMachine *machine = mm->machine;
    for (uint32_t rank = 0; rank < machine->node_count; rank++) {
        const NsimNodeId node = machine->order[(size_t)accessor * machine->node_count + rank];
        if (node == NSIM_NODE_NONE)
            return false;
        const uint64_t low = mm->reclaim == NULL ? 0 : nsim_reclaim_marks(mm->reclaim, node)->low;
        if (machine->nodes[node].kind != NSIM_NODE_DISK && nsim_memory_free_pages(mm->memory, node) >= pages + low)
            return true;
    }
    return false;
}

void
nsim_huge_fault(NsimMm *mm, NsimSpaceId space_id, NsimPage page, NsimAccessorId accessor, NsimPage *ret_first,
                uint32_t *ret_count)
{
    NsimSpace *space = mm->spaces[space_id];
    const uint64_t pages = (uint64_t)1 << space->frame_page_shift;
    const NsimPage first = page & ~(pages - 1);
    const uint32_t head = space->heads[page >> space->frame_page_shift];
    uint16_t all, any;
    nsim_space_survey(space, first, pages, &all, &any);
    const bool plain = (all & NSIM_PAGE_ABSENT) != 0 && (any & NSIM_PAGE_MOVING) == 0;
    const bool already = (head & NSIM_HEAD_HUGE) != 0 && (any & NSIM_PAGE_SPLIT) == 0;
    if ((head & NSIM_HEAD_WANTED) != 0 && plain && !already && nsim_space_may_join(space, first)) {
        if (any_node_has(mm, accessor, pages))
            nsim_space_prepare(space, first, true);
        else
            mm->vmstat.thp_fault_fallback++;
    }
    *ret_first = page;
    *ret_count = 1;
    if ((nsim_space_state(space, page) & NSIM_PAGE_SPLIT) == 0)
        nsim_space_unit_of(space, page, ret_first, ret_count);
}

void
nsim_huge_faulted(NsimMm *mm, NsimSpaceId space_id, NsimPage first, uint32_t count)
{
    NsimSpace *space = mm->spaces[space_id];
    const uint32_t head = space->heads[first >> space->frame_page_shift];
    uint16_t all, any;
    if (count != 1u << space->frame_page_shift || (head & NSIM_HEAD_WANTED) == 0)
        return;
    nsim_space_survey(space, first, count, &all, &any);
    if ((any & (NSIM_PAGE_ABSENT | NSIM_PAGE_SPLIT)) != 0)
        return; /* not over, or split meanwhile */
    if ((all & NSIM_PAGE_NODE) == (any & NSIM_PAGE_NODE)) {
        mm->vmstat.thp_fault_alloc++;
        return;
    }
    nsim_space_prepare(space, first, false);
    mm->vmstat.thp_fault_fallback++;
}

void
nsim_huge_advise(NsimMm *mm, NsimSpaceId space, NsimPage page, uint64_t count, NsimAdvice advice)
{
    mm->vmstat.thp_shown = true;
    nsim_space_advise(mm->spaces[space], page, count, advice);
}
