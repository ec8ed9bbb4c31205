/* SPDX-License-Identifier: MIT */
/*
 * Goal: policies that live on samples and counters come to the placements that their papers' rules give. Method:
 * machines whose right answer is known in closed form; programs without a file; what the pages' places and the counters
 * say then.
 */
#include "rig.h"
#include "test-experiment.h"

#include <stdio.h>
#include <string.h>

#include <experiment/policy-spec.h>
#include <policies/fault-heat.h>

#include <CUnit/CUnit.h>

/* 72 and 26 GB/s, as in the experiment of dynamic interleaving; the fast node is N. */
static const char wide[] = "nodes:\n"
                           "  - {id: N, kind: dram, capacity: 64MiB, latency: 110ns, read: 72GB/s, at: C}\n"
                           "  - {id: X, kind: cxl, capacity: 64MiB, latency: 250ns, read: 26GB/s, at: C}\n"
                           "accessors: [{id: C, cores: 48, window: {random: 16, stream: 48}}]\n";
/* The fast node holds 1024 pages; bandwidth is no matter. */
static const char narrow[] = "nodes:\n"
                             "  - {id: N, kind: dram, capacity: 4MiB, latency: 100ns, read: 100GB/s, at: C}\n"
                             "  - {id: X, kind: cxl, capacity: 64MiB, latency: 300ns, read: 100GB/s, at: C}\n"
                             "accessors: [{id: C, cores: 8, window: {random: 4}}]\n";
/* All begins on a slow node that is nearest, by its place in the list; the fast one has room for everything. */
static const char roomy[] = "nodes:\n"
                            "  - {id: X, kind: cxl, capacity: 64MiB, latency: 300ns, read: 100GB/s, at: C}\n"
                            "  - {id: N, kind: dram, capacity: 64MiB, latency: 300ns, read: 100GB/s, at: C}\n"
                            "accessors: [{id: C, cores: 8, window: {random: 4}}]\n";
#define PAGES 2048u
#define HOT 512u

/* Reads of `lines` lines in pages at random: `hot_ppm` of them in pages [first, first + HOT), the others anywhere. */
typedef struct {
    NsimRandom random;
    uint32_t left, lines, pages, first, hot_ppm, gap;
    uint32_t turn,
        back; /* records left when the hot pages become those before `first`, and when they are the old ones again */
    uint8_t op;
} Gather;

static bool
gather(void *context, NsimBurst *ret)
{
    Gather *self = context;
    if (self->left == 0)
        return false;
    self->left--;
    if (self->turn > 0 && self->left == self->turn)
        self->first -= HOT;
    if (self->turn > 0 && self->left == self->back)
        self->first += HOT;
    const bool hot = nsim_random_below(&self->random, 1000000) < self->hot_ppm;
    const uint64_t page =
        hot ? self->first + nsim_random_below(&self->random, HOT) : nsim_random_below(&self->random, self->pages);
    *ret = (NsimBurst){.page = (uint32_t)page, .count = (uint16_t)self->lines, .op = self->op, .gap = self->gap};
    return true;
}

typedef struct {
    Rig *rig;
    NsimPlugins *plugins;
    NsimPolicySpec *spec;
    Gather threads[RIG_THREADS_MAX];
} Rival;

static void
rival_open(Rival *rival, const char *machine, uint32_t pages, uint32_t threads, const Gather *gathers,
           const char *policy)
{
    g_autoptr(GError) error = NULL;
    const NsimMoverConfig config = nsim_mover_config_default();
    memset(rival, 0, sizeof *rival);
    rival->rig = rig_new(machine, pages);
    rig_give_mover(rival->rig, &config);
    for (uint32_t t = 0; t < threads; t++) {
        rival->threads[t] = *gathers;
        nsim_random_init(&rival->threads[t].random, t + 1, "gather");
        rig_add_func(rival->rig, 0, gather, &rival->threads[t]);
    }
    rival->plugins = nsim_plugins_new(NULL, NULL);
    rival->spec = nsim_policy_spec_parse(rival->plugins, policy, &error);
    if (rival->spec == NULL || !nsim_mm_attach(rival->rig->mm, rival->spec->class, rival->spec->config, &error)) {
        printf("\n    %s", error->message);
        CU_FAIL_FATAL("the policy is refused");
    }
}

static void
rival_close(Rival *rival)
{
    rig_free(rival->rig);
    nsim_policy_spec_free(rival->spec);
    nsim_plugins_free(rival->plugins);
}

static uint64_t
counter(const Rival *rival, const char *key)
{
    const NsimPolicyClass *class = rival->spec->class;
    for (uint32_t i = 0; i < class->counter_count; i++) {
        if (strcmp(class->counters[i].key, key) == 0)
            return nsim_mm_counters(rival->rig->mm)[i];
    }
    CU_FAIL_FATAL("no such counter");
    return 0;
}

/* Pages of [first, first + count) on a node. */
static uint32_t
pages_on(const Rival *rival, NsimPage first, uint32_t count, NsimNodeId node)
{
    uint32_t found = 0;
    for (NsimPage page = first; page < first + count; page++)
        found += (nsim_space_state(rival->rig->space, page) & NSIM_PAGE_NODE) == node;
    return found;
}

/* ---- dynamic-interleave ------------------------------------------------------------------------------------------ */

#define LOAD                                                                                                           \
    {                                                                                                                  \
        .left = 31250, .lines = 16, .pages = PAGES, .gap = 1000                                                        \
    }

static NsimTime
time_of(const char *policy)
{
    static const Gather load = LOAD;
    static Rival rival;
    rival_open(&rival, wide, PAGES, 32, &load, policy);
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    const NsimTime end_ps = rig_run(rival.rig)->end_ps;
    rival_close(&rival);
    return end_ps;
}

/* All on N is bound by 72 GB/s, 3:1 by 72 / 0.75 = 96: 1.333, published 1.35. After the move it is the same. */
static void
test_speed(void)
{
    const double near_ps = (double)time_of("bind:nodes=N"),
                 spread_ps = (double)time_of("weighted-interleave:weights=N=3+X=1");
    const double dynamic_ps = (double)time_of("dynamic-interleave:period=200us");
    RIG_ASSERT_NEAR(near_ps / spread_ps, 1.35, 30000);
    /* The move, in which threads wait for pages, and the first period cost less than a tenth. */
    CU_ASSERT_TRUE(near_ps / dynamic_ps > 1.21);
}

/* 16:0 to 12:4 moves the pages whose slot changed and no other. */
static void
test_slots(void)
{
    static const Gather load = LOAD;
    static Rival rival;
    rival_open(&rival, wide, PAGES, 32, &load, "dynamic-interleave:period=200us");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    CU_ASSERT_EQUAL(pages_on(&rival, 0, PAGES, 0), PAGES);
    rig_run(rival.rig);
    CU_ASSERT_EQUAL(counter(&rival, "weight_changes"), 1);
    CU_ASSERT_EQUAL(counter(&rival, "first_weight"), 12);
    CU_ASSERT_EQUAL(counter(&rival, "moved_pages"), PAGES / 4);
    for (NsimPage page = 0; page < PAGES; page++)
        CU_ASSERT_EQUAL(pages_on(&rival, page, 1, 1), page % 16 >= 12);
    rival_close(&rival);
}

/* Latencies agree at 3:1 too, where both memories are full; the way there is longer. */
static void
test_latency_signal(void)
{
    static const Gather load = LOAD;
    static Rival rival;
    rival_open(&rival, wide, PAGES, 32, &load, "dynamic-interleave:signal=latency,period=200us");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    rig_run(rival.rig);
    CU_ASSERT_TRUE(counter(&rival, "first_weight") >= 11 && counter(&rival, "first_weight") <= 13);
    rival_close(&rival);
}

/* A program that one memory serves stays there; a quota is kept to. */
static void
test_idle_and_quota(void)
{
    static const Gather idle = {.left = 20000, .lines = 1, .pages = PAGES, .gap = 50000};
    static const Gather load = LOAD;
    static Rival rival;
    rival_open(&rival, wide, PAGES, 2, &idle, "dynamic-interleave:period=100us");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    rig_run(rival.rig);
    CU_ASSERT_EQUAL(counter(&rival, "weight_changes"), 0);
    CU_ASSERT_EQUAL(pages_on(&rival, 0, PAGES, 0), PAGES);
    rival_close(&rival);
    rival_open(&rival, wide, PAGES, 32, &load, "dynamic-interleave:period=1ms,quota=64KiB");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    const NsimTime end_ps = rig_run(rival.rig)->end_ps;
    CU_ASSERT_TRUE(counter(&rival, "moved_pages") > 0 && counter(&rival, "moved_pages") <= end_ps / NSIM_MS * 16);
    rival_close(&rival);
}

/* ---- memtis ------------------------------------------------------------------------------------------------------ */

static void
test_heat(void)
{
    uint64_t counts[] = {8}, units[] = {8};
    unsigned shifts[] = {0};
    const Tiers tiers = {.space_count = 1, .page_counts = counts, .unit_counts = units, .unit_shifts = shifts};
    Heat heat;
    heat_init(&heat, &tiers);
    CU_ASSERT_EQUAL(heat.bins[0], 8);
    /* Page p is sampled 2^p times for p below 4: bins 1, 2, 3, 4 hold one page each. */
    for (uint32_t p = 0; p < 4; p++) {
        for (uint32_t i = 0; i < 1u << p; i++)
            (void)heat_add(&heat, &(NsimSample){.page = p}, 1000);
    }
    CU_ASSERT_EQUAL(heat.bins[0], 4);
    for (uint32_t b = 1; b <= 4; b++)
        CU_ASSERT_EQUAL(heat.bins[b], 1);
    CU_ASSERT_EQUAL(heat_threshold(&heat, 0), 5);
    CU_ASSERT_EQUAL(heat_threshold(&heat, 1), 4);
    CU_ASSERT_EQUAL(heat_threshold(&heat, 3), 2);
    CU_ASSERT_EQUAL(heat_threshold(&heat, 8), 1);
    /* The 16th sample: counts 1, 2, 4, 8 are halved before it counts. */
    CU_ASSERT_EQUAL(heat_add(&heat, &(NsimSample){.page = 3}, 15), 5);
    CU_ASSERT_EQUAL(heat.counts[0][0], 0);
    CU_ASSERT_EQUAL(heat.counts[0][2], 2);
    CU_ASSERT_EQUAL(heat_pages(&heat, 0), 8);
    heat_clear(&heat);
}

/* 512 hot pages begin in slow memory, behind 1024 that fill the fast one: they come up, and colder ones go down. */
static void
test_memtis(void)
{
    static const Gather load = {
        .left = 100000, .lines = 1, .pages = PAGES, .first = PAGES - HOT, .hot_ppm = 900000, .gap = 100000};
    static Rival rival;
    rival_open(&rival, narrow, PAGES, 4, &load,
               "memtis:period=500us,adaptation=1000,cooling=20000,sample_period=20,fast=N");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    CU_ASSERT_EQUAL(pages_on(&rival, PAGES - HOT, HOT, 1), HOT);
    rig_run(rival.rig);
    CU_ASSERT_TRUE(pages_on(&rival, PAGES - HOT, HOT, 0) >= HOT * 95 / 100);
    CU_ASSERT_TRUE(counter(&rival, "demoted_pages") >= HOT * 9 / 10);
    RIG_ASSERT_NEAR(counter(&rival, "samples"), 4 * 100000 / 20, 20000);
    CU_ASSERT_TRUE(rival.rig->memory->nodes[0].used_pages <= 1024);
    rival_close(&rival);
}

/* ---- colloid ----------------------------------------------------------------------------------------------------- */

/* Unloaded, the fast tier is the faster one at any share: hot pages come up. */
static void
test_colloid_idle(void)
{
    static const Gather load = {
        .left = 100000, .lines = 1, .pages = PAGES, .first = PAGES - HOT, .hot_ppm = 900000, .gap = 100000};
    static Rival rival;
    rival_open(&rival, narrow, PAGES, 4, &load,
               "colloid:quantum=500us,cooling=5000,sample_period=20,fast=N,limit=1MiB");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    rig_run(rival.rig);
    CU_ASSERT_TRUE(pages_on(&rival, PAGES - HOT, HOT, 0) >= HOT * 9 / 10);
    CU_ASSERT_EQUAL(counter(&rival, "fast_latency"), 100);
    CU_ASSERT_EQUAL(counter(&rival, "slow_latency"), 300);
    rival_close(&rival);
}

/* Under a load that N alone cannot serve it is the slower one until about 72 of 98 reads go there. */
static void
test_colloid_loaded(void)
{
    static const Gather load = LOAD;
    static Rival rival;
    rival_open(&rival, wide, PAGES, 32, &load, "colloid:quantum=200us,sample_period=400,fast=N,limit=1MiB");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    rig_run(rival.rig);
    const uint64_t near = rig_node_lines(rival.rig, 0, NSIM_DIR_READ),
                   far = rig_node_lines(rival.rig, 1, NSIM_DIR_READ);
    CU_ASSERT_TRUE(near * 100 / (near + far) >= 66 && near * 100 / (near + far) <= 82);
    rival_close(&rival);
}

/* Three tiers; the middle one holds 1024 pages, too. `%s` are their latencies. */
#define THREE(n, m, x)                                                                                                 \
    "nodes:\n"                                                                                                         \
    "  - {id: N, kind: dram, capacity: 4MiB, latency: " n ", read: 100GB/s, at: C}\n"                                  \
    "  - {id: M, kind: cxl, capacity: 4MiB, latency: " m ", read: 100GB/s, at: C}\n"                                   \
    "  - {id: X, kind: cxl, capacity: 64MiB, latency: " x ", read: 100GB/s, at: C}\n"                                  \
    "accessors: [{id: C, cores: 8, window: {random: 4}}]\n"
#define COLLOID_THREE "colloid:tiers=N/M/X,quantum=200us,cooling=5000,sample_period=20,limit=1MiB"

static void
three_tiers(Rival *rival, const char *machine, const char *policy)
{
    static const Gather load = {
        .left = 150000, .lines = 1, .pages = 2 * PAGES, .first = 2 * PAGES - HOT, .hot_ppm = 900000, .gap = 100000};
    rival_open(rival, machine, 2 * PAGES, 4, &load, policy);
    CU_ASSERT_TRUE(nsim_mm_load(rival->rig->mm, 0, 0));
    rig_run(rival->rig);
}

/* Where all answer equally fast nothing moves, whatever is hot. */
static void
test_colloid_equal(void)
{
    static Rival rival;
    three_tiers(&rival, THREE("200ns", "200ns", "200ns"), COLLOID_THREE);
    CU_ASSERT_TRUE(counter(&rival, "quanta") > 50);
    CU_ASSERT_EQUAL(counter(&rival, "balanced_quanta"), counter(&rival, "quanta"));
    CU_ASSERT_EQUAL(counter(&rival, "promoted_pages") + counter(&rival, "demoted_pages"), 0);
    CU_ASSERT_EQUAL(pages_on(&rival, 2 * PAGES - HOT, HOT, 2), HOT);
    rival_close(&rival);
}

/* Unloaded, hot pages go up two tiers, one after the other. */
static void
test_colloid_three(void)
{
    static Rival rival;
    three_tiers(&rival, THREE("100ns", "200ns", "300ns"), COLLOID_THREE);
    CU_ASSERT_TRUE(pages_on(&rival, 2 * PAGES - HOT, HOT, 0) >= HOT * 9 / 10);
    CU_ASSERT_EQUAL(counter(&rival, "fast_latency"), 100);
    CU_ASSERT_EQUAL(counter(&rival, "slow_latency"), 300);
    CU_ASSERT_TRUE(rival.rig->memory->nodes[1].used_pages <= 1024);
    rival_close(&rival);
}

/* The middle tier answers fastest, and hot pages of both neighbours end there. */
static void
test_colloid_middle(void)
{
    static Rival rival;
    three_tiers(&rival, THREE("300ns", "100ns", "200ns"), COLLOID_THREE);
    CU_ASSERT_TRUE(pages_on(&rival, 2 * PAGES - HOT, HOT, 1) >= HOT * 9 / 10);
    rival_close(&rival);
}

/* Counts of an armed unit: `per` over the time to the fault; 0 when it comes round armed still. */
static void
test_fault_heat(void)
{
    uint64_t counts[] = {4}, units[] = {4};
    unsigned shifts[] = {0};
    const Tiers tiers = {.space_count = 1, .page_counts = counts, .unit_counts = units, .unit_shifts = shifts};
    Heat heat;
    FaultHeat faults;
    heat_init(&heat, &tiers);
    fault_heat_init(&faults, &heat, 1000);
    for (NsimPage page = 0; page < 3; page++)
        faults.armed_ps[0][page] = 101; /* at 100 */
    fault_heat_fault(&faults, &(NsimFault){.kind = NSIM_FAULT_HINT, .page = 0, .time_ps = 350});
    fault_heat_fault(&faults, &(NsimFault){.kind = NSIM_FAULT_HINT, .page = 1, .time_ps = 5100});
    fault_heat_fault(&faults, &(NsimFault){.kind = NSIM_FAULT_FIRST_TOUCH, .page = 2, .time_ps = 350});
    fault_heat_fault(&faults, &(NsimFault){.kind = NSIM_FAULT_HINT, .page = 3, .time_ps = 350});
    CU_ASSERT_EQUAL(heat.counts[0][0], 4);
    CU_ASSERT_EQUAL(heat.counts[0][1], 1);
    CU_ASSERT_EQUAL(heat.counts[0][2], 0);
    CU_ASSERT_EQUAL(heat.counts[0][3], 0);
    /* Only the first fault counts. */
    fault_heat_fault(&faults, &(NsimFault){.kind = NSIM_FAULT_HINT, .page = 0, .time_ps = 351});
    CU_ASSERT_EQUAL(heat.counts[0][0], 4);
    fault_heat_clear(&faults);
    heat_clear(&heat);
}

/* The same with two tiers and three when hint faults tell what is hot. */
static void
test_colloid_faults(void)
{
    static const Gather load = {
        .left = 100000, .lines = 1, .pages = PAGES, .first = PAGES - HOT, .hot_ppm = 900000, .gap = 100000};
    static Rival rival;
    rival_open(&rival, narrow, PAGES, 4, &load,
               "colloid:counts=faults,quantum=500us,scan_period=500us,scan_size=4MiB,fast=N,limit=1MiB");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    rig_run(rival.rig);
    CU_ASSERT_TRUE(pages_on(&rival, PAGES - HOT, HOT, 0) >= HOT * 9 / 10);
    rival_close(&rival);
    three_tiers(&rival, THREE("100ns", "200ns", "300ns"),
                "colloid:tiers=N/M/X,counts=faults,quantum=200us,scan_period=500us,scan_size=4MiB,limit=1MiB");
    CU_ASSERT_TRUE(pages_on(&rival, 2 * PAGES - HOT, HOT, 0) >= HOT * 9 / 10);
    rival_close(&rival);
}

/* Tiers that are none. */
static void
test_colloid_refused(void)
{
    static const char *const texts[] = {"colloid:tiers=N", "colloid:tiers=N/X/N", "colloid:tiers=N//X",
                                        "colloid:tiers=N/nowhere"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        const NsimMoverConfig config = nsim_mover_config_default();
        Rig *rig = rig_new(narrow, PAGES);
        rig_give_mover(rig, &config);
        NsimPlugins *plugins = nsim_plugins_new(NULL, NULL);
        NsimPolicySpec *spec = nsim_policy_spec_parse(plugins, texts[i], &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(spec);
        CU_ASSERT_FALSE(nsim_mm_attach(rig->mm, spec->class, spec->config, &error));
        CU_ASSERT_TRUE(error != NULL && strstr(error->message, "colloid") != NULL);
        rig_free(rig);
        nsim_policy_spec_free(spec);
        nsim_plugins_free(plugins);
    }
}

/* ---- nomad ------------------------------------------------------------------------------------------------------- */

static const Gather nomad_load = {
    .left = 100000, .lines = 1, .pages = PAGES, .first = PAGES - HOT, .hot_ppm = 900000, .gap = 100000};

/* Hot pages come up, and shadows stay behind; kswapd keeps its share of fast memory free. */
static void
test_nomad(void)
{
    static Rival rival;
    rival_open(&rival, narrow, PAGES, 4, &nomad_load, "nomad:scan_period=500us,scan_size=8MiB,fast=N");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    rig_run(rival.rig);
    CU_ASSERT_TRUE(pages_on(&rival, PAGES - HOT, HOT, 0) >= HOT * 9 / 10);
    CU_ASSERT_TRUE(nsim_mover_stats(rival.rig->mover)->shadow_pages > 0);
    CU_ASSERT_TRUE(nsim_reclaim_stats(rival.rig->mm->reclaim)->pgdemote[NSIM_BY_KSWAPD] >= HOT / 2);
    CU_ASSERT_EQUAL(counter(&rival, "hint_faults") > counter(&rival, "queued_pages"), true);
    rival_close(&rival);
}

/* What came up and went cold goes down to where its shadow is: fewer bytes are copied than pages moved. */
static void
test_nomad_shadows(void)
{
    static const Gather load = {.left = 200000,
                                .lines = 1,
                                .pages = PAGES,
                                .first = PAGES - HOT,
                                .hot_ppm = 1000000,
                                .gap = 100000,
                                .turn = 130000,
                                .back = 60000};
    static Rival rival;
    rival_open(&rival, narrow, PAGES, 4, &load,
               "nomad:scan_period=500us,scan_size=8MiB,demote_scale_factor=50%,fast=N");
    CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
    rig_run(rival.rig);
    const NsimMoverStats *stats = nsim_mover_stats(rival.rig->mover);
    CU_ASSERT_TRUE(counter(&rival, "promoted_pages") >= 2 * HOT);
    CU_ASSERT_TRUE(stats->copied_bytes[NSIM_COPIER_CPU] / 4096 + HOT / 4 <= stats->pages);
    rival_close(&rival);
}

/*
 * The steps of a candidate: of pages that fault once each, one after the other, the k-th is referenced at fault k + 1,
 * active at k + 2 and queued at k + 3: n faults queue n - 3. With a lookback of 2 none gets that far.
 */
static void
test_nomad_steps(void)
{
    static const struct {
        const char *policy;
        uint32_t lost; /* faults without a promotion; UINT32_MAX: all */
    } cases[] = {
        {"nomad:scan_period=8ms,scan_size=8MiB,fast=N,queue=4096,demote_scale_factor=0%", 3},
        {"nomad:scan_period=8ms,scan_size=8MiB,fast=N,queue=4096,demote_scale_factor=0%,lookback=2", UINT32_MAX}};
    static Rival rival;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        rival_open(&rival, roomy, PAGES, 1, &nomad_load, cases[i].policy);
        CU_ASSERT_TRUE(nsim_mm_load(rival.rig->mm, 0, 0));
        rig_run(rival.rig);
        const uint64_t faults = counter(&rival, "hint_faults");
        CU_ASSERT_TRUE(faults > HOT);
        CU_ASSERT_EQUAL(counter(&rival, "queued_pages"), cases[i].lost == UINT32_MAX ? 0 : faults - cases[i].lost);
        rival_close(&rival);
    }
}

bool
test_rivals_register(void)
{
    CU_pSuite suite = CU_add_suite("policies on samples and counters", NULL, NULL);
    return suite && CU_add_test(suite, "dynamic-interleave: speed", test_speed) &&
           CU_add_test(suite, "dynamic-interleave: slots", test_slots) &&
           CU_add_test(suite, "dynamic-interleave: latency signal", test_latency_signal) &&
           CU_add_test(suite, "dynamic-interleave: idle, quota", test_idle_and_quota) &&
           CU_add_test(suite, "heat", test_heat) && CU_add_test(suite, "memtis", test_memtis) &&
           CU_add_test(suite, "colloid idle", test_colloid_idle) &&
           CU_add_test(suite, "colloid loaded", test_colloid_loaded) &&
           CU_add_test(suite, "colloid: equal tiers", test_colloid_equal) &&
           CU_add_test(suite, "colloid: three tiers", test_colloid_three) &&
           CU_add_test(suite, "colloid: the middle tier", test_colloid_middle) &&
           CU_add_test(suite, "heat by faults", test_fault_heat) &&
           CU_add_test(suite, "colloid: faults", test_colloid_faults) &&
           CU_add_test(suite, "colloid: tiers that are none", test_colloid_refused) &&
           CU_add_test(suite, "nomad", test_nomad) && CU_add_test(suite, "nomad: shadows", test_nomad_shadows) &&
           CU_add_test(suite, "nomad: steps of a candidate", test_nomad_steps);
}
