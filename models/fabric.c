/* SPDX-License-Identifier: MIT */
/* Reservation clocks of a run, and what follows from loads: rate and least wait of curve nodes and loaded links. */
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

/* What a resource whose load is measured remembers. */
struct NsimLoadState {
    bool measured;
    uint64_t new_bytes;        /* of the window that a roll is looking at */
    NsimTime new_busy_ps;      /* its part by fixed service times */
    uint64_t load_bytes_per_s; /* smoothed */
    uint32_t load_ppm;         /* smoothed share of the time it was busy */
};

/* A route that crosses measured resources, and its lines at the last roll. */
struct NsimProbe {
    uint32_t route; /* in fabric->routes */
    uint64_t lines_seen;
};

/* What nsim_fabric_forget() took away: sums by route and by resource. */
struct NsimForgotten {
    NsimFabricTotal *routes;
    uint64_t *bytes;
    NsimTime *busy_ps;
};

/* Weight of the newest window in the smoothed load: 1 / 2^SHIFT. */
#define SMOOTHING_SHIFT 3

/* A smoothed value after `windows` windows that all measured `now`. */
static uint64_t
smooth(uint64_t value, uint64_t now, uint64_t windows)
{
    for (uint64_t w = 0; w < windows; w++)
        value = value - (value >> SMOOTHING_SHIFT) + (now >> SMOOTHING_SHIFT);
    return value;
}

/* The machine's route behind fabric->routes[i]: accessors come twice, then the engines. */
static const NsimRoute *
route_behind(const NsimMachine *machine, size_t i)
{
    const size_t of_accessors = (size_t)machine->accessor_count * machine->node_count * NSIM_DIRS;
    return i < 2 * of_accessors ? &machine->routes[i % of_accessors] : &machine->engine_routes[i - 2 * of_accessors];
}

static size_t
route_count(const NsimFabric *fabric)
{
    return (size_t)fabric->agent_count * fabric->machine->node_count * NSIM_DIRS;
}

const NsimRoute *
nsim_fabric_machine_route(const NsimFabric *fabric, uint32_t agent, NsimNodeId node, NsimDir dir)
{
    return route_behind(fabric->machine, ((size_t)agent * fabric->machine->node_count + node) * NSIM_DIRS + dir);
}

uint64_t
nsim_fabric_node_lines(const NsimFabric *fabric, NsimNodeId node, NsimDir dir)
{
    uint64_t sum = 0;
    for (uint32_t a = 0; a < fabric->agent_count; a++)
        sum += nsim_fabric_agent_route(fabric, a, node, dir)->lines;
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
    fabric->agent_count = 2 * machine->accessor_count + machine->engine_count;
    const size_t count = route_count(fabric);
    fabric->routes = g_aligned_alloc0(count, sizeof(NsimFabricRoute), 64);
    for (size_t i = 0; i < count; i++) {
        const NsimRoute *from = route_behind(machine, i);
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

/* ---- Loads of links, and of everything when watched ------------------------------------------------------------ */

static bool
crosses_measured(const NsimFabric *fabric, size_t i)
{
    const NsimRoute *route = route_behind(fabric->machine, i);
    for (uint32_t h = 0; h < route->hop_count; h++) {
        if (fabric->loads[route->hops[h].resource].measured)
            return true;
    }
    return false;
}

/* List the routes to look at in each roll. */
static void
build_probes(NsimFabric *fabric)
{
    fabric->probes = g_new(struct NsimProbe, route_count(fabric));
    fabric->probe_count = 0;
    for (size_t i = 0; i < route_count(fabric); i++) {
        if (crosses_measured(fabric, i))
            fabric->probes[fabric->probe_count++] =
                (struct NsimProbe){.route = (uint32_t)i, .lines_seen = fabric->routes[i].lines};
    }
}

/* The latency that a link's present load adds. */
static void
set_link(NsimFabric *fabric, uint32_t resource)
{
    const NsimResource *of = &fabric->machine->resources[resource];
    if (of->kind != NSIM_RESOURCE_LINK || fabric->machine->links[of->owner].loaded_count == 0)
        return;
    const NsimLink *link = &fabric->machine->links[of->owner];
    const NsimCurveMix mix = {
        .point_count = link->loaded_count, .load_bytes_per_s = link->loaded_bytes_per_s, .latency_ps = link->loaded_ps};
    const NsimCurve curve = {.mix_count = 1, .mixes = &mix};
    const NsimTime floor_ps = nsim_curve_latency(&curve, fabric->loads[resource].load_bytes_per_s, 0);
    fabric->servers[resource].floor_ps = (uint32_t)MIN(floor_ps, (NsimTime)UINT32_MAX);
}

/* Measure links whose load adds latency. */
static void
build_loads(NsimFabric *fabric)
{
    const NsimMachine *machine = fabric->machine;
    bool any = false;
    for (uint32_t l = 0; l < machine->link_count; l++)
        any = any || machine->links[l].loaded_count > 0;
    if (!any)
        return;
    fabric->dynamic = true;
    fabric->loads = g_new0(struct NsimLoadState, machine->resource_count);
    for (uint32_t l = 0; l < machine->link_count; l++) {
        const NsimLink *link = &machine->links[l];
        for (int direction = 0; direction < 2 && link->loaded_count > 0; direction++) {
            fabric->loads[link->resource[direction]].measured = true;
            set_link(fabric, link->resource[direction]);
        }
    }
    build_probes(fabric);
}

static void
add_window(NsimFabric *fabric, struct NsimProbe *probe)
{
    const uint64_t lines = fabric->routes[probe->route].lines;
    const uint64_t new_lines = lines - probe->lines_seen;
    if (new_lines == 0)
        return;
    const NsimRoute *route = route_behind(fabric->machine, probe->route);
    for (uint32_t h = 0; h < route->hop_count; h++) {
        struct NsimLoadState *load = &fabric->loads[route->hops[h].resource];
        load->new_bytes += new_lines * route->forward_bytes[h];
        load->new_busy_ps += new_lines * route->hops[h].service_ps;
    }
    probe->lines_seen = lines;
}

static void
roll_loads(NsimFabric *fabric, NsimTime elapsed_ps, uint64_t windows)
{
    for (uint32_t i = 0; i < fabric->probe_count; i++)
        add_window(fabric, &fabric->probes[i]);
    for (uint32_t r = 1; r < fabric->machine->resource_count; r++) {
        struct NsimLoadState *load = &fabric->loads[r];
        if (!load->measured)
            continue;
        const uint64_t rate = nsim_mul_div(load->new_bytes, NSIM_S, elapsed_ps);
        /* A node with a curve has no fixed service time; all its lines are whole ones. */
        const NsimTime busy_ps = load->new_busy_ps + load->new_bytes / NSIM_LINE_BYTES * fabric->servers[r].service_ps;
        const uint64_t share_ppm = MIN(nsim_mul_div(busy_ps, 1000000, elapsed_ps), (uint64_t)UINT32_MAX);
        load->load_bytes_per_s = smooth(load->load_bytes_per_s, rate, windows);
        load->load_ppm = (uint32_t)smooth(load->load_ppm, share_ppm, windows);
        load->new_bytes = 0;
        load->new_busy_ps = 0;
        set_link(fabric, r);
    }
}

void
nsim_fabric_watch(NsimFabric *fabric)
{
    const NsimMachine *machine = fabric->machine;
    if (fabric->watched)
        return;
    fabric->watched = true;
    if (fabric->loads == NULL)
        fabric->loads = g_new0(struct NsimLoadState, machine->resource_count);
    for (uint32_t r = 1; r < machine->resource_count; r++) {
        if (!fabric->loads[r].measured)
            fabric->loads[r] = (struct NsimLoadState){.measured = true};
    }
    g_free(fabric->probes);
    build_probes(fabric);
    fabric->roll_ps = MIN(fabric->roll_ps, nsim_time_add_saturated(fabric->rolled_ps, machine->curve_window_ps));
}

uint32_t
nsim_fabric_load_ppm(const NsimFabric *fabric, uint32_t resource)
{
    return fabric->watched ? fabric->loads[resource].load_ppm : 0;
}

/* Links that take several lines at once: their time at the link's rate. */
static void
set_windows(NsimFabric *fabric)
{
    for (uint32_t l = 0; l < fabric->machine->link_count; l++) {
        const NsimLink *link = &fabric->machine->links[l];
        const uint64_t bytes = (uint64_t)link->window_lines * NSIM_LINE_BYTES;
        const uint64_t rates[] = {link->forward_bytes_per_s, link->reverse_bytes_per_s};
        for (int direction = 0; direction < 2 && bytes > 0; direction++) {
            const NsimTime slack_ps = nsim_time_of_transfer(bytes, rates[direction]);
            fabric->servers[link->resource[direction]].slack_ps = (uint32_t)MIN(slack_ps, (NsimTime)UINT32_MAX);
            fabric->dynamic = true;
        }
    }
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

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
    fabric->dynamic = fabric->curve_count > 0;
    build_loads(fabric);
    set_windows(fabric);
    fabric->roll_ps = fabric->dynamic ? machine->curve_window_ps : NSIM_TIME_MAX;
    return fabric;
}

static void
forgotten_free(struct NsimForgotten *forgotten)
{
    if (forgotten == NULL)
        return;
    g_free(forgotten->routes);
    g_free(forgotten->bytes);
    g_free(forgotten->busy_ps);
    g_free(forgotten);
}

void
nsim_fabric_free(NsimFabric *fabric)
{
    if (fabric == NULL)
        return;
    forgotten_free(fabric->forgotten);
    g_free(fabric->servers);
    g_aligned_free(fabric->routes);
    g_free(fabric->curves);
    g_free(fabric->loads);
    g_free(fabric->probes);
    g_free(fabric);
}

void
nsim_fabric_roll(NsimFabric *fabric, NsimTime now_ps)
{
    const NsimTime elapsed_ps = now_ps - fabric->rolled_ps;
    if (elapsed_ps == 0)
        return;
    /* After an idle stretch of many windows the old load must not linger: drop it window by window, 64 at most. */
    const uint64_t windows = CLAMP(elapsed_ps / fabric->machine->curve_window_ps, (NsimTime)1, (NsimTime)64);

    for (uint32_t i = 0; i < fabric->curve_count; i++) {
        struct NsimCurveState *state = &fabric->curves[i];
        uint64_t moved = 0;
        for (int dir = 0; dir < NSIM_DIRS; dir++) {
            const uint64_t lines = nsim_fabric_node_lines(fabric, state->node, (NsimDir)dir);
            const uint64_t new_lines = lines - state->lines_seen[dir];
            const uint64_t load = nsim_mul_div(new_lines * NSIM_LINE_BYTES, NSIM_S, elapsed_ps);
            state->lines_seen[dir] = lines;
            state->load_bytes_per_s[dir] = smooth(state->load_bytes_per_s[dir], load, windows);
            moved += new_lines;
        }
        state->busy_ps += moved * fabric->servers[state->resource].service_ps;
        set_server(fabric, state);
    }
    if (fabric->loads != NULL)
        roll_loads(fabric, elapsed_ps, windows);
    fabric->rolled_ps = now_ps;
    fabric->roll_ps = nsim_time_add_saturated(now_ps, fabric->machine->curve_window_ps);
}

/* Keep the sums of what is about to be forgotten. */
static void
keep_totals(NsimFabric *fabric)
{
    const uint32_t resource_count = fabric->machine->resource_count;
    g_autofree uint64_t *bytes = g_new(uint64_t, resource_count);
    g_autofree NsimTime *busy_ps = g_new(NsimTime, resource_count);
    if (fabric->forgotten == NULL) {
        fabric->forgotten = g_new0(struct NsimForgotten, 1);
        fabric->forgotten->routes = g_new0(NsimFabricTotal, route_count(fabric));
        fabric->forgotten->bytes = g_new0(uint64_t, resource_count);
        fabric->forgotten->busy_ps = g_new0(NsimTime, resource_count);
    }
    nsim_fabric_usage(fabric, bytes, busy_ps);
    for (uint32_t r = 0; r < resource_count; r++) {
        fabric->forgotten->bytes[r] += bytes[r];
        fabric->forgotten->busy_ps[r] += busy_ps[r];
    }
    for (size_t i = 0; i < route_count(fabric); i++) {
        fabric->forgotten->routes[i].lines += fabric->routes[i].lines;
        fabric->forgotten->routes[i].latency_ps += fabric->routes[i].latency_ps;
    }
}

void
nsim_fabric_forget(NsimFabric *fabric)
{
    const NsimMachine *machine = fabric->machine;
    keep_totals(fabric);
    /* The load of the window that is under way must not be lost: `lines_seen` goes below zero by what it has yet to see, and
     * so does the busy time. Unsigned arithmetic takes both back. */
    for (uint32_t i = 0; i < fabric->curve_count; i++) {
        struct NsimCurveState *state = &fabric->curves[i];
        uint64_t unseen = 0;
        for (int dir = 0; dir < NSIM_DIRS; dir++) {
            state->lines_seen[dir] -= nsim_fabric_node_lines(fabric, state->node, (NsimDir)dir);
            unseen -= state->lines_seen[dir];
        }
        state->busy_ps = -(unseen * fabric->servers[state->resource].service_ps);
    }
    for (uint32_t i = 0; i < fabric->probe_count; i++)
        fabric->probes[i].lines_seen -= fabric->routes[fabric->probes[i].route].lines;
    for (size_t i = 0; i < route_count(fabric); i++)
        fabric->routes[i].lines = fabric->routes[i].latency_ps = 0;
    for (uint32_t r = 0; r < machine->resource_count; r++)
        fabric->servers[r].wait_ps = 0;
}

void
nsim_fabric_usage(const NsimFabric *fabric, uint64_t *ret_bytes, NsimTime *ret_busy_ps)
{
    const NsimMachine *machine = fabric->machine;
    memset(ret_bytes, 0, machine->resource_count * sizeof *ret_bytes);
    memset(ret_busy_ps, 0, machine->resource_count * sizeof *ret_busy_ps);
    for (size_t i = 0; i < route_count(fabric); i++) {
        const uint64_t lines = fabric->routes[i].lines;
        const NsimRoute *route = route_behind(machine, i);
        for (uint32_t h = 0; lines > 0 && h < route->hop_count; h++) {
            ret_bytes[route->hops[h].resource] += lines * route->forward_bytes[h];
            ret_busy_ps[route->hops[h].resource] += lines * route->hops[h].service_ps;
        }
    }
    for (uint32_t i = 0; i < fabric->curve_count; i++) {
        const struct NsimCurveState *state = &fabric->curves[i];
        uint64_t unseen = 0;
        for (int dir = 0; dir < NSIM_DIRS; dir++)
            unseen += nsim_fabric_node_lines(fabric, state->node, (NsimDir)dir) - state->lines_seen[dir];
        ret_busy_ps[state->resource] += state->busy_ps + unseen * fabric->servers[state->resource].service_ps;
    }
}

NsimFabricTotal
nsim_fabric_route_total(const NsimFabric *fabric, uint32_t agent, NsimNodeId node, NsimDir dir)
{
    const NsimFabricRoute *route = nsim_fabric_agent_route(fabric, agent, node, dir);
    NsimFabricTotal total = {.lines = route->lines, .latency_ps = route->latency_ps};
    if (fabric->forgotten != NULL) {
        total.lines += fabric->forgotten->routes[route - fabric->routes].lines;
        total.latency_ps += fabric->forgotten->routes[route - fabric->routes].latency_ps;
    }
    return total;
}

void
nsim_fabric_resource_total(const NsimFabric *fabric, uint32_t resource, uint64_t *ret_bytes, NsimTime *ret_busy_ps)
{
    g_autofree uint64_t *bytes = g_new(uint64_t, fabric->machine->resource_count);
    g_autofree NsimTime *busy_ps = g_new(NsimTime, fabric->machine->resource_count);
    nsim_fabric_usage(fabric, bytes, busy_ps);
    *ret_bytes = bytes[resource] + (fabric->forgotten == NULL ? 0 : fabric->forgotten->bytes[resource]);
    *ret_busy_ps = busy_ps[resource] + (fabric->forgotten == NULL ? 0 : fabric->forgotten->busy_ps[resource]);
}
