/* SPDX-License-Identifier: MIT */
/*
 * Goal: DAMON's texts mean here what they mean to damo, and bad ones are refused where they are bad. Method: the
 * command lines of the talk at LPC 2025 and of the kernel's mailing list as they stand there, with their meaning
 * written out by hand from damo's manual; a kdamonds file in each form; tables of units and of errors.
 */
#include "test-damon.h"

#include <mm/damon/damo.h>
#include <mm/damon/damo-units.h>
#include <models/document.h>
#include <numasim/types.h>

#include <CUnit/CUnit.h>
#include <glib.h>
#include <string.h>

/* Tiering with DAMON as the talk has it: line breaks, backslashes and all. */
static const char seed[] = "damo start \\\n"
                           "    --numa_node 0 --monitoring_intervals_goal 4% 3 5ms 10s \\\n"
                           "        --damos_action migrate_cold 1 --damos_access_rate 0% 0% \\\n"
                           "        --damos_apply_interval 1s \\\n"
                           "        --damos_quota_interval 1s --damos_quota_space 200MB \\\n"
                           "        --damos_quota_goal node_mem_free_bp 0.5% 0 \\\n"
                           "        --damos_filter reject young \\\n"
                           "    --numa_node 1 --monitoring_intervals_goal 4% 3 5ms 10s \\\n"
                           "        --damos_action migrate_hot 0 --damos_access_rate 5% max \\\n"
                           "        --damos_apply_interval 1s \\\n"
                           "        --damos_quota_interval 1s --damos_quota_space 200MB \\\n"
                           "        --damos_quota_goal node_mem_used_bp 99.7% 0 \\\n"
                           "        --damos_filter allow young \\\n"
                           "    --damos_nr_quota_goals 1 1 --damos_nr_filters 1 1 \\\n"
                           "    --nr_targets 1 1 --nr_schemes 1 1 --nr_ctxs 1 1\n";

static const char sample_control[] = "damo start --sample_primitives page_fault \\\n"
                                     "           --sample_filter allow cpu 0-4 \\\n"
                                     "           --sample_filter allow threads 777,888,999 \\\n"
                                     "           --sample_filter reject write\n";

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

static NsimDamonContextPlan *
context_of(const NsimDamonPlan *plan, uint32_t kdamond)
{
    CU_ASSERT_FATAL(kdamond < plan->kdamonds->len);
    NsimKdamondPlan *item = g_ptr_array_index(plan->kdamonds, kdamond);
    CU_ASSERT_EQUAL_FATAL(item->contexts->len, 1);
    return g_ptr_array_index(item->contexts, 0);
}

static NsimDamosPlan *
scheme_of(const NsimDamonPlan *plan, uint32_t kdamond, uint32_t scheme)
{
    const NsimDamonContextPlan *context = context_of(plan, kdamond);
    CU_ASSERT_FATAL(scheme < context->schemes->len);
    return g_ptr_array_index(context->schemes, scheme);
}

static const NsimDamonTargetPlan *
target_of(const NsimDamonPlan *plan, uint32_t kdamond, uint32_t target)
{
    const NsimDamonContextPlan *context = context_of(plan, kdamond);
    CU_ASSERT_FATAL(target < context->targets->len);
    return g_ptr_array_index(context->targets, target);
}

#define GOAL(scheme, i) (&g_array_index((scheme)->goals, NsimDamosGoalPlan, (i)))
#define FILTER(scheme, i) (&g_array_index((scheme)->filters, NsimDamosFilterPlan, (i)))

/* ---- Command lines ---------------------------------------------------------------------------------------------- */

static void
check_seed_scheme(const NsimDamonPlan *plan, uint32_t k, NsimDamosAction action, NsimDamosGoalMetric metric,
                  uint64_t target, bool allow)
{
    const NsimDamonContextPlan *context = context_of(plan, k);
    const NsimDamosPlan *scheme = scheme_of(plan, k, 0);
    CU_ASSERT_EQUAL(context->ops, NSIM_DAMON_PADDR);
    CU_ASSERT_EQUAL(context->targets->len, 1);
    CU_ASSERT_EQUAL(target_of(plan, k, 0)->nid, (int32_t)k);
    CU_ASSERT_EQUAL(context->attrs.goal.access_bp, 400);
    CU_ASSERT_EQUAL(context->attrs.goal.aggrs, 3);
    CU_ASSERT_EQUAL(context->attrs.goal.min_sample_ps, 5 * NSIM_MS);
    CU_ASSERT_EQUAL(context->attrs.goal.max_sample_ps, 10 * NSIM_S);
    CU_ASSERT_EQUAL(context->attrs.sample_ps, 5 * NSIM_MS);
    CU_ASSERT_EQUAL(context->attrs.aggr_ps, 100 * NSIM_MS);
    CU_ASSERT_EQUAL(context->attrs.ops_update_ps, NSIM_S);
    CU_ASSERT_EQUAL(context->schemes->len, 1);
    CU_ASSERT_EQUAL(scheme->action, action);
    CU_ASSERT_EQUAL(scheme->target_nid, 1 - (int32_t)k);
    CU_ASSERT_EQUAL(scheme->apply_interval_ps, NSIM_S);
    CU_ASSERT_EQUAL(scheme->quota_interval_ps, NSIM_S);
    CU_ASSERT_EQUAL(scheme->quota_bytes, 209715200);
    CU_ASSERT_EQUAL(scheme->quota_ms, 0);
    CU_ASSERT(scheme->weight_size == 1 && scheme->weight_rate == 1 && scheme->weight_age == 1);
    CU_ASSERT_EQUAL_FATAL(scheme->goals->len, 1);
    CU_ASSERT_EQUAL(GOAL(scheme, 0)->metric, metric);
    CU_ASSERT_EQUAL(GOAL(scheme, 0)->target, target);
    CU_ASSERT_EQUAL(GOAL(scheme, 0)->nid, 0);
    CU_ASSERT_EQUAL_FATAL(scheme->filters->len, 1);
    CU_ASSERT_EQUAL(FILTER(scheme, 0)->kind, NSIM_FILTER_YOUNG);
    CU_ASSERT_EQUAL(FILTER(scheme, 0)->matching, true);
    CU_ASSERT_EQUAL(FILTER(scheme, 0)->allow, allow);
}

static void
check_seed(const char *text)
{
    g_autoptr(NsimDamonPlan) plan = read_good(text);
    CU_ASSERT_EQUAL(plan->kdamonds->len, 2);
    check_seed_scheme(plan, 0, NSIM_DAMOS_MIGRATE_COLD, NSIM_GOAL_NODE_MEM_FREE_BP, 50, false);
    check_seed_scheme(plan, 1, NSIM_DAMOS_MIGRATE_HOT, NSIM_GOAL_NODE_MEM_USED_BP, 9970, true);
    const NsimDamosPlan *cold = scheme_of(plan, 0, 0), *hot = scheme_of(plan, 1, 0);
    CU_ASSERT(cold->rate_min.value == 0 && cold->rate_max.value == 0);
    CU_ASSERT(hot->rate_min.value == 50000 && hot->rate_max.value == NSIM_DAMON_MAX && !hot->rate_min.samples);
    CU_ASSERT(hot->age_min.value == 0 && hot->age_max.value == NSIM_DAMON_MAX);
    CU_ASSERT(hot->bytes_min == 0 && hot->bytes_max == NSIM_DAMON_MAX);
}

/* As it stands, without its first words, with sudo and a path, folded by YAML, with CR LF. */
static void
test_seed(void)
{
    const char *options = strchr(seed, '-');
    g_autofree char *sudo = g_strconcat("# sudo ./damo tune ", options, NULL);
    g_autofree char *args = g_strconcat("$ damo args damon --format json ", options, NULL);
    g_autofree char *folded = g_strdelimit(g_strdup(seed), "\n", ' ');
    g_auto(GStrv) lines = g_strsplit(seed, "\n", -1);
    g_autofree char *dos = g_strjoinv("\r\n", lines);
    check_seed(seed);
    check_seed(options);
    check_seed(sudo);
    check_seed(args);
    check_seed(folded);
    check_seed(dos);
}

static void
test_sample_control(void)
{
    g_autoptr(NsimDamonPlan) plan = read_good(sample_control);
    const NsimDamonContextPlan *context = context_of(plan, 0);
    CU_ASSERT_EQUAL(context->primitive, NSIM_PRIMITIVE_PAGE_FAULT);
    CU_ASSERT_EQUAL_FATAL(context->sample_filters->len, 3);
    const NsimSampleFilterPlan *cpu = g_ptr_array_index(context->sample_filters, 0);
    const NsimSampleFilterPlan *threads = g_ptr_array_index(context->sample_filters, 1);
    const NsimSampleFilterPlan *write = g_ptr_array_index(context->sample_filters, 2);
    CU_ASSERT(cpu->kind == NSIM_SAMPLE_CPU && cpu->matching && cpu->allow && cpu->numbers->len == 5);
    CU_ASSERT_EQUAL(g_array_index(cpu->numbers, uint32_t, 4), 4);
    CU_ASSERT(threads->kind == NSIM_SAMPLE_THREADS && threads->allow && threads->numbers->len == 3);
    CU_ASSERT_EQUAL(g_array_index(threads->numbers, uint32_t, 1), 888);
    CU_ASSERT(write->kind == NSIM_SAMPLE_WRITE && write->matching && !write->allow);
    /* damo's experimental spelling: all conditions must hold, so each rejects what does not match. */
    g_autoptr(NsimDamonPlan) other = read_good("--exp_ops_use_reports y --exp_ops_write_only y --exp_ops_cpus 5,0-3,2");
    const NsimDamonContextPlan *exp = context_of(other, 0);
    CU_ASSERT_EQUAL(exp->primitive, NSIM_PRIMITIVE_PAGE_FAULT);
    CU_ASSERT_EQUAL_FATAL(exp->sample_filters->len, 2);
    cpu = g_ptr_array_index(exp->sample_filters, 0);
    CU_ASSERT(!cpu->matching && !cpu->allow && cpu->numbers->len == 5);
    CU_ASSERT_EQUAL(g_array_index(cpu->numbers, uint32_t, 4), 5);
}

/* Each context counts the accesses of CPUs of its own; without shares all filters are for all contexts. */
static void
test_sample_shares(void)
{
    static const char contexts[] =
        "--numa_node 0 --sample_filter allow cpu 0-3 --numa_node 1 --sample_filter allow cpu 4-7 "
        "--sample_filter reject write --nr_targets 1 1 --nr_schemes 0 0 --nr_ctxs 1 1";
    g_autofree char *shared = g_strconcat(contexts, " --nr_sample_filters 1 2", NULL);
    g_autoptr(NsimDamonPlan) plan = read_good(shared), all = read_good(contexts);
    const NsimSampleFilterPlan *cpu = g_ptr_array_index(context_of(plan, 1)->sample_filters, 0);
    CU_ASSERT_EQUAL(context_of(plan, 0)->sample_filters->len, 1);
    CU_ASSERT_EQUAL(context_of(plan, 1)->sample_filters->len, 2);
    CU_ASSERT_EQUAL(g_array_index(cpu->numbers, uint32_t, 0), 4);
    CU_ASSERT_EQUAL(context_of(all, 0)->sample_filters->len, 3);
    CU_ASSERT_EQUAL(context_of(all, 1)->sample_filters->len, 3);
}

/* Four schemes on two nodes, from the cover letter of the per-cgroup goals, with its comments in the command. */
static void
test_groups(void)
{
    g_autoptr(NsimDamonPlan) plan = read_good(
        "./damo start \\\n --monitoring_intervals_goal 4% 3 5ms 10s --numa_node 1 \\\n"
        "  `# promotion scheme for cgroup a` \\\n"
        "  --damos_action migrate_hot 0 --damos_access_rate 5% max --damos_apply_interval 1s \\\n"
        "  --damos_filter allow memcg /workloads/a --damos_filter allow young \\\n"
        "  --damos_quota_interval 1s --damos_quota_space 200MB --damos_quota_goal node_memcg_used_bp 29.7% 0 "
        "/workloads/a \\\n"
        "  --damos_action migrate_hot 0 --damos_access_rate 5% max --damos_apply_interval 1s \\\n"
        "  --damos_filter allow memcg /workloads/b --damos_filter allow young \\\n"
        "  --damos_quota_interval 1s --damos_quota_space 200MB --damos_quota_goal node_memcg_used_bp 69.7% 0 "
        "/workloads/b \\\n"
        "  --numa_node 0 --monitoring_intervals_goal 4% 3 5ms 10s \\\n"
        "  --damos_action migrate_cold 1 --damos_access_rate 0% 0% --damos_apply_interval 1s \\\n"
        "  --damos_filter allow memcg /workloads/a --damos_filter reject young \\\n"
        "  --damos_quota_interval 1s --damos_quota_space 200MB --damos_quota_goal node_memcg_free_bp 70.5% 0 "
        "/workloads/a \\\n"
        "  --damos_nr_quota_goals 1 1 1 --damos_nr_filters 2 2 2 --nr_targets 1 1 --nr_schemes 2 1 --nr_ctxs 1 1");
    CU_ASSERT_EQUAL(target_of(plan, 0, 0)->nid, 1);
    CU_ASSERT_EQUAL(context_of(plan, 0)->schemes->len, 2);
    CU_ASSERT_EQUAL(context_of(plan, 1)->schemes->len, 1);
    const NsimDamosPlan *b = scheme_of(plan, 0, 1);
    CU_ASSERT_EQUAL_FATAL(b->filters->len, 2);
    CU_ASSERT_STRING_EQUAL(FILTER(b, 0)->memcg, "workloads/b");
    CU_ASSERT_STRING_EQUAL(GOAL(b, 0)->memcg, "workloads/b");
    CU_ASSERT_EQUAL(GOAL(b, 0)->target, 6970);
    CU_ASSERT_EQUAL(scheme_of(plan, 1, 0)->action, NSIM_DAMOS_MIGRATE_COLD);
    CU_ASSERT_EQUAL(GOAL(scheme_of(plan, 1, 0), 0)->target, 7050);
}

static void
test_filters(void)
{
    g_autoptr(NsimDamonPlan) plan =
        read_good("--damos_action stat --damos_filter allow none anon reject addr 4096 2MiB allow "
                  "memcg a --damos_filter memcg nomatching /b allow --damos_filter young "
                  "matching --damos_filter hugepage_size matching 2M 1G pass "
                  "--damos_filter target nomatching 3 --damos_filter deny unmapped");
    const NsimDamosPlan *scheme = scheme_of(plan, 0, 0);
    static const NsimDamosFilterPlan expected[] = {
        {.kind = NSIM_FILTER_ANON, .matching = false, .allow = true},
        {.kind = NSIM_FILTER_ADDR, .matching = true, .start = 4096, .end = 2097152},
        {.kind = NSIM_FILTER_MEMCG, .matching = true, .allow = true},
        {.kind = NSIM_FILTER_MEMCG, .matching = false, .allow = true},
        {.kind = NSIM_FILTER_YOUNG, .matching = true},
        {.kind = NSIM_FILTER_HUGEPAGE_SIZE, .matching = true, .allow = true, .start = 2097152, .end = 1073741824},
        {.kind = NSIM_FILTER_TARGET, .matching = false, .target = 3},
        {.kind = NSIM_FILTER_UNMAPPED, .matching = true}};
    CU_ASSERT_EQUAL_FATAL(scheme->filters->len, G_N_ELEMENTS(expected));
    for (uint32_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const NsimDamosFilterPlan *filter = FILTER(scheme, i);
        CU_ASSERT(filter->kind == expected[i].kind && filter->matching == expected[i].matching);
        CU_ASSERT(filter->allow == expected[i].allow && filter->target == expected[i].target);
        CU_ASSERT(filter->start == expected[i].start && filter->end == expected[i].end);
    }
    CU_ASSERT_STRING_EQUAL(FILTER(scheme, 3)->memcg, "b");
}

/* Where memory is that a context watches. */
static void
test_targets(void)
{
    g_autoptr(NsimDamonPlan) all = read_good("damo start");
    CU_ASSERT(context_of(all, 0)->ops == NSIM_DAMON_PADDR && target_of(all, 0, 0)->nid == -1);
    g_autoptr(NsimDamonPlan) pid = read_good("damo start --target_pid $(pidof redis-server) --target_pid 3");
    CU_ASSERT(context_of(pid, 0)->ops == NSIM_DAMON_VADDR && context_of(pid, 0)->targets->len == 2);
    CU_ASSERT_STRING_EQUAL(target_of(pid, 0, 0)->workload, "redis-server");
    CU_ASSERT_STRING_EQUAL(target_of(pid, 0, 1)->workload, "3");
    g_autoptr(NsimDamonPlan) fixed =
        read_good("damo start 7 -r '0x1000-8KiB 1G-2G' -s5000 --aggr=0.1s -n 20 --maxr 2,000");
    CU_ASSERT_EQUAL(context_of(fixed, 0)->ops, NSIM_DAMON_FVADDR);
    CU_ASSERT_STRING_EQUAL(target_of(fixed, 0, 0)->workload, "7");
    CU_ASSERT_EQUAL_FATAL(target_of(fixed, 0, 0)->ranges->len, 2);
    CU_ASSERT_EQUAL(g_array_index(target_of(fixed, 0, 0)->ranges, NsimDamonRange, 0).start, 4096);
    CU_ASSERT_EQUAL(g_array_index(target_of(fixed, 0, 0)->ranges, NsimDamonRange, 1).end, UINT64_C(2) << 30);
    CU_ASSERT_EQUAL(context_of(fixed, 0)->attrs.aggr_ps, 100 * NSIM_MS);
    CU_ASSERT_EQUAL(context_of(fixed, 0)->attrs.max_nr_regions, 2000);
    g_autoptr(NsimDamonPlan) nodes = read_good("damo start paddr --numa_node 0 2 --monitoring_intervals_autotune");
    CU_ASSERT_EQUAL(context_of(nodes, 0)->targets->len, 2);
    CU_ASSERT_EQUAL(target_of(nodes, 0, 1)->nid, 2);
    CU_ASSERT_EQUAL(context_of(nodes, 0)->attrs.goal.aggrs, 3);
    /* What a second context lacks it has by default, not from the first. */
    g_autoptr(NsimDamonPlan) two = read_good("--sample 10ms --aggr 1s --nr_targets 1 1 --nr_ctxs 1 1");
    CU_ASSERT_EQUAL(context_of(two, 1)->attrs.sample_ps, 5 * NSIM_MS);
}

/* All of a scheme's options; interleaving; what --damos_quotas leaves out. */
static void
test_schemes(void)
{
    g_autoptr(NsimDamonPlan) plan = read_good(
        "--damos_action migrate_hot 0 3 1 1 --damos_sz_region 4K max --damos_age '1 m 30 s' max --damos_quota_interval "
        "20s "
        "--damos_quota_time 1s --damos_quota_weights 0 0.1% 5 --damos_quota_goal user_input 10,000 20 "
        "--damos_quota_goal some_mem_psi_us 10ms --damos_quota_goal_tuner temporal --damos_max_nr_snapshots 7 "
        "--damos_wmarks free_mem_rate 5s 99% 500 20%");
    const NsimDamosPlan *scheme = scheme_of(plan, 0, 0);
    CU_ASSERT_EQUAL_FATAL(scheme->dests->len, 2);
    CU_ASSERT_EQUAL(g_array_index(scheme->dests, NsimDamosDest, 0).weight, 3);
    CU_ASSERT_EQUAL(g_array_index(scheme->dests, NsimDamosDest, 1).nid, 1);
    CU_ASSERT(scheme->target_nid == -1 && scheme->bytes_min == 4096 && scheme->age_min.value == 90000000);
    CU_ASSERT(scheme->quota_ms == 1000 && scheme->quota_bytes == 0 && scheme->quota_interval_ps == 20 * NSIM_S);
    CU_ASSERT(scheme->weight_size == 0 && scheme->weight_rate == 1 && scheme->weight_age == 5);
    CU_ASSERT_EQUAL_FATAL(scheme->goals->len, 2);
    CU_ASSERT(GOAL(scheme, 0)->target == 10000 && GOAL(scheme, 0)->current == 20);
    CU_ASSERT(GOAL(scheme, 1)->target == 10000 && GOAL(scheme, 1)->metric == NSIM_GOAL_SOME_MEM_PSI_US);
    CU_ASSERT(scheme->tuner == NSIM_TUNER_TEMPORAL && scheme->max_nr_snapshots == 7);
    CU_ASSERT(scheme->watermark == NSIM_WMARK_FREE_MEM_RATE && scheme->watermark_interval_ps == 5 * NSIM_S);
    CU_ASSERT(scheme->watermark_high == 990 && scheme->watermark_mid == 500 && scheme->watermark_low == 200);
    g_autoptr(NsimDamonPlan) quotas = read_good("--damos_action pageout --damos_action stat --damos_quotas 10 1G");
    CU_ASSERT_EQUAL(scheme_of(quotas, 0, 0)->quota_ms, 10);
    CU_ASSERT_EQUAL(scheme_of(quotas, 0, 0)->quota_interval_ps, NSIM_TIME_MAX);
    CU_ASSERT_EQUAL(scheme_of(quotas, 0, 0)->weight_rate, 0);
    CU_ASSERT_EQUAL(scheme_of(quotas, 0, 1)->quota_ms, 0);
}

/* ---- Files ------------------------------------------------------------------------------------------------------ */

static const char own_example[] =
    "{\"kdamonds\": [{\n \"refresh_ms\": 0,\n \"contexts\": [{\n  \"ops\": \"paddr\", \"addr_unit\": \"1 B\",\n"
    "  \"targets\": [{\"pid\": null, \"obsolete\": false,\n"
    "    \"regions\": [{\"start\": \"4,294,967,296\", \"end\": \"12,884,901,888\"}]}],\n"
    "  \"intervals\": {\"sample_us\": \"5 ms\", \"aggr_us\": \"100 ms\", \"ops_update_us\": \"1 s\",\n"
    "    \"intervals_goal\": {\"access_bp\": \"4 %\", \"aggrs\": \"3\", \"min_sample_us\": \"5 ms\", "
    "\"max_sample_us\": \"10 s\"}},\n"
    "  \"nr_regions\": {\"min\": \"10\", \"max\": \"1,000\"},\n"
    "  \"probes\": [{\"filters\": [{\"filter_type\": \"anon\", \"matching\": true, \"allow\": true, \"path\": "
    "null}]}],\n"
    "  \"sample_control\": {\"primitives_enabled\": {\"page_table\": true, \"page_fault\": false},\n"
    "    \"sample_filters\": [{\"filter_type\": \"cpumask\", \"matching\": true, \"allow\": true, \"cpumask\": "
    "\"0-4\", \"tid_arr\": null}]},\n"
    "  \"pause\": false,\n"
    "  \"schemes\": [{\n    \"action\": \"migrate_hot\",\n"
    "    \"dests\": [{\"id\": 0, \"weight\": 3}, {\"nid\": 1, \"weight\": 1}],\n    \"target_nid\": 0,\n"
    "    \"access_pattern\": {\"sz_bytes\": {\"min\": \"0 B\", \"max\": \"max\"},\n"
    "      \"nr_accesses\": {\"min\": \"5 %\", \"max\": \"18,446,744,073,709,551,615 %\"}, \"age\": {\"min\": \"0 "
    "ns\", \"max\": \"max\"}},\n"
    "    \"apply_interval_us\": \"1 s\",\n"
    "    \"quotas\": {\"time_ms\": \"0 ns\", \"sz_bytes\": \"64.000 MiB\", \"reset_interval_ms\": \"1 s\",\n"
    "      \"fail_charge_num\": \"1\", \"fail_charge_denom\": \"4,096\",\n"
    "      \"goals\": [{\"metric\": \"node_mem_used_bp\", \"nid\": \"0\", \"memcg_path\": null, \"target_value\": "
    "\"9,900\", \"current_value\": \"0\"}],\n"
    "      \"goal_tuner\": \"consist\", \"effective_sz_bytes\": \"0 B\",\n"
    "      \"weights\": {\"sz_permil\": \"0 %\", \"nr_accesses_permil\": \"0.1 %\", \"age_permil\": \"0.1 %\"}},\n"
    "    \"watermarks\": {\"metric\": \"none\", \"interval_us\": \"0 ns\", \"high_permil\": \"0 %\", \"mid_permil\": "
    "\"0 %\", \"low_permil\": \"0 %\"},\n"
    "    \"filters\": [{\"filter_type\": \"young\", \"matching\": true, \"allow\": true, \"memcg_path\": null,\n"
    "      \"address_range\": null, \"damon_target_idx\": null, \"hugepage_size\": null}]}]}]}]}\n";

static void
test_file(void)
{
    g_autoptr(NsimDamonPlan) plan = read_good(own_example);
    const NsimDamonContextPlan *context = context_of(plan, 0);
    const NsimDamosPlan *scheme = scheme_of(plan, 0, 0);
    CU_ASSERT_EQUAL(context->attrs.max_nr_regions, 1000);
    CU_ASSERT_EQUAL(context->attrs.goal.max_sample_ps, 10 * NSIM_S);
    CU_ASSERT_EQUAL(g_array_index(target_of(plan, 0, 0)->ranges, NsimDamonRange, 0).start, UINT64_C(4) << 30);
    CU_ASSERT_EQUAL(context->sample_filters->len, 1);
    CU_ASSERT(scheme->target_nid == 0 && scheme->dests->len == 2);
    CU_ASSERT(scheme->rate_min.value == 50000 && scheme->rate_max.value == NSIM_DAMON_MAX);
    CU_ASSERT(scheme->quota_bytes == 64u << 20 && scheme->quota_interval_ps == NSIM_S);
    CU_ASSERT(scheme->fail_charge_num == 1 && scheme->fail_charge_denom == 4096);
    CU_ASSERT(scheme->weight_size == 0 && scheme->weight_rate == 1 && scheme->weight_age == 1);
    CU_ASSERT(GOAL(scheme, 0)->target == 9900 && GOAL(scheme, 0)->nid == 0);
    CU_ASSERT(FILTER(scheme, 0)->kind == NSIM_FILTER_YOUNG && FILTER(scheme, 0)->allow);
}

/* `damo args damon --raw`: nanoseconds under keys of milliseconds and microseconds, ratios with six digits. */
static void
test_raw_file(void)
{
    g_autoptr(NsimDamonPlan) plan = read_good(
        "kdamonds:\n- contexts:\n  - ops: vaddr\n    targets:\n    - pid: 0\n    intervals:\n      sample_us: '5000'\n"
        "      aggr_us: '100000'\n    schemes:\n    - action: pageout\n      access_pattern:\n        nr_accesses:\n"
        "          min: '0.000000'\n          max: 18446744073709551615.000000\n        age:\n          min: "
        "'30000000000'\n"
        "          max: '18446744073709551615'\n      quotas:\n        time_ms: '10000000'\n        reset_interval_ms: "
        "'1000000000'\n"
        "        weights:\n          nr_accesses_permil: '100.000000'\n      watermarks:\n        interval_us: "
        "'5000000000'\n");
    const NsimDamosPlan *scheme = scheme_of(plan, 0, 0);
    CU_ASSERT(scheme->age_min.value == 30000000 && scheme->age_max.value == NSIM_DAMON_MAX);
    CU_ASSERT(scheme->quota_ms == 10 && scheme->quota_interval_ps == NSIM_S);
    CU_ASSERT(scheme->weight_rate == 100 && scheme->watermark_interval_ps == 5 * NSIM_S);
    CU_ASSERT_EQUAL(scheme->rate_max.value, NSIM_DAMON_MAX);
    CU_ASSERT_STRING_EQUAL(target_of(plan, 0, 0)->workload, "0");
    /* By hand: the keys mean what they say, and counts may be those of the kernel. */
    g_autoptr(NsimDamonPlan) hand = read_good("{\"kdamonds\": [{\"contexts\": [{\"schemes\": [{\"action\": \"stat\", "
                                              "\"quotas\": {\"reset_interval_ms\": 1000},"
                                              " \"access_pattern\": {\"nr_accesses\": {\"min\": \"3 samples\"}, "
                                              "\"age\": {\"min\": \"7 aggr_intervals\"}}}]}]}]}");
    scheme = scheme_of(hand, 0, 0);
    CU_ASSERT(scheme->quota_interval_ps == NSIM_S && scheme->rate_min.samples && scheme->rate_min.value == 3);
    CU_ASSERT(scheme->age_min.intervals && scheme->age_min.value == 7);
}

/* ---- Units and errors ------------------------------------------------------------------------------------------- */

static void
test_units(void)
{
    static const struct {
        const char *text;
        NsimDamoUnit unit;
        uint64_t value;
    } good[] = {{"200MB", NSIM_DAMO_SIZE, 209715200},
                {"200MiB", NSIM_DAMO_SIZE, 209715200},
                {"64.000 MiB", NSIM_DAMO_SIZE, 67108864},
                {"4,096", NSIM_DAMO_SIZE, 4096},
                {"1.5K", NSIM_DAMO_SIZE, 1536},
                {"2E", NSIM_DAMO_SIZE, UINT64_C(2) << 60},
                {"99E", NSIM_DAMO_SIZE, UINT64_MAX},
                {"max", NSIM_DAMO_SIZE, UINT64_MAX},
                {"5ms", NSIM_DAMO_US, 5000},
                {"100000", NSIM_DAMO_US, 100000},
                {"1 h 3 s", NSIM_DAMO_MS, 3603000},
                {"1.5s", NSIM_DAMO_MS, 1500},
                {"999us", NSIM_DAMO_MS, 0},
                {"2 d", NSIM_DAMO_US, UINT64_C(172800000000)},
                {"7 m", NSIM_DAMO_NS, UINT64_C(420000000000)},
                {"99.7%", NSIM_DAMO_BP, 9970},
                {"0.5 %", NSIM_DAMO_BP, 50},
                {"9,970", NSIM_DAMO_BP, 9970},
                {"400.000000", NSIM_DAMO_BP, 400},
                {"0.1 %", NSIM_DAMO_PERMIL, 1},
                {"20%", NSIM_DAMO_PERMIL, 200},
                {"1", NSIM_DAMO_PERMIL, 1},
                {"5%", NSIM_DAMO_PERCENT, 50000},
                {"5", NSIM_DAMO_PERCENT, 50000},
                {"0.0001%", NSIM_DAMO_PERCENT, 1},
                {"min", NSIM_DAMO_PERCENT, 0},
                {"1,000", NSIM_DAMO_NUMBER, 1000}};
    static const struct {
        const char *text;
        NsimDamoUnit unit;
    } bad[] = {{"", NSIM_DAMO_SIZE},     {"MB", NSIM_DAMO_SIZE}, {"5mb", NSIM_DAMO_SIZE}, {"-1", NSIM_DAMO_SIZE},
               {"1s", NSIM_DAMO_SIZE},   {"5%", NSIM_DAMO_SIZE}, {"5 x", NSIM_DAMO_US},   {"1s 5", NSIM_DAMO_US},
               {"ms", NSIM_DAMO_US},     {"5% 5", NSIM_DAMO_BP}, {"five", NSIM_DAMO_BP},  {"1e3", NSIM_DAMO_NUMBER},
               {"5K", NSIM_DAMO_NUMBER}, {".", NSIM_DAMO_SIZE},  {"1,,0", NSIM_DAMO_SIZE}};
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        uint64_t value = 1;
        if (!nsim_damo_unit_parse(good[i].text, good[i].unit, &value) || value != good[i].value)
            g_printerr("'%s' is %" G_GUINT64_FORMAT "\n", good[i].text, value);
        CU_ASSERT_EQUAL(value, good[i].value);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        uint64_t value;
        CU_ASSERT_FALSE(nsim_damo_unit_parse(bad[i].text, bad[i].unit, &value));
    }
}

static void
test_errors(void)
{
    static const char *const bad[][2] = {
        {"damo start \\\n  --damos_acton stat",
         "word 3 (line 2, column 3): unknown option '--damos_acton'; did you mean '--damos_action'?"},
        {"--damos_action migrate_warm 1", "word 2 (line 1, column 16): action 'migrate_warm' is not one of willneed, "},
        {"--damos_action migrate_hot", "wants the number of a node"},
        {"--damos_action migrate_hot 0 3 1", "pairs of node and weight"},
        {"--damos_action stat 1", "'stat' takes no '1'"},
        {"--damos_age 5s max", "without --damos_action"},
        {"--damos_action stat --damos_age 5s", "wants 2 values"},
        {"--damos_action stat --damos_age 5s max --damos_age 5s max", "used 2 times, but there is 1 --damos_action"},
        {"--damos_action stat --damos_quota_space 1M", "has no --damos_quota_interval"},
        {"--damos_action stat --damos_quota_goal node_mem_used_bp 99% 0", "no --damos_quota_interval"},
        {"--damos_action stat --damos_quota_interval 1s --damos_quota_goal node_mem_used_bp 99%", "and a node"},
        {"--damos_action stat --damos_action stat --damos_filter allow anon", "'--damos_nr_filters' is missing"},
        {"--damos_action stat --damos_action stat --damos_filter allow anon --damos_nr_filters 1 1",
         "adds up to 2, but there is 1"},
        {"--damos_action stat --damos_filter allow warm", "type of filter 'warm' is not one of anon, active"},
        {"--damos_action stat --damos_filter allow memcg", "wants a memory cgroup"},
        {"--damos_action stat --damos_quota_interval 1parsec", "'1parsec' is not a time: milliseconds"},
        {"--nr_targets 1 1", "'--nr_ctxs' is missing"},
        {"--nr_targets 1 1 --nr_ctxs 2", "kdamond 0 has 2 contexts, and Linux allows exactly one"},
        {"--nr_targets 1 2 --nr_ctxs 1 1", "adds up to 3, but there are 2"},
        {"--ops fvaddr", "no --regions"},
        {"--regions 5-3", "does not end behind its start"},
        {"--sample 1s --aggr 5ms", "context 0: "},
        {"--minr 2 --maxr 1000", "context 0: "},
        {"--damos_q 1", "is short for both"},
        {"damo record", "'record' starts no scheme"},
        {"paddr twice", "'twice' is no option"},
        {"--damos_action 'stat", "word 2 (line 1, column 16): "},
        {"--sample_filter allow cpu", "wants numbers"},
        {"--sample_filter allow cpu 0-999999999", "at most 65536 numbers"},
        {"--sample_filter reject write --nr_sample_filters 2", "'--nr_sample_filters' adds up to 2, but there is 1"},
        {"--sample_primitives both", "'both' is not one of page_table, page_fault"},
        {"{\"kdamonds\": [{\"contexts\": []}]}", "damo:1:28: a kdamond has 0 contexts"},
        {"{\"kdamonds\": [{\"contexts\": [{\"shemes\": []}]}]}", "did you mean \"schemes\""},
        {"kdamonds:\n- contexts:\n  - schemes:\n    - action: fly\n", "damo:4:15: 'action': 'fly' is not one of"},
        {"{\"kdamonds\": 3}", "wants a list"},
        {"{", "damo:"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        NsimDamonPlan *plan = nsim_damo_read(bad[i][0], &error);
        CU_ASSERT_PTR_NULL(plan);
        nsim_damon_plan_free(plan);
        if (error == NULL || strstr(error->message, bad[i][1]) == NULL)
            g_printerr("%s\n  said: %s\n  not: %s\n", bad[i][0], error == NULL ? "nothing" : error->message, bad[i][1]);
        CU_ASSERT(error != NULL && strstr(error->message, bad[i][1]) != NULL);
    }
}

bool
test_damo_register(void)
{
    CU_pSuite suite = CU_add_suite("damo", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "the talk's command line", test_seed) != NULL &&
           CU_add_test(suite, "sample control", test_sample_control) != NULL &&
           CU_add_test(suite, "shares of sample control", test_sample_shares) != NULL &&
           CU_add_test(suite, "goals of groups", test_groups) != NULL &&
           CU_add_test(suite, "filters", test_filters) != NULL && CU_add_test(suite, "targets", test_targets) != NULL &&
           CU_add_test(suite, "schemes", test_schemes) != NULL && CU_add_test(suite, "files", test_file) != NULL &&
           CU_add_test(suite, "raw files", test_raw_file) != NULL && CU_add_test(suite, "units", test_units) != NULL &&
           CU_add_test(suite, "errors", test_errors) != NULL;
}
