/* SPDX-License-Identifier: MIT */
/*
 * Memory tiers: nodes of about the same performance, and where each node's cold pages go (mm/memory-tiers.c, Linux 6.7
 * and later).
 *
 * A node's abstract distance compares it with DRAM, each seen by the CPU nearest to it, nothing else running:
 *
 *     adistance = 576 x (Lr + Lw) / (Lr + Lw of DRAM) x (Br + Bw of DRAM) / (Br + Bw)
 *
 * in this order, with integers (ns, MB/s); DRAM is 576 = 4 x 128 + 64. Its tier is adistance / 128: lower is faster.
 * DRAM nodes must agree within 10 % on each of the four; otherwise DRAM is 576 and everything else 5 x 576. Pages of a
 * node are demoted to the nearest node of the next lower tier, seen by that node's CPU; nodes that are equally near
 * share them. Disks are in no tier, and neither is a node that no CPU reaches.
 *
 * Left out: tiers set by hand, hot-plug.
 */
#pragma once

#include <models/machine.h>

#define NSIM_ADISTANCE_DRAM 576u
#define NSIM_TIER_NONE UINT32_MAX

typedef struct {
    uint32_t *adistances; /* by node */
    uint32_t *tiers;      /* by node; NSIM_TIER_NONE */
    NsimNodeId **targets; /* by node: where its pages are demoted, NSIM_NODE_NONE at the end */
    uint32_t node_count;
} NsimTiers;

/* (transfer full) */
NsimTiers *nsim_tiers_new(const NsimMachine *machine);
void nsim_tiers_free(NsimTiers *tiers);

/* The CPU nearest to a node by read latency; NSIM_ACCESSOR_NONE when no CPU reaches it. */
NsimAccessorId nsim_nearest_cpu(const NsimMachine *machine, NsimNodeId node);
