/* SPDX-License-Identifier: MIT */
/*
 * Goal: kdamonds on hardware samples tell accessors apart, CPUs from GPUs too, and reads from writes; sampling begins
 * with them, costs what was asked for, and a policy that samples hears of the samples as well. Method: a GPU and a CPU
 * with hot pages of their own; what a policy is told of regions is weighed by where they lie.
 */
#include "rig.h"
#include "test-experiment.h"

#include <mm/damon/session.h>

#include <CUnit/CUnit.h>

/* The GPU comes first in the machine; its CPU numbers come after those of the CPU all the same. */
static const char machine[] = "nodes: [{id: N, kind: dram, capacity: 64MiB, latency: 100ns, read: 64TB/s, at: P}]\n"
                              "accessors:\n"
                              "  - {id: G, kind: gpu, cores: 4, window: {random: 10}, at: P}\n"
                              "  - {id: C, kind: cpu, cores: 2, window: {random: 10}, at: P}\n"
                              "points: [P]\n";

enum { PAGES = 4096, HOT = 512, GPU_FIRST = 3072, CPU_FIRST = 256, MONITORS = 3 };
#define PAGE_BYTES ((uint64_t)4096)

typedef struct {
    const char *args;
    NsimSampling own; /* struct_size 0: none */
    const NsimSpace *space;
    uint64_t on_cpu[MONITORS], on_gpu[MONITORS]; /* accesses x pages in the hot pages of each */
    uint64_t samples;
} Watcher;

static void *
watcher_attach(NsimHost *host, const void *config, GError **error)
{
    Watcher *self = (Watcher *)(uintptr_t)config;
    if (self->own.struct_size > 0)
        CU_ASSERT_TRUE(nsim_sample(host, &self->own));
    return nsim_damon(host, self->args, error) ? self : NULL;
}

static void
watcher_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static uint64_t
overlap(const NsimSnapshotRegion *region, uint64_t base, uint64_t first)
{
    const uint64_t start = base + first * PAGE_BYTES, end = start + HOT * PAGE_BYTES;
    return MIN(end, region->end) > MAX(start, region->start)
               ? (MIN(end, region->end) - MAX(start, region->start)) / PAGE_BYTES
               : 0;
}

static void
watcher_regions(void *instance, NsimHost *host, const NsimSnapshot *snapshot)
{
    Watcher *self = instance;
    const uint64_t base = nsim_space_address_of(self->space, 0);
    (void)host;
    CU_ASSERT_TRUE_FATAL(snapshot->kdamond < MONITORS);
    for (uint32_t i = 0; i < snapshot->region_count; i++) {
        const NsimSnapshotRegion *region = &snapshot->regions[i];
        self->on_cpu[snapshot->kdamond] += region->nr_accesses * overlap(region, base, CPU_FIRST);
        self->on_gpu[snapshot->kdamond] += region->nr_accesses * overlap(region, base, GPU_FIRST);
    }
}

static void
watcher_samples(void *instance, NsimHost *host, const NsimSample *samples, uint32_t count)
{
    Watcher *self = instance;
    (void)host, (void)samples;
    self->samples += count;
}

static const NsimPolicyClass watcher_class = {.abi_version = NSIM_ABI_VERSION,
                                              .struct_size = sizeof(NsimPolicyClass),
                                              .name = "watcher",
                                              .attach = watcher_attach,
                                              .detach = watcher_detach,
                                              .samples = watcher_samples,
                                              .regions = watcher_regions};

/* Reads or writes the hot pages from `first` on, one after the other. */
typedef struct {
    uint32_t first, next, end;
    uint8_t op;
} Walk;

static bool
walk(void *context, NsimBurst *ret)
{
    Walk *self = context;
    if (self->next == self->end)
        return false;
    *ret = (NsimBurst){
        .page = self->first + self->next++ % HOT, .count = 1, .op = self->op, .flags = NSIM_BURST_DEPENDENT};
    return true;
}

static Rig *
new_rig(Walk walks[2], Watcher *watcher)
{
    g_autoptr(GError) error = NULL;
    Rig *rig = rig_new(machine, PAGES);
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_place(rig, 0, PAGES, 0);
    rig_give_mover(rig, &config);
    walks[0] = (Walk){.first = GPU_FIRST, .end = 400000, .op = NSIM_OP_READ};
    walks[1] = (Walk){.first = CPU_FIRST, .end = 400000, .op = NSIM_OP_WRITE};
    rig_add_func(rig, 0, walk, &walks[0])->core = 3;
    rig_add_func(rig, 1, walk, &walks[1])->core = 1;
    watcher->space = rig->space;
    nsim_damon_session_config(nsim_damon_session(rig->mm))->sampling.period_lines = 20;
    CU_ASSERT_TRUE_FATAL(nsim_mm_attach(rig->mm, &watcher_class, watcher, &error));
    return rig;
}

#define MONITOR "--ops vaddr --target_pid 0 --monitoring_intervals 50us 1ms 1s --sample_primitives hw_sample "

/* CPUs 0 and 1 are the CPU's cores, 2 to 5 the GPU's; the CPU alone writes. */
static void
test_apart(void)
{
    Walk walks[2];
    Watcher watcher = {.args = "damo start " MONITOR "--sample_filter allow cpu 0-1 " MONITOR
                               "--sample_filter allow cpu 2-5 " MONITOR "--sample_filter reject write "
                               "--nr_sample_filters 1 1 1 --nr_targets 1 1 1 --nr_schemes 0 0 0 --nr_ctxs 1 1 1"};
    g_autoptr(Rig) rig = new_rig(walks, &watcher);
    (void)rig_run(rig);
    CU_ASSERT(watcher.on_cpu[0] > 10000);
    CU_ASSERT(watcher.on_gpu[1] > 10000);
    CU_ASSERT(watcher.on_gpu[2] > 10000);
    /* Regions that reach over an edge share their count with what is beyond it; none reaches from one set to the other.
     */
    CU_ASSERT_EQUAL(watcher.on_gpu[0], 0);
    CU_ASSERT_EQUAL(watcher.on_cpu[1], 0);
    CU_ASSERT_EQUAL(watcher.on_cpu[2], 0);
    nsim_mm_detach(rig->mm);
}

/* Each sample interrupts its core: 400000 lines of each, every 20th on average, at 200 ns and 1 us. */
static void
test_cost(void)
{
    Walk walks[2];
    Watcher watcher = {.args = "damo start " MONITOR};
    g_autoptr(Rig) rig = new_rig(walks, &watcher);
    const NsimReplayStats *stats = rig_run(rig);
    RIG_ASSERT_NEAR(watcher.samples, 2 * 400000 / 20, 10000);
    RIG_ASSERT_NEAR(stats->accessors[1].kernel_ps, 20000 * 1200 * NSIM_NS, 10000);
    CU_ASSERT(watcher.on_cpu[0] > 0 && watcher.on_gpu[0] > 0);
    nsim_mm_detach(rig->mm);
}

/* A policy that samples its own way goes on to: kdamonds listen to what there is. */
static void
test_own_sampling(void)
{
    Walk walks[2];
    Watcher watcher = {.args = "damo start " MONITOR,
                       .own = {.struct_size = sizeof(NsimSampling), .accessor = 1, .buffer = 1, .period_lines = 10}};
    g_autoptr(Rig) rig = new_rig(walks, &watcher);
    (void)rig_run(rig);
    RIG_ASSERT_NEAR(watcher.samples, 400000 / 10, 10000);
    CU_ASSERT(watcher.on_cpu[0] > 0);
    CU_ASSERT_EQUAL(watcher.on_gpu[0], 0);
    nsim_mm_detach(rig->mm);
}

/* Accessed bits do not need samples. */
static void
test_not_asked_for(void)
{
    Walk walks[2];
    Watcher watcher = {.args = "damo start --ops vaddr --target_pid 0 --monitoring_intervals 50us 1ms 1s"};
    g_autoptr(Rig) rig = new_rig(walks, &watcher);
    (void)rig_run(rig);
    CU_ASSERT_EQUAL(watcher.samples, 0);
    CU_ASSERT(watcher.on_cpu[0] > 0 && watcher.on_gpu[0] > 0);
    nsim_mm_detach(rig->mm);
}

bool
test_damon_samples_register(void)
{
    CU_pSuite suite = CU_add_suite("damon: hardware samples", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "accessors apart", test_apart) != NULL &&
           CU_add_test(suite, "cost", test_cost) != NULL &&
           CU_add_test(suite, "a policy's own sampling", test_own_sampling) != NULL &&
           CU_add_test(suite, "not asked for", test_not_asked_for) != NULL;
}
