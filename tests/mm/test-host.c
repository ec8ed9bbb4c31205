/* SPDX-License-Identifier: MIT */
/*
 * Goal: the core answers a policy's questions truly, executes sound decisions in the documented order and fails the run
 * on others. Method: policies made for one case each; machines and placements worked out by hand.
 */
#include "test-mm.h"

#include "box.h"

#include <string.h>

#include <CUnit/CUnit.h>

/* ---- A policy that records what happens to it ------------------------------------------------------------------- */

typedef struct {
    uint32_t attach_count, detach_count, fault_calls, fault_count, pressure_count;
    uint64_t need;
    NsimNodeId pressed;
    GString *timers;
    NsimFault last;
    bool refuse;
    /* What to do under pressure: drop all copies of this page, or place pages with fall-back on the full node. */
    NsimSpace *drop_from;
    bool place_again;
} Log;

static void *
log_attach(NsimHost *host, const void *config, GError **error)
{
    /* The test owns the record; the config pointer leads to it. */
    Log *log = *(Log *const *)config;
    (void)host;
    log->attach_count++;
    if (!log->refuse)
        return log;
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "refused");
    return NULL;
}

static void
log_detach(void *self, NsimHost *host)
{
    Log *log = self;
    (void)host;
    log->detach_count++;
}

static void
log_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    Log *log = self;
    (void)host;
    log->fault_calls++;
    log->fault_count += count;
    log->last = faults[count - 1];
}

static void
log_timer(void *self, NsimHost *host, uint64_t cookie)
{
    Log *log = self;
    g_string_append_printf(log->timers, "%u ", (unsigned)cookie);
    if (cookie == 9)
        CU_ASSERT_TRUE(nsim_set_timer(host, 50, 10));
}

static void
log_pressure(void *self, NsimHost *host, NsimNodeId node, uint64_t need)
{
    Log *log = self;
    log->pressure_count++;
    log->pressed = node;
    log->need = need;
    if (log->drop_from != NULL)
        CU_ASSERT_EQUAL(nsim_space_drop_copies(log->drop_from, 0), 1);
    if (log->place_again)
        CU_ASSERT_EQUAL(nsim_place(host, 0, 2000, 5, node, 0, NSIM_PLACE_FALLBACK), 5);
}

static const NsimCounter log_counters[] = { { "one", "pages", "first" }, { "two", "pages", "second" } };

static const NsimPolicyClass log_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "log",
    .counters = log_counters,
    .counter_count = 2,
    .attach = log_attach,
    .detach = log_detach,
    .faults = log_faults,
    .timer = log_timer,
    .pressure = log_pressure,
};

/* D0 and D1 of 1 MiB (256 pages), X of 4 MiB; one space of 8 MiB. */
static NsimHost *
open_logged(Box *box, Log *log)
{
    g_autofree char *yaml = box_yaml(1, 4);
    box_open(box, yaml);
    (void)box_add(box, "w", 4, 1);
    CU_ASSERT_TRUE(box_attach(box, &log_class, &log, NULL));
    return &box->mm->host;
}

/* ---- Questions ------------------------------------------------------------------------------------------------- */

static void
test_questions(void)
{
    Log log = { 0 };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    NsimNodeInfo node;
    NsimAccessorInfo accessor;
    NsimRouteInfo route;
    NsimSpaceInfo space;
    NsimRegionInfo region;

    CU_ASSERT_EQUAL(nsim_node_count(host), 3);
    CU_ASSERT_EQUAL(nsim_accessor_count(host), 2);
    CU_ASSERT_EQUAL(nsim_space_count(host), 1);
    CU_ASSERT_TRUE(nsim_node_info(host, 2, &node));
    CU_ASSERT_STRING_EQUAL(node.id, "X");
    CU_ASSERT_EQUAL(node.nid, 2);
    CU_ASSERT_EQUAL(node.kind, NSIM_NODE_CXL);
    CU_ASSERT_EQUAL(node.capacity_pages, 1024);
    CU_ASSERT_EQUAL(node.read_bytes_per_s, 10000000000);
    CU_ASSERT_EQUAL(node.struct_size, sizeof node);
    CU_ASSERT_TRUE(nsim_accessor_info(host, 1, &accessor));
    CU_ASSERT_STRING_EQUAL(accessor.id, "C1");
    CU_ASSERT_EQUAL(accessor.core_count, 4);
    CU_ASSERT_TRUE(nsim_route_info(host, 1, 0, &route));
    CU_ASSERT_EQUAL(route.reachable, 1);
    CU_ASSERT_EQUAL(route.latency_read_ps, 300 * NSIM_NS);
    CU_ASSERT_EQUAL(route.read_bytes_per_s, 20000000000);
    CU_ASSERT_TRUE(nsim_space_info(host, 0, &space));
    CU_ASSERT_EQUAL(space.page_bytes, 4096);
    CU_ASSERT_STRING_EQUAL(space.workload, "w");
    CU_ASSERT_EQUAL(space.page_count, 2048);
    CU_ASSERT_EQUAL(space.region_count, 1);
    CU_ASSERT_TRUE(nsim_region_info(host, 0, 0, &region));
    CU_ASSERT_STRING_EQUAL(region.name, "data");
    CU_ASSERT_EQUAL(region.count, 2048);
    CU_ASSERT_EQUAL(region.unit_pages, 1);
    CU_ASSERT_EQUAL(region.address, (uint64_t)0x80000 << 21);
    CU_ASSERT_EQUAL(nsim_node_by_id(host, "X"), 2);
    CU_ASSERT_EQUAL(nsim_node_by_id(host, "1"), 1);
    CU_ASSERT_EQUAL(nsim_node_by_id(host, "x"), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_node_by_rank(host, 0, 0), 0);
    CU_ASSERT_EQUAL(nsim_node_by_rank(host, 0, 1), 2);
    CU_ASSERT_EQUAL(nsim_node_by_rank(host, 0, 2), 1);
    CU_ASSERT_EQUAL(nsim_free_pages(host, 0), 256);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 7), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_place(host, 0, 7, 1, 2, 0, 0), 1);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 7), 2);
    CU_ASSERT_EQUAL(nsim_free_pages(host, 2), 1023);
    box.mm->now_ps = 77;
    CU_ASSERT_EQUAL(nsim_now(host), 77);
    nsim_counters(host)[1] += 3;
    CU_ASSERT_EQUAL(nsim_mm_counters(box.mm)[0], 0);
    CU_ASSERT_EQUAL(nsim_mm_counters(box.mm)[1], 3);
    CU_ASSERT_PTR_NULL(box.mm->failure);
    box_close(&box);
}

/* What does not exist has no answer, and asking is no failure. */
static void
test_questions_out_of_range(void)
{
    Log log = { 0 };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    NsimNodeInfo node;
    NsimAccessorInfo accessor;
    NsimRouteInfo route;
    NsimSpaceInfo space;
    NsimRegionInfo region;
    NsimRouteHop hops[8];
    NsimTime gap_ps;
    uint32_t lines[4];
    CU_ASSERT_FALSE(nsim_node_info(host, 3, &node));
    CU_ASSERT_FALSE(nsim_node_info(host, NSIM_NODE_NONE, &node));
    CU_ASSERT_FALSE(nsim_accessor_info(host, 2, &accessor));
    CU_ASSERT_FALSE(nsim_route_info(host, 2, 0, &route));
    CU_ASSERT_FALSE(nsim_route_info(host, 0, 3, &route));
    CU_ASSERT_FALSE(nsim_space_info(host, 1, &space));
    CU_ASSERT_FALSE(nsim_region_info(host, 1, 0, &region));
    CU_ASSERT_FALSE(nsim_region_info(host, 0, 1, &region));
    CU_ASSERT_EQUAL(nsim_node_by_rank(host, 2, 0), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_node_by_rank(host, 0, 3), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_free_pages(host, 3), 0);
    CU_ASSERT_EQUAL(nsim_page_node(host, 1, 0), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 2048), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_route_hops(host, 2, 0, false, 8, hops), 0);
    CU_ASSERT_EQUAL(nsim_route_hops(host, 0, 3, false, 8, hops), 0);
    /* Not a policy that may see the future. */
    CU_ASSERT_FALSE(nsim_future_lines(host, 0, 0, 0, 4, lines, NULL));
    CU_ASSERT_FALSE(nsim_future_compute(host, 0, &gap_ps, lines));
    CU_ASSERT_PTR_NULL(box.mm->failure);
    box_close(&box);
}

/* A plug-in built when a struct was shorter gets what it has room for, and nothing behind it is written. */
static void
test_shorter_structs(void)
{
    Log log = { 0 };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    NsimNodeInfo node;
    const uint32_t short_size = offsetof(NsimNodeInfo, capacity_pages);
    memset(&node, 0x5a, sizeof node);
    node.struct_size = short_size;
    CU_ASSERT_TRUE(host->ops->node_info(host, 1, &node));
    CU_ASSERT_EQUAL(node.struct_size, short_size);
    CU_ASSERT_EQUAL(node.nid, 1);
    CU_ASSERT_STRING_EQUAL(node.id, "D1");
    CU_ASSERT_EQUAL(node.capacity_pages, 0x5a5a5a5a5a5a5a5a);
    CU_ASSERT_EQUAL(node.write_bytes_per_s, 0x5a5a5a5a5a5a5a5a);
    struct {
        uint32_t struct_size, guard;
    } tiny = { sizeof tiny.struct_size, 0x5a5a5a5a };
    CU_ASSERT_TRUE(host->ops->space_info(host, 0, (NsimSpaceInfo *)(void *)&tiny));
    CU_ASSERT_EQUAL(tiny.struct_size, 4);
    CU_ASSERT_EQUAL(tiny.guard, 0x5a5a5a5a);
    /* Decisions: what the caller's struct lacks counts as zero; accessor and node lie behind `space`. */
    const NsimDecision arm = { .struct_size = offsetof(NsimDecision, node),
                               .kind = NSIM_DECIDE_ARM,
                               .count = 4,
                               .page = 10,
                               .node = 99,
                               .accessor = 99 };
    const NsimDecision place = { .struct_size = offsetof(NsimDecision, node),
                                 .kind = NSIM_DECIDE_PLACE,
                                 .count = 4,
                                 .page = 10,
                                 .node = 99,
                                 .accessor = 99 };
    CU_ASSERT_EQUAL(host->ops->decide(host, &place), 4);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 10), 0);
    CU_ASSERT_EQUAL(host->ops->decide(host, &arm), 4);
    /* Newer plug-ins' longer structs: the rest is ignored. */
    struct {
        NsimDecision decision;
        uint64_t later;
    } longer = { .decision = { .struct_size = sizeof longer, .kind = NSIM_DECIDE_DISARM, .count = 4, .page = 10 },
                 .later = UINT64_MAX };
    CU_ASSERT_EQUAL(host->ops->decide(host, &longer.decision), 4);
    CU_ASSERT_PTR_NULL(box.mm->failure);
    box_close(&box);
}

static void
test_route_hops(void)
{
    Log log = { 0 };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    NsimRouteHop hops[8];
    memset(hops, 0x5a, sizeof hops);
    CU_ASSERT_EQUAL(nsim_resource_count(host), box.machine->resource_count);
    /* From C0 to D1: the node at 20 GB/s (3200 ps a line) and two links at 30 GB/s. */
    const uint32_t count = nsim_route_hops(host, 0, 1, false, 8, hops);
    CU_ASSERT_EQUAL_FATAL(count, 3);
    uint32_t slowest_ps = 0;
    for (uint32_t h = 0; h < count; h++) {
        CU_ASSERT_TRUE(hops[h].resource > 0 && hops[h].resource < nsim_resource_count(host));
        slowest_ps = MAX(slowest_ps, hops[h].service_ps);
    }
    CU_ASSERT_EQUAL(slowest_ps, 3200);
    hops[1].resource = 0x5a5a5a5a;
    CU_ASSERT_EQUAL(nsim_route_hops(host, 0, 1, false, 1, hops), 1);
    CU_ASSERT_EQUAL(hops[1].resource, 0x5a5a5a5a);
    CU_ASSERT_EQUAL(nsim_route_hops(host, 0, 1, false, 0, NULL), 0);
    box_close(&box);

    /* A node with a curve: its highest measured rate at that mix. */
    box_open(&box, "nodes:\n"
                   "  - {id: D, kind: dram, capacity: 1MiB, at: C, curve: {source: invented, mixes: [\n"
                   "      {reads: 100%, points: {1GB/s: 100ns, 20GB/s: 300ns}},\n"
                   "      {reads: 50%, points: {1GB/s: 100ns, 10GB/s: 300ns}}]}}\n"
                   "accessors: [{id: C}]\n");
    (void)box_add(&box, "w", 1, 1);
    box_start(&box);
    CU_ASSERT_EQUAL_FATAL(nsim_route_hops(&box.mm->host, 0, 0, false, 8, hops), 1);
    CU_ASSERT_EQUAL(hops[0].service_ps, 3200);
    CU_ASSERT_EQUAL_FATAL(nsim_route_hops(&box.mm->host, 0, 0, true, 8, hops), 1);
    CU_ASSERT_EQUAL(hops[0].service_ps, 6400);
    box_close(&box);
}

static void
test_future(void)
{
    uint32_t c0_reads[2048] = { [3] = 30, [4] = 40, [5] = 50 }, c0_writes[2048] = { [4] = 4 };
    uint32_t *reads[] = { c0_reads, NULL }, *writes[] = { c0_writes, NULL };
    NsimTime gap_ps[] = { 1000, 0 };
    uint32_t window[] = { 64, 0 };
    const NsimFuture future = { .accessor_count = 2,
                                .space_count = 1,
                                .reads = reads,
                                .writes = writes,
                                .gap_ps = gap_ps,
                                .window_lines = window };
    Log log = { 0 };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    box.mm->future = &future;
    uint32_t r[3] = { 9, 9, 9 }, w[3] = { 9, 9, 9 }, lines = 0;
    NsimTime gap = 0;
    CU_ASSERT_TRUE(nsim_future_lines(host, 0, 0, 3, 3, r, w));
    CU_ASSERT_TRUE(r[0] == 30 && r[1] == 40 && r[2] == 50 && w[0] == 0 && w[1] == 4 && w[2] == 0);
    CU_ASSERT_TRUE(nsim_future_lines(host, 0, 1, 3, 3, r, NULL)); /* touches nothing: zeros */
    CU_ASSERT_TRUE(r[0] == 0 && r[1] == 0 && r[2] == 0);
    CU_ASSERT_TRUE(nsim_future_lines(host, 0, 0, 2048, 0, r, w));
    CU_ASSERT_FALSE(nsim_future_lines(host, 0, 0, 2046, 3, r, w));
    CU_ASSERT_FALSE(nsim_future_lines(host, 0, 0, UINT64_MAX, 1, r, w));
    CU_ASSERT_FALSE(nsim_future_lines(host, 1, 0, 0, 1, r, w));
    CU_ASSERT_FALSE(nsim_future_lines(host, 0, 2, 0, 1, r, w));
    CU_ASSERT_TRUE(nsim_future_compute(host, 0, &gap, &lines));
    CU_ASSERT_TRUE(gap == 1000 && lines == 64);
    CU_ASSERT_FALSE(nsim_future_compute(host, 2, &gap, &lines));
    box_close(&box);
}

/* ---- Decisions -------------------------------------------------------------------------------------------------- */

static void
test_bad_decisions(void)
{
    static const struct {
        NsimDecision decision;
        const char *message;
    } cases[] = {
        { { .kind = NSIM_DECIDE_PLACE, .space = 1, .count = 1 }, "an address space that does not exist" },
        { { .kind = NSIM_DECIDE_ARM, .page = 2048, .count = 1 }, "pages beyond the end of the address space" },
        { { .kind = NSIM_DECIDE_DISARM, .page = 1, .count = 2048 }, "pages beyond the end of the address space" },
        { { .kind = NSIM_DECIDE_ARM, .page = UINT64_MAX, .count = 1 }, "pages beyond the end of the address space" },
        { { .kind = NSIM_DECIDE_PLACE, .page = UINT64_MAX - 3, .count = 5 }, "pages beyond the end of the address space" },
        { { .kind = NSIM_DECIDE_PLACE, .count = UINT32_MAX }, "pages beyond the end of the address space" },
        { { .kind = NSIM_DECIDE_PLACE, .node = 3, .count = 1 }, "a node that does not exist" },
        { { .kind = NSIM_DECIDE_PLACE, .node = NSIM_NODE_NONE, .count = 1 }, "a node that does not exist" },
        { { .kind = NSIM_DECIDE_PLACE, .accessor = 2, .count = 1 }, "an accessor that does not exist" },
        { { .kind = NSIM_DECIDE_MOVE + 1, .count = 1 }, "a kind of decision this version does not know" },
        { { .kind = NSIM_DECIDE_MOVE, .queue = 1, .node = 3, .count = 1 }, "a node that does not exist" },
        { { .kind = NSIM_DECIDE_MOVE, .queue = NSIM_QUEUES_MAX, .count = 1 }, "a queue that does not exist" },
        { { .kind = NSIM_DECIDE_MOVE, .queue = 1, .reason = NSIM_REASONS, .count = 1 }, "a reason this version does not know" },
        { { .kind = NSIM_DECIDE_MOVE, .count = 1 }, "a move in queue 0, which is for faults, outside one" },
        { { .kind = NSIM_DECIDE_MOVE, .queue = 1, .flags = NSIM_MOVE_EXCHANGE, .partner = 2048, .count = 1 },
          "an exchange with pages beyond the end of the address space" },
        { { .kind = NSIM_DECIDE_MOVE, .queue = 1, .count = 1 }, "a move where nothing can move" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Log log = { 0 };
        Box box;
        NsimHost *host = open_logged(&box, &log);
        NsimDecision decision = cases[i].decision;
        decision.struct_size = sizeof decision;
        g_autofree char *expected = g_strdup_printf("policy 'log' decided on %s", cases[i].message);
        CU_ASSERT_EQUAL(host->ops->decide(host, &decision), 0);
        CU_ASSERT_STRING_EQUAL(box.mm->failure, expected);
        /* The first complaint stands, and no fault is served any more. */
        nsim_fail(host, "something else");
        CU_ASSERT_STRING_EQUAL(box.mm->failure, expected);
        CU_ASSERT_FALSE(box_touch(&box, 0, 0, 1, 0));
        CU_ASSERT_EQUAL(box.spaces[0]->resident_count, 0);
        box_close(&box);
    }
}

static void
test_fallback_order(void)
{
    Log log = { 0 };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    /* Without the flag a full node is the end. */
    CU_ASSERT_EQUAL(nsim_place(host, 0, 0, 300, 0, 0, 0), 256);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 256), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(box.mm->vmstat.numa_hit, 256);
    CU_ASSERT_EQUAL(box.mm->vmstat.numa_miss, 0);
    /* From C1: the wanted node D0 is full, then D1, X; the node asked for is not tried twice. */
    CU_ASSERT_EQUAL(nsim_place(host, 0, 256, 300, 0, 1, NSIM_PLACE_FALLBACK), 300);
    CU_ASSERT_EQUAL(nsim_free_pages(host, 1), 0);
    CU_ASSERT_EQUAL(nsim_free_pages(host, 2), 1024 - 44);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 511), 1);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 512), 2);
    CU_ASSERT_EQUAL(box.mm->vmstat.numa_hit, 256);
    CU_ASSERT_EQUAL(box.mm->vmstat.numa_miss, 300);
    box_close(&box);

    /* By default: nearest to the toucher first, from both sides. */
    host = open_logged(&box, &log);
    CU_ASSERT_TRUE(box_touch(&box, 0, 0, 512, 0));
    CU_ASSERT_EQUAL(box_count(&box, 0, 0), 256);
    CU_ASSERT_EQUAL(box_count(&box, 0, 2), 256);
    CU_ASSERT_TRUE(box_touch(&box, 0, 512, 512, 1));
    CU_ASSERT_EQUAL(box_count(&box, 0, 1), 256);
    CU_ASSERT_EQUAL(box_count(&box, 0, 2), 512);
    CU_ASSERT_TRUE(box_touch(&box, 0, 1024, 512, 1));
    CU_ASSERT_EQUAL(nsim_free_pages(host, 2), 0);
    /* Everything is full now. */
    CU_ASSERT_FALSE(box_touch(&box, 0, 1536, 1, 1));
    CU_ASSERT_STRING_EQUAL(box.mm->failure, "out of memory: workload 'w' needs more pages than the nodes that accessor "
                                            "'C1' reaches have left");
    box_close(&box);
}

/* A hint fault places nothing; a fault on pages that are there moves nothing. */
static void
test_faults_without_effect(void)
{
    Log log = { 0 };
    Box box;
    (void)open_logged(&box, &log);
    const NsimFault hint = { .page = 5, .count = 1, .kind = NSIM_FAULT_HINT };
    CU_ASSERT_TRUE(nsim_mm_fault(box.mm, &hint, 1));
    CU_ASSERT_EQUAL(log.last.page, 5);
    CU_ASSERT_EQUAL(box.spaces[0]->resident_count, 0);
    CU_ASSERT_TRUE(box_touch(&box, 0, 5, 2, 0));
    CU_ASSERT_TRUE(box_touch(&box, 0, 4, 4, 1));
    g_autofree char *picture = box_picture(&box, 0, 3, 6);
    CU_ASSERT_STRING_EQUAL(picture, ".1001.");
    CU_ASSERT_EQUAL(log.fault_calls, 3);
    box_close(&box);
}

static void
test_pressure(void)
{
    Log log = { 0 };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    /* D0 holds 255 pages and a copy of a page on X. */
    CU_ASSERT_EQUAL(nsim_place(host, 0, 0, 1, 2, 0, 0), 1);
    CU_ASSERT_TRUE(nsim_space_add_copy(box.spaces[0], 0, 0));
    CU_ASSERT_EQUAL(nsim_place(host, 0, 1, 255, 0, 0, 0), 255);
    CU_ASSERT_EQUAL(log.pressure_count, 0);
    /* Nothing freed: asked once for each node, the allocation falls back. */
    CU_ASSERT_EQUAL(nsim_place(host, 0, 300, 3, 0, 0, 0), 0);
    CU_ASSERT_TRUE(log.pressure_count == 1 && log.pressed == 0 && log.need == 3);
    CU_ASSERT_EQUAL(nsim_place(host, 0, 300, 3, 0, 0, NSIM_PLACE_FALLBACK), 3);
    CU_ASSERT_EQUAL(log.pressure_count, 2);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 300), 2);
    /* The copy is given up: one page fits, the other two fall back. */
    log.drop_from = box.spaces[0];
    CU_ASSERT_EQUAL(nsim_place(host, 0, 310, 3, 0, 0, NSIM_PLACE_FALLBACK), 3);
    CU_ASSERT_EQUAL(log.pressure_count, 3);
    g_autofree char *picture = box_picture(&box, 0, 309, 5);
    CU_ASSERT_STRING_EQUAL(picture, ".022.");
    /* A decision under pressure does not bring about more pressure. */
    log.drop_from = NULL;
    log.place_again = true;
    const NsimVmstat before = box.mm->vmstat;
    CU_ASSERT_EQUAL(nsim_place(host, 0, 320, 1, 0, 0, NSIM_PLACE_FALLBACK), 1);
    CU_ASSERT_EQUAL(box.mm->vmstat.numa_hit, before.numa_hit);
    CU_ASSERT_EQUAL(box.mm->vmstat.numa_miss, before.numa_miss + 6); /* each page once: one, and five under pressure */
    CU_ASSERT_EQUAL(log.pressure_count, 4);
    CU_ASSERT_EQUAL(nsim_page_node(host, 0, 2004), 2);
    CU_ASSERT_PTR_NULL(box.mm->failure);
    box_close(&box);
}

/* ---- Loading ---------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t calls, faults;
    uint64_t pages;
    bool good;
} Loads;

static Loads loads;

static void *
loads_attach(NsimHost *host, const void *config, GError **error)
{
    (void)host, (void)config, (void)error;
    loads = (Loads){ .good = true };
    return &loads;
}

static void
loads_detach(void *self, NsimHost *host)
{
    (void)self, (void)host;
}

static void
loads_faults(void *self, NsimHost *host, const NsimFault *faults, uint32_t count)
{
    Loads *seen = self;
    (void)host;
    seen->calls++;
    for (uint32_t i = 0; i < count; i++) {
        const NsimFault *fault = &faults[i];
        seen->faults++;
        seen->pages += fault->count;
        seen->good = seen->good && fault->kind == NSIM_FAULT_LOAD && fault->write == 1 && fault->accessor == 1 &&
                     fault->count > 0 && fault->page / 512 == (fault->page + fault->count - 1) / 512;
    }
}

static const NsimPolicyClass loads_class = { .abi_version = NSIM_ABI_VERSION,
                                             .struct_size = sizeof(NsimPolicyClass),
                                             .name = "loads",
                                             .attach = loads_attach,
                                             .detach = loads_detach,
                                             .faults = loads_faults };

static void
test_load(void)
{
    static const uint64_t frames[] = { 1, 2, 3 };
    /* Pages 1..1 and 3..1026; the rest has no name. */
    static const NsimSpaceRange ranges[] = { { "a", (2u << 20) + 4096, 4096 },
                                             { "b", (2u << 20) + 12288, 1024 * 4096 } };
    g_autofree char *yaml = box_yaml(2, 64);
    Box box;
    box_open(&box, yaml);
    (void)box_add_ranges(&box, "w", frames, 3, ranges, 2, 1);
    CU_ASSERT_TRUE(box_attach(&box, &loads_class, NULL, NULL));
    CU_ASSERT_TRUE(nsim_mm_load(box.mm, 0, 1));
    CU_ASSERT_TRUE(loads.good);
    CU_ASSERT_EQUAL(loads.pages, 1025);
    CU_ASSERT_EQUAL(loads.faults, 4);
    CU_ASSERT_EQUAL(loads.calls, 1);
    CU_ASSERT_EQUAL(box.spaces[0]->resident_count, 1025);
    CU_ASSERT_EQUAL(box.mm->vmstat.pgfault, 0); /* loading takes no simulated time and no faults of the trace */
    g_autofree char *head = box_picture(&box, 0, 0, 5), *tail = box_picture(&box, 0, 1024, 5);
    CU_ASSERT_STRING_EQUAL(head, ".1.11");
    CU_ASSERT_STRING_EQUAL(tail, "222..");
    box_close(&box);

    /* More faults than one batch holds, the last of them full. */
    box_open(&box, yaml);
    (void)box_add(&box, "w", 32, 1);
    (void)box_add(&box, "v", 31, 1);
    CU_ASSERT_TRUE(box_attach(&box, &loads_class, NULL, NULL));
    CU_ASSERT_TRUE(nsim_mm_load(box.mm, 0, 1));
    CU_ASSERT_EQUAL(loads.pages, (uint64_t)32 * 512);
    CU_ASSERT_EQUAL(loads.faults, 32);
    /* The second does not fit. */
    CU_ASSERT_FALSE(nsim_mm_load(box.mm, 1, 1));
    CU_ASSERT_PTR_NOT_NULL_FATAL(box.mm->failure);
    CU_ASSERT_PTR_NOT_NULL(strstr(box.mm->failure, "out of memory: workload 'v'"));
    box_close(&box);

    box_open(&box, yaml);
    (void)box_add_ranges(&box, "nameless", frames, 3, NULL, 0, 1);
    CU_ASSERT_TRUE(box_attach(&box, &loads_class, NULL, NULL));
    CU_ASSERT_TRUE(nsim_mm_load(box.mm, 0, 1));
    CU_ASSERT_EQUAL(loads.pages, 1536);
    box_close(&box);

    /* Without names a gap between the frames makes several regions: still all of them. */
    static const uint64_t apart[] = { 1, 3, 9 };
    box_open(&box, yaml);
    (void)box_add_ranges(&box, "nameless", apart, 3, NULL, 0, 1);
    CU_ASSERT_TRUE(box_attach(&box, &loads_class, NULL, NULL));
    CU_ASSERT_TRUE(nsim_mm_load(box.mm, 0, 1));
    CU_ASSERT_EQUAL(loads.pages, 1536);
    box_close(&box);
}

/* ---- Timers, life ------------------------------------------------------------------------------------------------ */

static void
test_timers(void)
{
    Log log = { .timers = g_string_new(NULL) };
    Box box;
    NsimHost *host = open_logged(&box, &log);
    box.mm->now_ps = 10;
    CU_ASSERT_FALSE(nsim_set_timer(host, 9, 1));
    CU_ASSERT_TRUE(nsim_set_timer(host, 40, 4));
    CU_ASSERT_TRUE(nsim_set_timer(host, 30, 3));
    CU_ASSERT_TRUE(nsim_set_timer(host, 30, 5)); /* same time: in the order they were set */
    CU_ASSERT_TRUE(nsim_set_timer(host, 10, 2)); /* now is not past */
    CU_ASSERT_TRUE(nsim_set_timer(host, 45, 9)); /* sets another from within */
    CU_ASSERT_TRUE(nsim_set_timer(host, 90, 7));
    CU_ASSERT_EQUAL(nsim_event_queue_run(box.events, 60), 6);
    CU_ASSERT_STRING_EQUAL(log.timers->str, "2 3 5 4 9 10 ");
    /* A policy that is gone is not called. */
    nsim_mm_detach(box.mm);
    CU_ASSERT_EQUAL(nsim_event_queue_run(box.events, 100), 1);
    CU_ASSERT_STRING_EQUAL(log.timers->str, "2 3 5 4 9 10 ");
    CU_ASSERT_EQUAL(log.detach_count, 1);
    box_close(&box);
    CU_ASSERT_EQUAL(log.detach_count, 1);
    g_string_free(log.timers, TRUE);
}

static void
test_life(void)
{
    Log log = { .refuse = true }, *config = &log;
    g_autofree char *yaml = box_yaml(1, 4);
    g_autoptr(GError) error = NULL;
    Box box;
    box_open(&box, yaml);
    (void)box_add(&box, "w", 1, 1);
    CU_ASSERT_FALSE(box_attach(&box, &log_class, &config, &error));
    CU_ASSERT_STRING_EQUAL(error->message, "refused");
    box_close(&box);
    CU_ASSERT_TRUE(log.attach_count == 1 && log.detach_count == 0);

    /* Without any policy the default places. */
    box_open(&box, yaml);
    (void)box_add(&box, "w", 1, 1);
    box_start(&box);
    CU_ASSERT_TRUE(box_touch(&box, 0, 0, 512, 1));
    CU_ASSERT_EQUAL(box_count(&box, 0, 1), 256);
    nsim_fail(&box.mm->host, "enough");
    CU_ASSERT_STRING_EQUAL(box.mm->failure, "policy '': enough");
    box_close(&box);
    nsim_mm_free(NULL);
}

/* The stream depends on the seed and on nothing else. */
static void
test_random_stream(void)
{
    uint64_t drawn[3][4];
    g_autofree char *yaml = box_yaml(1, 4);
    for (uint64_t i = 0; i < 3; i++) {
        Box box;
        box_open(&box, yaml);
        (void)box_add(&box, "w", 1, 1);
        box.mm = nsim_mm_new(box.machine, box.memory, box.spaces, 1, box.events, i / 2 + 1);
        for (int k = 0; k < 4; k++)
            drawn[i][k] = nsim_random_next(&box.mm->host);
        box_close(&box);
    }
    CU_ASSERT_EQUAL(memcmp(drawn[0], drawn[1], sizeof drawn[0]), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(drawn[0], drawn[2], sizeof drawn[0]), 0);
    CU_ASSERT_NOT_EQUAL(drawn[0][0], drawn[0][1]);
}

bool
test_host_register(void)
{
    CU_pSuite suite = CU_add_suite("host", NULL, NULL);
    return suite && CU_add_test(suite, "questions", test_questions) &&
           CU_add_test(suite, "questions out of range", test_questions_out_of_range) &&
           CU_add_test(suite, "shorter and longer structs", test_shorter_structs) &&
           CU_add_test(suite, "hops of a route", test_route_hops) && CU_add_test(suite, "future", test_future) &&
           CU_add_test(suite, "bad decisions", test_bad_decisions) &&
           CU_add_test(suite, "fall-back order", test_fallback_order) &&
           CU_add_test(suite, "faults without effect", test_faults_without_effect) &&
           CU_add_test(suite, "pressure", test_pressure) && CU_add_test(suite, "loading", test_load) &&
           CU_add_test(suite, "timers", test_timers) && CU_add_test(suite, "life", test_life) &&
           CU_add_test(suite, "random stream", test_random_stream);
}
