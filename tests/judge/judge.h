/* SPDX-License-Identifier: MIT */
/*
 * The event-per-hop model: the judge that burst replay is compared with.
 *
 * Every cache line is a request of its own that really travels: it leaves its core, reaches each resource of its route
 * a share of the fixed latency after it left the one before, waits there in first-come-first-served order, is served,
 * and completes after the rest of the latency. Service is cut through: a line leaves a resource when its service
 * starts, while the resource stays busy until it ends, because the fixed latency of a route already holds the transfer
 * of one line. An unloaded line therefore takes exactly `fixed_ps`.
 *
 * It is slow and simple on purpose and shares nothing with the replay but the machine's tables and the event queue.
 * Left out: nodes with measured curves, caches, TLBs, page faults, several threads on a core.
 */
#pragma once

#include <models/machine.h>
#include <sim/histogram.h>
#include <traces/burst.h>

/* One core that runs one thread. */
typedef struct {
    NsimAccessorId accessor;
    const NsimBurst *bursts;
    uint64_t burst_count;
    /* Gap units to picoseconds: ps = gap * gap_mult / 2^16. */
    uint64_t gap_mult;
    NsimTime start_ps;
} NsimJudgeCore;

/* Gaps are picoseconds. */
#define NSIM_JUDGE_GAP_PS ((uint64_t)1 << 16)

/*
 * A bulk copy: chunks of lines, `depth` of them in flight. All lines of a chunk are read at once; when the last one has
 * come back all are written at once; when the last write completes the next chunk takes its place.
 */
typedef struct {
    const NsimRoute *read_route, *write_route;
    uint32_t chunk_bytes; /* a multiple of a line */
    uint32_t depth;
    uint64_t bytes; /* a multiple of chunk_bytes; 0: go on while any core runs */
    NsimTime start_ps;
} NsimJudgeCopier;

typedef struct {
    const NsimMachine *machine;
    const NsimJudgeCore *cores;
    const NsimJudgeCopier *copiers;
    const uint32_t *barriers; /* member cores of each barrier group */
    uint32_t core_count, copier_count, barrier_count;
    /* Where a page is. */
    NsimNodeId (*node_of)(void *context, uint32_t page);
    void *context;
} NsimJudgeOptions;

typedef struct {
    NsimTime end_ps; /* last completion or end of computation */
    uint64_t line_count;
    NsimTime stall_ps; /* ready to issue, but no slot was free */
    NsimHistogram latency; /* issue to completion, line by line */
} NsimJudgeCoreResult;

typedef struct {
    NsimTime end_ps;
    uint64_t bytes; /* copied */
} NsimJudgeCopierResult;

typedef struct {
    bool complete;       /* false: some core waits at a barrier that the others never reach */
    NsimTime runtime_ps; /* when the last core ended; the last copier, without cores */
    uint64_t line_count; /* of the cores */
    uint64_t bytes_per_s; /* of the cores: lines over runtime */
    NsimHistogram latency; /* of the cores */
    uint32_t core_count, copier_count, node_count;
    NsimJudgeCoreResult *cores;
    NsimJudgeCopierResult *copiers;
    uint64_t *node_lines; /* [node * NSIM_DIRS + dir], of the cores */
    uint64_t event_count;
} NsimJudgeResult;

/* Run to the end of all cores and of all copiers that have one. (transfer full) */
NsimJudgeResult *nsim_judge_run(const NsimJudgeOptions *options);
void nsim_judge_result_free(NsimJudgeResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimJudgeResult, nsim_judge_result_free)
