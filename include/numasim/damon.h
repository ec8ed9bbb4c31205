/* SPDX-License-Identifier: MIT */
/*
 * Operations of DAMON that a plug-in brings: what its addresses are, whether they were accessed, whose pages lie there.
 * Everything else stays the core's: regions, the random choice of what is looked at, intervals, schemes, quotas, moves.
 *
 * Source: damon_register_ops() of Linux, by which a module does the same. Left out: targets that end, access reports
 * around such operations (they see accesses in their own way).
 */
#pragma once

#include <numasim/policy.h>

/* Actions of schemes, as bits 1 << ACTION of `actions`. */
typedef enum {
    NSIM_DAMOS_WILLNEED,
    NSIM_DAMOS_COLD,
    NSIM_DAMOS_PAGEOUT,
    NSIM_DAMOS_HUGEPAGE,
    NSIM_DAMOS_NOHUGEPAGE,
    NSIM_DAMOS_COLLAPSE,
    NSIM_DAMOS_LRU_PRIO,
    NSIM_DAMOS_LRU_DEPRIO,
    NSIM_DAMOS_MIGRATE_HOT,
    NSIM_DAMOS_MIGRATE_COLD,
    NSIM_DAMOS_STAT,
    NSIM_DAMOS_ACTIONS
} NsimDamosAction;

typedef struct {
    uint64_t start, end; /* bytes, [start, end) */
} NsimDamonRange;

/* The most ranges that a target has, and the end of all addresses. */
#define NSIM_DAMON_RANGES_MAX 4096u
#define NSIM_DAMON_ADDRESS_END ((uint64_t)1 << 57)

/* A target as the text states it. */
typedef struct {
    uint32_t struct_size;
    uint32_t kdamond, target; /* numbers from 0 */
    int32_t nid;              /* --numa_node; -1: none */
    const char *workload;     /* --target_pid; NULL: none */
    uint32_t range_count;
    bool first; /* the target has no regions yet: each range becomes one */
    const NsimDamonRange *ranges; /* --regions */
} NsimDamonTargetInfo;

/* A region in a sample. */
typedef struct {
    uint32_t struct_size;
    uint32_t kdamond, target;
    uint32_t reserved;
    uint64_t sample;     /* its number among the kdamond's, from 0 */
    uint64_t address;    /* of the page of it that was chosen at random */
    uint64_t start, end; /* of the region */
} NsimDamonProbe;

/* Pages of a workload at an address: `count` of them from `page` on follow each other there. */
typedef struct {
    uint32_t struct_size;
    NsimSpaceId space;
    uint16_t reserved;
    NsimPage page;
    uint64_t count;
    uint64_t end; /* where nothing lies: what lies behind begins here; 0: at the next page */
} NsimDamonPages;

/*
 * `*ret_cost_ps` is 0 before each call; what is put there is CPU time of the kdamond. All work of a step takes 1000 s at
 * most. An answer that is not sound ends the run as failed and says what was wrong.
 */
struct _NsimDamonOpsClass {
    uint32_t struct_size; /* sizeof(NsimDamonOpsClass) */
    uint32_t actions;     /* bits: what schemes may do; stat is always there */
    const char *name;     /* as in `--ops plugin:NAME`: lower-case letters, digits, '-' and '_', a letter first */
    const char *summary;  /* one sentence */
    /*
     * What there is to be watched: ascending, not overlapping, whole pages, before NSIM_DAMON_ADDRESS_END. At the start
     * and in each update of operations. Returns how many, at most NSIM_DAMON_RANGES_MAX, for which there is room. Required.
     */
    uint32_t (*ranges)(void *data, NsimHost *host, const NsimDamonTargetInfo *target, NsimDamonRange *ret_ranges,
                       NsimTime *ret_cost_ps);
    /* A sample of a region begins: forget accesses. Optional. */
    void (*prepare)(void *data, NsimHost *host, const NsimDamonProbe *probe, NsimTime *ret_cost_ps);
    /* It ends: was there an access since? Required. */
    bool (*accessed)(void *data, NsimHost *host, const NsimDamonProbe *probe, NsimTime *ret_cost_ps);
    /* For schemes: which pages lie at `address`? False: none. Required with any action but stat. */
    bool (*pages)(void *data, NsimHost *host, uint32_t kdamond, uint32_t target, uint64_t address,
                  NsimDamonPages *ret_pages);
};
