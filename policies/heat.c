/* SPDX-License-Identifier: MIT */
/* Counts of samples by unit, and their histogram. */
#include "policies/heat.h"

void
heat_init(Heat *heat, const Tiers *tiers)
{
    *heat = (Heat){.tiers = tiers};
    heat->counts = g_new0(uint32_t *, tiers->space_count + 1);
    heat->accessors = g_new0(uint8_t *, tiers->space_count + 1);
    for (uint32_t s = 0; s < tiers->space_count; s++) {
        heat->counts[s] = g_new0(uint32_t, tiers->unit_counts[s] + 1);
        heat->accessors[s] = g_new0(uint8_t, tiers->unit_counts[s] + 1);
        heat->bins[0] += tiers->page_counts[s];
    }
}

void
heat_clear(Heat *heat)
{
    for (uint32_t s = 0; heat->tiers != NULL && s < heat->tiers->space_count; s++) {
        g_free(heat->counts[s]);
        g_free(heat->accessors[s]);
    }
    g_free(heat->counts);
    g_free(heat->accessors);
}

uint32_t
heat_bin(uint32_t count)
{
    const uint32_t bin = count == 0 ? 0 : 32u - (uint32_t)__builtin_clz(count);
    return MIN(bin, HEAT_BINS - 1);
}

void
heat_set(Heat *heat, NsimSpaceId space, uint64_t unit, uint32_t count)
{
    uint32_t pages;
    (void)tiers_unit(heat->tiers, space, unit, &pages);
    heat->bins[heat_bin(heat->counts[space][unit])] -= pages;
    heat->bins[heat_bin(count)] += pages;
    heat->counts[space][unit] = count;
}

static void
cool(Heat *heat)
{
    for (uint32_t s = 0; s < heat->tiers->space_count; s++) {
        for (uint64_t unit = 0; unit < heat->tiers->unit_counts[s]; unit++) {
            if (heat->counts[s][unit] > 0)
                heat_set(heat, (NsimSpaceId)s, unit, heat->counts[s][unit] / 2);
        }
    }
    heat->cooled = heat->samples;
}

uint32_t
heat_add(Heat *heat, const NsimSample *sample, uint64_t interval)
{
    const uint64_t unit = tiers_unit_of(heat->tiers, sample->space, sample->page);
    const uint32_t old = heat->counts[sample->space][unit];
    if (heat->samples - heat->cooled >= interval)
        cool(heat);
    heat->samples++;
    heat->accessors[sample->space][unit] = (uint8_t)MIN(sample->accessor, UINT8_MAX);
    heat_set(heat, sample->space, unit, MIN(old, heat->counts[sample->space][unit]) + 1);
    return heat->counts[sample->space][unit];
}

uint64_t
heat_pages(const Heat *heat, uint32_t bin)
{
    uint64_t pages = 0;
    for (uint32_t b = bin; b < HEAT_BINS; b++)
        pages += heat->bins[b];
    return pages;
}

uint32_t
heat_threshold(const Heat *heat, uint64_t pages)
{
    uint32_t bin = HEAT_BINS;
    while (bin > 1 && heat_pages(heat, bin - 1) <= pages)
        bin--;
    return bin;
}
