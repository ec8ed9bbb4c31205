/* SPDX-License-Identifier: MIT */
/* Watermarks, and what can be known from them and from limits. */
#include <mm/reclaim-private.h>

#include <sim/assert.h>
#include <sim/integer.h>
#include <sim/time.h>

/* ---- Watermarks -----------------------------------------------------------------------------------------------------
 */

/* min_free_kbytes = 4 sqrt(KiB of memory), 128 to 262144. */
static uint64_t
min_free_bytes(uint64_t pages, unsigned page_shift)
{
    const uint64_t kib = pages << (page_shift - 10);
    return CLAMP(4 * nsim_square_root(kib), (uint64_t)128, (uint64_t)262144) << 10;
}

void
reclaim_set_marks(NsimReclaim *reclaim)
{
    const NsimReclaimConfig *config = &reclaim->config;
    const unsigned page_shift = reclaim->setup.machine->page_shift;
    uint64_t total = 0;
    for (uint32_t n = 0; n < reclaim->setup.machine->node_count; n++)
        total += is_disk(reclaim, n) ? 0 : reclaim->setup.memory->nodes[n].capacity_pages;
    const uint64_t bytes = config->min_free_bytes > 0 ? config->min_free_bytes : min_free_bytes(total, page_shift);
    for (uint32_t n = 0; n < reclaim->setup.machine->node_count; n++) {
        const uint64_t pages = reclaim->setup.memory->nodes[n].capacity_pages;
        NsimMarks *marks = &reclaim->marks[n];
        *marks = (NsimMarks){0};
        reclaim->reserves[n] = 0;
        if (is_disk(reclaim, n) || total == 0)
            continue;
        marks->min = part_of(bytes >> page_shift, pages, total);
        reclaim->reserves[n] = marks->min;
        const uint64_t gap = MAX(marks->min / 4, part_of(pages, config->watermark_scale_factor, 10000));
        marks->low = marks->min + gap;
        marks->high = marks->low + gap;
        marks->promo = config->promo ? marks->high + gap : 0;
        marks->demote =
            config->demote_scale_factor > 0 ? MAX(marks->high, part_of(pages, config->demote_scale_factor, 10000)) : 0;
    }
}

/* What kswapd works for. */
uint64_t
reclaim_goal(const NsimMarks *marks)
{
    return MAX(marks->high, MAX(marks->promo, marks->demote));
}

/* ---- Questions ------------------------------------------------------------------------------------------------------
 */

NsimNodeId
nsim_reclaim_demotion_node(const NsimReclaim *reclaim, NsimNodeId node, uint64_t pages)
{
    const NsimTiers *tiers = reclaim->tiers;
    const NsimNodeId *targets = tiers->targets[node];
    uint32_t best_tier = NSIM_TIER_NONE;
    NsimNodeId best = NSIM_NODE_NONE;
    uint64_t most = 0;
    /* Equally near ones: the emptiest. */
    for (uint32_t i = 0; targets[i] != NSIM_NODE_NONE; i++) {
        const uint64_t room = free_pages(reclaim, targets[i]);
        if (room >= reclaim->marks[targets[i]].min + pages && room > most) {
            best = targets[i];
            most = room;
        }
    }
    if (best != NSIM_NODE_NONE || targets[0] == NSIM_NODE_NONE)
        return best;
    for (uint32_t n = 0; n < tiers->node_count; n++) {
        if (tiers->tiers[n] == NSIM_TIER_NONE || tiers->tiers[n] <= tiers->tiers[node] ||
            tiers->tiers[n] >= best_tier || free_pages(reclaim, (NsimNodeId)n) < reclaim->marks[n].min + pages)
            continue;
        best = (NsimNodeId)n;
        best_tier = tiers->tiers[n];
    }
    return best;
}

/* Of a group, in pages; UINT64_MAX: none. */
static uint64_t
limit_of(const NsimReclaim *reclaim, uint32_t group)
{
    if (group >= reclaim->lru->group_count || world_of(reclaim)->payers->groups[group].limit_bytes == 0)
        return UINT64_MAX;
    return world_of(reclaim)->payers->groups[group].limit_bytes >> reclaim->setup.machine->page_shift;
}

uint64_t
nsim_reclaim_room(const NsimReclaim *reclaim, NsimSpaceId space)
{
    const uint32_t group = nsim_lru_group_of(reclaim->lru, space);
    const uint64_t limit = limit_of(reclaim, group), used = reclaim->lru->resident[group];
    return limit == UINT64_MAX ? limit : limit > used ? limit - used : 0;
}
