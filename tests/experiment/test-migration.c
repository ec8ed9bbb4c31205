/* SPDX-License-Identifier: MIT */
/*
 * Goal: a migration costs the program what it costs: threads wait for pages under way, lose the time the kernel takes
 * from their cores, go on after the moves of their own faults, and share links and channels with the copies. Method:
 * chains of dependent reads, whose time is known to the picosecond without a migration, and policies made for one case
 * each.
 */
#include "rig.h"
#include "test-experiment.h"

#include <string.h>

#include <CUnit/CUnit.h>

/* Costs in round numbers: a page's migration takes 1000 ns of a core besides its copy. */
#define MACHINE                                                                                                        \
    "nodes:\n"                                                                                                         \
    "  - {id: NEAR, kind: dram, capacity: 4MiB, latency: 100ns, read: 20GB/s, at: C}\n"                                \
    "  - {id: FAR, kind: cxl, capacity: 4MiB, latency: 100ns, read: 20GB/s}\n"                                         \
    "accessors: [{id: C, cores: 4, window: {random: 10, stream: 32}, fault: {minor: 600ns, hint: 900ns}}]\n"           \
    "links: [{id: bus, kind: cxl, between: [C, FAR], bandwidth: 10GB/s, latency: 200ns}]\n"                            \
    "migration: {call: 70us, start: 0ns, isolate: 100ns, unmap: {folio: 200ns, entry: 100ns}, move: 300ns, "           \
    "remap: 100ns, release: 200ns, flush: {base: 1us, target: 200ns, page: 0ns, ceiling: 33, stolen: 700ns}, "         \
    "dispatch: 1us, wake: 2us}\n"
#define NEAR_NODE 0
#define FAR_NODE 1
#define NEAR_PS (100 * NSIM_NS)
#define FAR_PS (300 * NSIM_NS)

/* A policy of a test: what to do at time 5 us, and in a hint fault. */
typedef struct {
    NsimPage page;
    uint32_t count, queue;
    bool in_fault;
    uint32_t done_count;
    NsimOutcome outcome;
} Plan;

static void *
plan_attach(NsimHost *host, const void *config, GError **error)
{
    Plan *plan = *(Plan *const *)config;
    (void)error;
    if (!plan->in_fault)
        (void)nsim_set_timer(host, 5 * NSIM_US, 0);
    return plan;
}

static void
plan_detach(void *self, NsimHost *host)
{
    (void)self;
    (void)host;
}

static void
plan_timer(void *self, NsimHost *host, uint64_t cookie)
{
    const Plan *plan = self;
    (void)cookie;
    (void)nsim_move(host, 0, plan->page, plan->count, NEAR_NODE, 0, plan->queue, NSIM_REASON_PROMOTION, 0);
}

static void
plan_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    const Plan *plan = self;
    for (uint32_t i = 0; i < count; i++) {
        if (plan->in_fault && faults[i].kind == NSIM_FAULT_HINT)
            (void)nsim_move(host, 0, faults[i].page, 1, NEAR_NODE, 0, 0, NSIM_REASON_PROMOTION, 0);
    }
}

static void
plan_done(void *self, NsimHost *host, const NsimOutcome *outcome)
{
    Plan *plan = self;
    (void)host;
    plan->done_count++;
    plan->outcome = *outcome;
}

static const NsimPolicyClass plan_class = {.abi_version = NSIM_ABI_VERSION,
                                           .struct_size = sizeof(NsimPolicyClass),
                                           .name = "plan",
                                           .summary = "of a test",
                                           .source = "none",
                                           .licence = "MIT",
                                           .attach = plan_attach,
                                           .detach = plan_detach,
                                           .timer = plan_timer,
                                           .faults = plan_faults,
                                           .done = plan_done};

/* Everything on the far node, and a policy. */
static Rig *
rig_with(Plan *plan, const NsimMoverConfig *config, uint64_t pages)
{
    g_autoptr(GError) error = NULL;
    Rig *rig = rig_new(MACHINE, pages);
    rig_place(rig, 0, pages, FAR_NODE);
    rig_give_mover(rig, config);
    CU_ASSERT_TRUE_FATAL(nsim_mm_attach(rig->mm, &plan_class, &plan, &error));
    return rig;
}

/* Dependent reads of one page, the next one, and so on, round after round. */
typedef struct {
    uint32_t left, pages, at;
} Chain;

static bool
next_of_chain(void *context, NsimBurst *ret)
{
    Chain *chain = context;
    if (chain->left == 0)
        return false;
    chain->left--;
    *ret = (NsimBurst){.page = chain->at, .count = 1, .op = NSIM_OP_READ, .flags = NSIM_BURST_DEPENDENT};
    chain->at = (chain->at + 1) % chain->pages;
    return true;
}

static NsimTime
total_cost(const Rig *rig)
{
    NsimTime sum = 0;
    for (int p = 0; p < NSIM_PHASES; p++)
        sum += rig->payers->cost_ps[p];
    return sum;
}

/* The thread reads page 0 again and again; a kernel thread on another core moves it away under it. */
static void
test_waiting(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Plan plan = {.page = 0, .count = 1, .queue = 1};
    Chain chain = {.left = 100, .pages = 1};
    g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
    rig_add_func(rig, 0, next_of_chain, &chain);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(plan.done_count, 1);
    CU_ASSERT_EQUAL(plan.outcome.moved_pages, 1);
    const NsimHistogram *blocked = nsim_mover_blocked(rig->mover);
    CU_ASSERT_EQUAL(blocked->count, 1);
    CU_ASSERT_EQUAL(stats->accessors[0].blocked_ps, blocked->max);
    /* Some reads far, then the wait and what the shootdown stole, then the rest near. */
    const NsimTime waited_ps = blocked->max + stats->accessors[0].kernel_ps;
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, 700 * NSIM_NS);
    bool found = false;
    for (uint32_t far_count = 0; far_count <= 100; far_count++)
        found |= stats->end_ps == far_count * FAR_PS + (100 - far_count) * NEAR_PS + waited_ps;
    CU_ASSERT_TRUE(found);
    CU_ASSERT_EQUAL(rig->memory->nodes[NEAR_NODE].used_pages, 1);
}

/* The same thread on the core that migrates: it loses all the time of it. */
static void
test_stolen_time(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Plan plan = {.page = 100, .count = 50, .queue = 1};
    Chain chain = {.left = 1000, .pages = 10};
    g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
    nsim_mover_name_queue(rig->mover, 1, "kthread", nsim_cpus_find(rig->cpus, 0, 0));
    rig_add_func(rig, 0, next_of_chain, &chain);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(plan.outcome.moved_pages, 50);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, total_cost(rig));
    /* Copies share the bus: a read may wait behind a chunk. */
    CU_ASSERT(stats->end_ps >= 1000 * FAR_PS + total_cost(rig));
    CU_ASSERT(stats->end_ps <= 1000 * FAR_PS + total_cost(rig) + 100 * NSIM_US);
}

/* Armed pages: each fault moves its page, and the thread goes on when it is there. */
static void
test_moves_in_faults(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Plan plan = {.in_fault = true};
    Chain chain = {.left = 30, .pages = 10};
    g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
    (void)nsim_space_arm(rig->space, 0, 10, true);
    rig_add_func(rig, 0, next_of_chain, &chain);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(plan.done_count, 10);
    CU_ASSERT_EQUAL(rig->memory->nodes[NEAR_NODE].used_pages, 10);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, 10 * 900 * NSIM_NS + total_cost(rig));
    CU_ASSERT_EQUAL(stats->accessors[0].blocked_ps, 0);
    CU_ASSERT_EQUAL(stats->end_ps, 30 * NEAR_PS + stats->accessors[0].kernel_ps);
    /* Paid by whoever faulted. */
    CU_ASSERT_EQUAL(g_array_index(rig->payers->charged_ps, NsimTime, nsim_payers_find(rig->payers, "C")),
                    total_cost(rig));
}

/* What crosses the machine: the program's lines, and for each line moved a read there, a fetch and a write here. */
static void
test_traffic(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Plan plan = {.page = 0, .count = 256, .queue = 1};
    Chain chain = {.left = 3000, .pages = 512};
    g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
    g_autofree uint64_t *bytes = g_new0(uint64_t, rig->machine->resource_count);
    g_autofree NsimTime *busy_ps = g_new0(NsimTime, rig->machine->resource_count);
    rig_add_func(rig, 0, next_of_chain, &chain);
    (void)rig_run(rig);
    CU_ASSERT_EQUAL(plan.outcome.moved_pages, 256);
    const uint64_t lines = 256 * 64;
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig->fabric, FAR_NODE, NSIM_DIR_READ) -
                        rig_node_lines(rig, FAR_NODE, NSIM_DIR_READ),
                    lines);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig->fabric, NEAR_NODE, NSIM_DIR_READ) -
                        rig_node_lines(rig, NEAR_NODE, NSIM_DIR_READ),
                    lines);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig->fabric, NEAR_NODE, NSIM_DIR_WRITE), lines);
    nsim_fabric_usage(rig->fabric, bytes, busy_ps);
    const NsimLink *bus = &rig->machine->links[0];
    CU_ASSERT_EQUAL(bytes[bus->resource[1]], (lines + rig_node_lines(rig, FAR_NODE, NSIM_DIR_READ)) * 64);
}

/* Neighbours that only read the far node are slowed by copies over the same bus, and by no more than they take of it.
 */
static void
test_neighbour(void)
{
    NsimTime end_ps[2];
    for (int moving = 0; moving < 2; moving++) {
        const NsimMoverConfig config = nsim_mover_config_default();
        Plan plan = {.page = 256, .count = moving ? 256 : 1, .queue = 1};
        g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
        NsimBurst bursts[200];
        for (uint32_t i = 0; i < G_N_ELEMENTS(bursts); i++)
            bursts[i] = (NsimBurst){.page = i, .count = 64, .op = NSIM_OP_READ};
        for (int i = 0; i < 2; i++)
            rig_add(rig, 0, bursts, G_N_ELEMENTS(bursts));
        end_ps[moving] = rig_run(rig)->end_ps;
    }
    /* Two readers of 6.8 GB/s each (32 lines over 300 ns) fill a bus of 10 GB/s: the copy takes its share of it. */
    CU_ASSERT(end_ps[1] > end_ps[0] + end_ps[0] / 50);
    CU_ASSERT(end_ps[1] < 2 * end_ps[0]);
}

/* A thread that touches a page and nothing else going on: the run goes on until the page is there. */
static void
test_all_wait(void)
{
    NsimMoverConfig config = nsim_mover_config_default();
    Plan plan = {.page = 0, .count = 512, .queue = 1};
    Chain chains[3] = {
        {.left = 500, .pages = 7}, {.left = 500, .pages = 7, .at = 3}, {.left = 500, .pages = 7, .at = 5}};
    config.flow = NSIM_FLOW_BATCH;
    g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
    for (int i = 0; i < 3; i++)
        rig_add_func(rig, 0, next_of_chain, &chains[i]);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(nsim_mover_blocked(rig->mover)->count, 3);
    CU_ASSERT_EQUAL(stats->access_count, 1500);
    CU_ASSERT(stats->accessors[0].blocked_ps > 3 * 100 * NSIM_US);
}

/* A run that ends while pages move leaves them where they were. */
static void
test_ends_early(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Plan plan = {.page = 0, .count = 512, .queue = 1};
    Chain chain = {.left = 50, .pages = 1};
    g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
    rig->until_ps = 20 * NSIM_US;
    rig_add_func(rig, 0, next_of_chain, &chain);
    (void)rig_run(rig);
    CU_ASSERT_EQUAL(plan.done_count, 0);
    CU_ASSERT_EQUAL(rig->memory->nodes[NEAR_NODE].used_pages + rig->memory->nodes[FAR_NODE].used_pages, 512);
}

/* Threads on cores that they share, behind a cache and a TLB: the general path waits as well. */
static void
test_general_path(void)
{
    const NsimMoverConfig config = nsim_mover_config_default();
    Plan plan = {.page = 0, .count = 2, .queue = 1};
    Chain chains[2] = {{.left = 300, .pages = 2}, {.left = 300, .pages = 2}};
    g_autoptr(Rig) rig = rig_with(&plan, &config, 512);
    for (int i = 0; i < 2; i++)
        rig_add_func(rig, 0, next_of_chain, &chains[i])->core = 1;
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(plan.outcome.moved_pages, 2);
    CU_ASSERT_EQUAL(stats->access_count, 600);
    CU_ASSERT_EQUAL(nsim_mover_blocked(rig->mover)->count, 2);
}

bool
test_migration_register(void)
{
    CU_pSuite suite = CU_add_suite("migration", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "waiting", test_waiting) != NULL &&
           CU_add_test(suite, "stolen time", test_stolen_time) != NULL &&
           CU_add_test(suite, "moves in faults", test_moves_in_faults) != NULL &&
           CU_add_test(suite, "traffic", test_traffic) != NULL &&
           CU_add_test(suite, "neighbour", test_neighbour) != NULL &&
           CU_add_test(suite, "all wait", test_all_wait) != NULL &&
           CU_add_test(suite, "ends early", test_ends_early) != NULL &&
           CU_add_test(suite, "general path", test_general_path) != NULL;
}
