/* SPDX-License-Identifier: MIT */
/* Who reclaims: kswapd, threads that allocate, policies. Scans are in reclaim-scan.c, disks in swap.c. */
#include <mm/reclaim-private.h>

#include <sim/assert.h>
#include <sim/time.h>

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
    if (free_pages(reclaim, walk->node) >= reclaim_goal(&reclaim->marks[walk->node])) {
        walk->failures = 0;
        walk->running = false;
        return;
    }
    g_autoptr(GArray) victims = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    const bool more = walk_find_victims(walk, SCAN_PAGES_MAX, victims, &scanned);
    const uint32_t core = nsim_cpus_idlest(world_of(reclaim)->cpus, walk->node, walk->node, now_ps);
    walk->core = core == NSIM_CORE_NONE ? 0 : core;
    NsimTime end_ps = pay_scan(walk, scanned, now_ps);
    end_ps = walk_send_off(walk, victims, end_ps);
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
    return free_pages(reclaim, node) >= reclaim_goal(&reclaim->marks[node]);
}

void
nsim_reclaim_wake(NsimReclaim *reclaim, NsimNodeId node, NsimTime now_ps)
{
    Walk *walk = reclaim->kswapds[node];
    if (walk == NULL || walk->running || walk->failures >= FAILURES_MAX || is_balanced(reclaim, node))
        return;
    walk->running = true;
    walk_begin(walk);
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
        walk_begin(walk);
    }
    g_autoptr(GArray) victims = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (;;) {
        uint64_t scanned;
        const uint64_t before = walk->reclaimed;
        g_array_set_size(victims, 0);
        const bool more = walk_find_victims(walk, UINT64_MAX, victims, &scanned);
        const NsimTime ps = scanned * reclaim->config.scan_ps;
        nsim_payers_charge(world_of(reclaim)->payers, walk->payer, NSIM_PHASE_ISOLATE, ps);
        *ret_ps += ps;
        if (!more)
            return NSIM_RECLAIM_GAVE_UP;
        *ret_ps = walk_send_off(walk, victims, now_ps + *ret_ps) - now_ps;
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
    while (pages < MAX(need, (uint64_t)CLUSTER_PAGES) && walk_find_victims(walk, UINT64_MAX, victims, &scanned)) {
        const uint64_t gone = walk_send_at_once(walk, victims);
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
    (void)walk_send_off(walk, victims, now_ps);
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
    reclaim_set_marks(reclaim);
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
