/* SPDX-License-Identifier: MIT */
/*
 * DAMON's operations for physical addresses: `paddr`, on frames (mm/frames.h). A sample finds the folio at an address
 * and tests the accessed bits of its mappings.
 *
 * Source: Linux mm/damon/paddr.c and ops-common.c, 6.12 to 7.2, written anew. Frames that nobody uses, and those of no
 * node, read as not accessed. Left out: pages that several spaces map; unmapped page cache, whose idle flag would tell;
 * locked folios, which read as not accessed.
 */
#pragma once

#include <mm/damon/context.h>
#include <mm/host.h>

extern const NsimDamonOps nsim_damon_ops_paddr;

/* What the operations work with; the `ops_state` of their context. */
typedef struct {
    NsimMm *mm; /* with frames; borrowed */
    /* CPU time of clearing or testing one folio: finding it, and a walk over its mappings. */
    NsimTime clear_ps, test_ps;
    NsimTime miss_ps;      /* of finding nothing */
    uint32_t resident_ppm; /* as NsimDamonSpaceOps has it */
    NsimRandom random;
} NsimDamonPhysicalOps;

/* A target's handle. */
typedef struct {
    const NsimDamonRange *ranges; /* physical addresses, ascending; borrowed */
    uint32_t range_count;
} NsimDamonPhysicalTarget;

/* 1 us a clear or test, 40 ns for nothing there (the former assumed), own random stream. */
void nsim_damon_physical_ops_init(NsimDamonPhysicalOps *ops, NsimMm *mm, uint64_t seed, const char *stream);

/* The memory of a node; of all nodes, as one range from the first to the last of it, with NSIM_NODE_NONE. */
NsimDamonRange nsim_damon_node_range(const NsimMm *mm, NsimNodeId node);
