/* SPDX-License-Identifier: MIT */
/*
 * Goal: goals are fed what the text says, and kdamonds run where it says. Method: texts with mistakes and where they
 * are; values at given times by hand; a schedule through a kdamond and its quota by the loop's arithmetic; measures of
 * a machine whose pages and counts were set.
 */
#include "rig.h"
#include "test-damos.h"

#include <mm/damon/cores.h>
#include <mm/damon/damo.h>
#include <mm/damon/tune.h>

#include <string.h>

#include <CUnit/CUnit.h>

#define MIB ((uint64_t)1 << 20)
#define GOAL_ARGS                                                                                                      \
    "damo start --monitoring_intervals 5ms 100ms 1s --numa_node 0 --damos_action stat --damos_quotas 0 1G 1s "         \
    "--damos_quota_goal user_input 10000 77"

static void
refused(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDamonFeeds) feeds = nsim_damon_feeds_read(text, &error);
    CU_ASSERT_PTR_NULL(feeds);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    if (strstr(error->message, expected) == NULL)
        g_print("'%s': '%s', and not '%s'\n", text, error->message, expected);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, expected));
}

static void
test_texts(void)
{
    static const char *const sound[] = {
        "0s:5000",   "0s:5000,1s:12k,1500ms:0", " 0.0.0=0s:1 ; 0.1.0 = served:0", "pages:a@b@0",
        "records:w", "1.2.3=pages:a=b@0"};
    for (size_t i = 0; i < G_N_ELEMENTS(sound); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(NsimDamonFeeds) feeds = nsim_damon_feeds_read(sound[i], &error);
        CU_ASSERT_PTR_NOT_NULL(feeds);
    }
    refused("", "character 1: nothing is there; a source is TIME:VALUE");
    refused("0s:1;", "character 6: '': a source is");
    refused("0s:1;  x:2", "character 8: 'x:2': a source is");
    refused("0s:1,1s", "character 6: '1s' has no value");
    refused("0s:1,5:2", "character 6: \"5\" has no unit");
    refused("0s:1,5s:x", "character 9: ");
    refused("0s:1,0ms:2", "character 6: 0ms is not later");
    refused("0.0=served:0", "character 1: '0.0' names no goal");
    refused("0.0.x=served:0", "character 1: '0.0.x' names no goal");
    refused("0.0.0=serve:0", "character 7: 'serve:0': a source is");
    refused("pages:w", "character 1: 'pages:w' names no node");
    refused("pages:@0", "character 1: 'pages:@0' lacks a name");
    refused("served:", "character 1: 'served:' lacks a name");
}

/* ---- In a run ----------------------------------------------------------------------------------------------- */

static uint64_t
fake_records(const void *context, uint32_t task)
{
    return ((const uint64_t *)context)[task];
}

static void
fake_info(const void *context, uint32_t task, NsimTime now_ps, NsimTaskInfo *ret)
{
    (void)context;
    (void)now_ps;
    *ret = (NsimTaskInfo){.space = task == 2 ? 1 : 0};
}

static void
open_rig(Rig *rig)
{
    rig_open(rig, 32, 32, 8, 1);
    (void)box_add(&rig->box, "v", 1, 1);
    rig_start(rig);
    CU_ASSERT_TRUE_FATAL(nsim_mm_need_frames(rig->box.mm, NULL));
    (void)nsim_space_place(rig->box.spaces[0], 0, 1024, 0);
    (void)nsim_space_place(rig->box.spaces[0], 1024, 3072, 1);
}

static bool
start(Rig *rig, const char *feed, const char *args, GError **error)
{
    nsim_damon_session_config(rig->session)->feed = feed;
    return nsim_damon_session_run_args(rig->session, args, error);
}

static void
not_found(const char *feed, const char *args, const char *expected)
{
    g_autoptr(GError) error = NULL;
    Rig rig;
    open_rig(&rig);
    CU_ASSERT_FALSE(start(&rig, feed, args, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    if (strcmp(error->message, expected) != 0)
        g_print("'%s': '%s', and not '%s'\n", feed, error->message, expected);
    CU_ASSERT_STRING_EQUAL(error->message, expected);
    rig_close(&rig);
}

static void
test_names(void)
{
    static const char two[] = GOAL_ARGS " --damos_action stat --damos_quotas 0 1G 1s --damos_quota_goal user_input 1 1 "
                                        "--damos_nr_quota_goals 1 1";
    not_found("pages:u@0", GOAL_ARGS, "option 'damon_feed': character 1: there is no workload 'u'; there are: w, v");
    not_found("pages:2@0", GOAL_ARGS, "option 'damon_feed': character 1: there is no workload '2'; there are: w, v");
    not_found("served:Y", GOAL_ARGS, "option 'damon_feed': character 1: there is no node 'Y'; there are: D, X, S");
    not_found("served:D", "damo start --numa_node 0 --damos_action stat",
              "option 'damon_feed': character 1: no quota has a user_input goal that this could feed");
    not_found("served:D", two,
              "option 'damon_feed': character 1: there are 2 user_input goals: KDAMOND.SCHEME.GOAL= says which");
    not_found("0.0.0=0s:1;0.0.0=0s:2", two, "option 'damon_feed': character 18: goal 0.0.0 is fed twice");
    not_found("0.2.0=0s:1", two, "option 'damon_feed': character 7: 0.2.0 is no user_input goal of these kdamonds");
    not_found("1.0.0=0s:1", two, "option 'damon_feed': character 7: 1.0.0 is no user_input goal of these kdamonds");
}

static const NsimDamosGoal *
goal_of(const Rig *rig)
{
    return &nsim_kdamond_scheme(nsim_damon_session_at(rig->session, 0), 0)->goals[0];
}

/* The value of the command line until the first time; then what each second says, and the quota that comes of it. */
static void
test_schedule(void)
{
    static const uint64_t scores[] = {77, 5000, 12000, 12000, 9000, 9000};
    uint64_t value = 10000;
    Rig rig;
    open_rig(&rig);
    CU_ASSERT_TRUE_FATAL(start(&rig, "500ms:5000,1500ms:12000,3500ms:9000", GOAL_ARGS, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(scores); i++) {
        /* The first window begins with the first aggregation, and each a second and less than an aggregation later. */
        rig_run(&rig, NSIM_MS * (300 + 1100 * i));
        value = nsim_damon_next_input(MAX(value, 10000), scores[i]);
        CU_ASSERT_EQUAL(goal_of(&rig)->current, scores[i]);
        CU_ASSERT_EQUAL(nsim_kdamond_scheme(nsim_damon_session_at(rig.session, 0), 0)->quota.size_bytes, value / 10000);
    }
    /* New parameters: the goal goes on being fed. */
    CU_ASSERT_TRUE(nsim_damon_session_run_args(rig.session, GOAL_ARGS, NULL));
    rig_run(&rig, 9 * NSIM_S);
    CU_ASSERT_EQUAL(goal_of(&rig)->current, 9000);
    rig_close(&rig);
}

static uint64_t
reading(const Rig *rig, NsimDamonFeeds *feeds, uint32_t goal)
{
    return nsim_damon_feed_read(nsim_damon_feeds_find(feeds, 0, 0, goal), rig->box.mm, 42);
}

static void
test_measures(void)
{
    uint64_t records[] = {100, 20, 7};
    g_autoptr(NsimDamonFeeds) feeds =
        nsim_damon_feeds_read("0.0.0=pages:w@1;0.0.1=pages:v@0;0.0.2=served:X;0.0.3=records:w", NULL);
    g_autoptr(NsimDamonPlan) plan = nsim_damo_read(
        GOAL_ARGS
        " --damos_quota_goal user_input 1 1 --damos_quota_goal user_input 1 1 --damos_quota_goal user_input 1 1",
        NULL);
    Rig rig;
    open_rig(&rig);
    CU_ASSERT_TRUE_FATAL(feeds != NULL && plan != NULL && nsim_damon_feeds_bind(feeds, plan, rig.box.mm, NULL));
    rig.box.mm->fabric = rig.fabric;
    rig.box.mm->now_ps = 2 * NSIM_S;
    CU_ASSERT_EQUAL(reading(&rig, feeds, 0), 7500); /* 3072 of 4096 */
    CU_ASSERT_EQUAL(reading(&rig, feeds, 1), 42);   /* nothing in memory */
    CU_ASSERT_EQUAL(reading(&rig, feeds, 2), 42);   /* nothing accessed */
    rig.box.mm->tasks = (NsimTasks){3, fake_info, fake_records, records};
    CU_ASSERT_EQUAL(reading(&rig, feeds, 3), 60); /* 120 in 2 s */
    CU_ASSERT_EQUAL(reading(&rig, feeds, 3), 42); /* no time went by */
    nsim_fabric_route(rig.fabric, 0, 0, NSIM_DIR_READ)->lines += 300;
    nsim_fabric_route(rig.fabric, 0, 1, NSIM_DIR_WRITE)->lines += 100;
    CU_ASSERT_EQUAL(reading(&rig, feeds, 2), 2500);
    nsim_fabric_route(rig.fabric, 0, 1, NSIM_DIR_READ)->lines += 7;
    CU_ASSERT_EQUAL(reading(&rig, feeds, 2), 10000); /* since then */
    /* Statistics begin anew: only what came since then is known. */
    records[0] = 0;
    records[1] = 5;
    rig.box.mm->now_ps = 3 * NSIM_S;
    CU_ASSERT_EQUAL(reading(&rig, feeds, 3), 5);
    rig.box.mm->tasks = (NsimTasks){0};
    rig_close(&rig);
}

/* ---- Cores -------------------------------------------------------------------------------------------------- */

static void
test_cores(void)
{
    static const char two[] = "damo start --numa_node 0 --numa_node 1 --nr_targets 1 1 --nr_ctxs 1 1";
    static const struct {
        const char *text, *expected;
    } wrong[] = {{"3", "option 'damon_core': there is no CPU 3: the machine has 3, numbered from 0"},
                 {"0,1,2", "option 'damon_core': 3 CPUs for 2 kdamonds: give one for all, or one for each"},
                 {"0,x", "option 'damon_core': character 3: 'x' is neither the number of a CPU nor 'any'"}};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        Rig rig;
        open_rig(&rig);
        nsim_damon_session_config(rig.session)->core = wrong[i].text;
        CU_ASSERT_FALSE(nsim_damon_session_run_args(rig.session, two, &error));
        CU_ASSERT_STRING_EQUAL(error->message, wrong[i].expected);
        rig_close(&rig);
    }
    Rig rig;
    open_rig(&rig);
    nsim_damon_session_config(rig.session)->core = "any 2";
    CU_ASSERT_TRUE_FATAL(nsim_damon_session_run_args(rig.session, two, NULL));
    CU_ASSERT_EQUAL(nsim_kdamond_plan(nsim_damon_session_at(rig.session, 0))->core, -1);
    CU_ASSERT_EQUAL(nsim_kdamond_plan(nsim_damon_session_at(rig.session, 1))->core, 2);
    rig_run(&rig, NSIM_S);
    const NsimKdamondStats *pinned = nsim_kdamond_stats(nsim_damon_session_at(rig.session, 1));
    CU_ASSERT_TRUE(pinned->cpu_ps > 0);
    CU_ASSERT_EQUAL(rig.cpus->cores[2].kernel_ps, pinned->cpu_ps);
    rig_close(&rig);
}

bool
test_feed_register(void)
{
    CU_pSuite suite = CU_add_suite("damos: values fed, cores given", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "texts", test_texts) != NULL &&
           CU_add_test(suite, "names", test_names) != NULL && CU_add_test(suite, "schedule", test_schedule) != NULL &&
           CU_add_test(suite, "measures", test_measures) != NULL && CU_add_test(suite, "cores", test_cores) != NULL;
}
