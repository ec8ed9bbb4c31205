/* SPDX-License-Identifier: MIT */
/*
 * The hot loop: the earliest thread issues one chunk, and the next earliest is found again.
 *
 * Order is exact: a tournament over every thread's next issue time is brought up to date after each chunk, ties going to
 * the lower thread. No allocation, call-back, hash table or division happens here; whatever is rare is in replay-records.c and replay-page.c.
 * Left out: the order in which one core's misses find their banks, prefetchers that overshoot, coherence traffic.
 */
#include <experiment/replay-private.h>

#include <models/cache.h>
#include <sim/assert.h>

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define INLINE static inline __attribute__((always_inline))

/* ---- The window ---------------------------------------------------------------------------------------------- */

/* Which way these comparisons go is as good as random, and a mispredicted jump costs as much as all the rest of a record:
 * ask for conditional moves. */
#if defined(__clang__)
#define UNPREDICTABLE(condition) __builtin_unpredictable(condition)
#else
#define UNPREDICTABLE(condition) __builtin_expect_with_probability((condition), 1, 0.5)
#endif
INLINE uint64_t
pick(bool condition, uint64_t a, uint64_t b)
{
    return UNPREDICTABLE(condition) ? a : b;
}

/* The lane whose first piece completes next: a small tournament in each group. */
INLINE uint32_t
earliest_lane(const Core *core)
{
    const NsimTime *heads = core->lane_heads;
    NsimTime best_ps = NSIM_TIME_MAX;
    uint64_t best = 0;
    uint32_t i = 0;
    do {
        const NsimTime h0 = heads[i], h1 = heads[i + 1], h2 = heads[i + 2], h3 = heads[i + 3];
        const bool right = h1 < h0, far_right = h3 < h2;
        const NsimTime low = pick(right, h1, h0), high = pick(far_right, h3, h2);
        const bool far = high < low;
        const NsimTime group_ps = pick(far, high, low);
        const bool better = group_ps < best_ps;
        best = pick(better, i + pick(far, 2u + far_right, right), best);
        best_ps = pick(better, group_ps, best_ps);
        i += LANE_GROUP;
    } while (UNLIKELY(i < core->lane_room));
    return (uint32_t)best;
}

/* The same for a chunk: streams often go all one way, and then there is nothing to search. */
INLINE uint32_t
earliest_chunk_lane(const Core *core)
{
    return core->lane_count == 1 ? 0 : earliest_lane(core);
}

/* The first piece of a lane completes: all its lines leave the window. */
INLINE void
retire(Core *core, uint32_t index)
{
    Lane *lane = &core->lanes[index];
    const NsimTime time_ps = core->lane_heads[index];
    const Piece *piece = &lane->ring[lane->first++ & lane->mask];
    core->lane_heads[index] = core->lane_seconds[index];
    core->outstanding -= piece->lines;
    core->lane_seconds[index] = lane->ring[(lane->first + 1) & lane->mask].time_ps;
    core->slot_ps = time_ps > core->slot_ps ? time_ps : core->slot_ps;
}

/* The first `lines` of a lane's first piece leave the window; the rest of the piece stays. */
INLINE void
split(Core *core, uint32_t index, uint32_t lines)
{
    Lane *lane = &core->lanes[index];
    Piece *piece = &lane->ring[lane->first & lane->mask];
    core->slot_ps = piece->time_ps > core->slot_ps ? piece->time_ps : core->slot_ps;
    core->outstanding -= lines;
    piece->lines -= lines;
    piece->time_ps += (uint64_t)lines * piece->spacing_ps;
    core->lane_heads[index] = piece->time_ps;
}

/* The first line of a lane completes and leaves the window alone. */
INLINE void
retire_line(Core *core, uint32_t index)
{
    const Lane *lane = &core->lanes[index];
    if (LIKELY(lane->ring[lane->first & lane->mask].lines == 1))
        retire(core, index);
    else
        split(core, index, 1);
}

/*
 * At most `wanted` lines of the first piece of a lane leave the window one after the other, as long as no other lane comes
 * before them. Returns when the last of them does. Only for pieces with a spacing.
 */
static NsimTime
retire_lines(Core *core, uint32_t index, uint32_t wanted)
{
    const Lane *lane = &core->lanes[index];
    const Piece *piece = &lane->ring[lane->first & lane->mask];
    const NsimTime head_ps = piece->time_ps;
    NsimTime other_ps = NSIM_TIME_MAX;
    for (uint32_t i = 0; i < core->lane_room; i++)
        other_ps = i != index && core->lane_heads[i] < other_ps ? core->lane_heads[i] : other_ps;
    const uint64_t before = (other_ps - head_ps) / piece->spacing_ps + 1;
    uint32_t lines = piece->lines < wanted ? piece->lines : wanted;
    lines = before < lines ? (uint32_t)before : lines;
    const NsimTime last_ps = head_ps + (uint64_t)(lines - 1) * piece->spacing_ps;
    if (lines == piece->lines)
        retire(core, index);
    else
        split(core, index, lines);
    core->slot_ps = last_ps > core->slot_ps ? last_ps : core->slot_ps;
    return last_ps;
}

/* Put lines into the window, the first of which completes at `time_ps`. Completions of a lane never run backward: where a
 * curve's latency has fallen in between, the later piece completes with the earlier one. */
INLINE void
launch(Core *core, uint32_t index, NsimTime time_ps, uint32_t lines, uint32_t spacing_ps)
{
    Lane *lane = &core->lanes[index];
    const NsimTime ordered_ps = time_ps > lane->last_ps ? time_ps : lane->last_ps;
    const uint32_t pending = lane->end - lane->first;
    lane->ring[lane->end & lane->mask] = (Piece){ ordered_ps, lines, spacing_ps };
    lane->end++;
    lane->ring[lane->end & lane->mask].time_ps = NSIM_TIME_MAX;
    lane->last_ps = ordered_ps;
    core->outstanding += lines;
    /* A jump on purpose: it nearly always goes the same way, and then the next search need not wait for this time. */
    if (UNLIKELY(pending < 2)) {
        core->lane_seconds[index] = pending == 0 ? NSIM_TIME_MAX : ordered_ps;
        core->lane_heads[index] = pending == 0 ? ordered_ps : core->lane_heads[index];
    }
}

/* The time from which the window has a free slot. */
INLINE NsimTime
free_slot(Core *core, uint32_t limit)
{
    while (core->outstanding >= limit)
        retire_line(core, earliest_lane(core));
    return core->slot_ps;
}

/* The time from which the window has a free slot, when it is full no more than it may be; `index` is the earliest lane. */
INLINE NsimTime
next_slot(const Core *core, uint32_t limit, uint32_t index)
{
    const NsimTime head_ps = core->outstanding >= limit ? core->lane_heads[index] : 0;
    return head_ps > core->slot_ps ? head_ps : core->slot_ps;
}

/* The time from which a chunk can issue: it takes its slots itself when it does. */
INLINE NsimTime
chunk_slot(Core *core, uint32_t limit)
{
    return core->outstanding > limit ? free_slot(core, limit) : next_slot(core, limit, earliest_chunk_lane(core));
}

/*
 * How many lines of the next chunk fit the window at time t. Slots count as free when they come free one after the other
 * from t on without a pause: those that follow each other no slower than the chunk's lines follow each other on their route
 * (`spacing`) cost nothing; slower ones pace the chunk, and `*ret_last_ps` is when the last of them comes free. A full
 * window has to have its first slot free at t. `index` is the earliest lane.
 */
INLINE uint32_t
fit_window(Core *core, uint32_t limit, uint32_t wanted, uint32_t index, NsimTime t_ps, uint64_t spacing_ps,
           NsimTime *ret_last_ps)
{
    uint32_t room = limit - core->outstanding;
    while (room < wanted) {
        const Lane *lane = &core->lanes[index];
        const Piece *piece = &lane->ring[lane->first & lane->mask];
        const uint64_t apart_ps = piece->spacing_ps;
        const NsimTime head_ps = core->lane_heads[index];
        if (LIKELY(apart_ps <= spacing_ps)) {
            if (head_ps > t_ps + room * spacing_ps)
                break;
            if (LIKELY(piece->lines <= wanted - room))
                retire(core, index);
            else
                split(core, index, wanted - room);
        } else {
            const NsimTime so_far_ps = room == 0 ? t_ps : t_ps + (room - 1) * spacing_ps;
            if (head_ps > (*ret_last_ps > so_far_ps ? *ret_last_ps : so_far_ps) + apart_ps)
                break;
            const NsimTime last_ps = retire_lines(core, index, wanted - room);
            *ret_last_ps = last_ps > *ret_last_ps ? last_ps : *ret_last_ps;
        }
        room = limit - core->outstanding;
        if (LIKELY(room >= wanted))
            return wanted;
        index = earliest_chunk_lane(core);
    }
    return wanted < room ? wanted : room;
}

/* ---- Records ------------------------------------------------------------------------------------------------- */

/* Step between the lines of a burst, in 1/16 ps. */
INLINE uint64_t
step_of(const Thread *thread, const NsimBurst *burst)
{
    return (burst->step * thread->gap_mult) >> 16;
}

/* Get a burst that touches memory: refill, obey control records. False: the thread is blocked or has ended. */
static __attribute__((noinline)) bool
find_burst(NsimReplay *replay, Thread *thread)
{
    for (;;) {
        if (thread->next == thread->end && !replay_refill(replay, thread))
            return false;
        if (!NSIM_OP_IS_CONTROL(thread->next->op))
            return true;
        if (!replay_control(replay, thread, thread->next++))
            return false;
    }
}

/* Look at the thread's next burst: when could it issue? False: the thread is blocked or has ended. */
INLINE bool
begin_burst(NsimReplay *replay, Thread *thread)
{
    if (UNLIKELY(thread->next == thread->end || NSIM_OP_IS_CONTROL(thread->next->op)) && !find_burst(replay, thread))
        return false;
    const NsimBurst *burst = thread->next;
    NsimTime base_ps = thread->base_ps;
    if (UNLIKELY((burst->flags & NSIM_BURST_DEPENDENT) != 0) && thread->last_done_ps > base_ps) {
        thread->stall_ps += thread->last_done_ps - base_ps;
        thread->base_ps = base_ps = thread->last_done_ps;
    }
    const bool stream = (burst->count > 1) | ((burst->flags & NSIM_BURST_PREFETCHABLE) != 0);
    thread->gap_ps = (burst->gap * thread->gap_mult) >> 16;
    thread->ready_ps = base_ps + thread->gap_ps;
    thread->limit = thread->core->window[stream];
    return true;
}

/* ---- One chunk ----------------------------------------------------------------------------------------------- */

/* State bits that an access sets. */
static const uint16_t touched_by_op[] = {
    [NSIM_OP_READ] = NSIM_PAGE_ACCESSED,
    [NSIM_OP_WRITE] = NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY,
    [NSIM_OP_RFO] = NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY,
};

/* Where the access goes, with its page's state brought up to date. NSIM_NODE_NONE: the page is not ready, try again. */
INLINE uint32_t
touch_page(NsimReplay *replay, Thread *thread, const NsimBurst *burst, NsimTime t_ps)
{
    NsimSpace *space = thread->space;
    const uint32_t page = burst->page;
    const uint32_t head = space->heads[page >> space->frame_page_shift];
    const uint16_t state = (head & NSIM_HEAD_SPLIT) != 0 ? space->states[page] : (uint16_t)head;
    const uint16_t touched = touched_by_op[burst->op];
    /* One test for everything unusual: a slow bit that is set, or a touched bit that is not. */
    if (UNLIKELY(((state ^ touched) & (NSIM_PAGE_SLOW | touched)) != 0)) {
        if ((state & NSIM_PAGE_SLOW) != 0)
            return replay_slow_page(replay, thread, burst, t_ps, state);
        nsim_space_set_state(space, page,
                             state | (thread->core->tlb == NULL ? touched : replay_walked(thread, page, state, touched)));
    }
    return state & NSIM_PAGE_NODE;
}

_Static_assert((NSIM_OP_READ & NSIM_OP_WRITE) == NSIM_DIR_READ && (NSIM_OP_RFO & NSIM_OP_WRITE) == NSIM_DIR_READ &&
                   (NSIM_OP_WRITE & NSIM_OP_WRITE) == NSIM_DIR_WRITE,
               "the direction of an operation is its lowest bit");

/* The route a burst takes and the lane its pieces wait in. False: its page was not ready, try again. */
INLINE bool
find_route(NsimReplay *replay, Thread *thread, const NsimBurst *burst, NsimTime t_ps, NsimFabricRoute **ret_route,
           uint32_t *ret_lane)
{
    Core *core = thread->core;
    const uint32_t node = touch_page(replay, thread, burst, t_ps);
    if (UNLIKELY(node == NSIM_NODE_NONE))
        return false;
    const uint32_t index = node * NSIM_DIRS + (burst->op & NSIM_OP_WRITE);
    *ret_route = &core->routes[index];
    *ret_lane = core->lane_of[index];
    if (UNLIKELY(*ret_lane == NO_LANE))
        *ret_lane = replay_add_lane(replay, core, index);
    return true;
}

/* What translating the page's address adds; only cores on the general path have a TLB. */
INLINE NsimTime
translate(const Thread *thread, const NsimBurst *burst)
{
    struct NsimTlb *tlb = thread->core->tlb;
    return tlb == NULL ? 0 : nsim_tlb_access(tlb, replay_translation(thread, burst->page));
}

/* Accesses of pages whose story is told; only threads off the common path are asked. */
INLINE void
watch(const NsimReplay *replay, const Thread *thread, const NsimBurst *burst, uint32_t lines, NsimTime latency_ps)
{
    if (UNLIKELY(replay->options.story != NULL))
        nsim_story_access(replay->options.story, thread->space_id, burst->page, thread->accessor,
                          burst->op != NSIM_OP_READ, lines, latency_ps);
}

/* Issue a burst of one line at t. False: the page was not ready. */
INLINE bool
issue_one(NsimReplay *replay, Thread *thread, const NsimBurst *burst, const NsimTime t_ps, const unsigned hops,
          const bool curves, const bool special)
{
    NsimFabricRoute *route;
    uint32_t lane;
    if (UNLIKELY(!find_route(replay, thread, burst, t_ps, &route, &lane)))
        return false;
    NsimTime latency_ps = route->fixed_ps + nsim_fabric_reserve(replay->servers, route, hops, curves, t_ps, 1);
    if (special) {
        latency_ps += translate(thread, burst);
        watch(replay, thread, burst, 1, latency_ps);
    }
    const NsimTime done_ps = t_ps + latency_ps;
    launch(thread->core, lane, done_ps, 1, 0);
    nsim_histogram_record(&replay->stats.latency, latency_ps, 1);
    route->lines++;
    route->latency_ps += latency_ps;
    thread->stall_ps += t_ps - thread->ready_ps;
    thread->base_ps = t_ps;
    thread->done_ps = done_ps > thread->done_ps ? done_ps : thread->done_ps;
    thread->last_done_ps = done_ps;
    return true;
}

/*
 * Issue the next chunk of a burst of several lines at t, and further ones while they come before `ahead_ps` (0: just one).
 * Returns when the chunk after that could issue, or 0 when the burst is finished or its page was not ready. Hops are
 * counted here: what null hops would cost a chunk is more than the loop over the real ones.
 */
INLINE NsimTime
issue_chunks(NsimReplay *replay, Thread *thread, NsimTime t_ps, const NsimTime ahead_ps, const bool curves,
             const bool special)
{
    const NsimBurst *burst = thread->next;
    Core *core = thread->core;
    NsimFabricRoute *route;
    uint32_t lane;
    if (UNLIKELY(!find_route(replay, thread, burst, t_ps, &route, &lane)))
        return 0;
    const uint64_t service_ps = curves ? nsim_fabric_spacing(replay->servers, route) : route->service_max_ps;
    const uint64_t step_ps16 = step_of(thread, burst);
    const uint64_t step_ps = step_ps16 >> 4;
    const uint64_t spacing_ps = service_ps > step_ps ? service_ps : step_ps;
    const NsimTime walk_ps = special ? translate(thread, burst) : 0;
    const uint32_t limit = thread->limit;
    const uint32_t left_before = burst->count - thread->issued;
    const NsimTime begin_ps = thread->ready_ps;
    uint32_t left = left_before;
    NsimTime ready_ps = begin_ps, base_ps, done_ps, last_ps = thread->done_ps;
    NsimTime seen_ps = 0; /* latency of the last chunks: they are often the same, and then recorded together */
    uint32_t seen_lines = 0;
    NsimTime latencies_ps = 0; /* of all lines */
    uint32_t first = earliest_chunk_lane(core);
    NsimTime slot_ps = next_slot(core, limit, first);

    for (;;) {
        NsimTime slots_ps = t_ps;
        const uint32_t wanted = left < CHUNK_LINES ? left : CHUNK_LINES;
        const uint32_t lines = fit_window(core, limit, wanted, first, t_ps, spacing_ps, &slots_ps);
        uint64_t flow_ps = spacing_ps;
        base_ps = t_ps + ((step_ps16 * (lines - 1)) >> 4);
        if (UNLIKELY(slots_ps > base_ps) && lines > 1) {
            const uint64_t pace_ps = (slots_ps - t_ps) / (lines - 1);
            flow_ps = service_ps > pace_ps ? service_ps : pace_ps;
            base_ps = t_ps + (lines - 1) * pace_ps;
        }
        const NsimTime wait_ps = nsim_fabric_reserve(replay->servers, route, route->hop_count, curves, t_ps, lines);
        const NsimTime latency_ps = route->fixed_ps + wait_ps + walk_ps;
        /* Lines that compute paced, not the window, meet behind each other at the slowest resource. */
        const NsimTime meet_ps = t_ps == slot_ps ? 0 : ((lines - 1) * (flow_ps - step_ps)) >> 1;
        launch(core, lane, t_ps + latency_ps, lines, (uint32_t)flow_ps);
        if (UNLIKELY(latency_ps + meet_ps != seen_ps)) {
            nsim_histogram_record(&replay->stats.latency, seen_ps, seen_lines);
            latencies_ps += seen_ps * seen_lines;
            seen_ps = latency_ps + meet_ps;
            seen_lines = 0;
        }
        seen_lines += lines;
        done_ps = t_ps + latency_ps + (lines - 1) * flow_ps;
        last_ps = done_ps > last_ps ? done_ps : last_ps;
        left -= lines;
        if (left == 0) {
            t_ps = 0;
            break;
        }
        ready_ps = base_ps + step_ps;
        /* Look, but leave the slots to the next chunk: it takes a whole piece at once. */
        first = earliest_chunk_lane(core);
        slot_ps = next_slot(core, limit, first);
        t_ps = ready_ps > slot_ps ? ready_ps : slot_ps;
        if (t_ps >= ahead_ps)
            break;
    }
    nsim_histogram_record(&replay->stats.latency, seen_ps, seen_lines);
    const uint32_t issued = left_before - left;
    route->lines += issued;
    route->latency_ps += latencies_ps + seen_ps * seen_lines;
    if (special)
        watch(replay, thread, burst, issued, latencies_ps + seen_ps * seen_lines);
    thread->issued += issued;
    thread->stall_ps += base_ps - begin_ps - (issued - 1) * step_ps;
    thread->done_ps = last_ps;
    thread->last_done_ps = done_ps;
    thread->base_ps = base_ps;
    thread->ready_ps = ready_ps;
    thread->gap_ps = step_ps;
    return t_ps;
}

INLINE void
update_tree(Contender *tree, uint32_t leaf_count, uint32_t thread, NsimTime key_ps)
{
    uint32_t i = leaf_count + thread;
    Contender winner = { key_ps, thread };
    tree[i] = winner;
    while (i > 1) {
        const Contender other = tree[i ^ 1];
        const bool loses = (other.key_ps < winner.key_ps) |
                           ((other.key_ps == winner.key_ps) & (other.thread < winner.thread));
        winner.key_ps = pick(loses, other.key_ps, winner.key_ps);
        winner.thread = pick(loses, other.thread, winner.thread);
        i >>= 1;
        tree[i] = winner;
    }
}

void
replay_set_key(NsimReplay *replay, uint32_t thread, NsimTime key_ps)
{
    update_tree(replay->tree, replay->leaf_count, thread, key_ps);
}

/* Threads that share a core compute in turn, and the slot one of them saw may be taken: when can this one issue now? */
static NsimTime
shared_issue_time(Thread *thread)
{
    Core *core = thread->core;
    const NsimTime from_ps = thread->base_ps > core->cpu_free_ps ? thread->base_ps : core->cpu_free_ps;
    thread->ready_ps = from_ps + thread->gap_ps;
    const NsimTime slot_ps = free_slot(core, thread->limit);
    return thread->ready_ps > slot_ps ? thread->ready_ps : slot_ps;
}

static NsimTime told_step(NsimReplay *replay, Thread *thread, NsimTime key_ps);

/* One step of a thread that has nothing in hand yet, shares its core or has a cache in front; returns its next key. */
static __attribute__((noinline)) NsimTime
special_step(NsimReplay *replay, Thread *thread, NsimTime key_ps)
{
    if (thread->blocked)
        return NSIM_TIME_MAX;
    if (thread->told && thread->begun)
        return told_step(replay, thread, key_ps);
    if (thread->begun) {
        const NsimBurst *burst = thread->next;
        const NsimTime t_ps = thread->shared ? shared_issue_time(thread) : key_ps;
        if (t_ps > key_ps)
            return t_ps;
        const NsimTime computed_ps = thread->ready_ps;
        bool done = true;
        if (thread->cached)
            done = replay_issue_cached(replay, thread, t_ps);
        else
            (void)issue_chunks(replay, thread, t_ps, 0, true, true);
        if (thread->blocked)
            return NSIM_TIME_MAX;
        if (done)
            thread->core->cpu_free_ps = MAX(thread->core->cpu_free_ps, computed_ps);
        if (thread->issued == burst->count) {
            thread->next++;
            thread->issued = 0;
            thread->begun = false;
        }
    }
    if (!thread->begun) {
        thread->begun = begin_burst(replay, thread);
        thread->plain = thread->begun && !thread->special;
        if (!thread->begun)
            return NSIM_TIME_MAX;
        if (UNLIKELY(thread->sleep_ps != NSIM_TIME_MAX))
            replay_pace(thread);
    }
    if (thread->shared)
        return shared_issue_time(thread);
    const NsimTime slot_ps = free_slot(thread->core, thread->limit);
    return MAX(thread->ready_ps, slot_ps);
}

/* Chunks of several lines, out of line: the registers of the single-line path are worth more. */
static __attribute__((noinline)) NsimTime
issue_many(NsimReplay *replay, Thread *thread, NsimTime t_ps, NsimTime ahead_ps)
{
    return issue_chunks(replay, thread, t_ps, ahead_ps, false, false);
}

static __attribute__((noinline)) NsimTime
issue_many_curves(NsimReplay *replay, Thread *thread, NsimTime t_ps, NsimTime ahead_ps)
{
    return issue_chunks(replay, thread, t_ps, ahead_ps, true, false);
}

/* The common path. `told`: its accesses belong to a story. */
INLINE NsimTime
plain_step(NsimReplay *replay, Thread *thread, const NsimTime key_ps, const NsimTime ahead_ps, const unsigned hops,
           const bool curves, const bool told)
{
    const NsimBurst *burst = thread->next;
    bool done;
    if (LIKELY(burst->count == 1)) {
        done = issue_one(replay, thread, burst, key_ps, hops, curves, told);
    } else {
        const NsimTime later_ps = told     ? issue_chunks(replay, thread, key_ps, ahead_ps, curves, true)
                                  : curves ? issue_many_curves(replay, thread, key_ps, ahead_ps)
                                           : issue_many(replay, thread, key_ps, ahead_ps);
        if (later_ps > 0)
            return later_ps;
        done = thread->issued == burst->count;
        thread->issued = done ? 0 : thread->issued;
    }
    if (LIKELY(done)) {
        thread->next = burst + 1;
        if (UNLIKELY(!begin_burst(replay, thread))) {
            thread->begun = thread->plain = false;
            return NSIM_TIME_MAX;
        }
    }
    const NsimTime slot_ps = thread->next->count > 1 ? chunk_slot(thread->core, thread->limit)
                                                     : free_slot(thread->core, thread->limit);
    return thread->ready_ps > slot_ps ? thread->ready_ps : slot_ps;
}

/* The same steps at the same times as without a story. */
static __attribute__((noinline)) NsimTime
told_step(NsimReplay *replay, Thread *thread, NsimTime key_ps)
{
    return plain_step(replay, thread, key_ps, 0, NSIM_HOPS_MAX, replay->options.fabric->dynamic, true);
}

/*
 * Let the thread that is first in time do one step, or go on alone until `ahead_ps` within a burst; returns its next key.
 */
INLINE NsimTime
step(NsimReplay *replay, Thread *thread, const NsimTime key_ps, const NsimTime ahead_ps, const unsigned hops,
     const bool curves)
{
    if (UNLIKELY(!thread->plain))
        return special_step(replay, thread, key_ps);
    return plain_step(replay, thread, key_ps, ahead_ps, hops, curves, false);
}

INLINE void
run(NsimReplay *replay, const unsigned hops, const bool curves)
{
    /* A thread alone needs no tournament: it goes on until something else is due. */
    const bool alone = replay->leaf_count == 1;
    /* Stopping clears the horizon, so that one comparison covers both. */
    for (;;) {
        const Contender first = replay->tree[1];
        if (UNLIKELY(first.key_ps >= replay->horizon_ps)) {
            replay_service(replay, first.key_ps);
            if (replay->stop)
                return;
            continue;
        }
        Thread *thread = &replay->threads[first.thread];
        const NsimTime ahead_ps = alone ? replay->horizon_ps : 0;
        NsimTime key_ps = step(replay, thread, first.key_ps, ahead_ps, hops, curves);
        while (alone && key_ps < replay->horizon_ps)
            key_ps = step(replay, thread, key_ps, ahead_ps, hops, curves);
        update_tree(replay->tree, replay->leaf_count, (uint32_t)first.thread, key_ps);
    }
}

/* One copy of the loop for each number of hops that machines have, so that the hops unroll. */
void
replay_loop(NsimReplay *replay)
{
    const uint32_t hops = replay->options.machine->hop_max;
    nsim_assert(hops <= NSIM_HOPS_MAX && NSIM_HOPS_MAX == 8);
    if (replay->options.fabric->dynamic) {
        if (hops <= 2)
            run(replay, 2, true);
        else if (hops <= 4)
            run(replay, 4, true);
        else
            run(replay, 8, true);
    } else if (hops <= 1) {
        run(replay, 1, false);
    } else if (hops <= 2) {
        run(replay, 2, false);
    } else if (hops <= 3) {
        run(replay, 3, false);
    } else if (hops <= 5) {
        run(replay, 5, false);
    } else {
        run(replay, 8, false);
    }
}

bool
replay_issue_line(NsimReplay *replay, Thread *thread, const NsimBurst *burst, NsimTime t_ps)
{
    return issue_one(replay, thread, burst, t_ps, NSIM_HOPS_MAX, true, true);
}
