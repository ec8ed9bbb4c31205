/* SPDX-License-Identifier: MIT */
/* Goals of DAMOS quotas: metrics, scores, tuners. Source and what is left out: goal.h. */
#include <mm/damon/goal.h>

#include <string.h>

#define BP 10000u

/* ---- Tuners ------------------------------------------------------------------------------------------------- */

uint64_t
nsim_damos_tune(uint32_t tuner, uint64_t last_bp, uint64_t score, uint64_t bytes)
{
    if (tuner == NSIM_TUNER_CONSIST)
        return nsim_damon_next_input(MAX(last_bp, BP), score);
    /* Temporal: all that is allowed until the goal is met, nothing from then on. */
    if (score >= NSIM_DAMON_SCORE_GOAL)
        return 0;
    return bytes == 0 || bytes > UINT64_MAX / BP ? UINT64_MAX : bytes * BP;
}

uint64_t
nsim_damos_goal_score(uint64_t current, uint64_t target)
{
    const unsigned __int128 score = (unsigned __int128)current * NSIM_DAMON_SCORE_GOAL / MAX(target, 1);
    return score > UINT64_MAX ? UINT64_MAX : (uint64_t)score;
}

NsimNodeId
nsim_damon_node(const NsimMachine *machine, int32_t nid)
{
    for (uint32_t n = 0; n < machine->node_count; n++) {
        if (machine->nodes[n].nid == nid)
            return (NsimNodeId)n;
    }
    return NSIM_NODE_NONE;
}

/* ---- Metrics ------------------------------------------------------------------------------------------------ */

static uint64_t
share_bp(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (uint64_t)((unsigned __int128)part * BP / whole);
}

uint64_t
nsim_damos_pages_on(const NsimSpace *space, NsimNodeId node)
{
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    uint64_t pages = 0;
    for (uint64_t f = 0; f < space->frame_count; f++) {
        const bool split = (space->heads[f] & NSIM_HEAD_SPLIT) != 0;
        for (uint64_t i = 0; i < (split ? frame_pages : 1); i++) {
            const uint16_t state = nsim_space_state(space, (f << space->frame_page_shift) + i);
            if ((state & NSIM_PAGE_ABSENT) == 0 && (state & NSIM_PAGE_NODE) == node)
                pages += split ? 1 : frame_pages;
        }
    }
    return pages;
}

/* Pages of a group's workloads on a node; an unknown group has none. */
static uint64_t
group_pages_on(const NsimMm *mm, const char *group, NsimNodeId node)
{
    const NsimMoverSetup *setup = mm->mover == NULL ? NULL : nsim_mover_setup(mm->mover);
    uint64_t pages = 0;
    for (uint32_t s = 0; setup != NULL && group != NULL && s < mm->space_count; s++) {
        const uint32_t g = setup->space_groups[s];
        if (g != NSIM_GROUP_NONE && strcmp(setup->payers->groups[g].name, group) == 0)
            pages += nsim_damos_pages_on(mm->spaces[s], node);
    }
    return pages;
}

/* Share of active lists among all lists, by base pages. */
static uint64_t
active_bp(const NsimMm *mm)
{
    uint64_t pages[NSIM_LRU_LISTS] = {0}, all = 0;
    for (uint32_t n = 0; mm->reclaim != NULL && n < mm->machine->node_count; n++) {
        for (int list = 0; list < NSIM_LRU_LISTS; list++)
            pages[list] += nsim_lru_pages(nsim_reclaim_lru(mm->reclaim), (NsimNodeId)n, (NsimLruList)list);
    }
    for (int list = 0; list < NSIM_LRU_LISTS; list++)
        all += pages[list];
    return share_bp(pages[NSIM_LRU_ACTIVE_ANON] + pages[NSIM_LRU_ACTIVE_FILE], all);
}

static uint64_t
node_value(const NsimDamosGoalPlan *plan, const NsimDamosGoalWorld *world, NsimNodeId node)
{
    const NsimMm *mm = world->mm;
    const uint64_t total = mm->memory->nodes[node].capacity_pages;
    NsimDamosEligible eligible;
    switch ((NsimDamosGoalMetric)plan->metric) {
    case NSIM_GOAL_NODE_MEM_USED_BP:
        return share_bp(total - nsim_memory_free_pages(mm->memory, node), total);
    case NSIM_GOAL_NODE_MEM_FREE_BP:
        return share_bp(nsim_memory_free_pages(mm->memory, node), total);
    case NSIM_GOAL_NODE_MEMCG_USED_BP:
        return share_bp(group_pages_on(mm, plan->memcg, node), total);
    case NSIM_GOAL_NODE_MEMCG_FREE_BP:
        return share_bp(total - MIN(group_pages_on(mm, plan->memcg, node), total), total);
    default:
        eligible = world->eligible(world->data, node);
        return share_bp(eligible.on_node, eligible.all);
    }
}

void
nsim_damos_goal_measure(NsimDamosGoal *goal, const NsimDamosGoalPlan *plan, const NsimDamosGoalWorld *world)
{
    const NsimTime stall_ps = nsim_mm_stall_ps(world->mm);
    switch ((NsimDamosGoalMetric)plan->metric) {
    case NSIM_GOAL_USER_INPUT:
        if (goal->feed != NULL)
            goal->current = nsim_damon_feed_read(goal->feed, world->mm, goal->current);
        break;
    case NSIM_GOAL_SOME_MEM_PSI_US:
        /* Statistics may have begun anew. */
        goal->current = (stall_ps - (stall_ps < goal->last_stall_ps ? 0 : goal->last_stall_ps)) / NSIM_US;
        goal->last_stall_ps = stall_ps;
        break;
    case NSIM_GOAL_ACTIVE_MEM_BP:
        goal->current = active_bp(world->mm);
        break;
    case NSIM_GOAL_INACTIVE_MEM_BP:
        goal->current = BP - active_bp(world->mm);
        break;
    default:
        goal->current = node_value(plan, world, nsim_damon_node(world->mm->machine, plan->nid));
        break;
    }
}
