/* SPDX-License-Identifier: MIT */
/*
 * Bulk data on its way from node to node: what a copying core or a channel of a copy engine does to the machine.
 *
 * A stream moves pieces one after the other in chunks of a few lines. A chunk is read from its source; a core's
 * ordinary store fetches the destination's lines for ownership as well, an engine or a non-temporal store does not;
 * then it is written. All of them reserve the resources of their routes at the time the chunk issues, like everybody's
 * lines (models/fabric.h). Lines that are read stay in a window until they arrive (in an engine until they are written,
 * too): its size and the latency are what limits a stream when nothing else does (Little's law). Several channels may
 * share a window.
 *
 * Chunks are small (NSIM_STREAM_CHUNK_LINES): larger ones would keep a neighbour's request waiting behind a whole page.
 * Left out: what copying through a core's caches evicts there; order inside a chunk.
 */
#pragma once

#include <models/fabric.h>
#include <sim/event-queue.h>

#define NSIM_STREAM_CHUNK_LINES 4u /* 256 bytes */

/*
 * Lines outstanding of one core or one group of channels. Where stores fetch their lines, reads have half of the window
 * and fetches the other half: the two sides of a copy go at one pace, and neither gets in the way of the other.
 */
typedef struct {
    uint32_t limit_lines;
    /* FIFOs of completions: chunks read, chunks fetched for ownership */
    struct {
        uint32_t limit_lines, outstanding_lines;
        NsimTime *times_ps; /* mask + 1 */
        uint8_t *lines;
        uint32_t first, end, mask;
        NsimTime last_ps;
    } lanes[2];
} NsimWindow;

void nsim_window_init(NsimWindow *window, uint32_t limit_lines, bool fetch);
void nsim_window_clear(NsimWindow *window);

/* One contiguous piece. */
typedef struct {
    NsimNodeId source, destination;
    uint32_t lines;
    uint32_t mapping_lines; /* an engine translates once for so many lines */
} NsimPiece;

/* Where streams run. */
typedef struct {
    NsimFabric *fabric;
    NsimEventQueue *events;
    const NsimTime *ahead_ps; /* nothing but events happens before this time: a stream may go on without asking */
} NsimStreamWorld;

typedef struct _NsimStream NsimStream;

/* Called with the time up to which the stream has issued, now and then, and at the end; for the core it runs on. */
typedef void (*NsimStreamFunc)(void *context, NsimTime from_ps, NsimTime until_ps);
/* All pieces have arrived. */
typedef void (*NsimStreamDone)(void *context, NsimTime now_ps);

struct _NsimStream {
    const NsimStreamWorld *world;
    NsimWindow *window;
    uint32_t agent;
    bool fetch;            /* stores fetch their lines for ownership */
    bool hold;             /* a line stays in the window until it is written, as an engine's buffer holds it */
    NsimTime piece_ps;     /* before each piece: a descriptor's set-up */
    NsimTime translate_ps; /* at each mapping */
    uint64_t bytes_per_s;  /* 0: as fast as the window and the routes allow */
    const NsimPiece *pieces;
    uint32_t piece_count;
    NsimStreamFunc spent; /* nullable */
    NsimStreamDone done;
    void *context;
    /* private */
    uint32_t piece, line; /* what comes next */
    NsimTime next_ps, last_ps, told_ps;
    NsimTime remainder; /* of the chunk's time at bytes_per_s, so that rounding does not add up */
};

/* Start at `start_ps` (now or later). The caller has set everything but the private part; it must live until `done`. */
void nsim_stream_start(NsimStream *stream, NsimTime start_ps);
