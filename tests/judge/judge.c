/* SPDX-License-Identifier: MIT */
/*
 * The event-per-hop model (judge.h). One event for each hop of each line, one for its completion, and one when a core
 * has computed for long enough; the queue's order makes every resource first come, first served.
 *
 * A core issues its next line at max(time of its previous issue + computation, first moment with a free slot). A
 * dependent record counts its computation from the completion of all lines of the record before it, if that is later. A
 * core arrives at a barrier when it has computed that far and all its lines have completed.
 */
#include "judge.h"

#include <sim/assert.h>
#include <sim/event-queue.h>
#include <sim/time.h>

typedef struct _Judge Judge;
typedef struct _Request Request;

typedef struct {
    Judge *judge;
    const NsimJudgeCore *input;
    NsimJudgeCoreResult *result;
    uint64_t next; /* burst to take */
    uint64_t taken; /* bursts of lines taken so far: the number of the present one, from 1 */
    const NsimRoute *route;
    uint32_t left; /* lines of the present burst to issue */
    uint32_t limit; /* of the window, for the present burst */
    uint32_t outstanding;
    uint32_t burst_outstanding; /* lines of the present burst that have been issued and have not completed */
    NsimTime burst_done_ps;     /* latest completion of its lines */
    NsimTime base_ps;           /* previous issue, release or computation: what the gap counts from */
    NsimTime ready_ps;          /* when the next line can issue */
    NsimTime step_ps;
    NsimTime wake_ps; /* of the pending wake-up; NSIM_TIME_MAX: none */
    bool at_barrier, ended;
} Core;

typedef struct {
    Judge *judge;
    const NsimJudgeCopier *input;
    NsimJudgeCopierResult *result;
    uint64_t started_bytes;
} Copier;

typedef struct {
    Copier *copier;
    uint32_t lines_pending;
    bool writing;
} Chunk;

struct _Request {
    Judge *judge;
    Request *next_spare;
    Core *core;   /* or */
    Chunk *chunk; /* one of the two */
    const NsimRoute *route;
    uint32_t hop;
    uint64_t burst; /* number of its burst on its core */
    NsimTime issued_ps;
};

typedef struct {
    uint32_t arrived;
    Core **waiting;
} Barrier;

struct _Judge {
    const NsimJudgeOptions *options;
    NsimJudgeResult *result;
    NsimEventQueue *events;
    NsimTime now_ps;
    NsimTime *free_ps; /* by resource */
    Core *cores;
    Copier *copiers;
    Barrier *barriers;
    uint32_t running; /* cores not ended */
    uint32_t waiting; /* cores at a barrier */
    Request *spare;
    GPtrArray *owned; /* requests and chunks, to free */
};

static void core_advance(Core *core);
static void chunk_line_done(Chunk *chunk);

/* ---- Requests -------------------------------------------------------------------------------------------------- */

static void
schedule(Judge *judge, NsimTime time_ps, NsimEventFunc run, void *context)
{
    const NsimEvent event = { .time_ps = time_ps, .priority = NSIM_PRIORITY_HARDWARE, .run = run, .context = context };
    nsim_event_queue_push(judge->events, &event);
}

static void
complete(void *context, uint64_t argument)
{
    Request *request = context;
    Judge *judge = request->judge;
    Core *core = request->core;
    Chunk *chunk = request->chunk;
    (void)argument;
    request->next_spare = judge->spare;
    judge->spare = request;
    if (core == NULL) {
        chunk_line_done(chunk);
        return;
    }

    const NsimTime latency_ps = judge->now_ps - request->issued_ps;
    nsim_histogram_record(&core->result->latency, latency_ps, 1);
    nsim_histogram_record(&judge->result->latency, latency_ps, 1);
    core->outstanding--;
    core->result->end_ps = judge->now_ps;
    if (request->burst == core->taken) {
        core->burst_outstanding--;
        core->burst_done_ps = judge->now_ps;
    }
    core_advance(core);
}

/* The request reaches its next resource. */
static void
arrive(void *context, uint64_t argument)
{
    Request *request = context;
    Judge *judge = request->judge;
    const NsimRoute *route = request->route;
    const NsimHop *hop = &route->hops[request->hop];
    NsimTime *free_ps = &judge->free_ps[hop->resource];
    (void)argument;

    const NsimTime start_ps = *free_ps > judge->now_ps ? *free_ps : judge->now_ps;
    *free_ps = start_ps + hop->service_ps;
    if (++request->hop < route->hop_count) {
        schedule(judge, start_ps + route->share_ps[request->hop], arrive, request);
        return;
    }
    NsimTime rest_ps = route->fixed_ps;
    for (uint32_t i = 0; i < route->hop_count; i++)
        rest_ps -= route->share_ps[i];
    nsim_assert(rest_ps <= route->fixed_ps);
    schedule(judge, start_ps + rest_ps, complete, request);
}

/* Send one line on its way, now. Exactly one of `core` and `chunk` is set. */
static void
send(Judge *judge, const NsimRoute *route, Core *core, Chunk *chunk)
{
    Request *request = judge->spare;
    if (request != NULL) {
        judge->spare = request->next_spare;
    } else {
        request = g_new(Request, 1);
        g_ptr_array_add(judge->owned, request);
    }
    *request = (Request){ .judge = judge,
                          .core = core,
                          .chunk = chunk,
                          .route = route,
                          .burst = core != NULL ? core->taken : 0,
                          .issued_ps = judge->now_ps };
    if (route->hop_count > 0)
        schedule(judge, judge->now_ps + route->share_ps[0], arrive, request);
    else
        schedule(judge, judge->now_ps + route->fixed_ps, complete, request);
}

/* ---- Cores ----------------------------------------------------------------------------------------------------- */

static NsimTime
gap_to_ps(const Core *core, uint64_t gap)
{
    return (NsimTime)(((unsigned __int128)gap * core->input->gap_mult) >> 16);
}

static void
wake(void *context, uint64_t argument)
{
    Core *core = context;
    (void)argument;
    if (core->wake_ps == core->judge->now_ps)
        core->wake_ps = NSIM_TIME_MAX;
    core_advance(core);
}

/* True when `time_ps` has come; otherwise the core is called again then. */
static bool
reached(Core *core, NsimTime time_ps)
{
    if (time_ps <= core->judge->now_ps)
        return true;
    if (core->wake_ps != time_ps) {
        /* None is pending, or one that is due now as well and will find the core as it is left. */
        nsim_assert(core->wake_ps == NSIM_TIME_MAX || core->wake_ps == core->judge->now_ps);
        core->wake_ps = time_ps;
        schedule(core->judge, time_ps, wake, core);
    }
    return false;
}

/* The core stands at barrier `group`. True: it may go on. */
static bool
pass_barrier(Core *core, uint32_t group)
{
    Judge *judge = core->judge;
    Barrier *barrier = &judge->barriers[group];
    if (barrier->arrived + 1 < judge->options->barriers[group]) {
        barrier->waiting[barrier->arrived++] = core;
        core->at_barrier = true;
        judge->waiting++;
        return false;
    }
    const uint32_t arrived = barrier->arrived;
    barrier->arrived = 0;
    judge->waiting -= arrived;
    /* Those who leave may come back to the same barrier at once: take the list over first. */
    g_autofree Core **waiting = g_steal_pointer(&barrier->waiting);
    barrier->waiting = g_new0(Core *, judge->options->barriers[group]);
    core->base_ps = judge->now_ps;
    for (uint32_t i = 0; i < arrived; i++) {
        waiting[i]->at_barrier = false;
        waiting[i]->base_ps = judge->now_ps;
        waiting[i]->next++;
        core_advance(waiting[i]);
    }
    return true;
}

/* A control record. True: done, take the next one; false: the core has to wait and tries again. */
static bool
control(Core *core, const NsimBurst *burst)
{
    const uint64_t pause = burst->op == NSIM_OP_PAUSE ? (uint64_t)burst->page << 32 : 0;
    const NsimTime due_ps = core->base_ps + gap_to_ps(core, burst->gap + pause);
    if (burst->op == NSIM_OP_BARRIER && burst->page < core->judge->options->barrier_count) {
        if (core->outstanding > 0 || !reached(core, due_ps))
            return false;
        return pass_barrier(core, burst->page);
    }
    core->base_ps = due_ps;
    return true;
}

/* Begin a record of lines. False: it depends on the one before, which has not completed. */
static bool
begin_burst(Core *core, const NsimBurst *burst)
{
    const NsimJudgeOptions *options = core->judge->options;
    const NsimAccessor *accessor = &options->machine->accessors[core->input->accessor];
    if ((burst->flags & NSIM_BURST_DEPENDENT) != 0) {
        if (core->burst_outstanding > 0)
            return false;
        core->base_ps = MAX(core->base_ps, core->burst_done_ps);
    }
    const NsimNodeId node = options->node_of(options->context, burst->page);
    const NsimDir dir = burst->op == NSIM_OP_WRITE ? NSIM_DIR_WRITE : NSIM_DIR_READ;
    nsim_assert(node < options->machine->node_count && options->machine->nodes[node].curve.mix_count == 0);
    core->route = nsim_machine_route(options->machine, core->input->accessor, node, dir);
    nsim_assert(core->route->reachable);
    core->judge->result->node_lines[node * NSIM_DIRS + dir] += burst->count;
    const bool stream = burst->count > 1 || (burst->flags & NSIM_BURST_PREFETCHABLE) != 0;
    core->limit = MAX(stream ? accessor->window_stream : accessor->window_random, 1);
    core->left = burst->count;
    core->taken++;
    core->burst_outstanding = 0;
    core->burst_done_ps = 0;
    core->ready_ps = core->base_ps + gap_to_ps(core, burst->gap);
    core->step_ps = gap_to_ps(core, burst->step) >> 4;
    return true;
}

/* Issue one line of the present burst. */
static void
issue(Core *core)
{
    Judge *judge = core->judge;
    core->result->stall_ps += judge->now_ps - core->ready_ps;
    core->result->line_count++;
    core->outstanding++;
    core->burst_outstanding++;
    core->left--;
    send(judge, core->route, core, NULL);
    core->base_ps = judge->now_ps;
    core->ready_ps = judge->now_ps + core->step_ps;
}

/* Do all that the core can do now. */
static void
core_advance(Core *core)
{
    while (!core->at_barrier && !core->ended) {
        if (core->left > 0) {
            if (!reached(core, core->ready_ps) || core->outstanding >= core->limit)
                return;
            issue(core);
            continue;
        }
        if (core->next == core->input->burst_count) {
            if (core->outstanding > 0 || !reached(core, core->base_ps))
                return;
            core->ended = true;
            core->judge->running--;
            core->result->end_ps = core->judge->now_ps;
            return;
        }
        const NsimBurst *burst = &core->input->bursts[core->next];
        if (!(NSIM_OP_IS_CONTROL(burst->op) ? control(core, burst) : begin_burst(core, burst)))
            return;
        core->next++;
    }
}

/* ---- Copies ---------------------------------------------------------------------------------------------------- */

static void
send_chunk(Chunk *chunk)
{
    const NsimJudgeCopier *input = chunk->copier->input;
    const NsimRoute *route = chunk->writing ? input->write_route : input->read_route;
    const uint32_t lines = input->chunk_bytes >> NSIM_LINE_SHIFT;
    chunk->lines_pending = lines;
    for (uint32_t i = 0; i < lines; i++)
        send(chunk->copier->judge, route, NULL, chunk);
}

/* Give the chunk new work, if there is any left. */
static void
next_chunk(Chunk *chunk)
{
    Copier *copier = chunk->copier;
    const NsimJudgeCopier *input = copier->input;
    if (input->bytes == 0 ? copier->judge->running == 0 : copier->started_bytes == input->bytes)
        return;
    copier->started_bytes += input->chunk_bytes;
    chunk->writing = false;
    send_chunk(chunk);
}

static void
chunk_line_done(Chunk *chunk)
{
    Copier *copier = chunk->copier;
    if (--chunk->lines_pending > 0)
        return;
    if (!chunk->writing) {
        chunk->writing = true;
        send_chunk(chunk);
        return;
    }
    copier->result->bytes += copier->input->chunk_bytes;
    copier->result->end_ps = copier->judge->now_ps;
    next_chunk(chunk);
}

static void
copier_start(void *context, uint64_t argument)
{
    Copier *copier = context;
    (void)argument;
    for (uint32_t i = 0; i < copier->input->depth; i++) {
        Chunk *chunk = g_new0(Chunk, 1);
        chunk->copier = copier;
        g_ptr_array_add(copier->judge->owned, chunk);
        next_chunk(chunk);
    }
}

/* ---- The run --------------------------------------------------------------------------------------------------- */

static void
judge_init(Judge *judge, const NsimJudgeOptions *options)
{
    NsimJudgeResult *result = g_new0(NsimJudgeResult, 1);
    result->core_count = options->core_count;
    result->copier_count = options->copier_count;
    result->node_count = options->machine->node_count;
    result->cores = g_new0(NsimJudgeCoreResult, options->core_count);
    result->copiers = g_new0(NsimJudgeCopierResult, options->copier_count);
    result->node_lines = g_new0(uint64_t, (size_t)options->machine->node_count * NSIM_DIRS);
    *judge = (Judge){ .options = options,
                      .result = result,
                      .events = nsim_event_queue_new(),
                      .free_ps = g_new0(NsimTime, options->machine->resource_count),
                      .cores = g_new0(Core, options->core_count),
                      .copiers = g_new0(Copier, options->copier_count),
                      .barriers = g_new0(Barrier, options->barrier_count),
                      .running = options->core_count,
                      .owned = g_ptr_array_new_with_free_func(g_free) };

    for (uint32_t i = 0; i < options->barrier_count; i++)
        judge->barriers[i].waiting = g_new0(Core *, options->barriers[i]);
    for (uint32_t i = 0; i < options->core_count; i++) {
        Core *core = &judge->cores[i];
        *core = (Core){ .judge = judge,
                        .input = &options->cores[i],
                        .result = &result->cores[i],
                        .base_ps = options->cores[i].start_ps,
                        .wake_ps = options->cores[i].start_ps };
        schedule(judge, core->wake_ps, wake, core);
    }
    for (uint32_t i = 0; i < options->copier_count; i++) {
        const NsimJudgeCopier *input = &options->copiers[i];
        nsim_assert(input->chunk_bytes > 0 && input->chunk_bytes % NSIM_LINE_BYTES == 0 && input->depth > 0 &&
                    input->bytes % input->chunk_bytes == 0);
        judge->copiers[i] = (Copier){ .judge = judge, .input = input, .result = &result->copiers[i] };
        schedule(judge, input->start_ps, copier_start, &judge->copiers[i]);
    }
}

static void
judge_clear(Judge *judge)
{
    for (uint32_t i = 0; i < judge->options->barrier_count; i++)
        g_free(judge->barriers[i].waiting);
    nsim_event_queue_free(judge->events);
    g_ptr_array_unref(judge->owned);
    g_free(judge->free_ps);
    g_free(judge->cores);
    g_free(judge->copiers);
    g_free(judge->barriers);
}

NsimJudgeResult *
nsim_judge_run(const NsimJudgeOptions *options)
{
    Judge judge;
    NsimEvent event;
    judge_init(&judge, options);
    NsimJudgeResult *result = judge.result;
    while (nsim_event_queue_pop(judge.events, &event)) {
        judge.now_ps = event.time_ps;
        event.run(event.context, event.argument);
        result->event_count++;
        /* Every core that is left waits at a barrier, and endless copies would go on for ever. */
        if (judge.running > 0 && judge.waiting == judge.running)
            break;
    }
    result->complete = judge.running == 0;
    for (uint32_t i = 0; i < options->core_count; i++) {
        result->runtime_ps = MAX(result->runtime_ps, result->cores[i].end_ps);
        result->line_count += result->cores[i].line_count;
    }
    for (uint32_t i = 0; i < options->copier_count && options->core_count == 0; i++)
        result->runtime_ps = MAX(result->runtime_ps, result->copiers[i].end_ps);
    if (result->runtime_ps > 0)
        result->bytes_per_s = nsim_mul_div(result->line_count * NSIM_LINE_BYTES, NSIM_S, result->runtime_ps);
    judge_clear(&judge);
    return result;
}

void
nsim_judge_result_free(NsimJudgeResult *result)
{
    if (result == NULL)
        return;
    g_free(result->cores);
    g_free(result->copiers);
    g_free(result->node_lines);
    g_free(result);
}
