/* SPDX-License-Identifier: MIT */
/*
 * Goal: hardware samples are the lines they say they are, come as often as asked for, cost what they cost, and counters
 * of nodes and routes agree with the closed form. Method: a policy that keeps what it is told; traces whose pages tell
 * the record's number.
 */
#include "rig.h"
#include "test-experiment.h"

#include <string.h>

#include <CUnit/CUnit.h>

static const char machine[] = "nodes: [{id: N, kind: dram, capacity: 64MiB, latency: 100ns, read: 64TB/s, at: C}]\n"
                              "accessors: [{id: C, cores: 8, window: {random: 10}}]\n";
#define LATENCY_PS ((NsimTime)100000)
#define PAGES 4096u

typedef struct {
    NsimSampling sampling;
    NsimSample samples[PAGES];
    uint32_t sample_count;
    uint32_t calls;
    NsimTime last_ps;
} Watcher;

static void *
watcher_attach(NsimHost *host, const void *config, GError **error)
{
    Watcher *self = (Watcher *)(uintptr_t)config;
    (void)error;
    CU_ASSERT_TRUE(nsim_sample(host, &self->sampling));
    return self;
}

static void
watcher_detach(void *self, NsimHost *host)
{
    (void)self;
    (void)host;
}

static void
watcher_samples(void *instance, NsimHost *host, const NsimSample *samples, uint32_t count)
{
    Watcher *self = instance;
    CU_ASSERT_TRUE(nsim_now(host) >= self->last_ps);
    self->last_ps = nsim_now(host);
    for (uint32_t i = 0; i < count; i++)
        CU_ASSERT_TRUE(samples[i].time_ps <= nsim_now(host));
    CU_ASSERT_FATAL(count <= PAGES - self->sample_count);
    memcpy(&self->samples[self->sample_count], samples, count * sizeof *samples);
    self->sample_count += count;
    self->calls++;
}

static const NsimPolicyClass watcher_class = {.abi_version = NSIM_ABI_VERSION,
                                              .struct_size = sizeof(NsimPolicyClass),
                                              .name = "watcher",
                                              .attach = watcher_attach,
                                              .detach = watcher_detach,
                                              .samples = watcher_samples};

static void
watch(Rig *rig, Watcher *watcher, uint64_t period, uint32_t buffer, uint32_t flags)
{
    g_autoptr(GError) error = NULL;
    memset(watcher, 0, sizeof *watcher);
    watcher->sampling = (NsimSampling){.struct_size = sizeof(NsimSampling),
                                       .flags = flags,
                                       .accessor = NSIM_ACCESSOR_NONE,
                                       .buffer = buffer,
                                       .period_lines = period,
                                       .sample_ps = 100 * NSIM_NS,
                                       .interrupt_ps = NSIM_US};
    CU_ASSERT_TRUE(nsim_mm_attach(rig->mm, &watcher_class, watcher, &error));
}

/* Record i reads `lines` lines of page i, each after the one before. */
typedef struct {
    uint32_t next, end, lines;
    uint8_t op;
} Walk;

static bool
walk(void *context, NsimBurst *ret)
{
    Walk *self = context;
    if (self->next == self->end)
        return false;
    *ret = (NsimBurst){.page = self->next++ % PAGES,
                       .line = 3,
                       .count = (uint16_t)self->lines,
                       .op = self->op,
                       .flags = NSIM_BURST_DEPENDENT};
    return true;
}

static Rig *
new_rig(Walk *walks, uint32_t threads, uint32_t records, uint32_t lines)
{
    Rig *rig = rig_new(machine, PAGES);
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_place(rig, 0, PAGES, 0);
    rig_give_mover(rig, &config);
    for (uint32_t t = 0; t < threads; t++) {
        walks[t] = (Walk){.end = records, .lines = lines, .op = NSIM_OP_READ};
        rig_add_func(rig, 0, walk, &walks[t]);
    }
    return rig;
}

static const NsimSample *
sample_at(const Watcher *watcher, guint i)
{
    return &watcher->samples[i];
}

/* Each sample is 15/16 to 17/16 of a period after the one before, and carries what was there. */
static void
test_period(void)
{
    Walk walks[1];
    static Watcher watcher;
    g_autoptr(Rig) rig = new_rig(walks, 1, PAGES, 1);
    watch(rig, &watcher, 64, 1, 0);
    rig_run(rig);
    CU_ASSERT_TRUE(watcher.sample_count >= PAGES / 68 && watcher.sample_count <= PAGES / 60);
    CU_ASSERT_EQUAL(watcher.calls, watcher.sample_count);
    int64_t before = -1;
    bool varies = false;
    for (guint i = 0; i < watcher.sample_count; i++) {
        const NsimSample *sample = sample_at(&watcher, i);
        const int64_t distance = (int64_t)sample->page - before;
        CU_ASSERT_TRUE(distance >= 60 && distance <= 68);
        varies |= distance != 64;
        CU_ASSERT_EQUAL(sample->line, 3);
        CU_ASSERT_EQUAL(sample->node, 0);
        CU_ASSERT_EQUAL(sample->write, 0);
        before = (int64_t)sample->page;
    }
    CU_ASSERT_TRUE(varies);
}

/* Dependent reads take a latency each; every sample and every full buffer stops the core. */
static void
test_cost(void)
{
    Walk walks[1];
    static Watcher watcher;
    g_autoptr(Rig) rig = new_rig(walks, 1, PAGES, 1);
    watch(rig, &watcher, 15, 4, NSIM_SAMPLE_READS);
    const NsimReplayStats *stats = rig_run(rig);
    /* Below 16 there is no random part: exactly every 15th. Interrupts come at the issue of a line that is still on its
     * way: that much of them hides behind it. */
    CU_ASSERT_EQUAL(watcher.sample_count, PAGES / 15 / 4 * 4);
    CU_ASSERT_EQUAL(watcher.calls, PAGES / 15 / 4);
    CU_ASSERT_EQUAL(sample_at(&watcher, 1)->page, 29);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, watcher.calls * (NSIM_US + 4 * 100 * NSIM_NS));
    CU_ASSERT_TRUE(stats->end_ps >= PAGES * LATENCY_PS);
    CU_ASSERT_TRUE(stats->end_ps <= PAGES * LATENCY_PS + stats->accessors[0].kernel_ps + PAGES);
}

/* Runs of lines count line by line; several threads are each counted for themselves, in the order of time. */
static void
test_runs(void)
{
    Walk walks[4];
    static Watcher watcher;
    uint32_t by_thread[4] = {0};
    g_autoptr(Rig) rig = new_rig(walks, 4, 1000, 20);
    watch(rig, &watcher, 50, 1, 0);
    rig_run(rig);
    for (guint i = 0; i < watcher.sample_count; i++) {
        by_thread[sample_at(&watcher, i)->thread]++;
        CU_ASSERT_TRUE(sample_at(&watcher, i)->line >= 3 && sample_at(&watcher, i)->line < 23);
    }
    for (uint32_t t = 0; t < 4; t++)
        RIG_ASSERT_NEAR(by_thread[t], 400, 30000);
}

static void
test_kinds(void)
{
    for (int write = 0; write < 2; write++) {
        Walk walks[1];
        static Watcher watcher;
        g_autoptr(Rig) rig = new_rig(walks, 1, PAGES, 1);
        walks[0].op = write ? NSIM_OP_WRITE : NSIM_OP_READ;
        watch(rig, &watcher, 10, 1, NSIM_SAMPLE_WRITES);
        rig_run(rig);
        CU_ASSERT_EQUAL(watcher.sample_count, write ? PAGES / 10 : 0);
    }
}

/* Without sampling, and with a policy that only looks, nothing changes. */
static void
test_off(void)
{
    Walk walks[2];
    static Watcher watcher;
    g_autoptr(Rig) plain = new_rig(walks, 2, 3000, 2);
    const NsimTime end_ps = rig_run(plain)->end_ps;
    g_autoptr(Rig) rig = new_rig(walks, 2, 3000, 2);
    watch(rig, &watcher, 0, 1, 0);
    CU_ASSERT_EQUAL(rig_run(rig)->end_ps, end_ps);
    CU_ASSERT_EQUAL(watcher.sample_count, 0);
    g_autoptr(Rig) free_of_cost = new_rig(walks, 2, 3000, 2);
    watch(free_of_cost, &watcher, 7, 1, 0);
    watcher.sampling.sample_ps = watcher.sampling.interrupt_ps = 0;
    CU_ASSERT_TRUE(nsim_sample(&free_of_cost->mm->host, &watcher.sampling));
    CU_ASSERT_EQUAL(rig_run(free_of_cost)->end_ps, end_ps);
    /* What is under way when the last thread ends comes too late. */
    CU_ASSERT_TRUE(watcher.sample_count <= 2 * (6000 / 7) && watcher.sample_count >= 2 * (6000 / 7) - 2);
}

/* Counters are since the beginning, warm-up or not, and the mean latency of dependent reads is the unloaded one. */
static void
test_counters(void)
{
    Walk walks[1];
    g_autoptr(Rig) rig = new_rig(walks, 1, 1000, 1);
    rig->warmup_ps = 500 * LATENCY_PS;
    rig_run(rig);
    NsimRouteCounters route;
    NsimNodeCounters node;
    NsimResourceCounters resource;
    const NsimHost *host = &rig->mm->host;
    CU_ASSERT_TRUE(nsim_route_counters(host, 0, 0, &route));
    CU_ASSERT_EQUAL(route.reads, 1000);
    CU_ASSERT_EQUAL(route.read_latency_ps, 1000 * LATENCY_PS);
    CU_ASSERT_EQUAL(route.writes, 0);
    CU_ASSERT_TRUE(nsim_node_counters(host, 0, &node));
    CU_ASSERT_EQUAL(node.read_bytes, 64000);
    CU_ASSERT_EQUAL(node.write_bytes, 0);
    CU_ASSERT_TRUE(nsim_resource_counters(host, rig->machine->nodes[0].resource[NSIM_DIR_READ], &resource));
    CU_ASSERT_EQUAL(resource.bytes, 64000);
    CU_ASSERT_EQUAL(resource.busy_ps, 1000); /* 64 B at 64 TB/s: 1 ps */
    CU_ASSERT_FALSE(nsim_node_counters(host, 1, &node));
    CU_ASSERT_FALSE(nsim_route_counters(host, 1, 0, &route));
    CU_ASSERT_FALSE(nsim_resource_counters(host, 1000, &resource));
}

static void
test_young(void)
{
    Walk walks[1];
    uint64_t young[2];
    g_autoptr(Rig) rig = new_rig(walks, 1, 70, 1);
    NsimHost *host = &rig->mm->host;
    CU_ASSERT_EQUAL(nsim_clear_young(host, 0, 0, PAGES, 1, NULL), PAGES); /* new pages are young */
    CU_ASSERT_EQUAL(nsim_clear_young(host, 0, 0, PAGES, 1, NULL), 0);
    rig_run(rig);
    CU_ASSERT_EQUAL(nsim_clear_young(host, 0, 60, 100, 1, young), 10);
    CU_ASSERT_EQUAL(young[0], 0x3ff);
    CU_ASSERT_EQUAL(young[1], 0);
    CU_ASSERT_EQUAL(nsim_clear_young(host, 0, 0, PAGES, 1, NULL), 60);
    CU_ASSERT_EQUAL(nsim_clear_young(host, 0, PAGES, 1, 1, NULL), 0);
    CU_ASSERT_EQUAL(nsim_clear_young(host, 1, 0, 1, 1, NULL), 0);
}

bool
test_samples_register(void)
{
    CU_pSuite suite = CU_add_suite("samples and counters", NULL, NULL);
    return suite && CU_add_test(suite, "period", test_period) && CU_add_test(suite, "cost", test_cost) &&
           CU_add_test(suite, "runs", test_runs) && CU_add_test(suite, "kinds", test_kinds) &&
           CU_add_test(suite, "off", test_off) && CU_add_test(suite, "counters", test_counters) &&
           CU_add_test(suite, "young", test_young);
}
