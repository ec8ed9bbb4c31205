/* SPDX-License-Identifier: MIT */
/* The caches of tool-cache.h. A way is a key (line, dirty, shared); LRU keeps the number of its last access beside it.
 */
#include <traces/tool-cache.h>

#include <inttypes.h>
#include <sim/assert.h>

#define KEY_SHARED 1u /* a cache of another thread may hold the line */
#define KEY_DIRTY 2u
#define KEY_SHIFT 2u
#define SETS_MAX (UINT64_C(1) << 25)

typedef struct {
    uint64_t *keys;  /* set x way: (line + 1) << KEY_SHIFT | flags; 0 = empty */
    uint64_t *ages;  /* LRU: set x way */
    uint64_t *trees; /* PLRU: for each set the bits of nodes 1 to ways - 1 */
} Cache;

typedef struct {
    NsimCacheLevel shape;
    uint64_t sets;
    bool masked; /* sets is a power of two */
    uint32_t cache_count;
    Cache *caches;
} Level;

struct _NsimCaches {
    Level levels[NSIM_CACHE_LEVELS_MAX];
    uint32_t level_count;
    unsigned line_shift; /* lines of 64 bytes in one of ours */
    bool alone;          /* no cache of another thread anywhere */
    uint64_t now;
    NsimCacheSink sink;
};

/* ---- Life ---------------------------------------------------------------------------------------------------- */

static uint32_t
caches_of(const NsimCacheLevel *level, uint32_t thread_count)
{
    return level->threads == 0 ? 1 : (thread_count + level->threads - 1) / level->threads;
}

static bool
is_power(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

char *
nsim_caches_check(const NsimCacheLevel *levels, uint32_t count, uint32_t thread_count)
{
    uint64_t lines = 0;
    if (count < 1 || count > NSIM_CACHE_LEVELS_MAX)
        return g_strdup_printf("%" PRIu32 " levels of caches; 1 to %u are allowed", count, NSIM_CACHE_LEVELS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const NsimCacheLevel *level = &levels[i];
        const uint64_t way_bytes = (uint64_t)level->ways * level->line_bytes;
        if (level->ways < 1 || level->ways > NSIM_CACHE_WAYS_MAX)
            return g_strdup_printf("%" PRIu32 " ways; 1 to %u are allowed", level->ways, NSIM_CACHE_WAYS_MAX);
        if (level->policy == NSIM_CACHE_PLRU && !is_power(level->ways))
            return g_strdup_printf("%" PRIu32 " ways with plru; a power of two is allowed", level->ways);
        if (!is_power(level->line_bytes) || level->line_bytes < NSIM_LINE_BYTES ||
            level->line_bytes > NSIM_CACHE_LINE_MAX)
            return g_strdup_printf("lines of %" PRIu32 " bytes; a power of two from 64 to %u is allowed",
                                   level->line_bytes, NSIM_CACHE_LINE_MAX);
        if (level->line_bytes != levels[0].line_bytes)
            return g_strdup("levels with different lines; all must be the same");
        if (level->bytes == 0 || level->bytes % way_bytes != 0 || level->bytes / way_bytes > SETS_MAX)
            return g_strdup_printf("a cache of %" PRIu64 " bytes; a multiple of ways x line = %" PRIu64
                                   " bytes is allowed, up to 2^25 sets",
                                   level->bytes, way_bytes);
        lines += level->bytes / level->line_bytes * caches_of(level, thread_count);
    }
    if (lines > NSIM_CACHE_LINES_MAX)
        return g_strdup_printf("caches of %" PRIu64 " lines together; %" PRIu64 " are allowed", lines,
                               NSIM_CACHE_LINES_MAX);
    return NULL;
}

NsimCaches *
nsim_caches_new(const NsimCacheLevel *levels, uint32_t count, uint32_t thread_count, NsimCacheSink sink)
{
    g_autoptr(NsimCaches) caches = g_new0(NsimCaches, 1);
    nsim_assert(count >= 1 && count <= NSIM_CACHE_LEVELS_MAX);
    caches->level_count = count;
    caches->line_shift = (unsigned)__builtin_ctz(levels[0].line_bytes) - NSIM_LINE_SHIFT;
    caches->sink = sink;
    caches->alone = true;
    for (uint32_t i = 0; i < count; i++) {
        Level *level = &caches->levels[i];
        level->shape = levels[i];
        level->sets = levels[i].bytes / levels[i].line_bytes / levels[i].ways;
        level->masked = is_power(level->sets);
        level->cache_count = caches_of(&levels[i], thread_count);
        level->caches = g_new0(Cache, level->cache_count);
        caches->alone = caches->alone && level->cache_count == 1;
        for (uint32_t j = 0; j < level->cache_count; j++) {
            Cache *cache = &level->caches[j];
            const size_t ways = (size_t)level->sets * level->shape.ways;
            const bool lru = level->shape.policy == NSIM_CACHE_LRU;
            cache->keys = g_try_new0(uint64_t, ways);
            cache->ages = lru ? g_try_new0(uint64_t, ways) : NULL;
            cache->trees = lru ? NULL : g_try_new0(uint64_t, (size_t)level->sets);
            if (cache->keys == NULL || (cache->ages == NULL && cache->trees == NULL))
                return NULL;
        }
    }
    return g_steal_pointer(&caches);
}

void
nsim_caches_free(NsimCaches *caches)
{
    if (caches == NULL)
        return;
    for (uint32_t i = 0; i < caches->level_count; i++) {
        Level *level = &caches->levels[i];
        for (uint32_t j = 0; level->caches != NULL && j < level->cache_count; j++) {
            g_free(level->caches[j].keys);
            g_free(level->caches[j].ages);
            g_free(level->caches[j].trees);
        }
        g_free(level->caches);
    }
    g_free(caches);
}

/* ---- One cache ----------------------------------------------------------------------------------------------- */

static inline uint64_t
set_of(const Level *level, uint64_t line)
{
    return level->masked ? line & (level->sets - 1) : line % level->sets;
}

/* The index of a thread's cache. */
static inline uint32_t
own_cache(const Level *level, uint32_t thread)
{
    return level->shape.threads == 0 ? 0 : thread / level->shape.threads;
}

/* The key of `line`, or NULL. */
static uint64_t *
find(const Level *level, const Cache *cache, uint64_t line)
{
    uint64_t *keys = cache->keys + set_of(level, line) * level->shape.ways;
    for (uint32_t way = 0; way < level->shape.ways; way++)
        if (keys[way] >> KEY_SHIFT == line + 1)
            return &keys[way];
    return NULL;
}

static void
touch(const NsimCaches *caches, const Level *level, Cache *cache, const uint64_t *key)
{
    const size_t index = (size_t)(key - cache->keys);
    if (cache->ages != NULL) {
        cache->ages[index] = caches->now;
        return;
    }
    /* From the root to the way: each node's bit says that the other half is to be replaced next. */
    const uint32_t ways = level->shape.ways, way = (uint32_t)(index % ways);
    uint64_t tree = cache->trees[index / ways];
    uint32_t node = 1;
    for (uint32_t half = ways / 2; half > 0; half /= 2) {
        const bool right = (way & half) != 0;
        tree = right ? tree & ~(UINT64_C(1) << node) : tree | UINT64_C(1) << node;
        node = 2 * node + right;
    }
    cache->trees[index / ways] = tree;
}

/* Where a line goes: an empty way, or the one that the policy gives up. */
static uint64_t *
choose(const Level *level, const Cache *cache, uint64_t line)
{
    const uint32_t ways = level->shape.ways;
    const uint64_t set = set_of(level, line);
    uint64_t *keys = cache->keys + set * ways;
    uint32_t victim = 0;
    for (uint32_t way = 0; way < ways; way++)
        if (keys[way] == 0)
            return &keys[way];
    if (cache->ages != NULL) {
        const uint64_t *ages = cache->ages + set * ways;
        for (uint32_t way = 1; way < ways; way++)
            victim = ages[way] < ages[victim] ? way : victim;
    } else {
        uint32_t node = 1;
        for (uint32_t half = ways / 2; half > 0; half /= 2) {
            const bool right = (cache->trees[set] >> node & 1) != 0;
            victim |= right ? half : 0;
            node = 2 * node + right;
        }
    }
    return &keys[victim];
}

/* ---- Between levels ------------------------------------------------------------------------------------------ */

static void
to_memory(const NsimCaches *caches, NsimOp op, uint64_t line, void *context)
{
    for (uint64_t i = 0; i < UINT64_C(1) << caches->line_shift; i++)
        caches->sink(context, op, (line << caches->line_shift) + i);
}

static void insert(NsimCaches *caches, uint32_t level_number, uint32_t thread, uint64_t line, uint64_t flags,
                   void *context);

/* A dirty line leaves the level above `level_number` in the direction of memory. */
static void
write_down(NsimCaches *caches, uint32_t level_number, uint32_t thread, uint64_t line, void *context)
{
    if (level_number == caches->level_count) {
        to_memory(caches, NSIM_OP_WRITE, line, context);
        return;
    }
    Level *level = &caches->levels[level_number];
    Cache *cache = &level->caches[own_cache(level, thread)];
    uint64_t *key = find(level, cache, line);
    if (key == NULL) {
        insert(caches, level_number, thread, line, KEY_DIRTY | KEY_SHARED, context);
        return;
    }
    *key |= KEY_DIRTY;
    touch(caches, level, cache, key);
}

/* Put a line into a thread's cache of a level, and write down what it displaces. */
static void
insert(NsimCaches *caches, uint32_t level_number, uint32_t thread, uint64_t line, uint64_t flags, void *context)
{
    Level *level = &caches->levels[level_number];
    Cache *cache = &level->caches[own_cache(level, thread)];
    uint64_t *key = choose(level, cache, line);
    const uint64_t old = *key;
    *key = (line + 1) << KEY_SHIFT | flags;
    touch(caches, level, cache, key);
    if (old & KEY_DIRTY)
        write_down(caches, level_number + 1, thread, (old >> KEY_SHIFT) - 1, context);
}

/*
 * Caches of other threads that hold the line: a load leaves it there clean, a store takes it away, and the duty to
 * write it back with it. True when there was one.
 */
static bool
take_from_others(NsimCaches *caches, uint32_t thread, uint64_t line, bool is_write, void *context)
{
    bool found = false;
    for (uint32_t i = 0; i < caches->level_count && !caches->alone; i++) {
        Level *level = &caches->levels[i];
        const uint32_t own = own_cache(level, thread);
        for (uint32_t j = 0; j < level->cache_count; j++) {
            uint64_t *key = j == own ? NULL : find(level, &level->caches[j], line);
            if (key == NULL)
                continue;
            found = true;
            if (is_write) {
                *key = 0;
                continue;
            }
            const bool was_dirty = (*key & KEY_DIRTY) != 0;
            *key = (*key & ~(uint64_t)KEY_DIRTY) | KEY_SHARED;
            if (was_dirty)
                write_down(caches, i + 1, j * level->shape.threads, line, context);
        }
    }
    return found;
}

/* ---- Accesses ------------------------------------------------------------------------------------------------ */

static void
miss(NsimCaches *caches, uint32_t thread, uint64_t line, NsimCacheAccess access, void *context)
{
    const bool is_write = access != NSIM_CACHE_LOAD;
    const bool found = take_from_others(caches, thread, line, is_write, context);
    const uint64_t flags = found && !is_write ? KEY_SHARED : 0;
    uint32_t below = 1;
    uint64_t *key = NULL;
    for (; below < caches->level_count && key == NULL; below++) {
        Level *level = &caches->levels[below];
        Cache *cache = &level->caches[own_cache(level, thread)];
        key = find(level, cache, line);
        if (key != NULL) {
            touch(caches, level, cache, key);
            *key |= flags;
            break;
        }
    }
    /* Displaced lines leave before the new one comes, as its place must be free. */
    for (uint32_t i = 0; i < below; i++)
        insert(caches, i, thread, line, flags | (access == NSIM_CACHE_STORE && i == 0 ? KEY_DIRTY : 0), context);
    if (key == NULL && !found)
        to_memory(caches, is_write ? NSIM_OP_RFO : NSIM_OP_READ, line, context);
}

void
nsim_caches_access(NsimCaches *caches, uint32_t thread, uint64_t small_line, NsimCacheAccess access, void *context)
{
    const uint64_t line = small_line >> caches->line_shift;
    Level *level = &caches->levels[0];
    Cache *cache = &level->caches[own_cache(level, thread)];
    uint64_t *key = find(level, cache, line);
    caches->now++;
    if (key == NULL) {
        miss(caches, thread, line, access, context);
        return;
    }
    touch(caches, level, cache, key);
    if (access == NSIM_CACHE_LOAD)
        return;
    if (*key & KEY_SHARED)
        take_from_others(caches, thread, line, true, context);
    *key = (*key & ~(uint64_t)KEY_SHARED) | (access == NSIM_CACHE_STORE ? KEY_DIRTY : 0);
}

void
nsim_caches_write_back(NsimCaches *caches, uint32_t thread, uint64_t small_line, void *context)
{
    caches->now++;
    write_down(caches, 0, thread, small_line >> caches->line_shift, context);
}
