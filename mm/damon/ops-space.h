/* SPDX-License-Identifier: MIT */
/*
 * DAMON's operations for virtual addresses, on the accessed bits of simulated address spaces: `vaddr` follows a process
 * in three areas, `fvaddr` watches ranges that are given.
 *
 * Source: Linux mm/damon/vaddr.c and ops-common.c, 6.12 to 7.2, written anew. Left out: hugetlb; accesses of
 * devices (notifiers).
 */
#pragma once

#include <mm/damon/context.h>
#include <mm/host.h>

extern const NsimDamonOps nsim_damon_ops_vaddr, nsim_damon_ops_fvaddr;

/* What the operations work with; the `ops_state` of their context. */
typedef struct {
    const NsimMm *mm; /* whose reclaim is to learn of accesses; nullable, borrowed */
    /* CPU time of clearing or testing one page: walk, locks, the bit. No figure is published; see docs/damon.md. */
    NsimTime clear_ps, test_ps;
    NsimTime update_ps; /* of reading a target's mappings once */
    /*
     * Chance, in millionths, that the translation of an accessed page stays in a TLB for the whole sampling interval:
     * no flush follows the clearing, so that such accesses do not set the bit again.
     */
    uint32_t resident_ppm;
    NsimRandom random;
} NsimDamonSpaceOps;

/* A target's handle. */
typedef struct {
    NsimSpace *space;             /* borrowed */
    NsimSpaceId id;               /* its number among the run's */
    const NsimDamonRange *ranges; /* `fvaddr`: virtual addresses, ascending; borrowed */
    uint32_t range_count;
} NsimDamonSpaceTarget;

/* 400 ns a clear or test (assumed), no misses by the TLB, own random stream. */
void nsim_damon_space_ops_init(NsimDamonSpaceOps *ops, uint64_t seed, const char *stream);

/*
 * The chance for a working set of `translations` that are accessed in turn and a TLB of `entries`: all of them stay, or
 * none does long enough.
 */
uint32_t nsim_damon_resident_ppm(uint64_t translations, uint64_t entries);

/*
 * All mappings less the two widest gaps between them, as up to three ranges in ascending order. Returns how many: fewer
 * where the space has fewer gaps. O(regions of the space).
 */
uint32_t nsim_damon_three_ranges(const NsimSpace *space, NsimDamonRange ret_ranges[3]);
