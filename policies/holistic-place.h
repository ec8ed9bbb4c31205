/* SPDX-License-Identifier: MIT */
/*
 * Where pages should be when several accessors share them: what each accessor's monitor saw, laid over each other, and
 * moves towards cheaper places under the nodes' capacities.
 *
 * A page's cost on a node is the sum, over the accessors that count, of rate x latency from there. Pages with the most
 * to gain go first; where a node is full they change places with those that lose least. Left out: loaded latencies; an
 * accessor's rate beyond one access in a sample, which accessed pages do not tell.
 */
#pragma once

#include "policies/node-list.h"

#define HOLISTIC_ACCESSORS_MAX 32u

typedef enum {
    HOLISTIC_INDEPENDENT, /* one TPP for each accessor, which know nothing of each other */
    HOLISTIC_COST,        /* the node where all accessors together wait least */
    HOLISTIC_MAJORITY,    /* the order of nodes of the accessor that accesses most */
    HOLISTIC_INTERLEAVE   /* as MAJORITY, but pages that several accessors share are dealt out to their nodes */
} HolisticConflict;

typedef struct {
    HolisticConflict conflict;
    uint64_t quota_pages;     /* in a window, both ways */
    uint64_t hysteresis_ppm;  /* of a page's present cost: a move must gain more */
    uint32_t cooldown_rounds; /* a page that has moved stays that long */
    uint64_t shared_ppm;      /* INTERLEAVE: of the largest rate, that makes an accessor one of those who share */
    uint64_t reserve_ppm;     /* of a node: stays free */
    uint32_t queue;
} HolisticRules;

typedef struct {
    uint64_t start, end; /* virtual addresses */
    uint32_t rate;       /* samples with an access, of one aggregation */
} HolisticSeen;

typedef struct _HolisticPlace HolisticPlace;

/* For these accessors, whose paths are by latency. (transfer full) */
HolisticPlace *holistic_place_new(const NsimHost *host, const NsimAccessorId *accessors, uint32_t accessor_count,
                                  const HolisticRules *rules);
void holistic_place_free(HolisticPlace *place);

/* What the monitor of the index-th accessor saw of a space; replaces what it saw before. Ascending. */
void holistic_place_see(HolisticPlace *place, uint32_t index, NsimSpaceId space, const HolisticSeen *seen,
                        uint32_t count);

/* A new window of the quota begins. */
void holistic_place_refill(HolisticPlace *place);

/* What a round did. */
typedef struct {
    uint64_t candidate_pages, moved_pages, exchanged_pages, shared_pages;
} HolisticRound;

/* Decide on all pages once. O(pages). */
HolisticRound holistic_place_round(HolisticPlace *place, NsimHost *host);
