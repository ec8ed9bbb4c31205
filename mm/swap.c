/* SPDX-License-Identifier: MIT */
/*
 * Swap: pages on their way to and from disk nodes.
 *
 * Out: the folio is unmapped (accesses wait from now on), its lines stream to the disk with up to 32 pages outstanding,
 * and its place is freed when all of a batch has arrived. A file page that was not written is only dropped: the disk
 * has it. In: one page for each fault; its slot is freed. Huge folios are split on their way out.
 *
 * Left out: read-ahead, the swap cache (a page that is touched while it is written waits until that is over), slots in
 * clusters, writeback of dirty file pages by flushers.
 */
#include <mm/reclaim-private.h>

#include <sim/assert.h>

/* SWAP_CLUSTER_MAX pages of input and output at a time. */
#define WINDOW_LINES 2048u

static NsimSpace *
space_of(const NsimReclaim *reclaim, NsimSpaceId space)
{
    return world_of(reclaim)->spaces[space];
}

NsimNodeId
swap_disk(const NsimReclaim *reclaim, NsimNodeId node, uint64_t pages)
{
    const NsimMachine *machine = reclaim->setup.machine;
    const NsimAccessorId cpu = nsim_nearest_cpu(machine, node);
    if (!reclaim->config.swap || cpu == NSIM_ACCESSOR_NONE)
        return NSIM_NODE_NONE;
    for (uint32_t rank = 0; rank < machine->node_count; rank++) {
        const NsimNodeId next = machine->order[(size_t)cpu * machine->node_count + rank];
        if (next == NSIM_NODE_NONE)
            break;
        if (machine->nodes[next].kind == NSIM_NODE_DISK &&
            nsim_memory_free_pages(reclaim->setup.memory, next) >= pages &&
            nsim_machine_route(machine, cpu, next, NSIM_DIR_WRITE)->reachable)
            return next;
    }
    return NSIM_NODE_NONE;
}

/* ---- Transfers ----------------------------------------------------------------------------------------------------
 */

void
transfer_free(Transfer *transfer)
{
    g_array_unref(transfer->runs);
    g_array_unref(transfer->pieces);
    nsim_window_clear(&transfer->window);
    g_free(transfer);
}

static Transfer *
transfer_new(NsimReclaim *reclaim, NsimNodeId from, NsimNodeId to, bool in)
{
    Transfer *transfer = g_new0(Transfer, 1);
    transfer->reclaim = reclaim;
    transfer->from = from;
    transfer->to = to;
    transfer->in = in;
    transfer->thread = NSIM_THREAD_NONE;
    transfer->runs = g_array_new(FALSE, TRUE, sizeof(Run));
    transfer->pieces = g_array_new(FALSE, TRUE, sizeof(NsimPiece));
    g_ptr_array_add(reclaim->transfers, transfer);
    return transfer;
}

/* The pages are at their destination, which has been taken for them. */
static void
settle(NsimReclaim *reclaim, const Run *run, NsimNodeId from, NsimNodeId to, bool in)
{
    NsimSpace *space = space_of(reclaim, run->space);
    nsim_space_move(space, run->page, run->count, to);
    /* A slot is freed when its page comes in: nobody else has it then. */
    nsim_space_change(space, run->page, run->count, in ? NSIM_PAGE_SWAPPED : NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY,
                      in ? 0 : NSIM_PAGE_SWAPPED);
    nsim_memory_give(reclaim->setup.memory, from, run->count);
}

static void
wake_thread(NsimReclaim *reclaim, uint32_t thread, NsimTime now_ps)
{
    NsimMover *mover = reclaim->setup.mover;
    if (mover->wake != NULL)
        mover->wake(mover->wake_context, thread, now_ps);
}

static void
transfer_done(void *context, NsimTime now_ps)
{
    Transfer *transfer = context;
    NsimReclaim *reclaim = transfer->reclaim;
    uint64_t pages = 0;
    for (guint i = 0; i < transfer->runs->len; i++) {
        const Run *run = &g_array_index(transfer->runs, Run, i);
        settle(reclaim, run, transfer->from, transfer->to, transfer->in);
        pages += run->count;
        mover_unblock(reclaim->setup.mover, run->space, run->page, run->count, now_ps);
    }
    *(transfer->in ? &reclaim->stats.pswpin : &reclaim->stats.pswpout) += pages;
    if (transfer->thread != NSIM_THREAD_NONE) {
        const Run *run = &g_array_index(transfer->runs, Run, 0);
        nsim_pressure_stall(&reclaim->pressure, nsim_lru_group_of(reclaim->lru, run->space), now_ps, false);
        wake_thread(reclaim, transfer->thread, now_ps);
    }
    if (transfer->walk != NULL)
        walk_done(transfer->walk, pages, now_ps);
    g_ptr_array_remove_fast(reclaim->transfers, transfer);
    transfer_free(transfer);
}

static void
add_run(Transfer *transfer, NsimSpaceId space, NsimPage page, uint32_t count)
{
    const Run run = {space, page, count};
    const unsigned line_shift = transfer->reclaim->setup.machine->page_shift - NSIM_LINE_SHIFT;
    const NsimPiece piece = {.source = transfer->from,
                             .destination = transfer->to,
                             .lines = count << line_shift,
                             .mapping_lines = 1u << line_shift};
    g_array_append_val(transfer->runs, run);
    g_array_append_val(transfer->pieces, piece);
}

static void
transfer_start(Transfer *transfer, NsimTime from_ps)
{
    NsimReclaim *reclaim = transfer->reclaim;
    NsimMover *mover = reclaim->setup.mover;
    const NsimNodeId memory = transfer->in ? transfer->to : transfer->from;
    const NsimAccessorId cpu = nsim_nearest_cpu(reclaim->setup.machine, memory);
    nsim_window_init(&transfer->window, WINDOW_LINES, false);
    transfer->stream = (NsimStream){.world = &mover->world,
                                    .window = &transfer->window,
                                    .agent = nsim_fabric_copy_agent(world_of(reclaim)->fabric, cpu),
                                    .hold = true,
                                    .pieces = (const NsimPiece *)(void *)transfer->pieces->data,
                                    .piece_count = transfer->pieces->len,
                                    .done = transfer_done,
                                    .context = transfer};
    nsim_stream_start(&transfer->stream, from_ps);
}

/* What is under way had not begun: pages stay where they were. */
void
transfer_abort(Transfer *transfer)
{
    NsimReclaim *reclaim = transfer->reclaim;
    for (guint i = 0; i < transfer->runs->len; i++) {
        const Run *run = &g_array_index(transfer->runs, Run, i);
        nsim_space_change(space_of(reclaim, run->space), run->page, run->count, NSIM_PAGE_MOVING, 0);
        nsim_memory_give(reclaim->setup.memory, transfer->to, run->count);
    }
}

/* ---- Out ------------------------------------------------------------------------------------------------------------
 */

/* Its folios are not those of whoever isolated them any more. */
static void
take_over(const NsimReclaim *reclaim, const Run *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const uint32_t frame = nsim_frames_of(reclaim->setup.frames, run->space, run->page + i);
        nsim_frames_at(reclaim->setup.frames, frame)->flags &= (uint16_t)~NSIM_FRAME_ISOLATED;
    }
}

/* Whatever stands beside the page goes, and a huge folio is split. */
static void
prepare(NsimReclaim *reclaim, const Run *run)
{
    NsimSpace *space = space_of(reclaim, run->space);
    uint16_t all, any;
    nsim_space_survey(space, run->page, run->count, &all, &any);
    for (uint32_t i = 0; (any & NSIM_PAGE_COPIED) != 0 && i < run->count; i++)
        (void)nsim_space_drop_copies(space, run->page + i);
    if (run->count > 1)
        nsim_space_split(space, run->page, run->count);
    nsim_space_change(space, run->page, run->count, NSIM_PAGE_ARMED, 0);
    take_over(reclaim, run);
}

static bool
is_clean_file(const NsimReclaim *reclaim, uint32_t head, const Run *run)
{
    uint16_t all, any;
    nsim_space_survey(space_of(reclaim, run->space), run->page, run->count, &all, &any);
    return (nsim_frames_at(reclaim->setup.frames, head)->flags & NSIM_FRAME_FILE) != 0 && (any & NSIM_PAGE_DIRTY) == 0;
}

static Run
run_of(const NsimReclaim *reclaim, uint32_t head)
{
    const NsimFrame *entry = nsim_frames_at(reclaim->setup.frames, head);
    Run run = {.space = entry->space, .page = entry->page};
    (void)nsim_frames_folio(reclaim->setup.frames, head, &run.count);
    return run;
}

void
swap_at_once(NsimReclaim *reclaim, uint32_t head, NsimNodeId disk)
{
    const Run run = run_of(reclaim, head);
    const NsimNodeId node = nsim_frames_node(reclaim->setup.frames, head);
    prepare(reclaim, &run);
    nsim_memory_take(reclaim->setup.memory, disk, run.count);
    settle(reclaim, &run, node, disk, false);
}

NsimTime
swap_out(Walk *walk, const uint32_t *heads, uint32_t count, NsimNodeId node, NsimNodeId disk, NsimTime now_ps)
{
    NsimReclaim *reclaim = walk->reclaim;
    const NsimMigrationCosts *costs = reclaim->setup.mover->costs;
    Transfer *transfer = transfer_new(reclaim, node, disk, false);
    NsimTime unmap_ps = 0, io_ps = 0;
    uint64_t dropped = 0;
    for (uint32_t i = 0; i < count; i++) {
        const Run run = run_of(reclaim, heads[i]);
        const bool clean = is_clean_file(reclaim, heads[i], &run);
        const bool huge = (nsim_frames_at(reclaim->setup.frames, heads[i])->flags & NSIM_FRAME_HUGE) != 0;
        unmap_ps += costs->unmap_folio_ps + (huge ? 1 : run.count) * costs->unmap_entry_ps;
        unmap_ps += run.count > 1 ? costs->split_ps : 0;
        prepare(reclaim, &run);
        nsim_memory_take(reclaim->setup.memory, disk, run.count);
        if (clean) {
            settle(reclaim, &run, node, disk, false);
            dropped += run.count;
            continue;
        }
        io_ps += run.count * reclaim->config.swap_io_ps;
        nsim_space_change(space_of(reclaim, run.space), run.page, run.count, 0, NSIM_PAGE_MOVING);
        add_run(transfer, run.space, run.page, run.count);
    }
    NsimPayers *payers = world_of(reclaim)->payers;
    nsim_payers_charge(payers, walk->payer, NSIM_PHASE_UNMAP, unmap_ps);
    nsim_payers_charge(payers, walk->payer, NSIM_PHASE_COPY, io_ps);
    /* A thread in a fault is told how long it took; its core is its own meanwhile. */
    now_ps = walk->kind == WALK_DIRECT ? now_ps + unmap_ps + io_ps
                                       : nsim_cpus_run(world_of(reclaim)->cpus, walk->core, now_ps, unmap_ps + io_ps);
    walk_count(walk, dropped);
    if (transfer->runs->len == 0) {
        g_ptr_array_remove_fast(reclaim->transfers, transfer);
        transfer_free(transfer);
        return now_ps;
    }
    transfer->walk = walk;
    walk->outstanding++;
    transfer_start(transfer, now_ps);
    return now_ps;
}

/* ---- In -------------------------------------------------------------------------------------------------------------
 */

bool
nsim_reclaim_can_page_in(const NsimReclaim *reclaim, NsimNodeId disk, NsimNodeId node)
{
    const NsimMachine *machine = reclaim->setup.machine;
    const NsimAccessorId cpu = nsim_nearest_cpu(machine, node);
    return cpu != NSIM_ACCESSOR_NONE && machine->nodes[node].kind != NSIM_NODE_DISK &&
           nsim_machine_route(machine, cpu, disk, NSIM_DIR_READ)->reachable;
}

/* The page is on its way. */
static void
bring_in(NsimReclaim *reclaim, NsimSpaceId space_id, NsimPage page, NsimNodeId node, uint32_t thread, NsimTime from_ps)
{
    NsimSpace *space = space_of(reclaim, space_id);
    const uint16_t state = nsim_space_state(space, page);
    nsim_assert((state & (NSIM_PAGE_SWAPPED | NSIM_PAGE_MOVING)) == NSIM_PAGE_SWAPPED);
    Transfer *transfer = transfer_new(reclaim, state & NSIM_PAGE_NODE, node, true);
    transfer->thread = thread;
    nsim_space_change(space, page, 1, 0, NSIM_PAGE_MOVING);
    add_run(transfer, space_id, page, 1);
    transfer_start(transfer, from_ps);
}

void
nsim_reclaim_page_in(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, NsimNodeId node, uint32_t thread,
                     NsimTime from_ps)
{
    reclaim->stats.pgmajfault++;
    nsim_pressure_stall(&reclaim->pressure, nsim_lru_group_of(reclaim->lru, space), from_ps, true);
    bring_in(reclaim, space, page, node, thread, from_ps);
}

void
nsim_reclaim_read_ahead(NsimReclaim *reclaim, NsimSpaceId space, NsimPage page, NsimNodeId node, NsimTime from_ps)
{
    bring_in(reclaim, space, page, node, NSIM_THREAD_NONE, from_ps);
}
