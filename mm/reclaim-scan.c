/* SPDX-License-Identifier: MIT */
/* Scans of the lists: what a pass looks at, which folios it takes, and where these are sent. */
#include <mm/reclaim-private.h>

#include <sim/assert.h>
#include <sim/time.h>

/* ---- A pass over the lists ------------------------------------------------------------------------------------------
 */

/* Does this vec (group x node) belong to the walk? */
static bool
covers(const Walk *walk, uint32_t group, uint32_t node)
{
    return (walk->node == NSIM_NODE_NONE || walk->node == node) && (walk->group == GROUP_ANY || walk->group == group) &&
           !is_disk(walk->reclaim, node);
}

/* Could a page of the node go anywhere? */
static bool
can_reclaim(const Walk *walk, NsimNodeId node)
{
    const NsimReclaim *reclaim = walk->reclaim;
    return (reclaim->config.demotion && !walk->no_demotion &&
            nsim_reclaim_demotion_node(reclaim, node, 1) != NSIM_NODE_NONE) ||
           swap_disk(reclaim, node, 1) != NSIM_NODE_NONE;
}

/*
 * How many pages of each list a pass looks at (get_scan_count): its size >> priority, anonymous and file pages in the
 * proportion swappiness : 200 - swappiness while there are some of both; file pages alone while there are inactive ones
 * in plenty, or without swappiness. Left out: the cost of refaults.
 */
static void
count_scans(const Walk *walk, const NsimLruVec *vec, uint64_t *ret_left)
{
    const NsimReclaim *reclaim = walk->reclaim;
    const uint64_t swappiness = MIN(reclaim->config.swappiness, (uint64_t)200);
    const uint64_t *pages = vec->pages;
    const bool file = pages[NSIM_LRU_INACTIVE_FILE] + pages[NSIM_LRU_ACTIVE_FILE] > 0;
    const bool anon = pages[NSIM_LRU_INACTIVE_ANON] + pages[NSIM_LRU_ACTIVE_ANON] > 0;
    const bool plenty =
        pages[NSIM_LRU_INACTIVE_FILE] >> walk->priority > 0 && !nsim_lru_inactive_is_low(reclaim->lru, vec, true);
    uint64_t shares[2] = {swappiness, 200 - swappiness};
    if (walk->priority == 0 && swappiness > 0)
        shares[0] = shares[1] = 200;
    else if (plenty || swappiness == 0)
        shares[0] = 0, shares[1] = 200;
    else if (!file || !anon)
        shares[0] = shares[1] = 200;
    for (int list = 0; list < NSIM_LRU_LISTS; list++)
        ret_left[list] = part_of(pages[list] >> walk->priority, shares[list >= NSIM_LRU_INACTIVE_FILE ? 1 : 0], 200);
}

/* Set up a pass at the walk's priority. Returns how many pages it will look at. */
static uint64_t
begin_pass(Walk *walk)
{
    const NsimLru *lru = walk->reclaim->lru;
    uint64_t sum = 0;
    walk->pass_reclaimed = 0;
    for (uint32_t g = 0; g <= lru->group_count; g++) {
        for (uint32_t n = 0; n < lru->node_count; n++) {
            uint64_t *left = &walk->left[((size_t)g * lru->node_count + n) * NSIM_LRU_LISTS];
            memset(left, 0, NSIM_LRU_LISTS * sizeof *left);
            if (covers(walk, g, n) && can_reclaim(walk, (NsimNodeId)n))
                count_scans(walk, nsim_lru_vec(lru, g, (NsimNodeId)n), left);
            for (int list = 0; list < NSIM_LRU_LISTS; list++)
                sum += left[list];
        }
    }
    return sum;
}

/* A cluster of each list of one vec. Returns pages scanned. */
static uint64_t
sweep_vec(Walk *walk, NsimLruVec *vec, uint64_t *left, GArray *victims)
{
    NsimLru *lru = walk->reclaim->lru;
    uint64_t scanned = 0;
    for (int list = 0; list < NSIM_LRU_LISTS; list++) {
        const uint64_t pages = MIN(left[list], (uint64_t)CLUSTER_PAGES);
        const bool file = list >= NSIM_LRU_INACTIVE_FILE;
        left[list] -= pages;
        if (pages == 0)
            continue;
        if (list == NSIM_LRU_ACTIVE_ANON || list == NSIM_LRU_ACTIVE_FILE) {
            if (nsim_lru_inactive_is_low(lru, vec, file))
                scanned += nsim_lru_shrink_active(lru, vec, file, pages);
            continue;
        }
        const uint64_t inactive = nsim_lru_shrink_inactive(lru, vec, file, pages, victims);
        walk->reclaim->stats.pgscan[walk->by] += inactive;
        scanned += inactive;
    }
    return scanned;
}

static uint64_t
sweep(Walk *walk, GArray *victims)
{
    NsimLru *lru = walk->reclaim->lru;
    uint64_t scanned = 0;
    for (uint32_t g = 0; g <= lru->group_count; g++) {
        for (uint32_t n = 0; n < lru->node_count; n++) {
            uint64_t *left = &walk->left[((size_t)g * lru->node_count + n) * NSIM_LRU_LISTS];
            if (covers(walk, g, n))
                scanned += sweep_vec(walk, nsim_lru_vec(lru, g, (NsimNodeId)n), left, victims);
        }
    }
    return scanned;
}

static bool
pass_is_over(const Walk *walk)
{
    const NsimLru *lru = walk->reclaim->lru;
    for (size_t i = 0; i < (size_t)(lru->group_count + 1) * lru->node_count * NSIM_LRU_LISTS; i++) {
        if (walk->left[i] > 0)
            return false;
    }
    return true;
}

/*
 * Scan until there are victims, a pass after the other, ever more of the lists. False: there is nothing left to do;
 * `ret_scanned` is what was looked at.
 */
bool
walk_find_victims(Walk *walk, uint64_t budget, GArray *victims, uint64_t *ret_scanned)
{
    *ret_scanned = 0;
    while (victims->len == 0 && *ret_scanned < budget) {
        if (pass_is_over(walk)) {
            /* A pass that gave nothing is followed by a deeper one. */
            if (walk->pass_reclaimed == 0 && --walk->priority < 0)
                return false;
            while (begin_pass(walk) == 0) {
                if (--walk->priority < 0)
                    return false;
            }
        }
        *ret_scanned += sweep(walk, victims);
    }
    return true;
}

void
walk_begin(Walk *walk)
{
    const NsimLru *lru = walk->reclaim->lru;
    walk->priority = PRIORITY_FIRST;
    walk->reclaimed = 0;
    walk->pass_reclaimed = 1; /* the first pass has no one before it */
    memset(walk->left, 0, (size_t)(lru->group_count + 1) * lru->node_count * NSIM_LRU_LISTS * sizeof *walk->left);
}

Walk *
walk_new(NsimReclaim *reclaim, WalkKind kind, NsimNodeId node)
{
    const NsimLru *lru = reclaim->lru;
    Walk *walk = g_new0(Walk, 1);
    walk->reclaim = reclaim;
    walk->node = node;
    walk->group = GROUP_ANY;
    walk->kind = kind;
    walk->by = kind == WALK_KSWAPD ? NSIM_BY_KSWAPD : NSIM_BY_DIRECT;
    walk->thread = NSIM_THREAD_NONE;
    walk->core = NSIM_CORE_NONE;
    walk->left = g_new0(uint64_t, (gsize)(lru->group_count + 1) * lru->node_count * NSIM_LRU_LISTS + 1);
    walk_begin(walk);
    return walk;
}

void
walk_free(gpointer data)
{
    Walk *walk = data;
    if (walk == NULL)
        return;
    g_free(walk->left);
    g_free(walk);
}

/* ---- Victims --------------------------------------------------------------------------------------------------------
 */

void
put_back_range(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t frame = nsim_frames_of(reclaim->setup.frames, space, page + i);
        if (frame == NSIM_FRAME_NONE)
            continue;
        uint32_t size;
        const uint32_t head = nsim_frames_folio(reclaim->setup.frames, frame, &size);
        if ((nsim_frames_at(reclaim->setup.frames, head)->flags & NSIM_FRAME_ISOLATED) != 0)
            nsim_lru_put_back(reclaim->lru, head);
    }
}

static void
put_back(NsimReclaim *reclaim, uint32_t head)
{
    if ((nsim_frames_at(reclaim->setup.frames, head)->flags & NSIM_FRAME_ISOLATED) != 0)
        nsim_lru_put_back(reclaim->lru, head);
}

/* Ask the mover to take pages of one space, one after the other, to `to`. */
static void
demote_run(Walk *walk, const Run *run, NsimNodeId to, NsimTime now_ps)
{
    NsimReclaim *reclaim = walk->reclaim;
    const NsimMoverSetup *world = world_of(reclaim);
    const NsimDecision decision = {.struct_size = sizeof decision,
                                   .kind = NSIM_DECIDE_MOVE,
                                   .count = run->count,
                                   .page = run->page,
                                   .space = run->space,
                                   .node = to,
                                   .accessor = world->space_accessors[run->space],
                                   .queue = walk->queue,
                                   .reason = NSIM_REASON_DEMOTION};
    const NsimInitiator initiator = {
        .thread = walk->thread, .core = walk->core, .payer = g_ptr_array_index(world->payers->names, walk->payer)};
    const uint64_t token = nsim_mover_request(reclaim->setup.mover, &decision, &initiator, now_ps);
    g_hash_table_insert(reclaim->tokens, GSIZE_TO_POINTER(token), walk);
    walk->outstanding++;
}

/* A victim and where it goes: demoted, or to a disk, or back. */
typedef struct {
    Run run;
    uint32_t head;
    NsimNodeId from, to;
    bool swap;
} Plan;

static int
compare_plans(gconstpointer a, gconstpointer b)
{
    const Plan *x = a, *y = b;
    if (x->swap != y->swap)
        return x->swap ? 1 : -1;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    if (x->run.space != y->run.space)
        return x->run.space < y->run.space ? -1 : 1;
    return x->run.page < y->run.page ? -1 : x->run.page > y->run.page;
}

/* Where each victim goes; those that can go nowhere go back. Sorted, so that neighbours go together. (transfer full) */
static GArray *
plan_victims(Walk *walk, const GArray *victims)
{
    NsimReclaim *reclaim = walk->reclaim;
    GArray *plans = g_array_new(FALSE, TRUE, sizeof(Plan));
    g_autofree uint64_t *promised = g_new0(uint64_t, reclaim->setup.machine->node_count + 1);
    for (guint i = 0; i < victims->len; i++) {
        Plan plan = {.head = g_array_index(victims, uint32_t, i), .to = NSIM_NODE_NONE};
        const NsimFrame *entry = nsim_frames_at(reclaim->setup.frames, plan.head);
        plan.run = (Run){.space = entry->space, .page = entry->page};
        (void)nsim_frames_folio(reclaim->setup.frames, plan.head, &plan.run.count);
        plan.from = nsim_frames_node(reclaim->setup.frames, plan.head);
        if (reclaim->config.demotion && !walk->no_demotion)
            plan.to = nsim_reclaim_demotion_node(reclaim, plan.from, plan.run.count);
        /* What was found for others of this scan is not there any more. */
        if (plan.to != NSIM_NODE_NONE &&
            free_pages(reclaim, plan.to) < promised[plan.to] + plan.run.count + reclaim->marks[plan.to].min)
            plan.to = NSIM_NODE_NONE;
        plan.swap = plan.to == NSIM_NODE_NONE;
        if (plan.swap)
            plan.to = swap_disk(reclaim, plan.from, plan.run.count);
        if (plan.to == NSIM_NODE_NONE || free_pages(reclaim, plan.to) < promised[plan.to] + plan.run.count) {
            put_back(reclaim, plan.head);
            continue;
        }
        promised[plan.to] += plan.run.count;
        g_array_append_val(plans, plan);
    }
    g_array_sort(plans, compare_plans);
    return plans;
}

static bool
goes_on(const Plan *plan, const Plan *next)
{
    return next->from == plan->from && next->to == plan->to && next->run.space == plan->run.space &&
           next->run.page == plan->run.page + plan->run.count;
}

/* Set victims on their way. Returns when the reclaimer's own part of it is over. */
NsimTime
walk_send_off(Walk *walk, const GArray *victims, NsimTime now_ps)
{
    NsimReclaim *reclaim = walk->reclaim;
    g_autoptr(GArray) plans = plan_victims(walk, victims);
    g_autoptr(GArray) heads = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (guint i = 0; i < plans->len;) {
        const Plan *plan = &g_array_index(plans, Plan, i);
        Plan whole = *plan;
        guint next = i + 1;
        if (plan->swap) {
            g_array_set_size(heads, 0);
            g_array_append_val(heads, plan->head);
            for (; next < plans->len; next++) {
                const Plan *other = &g_array_index(plans, Plan, next);
                if (other->from != plan->from || other->to != plan->to)
                    break;
                g_array_append_val(heads, other->head);
            }
            now_ps = swap_out(walk, (const uint32_t *)(void *)heads->data, heads->len, plan->from, plan->to, now_ps);
        } else {
            for (; next < plans->len && goes_on(&whole, &g_array_index(plans, Plan, next)); next++)
                whole.run.count += g_array_index(plans, Plan, next).run.count;
            /* The target's kswapd makes room for what comes later. */
            if (free_pages(reclaim, whole.to) < reclaim->marks[whole.to].low + whole.run.count)
                nsim_reclaim_wake(reclaim, whole.to, now_ps);
            demote_run(walk, &whole.run, whole.to, now_ps);
        }
        i = next;
    }
    return now_ps;
}

/* Before time begins: no cost, no waiting. */
uint64_t
walk_send_at_once(Walk *walk, const GArray *victims)
{
    NsimReclaim *reclaim = walk->reclaim;
    g_autoptr(GArray) plans = plan_victims(walk, victims);
    uint64_t pages = 0;
    for (guint i = 0; i < plans->len; i++) {
        const Plan *plan = &g_array_index(plans, Plan, i);
        pages += plan->run.count;
        if (plan->swap) {
            swap_at_once(reclaim, plan->head, plan->to);
            continue;
        }
        nsim_memory_take(reclaim->setup.memory, plan->to, plan->run.count);
        nsim_space_move(world_of(reclaim)->spaces[plan->run.space], plan->run.page, plan->run.count, plan->to);
        nsim_memory_give(reclaim->setup.memory, plan->from, plan->run.count);
    }
    return pages;
}
