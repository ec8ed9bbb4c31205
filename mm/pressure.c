/* SPDX-License-Identifier: MIT */
/* Stall times of memory by group and of the system. */
#include <mm/pressure.h>

#include <glib.h>
#include <sim/assert.h>

void
nsim_pressure_init(NsimPressure *pressure, uint32_t group_count)
{
    pressure->group_count = group_count;
    pressure->domains = g_new0(NsimPressureDomain, group_count + 1);
}

void
nsim_pressure_clear(NsimPressure *pressure)
{
    g_free(pressure->domains);
    pressure->domains = NULL;
}

static void
bring_up_to(NsimPressureDomain *domain, NsimTime now_ps)
{
    const NsimTime elapsed_ps = now_ps > domain->since_ps ? now_ps - domain->since_ps : 0;
    domain->some_ps += domain->stalled > 0 ? elapsed_ps : 0;
    domain->full_ps += domain->stalled > 0 && domain->stalled >= domain->tasks ? elapsed_ps : 0;
    domain->since_ps += elapsed_ps;
}

static void
change(NsimPressureDomain *domain, NsimTime now_ps, int tasks, int stalled)
{
    bring_up_to(domain, now_ps);
    nsim_assert((int64_t)domain->tasks + tasks >= 0 && (int64_t)domain->stalled + stalled >= 0);
    domain->tasks += (uint32_t)tasks;
    domain->stalled += (uint32_t)stalled;
}

/* A thread is of its group, if it has one, and of the system. */
static void
change_both(NsimPressure *pressure, uint32_t group, NsimTime now_ps, int tasks, int stalled)
{
    if (group < pressure->group_count)
        change(&pressure->domains[group], now_ps, tasks, stalled);
    change(&pressure->domains[pressure->group_count], now_ps, tasks, stalled);
}

void
nsim_pressure_tasks(NsimPressure *pressure, uint32_t group, NsimTime now_ps, int more)
{
    change_both(pressure, group, now_ps, more, 0);
}

void
nsim_pressure_stall(NsimPressure *pressure, uint32_t group, NsimTime now_ps, bool begins)
{
    change_both(pressure, group, now_ps, 0, begins ? 1 : -1);
}

NsimTime
nsim_pressure_total(NsimPressure *pressure, uint32_t group, NsimTime now_ps, bool full)
{
    NsimPressureDomain *domain = &pressure->domains[MIN(group, pressure->group_count)];
    bring_up_to(domain, now_ps);
    return full ? domain->full_ps : domain->some_ps;
}

void
nsim_pressure_forget(NsimPressure *pressure, NsimTime now_ps)
{
    for (uint32_t g = 0; g <= pressure->group_count; g++) {
        bring_up_to(&pressure->domains[g], now_ps);
        pressure->domains[g].some_ps = pressure->domains[g].full_ps = 0;
    }
}
