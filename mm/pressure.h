/* SPDX-License-Identifier: MIT */
/*
 * Pressure stall information for memory (kernel/sched/psi.c in outline): for how long some, and all, of the threads of
 * the system and of each group were held up because memory was short. A thread is while it reclaims, or waits for
 * reclaim, to get memory, and while it waits for a page from a disk. A thread counts until its trace ends.
 *
 * Left out: averages over 10, 60 and 300 s; the kernel's weighting by CPU; sleeping tasks count as running ones.
 */
#pragma once

#include <numasim/types.h>

#include <stdbool.h>

typedef struct {
    uint32_t tasks, stalled;
    NsimTime since_ps; /* totals are true up to here */
    NsimTime some_ps, full_ps;
} NsimPressureDomain;

typedef struct {
    NsimPressureDomain *domains; /* by group; the system's behind them */
    uint32_t group_count;
} NsimPressure;

void nsim_pressure_init(NsimPressure *pressure, uint32_t group_count);
void nsim_pressure_clear(NsimPressure *pressure);
/* `group` is a group, or group_count for none. Threads come and go; stalls begin and end. */
void nsim_pressure_tasks(NsimPressure *pressure, uint32_t group, NsimTime now_ps, int change);
void nsim_pressure_stall(NsimPressure *pressure, uint32_t group, NsimTime now_ps, bool begins);
/* Total until now of a group, or of the system (group_count). */
NsimTime nsim_pressure_total(NsimPressure *pressure, uint32_t group, NsimTime now_ps, bool full);
/* Begin to count anew, as when statistics begin. */
void nsim_pressure_forget(NsimPressure *pressure, NsimTime now_ps);
