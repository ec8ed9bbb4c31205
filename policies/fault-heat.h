/* SPDX-License-Identifier: MIT */
/*
 * How hot pages are by hint faults: a scanner arms units one after the other; the sooner a unit faults, the more often
 * it is accessed. Its count is the accesses in `per` that the time to its fault stands for; a unit that is still armed
 * when the scanner comes round again has count 0.
 *
 * Source: Colloid, SOSP 2024, on TPP: pages of all tiers are armed, hotness is the time to the fault. Left out: the
 * scanner's own time.
 */
#pragma once

#include "policies/heat.h"

typedef struct {
    Heat *heat;
    NsimTime per_ps;
    NsimTime **armed_ps; /* by space, by unit: since when, plus 1; 0: it is not */
    NsimSpaceId space;   /* where the scanner goes on */
    uint64_t unit;
} FaultHeat;

void fault_heat_init(FaultHeat *faults, Heat *heat, NsimTime per_ps);
void fault_heat_clear(FaultHeat *faults);
/* Arm the next units, at least one, of about `pages` that are in tiers. Returns the pages armed. */
uint64_t fault_heat_scan(FaultHeat *faults, NsimHost *host, uint64_t pages);
/* A hint fault; others are passed over. */
void fault_heat_fault(FaultHeat *faults, const NsimFault *fault);
