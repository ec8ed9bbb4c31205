/* SPDX-License-Identifier: MIT */
/* Rounds of the holistic policy's shared rules. See holistic-place.h. */
#include "policies/holistic-place.h"

#include <string.h>

#define PPM 1000000u
/* Pages of a victim and of who takes its place move in turns of so many, so that little room is needed. */
#define TURN_PAGES 64u

typedef struct {
    HolisticSeen *seen;
    uint32_t count;
} View;

/* Pages in a row that are on one node and cost the same everywhere. */
typedef struct {
    NsimPage page;
    uint32_t count;
    NsimSpaceId space;
    NsimNodeId node;
    uint32_t costs; /* index of its row of costs */
    NsimNodeId best;
    uint64_t gain; /* of the best node, a page */
    uint64_t loss; /* of the best other node, a page */
} Run;

struct _HolisticPlace {
    HolisticRules rules;
    NsimAccessorId accessors[HOLISTIC_ACCESSORS_MAX];
    uint32_t accessor_count, node_count, space_count;
    uint64_t *latency;    /* [accessor][node], ns; 0: out of reach */
    uint64_t *remoteness; /* by node: sum of latencies, the far end of all paths */
    View *views;          /* [accessor][space] */
    uint16_t **moved;     /* by space and page: the round of the last move; NULL: none yet */
    uint32_t round;
    uint64_t budget; /* pages, of the window under way */
    /* of the round under way */
    GArray *runs;       /* Run */
    GArray *cost_rows;  /* uint64_t, node_count each */
    uint64_t *free;     /* pages, by node */
    GArray **residents; /* by node: uint32_t runs, those who lose least first */
    uint32_t *next;     /* by node: in residents */
    HolisticRound did;
};

/* ---- Life ---------------------------------------------------------------------------------------------------- */

HolisticPlace *
holistic_place_new(const NsimHost *host, const NsimAccessorId *accessors, uint32_t accessor_count,
                   const HolisticRules *rules)
{
    HolisticPlace *place = g_new0(HolisticPlace, 1);
    place->rules = *rules;
    place->budget = rules->quota_pages;
    place->accessor_count = accessor_count;
    place->node_count = nsim_node_count(host);
    place->space_count = nsim_space_count(host);
    memcpy(place->accessors, accessors, accessor_count * sizeof *accessors);
    place->latency = g_new0(uint64_t, (size_t)accessor_count * place->node_count);
    place->remoteness = g_new0(uint64_t, place->node_count);
    place->views = g_new0(View, (size_t)accessor_count * place->space_count);
    place->moved = g_new0(uint16_t *, place->space_count);
    place->runs = g_array_new(FALSE, FALSE, sizeof(Run));
    place->cost_rows = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    place->free = g_new0(uint64_t, place->node_count);
    place->next = g_new0(uint32_t, place->node_count);
    place->residents = g_new0(GArray *, place->node_count);
    for (uint32_t n = 0; n < place->node_count; n++) {
        place->residents[n] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        for (uint32_t a = 0; a < accessor_count; a++) {
            NsimRouteInfo route = {0};
            NsimNodeInfo node = {0};
            if (!nsim_route_info(host, accessors[a], (NsimNodeId)n, &route) || !route.reachable ||
                !nsim_node_info(host, (NsimNodeId)n, &node) || node.kind == NSIM_NODE_DISK)
                continue;
            place->latency[(size_t)a * place->node_count + n] = MAX(route.latency_read_ps / 1000, (NsimTime)1);
            place->remoteness[n] += route.latency_read_ps / 1000;
        }
    }
    return place;
}

void
holistic_place_free(HolisticPlace *place)
{
    for (size_t i = 0; i < (size_t)place->accessor_count * place->space_count; i++)
        g_free(place->views[i].seen);
    for (uint32_t s = 0; s < place->space_count; s++)
        g_free(place->moved[s]);
    for (uint32_t n = 0; n < place->node_count; n++)
        g_array_unref(place->residents[n]);
    g_array_unref(place->runs);
    g_array_unref(place->cost_rows);
    g_free(place->latency);
    g_free(place->remoteness);
    g_free(place->views);
    g_free(place->moved);
    g_free(place->free);
    g_free(place->next);
    g_free(place->residents);
    g_free(place);
}

static View *
view_of(const HolisticPlace *place, uint32_t index, NsimSpaceId space)
{
    return &place->views[(size_t)index * place->space_count + space];
}

void
holistic_place_see(HolisticPlace *place, uint32_t index, NsimSpaceId space, const HolisticSeen *seen, uint32_t count)
{
    View *view = view_of(place, index, space);
    view->seen = g_renew(HolisticSeen, view->seen, count);
    if (count > 0)
        memcpy(view->seen, seen, count * sizeof *seen);
    view->count = count;
}

void
holistic_place_refill(HolisticPlace *place)
{
    place->budget = place->rules.quota_pages;
}

/* ---- Costs --------------------------------------------------------------------------------------------------- */

/* The rates of all accessors on [start, end), where none of their regions begins or ends. */
typedef struct {
    uint64_t start, end;
    uint32_t rates[HOLISTIC_ACCESSORS_MAX];
} Piece;

static uint64_t
latency_of(const HolisticPlace *place, uint32_t index, uint32_t node)
{
    return place->latency[(size_t)index * place->node_count + node];
}

/* What an access of some accessors costs at a node. UINT64_MAX: one of them does not reach it. */
static uint64_t
cost_at(const HolisticPlace *place, const uint32_t *rates, uint32_t node)
{
    uint64_t cost = 0;
    for (uint32_t a = 0; a < place->accessor_count; a++) {
        const uint64_t latency = latency_of(place, a, node);
        if (latency == 0 && (rates[a] > 0 || place->remoteness[node] == 0))
            return UINT64_MAX;
        cost += rates[a] * latency;
    }
    return cost;
}

static uint32_t
owner_of(const HolisticPlace *place, const Piece *piece)
{
    uint32_t owner = 0;
    for (uint32_t a = 1; a < place->accessor_count; a++)
        owner = piece->rates[a] > piece->rates[owner] ? a : owner;
    return owner;
}

/* The accessors that share a piece; the first is not more than the others. Returns how many. */
static uint32_t
sharers_of(const HolisticPlace *place, const Piece *piece, uint32_t *ret_sharers)
{
    const uint64_t most = piece->rates[owner_of(place, piece)];
    uint32_t count = 0;
    for (uint32_t a = 0; a < place->accessor_count; a++) {
        if (piece->rates[a] > 0 && (uint64_t)piece->rates[a] * PPM >= most * place->rules.shared_ppm)
            ret_sharers[count++] = a;
    }
    return count;
}

/* The rates that decide on a page: all of them, or all on one accessor. `lane` deals pages out. */
static void
deciding_rates(const HolisticPlace *place, const Piece *piece, uint32_t sharer_count, const uint32_t *sharers,
               uint64_t lane, uint32_t *ret_rates)
{
    if (place->rules.conflict == HOLISTIC_COST) {
        memcpy(ret_rates, piece->rates, place->accessor_count * sizeof *ret_rates);
        return;
    }
    uint32_t sum = 0, who = owner_of(place, piece);
    for (uint32_t a = 0; a < place->accessor_count; a++)
        sum += piece->rates[a];
    if (place->rules.conflict == HOLISTIC_INTERLEAVE && sharer_count > 1)
        who = sharers[lane % sharer_count];
    memset(ret_rates, 0, place->accessor_count * sizeof *ret_rates);
    ret_rates[who] = sum;
}

/* A new row of costs by node; returns its index. */
static uint32_t
add_costs(HolisticPlace *place, const uint32_t *rates)
{
    const uint32_t row = place->cost_rows->len / place->node_count;
    for (uint32_t n = 0; n < place->node_count; n++) {
        const uint64_t cost = cost_at(place, rates, n);
        g_array_append_val(place->cost_rows, cost);
    }
    return row;
}

static const uint64_t *
costs_of(const HolisticPlace *place, const Run *run)
{
    return &g_array_index(place->cost_rows, uint64_t, (size_t)run->costs * place->node_count);
}

/* Is node a a better place than b? Equal ones: what nobody needs goes to the far end. */
static bool
is_better(const HolisticPlace *place, const uint64_t *costs, uint32_t a, uint32_t b)
{
    return costs[a] < costs[b] || (costs[a] == costs[b] && place->remoteness[a] > place->remoteness[b]);
}

static void
add_run(HolisticPlace *place, NsimSpaceId space, NsimPage page, uint32_t count, NsimNodeId node, uint32_t row)
{
    Run run = {.page = page, .count = count, .space = space, .node = node, .costs = row, .best = node};
    const uint64_t *costs = costs_of(place, &run);
    uint64_t other = UINT64_MAX;
    for (uint32_t n = 0; n < place->node_count; n++) {
        if (costs[n] < costs[run.best])
            run.best = (NsimNodeId)n;
        if (n != node && costs[n] < other)
            other = costs[n];
    }
    run.gain = costs[node] == UINT64_MAX ? UINT64_MAX : costs[node] - costs[run.best];
    run.loss = other <= costs[node] ? 0 : other - costs[node];
    g_array_append_val(place->runs, run);
}

/* ---- What there is ------------------------------------------------------------------------------------------- */

/* Pages [page, end) of a piece, in runs of one node. */
static void
add_pages(HolisticPlace *place, const NsimHost *host, NsimSpaceId space, const Piece *piece, NsimPage page,
          NsimPage end, uint32_t unit_pages)
{
    uint32_t sharers[HOLISTIC_ACCESSORS_MAX], rates[HOLISTIC_ACCESSORS_MAX];
    const uint32_t sharer_count = sharers_of(place, piece, sharers);
    const bool deal = place->rules.conflict == HOLISTIC_INTERLEAVE && sharer_count > 1;
    const uint32_t lanes = deal ? sharer_count : 1;
    uint32_t rows[HOLISTIC_ACCESSORS_MAX];
    for (uint32_t lane = 0; lane < lanes; lane++) {
        deciding_rates(place, piece, sharer_count, sharers, lane, rates);
        rows[lane] = add_costs(place, rates);
    }
    place->did.shared_pages += sharer_count > 1 ? end - page : 0;
    while (page < end) {
        const NsimNodeId node = nsim_page_node(host, space, page);
        const uint64_t lane = page / unit_pages % lanes;
        NsimPage stop = page + 1;
        while (stop < end && (lanes == 1 || stop / unit_pages % lanes == lane) &&
               nsim_page_node(host, space, stop) == node)
            stop++;
        if (node != NSIM_NODE_NONE && node < place->node_count)
            add_run(place, space, page, (uint32_t)(stop - page), node, rows[lane]);
        page = stop;
    }
}

static void
add_piece(HolisticPlace *place, const NsimHost *host, NsimSpaceId space, const Piece *piece)
{
    NsimPage page = 0, end = 0;
    NsimSpaceInfo info = {0};
    if (!nsim_space_info(host, space, &info) || !nsim_page_at(host, space, piece->start, &page))
        return;
    if (!nsim_page_at(host, space, piece->end, &end))
        end = (NsimPage)info.page_count;
    for (uint32_t r = 0; r < info.region_count && page < end; r++) {
        NsimRegionInfo region = {0};
        if (!nsim_region_info(host, space, r, &region) || region.first + region.count <= page)
            continue;
        const NsimPage stop = (NsimPage)MIN((uint64_t)end, region.first + region.count);
        add_pages(place, host, space, piece, page, stop, MAX(region.unit_pages, 1u));
        page = stop;
    }
}

/* Lay the views of all accessors on a space over each other. */
static void
add_space(HolisticPlace *place, const NsimHost *host, NsimSpaceId space)
{
    uint32_t at[HOLISTIC_ACCESSORS_MAX] = {0};
    uint64_t from = 0;
    for (;;) {
        Piece piece = {from, UINT64_MAX, {0}};
        bool any = false;
        for (uint32_t a = 0; a < place->accessor_count; a++) {
            const View *view = view_of(place, a, space);
            while (at[a] < view->count && view->seen[at[a]].end <= from)
                at[a]++;
            if (at[a] == view->count)
                continue;
            const HolisticSeen *seen = &view->seen[at[a]];
            any = true;
            piece.rates[a] = seen->start <= from ? seen->rate : 0;
            piece.end = MIN(piece.end, seen->start <= from ? seen->end : seen->start);
        }
        if (!any)
            return;
        add_piece(place, host, space, &piece);
        from = piece.end;
    }
}

static gint
by_loss(gconstpointer a, gconstpointer b, gpointer data)
{
    const HolisticPlace *place = data;
    const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const Run *left = &g_array_index(place->runs, Run, i), *right = &g_array_index(place->runs, Run, j);
    if (left->loss != right->loss)
        return left->loss < right->loss ? -1 : 1;
    return i < j ? -1 : i > j;
}

static gint
by_gain(gconstpointer a, gconstpointer b, gpointer data)
{
    const HolisticPlace *place = data;
    const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const Run *left = &g_array_index(place->runs, Run, i), *right = &g_array_index(place->runs, Run, j);
    if (left->gain != right->gain)
        return left->gain > right->gain ? -1 : 1;
    return i < j ? -1 : i > j;
}

/* ---- Moves --------------------------------------------------------------------------------------------------- */

static void
remember(HolisticPlace *place, const NsimHost *host, NsimSpaceId space, NsimPage page, uint32_t count)
{
    NsimSpaceInfo info = {0};
    if (place->moved[space] == NULL && nsim_space_info(host, space, &info))
        place->moved[space] = g_new0(uint16_t, info.page_count);
    for (uint32_t i = 0; i < count; i++)
        place->moved[space][page + i] = (uint16_t)(place->round & 0xffffu);
}

/* Pages from the run's first on that may move now, at most `wanted`; the ones before them are passed over. */
static uint32_t
take_rested(const HolisticPlace *place, Run *run, uint32_t wanted)
{
    const uint16_t *moved = place->moved[run->space];
    const uint16_t now = (uint16_t)(place->round & 0xffffu);
    uint32_t skipped = 0, taken = 0;
    if (moved == NULL)
        return MIN(run->count, wanted);
    while (skipped < run->count && moved[run->page + skipped] != 0 &&
           (uint16_t)(now - moved[run->page + skipped]) < place->rules.cooldown_rounds)
        skipped++;
    run->page += skipped;
    run->count -= skipped;
    while (
        taken < run->count && taken < wanted &&
        (moved[run->page + taken] == 0 || (uint16_t)(now - moved[run->page + taken]) >= place->rules.cooldown_rounds))
        taken++;
    return taken;
}

static void
move_pages(HolisticPlace *place, NsimHost *host, Run *run, uint32_t count, NsimNodeId node, NsimReason reason)
{
    nsim_move(host, run->space, run->page, count, node, place->accessors[0], place->rules.queue, reason, 0);
    remember(place, host, run->space, run->page, count);
    place->free[run->node] += count;
    place->free[node] -= MIN(place->free[node], (uint64_t)count);
    place->budget -= MIN(place->budget, (uint64_t)count);
    place->did.moved_pages += count;
    run->page += count;
    run->count -= count;
}

/* The next run on a node that would lose less than `gain` by leaving it, or NULL. */
static Run *
next_victim(HolisticPlace *place, NsimNodeId node, uint64_t gain)
{
    const GArray *residents = place->residents[node];
    for (; place->next[node] < residents->len; place->next[node]++) {
        Run *run = &g_array_index(place->runs, Run, g_array_index(residents, uint32_t, place->next[node]));
        if (run->loss >= gain)
            return NULL;
        if (run->count > 0 && run->node == node && take_rested(place, run, 1) > 0)
            return run;
    }
    return NULL;
}

/* Where a victim would cost least, with room for `count`; NSIM_NODE_NONE: nowhere. */
static NsimNodeId
refuge_of(const HolisticPlace *place, const Run *victim, uint32_t count)
{
    const uint64_t *costs = costs_of(place, victim);
    NsimNodeId best = NSIM_NODE_NONE;
    for (uint32_t n = 0; n < place->node_count; n++) {
        if (n == victim->node || costs[n] == UINT64_MAX || place->free[n] < count)
            continue;
        if (best == NSIM_NODE_NONE || is_better(place, costs, n, best))
            best = (NsimNodeId)n;
    }
    return best;
}

/* Let pages of a run and of a victim change places, `count` each. False: it cannot be. */
static bool
exchange(HolisticPlace *place, NsimHost *host, Run *run, Run *victim, uint32_t count)
{
    const NsimNodeId refuge = refuge_of(place, victim, count);
    if (refuge != NSIM_NODE_NONE) {
        const NsimNodeId best = run->best;
        move_pages(place, host, victim, count, refuge, NSIM_REASON_DEMOTION);
        move_pages(place, host, run, count, best, NSIM_REASON_PROMOTION);
        return true;
    }
    if (run->space != victim->space)
        return false;
    nsim_exchange(host, run->space, run->page, victim->page, count, run->best, place->accessors[0], place->rules.queue,
                  NSIM_REASON_PROMOTION, 0);
    remember(place, host, run->space, run->page, count);
    remember(place, host, victim->space, victim->page, count);
    place->budget -= MIN(place->budget, 2 * (uint64_t)count);
    place->did.exchanged_pages += 2 * (uint64_t)count;
    run->page += count;
    run->count -= count;
    victim->page += count;
    victim->count -= count;
    return true;
}

static uint64_t
reserve_of(const HolisticPlace *place, const NsimHost *host, NsimNodeId node)
{
    NsimNodeInfo info = {0};
    nsim_node_info(host, node, &info);
    return info.capacity_pages / PPM * place->rules.reserve_ppm +
           info.capacity_pages % PPM * place->rules.reserve_ppm / PPM;
}

/* What a page of the run must gain for a move. */
static uint64_t
least_gain(const HolisticPlace *place, const Run *run)
{
    const uint64_t cost = costs_of(place, run)[run->node];
    if (cost == UINT64_MAX)
        return 0;
    return cost / PPM * place->rules.hysteresis_ppm + cost % PPM * place->rules.hysteresis_ppm / PPM;
}

/* Bring a run to its best node, as far as room, victims and budget go. */
static void
improve(HolisticPlace *place, NsimHost *host, Run *run)
{
    while (run->count > 0 && place->budget > 0) {
        const uint64_t reserve = reserve_of(place, host, run->best), room = place->free[run->best];
        const uint32_t wanted = (uint32_t)MIN((uint64_t)run->count, place->budget);
        if (room > reserve) {
            const uint32_t count = take_rested(place, run, (uint32_t)MIN((uint64_t)wanted, room - reserve));
            if (count == 0)
                return;
            move_pages(place, host, run, count, run->best, NSIM_REASON_PROMOTION);
            continue;
        }
        uint32_t count = take_rested(place, run, MIN(wanted, TURN_PAGES));
        Run *victim = count == 0 ? NULL : next_victim(place, run->best, run->gain - least_gain(place, run));
        if (victim == NULL)
            return;
        count = take_rested(place, victim, count);
        if (!exchange(place, host, run, victim, count))
            return;
    }
}

static bool
is_worth_it(const HolisticPlace *place, const Run *run)
{
    return run->best != run->node && run->gain > least_gain(place, run);
}

HolisticRound
holistic_place_round(HolisticPlace *place, NsimHost *host)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    place->did = (HolisticRound){0};
    place->round++;
    if ((place->round & 0xffffu) == 0)
        place->round++; /* 0 says that a page never moved */
    if (nsim_queue_pages(host, place->rules.queue) > 0)
        return place->did; /* the last round's moves are still under way */
    g_array_set_size(place->runs, 0);
    g_array_set_size(place->cost_rows, 0);
    for (uint32_t s = 0; s < place->space_count; s++)
        add_space(place, host, (NsimSpaceId)s);
    for (uint32_t n = 0; n < place->node_count; n++) {
        place->free[n] = nsim_free_pages(host, (NsimNodeId)n);
        place->next[n] = 0;
        g_array_set_size(place->residents[n], 0);
    }
    for (uint32_t i = 0; i < place->runs->len; i++) {
        const Run *run = &g_array_index(place->runs, Run, i);
        g_array_append_val(place->residents[run->node], i);
        if (is_worth_it(place, run)) {
            g_array_append_val(candidates, i);
            place->did.candidate_pages += run->count;
        }
    }
    for (uint32_t n = 0; n < place->node_count; n++)
        g_array_sort_with_data(place->residents[n], by_loss, place);
    g_array_sort_with_data(candidates, by_gain, place);
    for (uint32_t i = 0; i < candidates->len && place->budget > 0; i++)
        improve(place, host, &g_array_index(place->runs, Run, g_array_index(candidates, uint32_t, i)));
    return place->did;
}
