/* SPDX-License-Identifier: MIT */
/* Arithmetic of explaining schemes. */
#include <experiment/damo-ramp.h>

#include <sim/time.h>

/* The loop counts in 1/10000 of a byte. */
#define UNIT 10000u
#define STEPS_MAX 1000000u
/* The kernel's guess before it has measured: pages of 4 KiB, 1024 in a millisecond. */
#define GUESS_BYTES_PER_MS (UINT64_C(4) << 20)

uint64_t
nsim_damo_ramp_up(uint64_t score, uint64_t bytes)
{
    uint64_t value = UNIT;
    for (uint64_t windows = 1; windows <= STEPS_MAX && score < NSIM_DAMON_SCORE_GOAL; windows++) {
        value = nsim_damon_next_input(value, score);
        if (value / UNIT >= bytes)
            return windows;
    }
    return NSIM_DAMO_NEVER;
}

uint64_t
nsim_damo_ramp_down(uint64_t score, uint64_t bytes)
{
    uint64_t value = nsim_mul_div(bytes, UNIT, 1);
    for (uint64_t windows = 1; windows <= STEPS_MAX && score > NSIM_DAMON_SCORE_GOAL; windows++) {
        value = nsim_damon_next_input(MAX(value, UNIT), score);
        if (value / UNIT < NSIM_DAMO_PAGE_BYTES)
            return windows;
    }
    return NSIM_DAMO_NEVER;
}

uint64_t
nsim_damo_window_samples(const NsimDamonAttrs *attrs)
{
    return attrs->sample_ps == 0 ? 1 : MAX(attrs->aggr_ps / attrs->sample_ps, 1);
}

uint64_t
nsim_damo_rate_samples(const NsimDamosRate *rate, uint64_t window)
{
    if (rate->samples || rate->value == NSIM_DAMON_MAX)
        return rate->value;
    const unsigned __int128 samples = (unsigned __int128)rate->value * window / 1000000;
    return samples > UINT64_MAX ? UINT64_MAX : (uint64_t)samples;
}

uint64_t
nsim_damo_age_intervals(const NsimDamosAge *age, NsimTime aggr_ps)
{
    if (age->intervals || age->value == NSIM_DAMON_MAX)
        return age->value;
    return age->value / MAX(aggr_ps / NSIM_US, 1);
}

uint64_t
nsim_damo_quota_bytes(const NsimDamosPlan *scheme)
{
    const uint64_t of_time = scheme->quota_ms == 0 ? 0 : nsim_mul_div(scheme->quota_ms, GUESS_BYTES_PER_MS, 1);
    if (scheme->quota_bytes == 0 || of_time == 0)
        return MAX(scheme->quota_bytes, of_time);
    return MIN(scheme->quota_bytes, of_time);
}

bool
nsim_damo_migrates(const NsimDamosPlan *scheme)
{
    return scheme->action == NSIM_DAMOS_MIGRATE_HOT || scheme->action == NSIM_DAMOS_MIGRATE_COLD;
}

bool
nsim_damo_metric_is_share(uint32_t metric)
{
    return metric != NSIM_GOAL_USER_INPUT && metric != NSIM_GOAL_SOME_MEM_PSI_US;
}
