/* SPDX-License-Identifier: MIT */
/*
 * The replay against its judge: the same machines and records through burst replay and through the event-per-hop model.
 * Goal: mean latency within 3 %, p99 within 5 %, throughput within 2 % in every case where routes share resources. The
 * judge lets each line travel; the replay reserves whole routes at issue time, so this is what that shortcut costs.
 */
#include <CUnit/Basic.h>
#include <CUnit/CUnit.h>
#include <experiment/replay.h>
#include <inttypes.h>
#include <sim/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <tests/judge/judge.h>

#define CORES_MAX 16u
#define PAGES 1024u
#define MEAN_PPM 30000
#define P99_PPM 50000
#define THROUGHPUT_PPM 20000

/* Two sockets with DRAM, an expander each behind one switch: every kind of sharing the cases need. */
static const char machine_text[] =
    "name: judge\n"
    "points: [s1, s2, sw]\n"
    "accessors:\n"
    "  - {id: A, kind: cpu, cores: 16, clock: 2GHz, ipc: 1, window: {random: 16, stream: 48}, fault: {minor: 1us, hint: 1us}, at: s1}\n"
    "  - {id: B, kind: cpu, cores: 16, clock: 2GHz, ipc: 1, window: {random: 16, stream: 48}, fault: {minor: 1us, hint: 1us}, at: s2}\n"
    "nodes:\n"
    "  - {id: D1, nid: 0, kind: dram, capacity: 1GiB, latency: 90ns, read: 38.4GB/s, write: 38.4GB/s, at: s1}\n"
    "  - {id: D2, nid: 1, kind: dram, capacity: 1GiB, latency: 90ns, read: 38.4GB/s, write: 38.4GB/s, at: s2}\n"
    "  - {id: X1, nid: 2, kind: cxl, capacity: 1GiB, latency: 150ns, read: 60GB/s, write: 60GB/s, duplex: full}\n"
    "  - {id: X2, nid: 3, kind: cxl, capacity: 1GiB, latency: 150ns, read: 60GB/s, write: 60GB/s, duplex: full}\n"
    "links:\n"
    "  - {id: upi, kind: upi, between: [s1, s2], bandwidth: 34.4GB/s, latency: 60ns}\n"
    "  - {id: up, kind: cxl, between: [s1, sw], bandwidth: 26.8GB/s, latency: 50ns}\n"
    "  - {id: x1, kind: cxl, between: [sw, X1], bandwidth: 26.8GB/s, latency: 40ns}\n"
    "  - {id: x2, kind: cxl, between: [sw, X2], bandwidth: 26.8GB/s, latency: 40ns}\n";

/* What the threads of one case do; a thread's pages lie on its own list of nodes. */
typedef struct {
    const char *accessor;
    uint32_t threads;
    uint32_t nodes[4]; /* node of page p: nodes[p % node_count] */
    uint32_t node_count;
    uint32_t lines;     /* of a burst */
    uint32_t write_ppm; /* bursts that write back */
    uint32_t gap_ps;    /* mean; exponential */
    uint32_t records;
} Crowd;

typedef struct {
    const char *name;
    Crowd crowds[3];
    uint32_t crowd_count;
    bool copy;   /* a copy from D1 to X1 goes on beside them */
} Case;

static const Case cases[] = {
    { .name = "saturated node", .crowds = { { "A", 8, { 0 }, 1, 1, 0, 1000, 60000 } }, .crowd_count = 1 },
    { .name = "saturated node, bursts", .crowds = { { "A", 4, { 0 }, 1, 24, 0, 5000, 8000 } }, .crowd_count = 1 },
    { .name = "half loaded node", .crowds = { { "A", 8, { 0 }, 1, 1, 300000, 28000, 60000 } }, .crowd_count = 1 },
    { .name = "shared CXL link", .crowds = { { "A", 4, { 2 }, 1, 1, 0, 1000, 60000 }, { "A", 4, { 3 }, 1, 1, 0, 1000, 60000 } }, .crowd_count = 2 },
    { .name = "CXL link from two sockets", .crowds = { { "A", 4, { 2 }, 1, 1, 0, 2000, 60000 }, { "B", 4, { 2, 3 }, 2, 1, 0, 2000, 60000 } }, .crowd_count = 2 },
    { .name = "local beside saturated CXL", .crowds = { { "A", 6, { 2 }, 1, 1, 0, 1000, 60000 }, { "A", 2, { 0 }, 1, 1, 0, 20000, 60000 } }, .crowd_count = 2 },
    { .name = "DRAM near and remote", .crowds = { { "A", 4, { 0, 1 }, 2, 1, 0, 2000, 60000 }, { "B", 4, { 0, 1 }, 2, 1, 0, 2000, 60000 } }, .crowd_count = 2 },
    { .name = "duplex half and half", .crowds = { { "A", 8, { 2 }, 1, 1, 500000, 1000, 60000 } }, .crowd_count = 1 },
    { .name = "application beside a copy", .crowds = { { "A", 2, { 0, 2 }, 2, 1, 200000, 6000, 60000 } }, .crowd_count = 1, .copy = true },
};

/* ---- Records ------------------------------------------------------------------------------------------------------ */

typedef struct {
    NsimBurst *bursts;
    uint32_t count;
    const Crowd *crowd;
    NsimAccessorId accessor;
} Stream;

/* Pages of crowd c begin at c * PAGES. */
static Stream
make_stream(const Crowd *crowd, uint32_t index, uint32_t thread, NsimAccessorId accessor)
{
    Stream stream = { g_new0(NsimBurst, crowd->records), crowd->records, crowd, accessor };
    g_autofree char *name = g_strdup_printf("stream %u.%u", index, thread);
    NsimRandom random;
    nsim_random_init(&random, 11, name);
    for (uint32_t i = 0; i < crowd->records; i++) {
        NsimBurst *burst = &stream.bursts[i];
        burst->page = index * PAGES + (uint32_t)nsim_random_below(&random, PAGES);
        burst->line = (uint16_t)nsim_random_below(&random, 65 - crowd->lines);
        burst->count = (uint16_t)crowd->lines;
        burst->gap = (uint32_t)(nsim_random_exponential(&random) * crowd->gap_ps);
        burst->op = nsim_random_below(&random, 1000000) < crowd->write_ppm ? NSIM_OP_WRITE : NSIM_OP_READ;
    }
    return stream;
}

static NsimNodeId
node_of(void *context, uint32_t page)
{
    const Case *test = context;
    const Crowd *crowd = &test->crowds[page / PAGES];
    return (NsimNodeId)crowd->nodes[page % crowd->node_count];
}

/* ---- The copy, through the fabric ------------------------------------------------------------------------------- */

#define COPY_CHUNK_LINES 4u
#define COPY_DEPTH 4u

/* Moves chunks as a migration will: read the chunk, then write it, COPY_DEPTH of them in flight. */
typedef struct {
    NsimFabric *fabric;
    NsimEventQueue *events;
    NsimFabricRoute *read, *write;
} Copier;

static void copy_read(void *context, uint64_t chunk);

static void
schedule(Copier *copier, NsimTime time_ps, NsimEventFunc run, uint64_t chunk)
{
    const NsimEvent event = {
        .time_ps = time_ps, .priority = NSIM_PRIORITY_HARDWARE, .run = run, .context = copier, .argument = chunk
    };
    nsim_event_queue_push(copier->events, &event);
}

/* Completion of the chunk's last line. */
static NsimTime
reserve_chunk(const Copier *copier, NsimFabricRoute *route, NsimTime t_ps)
{
    const NsimTime wait_ps = nsim_fabric_reserve(copier->fabric->servers, route, NSIM_HOPS_MAX, true, t_ps, COPY_CHUNK_LINES);
    route->lines += COPY_CHUNK_LINES;
    return t_ps + route->fixed_ps + wait_ps + (COPY_CHUNK_LINES - 1) * nsim_fabric_spacing(copier->fabric->servers, route);
}

/* The chunk's number holds the time: events carry one argument, and a copy needs only when. */
static void
copy_write(void *context, uint64_t t_ps)
{
    Copier *copier = context;
    const NsimTime done_ps = reserve_chunk(copier, copier->write, t_ps);
    schedule(copier, done_ps, copy_read, done_ps);
}

static void
copy_read(void *context, uint64_t t_ps)
{
    Copier *copier = context;
    const NsimTime done_ps = reserve_chunk(copier, copier->read, t_ps);
    schedule(copier, done_ps, copy_write, done_ps);
}

/* ---- Running both ------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t mean_ps, p99_ps, bytes_per_s;
} Outcome;

static NsimMachine *
build_machine(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse(machine_text, sizeof machine_text - 1, "judge", &error);
    NsimMachine *machine = document == NULL ? NULL : nsim_machine_from_value(nsim_document_root(document), ".", &error);
    if (machine == NULL) {
        fprintf(stderr, "test-judge: %s\n", error->message);
        exit(99);
    }
    return machine;
}

static Outcome
outcome_of(const NsimHistogram *latency, NsimTime runtime_ps)
{
    return (Outcome){ .mean_ps = nsim_histogram_mean(latency),
                      .p99_ps = nsim_histogram_quantile(latency, 990000),
                      .bytes_per_s = (uint64_t)((double)latency->count * 64 / ((double)runtime_ps * 1e-12)) };
}

static Outcome
run_judge(const Case *test, const NsimMachine *machine, const Stream *streams, uint32_t count)
{
    NsimJudgeCore cores[CORES_MAX] = { 0 };
    for (uint32_t i = 0; i < count; i++)
        cores[i] = (NsimJudgeCore){ .accessor = streams[i].accessor,
                                    .bursts = streams[i].bursts,
                                    .burst_count = streams[i].count,
                                    .gap_mult = NSIM_JUDGE_GAP_PS };
    const NsimJudgeCopier copier = { .read_route = nsim_machine_route(machine, 0, 0, NSIM_DIR_READ),
                                     .write_route = nsim_machine_route(machine, 0, 2, NSIM_DIR_WRITE),
                                     .chunk_bytes = COPY_CHUNK_LINES * 64,
                                     .depth = COPY_DEPTH };
    const NsimJudgeOptions options = { .machine = machine,
                                       .cores = cores,
                                       .core_count = count,
                                       .copiers = &copier,
                                       .copier_count = test->copy,
                                       .node_of = node_of,
                                       .context = (void *)(uintptr_t)test };
    g_autoptr(NsimJudgeResult) result = nsim_judge_run(&options);
    CU_ASSERT_TRUE(result->complete);
    return outcome_of(&result->latency, result->runtime_ps);
}

static Outcome
run_replay(const Case *test, const NsimMachine *machine, const Stream *streams, uint32_t count)
{
    g_autoptr(GError) error = NULL;
    uint64_t frames[8];
    for (uint32_t f = 0; f < G_N_ELEMENTS(frames); f++)
        frames[f] = f;
    NsimMemory *memory = nsim_memory_new(machine);
    NsimSpace *space = nsim_space_new(memory, "judge", frames, G_N_ELEMENTS(frames), NULL, 0, 1, &error);
    NsimEventQueue *events = nsim_event_queue_new();
    NsimFabric *fabric = nsim_fabric_new(machine);
    NsimMm *mm = nsim_mm_new(machine, memory, &space, 1, events, 1);
    NsimReplayThread threads[CORES_MAX] = { 0 };
    const NsimReplayWorkload workload = { 0 };
    Copier copier = { fabric, events, nsim_fabric_route(fabric, 0, 0, NSIM_DIR_READ),
                      nsim_fabric_route(fabric, 0, 2, NSIM_DIR_WRITE) };

    for (uint32_t page = 0; page < test->crowd_count * PAGES; page++)
        (void)nsim_space_place(space, page, 1, node_of((void *)(uintptr_t)test, page));
    for (uint32_t i = 0; i < count; i++)
        threads[i] = (NsimReplayThread){ .source = { .bursts = streams[i].bursts, .filled = streams[i].count },
                                         .accessor = streams[i].accessor,
                                         .core = i,
                                         .number = i,
                                         .gap_mult = (uint64_t)1 << 16,
                                         .filtered = true };
    for (uint32_t i = 0; test->copy && i < COPY_DEPTH; i++)
        schedule(&copier, 0, copy_read, 0);
    const NsimReplayOptions options = { .machine = machine,
                                        .mm = mm,
                                        .fabric = fabric,
                                        .events = events,
                                        .workloads = &workload,
                                        .workload_count = 1,
                                        .threads = threads,
                                        .thread_count = count,
                                        .until_ps = NSIM_TIME_MAX };
    NsimReplay *replay = nsim_replay_new(&options);
    CU_ASSERT_TRUE_FATAL(nsim_replay_run(replay, &error));
    const NsimReplayStats *stats = nsim_replay_stats(replay);
    const Outcome outcome = outcome_of(&stats->latency, stats->end_ps);

    nsim_replay_free(replay);
    nsim_mm_free(mm);
    nsim_space_free(space);
    nsim_fabric_free(fabric);
    nsim_event_queue_free(events);
    nsim_memory_free(memory);
    return outcome;
}

static double
difference(uint64_t a, uint64_t b)
{
    return b == 0 ? 0 : ((double)a - (double)b) / (double)b;
}

static void
test_case(const Case *test)
{
    g_autoptr(NsimMachine) machine = build_machine();
    Stream streams[CORES_MAX];
    uint32_t count = 0;
    for (uint32_t c = 0; c < test->crowd_count; c++) {
        const NsimAccessorId accessor = nsim_machine_find_accessor(machine, test->crowds[c].accessor);
        for (uint32_t t = 0; t < test->crowds[c].threads; t++)
            streams[count++] = make_stream(&test->crowds[c], c, t, accessor);
    }
    const Outcome judge = run_judge(test, machine, streams, count);
    const Outcome replay = run_replay(test, machine, streams, count);
    const double mean = difference(replay.mean_ps, judge.mean_ps);
    const double p99 = difference(replay.p99_ps, judge.p99_ps);
    const double rate = difference(replay.bytes_per_s, judge.bytes_per_s);
    printf("\n    %-28s judge %7.1f ns %7.1f ns %6.2f GB/s   replay %+5.2f %% %+5.2f %% %+5.2f %%", test->name,
           (double)judge.mean_ps / 1e3, (double)judge.p99_ps / 1e3, (double)judge.bytes_per_s / 1e9, 100 * mean,
           100 * p99, 100 * rate);
    CU_ASSERT_TRUE(mean < MEAN_PPM / 1e6 && mean > -MEAN_PPM / 1e6);
    CU_ASSERT_TRUE(p99 < P99_PPM / 1e6 && p99 > -P99_PPM / 1e6);
    CU_ASSERT_TRUE(rate < THROUGHPUT_PPM / 1e6 && rate > -THROUGHPUT_PPM / 1e6);
    for (uint32_t i = 0; i < count; i++)
        g_free(streams[i].bursts);
}

static void
test_all_cases(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        test_case(&cases[i]);
}

int
main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 99;
    CU_pSuite suite = CU_add_suite("judge", NULL, NULL);
    if (suite == NULL || CU_add_test(suite, "replay agrees with the event-per-hop model", test_all_cases) == NULL)
        return 99;
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    const unsigned failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures > 0 ? 1 : 0;
}
