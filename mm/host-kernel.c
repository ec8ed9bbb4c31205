/* SPDX-License-Identifier: MIT */
/* The kernel's own mechanisms, as a policy turns them on and asks for them: DAMON and page replacement. */
#include <mm/host-private.h>

#include <mm/damon/session.h>
#include <string.h>

/* ---- DAMON --------------------------------------------------------------------------------------------------- */

static bool
host_damon(NsimHost *host, const char *text, GError **error)
{
    g_autoptr(GError) why = NULL;
    if (nsim_damon_session_run_args(nsim_damon_session(mm_of(host)), text, &why))
        return true;
    /* Whatever it is, it is in the text. */
    g_set_error_literal(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, why->message);
    return false;
}

static bool
host_damon_ops(NsimHost *host, const NsimDamonOpsClass *class, void *data, GError **error)
{
    return nsim_damon_session_add_ops(nsim_damon_session(mm_of(host)), class, data, error);
}

static bool
host_damon_feed(NsimHost *host, uint32_t kdamond, uint32_t scheme, uint32_t goal, uint64_t value)
{
    const NsimMm *mm = mm_of(host);
    NsimKdamond *at = mm->damon == NULL ? NULL : nsim_damon_session_at(mm->damon, kdamond);
    return at != NULL && nsim_kdamond_feed(at, scheme, goal, value);
}

static bool
host_physical(const NsimHost *host, uint64_t address, NsimSpaceId *ret_space, NsimPage *ret_page)
{
    const NsimMm *mm = mm_of(host);
    const uint64_t frame = address >> mm->machine->page_shift;
    if (mm->frames == NULL || frame >= nsim_frames_end(mm->frames) || !nsim_frames_used(mm->frames, (uint32_t)frame))
        return false;
    *ret_space = nsim_frames_at(mm->frames, (uint32_t)frame)->space;
    *ret_page = nsim_frames_at(mm->frames, (uint32_t)frame)->page;
    return true;
}

/* ---- Page replacement ---------------------------------------------------------------------------------------- */

static bool
host_reclaim(NsimHost *host, const NsimReclaimConfig *from, GError **error)
{
    NsimMm *mm = mm_of(host);
    NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    memcpy(&config, from, MIN((size_t)from->struct_size, sizeof config));
    config.struct_size = sizeof config;
    if (mm->reclaim == NULL && mm->mover == NULL) {
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                    "reclaim needs a mover, and nothing can move here");
        return false;
    }
    return nsim_mm_reclaim(mm, &config, error);
}

static bool
host_node_state(const NsimHost *host, NsimNodeId node, NsimNodeState *state)
{
    const NsimMm *mm = mm_of(host);
    NsimNodeState full = {.tier = NSIM_TIER_NO};
    if (node >= mm->machine->node_count)
        return false;
    full.free_pages = nsim_memory_free_pages(mm->memory, node);
    if (mm->reclaim != NULL) {
        const NsimMarks *marks = nsim_reclaim_marks(mm->reclaim, node);
        const NsimLru *lru = nsim_reclaim_lru(mm->reclaim);
        full.tier = nsim_reclaim_tiers(mm->reclaim)->tiers[node];
        full.min_pages = marks->min;
        full.low_pages = marks->low;
        full.high_pages = marks->high;
        full.promo_pages = marks->promo;
        full.demote_pages = marks->demote;
        full.inactive_anon = nsim_lru_pages(lru, node, NSIM_LRU_INACTIVE_ANON);
        full.active_anon = nsim_lru_pages(lru, node, NSIM_LRU_ACTIVE_ANON);
        full.inactive_file = nsim_lru_pages(lru, node, NSIM_LRU_INACTIVE_FILE);
        full.active_file = nsim_lru_pages(lru, node, NSIM_LRU_ACTIVE_FILE);
    }
    answer(state, &full, sizeof full);
    return true;
}

static uint32_t
host_page_flags(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    const NsimMm *mm = mm_of(host);
    if (mm->reclaim == NULL || space >= mm->space_count || page >= mm->spaces[space]->page_count)
        return 0;
    const uint32_t frame = nsim_frames_of(mm->frames, space, page);
    if (frame == NSIM_FRAME_NONE)
        return (nsim_space_state(mm->spaces[space], page) & NSIM_PAGE_SWAPPED) != 0 ? NSIM_PAGE_IS_ON_DISK : 0;
    uint32_t count;
    const uint16_t flags = nsim_frames_at(mm->frames, nsim_frames_folio(mm->frames, frame, &count))->flags;
    return ((flags & NSIM_FRAME_LRU) != 0 ? NSIM_PAGE_IS_ON_LRU : 0) |
           ((flags & NSIM_FRAME_ACTIVE) != 0 ? NSIM_PAGE_IS_ACTIVE : 0) |
           ((flags & NSIM_FRAME_REFERENCED) != 0 ? NSIM_PAGE_IS_REFERENCED : 0) |
           ((flags & NSIM_FRAME_FILE) != 0 ? NSIM_PAGE_IS_FILE : 0);
}

static uint64_t
host_lru_action(NsimHost *host, NsimSpaceId space, NsimPage page, uint64_t count, uint32_t action)
{
    NsimMm *mm = mm_of(host);
    uint64_t done = 0;
    if (mm->reclaim == NULL || space >= mm->space_count || !in_space(mm->spaces[space], page, count))
        return 0;
    if (action == NSIM_LRU_PAGEOUT)
        return nsim_reclaim_page_out(mm->reclaim, space, page, count, "policy", mm->now_ps);
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t frame = nsim_frames_of(mm->frames, space, page + i);
        uint32_t pages;
        if (frame == NSIM_FRAME_NONE || nsim_frames_folio(mm->frames, frame, &pages) != frame)
            continue;
        if (action == NSIM_LRU_ACTIVATE ? nsim_lru_activate(nsim_reclaim_lru(mm->reclaim), frame)
                                        : nsim_lru_deactivate(nsim_reclaim_lru(mm->reclaim), frame))
            done += pages;
    }
    return done;
}

static NsimNodeId
host_demotion_node(const NsimHost *host, NsimNodeId node)
{
    const NsimMm *mm = mm_of(host);
    if (mm->reclaim == NULL || node >= mm->machine->node_count)
        return NSIM_NODE_NONE;
    return nsim_reclaim_tiers(mm->reclaim)->targets[node][0];
}

static void
host_wake_kswapd(NsimHost *host, NsimNodeId node)
{
    NsimMm *mm = mm_of(host);
    if (mm->reclaim != NULL && node < mm->machine->node_count)
        nsim_reclaim_wake(mm->reclaim, node, mm->now_ps);
}

static uint64_t
host_memory_pressure_us(const NsimHost *host, bool full)
{
    const NsimMm *mm = mm_of(host);
    return mm->reclaim == NULL
               ? 0
               : nsim_pressure_total(nsim_reclaim_pressure(mm->reclaim), UINT32_MAX, mm->now_ps, full) / NSIM_US;
}

void
host_kernel_ops(NsimHostOps *ops)
{
    ops->damon = host_damon;
    ops->damon_ops = host_damon_ops;
    ops->damon_feed = host_damon_feed;
    ops->physical = host_physical;
    ops->reclaim = host_reclaim;
    ops->node_state = host_node_state;
    ops->page_flags = host_page_flags;
    ops->lru_action = host_lru_action;
    ops->demotion_node = host_demotion_node;
    ops->wake_kswapd = host_wake_kswapd;
    ops->memory_pressure_us = host_memory_pressure_us;
}
