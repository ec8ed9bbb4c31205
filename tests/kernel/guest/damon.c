/* SPDX-License-Identifier: MIT */
/* DAMON by its files under /sys (Linux, Documentation/admin-guide/mm/damon/usage.rst), 6.11 and later. */
#include "guest.h"

#include <stdio.h>

#define ADMIN "/sys/kernel/mm/damon/admin/kdamonds"
#define CONTEXT ADMIN "/%u/contexts/0"
#define SCHEME CONTEXT "/schemes/0"
/* "No limit" of sizes and ages. */
#define MOST UINT64_C(0xffffffffffff)
#define MOST_AGE UINT32_MAX
/* Regions before anything about them, as `damo` has it by default. */
#define SAMPLE_US 5000
#define AGGREGATION_US 100000
#define UPDATE_US 1000000
#define LEAST_REGIONS 10
#define MOST_REGIONS 1000
#define GOAL_TARGET 10000

static void
set_scheme(unsigned k, const Scheme *scheme)
{
    put("1", CONTEXT "/schemes/nr_schemes", k);
    put(scheme->action, SCHEME "/action", k);
    if (scheme->target_node >= 0)
        put_number((uint64_t)scheme->target_node, SCHEME "/target_nid", k);
    put_number(0, SCHEME "/access_pattern/sz/min", k);
    put_number(MOST, SCHEME "/access_pattern/sz/max", k);
    put_number(scheme->least_accesses, SCHEME "/access_pattern/nr_accesses/min", k);
    put_number(scheme->most_accesses, SCHEME "/access_pattern/nr_accesses/max", k);
    put_number(scheme->least_age, SCHEME "/access_pattern/age/min", k);
    put_number(MOST_AGE, SCHEME "/access_pattern/age/max", k);
    put_number(scheme->quota_bytes, SCHEME "/quotas/bytes", k);
    put_number(scheme->quota_ms, SCHEME "/quotas/reset_interval_ms", k);
    put_number(0, SCHEME "/quotas/weights/sz_permil", k);
    put_number(500, SCHEME "/quotas/weights/nr_accesses_permil", k);
    put_number(500, SCHEME "/quotas/weights/age_permil", k);
    if (!scheme->goal)
        return;
    put("1", SCHEME "/quotas/goals/nr_goals", k);
    put("user_input", SCHEME "/quotas/goals/0/target_metric", k);
    put_number(GOAL_TARGET, SCHEME "/quotas/goals/0/target_value", k);
    put_number(0, SCHEME "/quotas/goals/0/current_value", k);
}

static void
set_kdamond(unsigned k, const Kdamond *kdamond)
{
    put("1", ADMIN "/%u/contexts/nr_contexts", k);
    put(kdamond->operations, CONTEXT "/operations", k);
    put_number(SAMPLE_US, CONTEXT "/monitoring_attrs/intervals/sample_us", k);
    put_number(AGGREGATION_US, CONTEXT "/monitoring_attrs/intervals/aggr_us", k);
    put_number(UPDATE_US, CONTEXT "/monitoring_attrs/intervals/update_us", k);
    put_number(LEAST_REGIONS, CONTEXT "/monitoring_attrs/nr_regions/min", k);
    put_number(MOST_REGIONS, CONTEXT "/monitoring_attrs/nr_regions/max", k);
    put("1", CONTEXT "/targets/nr_targets", k);
    if (kdamond->pid != 0)
        put_number((uint64_t)kdamond->pid, CONTEXT "/targets/0/pid_target", k);
    if (kdamond->end > 0) {
        put("1", CONTEXT "/targets/0/regions/nr_regions", k);
        put_number(kdamond->start, CONTEXT "/targets/0/regions/0/start", k);
        put_number(kdamond->end, CONTEXT "/targets/0/regions/0/end", k);
    }
    if (kdamond->scheme != NULL)
        set_scheme(k, kdamond->scheme);
}

void
damon_on(const Kdamond *kdamonds, unsigned count, unsigned cpu)
{
    put_number(count, ADMIN "/nr_kdamonds");
    for (unsigned k = 0; k < count; k++)
        set_kdamond(k, &kdamonds[k]);
    for (unsigned k = 0; k < count; k++) {
        put("on", ADMIN "/%u/state", k);
        pin((pid_t)get_number(ADMIN "/%u/pid", k), cpu);
    }
}

void
damon_off(unsigned count)
{
    for (unsigned k = 0; k < count; k++)
        put("off", ADMIN "/%u/state", k);
    put("0", ADMIN "/nr_kdamonds");
}

SchemeState
damon_scheme_state(unsigned k)
{
    put("update_schemes_stats", ADMIN "/%u/state", k);
    put("update_schemes_effective_quotas", ADMIN "/%u/state", k);
    return (SchemeState){.nr_tried = get_number(SCHEME "/stats/nr_tried", k),
                         .sz_tried = get_number(SCHEME "/stats/sz_tried", k),
                         .nr_applied = get_number(SCHEME "/stats/nr_applied", k),
                         .sz_applied = get_number(SCHEME "/stats/sz_applied", k),
                         .qt_exceeds = get_number(SCHEME "/stats/qt_exceeds", k),
                         .effective_bytes = get_number(SCHEME "/quotas/effective_bytes", k)};
}

void
damon_feed(unsigned k, uint64_t score)
{
    put_number(score, SCHEME "/quotas/goals/0/current_value", k);
    put("commit_schemes_quota_goals", ADMIN "/%u/state", k);
}
