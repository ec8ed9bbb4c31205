/* SPDX-License-Identifier: MIT */
/*
 * Goal: copies and engines count on nodes and links but not as an accessor's own lines, loaded links add what their
 * points say, and watched resources tell their load. Method: lines reserved by hand on small machines, loads that are
 * constant for many windows against arithmetic. Reservations themselves are tested in tests/experiment/test-fabric.c.
 */
#include "test-models.h"

#include <models/fabric.h>
#include <sim/time.h>

#include <CUnit/CUnit.h>

/* A line of 64 B takes 1 ns at D and 4 ns on the link. */
static const char pair[] =
    "points: [hub]\n"
    "nodes:\n"
    "  - {id: D, kind: dram, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 64GB/s, at: hub}\n"
    "  - {id: F, kind: cxl, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 64GB/s}\n"
    "accessors: [{id: A, at: hub}, {id: B, at: hub}]\n"
    "links: [{id: l, between: [hub, F], bandwidth: 16GB/s, latency: 20ns}]\n"
    "copy_engines: [{id: E, preset: dsa, at: hub}]\n";

/* Lines of an agent at one time, as a run would do it. */
static NsimTime
reserve(NsimFabric *fabric, uint32_t agent, NsimNodeId node, NsimDir dir, NsimTime t_ps, uint64_t lines)
{
    NsimFabricRoute *route = nsim_fabric_agent_route(fabric, agent, node, dir);
    route->lines += lines;
    return nsim_fabric_reserve(fabric->servers, route, NSIM_HOPS_MAX, true, t_ps, lines);
}

/* `lines` every window, for `windows` of them; returns the end. */
static NsimTime
load_steadily(NsimFabric *fabric, uint32_t agent, NsimNodeId node, NsimDir dir, NsimTime t_ps, uint64_t lines,
              uint32_t windows)
{
    for (uint32_t w = 0; w < windows; w++) {
        (void)reserve(fabric, agent, node, dir, t_ps, lines);
        t_ps += fabric->machine->curve_window_ps;
        if (t_ps >= fabric->roll_ps)
            nsim_fabric_roll(fabric, t_ps);
    }
    return t_ps;
}

static void
test_agents(void)
{
    g_autoptr(NsimMachine) machine = test_machine(pair);
    NsimFabric *fabric = nsim_fabric_new(machine);
    g_autofree uint64_t *bytes = g_new(uint64_t, machine->resource_count);
    g_autofree NsimTime *busy_ps = g_new(NsimTime, machine->resource_count);
    CU_ASSERT_EQUAL(fabric->agent_count, 5);
    CU_ASSERT_FALSE(fabric->dynamic);
    CU_ASSERT_EQUAL(fabric->roll_ps, NSIM_TIME_MAX);
    const uint32_t copies = nsim_fabric_copy_agent(fabric, 1), engine = nsim_fabric_engine_agent(fabric, 0);
    CU_ASSERT_PTR_EQUAL(nsim_fabric_machine_route(fabric, 1, 1, NSIM_DIR_WRITE),
                        nsim_machine_route(machine, 1, 1, NSIM_DIR_WRITE));
    CU_ASSERT_PTR_EQUAL(nsim_fabric_machine_route(fabric, copies, 1, NSIM_DIR_READ),
                        nsim_machine_route(machine, 1, 1, NSIM_DIR_READ));
    CU_ASSERT_PTR_EQUAL(nsim_fabric_machine_route(fabric, engine, 0, NSIM_DIR_WRITE),
                        nsim_machine_engine_route(machine, 0, 0, NSIM_DIR_WRITE));

    CU_ASSERT_EQUAL(reserve(fabric, 1, 1, NSIM_DIR_READ, 0, 1), 0);
    CU_ASSERT_EQUAL(reserve(fabric, copies, 1, NSIM_DIR_READ, 0, 2), 4 * NSIM_NS);
    CU_ASSERT_EQUAL(reserve(fabric, engine, 1, NSIM_DIR_READ, 0, 4), 12 * NSIM_NS);
    CU_ASSERT_EQUAL(reserve(fabric, engine, 0, NSIM_DIR_WRITE, 0, 4), 0);
    CU_ASSERT_EQUAL(nsim_fabric_lines(fabric, 1, 1, NSIM_DIR_READ), 1);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(fabric, 1, NSIM_DIR_READ), 7);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(fabric, 1, NSIM_DIR_WRITE), 0);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(fabric, 0, NSIM_DIR_WRITE), 4);
    nsim_fabric_usage(fabric, bytes, busy_ps);
    CU_ASSERT_EQUAL(bytes[machine->links[0].resource[1]], 7 * 64);
    CU_ASSERT_EQUAL(bytes[machine->links[0].resource[0]], 0);
    CU_ASSERT_EQUAL(busy_ps[machine->links[0].resource[1]], 7 * 4 * NSIM_NS);
    CU_ASSERT_EQUAL(bytes[machine->nodes[0].resource[NSIM_DIR_WRITE]], 4 * 64);
    nsim_fabric_forget(fabric);
    nsim_fabric_usage(fabric, bytes, busy_ps);
    for (uint32_t r = 0; r < machine->resource_count; r++)
        CU_ASSERT_TRUE(bytes[r] == 0 && busy_ps[r] == 0);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(fabric, 1, NSIM_DIR_READ), 0);
    CU_ASSERT_EQUAL(nsim_fabric_load_ppm(fabric, 1), 0);
    nsim_fabric_free(fabric);
}

/* A node's measured curve is loaded by everybody. */
static void
test_curve_by_engine(void)
{
    g_autoptr(NsimMachine) machine =
        test_machine("nodes: [{id: D, kind: dram, capacity: 1GiB, at: A, curve: {mixes: [{reads: 1, points: {0GB/s: "
                     "80ns, 64GB/s: 180ns}}]}}]\n"
                     "accessors: [{id: A}]\n"
                     "copy_engines: [{id: E, preset: dsa, at: A}]\n");
    NsimFabric *fabric = nsim_fabric_new(machine);
    CU_ASSERT_TRUE(fabric->dynamic);
    /* 500 lines a microsecond are 32 GB/s: half way. */
    (void)load_steadily(fabric, nsim_fabric_engine_agent(fabric, 0), 0, NSIM_DIR_READ, 0, 500, 200);
    const NsimServer *server = &fabric->servers[machine->nodes[0].resource[NSIM_DIR_READ]];
    CU_ASSERT_TRUE(server->floor_ps > 49900 && server->floor_ps <= 50000);
    nsim_fabric_free(fabric);
}

static const char loaded[] = "nodes:\n"
                             "  - {id: F, kind: cxl, capacity: 1GiB, latency: 80ns, read: 64GB/s, write: 64GB/s}\n"
                             "accessors: [{id: A}]\n"
                             "links: [{id: l, between: [A, F], bandwidth: 64GB/s, latency: 20ns, response: 16B,\n"
                             "         loaded: {8GB/s: 5ns, 24GB/s: 25ns, 40GB/s: 105ns}}]\n"
                             "copy_engines: [{id: E, preset: dsa, at: A}]\n";

/* Each direction by its own load, between the points and clamped beyond them. */
static void
test_loaded_links(void)
{
    g_autoptr(NsimMachine) machine = test_machine(loaded);
    NsimFabric *fabric = nsim_fabric_new(machine);
    const NsimServer *forward = &fabric->servers[machine->links[0].resource[0]];
    const NsimServer *reverse = &fabric->servers[machine->links[0].resource[1]];
    CU_ASSERT_TRUE(fabric->dynamic);
    CU_ASSERT_EQUAL(fabric->roll_ps, machine->curve_window_ps);
    CU_ASSERT_EQUAL(forward->floor_ps, 5 * NSIM_NS);
    /* Nothing else waits: the least wait is what a line gets. */
    CU_ASSERT_EQUAL(reserve(fabric, 0, 0, NSIM_DIR_READ, 0, 1), 5 * NSIM_NS);
    /* 200 lines of 80 bytes a microsecond, read by cores that copy: 16 GB/s, half way to the second point. */
    NsimTime t_ps = load_steadily(fabric, nsim_fabric_copy_agent(fabric, 0), 0, NSIM_DIR_READ, 0, 200, 200);
    CU_ASSERT_TRUE(reverse->floor_ps > 14990 && reverse->floor_ps <= 15000);
    CU_ASSERT_EQUAL(forward->floor_ps, 5 * NSIM_NS);
    CU_ASSERT_EQUAL(nsim_fabric_load_ppm(fabric, machine->links[0].resource[1]), 0);
    /* Written by an engine, 500 lines of 64 bytes: 32 GB/s, half way to the third. Statistics begin meanwhile. */
    t_ps = load_steadily(fabric, nsim_fabric_engine_agent(fabric, 0), 0, NSIM_DIR_WRITE, t_ps, 500, 100);
    nsim_fabric_forget(fabric);
    t_ps = load_steadily(fabric, nsim_fabric_engine_agent(fabric, 0), 0, NSIM_DIR_WRITE, t_ps, 500, 100);
    CU_ASSERT_TRUE(forward->floor_ps > 64900 && forward->floor_ps <= 65000);
    CU_ASSERT_EQUAL(reverse->floor_ps, 5 * NSIM_NS);
    t_ps = load_steadily(fabric, 0, 0, NSIM_DIR_WRITE, t_ps, 900, 100);
    CU_ASSERT_EQUAL(forward->floor_ps, 105 * NSIM_NS);
    /* A long pause takes all load away. */
    nsim_fabric_roll(fabric, t_ps + NSIM_MS);
    CU_ASSERT_TRUE(forward->floor_ps <= 5 * NSIM_NS + 10);
    nsim_fabric_free(fabric);
}

/* Loads of everything once watched; without curves and loaded links the hot loop stays the simple one. */
static void
test_watch(void)
{
    g_autoptr(NsimMachine) machine = test_machine(pair);
    NsimFabric *fabric = nsim_fabric_new(machine);
    nsim_fabric_watch(fabric);
    nsim_fabric_watch(fabric);
    CU_ASSERT_FALSE(fabric->dynamic);
    CU_ASSERT_EQUAL(fabric->roll_ps, machine->curve_window_ps);
    const uint32_t link = machine->links[0].resource[1], node = machine->nodes[1].resource[NSIM_DIR_READ];
    CU_ASSERT_EQUAL(nsim_fabric_load_ppm(fabric, link), 0);
    /* 100 lines a microsecond: 400 ns of the link, 100 ns of the node. One window counts an eighth. */
    NsimTime t_ps = load_steadily(fabric, nsim_fabric_engine_agent(fabric, 0), 1, NSIM_DIR_READ, 0, 100, 1);
    CU_ASSERT_EQUAL(nsim_fabric_load_ppm(fabric, link), 50000);
    (void)load_steadily(fabric, nsim_fabric_engine_agent(fabric, 0), 1, NSIM_DIR_READ, t_ps, 100, 200);
    CU_ASSERT_TRUE(nsim_fabric_load_ppm(fabric, link) > 399900 && nsim_fabric_load_ppm(fabric, link) <= 400000);
    CU_ASSERT_TRUE(nsim_fabric_load_ppm(fabric, node) > 99900 && nsim_fabric_load_ppm(fabric, node) <= 100000);
    CU_ASSERT_EQUAL(nsim_fabric_load_ppm(fabric, machine->links[0].resource[0]), 0);
    CU_ASSERT_EQUAL(nsim_fabric_load_ppm(fabric, 0), 0);
    nsim_fabric_free(fabric);
}

/* A loaded link and a curve under watch keep what they do, and tell their load too. */
static void
test_watch_dynamic(void)
{
    g_autoptr(NsimMachine) machine = test_machine(
        "nodes: [{id: D, kind: dram, capacity: 1GiB, curve: {mixes: [{reads: 1, points: {0GB/s: 80ns, 64GB/s: "
        "180ns}}]}}]\n"
        "accessors: [{id: A}]\n"
        "links: [{id: l, between: [A, D], bandwidth: 128GB/s, latency: 20ns, loaded: {0GB/s: 0ns, 64GB/s: 64ns}}]\n");
    NsimFabric *fabric = nsim_fabric_new(machine);
    nsim_fabric_watch(fabric);
    (void)load_steadily(fabric, 0, 0, NSIM_DIR_READ, 0, 500, 200);
    const uint32_t link = machine->links[0].resource[1], node = machine->nodes[0].resource[NSIM_DIR_READ];
    CU_ASSERT_TRUE(fabric->servers[link].floor_ps > 31900 && fabric->servers[link].floor_ps <= 32000);
    CU_ASSERT_TRUE(fabric->servers[node].floor_ps > 49900 && fabric->servers[node].floor_ps <= 50000);
    CU_ASSERT_TRUE(nsim_fabric_load_ppm(fabric, link) > 249900 && nsim_fabric_load_ppm(fabric, link) <= 250000);
    CU_ASSERT_TRUE(nsim_fabric_load_ppm(fabric, node) > 499900 && nsim_fabric_load_ppm(fabric, node) <= 500000);
    nsim_fabric_free(fabric);
}

bool
test_fabric_register(void)
{
    CU_pSuite suite = CU_add_suite("fabric", NULL, NULL);
    return suite && CU_add_test(suite, "agents", test_agents) &&
           CU_add_test(suite, "curve loaded by an engine", test_curve_by_engine) &&
           CU_add_test(suite, "loaded links", test_loaded_links) && CU_add_test(suite, "watch", test_watch) &&
           CU_add_test(suite, "watch with curves", test_watch_dynamic);
}
