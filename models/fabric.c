/* SPDX-License-Identifier: MIT */
/* Reservation clocks of a run, and the measured-curve nodes' rate and least wait. */
#include <models/fabric.h>

#include <sim/time.h>

/* What a node with a curve remembers. */
struct NsimCurveState {
    NsimNodeId node;
    uint32_t resource;
    uint64_t lines_seen[NSIM_DIRS];       /* totals at the last roll */
    uint64_t load_bytes_per_s[NSIM_DIRS]; /* smoothed */
    NsimTime busy_ps;                     /* server time spent up to the last roll */
};

/* Weight of the newest window in the smoothed load: 1 / 2^SHIFT. */
#define SMOOTHING_SHIFT 3

static uint64_t
node_lines(const NsimFabric *fabric, NsimNodeId node, NsimDir dir)
{
    uint64_t sum = 0;
    for (uint32_t a = 0; a < fabric->machine->accessor_count; a++)
        sum += nsim_fabric_lines(fabric, (NsimAccessorId)a, node, dir);
    return sum;
}

/* Rate and least wait of the server behind a curve at its present smoothed load. */
static void
set_server(NsimFabric *fabric, const struct NsimCurveState *state)
{
    const NsimCurve *curve = &fabric->machine->nodes[state->node].curve;
    const uint64_t reads = state->load_bytes_per_s[NSIM_DIR_READ];
    const uint64_t load = reads + state->load_bytes_per_s[NSIM_DIR_WRITE];
    const uint32_t share_ppm = load == 0 ? 1000000u : (uint32_t)nsim_mul_div(reads, 1000000, load);
    /* The route's fixed latency holds the node's unloaded one; together they give the curve's own value. */
    const NsimTime unloaded_ps = fabric->machine->nodes[state->node].latency_read_ps;
    const NsimTime loaded_ps = nsim_curve_latency(curve, load, share_ppm);
    const NsimTime floor_ps = loaded_ps > unloaded_ps ? loaded_ps - unloaded_ps : 0;
    NsimServer *server = &fabric->servers[state->resource];

    server->service_ps = (uint32_t)nsim_time_of_transfer(NSIM_LINE_BYTES, nsim_curve_rate_max(curve, share_ppm));
    server->floor_ps = (uint32_t)MIN(floor_ps, (NsimTime)UINT32_MAX);
}

static void
build_routes(NsimFabric *fabric)
{
    const NsimMachine *machine = fabric->machine;
    const size_t count = (size_t)machine->accessor_count * machine->node_count * NSIM_DIRS;
    fabric->routes = g_aligned_alloc0(count, sizeof(NsimFabricRoute), 64);
    for (size_t i = 0; i < count; i++) {
        const NsimRoute *from = &machine->routes[i];
        NsimFabricRoute *to = &fabric->routes[i];
        to->fixed_ps = from->fixed_ps;
        to->service_max_ps = from->service_max_ps;
        to->hop_count = from->hop_count;
        to->node = (uint32_t)(machine->nodes[from->node].resource[i % NSIM_DIRS] * sizeof(NsimServer));
        for (uint32_t h = 0; h < NSIM_HOPS_MAX; h++) {
            const bool real = h < from->hop_count;
            to->hops[h].server = real ? (uint32_t)(from->hops[h].resource * sizeof(NsimServer)) : 0;
            to->hops[h].service_ps = real ? from->hops[h].service_ps : 0;
        }
    }
}

NsimFabric *
nsim_fabric_new(const NsimMachine *machine)
{
    NsimFabric *fabric = g_new0(NsimFabric, 1);
    fabric->machine = machine;
    fabric->servers = g_new0(NsimServer, machine->resource_count);
    build_routes(fabric);
    fabric->curves = g_new0(struct NsimCurveState, machine->node_count);
    for (uint32_t n = 0; n < machine->node_count; n++) {
        if (machine->nodes[n].curve.mix_count == 0)
            continue;
        struct NsimCurveState *state = &fabric->curves[fabric->curve_count++];
        state->node = (NsimNodeId)n;
        state->resource = machine->nodes[n].resource[NSIM_DIR_READ];
        set_server(fabric, state);
    }
    fabric->roll_ps = fabric->curve_count > 0 ? machine->curve_window_ps : NSIM_TIME_MAX;
    return fabric;
}

void
nsim_fabric_free(NsimFabric *fabric)
{
    if (fabric == NULL)
        return;
    g_free(fabric->servers);
    g_aligned_free(fabric->routes);
    g_free(fabric->curves);
    g_free(fabric);
}

void
nsim_fabric_roll(NsimFabric *fabric, NsimTime now_ps)
{
    const NsimTime elapsed_ps = now_ps - fabric->rolled_ps;
    if (elapsed_ps == 0)
        return;
    /* After an idle stretch of many windows the old load must not linger: drop it window by window, 64 at most. */
    const uint64_t windows = MIN(elapsed_ps / fabric->machine->curve_window_ps, (NsimTime)64);

    for (uint32_t i = 0; i < fabric->curve_count; i++) {
        struct NsimCurveState *state = &fabric->curves[i];
        uint64_t moved = 0;
        for (int dir = 0; dir < NSIM_DIRS; dir++) {
            const uint64_t lines = node_lines(fabric, state->node, (NsimDir)dir);
            const uint64_t new_lines = lines - state->lines_seen[dir];
            const uint64_t load = nsim_mul_div(new_lines * NSIM_LINE_BYTES, NSIM_S, elapsed_ps);
            uint64_t smooth = state->load_bytes_per_s[dir];
            for (uint64_t w = 0; w < MAX(windows, 1); w++)
                smooth = smooth - (smooth >> SMOOTHING_SHIFT) + (load >> SMOOTHING_SHIFT);
            state->lines_seen[dir] = lines;
            state->load_bytes_per_s[dir] = smooth;
            moved += new_lines;
        }
        state->busy_ps += moved * fabric->servers[state->resource].service_ps;
        set_server(fabric, state);
    }
    fabric->rolled_ps = now_ps;
    fabric->roll_ps = nsim_time_add_saturated(now_ps, fabric->machine->curve_window_ps);
}

void
nsim_fabric_forget(NsimFabric *fabric)
{
    const NsimMachine *machine = fabric->machine;
    /* The load of the window that is under way must not be lost: `lines_seen` goes below zero by what it has yet to see, and
     * so does the busy time. Unsigned arithmetic takes both back. */
    for (uint32_t i = 0; i < fabric->curve_count; i++) {
        struct NsimCurveState *state = &fabric->curves[i];
        uint64_t unseen = 0;
        for (int dir = 0; dir < NSIM_DIRS; dir++) {
            state->lines_seen[dir] -= node_lines(fabric, state->node, (NsimDir)dir);
            unseen -= state->lines_seen[dir];
        }
        state->busy_ps = -(unseen * fabric->servers[state->resource].service_ps);
    }
    for (size_t i = 0; i < (size_t)machine->accessor_count * machine->node_count * NSIM_DIRS; i++)
        fabric->routes[i].lines = 0;
    for (uint32_t r = 0; r < machine->resource_count; r++)
        fabric->servers[r].wait_ps = 0;
}

void
nsim_fabric_usage(const NsimFabric *fabric, uint64_t *ret_bytes, NsimTime *ret_busy_ps)
{
    const NsimMachine *machine = fabric->machine;
    memset(ret_bytes, 0, machine->resource_count * sizeof *ret_bytes);
    memset(ret_busy_ps, 0, machine->resource_count * sizeof *ret_busy_ps);
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        for (uint32_t n = 0; n < machine->node_count; n++) {
            for (int dir = 0; dir < NSIM_DIRS; dir++) {
                const uint64_t lines = nsim_fabric_lines(fabric, (NsimAccessorId)a, (NsimNodeId)n, (NsimDir)dir);
                const NsimRoute *route = nsim_machine_route(machine, (NsimAccessorId)a, (NsimNodeId)n, (NsimDir)dir);
                for (uint32_t h = 0; lines > 0 && h < route->hop_count; h++) {
                    ret_bytes[route->hops[h].resource] += lines * route->forward_bytes[h];
                    ret_busy_ps[route->hops[h].resource] += lines * route->hops[h].service_ps;
                }
            }
        }
    }
    for (uint32_t i = 0; i < fabric->curve_count; i++) {
        const struct NsimCurveState *state = &fabric->curves[i];
        uint64_t unseen = 0;
        for (int dir = 0; dir < NSIM_DIRS; dir++)
            unseen += node_lines(fabric, state->node, (NsimDir)dir) - state->lines_seen[dir];
        ret_busy_ps[state->resource] += state->busy_ps + unseen * fabric->servers[state->resource].service_ps;
    }
}
