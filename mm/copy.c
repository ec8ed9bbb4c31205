/* SPDX-License-Identifier: MIT */
/*
 * Copiers: the task's own core, several cores, or a copy engine's channels.
 *
 * mtcpu deals whole folios to its workers, and cuts them when there are fewer folios than workers; the initiator waits.
 * dma deals folios to channels; a channel's share is submitted as lists of descriptors, which the initiator maps and
 * submits one after the other, and each list ends with one interrupt on the initiator's core. An engine that does not
 * reach both nodes leaves its pieces to the core, and so does one that has not come to a list's end by its timeout.
 *
 * Left out: machine checks while copying; workers that are preempted; IOMMU page faults.
 */
#include <mm/mover-private.h>

#include <sim/assert.h>
#include <sim/time.h>

/* One core copying. */
typedef struct {
    struct NsimCopy *copy;
    NsimStream stream;
    NsimWindow window;
    GArray *pieces; /* NsimPiece; NULL: the copy's own */
    uint32_t core;
    NsimPayer payer;
} Worker;

typedef struct Channel Channel;

/* A list of descriptors on its way to and through a channel. Its channel knows it until it is done, its engine until it
 * is done or given up. */
typedef struct {
    struct NsimCopy *copy;
    Channel *channel;
    GArray *pieces; /* NsimPiece */
    NsimTime deadline_ps;
    uint32_t references;
    bool done, given_up;
} Submission;

struct NsimCopy {
    Task *task;
    NsimCopyDone done;
    GArray *pieces; /* NsimPiece */
    Worker *workers;
    uint32_t worker_count, worker_room;
    uint32_t pending;
    GQueue rescues;   /* GArray of pieces * that an engine was too slow for: the core copies them one after the other */
    GArray *rescue;   /* being copied; NULL */
    NsimTime idle_ps; /* the initiator has nothing to do from here on */
    NsimTime busy_ps; /* of the time since, what it spent on completions */
};

struct Channel {
    NsimStream stream;
    GQueue waiting; /* Submission * */
    Submission *now;
    struct NsimEngineState *engine;
};

struct NsimEngineState {
    NsimMover *mover;
    const NsimCopyEngine *model;
    NsimWindow *windows; /* by group */
    Channel *channels;
    GQueue submitted; /* Submission *, which have not arrived yet */
    GQueue timed;     /* Submission *, arrived, by deadline; some may be done */
    bool armed;       /* an event waits for the first deadline */
};

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static struct NsimCopy *
copy_of(Task *task)
{
    if (task->copy == NULL) {
        task->copy = g_new0(struct NsimCopy, 1);
        task->copy->task = task;
        task->copy->pieces = g_array_new(FALSE, FALSE, sizeof(NsimPiece));
        g_queue_init(&task->copy->rescues);
    }
    return task->copy;
}

static void
worker_clear(Worker *worker)
{
    nsim_window_clear(&worker->window);
    if (worker->pieces != NULL)
        g_array_unref(worker->pieces);
    worker->pieces = NULL;
}

void
copy_free(struct NsimCopy *copy)
{
    if (copy == NULL)
        return;
    for (uint32_t i = 0; i < copy->worker_room; i++)
        worker_clear(&copy->workers[i]);
    g_free(copy->workers);
    g_queue_clear_full(&copy->rescues, (GDestroyNotify)g_array_unref);
    if (copy->rescue != NULL)
        g_array_unref(copy->rescue);
    g_array_unref(copy->pieces);
    g_free(copy);
}

static void
submission_free(gpointer data)
{
    Submission *submission = data;
    g_array_unref(submission->pieces);
    g_free(submission);
}

static void
submission_unref(gpointer data)
{
    Submission *submission = data;
    if (--submission->references == 0)
        submission_free(submission);
}

struct NsimEngineState *
copy_engines_new(NsimMover *mover)
{
    const NsimMachine *machine = mover->setup.machine;
    struct NsimEngineState *engines = g_new0(struct NsimEngineState, machine->engine_count + 1);
    for (uint32_t e = 0; e < machine->engine_count; e++) {
        const NsimCopyEngine *model = &machine->engines[e];
        const uint32_t groups = (model->channel_count + model->group_channels - 1) / model->group_channels;
        engines[e].mover = mover;
        engines[e].model = model;
        engines[e].windows = g_new0(NsimWindow, groups);
        engines[e].channels = g_new0(Channel, model->channel_count);
        g_queue_init(&engines[e].submitted);
        g_queue_init(&engines[e].timed);
        for (uint32_t g = 0; g < groups; g++)
            nsim_window_init(&engines[e].windows[g], model->window_lines, false);
        for (uint32_t c = 0; c < model->channel_count; c++) {
            engines[e].channels[c].engine = &engines[e];
            g_queue_init(&engines[e].channels[c].waiting);
        }
    }
    return engines;
}

void
copy_engines_free(NsimMover *mover)
{
    for (uint32_t e = 0; e < mover->setup.machine->engine_count; e++) {
        struct NsimEngineState *engine = &mover->engines[e];
        const uint32_t groups =
            (engine->model->channel_count + engine->model->group_channels - 1) / engine->model->group_channels;
        for (uint32_t g = 0; g < groups; g++)
            nsim_window_clear(&engine->windows[g]);
        for (uint32_t c = 0; c < engine->model->channel_count; c++) {
            g_queue_clear_full(&engine->channels[c].waiting, submission_unref);
            if (engine->channels[c].now != NULL)
                submission_unref(engine->channels[c].now);
        }
        g_queue_clear_full(&engine->timed, submission_unref);
        g_queue_clear_full(&engine->submitted, submission_free);
        g_free(engine->windows);
        g_free(engine->channels);
    }
    g_free(mover->engines);
}

/* ---- The end ---------------------------------------------------------------------------------------------------- */

static void
copy_over(void *context, uint64_t now_ps)
{
    struct NsimCopy *copy = context;
    copy->done(copy->task, now_ps);
}

/* One worker or list less. The last one wakes the initiator, whose wait is booked. */
static void
part_done(struct NsimCopy *copy, NsimTime now_ps)
{
    Task *task = copy->task;
    nsim_assert(copy->pending > 0);
    if (--copy->pending > 0)
        return;
    const NsimTime waited_ps = now_ps > copy->idle_ps ? now_ps - copy->idle_ps : 0;
    if (waited_ps > copy->busy_ps)
        mover_charge(task, task->initiator, NSIM_PHASE_WAIT, waited_ps - copy->busy_ps);
    mover_at(task->mover, MAX(now_ps, copy->idle_ps), copy_over, copy);
}

/* ---- Cores ------------------------------------------------------------------------------------------------------ */

static void
worker_spent(void *context, NsimTime from_ps, NsimTime until_ps)
{
    Worker *worker = context;
    Task *task = worker->copy->task;
    mover_charge(task, worker->payer, NSIM_PHASE_COPY, until_ps - from_ps);
    nsim_cpus_spend(task->mover->setup.cpus, worker->core, until_ps, until_ps - from_ps);
}

static void
worker_done(void *context, NsimTime now_ps)
{
    Worker *worker = context;
    nsim_cpus_end(worker->copy->task->mover->setup.cpus, worker->core);
    part_done(worker->copy, now_ps);
}

/* The task's own core copied: it goes on at once. */
static void
own_done(void *context, NsimTime now_ps)
{
    Worker *worker = context;
    nsim_cpus_end(worker->copy->task->mover->setup.cpus, worker->core);
    worker->copy->done(worker->copy->task, now_ps);
}

/* Have room for `count` workers. None of them runs. */
static void
reserve_workers(struct NsimCopy *copy, uint32_t count)
{
    if (count > copy->worker_room) {
        copy->workers = g_renew(Worker, copy->workers, count);
        for (uint32_t i = copy->worker_room; i < count; i++)
            copy->workers[i] = (Worker){.copy = copy};
        copy->worker_room = count;
    }
    copy->worker_count = count;
}

static void
start_worker(Worker *worker, uint32_t core, NsimPayer payer, const NsimPiece *pieces, uint32_t count,
             NsimStreamDone done, NsimTime start_ps)
{
    NsimMover *mover = worker->copy->task->mover;
    const NsimCpuCore *cpu = &mover->setup.cpus->cores[core];
    const uint32_t window = mover->setup.machine->accessors[cpu->accessor].window_stream;
    if (worker->window.limit_lines != window) {
        nsim_window_clear(&worker->window);
        nsim_window_init(&worker->window, window, !mover->setup.config.nt);
    }
    worker->core = core;
    worker->payer = payer;
    worker->stream = (NsimStream){.world = &mover->world,
                                  .window = &worker->window,
                                  .agent = nsim_fabric_copy_agent(mover->setup.fabric, cpu->accessor),
                                  .fetch = !mover->setup.config.nt,
                                  .pieces = pieces,
                                  .piece_count = count,
                                  .spent = worker_spent,
                                  .done = done,
                                  .context = worker};
    nsim_cpus_begin(mover->setup.cpus, core);
    nsim_stream_start(&worker->stream, MAX(start_ps, cpu->kernel_free_ps));
}

static uint64_t
total_lines(const NsimPiece *pieces, uint32_t count)
{
    uint64_t lines = 0;
    for (uint32_t i = 0; i < count; i++)
        lines += pieces[i].lines;
    return lines;
}

/* Deal pieces to `workers` pieces lists: whole ones, or cut where there are fewer pieces than workers. */
static void
deal(struct NsimCopy *copy, uint32_t workers)
{
    const uint32_t count = copy->pieces->len;
    for (uint32_t w = 0; w < workers; w++) {
        GArray *mine = copy->workers[w].pieces;
        if (mine == NULL)
            mine = copy->workers[w].pieces = g_array_new(FALSE, FALSE, sizeof(NsimPiece));
        g_array_set_size(mine, 0);
        if (count >= workers) {
            const uint32_t from = (uint32_t)((uint64_t)count * w / workers),
                           to = (uint32_t)((uint64_t)count * (w + 1) / workers);
            g_array_append_vals(mine, &g_array_index(copy->pieces, NsimPiece, from), to - from);
            continue;
        }
        for (uint32_t i = 0; i < count; i++) {
            NsimPiece piece = g_array_index(copy->pieces, NsimPiece, i);
            const uint32_t from = (uint32_t)((uint64_t)piece.lines * w / workers);
            piece.lines = (uint32_t)((uint64_t)piece.lines * (w + 1) / workers) - from;
            if (piece.lines > 0)
                g_array_append_val(mine, piece);
        }
    }
}

static void
start_own(struct NsimCopy *copy, NsimTime now_ps)
{
    Task *task = copy->task;
    reserve_workers(copy, MAX(copy->worker_room, 1u));
    task->mover->stats.copied_bytes[NSIM_COPIER_CPU] +=
        total_lines((const NsimPiece *)(void *)copy->pieces->data, copy->pieces->len) * NSIM_LINE_BYTES;
    start_worker(&copy->workers[0], task->core, task->initiator, (const NsimPiece *)(void *)copy->pieces->data,
                 copy->pieces->len, own_done, now_ps);
}

static void
start_workers(struct NsimCopy *copy, NsimTime now_ps)
{
    Task *task = copy->task;
    NsimMover *mover = task->mover;
    const NsimPiece *pieces = (const NsimPiece *)(void *)copy->pieces->data;
    g_autofree uint32_t *cores = g_new(uint32_t, mover->setup.cpus->core_count);
    const uint32_t count = copy_workers(task, pieces, copy->pieces->len, now_ps, cores);
    if (count == 0) {
        start_own(copy, now_ps);
        return;
    }
    reserve_workers(copy, MAX(count, copy->worker_room));
    deal(copy, count);
    mover->stats.copied_bytes[NSIM_COPIER_MTCPU] += total_lines(pieces, copy->pieces->len) * NSIM_LINE_BYTES;
    copy->pending = count;
    copy->busy_ps = 0;
    for (uint32_t w = 0; w < count; w++) {
        Worker *worker = &copy->workers[w];
        now_ps = mover_work(task, NSIM_PHASE_COPY, now_ps, mover->costs->dispatch_ps);
        start_worker(worker, cores[w], mover->worker, (const NsimPiece *)(void *)worker->pieces->data,
                     worker->pieces->len, worker_done, now_ps + mover->costs->wake_ps);
    }
    copy->idle_ps = now_ps;
}

uint32_t
copy_workers(Task *task, const NsimPiece *pieces, uint32_t count, NsimTime now_ps, uint32_t *ret_cores)
{
    const NsimMoverConfig *config = &task->mover->setup.config;
    const NsimCpus *cpus = task->mover->setup.cpus;
    const uint32_t most = (uint32_t)MIN(config->threads, (uint64_t)cpus->core_count);
    const uint64_t bytes = total_lines(pieces, count) * NSIM_LINE_BYTES;
    const bool idle_only = config->scale == NSIM_SCALE_LOAD;
    uint32_t wanted = most;
    if (config->scale == NSIM_SCALE_BYTES)
        wanted = (uint32_t)MIN((uint64_t)most, MAX(bytes / config->thread_bytes, (uint64_t)1));
    uint32_t found = nsim_cpus_choose(cpus, (NsimSpread)config->spread, pieces[0].source, pieces[0].destination,
                                      idle_only, now_ps, wanted, ret_cores);
    if (config->scale != NSIM_SCALE_BANDWIDTH)
        return found;
    /* One more worker while it is predicted to be worth it. */
    NsimTime best_ps = found == 0 ? 0 : predict_cpu(task, pieces, count, ret_cores, 1);
    uint32_t use = MIN(found, 1u);
    for (uint32_t k = 2; k <= found; k++) {
        const NsimTime time_ps = predict_cpu(task, pieces, count, ret_cores, k);
        if (time_ps >= best_ps || nsim_mul_div(best_ps - time_ps, 1000000, best_ps) < config->gain_ppm)
            continue;
        best_ps = time_ps;
        use = k;
    }
    return use;
}

/* ---- Engines ---------------------------------------------------------------------------------------------------- */

static void channel_next(Channel *channel, NsimTime now_ps);

/* A list has been copied: an interrupt on the initiator's core. */
static void
channel_done(void *context, NsimTime now_ps)
{
    Channel *channel = context;
    Submission *submission = g_steal_pointer(&channel->now);
    struct NsimCopy *copy = submission->copy;
    const bool given_up = submission->given_up;
    submission->done = true;
    submission_unref(submission);
    channel_next(channel, now_ps);
    if (given_up)
        return;
    const NsimTime cost_ps = channel->engine->model->completion_ps;
    const NsimTime end_ps = mover_work(copy->task, NSIM_PHASE_COPY, now_ps, cost_ps);
    copy->busy_ps += cost_ps;
    part_done(copy, end_ps);
}

/* Begin the next list that was submitted. */
static void
channel_next(Channel *channel, NsimTime now_ps)
{
    const struct NsimEngineState *engine = channel->engine;
    NsimMover *mover = engine->mover;
    if (channel->now != NULL || g_queue_is_empty(&channel->waiting))
        return;
    channel->now = g_queue_pop_head(&channel->waiting);
    const uint32_t index = (uint32_t)(channel - engine->channels);
    channel->stream =
        (NsimStream){.world = &mover->world,
                     .window = &engine->windows[index / engine->model->group_channels],
                     .agent = nsim_fabric_engine_agent(mover->setup.fabric, (uint32_t)(engine - mover->engines)),
                     .hold = true,
                     .piece_ps = engine->model->descriptor_ps,
                     .translate_ps = engine->model->translate_ps,
                     .bytes_per_s = engine->model->channel_bytes_per_s,
                     .pieces = (const NsimPiece *)(void *)channel->now->pieces->data,
                     .piece_count = channel->now->pieces->len,
                     .done = channel_done,
                     .context = channel};
    nsim_stream_start(&channel->stream, now_ps);
}

static void rescue_next(struct NsimCopy *copy, NsimTime now_ps);

static void
rescue_done(void *context, NsimTime now_ps)
{
    Worker *worker = context;
    struct NsimCopy *copy = worker->copy;
    nsim_cpus_end(copy->task->mover->setup.cpus, worker->core);
    g_clear_pointer(&copy->rescue, g_array_unref);
    rescue_next(copy, now_ps);
    part_done(copy, now_ps);
}

/* The initiator's core copies what an engine was too slow for. */
static void
rescue_next(struct NsimCopy *copy, NsimTime now_ps)
{
    Task *task = copy->task;
    if (copy->rescue != NULL || g_queue_is_empty(&copy->rescues))
        return;
    copy->rescue = g_queue_pop_head(&copy->rescues);
    const NsimPiece *pieces = (const NsimPiece *)(void *)copy->rescue->data;
    reserve_workers(copy, MAX(copy->worker_room, 1u));
    task->mover->stats.copied_bytes[NSIM_COPIER_CPU] += total_lines(pieces, copy->rescue->len) * NSIM_LINE_BYTES;
    start_worker(&copy->workers[0], task->core, task->initiator, pieces, copy->rescue->len, rescue_done, now_ps);
}

/* A list's time is up: the core copies it. */
static void
give_up(Submission *submission, NsimTime now_ps)
{
    submission->given_up = true;
    g_queue_push_tail(&submission->copy->rescues, g_array_copy(submission->pieces));
    rescue_next(submission->copy, now_ps);
}

static void deadline(void *context, uint64_t now_ps);

/* Wait for the first deadline there is. */
static void
watch(struct NsimEngineState *engine)
{
    const Submission *first;
    while ((first = g_queue_peek_head(&engine->timed)) != NULL && first->done)
        submission_unref(g_queue_pop_head(&engine->timed));
    if (first == NULL || engine->armed)
        return;
    engine->armed = true;
    mover_at(engine->mover, first->deadline_ps, deadline, engine);
}

static void
deadline(void *context, uint64_t now_ps)
{
    struct NsimEngineState *engine = context;
    const Submission *first = g_queue_peek_head(&engine->timed);
    engine->armed = false;
    while (first != NULL && first->deadline_ps <= now_ps) {
        Submission *late = g_queue_pop_head(&engine->timed);
        if (!late->done)
            give_up(late, now_ps);
        submission_unref(late);
        first = g_queue_peek_head(&engine->timed);
    }
    watch(engine);
}

/* A list reaches its channel. */
static void
arrive(void *context, uint64_t now_ps)
{
    Submission *submission = context;
    struct NsimEngineState *engine = submission->channel->engine;
    g_queue_remove(&engine->submitted, submission);
    submission->deadline_ps = nsim_time_add_saturated(now_ps, engine->model->timeout_ps);
    g_queue_push_tail(&engine->timed, submission);
    watch(engine);
    g_queue_push_tail(&submission->channel->waiting, submission);
    channel_next(submission->channel, now_ps);
}

static bool
engine_reaches(const NsimMachine *machine, uint32_t engine, NsimNodeId source, NsimNodeId destination)
{
    return nsim_machine_engine_route(machine, engine, source, NSIM_DIR_READ)->reachable &&
           nsim_machine_engine_route(machine, engine, destination, NSIM_DIR_WRITE)->reachable;
}

/* The engine to use, and how many of its channels; false: none. */
static bool
find_engine(const NsimMover *mover, const NsimPiece *piece, uint32_t *ret_engine, uint32_t *ret_channels)
{
    const NsimMachine *machine = mover->setup.machine;
    const NsimMoverConfig *config = &mover->setup.config;
    const bool named = config->engine != NULL && *config->engine != '\0';
    const uint32_t wanted = named ? nsim_machine_find_engine(machine, config->engine) : UINT32_MAX;
    for (uint32_t e = 0; e < machine->engine_count; e++) {
        if ((named && e != wanted) || !engine_reaches(machine, e, piece->source, piece->destination))
            continue;
        *ret_engine = e;
        *ret_channels = config->channels == 0
                            ? machine->engines[e].channel_count
                            : (uint32_t)MIN(config->channels, (uint64_t)machine->engines[e].channel_count);
        return true;
    }
    return false;
}

/* Cut pieces that are longer than a descriptor may be. */
static void
cut_pieces(GArray *pieces, uint64_t bytes_max)
{
    const uint32_t most = (uint32_t)MAX(MIN(bytes_max / NSIM_LINE_BYTES, (uint64_t)UINT32_MAX), (uint64_t)1);
    for (guint i = 0; i < pieces->len; i++) {
        NsimPiece *piece = &g_array_index(pieces, NsimPiece, i);
        if (piece->lines <= most)
            continue;
        NsimPiece rest = *piece;
        rest.lines -= most;
        piece->lines = most;
        g_array_insert_val(pieces, i + 1, rest);
    }
}

/* Pieces of a copy that ends at all engines' channels have to go to both nodes by one engine. */
static bool
same_ends(const NsimMover *mover, const GArray *pieces, uint32_t engine)
{
    for (guint i = 0; i < pieces->len; i++) {
        const NsimPiece *piece = &g_array_index(pieces, NsimPiece, i);
        if (!engine_reaches(mover->setup.machine, engine, piece->source, piece->destination))
            return false;
    }
    return true;
}

static void
start_engine(struct NsimCopy *copy, NsimTime now_ps)
{
    Task *task = copy->task;
    NsimMover *mover = task->mover;
    uint32_t engine, channels;
    if (!find_engine(mover, &g_array_index(copy->pieces, NsimPiece, 0), &engine, &channels) ||
        !same_ends(mover, copy->pieces, engine)) {
        start_own(copy, now_ps);
        return;
    }
    struct NsimEngineState *state = &mover->engines[engine];
    cut_pieces(copy->pieces, state->model->descriptor_bytes_max);
    const uint32_t count = copy->pieces->len;
    channels = MIN(channels, count);
    mover->stats.copied_bytes[NSIM_COPIER_DMA] +=
        total_lines((const NsimPiece *)(void *)copy->pieces->data, count) * NSIM_LINE_BYTES;
    copy->pending = 0;
    copy->busy_ps = 0;
    /* Round by round, so that every channel has its first list early. */
    const uint32_t share = (count + channels - 1) / channels;
    for (uint32_t done = 0; done < share; done += state->model->list_max) {
        for (uint32_t c = 0; c < channels; c++) {
            const uint32_t from = (uint32_t)((uint64_t)count * c / channels) + done;
            const uint32_t end = (uint32_t)((uint64_t)count * (c + 1) / channels);
            if (from >= end)
                continue;
            const uint32_t length = MIN(end - from, state->model->list_max);
            Submission *submission = g_new(Submission, 1);
            *submission = (Submission){.copy = copy,
                                       .channel = &state->channels[c],
                                       .pieces = g_array_new(FALSE, FALSE, sizeof(NsimPiece)),
                                       .references = 2};
            g_array_append_vals(submission->pieces, &g_array_index(copy->pieces, NsimPiece, from), length);
            now_ps = mover_work(task, NSIM_PHASE_COPY, now_ps, length * state->model->map_ps + state->model->submit_ps);
            g_queue_push_tail(&state->submitted, submission);
            copy->pending++;
            mover_at(mover, now_ps, arrive, submission);
        }
    }
    copy->idle_ps = now_ps;
}

/* ---- Beginning ----------------------------------------------------------------------------------------------------
 */

void
copy_start(Task *task, const NsimPiece *pieces, uint32_t count, NsimCopierKind kind, NsimTime now_ps, NsimCopyDone done)
{
    struct NsimCopy *copy = copy_of(task);
    nsim_assert(count > 0);
    g_array_set_size(copy->pieces, 0);
    g_array_append_vals(copy->pieces, pieces, count);
    copy->done = done;
    switch (kind) {
    case NSIM_COPIER_MTCPU:
        start_workers(copy, now_ps);
        break;
    case NSIM_COPIER_DMA:
        start_engine(copy, now_ps);
        break;
    case NSIM_COPIER_CPU:
    case NSIM_COPIER_AUTO:
    case NSIM_COPIERS:
        start_own(copy, now_ps);
        break;
    }
}

/* How long the first of the channels is busy with what it has, at the channel's rate. */
static NsimTime
queue_time(const struct NsimEngineState *engine, uint32_t channels)
{
    NsimTime longest_ps = 0;
    for (uint32_t c = 0; c < channels; c++) {
        const Channel *channel = &engine->channels[c];
        uint64_t lines = 0;
        if (channel->now != NULL)
            lines += total_lines(channel->stream.pieces + channel->stream.piece,
                                 channel->stream.piece_count - channel->stream.piece);
        for (const GList *at = channel->waiting.head; at != NULL; at = at->next) {
            const Submission *next = at->data;
            lines += total_lines((const NsimPiece *)(void *)next->pieces->data, next->pieces->len);
        }
        longest_ps =
            MAX(longest_ps, nsim_time_of_transfer(lines * NSIM_LINE_BYTES, engine->model->channel_bytes_per_s));
    }
    return longest_ps;
}

NsimCopierKind
copy_choose(Task *task, const NsimPiece *pieces, uint32_t count, NsimTime gap_ps, NsimTime now_ps, bool *ret_by_piece)
{
    NsimMover *mover = task->mover;
    g_autofree uint32_t *cores = g_new(uint32_t, mover->setup.cpus->core_count + 1);
    uint32_t engine, channels;
    NsimCopierKind best = NSIM_COPIER_CPU;
    const NsimTime by_batch_ps = predict_own(task, pieces, count, 0);
    const NsimTime by_piece_ps = gap_ps > 0 ? predict_own(task, pieces, count, gap_ps) : NSIM_TIME_MAX;
    NsimTime best_ps = MIN(by_batch_ps, by_piece_ps);
    *ret_by_piece = by_piece_ps <= by_batch_ps;
    const uint32_t workers = copy_workers(task, pieces, count, now_ps, cores);
    if (workers > 0) {
        const NsimTime time_ps = predict_cpu(task, pieces, count, cores, workers);
        if (time_ps < best_ps) {
            best_ps = time_ps;
            best = NSIM_COPIER_MTCPU;
        }
    }
    if (find_engine(mover, pieces, &engine, &channels)) {
        const NsimTime time_ps = predict_dma(task, pieces, count, engine, MIN(channels, count),
                                             queue_time(&mover->engines[engine], channels));
        if (time_ps < best_ps)
            best = NSIM_COPIER_DMA;
    }
    return best;
}
