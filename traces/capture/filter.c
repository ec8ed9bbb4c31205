/* SPDX-License-Identifier: MIT */
/*
 * The caches of filter.h. A way is a key (line, dirty, shared) and the number of the access that used it last; the
 * victim of a set is its empty or oldest way. A table of guesses, indexed by the low bits of the line, finds most hits
 * without a search.
 */
#include "filter.h"

#include <stdlib.h>

#include <sim/assert.h>

#define GUESS_BITS 16u
#define WAYS_MAX 64u
#define CACHES_MAX 16u

#define KEY_SHARED 1u /* another cache may hold the line */
#define KEY_DIRTY 2u
#define KEY_SHIFT 2u

typedef struct {
    uint64_t *keys; /* set x way: (line + 1) << KEY_SHIFT | flags; 0 = empty */
    uint64_t *ages; /* set x way */
    uint8_t *guesses;
} Cache;

struct _NsimFilter {
    Cache caches[CACHES_MAX];
    uint32_t cache_count, set_mask, ways;
    uint64_t now;
    NsimFilterSink sink;
};

NsimFilter *
nsim_filter_new(uint32_t caches, uint32_t sets, uint32_t ways, NsimFilterSink sink)
{
    nsim_assert(caches >= 1 && caches <= CACHES_MAX && ways >= 1 && ways <= WAYS_MAX);
    nsim_assert(sets >= 1 && (sets & (sets - 1)) == 0);
    NsimFilter *filter = calloc(1, sizeof *filter);
    if (!filter)
        return NULL;
    filter->cache_count = caches;
    filter->set_mask = sets - 1;
    filter->ways = ways;
    filter->sink = sink;
    for (uint32_t i = 0; i < caches; i++) {
        Cache *cache = &filter->caches[i];
        cache->keys = calloc((size_t)sets * ways, sizeof *cache->keys);
        cache->ages = calloc((size_t)sets * ways, sizeof *cache->ages);
        cache->guesses = calloc((size_t)1 << GUESS_BITS, sizeof *cache->guesses);
        if (!cache->keys || !cache->ages || !cache->guesses) {
            nsim_filter_free(filter);
            return NULL;
        }
    }
    return filter;
}

void
nsim_filter_free(NsimFilter *filter)
{
    if (!filter)
        return;
    for (uint32_t i = 0; i < filter->cache_count; i++) {
        free(filter->caches[i].keys);
        free(filter->caches[i].ages);
        free(filter->caches[i].guesses);
    }
    free(filter);
}

static inline size_t
set_base(const NsimFilter *filter, uint64_t line)
{
    return (size_t)(line & filter->set_mask) * filter->ways;
}

/* The way that holds `line`, or `ways`. */
static uint32_t
find_way(const NsimFilter *filter, const Cache *cache, uint64_t line)
{
    const uint64_t *keys = cache->keys + set_base(filter, line);
    uint32_t way = 0;
    while (way < filter->ways && keys[way] >> KEY_SHIFT != line + 1)
        way++;
    return way;
}

/* A store to a line that others may hold: they lose it. They hold it clean, so nothing is written back. */
static void
invalidate_others(NsimFilter *filter, uint32_t except, uint64_t line)
{
    for (uint32_t i = 0; i < filter->cache_count; i++) {
        if (i == except)
            continue;
        const uint32_t way = find_way(filter, &filter->caches[i], line);
        if (way < filter->ways)
            filter->caches[i].keys[set_base(filter, line) + way] = 0;
    }
}

/*
 * `line` is missing in one cache: does another have it? A load leaves it there, clean; a store takes it away, and the
 * duty to write it back with it.
 */
static bool
take_from_others(NsimFilter *filter, uint32_t except, uint64_t line, bool is_write, void *context)
{
    bool found = false;
    for (uint32_t i = 0; i < filter->cache_count; i++) {
        if (i == except)
            continue;
        const uint32_t way = find_way(filter, &filter->caches[i], line);
        if (way == filter->ways)
            continue;
        uint64_t *key = &filter->caches[i].keys[set_base(filter, line) + way];
        found = true;
        if (is_write) {
            *key = 0;
        } else {
            if (*key & KEY_DIRTY)
                filter->sink(context, NSIM_OP_WRITE, line);
            *key = (*key & ~(uint64_t)KEY_DIRTY) | KEY_SHARED;
        }
    }
    return found;
}

static uint32_t
choose_victim(const NsimFilter *filter, const Cache *cache, size_t base)
{
    uint32_t victim = 0;
    for (uint32_t way = 0; way < filter->ways; way++) {
        if (cache->keys[base + way] == 0)
            return way;
        victim = cache->ages[base + way] < cache->ages[base + victim] ? way : victim;
    }
    return victim;
}

static void
miss(NsimFilter *filter, uint32_t index, uint64_t line, bool is_write, void *context)
{
    Cache *cache = &filter->caches[index];
    const size_t base = set_base(filter, line);
    const bool found = take_from_others(filter, index, line, is_write, context);
    const uint32_t way = choose_victim(filter, cache, base);
    const uint64_t old = cache->keys[base + way];
    if (old & KEY_DIRTY)
        filter->sink(context, NSIM_OP_WRITE, (old >> KEY_SHIFT) - 1);
    if (!found)
        filter->sink(context, is_write ? NSIM_OP_RFO : NSIM_OP_READ, line);
    cache->keys[base + way] = (line + 1) << KEY_SHIFT | (is_write ? KEY_DIRTY : found ? KEY_SHARED : 0);
    cache->ages[base + way] = filter->now;
    cache->guesses[line & ((1u << GUESS_BITS) - 1)] = (uint8_t)way;
}

void
nsim_filter_access(NsimFilter *filter, uint32_t index, uint64_t line, bool is_write, void *context)
{
    Cache *cache = &filter->caches[index];
    uint8_t *guess = &cache->guesses[line & ((1u << GUESS_BITS) - 1)];
    const size_t base = set_base(filter, line);
    uint32_t way = *guess;
    filter->now++;
    if (cache->keys[base + way] >> KEY_SHIFT != line + 1) {
        way = find_way(filter, cache, line);
        if (way == filter->ways) {
            miss(filter, index, line, is_write, context);
            return;
        }
        *guess = (uint8_t)way;
    }
    cache->ages[base + way] = filter->now;
    uint64_t *key = &cache->keys[base + way];
    if (is_write && (*key & (KEY_DIRTY | KEY_SHARED)) != KEY_DIRTY) {
        if (*key & KEY_SHARED)
            invalidate_others(filter, index, line);
        *key = (*key & ~(uint64_t)KEY_SHARED) | KEY_DIRTY;
    }
}
