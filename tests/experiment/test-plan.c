/* SPDX-License-Identifier: MIT */
/* Reading an experiment: settings, workloads, threads and cores, labels; every complaint at its place; running it. */
#include "folder.h"
#include "test-experiment.h"

#include <experiment/plan.h>
#include <sim/time.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#define MACHINE                                                                                                         \
    "machine:\n"                                                                                                        \
    "  nodes:\n"                                                                                                        \
    "    - {id: N, kind: dram, capacity: 16MiB, latency: 100ns, read: 10GB/s, at: C}\n"                                 \
    "    - {id: F, kind: cxl, capacity: 16MiB, latency: 300ns, read: 5GB/s, at: D}\n"                                   \
    "  links: [{id: L, kind: upi, between: [C, D], bandwidth: 8GB/s, latency: 50ns}]\n"                                 \
    "  accessors:\n"                                                                                                    \
    "    - {id: C, cores: 2, clock: 2GHz}\n"                                                                            \
    "    - {id: D, cores: 3, clock: 2GHz}\n"
/* The line after the machine. */
#define LINE "config.yaml:9:"

static Folder *
new_folder(const char *rest)
{
    Folder *folder = folder_new();
    g_autofree char *config = g_strconcat(MACHINE, rest, NULL);
    folder_write(folder, "config.yaml", config);
    folder_write_trace(folder, "t.trace", 4);
    return folder;
}

static NsimExperiment *
read_plan(const Folder *folder, const NsimExperimentOptions *options)
{
    g_autoptr(GError) error = NULL;
    NsimExperiment *plan = folder_read(folder, options, &error);
    if (plan == NULL)
        printf("\n    %s", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

/* ---- What is read ------------------------------------------------------------------------------------------------ */

static void
test_defaults(void)
{
    g_autoptr(Folder) folder = new_folder("");
    g_autofree char *trace = folder_file(folder, "t.trace");
    const char *const traces[] = { trace, NULL };
    const NsimExperimentOptions options = { .traces = traces };
    g_autoptr(NsimExperiment) plan = read_plan(folder, &options);
    CU_ASSERT_EQUAL(plan->seed, 1);
    CU_ASSERT_EQUAL(plan->until_ps, NSIM_TIME_MAX);
    CU_ASSERT_EQUAL(plan->warmup_ps, 0);
    CU_ASSERT_EQUAL(plan->timeline_ps, 0);
    CU_ASSERT_EQUAL(plan->policy_count, 1);
    CU_ASSERT_STRING_EQUAL(plan->policies[0]->label, "first-touch");
    CU_ASSERT_EQUAL_FATAL(plan->workload_count, 1);
    const NsimWorkload *workload = &plan->workloads[0];
    CU_ASSERT_STRING_EQUAL(workload->name, "t.trace");
    CU_ASSERT_STRING_EQUAL(workload->trace_name, "t.trace");
    CU_ASSERT_TRUE(workload->loaded);
    CU_ASSERT_EQUAL(workload->loader, 0);
    CU_ASSERT_EQUAL(workload->unit_pages, 1);
    static const NsimAccessorId accessors[] = { 0, 0, 1, 1 };
    CU_ASSERT_EQUAL(memcmp(workload->accessors, accessors, sizeof accessors), 0);
    CU_ASSERT_EQUAL(plan->warnings->len, 0);
}

static void
test_settings(void)
{
    g_autoptr(Folder) folder = new_folder("run: {seed: 7, until: 3ms, warmup: 1ms}\n"
                                          "report: {timeline: 2us}\n"
                                          "policies: [nop, {name: interleave, label: x}]\n"
                                          "workloads:\n"
                                          "  - {trace: t.trace, threads: {0-2: D, 3: C}, unit: 64KiB, start: 5us, sleep: 100us}\n"
                                          "  - {name: b, trace: t.trace, threads: D, initial: {by: D}}\n");
    g_autoptr(NsimExperiment) plan = read_plan(folder, NULL);
    CU_ASSERT_EQUAL(plan->seed, 7);
    CU_ASSERT_EQUAL(plan->until_ps, 3 * NSIM_MS);
    CU_ASSERT_EQUAL(plan->warmup_ps, NSIM_MS);
    CU_ASSERT_EQUAL(plan->timeline_ps, 2 * NSIM_US);
    CU_ASSERT_EQUAL(plan->policy_count, 2);
    CU_ASSERT_STRING_EQUAL(plan->policies[1]->label, "x");
    CU_ASSERT_EQUAL_FATAL(plan->workload_count, 2);
    const NsimWorkload *first = &plan->workloads[0], *second = &plan->workloads[1];
    CU_ASSERT_STRING_EQUAL(first->name, "workload0");
    CU_ASSERT_FALSE(first->loaded);
    CU_ASSERT_EQUAL(first->unit_pages, 16);
    CU_ASSERT_EQUAL(first->start_ps, 5 * NSIM_US);
    CU_ASSERT_EQUAL(first->sleep_ps, 100 * NSIM_US);
    CU_ASSERT_TRUE(second->loaded);
    CU_ASSERT_EQUAL(second->loader, 1);
    /* Threads are dealt out over the cores of their accessor, all workloads together. */
    static const NsimAccessorId accessors[] = { 1, 1, 1, 0 };
    static const uint32_t first_cores[] = { 0, 1, 2, 0 }, second_cores[] = { 0, 1, 2, 0 };
    CU_ASSERT_EQUAL(memcmp(first->accessors, accessors, sizeof accessors), 0);
    CU_ASSERT_EQUAL(memcmp(first->cores, first_cores, sizeof first_cores), 0);
    CU_ASSERT_EQUAL(memcmp(second->cores, second_cores, sizeof second_cores), 0);
    CU_ASSERT_EQUAL_FATAL(plan->warnings->len, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(g_ptr_array_index(plan->warnings, 0), "accessor 'D' runs 7 threads on 3 cores"));
}

/* A trace in the place of the config's own may have other threads: the map's accessors share them, with a warning. */
static void
test_other_threads(void)
{
    g_autoptr(Folder) folder = new_folder("policies: [nop]\n"
                                          "workloads: [{trace: t.trace, name: w, threads: {0-2: D, 3: C}}]\n");
    folder_write_trace(folder, "one.trace", 1);
    folder_write_trace(folder, "five.trace", 5);
    static const struct {
        const char *name, *warning;
        NsimAccessorId accessors[5];
    } cases[] = {
        { "one.trace", "trace 'one.trace' has 1 thread where 'w' maps 4: dealt out over the accessors of its map", { 1 } },
        { "five.trace", "trace 'five.trace' has 5 threads where 'w' maps 4: dealt out over the accessors of its map",
          { 1, 1, 1, 0, 0 } },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *trace = folder_file(folder, cases[i].name);
        const char *const traces[] = { trace, NULL };
        const NsimExperimentOptions options = { .traces = traces };
        g_autoptr(NsimExperiment) plan = read_plan(folder, &options);
        const NsimWorkload *workload = &plan->workloads[0];
        const uint32_t thread_count = nsim_trace_info(workload->trace)->thread_count;
        CU_ASSERT_EQUAL(memcmp(workload->accessors, cases[i].accessors, thread_count * sizeof(NsimAccessorId)), 0);
        CU_ASSERT_TRUE_FATAL(plan->warnings->len >= 1);
        CU_ASSERT_STRING_EQUAL(g_ptr_array_index(plan->warnings, 0), cases[i].warning);
    }
}

static void
test_command_line_rules(void)
{
    g_autoptr(Folder) folder = new_folder("run: {seed: 7, until: 3ms}\n"
                                          "policies: [nop]\n"
                                          "workloads: [{trace: nowhere.trace}, {trace: t.trace, name: kept}]\n");
    folder_write_trace(folder, "u.trace", 1);
    g_autofree char *trace = folder_file(folder, "u.trace");
    const char *const traces[] = { trace, NULL };
    const char *const policies[] = { "interleave", "local", NULL };
    const NsimExperimentOptions options = { .traces = traces,
                                            .policies = policies,
                                            .seed_given = true,
                                            .seed = 0,
                                            .until_ps = 9,
                                            .timeline = true };
    g_autoptr(NsimExperiment) plan = read_plan(folder, &options);
    CU_ASSERT_EQUAL(plan->seed, 0);
    CU_ASSERT_EQUAL(plan->until_ps, 9);
    CU_ASSERT_EQUAL(plan->timeline_ps, 10 * NSIM_MS);
    CU_ASSERT_EQUAL(plan->policy_count, 2);
    CU_ASSERT_STRING_EQUAL(plan->policies[0]->label, "interleave");
    CU_ASSERT_STRING_EQUAL(plan->workloads[0].trace_name, "u.trace");
    CU_ASSERT_STRING_EQUAL(plan->workloads[1].trace_name, "t.trace");
}

static void
test_labels(void)
{
    g_autoptr(Folder) folder = new_folder("workloads: [{trace: t.trace}]\n"
                                          "policies: [nop, nop, local, nop, {name: local, label: \"nop#2\"}]\n");
    g_autoptr(NsimExperiment) plan = read_plan(folder, NULL);
    for (uint32_t i = 0; i < plan->policy_count; i++) {
        for (uint32_t j = 0; j < i; j++)
            CU_ASSERT_STRING_NOT_EQUAL(plan->policies[i]->label, plan->policies[j]->label);
    }
    CU_ASSERT_STRING_EQUAL(plan->policies[0]->label, "nop");
    CU_ASSERT_STRING_EQUAL(plan->policies[1]->label, "nop#2");
    CU_ASSERT_STRING_EQUAL(plan->policies[2]->label, "local");
    CU_ASSERT_STRING_EQUAL(plan->policies[3]->label, "nop#3");
}

/* ---- What is refused ----------------------------------------------------------------------------------------------- */

static void
test_refusals(void)
{
    static const struct {
        const char *rest, *message;
    } cases[] = {
        { "", "nothing to run: 'config.yaml' has no 'workloads' and there is no --trace" },
        { "workload: []\n", LINE "1: " },
        { "workloads: {}\n", LINE "12: 'workloads' must be a list of 1 to 64 workloads" },
        { "workloads: []\n", LINE "12: 'workloads' must be a list of 1 to 64 workloads" },
        { "workloads: [t.trace]\n", LINE "13: " },
        { "workloads: [{}]\n", LINE "13: " },
        { "workloads: [{trace: nowhere.trace}]\n", LINE "21: " },
        { "workloads: [{trace: .}]\n", LINE "21: " },
        { "workloads: [{trace: t.trace, threads: E}]\n", LINE "39: no accessor 'E'; the machine has C, D" },
        { "workloads: [{trace: t.trace, threads: [C]}]\n", LINE "39: 'threads' must be an accessor or a map" },
        { "workloads: [{trace: t.trace, threads: {0-2: C}}]\n", LINE "39: thread 3 of trace 't.trace' has no accessor" },
        { "workloads: [{trace: t.trace, threads: {0-3: C, 3: D}}]\n", LINE "51: thread 3 is given to two accessors" },
        { "workloads: [{trace: t.trace, threads: {0-4: C}}]\n", LINE "45: '0-4' is not a thread" },
        { "workloads: [{trace: t.trace, threads: {3-0: C}}]\n", LINE "45: '3-0' is not a thread" },
        { "workloads: [{trace: t.trace, threads: {x: C}}]\n", LINE "43: 'x' is not a thread" },
        { "workloads: [{trace: t.trace, threads: {99999999999999999999: C}}]\n", LINE "62: '99999999999999999999' is not" },
        { "workloads: [{trace: t.trace, initial: {}}]\n", LINE "39: 'initial' needs 'by'" },
        { "workloads: [{trace: t.trace, initial: {by: N}}]\n", LINE "44: no accessor 'N'" },
        { "workloads: [{trace: t.trace, unit: 1KiB}]\n", LINE "36: 'unit' must be a power of two" },
        { "workloads: [{trace: t.trace, unit: 12KiB}]\n", LINE "36: 'unit' must be a power of two" },
        { "workloads: [{trace: t.trace, unit: 4MiB}]\n", LINE "36: 'unit' must be a power of two" },
        { "workloads: [{trace: t.trace, start: 5}]\n", LINE "37: " },
        { "workloads: [{trace: t.trace, sleep: 5}]\n", LINE "37: " },
        { "workloads: [{name: a, trace: t.trace}, {name: a, trace: t.trace}]\n", LINE "40: two workloads are called 'a'" },
        { "run: {until: 5}\n", LINE "14: " },
        { "run: {seed: -1}\n", LINE "13: " },
        { "run: {until: 1ms, warmup: 1ms}\n", LINE "6: 'warmup' does not end before 'until'" },
        { "report: {timeline: 0s}\n", LINE "20: 'timeline' must be longer than 0" },
        { "policies: nop\n", LINE "11: 'policies' must be a list of at least one policy" },
        { "policies: []\n", LINE "11: 'policies' must be a list of at least one policy" },
        { "policies: [first-tuch]\n", LINE "12: " },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Folder) folder = new_folder(cases[i].rest);
        g_autoptr(GError) error = NULL;
        g_autoptr(NsimExperiment) plan = folder_read(folder, NULL, &error);
        CU_ASSERT_PTR_NULL(plan);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        if (strstr(error->message, cases[i].message) == NULL)
            printf("\n    %s    %s", cases[i].rest, error->message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].message));
        CU_ASSERT_TRUE(error->domain == NSIM_CONFIG_ERROR || error->domain == NSIM_EXPERIMENT_ERROR);
    }
}

/* A trace that is there and damaged is the trace's error, wherever its name stands. */
static void
test_damaged_trace(void)
{
    g_autoptr(Folder) folder = new_folder("workloads: [{trace: bad.trace}]\n");
    folder_write(folder, "bad.trace", "no trace, but long enough to be looked at by a reader of traces");
    g_autoptr(GError) error = NULL;
    CU_ASSERT_PTR_NULL(folder_read(folder, NULL, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT));
}

static void
test_counts(void)
{
    g_autoptr(Folder) folder = new_folder("workloads: [{trace: t.trace}]\n");
    g_autofree char *trace = folder_file(folder, "t.trace");
    const char *const two[] = { trace, trace, NULL };
    const NsimExperimentOptions options = { .traces = two };
    g_autoptr(GError) error = NULL;
    CU_ASSERT_PTR_NULL(folder_read(folder, &options, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_STRING_EQUAL(error->message, "2 traces given for the 1 workloads of 'config.yaml'");

    const char *many[NSIM_POLICIES_MAX + 2] = { NULL };
    for (size_t i = 0; i <= NSIM_POLICIES_MAX; i++)
        many[i] = "nop";
    const NsimExperimentOptions crowd = { .policies = many };
    g_autoptr(GError) crowded = NULL;
    CU_ASSERT_PTR_NULL(folder_read(folder, &crowd, &crowded));
    CU_ASSERT_PTR_NOT_NULL_FATAL(crowded);
    CU_ASSERT_STRING_EQUAL(crowded->message, "more than 256 policies in one comparison");
}

/* ---- Running -------------------------------------------------------------------------------------------------------- */

static NsimResult *
run_plan(const Folder *folder, GCancellable *cancel)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimExperiment) plan = read_plan(folder, NULL);
    NsimResult *result = nsim_experiment_run(plan, 2, NULL, NULL, cancel, &error);
    if (result == NULL)
        printf("\n    %s", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(result);
    return result;
}

static void
test_run(void)
{
    g_autoptr(Folder) folder = new_folder("workloads: [{trace: t.trace, threads: C}]\n"
                                          "policies: [{name: bind, nodes: F}, local, oracle]\n");
    g_autoptr(NsimResult) result = run_plan(folder, NULL);
    CU_ASSERT_EQUAL(result->run_count, 3);
    CU_ASSERT_EQUAL(strlen(result->inputs[0].sha256), 64);
    for (uint32_t r = 0; r < result->run_count; r++) {
        const NsimRunResult *run = &result->runs[r];
        CU_ASSERT_TRUE(run->complete);
        CU_ASSERT_EQUAL(run->access_count, 4000);
        CU_ASSERT_EQUAL(run->burst_count, 4000);
        CU_ASSERT_EQUAL(run->future, r == 2);
    }
    CU_ASSERT_EQUAL(result->runs[0].speedup_ppm, 1000000);
    CU_ASSERT_TRUE(result->runs[1].speedup_ppm > 1000000);
    CU_ASSERT_EQUAL(result->runs[0].accessors[0].node_access_count[1], 4000);
    CU_ASSERT_EQUAL(result->runs[1].accessors[0].node_access_count[0], 4000);
}

/* `until` ends the runs: then it is the work that is compared. */
static void
test_run_until(void)
{
    g_autoptr(Folder) folder = new_folder("workloads: [{trace: t.trace, threads: C, initial: {by: C}}]\n"
                                          "policies: [{name: bind, nodes: F}, local]\n"
                                          "run: {until: 3us}\n");
    g_autoptr(NsimResult) result = run_plan(folder, NULL);
    CU_ASSERT_TRUE(result->runs[0].complete);
    CU_ASSERT_EQUAL(result->runs[0].runtime_ps, 3 * NSIM_US);
    CU_ASSERT_TRUE(result->runs[0].access_count < 4000);
    CU_ASSERT_EQUAL(result->runs[1].speedup_ppm,
                    nsim_mul_div(result->runs[1].access_count, 1000000, result->runs[0].access_count));
}

/* Cancelled before it begins, also where a policy reads the traces first: a valid result of no work. */
static void
test_run_cancelled(void)
{
    g_autoptr(Folder) folder = new_folder("workloads: [{trace: t.trace, threads: C, initial: {by: C}}]\n"
                                          "policies: [local, oracle]\n");
    g_autoptr(GCancellable) cancel = g_cancellable_new();
    g_cancellable_cancel(cancel);
    g_autoptr(NsimResult) result = run_plan(folder, cancel);
    for (uint32_t r = 0; r < result->run_count; r++) {
        CU_ASSERT_FALSE(result->runs[r].complete);
        CU_ASSERT_EQUAL(result->runs[r].access_count, 0);
    }
}

/* A policy that fails ends the experiment with its own message, whatever else runs beside it. */
static void
test_run_fails(void)
{
    g_autoptr(Folder) folder = new_folder("workloads: [{trace: t.trace, threads: C, initial: {by: C}}]\n"
                                          "policies: [local, fail, nop]\n");
    g_autoptr(NsimExperiment) plan = read_plan(folder, NULL);
    g_autoptr(GError) error = NULL;
    CU_ASSERT_PTR_NULL(nsim_experiment_run(plan, 1, NULL, NULL, NULL, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "policy 'fail'"));
}

bool
test_plan_register(void)
{
    CU_pSuite suite = CU_add_suite("plans", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "defaults", test_defaults) != NULL &&
           CU_add_test(suite, "settings", test_settings) != NULL &&
           CU_add_test(suite, "a trace with other threads", test_other_threads) &&
           CU_add_test(suite, "the command line rules", test_command_line_rules) != NULL &&
           CU_add_test(suite, "labels", test_labels) != NULL && CU_add_test(suite, "refusals", test_refusals) != NULL &&
           CU_add_test(suite, "a damaged trace", test_damaged_trace) != NULL &&
           CU_add_test(suite, "too many", test_counts) != NULL && CU_add_test(suite, "a comparison", test_run) != NULL &&
           CU_add_test(suite, "until", test_run_until) != NULL &&
           CU_add_test(suite, "cancelled", test_run_cancelled) != NULL &&
           CU_add_test(suite, "a policy that fails", test_run_fails) != NULL;
}
