/* SPDX-License-Identifier: MIT */
/* Watermarks, scans, kswapd, direct reclaim. What goes to a disk is in swap.c. */
#include <mm/reclaim-private.h>

#include <sim/assert.h>
#include <sim/time.h>

/* DEF_PRIORITY, SWAP_CLUSTER_MAX and MAX_RECLAIM_RETRIES of the kernel. */
#define PRIORITY_FIRST 12
#define CLUSTER_PAGES 32u
#define FAILURES_MAX 16u
/* kswapd looks at the clock, and may lose the CPU, after so many pages that gave nothing. */
#define SCAN_PAGES_MAX 1024u

static const NsimMoverSetup *
world_of(const NsimReclaim *reclaim)
{
    return &reclaim->setup.mover->setup;
}

static uint64_t
free_pages(const NsimReclaim *reclaim, NsimNodeId node)
{
    return nsim_memory_free_pages(reclaim->setup.memory, node);
}

static bool
is_disk(const NsimReclaim *reclaim, uint32_t node)
{
    return reclaim->setup.machine->nodes[node].kind == NSIM_NODE_DISK;
}

/* ---- Watermarks -----------------------------------------------------------------------------------------------------
 */

static uint64_t
square_root(uint64_t value)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    }
    return root;
}

/* value x numerator / denominator, cut off as the kernel does. */
static uint64_t
part_of(uint64_t value, uint64_t numerator, uint64_t denominator)
{
    return (uint64_t)((unsigned __int128)value * numerator / denominator);
}

/* min_free_kbytes = 4 sqrt(KiB of memory), 128 to 262144. */
static uint64_t
min_free_bytes(uint64_t pages, unsigned page_shift)
{
    const uint64_t kib = pages << (page_shift - 10);
    return CLAMP(4 * square_root(kib), (uint64_t)128, (uint64_t)262144) << 10;
}

static void
set_marks(NsimReclaim *reclaim)
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
static uint64_t
goal_of(const NsimMarks *marks)
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
static bool
find_victims(Walk *walk, uint64_t budget, GArray *victims, uint64_t *ret_scanned)
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

static void
begin_walk(Walk *walk)
{
    const NsimLru *lru = walk->reclaim->lru;
    walk->priority = PRIORITY_FIRST;
    walk->reclaimed = 0;
    walk->pass_reclaimed = 1; /* the first pass has no one before it */
    memset(walk->left, 0, (size_t)(lru->group_count + 1) * lru->node_count * NSIM_LRU_LISTS * sizeof *walk->left);
}

static Walk *
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
    begin_walk(walk);
    return walk;
}

static void
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
static NsimTime
send_off(Walk *walk, const GArray *victims, NsimTime now_ps)
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

/* ---- kswapd ---------------------------------------------------------------------------------------------------------
 */

static void kswapd_step(void *context, uint64_t now_ps);

/* CPU time of a scan on the walk's core, booked. */
static NsimTime
pay_scan(Walk *walk, uint64_t scanned, NsimTime now_ps)
{
    NsimReclaim *reclaim = walk->reclaim;
    const NsimTime ps = scanned * reclaim->config.scan_ps;
    nsim_payers_charge(world_of(reclaim)->payers, walk->payer, NSIM_PHASE_ISOLATE, ps);
    return nsim_cpus_run(world_of(reclaim)->cpus, walk->core, now_ps, ps);
}

static void
kswapd_sleep(Walk *walk)
{
    walk->failures = walk->reclaimed > 0 ? 0 : walk->failures + 1;
    walk->running = false;
}

static void
kswapd_step(void *context, uint64_t now_ps)
{
    Walk *walk = context;
    NsimReclaim *reclaim = walk->reclaim;
    uint64_t scanned;
    if (free_pages(reclaim, walk->node) >= goal_of(&reclaim->marks[walk->node])) {
        walk->failures = 0;
        walk->running = false;
        return;
    }
    g_autoptr(GArray) victims = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const bool more = find_victims(walk, SCAN_PAGES_MAX, victims, &scanned);
    const uint32_t core = nsim_cpus_idlest(world_of(reclaim)->cpus, walk->node, walk->node, now_ps);
    walk->core = core == NSIM_CORE_NONE ? 0 : core;
    NsimTime end_ps = pay_scan(walk, scanned, now_ps);
    end_ps = send_off(walk, victims, end_ps);
    if (walk->outstanding > 0)
        return;
    if (!more) {
        kswapd_sleep(walk);
        return;
    }
    mover_at(reclaim->setup.mover, end_ps, kswapd_step, walk);
}

/* Is it above what it is woken for? */
static bool
is_balanced(const NsimReclaim *reclaim, NsimNodeId node)
{
    return free_pages(reclaim, node) >= goal_of(&reclaim->marks[node]);
}

void
nsim_reclaim_wake(NsimReclaim *reclaim, NsimNodeId node, NsimTime now_ps)
{
    Walk *walk = reclaim->kswapds[node];
    if (walk == NULL || walk->running || walk->failures >= FAILURES_MAX || is_balanced(reclaim, node))
        return;
    walk->running = true;
    begin_walk(walk);
    reclaim->stats.pageoutrun++;
    mover_at(reclaim->setup.mover, now_ps + reclaim->setup.mover->costs->wake_ps, kswapd_step, walk);
}

void
nsim_reclaim_allocated(NsimReclaim *reclaim, NsimNodeId node, NsimTime now_ps)
{
    const NsimMarks *marks = &reclaim->marks[node];
    if (free_pages(reclaim, node) < marks->demote ||
        (reclaim->config.wake_low && free_pages(reclaim, node) <= marks->low))
        nsim_reclaim_wake(reclaim, node, now_ps);
}

/* ---- Direct reclaim -------------------------------------------------------------------------------------------------
 */

static void
set_stalled(Walk *walk, bool stalled, NsimTime now_ps)
{
    if (walk->stalled != stalled)
        nsim_pressure_stall(&walk->reclaim->pressure, walk->stall_group, now_ps, stalled);
    walk->stalled = stalled;
}

static Walk *
direct_walk(NsimReclaim *reclaim, const NsimNeed *need, NsimTime now_ps)
{
    Walk *walk = g_hash_table_lookup(reclaim->direct, GUINT_TO_POINTER(need->thread));
    if (walk == NULL) {
        walk = walk_new(reclaim, WALK_DIRECT, NSIM_NODE_NONE);
        walk->thread = need->thread;
        walk->core = need->core;
        walk->payer = nsim_payers_find(world_of(reclaim)->payers, reclaim->setup.machine->accessors[need->accessor].id);
        walk->stall_group = nsim_lru_group_of(reclaim->lru, need->space);
        g_hash_table_insert(reclaim->direct, GUINT_TO_POINTER(need->thread), walk);
        reclaim->stats.allocstall++;
    }
    set_stalled(walk, true, now_ps);
    return walk;
}

NsimReclaimAnswer
nsim_reclaim_direct(NsimReclaim *reclaim, const NsimNeed *need, NsimTime now_ps, NsimTime *ret_ps)
{
    Walk *walk = direct_walk(reclaim, need, now_ps);
    const uint32_t group =
        nsim_reclaim_room(reclaim, need->space) < need->need ? nsim_lru_group_of(reclaim->lru, need->space) : GROUP_ANY;
    *ret_ps = 0;
    /* What it asked for comes first. */
    if (walk->outstanding > 0)
        return NSIM_RECLAIM_WAIT;
    if (walk->group != group || walk->reclaimed >= MAX(need->need, (uint64_t)CLUSTER_PAGES)) {
        walk->group = group;
        walk->no_demotion = group != GROUP_ANY; /* demotion does not help a group that has reached its limit */
        begin_walk(walk);
    }
    g_autoptr(GArray) victims = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (;;) {
        uint64_t scanned;
        const uint64_t before = walk->reclaimed;
        g_array_set_size(victims, 0);
        const bool more = find_victims(walk, UINT64_MAX, victims, &scanned);
        const NsimTime ps = scanned * reclaim->config.scan_ps;
        nsim_payers_charge(world_of(reclaim)->payers, walk->payer, NSIM_PHASE_ISOLATE, ps);
        *ret_ps += ps;
        if (!more)
            return NSIM_RECLAIM_GAVE_UP;
        *ret_ps = send_off(walk, victims, now_ps + *ret_ps) - now_ps;
        if (walk->outstanding > 0)
            return NSIM_RECLAIM_WAIT;
        if (walk->reclaimed > before)
            return NSIM_RECLAIM_FREED;
    }
}

void
nsim_reclaim_satisfied(NsimReclaim *reclaim, uint32_t thread, NsimTime now_ps)
{
    Walk *walk = g_hash_table_lookup(reclaim->direct, GUINT_TO_POINTER(thread));
    if (walk == NULL)
        return;
    set_stalled(walk, false, now_ps);
    if (walk->outstanding > 0) {
        /* Others gave it memory before its own writes were done; it does not wait for them. */
        walk->kind = WALK_ORPHAN;
        g_hash_table_steal(reclaim->direct, GUINT_TO_POINTER(thread));
        g_ptr_array_add(reclaim->orphans, walk);
        return;
    }
    g_hash_table_remove(reclaim->direct, GUINT_TO_POINTER(thread));
}

void
nsim_reclaim_woken(NsimReclaim *reclaim, uint32_t thread, NsimTime now_ps)
{
    Walk *walk = g_hash_table_lookup(reclaim->direct, GUINT_TO_POINTER(thread));
    if (walk != NULL)
        set_stalled(walk, false, now_ps);
}

bool
nsim_reclaim_waits(NsimReclaim *reclaim, uint32_t thread)
{
    Walk *walk = g_hash_table_lookup(reclaim->direct, GUINT_TO_POINTER(thread));
    if (walk == NULL || walk->outstanding == 0)
        return false;
    walk->waiting = true;
    return true;
}

/* ---- What is done ---------------------------------------------------------------------------------------------------
 */

void
walk_count(Walk *walk, uint64_t pages)
{
    walk->pass_reclaimed += pages;
    walk->reclaimed += pages;
    walk->reclaim->stats.pgsteal[walk->by] += pages;
}

void
walk_done(Walk *walk, uint64_t pages, NsimTime now_ps)
{
    NsimReclaim *reclaim = walk->reclaim;
    NsimMover *mover = reclaim->setup.mover;
    walk_count(walk, pages);
    if (--walk->outstanding > 0)
        return;
    switch (walk->kind) {
    case WALK_KSWAPD:
        mover_at(mover, now_ps, kswapd_step, walk);
        break;
    case WALK_DIRECT:
        /* There is something to reclaim after all. */
        for (uint32_t n = 0; pages > 0 && n < reclaim->setup.machine->node_count; n++) {
            if (reclaim->kswapds[n] != NULL)
                reclaim->kswapds[n]->failures = 0;
        }
        if (walk->waiting && mover->wake != NULL)
            mover->wake(mover->wake_context, walk->thread, now_ps);
        walk->waiting = false;
        break;
    case WALK_ORPHAN:
        g_ptr_array_remove_fast(reclaim->orphans, walk);
        break;
    }
}

/* Isolated folios that begin among the pages of an outcome. (transfer full) */
static GArray *
isolated_of(const NsimReclaim *reclaim, const NsimOutcome *outcome)
{
    GArray *heads = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t i = 0; i < outcome->count; i++) {
        const uint32_t frame = nsim_frames_of(reclaim->setup.frames, outcome->space, outcome->page + i);
        if (frame != NSIM_FRAME_NONE &&
            (nsim_frames_at(reclaim->setup.frames, frame)->flags & NSIM_FRAME_ISOLATED) != 0 &&
            (nsim_space_state(world_of(reclaim)->spaces[outcome->space], outcome->page + i) & NSIM_PAGE_MOVING) == 0)
            g_array_append_val(heads, frame);
    }
    return heads;
}

/* What found no room in the next tier goes to a disk, as the kernel's second round without demotion does. */
static void
swap_leftovers(Walk *walk, const NsimOutcome *outcome)
{
    NsimReclaim *reclaim = walk->reclaim;
    g_autoptr(GArray) heads = isolated_of(reclaim, outcome);
    if (heads->len == 0)
        return;
    const uint32_t first = g_array_index(heads, uint32_t, 0);
    const NsimNodeId node = nsim_frames_node(reclaim->setup.frames, first);
    const NsimNodeId disk = swap_disk(reclaim, node, outcome->count);
    guint same = 0;
    while (same < heads->len && nsim_frames_node(reclaim->setup.frames, g_array_index(heads, uint32_t, same)) == node)
        same++;
    if (disk != NSIM_NODE_NONE)
        (void)swap_out(walk, (const uint32_t *)(void *)heads->data, same, node, disk, outcome->time_ps);
}

bool
nsim_reclaim_done(NsimReclaim *reclaim, const NsimOutcome *outcome)
{
    Walk *walk = g_hash_table_lookup(reclaim->tokens, GSIZE_TO_POINTER(outcome->token));
    if (walk == NULL)
        return false;
    g_hash_table_remove(reclaim->tokens, GSIZE_TO_POINTER(outcome->token));
    if (outcome->cause == NSIM_CAUSE_NO_DESTINATION)
        swap_leftovers(walk, outcome);
    put_back_range(reclaim, outcome->space, outcome->page, outcome->count);
    reclaim->stats.pgdemote[walk->by] += outcome->moved_pages;
    walk_done(walk, outcome->moved_pages, outcome->time_ps);
    return true;
}

/* ---- At once, and on demand -----------------------------------------------------------------------------------------
 */

/* Before time begins: no cost, no waiting. */
static uint64_t
go_at_once(Walk *walk, const GArray *victims)
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

uint64_t
nsim_reclaim_at_once(NsimReclaim *reclaim, NsimSpaceId space, uint64_t need)
{
    const NsimReclaimStats stats = reclaim->stats;
    Walk *walk = walk_new(reclaim, WALK_ORPHAN, NSIM_NODE_NONE);
    g_autoptr(GArray) victims = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    uint64_t pages = 0, scanned;
    if (nsim_reclaim_room(reclaim, space) < need) {
        walk->group = nsim_lru_group_of(reclaim->lru, space);
        walk->no_demotion = true;
    }
    while (pages < MAX(need, (uint64_t)CLUSTER_PAGES) && find_victims(walk, UINT64_MAX, victims, &scanned)) {
        const uint64_t gone = go_at_once(walk, victims);
        walk_count(walk, gone);
        pages += gone;
        g_array_set_size(victims, 0);
    }
    walk_free(walk);
    reclaim->stats = stats;
    return pages;
}

uint64_t
nsim_reclaim_page_out(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, uint64_t count, const char *payer,
                      NsimTime now_ps)
{
    const NsimSpace *pages = world_of(reclaim)->spaces[space];
    Walk *walk = walk_new(reclaim, WALK_ORPHAN, NSIM_NODE_NONE);
    g_autoptr(GArray) victims = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint64_t i = 0; i < count; i++) {
        const uint32_t frame = nsim_frames_of(reclaim->setup.frames, space, page + i);
        if (frame != NSIM_FRAME_NONE && (nsim_frames_at(reclaim->setup.frames, frame)->flags & NSIM_FRAME_HEAD) != 0 &&
            (nsim_space_state(pages, page + i) & NSIM_PAGE_MOVING) == 0 && nsim_lru_isolate(reclaim->lru, frame))
            g_array_append_val(victims, frame);
    }
    walk->no_demotion = true;
    walk->payer = nsim_payers_find(world_of(reclaim)->payers, payer);
    const uint32_t core = nsim_cpus_idlest(world_of(reclaim)->cpus, 0, 0, now_ps);
    walk->core = core == NSIM_CORE_NONE ? 0 : core;
    (void)send_off(walk, victims, now_ps);
    uint64_t away = walk->reclaimed;
    for (guint t = 0; t < reclaim->transfers->len; t++) {
        const Transfer *transfer = g_ptr_array_index(reclaim->transfers, t);
        for (guint r = 0; transfer->walk == walk && r < transfer->runs->len; r++)
            away += g_array_index(transfer->runs, Run, r).count;
    }
    if (walk->outstanding > 0)
        g_ptr_array_add(reclaim->orphans, walk);
    else
        walk_free(walk);
    return away;
}

/* ---- Life -----------------------------------------------------------------------------------------------------------
 */

static void
make_kswapd(NsimReclaim *reclaim, NsimNodeId node)
{
    g_autofree char *name = g_strdup_printf("kswapd.%d", (int)reclaim->setup.machine->nodes[node].nid);
    if (reclaim->tiers->tiers[node] == NSIM_TIER_NONE)
        return;
    Walk *walk = walk_new(reclaim, WALK_KSWAPD, node);
    walk->payer = nsim_payers_find(world_of(reclaim)->payers, name);
    walk->queue = nsim_mover_add_thread(reclaim->setup.mover, name);
    reclaim->kswapds[node] = walk;
}

void
nsim_reclaim_configure(NsimReclaim *reclaim, const NsimReclaimConfig *config)
{
    reclaim->config = *config;
    set_marks(reclaim);
}

NsimReclaim *
nsim_reclaim_new(const NsimReclaimSetup *setup, const NsimReclaimConfig *config)
{
    NsimReclaim *reclaim = g_new0(NsimReclaim, 1);
    const NsimMoverSetup *world = &setup->mover->setup;
    reclaim->setup = *setup;
    reclaim->lru =
        nsim_lru_new(setup->frames, world->spaces, world->space_count, world->space_groups, world->payers->group_count);
    reclaim->tiers = nsim_tiers_new(setup->machine);
    nsim_pressure_init(&reclaim->pressure, world->payers->group_count);
    reclaim->marks = g_new0(NsimMarks, setup->machine->node_count + 1);
    reclaim->reserves = g_new0(uint64_t, setup->machine->node_count + 1);
    nsim_mover_set_reserves(setup->mover, reclaim->reserves);
    reclaim->kswapds = g_new0(Walk *, setup->machine->node_count + 1);
    reclaim->direct = g_hash_table_new_full(NULL, NULL, NULL, walk_free);
    reclaim->tokens = g_hash_table_new(NULL, NULL);
    reclaim->transfers = g_ptr_array_new();
    reclaim->orphans = g_ptr_array_new_with_free_func(walk_free);
    for (uint32_t n = 0; n < setup->machine->node_count; n++)
        make_kswapd(reclaim, (NsimNodeId)n);
    nsim_reclaim_configure(reclaim, config);
    return reclaim;
}

void
nsim_reclaim_stop(NsimReclaim *reclaim)
{
    for (guint i = 0; i < reclaim->transfers->len; i++) {
        transfer_abort(g_ptr_array_index(reclaim->transfers, i));
        transfer_free(g_ptr_array_index(reclaim->transfers, i));
    }
    g_ptr_array_set_size(reclaim->transfers, 0);
}

void
nsim_reclaim_free(NsimReclaim *reclaim)
{
    if (reclaim == NULL)
        return;
    nsim_reclaim_stop(reclaim);
    for (uint32_t n = 0; n < reclaim->setup.machine->node_count; n++)
        walk_free(reclaim->kswapds[n]);
    g_hash_table_unref(reclaim->direct);
    g_hash_table_unref(reclaim->tokens);
    g_ptr_array_unref(reclaim->transfers);
    g_ptr_array_unref(reclaim->orphans);
    nsim_lru_free(reclaim->lru);
    nsim_tiers_free(reclaim->tiers);
    nsim_pressure_clear(&reclaim->pressure);
    nsim_mover_set_reserves(reclaim->setup.mover, NULL);
    g_free(reclaim->reserves);
    g_free(reclaim->marks);
    g_free(reclaim->kswapds);
    g_free(reclaim);
}

const NsimReclaimConfig *
nsim_reclaim_config(const NsimReclaim *reclaim)
{
    return &reclaim->config;
}

NsimLru *
nsim_reclaim_lru(const NsimReclaim *reclaim)
{
    return reclaim->lru;
}

const NsimTiers *
nsim_reclaim_tiers(const NsimReclaim *reclaim)
{
    return reclaim->tiers;
}

NsimPressure *
nsim_reclaim_pressure(NsimReclaim *reclaim)
{
    return &reclaim->pressure;
}

const NsimMarks *
nsim_reclaim_marks(const NsimReclaim *reclaim, NsimNodeId node)
{
    return &reclaim->marks[node];
}

const NsimReclaimStats *
nsim_reclaim_stats(const NsimReclaim *reclaim)
{
    return &reclaim->stats;
}

void
nsim_reclaim_forget(NsimReclaim *reclaim, NsimTime now_ps)
{
    reclaim->stats = (NsimReclaimStats){0};
    reclaim->lru->activated = reclaim->lru->deactivated = 0;
    nsim_pressure_forget(&reclaim->pressure, now_ps);
}

uint64_t
nsim_reclaim_taken(const NsimReclaim *reclaim, NsimNodeId node)
{
    uint64_t pages = 0;
    for (guint i = 0; i < reclaim->transfers->len; i++) {
        const Transfer *transfer = g_ptr_array_index(reclaim->transfers, i);
        for (guint r = 0; transfer->to == node && r < transfer->runs->len; r++)
            pages += g_array_index(transfer->runs, Run, r).count;
    }
    return pages;
}
