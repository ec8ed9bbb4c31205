/* SPDX-License-Identifier: MIT */
/* Accessed bits as monitors use them. Source: accessed.h. */
#include <mm/damon/accessed.h>

static uint32_t
frame_on_lists(const NsimMm *mm, NsimSpaceId id, NsimPage page)
{
    return mm == NULL || mm->reclaim == NULL ? NSIM_FRAME_NONE : nsim_frames_of(mm->frames, id, page);
}

void
nsim_damon_make_old(const NsimMm *mm, NsimSpace *space, NsimSpaceId id, NsimPage page, uint32_t count)
{
    const uint32_t frame = frame_on_lists(mm, id, page);
    if (frame != NSIM_FRAME_NONE)
        nsim_lru_make_old(nsim_reclaim_lru(mm->reclaim), frame);
    else
        nsim_space_change(space, page, count, NSIM_PAGE_ACCESSED, 0);
}

bool
nsim_damon_is_young(const NsimMm *mm, const NsimSpace *space, NsimSpaceId id, NsimPage page, uint32_t count)
{
    const uint32_t frame = frame_on_lists(mm, id, page);
    uint16_t all, any;
    if (frame != NSIM_FRAME_NONE)
        return nsim_lru_is_young(nsim_reclaim_lru(mm->reclaim), frame);
    nsim_space_survey(space, page, count, &all, &any);
    return (any & NSIM_PAGE_ACCESSED) != 0;
}
