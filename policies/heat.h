/* SPDX-License-Identifier: MIT */
/*
 * How hot pages are by hardware samples: a count for each unit of movement, and how many pages have counts of 1, 2 to
 * 3, 4 to 7, ... (bin b: 2^(b-1) to 2^b - 1; bin 0: never sampled since). Cooling halves all counts.
 */
#pragma once

#include "policies/tiers.h"

#define HEAT_BINS 16u

typedef struct {
    const Tiers *tiers;
    uint32_t **counts;        /* by space, by unit */
    uint8_t **accessors;      /* the last one that was sampled there */
    uint64_t bins[HEAT_BINS]; /* pages that have memory or not, by bin; what was never sampled is in bin 0 */
    uint64_t samples, cooled; /* in all; at the last cooling */
} Heat;

void heat_init(Heat *heat, const Tiers *tiers);
void heat_clear(Heat *heat);

uint32_t heat_bin(uint32_t count);
/* Count a sample, cooling first when `interval` samples came since the last time. Returns the unit's count. */
uint32_t heat_add(Heat *heat, const NsimSample *sample, uint64_t interval);
/* What is known otherwise: the unit's count from now on. */
void heat_set(Heat *heat, NsimSpaceId space, uint64_t unit, uint32_t count);
/* The lowest bin whose pages and those of all higher ones fit into `pages`; HEAT_BINS when not even the highest one's
 * do. Bin 0 is never hot. */
uint32_t heat_threshold(const Heat *heat, uint64_t pages);
/* Pages in this bin and above. */
uint64_t heat_pages(const Heat *heat, uint32_t bin);
