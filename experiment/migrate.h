/* SPDX-License-Identifier: MIT */
/*
 * A bench of page migration on the model: one list of folios from a node to another, as a loop around move_pages(2) or
 * the kernel's own migrate_pages() would do it, and nothing else on the machine but, if asked for, traffic of a given
 * load.
 */
#pragma once

#include <mm/mover.h>

typedef enum {
    NSIM_MIGRATE_USER,  /* one move_pages() call: its fixed cost is part of the time */
    NSIM_MIGRATE_KERNEL /* a kernel thread hands the list to migrate_pages() */
} NsimMigrateInitiator;

/* One measurement. */
typedef struct {
    const NsimMachine *machine;
    NsimNodeId source, destination;
    NsimMigrateInitiator initiator;
    uint64_t folio_bytes; /* a power of two, base page to 2 MiB */
    uint64_t folio_count;
    /* Every CPU near the destination reads the source at this share of what its way there carries. */
    uint32_t load_ppm;
    NsimMoverConfig config;
    uint64_t seed;
} NsimMigrateCell;

typedef struct {
    NsimTime time_ps; /* from the request to the last folio */
    uint64_t moved_bytes, failed_pages;
    uint64_t bytes_per_s; /* moved_bytes over time */
    NsimTime cost_ps[NSIM_PHASES];
    uint32_t copy_share_ppm; /* of the time: copying by the initiator and its wait for others' */
    NsimTime away_first_ps;  /* the shortest and longest time a folio was unmapped */
    NsimTime away_mean_ps, away_max_ps;
    uint64_t copied_bytes[NSIM_COPIERS];
} NsimMigrateResult;

#define NSIM_MIGRATE_BYTES_MAX ((uint64_t)64 << 30)

/* Run one measurement. False with `error` when the cell cannot be (NSIM_EXPERIMENT_ERROR). Safe from several threads.
 */
bool nsim_migrate_run(const NsimMigrateCell *cell, NsimMigrateResult *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
