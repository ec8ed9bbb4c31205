/* SPDX-License-Identifier: MIT */
/*
 * Goal: first-touch, local and nop put pages where the default policy of the kernel does. Method: small nodes that
 * overflow; placements by hand.
 */
#include "test-policies.h"

#include <CUnit/CUnit.h>

/* Loaded by one CPU: its own node, then the expander (200 ns), then the other CPU's node (300 ns). */
static void
check_overflow(const char *policy)
{
    Stage stage;
    stage_open_simple(&stage, 2, 3, 4, policy); /* 512, 512 and 768 pages for 2048 */
    CU_ASSERT_TRUE(nsim_mm_load(stage.box.mm, 0, 1) == false);
    stage_expect(&stage, 510, "1122");
    stage_expect(&stage, 1278, "2200");
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 1), 512);
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 2), 768);
    CU_ASSERT_EQUAL(box_count(&stage.box, 0, 0), 512);
    CU_ASSERT_PTR_NOT_NULL(stage.box.mm->failure); /* 256 pages too many */
    stage_close(&stage);
}

static void
test_overflow(void)
{
    check_overflow("first-touch");
    check_overflow("nop");
}

static void
test_each_toucher(void)
{
    static const char *const policies[] = { "first-touch", "local", "nop" };
    for (size_t i = 0; i < G_N_ELEMENTS(policies); i++) {
        Stage stage;
        stage_open_simple(&stage, 2, 2, 1, policies[i]);
        CU_ASSERT_TRUE(box_touch(&stage.box, 0, 0, 4, 1));
        CU_ASSERT_TRUE(box_touch(&stage.box, 0, 4, 2, 0));
        CU_ASSERT_TRUE(box_touch(&stage.box, 0, 2, 6, 0)); /* who comes second changes nothing */
        stage_expect(&stage, 0, "11110000..");
        CU_ASSERT_EQUAL(stage.box.mm->vmstat.numa_hit, 8);
        CU_ASSERT_EQUAL(stage.box.mm->vmstat.numa_miss, 0);
        stage_close(&stage);
    }
}

/* local is lazy: the core does not even offer it the loader's touches. */
static void
test_lazy(void)
{
    g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
    CU_ASSERT_TRUE((nsim_plugins_find(plugins, "local", NULL)->caps & NSIM_CAP_LAZY) != 0);
    CU_ASSERT_TRUE((nsim_plugins_find(plugins, "first-touch", NULL)->caps & NSIM_CAP_LAZY) == 0);
    CU_ASSERT_TRUE((nsim_plugins_find(plugins, "first-touch", NULL)->caps & NSIM_CAP_FUTURE) == 0);
}

static void
test_no_options(void)
{
    static const char *const texts[] = { "first-touch:nodes=0", "local:nodes=0", "nop:after=1", "oracle:nodes=all" };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(NsimPlugins) plugins = nsim_plugins_new(NULL, NULL);
        g_autoptr(GError) error = NULL;
        CU_ASSERT_PTR_NULL(nsim_policy_spec_parse(plugins, texts[i], &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_PTR_NOT_NULL(g_strrstr(error->message, "unknown option"));
    }
}

bool
test_first_touch_register(void)
{
    CU_pSuite suite = CU_add_suite("first-touch, local, nop", NULL, NULL);
    return suite && CU_add_test(suite, "overflow", test_overflow) &&
           CU_add_test(suite, "each toucher", test_each_toucher) && CU_add_test(suite, "lazy", test_lazy) &&
           CU_add_test(suite, "no options", test_no_options);
}
