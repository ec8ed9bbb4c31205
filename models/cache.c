/* SPDX-License-Identifier: MIT */
/* Set-associative LRU: ways of a set stand in order of use, the newest first. */
#include <models/cache.h>

#include <glib.h>
#include <sim/assert.h>
#include <string.h>

/* Entries: (key + 1) << 1 | dirty; 0 is empty. */
typedef struct {
    uint64_t *entries;
    uint64_t set_mask;
    uint32_t ways;
} LruSets;

struct NsimCache {
    LruSets sets;
};

struct NsimTlb {
    LruSets sets;
    NsimTime walk_ps;
};

static void
lru_init(LruSets *sets, uint64_t entries, uint32_t ways)
{
    nsim_assert(ways > 0);
    uint64_t set_count = 1;
    while (set_count * 2 * ways <= entries)
        set_count *= 2;
    sets->entries = g_new0(uint64_t, set_count * ways);
    sets->set_mask = set_count - 1;
    sets->ways = ways;
}

/* Move `key` to the front of its set. Returns the entry it found (hit) or pushed out (miss; 0 when there was room). */
static uint64_t
lru_touch(LruSets *sets, uint64_t key, bool write, bool *ret_hit)
{
    uint64_t *set = &sets->entries[(key & sets->set_mask) * sets->ways];
    const uint64_t tag = (key + 1) << 1;
    uint32_t way = 0;
    while (way < sets->ways - 1 && (set[way] & ~(uint64_t)1) != tag)
        way++;
    const uint64_t old = set[way];
    *ret_hit = (old & ~(uint64_t)1) == tag;
    memmove(&set[1], &set[0], way * sizeof *set);
    set[0] = tag | (*ret_hit ? old & 1 : 0) | write;
    return old;
}

NsimCache *
nsim_cache_new(uint64_t bytes, uint32_t ways)
{
    NsimCache *cache = g_new0(NsimCache, 1);
    lru_init(&cache->sets, bytes >> NSIM_LINE_SHIFT, ways);
    return cache;
}

void
nsim_cache_free(NsimCache *cache)
{
    if (cache == NULL)
        return;
    g_free(cache->sets.entries);
    g_free(cache);
}

NsimCacheOutcome
nsim_cache_access(NsimCache *cache, uint64_t line, bool write)
{
    NsimCacheOutcome outcome = { 0 };
    const uint64_t old = lru_touch(&cache->sets, line, write, &outcome.hit);
    outcome.wrote_back = !outcome.hit && (old & 1) != 0;
    outcome.victim_line = outcome.wrote_back ? (old >> 1) - 1 : 0;
    return outcome;
}

NsimTlb *
nsim_tlb_new(uint32_t entries, uint32_t ways, NsimTime walk_ps)
{
    NsimTlb *tlb = g_new0(NsimTlb, 1);
    lru_init(&tlb->sets, entries, ways);
    tlb->walk_ps = walk_ps;
    return tlb;
}

void
nsim_tlb_free(NsimTlb *tlb)
{
    if (tlb == NULL)
        return;
    g_free(tlb->sets.entries);
    g_free(tlb);
}

NsimTime
nsim_tlb_access(NsimTlb *tlb, uint64_t page)
{
    bool hit;
    (void)lru_touch(&tlb->sets, page, false, &hit);
    return hit ? 0 : tlb->walk_ps;
}

/* The entry of `key` in its set, or past its end. */
static uint32_t
find_way(const LruSets *sets, const uint64_t *set, uint64_t key)
{
    uint32_t way = 0;
    while (way < sets->ways && (set[way] & ~(uint64_t)1) != (key + 1) << 1)
        way++;
    return way;
}

bool
nsim_tlb_holds(const NsimTlb *tlb, uint64_t page)
{
    const LruSets *sets = &tlb->sets;
    return find_way(sets, &sets->entries[(page & sets->set_mask) * sets->ways], page) < sets->ways;
}

void
nsim_tlb_drop(NsimTlb *tlb, uint64_t page)
{
    const LruSets *sets = &tlb->sets;
    uint64_t *set = &sets->entries[(page & sets->set_mask) * sets->ways];
    const uint32_t way = find_way(sets, set, page);
    if (way == sets->ways)
        return;
    memmove(&set[way], &set[way + 1], (sets->ways - 1 - way) * sizeof *set);
    set[sets->ways - 1] = 0;
}
