/* SPDX-License-Identifier: MIT */
/*
 * One batch through the kernel's steps (mm/migrate.c as of about 6.7, and the offload series for copying by batch):
 *
 *     isolate all; [pass: unmap each; flush; copy and remap each, or copy all and remap each]; release
 *
 * Each step of a folio is work of the task's core and ends with an event; what a step changes, it changes at its end.
 * Folios that were busy are tried again in the next pass; in synchronous mode the rest is tried alone afterwards.
 *
 * A transaction (Nomad) copies before it unmaps: prepare each (take a destination, clear the dirty bit); flush; copy
 * all; commit each: unmap it for a moment, look at the dirty bit, remap or copy again.
 *
 * Left out: reference counts as such (a share of attempts finds a folio locked, pinned or in writeback); hugetlb; the
 * move phase's own retries; rmap walks of pages shared by several address spaces.
 */
#include <mm/mover-private.h>

#include <sim/assert.h>
#include <string.h>

/* NR_MAX_MIGRATE_PAGES_RETRY, and its parts in synchronous mode: with the batch, and alone. */
#define PASSES_ASYNC 10u
#define PASSES_BATCH 3u
#define PASSES_ALONE 7u

/* Nothing that could be moved now: no memory, on a disk, or on the move. */
#define GONE (NSIM_PAGE_ABSENT | NSIM_PAGE_SWAPPED | NSIM_PAGE_MOVING)

static Folio *
folio_at(Task *task, guint i)
{
    return &g_array_index(task->folios, Folio, i);
}

static NsimSpace *
space_of(const Task *task)
{
    return task->mover->setup.spaces[task->space];
}

static uint64_t
lines_of(const Task *task, uint32_t pages)
{
    return ((uint64_t)pages << task->mover->setup.machine->page_shift) >> NSIM_LINE_SHIFT;
}

/* ---- Making a batch -------------------------------------------------------------------------------------------- */

/* Are all of the pages on one node, and nothing done to them? */
static bool
is_whole(const NsimSpace *space, NsimPage page, uint32_t pages, NsimNodeId *ret_node)
{
    uint16_t all, any;
    nsim_space_survey(space, page, pages, &all, &any);
    *ret_node = any & NSIM_PAGE_NODE;
    return (any & (GONE | NSIM_PAGE_SPLIT)) == 0 &&
           (all & NSIM_PAGE_NODE) == (any & NSIM_PAGE_NODE);
}

/* Part of a huge page is to move: it is split first. */
static void
split_unit(Task *task, NsimPage first, uint32_t pages, NsimTime *cost_ps)
{
    nsim_space_split(space_of(task), first, pages);
    task->mover->stats.thp_split++;
    *cost_ps += task->mover->costs->split_ps;
}

/* The exchange partner of a folio can take part: there, as large, and not on the move. */
static bool
partner_is_ready(const Task *task, const Folio *folio)
{
    NsimNodeId node;
    uint16_t all, any;
    nsim_space_survey(space_of(task), folio->partner, folio->pages, &all, &any);
    node = any & NSIM_PAGE_NODE;
    return (any & GONE) == 0 && (all & NSIM_PAGE_NODE) == node &&
           node == folio->destination;
}

/* Pages of a frame, all of which can be copied now, that have memory; 0: there is nothing to collapse. */
static uint32_t
pages_to_collapse(const NsimSpace *space, NsimPage page, uint32_t pages)
{
    uint32_t present = 0;
    uint16_t all, any;
    nsim_space_survey(space, page, pages, &all, &any);
    if ((any & (NSIM_PAGE_SWAPPED | NSIM_PAGE_MOVING)) != 0 || nsim_space_is_huge(space, page) ||
        !nsim_space_may_join(space, page))
        return 0;
    for (uint32_t i = 0; i < pages; i++)
        present += (nsim_space_state(space, page + i) & NSIM_PAGE_ABSENT) == 0;
    return present;
}

/* The frame at the request's next page into the batch, or skipped. */
static void
take_frame(Task *task, Request *request)
{
    const NsimSpace *space = space_of(task);
    const uint32_t pages = 1u << space->frame_page_shift;
    const Folio folio = {.request = request,
                         .token = request->token,
                         .page = request->next,
                         .pages = pages,
                         .entries = pages_to_collapse(space, request->next, pages),
                         .source = request->decision.node,
                         .destination = request->decision.node,
                         .collapse = true};
    request->next += pages;
    if (folio.entries == 0) {
        request->skipped_pages += pages;
        return;
    }
    request->folios++;
    g_array_append_val(task->folios, folio);
}

/* The folio at the request's next page into the batch, or the page skipped. */
static void
take_folio(Task *task, Request *request, NsimTime *cost_ps)
{
    const NsimSpace *space = space_of(task);
    const NsimDecision *decision = &request->decision;
    const NsimPage page = request->next;
    const uint16_t state = nsim_space_state(space, page);
    Folio folio = {.request = request,
                   .token = request->token,
                   .page = page,
                   .pages = 1,
                   .entries = 1,
                   .source = state & NSIM_PAGE_NODE,
                   .destination = decision->node};
    NsimPage first;
    uint32_t unit;
    nsim_space_unit_of(space, page, &first, &unit);
    NsimNodeId node;
    if (unit > 1 && is_whole(space, first, unit, &node) && node != decision->node) {
        if (first == page && request->end - page >= unit) {
            folio.pages = unit;
            /* One entry of the page directory maps 2 MiB; anything smaller has an entry for each page. */
            folio.entries = unit == 1u << space->frame_page_shift ? 1 : unit;
        } else {
            split_unit(task, first, unit, cost_ps);
        }
    }
    request->next += folio.pages;
    folio.partner = decision->partner + (page - decision->page);
    if ((state & GONE) != 0 || folio.source == folio.destination) {
        request->skipped_pages += folio.pages;
        return;
    }
    request->folios++;
    g_array_append_val(task->folios, folio);
}

/* May the request's folios share a batch with those of `first`? */
static bool
goes_with(const Request *request, const Request *first)
{
    const NsimDecision *a = &request->decision, *b = &first->decision;
    return a->space == b->space && a->node == b->node && a->flags == b->flags && a->reason == b->reason &&
           request->payer == first->payer;
}

static void
fill_batch(Task *task, NsimTime *cost_ps)
{
    const uint64_t limit = task->mover->setup.config.batch_pages;
    const Request *first = g_queue_peek_head(&task->requests);
    uint64_t pages = 0;
    for (GList *at = task->requests.head; at != NULL && pages < limit; at = at->next) {
        Request *request = at->data;
        if (!goes_with(request, first))
            break;
        while (request->next < request->end && pages < limit) {
            const guint before = task->folios->len;
            if ((request->decision.flags & NSIM_MOVE_COLLAPSE) != 0)
                take_frame(task, request);
            else
                take_folio(task, request, cost_ps);
            if (task->folios->len > before)
                pages += folio_at(task, before)->pages;
        }
    }
}

static uint32_t
choose_core(const Task *task, NsimNodeId source, NsimNodeId destination, NsimTime now_ps)
{
    if (task->pinned_core != NSIM_CORE_NONE)
        return task->pinned_core;
    const uint32_t core = nsim_cpus_idlest(task->mover->setup.cpus, source, destination, now_ps);
    return core == NSIM_CORE_NONE ? 0 : core;
}

/* Copying by batch is what several cores and engines need. */
static bool
copies_by_batch(const NsimMover *mover, NsimCopierKind copier)
{
    const NsimFlow flow = (NsimFlow)mover->setup.config.flow;
    return flow == NSIM_FLOW_BATCH || copier != NSIM_COPIER_CPU;
}

/* How many folios of page replacement's lists it is before the move. */
static uint32_t
lru_entries(const Folio *folio)
{
    return folio->collapse ? folio->entries : 1;
}

static void unmap_next(Task *task, NsimTime now_ps);

static void
isolated(void *context, uint64_t now_ps)
{
    Task *task = context;
    task->at = 0;
    unmap_next(task, now_ps);
}

static void
begin_books(Task *task, NsimTime now_ps)
{
    task->began_ps = now_ps;
    task->batch = ++task->mover->last_batch;
    memset(task->spent_ps, 0, sizeof task->spent_ps);
}

bool
batch_begin(Task *task, NsimTime now_ps)
{
    NsimMover *mover = task->mover;
    const NsimMigrationCosts *costs = mover->costs;
    Request *first = g_queue_peek_head(&task->requests);
    const NsimDecision decision = first->decision;
    NsimTime cost_ps = 0;

    g_array_set_size(task->folios, 0);
    task->space = decision.space;
    task->group = mover->setup.space_groups[decision.space];
    task->initiator = first->payer;
    begin_books(task, now_ps);
    fill_batch(task, &cost_ps);
    if (task->folios->len == 0)
        return false;

    task->core = choose_core(task, folio_at(task, 0)->source, decision.node, now_ps);
    task->exchange = (decision.flags & NSIM_MOVE_EXCHANGE) != 0;
    const bool collapse = (decision.flags & NSIM_MOVE_COLLAPSE) != 0;
    task->transactional = !task->exchange && !collapse && task->queue > 0 &&
                          (mover->setup.config.transactional || (decision.flags & NSIM_MOVE_TRANSACTIONAL) != 0);
    task->sync = (decision.flags & NSIM_MOVE_SYNC) != 0;
    task->alone = task->full = false;
    task->pass = 0;
    task->pass_max = task->sync ? PASSES_BATCH : PASSES_ASYNC;
    if (task->transactional)
        task->pass_max += (uint32_t)mover->setup.config.transaction_retries;
    task->copier = collapse ? NSIM_COPIER_CPU : mover->copiers[MIN(decision.reason, NSIM_REASONS - 1)];
    task->batch_flow = task->transactional || copies_by_batch(mover, task->copier);
    if (task->fresh_list)
        cost_ps += costs->start_ps + ((decision.flags & NSIM_MOVE_SYSCALL) != 0 ? costs->call_ps : 0);
    /* A kernel thread that slept has to be woken. */
    if (task->fresh_list && task->queue > 0 && (decision.flags & NSIM_MOVE_SYSCALL) == 0)
        now_ps += costs->wake_ps;
    task->fresh_list = false;
    for (guint i = 0; i < task->folios->len; i++)
        cost_ps += lru_entries(folio_at(task, i)) * costs->isolate_ps;
    mover_at(mover, mover_work(task, NSIM_PHASE_ISOLATE, now_ps, cost_ps), isolated, task);
    return true;
}

bool
batch_leftover(Task *task, NsimTime now_ps)
{
    if (task->leftovers->len == 0)
        return false;
    g_array_set_size(task->folios, 0);
    g_array_append_val(task->folios, g_array_index(task->leftovers, Folio, 0));
    g_array_remove_index(task->leftovers, 0);
    task->alone = true;
    task->full = false;
    task->pass = 0;
    task->pass_max = PASSES_ALONE;
    begin_books(task, now_ps);
    mover_at(task->mover, now_ps, isolated, task);
    return true;
}

/* ---- Unmapping ------------------------------------------------------------------------------------------------- */

static bool
happens(NsimMover *mover, uint64_t ppm)
{
    return ppm > 0 && nsim_random_below(&mover->random, 1000000) < ppm;
}

/* Is somebody else in the way of this attempt? */
static NsimCause
obstacle(Task *task)
{
    NsimMover *mover = task->mover;
    const NsimMoverConfig *config = &mover->setup.config;
    if (happens(mover, config->locked_ppm))
        return NSIM_CAUSE_LOCKED;
    if (happens(mover, config->pinned_ppm))
        return NSIM_CAUSE_PINNED;
    if (happens(mover, config->writeback_ppm))
        return NSIM_CAUSE_WRITEBACK;
    return NSIM_CAUSE_NONE;
}

static void
fail_folio(Task *task, Folio *folio, NsimCause cause, NsimTime now_ps)
{
    folio->state = FOLIO_FAILED;
    folio->cause = (uint8_t)cause;
    mover_settle(task, folio, now_ps);
}

/* All pages of the folio are clean and have their old places on the destination. */
static bool
has_shadow(const Task *task, const Folio *folio)
{
    const NsimSpace *space = space_of(task);
    uint16_t all, any;
    nsim_space_survey(space, folio->page, folio->pages, &all, &any);
    if ((any & NSIM_PAGE_DIRTY) != 0 || (all & NSIM_PAGE_COPIED) == 0)
        return false;
    for (uint32_t i = 0; i < folio->pages; i++) {
        if (!nsim_space_has_shadow(space, folio->page + i, folio->destination))
            return false;
    }
    return true;
}

/* A folio that does not fit as a whole goes page by page: the first stays in its place, the others are added. */
static void
split_folio(Task *task, guint index, NsimTime now_ps)
{
    NsimMover *mover = task->mover;
    NsimTime cost_ps = 0;
    Folio one = *folio_at(task, index);
    const uint32_t pages = one.pages;
    split_unit(task, one.page, pages, &cost_ps);
    (void)mover_work(task, NSIM_PHASE_UNMAP, now_ps, cost_ps);
    mover->stats.thp_fail++;
    one.pages = one.entries = 1;
    *folio_at(task, index) = one;
    one.request->folios += pages - 1;
    for (uint32_t i = 1; i < pages; i++) {
        Folio next = one;
        next.page = one.page + i;
        next.partner = one.partner + i;
        g_array_append_val(task->folios, next);
    }
}

/* Nothing free on the destination: what is unmapped goes on, the rest of the list does not (-ENOMEM). */
static void
run_out(Task *task, NsimTime now_ps)
{
    task->full = true;
    for (guint i = 0; i < task->folios->len; i++) {
        Folio *folio = folio_at(task, i);
        if (folio->state != FOLIO_WAITING)
            continue;
        if (folio->request->next < folio->request->end)
            mover_give_up(task->mover, folio->request, NSIM_CAUSE_NO_DESTINATION);
        fail_folio(task, folio, NSIM_CAUSE_NO_DESTINATION, now_ps);
    }
}

/* A place on the destination. False: there is none, and the folio is split or the batch has run out. */
static bool
take_destination(Task *task, guint index, NsimTime now_ps)
{
    Folio *folio = folio_at(task, index);
    folio->shadow = !task->exchange && !folio->collapse && has_shadow(task, folio);
    if (task->exchange)
        return true;
    for (uint32_t i = 0; folio->shadow && i < folio->pages; i++) {
        /* The shadow becomes the destination: nobody can reclaim it any more. */
        (void)nsim_space_drop_copy(space_of(task), folio->page + i, folio->destination);
        nsim_memory_take(task->mover->setup.memory, folio->destination, 1);
    }
    if (folio->shadow)
        return true;
    const uint64_t *reserves = task->mover->reserves;
    const uint64_t needed = folio->pages + (reserves != NULL ? reserves[folio->destination] : 0);
    nsim_spaces_reclaim_shadows(task->mover->setup.spaces, task->mover->setup.space_count, folio->destination, needed);
    if (nsim_memory_free_pages(task->mover->setup.memory, folio->destination) >= needed) {
        nsim_memory_take(task->mover->setup.memory, folio->destination, folio->pages);
        task->mover->stats.collapse_alloc += folio->collapse;
        return true;
    }
    task->mover->stats.collapse_alloc_failed += folio->collapse;
    if (folio->collapse)
        fail_folio(task, folio, NSIM_CAUSE_NO_DESTINATION, now_ps);
    else if (folio->pages > 1)
        split_folio(task, index, now_ps);
    else
        run_out(task, now_ps);
    return false;
}

/* Copies do not survive a move. */
static void
drop_copies(Task *task, const Folio *folio)
{
    NsimSpace *space = space_of(task);
    uint16_t all, any;
    nsim_space_survey(space, folio->page, folio->pages, &all, &any);
    for (uint32_t i = 0; (any & NSIM_PAGE_COPIED) != 0 && i < folio->pages; i++)
        (void)nsim_space_drop_copies(space, folio->page + i);
}

/* Accesses wait from now on; in a frame that collapses first touches, too. */
static void
set_moving(Task *task, Folio *folio, bool moving, NsimTime now_ps)
{
    NsimSpace *space = space_of(task);
    const uint16_t bit = NSIM_PAGE_MOVING;
    folio->unmapped_ps = moving ? now_ps : folio->unmapped_ps;
    nsim_space_change(space, folio->page, folio->pages, moving ? 0 : bit, moving ? bit : 0);
    if (task->exchange)
        nsim_space_change(space, folio->partner, folio->pages, moving ? 0 : bit, moving ? bit : 0);
}

/* Can the task's core copy it? */
static bool
is_reachable(const Task *task, const Folio *folio)
{
    const NsimMachine *machine = task->mover->setup.machine;
    const NsimAccessorId accessor = task->mover->setup.cpus->cores[task->core].accessor;
    for (uint32_t i = 0; folio->collapse && i < folio->pages; i++) {
        const uint16_t state = nsim_space_state(space_of(task), folio->page + i);
        if ((state & NSIM_PAGE_ABSENT) == 0 &&
            !nsim_machine_route(machine, accessor, state & NSIM_PAGE_NODE, NSIM_DIR_READ)->reachable)
            return false;
    }
    return nsim_machine_route(machine, accessor, folio->source, NSIM_DIR_READ)->reachable &&
           nsim_machine_route(machine, accessor, folio->destination, NSIM_DIR_WRITE)->reachable;
}

/* Has somebody else moved the folio, or is doing so, since it was put into the batch? */
static bool
was_taken(const Task *task, const Folio *folio)
{
    uint16_t all, any;
    if (folio->collapse)
        return pages_to_collapse(space_of(task), folio->page, folio->pages) != folio->entries;
    nsim_space_survey(space_of(task), folio->page, folio->pages, &all, &any);
    return (any & GONE) != 0 || (any & NSIM_PAGE_NODE) != folio->source ||
           (all & NSIM_PAGE_NODE) != folio->source;
}

/* The folio's unmapping has had its time: did it work? */
static void
try_unmap(Task *task, guint index, NsimTime now_ps)
{
    NsimMover *mover = task->mover;
    Folio *folio = folio_at(task, index);
    const NsimCause cause = obstacle(task);
    folio->cause = (uint8_t)cause;
    if (!is_reachable(task, folio)) {
        fail_folio(task, folio, NSIM_CAUSE_UNREACHABLE, now_ps);
        return;
    }
    if (was_taken(task, folio)) {
        fail_folio(task, folio, NSIM_CAUSE_LOCKED, now_ps);
        return;
    }
    if (task->exchange && !partner_is_ready(task, folio)) {
        fail_folio(task, folio, NSIM_CAUSE_NO_DESTINATION, now_ps);
        return;
    }
    /* Writeback is waited for in synchronous mode and skipped otherwise; the others are worth another pass. */
    if (cause == NSIM_CAUSE_WRITEBACK && !task->sync) {
        fail_folio(task, folio, cause, now_ps);
        return;
    }
    if (cause != NSIM_CAUSE_NONE) {
        mover->stats.retried_pages += folio->pages;
        return;
    }
    if (!take_destination(task, index, now_ps))
        return;
    folio = folio_at(task, index);
    drop_copies(task, folio);
    folio->state = FOLIO_UNMAPPED;
    if (task->transactional)
        nsim_space_change(space_of(task), folio->page, folio->pages, NSIM_PAGE_DIRTY, 0);
    else
        set_moving(task, folio, true, now_ps);
}

static void flush(Task *task, NsimTime now_ps);
static void release(Task *task, NsimTime now_ps);

static void
unmap_done(void *context, uint64_t now_ps)
{
    Task *task = context;
    const guint index = task->at;
    const uint32_t pages = folio_at(task, index)->pages;
    try_unmap(task, index, now_ps);
    /* One that was split is tried again at once, as base pages. */
    const Folio *folio = folio_at(task, index);
    if (!(folio->state == FOLIO_WAITING && folio->pages < pages))
        task->at++;
    unmap_next(task, now_ps);
}

static bool
any_in_state(const Task *task, FolioState state)
{
    for (guint i = 0; i < task->folios->len; i++) {
        if (g_array_index(task->folios, Folio, i).state == state)
            return true;
    }
    return false;
}

/* The last pass is over: what waits still is tried alone in synchronous mode, and has failed otherwise. */
static void
give_up_waiting(Task *task, NsimTime now_ps)
{
    for (guint i = 0; i < task->folios->len; i++) {
        Folio *folio = folio_at(task, i);
        if (folio->state != FOLIO_WAITING)
            continue;
        if (task->sync && !task->alone) {
            g_array_append_val(task->leftovers, *folio);
            folio->state = FOLIO_LEFT;
        } else {
            fail_folio(task, folio, (NsimCause)folio->cause, now_ps);
        }
    }
}

/* Unmap the next folio that waits, or go on to what was unmapped. */
static void
unmap_next(Task *task, NsimTime now_ps)
{
    const NsimMigrationCosts *costs = task->mover->costs;
    while (!task->full && task->at < task->folios->len && folio_at(task, task->at)->state != FOLIO_WAITING)
        task->at++;
    if (task->full || task->at == task->folios->len) {
        task->pass++;
        if (any_in_state(task, FOLIO_UNMAPPED)) {
            flush(task, now_ps);
        } else if (any_in_state(task, FOLIO_WAITING) && task->pass < task->pass_max) {
            task->at = 0;
            unmap_next(task, now_ps);
        } else {
            give_up_waiting(task, now_ps);
            release(task, now_ps);
        }
        return;
    }
    const Folio *folio = folio_at(task, task->at);
    const NsimTime cost_ps =
        costs->unmap_folio_ps +
        (task->transactional ? 0 : folio->entries * costs->unmap_entry_ps * (task->exchange ? 2 : 1));
    mover_at(task->mover, mover_work(task, NSIM_PHASE_UNMAP, now_ps, cost_ps), unmap_done, task);
}

/* ---- Flushing -------------------------------------------------------------------------------------------------- */

static void copy(Task *task, NsimTime now_ps);

static void
flushed(void *context, uint64_t now_ps)
{
    Task *task = context;
    task->at = 0;
    copy(task, now_ps);
}

static void
flush(Task *task, NsimTime now_ps)
{
    uint64_t base_pages = 0, huge_folios = 0;
    for (guint i = 0; i < task->folios->len; i++) {
        const Folio *folio = folio_at(task, i);
        if (folio->state != FOLIO_UNMAPPED)
            continue;
        const bool huge = !folio->collapse && folio->entries < folio->pages;
        huge_folios += huge;
        base_pages += huge ? 0 : folio->entries;
    }
    mover_at(task->mover, flush_shoot_down(task, base_pages, huge_folios, now_ps), flushed, task);
}

/* ---- Copying and remapping -------------------------------------------------------------------------------------- */

/* What has to be copied for a frame that collapses: runs of pages on one node each. Clearing the rest is left out. */
static void
add_runs(const Task *task, const Folio *folio, GArray *pieces)
{
    const NsimSpace *space = space_of(task);
    for (uint32_t i = 0, count; i < folio->pages; i += count) {
        const uint16_t where = nsim_space_state(space, folio->page + i) & (NSIM_PAGE_NODE | NSIM_PAGE_ABSENT);
        for (count = 1; i + count < folio->pages; count++) {
            if ((nsim_space_state(space, folio->page + i + count) & (NSIM_PAGE_NODE | NSIM_PAGE_ABSENT)) != where)
                break;
        }
        const NsimPiece piece = {.source = (NsimNodeId)where,
                                 .destination = folio->destination,
                                 .lines = (uint32_t)lines_of(task, count),
                                 .mapping_lines = (uint32_t)lines_of(task, 1)};
        if ((where & NSIM_PAGE_ABSENT) == 0)
            g_array_append_val(pieces, piece);
    }
}

/* What has to be copied for a folio: nothing where a shadow waits, both ways in an exchange. */
static void
add_pieces(const Task *task, const Folio *folio, GArray *pieces)
{
    const uint32_t lines = (uint32_t)lines_of(task, folio->pages);
    const NsimPiece piece = {.source = folio->source,
                             .destination = folio->destination,
                             .lines = lines,
                             .mapping_lines = folio->entries < folio->pages ? lines : (uint32_t)lines_of(task, 1)};
    if (folio->collapse)
        add_runs(task, folio, pieces);
    if (folio->shadow || folio->collapse)
        return;
    g_array_append_val(pieces, piece);
    if (task->exchange) {
        const NsimPiece back = {piece.destination, piece.source, lines, piece.mapping_lines};
        g_array_append_val(pieces, back);
    }
}

static void remap_next(Task *task, NsimTime now_ps);
static void remap(Task *task, NsimTime now_ps);

static void
batch_copied(Task *task, NsimTime now_ps)
{
    task->at = 0;
    remap_next(task, now_ps);
}

static void
folio_copied(Task *task, NsimTime now_ps)
{
    remap(task, now_ps);
}

/* What has to be copied of folios [from, to). (transfer full) */
static GArray *
pieces_of(const Task *task, guint from, guint to)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(NsimPiece));
    for (guint i = from; i < to; i++) {
        const Folio *folio = &g_array_index(task->folios, Folio, i);
        if (folio->state == FOLIO_UNMAPPED)
            add_pieces(task, folio, pieces);
    }
    return pieces;
}

static void
copy_folios(Task *task, guint from, guint to, NsimTime now_ps, NsimCopyDone done)
{
    g_autoptr(GArray) pieces = pieces_of(task, from, to);
    if (pieces->len == 0)
        done(task, now_ps);
    else
        copy_start(task, (const NsimPiece *)(void *)pieces->data, pieces->len, task->chosen, now_ps, done);
}

/* Remapping time of the first folio that is copied, which stands for all. */
static NsimTime
remap_time(const Task *task)
{
    for (guint i = 0; i < task->folios->len; i++) {
        const Folio *folio = &g_array_index(task->folios, Folio, i);
        if (folio->state == FOLIO_UNMAPPED)
            return task->mover->costs->move_ps + folio->entries * task->mover->costs->remap_entry_ps;
    }
    return 0;
}

/* Let the predictions decide for this batch. The core itself goes folio by folio where it may, as the kernel does. */
static void
choose_copier(Task *task, NsimTime now_ps)
{
    g_autoptr(GArray) pieces = pieces_of(task, 0, task->folios->len);
    const bool may = task->mover->setup.config.flow != NSIM_FLOW_BATCH && !task->transactional && !task->exchange;
    if (pieces->len == 0)
        return;
    bool by_folio;
    task->chosen = copy_choose(task, (const NsimPiece *)(void *)pieces->data, pieces->len, may ? remap_time(task) : 0,
                               now_ps, &by_folio);
    task->batch_flow = !(may && by_folio && task->chosen == NSIM_COPIER_CPU);
}

static void
copy(Task *task, NsimTime now_ps)
{
    task->chosen = task->copier;
    if (task->copier == NSIM_COPIER_AUTO)
        choose_copier(task, now_ps);
    if (task->batch_flow)
        copy_folios(task, 0, task->folios->len, now_ps, batch_copied);
    else
        remap_next(task, now_ps);
}

/* A transaction was written to while it was copied: its destination is given back, or it is copied again. */
static void
roll_back(Task *task, Folio *folio, NsimTime now_ps)
{
    nsim_memory_give(task->mover->setup.memory, folio->destination, folio->pages);
    folio->state = FOLIO_WAITING;
    folio->shadow = false;
    task->mover->stats.retried_pages += folio->pages;
    if (++folio->tries > task->mover->setup.config.transaction_retries)
        fail_folio(task, folio, NSIM_CAUSE_DIRTIED, now_ps);
}

/* The pages' new place; the old one is freed, or stays as a shadow. */
static void
settle_pages(Task *task, const Folio *folio)
{
    NsimMover *mover = task->mover;
    NsimSpace *space = space_of(task);
    if (folio->collapse) {
        nsim_space_join(space, folio->page, folio->destination);
        return;
    }
    /* While a transaction leaves its pages mapped they can get copies. */
    if (task->transactional)
        drop_copies(task, folio);
    if (task->exchange) {
        nsim_space_exchange(space, folio->page, folio->partner, folio->pages);
        mover->stats.exchanged_pages += folio->pages;
        return;
    }
    nsim_space_move(space, folio->page, folio->pages, folio->destination);
    mover->stats.shadow_pages += folio->shadow ? folio->pages : 0;
    if (!task->transactional || folio->shadow || !mover_is_promotion(mover, task->space, folio)) {
        nsim_memory_give(mover->setup.memory, folio->source, folio->pages);
        return;
    }
    for (uint32_t i = 0; i < folio->pages; i++)
        nsim_space_keep_shadow(space, folio->page + i, folio->source);
}

static void
remapped(void *context, uint64_t now_ps)
{
    Task *task = context;
    Folio *folio = folio_at(task, task->at);
    const NsimStoryMove told = mover_story(task, folio->request);
    nsim_story_settles(task->mover->story, &told);
    settle_pages(task, folio);
    nsim_story_settles(task->mover->story, NULL);
    folio->state = FOLIO_MOVED;
    nsim_histogram_record(&task->mover->away, now_ps - folio->unmapped_ps, 1);
    mover_unblock(task->mover, task->space, folio->page, folio->pages, now_ps);
    if (task->exchange)
        mover_unblock(task->mover, task->space, folio->partner, folio->pages, now_ps);
    mover_settle(task, folio, now_ps);
    task->at++;
    remap_next(task, now_ps);
}

/* Map the folio at its new place. */
static void
remap(Task *task, NsimTime now_ps)
{
    const NsimMigrationCosts *costs = task->mover->costs;
    Folio *folio = folio_at(task, task->at);
    NsimTime cost_ps = costs->move_ps + (folio->collapse ? 1 : folio->entries) * costs->remap_entry_ps;
    if (task->exchange)
        cost_ps *= 2;
    if (task->transactional) {
        /* Unmapped just for this: from here to the end accesses wait. */
        cost_ps += folio->entries * costs->unmap_entry_ps;
        set_moving(task, folio, true, now_ps);
        now_ps =
            flush_shoot_down(task, folio->entries == folio->pages ? folio->pages : 0, folio->entries < folio->pages, now_ps);
    }
    mover_at(task->mover, mover_work(task, NSIM_PHASE_REMAP, now_ps, cost_ps), remapped, task);
}

/* Was the folio written to since its transaction began, or moved by somebody else? */
static bool
is_disturbed(const Task *task, const Folio *folio)
{
    uint16_t all, any;
    nsim_space_survey(space_of(task), folio->page, folio->pages, &all, &any);
    return (any & NSIM_PAGE_DIRTY) != 0 || was_taken(task, folio);
}

/* The next unmapped folio is copied, where the whole batch was not, and remapped; after the last the next pass begins.
 */
static void
remap_next(Task *task, NsimTime now_ps)
{
    for (; task->at < task->folios->len; task->at++) {
        Folio *folio = folio_at(task, task->at);
        if (folio->state != FOLIO_UNMAPPED)
            continue;
        if (task->transactional && is_disturbed(task, folio)) {
            roll_back(task, folio, now_ps);
            continue;
        }
        if (task->batch_flow)
            remap(task, now_ps);
        else
            copy_folios(task, task->at, task->at + 1, now_ps, folio_copied);
        return;
    }
    if (any_in_state(task, FOLIO_WAITING) && !task->full && task->pass < task->pass_max) {
        task->at = 0;
        unmap_next(task, now_ps);
        return;
    }
    give_up_waiting(task, now_ps);
    release(task, now_ps);
}

/* ---- The end ---------------------------------------------------------------------------------------------------- */

static void
released(void *context, uint64_t now_ps)
{
    mover_batch_done(context, now_ps);
}

static void
release(Task *task, NsimTime now_ps)
{
    uint64_t count = 0;
    for (guint i = 0; i < task->folios->len; i++) {
        const Folio *folio = folio_at(task, i);
        const bool over = folio->state == FOLIO_MOVED || folio->state == FOLIO_FAILED;
        count += over ? lru_entries(folio) : 0;
    }
    const NsimTime cost_ps = count * task->mover->costs->release_ps;
    mover_at(task->mover, mover_work(task, NSIM_PHASE_RELEASE, now_ps, cost_ps), released, task);
}

void
batch_abort(Task *task)
{
    for (guint i = 0; task->busy && i < task->folios->len; i++) {
        Folio *folio = folio_at(task, i);
        if (folio->state != FOLIO_UNMAPPED)
            continue;
        set_moving(task, folio, false, 0);
        if (!task->exchange)
            nsim_memory_give(task->mover->setup.memory, folio->destination, folio->pages);
        folio->state = FOLIO_FAILED;
    }
    task->busy = false;
}
