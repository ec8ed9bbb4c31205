/* SPDX-License-Identifier: MIT */
/* Streams: chunk by chunk, through windows and reservations. */
#include <mm/stream.h>

#include <sim/assert.h>
#include <sim/time.h>

/* How often the core a stream runs on is told of the time it took. */
#define TELL_PS (2 * NSIM_US)

enum { LANE_READ, LANE_FETCH };

/* ---- Windows -------------------------------------------------------------------------------------------------- */

void
nsim_window_init(NsimWindow *window, uint32_t limit_lines, bool fetch)
{
    uint32_t mask = 1;
    while (mask + 1 < limit_lines + 2)
        mask = mask * 2 + 1;
    *window = (NsimWindow){.limit_lines = limit_lines};
    for (int i = 0; i < 2; i++) {
        window->lanes[i].limit_lines = MAX(fetch ? limit_lines / 2 : limit_lines, 1u);
        window->lanes[i].times_ps = g_new0(NsimTime, mask + 1);
        window->lanes[i].lines = g_new0(uint8_t, mask + 1);
        window->lanes[i].mask = mask;
    }
}

void
nsim_window_clear(NsimWindow *window)
{
    for (int i = 0; i < 2; i++) {
        g_free(window->lanes[i].times_ps);
        g_free(window->lanes[i].lines);
    }
    *window = (NsimWindow){0};
}

static NsimTime
head(const NsimWindow *window, int lane)
{
    return window->lanes[lane].first == window->lanes[lane].end
               ? NSIM_TIME_MAX
               : window->lanes[lane].times_ps[window->lanes[lane].first & window->lanes[lane].mask];
}

/*
 * `now_ps` when `lines` more fit into a lane, else when to look again: others may share the window, so that nothing
 * leaves it ahead of time. A lane smaller than a chunk is used when it is empty.
 */
static NsimTime
room_at(NsimWindow *window, int lane, uint32_t lines, NsimTime now_ps)
{
    while (head(window, lane) <= now_ps) {
        window->lanes[lane].outstanding_lines -=
            window->lanes[lane].lines[window->lanes[lane].first & window->lanes[lane].mask];
        window->lanes[lane].first++;
    }
    if (window->lanes[lane].outstanding_lines == 0 ||
        window->lanes[lane].outstanding_lines + lines <= window->lanes[lane].limit_lines)
        return now_ps;
    return head(window, lane);
}

static void
enter(NsimWindow *window, int lane, uint32_t lines, NsimTime done_ps)
{
    const NsimTime ordered_ps = MAX(done_ps, window->lanes[lane].last_ps);
    const uint32_t at = window->lanes[lane].end++ & window->lanes[lane].mask;
    window->lanes[lane].times_ps[at] = ordered_ps;
    window->lanes[lane].lines[at] = (uint8_t)lines;
    window->lanes[lane].last_ps = ordered_ps;
    window->lanes[lane].outstanding_lines += lines;
}

/* ---- One chunk ------------------------------------------------------------------------------------------------- */

/* Reserve one direction of one node for `lines`; returns when the last of them is there. */
static NsimTime
transfer(const NsimStream *stream, NsimNodeId node, NsimDir dir, NsimTime now_ps, uint32_t lines)
{
    NsimFabric *fabric = stream->world->fabric;
    NsimFabricRoute *route = nsim_fabric_agent_route(fabric, stream->agent, node, dir);
    const NsimTime wait_ps = nsim_fabric_reserve(fabric->servers, route, route->hop_count, true, now_ps, lines);
    route->lines += lines;
    return now_ps + route->fixed_ps + wait_ps + (lines - 1) * nsim_fabric_spacing(fabric->servers, route);
}

/* What the channel or core itself takes for a chunk. */
static NsimTime
own_time(NsimStream *stream, const NsimPiece *piece, uint32_t lines)
{
    NsimTime ps = 0;
    if (stream->bytes_per_s > 0) {
        const unsigned __int128 product = (unsigned __int128)lines * NSIM_LINE_BYTES * NSIM_S + stream->remainder;
        ps = (NsimTime)(product / stream->bytes_per_s);
        stream->remainder = (NsimTime)(product % stream->bytes_per_s);
    }
    if (stream->translate_ps > 0 && stream->line % piece->mapping_lines == 0)
        ps += stream->translate_ps;
    return ps;
}

static void
tell(NsimStream *stream, NsimTime until_ps)
{
    if (stream->spent != NULL && until_ps > stream->told_ps)
        stream->spent(stream->context, stream->told_ps, until_ps);
    stream->told_ps = MAX(stream->told_ps, until_ps);
}

/* Issue the next chunk at `now_ps`. */
static void
issue(NsimStream *stream, NsimTime now_ps)
{
    const NsimPiece *piece = &stream->pieces[stream->piece];
    const uint32_t lines = MIN(piece->lines - stream->line, NSIM_STREAM_CHUNK_LINES);
    const NsimTime read_ps = transfer(stream, piece->source, NSIM_DIR_READ, now_ps, lines);
    const NsimTime write_ps = transfer(stream, piece->destination, NSIM_DIR_WRITE, now_ps, lines) - now_ps;
    /* A core's stores go on without it; nobody waits for them but the resources. */
    NsimTime done_ps = stream->hold ? read_ps + write_ps : read_ps;
    enter(stream->window, LANE_READ, lines, done_ps);
    if (stream->fetch) {
        const NsimTime fetched_ps = transfer(stream, piece->destination, NSIM_DIR_READ, now_ps, lines);
        enter(stream->window, LANE_FETCH, lines, fetched_ps);
        done_ps = MAX(done_ps, fetched_ps);
    }
    stream->last_ps = MAX(stream->last_ps, done_ps);
    stream->next_ps = now_ps + own_time(stream, piece, lines);
    stream->line += lines;
    if (stream->line == piece->lines) {
        stream->line = 0;
        stream->piece++;
        if (stream->piece < stream->piece_count)
            stream->next_ps += stream->piece_ps;
    }
}

static void run(void *context, uint64_t argument);

static void
schedule(NsimStream *stream, NsimTime when_ps)
{
    const NsimEvent event = {.time_ps = when_ps, .priority = NSIM_PRIORITY_HARDWARE, .run = run, .context = stream};
    nsim_event_queue_push(stream->world->events, &event);
}

/* Go on until something else may happen first. */
static void
run(void *context, uint64_t argument)
{
    NsimStream *stream = context;
    const NsimStreamWorld *world = stream->world;
    (void)argument;
    NsimTime now_ps = stream->next_ps;
    for (;;) {
        if (stream->piece == stream->piece_count) {
            /* The last lines have to arrive, and the channel has to have had its time. */
            const NsimTime end_ps = MAX(stream->last_ps, stream->next_ps);
            if (end_ps > now_ps) {
                stream->next_ps = end_ps;
                schedule(stream, end_ps);
                return;
            }
            tell(stream, end_ps);
            stream->done(stream->context, end_ps);
            return;
        }
        const uint32_t lines = MIN(stream->pieces[stream->piece].lines - stream->line, NSIM_STREAM_CHUNK_LINES);
        const NsimTime read_ps = room_at(stream->window, LANE_READ, lines, now_ps);
        const NsimTime fetch_ps = stream->fetch ? room_at(stream->window, LANE_FETCH, lines, now_ps) : now_ps;
        if (MAX(read_ps, fetch_ps) == now_ps)
            issue(stream, now_ps);
        else
            stream->next_ps = MAX(read_ps, fetch_ps);
        if (now_ps - stream->told_ps >= TELL_PS)
            tell(stream, now_ps);
        /* In the order of time with everything else. */
        if (stream->next_ps > now_ps &&
            (stream->next_ps >= nsim_event_queue_next_time(world->events) || stream->next_ps >= *world->ahead_ps)) {
            schedule(stream, stream->next_ps);
            return;
        }
        now_ps = stream->next_ps;
    }
}

void
nsim_stream_start(NsimStream *stream, NsimTime start_ps)
{
    stream->piece = stream->line = 0;
    stream->told_ps = start_ps;
    stream->last_ps = start_ps;
    stream->next_ps = start_ps + stream->piece_ps;
    stream->remainder = 0;
    schedule(stream, stream->next_ps);
}
