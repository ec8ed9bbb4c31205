/* SPDX-License-Identifier: MIT */
/*
 * Goal: access reports say who touched what, filters let through what they are meant to, and the RFC's ways can be had.
 * Method: truth tables; faults raised as a replay raises them.
 */
#include "test-damos.h"

#include "rig.h"

#include <CUnit/CUnit.h>

#define MIB ((uint64_t)1 << 20)
#define PAGE ((uint64_t)4096)
#define BASE ((uint64_t)0x80000 << 21)

static void
add_filter(GPtrArray *filters, NsimSampleFilterKind kind, bool matching, bool allow, uint32_t number)
{
    NsimSampleFilterPlan *filter = nsim_sample_filter_plan_new(kind);
    filter->matching = matching;
    filter->allow = allow;
    g_array_append_val(filter->numbers, number);
    g_ptr_array_add(filters, filter);
}

/* A context's plan owns the filters. */
static NsimDamonContextPlan *
filters_new(NsimDamonPlan **ret)
{
    NsimDamonContextPlan *context;
    *ret = rig_plan(&context);
    return context;
}

static void
test_filters(void)
{
    NsimDamonPlan *plan;
    GPtrArray *filters = filters_new(&plan)->sample_filters;
    const NsimDamonReport on_cpu = {.cpu = 3}, elsewhere = {.cpu = 4}, writes = {.cpu = 3, .write = true},
                          thread = {.cpu = NSIM_DAMON_CPU_NONE, .thread = 777};
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &on_cpu, false));
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &on_cpu, true));
    /* "allow cpu 3" is meant to reject all others; the RFC's code lets everything through. */
    add_filter(filters, NSIM_SAMPLE_CPU, true, true, 3);
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &on_cpu, false));
    CU_ASSERT_FALSE(nsim_damon_report_passes(filters, &elsewhere, false));
    CU_ASSERT_FALSE(nsim_damon_report_passes(filters, &thread, false));
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &elsewhere, true));
    /* The first match decides: thread 777 is allowed by the second filter; a write on CPU 3 by the first. */
    add_filter(filters, NSIM_SAMPLE_THREADS, true, true, 777);
    add_filter(filters, NSIM_SAMPLE_WRITE, true, false, 0);
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &thread, false));
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &writes, false));
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &elsewhere, false));
    /* In the RFC's code a matching reject rejects at once, and a last reject rejects everything. */
    CU_ASSERT_FALSE(nsim_damon_report_passes(filters, &writes, true));
    CU_ASSERT_FALSE(nsim_damon_report_passes(filters, &on_cpu, true));
    /* "reject write" alone. */
    g_ptr_array_set_size(filters, 0);
    add_filter(filters, NSIM_SAMPLE_WRITE, true, false, 0);
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &on_cpu, false));
    CU_ASSERT_FALSE(nsim_damon_report_passes(filters, &writes, false));
    CU_ASSERT_FALSE(nsim_damon_report_passes(filters, &on_cpu, true));
    /* "allow none cpu 3": all but those of CPU 3. */
    g_ptr_array_set_size(filters, 0);
    add_filter(filters, NSIM_SAMPLE_CPU, false, true, 3);
    CU_ASSERT_FALSE(nsim_damon_report_passes(filters, &on_cpu, false));
    CU_ASSERT_TRUE(nsim_damon_report_passes(filters, &elsewhere, false));
    nsim_damon_plan_free(plan);
}

static void
test_cpus(void)
{
    g_autofree char *yaml = box_yaml(64, 64);
    NsimMachine *machine = box_machine(yaml);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 0, 0), 0);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 0, 3), 3);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 1, 2), 6);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 2, 0), NSIM_DAMON_CPU_NONE);
    nsim_machine_unref(machine);
    /* Cores of CPUs come first wherever they stand; then those of the others. */
    machine = box_machine("nodes: [{id: N, kind: dram, capacity: 64MiB, latency: 100ns, read: 64GB/s, at: P}]\n"
                          "points: [P]\n"
                          "accessors:\n"
                          "  - {id: G0, kind: gpu, cores: 80, window: {random: 10}, at: P}\n"
                          "  - {id: C0, kind: cpu, cores: 4, window: {random: 10}, at: P}\n"
                          "  - {id: G1, kind: gpu, cores: 40, window: {random: 10}, at: P}\n"
                          "  - {id: C1, kind: cpu, cores: 2, window: {random: 10}, at: P}\n");
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 1, 0), 0);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 3, 1), 5);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 0, 0), 6);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 0, 79), 85);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 2, 0), 86);
    CU_ASSERT_EQUAL(nsim_damon_cpu(machine, 4, 0), NSIM_DAMON_CPU_NONE);
    nsim_machine_unref(machine);
}

/* A kdamond on faults over the whole space; `setup` may change the plan. */
static NsimDamonContextPlan *
fault_plan(NsimDamonPlan **ret, const Rig *rig)
{
    NsimDamonContextPlan *context;
    *ret = rig_plan(&context);
    context->ops = NSIM_DAMON_FVADDR;
    context->primitive = NSIM_PRIMITIVE_PAGE_FAULT;
    context->primitive_given = true;
    const NsimDamonRange range = {BASE, BASE + rig->box.spaces[0]->page_count * PAGE};
    g_array_append_val(rig_add_target(context)->ranges, range);
    return context;
}

/* A touch, as a replay does it. Did it fault? */
static bool
touch(Rig *rig, NsimPage page, uint32_t core, bool write)
{
    NsimMm *mm = rig->box.mm;
    NsimSpace *space = rig->box.spaces[0];
    const uint16_t state = nsim_space_state(space, page);
    if ((state & NSIM_PAGE_ARMED) == 0)
        return false;
    (void)nsim_space_arm(space, page, 1, false);
    const NsimFault fault = {
        .time_ps = mm->now_ps, .page = page, .count = 1, .kind = NSIM_FAULT_HINT, .write = write, .thread = 9};
    mm->fault_core = core;
    CU_ASSERT_TRUE(nsim_mm_fault(mm, &fault, 1));
    return true;
}

/* All pages are touched in each sample, by cores 0 and 2 in turn: half of the reports pass a filter for one core. */
static void
run_touches(Rig *rig, NsimTime until_ps, uint32_t *ret_faults)
{
    *ret_faults = 0;
    for (uint32_t i = 0; rig->box.mm->now_ps < until_ps; i++) {
        rig_run(rig, rig->box.mm->now_ps + 5 * NSIM_MS);
        for (NsimPage page = 0; page < rig->box.spaces[0]->page_count; page++)
            *ret_faults += touch(rig, page, i % 2 == 0 ? 0 : 2, i % 4 < 2);
    }
}

static void
test_faults(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    uint32_t faults;
    rig_open(&rig, 64, 64, 4, 1);
    rig_start(&rig);
    (void)nsim_space_place(rig.box.spaces[0], 0, 2048, 0);
    NsimDamonContextPlan *context = fault_plan(&plan, &rig);
    add_filter(context->sample_filters, NSIM_SAMPLE_CPU, true, true, 2);
    rig_damon(&rig, plan);
    rig_run(&rig, NSIM_MS);
    run_touches(&rig, 900 * NSIM_MS, &faults);
    const NsimKdamond *kdamond = nsim_damon_session_at(rig.session, 0);
    const NsimDamonContext *at = nsim_kdamond_context(kdamond);
    /* One fault for each region in each sample, and every second one of them counts. */
    CU_ASSERT_TRUE(faults >= nsim_kdamond_stats(kdamond)->samples * 10);
    for (uint32_t i = 0; i < at->targets[0].count; i++)
        CU_ASSERT_TRUE(at->targets[0].regions[i].last_nr_accesses >= 9 &&
                       at->targets[0].regions[i].last_nr_accesses <= 11);
    /* Nobody touches anything: idle, and nothing stays armed from sample to sample. */
    rig_run(&rig, 1500 * NSIM_MS);
    uint64_t armed = 0;
    for (NsimPage page = 0; page < 2048; page++)
        armed += (nsim_space_state(rig.box.spaces[0], page) & NSIM_PAGE_ARMED) != 0;
    CU_ASSERT_TRUE(armed <= nsim_damon_nr_regions(at));
    CU_ASSERT_EQUAL(at->max_nr_accesses, 0);
    CU_ASSERT_TRUE(nsim_kdamond_stats(kdamond)->cpu_ps > 200 * 10 * 1500 * NSIM_NS);
    rig_close(&rig);
}

/* A huge page is armed and faults as one. */
static void
test_huge_faults(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 64, 1, 512);
    rig_start(&rig);
    (void)nsim_space_place(rig.box.spaces[0], 0, 512, 0);
    (void)fault_plan(&plan, &rig);
    rig_damon(&rig, plan);
    rig_run(&rig, 2 * NSIM_MS);
    CU_ASSERT_TRUE(touch(&rig, 77, 0, false));
    CU_ASSERT_FALSE(touch(&rig, 78, 0, false));
    rig_run(&rig, 6 * NSIM_MS);
    const NsimDamonContext *at = nsim_kdamond_context(nsim_damon_session_at(rig.session, 0));
    CU_ASSERT_EQUAL(at->max_nr_accesses, 1);
    rig_close(&rig);
}

/* Hardware samples of others: a region is hit by any of its pages; the RFC's buffer loses all when it is full. */
static void
test_samples(void)
{
    Rig rig;
    NsimDamonPlan *plan;
    rig_open(&rig, 64, 64, 4, 1);
    rig_start(&rig);
    (void)nsim_space_place(rig.box.spaces[0], 0, 2048, 0);
    nsim_damon_session_config(rig.session)->rules = nsim_damon_rules_v6_12;
    fault_plan(&plan, &rig)->primitive = NSIM_PRIMITIVE_HW_SAMPLE;
    rig_damon(&rig, plan);
    const NsimDamonContext *at = nsim_kdamond_context(nsim_damon_session_at(rig.session, 0));
    for (uint32_t i = 0; i < 10; i++) {
        rig_run(&rig, (i * 5 + 2) * NSIM_MS);
        const NsimDamonReport report = {
            .time_ps = rig.box.mm->now_ps, .page = i * 200, .primitive = NSIM_PRIMITIVE_HW_SAMPLE};
        if (i % 2 == 0)
            nsim_damon_report_access(rig.box.mm, &report);
    }
    rig_run(&rig, 52 * NSIM_MS);
    CU_ASSERT_EQUAL(at->targets[0].regions[0].nr_accesses, 5);
    CU_ASSERT_EQUAL(nsim_kdamond_stats(nsim_damon_session_at(rig.session, 0))->cpu_ps, 5 * 100 * NSIM_NS);
    rig_close(&rig);

    const NsimDamonReport report = {.page = 1, .primitive = NSIM_PRIMITIVE_PAGE_FAULT};
    NsimDamonReporter reporter = {.rules = &nsim_damon_report_rules_rfc};
    nsim_damon_reporter_init(&reporter);
    for (uint32_t i = 0; i < NSIM_DAMON_REPORTS_RFC + 1; i++)
        nsim_damon_reporter_tell(&reporter, &report);
    CU_ASSERT_EQUAL(reporter.reports->len, 1);
    CU_ASSERT_EQUAL(reporter.dropped, NSIM_DAMON_REPORTS_RFC);
    nsim_damon_reporter_clear(&reporter);
}

bool
test_report_register(void)
{
    CU_pSuite suite = CU_add_suite("damon: access reports", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "filters", test_filters) != NULL &&
           CU_add_test(suite, "CPU numbers", test_cpus) != NULL && CU_add_test(suite, "faults", test_faults) != NULL &&
           CU_add_test(suite, "faults of huge pages", test_huge_faults) != NULL &&
           CU_add_test(suite, "hardware samples", test_samples) != NULL;
}
