/* SPDX-License-Identifier: MIT */
/*
 * Taking out of a trace what says whose it is: names, texts, and where in the address space things are. What replay
 * and statistics need is kept: offsets in a 2 MiB frame, which addresses are neighbours, order, time.
 *
 * What can still be told: the sizes of regions, how much each is used and how, strides, the number of threads, the time
 * between accesses and marks - enough to know a program again that one has a trace of.
 */
#pragma once

#include <traces/tool-order.h>

typedef struct {
    /* Shuffle what is far apart among itself, and the frames that lie in one region, by a random stream of `seed`. */
    bool shuffle;
    uint64_t seed;
    int level; /* of compression */
} NsimAnonymiseOptions;

/*
 * Write to `path`. Threads become t0, t1, ..., regions r0, r1, ... by address, marks m0, m1, ...; program and filter
 * have no text. Stretches of neighbouring frames are put one after the other from 4 GiB on, with a frame between them;
 * so the distances between stretches are gone. `tick` may be NULL.
 */
bool nsim_trace_anonymise(const char *path, NsimTrace *trace, const NsimAnonymiseOptions *options,
                          const NsimTraceTick *tick, GError **error) G_GNUC_WARN_UNUSED_RESULT;
