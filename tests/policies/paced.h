/* SPDX-License-Identifier: MIT */
/*
 * A workload as that of the recorded kernels: an area of 65536 pages of which a tenth gets nine tenths of the accesses,
 * at a fixed pace. Every millisecond `per_tick` loads of random pages are issued, `gap_ps` apart, and the thread sleeps
 * until the next one. Before that it computes for `before_ps`, as populating the area does.
 */
#pragma once

#include "tests/experiment/rig.h"

#include <experiment/policy-spec.h>
#include <sim/random.h>

#define PACED_PAGES 65536u
#define PACED_HOT_FIRST 26214u
#define PACED_HOT_PAGES 6553u

typedef struct {
    uint32_t per_tick, gap_ps;
    NsimTime before_ps, until_ps;
    NsimTime window_ps; /* another tenth is hot after so long; 0: always the same */
    /* state */
    NsimRandom random;
    NsimTime now_ps;
    uint32_t in_tick;
} Paced;

/* A RigFunc. */
bool paced_next(void *context, NsimBurst *ret);
/*
 * A rig with the workload on a machine of two nodes, 384 MiB at the CPUs and 512 MiB far from them. A fault costs
 * `hint_ps`, and starting a move `start_ps`.
 */
Rig *paced_rig(Paced *paced, NsimTime hint_ps, NsimTime start_ps);
/* Once a policy is attached: all of the area far, and some of the program's own near, so that it has more than 256 MiB.
 */
void paced_place(Rig *rig);
uint32_t paced_hot_first(const Paced *paced, NsimTime now_ps);
/* Pages of the tenth that begins at `first`, or of the rest, on the near node. */
uint32_t paced_near(const Rig *rig, uint32_t first, bool hot);

/* Touches pages [first, first + count) in turn between two times, a microsecond apart. */
typedef struct {
    NsimPage first;
    uint32_t count;
    NsimTime from_ps, until_ps;
    NsimTime now_ps;
} Toucher;

/* A RigFunc. */
bool toucher_next(void *context, NsimBurst *ret);

/* Attach the policy that `text` says; one that is refused is a failed test. (transfer full) */
NsimPolicySpec *rig_attach(Rig *rig, const NsimPlugins *plugins, const char *text);
