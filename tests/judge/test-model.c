/* SPDX-License-Identifier: MIT */
/*
 * Goal: the judge itself is right. Method: cases with closed forms (Little's law, a saturated server, D/D/1 and M/D/1
 * queues, shares of a first-come-first-served server) and schedules worked out by hand for windows, dependences,
 * bursts, pauses, barriers and copies.
 */
#include "judge.h"

#include <math.h>
#include <stdlib.h>

#include <CUnit/Basic.h>

#include <sim/random.h>

/* ---- A machine by hand ----------------------------------------------------------------------------------------- */

/* One accessor kind, two nodes, up to three resources; a route is a list of hops. */
typedef struct {
    NsimMachine machine;
    NsimAccessor accessor;
    NsimMemoryNode nodes[2];
    NsimRoute routes[2 * NSIM_DIRS];
} Bench;

static void
bench_init(Bench *bench, uint32_t window_random, uint32_t window_stream)
{
    *bench = (Bench){ .accessor = { .id = "CPU", .window_random = window_random, .window_stream = window_stream } };
    bench->machine = (NsimMachine){ .node_count = 2,
                                    .accessor_count = 1,
                                    .resource_count = 4,
                                    .nodes = bench->nodes,
                                    .accessors = &bench->accessor,
                                    .routes = bench->routes };
}

/* Both nodes' routes start empty; hops are added in order of travel. */
static void
set_route(Bench *bench, uint32_t node, NsimDir dir, NsimTime fixed_ps)
{
    bench->routes[node * NSIM_DIRS + (uint32_t)dir] =
        (NsimRoute){ .fixed_ps = fixed_ps, .node = (NsimNodeId)node, .reachable = 1 };
}

static void
add_hop(Bench *bench, uint32_t node, NsimDir dir, NsimTime share_ps, uint32_t resource, uint32_t service_ps)
{
    NsimRoute *route = &bench->routes[node * NSIM_DIRS + (uint32_t)dir];
    route->hops[route->hop_count] = (NsimHop){ .resource = resource, .service_ps = service_ps };
    route->share_ps[route->hop_count++] = share_ps;
}

/* Pages 0 and 1 lie on nodes 0 and 1. */
static NsimNodeId
node_of(void *context, uint32_t page)
{
    (void)context;
    return (NsimNodeId)page;
}

static NsimJudgeResult *
run(const Bench *bench, const NsimJudgeCore *cores, uint32_t core_count, const NsimJudgeCopier *copiers,
    uint32_t copier_count)
{
    static const uint32_t barriers[] = { 2, 3 };
    const NsimJudgeOptions options = { .machine = &bench->machine,
                                       .cores = cores,
                                       .core_count = core_count,
                                       .copiers = copiers,
                                       .copier_count = copier_count,
                                       .barriers = barriers,
                                       .barrier_count = G_N_ELEMENTS(barriers),
                                       .node_of = node_of };
    return nsim_judge_run(&options);
}

/* `count` single lines of page `page`, `gap` ps apart. */
static NsimBurst *
lines_of(uint32_t page, uint32_t count, uint32_t gap, NsimOp op, uint8_t flags)
{
    NsimBurst *bursts = g_new(NsimBurst, count);
    for (uint32_t i = 0; i < count; i++)
        bursts[i] = (NsimBurst){ .page = page, .count = 1, .gap = gap, .op = (uint8_t)op, .flags = flags };
    return bursts;
}

static NsimJudgeCore
core_of(const NsimBurst *bursts, uint64_t count)
{
    return (NsimJudgeCore){ .bursts = bursts, .burst_count = count, .gap_mult = NSIM_JUDGE_GAP_PS };
}

/* ---- Closed forms ---------------------------------------------------------------------------------------------- */

static void
test_unloaded(void)
{
    Bench bench;
    bench_init(&bench, 10, 10);
    set_route(&bench, 0, NSIM_DIR_READ, 250000);
    add_hop(&bench, 0, NSIM_DIR_READ, 40000, 1, 500);
    add_hop(&bench, 0, NSIM_DIR_READ, 10000, 2, 3000);
    add_hop(&bench, 0, NSIM_DIR_READ, 100000, 3, 2000);
    set_route(&bench, 0, NSIM_DIR_WRITE, 77);
    const NsimBurst bursts[] = { { .count = 1 }, { .count = 1, .gap = 300000, .op = NSIM_OP_WRITE } };
    const NsimJudgeCore core = core_of(bursts, 2);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_TRUE(result->complete);
    CU_ASSERT_EQUAL(result->runtime_ps, 300077);
    CU_ASSERT_EQUAL(result->latency.max, 250000);
    CU_ASSERT_EQUAL(result->latency.sum_low, 250077);
    CU_ASSERT_EQUAL(result->node_lines[NSIM_DIR_READ], 1);
    CU_ASSERT_EQUAL(result->node_lines[NSIM_DIR_WRITE], 1);
    /* Start, second issue, three hops and two completions. */
    CU_ASSERT_EQUAL(result->event_count, 7);
}

static void
test_little(void)
{
    const uint32_t count = 60000, window = 12;
    Bench bench;
    bench_init(&bench, window, 48);
    set_route(&bench, 0, NSIM_DIR_READ, 90000);
    add_hop(&bench, 0, NSIM_DIR_READ, 50000, 1, 100);
    for (uint32_t stream = 0; stream < 2; stream++) {
        g_autofree NsimBurst *bursts = lines_of(0, count, 0, NSIM_OP_READ, stream ? NSIM_BURST_PREFETCHABLE : 0);
        const NsimJudgeCore core = core_of(bursts, count);
        g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
        const double expected = (stream ? 48 : 12) * 64.0 / 90e-9;
        CU_ASSERT_DOUBLE_EQUAL((double)result->bytes_per_s, expected, 0.002 * expected);
    }
}

static void
test_saturated(void)
{
    const uint32_t count = 50000, window = 32, service_ps = 5000;
    Bench bench;
    bench_init(&bench, window, window);
    set_route(&bench, 0, NSIM_DIR_READ, 90000);
    add_hop(&bench, 0, NSIM_DIR_READ, 50000, 1, service_ps);
    g_autofree NsimBurst *bursts = lines_of(0, count, 0, NSIM_OP_READ, 0);
    const NsimJudgeCore core = core_of(bursts, count);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    /* The server never rests: n lines end exactly when the last one's service begins, and the rest of the latency. */
    CU_ASSERT_EQUAL(result->runtime_ps, (NsimTime)(count - 1) * service_ps + 90000);
    /* At the start the whole window stands in line at once; later a line's latency is the service of a window. */
    CU_ASSERT_EQUAL(result->latency.max, 90000 + (window - 1) * service_ps);
    CU_ASSERT_EQUAL(nsim_histogram_index(nsim_histogram_quantile(&result->latency, 500000)),
                    nsim_histogram_index(window * service_ps));
    CU_ASSERT_DOUBLE_EQUAL((double)nsim_histogram_mean(&result->latency), 160000.0, 160.0);
}

static void
test_shares(void)
{
    /* Two cores with windows 30 and 10 on one saturated server share it three to one. */
    const uint32_t count = 40000;
    Bench bench;
    bench_init(&bench, 30, 10);
    set_route(&bench, 0, NSIM_DIR_READ, 20000);
    add_hop(&bench, 0, NSIM_DIR_READ, 10000, 1, 2000);
    g_autofree NsimBurst *wide = lines_of(0, 3 * count, 0, NSIM_OP_READ, 0);
    g_autofree NsimBurst *narrow = lines_of(0, count, 0, NSIM_OP_READ, NSIM_BURST_PREFETCHABLE);
    const NsimJudgeCore cores[] = { core_of(wide, 3 * count), core_of(narrow, count) };
    g_autoptr(NsimJudgeResult) result = run(&bench, cores, 2, NULL, 0);
    CU_ASSERT_EQUAL(result->runtime_ps, (NsimTime)(4 * count - 1) * 2000 + 20000);
    CU_ASSERT_DOUBLE_EQUAL((double)result->cores[0].end_ps, (double)result->cores[1].end_ps,
                           0.002 * (double)result->runtime_ps);
    CU_ASSERT_DOUBLE_EQUAL((double)nsim_histogram_mean(&result->cores[0].latency), 80000.0, 200.0);
    CU_ASSERT_DOUBLE_EQUAL((double)nsim_histogram_mean(&result->cores[1].latency), 80000.0, 200.0);
}

static void
test_duplex(void)
{
    /* Reads and writes half and half: two servers carry twice what one carries. */
    const uint32_t count = 20000;
    for (uint32_t full = 0; full < 2; full++) {
        Bench bench;
        bench_init(&bench, 64, 64);
        set_route(&bench, 0, NSIM_DIR_READ, 100000);
        add_hop(&bench, 0, NSIM_DIR_READ, 60000, 1, 4000);
        set_route(&bench, 0, NSIM_DIR_WRITE, 100000);
        add_hop(&bench, 0, NSIM_DIR_WRITE, 60000, full ? 2 : 1, 4000);
        g_autofree NsimBurst *bursts = lines_of(0, count, 0, NSIM_OP_READ, 0);
        for (uint32_t i = 1; i < count; i += 2)
            bursts[i].op = NSIM_OP_WRITE;
        const NsimJudgeCore core = core_of(bursts, count);
        g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
        CU_ASSERT_EQUAL(result->runtime_ps, (NsimTime)(count / (full ? 2 : 1) - 1) * 4000 + 100000);
    }
}

static void
test_dd1(void)
{
    /* Arrivals just as far apart as a service: full load and no wait. Behind a faster hop and before a slower one. */
    const uint32_t count = 5000;
    Bench bench;
    bench_init(&bench, 100000, 100000);
    set_route(&bench, 0, NSIM_DIR_READ, 80000);
    add_hop(&bench, 0, NSIM_DIR_READ, 20000, 1, 1000);
    add_hop(&bench, 0, NSIM_DIR_READ, 20000, 2, 4000);
    g_autofree NsimBurst *bursts = lines_of(0, count, 4000, NSIM_OP_READ, 0);
    const NsimJudgeCore core = core_of(bursts, count);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_EQUAL(result->latency.max, 80000);
    CU_ASSERT_EQUAL(nsim_histogram_mean(&result->latency), 80000);

    /* A little denser: the k-th line waits k times the difference. */
    for (uint32_t i = 0; i < count; i++)
        bursts[i].gap = 3990;
    g_autoptr(NsimJudgeResult) dense = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_EQUAL(dense->latency.max, 80000 + (count - 1) * 10);
}

static void
check_md1(double load)
{
    const uint32_t count = 1000000, service_ps = 10000;
    NsimRandom random;
    nsim_random_init(&random, 1, "md1");
    Bench bench;
    bench_init(&bench, 100000, 100000);
    set_route(&bench, 0, NSIM_DIR_READ, 50000);
    add_hop(&bench, 0, NSIM_DIR_READ, 30000, 1, service_ps);
    g_autofree NsimBurst *bursts = lines_of(0, count, 0, NSIM_OP_READ, 0);
    for (uint32_t i = 0; i < count; i++)
        bursts[i].gap = (uint32_t)(nsim_random_exponential(&random) * service_ps / load);
    const NsimJudgeCore core = core_of(bursts, count);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    const double wait_ps = (double)nsim_histogram_mean(&result->latency) - 50000;
    const double expected_ps = load * service_ps / (2 * (1 - load));
    CU_ASSERT_DOUBLE_EQUAL(wait_ps, expected_ps, 0.03 * expected_ps);
    /* The share of lines that do not wait at all is 1 - load: they lie in the bucket of the fixed latency. */
    uint64_t below = 0;
    for (uint32_t i = 0; i <= nsim_histogram_index(50000); i++)
        below += result->latency.buckets[i];
    CU_ASSERT_DOUBLE_EQUAL((double)below / count, 1 - load, 0.03);
    CU_ASSERT_EQUAL(result->cores[0].stall_ps, 0);
}

static void
test_md1(void)
{
    check_md1(0.5);
    check_md1(0.8);
}

/* ---- Schedules by hand ------------------------------------------------------------------------------------------ */

/* Node 0 answers in 1000 ps, node 1 in 100 ps; service is negligible. */
static void
bench_two_speeds(Bench *bench, uint32_t window_random, uint32_t window_stream)
{
    bench_init(bench, window_random, window_stream);
    for (uint32_t node = 0; node < 2; node++) {
        for (uint32_t dir = 0; dir < NSIM_DIRS; dir++) {
            set_route(bench, node, (NsimDir)dir, node == 0 ? 1000 : 100);
            add_hop(bench, node, (NsimDir)dir, node == 0 ? 300 : 30, 1 + node, 1);
        }
    }
}

static void
test_any_order(void)
{
    /* Of two slots a far line holds one; near lines go on through the other instead of queueing behind it. */
    Bench bench;
    bench_two_speeds(&bench, 2, 2);
    g_autofree NsimBurst *bursts = lines_of(1, 11, 0, NSIM_OP_READ, 0);
    bursts[0].page = 0;
    const NsimJudgeCore core = core_of(bursts, 11);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_EQUAL(result->runtime_ps, 1000);
    CU_ASSERT_EQUAL(result->cores[0].stall_ps, 9 * 100);
    CU_ASSERT_EQUAL(result->node_lines[0], 1);
    CU_ASSERT_EQUAL(result->node_lines[NSIM_DIRS], 10);
}

static void
test_gap_counts_from_issue(void)
{
    /* Window 1, gap 40: issues at 40, 1040 (slot), 2040; the gap runs while the line before is out. */
    Bench bench;
    bench_two_speeds(&bench, 1, 1);
    g_autofree NsimBurst *bursts = lines_of(0, 3, 40, NSIM_OP_READ, 0);
    const NsimJudgeCore core = core_of(bursts, 3);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_EQUAL(result->runtime_ps, 3040);
    CU_ASSERT_EQUAL(result->cores[0].stall_ps, 2 * 960);
}

static void
test_dependent(void)
{
    /* Pointer chasing: each step is a latency and the computation on its result. */
    Bench bench;
    bench_two_speeds(&bench, 10, 10);
    g_autofree NsimBurst *bursts = lines_of(0, 20, 40, NSIM_OP_READ, NSIM_BURST_DEPENDENT);
    NsimJudgeCore core = core_of(bursts, 20);
    g_autoptr(NsimJudgeResult) chase = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_EQUAL(chase->runtime_ps, 20 * 1040);

    /* All lines of the record before count, marks in between do not; computation since the issue is not repeated. */
    const NsimBurst mixed[] = { { .page = 0, .count = 4, .step = 16 * 10 },
                                { .op = NSIM_OP_MARK, .gap = 5 },
                                { .page = 1, .count = 1, .flags = NSIM_BURST_DEPENDENT, .gap = 7 },
                                { .page = 1, .count = 1, .gap = 250 },
                                { .page = 1, .count = 1, .flags = NSIM_BURST_DEPENDENT, .gap = 7 } };
    core = core_of(mixed, G_N_ELEMENTS(mixed));
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    /* Issues at 0, 10, 20, 30 (done 1030), 1037 (done 1137), 1287 (done 1387), 1394 (done 1494). */
    CU_ASSERT_EQUAL(result->runtime_ps, 1494);
    CU_ASSERT_EQUAL(result->line_count, 7);
    CU_ASSERT_EQUAL(result->cores[0].stall_ps, 0);
}

static void
test_windows_by_record(void)
{
    /* Streaming window 4, random window 2: a single line waits until fewer than two are out. */
    Bench bench;
    bench_two_speeds(&bench, 2, 4);
    const NsimBurst bursts[] = { { .page = 0, .count = 4, .step = 16 * 10 }, { .page = 1, .count = 1 } };
    const NsimJudgeCore core = core_of(bursts, 2);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    /* 0, 10, 20, 30 come back at 1000, 1010, 1020: then one is out, and the last goes from 1020 to 1120. */
    CU_ASSERT_EQUAL(result->runtime_ps, 1120);
    CU_ASSERT_EQUAL(result->cores[0].stall_ps, 1020 - 30);

    /* A burst longer than its window issues line by line as slots come free. */
    const NsimBurst longer[] = { { .page = 0, .count = 10 } };
    const NsimJudgeCore stream = core_of(longer, 1);
    g_autoptr(NsimJudgeResult) streamed = run(&bench, &stream, 1, NULL, 0);
    /* Four at 0 (served at 300 to 303), four more as they return, two more. */
    CU_ASSERT_EQUAL(streamed->runtime_ps, 3 * 1000 + 1);
}

static void
test_pause_and_scale(void)
{
    /* A pause of one counts 2^32 units; with half a picosecond a unit everything takes half the time. */
    Bench bench;
    bench_two_speeds(&bench, 2, 2);
    const NsimBurst bursts[] = { { .op = NSIM_OP_PAUSE, .page = 1, .gap = 100 }, { .page = 1, .count = 1, .gap = 20 } };
    NsimJudgeCore core = core_of(bursts, 2);
    core.start_ps = 5;
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_EQUAL(result->runtime_ps, ((NsimTime)1 << 32) + 5 + 100 + 20 + 100);
    core.gap_mult /= 2;
    g_autoptr(NsimJudgeResult) half = run(&bench, &core, 1, NULL, 0);
    CU_ASSERT_EQUAL(half->runtime_ps, ((NsimTime)1 << 31) + 5 + 50 + 10 + 100);
}

static void
test_barriers(void)
{
    Bench bench;
    bench_two_speeds(&bench, 4, 4);
    /* Core 0 is there at 1000 (its far line), core 1 at 700 (computation): both go on at 1000, twice in a row. */
    const NsimBurst first[] = { { .page = 0, .count = 1 },
                                { .op = NSIM_OP_BARRIER, .page = 0, .gap = 3 },
                                { .op = NSIM_OP_BARRIER, .page = 0, .gap = 50 },
                                { .page = 1, .count = 1, .gap = 9 } };
    const NsimBurst second[] = { { .page = 1, .count = 1 },
                                 { .op = NSIM_OP_BARRIER, .page = 0, .gap = 700 },
                                 { .op = NSIM_OP_BARRIER, .page = 0, .gap = 20 },
                                 { .page = 1, .count = 1, .gap = 1 } };
    const NsimJudgeCore cores[] = { core_of(first, 4), core_of(second, 4) };
    g_autoptr(NsimJudgeResult) result = run(&bench, cores, 2, NULL, 0);
    CU_ASSERT_TRUE(result->complete);
    CU_ASSERT_EQUAL(result->cores[0].end_ps, 1000 + 50 + 9 + 100);
    CU_ASSERT_EQUAL(result->cores[1].end_ps, 1000 + 50 + 1 + 100);

    /* A third member never comes: the run ends and says so, even with a copy that would go on for ever. */
    const NsimBurst stuck[] = { { .op = NSIM_OP_BARRIER, .page = 1 } };
    const NsimJudgeCore two[] = { core_of(stuck, 1), core_of(stuck, 1) };
    const NsimJudgeCopier endless = { .read_route = &bench.routes[0],
                                      .write_route = &bench.routes[1],
                                      .chunk_bytes = 256,
                                      .depth = 3 };
    g_autoptr(NsimJudgeResult) incomplete = run(&bench, two, 2, &endless, 1);
    CU_ASSERT_FALSE(incomplete->complete);
}

/* ---- Copies ----------------------------------------------------------------------------------------------------- */

static void
test_copy_alone(void)
{
    Bench bench;
    bench_init(&bench, 1, 1);
    set_route(&bench, 0, NSIM_DIR_READ, 100000);
    add_hop(&bench, 0, NSIM_DIR_READ, 50000, 1, 1000);
    set_route(&bench, 1, NSIM_DIR_WRITE, 200000);
    add_hop(&bench, 1, NSIM_DIR_WRITE, 50000, 2, 2000);
    NsimJudgeCopier copier = { .read_route = &bench.routes[0],
                               .write_route = &bench.routes[NSIM_DIRS + NSIM_DIR_WRITE],
                               .chunk_bytes = 256,
                               .depth = 1,
                               .bytes = 256 * 100 };
    /* One at a time: four lines read, the last 3 services behind; four written likewise. */
    g_autoptr(NsimJudgeResult) single = run(&bench, NULL, 0, &copier, 1);
    CU_ASSERT_EQUAL(single->runtime_ps, (NsimTime)100 * (100000 + 3 * 1000 + 200000 + 3 * 2000));
    CU_ASSERT_EQUAL(single->copiers[0].bytes, 25600);
    /* Deep enough, the slower server is the bound: 8 us a chunk. */
    copier.depth = 64;
    copier.bytes = 256 * 5000;
    g_autoptr(NsimJudgeResult) deep = run(&bench, NULL, 0, &copier, 1);
    CU_ASSERT_DOUBLE_EQUAL((double)deep->runtime_ps, 5000 * 8000.0, 0.01 * 5000 * 8000.0);
}

static void
test_copy_beside_core(void)
{
    /* Both read node 0 as fast as they can: shares go by lines outstanding there, 16 against 8 chunks of 4 lines. */
    const uint32_t count = 20000;
    Bench bench;
    bench_init(&bench, 16, 16);
    set_route(&bench, 0, NSIM_DIR_READ, 10000);
    add_hop(&bench, 0, NSIM_DIR_READ, 5000, 1, 2000);
    set_route(&bench, 1, NSIM_DIR_WRITE, 4);
    const NsimJudgeCopier copier = { .read_route = &bench.routes[0],
                                     .write_route = &bench.routes[NSIM_DIRS + NSIM_DIR_WRITE],
                                     .chunk_bytes = 256,
                                     .depth = 8 };
    g_autofree NsimBurst *bursts = lines_of(0, count, 0, NSIM_OP_READ, 0);
    const NsimJudgeCore core = core_of(bursts, count);
    g_autoptr(NsimJudgeResult) result = run(&bench, &core, 1, &copier, 1);
    CU_ASSERT_TRUE(result->complete);
    CU_ASSERT_EQUAL(result->line_count, count);
    const double copied = (double)result->copiers[0].bytes / 64.0;
    /* Together they keep the server busy from first to last. */
    CU_ASSERT_DOUBLE_EQUAL((count + copied) * 2000.0, (double)result->runtime_ps, 0.01 * (double)result->runtime_ps);
    /* A chunk's lines wait for its last one, so its share is a little below two thirds. */
    CU_ASSERT_TRUE(copied > 1.6 * count && copied <= 2.0 * count);
}

int
main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = { { "an unloaded line", test_unloaded },
                  { "Little's law", test_little },
                  { "saturated server", test_saturated },
                  { "shares of a saturated server", test_shares },
                  { "duplex", test_duplex },
                  { "D/D/1", test_dd1 },
                  { "M/D/1", test_md1 },
                  { "slots free in any order", test_any_order },
                  { "gaps count from the issue", test_gap_counts_from_issue },
                  { "dependent records", test_dependent },
                  { "two windows", test_windows_by_record },
                  { "pauses and gap units", test_pause_and_scale },
                  { "barriers", test_barriers },
                  { "a copy alone", test_copy_alone },
                  { "a copy beside a core", test_copy_beside_core } };
    bool passed = false;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_pSuite suite = CU_add_suite("judge", NULL, NULL);
    bool registered = suite != NULL;
    for (uint32_t i = 0; registered && i < G_N_ELEMENTS(tests); i++)
        registered = CU_add_test(suite, tests[i].name, tests[i].run) != NULL;
    if (registered) {
        CU_basic_set_mode(CU_BRM_VERBOSE);
        passed = CU_basic_run_tests() == CUE_SUCCESS && CU_get_number_of_failures() == 0 &&
                 CU_get_number_of_tests_run() == G_N_ELEMENTS(tests);
    }
    CU_cleanup_registry();
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}
