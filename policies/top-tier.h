/* SPDX-License-Identifier: MIT */
/*
 * Which nodes are of the top memory tier: those about as near to some CPU as the node that CPU calls its own.
 *
 * The kernel puts nodes in tiers by an abstract distance, and the top one holds every node of a tier that has CPUs
 * (mm/memory-tiers.c). A tier spans an eighth of the distance of DRAM around it. Here the unloaded read latency from
 * the nearest CPU is the distance. Left out: bandwidth, which goes into the kernel's distance where firmware tells it.
 */
#pragma once

#include <numasim/policy.h>

/* `ret` has a place for each node of the machine. */
void top_tier_find(const NsimHost *host, bool *ret);
