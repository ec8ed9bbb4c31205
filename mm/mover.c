/* SPDX-License-Identifier: MIT */
/* The mover: requests, the tasks that work them off, waiting threads, books. The steps of a batch are in mover-batch.c.
 */
#include <mm/mover-private.h>

#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

/* ---- Life ------------------------------------------------------------------------------------------------------ */

static void
request_free(gpointer data)
{
    g_free(data);
}

static void
task_free(gpointer data)
{
    Task *task = data;
    copy_free(task->copy);
    g_queue_clear(&task->requests);
    g_array_unref(task->folios);
    g_array_unref(task->leftovers);
    g_free(task->name);
    g_free(task);
}

static Task *
task_new(NsimMover *mover, uint32_t queue, const char *name)
{
    Task *task = g_new0(Task, 1);
    task->mover = mover;
    task->name = g_strdup(name);
    task->payer = nsim_payers_find(mover->setup.payers, name);
    task->queue = queue;
    task->thread = NSIM_THREAD_NONE;
    task->pinned_core = task->core = NSIM_CORE_NONE;
    task->folios = g_array_new(FALSE, TRUE, sizeof(Folio));
    task->leftovers = g_array_new(FALSE, TRUE, sizeof(Folio));
    g_queue_init(&task->requests);
    return task;
}

NsimMover *
nsim_mover_new(const NsimMoverSetup *setup)
{
    const NsimMachine *machine = setup->machine;
    NsimMover *mover = g_new0(NsimMover, 1);
    mover->setup = *setup;
    mover->costs = &machine->migration;
    mover->world = (NsimStreamWorld){.fabric = setup->fabric, .events = setup->events, .ahead_ps = &mover->ahead_ps};
    g_autofree char *problem = nsim_mover_read_reasons(&setup->config, mover->copiers);
    nsim_assert(problem == NULL);
    nsim_random_init(&mover->random, setup->seed, "mover");
    mover->queues = g_ptr_array_new_with_free_func(task_free);
    mover->threads = g_ptr_array_new_with_free_func(task_free);
    mover->faults = g_ptr_array_new_with_free_func(task_free);
    mover->requests = g_hash_table_new_full(NULL, NULL, NULL, request_free);
    mover->waiters = g_array_new(FALSE, FALSE, sizeof(Waiter));
    mover->left = g_hash_table_new(NULL, NULL);
    mover->masks = g_new0(GArray *, setup->space_count + 1);
    for (uint32_t s = 0; s < setup->space_count; s++)
        mover->masks[s] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    mover->root = nsim_payers_find(setup->payers, "root");
    mover->worker = nsim_payers_find(setup->payers, "worker");
    mover->accessor_payers = g_new0(NsimPayer, machine->accessor_count + 1);
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        mover->accessor_payers[a] = nsim_payers_find(setup->payers, machine->accessors[a].id);
    mover->engines = copy_engines_new(mover);
    return mover;
}

void
nsim_mover_free(NsimMover *mover)
{
    if (mover == NULL)
        return;
    g_ptr_array_unref(mover->queues);
    g_ptr_array_unref(mover->threads);
    g_ptr_array_unref(mover->faults);
    copy_engines_free(mover);
    g_hash_table_unref(mover->requests);
    g_array_unref(mover->waiters);
    g_hash_table_unref(mover->left);
    for (uint32_t s = 0; s < mover->setup.space_count; s++)
        g_array_unref(mover->masks[s]);
    g_free(mover->masks);
    g_free(mover->accessor_payers);
    g_free(mover);
}

void
nsim_mover_listen_wake(NsimMover *mover, NsimWakeFunc wake, void *context)
{
    mover->wake = wake;
    mover->wake_context = context;
}

void
nsim_mover_listen_done(NsimMover *mover, NsimDoneFunc done, void *context)
{
    mover->done = done;
    mover->done_context = context;
}

void
nsim_mover_set_story(NsimMover *mover, NsimStory *story)
{
    mover->story = story;
}

NsimStoryMove
mover_story(const Task *task, const Request *request)
{
    return (NsimStoryMove){.batch = task->batch,
                           .token = request->token,
                           .who = task->name,
                           .payer = g_ptr_array_index(task->mover->setup.payers->names, request->payer),
                           .reason = request->decision.reason,
                           .in_fault = task->queue == 0,
                           .asked_ps = request->asked_ps,
                           .began_ps = task->began_ps};
}

void
nsim_mover_set_mask(NsimMover *mover, NsimSpaceId space, uint32_t core)
{
    GArray *mask = mover->masks[space];
    for (guint i = 0; i < mask->len; i++) {
        if (g_array_index(mask, uint32_t, i) == core)
            return;
    }
    g_array_append_val(mask, core);
}

void
nsim_mover_set_ahead(NsimMover *mover, NsimTime ahead_ps)
{
    mover->ahead_ps = ahead_ps;
}

const NsimMoverStats *
nsim_mover_stats(const NsimMover *mover)
{
    return &mover->stats;
}

const NsimHistogram *
nsim_mover_blocked(const NsimMover *mover)
{
    return &mover->blocked;
}

const NsimHistogram *
nsim_mover_away(const NsimMover *mover)
{
    return &mover->away;
}

void
nsim_mover_forget(NsimMover *mover)
{
    mover->stats = (NsimMoverStats){0};
    nsim_histogram_clear(&mover->blocked);
    nsim_histogram_clear(&mover->away);
    nsim_payers_forget(mover->setup.payers);
}

/* ---- Books ----------------------------------------------------------------------------------------------------- */

void
mover_at(NsimMover *mover, NsimTime when_ps, NsimEventFunc run, void *context)
{
    const NsimEvent event = {
        .time_ps = when_ps, .priority = NSIM_PRIORITY_KERNEL, .run = run, .context = context, .argument = when_ps};
    nsim_event_queue_push(mover->setup.events, &event);
}

void
mover_charge(Task *task, NsimPayer natural, NsimPhase phase, NsimTime ps)
{
    NsimMover *mover = task->mover;
    NsimPayers *payers = mover->setup.payers;
    NsimPayer payer = natural;
    switch ((NsimAttribution)mover->setup.config.attribution) {
    case NSIM_ATTRIBUTE_INITIATOR:
        payer = task->initiator;
        break;
    case NSIM_ATTRIBUTE_WORKER:
        break;
    case NSIM_ATTRIBUTE_THREAD:
        payer = task->payer;
        break;
    case NSIM_ATTRIBUTE_DESTINATION:
        payer = task->group == NSIM_GROUP_NONE ? mover->root : nsim_payers_of_group(payers, task->group);
        break;
    case NSIM_ATTRIBUTE_ROOT:
        payer = mover->root;
        break;
    }
    nsim_payers_charge(payers, payer, phase, ps);
    task->spent_ps[phase] += ps;
    /* Waiting costs time but no CPU. */
    if (phase != NSIM_PHASE_WAIT)
        nsim_payers_spend(payers, task->group, task->began_ps, 0, ps);
}

NsimTime
mover_work(Task *task, NsimPhase phase, NsimTime from_ps, NsimTime ps)
{
    mover_charge(task, task->initiator, phase, ps);
    return nsim_cpus_run(task->mover->setup.cpus, task->core, from_ps, ps);
}

/* ---- Requests --------------------------------------------------------------------------------------------------- */

static void
report(NsimMover *mover, const Request *request, NsimTime now_ps)
{
    const NsimOutcome outcome = {.struct_size = sizeof outcome,
                                 .cause = request->cause,
                                 .token = request->token,
                                 .time_ps = now_ps,
                                 .moved_pages = request->moved_pages,
                                 .failed_pages = request->failed_pages,
                                 .skipped_pages = request->skipped_pages,
                                 .page = request->decision.page,
                                 .count = request->decision.count,
                                 .space = request->decision.space,
                                 .node = request->decision.node};
    if (request->done != NULL)
        request->done(request->done_context, &outcome);
    else if (mover->done != NULL)
        mover->done(mover->done_context, &outcome);
}

/* Is nothing of it left to do? Then it is over. */
static void
finish_request(NsimMover *mover, Request *request, NsimTime now_ps)
{
    if (request->folios > 0 || request->next < request->end)
        return;
    g_hash_table_steal(mover->requests, GSIZE_TO_POINTER(request->token));
    report(mover, request, now_ps);
    request_free(request);
}

void
mover_give_up(NsimMover *mover, Request *request, NsimCause cause)
{
    const uint64_t pages = request->end - request->next;
    const NsimStoryMove told = {
        .token = request->token, .reason = request->decision.reason, .asked_ps = request->asked_ps};
    nsim_story_failed(mover->story, &told, &request->decision, request->next, pages, cause);
    request->failed_pages += pages;
    request->cause = request->cause == NSIM_CAUSE_NONE ? cause : request->cause;
    mover->stats.failed_pages += pages;
    mover->stats.failed_by_cause[cause] += pages;
    request->next = request->end;
}

static void
task_idle(Task *task, NsimTime now_ps)
{
    NsimMover *mover = task->mover;
    const uint32_t thread = task->thread;
    task->busy = false;
    if (task->queue > 0)
        return;
    g_ptr_array_remove_fast(mover->faults, task);
    if (thread != NSIM_THREAD_NONE && mover->wake != NULL)
        mover->wake(mover->wake_context, thread, now_ps);
}

static void task_go(void *context, uint64_t now_ps);

/*
 * Requests whose group has no budget: a kernel thread waits for it, a fault does not. Returns when to go on, `now_ps`
 * at once.
 */
static NsimTime
throttle(Task *task, NsimTime now_ps)
{
    NsimMover *mover = task->mover;
    NsimPayers *payers = mover->setup.payers;
    const Request *first = g_queue_peek_head(&task->requests);
    const uint32_t group = mover->setup.space_groups[first->decision.space];
    const NsimTime ready_ps = nsim_payers_ready(payers, group, now_ps);
    if (ready_ps == now_ps || first->cancelled)
        return now_ps;
    if (task->queue > 0) {
        payers->groups[group].throttled_ps += ready_ps - now_ps;
        return ready_ps;
    }
    for (GList *at = task->requests.head; at != NULL; at = at->next) {
        Request *request = at->data;
        payers->groups[group].throttled_pages += request->end - request->next;
        mover_give_up(mover, request, NSIM_CAUSE_THROTTLED);
    }
    return now_ps;
}

/* Take requests that are through with off the task's list. */
static void
drop_finished(Task *task, NsimTime now_ps)
{
    for (GList *at = task->requests.head; at != NULL;) {
        GList *next = at->next;
        Request *request = at->data;
        if (request->next == request->end) {
            g_queue_delete_link(&task->requests, at);
            request->listed = false;
            finish_request(task->mover, request, now_ps);
        } else if (!task->mover->cancels) {
            return; /* work goes from the front on; only cancelled ones can be through further behind */
        }
        at = next;
    }
}

/* The next batch, or rest. */
static void
task_next(Task *task, NsimTime now_ps)
{
    if (batch_leftover(task, now_ps))
        return;
    while (!g_queue_is_empty(&task->requests)) {
        const NsimTime go_ps = throttle(task, now_ps);
        if (go_ps > now_ps) {
            mover_at(task->mover, go_ps, task_go, task);
            return;
        }
        const bool began = batch_begin(task, now_ps);
        drop_finished(task, now_ps);
        if (began)
            return;
    }
    task_idle(task, now_ps);
}

static void
task_go(void *context, uint64_t now_ps)
{
    task_next(context, now_ps);
}

/* Start a resting task at `now_ps`. */
static void
task_wake(Task *task, NsimTime now_ps)
{
    if (task->busy)
        return;
    task->busy = true;
    task->fresh_list = true;
    task->began_ps = now_ps;
    mover_at(task->mover, now_ps, task_go, task);
}

static Task *
fault_task(NsimMover *mover, const NsimInitiator *initiator)
{
    for (guint i = 0; i < mover->faults->len; i++) {
        Task *task = g_ptr_array_index(mover->faults, i);
        if (task->thread == initiator->thread)
            return task;
    }
    Task *task = task_new(mover, 0, initiator->payer);
    task->thread = initiator->thread;
    task->pinned_core = initiator->core;
    g_ptr_array_add(mover->faults, task);
    return task;
}

static Task *
queue_task(NsimMover *mover, uint32_t queue)
{
    if (queue >= NSIM_QUEUES_MAX)
        return g_ptr_array_index(mover->threads, queue - NSIM_QUEUES_MAX);
    nsim_assert(queue > 0);
    while (mover->queues->len < queue) {
        const uint32_t number = mover->queues->len + 1;
        g_autofree char *name = g_strdup_printf("kmigrated.%u", number);
        g_ptr_array_add(mover->queues, task_new(mover, number, name));
    }
    return g_ptr_array_index(mover->queues, queue - 1);
}

uint64_t
nsim_mover_request(NsimMover *mover, const NsimDecision *decision, const NsimInitiator *initiator, NsimTime now_ps)
{
    const bool in_fault = initiator->thread != NSIM_THREAD_NONE;
    Task *task = in_fault ? fault_task(mover, initiator) : queue_task(mover, MAX(decision->queue, 1u));
    Request *request = g_new0(Request, 1);
    request->token = ++mover->last_token;
    request->decision = *decision;
    request->next = decision->page;
    request->end = decision->page + decision->count;
    request->payer = initiator->payer != NULL ? nsim_payers_find(mover->setup.payers, initiator->payer) : task->payer;
    g_hash_table_insert(mover->requests, GSIZE_TO_POINTER(request->token), request);
    g_queue_push_tail(&task->requests, request);
    request->listed = true;
    request->done = initiator->done;
    request->done_context = initiator->done_context;
    request->asked_ps = now_ps;
    const NsimStoryMove told = mover_story(task, request);
    nsim_story_asked(mover->story, &told, decision);
    task_wake(task, now_ps);
    return request->token;
}

bool
nsim_mover_cancel(NsimMover *mover, uint64_t token)
{
    Request *request = g_hash_table_lookup(mover->requests, GSIZE_TO_POINTER(token));
    if (request == NULL || request->cancelled)
        return false;
    request->cancelled = mover->cancels = true;
    mover_give_up(mover, request, NSIM_CAUSE_CANCELLED);
    /* The task takes it off its list when it comes to it, and the rest of its folios goes through. */
    return true;
}

void
nsim_mover_name_queue(NsimMover *mover, uint32_t queue, const char *name, uint32_t core)
{
    Task *task = queue_task(mover, queue);
    g_free(task->name);
    task->name = g_strdup(name);
    task->payer = nsim_payers_find(mover->setup.payers, name);
    task->pinned_core = core;
}

void
nsim_mover_set_reserves(NsimMover *mover, const uint64_t *pages)
{
    mover->reserves = pages;
}

uint32_t
nsim_mover_add_thread(NsimMover *mover, const char *name)
{
    const uint32_t queue = NSIM_QUEUES_MAX + mover->threads->len;
    g_ptr_array_add(mover->threads, task_new(mover, queue, name));
    return queue;
}

const NsimMoverSetup *
nsim_mover_setup(const NsimMover *mover)
{
    return &mover->setup;
}

NsimTime
nsim_mover_kernel_work(NsimMover *mover, uint32_t queue, NsimTime now_ps, NsimTime ps)
{
    const Task *task = queue_task(mover, queue);
    uint32_t core = task->pinned_core != NSIM_CORE_NONE ? task->pinned_core
                                                        : nsim_cpus_idlest(mover->setup.cpus, 0, 0, now_ps);
    return nsim_cpus_run(mover->setup.cpus, core == NSIM_CORE_NONE ? 0 : core, now_ps, ps);
}

uint64_t
nsim_mover_pending(const NsimMover *mover, uint32_t queue)
{
    uint64_t pages = 0;
    if (queue == 0 || queue > mover->queues->len)
        return 0;
    const Task *task = g_ptr_array_index(mover->queues, queue - 1);
    for (const GList *at = task->requests.head; at != NULL; at = at->next)
        pages += ((const Request *)at->data)->end - ((const Request *)at->data)->next;
    for (guint i = 0; i < task->folios->len; i++) {
        const Folio *folio = &g_array_index(task->folios, Folio, i);
        pages += folio->state == FOLIO_WAITING || folio->state == FOLIO_UNMAPPED ? folio->pages : 0;
    }
    return pages;
}

/* ---- Waiting threads --------------------------------------------------------------------------------------------- */

void
nsim_mover_block(NsimMover *mover, NsimSpaceId space, NsimPage page, uint32_t thread, NsimTime now_ps)
{
    const Waiter waiter = {.space = space, .page = page, .thread = thread, .since_ps = now_ps};
    g_array_append_val(mover->waiters, waiter);
}

bool
nsim_mover_waits(const NsimMover *mover, uint32_t thread)
{
    for (guint i = 0; i < mover->faults->len; i++) {
        if (((const Task *)g_ptr_array_index(mover->faults, i))->thread == thread)
            return true;
    }
    return false;
}

void
mover_unblock(NsimMover *mover, NsimSpaceId space, NsimPage page, uint64_t count, NsimTime now_ps)
{
    if (mover->waiters->len == 0)
        return;
    /* In the order they came; woken threads do not run before this event is over. */
    guint kept = 0;
    for (guint i = 0; i < mover->waiters->len; i++) {
        const Waiter waiter = g_array_index(mover->waiters, Waiter, i);
        if (waiter.space == space && waiter.page >= page && waiter.page - page < count) {
            const NsimTime wake_ps = now_ps + mover->costs->wake_ps;
            nsim_histogram_record(&mover->blocked, wake_ps - waiter.since_ps, 1);
            nsim_story_waited(mover->story, space, waiter.page, wake_ps - waiter.since_ps);
            if (mover->wake != NULL)
                mover->wake(mover->wake_context, waiter.thread, wake_ps);
        } else {
            g_array_index(mover->waiters, Waiter, kept++) = waiter;
        }
    }
    g_array_set_size(mover->waiters, kept);
}

/* ---- Ends -------------------------------------------------------------------------------------------------------- */

/* Unit and node it left, for `left`: 40 bits of page, 8 of node, 16 of space. */
static gpointer
departure_key(NsimSpaceId space, NsimPage page, NsimNodeId node)
{
    return GSIZE_TO_POINTER((gsize)space << 48 | (gsize)node << 40 | (gsize)page);
}

/* Back on a node it left not long ago? Times are kept in nanoseconds, above 0. */
static bool
is_ping_pong(NsimMover *mover, NsimSpaceId space, const Folio *folio, NsimTime now_ps)
{
    const gsize ns =
        GPOINTER_TO_SIZE(g_hash_table_lookup(mover->left, departure_key(space, folio->page, folio->destination)));
    const bool back = ns > 0 && now_ps - (NsimTime)(ns - 1) * NSIM_NS < mover->setup.config.ping_pong_ps;
    g_hash_table_insert(mover->left, departure_key(space, folio->page, folio->source),
                        GSIZE_TO_POINTER((gsize)(now_ps / NSIM_NS + 1)));
    return back;
}

/* Latency of the node that the folio leaves, and of the one it goes to, for whoever the move is for. */
static void
latencies(const NsimMover *mover, NsimSpaceId space, const Folio *folio, NsimTime *ret_from_ps, NsimTime *ret_to_ps)
{
    const NsimMachine *machine = mover->setup.machine;
    const NsimDecision *decision = &folio->request->decision;
    const NsimAccessorId accessor =
        decision->accessor < machine->accessor_count ? decision->accessor : mover->setup.space_accessors[space];
    const NsimRoute *from = nsim_machine_route(machine, accessor, folio->source, NSIM_DIR_READ);
    const NsimRoute *to = nsim_machine_route(machine, accessor, folio->destination, NSIM_DIR_READ);
    *ret_from_ps = from->reachable ? from->fixed_ps : NSIM_TIME_MAX;
    *ret_to_ps = to->reachable ? to->fixed_ps : NSIM_TIME_MAX;
}

bool
mover_is_promotion(const NsimMover *mover, NsimSpaceId space, const Folio *folio)
{
    NsimTime from_ps, to_ps;
    latencies(mover, space, folio, &from_ps, &to_ps);
    return to_ps < from_ps;
}

/* Promoted, demoted, or neither where latencies are equal; the other half of an exchange is the opposite. */
static void
count_pages(NsimMover *mover, NsimSpaceId space, const Folio *folio, bool exchange)
{
    NsimMoverStats *stats = &mover->stats;
    NsimTime from_ps, to_ps;
    latencies(mover, space, folio, &from_ps, &to_ps);
    stats->pages += exchange ? 2 * (uint64_t)folio->pages : folio->pages;
    if (from_ps == to_ps)
        return;
    stats->promoted_pages += to_ps < from_ps || exchange ? folio->pages : 0;
    stats->demoted_pages += to_ps > from_ps || exchange ? folio->pages : 0;
}

void
mover_settle(Task *task, Folio *folio, NsimTime now_ps)
{
    NsimMover *mover = task->mover;
    NsimMoverStats *stats = &mover->stats;
    Request *request = folio->request;
    const bool moved = folio->state == FOLIO_MOVED;
    const bool huge = folio->pages > 1;
    request->folios--;
    if (moved && folio->collapse) {
        request->moved_pages += folio->pages;
    } else if (moved) {
        request->moved_pages += folio->pages;
        stats->thp_success += huge;
        stats->ping_pong_pages += is_ping_pong(mover, task->space, folio, now_ps) ? folio->pages : 0;
        count_pages(mover, task->space, folio, task->exchange);
        nsim_payers_spend(mover->setup.payers, task->group, now_ps,
                          (uint64_t)folio->pages << mover->setup.machine->page_shift, 0);
    } else {
        const NsimStoryMove told = mover_story(task, request);
        nsim_story_failed(mover->story, &told, &request->decision, folio->page, folio->pages, (NsimCause)folio->cause);
        request->failed_pages += folio->pages;
        request->cause = request->cause == NSIM_CAUSE_NONE ? (NsimCause)folio->cause : request->cause;
        stats->failed_pages += folio->pages;
        stats->failed_by_cause[folio->cause] += folio->pages;
        stats->thp_fail += huge;
    }
}

/* Requests whose last folio was in the batch. One with pages that have not begun is still on the task's list. */
static void
finish_requests(Task *task, NsimTime now_ps)
{
    NsimMover *mover = task->mover;
    for (guint i = 0; i < task->folios->len; i++) {
        const uint64_t token = g_array_index(task->folios, Folio, i).token;
        Request *request = g_hash_table_lookup(mover->requests, GSIZE_TO_POINTER(token));
        if (request != NULL && !request->listed)
            finish_request(mover, request, now_ps);
    }
}

static void
tell_costs(const Task *task)
{
    uint64_t pages = 0;
    for (guint i = 0; i < task->folios->len; i++)
        pages += g_array_index(task->folios, Folio, i).pages;
    nsim_story_costs(task->mover->story, task->batch, task->spent_ps, task->exchange ? 2 * pages : pages);
}

void
mover_batch_done(Task *task, NsimTime now_ps)
{
    task->mover->stats.batches++;
    tell_costs(task);
    task->began_ps = now_ps;
    finish_requests(task, now_ps);
    task_next(task, now_ps);
}

static bool
any_busy(const GPtrArray *tasks)
{
    for (guint i = 0; i < tasks->len; i++) {
        if (((const Task *)g_ptr_array_index(tasks, i))->busy)
            return true;
    }
    return false;
}

bool
nsim_mover_busy(const NsimMover *mover)
{
    return any_busy(mover->queues) || any_busy(mover->threads) || mover->faults->len > 0;
}

static uint64_t
taken_by(const GPtrArray *tasks, NsimNodeId node)
{
    uint64_t pages = 0;
    for (guint t = 0; t < tasks->len; t++) {
        const Task *task = g_ptr_array_index(tasks, t);
        for (guint i = 0; task->busy && !task->exchange && i < task->folios->len; i++) {
            const Folio *folio = &g_array_index(task->folios, Folio, i);
            if (folio->state == FOLIO_UNMAPPED && folio->destination == node)
                pages += folio->pages;
        }
    }
    return pages;
}

uint64_t
nsim_mover_taken(const NsimMover *mover, NsimNodeId node)
{
    return taken_by(mover->queues, node) + taken_by(mover->threads, node) + taken_by(mover->faults, node);
}

void
nsim_mover_stop(NsimMover *mover)
{
    for (guint i = 0; i < mover->queues->len; i++)
        batch_abort(g_ptr_array_index(mover->queues, i));
    for (guint i = 0; i < mover->threads->len; i++)
        batch_abort(g_ptr_array_index(mover->threads, i));
    for (guint i = 0; i < mover->faults->len; i++)
        batch_abort(g_ptr_array_index(mover->faults, i));
    nsim_payers_check(mover->setup.payers);
}
