/* SPDX-License-Identifier: MIT */
/* Runs one measurement of the migration bench: a space of folios, one request, the mover, and background readers. */
#include <experiment/migrate.h>

#include <experiment/experiment.h>
#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

#define FRAME_SHIFT 21u

/* A CPU that reads the source at a steady rate: chunk after chunk, as far apart as the rate says. */
typedef struct {
    struct Bench *bench;
    NsimFabricRoute *route;
    NsimTime interval_ps;
} Reader;

typedef struct Bench {
    const NsimMigrateCell *cell;
    NsimMemory *memory;
    NsimSpace *space;
    NsimFabric *fabric;
    NsimEventQueue *events;
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMover *mover;
    Reader *readers;
    uint32_t group;
    NsimAccessorId accessor;
    bool done;
    NsimOutcome outcome;
} Bench;

static void
bench_clear(Bench *bench)
{
    nsim_mover_free(bench->mover);
    nsim_payers_free(bench->payers);
    nsim_cpus_free(bench->cpus);
    nsim_space_free(bench->space);
    nsim_fabric_free(bench->fabric);
    nsim_event_queue_free(bench->events);
    nsim_memory_free(bench->memory);
    g_free(bench->readers);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bench, bench_clear)

static bool
check_cell(const NsimMigrateCell *cell, GError **error)
{
    const NsimMachine *machine = cell->machine;
    const uint64_t page_bytes = (uint64_t)1 << machine->page_shift;
    const char *problem = NULL;
    if (cell->source == cell->destination)
        problem = "source and destination are the same node";
    else if (cell->folio_bytes < page_bytes || cell->folio_bytes > 1u << FRAME_SHIFT ||
             (cell->folio_bytes & (cell->folio_bytes - 1)) != 0)
        problem = "the folio size must be a power of two from the machine's page to 2MiB";
    else if (cell->folio_count == 0 || cell->folio_count > NSIM_MIGRATE_BYTES_MAX / cell->folio_bytes)
        problem = "the folios must be 1 to 64GiB in all";
    else if (cell->folio_count * cell->folio_bytes > machine->nodes[cell->source].capacity_bytes ||
             cell->folio_count * cell->folio_bytes > machine->nodes[cell->destination].capacity_bytes)
        problem = "the folios do not fit into both nodes";
    if (problem != NULL)
        g_set_error_literal(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE, problem);
    return problem == NULL;
}

/* The folios, on the source. */
static bool
build_space(Bench *bench, GError **error)
{
    const NsimMigrateCell *cell = bench->cell;
    const NsimMachine *machine = cell->machine;
    const uint64_t pages = (cell->folio_bytes * cell->folio_count) >> machine->page_shift;
    const uint64_t frame_count = (cell->folio_bytes * cell->folio_count + (1u << FRAME_SHIFT) - 1) >> FRAME_SHIFT;
    g_autofree uint64_t *frames = g_new(uint64_t, frame_count);
    for (uint64_t f = 0; f < frame_count; f++)
        frames[f] = f + 1;
    bench->memory = nsim_memory_new(machine);
    bench->space = nsim_space_new(bench->memory, "bench", frames, frame_count, NULL, 0,
                                  (uint32_t)(cell->folio_bytes >> machine->page_shift), error);
    if (bench->space == NULL)
        return false;
    const uint64_t placed = nsim_space_place(bench->space, 0, pages, cell->source);
    nsim_assert(placed == pages);
    return true;
}

/* The CPU that migrates: nearest to the destination. */
static bool
find_accessor(Bench *bench, GError **error)
{
    const uint32_t core = nsim_cpus_idlest(bench->cpus, bench->cell->source, bench->cell->destination, 0);
    if (core == NSIM_CORE_NONE) {
        g_set_error_literal(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_USAGE,
                            "the machine has no CPU that reaches both nodes");
        return false;
    }
    bench->accessor = bench->cpus->cores[core].accessor;
    return true;
}

static void
read_on(void *context, uint64_t now_ps)
{
    Reader *reader = context;
    Bench *bench = reader->bench;
    if (bench->done)
        return;
    (void)nsim_fabric_reserve(bench->fabric->servers, reader->route, reader->route->hop_count, true, now_ps,
                              NSIM_STREAM_CHUNK_LINES);
    reader->route->lines += NSIM_STREAM_CHUNK_LINES;
    const NsimTime next_ps = now_ps + reader->interval_ps;
    const NsimEvent event = {
        .time_ps = next_ps, .priority = NSIM_PRIORITY_HARDWARE, .run = read_on, .context = reader, .argument = next_ps};
    nsim_event_queue_push(bench->events, &event);
}

static void
start_readers(Bench *bench)
{
    const NsimMigrateCell *cell = bench->cell;
    const NsimMachine *machine = cell->machine;
    const NsimTime near_ps = nsim_machine_route(machine, bench->accessor, cell->destination, NSIM_DIR_READ)->fixed_ps;
    bench->readers = g_new0(Reader, machine->accessor_count);
    for (uint32_t a = 0; cell->load_ppm > 0 && a < machine->accessor_count; a++) {
        const NsimRoute *to = nsim_machine_route(machine, (NsimAccessorId)a, cell->source, NSIM_DIR_READ);
        const NsimRoute *home = nsim_machine_route(machine, (NsimAccessorId)a, cell->destination, NSIM_DIR_READ);
        if (!to->reachable || !home->reachable || home->fixed_ps != near_ps || to->bytes_per_s == UINT64_MAX)
            continue;
        const uint64_t rate = MAX(nsim_mul_div(to->bytes_per_s, cell->load_ppm, 1000000), (uint64_t)1);
        Reader *reader = &bench->readers[a];
        *reader = (Reader){
            .bench = bench,
            .route = nsim_fabric_route(bench->fabric, (NsimAccessorId)a, cell->source, NSIM_DIR_READ),
            .interval_ps = MAX(nsim_time_of_transfer(NSIM_STREAM_CHUNK_LINES * NSIM_LINE_BYTES, rate), (NsimTime)1)};
        const NsimEvent event = {
            .time_ps = a, .priority = NSIM_PRIORITY_HARDWARE, .run = read_on, .context = reader, .argument = a};
        nsim_event_queue_push(bench->events, &event);
    }
}

static void
end_bench(void *context, const NsimOutcome *outcome)
{
    Bench *bench = context;
    bench->done = true;
    bench->outcome = *outcome;
}

static void
build_mover(Bench *bench)
{
    const NsimMigrateCell *cell = bench->cell;
    bench->group = NSIM_GROUP_NONE;
    bench->payers = nsim_payers_new(NULL, 0);
    const NsimMoverSetup setup = {.machine = cell->machine,
                                  .fabric = bench->fabric,
                                  .memory = bench->memory,
                                  .spaces = &bench->space,
                                  .space_groups = &bench->group,
                                  .space_accessors = &bench->accessor,
                                  .space_count = 1,
                                  .events = bench->events,
                                  .cpus = bench->cpus,
                                  .payers = bench->payers,
                                  .config = cell->config,
                                  .seed = cell->seed};
    bench->mover = nsim_mover_new(&setup);
    nsim_mover_listen_done(bench->mover, end_bench, bench);
    /* The process that asks is the only one of its address space, and waits: nobody else's TLB holds its pages. */
    nsim_mover_name_queue(bench->mover, 1, cell->initiator == NSIM_MIGRATE_USER ? "process" : "kmigrated",
                          nsim_cpus_find(bench->cpus, bench->accessor, 0));
}

/* Steady readers, and the measuring of loads, need a while to show. */
#define SETTLE_PS (20 * NSIM_US)

static void
run_events_until(Bench *bench, NsimTime until_ps)
{
    for (;;) {
        const NsimTime next_ps = nsim_event_queue_next_time(bench->events);
        if (next_ps > until_ps || next_ps == NSIM_TIME_MAX || bench->done)
            return;
        if (next_ps >= bench->fabric->roll_ps)
            nsim_fabric_roll(bench->fabric, next_ps);
        nsim_mover_set_ahead(bench->mover, bench->fabric->roll_ps);
        (void)nsim_event_queue_run(bench->events, next_ps);
    }
}

static void
request(Bench *bench, NsimTime now_ps)
{
    const NsimMigrateCell *cell = bench->cell;
    const NsimInitiator initiator = {.thread = NSIM_THREAD_NONE, .core = NSIM_CORE_NONE};
    const NsimDecision decision = {
        .struct_size = sizeof decision,
        .kind = NSIM_DECIDE_MOVE,
        .flags = cell->initiator == NSIM_MIGRATE_USER ? NSIM_MOVE_SYNC | NSIM_MOVE_SYSCALL : 0,
        .count = (uint32_t)((cell->folio_bytes * cell->folio_count) >> cell->machine->page_shift),
        .node = cell->destination,
        .accessor = bench->accessor,
        .queue = 1,
        .reason = cell->initiator == NSIM_MIGRATE_USER ? NSIM_REASON_SYSCALL : NSIM_REASON_PROMOTION};
    (void)nsim_mover_request(bench->mover, &decision, &initiator, now_ps);
}

static void
fill_result(const Bench *bench, NsimTime began_ps, NsimMigrateResult *ret)
{
    const NsimMoverStats *stats = nsim_mover_stats(bench->mover);
    const NsimHistogram *away = nsim_mover_away(bench->mover);
    *ret = (NsimMigrateResult){.time_ps = bench->outcome.time_ps - began_ps,
                               .moved_bytes = bench->outcome.moved_pages << bench->cell->machine->page_shift,
                               .failed_pages = bench->outcome.failed_pages,
                               .away_first_ps = nsim_histogram_quantile(away, 0),
                               .away_mean_ps = nsim_histogram_mean(away),
                               .away_max_ps = away->max};
    memcpy(ret->cost_ps, bench->payers->cost_ps, sizeof ret->cost_ps);
    memcpy(ret->copied_bytes, stats->copied_bytes, sizeof ret->copied_bytes);
    ret->bytes_per_s = ret->time_ps == 0 ? 0 : nsim_mul_div(ret->moved_bytes, NSIM_S, ret->time_ps);
    /* With copies by others it is the wait for them that the initiator sees. */
    const bool own = ret->copied_bytes[NSIM_COPIER_MTCPU] == 0;
    const NsimTime copying_ps = ret->cost_ps[NSIM_PHASE_WAIT] + (own ? ret->cost_ps[NSIM_PHASE_COPY] : 0);
    ret->copy_share_ppm = ret->time_ps == 0 ? 0 : (uint32_t)nsim_mul_div(copying_ps, 1000000, ret->time_ps);
}

bool
nsim_migrate_run(const NsimMigrateCell *cell, NsimMigrateResult *ret, GError **error)
{
    g_auto(Bench) bench = {.cell = cell};
    if (!check_cell(cell, error) || !build_space(&bench, error))
        return false;
    bench.cpus = nsim_cpus_new(cell->machine);
    bench.fabric = nsim_fabric_new(cell->machine);
    bench.events = nsim_event_queue_new();
    nsim_fabric_watch(bench.fabric);
    if (!find_accessor(&bench, error))
        return false;
    build_mover(&bench);
    start_readers(&bench);
    const NsimTime began_ps = cell->load_ppm > 0 ? SETTLE_PS : 0;
    run_events_until(&bench, began_ps);
    request(&bench, began_ps);
    run_events_until(&bench, NSIM_TIME_MAX - 1);
    nsim_assert(bench.done);
    nsim_payers_check(bench.payers);
#ifdef NSIM_AUDITS
    nsim_mover_stop(bench.mover);
    const NsimSpace *space = bench.space;
    nsim_space_audit(&space, 1, bench.memory, NULL);
#endif
    fill_result(&bench, began_ps, ret);
    return true;
}
