/* SPDX-License-Identifier: MIT */
/*
 * The patterns one by one.
 *
 * Zipf ranks are drawn by rejection-inversion (traces/generate-zipf.h); rank k is the page scatter(k), a fixed
 * bijection that does not depend on the seed, so that the popular pages lie all over the footprint and stay where they
 * are from seed to seed. Chases walk scatter(0), scatter(1), ... from a start that the seed chooses. A hot set is a
 * window of pages; a run is in it or outside with the probabilities given, and uniform there.
 *
 * Left out: correlations between threads other than the window's place, reuse within a page, popularity that changes
 * page by page.
 */
#include <traces/generate-pattern.h>

#define PAGE_LINES NSIM_GENERATE_PAGE_LINES
#define PPM 1000000u

static void
scatter_init(NsimScatter *scatter, uint64_t count)
{
    unsigned bits = 1;
    while (bits < 63 && UINT64_C(1) << bits < count)
        bits++;
    *scatter = (NsimScatter){.count = count, .mask = (UINT64_C(1) << bits) - 1, .half_bits = (bits + 1) / 2};
}

/* Additions, odd multiplications and shifted exclusive-ors are invertible on the power of two; walking the cycle keeps
 * it so. */
static uint64_t
scatter_apply(const NsimScatter *scatter, uint64_t value)
{
    do {
        for (unsigned round = 0; round < 2; round++) {
            value = (value + 1) * UINT64_C(0x9E3779B97F4A7C15) & scatter->mask; /* golden ratio, Knuth */
            value ^= value >> scatter->half_bits;
            value = value * UINT64_C(0xBF58476D1CE4E5B9) & scatter->mask; /* SplitMix64's multiplier */
            value ^= value >> scatter->half_bits;
        }
    } while (value >= scatter->count);
    return value;
}

static uint8_t
flags_of(NsimGeneratePattern pattern)
{
    switch (pattern) {
    case NSIM_GENERATE_SEQUENTIAL:
    case NSIM_GENERATE_STRIDE:
        return NSIM_BURST_PREFETCHABLE;
    case NSIM_GENERATE_CHASE:
        return NSIM_BURST_DEPENDENT;
    default:
        return 0;
    }
}

void
nsim_pattern_init(NsimPattern *pattern, const NsimGeneratePart *part, uint64_t pages, bool shared)
{
    *pattern = (NsimPattern){.part = *part,
                             .shared = shared,
                             .pages = pages,
                             .lines = pages * PAGE_LINES,
                             .run = {.count = part->burst_lines,
                                     .gap = part->gap,
                                     .step = part->step,
                                     .op = NSIM_OP_READ,
                                     .flags = flags_of(part->pattern)}};
    scatter_init(&pattern->scatter, pages);
    if (part->pattern == NSIM_GENERATE_ZIPF) {
        pattern->zipf = g_new(NsimZipfTable, 1);
        nsim_zipf_table_init(pattern->zipf, pages, part->theta);
    }
}

void
nsim_pattern_clear(NsimPattern *pattern)
{
    g_free(pattern->zipf);
    pattern->zipf = NULL;
}

void
nsim_pattern_place_init(const NsimPattern *pattern, NsimPatternPlace *place, uint32_t thread, uint32_t threads,
                        uint64_t first_line, uint64_t seed, const char *stream)
{
    const NsimGeneratePart *part = &pattern->part;
    *place = (NsimPatternPlace){.first_line = first_line, .to_move = part->move_every};
    nsim_random_init(&place->random, seed, stream);
    nsim_random_init(&place->jumps, seed, "window");
    if (part->pattern == NSIM_GENERATE_CHASE)
        place->at = nsim_random_below(&place->random, pattern->pages);
    else if (pattern->shared) /* streams over one range begin at equal distances in it */
        place->at = pattern->lines / threads * thread / part->burst_lines * part->burst_lines;
    if (part->pattern == NSIM_GENERATE_STRIDE) {
        place->round_start = place->at % part->stride_lines / part->burst_lines * part->burst_lines;
        place->at = place->at / part->stride_lines * part->stride_lines + place->round_start;
    }
}

/* First line of a run in page `page` of the range: uniform over the places that keep the run in its page. */
static uint64_t
line_in_page(const NsimPattern *pattern, NsimPatternPlace *place, uint64_t page)
{
    const uint64_t burst = pattern->part.burst_lines;
    const uint64_t places = burst < PAGE_LINES ? PAGE_LINES / burst : 1;
    uint64_t line = page * PAGE_LINES;
    if (places > 1)
        line += nsim_random_below(&place->random, places) * burst;
    /* Runs longer than a page end with the range at the latest. */
    return MIN(line, pattern->lines - burst);
}

static uint64_t
next_sequential(const NsimPattern *pattern, NsimPatternPlace *place)
{
    const uint64_t burst = pattern->part.burst_lines;
    if (place->at + burst > pattern->lines)
        place->at = 0;
    const uint64_t line = place->at;
    place->at += burst;
    return line;
}

static uint64_t
next_stride(const NsimPattern *pattern, NsimPatternPlace *place)
{
    const NsimGeneratePart *part = &pattern->part;
    if (place->at + part->burst_lines > pattern->lines) {
        place->round_start += part->burst_lines;
        if (place->round_start + part->burst_lines > part->stride_lines)
            place->round_start = 0;
        place->at = place->round_start;
    }
    const uint64_t line = place->at;
    place->at += part->stride_lines;
    return line;
}

static uint64_t
next_hotset(const NsimPattern *pattern, NsimPatternPlace *place)
{
    const NsimGeneratePart *part = &pattern->part;
    const uint64_t cold_pages = pattern->pages - part->hot_pages;
    if (part->move_every > 0) {
        if (place->to_move == 0) {
            place->window = part->move_pages == NSIM_GENERATE_JUMP
                                ? nsim_random_below(&place->jumps, pattern->pages)
                                : (place->window + part->move_pages) % pattern->pages;
            place->to_move = part->move_every;
        }
        place->to_move--;
    }
    const bool hot = cold_pages == 0 || nsim_random_below(&place->random, PPM) < part->hot_ppm;
    const uint64_t page = place->window + (hot ? nsim_random_below(&place->random, part->hot_pages)
                                               : part->hot_pages + nsim_random_below(&place->random, cold_pages));
    return line_in_page(pattern, place, page < pattern->pages ? page : page - pattern->pages);
}

static uint64_t
next_line(const NsimPattern *pattern, NsimPatternPlace *place)
{
    switch (pattern->part.pattern) {
    case NSIM_GENERATE_ZIPF: {
        const uint64_t rank = nsim_zipf_table_next(pattern->zipf, &place->random);
        return line_in_page(pattern, place, scatter_apply(&pattern->scatter, rank));
    }
    case NSIM_GENERATE_SEQUENTIAL:
        return next_sequential(pattern, place);
    case NSIM_GENERATE_STRIDE:
        return next_stride(pattern, place);
    case NSIM_GENERATE_CHASE: {
        const uint64_t number = place->at;
        place->at = number + 1 == pattern->pages ? 0 : number + 1;
        return line_in_page(pattern, place, scatter_apply(&pattern->scatter, number));
    }
    case NSIM_GENERATE_HOTSET:
        return next_hotset(pattern, place);
    case NSIM_GENERATE_UNIFORM:
    default:
        return line_in_page(pattern, place, nsim_random_below(&place->random, pattern->pages));
    }
}

void
nsim_pattern_next(const NsimPattern *pattern, NsimPatternPlace *place, NsimRun *run)
{
    const uint32_t write_ppm = pattern->part.write_ppm;
    *run = pattern->run;
    run->line = place->first_line + next_line(pattern, place);
    if (write_ppm > 0 && nsim_random_below(&place->random, PPM) < write_ppm)
        run->op = NSIM_OP_WRITE;
}
