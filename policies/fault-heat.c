/* SPDX-License-Identifier: MIT */
/* Counts of accesses from the time to hint faults. */
#include "policies/fault-heat.h"

void
fault_heat_init(FaultHeat *faults, Heat *heat, NsimTime per_ps)
{
    *faults = (FaultHeat){.heat = heat, .per_ps = per_ps};
    faults->armed_ps = g_new0(NsimTime *, heat->tiers->space_count + 1);
    for (uint32_t s = 0; s < heat->tiers->space_count; s++)
        faults->armed_ps[s] = g_new0(NsimTime, heat->tiers->unit_counts[s] + 1);
}

void
fault_heat_clear(FaultHeat *faults)
{
    for (uint32_t s = 0; faults->heat != NULL && s < faults->heat->tiers->space_count; s++)
        g_free(faults->armed_ps[s]);
    g_free(faults->armed_ps);
}

uint64_t
fault_heat_scan(FaultHeat *faults, NsimHost *host, uint64_t pages)
{
    const Tiers *tiers = faults->heat->tiers;
    uint64_t left = MAX(pages, (uint64_t)1), armed = 0;
    for (uint64_t units = tiers_all_units(tiers); units > 0 && left > 0; units--) {
        uint32_t count;
        const NsimSpaceId space = faults->space;
        const uint64_t unit = faults->unit;
        const NsimPage page = tiers_unit(tiers, space, unit, &count);
        const NsimNodeId node = nsim_page_node(host, space, page);
        NsimTime *since_ps = &faults->armed_ps[space][unit];
        tiers_next_unit(tiers, &faults->space, &faults->unit);
        left -= MIN(left, count);
        if (node == NSIM_NODE_NONE || !(tiers->fast[node] || tiers->slow[node]))
            continue;
        /* Nobody came in a whole round. */
        if (*since_ps > 0)
            heat_set(faults->heat, space, unit, 0);
        *since_ps = nsim_now(host) + 1;
        armed += nsim_arm(host, space, page, count);
    }
    return armed;
}

void
fault_heat_fault(FaultHeat *faults, const NsimFault *fault)
{
    const uint64_t unit = tiers_unit_of(faults->heat->tiers, fault->space, fault->page);
    NsimTime *since_ps = &faults->armed_ps[fault->space][unit];
    if (fault->kind != NSIM_FAULT_HINT || *since_ps == 0)
        return;
    const NsimTime passed_ps = MAX(fault->time_ps - MIN(fault->time_ps, *since_ps - 1), (NsimTime)1);
    *since_ps = 0;
    faults->heat->accessors[fault->space][unit] = (uint8_t)MIN(fault->accessor, UINT8_MAX);
    heat_set(faults->heat, fault->space, unit,
             (uint32_t)CLAMP(faults->per_ps / passed_ps, (NsimTime)1, (NsimTime)1 << 20));
}
