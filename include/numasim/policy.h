/* SPDX-License-Identifier: MIT */
/*
 * The contract between numasim and a policy plug-in.
 *
 * A policy decides; it never does. It learns of the machine and of memory only what a real one could (faults, free
 * memory, counters), and it answers with decisions that the core checks, prices, executes and attributes. There is no
 * call-back per access. The same source file builds into the program or as a shared object for --plugin: see
 * policies/template/.
 *
 * Compatibility: a change that breaks built plug-ins raises NSIM_ABI_VERSION; growth is appended to the structs and
 * covered by `struct_size`.
 */
#pragma once

#include <glib.h>
#include <numasim/migration.h>
#include <numasim/option.h>
#include <numasim/types.h>

#define NSIM_ABI_VERSION 1u

/* The core as a policy sees it. `ops` is filled by the core; use the inline functions below. */
typedef struct _NsimHost NsimHost;
typedef struct _NsimHostOps NsimHostOps;
/* numasim/damon.h */
typedef struct _NsimDamonOpsClass NsimDamonOpsClass;

typedef enum {
    NSIM_NODE_DRAM,
    NSIM_NODE_CXL,
    NSIM_NODE_HBM,
    NSIM_NODE_GPU,
    NSIM_NODE_COMPRESSED,
    NSIM_NODE_REMOTE,
    NSIM_NODE_DISK,
    NSIM_NODE_KINDS
} NsimNodeKind;

typedef enum { NSIM_ACCESSOR_CPU, NSIM_ACCESSOR_GPU, NSIM_ACCESSOR_DEVICE, NSIM_ACCESSOR_KINDS } NsimAccessorKind;

/* Set `struct_size = sizeof` before the call; the core fills what fits. Strings belong to the core. */
typedef struct {
    uint32_t struct_size;
    int32_t nid; /* the number users and kernels know it by */
    const char *id;
    NsimNodeKind kind;
    uint64_t capacity_pages;
    uint64_t read_bytes_per_s, write_bytes_per_s;
} NsimNodeInfo;

typedef struct {
    uint32_t struct_size;
    NsimAccessorKind kind;
    const char *id;
    uint32_t core_count;
} NsimAccessorInfo;

/* What one accessor can expect of one node when nothing else runs. */
typedef struct {
    uint32_t struct_size;
    uint32_t reachable; /* 0 or 1 */
    NsimTime latency_read_ps, latency_write_ps;
    uint64_t read_bytes_per_s, write_bytes_per_s; /* of the narrowest resource on the way */
} NsimRouteInfo;

/* A channel or link direction that a route crosses, and how long one line keeps it busy. */
typedef struct {
    uint32_t resource; /* below nsim_resource_count() */
    uint32_t service_ps;
} NsimRouteHop;

typedef struct {
    uint32_t struct_size;
    uint32_t region_count;
    uint64_t page_count; /* base pages; pages of one region are contiguous and in address order */
    const char *workload;
    uint64_t page_bytes; /* of a base page */
    uint64_t resident_pages; /* have memory now */
} NsimSpaceInfo;

typedef struct {
    uint32_t struct_size;
    uint32_t unit_pages; /* unit of movement in base pages */
    NsimPage first;
    uint64_t count; /* base pages */
    uint64_t address; /* virtual address of the first page */
    const char *name; /* "weights", "kv-cache", ..., "" when the trace names none */
} NsimRegionInfo;

typedef enum {
    NSIM_FAULT_LOAD,        /* the workload's loader touches pages before the trace begins */
    NSIM_FAULT_FIRST_TOUCH, /* an accessor touches pages that have no memory yet */
    NSIM_FAULT_HINT         /* an accessor touches a page the policy armed */
} NsimFaultKind;

/* `count` pages from `page` on, one unit or (LOAD) several, never across 2 MiB. */
typedef struct {
    NsimTime time_ps;
    NsimPage page;
    uint32_t count;
    NsimSpaceId space;
    NsimAccessorId accessor;
    uint16_t kind;  /* NsimFaultKind */
    uint16_t write; /* 1: the access writes */
    uint32_t thread;
} NsimFault;

typedef enum {
    NSIM_DECIDE_PLACE, /* give `count` pages without memory a place on `node` */
    NSIM_DECIDE_ARM,   /* the next access to any of the pages faults */
    NSIM_DECIDE_DISARM,
    NSIM_DECIDE_MOVE   /* move present pages to `node`; answers with a token */
} NsimDecisionKind;

enum {
    /* PLACE: when `node` is full, go on in the order of distance from `accessor`, as the kernel's zonelists do. */
    NSIM_PLACE_FALLBACK = 1u << 0
};

/* Flags of MOVE. */
enum {
    /* Wait for locks and writeback as MIGRATE_SYNC does, with more passes; MIGRATE_ASYNC otherwise. */
    NSIM_MOVE_SYNC = 1u << 0,
    /* Change places with the `count` pages from `partner` on, which are on `node` (Nimble): needs no free memory. */
    NSIM_MOVE_EXCHANGE = 1u << 1,
    /* Copy while the pages stay mapped, commit if they were not written meanwhile, keep the old place as a shadow (Nomad). */
    NSIM_MOVE_TRANSACTIONAL = 1u << 2,
    /* A system call: its fixed cost (entry, draining LRU caches) is paid once for the list. */
    NSIM_MOVE_SYSCALL = 1u << 3
};

/* One decision. Fields a kind does not name are ignored. */
typedef struct {
    uint32_t struct_size;
    uint32_t kind;  /* NsimDecisionKind */
    uint32_t flags; /* of the kind */
    uint32_t count; /* pages */
    NsimPage page;
    NsimSpaceId space;
    NsimNodeId node;
    NsimAccessorId accessor; /* for whom: orders the fall-back; MOVE: promotion or demotion is seen from here */
    uint16_t reserved;
    /* MOVE */
    uint32_t queue;   /* 0: in the fault that is being handled, which waits for it; 1 and up: a kernel thread each */
    uint32_t reason;  /* NsimReason */
    NsimPage partner; /* EXCHANGE */
} NsimDecision;

/* What became of a MOVE. */
typedef struct {
    uint32_t struct_size;
    uint32_t cause; /* NsimCause of the first page that failed, NSIM_CAUSE_NONE */
    uint64_t token;
    NsimTime time_ps;
    uint64_t moved_pages, failed_pages;
    uint64_t skipped_pages; /* without memory, on `node` already, or under migration */
    NsimPage page;          /* as in the decision */
    uint32_t count;
    NsimSpaceId space;
    NsimNodeId node;
} NsimOutcome;

/* A region that DAMON takes to be accessed alike. */
typedef struct {
    uint64_t start, end;  /* addresses, [start, end) */
    uint32_t nr_accesses; /* samples that found it accessed, of the snapshot's aggr_samples */
    uint32_t age;         /* aggregation intervals */
} NsimSnapshotRegion;

/* What a kdamond knows of one target at the end of an aggregation interval. */
typedef struct {
    uint32_t struct_size;
    uint32_t kdamond, context, target;
    NsimSpaceId space; /* NSIM_SPACE_NONE: addresses are physical (nsim_physical()), or those of a plug-in's operations */
    uint16_t reserved;
    uint32_t region_count;
    NsimTime time_ps;
    NsimTime sample_ps, aggr_ps;
    uint32_t aggr_samples;
    uint32_t reserved2;
    const NsimSnapshotRegion *regions; /* ascending; valid during the call */
} NsimSnapshot;

/*
 * What page replacement does: LRU lists, watermarks, kswapd and direct reclaim, demotion, swap (docs/reclaim.md). Begin with
 * NSIM_RECLAIM_DEFAULTS.
 */
typedef struct {
    uint32_t struct_size;
    bool demotion;  /* reclaim moves pages to the next lower tier (demotion_enabled) */
    bool swap;      /* reclaim writes pages to a disk node, where the machine has one */
    bool promo;     /* kswapd works until the promo watermark: what NUMA balancing in tiering mode asks for */
    bool wake_low;  /* kswapd wakes when a node that allocates is below low, not when all nodes are */
    uint64_t swappiness;                /* 0 to 200: anonymous against file pages */
    uint64_t watermark_scale_factor;    /* distance of watermarks, parts per 10000 of a node */
    uint64_t demote_scale_factor;       /* parts per 10000 of a node; above 0 kswapd begins below it and works until so
                                           much is free, decoupled from allocation (TPP) */
    uint64_t min_free_bytes;            /* of all nodes together; 0: the kernel's formula */
    NsimTime scan_ps;                   /* CPU time of looking at a folio */
    NsimTime swap_fault_ps, swap_io_ps; /* CPU time of a fault on a page on disk, and of each page's input or output */
} NsimReclaimConfig;

#define NSIM_RECLAIM_DEFAULTS                                                                                           \
    {                                                                                                                  \
        .struct_size = sizeof(NsimReclaimConfig), .swap = true, .swappiness = 60, .watermark_scale_factor = 10,        \
        .scan_ps = 500 * NSIM_NS, .swap_fault_ps = 4 * NSIM_US, .swap_io_ps = 6 * NSIM_US                              \
    }

/* Pages on the lists of a node, and its watermarks, in base pages; 0 without reclaim. Set `struct_size`. */
typedef struct {
    uint32_t struct_size;
    uint32_t tier; /* memory tier, lower is faster; NSIM_TIER_NO */
    uint64_t free_pages, min_pages, low_pages, high_pages, promo_pages, demote_pages;
    uint64_t inactive_anon, active_anon, inactive_file, active_file;
} NsimNodeState;
#define NSIM_TIER_NO UINT32_MAX

/* What page replacement knows of a page: flags of its folio. */
enum {
    NSIM_PAGE_IS_ON_LRU = 1u << 0,
    NSIM_PAGE_IS_ACTIVE = 1u << 1,
    NSIM_PAGE_IS_REFERENCED = 1u << 2, /* found accessed by the last scan */
    NSIM_PAGE_IS_FILE = 1u << 3,
    NSIM_PAGE_IS_ON_DISK = 1u << 4
};

/* What can be done about it. */
typedef enum {
    NSIM_LRU_ACTIVATE,   /* to the head of the active list */
    NSIM_LRU_DEACTIVATE, /* to the head of the inactive list */
    NSIM_LRU_PAGEOUT     /* out to a disk node now, whatever its accessed bit says */
} NsimLruAction;

/* A thread of a workload. Its CPU time stands still while it sleeps, waits at a barrier or waits for pages under migration. */
typedef struct {
    uint32_t struct_size;
    uint32_t thread; /* number in its workload, as in NsimFault */
    NsimSpaceId space;
    NsimAccessorId accessor;
    uint32_t core; /* of the accessor */
    NsimTime start_ps;
    NsimTime cpu_ps; /* used so far, kernel work on its behalf included */
    bool ended;
    bool runnable; /* not ended, and waits for nobody */
} NsimTaskInfo;

/*
 * Arming by a scan of page tables in a task's context, as change_prot_numa() does: the task stands still for `page_ps` for
 * each present page of the range and `change_ps` for each one armed, and for one TLB shootdown when there are any; the
 * other CPUs that run threads of the space lose the time of an interrupt.
 */
typedef struct {
    uint32_t struct_size;
    uint32_t task; /* below nsim_task_count(); runs in this space */
    NsimPage page;
    uint32_t count; /* pages */
    NsimSpaceId space;
    uint16_t reserved;
    const bool *nodes; /* by node: arm what is there; NULL: on all nodes */
    NsimTime page_ps, change_ps;
    bool *ret_armed; /* nullable, `count` long: which pages are newly armed */
} NsimScan;

/* Which misses hardware sampling counts: both, when neither is given. */
enum {
    NSIM_SAMPLE_READS = 1u << 0,
    NSIM_SAMPLE_WRITES = 1u << 1 /* stores, those that fetch their line included */
};

/*
 * Hardware sampling (PEBS, IBS) of one accessor's cores: every `period_lines`-th line that they miss. The period's low part
 * is random, from a stream of its own, so that a stride does not hide from it.
 */
typedef struct {
    uint32_t struct_size;
    uint32_t flags;
    NsimAccessorId accessor; /* NSIM_ACCESSOR_NONE: all of them */
    uint16_t reserved;
    uint32_t buffer;       /* samples that a core gathers before it is interrupted; at least 1 */
    uint64_t period_lines; /* 0: off */
    NsimTime sample_ps;    /* time that each sample takes from its core */
    NsimTime interrupt_ps; /* ... and each interrupt */
} NsimSampling;

/* One sampled line. */
typedef struct {
    NsimTime time_ps;
    NsimPage page;
    uint32_t thread; /* of its workload */
    NsimSpaceId space;
    NsimAccessorId accessor;
    NsimNodeId node; /* that served it */
    uint16_t line;   /* of the page */
    uint16_t write;  /* 1: a store */
    uint16_t core;   /* of the accessor */
} NsimSample;

/* Since the run began. Set `struct_size` before the call. */
typedef struct {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t read_bytes, write_bytes; /* of all accessors and engines */
} NsimNodeCounters;

typedef struct {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t reads, writes;   /* lines */
    NsimTime read_latency_ps; /* summed over the reads: divided by them, the mean loaded latency */
    NsimTime write_latency_ps;
} NsimRouteCounters;

typedef struct {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t bytes;
    NsimTime busy_ps;
} NsimResourceCounters;

/* The most queues a policy can use. */
#define NSIM_QUEUES_MAX 64u

struct _NsimHostOps {
    uint32_t struct_size;
    uint32_t abi_version;
    NsimTime (*now)(const NsimHost *host);
    uint32_t (*node_count)(const NsimHost *host);
    uint32_t (*accessor_count)(const NsimHost *host);
    uint32_t (*space_count)(const NsimHost *host);
    bool (*node_info)(const NsimHost *host, NsimNodeId node, NsimNodeInfo *info);
    bool (*accessor_info)(const NsimHost *host, NsimAccessorId accessor, NsimAccessorInfo *info);
    bool (*route_info)(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteInfo *info);
    bool (*space_info)(const NsimHost *host, NsimSpaceId space, NsimSpaceInfo *info);
    bool (*region_info)(const NsimHost *host, NsimSpaceId space, uint32_t region, NsimRegionInfo *info);
    NsimNodeId (*node_by_id)(const NsimHost *host, const char *id_or_nid);
    NsimNodeId (*node_by_rank)(const NsimHost *host, NsimAccessorId accessor, uint32_t rank);
    uint64_t (*free_pages)(const NsimHost *host, NsimNodeId node);
    NsimNodeId (*page_node)(const NsimHost *host, NsimSpaceId space, NsimPage page);
    uint64_t (*random)(NsimHost *host);
    uint64_t *(*counters)(NsimHost *host);
    uint64_t (*decide)(NsimHost *host, const NsimDecision *decision);
    bool (*set_timer)(NsimHost *host, NsimTime when_ps, uint64_t cookie);
    void (*fail)(NsimHost *host, const char *message);
    bool (*future_lines)(const NsimHost *host, NsimSpaceId space, NsimAccessorId accessor, NsimPage page, uint32_t count,
                         uint32_t *ret_reads, uint32_t *ret_writes);
    bool (*future_compute)(const NsimHost *host, NsimAccessorId accessor, NsimTime *ret_gap_ps,
                           uint32_t *ret_window_lines);
    uint32_t (*route_hops)(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, bool write, uint32_t hop_max,
                           NsimRouteHop *ret_hops);
    uint32_t (*resource_count)(const NsimHost *host);
    bool (*cancel)(NsimHost *host, uint64_t token);
    bool (*name_queue)(NsimHost *host, uint32_t queue, const char *name);
    uint64_t (*queue_pages)(const NsimHost *host, uint32_t queue);
    bool (*damon)(NsimHost *host, const char *text, GError **error);
    bool (*damon_feed)(NsimHost *host, uint32_t kdamond, uint32_t scheme, uint32_t goal, uint64_t value);
    bool (*physical)(const NsimHost *host, uint64_t address, NsimSpaceId *ret_space, NsimPage *ret_page);
    /* page replacement */
    bool (*reclaim)(NsimHost *host, const NsimReclaimConfig *config, GError **error);
    bool (*node_state)(const NsimHost *host, NsimNodeId node, NsimNodeState *state);
    uint32_t (*page_flags)(const NsimHost *host, NsimSpaceId space, NsimPage page);
    uint64_t (*lru_action)(NsimHost *host, NsimSpaceId space, NsimPage page, uint64_t count, uint32_t action);
    NsimNodeId (*demotion_node)(const NsimHost *host, NsimNodeId node);
    void (*wake_kswapd)(NsimHost *host, NsimNodeId node);
    uint64_t (*memory_pressure_us)(const NsimHost *host, bool full);
    uint32_t (*task_count)(const NsimHost *host);
    bool (*task_info)(const NsimHost *host, uint32_t task, NsimTaskInfo *info);
    bool (*charge)(NsimHost *host, uint32_t task, NsimTime ps);
    uint64_t (*scan)(NsimHost *host, const NsimScan *scan, NsimTime *ret_cost_ps);
    bool (*sample)(NsimHost *host, const NsimSampling *sampling);
    uint64_t (*read_samples)(NsimHost *host);
    bool (*node_counters)(const NsimHost *host, NsimNodeId node, NsimNodeCounters *counters);
    bool (*route_counters)(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteCounters *counters);
    bool (*resource_counters)(const NsimHost *host, uint32_t resource, NsimResourceCounters *counters);
    uint64_t (*clear_young)(NsimHost *host, NsimSpaceId space, NsimPage page, uint64_t count, uint32_t queue,
                            uint64_t *ret_young);
    NsimTime (*kernel_work)(NsimHost *host, uint32_t queue, NsimTime work_ps);
    bool (*page_at)(const NsimHost *host, NsimSpaceId space, uint64_t address, NsimPage *ret_page);
    bool (*damon_ops)(NsimHost *host, const NsimDamonOpsClass *ops, void *data, GError **error);
};

struct _NsimHost {
    const NsimHostOps *ops;
    /* the core's own state follows */
};

enum {
    NSIM_CAP_DETERMINISTIC = 1u << 0, /* same inputs, same decisions; every shipped policy has it */
    NSIM_CAP_FUTURE = 1u << 1,        /* reads the trace ahead of time: an upper bound, not a real policy */
    NSIM_CAP_LAZY = 1u << 2           /* wants no LOAD faults: pages stay without memory until the trace touches them */
};

typedef struct {
    uint32_t abi_version; /* NSIM_ABI_VERSION */
    uint32_t struct_size; /* sizeof(NsimPolicyClass) */
    const char *name;     /* as the user types it, equal to the file's name */
    const char *summary;  /* one sentence */
    const char *source;   /* paper and section, or kernel file and version */
    const char *licence;  /* SPDX id */
    uint32_t caps;
    uint32_t option_count;
    const NsimOption *options;
    size_t config_size; /* of the struct the option rows point into; 0 without options */
    const NsimCounter *counters;
    uint32_t counter_count;
    uint32_t reserved;

    /*
     * An instance for one run. `config` holds the parsed options and outlives the instance. Called before any page is
     * placed. Return the instance, or NULL with `error` set (a user error: exit status 2). Required.
     */
    void *(*attach)(NsimHost *host, const void *config, GError **error);
    /* Free the instance. Required. */
    void (*detach)(void *self, NsimHost *host);
    /*
     * Pages were touched. LOAD and FIRST_TOUCH: place each range, wholly or in parts; what is left without memory
     * afterwards the core places as the kernel's default policy would. HINT: the fault resumes when this returns.
     * Optional: without it the default policy places everything.
     */
    void (*faults)(void *self, NsimHost *host, const NsimFault *faults, uint32_t count);
    /* A timer set with nsim_set_timer() is due. Optional. */
    void (*timer)(void *self, NsimHost *host, uint64_t cookie);
    /*
     * `node` lacks memory for `need` more pages. Free some or return; the allocation then falls back. Optional.
     */
    void (*pressure)(void *self, NsimHost *host, NsimNodeId node, uint64_t need);
    /* A MOVE has ended, wholly, in part or not at all. Optional. */
    void (*done)(void *self, NsimHost *host, const NsimOutcome *outcome);
    /* A kdamond of nsim_damon() has finished an aggregation interval; called for each of its targets. Optional. */
    void (*regions)(void *self, NsimHost *host, const NsimSnapshot *snapshot);
    /* A core's buffer of hardware samples is full (nsim_sample()), or nsim_read_samples() empties it. Optional. */
    void (*samples)(void *self, NsimHost *host, const NsimSample *samples, uint32_t count);
} NsimPolicyClass;

/*
 * Put this once at the end of the source. Built into numasim (NSIM_BUILTIN defined by its makefile) the class gets a
 * name of its own; as a shared object it becomes the one symbol that the loader looks for.
 */
#ifdef NSIM_BUILTIN
#define NSIM_POLICY_EXPORT(ident, class_struct)                                                                         \
    extern const NsimPolicyClass *const nsim_policy_##ident;                                                           \
    const NsimPolicyClass *const nsim_policy_##ident = &(class_struct)
#else
#define NSIM_POLICY_EXPORT(ident, class_struct)                                                                         \
    extern __attribute__((visibility("default"))) const NsimPolicyClass *const nsim_plugin_policy;                     \
    const NsimPolicyClass *const nsim_plugin_policy = &(class_struct)
#endif
#define NSIM_POLICY_SYMBOL "nsim_plugin_policy"

/* Error domain and code for a policy's `attach`. */
#define NSIM_POLICY_ERROR (g_quark_from_static_string("nsim-policy-error"))
enum { NSIM_POLICY_ERROR_OPTION = 1 };

/* ---- What a policy may ask ---------------------------------------------------------------------------------- */

/* Simulated time now. */
static inline NsimTime
nsim_now(const NsimHost *host)
{
    return host->ops->now(host);
}

static inline uint32_t
nsim_node_count(const NsimHost *host)
{
    return host->ops->node_count(host);
}

static inline uint32_t
nsim_accessor_count(const NsimHost *host)
{
    return host->ops->accessor_count(host);
}

static inline uint32_t
nsim_space_count(const NsimHost *host)
{
    return host->ops->space_count(host);
}

/* False: no such node. */
static inline bool
nsim_node_info(const NsimHost *host, NsimNodeId node, NsimNodeInfo *info)
{
    info->struct_size = sizeof *info;
    return host->ops->node_info(host, node, info);
}

/* False: no such accessor. */
static inline bool
nsim_accessor_info(const NsimHost *host, NsimAccessorId accessor, NsimAccessorInfo *info)
{
    info->struct_size = sizeof *info;
    return host->ops->accessor_info(host, accessor, info);
}

/* False: no such accessor or node. */
static inline bool
nsim_route_info(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteInfo *info)
{
    info->struct_size = sizeof *info;
    return host->ops->route_info(host, accessor, node, info);
}

/*
 * The resources that reads (or writes) of `node` by `accessor` cross, at most `hop_max` of them; returns how many. Routes
 * that share a resource compete for it.
 */
static inline uint32_t
nsim_route_hops(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, bool write, uint32_t hop_max,
                NsimRouteHop *ret_hops)
{
    return host->ops->route_hops(host, accessor, node, write, hop_max, ret_hops);
}

static inline uint32_t
nsim_resource_count(const NsimHost *host)
{
    return host->ops->resource_count(host);
}

/* False: no such space. */
static inline bool
nsim_space_info(const NsimHost *host, NsimSpaceId space, NsimSpaceInfo *info)
{
    info->struct_size = sizeof *info;
    return host->ops->space_info(host, space, info);
}

/* False: no such region. */
static inline bool
nsim_region_info(const NsimHost *host, NsimSpaceId space, uint32_t region, NsimRegionInfo *info)
{
    info->struct_size = sizeof *info;
    return host->ops->region_info(host, space, region, info);
}

/* The node with this id ("DRAM1") or number ("0"), or NSIM_NODE_NONE. */
static inline NsimNodeId
nsim_node_by_id(const NsimHost *host, const char *id_or_nid)
{
    return host->ops->node_by_id(host, id_or_nid);
}

/* The rank-th nearest node of an accessor (0 = nearest) by unloaded read latency, equal ones in the machine's order; NSIM_NODE_NONE past the
 * last one it reaches. */
static inline NsimNodeId
nsim_node_by_rank(const NsimHost *host, NsimAccessorId accessor, uint32_t rank)
{
    return host->ops->node_by_rank(host, accessor, rank);
}

static inline uint64_t
nsim_free_pages(const NsimHost *host, NsimNodeId node)
{
    return host->ops->free_pages(host, node);
}

/* Where a page is, or NSIM_NODE_NONE. */
static inline NsimNodeId
nsim_page_node(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    return host->ops->page_node(host, space, page);
}

/* The first page at a virtual address or behind it. False: there is none. */
static inline bool
nsim_page_at(const NsimHost *host, NsimSpaceId space, uint64_t address, NsimPage *ret_page)
{
    return host->ops->page_at(host, space, address, ret_page);
}

/* The next number of this policy's own random stream. */
static inline uint64_t
nsim_random_next(NsimHost *host)
{
    return host->ops->random(host);
}

/* The policy's counters, one for each row of its table, in order. */
static inline uint64_t *
nsim_counters(NsimHost *host)
{
    return host->ops->counters(host);
}

/*
 * Lines that `accessor` will read and write in each of `count` pages from `page` on over the whole trace. Only for
 * policies with NSIM_CAP_FUTURE; false otherwise. Either array may be NULL.
 */
static inline bool
nsim_future_lines(const NsimHost *host, NsimSpaceId space, NsimAccessorId accessor, NsimPage page, uint32_t count,
                  uint32_t *ret_reads, uint32_t *ret_writes)
{
    return host->ops->future_lines(host, space, accessor, page, count, ret_reads, ret_writes);
}

/*
 * The longest compute time of any one thread of `accessor` and the lines its busy cores can have outstanding. Only with
 * NSIM_CAP_FUTURE; false otherwise.
 */
static inline bool
nsim_future_compute(const NsimHost *host, NsimAccessorId accessor, NsimTime *ret_gap_ps, uint32_t *ret_window_lines)
{
    return host->ops->future_compute(host, accessor, ret_gap_ps, ret_window_lines);
}

/* ---- What a policy may decide -------------------------------------------------------------------------------- */

/*
 * Give pages without memory a place on `node`. Returns how many of them got one (from the first on); pages that already
 * have memory are skipped and count. NSIM_PLACE_FALLBACK lets a full node overflow to the next ones in the order of
 * distance from `accessor`.
 */
static inline uint64_t
nsim_place(NsimHost *host, NsimSpaceId space, NsimPage page, uint32_t count, NsimNodeId node, NsimAccessorId accessor,
           uint32_t flags)
{
    const NsimDecision decision = { .struct_size = sizeof decision,
                                    .kind = NSIM_DECIDE_PLACE,
                                    .flags = flags,
                                    .count = count,
                                    .page = page,
                                    .space = space,
                                    .node = node,
                                    .accessor = accessor };
    return host->ops->decide(host, &decision);
}

/* Let the next access to each of the pages raise a HINT fault. Returns the number of pages newly armed. */
static inline uint64_t
nsim_arm(NsimHost *host, NsimSpaceId space, NsimPage page, uint32_t count)
{
    const NsimDecision decision = {
        .struct_size = sizeof decision, .kind = NSIM_DECIDE_ARM, .count = count, .page = page, .space = space
    };
    return host->ops->decide(host, &decision);
}

/* Take armed faults back. Returns the number of pages disarmed. */
static inline uint64_t
nsim_disarm(NsimHost *host, NsimSpaceId space, NsimPage page, uint32_t count)
{
    const NsimDecision decision = {
        .struct_size = sizeof decision, .kind = NSIM_DECIDE_DISARM, .count = count, .page = page, .space = space
    };
    return host->ops->decide(host, &decision);
}

/*
 * Move `count` present pages from `page` on to `node`. Queue 0 is for `faults` alone: the faulting thread does the work and
 * goes on when it is done. Other queues (below NSIM_QUEUES_MAX) are kernel threads; each works its moves off in order. Returns
 * a token for `done` and nsim_cancel(). Pages that are on the node already, absent or on the move are skipped.
 */
static inline uint64_t
nsim_move(NsimHost *host, NsimSpaceId space, NsimPage page, uint32_t count, NsimNodeId node, NsimAccessorId accessor,
          uint32_t queue, NsimReason reason, uint32_t flags)
{
    const NsimDecision decision = { .struct_size = sizeof decision,
                                    .kind = NSIM_DECIDE_MOVE,
                                    .flags = flags,
                                    .count = count,
                                    .page = page,
                                    .space = space,
                                    .node = node,
                                    .accessor = accessor,
                                    .queue = queue,
                                    .reason = reason };
    return host->ops->decide(host, &decision);
}

/* Let pages change places with as many others of the same space, which are on `node`. Otherwise as nsim_move(). */
static inline uint64_t
nsim_exchange(NsimHost *host, NsimSpaceId space, NsimPage page, NsimPage partner, uint32_t count, NsimNodeId node,
              NsimAccessorId accessor, uint32_t queue, NsimReason reason, uint32_t flags)
{
    const NsimDecision decision = { .struct_size = sizeof decision,
                                    .kind = NSIM_DECIDE_MOVE,
                                    .flags = flags | NSIM_MOVE_EXCHANGE,
                                    .count = count,
                                    .page = page,
                                    .space = space,
                                    .node = node,
                                    .accessor = accessor,
                                    .queue = queue,
                                    .reason = reason,
                                    .partner = partner };
    return host->ops->decide(host, &decision);
}

/* What has not begun of a move is not done any more. False: it has ended, or never was. */
static inline bool
nsim_cancel(NsimHost *host, uint64_t token)
{
    return host->ops->cancel(host, token);
}

/* Name the kernel thread of a queue ("kdamond.0"): who pays, in the report. False: no such queue. */
static inline bool
nsim_name_queue(NsimHost *host, uint32_t queue, const char *name)
{
    return host->ops->name_queue(host, queue, name);
}

/* Pages asked for in a queue and not done yet. */
static inline uint64_t
nsim_queue_pages(const NsimHost *host, uint32_t queue)
{
    return host->ops->queue_pages(host, queue);
}

/* Have `timer` called at `when_ps` with `cookie`. False when that time is past. */
static inline bool
nsim_set_timer(NsimHost *host, NsimTime when_ps, uint64_t cookie)
{
    return host->ops->set_timer(host, when_ps, cookie);
}

/* End the run as failed with this message (exit status 1). */
static inline void
nsim_fail(NsimHost *host, const char *message)
{
    host->ops->fail(host, message);
}

/* ---- DAMON ------------------------------------------------------------------------------------------------------ */

/*
 * Start the kdamonds of a text: a damo command line or a kdamonds file in JSON or YAML. Snapshots come to `regions`;
 * schemes of the text migrate by themselves. Called again, with a text of the same shape, it changes the parameters as
 * `damo tune` does. False with `error`. Physical addresses can only be watched when this is first called in `attach`.
 */
static inline bool
nsim_damon(NsimHost *host, const char *text, GError **error)
{
    return host->ops->damon(host, text, error);
}

/*
 * Bring operations (numasim/damon.h), which texts may name from now on; `data` is handed to them until `detach`. False
 * with `error`: their name is taken, or they are not sound.
 */
static inline bool
nsim_damon_ops(NsimHost *host, const NsimDamonOpsClass *ops, void *data, GError **error)
{
    return host->ops->damon_ops(host, ops, data, error);
}

/* Set the current value of a `user_input` quota goal. False: there is no such kdamond, scheme or goal. */
static inline bool
nsim_damon_feed(NsimHost *host, uint32_t kdamond, uint32_t scheme, uint32_t goal, uint64_t value)
{
    return host->ops->damon_feed(host, kdamond, scheme, goal, value);
}

/* Whose memory lies at a physical address. False: nobody's, or nobody asked for physical addresses. */
static inline bool
nsim_physical(const NsimHost *host, uint64_t address, NsimSpaceId *ret_space, NsimPage *ret_page)
{
    return host->ops->physical(host, address, ret_space, ret_page);
}

/* ---- Page replacement (docs/reclaim.md) ------------------------------------------------------------------------- */

/*
 * Turn page replacement on, or change how it goes on. The first time must be in `attach`. False with `error`: the machine
 * is too large for it. Options that the user gave for the run come before the policy's.
 */
static inline bool
nsim_reclaim(NsimHost *host, const NsimReclaimConfig *config, GError **error)
{
    return host->ops->reclaim(host, config, error);
}

/* Free memory, watermarks, lists and tier of a node. False: no such node. Works without reclaim, too. */
static inline bool
nsim_node_state(const NsimHost *host, NsimNodeId node, NsimNodeState *state)
{
    state->struct_size = sizeof *state;
    return host->ops->node_state(host, node, state);
}

/* NSIM_PAGE_IS_... of a page; 0 when it has no memory, and without reclaim. */
static inline uint32_t
nsim_page_flags(const NsimHost *host, NsimSpaceId space, NsimPage page)
{
    return host->ops->page_flags(host, space, page);
}

/* Do something about pages that are in memory. Returns how many it was done to (of PAGEOUT: that are under way). */
static inline uint64_t
nsim_lru_action(NsimHost *host, NsimSpaceId space, NsimPage page, uint64_t count, NsimLruAction action)
{
    return host->ops->lru_action(host, space, page, count, action);
}

/* Where cold pages of a node go: the nearest of the next lower tier, NSIM_NODE_NONE below the last one. */
static inline NsimNodeId
nsim_demotion_node(const NsimHost *host, NsimNodeId node)
{
    return host->ops->demotion_node(host, node);
}

/* There is not enough room on a node, as a promotion finds: kswapd makes some unless it is above its goal. */
static inline void
nsim_wake_kswapd(NsimHost *host, NsimNodeId node)
{
    host->ops->wake_kswapd(host, node);
}

/* For how long some, or all, threads were held up by a lack of memory so far (PSI), in microseconds. */
static inline uint64_t
nsim_memory_pressure_us(const NsimHost *host, bool full)
{
    return host->ops->memory_pressure_us(host, full);
}

/* ---- Threads of the workloads --------------------------------------------------------------------------------- */

/* How many there are: known when the workloads begin, 0 in `attach`. */
static inline uint32_t
nsim_task_count(const NsimHost *host)
{
    return host->ops->task_count(host);
}

/* False: no such task. */
static inline bool
nsim_task_info(const NsimHost *host, uint32_t task, NsimTaskInfo *info)
{
    info->struct_size = sizeof *info;
    return host->ops->task_info(host, task, info);
}

/*
 * The kernel works in the task's context for `ps`: its core stands still that long, and its accessor has that much more
 * kernel time. False: there is no such task, or it is not runnable and does nothing now.
 */
static inline bool
nsim_charge(NsimHost *host, uint32_t task, NsimTime ps)
{
    return host->ops->charge(host, task, ps);
}

/* Carry a scan out; `scan->struct_size` is set here. Returns the pages newly armed; `*ret_cost_ps` (nullable) the task's time. */
static inline uint64_t
nsim_scan(NsimHost *host, NsimScan *scan, NsimTime *ret_cost_ps)
{
    scan->struct_size = sizeof *scan;
    return host->ops->scan(host, scan, ret_cost_ps);
}

/* ---- What hardware and page tables tell ------------------------------------------------------------------------ */

/*
 * Begin, change or end hardware sampling. It takes effect at each thread's next sample or, where there was none, with the
 * next batch of records that the thread reads. False: no such accessor.
 */
static inline bool
nsim_sample(NsimHost *host, const NsimSampling *sampling)
{
    return host->ops->sample(host, sampling);
}

/* Have `samples` called with what the cores' buffers hold, as a reader that polls does. Returns how many there were. */
static inline uint64_t
nsim_read_samples(NsimHost *host)
{
    return host->ops->read_samples(host);
}

/* Bytes read from and written to a node so far, as its memory controller counts them. False: no such node. */
static inline bool
nsim_node_counters(const NsimHost *host, NsimNodeId node, NsimNodeCounters *counters)
{
    counters->struct_size = sizeof *counters;
    return host->ops->node_counters(host, node, counters);
}

/* What an accessor had from a node so far, as its caching agent counts it. False: no such accessor or node. */
static inline bool
nsim_route_counters(const NsimHost *host, NsimAccessorId accessor, NsimNodeId node, NsimRouteCounters *counters)
{
    counters->struct_size = sizeof *counters;
    return host->ops->route_counters(host, accessor, node, counters);
}

/* Bytes that crossed a channel or link direction so far, and how long it was busy. False: no such resource. */
static inline bool
nsim_resource_counters(const NsimHost *host, uint32_t resource, NsimResourceCounters *counters)
{
    counters->struct_size = sizeof *counters;
    return host->ops->resource_counters(host, resource, counters);
}

/*
 * Test and clear the accessed bits of `count` pages from `page` on; the kernel thread of `queue` does it, now. Returns how
 * many pages were accessed and sets their bits in `ret_young` (nullable, a word for 64 pages). A huge page has one bit.
 */
static inline uint64_t
nsim_clear_young(NsimHost *host, NsimSpaceId space, NsimPage page, uint64_t count, uint32_t queue, uint64_t *ret_young)
{
    return host->ops->clear_young(host, space, page, count, queue, ret_young);
}

/* The kernel thread of `queue` works for so long, now. Returns when it is done. */
static inline NsimTime
nsim_kernel_work(NsimHost *host, uint32_t queue, NsimTime work_ps)
{
    return host->ops->kernel_work(host, queue, work_ps);
}
