/* SPDX-License-Identifier: MIT */
/*
 * Hardware sampling of memory accesses (PEBS, IBS): countdowns and buffers. Whoever issues lines counts them down,
 * records the one that the countdown ends on, and interrupts the core when its buffer is full
 * (experiment/replay-sample.c).
 *
 * The countdown is period - h + uniform[0, 2h], h = period / 16: its mean is the period, and a stride cannot keep step
 * with it. Left out: skid, samples that the hardware drops, filters by latency, counters that several users share.
 */
#pragma once

#include <glib.h>
#include <models/machine.h>
#include <numasim/policy.h>
#include <sim/random.h>

typedef struct {
    const NsimMachine *machine;
    NsimSampling *settings; /* by accessor */
    uint32_t *first;        /* by accessor: its first core among all cores */
    GArray **buffers;       /* NsimSample, by core; NULL until used */
    uint32_t core_count;
    bool active; /* nsim_sampler_set() was called */
    NsimRandom random;
} NsimSampler;

void nsim_sampler_init(NsimSampler *sampler, const NsimMachine *machine, uint64_t seed);
void nsim_sampler_clear(NsimSampler *sampler);

/* False: no such accessor, or a buffer of no samples. */
bool nsim_sampler_set(NsimSampler *sampler, const NsimSampling *setting);

/* Lines until the next sample of an accessor's thread, the sampled one included; 0: it is not sampled. */
uint64_t nsim_sampler_next(NsimSampler *sampler, NsimAccessorId accessor);

/* Does the accessor's sampling count such lines? */
static inline bool
nsim_sampler_counts(const NsimSampler *sampler, NsimAccessorId accessor, bool write)
{
    const uint32_t flags = sampler->settings[accessor].flags & (NSIM_SAMPLE_READS | NSIM_SAMPLE_WRITES);
    return flags == 0 || (flags & (write ? NSIM_SAMPLE_WRITES : NSIM_SAMPLE_READS)) != 0;
}

/* Put a sample into its core's buffer. True: the buffer has just become full. */
bool nsim_sampler_record(NsimSampler *sampler, uint32_t core_number, const NsimSample *sample);

/* What a core's buffer holds, taken out of it; NULL: nothing. `core` counts over all accessors. (transfer full) */
GArray *nsim_sampler_take(NsimSampler *sampler, uint32_t core);
