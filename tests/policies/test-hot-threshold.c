/* SPDX-License-Identifier: MIT */
/*
 * Goal: the hot threshold, its rate limit and the clock of 12 bits do what kernel/sched/fair.c does. Method: tables by
 * hand.
 */
#include "test-policies.h"

#include <stdio.h>

#include <policies/hot-threshold.h>
#include <policies/top-tier.h>

#include <CUnit/CUnit.h>

static void
test_latency(void)
{
    static const struct {
        uint32_t scan_ms, fault_ms, latency_ms;
    } cases[] = {
        {0, 0, 0},           {0, 999, 999},     {100, 4195, 4095},
        {100, 4196, 0}, /* 4096 ms later looks like at once */
        {4095, 4096, 1},     {5000, 5900, 900}, {5000, 5000 + 4096 + 17, 17},
        {0xffffffffu, 5, 6}, /* the kernel's clock wraps too */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        CU_ASSERT(hot_mark(cases[i].scan_ms) < 4096);
        CU_ASSERT_EQUAL(hot_latency(hot_mark(cases[i].scan_ms), cases[i].fault_ms), cases[i].latency_ms);
    }
}

/* 10 pages a second, looked at every 60 s: 600 are expected; up to 540 raise, above 660 lower by 125 ms. */
static void
test_adjust(void)
{
    static const struct {
        uint64_t found;
        uint32_t threshold_ms;
    } steps[] = {
        {539, 1125}, {540, 1125}, {600, 1125}, {660, 1125}, {661, 1000}, {700, 875},  {0, 1000},   {0, 1125},
        {0, 1250},   {0, 1375},   {0, 1500},   {0, 1625},   {0, 1750},   {0, 1875},   {0, 2000},   {0, 2000},
        {900, 1875}, {900, 1750}, {900, 1625}, {900, 1500}, {900, 1375}, {900, 1250}, {900, 1125}, {900, 1000},
        {900, 875},  {900, 750},  {900, 625},  {900, 500},  {900, 375},  {900, 250},  {900, 125},  {900, 125},
    };
    HotTarget target = {0};
    uint32_t now_ms = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        target.candidates += steps[i].found;
        /* At 60 s sharp it is too early. */
        const uint32_t before_ms = target.threshold_ms;
        hot_adjust(&target, 10, 1000, 60000, now_ms + 60000);
        CU_ASSERT_EQUAL(target.threshold_ms, before_ms);
        now_ms += 60001;
        hot_adjust(&target, 10, 1000, 60000, now_ms);
        CU_ASSERT_EQUAL(target.threshold_ms, steps[i].threshold_ms);
        if (target.threshold_ms != steps[i].threshold_ms)
            fprintf(stderr, "step %zu: %u ms, expected %u\n", i, target.threshold_ms, steps[i].threshold_ms);
    }
}

/* With a limit that is never reached it takes eight minutes from 1 s to 2 s. */
static void
test_adjust_default(void)
{
    HotTarget target = {0};
    const uint64_t rate_pages = (UINT64_C(65536) << 20) / 4096;
    uint32_t steps = 0;
    while (target.threshold_ms < 2000 && steps < 100) {
        target.candidates += 1000000;
        steps++;
        hot_adjust(&target, rate_pages, 1000, 60000, steps * 60001);
    }
    CU_ASSERT_EQUAL(steps, 8);
}

/* Four pages a second: the fourth reaches the limit, and the window begins anew when more than a second has passed. */
static void
test_limit(void)
{
    static const struct {
        uint32_t now_ms, pages;
        bool limited;
    } steps[] = {
        {0, 1, false},      {10, 2, false},    {500, 1, true},
        {1000, 1, true},    {1001, 1, false}, /* begins a window, and is not in it itself */
        {1100, 3, false},   {1200, 1, true},   {2001, 1, true},
        {2002, 512, false}, {2003, 512, true},
    };
    HotTarget target = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        CU_ASSERT_EQUAL(hot_limit(&target, 4, steps[i].pages, steps[i].now_ms), steps[i].limited);
        sum += steps[i].pages;
    }
    CU_ASSERT_EQUAL(target.candidates, sum);
}

/* Both CPUs' DRAM is of the top tier; the expander, at twice its latency, is not. */
static void
test_top_tier(void)
{
    g_autofree char *yaml = box_yaml(1, 1);
    Box box;
    bool top[3];
    box_open(&box, yaml);
    (void)box_add(&box, "w", 1, 1);
    box_start(&box);
    top_tier_find(&box.mm->host, top);
    CU_ASSERT_TRUE(top[0]);
    CU_ASSERT_TRUE(top[1]);
    CU_ASSERT_FALSE(top[2]);
    box_close(&box);
}

bool
test_hot_threshold_register(void)
{
    CU_pSuite suite = CU_add_suite("hot threshold", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "latency", test_latency) != NULL &&
           CU_add_test(suite, "adjustment", test_adjust) != NULL &&
           CU_add_test(suite, "adjustment without a limit", test_adjust_default) != NULL &&
           CU_add_test(suite, "rate limit", test_limit) != NULL &&
           CU_add_test(suite, "top tier", test_top_tier) != NULL;
}
