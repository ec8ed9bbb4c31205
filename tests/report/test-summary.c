/* SPDX-License-Identifier: MIT */
/*
 * Goal: the words of a report say what its figures say.
 * Method: results changed in one field at a time, and the sentence expected.
 */
#include "test-report.h"

#include "sample.h"

#include <CUnit/CUnit.h>

#include <report/format.h>
#include <report/summary.h>

#include <string.h>

/* CUnit compares pointers it did not make: free both. */
static void
check_text(char *text, const char *expected)
{
    CU_ASSERT_STRING_EQUAL(text, expected);
    g_free(text);
}

static void
test_shares(void)
{
    g_autoptr(NsimResult) result = sample_new(1);
    uint64_t sum = 0, count = 0;
    for (uint32_t node = 0; node < result->node_count; node++) {
        sum += nsim_run_node_share_ppm(result, &result->runs[0], node);
        count += nsim_run_node_access_count(result, &result->runs[0], node);
    }
    CU_ASSERT_EQUAL(sum, NSIM_PPM);
    CU_ASSERT_EQUAL(count, result->runs[0].access_count);
    CU_ASSERT_EQUAL(nsim_run_access_bytes(&result->runs[0]), 64 * result->runs[0].access_count);
    result->runs[0].access_count = UINT64_MAX;
    CU_ASSERT_EQUAL(nsim_run_access_bytes(&result->runs[0]), UINT64_MAX);
}

static void
test_bound(void)
{
    g_autoptr(NsimResult) result = sample_new(1);
    NsimRunResult *run = &result->runs[0];
    run->bound = NSIM_BOUND_RESOURCE;
    run->bound_ppm = 974999;
    sample_set(&run->bound_by, "CXL1");
    check_text(nsim_run_bound_words(run), "CXL1 97 % busy");
    sample_set(&run->bound_by, "a-very-long-switch-port");
    check_text(nsim_run_bound_words(run), "a-ver..-port 97 %");
    run->bound = NSIM_BOUND_LATENCY;
    run->bound_ppm = 1000000;
    check_text(nsim_run_bound_words(run), "latency 100 %");
    run->bound = NSIM_BOUND_COMPUTE;
    run->bound_ppm = 0;
    check_text(nsim_run_bound_words(run), "compute 0 %");
    run->bound = NSIM_BOUND_SYNC;
    check_text(nsim_run_bound_words(run), "barriers 0 %");
    run->bound = NSIM_BOUND_KERNEL;
    check_text(nsim_run_bound_words(run), "kernel 0 %");
    run->bound = NSIM_BOUND_BLOCKED;
    check_text(nsim_run_bound_words(run), "blocked 0 %");
    run->access_count = 0;
    run->runtime_ps = 0;
    check_text(nsim_run_bound_words(run), "-");
    for (NsimBoundKind kind = NSIM_BOUND_COMPUTE; kind <= NSIM_BOUND_BLOCKED; kind++) {
        CU_ASSERT(strlen(nsim_bound_name(kind)) > 0);
        CU_ASSERT(strlen(nsim_bound_explanation(kind)) > 0);
    }
}

static void
test_best(void)
{
    g_autoptr(NsimResult) result = sample_new(6);
    CU_ASSERT_TRUE(result->runs[5].future);
    CU_ASSERT_EQUAL(nsim_result_best(result), 4); /* the oracle is faster, and does not count */
    result->runs[2].speedup_ppm = result->runs[4].speedup_ppm;
    CU_ASSERT_EQUAL(nsim_result_best(result), 2); /* the earlier of equals */
    for (uint32_t i = 0; i < 6; i++)
        result->runs[i].future = true;
    CU_ASSERT_EQUAL(nsim_result_best(result), 0);
}

static void
test_titles(void)
{
    g_autoptr(NsimResult) result = sample_new(2);
    check_text(nsim_result_title(result), "llama.trace on seed-2x4 (topo.yaml), seed 1");
    check_text(nsim_result_subtitle(result), "2 policies, 2.00 M accesses (128 MB) each; baseline: first-touch");
    result->runs[1].access_count = 1;
    check_text(nsim_result_subtitle(result),
               "2 policies, 1 access (64 B) to 2.00 M accesses (128 MB); baseline: first-touch");
    sample_set(&result->machine, "");
    sample_set(&result->inputs[0].name, "evil\033[2Jname");
    check_text(nsim_result_title(result), "evil?[2Jname on unnamed machine (topo.yaml), seed 1");

    g_autoptr(NsimResult) none = nsim_result_new();
    check_text(nsim_result_title(none), "unnamed machine (), seed 0");
    check_text(nsim_result_subtitle(none), "no runs");
    check_text(nsim_result_conclusion(none), "Nothing was run.");
}

static void
test_inputs(void)
{
    g_autoptr(NsimResult) result = sample_new(1);
    result->inputs = g_renew(NsimInputResult, result->inputs, 4);
    result->input_count = 4;
    for (uint32_t i = 1; i < 4; i++)
        result->inputs[i] = (NsimInputResult){g_strdup_printf("t%u", i), g_strdup("")};
    check_text(nsim_result_title(result), "llama.trace + t1 + 2 more on seed-2x4 (topo.yaml), seed 1");
}

static void
test_conclusion(void)
{
    g_autoptr(NsimResult) result = sample_new(6);
    check_text(nsim_result_conclusion(result), "preferred is 1.40x as fast as first-touch. oracle, which knows the "
                                               "trace in advance, reaches 1.50x.");
    /* Half of the accesses of the best policy move to one node. */
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t *counts = result->runs[4].accessors[i].node_access_count;
        counts[2] += counts[1];
        counts[1] = 0;
    }
    check_text(nsim_result_conclusion(result), "preferred is 1.40x as fast as first-touch: 27 % of all accesses go to "
                                               "DRAM2 instead of CXL1. oracle, which knows the trace in advance, "
                                               "reaches 1.50x.");
    for (uint32_t i = 1; i < 5; i++)
        result->runs[i].speedup_ppm = 900000;
    check_text(nsim_result_conclusion(result), "No policy is more than half a percent faster than first-touch. oracle, "
                                               "which knows the trace in advance, reaches 1.50x.");
    result->runs[3].complete = false;
    check_text(nsim_result_conclusion(result),
               "Not all work was done: the figures cover what was, and do not compare.");
    CU_ASSERT_EQUAL(nsim_result_incomplete_count(result), 1);
}

static void
test_conclusion_moved(void)
{
    g_autoptr(NsimResult) result = sample_new(3);
    sample_add_migrations(result, 1); /* not the best: not mentioned */
    check_text(nsim_result_conclusion(result), "interleave is 1.20x as fast as first-touch.");
    sample_add_migrations(result, 2);
    check_text(nsim_result_conclusion(result), "interleave is 1.20x as fast as first-touch. It moved 614 MB; the work "
                                               "for that adds up to 2.2 % of its runtime.");
    result->runs[2].migration.cost_ps[NSIM_PHASE_WAIT] = 2 * result->runs[2].runtime_ps;
    check_text(nsim_result_conclusion(result), "interleave is 1.20x as fast as first-touch. It moved 614 MB; the work "
                                               "for that adds up to 202 % of its runtime.");
    memset(result->runs[2].migration.cost_ps, 0, sizeof(result->runs[2].migration.cost_ps));
    check_text(nsim_result_conclusion(result), "interleave is 1.20x as fast as first-touch. It moved 614 MB; the work "
                                               "for that adds up to less than 0.1 % of its runtime.");
}

static void
test_conclusion_small(void)
{
    g_autoptr(NsimResult) one = sample_new(1);
    check_text(nsim_result_conclusion(one),
               "Under first-touch 27 % of the accesses go to CXL1. Name more policies with "
               "--policy to compare.");
    memset(one->runs[0].accessors[0].node_access_count, 0, 4 * sizeof(uint64_t));
    memset(one->runs[0].accessors[1].node_access_count, 0, 4 * sizeof(uint64_t));
    check_text(nsim_result_conclusion(one), "first-touch: no access reached a node.");
    one->runs[0].access_count = 0;
    check_text(nsim_result_conclusion(one), "No access was made: there is nothing to compare.");

    g_autoptr(NsimResult) oracle_first = sample_new(2);
    oracle_first->runs[0].future = true;
    oracle_first->runs[1].speedup_ppm = 800000;
    check_text(nsim_result_conclusion(oracle_first), "No policy is more than half a percent faster than first-touch.");
}

bool
test_summary_register(void)
{
    CU_pSuite suite = CU_add_suite("summary", NULL, NULL);
    return suite && CU_add_test(suite, "shares", test_shares) && CU_add_test(suite, "bound", test_bound) &&
           CU_add_test(suite, "best policy", test_best) && CU_add_test(suite, "titles", test_titles) &&
           CU_add_test(suite, "inputs", test_inputs) && CU_add_test(suite, "conclusion", test_conclusion) &&
           CU_add_test(suite, "conclusion about moves", test_conclusion_moved) &&
           CU_add_test(suite, "small conclusions", test_conclusion_small);
}
