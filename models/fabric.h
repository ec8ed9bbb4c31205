/* SPDX-License-Identifier: MIT */
/*
 * The machine in motion: one reservation clock for each resource (node channel, link direction).
 *
 * A request reserves every resource of its route at its issue time t:
 *
 *     start_r = max(free_r, t);  wait_r = start_r - t;  free_r = start_r + service_r
 *
 * and completes at t + fixed latency + max(wait_r). Fixed latency never advances a clock: reserving at computed arrival
 * times would let a far request block earlier near ones, and summing the waits would lose throughput on full-duplex
 * routes. Copies cross the same resources as everybody else's lines; their lines are counted apart (agents below). A
 * link with `loaded` points has a least wait as well: the latency that its load adds. A link with a window lets so many
 * lines pass ahead of its rate: a queue no longer than they take makes nobody wait. A node with a measured curve has
 * a server whose rate is the measured maximum at the present read share, and a least wait of curve(load) - unloaded
 * latency. All of these are brought up to date once every `curve_window` (nsim_fabric_roll).
 *
 * Left out: banks and rows, arbitration other than first come first served, link-level retries.
 * tests/judge holds an event-per-hop model that this one is compared with.
 */
#pragma once

#include <models/machine.h>

typedef struct {
    NsimTime free_ps;    /* when the resource is free again */
    NsimTime wait_ps;    /* summed waiting of all lines */
    uint32_t service_ps; /* per line, on top of the hop's own: set for nodes with a curve */
    uint32_t floor_ps;   /* least wait: set for nodes with a curve and loaded links */
    uint32_t slack_ps;   /* a queue as long as this makes nobody wait: set for links with a window */
    uint32_t padding;
} NsimServer;

/* A resource on the way of a run's requests. */
typedef struct {
    uint32_t server;     /* its server's byte offset in the fabric's table */
    uint32_t service_ps; /* per line */
} NsimFabricHop;

/* A route in motion: what the hot loop needs of it, five hops to a cache line. Hops beyond the real ones cost nothing. */
typedef struct {
    NsimTime fixed_ps;
    uint64_t lines;          /* moved so far: everything about bytes is derived from it */
    NsimTime latency_ps;     /* summed over the lines */
    uint32_t service_max_ps; /* of its fixed-rate hops */
    uint32_t hop_count;      /* real ones */
    NsimFabricHop hops[NSIM_HOPS_MAX];
    uint32_t node; /* the node's own hop: its server may have a service time of its own */
} __attribute__((aligned(64))) NsimFabricRoute;

typedef struct _NsimFabric NsimFabric;

struct _NsimFabric {
    const NsimMachine *machine;
    NsimServer *servers;     /* by resource; [0] is the null resource and never makes anyone wait */
    /* agent-major, [agent * node_count + node] * NSIM_DIRS + dir. Agents: every accessor's own accesses, then every
     * accessor's cores copying, then the copy engines. */
    NsimFabricRoute *routes;
    uint32_t agent_count;
    /* When loads have to be measured again; NSIM_TIME_MAX where there are none to measure. */
    NsimTime roll_ps;
    /* Some server's rate or least wait changes with its load: the `curves` of nsim_fabric_reserve(). */
    bool dynamic;
    /* private */
    bool watched;
    NsimTime rolled_ps;
    uint32_t curve_count;
    struct NsimCurveState *curves;
    struct NsimLoadState *loads; /* by resource, NULL where none is measured */
    uint32_t probe_count;
    struct NsimProbe *probes; /* routes that cross a measured resource */
    struct NsimForgotten *forgotten; /* NULL: nothing was */
};

NsimFabric *nsim_fabric_new(const NsimMachine *machine);
void nsim_fabric_free(NsimFabric *fabric);

/*
 * Measure the load of every curve node and loaded link (of everything when watched) since the last call and set its
 * server's rate and least wait. Loads are smoothed with weight 1/8 for the newest window: the loop load -> latency ->
 * load is then stable while the curve's relative slope is below 15. Call when now >= roll_ps.
 */
void nsim_fabric_roll(NsimFabric *fabric, NsimTime now_ps);

/* Forget lines, waits and busy times so far, as when statistics begin; reservations stay, and so do the totals below. */
void nsim_fabric_forget(NsimFabric *fabric);

/* The compiler unrolls the hops, whose number is a constant where it matters. */
#if defined(__GNUC__) && !defined(__clang__)
#define NSIM_UNROLL _Pragma("GCC unroll 8")
#else
#define NSIM_UNROLL
#endif

/*
 * Reserve `lines` consecutive lines on the first `hop_count` hops at time t. Returns the longest wait. With `curves` false
 * the machine has no node with a curve, and what only those need is left out.
 */
static inline __attribute__((always_inline)) NsimTime
nsim_fabric_reserve(NsimServer *servers, const NsimFabricRoute *route, const unsigned hop_count, const bool curves,
                    const NsimTime t_ps, const uint64_t lines)
{
    NsimTime wait_max_ps = 0;
    NSIM_UNROLL
    for (unsigned i = 0; i < hop_count; i++) {
        NsimServer *server = (NsimServer *)(void *)((char *)servers + route->hops[i].server);
        const uint64_t service_ps = ((uint64_t)route->hops[i].service_ps + (curves ? server->service_ps : 0)) * lines;
        const NsimTime free_ps = server->free_ps;
        const NsimTime start_ps = free_ps > t_ps ? free_ps : t_ps;
        NsimTime queued_ps = start_ps - t_ps;
        if (curves)
            queued_ps = queued_ps > server->slack_ps ? queued_ps - server->slack_ps : 0;
        const NsimTime wait_ps = curves && queued_ps < server->floor_ps ? server->floor_ps : queued_ps;
        server->free_ps = start_ps + service_ps;
        server->wait_ps += queued_ps * lines;
        wait_max_ps = wait_ps > wait_max_ps ? wait_ps : wait_max_ps;
    }
    return wait_max_ps;
}

/* Time between two lines of a chunk at the slowest resource of a route. */
static inline uint64_t
nsim_fabric_spacing(const NsimServer *servers, const NsimFabricRoute *route)
{
    const uint32_t node_ps = ((const NsimServer *)(const void *)((const char *)servers + route->node))->service_ps;
    return route->service_max_ps > node_ps ? route->service_max_ps : node_ps;
}

static inline NsimFabricRoute *
nsim_fabric_route(const NsimFabric *fabric, NsimAccessorId accessor, NsimNodeId node, NsimDir dir)
{
    return &fabric->routes[((size_t)accessor * fabric->machine->node_count + node) * NSIM_DIRS + dir];
}

/* The agent that stands for copies by cores of an accessor, and for a copy engine. */
static inline uint32_t
nsim_fabric_copy_agent(const NsimFabric *fabric, NsimAccessorId accessor)
{
    return fabric->machine->accessor_count + accessor;
}

static inline uint32_t
nsim_fabric_engine_agent(const NsimFabric *fabric, uint32_t engine)
{
    return 2 * fabric->machine->accessor_count + engine;
}

static inline NsimFabricRoute *
nsim_fabric_agent_route(const NsimFabric *fabric, uint32_t agent, NsimNodeId node, NsimDir dir)
{
    return &fabric->routes[((size_t)agent * fabric->machine->node_count + node) * NSIM_DIRS + dir];
}

/* The machine's description of an agent's route. */
const NsimRoute *nsim_fabric_machine_route(const NsimFabric *fabric, uint32_t agent, NsimNodeId node, NsimDir dir);

/* Lines of all agents that went to or came from a node so far. O(agents). */
uint64_t nsim_fabric_node_lines(const NsimFabric *fabric, NsimNodeId node, NsimDir dir);

/*
 * Load of a resource over the last windows, smoothed like a curve's, in parts per million of its rate; 0 where it is
 * not known. Measured only after nsim_fabric_watch(), to be called before the run: then rolls happen every curve_window
 * on every machine.
 */
void nsim_fabric_watch(NsimFabric *fabric);
uint32_t nsim_fabric_load_ppm(const NsimFabric *fabric, uint32_t resource);

/* Lines an accessor moved to or from a node so far. */
static inline uint64_t
nsim_fabric_lines(const NsimFabric *fabric, NsimAccessorId accessor, NsimNodeId node, NsimDir dir)
{
    return nsim_fabric_route(fabric, accessor, node, dir)->lines;
}

/* Bytes that crossed resource `r` so far, and the time it was busy with them. Derived from the routes' lines. O(routes). */
void nsim_fabric_usage(const NsimFabric *fabric, uint64_t *ret_bytes, NsimTime *ret_busy_ps);

/* The same since the beginning, whatever was forgotten. */
typedef struct {
    uint64_t lines;
    NsimTime latency_ps;
} NsimFabricTotal;
NsimFabricTotal nsim_fabric_route_total(const NsimFabric *fabric, uint32_t agent, NsimNodeId node, NsimDir dir);
void nsim_fabric_resource_total(const NsimFabric *fabric, uint32_t resource, uint64_t *ret_bytes, NsimTime *ret_busy_ps);
