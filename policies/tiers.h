/* SPDX-License-Identifier: MIT */
/* Fast and slow memory, units of movement and hardware sampling as the tiering policies share them. */
#pragma once

#include "policies/node-list.h"

/* Which nodes are fast, and each space's units of movement. */
typedef struct {
    bool fast[NODE_LIST_MAX], slow[NODE_LIST_MAX];
    uint32_t node_count, space_count;
    uint64_t fast_pages, slow_pages; /* capacities */
    uint64_t page_bytes;
    uint64_t *page_counts; /* by space */
    uint64_t *unit_counts; /* by space; a unit is `1 << unit_shifts` pages, the last one fewer */
    unsigned *unit_shifts;
} Tiers;

/*
 * `fast` is a node list or "auto": nodes of kind dram and hbm. Every other node but disks is slow. False with `error`
 * when either tier is empty.
 */
bool tiers_init(Tiers *tiers, const NsimHost *host, const char *policy, const char *fast, GError **error);
/* Spaces and units only. */
void tiers_measure(Tiers *tiers, const NsimHost *host);
void tiers_clear(Tiers *tiers);

static inline uint64_t
tiers_unit_of(const Tiers *tiers, NsimSpaceId space, NsimPage page)
{
    return page >> tiers->unit_shifts[space];
}
/* First page and number of pages of a unit. */
NsimPage tiers_unit(const Tiers *tiers, NsimSpaceId space, uint64_t unit, uint32_t *ret_count);

/* Units of all spaces. */
uint64_t tiers_all_units(const Tiers *tiers);

/* The next unit on the way round them. */
static inline void
tiers_next_unit(const Tiers *tiers, NsimSpaceId *space, uint64_t *unit)
{
    if (++*unit < tiers->unit_counts[*space])
        return;
    *unit = 0;
    *space = (NsimSpaceId)((*space + 1u) % tiers->space_count);
}

/* The nearest of `nodes` (flags) to the accessor with room for `pages`; NSIM_NODE_NONE: none. */
NsimNodeId tiers_pick_of(const bool *nodes, const NsimHost *host, NsimAccessorId accessor, uint64_t pages);
/* The same of the fast or the slow ones. */
NsimNodeId tiers_pick(const Tiers *tiers, const NsimHost *host, NsimAccessorId accessor, bool fast, uint64_t pages);
uint64_t tiers_free(const Tiers *tiers, const NsimHost *host, bool fast);

/* Options of hardware sampling; the rows are TIERS_SAMPLING_OPTIONS. */
typedef struct {
    uint64_t period, buffer;
    NsimTime sample_ps, interrupt_ps;
} TiersSampling;

#define TIERS_SAMPLING_OPTIONS(Config, field, default_period, period_source)                                           \
    {.key = "sample_period",                                                                                           \
     .type = NSIM_OPTION_INT,                                                                                          \
     .offset = offsetof(Config, field.period),                                                                         \
     .min = 1,                                                                                                         \
     .max = UINT32_MAX,                                                                                                \
     .default_text = default_period,                                                                                   \
     .help = "lines of a thread from one hardware sample to the next",                                                 \
     .source = period_source},                                                                                         \
        {.key = "sample_buffer",                                                                                       \
         .type = NSIM_OPTION_INT,                                                                                      \
         .offset = offsetof(Config, field.buffer),                                                                     \
         .min = 1,                                                                                                     \
         .max = 65536,                                                                                                 \
         .default_text = "16",                                                                                         \
         .help = "samples a core gathers before it is interrupted; 1 as IBS does",                                     \
         .source = "assumed"},                                                                                         \
        {.key = "sample_cost",                                                                                         \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, field.sample_ps),                                                                  \
         .default_text = "200ns",                                                                                      \
         .help = "time of the core that each sample takes",                                                            \
         .source = "assumed: a microcode assist and copying the record"},                                              \
    {                                                                                                                  \
        .key = "interrupt_cost", .type = NSIM_OPTION_TIME, .offset = offsetof(Config, field.interrupt_ps),             \
        .default_text = "1us", .help = "time of the core that each interrupt takes",                                   \
        .source = "assumed: entry and exit of an NMI"                                                                  \
    }

/* Sample all accessors as the options say. */
void tiers_sample(NsimHost *host, const TiersSampling *options, uint32_t flags);
