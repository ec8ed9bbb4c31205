/* SPDX-License-Identifier: MIT */
/*
 * The patterns one by one: where a thread's next run lies. Private to the generator.
 */
#pragma once

#include <sim/random.h>
#include <traces/generate-zipf.h>
#include <traces/generate.h>

#define NSIM_GENERATE_PAGE_LINES (NSIM_GENERATE_PAGE_BYTES / NSIM_LINE_BYTES)

/* A bijection of [0, count): mixing on the next power of two, repeated until the result is in range. */
typedef struct {
    uint64_t count, mask;
    unsigned half_bits;
} NsimScatter;

/* What the threads' places in one pattern have in common. */
typedef struct {
    NsimGeneratePart part;
    bool shared; /* the range: all threads use all of it */
    uint64_t pages, lines; /* of a thread's range */
    NsimScatter scatter;
    NsimZipfTable *zipf; /* ZIPF only */
    NsimRun run;         /* what all runs have in common */
} NsimPattern;

/* One thread's place in a pattern. */
typedef struct {
    NsimRandom random;
    uint64_t first_line;  /* of the thread's range */
    uint64_t at;          /* SEQUENTIAL, STRIDE: next line in the range; CHASE: next number */
    uint64_t round_start; /* STRIDE: first line of this round */
    uint64_t window;      /* HOTSET: its first page */
    uint64_t to_move;     /* HOTSET: runs before it moves */
    NsimRandom jumps;     /* HOTSET: the same stream in all threads */
} NsimPatternPlace;

/* `pages` is the size of one thread's range. */
void nsim_pattern_init(NsimPattern *pattern, const NsimGeneratePart *part, uint64_t pages, bool shared);
void nsim_pattern_clear(NsimPattern *pattern);

/* The place of `thread` of `threads`, its range beginning at `first_line`; `stream` names its random stream. */
void nsim_pattern_place_init(const NsimPattern *pattern, NsimPatternPlace *place, uint32_t thread, uint32_t threads,
                             uint64_t first_line, uint64_t seed, const char *stream);

/* The thread's next run: `run` gets line and operation; the rest is the pattern's own. */
void nsim_pattern_next(const NsimPattern *pattern, NsimPatternPlace *place, NsimRun *run);
