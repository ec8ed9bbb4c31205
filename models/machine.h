/* SPDX-License-Identifier: MIT */
/*
 * The machine: accessors, memory nodes, links and the routes between them. Built once from a description, never changed
 * afterwards and shared by all runs of a comparison; what changes during a run (reservation clocks, counters) lives in
 * models/fabric.h.
 *
 * docs/machine.md has the model: what a route reserves, where latencies come from, what is left out.
 */
#pragma once

#include <glib.h>
#include <models/document.h>
#include <numasim/policy.h>

/* Documented limits; exceeding one is an error that names it. */
#define NSIM_NODES_MAX 250u
#define NSIM_ACCESSORS_MAX 1024u
#define NSIM_LINKS_MAX 8192u
#define NSIM_POINTS_MAX 4096u /* besides nodes and accessors, which are points themselves */
#define NSIM_CORES_MAX 1024u  /* of one accessor */
#define NSIM_WINDOW_MAX 4096u /* lines of one core */
#define NSIM_ENGINES_MAX 256u
#define NSIM_ENGINE_CHANNELS_MAX 256u /* of one copy engine */
#define NSIM_ENGINE_WINDOW_MAX 65536u /* lines of a group of its channels */
#define NSIM_ENGINE_LIST_MAX 65536u   /* descriptors of one submission */
#define NSIM_CURVE_POINTS_MAX 256u
#define NSIM_CURVE_MIXES_MAX 16u
/* A route crosses at most this many resources; shorter ones are padded with resource 0, which costs nothing. */
#define NSIM_HOPS_MAX 8u

/* Two directions of traffic: what an accessor asks of a node. */
typedef enum { NSIM_DIR_READ, NSIM_DIR_WRITE, NSIM_DIRS } NsimDir;

/* Measured loaded latency of one mix: latency_ps[i] at load_bytes_per_s[i], both ascending. */
typedef struct {
    uint32_t read_share_ppm;
    uint32_t point_count;
    const uint64_t *load_bytes_per_s;
    const NsimTime *latency_ps;
} NsimCurveMix;

/* Mixes in ascending read share. A node without a curve has mix_count 0 and is a plain queue. */
typedef struct {
    uint32_t mix_count;
    const NsimCurveMix *mixes;
    const char *source;
} NsimCurve;

typedef struct {
    const char *id;
    int32_t nid;
    NsimNodeKind kind;
    uint64_t capacity_bytes;
    NsimTime latency_read_ps, latency_write_ps; /* load-to-use seen from an adjacent accessor, nothing else running */
    uint64_t read_bytes_per_s, write_bytes_per_s;
    uint64_t total_bytes_per_s; /* of reads and writes together; full-duplex nodes may have less than the sum */
    bool full_duplex;           /* reads and writes are served side by side */
    NsimCurve curve;
    /* [DIR_READ] and [DIR_WRITE] are the same resource when not full duplex; `shared` bounds the total or is 0. */
    uint32_t resource[NSIM_DIRS], resource_shared;
} NsimMemoryNode;

typedef struct {
    const char *id;
    NsimAccessorKind kind;
    uint32_t core_count;
    uint64_t clock_hz;
    uint32_t ipc_ppm;        /* instructions per cycle of code that does not wait for memory, parts per million */
    uint32_t window_random;  /* lines outstanding of one core, random accesses */
    uint32_t window_stream;  /* same, streams that prefetchers follow */
    /* Optional private-to-the-accessor last-level cache; bytes 0: none. */
    uint64_t cache_bytes;
    uint32_t cache_ways;
    NsimTime cache_latency_ps;
    /* Optional TLB of each core; entries 0: none. */
    uint32_t tlb_entries, tlb_ways;
    NsimTime tlb_walk_ps;
    NsimTime fault_minor_ps; /* kernel time of a first-touch fault of one base page */
    NsimTime fault_hint_ps;  /* kernel time of a hint fault that moves nothing */
} NsimAccessor;

typedef struct {
    const char *id;
    const char *ends[2]; /* forward runs from ends[0] to ends[1] */
    const char *kind;    /* "upi", "xgmi", "cxl", "pcie", "nvlink", "c2c", "network", "port", ... */
    uint64_t forward_bytes_per_s, reverse_bytes_per_s; /* payload */
    NsimTime latency_ps; /* added to load-to-use latency (both ways together) */
    bool full_duplex;
    uint32_t request_bytes, response_bytes; /* protocol bytes a read sends forward and adds to its answer */
    uint32_t resource[2];                   /* forward, reverse; the same one when half duplex; 0: not limited */
    /* So many lines of a direction cross at once, ahead of its rate; 0: they queue one behind the other. */
    uint32_t window_lines;
    /* Latency added at a load of one direction; 0 points: none but queueing. */
    uint32_t loaded_count;
    const uint64_t *loaded_bytes_per_s;
    const NsimTime *loaded_ps;
} NsimLink;

/*
 * An engine that copies memory without a core: channels that work through descriptors. A descriptor is one contiguous
 * piece, at most `descriptor_bytes_max` long. What copying takes on a channel:
 *
 *     descriptor_ps + bytes / channel rate + translations x translate_ps      (translations: pages of the mapping's size)
 *
 * while reads and writes cross the engine's routes like everybody's, `window_lines` of them outstanding at a time in each
 * group of `group_channels` channels.
 */
typedef struct {
    const char *id;
    const char *preset; /* "ptdma", "ae4dma", "dsa", "ioat", "sdxi", "nvidia-ce", or "" */
    const char *at;     /* the point it sits at */
    uint32_t channel_count;
    uint32_t group_channels;   /* channels that share one set of outstanding requests */
    uint32_t window_lines;     /* of such a group */
    uint64_t channel_bytes_per_s; /* of one channel by itself */
    uint64_t descriptor_bytes_max;
    uint32_t list_max;         /* descriptors of one submission; 1: each folio is submitted and completed alone */
    NsimTime map_ps;           /* on the submitting core, for each descriptor: IOMMU mapping and preparation */
    NsimTime submit_ps;        /* on the submitting core, for each submission: doorbell, ENQCMD, issue_pending */
    NsimTime descriptor_ps;    /* on the channel, for each descriptor */
    NsimTime translate_ps;     /* on the channel, for each page of the mapping: a miss of the device's TLB */
    NsimTime completion_ps;    /* on the submitting core, for each submission: interrupt and wake-up */
    NsimTime timeout_ps;       /* a submission that takes longer is given up and copied by the CPU */
} NsimCopyEngine;

/*
 * What migrating a folio costs on the core that does it, in the order of the kernel's steps (docs/migration.md). For a
 * folio mapped by n page-table entries: isolate + (unmap_folio + n unmap_entry) + flush + copy + (move + n remap_entry) +
 * release.
 */
typedef struct {
    const char *preset;    /* "linux-6.16", ... */
    NsimTime call_ps;      /* once a system call: entry, and draining the LRU caches of all CPUs */
    NsimTime start_ps;     /* once a list of folios handed to the kernel's migrate_pages() */
    NsimTime isolate_ps;   /* each folio: page-table walk, taking it off the LRU */
    NsimTime unmap_folio_ps, unmap_entry_ps; /* lock, allocate the destination; migration entries */
    NsimTime move_ps;      /* each folio: mapping and flags */
    NsimTime remap_entry_ps;
    NsimTime release_ps;   /* each folio: LRU, free the source */
    NsimTime split_ps;     /* splitting a huge page */
    NsimTime flush_base_ps, flush_target_ps; /* TLB shootdown of other CPUs: once, and each of them */
    NsimTime flush_page_ps;    /* each page while at most flush_ceiling of them are flushed one by one */
    uint32_t flush_ceiling;
    NsimTime flush_stolen_ps;  /* taken from every CPU that is interrupted */
    NsimTime dispatch_ps;      /* initiator: handing work to a copy worker */
    NsimTime wake_ps;          /* until a woken worker or waiting thread runs */
    bool broadcast;            /* TLB invalidations are broadcast by hardware (Arm): nobody is interrupted */
} NsimMigrationCosts;

typedef enum { NSIM_RESOURCE_NULL, NSIM_RESOURCE_NODE, NSIM_RESOURCE_LINK } NsimResourceKind;

typedef struct {
    NsimResourceKind kind;
    uint32_t owner;     /* node or link index */
    uint32_t direction; /* links: 0 forward, 1 reverse; nodes: NsimDir, or 2 for the shared total */
    char *name;         /* "DRAM1", "upi>", "upi<" */
} NsimResource;

/* One resource crossed. */
typedef struct {
    uint32_t resource;
    uint32_t service_ps; /* per line; what a line of this direction takes there; 0 at a node with a curve */
} NsimHop;

/*
 * What one accessor's reads or writes of one node cross. Hops stand in the order of travel. `fixed_ps` is the unloaded
 * load-to-use latency. `share_ps[i]` is the part of it spent between hop i - 1's resource (or the issue) and hop i's;
 * the rest follows the last hop. The event-per-hop judge uses the shares and nothing else does.
 */
typedef struct {
    NsimHop hops[NSIM_HOPS_MAX];
    NsimTime fixed_ps;
    uint32_t hop_count;         /* real ones */
    uint32_t service_max_ps;    /* of the slowest hop; a node with a curve counts as 0, see models/fabric.h */
    uint64_t bytes_per_s;       /* of the slowest hop; a node with a curve counts at its highest rate */
    NsimNodeId node;
    uint16_t reachable;
    uint32_t curve_hop;         /* index of the node's own hop */
    NsimTime share_ps[NSIM_HOPS_MAX];
    uint32_t forward_bytes[NSIM_HOPS_MAX]; /* bytes a line puts on hop i */
} NsimRoute;

typedef struct _NsimMachine NsimMachine;

struct _NsimMachine {
    const char *name;
    const char *source; /* where the numbers come from */
    uint32_t page_shift;
    uint32_t node_count, accessor_count, link_count, resource_count, engine_count;
    const NsimMemoryNode *nodes;
    const NsimAccessor *accessors;
    const NsimLink *links;
    const NsimCopyEngine *engines;
    NsimMigrationCosts migration;
    const NsimResource *resources; /* [0] is the null resource */
    uint32_t hop_max;              /* hops of the longest route */
    NsimTime curve_window_ps;      /* over which load and read share are measured */
    /* accessor-major: routes[(accessor * node_count + node) * NSIM_DIRS + dir] */
    const NsimRoute *routes;
    /* the same for copy engines, engine-major */
    const NsimRoute *engine_routes;
    /* order[accessor * node_count + rank]: nodes nearest first, NSIM_NODE_NONE where unreachable */
    const NsimNodeId *order;
    /* Values the description left out and the program filled in, one sentence each: shown by `topo show`. */
    const char *const *assumptions;
    uint32_t assumption_count;
    const char *latency_source; /* what gives latencies: "links", "relative_latency" or "slit" */
};

static inline const NsimRoute *
nsim_machine_route(const NsimMachine *machine, NsimAccessorId accessor, NsimNodeId node, NsimDir dir)
{
    return &machine->routes[((size_t)accessor * machine->node_count + node) * NSIM_DIRS + dir];
}

/* What reads or writes of `node` by copy engine `engine` cross. */
static inline const NsimRoute *
nsim_machine_engine_route(const NsimMachine *machine, uint32_t engine, NsimNodeId node, NsimDir dir)
{
    return &machine->engine_routes[((size_t)engine * machine->node_count + node) * NSIM_DIRS + dir];
}

/* Index of the copy engine with this id, or UINT32_MAX. */
uint32_t nsim_machine_find_engine(const NsimMachine *machine, const char *id);

/*
 * Build from the value of `machine:` (a map, or a file name relative to the file it stands in) or from a file that has
 * a `machine:` key. (transfer full). Errors carry file:line:column.
 */
NsimMachine *nsim_machine_from_value(const NsimValue *value, const char *base_dir, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
NsimMachine *nsim_machine_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
NsimMachine *nsim_machine_ref(NsimMachine *machine);
void nsim_machine_unref(NsimMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimMachine, nsim_machine_unref)

/* Index of the accessor or node with this id (nodes also by nid), or *_NONE. */
NsimAccessorId nsim_machine_find_accessor(const NsimMachine *machine, const char *id);
NsimNodeId nsim_machine_find_node(const NsimMachine *machine, const char *id_or_nid);

/*
 * Latency and rate a curve gives. `load` is clamped to the measured range; between points and between mixes both are
 * interpolated linearly in integers.
 */
NsimTime nsim_curve_latency(const NsimCurve *curve, uint64_t load_bytes_per_s, uint32_t read_share_ppm);
/* Highest measured rate at this read share. */
uint64_t nsim_curve_rate_max(const NsimCurve *curve, uint32_t read_share_ppm);

/* `numasim topo show`: accessors x nodes, nodes, links, assumptions; `routes` adds each route. (transfer full) */
char *nsim_machine_describe(const NsimMachine *machine, bool routes);
