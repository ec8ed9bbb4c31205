/* SPDX-License-Identifier: MIT */
/* Hardware sampling: countdowns and buffers. */
#include <mm/sampler.h>

#include <sim/assert.h>
#include <string.h>

/* The random part of a period: a sixteenth of it to either side. */
#define JITTER_SHIFT 4

void
nsim_sampler_init(NsimSampler *sampler, const NsimMachine *machine, uint64_t seed)
{
    *sampler = (NsimSampler){.machine = machine};
    nsim_random_init(&sampler->random, seed, "sample");
    sampler->settings = g_new0(NsimSampling, machine->accessor_count + 1);
    sampler->first = g_new0(uint32_t, machine->accessor_count + 1);
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        sampler->first[a] = sampler->core_count;
        sampler->core_count += machine->accessors[a].core_count;
    }
}

void
nsim_sampler_clear(NsimSampler *sampler)
{
    for (uint32_t c = 0; sampler->buffers != NULL && c < sampler->core_count; c++) {
        if (sampler->buffers[c] != NULL)
            g_array_unref(sampler->buffers[c]);
    }
    g_free(sampler->buffers);
    g_free(sampler->settings);
    g_free(sampler->first);
    *sampler = (NsimSampler){0};
}

bool
nsim_sampler_set(NsimSampler *sampler, const NsimSampling *from)
{
    NsimSampling setting = {0};
    memcpy(&setting, from, MIN((size_t)from->struct_size, sizeof setting));
    const bool all = setting.accessor == NSIM_ACCESSOR_NONE;
    if ((!all && setting.accessor >= sampler->machine->accessor_count) || setting.buffer == 0)
        return false;
    for (uint32_t a = 0; a < sampler->machine->accessor_count; a++) {
        if (all || a == setting.accessor)
            sampler->settings[a] = setting;
    }
    if (sampler->buffers == NULL)
        sampler->buffers = g_new0(GArray *, sampler->core_count + 1);
    sampler->active = true;
    return true;
}

uint64_t
nsim_sampler_next(NsimSampler *sampler, NsimAccessorId accessor)
{
    const uint64_t period = sampler->settings[accessor].period_lines;
    const uint64_t half = period >> JITTER_SHIFT;
    return half == 0 ? period : period - half + nsim_random_below(&sampler->random, 2 * half + 1);
}

bool
nsim_sampler_record(NsimSampler *sampler, uint32_t core_number, const NsimSample *sample)
{
    GArray **buffer = &sampler->buffers[sampler->first[sample->accessor] + core_number];
    if (*buffer == NULL)
        *buffer = g_array_new(FALSE, FALSE, sizeof(NsimSample));
    g_array_append_val(*buffer, *sample);
    return (*buffer)->len == sampler->settings[sample->accessor].buffer;
}

GArray *
nsim_sampler_take(NsimSampler *sampler, uint32_t core)
{
    GArray *buffer = sampler->buffers == NULL ? NULL : sampler->buffers[core];
    if (buffer != NULL)
        sampler->buffers[core] = NULL;
    return buffer;
}
