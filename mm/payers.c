/* SPDX-License-Identifier: MIT */
/* Double-entry books of migration costs, and the budgets of groups. */
#include <mm/payers.h>

#include <sim/assert.h>
#include <sim/time.h>
#include <string.h>

NsimPayers *
nsim_payers_new(const NsimGroup *groups, uint32_t group_count)
{
    NsimPayers *payers = g_new0(NsimPayers, 1);
    payers->names = g_ptr_array_new_with_free_func(g_free);
    payers->charged_ps = g_array_new(FALSE, TRUE, sizeof(NsimTime));
    payers->watched_ps = g_array_new(FALSE, TRUE, sizeof(NsimTime));
    payers->groups = g_new0(NsimGroup, group_count + 1);
    payers->group_payers = g_new0(NsimPayer, group_count + 1);
    payers->group_count = group_count;
    for (uint32_t g = 0; g < group_count; g++) {
        NsimGroup *group = &payers->groups[g];
        g_autofree char *name = g_strconcat("group:", groups[g].name, NULL);
        *group = (NsimGroup){.name = g_strdup(groups[g].name),
                             .bytes_per_s = groups[g].bytes_per_s,
                             .bytes_burst = groups[g].bytes_burst,
                             .cpu_ppm = groups[g].cpu_ppm,
                             .cpu_burst_ps = groups[g].cpu_burst_ps,
                             .limit_bytes = groups[g].limit_bytes,
                             .bytes_left = (int64_t)MIN(groups[g].bytes_burst, (uint64_t)INT64_MAX),
                             .cpu_left_ps = (int64_t)MIN(groups[g].cpu_burst_ps, (NsimTime)INT64_MAX)};
        payers->group_payers[g] = nsim_payers_find(payers, name);
    }
    return payers;
}

void
nsim_payers_free(NsimPayers *payers)
{
    if (payers == NULL)
        return;
    for (uint32_t g = 0; g < payers->group_count; g++)
        g_free(payers->groups[g].name);
    g_free(payers->groups);
    g_free(payers->group_payers);
    g_ptr_array_unref(payers->names);
    g_array_unref(payers->charged_ps);
    g_array_unref(payers->watched_ps);
    g_free(payers);
}

NsimPayer
nsim_payers_find(NsimPayers *payers, const char *name)
{
    for (guint i = 0; i < payers->names->len; i++) {
        if (strcmp(g_ptr_array_index(payers->names, i), name) == 0)
            return i;
    }
    g_ptr_array_add(payers->names, g_strdup(name));
    g_array_set_size(payers->charged_ps, payers->names->len);
    g_array_set_size(payers->watched_ps, payers->names->len);
    return payers->names->len - 1;
}

NsimPayer
nsim_payers_of_group(const NsimPayers *payers, uint32_t group)
{
    nsim_assert(group < payers->group_count);
    return payers->group_payers[group];
}

void
nsim_payers_charge(NsimPayers *payers, NsimPayer payer, NsimPhase phase, NsimTime ps)
{
    nsim_assert(payer < payers->charged_ps->len);
    payers->cost_ps[phase] += ps;
    g_array_index(payers->charged_ps, NsimTime, payer) += ps;
}

void
nsim_payers_charge_watching(NsimPayers *payers, NsimPayer payer, NsimTime ps)
{
    nsim_assert(payer < payers->watched_ps->len);
    g_array_index(payers->watched_ps, NsimTime, payer) += ps;
}

/* Bring both buckets up to date. */
static void
fill(NsimGroup *group, NsimTime now_ps)
{
    const NsimTime elapsed_ps = now_ps > group->filled_ps ? now_ps - group->filled_ps : 0;
    const uint64_t bytes = nsim_mul_div(elapsed_ps, group->bytes_per_s, NSIM_S);
    const NsimTime cpu_ps = nsim_mul_div(elapsed_ps, group->cpu_ppm, 1000000);
    /* Less than a byte is not lost: the time it took counts again. */
    if (group->bytes_per_s > 0 && bytes == 0 && elapsed_ps < NSIM_MS)
        return;
    group->filled_ps = MAX(group->filled_ps, now_ps);
    group->bytes_left = (int64_t)MIN((__int128)group->bytes_left + bytes, (__int128)group->bytes_burst);
    group->cpu_left_ps = (int64_t)MIN((__int128)group->cpu_left_ps + cpu_ps, (__int128)group->cpu_burst_ps);
}

/* Time until a bucket that is `missing` below one holds something again. */
static NsimTime
time_to_fill(int64_t left, uint64_t per_s)
{
    const uint64_t missing = left > 0 ? 0 : (uint64_t)(1 - left);
    return missing == 0 ? 0 : nsim_mul_div(missing, NSIM_S, per_s) + 1;
}

NsimTime
nsim_payers_ready(NsimPayers *payers, uint32_t index, NsimTime now_ps)
{
    if (index == NSIM_GROUP_NONE)
        return now_ps;
    NsimGroup *group = &payers->groups[index];
    NsimTime wait_ps = 0;
    fill(group, now_ps);
    if (group->bytes_per_s > 0)
        wait_ps = time_to_fill(group->bytes_left, group->bytes_per_s);
    /* A core's time: cpu_ppm of it comes in. */
    if (group->cpu_ppm > 0 && group->cpu_left_ps <= 0)
        wait_ps = MAX(wait_ps, nsim_mul_div((uint64_t)(1 - group->cpu_left_ps), 1000000, group->cpu_ppm) + 1);
    return nsim_time_add_saturated(now_ps, wait_ps);
}

void
nsim_payers_spend(NsimPayers *payers, uint32_t index, NsimTime now_ps, uint64_t bytes, NsimTime cpu_ps)
{
    if (index == NSIM_GROUP_NONE)
        return;
    NsimGroup *group = &payers->groups[index];
    fill(group, now_ps);
    group->migrated_bytes += bytes;
    group->cpu_ps += cpu_ps;
    if (group->bytes_per_s > 0)
        group->bytes_left -= (int64_t)MIN(bytes, (uint64_t)INT32_MAX << 20);
    if (group->cpu_ppm > 0)
        group->cpu_left_ps -= (int64_t)MIN(cpu_ps, 1000 * NSIM_S);
}

void
nsim_payers_check(const NsimPayers *payers)
{
    NsimTime by_phase = 0, by_payer = 0;
    for (int p = 0; p < NSIM_PHASES; p++)
        by_phase += payers->cost_ps[p];
    for (guint i = 0; i < payers->charged_ps->len; i++)
        by_payer += g_array_index(payers->charged_ps, NsimTime, i);
    nsim_assert(by_phase == by_payer);
}

void
nsim_payers_forget(NsimPayers *payers)
{
    memset(payers->cost_ps, 0, sizeof payers->cost_ps);
    memset(payers->charged_ps->data, 0, payers->charged_ps->len * sizeof(NsimTime));
    memset(payers->watched_ps->data, 0, payers->watched_ps->len * sizeof(NsimTime));
    for (uint32_t g = 0; g < payers->group_count; g++) {
        payers->groups[g].migrated_bytes = payers->groups[g].throttled_pages = 0;
        payers->groups[g].cpu_ps = payers->groups[g].throttled_ps = 0;
    }
}
