/* SPDX-License-Identifier: MIT */
/*
 * What an access check is: the operations that a DAMON context works with, one set for each kind of addresses.
 *
 * Source: struct damon_operations of Linux include/linux/damon.h, 6.12 to 7.2. Left out: cleanup of targets that became
 * invalid, reset_aggregated. Actions are the same for all sets (action.c): a set says what lies at an address.
 */
#pragma once

#include <mm/damon/region.h>
#include <numasim/types.h>

typedef struct _NsimDamonContext NsimDamonContext;

/* What lies at an address: a folio, or nothing as far as `end`. */
typedef struct {
    uint64_t end;   /* address behind it */
    uint64_t steps; /* of the walk that it takes to get over it */
    bool present;   /* a folio, that is: */
    NsimSpaceId space;
    NsimPage page; /* its first one */
    uint32_t pages;
} NsimDamonFolio;

/* Each function gets the `state` that the context was made with and returns the CPU time its work takes, in ps. */
typedef struct {
    const char *name;
    /* Give targets without regions their first ones. Nullable. */
    NsimTime (*init)(void *state, NsimDamonContext *context, NsimTime now_ps);
    /* Follow changed mappings. Nullable. */
    NsimTime (*update)(void *state, NsimDamonContext *context, NsimTime now_ps);
    /* Choose a page of each region (nsim_damon_choose) and forget its accesses. */
    NsimTime (*prepare)(void *state, NsimDamonContext *context, NsimTime now_ps);
    /* Look at the same pages (nsim_damon_count); `ret_max` is the largest count of all regions. */
    NsimTime (*check)(void *state, NsimDamonContext *context, NsimTime now_ps, uint32_t *ret_max);
    /* Can the target still be monitored? Nullable: always. */
    bool (*target_valid)(void *state, const NsimDamonTarget *target);
    /* For schemes: what lies at `address` of a target, looking no further than `end`. */
    NsimDamonFolio (*folio)(void *state, const NsimDamonTarget *target, uint64_t address, uint64_t end);
    uint32_t actions;    /* bits 1 << NsimDamosAction: what schemes may do */
    bool weighted_dests; /* migrations may have several destinations */
} NsimDamonOps;
