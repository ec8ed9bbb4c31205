/* SPDX-License-Identifier: MIT */
/*
 * Regions of a DAMON target: merging with ageing, splitting, counting.
 *
 * Source: Linux mm/damon/core.c, rules of 6.12 to 7.2, written anew. Arrays stand for the kernel's lists: merging moves
 * what stays to the front, splitting builds a second array, so that a pass is linear. Left out: see region.h.
 */
#include <mm/damon/region.h>

#include <sim/assert.h>
#include <string.h>

/* 1/10000, the kernel's unit of shares. */
#define BP 10000u
/* A cut falls on one of nine tenths of the region. */
#define CUT_TENTHS 10u

const NsimDamonRules nsim_damon_rules_v6_12 = {0};
const NsimDamonRules nsim_damon_rules_v7_2 = {.initial_split = true, .bp_clamp = true, .age_zero = true};

void
nsim_damon_target_clear(NsimDamonTarget *target)
{
    g_clear_pointer(&target->regions, g_free);
    g_clear_pointer(&target->spare, g_free);
    target->count = target->capacity = target->spare_capacity = 0;
}

static void
push(NsimDamonRegion **array, uint32_t *count, uint32_t *capacity, const NsimDamonRegion *region)
{
    if (*count == *capacity) {
        *capacity = MAX(16, 2 * *capacity);
        *array = g_renew(NsimDamonRegion, *array, *capacity);
    }
    (*array)[(*count)++] = *region;
}

void
nsim_damon_target_append(NsimDamonTarget *target, uint64_t start, uint64_t end)
{
    const NsimDamonRegion region = {.start = start, .end = end};
    nsim_assert(start < end && (target->count == 0 || target->regions[target->count - 1].end <= start));
    push(&target->regions, &target->count, &target->capacity, &region);
}

/* A region of the array that is being built. */
static void
push_spare(NsimDamonTarget *target, uint32_t *count, const NsimDamonRegion *region)
{
    push(&target->spare, count, &target->spare_capacity, region);
}

/* The array that was built becomes the regions. */
static void
swap_spare(NsimDamonTarget *target, uint32_t count)
{
    NsimDamonRegion *regions = target->spare;
    const uint32_t capacity = target->spare_capacity;
    target->spare = target->regions;
    target->spare_capacity = target->capacity;
    target->regions = regions;
    target->capacity = capacity;
    target->count = count;
}

uint64_t
nsim_damon_target_bytes(const NsimDamonTarget *target)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < target->count; i++)
        bytes += nsim_damon_region_bytes(&target->regions[i]);
    return bytes;
}

/* ---- Ranges ------------------------------------------------------------------------------------------------- */

static uint64_t
align_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

void
nsim_damon_target_set_ranges(NsimDamonTarget *target, const NsimDamonRange *ranges, uint32_t range_count,
                             uint64_t min_region_bytes)
{
    uint32_t count = 0, next = 0;
    for (uint32_t r = 0; r < range_count; r++) {
        NsimDamonRange range = {ranges[r].start / min_region_bytes * min_region_bytes,
                                align_up(ranges[r].end, min_region_bytes)};
        const uint32_t first = count;
        /* Ranges that meet in one unit do not overlap after rounding. */
        if (count > 0)
            range.start = MAX(range.start, target->spare[count - 1].end);
        if (range.start >= range.end)
            continue;
        while (next < target->count && target->regions[next].end <= range.start)
            next++;
        /* A region that reaches into the next range as well stays with this one. */
        for (; next < target->count && target->regions[next].start < range.end; next++)
            push_spare(target, &count, &target->regions[next]);
        if (count == first)
            push_spare(target, &count, &(NsimDamonRegion){.start = range.start, .end = range.end});
        target->spare[first].start = range.start;
        target->spare[count - 1].end = range.end;
    }
    swap_spare(target, count);
}

void
nsim_damon_target_split_evenly(NsimDamonTarget *target, uint64_t piece_bytes, uint64_t min_region_bytes)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < target->count; i++) {
        NsimDamonRegion piece = target->regions[i];
        const uint64_t end = piece.end, bytes = nsim_damon_region_bytes(&piece), pieces = bytes / piece_bytes;
        const uint64_t size = pieces < 2 ? bytes : bytes / pieces / min_region_bytes * min_region_bytes;
        nsim_assert(size > 0);
        for (uint64_t at = piece.start; end - at >= size; at += size) {
            /* What is left over after this one would be less than a piece. */
            const bool last = end - at < 2 * size;
            piece.start = at;
            piece.end = last ? end : at + size;
            push_spare(target, &count, &piece);
        }
    }
    swap_spare(target, count);
}

void
nsim_damon_target_limit(NsimDamonTarget *target, uint64_t limit_bytes)
{
    uint32_t count = 0;
    nsim_assert(limit_bytes > 0);
    for (uint32_t i = 0; i < target->count; i++) {
        NsimDamonRegion rest = target->regions[i];
        while (nsim_damon_region_bytes(&rest) > limit_bytes) {
            NsimDamonRegion piece = rest;
            piece.end = rest.start = piece.start + limit_bytes;
            push_spare(target, &count, &piece);
        }
        push_spare(target, &count, &rest);
    }
    swap_spare(target, count);
}

/* ---- Cuts --------------------------------------------------------------------------------------------------- */

void
nsim_damon_target_cut(NsimDamonTarget *target, uint32_t region, uint64_t left_bytes)
{
    nsim_assert(region < target->count && left_bytes > 0 &&
                left_bytes < nsim_damon_region_bytes(&target->regions[region]));
    /* Room for one more; its content does not matter. */
    push(&target->regions, &target->count, &target->capacity, &(NsimDamonRegion){0});
    NsimDamonRegion *left = &target->regions[region];
    memmove(left + 1, left, (target->count - 1 - region) * sizeof *left);
    left->end = left[1].start = left->start + left_bytes;
}

bool
nsim_damon_target_uncut(NsimDamonTarget *target, uint32_t region, uint64_t limit_bytes)
{
    if (region + 1 >= target->count)
        return false;
    NsimDamonRegion *left = &target->regions[region];
    const NsimDamonRegion *right = left + 1;
    if (left->end != right->start || left->age != right->age || left->nr_accesses != right->nr_accesses ||
        left->last_nr_accesses != right->last_nr_accesses || right->end - left->start > limit_bytes)
        return false;
    left->end = right->end;
    memmove(left + 1, left + 2, (target->count - region - 2) * sizeof *left);
    target->count--;
    return true;
}

/* ---- Merging ------------------------------------------------------------------------------------------------ */

static uint32_t
distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

static void
grow_older(NsimDamonRegion *region, uint32_t threshold, const NsimDamonRules *rules)
{
    const bool turned = (region->nr_accesses == 0) != (region->last_nr_accesses == 0);
    if (distance(region->nr_accesses, region->last_nr_accesses) > threshold || (rules->age_zero && turned))
        region->age = 0;
    else
        region->age++;
}

/* Mean of two values by bytes, floored as the kernel's division does: merging loses half a count on average. */
static uint32_t
weighted_mean(uint32_t a, uint64_t a_bytes, uint32_t b, uint64_t b_bytes)
{
    const unsigned __int128 sum = (unsigned __int128)a * a_bytes + (unsigned __int128)b * b_bytes;
    return (uint32_t)(sum / ((unsigned __int128)a_bytes + b_bytes));
}

/* `right` becomes part of `left`, whose count of the previous interval stays. */
static void
join(NsimDamonRegion *left, const NsimDamonRegion *right)
{
    const uint64_t l = nsim_damon_region_bytes(left), r = nsim_damon_region_bytes(right);
    left->nr_accesses = weighted_mean(left->nr_accesses, l, right->nr_accesses, r);
    left->nr_accesses_bp = left->nr_accesses * BP;
    left->age = weighted_mean(left->age, l, right->age, r);
    left->end = right->end;
}

void
nsim_damon_target_merge(NsimDamonTarget *target, uint32_t threshold, uint64_t limit_bytes, const NsimDamonRules *rules)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < target->count; i++) {
        NsimDamonRegion region = target->regions[i];
        NsimDamonRegion *before = kept > 0 ? &target->regions[kept - 1] : NULL;
        grow_older(&region, threshold, rules);
        if (before != NULL && before->end == region.start &&
            distance(before->nr_accesses, region.nr_accesses) <= threshold &&
            nsim_damon_region_bytes(before) + nsim_damon_region_bytes(&region) <= limit_bytes)
            join(before, &region);
        else
            target->regions[kept++] = region;
    }
    target->count = kept;
}

/* ---- Splitting ---------------------------------------------------------------------------------------------- */

void
nsim_damon_target_split(NsimDamonTarget *target, uint32_t pieces, uint64_t min_region_bytes, NsimRandom *random)
{
    uint32_t count = 0;
    nsim_assert(pieces == 2 || pieces == 3);
    for (uint32_t i = 0; i < target->count; i++) {
        NsimDamonRegion left = target->regions[i], right[2];
        uint32_t cuts = 0;
        for (uint32_t p = 1; p < pieces && nsim_damon_region_bytes(&left) > 2 * min_region_bytes; p++) {
            const uint64_t bytes = nsim_damon_region_bytes(&left),
                           tenths = 1 + nsim_random_below(random, CUT_TENTHS - 1);
            const uint64_t size =
                (uint64_t)((unsigned __int128)tenths * bytes / CUT_TENTHS) / min_region_bytes * min_region_bytes;
            if (size == 0 || size >= bytes)
                continue;
            /* The next cut is made in the left part. */
            right[cuts] = left;
            right[cuts++].start = left.end = left.start + size;
        }
        push_spare(target, &count, &left);
        while (cuts > 0)
            push_spare(target, &count, &right[--cuts]);
    }
    swap_spare(target, count);
}

/* ---- Counting ----------------------------------------------------------------------------------------------- */

void
nsim_damon_region_count(NsimDamonRegion *region, bool hit, uint32_t window, const NsimDamonRules *rules)
{
    const uint32_t leaves = (uint32_t)((uint64_t)region->last_nr_accesses * BP / window);
    const uint32_t arrives = hit ? BP : 0;
    if (hit)
        region->nr_accesses++;
    /* In this order the kernel's unsigned sum wraps when an access rate drops under what was summed up. */
    if (rules->bp_clamp && region->nr_accesses_bp + arrives < leaves)
        region->nr_accesses_bp = 0;
    else
        region->nr_accesses_bp = region->nr_accesses_bp - leaves + arrives;
}

void
nsim_damon_target_reset(NsimDamonTarget *target)
{
    for (uint32_t i = 0; i < target->count; i++) {
        target->regions[i].last_nr_accesses = target->regions[i].nr_accesses;
        target->regions[i].nr_accesses = 0;
    }
}

bool
nsim_damon_target_is_sound(const NsimDamonTarget *target, uint64_t min_region_bytes, uint32_t window)
{
    for (uint32_t i = 0; i < target->count; i++) {
        const NsimDamonRegion *region = &target->regions[i];
        if (region->start >= region->end || region->start % min_region_bytes != 0 ||
            region->end % min_region_bytes != 0 || (i > 0 && region[-1].end > region->start) ||
            region->nr_accesses > window || region->last_nr_accesses > window)
            return false;
    }
    return true;
}
