/* SPDX-License-Identifier: MIT */
/*
 * Words of page migration shared by policies, the mover and the report. The report's keys are these names in lower case.
 */
#pragma once

#include <numasim/types.h>

/* Steps of a migration, in the kernel's order (mm/migrate.c), and the time its core waits for a copy by others. */
typedef enum {
    NSIM_PHASE_ISOLATE, /* entering the kernel, walking page tables, taking folios off the LRU */
    NSIM_PHASE_UNMAP,   /* locking, allocating the destination, migration entries */
    NSIM_PHASE_FLUSH,   /* TLB shootdown: the initiator's wait and the time taken from every other CPU */
    NSIM_PHASE_COPY,    /* cores copying, and preparing and completing what engines copy */
    NSIM_PHASE_REMAP,   /* mapping and flags, removing migration entries */
    NSIM_PHASE_RELEASE, /* back to the LRU, freeing the source */
    NSIM_PHASE_WAIT,    /* the initiator waits for copy workers or an engine */
    NSIM_PHASES
} NsimPhase;

/* Why something moves: statistics, and a key by which the copier can be chosen. */
typedef enum {
    NSIM_REASON_POLICY,    /* no reason given */
    NSIM_REASON_PROMOTION, /* numa_misplaced and its like */
    NSIM_REASON_DEMOTION,
    NSIM_REASON_HARVEST, /* spare memory of a neighbour */
    NSIM_REASON_SWAP,
    NSIM_REASON_REBALANCE, /* interleaving, bandwidth */
    NSIM_REASON_SYSCALL,   /* move_pages, mbind */
    NSIM_REASONS
} NsimReason;

/* Why a page was not moved. */
typedef enum {
    NSIM_CAUSE_NONE,
    NSIM_CAUSE_LOCKED,         /* the folio stayed locked by others through all passes */
    NSIM_CAUSE_PINNED,         /* extra references: DMA, get_user_pages */
    NSIM_CAUSE_WRITEBACK,      /* being written out, and the mode does not wait */
    NSIM_CAUSE_NO_DESTINATION, /* no free memory on the destination */
    NSIM_CAUSE_DIRTIED,        /* transactional: written while it was copied, every time */
    NSIM_CAUSE_CANCELLED,      /* by the policy */
    NSIM_CAUSE_THROTTLED,      /* the payer's budget is used up */
    NSIM_CAUSE_UNREACHABLE,    /* no copier reaches both nodes */
    NSIM_CAUSES
} NsimCause;

/* Who copies. */
typedef enum {
    NSIM_COPIER_CPU,   /* the migrating core */
    NSIM_COPIER_MTCPU, /* several cores */
    NSIM_COPIER_DMA,   /* copy engines */
    NSIM_COPIER_AUTO,  /* whichever is predicted to finish first */
    NSIM_COPIERS
} NsimCopierKind;
