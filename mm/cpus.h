/* SPDX-License-Identifier: MIT */
/*
 * Cores as a resource that the kernel's work and the program share.
 *
 * Kernel work runs at once and in order; the program's threads on that core stand still meanwhile (time is stolen from
 * them). Left out: a scheduler that would share the core by turns or move the thread elsewhere, SMT, frequency.
 */
#pragma once

#include <models/machine.h>

typedef struct {
    NsimAccessorId accessor;
    uint16_t number;         /* of the accessor's cores */
    uint32_t thread_count;   /* threads of the workloads that run here */
    uint32_t work_count;     /* kernel work that has begun and not ended */
    NsimTime kernel_free_ps; /* kernel work given so far is done then */
    NsimTime kernel_ps;      /* kernel work in all */
} NsimCpuCore;

/* `ps` of a core's time went to the kernel; its threads go on that much later. */
typedef void (*NsimStealFunc)(void *context, NsimAccessorId accessor, uint32_t core, NsimTime ps);

typedef struct {
    const NsimMachine *machine;
    NsimCpuCore *cores; /* of all accessors, one after the other */
    uint32_t *first;    /* by accessor: its first core */
    uint32_t core_count;
    NsimStealFunc steal; /* nullable */
    void *steal_context;
} NsimCpus;

#define NSIM_CORE_NONE UINT32_MAX

NsimCpus *nsim_cpus_new(const NsimMachine *machine);
void nsim_cpus_free(NsimCpus *cpus);

/* Index of a core; NSIM_CORE_NONE when the accessor has no such one. */
uint32_t nsim_cpus_find(const NsimCpus *cpus, NsimAccessorId accessor, uint32_t number);

/* Kernel work of a known length from `from_ps` on, after what the core has to do already. Returns when it ends. */
NsimTime nsim_cpus_run(NsimCpus *cpus, uint32_t core, NsimTime from_ps, NsimTime work_ps);

/*
 * Kernel work whose length is not known yet: begin it, tell the time it took piece by piece (`nsim_cpus_spend`, which
 * steals), end it.
 */
void nsim_cpus_begin(NsimCpus *cpus, uint32_t core);
void nsim_cpus_spend(NsimCpus *cpus, uint32_t core, NsimTime until_ps, NsimTime ps);
void nsim_cpus_end(NsimCpus *cpus, uint32_t core);

/*
 * The core that would best copy from `source` to `destination`: a CPU that reaches both, with nothing else to do,
 * without threads of a workload, near the destination, in this order; equal ones in the machine's order. NSIM_CORE_NONE
 * when there is none.
 */
uint32_t nsim_cpus_idlest(const NsimCpus *cpus, NsimNodeId source, NsimNodeId destination, NsimTime now_ps);

/* How copy workers are spread over cores. */
typedef enum {
    NSIM_SPREAD_CLUSTERS, /* one on each core cluster (accessor) in turn */
    NSIM_SPREAD_FILL,     /* all cores of a cluster, then the next */
    NSIM_SPREAD_SOURCE,   /* as clusters, at the source only */
    NSIM_SPREAD_DESTINATION,
    NSIM_SPREAD_IDLE /* the idlest cores anywhere */
} NsimSpread;

/*
 * Choose up to `count` cores for copying from `source` to `destination`, workers near the destination first (but
 * SPREAD_SOURCE). Returns how many were found; each at most once. `idle_only` passes over cores that have threads or
 * work.
 */
uint32_t nsim_cpus_choose(const NsimCpus *cpus, NsimSpread spread, NsimNodeId source, NsimNodeId destination,
                          bool idle_only, NsimTime now_ps, uint32_t count, uint32_t *ret_cores);
