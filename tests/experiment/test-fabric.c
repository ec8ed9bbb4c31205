/* SPDX-License-Identifier: MIT */
/*
 * The machine in motion: reservations and counters by hand, and nodes with measured curves. Every curve that ships, and
 * every one of tests/models/curves.yaml, must come out of a replay again: latency within 1 % at each measured point
 * below 95 % of the highest rate (open loop), and that rate within 2 % when accessors ask for more (closed loop).
 */
#include "rig.h"
#include "test-experiment.h"

#include <sim/time.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* ---- Reservations ----------------------------------------------------------------------------------------------- */

/* A line of 64 B takes 1 ns at the node; 76 B back take 2.375 ns and 12 B out 0.375 ns on the link. */
static const char linked[] = "nodes: [{id: N, kind: cxl, capacity: 64MiB, latency: 100ns, read: 64GB/s}]\n"
                             "links: [{id: L, kind: cxl, between: [C, N], latency: 50ns, bandwidth: 32GB/s,\n"
                             "         request: 12B, response: 12B}]\n"
                             "accessors: [{id: C, cores: 64, window: {random: 1000}}]\n";

static void
test_reserve(void)
{
    g_autoptr(Rig) rig = rig_new(linked, 1);
    rig_place(rig, 0, 1, 0);
    /* All three at once: the second waits for the first at its slowest resource, the third for both. */
    const NsimBurst bursts[] = { { .count = 1 }, { .count = 1 }, { .count = 1 } };
    rig_add(rig, 0, bursts, 3);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 150000 + 2 * 2375);
    CU_ASSERT_EQUAL(stats->latency.sum_low, 3 * 150000 + 3 * 2375);
    const NsimLink *link = &rig->machine->links[0];
    CU_ASSERT_EQUAL(rig->fabric->servers[link->resource[0]].wait_ps, 3 * 375);
    CU_ASSERT_EQUAL(rig->fabric->servers[link->resource[1]].wait_ps, 3 * 2375);
    CU_ASSERT_EQUAL(rig->fabric->servers[rig->machine->nodes[0].resource[0]].wait_ps, 3 * 1000);
    CU_ASSERT_EQUAL(rig->fabric->servers[0].wait_ps, 0);
}

static void
test_usage(void)
{
    g_autoptr(Rig) rig = rig_new(linked, 1);
    rig_place(rig, 0, 1, 0);
    const NsimBurst bursts[] = { { .count = 20 }, { .count = 3, .op = NSIM_OP_WRITE }, { .count = 5, .op = NSIM_OP_RFO } };
    rig_add(rig, 0, bursts, 3);
    (void)rig_run(rig);
    const NsimMachine *machine = rig->machine;
    const uint32_t *link = machine->links[0].resource;
    const uint32_t node = machine->nodes[0].resource[NSIM_DIR_READ];
    g_autofree uint64_t *bytes = g_new(uint64_t, machine->resource_count);
    g_autofree NsimTime *busy_ps = g_new(NsimTime, machine->resource_count);
    nsim_fabric_usage(rig->fabric, bytes, busy_ps);
    CU_ASSERT_EQUAL(bytes[link[0]], 25 * 12 + 3 * 76);
    CU_ASSERT_EQUAL(bytes[link[1]], 25 * 76);
    CU_ASSERT_EQUAL(bytes[node], 28 * 64);
    CU_ASSERT_EQUAL(busy_ps[link[0]], 25 * 375 + 3 * 2375);
    CU_ASSERT_EQUAL(busy_ps[link[1]], 25 * 2375);
    CU_ASSERT_EQUAL(busy_ps[node], 28 * 1000);
    nsim_fabric_forget(rig->fabric);
    nsim_fabric_usage(rig->fabric, bytes, busy_ps);
    for (uint32_t r = 0; r < machine->resource_count; r++)
        CU_ASSERT_TRUE(bytes[r] == 0 && busy_ps[r] == 0 && rig->fabric->servers[r].wait_ps == 0);
}

/* ---- Measured curves -------------------------------------------------------------------------------------------- */

#define INJECTORS 4u
#define SATURATORS 8u
#define SETTLE_PS (80 * NSIM_US)
#define MEASURE_PS (30 * NSIM_US)

/* Every `stride`-th line of a stream with a read share. */
typedef struct {
    uint64_t number; /* of the line in the whole stream */
    uint32_t stride, share_ppm;
    double gap_ps, owed_ps; /* 0: as fast as the window allows */
} Injector;

static bool
next_line(void *context, NsimBurst *ret)
{
    Injector *injector = context;
    const uint64_t k = injector->number;
    const bool read = (k + 1) * injector->share_ppm / 1000000 > k * injector->share_ppm / 1000000;
    injector->owed_ps += injector->gap_ps;
    const uint32_t gap_ps = (uint32_t)injector->owed_ps;
    injector->owed_ps -= gap_ps;
    injector->number += injector->stride;
    *ret = (NsimBurst){ .count = 1, .gap = gap_ps, .op = read ? NSIM_OP_READ : NSIM_OP_WRITE,
                        .flags = NSIM_BURST_PREFETCHABLE };
    return true;
}

/* The accessor next to a node. */
static NsimAccessorId
nearest_accessor(const NsimMachine *machine, NsimNodeId node)
{
    NsimAccessorId best = 0;
    for (uint32_t a = 1; a < machine->accessor_count; a++) {
        const NsimRoute *route = nsim_machine_route(machine, (NsimAccessorId)a, node, NSIM_DIR_READ);
        if (route->reachable && route->fixed_ps < nsim_machine_route(machine, best, node, NSIM_DIR_READ)->fixed_ps)
            best = (NsimAccessorId)a;
    }
    return best;
}

/* Traffic of `injectors` on one node for as long as it takes to settle, and then to be measured. */
static Rig *
run_traffic(NsimMachine *machine, NsimNodeId node, Injector *injectors, uint32_t count, NsimTime measure_ps)
{
    const NsimAccessorId accessor = nearest_accessor(machine, node);
    Rig *rig = rig_new_on(nsim_machine_ref(machine), 1, 1);
    rig_place(rig, 0, 1, node);
    for (uint32_t i = 0; i < count; i++)
        rig_add_func(rig, accessor, next_line, &injectors[i]);
    rig->warmup_ps = SETTLE_PS;
    rig->until_ps = SETTLE_PS + measure_ps;
    (void)rig_run(rig);
    return rig;
}

static bool
check_point(NsimMachine *machine, NsimNodeId node, const NsimCurveMix *mix, uint32_t point)
{
    const uint64_t rate_max = nsim_curve_rate_max(&machine->nodes[node].curve, mix->read_share_ppm);
    /* A point at no load is measured at next to none. */
    const double load = (double)MAX(mix->load_bytes_per_s[point], (uint64_t)10000000);
    const double gap_ps = 64e12 / load;
    Injector injectors[INJECTORS];
    if (mix->load_bytes_per_s[point] >= rate_max / 100 * 95)
        return true;
    for (uint32_t i = 0; i < INJECTORS; i++)
        injectors[i] = (Injector){ .number = i,
                                   .stride = INJECTORS,
                                   .share_ppm = mix->read_share_ppm,
                                   .gap_ps = INJECTORS * gap_ps,
                                   .owed_ps = i * gap_ps }; /* they take turns */
    const NsimTime least_ps = (NsimTime)(200 * gap_ps);
    g_autoptr(Rig) rig = run_traffic(machine, node, injectors, INJECTORS, MAX(MEASURE_PS, least_ps));
    const double latency_ps = (double)nsim_histogram_mean(&nsim_replay_stats(rig->replay)->latency);
    const NsimRoute *route = nsim_machine_route(machine, nearest_accessor(machine, node), node, NSIM_DIR_READ);
    const NsimTime unloaded_ps = machine->nodes[node].latency_read_ps;
    /* Nothing has no mix: without load every access finds the same idle memory, whatever the tables' 0 GB/s rows say. */
    const NsimTime point_ps = mix->load_bytes_per_s[point] == 0 ? unloaded_ps : mix->latency_ps[point];
    const double expected_ps = (double)(point_ps + route->fixed_ps - unloaded_ps);
    const bool good = rig_near(latency_ps, expected_ps, 10000);
    if (!good)
        printf("\n    %s, %u ppm reads, %.1f GB/s: %.1f ns, measured %.1f ns", machine->nodes[node].id,
               mix->read_share_ppm, load / 1e9, latency_ps / 1e3, expected_ps / 1e3);
    return good;
}

static bool
check_saturation(NsimMachine *machine, NsimNodeId node, const NsimCurveMix *mix)
{
    Injector injectors[SATURATORS];
    for (uint32_t i = 0; i < SATURATORS; i++)
        injectors[i] = (Injector){ .number = i, .stride = 1, .share_ppm = mix->read_share_ppm };
    g_autoptr(Rig) rig = run_traffic(machine, node, injectors, SATURATORS, MEASURE_PS);
    const double rate_max = (double)mix->load_bytes_per_s[mix->point_count - 1];
    const bool good = rig_near(rig_rate(rig), rate_max, 20000);
    if (!good)
        printf("\n    %s, %u ppm reads, saturated: %.1f GB/s, measured %.1f GB/s", machine->nodes[node].id,
               mix->read_share_ppm, rig_rate(rig) / 1e9, rate_max / 1e9);
    return good;
}

static NsimMachine *
load_machine(const char *folder, const char *name)
{
    g_autoptr(GError) error = NULL;
    const char *srcdir = g_getenv("srcdir");
    g_autofree char *path = g_build_filename(srcdir != NULL ? srcdir : ".", folder, name, NULL);
    NsimMachine *machine = nsim_machine_load(path, &error);
    if (machine == NULL)
        printf("\n    %s", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(machine);
    /* Windows that do not limit what is asked of the memory: it alone is looked at here. */
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        ((NsimAccessor *)(uintptr_t)machine->accessors)[a].window_stream = NSIM_WINDOW_MAX;
    return machine;
}

static void
check_curves(const char *folder, const char *name)
{
    g_autoptr(NsimMachine) machine = load_machine(folder, name);
    uint32_t curves = 0;
    for (uint32_t n = 0; n < machine->node_count; n++) {
        const NsimCurve *curve = &machine->nodes[n].curve;
        curves += curve->mix_count > 0;
        for (uint32_t m = 0; m < curve->mix_count; m++) {
            for (uint32_t p = 0; p < curve->mixes[m].point_count; p++)
                CU_ASSERT_TRUE(check_point(machine, (NsimNodeId)n, &curve->mixes[m], p));
            CU_ASSERT_TRUE(check_saturation(machine, (NsimNodeId)n, &curve->mixes[m]));
        }
    }
    CU_ASSERT_TRUE(curves > 0);
}

static void
test_measured_curves(void)
{
    check_curves("tests/models", "curves.yaml");
}

static void
test_shipped_curves(void)
{
    static const char *const names[] = { "cascade-lake-5218-2s.yaml", "gh200.yaml", "sapphire-rapids-8460y.yaml",
                                         "skylake-8160-2s.yaml", "zen2-7742.yaml" };
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        check_curves("configs/machines", names[i]);
}

bool
test_fabric_register(void)
{
    CU_pSuite suite = CU_add_suite("fabric", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "reservations", test_reserve) != NULL &&
           CU_add_test(suite, "bytes and busy times", test_usage) != NULL &&
           CU_add_test(suite, "measured curves", test_measured_curves) != NULL &&
           CU_add_test(suite, "curves of shipped machines", test_shipped_curves) != NULL;
}
