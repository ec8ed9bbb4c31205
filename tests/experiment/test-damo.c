/* SPDX-License-Identifier: MIT */
/*
 * Goal: explanations are true, and a plan printed as a kdamonds file is the same plan. Method: windows of the quota's
 * loop against the table derived from the kernel's rule; texts printed, read and printed again; for each trap a command
 * line that is in it and one that is not.
 */
#include "test-experiment.h"

#include <experiment/damo-explain.h>
#include <experiment/damo-json.h>
#include <experiment/damo-ramp.h>
#include <experiment/damo-text.h>
#include <experiment/damo-trap.h>
#include <mm/damon/damo.h>

#include <CUnit/CUnit.h>
#include <string.h>

static NsimDamonPlan *
read_good(const char *text)
{
    g_autoptr(GError) error = NULL;
    NsimDamonPlan *plan = nsim_damo_read(text, &error);
    if (plan == NULL)
        g_printerr("%s\n", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

/* At a score: windows until 4 KiB, until 200 MiB. */
static void
test_ramp_up(void)
{
    static const uint64_t table[][3] = {{0, 12, 28},      {5000, 21, 48},    {8000, 46, 106},   {9000, 88, 202},
                                        {9500, 171, 393}, {9900, 837, 1927}, {9970, 2783, 6403}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        CU_ASSERT_EQUAL(nsim_damo_ramp_up(table[i][0], 4096), table[i][1]);
        CU_ASSERT_EQUAL(nsim_damo_ramp_up(table[i][0], 200u << 20), table[i][2]);
    }
    CU_ASSERT_EQUAL(nsim_damo_ramp_up(10000, 4096), NSIM_DAMO_NEVER);
}

static void
test_ramp_down(void)
{
    static const uint64_t table[][2] = {{10010, 10839}, {10030, 3610}, {10100, 1079}, {11000, 103},
                                        {15000, 16},    {19900, 3},    {20000, 1},    {UINT64_MAX, 1}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        CU_ASSERT_EQUAL(nsim_damo_ramp_down(table[i][0], 200u << 20), table[i][1]);
    CU_ASSERT_EQUAL(nsim_damo_ramp_down(10000, 200u << 20), NSIM_DAMO_NEVER);
}

static void
test_numbers(void)
{
    static const struct {
        uint64_t bytes;
        const char *exact, *brief;
    } sizes[] = {{0, "0 B", "0 B"},
                 {4096, "4.000 KiB", "4 KiB"},
                 {5001, "5,001 B", "5001 B"},
                 {1536, "1.500 KiB", "1536 B"},
                 {209715200, "200.000 MiB", "200 MiB"},
                 {UINT64_C(547730026496), "547,730,026,496 B", "about 510 GiB"},
                 {UINT64_MAX, "max", "max"}};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *exact = nsim_damo_text_size(sizes[i].bytes),
                        *brief = nsim_damo_text_short_size(sizes[i].bytes);
        CU_ASSERT_STRING_EQUAL(exact, sizes[i].exact);
        CU_ASSERT_STRING_EQUAL(brief, sizes[i].brief);
    }
    g_autofree char *time = nsim_damo_text_time(UINT64_C(93784005006007)), *zero = nsim_damo_text_time(0);
    CU_ASSERT_STRING_EQUAL(time, "1 d 2 h 3 m 4 s 5 ms 6 us 7 ns");
    CU_ASSERT_STRING_EQUAL(zero, "0 ns");
    g_autofree char *percent = nsim_damo_text_percent(9970, 2), *thousand = nsim_damo_text_number(1000);
    CU_ASSERT_STRING_EQUAL(percent, "99.7 %");
    CU_ASSERT_STRING_EQUAL(thousand, "1,000");
}

/* The other forms of the file are the same plan. */
static void
check_files(const NsimDamonPlan *plan, const char *printed)
{
    char *files[] = {nsim_damo_args_json(plan, true), nsim_damo_args_yaml(plan, false), nsim_damo_args_yaml(plan, true)};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(NsimDamonPlan) read = read_good(files[i]);
        g_autofree char *again = nsim_damo_args_json(read, false);
        CU_ASSERT_STRING_EQUAL(printed, again);
        g_free(files[i]);
    }
}

/* Everything a command line can say survives being printed and read. */
static void
test_round_trip(void)
{
    static const char *const texts[] = {
        "start",
        "damo start --target_pid redis --target_pid 7 --monitoring_intervals 7ms 70ms 3s --monitoring_nr_regions_range "
        "3 77",
        "damo start 7 --regions '4096-8192 1G-2G'",
        "--numa_node 0 --numa_node 1 --damos_action migrate_hot 0 3 1 1 --damos_sz_region 5001 1E --damos_access_rate "
        "0.07% max "
        "--damos_age 90s max --damos_apply_interval 1s --damos_quotas 1500ms 5000 7s 0 1 2 --damos_quota_goal "
        "user_input 10 3 "
        "--damos_quota_goal node_memcg_used_bp 99.97% 1 /a --damos_quota_goal some_mem_psi_us 10ms "
        "--damos_quota_goal_tuner "
        "temporal --damos_filter allow none memcg /a --damos_filter reject addr 1 2 --damos_filter allow hugepage_size "
        "2M 1G "
        "--damos_filter reject target 3 --damos_wmarks free_mem_rate 5s 99% 50% 0.1% --damos_max_nr_snapshots 9",
        "--sample_primitives hw_sample --sample_filter allow none cpu 1,5-6 --sample_filter reject threads 8,9 "
        "--sample_filter allow write",
        "{\"kdamonds\": [{\"contexts\": [{\"schemes\": [{\"action\": \"stat\", \"access_pattern\": {\"nr_accesses\": "
        "{\"min\": \"3 samples\"}, \"age\": {\"min\": \"7 aggr_intervals\"}}, \"quotas\": {\"fail_charge_num\": 1, "
        "\"fail_charge_denom\": 4096}}]}]}]}"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(NsimDamonPlan) first = read_good(texts[i]);
        g_autofree char *printed = nsim_damo_args_json(first, false);
        g_autoptr(NsimDamonPlan) second = read_good(printed);
        g_autofree char *again = nsim_damo_args_json(second, false);
        CU_ASSERT_STRING_EQUAL(printed, again);
        check_files(first, printed);
        g_autofree char *text = nsim_damo_explain_text(first), *same = nsim_damo_explain_text(second);
        g_autofree char *json = nsim_damo_explain_json(first), *same_json = nsim_damo_explain_json(second);
        CU_ASSERT_STRING_EQUAL(text, same);
        CU_ASSERT_STRING_EQUAL(json, same_json);
    }
}

/* All warnings of the first scheme, one a line. (transfer full) */
static char *
warnings_of(const char *text)
{
    g_autoptr(NsimDamonPlan) plan = read_good(text);
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    const NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, 0);
    const NsimDamonContextPlan *context = g_ptr_array_index(kdamond->contexts, 0);
    nsim_damo_find_traps(context, g_ptr_array_index(context->schemes, 0), warnings);
    g_ptr_array_add(warnings, NULL);
    return g_strjoinv("\n", (char **)warnings->pdata);
}

static void
test_traps(void)
{
    static const char *const cases[][3] = {
        /* the warning, in the trap, out of it */
        {"cut off to 1", "stat --damos_access_rate 7% max", "stat --damos_access_rate 5% max"},
        {"becomes 0 samples", "stat --damos_access_rate 4% max", "stat --damos_access_rate 0% max"},
        {"no region matches", "stat --damos_access_rate 50% 5%", "stat --damos_access_rate 5% 50%"},
        {"shorter than an aggregation interval", "stat --damos_age 50ms max", "stat --damos_age 100ms max"},
        {"stand for other times", "stat --damos_age 5s max --monitoring_intervals_autotune", "stat --damos_age 5s max"},
        {"paddr has no action willneed", "willneed", "stat"},
        {"vaddr has no action lru_prio", "lru_prio --ops vaddr", "lru_prio"},
        {"paddr ignores several destinations", "migrate_hot 0 1 1 1", "migrate_hot 0 1 1 1 --ops vaddr"},
        {"does not demote", "pageout", "pageout --ops vaddr"},
        {"there is no quota", "migrate_hot 0", "migrate_hot 0 --damos_quotas 0 1G 1s"},
        {"it allows once", "migrate_hot 0 --damos_quotas 0 1G", "migrate_hot 0 --damos_quotas 0 1G 1s"},
        {"as long as the apply interval", "stat --damos_quotas 0 1G 1s --damos_apply_interval 2s",
         "stat --damos_quotas 0 1G 2s --damos_apply_interval 2s"},
        {"lasts, one sample", "stat --damos_apply_interval 1s --monitoring_intervals_autotune",
         "stat --damos_apply_interval 10s --monitoring_intervals_autotune"},
        {"nothing moves in the first 11 windows (12 s)",
         "migrate_cold 1 --damos_quotas 0 1G 1s --damos_quota_goal node_mem_free_bp 0.5% 0",
         "migrate_cold 1 --damos_quotas 0 1G 1s --damos_quota_goal node_mem_free_bp 0.5% 0 --damos_quota_goal_tuner "
         "temporal"},
        {"at 1 %, twice the goal", "migrate_cold 1 --damos_quotas 0 1G 1s --damos_quota_goal node_mem_free_bp 0.5% 0",
         "migrate_cold 1 --damos_quotas 0 1G 1s --damos_quota_goal node_mem_used_bp 99.7% 0"},
        {"hardly shrinks: 3,610 windows",
         "migrate_hot 0 --damos_quotas 0 200M 1s --damos_quota_goal node_mem_used_bp 99.7% 0",
         "migrate_hot 0 --damos_quotas 0 200M 1s --damos_quota_goal node_mem_used_bp 60% 0"},
        {"keeps nothing out", "stat --damos_filter allow memcg a --damos_filter reject young",
         "stat --damos_filter reject none memcg a --damos_filter reject young"},
        {"keeps nothing out", "stat --damos_filter allow anon reject young",
         "stat --damos_filter reject young allow anon"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *in = g_strconcat("--damos_action ", cases[i][1], NULL);
        g_autofree char *out = g_strconcat("--damos_action ", cases[i][2], NULL);
        g_autofree char *with = warnings_of(in), *without = warnings_of(out);
        if (strstr(with, cases[i][0]) == NULL || strstr(without, cases[i][0]) != NULL)
            g_printerr("%s\n%s\n%s\n%s\n", in, with, out, without);
        CU_ASSERT_PTR_NOT_NULL(strstr(with, cases[i][0]));
        CU_ASSERT_PTR_NULL(strstr(without, cases[i][0]));
    }
}

bool
test_damo_register(void)
{
    CU_pSuite suite = CU_add_suite("damo explained", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "ramps up", test_ramp_up) != NULL &&
           CU_add_test(suite, "ramps down", test_ramp_down) != NULL &&
           CU_add_test(suite, "numbers", test_numbers) != NULL &&
           CU_add_test(suite, "round trip", test_round_trip) != NULL && CU_add_test(suite, "traps", test_traps) != NULL;
}
