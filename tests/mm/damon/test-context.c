/* SPDX-License-Identifier: MIT */
/*
 * Goal: the loop does its steps in the kernel's order and at its samples. Method: operations that write down who was
 * called and say what was accessed; closed forms for idle and uniformly accessed memory.
 */
#include "test-damon.h"

#include <mm/damon/context.h>

#include <CUnit/CUnit.h>

#define PAGE ((uint64_t)4096)
#define MIB ((uint64_t)1 << 20)

typedef struct {
    GString *calls;
    NsimRandom random;
    uint32_t hits_of_100;
    bool dead;
    uint64_t regions_sum;
    double counts_sum;
    uint32_t least_regions, most_regions;
    uint32_t first_threshold;
    NsimTime at_longest_ps; /* when the sampling interval reached 10 s */
} World;

static NsimTime
world_init(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    World *world = state;
    (void)context, (void)now_ps;
    g_string_append(world->calls, "i");
    return 3 * NSIM_US;
}

static NsimTime
world_update(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    World *world = state;
    (void)context, (void)now_ps;
    g_string_append(world->calls, "u");
    return 4 * NSIM_US;
}

static NsimTime
world_prepare(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    World *world = state;
    (void)now_ps;
    for (uint32_t i = 0; i < context->targets[0].count; i++)
        nsim_damon_choose(context, &context->targets[0].regions[i]);
    g_string_append(world->calls, "p");
    return 1 * NSIM_US;
}

static NsimTime
world_check(void *state, NsimDamonContext *context, NsimTime now_ps, uint32_t *ret_max)
{
    World *world = state;
    *ret_max = 0;
    (void)now_ps;
    for (uint32_t i = 0; i < context->targets[0].count; i++) {
        NsimDamonRegion *region = &context->targets[0].regions[i];
        nsim_damon_count(context, region, nsim_random_below(&world->random, 100) < world->hits_of_100);
        *ret_max = MAX(*ret_max, region->nr_accesses);
    }
    g_string_append(world->calls, "c");
    return 2 * NSIM_US;
}

static bool
world_valid(void *state, const NsimDamonTarget *target)
{
    (void)target;
    return !((World *)state)->dead;
}

static const NsimDamonOps world_ops = {.name = "world",
                                       .init = world_init,
                                       .update = world_update,
                                       .prepare = world_prepare,
                                       .check = world_check,
                                       .target_valid = world_valid};

static void
world_aggregated(void *data, NsimDamonContext *context, NsimTime now_ps)
{
    World *world = data;
    const NsimDamonTarget *target = &context->targets[0];
    double sum = 0;
    CU_ASSERT_TRUE(nsim_damon_target_is_sound(target, context->min_region_bytes, context->aggr_samples));
    for (uint32_t i = 0; i < target->count; i++)
        sum += (double)nsim_damon_region_bytes(&target->regions[i]) * target->regions[i].nr_accesses;
    world->counts_sum += sum / (double)nsim_damon_target_bytes(target);
    world->regions_sum += target->count;
    world->least_regions = MIN(world->least_regions, target->count);
    world->most_regions = MAX(world->most_regions, target->count);
    if (world->at_longest_ps == 0 && context->attrs.sample_ps == 10 * NSIM_S)
        world->at_longest_ps = now_ps;
    g_string_append(world->calls, "a");
}

static NsimDamonSetup
world_setup(World *world)
{
    *world = (World){.calls = g_string_new(NULL), .least_regions = UINT32_MAX};
    nsim_random_init(&world->random, 1, "hits");
    return (NsimDamonSetup){.attrs = nsim_damon_attrs_default(),
                            .rules = nsim_damon_rules_v7_2,
                            .min_region_bytes = PAGE,
                            .ops = &world_ops,
                            .ops_state = world,
                            .hooks = {world_aggregated, NULL, world},
                            .seed = 1,
                            .stream = "damon"};
}

static NsimDamonContext *
open_context(const NsimDamonSetup *setup, uint64_t bytes)
{
    g_autoptr(GError) error = NULL;
    NsimDamonContext *context = nsim_damon_context_new(setup, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(context);
    nsim_damon_target_append(nsim_damon_add_target(context, NULL), 0, bytes);
    return context;
}

static NsimTime
steps(NsimDamonContext *context, NsimTime now_ps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        now_ps = nsim_damon_check(context, nsim_damon_prepare(context, now_ps));
    return now_ps;
}

static void
test_order(void)
{
    World world;
    NsimDamonSetup setup = world_setup(&world);
    setup.attrs.aggr_ps = 15 * NSIM_MS;
    setup.attrs.ops_update_ps = 20 * NSIM_MS;
    g_autoptr(NsimDamonContext) context = open_context(&setup, MIB);
    NsimTime now_ps = nsim_damon_start(context, 0);
    CU_ASSERT_EQUAL(now_ps, 3 * NSIM_US);
    CU_ASSERT_EQUAL(nsim_damon_prepare(context, now_ps), 5 * NSIM_MS + 4 * NSIM_US);
    now_ps = nsim_damon_check(context, 5 * NSIM_MS + 4 * NSIM_US);
    CU_ASSERT_EQUAL(now_ps, 5 * NSIM_MS + 6 * NSIM_US);
    now_ps = steps(context, now_ps, 5);
    CU_ASSERT_STRING_EQUAL(world.calls->str, "ipcpcpcapcupcpca");
    CU_ASSERT_EQUAL(now_ps, 30 * NSIM_MS + (3 + 6 * 3 + 4) * NSIM_US);
    world.dead = true;
    CU_ASSERT_EQUAL(nsim_damon_prepare(context, now_ps), NSIM_TIME_MAX);
    g_string_free(world.calls, TRUE);
}

static void
test_initial_split(void)
{
    World world;
    NsimDamonSetup setup = world_setup(&world);
    g_autoptr(NsimDamonContext) context = open_context(&setup, 101 * PAGE);
    nsim_damon_start(context, 0);
    /* 10.1 pages are rounded up to 11. */
    CU_ASSERT_EQUAL(context->size_limit, 11 * PAGE);
    CU_ASSERT_EQUAL(context->targets[0].count, 10);
    g_string_free(world.calls, TRUE);

    setup = world_setup(&world);
    setup.rules = nsim_damon_rules_v6_12;
    g_autoptr(NsimDamonContext) old = open_context(&setup, 101 * PAGE);
    nsim_damon_start(old, 0);
    CU_ASSERT_EQUAL(old->size_limit, 101 * PAGE / 10);
    CU_ASSERT_EQUAL(old->targets[0].count, 1);
    g_string_free(world.calls, TRUE);
}

/* Nothing accessed, goal 4 % every 3 aggregations: eleven doublings from 5 ms end at 10 s, after 0.3 s x (2^11 - 1). */
static void
test_tuning(void)
{
    World world;
    NsimDamonSetup setup = world_setup(&world);
    setup.attrs.goal = (NsimDamonGoal){400, 3, 5 * NSIM_MS, 10 * NSIM_S};
    g_autoptr(NsimDamonContext) context = open_context(&setup, 64 * MIB);
    NsimTime now_ps = nsim_damon_start(context, 0);
    while (context->attrs.sample_ps < 10 * NSIM_S)
        now_ps = steps(context, now_ps, 1);
    CU_ASSERT_EQUAL(context->tunings, 11);
    CU_ASSERT_EQUAL(context->aggregations, 33);
    CU_ASSERT_EQUAL(context->attrs.aggr_ps, 200 * NSIM_S);
    CU_ASSERT_EQUAL(world.at_longest_ps / NSIM_S, 614);
    /* 3 aggregations are 1 of the doubled interval, 4 are 2, then 5 are 2 each time; 5 x 102.4 s are 2 x 200 s. */
    CU_ASSERT_EQUAL(context->targets[0].regions[0].age, 2);
    g_string_free(world.calls, TRUE);
}

/* Every page is hit with one half: counts are 10 on average, less what merging floors; regions grow and shrink. */
static void
test_uniform(void)
{
    World world;
    NsimDamonSetup setup = world_setup(&world);
    world.hits_of_100 = 50;
    g_autoptr(NsimDamonContext) context = open_context(&setup, 64 * MIB);
    steps(context, nsim_damon_start(context, 0), 20 * 200);
    CU_ASSERT_EQUAL(context->aggregations, 200);
    CU_ASSERT_TRUE(world.counts_sum / 200 > 9.0 && world.counts_sum / 200 < 10.1);
    CU_ASSERT_TRUE(world.most_regions <= 1000);
    CU_ASSERT_TRUE(world.least_regions >= 10);
    g_string_free(world.calls, TRUE);
}

/* Far more regions than allowed, all different: the threshold doubles until they are few, and each pass ages them. */
static void
test_threshold_doubles(void)
{
    World world;
    NsimDamonSetup setup = world_setup(&world);
    g_autoptr(GError) error = NULL;
    setup.attrs.min_nr_regions = 3;
    setup.attrs.max_nr_regions = 4;
    setup.attrs.aggr_ps = 20 * setup.attrs.sample_ps;
    g_autoptr(NsimDamonContext) context = nsim_damon_context_new(&setup, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(context);
    NsimDamonTarget *target = nsim_damon_add_target(context, NULL);
    nsim_damon_target_append(target, 0, 300 * PAGE);
    nsim_damon_start(context, 0);
    nsim_damon_target_limit(target, 50 * PAGE);
    CU_ASSERT_EQUAL_FATAL(target->count, 6);
    /* Counts 0 5 0 5 0 5 on an idle target: unlike by more than 0, 1, 2 and 4. */
    for (uint32_t i = 0; i < 6; i++)
        target->regions[i].nr_accesses = target->regions[i].last_nr_accesses = i % 2 == 0 ? 0 : 5;
    context->next_aggregation = 1;
    steps(context, 0, 1);
    CU_ASSERT_EQUAL(context->merge_threshold, 0);
    /* Passes at 0, 1, 2, 4 and 8: the last one joins pairs up to the limit of 100 pages. */
    CU_ASSERT_EQUAL_FATAL(target->count, 3);
    CU_ASSERT_EQUAL(target->regions[0].last_nr_accesses, 2);
    CU_ASSERT_EQUAL(target->regions[0].age, 5);
    g_string_free(world.calls, TRUE);
}

static void
test_attributes(void)
{
    World world;
    NsimDamonSetup setup = world_setup(&world);
    NsimDamonAttrs bad[6];
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        bad[i] = setup.attrs;
    bad[0].min_nr_regions = 2;
    bad[1].max_nr_regions = 9;
    bad[2].sample_ps = 101 * NSIM_MS;
    bad[3].sample_ps = 5 * NSIM_MS + 1;
    bad[4].goal = (NsimDamonGoal){400, 3, 6 * NSIM_MS, NSIM_S};
    bad[5].sample_ps = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_FALSE(nsim_damon_attrs_check(&bad[i], &error));
        CU_ASSERT_PTR_NOT_NULL(error);
    }
    g_autoptr(NsimDamonContext) context = open_context(&setup, 64 * MIB);
    nsim_damon_start(context, 0);
    NsimDamonRegion *region = &context->targets[0].regions[0];
    *region = (NsimDamonRegion){
        .end = region->end, .nr_accesses = 7, .nr_accesses_bp = 70000, .last_nr_accesses = 15, .age = 9};
    NsimDamonAttrs attrs = setup.attrs;
    attrs.sample_ps = 10 * NSIM_MS;
    attrs.aggr_ps = 400 * NSIM_MS;
    CU_ASSERT_TRUE(nsim_damon_set_attrs(context, &attrs, NULL));
    /* In the middle of an aggregation: what it counted is void; ages of 100 ms become such of 400 ms. */
    CU_ASSERT_EQUAL(region->nr_accesses, 0);
    CU_ASSERT_EQUAL(region->last_nr_accesses, 30);
    CU_ASSERT_EQUAL(region->nr_accesses_bp, 300000);
    CU_ASSERT_EQUAL(region->age, 2);
    CU_ASSERT_EQUAL(context->next_aggregation, 40);
    g_string_free(world.calls, TRUE);
}

bool
test_context_register(void)
{
    CU_pSuite suite = CU_add_suite("damon: loop", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "order of steps", test_order) != NULL &&
           CU_add_test(suite, "initial split", test_initial_split) != NULL &&
           CU_add_test(suite, "tuning of idle memory", test_tuning) != NULL &&
           CU_add_test(suite, "uniform accesses", test_uniform) != NULL &&
           CU_add_test(suite, "threshold doubles", test_threshold_doubles) != NULL &&
           CU_add_test(suite, "attributes", test_attributes) != NULL;
}
