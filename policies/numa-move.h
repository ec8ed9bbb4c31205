/* SPDX-License-Identifier: MIT */
/* Moving a page in its hint fault, and what that means for the scanner: what NUMA balancing and TPP have in common. */
#pragma once

#include "policies/numa-scan.h"

typedef struct {
    GHashTable *table; /* token -> move under way */
} NumaMoves;

/* A fault that may move its page. */
typedef struct {
    const NsimFault *fault;
    NumaTask *task;
    NsimPage first; /* the page, or the huge page it belongs to: one entry, one fault */
    uint32_t count;
    NsimNodeId node; /* where it is */
    bool own;        /* nobody else has faulted there since */
    bool promotion;  /* goes from slow memory to the top tier */
} NumaFault;

NumaMoves *numa_moves_new(void);
void numa_moves_free(NumaMoves *moves);

/* Task, node and unit of a hint fault. False: no thread of a CPU, or no page. Its huge page has no more armed pages
 * then. */
bool numa_fault_begin(NumaScan *scan, NsimHost *host, const NsimFault *fault, NumaFault *ret);
/* Let the faulting thread move it to its own node. */
void numa_fault_move(NumaMoves *moves, NsimHost *host, const NumaFault *what);
/*
 * A move has ended: note its fault. False: it was not one of these. `*ret_promoted` are pages that came up from slow
 * memory.
 */
bool numa_fault_moved(NumaMoves *moves, NumaScan *scan, NsimHost *host, const NsimOutcome *outcome,
                      uint64_t *ret_promoted);
