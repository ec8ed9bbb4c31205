/* SPDX-License-Identifier: MIT */
/*
 * A replay without files: a machine from a text, one address space, threads whose records come from arrays or from a
 * function. What nsim_run() builds from an experiment, built by hand.
 */
#pragma once

#include <experiment/replay.h>

/* Gaps are picoseconds. */
#define RIG_GAP_PS ((uint64_t)1 << 16)
#define RIG_THREADS_MAX 64u

/* Gives the next record of a thread; false: there are no more. */
typedef bool (*RigFunc)(void *context, NsimBurst *ret);

typedef struct {
    NsimMachine *machine;
    NsimMemory *memory;
    NsimSpace *space;
    NsimEventQueue *events;
    NsimFabric *fabric;
    NsimMm *mm;
    /* NULL until rig_give_mover() */
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMover *mover;
    uint32_t group;
    NsimAccessorId main_accessor;
    NsimReplayThread threads[RIG_THREADS_MAX];
    uint32_t thread_count;
    NsimReplayWorkload workload;
    NsimTime until_ps, warmup_ps;
    GCancellable *cancel;
    uint64_t progress_lines;
    NsimReplay *replay;
    GPtrArray *owned; /* blocks freed with the rig */
} Rig;

/* `machine_text` is the value of `machine:`; the space has `page_count` base pages without memory. */
Rig *rig_new(const char *machine_text, uint64_t page_count);
/* The same on a machine that is there already, with units of `unit_pages`. */
Rig *rig_new_on(NsimMachine *machine, uint64_t page_count, uint32_t unit_pages);
/* A machine from the value of `machine:`; a mistake is a failed test. (transfer full) */
NsimMachine *rig_machine(const char *machine_text);
void rig_free(Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

/* Let pages move: before the run. */
void rig_give_mover(Rig *rig, const NsimMoverConfig *config);
/* Give pages memory before the run. */
void rig_place(Rig *rig, NsimPage page, uint64_t count, NsimNodeId node);
/* A thread with a core of its own (its number) on an accessor; the records are copied. Returns it for changes. */
NsimReplayThread *rig_add(Rig *rig, NsimAccessorId accessor, const NsimBurst *bursts, uint32_t count);
/* The same, records from a function. */
NsimReplayThread *rig_add_func(Rig *rig, NsimAccessorId accessor, RigFunc func, void *context);
/* Run; a failure is a failed test. */
const NsimReplayStats *rig_run(Rig *rig);
/* Run; a success is a failed test. The message. (transfer full) */
char *rig_run_failing(Rig *rig);

/* Bytes a second of all accesses over the run. */
double rig_rate(const Rig *rig);
/* Lines of a node, over all accessors. */
uint64_t rig_node_lines(const Rig *rig, NsimNodeId node, NsimDir dir);

/* Whether `value` is within `ppm` parts in a million of `expected`. */
bool rig_near(double value, double expected, double ppm);
#define RIG_ASSERT_NEAR(value, expected, ppm)                                                                           \
    do {                                                                                                                \
        const double rig_value = (double)(value), rig_expected = (double)(expected);                                    \
        if (!rig_near(rig_value, rig_expected, ppm))                                                                    \
            printf("\n    %s:%d: %s is %.6g, expected %.6g", __FILE__, __LINE__, #value, rig_value, rig_expected);      \
        CU_ASSERT_TRUE(rig_near(rig_value, rig_expected, ppm));                                                         \
    } while (0)
