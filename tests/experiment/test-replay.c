/* SPDX-License-Identifier: MIT */
/*
 * Replay against closed forms: Little's law, saturation, bandwidth-delay products, duplex links, M/D/1 waiting,
 * dependent chains, computation, and bursts against the same lines one by one.
 */
#include "rig.h"
#include "test-experiment.h"

#include <stdio.h>

#include <CUnit/CUnit.h>

/* One CPU of 64 cores at a node of 100 ns; `window` and the node's rates by printf. */
#define ONE_NODE(window, rates)                                                                                         \
    "nodes: [{id: N, kind: dram, capacity: 64MiB, latency: 100ns, " rates ", at: C}]\n"                                 \
    "accessors: [{id: C, cores: 64, window: " window "}]\n"
#define LATENCY_PS ((NsimTime)100000)

/* `left` equal records that walk over the pages of a rig. */
typedef struct {
    uint64_t left;
    NsimBurst burst;
    uint32_t pages;
    uint8_t other_op; /* of every second record */
} Uniform;

static bool
next_uniform(void *context, NsimBurst *ret)
{
    Uniform *uniform = context;
    if (uniform->left == 0)
        return false;
    *ret = uniform->burst;
    ret->op = uniform->left % 2 == 0 ? uniform->burst.op : uniform->other_op;
    ret->page = (uint32_t)(uniform->left % uniform->pages);
    uniform->left--;
    return true;
}

static const NsimBurst single = { .count = 1 };

/* One thread, `count` times `burst` over 64 pages on node 0. */
static Rig *
run_uniform(const char *machine, NsimBurst burst, uint8_t other_op, uint64_t count)
{
    Rig *rig = rig_new(machine, 64);
    Uniform uniform = { .left = count, .burst = burst, .pages = 64, .other_op = other_op };
    rig_place(rig, 0, 64, 0);
    rig_add_func(rig, 0, next_uniform, &uniform);
    (void)rig_run(rig);
    CU_ASSERT_EQUAL(uniform.left, 0);
    CU_ASSERT_EQUAL(nsim_replay_stats(rig->replay)->access_count, count * burst.count);
    return rig;
}

/* ---- Windows -------------------------------------------------------------------------------------------------- */

/* Rate = window x 64 B / latency, as long as the node is much faster. */
static void
test_little(void)
{
    static const uint32_t windows[] = { 1, 2, 10, 16, 48, 256, 4096 };
    for (size_t i = 0; i < G_N_ELEMENTS(windows); i++) {
        g_autofree char *machine = g_strdup_printf(ONE_NODE("{random: %u}", "read: 64TB/s"), windows[i]);
        g_autoptr(Rig) rig = run_uniform(machine, single, NSIM_OP_READ, 5000 * (uint64_t)windows[i]);
        RIG_ASSERT_NEAR(rig_rate(rig), windows[i] * 64e12 / (double)LATENCY_PS, 1000);
        CU_ASSERT_EQUAL(nsim_replay_stats(rig->replay)->begin_ps, 0);
    }
}

/* Single records use the random window; prefetchable ones and bursts the streaming one. */
static void
test_window_kinds(void)
{
    const char *machine = ONE_NODE("{random: 5, stream: 40}", "read: 64TB/s");
    g_autoptr(Rig) random = run_uniform(machine, single, NSIM_OP_READ, 100000);
    const NsimBurst prefetchable = { .count = 1, .flags = NSIM_BURST_PREFETCHABLE };
    g_autoptr(Rig) stream = run_uniform(machine, prefetchable, NSIM_OP_READ, 100000);
    const NsimBurst pair = { .count = 2 };
    g_autoptr(Rig) bursts = run_uniform(machine, pair, NSIM_OP_READ, 100000);
    RIG_ASSERT_NEAR(rig_rate(random), 5 * 64e7, 1000);
    RIG_ASSERT_NEAR(rig_rate(stream), 40 * 64e7, 1000);
    RIG_ASSERT_NEAR(rig_rate(bursts), 40 * 64e7, 1000);
}

/* A window of the bandwidth-delay product fills the node; half of it gets half the rate; twice it gets no more. */
static void
test_bandwidth_delay(void)
{
    static const struct {
        uint32_t window;
        double rate;
    } cases[] = { { 25, 16e9 }, { 50, 32e9 }, { 100, 64e9 }, { 200, 64e9 } };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *machine = g_strdup_printf(ONE_NODE("{random: %u}", "read: 64GB/s"), cases[i].window);
        g_autoptr(Rig) rig = run_uniform(machine, single, NSIM_OP_READ, 500000);
        RIG_ASSERT_NEAR(rig_rate(rig), cases[i].rate, 1000);
    }
}

/* Twice the product: every line waits as long as it travels, so the loaded latency is window / rate. */
static void
test_saturated_latency(void)
{
    g_autoptr(Rig) rig = run_uniform(ONE_NODE("{random: 200}", "read: 64GB/s"), single, NSIM_OP_READ, 1000000);
    RIG_ASSERT_NEAR(nsim_histogram_mean(&nsim_replay_stats(rig->replay)->latency), 2 * LATENCY_PS, 1000);
}

/* ---- Rates ---------------------------------------------------------------------------------------------------- */

static double
rate_of(const char *machine, uint8_t op, uint8_t other_op)
{
    const NsimBurst burst = { .count = 1, .op = op };
    g_autoptr(Rig) rig = run_uniform(machine, burst, other_op, 400000);
    return rig_rate(rig);
}

static void
test_saturated_node(void)
{
    const char *half = ONE_NODE("{random: 1000}", "read: 64GB/s, write: 32GB/s");
    RIG_ASSERT_NEAR(rate_of(half, NSIM_OP_READ, NSIM_OP_READ), 64e9, 1000);
    RIG_ASSERT_NEAR(rate_of(half, NSIM_OP_RFO, NSIM_OP_RFO), 64e9, 1000);
    RIG_ASSERT_NEAR(rate_of(half, NSIM_OP_WRITE, NSIM_OP_WRITE), 32e9, 1000);
    /* One server: a read of 1 ns and a write of 2 ns in 3 ns. */
    RIG_ASSERT_NEAR(rate_of(half, NSIM_OP_READ, NSIM_OP_WRITE), 128e9 / 3, 1000);
    const char *full = ONE_NODE("{random: 1000}", "read: 64GB/s, write: 64GB/s, duplex: full");
    RIG_ASSERT_NEAR(rate_of(full, NSIM_OP_READ, NSIM_OP_READ), 64e9, 1000);
    RIG_ASSERT_NEAR(rate_of(full, NSIM_OP_READ, NSIM_OP_WRITE), 128e9, 1000);
    const char *bounded = ONE_NODE("{random: 1000}", "read: 64GB/s, write: 64GB/s, duplex: full, total: 80GB/s");
    RIG_ASSERT_NEAR(rate_of(bounded, NSIM_OP_READ, NSIM_OP_READ), 64e9, 1000);
    RIG_ASSERT_NEAR(rate_of(bounded, NSIM_OP_READ, NSIM_OP_WRITE), 80e9, 1000);
}

#define LINKED(node, link)                                                                                              \
    "nodes: [{id: N, kind: cxl, capacity: 64MiB, latency: 100ns, " node "}]\n"                                          \
    "links: [{id: L, kind: cxl, between: [C, N], latency: 50ns, " link "}]\n"                                           \
    "accessors: [{id: C, cores: 64, window: {random: 1000}}]\n"

static void
test_duplex_links(void)
{
    const char *ideal = LINKED("read: 1TB/s", "bandwidth: 32GB/s");
    const double ideal_one = rate_of(ideal, NSIM_OP_READ, NSIM_OP_READ);
    RIG_ASSERT_NEAR(ideal_one, 32e9, 1000);
    RIG_ASSERT_NEAR(rate_of(ideal, NSIM_OP_WRITE, NSIM_OP_WRITE), 32e9, 1000);
    RIG_ASSERT_NEAR(rate_of(ideal, NSIM_OP_READ, NSIM_OP_WRITE) / ideal_one, 2.0, 1000);

    const char *half = LINKED("read: 1TB/s", "bandwidth: 32GB/s, duplex: half");
    const double half_one = rate_of(half, NSIM_OP_READ, NSIM_OP_READ);
    RIG_ASSERT_NEAR(half_one, 32e9, 1000);
    RIG_ASSERT_NEAR(rate_of(half, NSIM_OP_READ, NSIM_OP_WRITE) / half_one, 1.0, 1000);

    const char *lopsided = LINKED("read: 1TB/s", "forward: 16GB/s, reverse: 32GB/s");
    RIG_ASSERT_NEAR(rate_of(lopsided, NSIM_OP_READ, NSIM_OP_READ), 32e9, 1000);
    RIG_ASSERT_NEAR(rate_of(lopsided, NSIM_OP_WRITE, NSIM_OP_WRITE), 16e9, 1000);
}

/*
 * A CXL expander: 40 GB/s behind an x8 PCIe 5.0 link of 32 GB/s raw with protocol bytes in both directions. Measured
 * expanders get 1.4 to 1.6 times their one-way rate from balanced traffic (CXL set of the Mess simulator, BSC: 26.8 and
 * 40 GB/s).
 */
static void
test_duplex_expander(void)
{
    const char *raw = LINKED("read: 40GB/s", "bandwidth: 32GB/s, request: 10B, response: 12B");
    const double one = rate_of(raw, NSIM_OP_READ, NSIM_OP_READ);
    RIG_ASSERT_NEAR(one, 32e9 * 64 / 76, 1000);
    const double both = rate_of(raw, NSIM_OP_READ, NSIM_OP_WRITE);
    CU_ASSERT_TRUE(both / one > 1.4 && both / one < 1.6);
    const char *useful = LINKED("read: 40GB/s", "bandwidth: 26.8GB/s");
    RIG_ASSERT_NEAR(rate_of(useful, NSIM_OP_READ, NSIM_OP_WRITE), 40e9, 1000);
    RIG_ASSERT_NEAR(rate_of(useful, NSIM_OP_READ, NSIM_OP_READ), 26.8e9, 1000);
}

/* Waits at several resources of a route overlap: the slowest one's rate counts, and no line is late twice. */
static void
test_tandem(void)
{
    g_autoptr(Rig) rig = run_uniform(LINKED("read: 32GB/s", "bandwidth: 32GB/s"), single, NSIM_OP_READ, 1000000);
    RIG_ASSERT_NEAR(rig_rate(rig), 32e9, 1000);
    RIG_ASSERT_NEAR(nsim_histogram_mean(&nsim_replay_stats(rig->replay)->latency), 1000 * 2000, 1000);
}

/* ---- Open loop ------------------------------------------------------------------------------------------------- */

typedef struct {
    uint64_t left;
    double mean_gap_ps, owed_ps;
    NsimRandom random;
} Poisson;

static bool
next_poisson(void *context, NsimBurst *ret)
{
    Poisson *poisson = context;
    if (poisson->left == 0)
        return false;
    poisson->left--;
    poisson->owed_ps += nsim_random_exponential(&poisson->random) * poisson->mean_gap_ps;
    const uint32_t gap_ps = (uint32_t)poisson->owed_ps;
    poisson->owed_ps -= gap_ps;
    *ret = (NsimBurst){ .count = 1, .gap = gap_ps, .flags = NSIM_BURST_PREFETCHABLE };
    return true;
}

/* Mean wait of the M/D/1 queue: rho x service / (2 x (1 - rho)) (Pollaczek and Khinchine). */
static void
test_poisson(void)
{
    static const double loads[] = { 0.3, 0.5, 0.8 };
    const double service_ps = 1000;
    for (size_t i = 0; i < G_N_ELEMENTS(loads); i++) {
        Poisson poisson = { .left = 3000000, .mean_gap_ps = service_ps / loads[i] };
        nsim_random_init(&poisson.random, 1, "poisson");
        g_autoptr(Rig) rig = rig_new(ONE_NODE("{random: 4096}", "read: 64GB/s"), 1);
        rig_place(rig, 0, 1, 0);
        rig_add_func(rig, 0, next_poisson, &poisson);
        const NsimReplayStats *stats = rig_run(rig);
        const double wait_ps = (double)(nsim_histogram_mean(&stats->latency) - LATENCY_PS);
        RIG_ASSERT_NEAR(wait_ps, loads[i] * service_ps / (2 * (1 - loads[i])), 30000);
        RIG_ASSERT_NEAR(rig_rate(rig), loads[i] * 64e9, 5000);
        CU_ASSERT_EQUAL(stats->accessors[0].stall_ps, 0);
        /* The fabric's own sum of waits says the same. */
        RIG_ASSERT_NEAR((double)rig->fabric->servers[rig->machine->nodes[0].resource[0]].wait_ps / 3e6, wait_ps, 5000);
    }
}

/* ---- One thread ------------------------------------------------------------------------------------------------ */

static void
test_dependent_chain(void)
{
    const NsimBurst burst = { .count = 1, .flags = NSIM_BURST_DEPENDENT };
    g_autoptr(Rig) rig = run_uniform(ONE_NODE("{random: 16}", "read: 64GB/s"), burst, NSIM_OP_READ, 1000);
    const NsimReplayStats *stats = nsim_replay_stats(rig->replay);
    CU_ASSERT_EQUAL(stats->end_ps, 1000 * LATENCY_PS);
    CU_ASSERT_EQUAL(stats->latency.max, LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].stall_ps, 999 * LATENCY_PS);

    const NsimBurst paced = { .count = 1, .gap = 7, .flags = NSIM_BURST_DEPENDENT };
    g_autoptr(Rig) slower = run_uniform(ONE_NODE("{random: 16}", "read: 64GB/s"), paced, NSIM_OP_READ, 1000);
    CU_ASSERT_EQUAL(nsim_replay_stats(slower->replay)->end_ps, 1000 * (LATENCY_PS + 7));
}

static void
test_compute_bound(void)
{
    const NsimBurst burst = { .count = 1, .gap = 50000 };
    g_autoptr(Rig) rig = run_uniform(ONE_NODE("{random: 16}", "read: 64GB/s"), burst, NSIM_OP_READ, 1000);
    const NsimReplayStats *stats = nsim_replay_stats(rig->replay);
    CU_ASSERT_EQUAL(stats->end_ps, 1000 * (NsimTime)50000 + LATENCY_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].stall_ps, 0);
    CU_ASSERT_EQUAL(stats->accessors[0].compute_ps, stats->end_ps);
}

/* Steps inside a burst are in sixteenths: 16 lines 12.5 ps apart. */
static void
test_steps(void)
{
    g_autoptr(Rig) rig = rig_new(ONE_NODE("{random: 64}", "read: 64TB/s"), 1);
    const NsimBurst bursts[] = { { .count = 16, .gap = 1000, .step = 12 * 16 + 8 }, { .count = 1, .line = 20 } };
    rig_place(rig, 0, 1, 0);
    rig_add(rig, 0, bursts, 2);
    const NsimReplayStats *stats = rig_run(rig);
    /* The last line of the burst is computed at 1000 + 15 x 12.5 = 1187. */
    CU_ASSERT_EQUAL(stats->end_ps, 1187 + LATENCY_PS);
    CU_ASSERT_EQUAL(stats->access_count, 17);
    CU_ASSERT_EQUAL(stats->burst_count, 2);
}

/* ---- Bursts against single lines ------------------------------------------------------------------------------- */

/* The same `count` runs of 64 lines over pages dealt out to `nodes` nodes, as bursts or line by line. */
typedef struct {
    uint64_t left;
    uint32_t line, page, pages;
    bool split;
} Runs;

static bool
next_of_runs(void *context, NsimBurst *ret)
{
    Runs *runs = context;
    if (runs->left == 0)
        return false;
    *ret = (NsimBurst){ .page = runs->page, .count = 64 };
    if (runs->split) {
        ret->count = 1;
        ret->line = (uint16_t)runs->line++;
        ret->flags = NSIM_BURST_PREFETCHABLE;
    }
    if (!runs->split || runs->line == 64) {
        runs->line = 0;
        runs->left--;
        runs->page = (runs->page + 1) % runs->pages;
    }
    return true;
}

static Rig *
run_runs(const char *machine, uint32_t nodes, uint32_t threads, bool split)
{
    enum { PAGES = 64 };
    Rig *rig = rig_new(machine, PAGES);
    Runs runs[4];
    for (uint32_t p = 0; p < PAGES; p++)
        rig_place(rig, p, 1, (NsimNodeId)(p % nodes));
    for (uint32_t t = 0; t < threads; t++) {
        runs[t] = (Runs){ .left = 2000, .pages = PAGES, .page = t, .split = split };
        rig_add_func(rig, 0, next_of_runs, &runs[t]);
    }
    (void)rig_run(rig);
    return rig;
}

static void
compare_bursts(const char *format, uint32_t nodes, uint32_t threads, double ppm)
{
    static const uint32_t windows[] = { 1, 4, 10, 12, 16, 24, 32, 36, 37, 48, 64, 100 };
    for (size_t i = 0; i < G_N_ELEMENTS(windows); i++) {
        g_autoptr(GString) machine = g_string_new(format);
        g_autofree char *window = g_strdup_printf("%u", windows[i]);
        g_string_replace(machine, "WINDOW", window, 0);
        g_autoptr(Rig) bursts = run_runs(machine->str, nodes, threads, false);
        g_autoptr(Rig) lines = run_runs(machine->str, nodes, threads, true);
        if (!rig_near(rig_rate(bursts), rig_rate(lines), ppm))
            printf("\n    window %u, %u nodes, %u threads, %s", windows[i], nodes, threads, machine->str);
        RIG_ASSERT_NEAR(rig_rate(bursts), rig_rate(lines), ppm);
        CU_ASSERT_EQUAL(nsim_replay_stats(bursts->replay)->access_count,
                        nsim_replay_stats(lines->replay)->access_count);
    }
}

static void
test_bursts_latency_bound(void)
{
    compare_bursts(ONE_NODE("{random: 1, stream: WINDOW}", "read: 300GB/s"), 1, 1, 10000);
    compare_bursts(ONE_NODE("{random: 1, stream: WINDOW}", "read: 300GB/s"), 1, 2, 10000);
}

static void
test_bursts_bandwidth_bound(void)
{
    compare_bursts(ONE_NODE("{random: 1, stream: WINDOW}", "read: 4GB/s"), 1, 1, 10000);
    compare_bursts(ONE_NODE("{random: 1, stream: WINDOW}", "read: 20GB/s"), 1, 1, 10000);
    compare_bursts(ONE_NODE("{random: 1, stream: WINDOW}", "read: 20GB/s"), 1, 4, 10000);
}

#define TWO_NODES(near, far)                                                                                            \
    "nodes:\n"                                                                                                          \
    "  - {id: A, kind: dram, capacity: 64MiB, latency: 100ns, read: " near ", at: C}\n"                                 \
    "  - {id: B, kind: cxl, capacity: 64MiB, latency: 250ns, read: " far ", at: C}\n"                                   \
    "accessors: [{id: C, cores: 64, window: {random: 1, stream: WINDOW}}]\n"

/* Several threads that do nothing but alternate fall into step, and into which one depends on single lines. */
#define IN_STEP_PPM 50000

static void
test_bursts_two_nodes(void)
{
    compare_bursts(TWO_NODES("300GB/s", "300GB/s"), 2, 1, 10000);
    compare_bursts(TWO_NODES("30GB/s", "10GB/s"), 2, 1, 10000);
    compare_bursts(TWO_NODES("30GB/s", "10GB/s"), 2, 3, IN_STEP_PPM);
    compare_bursts(TWO_NODES("300GB/s", "10GB/s"), 2, 2, IN_STEP_PPM);
}

bool
test_replay_register(void)
{
    CU_pSuite suite = CU_add_suite("replay", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "Little's law", test_little) != NULL &&
           CU_add_test(suite, "windows of random and streaming accesses", test_window_kinds) != NULL &&
           CU_add_test(suite, "bandwidth-delay product", test_bandwidth_delay) != NULL &&
           CU_add_test(suite, "latency of a saturated node", test_saturated_latency) != NULL &&
           CU_add_test(suite, "rate of a saturated node", test_saturated_node) != NULL &&
           CU_add_test(suite, "full and half duplex links", test_duplex_links) != NULL &&
           CU_add_test(suite, "a CXL expander both ways", test_duplex_expander) != NULL &&
           CU_add_test(suite, "two equal servers in a row", test_tandem) != NULL &&
           CU_add_test(suite, "M/D/1 waiting", test_poisson) != NULL &&
           CU_add_test(suite, "dependent chains", test_dependent_chain) != NULL &&
           CU_add_test(suite, "computation bounds", test_compute_bound) != NULL &&
           CU_add_test(suite, "computation between the lines of a burst", test_steps) != NULL &&
           CU_add_test(suite, "bursts bound by latency", test_bursts_latency_bound) != NULL &&
           CU_add_test(suite, "bursts bound by bandwidth", test_bursts_bandwidth_bound) != NULL &&
           CU_add_test(suite, "bursts over two nodes", test_bursts_two_nodes) != NULL;
}
