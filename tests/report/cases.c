/* SPDX-License-Identifier: MIT */
/* Whole results that several tests print. */
#include "cases.h"

#include "sample.h"

#include <string.h>

/* Six policies, one of which knows the future. */
static NsimResult *
make_compare(void)
{
    return sample_new(6);
}

static NsimResult *
make_single(void)
{
    NsimResult *result = sample_new(1);
    sample_add_timeline(result, 3);
    return result;
}

/* Everything unusual at once: an idle run, an interrupted one, hostile names, warnings, host statistics. */
static NsimResult *
make_odd(void)
{
    NsimResult *result = sample_new(4);
    NsimRunResult *idle = &result->runs[1], *cut = &result->runs[2], *huge = &result->runs[3];
    result->host_stats = true;
    result->warning_count = 2;
    result->warnings = g_new0(char *, 2);
    result->warnings[0] = g_strdup("accessor 'CPU1' runs 8 threads on 4 cores");
    result->warnings[1] = g_strdup("<script>alert(\"x\")</script> & more");
    sample_set(&result->config, "a \"b\", c.yaml");
    sample_set(&result->machine, "gr\xc3\xb6\xc3\x9f"
                                 "e <b>");

    idle->runtime_ps = idle->access_count = idle->burst_count = idle->bound_ppm = 0;
    idle->latency = (NsimLatencySummary){0};
    for (uint32_t i = 0; i < result->accessor_count; i++) {
        memset(idle->accessors[i].node_access_count, 0, result->node_count * sizeof(uint64_t));
        idle->accessors[i].access_count = 0;
    }
    sample_set(&idle->label, "");

    cut->complete = false;
    cut->host_wall_ns = 1234567890;
    sample_set(&cut->label, "\xe4\xb8\xad\xe6\x96\x87, \"quoted\" & <i>\nnew line, and much too long for a table");

    huge->runtime_ps = huge->access_count = UINT64_MAX;
    huge->latency.max_ps = UINT64_MAX;
    huge->nodes[0].capacity_bytes = UINT64_MAX;
    return result;
}

/* Policies that move pages beside ones that do not. */
static NsimResult *
make_moves(void)
{
    NsimResult *result = sample_new(5);
    sample_add_timeline(result, 3);
    sample_add_migrations(result, 1);
    sample_add_migrations(result, 2);
    sample_add_migrations(result, 4);
    result->runs[3].bound = NSIM_BOUND_BLOCKED;
    return result;
}

/* Kdamonds: none, some, and more of them; the user's own text is not shown. */
static NsimResult *
make_damon(void)
{
    NsimResult *result = sample_new(4);
    sample_add_damon(result, 1, 1);
    sample_add_damon(result, 2, 3);
    sample_add_damon(result, 3, 1);
    sample_set(&result->runs[3].policy, "damon");
    return result;
}

static NsimResult *
make_empty(void)
{
    NsimResult *result = nsim_result_new();
    result->config = g_strdup("empty.yaml");
    result->machine = g_strdup("none");
    return result;
}

const ResultCase result_cases[] = {{"compare", make_compare}, {"single", make_single}, {"odd", make_odd},
                                   {"moves", make_moves},     {"damon", make_damon},   {"empty", make_empty},   {NULL, NULL}};
