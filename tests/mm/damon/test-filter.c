/* SPDX-License-Identifier: MIT */
/*
 * Goal: filters decide in the kernel's order, and what none of them matches gets the opposite of the last one. Method:
 * every list of up to two filters against a table made by the rule's own words.
 */
#include "test-damos.h"

#include <mm/damon/filter.h>

#include <CUnit/CUnit.h>

#define PAGE ((uint64_t)4096)

/* A folio that is `what`, and nothing else. */
static bool
is(void *data, const NsimDamosFilterPlan *filter)
{
    return filter->kind == *(const uint32_t *)data;
}

static void
add(NsimDamosPlan *plan, uint32_t kind, bool matching, bool allow)
{
    const NsimDamosFilterPlan filter = {.kind = kind, .matching = matching, .allow = allow};
    g_array_append_val(plan->filters, filter);
}

static void
drop(NsimDamosPlan *plan)
{
    NsimDamonContextPlan *context = nsim_damon_context_plan_new();
    NsimKdamondPlan *kdamond = nsim_kdamond_plan_new();
    g_ptr_array_add(context->schemes, plan);
    g_ptr_array_add(kdamond->contexts, context);
    nsim_kdamond_plan_free(kdamond);
}

static bool
verdict(const NsimDamosPlan *plan, uint32_t what)
{
    return nsim_damos_filter_folio(plan, &(NsimDamosFolioView){is, &what});
}

static void
test_folio(void)
{
    NsimDamosPlan *plan = nsim_damos_plan_new(NSIM_DAMOS_STAT);
    CU_ASSERT_TRUE(verdict(plan, NSIM_FILTER_YOUNG));
    /* Two filters, young and then anonymous, each of four kinds, against folios that are young, anonymous, neither. */
    for (unsigned bits = 0; bits < 16; bits++) {
        const bool m1 = bits & 1, a1 = bits & 2, m2 = bits & 4, a2 = bits & 8;
        g_array_set_size(plan->filters, 0);
        add(plan, NSIM_FILTER_YOUNG, m1, a1);
        add(plan, NSIM_FILTER_ANON, m2, a2);
        const bool for_young = m1 ? a1 : !m2 ? a2 : !a2;
        const bool for_anon = !m1 ? a1 : m2 ? a2 : !a2;
        const bool for_none = !m1 ? a1 : !m2 ? a2 : !a2;
        CU_ASSERT_EQUAL(verdict(plan, NSIM_FILTER_YOUNG), for_young);
        CU_ASSERT_EQUAL(verdict(plan, NSIM_FILTER_ANON), for_anon);
        CU_ASSERT_EQUAL(verdict(plan, NSIM_FILTER_MEMCG), for_none);
    }
    drop(plan);
}

static NsimDamosVerdict
region_verdict(const NsimDamosPlan *plan, NsimDamonTarget *target, uint64_t start, uint64_t end, uint32_t number)
{
    nsim_damon_target_clear(target);
    nsim_damon_target_append(target, start * PAGE, end * PAGE);
    return nsim_damos_filter_region(plan, target, 0, number, PAGE);
}

static void
test_region(void)
{
    NsimDamosPlan *plan = nsim_damos_plan_new(NSIM_DAMOS_STAT);
    NsimDamonTarget target = {0};
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 0, 9, 0), NSIM_DAMOS_ALLOW);
    /* Only target 2: others are rejected by default, and what is allowed passes over the filters of operations. */
    add(plan, NSIM_FILTER_TARGET, true, true);
    g_array_index(plan->filters, NsimDamosFilterPlan, 0).target = 2;
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 0, 9, 2), NSIM_DAMOS_ALLOW_ALL);
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 0, 9, 1), NSIM_DAMOS_REJECT);
    /* With a filter of the operations behind it the decision is left to that. */
    add(plan, NSIM_FILTER_YOUNG, true, false);
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 0, 9, 1), NSIM_DAMOS_ALLOW);
    g_array_set_size(plan->filters, 0);
    add(plan, NSIM_FILTER_TARGET, true, false);
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 0, 9, 0), NSIM_DAMOS_REJECT);
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 0, 9, 1), NSIM_DAMOS_ALLOW);
    nsim_damon_target_clear(&target);
    drop(plan);
}

/* Pages 4 to 8 are rejected: regions are cut where that begins and ends, and the left part is judged. */
static void
test_address(void)
{
    NsimDamosPlan *plan = nsim_damos_plan_new(NSIM_DAMOS_STAT);
    NsimDamonTarget target = {0};
    add(plan, NSIM_FILTER_ADDR, true, false);
    g_array_index(plan->filters, NsimDamosFilterPlan, 0).start = 4 * PAGE + 100;
    g_array_index(plan->filters, NsimDamosFilterPlan, 0).end = 8 * PAGE + 100;
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 4, 8, 0), NSIM_DAMOS_REJECT);
    CU_ASSERT_EQUAL(target.count, 1);
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 0, 4, 0), NSIM_DAMOS_ALLOW);
    CU_ASSERT_EQUAL(target.count, 1);
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 8, 9, 0), NSIM_DAMOS_ALLOW);
    CU_ASSERT_EQUAL(region_verdict(plan, &target, 1, 10, 0), NSIM_DAMOS_ALLOW);
    CU_ASSERT_EQUAL_FATAL(target.count, 2);
    CU_ASSERT_EQUAL(target.regions[0].end, 4 * PAGE);
    CU_ASSERT_EQUAL(nsim_damos_filter_region(plan, &target, 1, 0, PAGE), NSIM_DAMOS_REJECT);
    CU_ASSERT_EQUAL_FATAL(target.count, 3);
    CU_ASSERT_EQUAL(target.regions[1].end, 8 * PAGE);
    CU_ASSERT_EQUAL(nsim_damos_filter_region(plan, &target, 2, 0, PAGE), NSIM_DAMOS_ALLOW);
    CU_ASSERT_EQUAL(target.count, 3);
    CU_ASSERT_TRUE(nsim_damon_target_is_sound(&target, PAGE, 20));
    nsim_damon_target_clear(&target);
    drop(plan);
}

bool
test_filter_register(void)
{
    CU_pSuite suite = CU_add_suite("damos: filters", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "folios", test_folio) != NULL &&
           CU_add_test(suite, "regions", test_region) != NULL &&
           CU_add_test(suite, "address ranges", test_address) != NULL;
}
