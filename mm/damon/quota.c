/* SPDX-License-Identifier: MIT */
/* Quotas of DAMOS: sizes, windows, charges, priorities' threshold. Source and what is left out: quota.h. */
#include <mm/damon/quota.h>

#include <mm/damon/goal.h>

#include <string.h>

#define BP 10000u
/* What a scheme is taken to get done in a millisecond until something was charged: 4 MiB, the kernel's guess. */
#define GUESS_BYTES_PER_MS ((uint64_t)4096 * 1024)
/* Bytes per nanosecond are multiplied by this for bytes per millisecond. */
#define NS_PER_MS 1000000u

const NsimDamosRules nsim_damos_rules_v6_12 = {0};
const NsimDamosRules nsim_damos_rules_v7_2 = {
    .first_window = true, .zero_is_full = true, .fail_charge = true, .least_region = true, .merge_slices = true};

bool
nsim_damos_quota_is_set(const NsimDamosPlan *plan)
{
    return plan->quota_ms > 0 || plan->quota_bytes > 0 || plan->goals->len > 0;
}

/* ---- Windows ------------------------------------------------------------------------------------------------ */

bool
nsim_damos_quota_is_over(const NsimDamosQuota *quota, const NsimDamosPlan *plan, NsimTime now_ps)
{
    return !quota->begun || now_ps - quota->window_ps >= plan->quota_interval_ps;
}

/* Bytes that the allowed time is good for, at the pace of all windows so far. */
static uint64_t
bytes_of_time(const NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules,
              uint64_t min_region_bytes)
{
    const uint64_t total_ns = quota->total_ps / NSIM_NS;
    const uint64_t per_ms =
        total_ns == 0 ? GUESS_BYTES_PER_MS
                      : (uint64_t)MIN((unsigned __int128)quota->total_bytes * NS_PER_MS / total_ns, UINT64_MAX);
    const unsigned __int128 bytes = (unsigned __int128)per_ms * plan->quota_ms;
    const uint64_t bounded = bytes > UINT64_MAX ? UINT64_MAX : (uint64_t)bytes;
    return rules->least_region ? MAX(bounded, min_region_bytes) : bounded;
}

static void
set_size(NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules, uint64_t score,
         uint64_t min_region_bytes)
{
    uint64_t size = UINT64_MAX;
    if (plan->quota_ms == 0 && plan->goals->len == 0) {
        quota->size_bytes = plan->quota_bytes;
        return;
    }
    if (plan->goals->len > 0) {
        quota->tuned_bp = nsim_damos_tune(plan->tuner, quota->tuned_bp, score, plan->quota_bytes);
        size = quota->tuned_bp / BP;
    }
    if (plan->quota_ms > 0)
        size = MIN(size, bytes_of_time(quota, plan, rules, min_region_bytes));
    quota->size_bytes = plan->quota_bytes > 0 ? MIN(size, plan->quota_bytes) : size;
}

void
nsim_damos_quota_begin(NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules, uint64_t score,
                       uint64_t min_region_bytes, NsimTime now_ps)
{
    const bool first = !quota->begun;
    quota->begun = true;
    quota->window_ps = now_ps;
    if (!first) {
        quota->exceeded += nsim_damos_quota_limits(quota, plan, rules) && quota->charged_bytes >= quota->size_bytes;
        quota->total_bytes += quota->charged_bytes;
        quota->charged_bytes = 0;
    }
    if (!first || rules->first_window)
        set_size(quota, plan, rules, score, min_region_bytes);
}

/* ---- Priorities --------------------------------------------------------------------------------------------- */

void
nsim_damos_quota_forget_scores(NsimDamosQuota *quota)
{
    memset(quota->histogram, 0, sizeof quota->histogram);
}

void
nsim_damos_quota_count(NsimDamosQuota *quota, uint32_t score, uint64_t bytes)
{
    quota->histogram[MIN(score, NSIM_DAMOS_SCORE_MAX)] += bytes;
}

void
nsim_damos_quota_set_min_score(NsimDamosQuota *quota)
{
    uint64_t bytes = 0;
    uint32_t score = NSIM_DAMOS_SCORE_MAX;
    while (quota->histogram[score] == 0 && score > 0)
        score--;
    for (bytes = quota->histogram[score]; bytes < quota->size_bytes && score > 0;)
        bytes += quota->histogram[--score];
    quota->min_score = score;
}

/* ---- Charges ------------------------------------------------------------------------------------------------ */

bool
nsim_damos_quota_limits(const NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules)
{
    return rules->zero_is_full ? nsim_damos_quota_is_set(plan) : quota->size_bytes > 0;
}

static uint64_t
left(const NsimDamosQuota *quota)
{
    return quota->size_bytes > quota->charged_bytes ? quota->size_bytes - quota->charged_bytes : 0;
}

bool
nsim_damos_quota_is_full(const NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules,
                         uint64_t min_region_bytes)
{
    const uint64_t least = rules->least_region ? min_region_bytes : 1;
    return nsim_damos_quota_limits(quota, plan, rules) && left(quota) < least;
}

uint64_t
nsim_damos_quota_clip(const NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules,
                      uint64_t bytes, uint64_t min_region_bytes)
{
    if (!nsim_damos_quota_limits(quota, plan, rules) || bytes <= left(quota))
        return bytes;
    return left(quota) / min_region_bytes * min_region_bytes;
}

void
nsim_damos_quota_charge(NsimDamosQuota *quota, const NsimDamosPlan *plan, const NsimDamosRules *rules, uint64_t bytes,
                        uint64_t applied, NsimTime took_ps, uint32_t target, uint64_t end)
{
    uint64_t charge = bytes;
    if (rules->fail_charge && plan->fail_charge_denom > 0 && applied < bytes)
        charge = applied +
                 (uint64_t)((unsigned __int128)(bytes - applied) * plan->fail_charge_num / plan->fail_charge_denom);
    quota->total_ps += took_ps;
    quota->charged_bytes += charge;
    if (nsim_damos_quota_limits(quota, plan, rules) && quota->charged_bytes >= quota->size_bytes)
        quota->resume = (NsimDamosResume){true, target, end};
}
