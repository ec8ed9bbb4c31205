/* SPDX-License-Identifier: MIT */
/*
 * Properties of replay on random small machines and traces: nothing is lost or counted twice, time goes forward, the order
 * in which threads are listed does not matter, and a faster link never slows a chain of dependent accesses down.
 */
#include "rig.h"
#include "test-experiment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#define SEEDS 200u
#define PAGES 64u
#define NODES_MAX 4u
#define THREADS_MAX 6u
#define RECORDS 400u

/* A random case: the same seed gives the same one. */
typedef struct {
    char *machine;
    uint32_t nodes, accessors, threads;
    NsimNodeId page_nodes[PAGES]; /* NSIM_NODE_NONE: left to the first touch */
    NsimBurst bursts[THREADS_MAX][RECORDS];
    NsimAccessorId thread_accessors[THREADS_MAX];
    uint64_t lines, reads;
} Case;

static uint32_t
below(NsimRandom *random, uint32_t bound)
{
    return (uint32_t)nsim_random_below(random, bound);
}

static const char *
yes(NsimRandom *random, const char *text)
{
    return below(random, 2) != 0 ? text : "";
}

static char *
random_machine(NsimRandom *random, uint32_t nodes, uint32_t accessors)
{
    GString *text = g_string_new("points: [p, q]\nnodes:\n");
    for (uint32_t n = 0; n < nodes; n++)
        g_string_append_printf(text,
                               "  - {id: N%u, kind: dram, capacity: 1MiB, latency: %uns, read: %uGB/s, write: %uGB/s%s}\n", n,
                               50 + below(random, 300), 1 + below(random, 100), 1 + below(random, 100),
                               yes(random, ", duplex: full"));
    g_string_append(text, "accessors:\n");
    for (uint32_t a = 0; a < accessors; a++)
        g_string_append_printf(text, "  - {id: A%u, cores: 8, window: {random: %u, stream: %u}%s%s, at: %s}\n", a,
                               1 + below(random, 20), 1 + below(random, 80),
                               yes(random, ", cache: {size: 4KiB, ways: 4, latency: 9ns}"),
                               yes(random, ", tlb: {entries: 8, ways: 2, walk: 30ns}"), below(random, 2) ? "p" : "q");
    g_string_append_printf(text, "links:\n  - {id: pq, kind: upi, between: [p, q], latency: %uns, bandwidth: %uGB/s%s}\n",
                           below(random, 100), 1 + below(random, 60), yes(random, ", duplex: half"));
    for (uint32_t n = 0; n < nodes; n++)
        g_string_append_printf(text,
                               "  - {id: l%u, kind: link, between: [%s, N%u], latency: %uns, bandwidth: %uGB/s, "
                               "request: %uB, response: %uB}\n",
                               n, n % 2 ? "p" : "q", n, below(random, 50), 1 + below(random, 60), below(random, 20),
                               below(random, 20));
    return g_string_free(text, FALSE);
}

static Case *
random_case(uint64_t seed)
{
    Case *made = g_new0(Case, 1);
    NsimRandom random;
    nsim_random_init(&random, seed, "conservation");
    made->nodes = 1 + below(&random, NODES_MAX);
    made->accessors = 1 + below(&random, 3);
    made->threads = 1 + below(&random, THREADS_MAX);
    made->machine = random_machine(&random, made->nodes, made->accessors);
    const bool empty = below(&random, 3) == 0;
    for (uint32_t p = 0; p < PAGES; p++)
        made->page_nodes[p] = empty && below(&random, 2) ? NSIM_NODE_NONE : (NsimNodeId)below(&random, made->nodes);
    for (uint32_t t = 0; t < made->threads; t++) {
        made->thread_accessors[t] = (NsimAccessorId)below(&random, made->accessors);
        for (uint32_t r = 0; r < RECORDS; r++) {
            NsimBurst *burst = &made->bursts[t][r];
            burst->page = below(&random, PAGES);
            burst->line = (uint16_t)below(&random, 64);
            burst->count = (uint16_t)(below(&random, 3) ? 1 : 1 + below(&random, 64u - burst->line));
            burst->gap = below(&random, 4) ? below(&random, 2000) : 0;
            burst->step = (uint16_t)(below(&random, 2) ? below(&random, 4000) : 0);
            burst->op = (uint8_t)below(&random, 3);
            burst->flags = (uint8_t)below(&random, 4);
            made->lines += burst->count;
            made->reads += burst->op == NSIM_OP_WRITE ? 0 : burst->count;
        }
    }
    return made;
}

static void
case_free(Case *made)
{
    g_free(made->machine);
    g_free(made);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Case, case_free)

/* Threads in the order first, first + 1, ... round the corner; caches only if `cached`. */
static Rig *
run_case(const Case *made, uint32_t first, bool cached, NsimTime until_ps)
{
    Rig *rig = rig_new(made->machine, PAGES);
    for (uint32_t p = 0; p < PAGES; p++) {
        if (made->page_nodes[p] != NSIM_NODE_NONE)
            rig_place(rig, p, 1, made->page_nodes[p]);
    }
    for (uint32_t i = 0; i < made->threads; i++) {
        const uint32_t t = (first + i) % made->threads;
        NsimReplayThread *thread = rig_add(rig, made->thread_accessors[t], made->bursts[t], RECORDS);
        thread->core = t;
        thread->filtered = !cached;
    }
    rig->until_ps = until_ps;
    (void)rig_run(rig);
    return rig;
}

/* What any result must satisfy, whole or ended early. */
static void
check_sums(const Rig *rig)
{
    const NsimReplayStats *stats = nsim_replay_stats(rig->replay);
    const NsimMachine *machine = rig->machine;
    g_autofree uint64_t *bytes = g_new(uint64_t, machine->resource_count);
    g_autofree NsimTime *busy_ps = g_new(NsimTime, machine->resource_count);
    uint64_t by_node = 0, by_accessor = 0, in_buckets = 0;

    nsim_fabric_usage(rig->fabric, bytes, busy_ps);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        const NsimMemoryNode *node = &machine->nodes[n];
        const uint64_t reads = rig_node_lines(rig, (NsimNodeId)n, NSIM_DIR_READ);
        const uint64_t writes = rig_node_lines(rig, (NsimNodeId)n, NSIM_DIR_WRITE);
        by_node += reads + writes;
        if (node->full_duplex) {
            CU_ASSERT_EQUAL(bytes[node->resource[NSIM_DIR_READ]], reads * 64);
            CU_ASSERT_EQUAL(bytes[node->resource[NSIM_DIR_WRITE]], writes * 64);
        } else {
            CU_ASSERT_EQUAL(bytes[node->resource[NSIM_DIR_READ]], (reads + writes) * 64);
        }
    }
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        by_accessor += stats->accessors[a].access_count;
        CU_ASSERT_TRUE(stats->accessors[a].end_ps <= stats->end_ps);
    }
    for (uint32_t b = 0; b < NSIM_HISTOGRAM_BUCKETS; b++)
        in_buckets += stats->latency.buckets[b];
    CU_ASSERT_EQUAL(in_buckets, stats->access_count);
    CU_ASSERT_EQUAL(stats->latency.count, stats->access_count);
    CU_ASSERT_TRUE(by_accessor >= by_node);
    /* Nothing is busy for longer than the run takes, but for what is reserved when it ends. */
    for (uint32_t r = 1; r < machine->resource_count; r++)
        CU_ASSERT_TRUE(busy_ps[r] <= MAX(stats->end_ps, rig->fabric->servers[r].free_ps));
    uint64_t used = 0;
    for (uint32_t n = 0; n < machine->node_count; n++)
        used += rig->memory->nodes[n].used_pages;
    CU_ASSERT_EQUAL(used, rig->space->resident_count);
    const NsimSpace *space = rig->space;
    nsim_space_audit(&space, 1, rig->memory, NULL);
}

static void
test_conservation(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        g_autoptr(Case) made = random_case(seed);
        g_autoptr(Rig) rig = run_case(made, 0, false, NSIM_TIME_MAX);
        const NsimReplayStats *stats = nsim_replay_stats(rig->replay);
        uint64_t reads = 0, writes = 0, by_accessor = 0;
        check_sums(rig);
        CU_ASSERT_EQUAL(stats->access_count, made->lines);
        CU_ASSERT_EQUAL(stats->burst_count, made->threads * RECORDS);
        for (uint32_t n = 0; n < made->nodes; n++) {
            reads += rig_node_lines(rig, (NsimNodeId)n, NSIM_DIR_READ);
            writes += rig_node_lines(rig, (NsimNodeId)n, NSIM_DIR_WRITE);
        }
        CU_ASSERT_EQUAL(reads, made->reads);
        CU_ASSERT_EQUAL(reads + writes, made->lines);
        for (uint32_t a = 0; a < made->accessors; a++)
            by_accessor += stats->accessors[a].access_count;
        CU_ASSERT_EQUAL(by_accessor, made->lines);
    }
}

/* With a cache in front some lines stay there; what leaves it is still counted once at each end. */
static void
test_cached(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        g_autoptr(Case) made = random_case(seed);
        g_autoptr(Rig) rig = run_case(made, 0, true, NSIM_TIME_MAX);
        check_sums(rig);
        CU_ASSERT_EQUAL(nsim_replay_stats(rig->replay)->access_count, made->lines);
    }
}

/* A run to an earlier end is the beginning of the longer one. */
static void
test_monotone(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed += 4) {
        g_autoptr(Case) made = random_case(seed);
        g_autoptr(Rig) whole = run_case(made, 0, false, NSIM_TIME_MAX);
        const NsimTime end_ps = nsim_replay_stats(whole->replay)->end_ps;
        uint64_t before = 0;
        for (uint32_t part = 1; part <= 4; part++) {
            g_autoptr(Rig) rig = run_case(made, 0, false, end_ps / 5 * part);
            const NsimReplayStats *stats = nsim_replay_stats(rig->replay);
            check_sums(rig);
            CU_ASSERT_TRUE(stats->end_ps <= end_ps / 5 * part);
            CU_ASSERT_TRUE(stats->access_count >= before);
            before = stats->access_count;
        }
        CU_ASSERT_TRUE(before <= made->lines);
    }
}

/*
 * Threads that never wait issue at times of their own: thread t at t modulo 8 ps, so that no two meet. Then the order in
 * which they are listed changes nothing at all.
 */
static void
test_order_of_threads(void)
{
    static const char machine[] =
        "nodes:\n"
        "  - {id: A, kind: dram, capacity: 1MiB, latency: 100ns, read: 10GB/s, at: C}\n"
        "  - {id: B, kind: cxl, capacity: 1MiB, latency: 250ns, read: 6GB/s, at: C}\n"
        "accessors: [{id: C, cores: 8, window: {random: 4096}}]\n";
    for (uint64_t seed = 0; seed < 50; seed++) {
        NsimRandom random;
        NsimBurst bursts[THREADS_MAX][RECORDS];
        NsimHistogram first;
        NsimTime end_ps = 0, wait_ps = 0;
        nsim_random_init(&random, seed, "order");
        for (uint32_t t = 0; t < THREADS_MAX; t++) {
            for (uint32_t r = 0; r < RECORDS; r++)
                bursts[t][r] = (NsimBurst){ .page = below(&random, PAGES), .count = 1, .gap = 8 * below(&random, 8000) };
        }
        for (uint32_t turn = 0; turn < THREADS_MAX; turn++) {
            g_autoptr(Rig) rig = rig_new(machine, PAGES);
            for (uint32_t p = 0; p < PAGES; p++)
                rig_place(rig, p, 1, (NsimNodeId)(p % 2));
            for (uint32_t i = 0; i < THREADS_MAX; i++) {
                const uint32_t t = (turn + i) % THREADS_MAX;
                NsimReplayThread *thread = rig_add(rig, 0, bursts[t], RECORDS);
                thread->core = t;
                thread->start_ps = t;
            }
            const NsimReplayStats *stats = rig_run(rig);
            const NsimTime waited_ps = rig->fabric->servers[rig->machine->nodes[0].resource[0]].wait_ps;
            CU_ASSERT_EQUAL(stats->accessors[0].stall_ps, 0);
            CU_ASSERT_TRUE(waited_ps > 0);
            if (turn == 0) {
                first = stats->latency;
                end_ps = stats->end_ps;
                wait_ps = waited_ps;
                continue;
            }
            CU_ASSERT_EQUAL(memcmp(&first, &stats->latency, sizeof first), 0);
            CU_ASSERT_EQUAL(stats->end_ps, end_ps);
            CU_ASSERT_EQUAL(waited_ps, wait_ps);
        }
    }
}

/* The same case twice gives the same figures, to the last bucket. */
static void
test_repeatable(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed += 10) {
        g_autoptr(Case) made = random_case(seed);
        g_autoptr(Rig) one = run_case(made, 0, true, NSIM_TIME_MAX);
        g_autoptr(Rig) two = run_case(made, 0, true, NSIM_TIME_MAX);
        const NsimReplayStats *first = nsim_replay_stats(one->replay), *second = nsim_replay_stats(two->replay);
        CU_ASSERT_EQUAL(first->end_ps, second->end_ps);
        CU_ASSERT_EQUAL(memcmp(&first->latency, &second->latency, sizeof first->latency), 0);
    }
}

static void
test_faster_link(void)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        NsimRandom random;
        NsimBurst bursts[RECORDS];
        NsimTime before_ps = NSIM_TIME_MAX;
        nsim_random_init(&random, seed, "link");
        for (uint32_t r = 0; r < RECORDS; r++)
            bursts[r] = (NsimBurst){ .page = below(&random, PAGES),
                                     .count = (uint16_t)(1 + below(&random, 30)),
                                     .gap = below(&random, 5000),
                                     .op = (uint8_t)below(&random, 3),
                                     .flags = NSIM_BURST_DEPENDENT };
        const uint32_t device = 1 + below(&random, 40);
        for (uint32_t rate = 1; rate <= 64; rate *= 2) {
            g_autofree char *machine = g_strdup_printf(
                "nodes: [{id: N, kind: cxl, capacity: 1MiB, latency: 100ns, read: %uGB/s}]\n"
                "links: [{id: L, kind: cxl, between: [C, N], latency: 50ns, bandwidth: %uGB/s, request: 8B}]\n"
                "accessors: [{id: C, cores: 1, window: {random: 12, stream: 24}}]\n",
                device, rate);
            g_autoptr(Rig) rig = rig_new(machine, PAGES);
            rig_place(rig, 0, PAGES, 0);
            rig_add(rig, 0, bursts, RECORDS);
            const NsimTime end_ps = rig_run(rig)->end_ps;
            CU_ASSERT_TRUE(end_ps <= before_ps);
            before_ps = end_ps;
        }
    }
}

bool
test_conservation_register(void)
{
    CU_pSuite suite = CU_add_suite("conservation", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "lines, bytes and counts", test_conservation) != NULL &&
           CU_add_test(suite, "the same behind caches", test_cached) != NULL &&
           CU_add_test(suite, "time goes forward", test_monotone) != NULL &&
           CU_add_test(suite, "the order of threads", test_order_of_threads) != NULL &&
           CU_add_test(suite, "the same again", test_repeatable) != NULL &&
           CU_add_test(suite, "a faster link", test_faster_link) != NULL;
}
