/* SPDX-License-Identifier: MIT */
/*
 * Who pays for migrations: every cost is booked once by step and once by payer, so that the sums agree; groups of
 * workloads may have budgets.
 *
 * A budget is a token bucket: it fills at `rate` up to `burst` and may be overdrawn by the batch that is under way, as
 * kernel bandwidth control does; whoever comes next waits until it is positive again. Two buckets a group: migrated
 * bytes, and CPU time spent on migrations. Left out: hierarchies of groups.
 */
#pragma once

#include <glib.h>
#include <numasim/migration.h>

/* Whom costs are charged to. */
typedef enum {
    NSIM_ATTRIBUTE_INITIATOR,   /* whoever asked, work of others on its behalf included */
    NSIM_ATTRIBUTE_WORKER,      /* each for the time of its own core: initiator, copy workers, interrupted CPUs */
    NSIM_ATTRIBUTE_THREAD,      /* the kernel thread that migrates; in a fault: the faulting accessor */
    NSIM_ATTRIBUTE_DESTINATION, /* the group whose pages move */
    NSIM_ATTRIBUTE_ROOT         /* the system */
} NsimAttribution;

/* An index of a payer. */
typedef uint32_t NsimPayer;

typedef struct {
    char *name;
    uint64_t bytes_per_s, bytes_burst; /* rate 0: no limit */
    uint64_t cpu_ppm;                  /* of one core's time; 0: no limit */
    NsimTime cpu_burst_ps;
    uint64_t limit_bytes;   /* of memory, enforced by reclaim (mm/reclaim.h); 0: none */
    /* what happened */
    uint64_t migrated_bytes, throttled_pages;
    NsimTime cpu_ps, throttled_ps;
    /* buckets: what is left, at `filled_ps`; may be negative */
    int64_t bytes_left;
    int64_t cpu_left_ps;
    NsimTime filled_ps;
} NsimGroup;

typedef struct {
    GPtrArray *names;   /* by payer */
    GArray *charged_ps; /* NsimTime, by payer: of migrations */
    GArray *watched_ps; /* NsimTime, by payer: of watching memory, which is no step of a migration */
    NsimTime cost_ps[NSIM_PHASES];
    NsimGroup *groups;
    uint32_t group_count;
    NsimPayer *group_payers;
} NsimPayers;

#define NSIM_GROUP_NONE UINT32_MAX

/* `groups` (of which names and budgets count) are copied. */
NsimPayers *nsim_payers_new(const NsimGroup *groups, uint32_t group_count);
void nsim_payers_free(NsimPayers *payers);

/* The payer of this name, new or not. O(payers): keep what it returns. */
NsimPayer nsim_payers_find(NsimPayers *payers, const char *name);
NsimPayer nsim_payers_of_group(const NsimPayers *payers, uint32_t group);

/* Book `ps` of a step on a payer. */
void nsim_payers_charge(NsimPayers *payers, NsimPayer payer, NsimPhase phase, NsimTime ps);

/* Book CPU time of watching memory (kdamond, scanners). */
void nsim_payers_charge_watching(NsimPayers *payers, NsimPayer payer, NsimTime ps);

/* When the group's buckets will be positive: `now_ps` when they are, or without a group or a limit. */
NsimTime nsim_payers_ready(NsimPayers *payers, uint32_t group, NsimTime now_ps);
/* Take from the buckets. */
void nsim_payers_spend(NsimPayers *payers, uint32_t group, NsimTime now_ps, uint64_t bytes, NsimTime cpu_ps);

/* The sums by step and by payer are equal (asserted). O(payers). */
void nsim_payers_check(const NsimPayers *payers);

/* Forget what was booked so far, as when statistics begin; buckets stay as they are. */
void nsim_payers_forget(NsimPayers *payers);
