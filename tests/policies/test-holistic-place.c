/* SPDX-License-Identifier: MIT */
/*
 * Goal: pages go where all their accessors together wait least, or by the other rules; room, victims, quota, hysteresis
 * and rest are respected. Method: the seed's table of latencies, a host that moves at once, cases worked out by hand.
 */
#include "test-policies.h"

#include <CUnit/CUnit.h>
#include <policies/holistic-place.h>
#include <string.h>

#define PAGES 64u
#define NODES 4u
#define PAGE_BYTES 4096u

typedef struct {
    NsimHost host; /* first */
    NsimNodeId node[PAGES];
    uint64_t capacity[NODES];
    uint32_t moves, exchanges;
} Fake;

/* DRAM1, CXL1, DRAM2, CXL2 as CPU1 and CPU2 see them, in ns. */
static const uint64_t latencies[2][NODES] = {{100, 200, 500, 600}, {500, 600, 100, 200}};

static Fake *
fake_of(const NsimHost *host)
{
    return (Fake *)(uintptr_t)host;
}

static uint32_t
fake_node_count(const NsimHost *host)
{
    (void)host;
    return NODES;
}

static uint32_t
fake_space_count(const NsimHost *host)
{
    (void)host;
    return 1;
}

static bool
fake_node_info(const NsimHost *host, NsimNodeId node, NsimNodeInfo *info)
{
    *info = (NsimNodeInfo){.kind = node % 2 == 0 ? NSIM_NODE_DRAM : NSIM_NODE_CXL,
                           .capacity_pages = fake_of(host)->capacity[node]};
    return node < NODES;
}

static bool
fake_route_info(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteInfo *info)
{
    (void)host;
    *info = (NsimRouteInfo){.reachable = 1, .latency_read_ps = latencies[accessor][node] * 1000};
    return true;
}

static bool
fake_space_info(const NsimHost *host, NsimSpaceId space, NsimSpaceInfo *info)
{
    (void)host;
    *info = (NsimSpaceInfo){.region_count = 1, .page_count = PAGES, .page_bytes = PAGE_BYTES};
    return space == 0;
}

static bool
fake_region_info(const NsimHost *host, NsimSpaceId space, uint32_t region, NsimRegionInfo *info)
{
    (void)host;
    (void)space;
    *info = (NsimRegionInfo){.unit_pages = 1, .count = PAGES, .name = ""};
    return region == 0;
}

static bool
fake_page_at(const NsimHost *host, NsimSpaceId space, uint64_t address, NsimPage *ret_page)
{
    (void)host;
    (void)space;
    *ret_page = (NsimPage)(address / PAGE_BYTES);
    return *ret_page < PAGES;
}

static NsimNodeId
fake_page_node(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    (void)space;
    return fake_of(host)->node[page];
}

static uint64_t
fake_free_pages(const NsimHost *host, NsimNodeId node)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < PAGES; i++)
        used += fake_of(host)->node[i] == node;
    return fake_of(host)->capacity[node] - used;
}

static uint64_t
fake_queue_pages(const NsimHost *host, uint32_t queue)
{
    (void)host;
    (void)queue;
    return 0;
}

static uint64_t
fake_decide(NsimHost *host, const NsimDecision *decision)
{
    Fake *fake = fake_of(host);
    const bool exchange = (decision->flags & NSIM_MOVE_EXCHANGE) != 0;
    fake->moves += !exchange;
    fake->exchanges += exchange;
    for (uint32_t i = 0; i < decision->count; i++) {
        if (exchange) {
            CU_ASSERT_EQUAL(fake->node[decision->partner + i], decision->node);
            fake->node[decision->partner + i] = fake->node[decision->page + i];
        } else {
            CU_ASSERT_TRUE(fake_free_pages(host, decision->node) > 0);
        }
        fake->node[decision->page + i] = decision->node;
    }
    return 1;
}

static const NsimHostOps fake_ops = {.struct_size = sizeof(NsimHostOps),
                                     .abi_version = NSIM_ABI_VERSION,
                                     .node_count = fake_node_count,
                                     .space_count = fake_space_count,
                                     .node_info = fake_node_info,
                                     .route_info = fake_route_info,
                                     .space_info = fake_space_info,
                                     .region_info = fake_region_info,
                                     .free_pages = fake_free_pages,
                                     .page_node = fake_page_node,
                                     .decide = fake_decide,
                                     .queue_pages = fake_queue_pages,
                                     .page_at = fake_page_at};

/* All pages on `node`; every node has room for `capacity` pages. */
static Fake
fake_host(NsimNodeId node, uint64_t capacity)
{
    Fake fake = {.host = {&fake_ops}};
    for (uint32_t i = 0; i < PAGES; i++)
        fake.node[i] = node;
    for (uint32_t n = 0; n < NODES; n++)
        fake.capacity[n] = capacity;
    return fake;
}

static HolisticPlace *
place_new(Fake *fake, HolisticConflict conflict, uint64_t quota_pages)
{
    const NsimAccessorId accessors[] = {0, 1};
    const HolisticRules rules = {.conflict = conflict,
                                 .quota_pages = quota_pages,
                                 .hysteresis_ppm = 200000,
                                 .cooldown_rounds = 3,
                                 .shared_ppm = 500000,
                                 .queue = 1};
    return holistic_place_new(&fake->host, accessors, 2, &rules);
}

/* Accessor `index` sees pages [from, to) at `rate` and the others not at all. */
static void
see(HolisticPlace *place, uint32_t index, uint32_t from, uint32_t to, uint32_t rate)
{
    const HolisticSeen seen[] = {{0, (uint64_t)from * PAGE_BYTES, 0},
                                 {(uint64_t)from * PAGE_BYTES, (uint64_t)to * PAGE_BYTES, rate},
                                 {(uint64_t)to * PAGE_BYTES, (uint64_t)PAGES * PAGE_BYTES, 0}};
    holistic_place_see(place, index, 0, seen, 3);
}

static uint32_t
count_on(const Fake *fake, uint32_t from, uint32_t to, NsimNodeId node)
{
    uint32_t count = 0;
    for (uint32_t i = from; i < to; i++)
        count += fake->node[i] == node;
    return count;
}

static void
test_cost(void)
{
    Fake fake = fake_host(1, PAGES);
    HolisticPlace *place = place_new(&fake, HOLISTIC_COST, 1000);
    see(place, 0, 0, 16, 10);
    see(place, 1, 8, 24, 12); /* 8..15 are shared: 10 x 500 + 12 x 100 on DRAM2 is less than 10 x 100 + 12 x 500 */
    const HolisticRound round = holistic_place_round(place, &fake.host);
    CU_ASSERT_EQUAL(count_on(&fake, 0, 8, 0), 8);
    CU_ASSERT_EQUAL(count_on(&fake, 8, 24, 2), 16);
    CU_ASSERT_EQUAL(count_on(&fake, 24, PAGES, 1), PAGES - 24); /* nobody wants these: they stay */
    CU_ASSERT_EQUAL(round.moved_pages, 24);
    CU_ASSERT_EQUAL(round.candidate_pages, 24);
    CU_ASSERT_EQUAL(round.shared_pages, 8);
    CU_ASSERT_EQUAL(fake.exchanges, 0);
    holistic_place_free(place);
}

/* 9 against 10 on DRAM1 and DRAM2: 10 x 100 + 9 x 500 against 10 x 500 + 9 x 100 is a gain of 400 on 5900, below 20 %.
 */
static void
test_hysteresis(void)
{
    Fake fake = fake_host(2, PAGES);
    HolisticPlace *place = place_new(&fake, HOLISTIC_COST, 1000);
    see(place, 0, 0, 8, 10);
    see(place, 1, 0, 8, 9);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 0);
    see(place, 0, 0, 8, 14); /* 14 x 500 + 9 x 100 = 7900 to 14 x 100 + 9 x 500 = 5900: 25 % */
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 8);
    holistic_place_free(place);
}

static void
test_majority(void)
{
    Fake fake = fake_host(1, PAGES);
    HolisticPlace *place = place_new(&fake, HOLISTIC_MAJORITY, 1000);
    see(place, 0, 0, 16, 10);
    see(place, 1, 8, 24, 9);
    holistic_place_round(place, &fake.host);
    CU_ASSERT_EQUAL(count_on(&fake, 0, 16, 0), 16);
    CU_ASSERT_EQUAL(count_on(&fake, 16, 24, 2), 8);
    holistic_place_free(place);
}

static void
test_interleave(void)
{
    Fake fake = fake_host(1, PAGES);
    HolisticPlace *place = place_new(&fake, HOLISTIC_INTERLEAVE, 1000);
    see(place, 0, 0, 16, 10);
    see(place, 1, 8, 24, 5); /* half of the rate of the other: they share */
    holistic_place_round(place, &fake.host);
    CU_ASSERT_EQUAL(count_on(&fake, 0, 8, 0), 8);
    CU_ASSERT_EQUAL(count_on(&fake, 8, 16, 0), 4);
    CU_ASSERT_EQUAL(count_on(&fake, 8, 16, 2), 4);
    CU_ASSERT_EQUAL(fake.node[8], 0);
    CU_ASSERT_EQUAL(fake.node[9], 2);
    CU_ASSERT_EQUAL(count_on(&fake, 16, 24, 2), 8);
    holistic_place_free(place);
}

/* DRAM1 is full of what nobody accesses; that goes to the far end of all paths that has room. */
static void
test_victims(void)
{
    Fake fake = fake_host(0, 32);
    HolisticPlace *place = place_new(&fake, HOLISTIC_COST, 1000);
    for (uint32_t i = 32; i < PAGES; i++)
        fake.node[i] = 1;
    see(place, 0, 32, 40, 10);
    const HolisticRound round = holistic_place_round(place, &fake.host);
    CU_ASSERT_EQUAL(count_on(&fake, 32, 40, 0), 8);
    CU_ASSERT_EQUAL(count_on(&fake, 0, 32, 3),
                    8); /* CXL1 and CXL2 are equally far by sum: the first one that has room */
    CU_ASSERT_EQUAL(round.moved_pages, 16);
    holistic_place_free(place);
}

/* No room anywhere: pages change places. A victim that loses as much as the other gains stays. */
static void
test_exchange(void)
{
    Fake fake = fake_host(0, 16);
    HolisticPlace *place = place_new(&fake, HOLISTIC_COST, 1000);
    for (uint32_t i = 0; i < PAGES; i++)
        fake.node[i] = (NsimNodeId)(i / 16);
    see(place, 0, 12, 20, 10); /* 12..15 are on DRAM1, 16..19 on CXL1 */
    const HolisticRound round = holistic_place_round(place, &fake.host);
    CU_ASSERT_EQUAL(count_on(&fake, 12, 20, 0), 8);
    CU_ASSERT_EQUAL(count_on(&fake, 0, 12, 1), 4);
    CU_ASSERT_EQUAL(round.exchanged_pages, 8);
    CU_ASSERT_EQUAL(fake.moves, 0);
    holistic_place_free(place);
}

static void
test_quota(void)
{
    Fake fake = fake_host(1, PAGES);
    HolisticPlace *place = place_new(&fake, HOLISTIC_COST, 10);
    see(place, 0, 0, 16, 10);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 10);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 0);
    holistic_place_refill(place);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 6);
    holistic_place_free(place);
}

/* A page that has moved stays for three rounds, whatever is seen. */
static void
test_rest(void)
{
    Fake fake = fake_host(1, PAGES);
    HolisticPlace *place = place_new(&fake, HOLISTIC_COST, 1000);
    see(place, 0, 0, 8, 10);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 8);
    see(place, 0, 0, 8, 0);
    see(place, 1, 0, 12, 10);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 4);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 0);
    CU_ASSERT_EQUAL(holistic_place_round(place, &fake.host).moved_pages, 8);
    CU_ASSERT_EQUAL(count_on(&fake, 0, 12, 2), 12);
    holistic_place_free(place);
}

bool
test_holistic_place_register(void)
{
    CU_pSuite suite = CU_add_suite("holistic places", NULL, NULL);
    return suite && CU_add_test(suite, "cost", test_cost) && CU_add_test(suite, "hysteresis", test_hysteresis) &&
           CU_add_test(suite, "majority", test_majority) && CU_add_test(suite, "interleave", test_interleave) &&
           CU_add_test(suite, "victims", test_victims) && CU_add_test(suite, "exchange", test_exchange) &&
           CU_add_test(suite, "quota", test_quota) && CU_add_test(suite, "rest", test_rest);
}
