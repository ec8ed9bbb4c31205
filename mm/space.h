/* SPDX-License-Identifier: MIT */
/*
 * An address space: where each base page is and what is known of it.
 *
 * Pages are dense: the 2 MiB frames a workload touches, in virtual-address order (traces/trace.h). State is 2 bytes a
 * page in one flat array that the host backs only where it is written, under a 4-byte head for each frame that holds the
 * state of all its pages while they agree. A page has one authoritative node and possibly copies on others; every copy
 * counts against its node's capacity.
 */
#pragma once

#include <glib.h>
#include <mm/memory.h>

/* Page state, 16 bits. */
enum {
    NSIM_PAGE_NODE = 0xff,         /* authoritative node; 0xff while absent */
    NSIM_PAGE_ACCESSED = 1u << 8,  /* set by accesses, cleared by monitors; does not know the accessor */
    NSIM_PAGE_DIRTY = 1u << 9,     /* written since it was placed */
    NSIM_PAGE_ABSENT = 1u << 10,   /* no memory yet */
    NSIM_PAGE_ARMED = 1u << 11,    /* the next access faults */
    NSIM_PAGE_COPIED = 1u << 12,   /* has copies, listed aside */
    NSIM_PAGE_MOVING = 1u << 13,   /* has a migration entry: accesses wait */
    NSIM_PAGE_SPLIT = 1u << 14,    /* of a huge page that was split: moves by itself */
    NSIM_PAGE_SWAPPED = 1u << 15,  /* swapped out to a disk node: an access brings it back first */
    /* replay must look twice */
    NSIM_PAGE_SLOW = NSIM_PAGE_ABSENT | NSIM_PAGE_ARMED | NSIM_PAGE_COPIED | NSIM_PAGE_MOVING | NSIM_PAGE_SWAPPED
};
#define NSIM_PAGE_FRESH ((uint16_t)(NSIM_PAGE_ABSENT | NSIM_PAGE_NODE))

/* Frame head, 32 bits: the uniform state, or SPLIT, and what holds for the frame as a whole. */
#define NSIM_HEAD_SPLIT (1u << 16)
#define NSIM_HEAD_HUGE (1u << 17)    /* the frame is one unit of movement: a huge page, or would be one */
#define NSIM_HEAD_WANTED (1u << 18)  /* VM_HUGEPAGE */
#define NSIM_HEAD_REFUSED (1u << 19) /* VM_NOHUGEPAGE */

/* A run of dense pages with one name and one unit of movement. */
typedef struct {
    char *name;
    uint64_t address;
    NsimPage first;
    uint64_t count;
    uint32_t unit_pages;
} NsimSpaceRegion;

typedef struct _NsimSpace NsimSpace;

/* What happened to where pages are. */
typedef enum {
    NSIM_SPACE_PLACED,    /* pages that had no memory are on `to` */
    NSIM_SPACE_MOVED,     /* pages that were on `from` are on `to` */
    NSIM_SPACE_EXCHANGED, /* the pages from `page` on and those from `partner` on have changed places */
    NSIM_SPACE_SPLIT,     /* a unit of movement is base pages from now on */
    NSIM_SPACE_JOINED,    /* a frame is one unit of movement from now on, in a new place on `to`; only for the listener,
                             watchers are told of its pages as placed or moved */
    NSIM_SPACE_MADE_OLD   /* a monitor has cleared accessed bits; `accessed`: one was set */
} NsimSpaceEventKind;

typedef struct {
    NsimSpaceEventKind kind;
    NsimPage page, partner;
    uint64_t count;
    NsimNodeId from, to;
    bool accessed;
    const struct _NsimSpace *space; /* for watchers */
} NsimSpaceEvent;

/* Called after a page's place has changed, or a monitor has looked; never by an access. It must not change the space. */
typedef void (*NsimSpaceListener)(void *context, const NsimSpaceEvent *event);
/* Has nobody found the page accessed since a monitor made it old? */
typedef bool (*NsimSpaceIdle)(void *context, NsimPage page);

struct _NsimSpace {
    char *workload;
    NsimMemory *memory;
    unsigned page_shift;
    unsigned frame_page_shift; /* pages of a frame = 1 << this */
    uint64_t frame_count, page_count;
    uint32_t *heads;
    uint16_t *states;
    uint64_t *frame_addresses; /* virtual address >> 21 */
    NsimSpaceRegion *regions;  /* ascending, not overlapping, covering every page */
    uint32_t region_count;
    uint32_t unit_pages;       /* wanted unit of movement */
    GHashTable *copies;        /* page -> set of nodes (private) */
    GQueue shadows;            /* pages that were given a shadow, oldest first (private) */
    uint64_t copy_count;       /* copies in all */
    uint64_t shadow_counts[NSIM_PAGE_NODE + 1]; /* shadows by node (private) */
    uint64_t resident_count;   /* pages that have memory, copies not counted */
    uint64_t split_count;      /* units that were split, ever */
    NsimSpaceListener listener; /* nullable, and so is idle */
    NsimSpaceIdle idle;
    void *listener_context;
    NsimSpaceListener watcher; /* nullable: is told of placing and moving after the listener (mm/story.h) */
    void *watcher_context;
};

/* A named range of virtual addresses. */
typedef struct {
    const char *name;
    uint64_t address, bytes;
} NsimSpaceRange;

/*
 * A space of `frame_count` frames at the virtual addresses `frames[i] << 21` (ascending). Pages outside all `ranges`
 * (ascending, not overlapping) belong to regions with an empty name. NULL with `error` when the host has no memory for
 * the state. (transfer full)
 */
NsimSpace *nsim_space_new(NsimMemory *memory, const char *workload, const uint64_t *frames, uint64_t frame_count,
                          const NsimSpaceRange *ranges, uint32_t range_count, uint32_t unit_pages, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void nsim_space_free(NsimSpace *space);

static inline uint16_t
nsim_space_state(const NsimSpace *space, NsimPage page)
{
    const uint32_t head = space->heads[page >> space->frame_page_shift];
    return (head & NSIM_HEAD_SPLIT) != 0 ? space->states[page] : (uint16_t)head;
}

/* Clear and set bits of the states of several pages; frames that are covered whole stay uniform if they were. */
void nsim_space_change(NsimSpace *space, NsimPage page, uint64_t count, uint16_t clear, uint16_t set);
/* The bits all of the pages have, and those any of them has. */
void nsim_space_survey(const NsimSpace *space, NsimPage page, uint64_t count, uint16_t *ret_all, uint16_t *ret_any);

/* Set the state of one page (splits its frame when the others differ). Does not touch node accounting. */
void nsim_space_set_state(NsimSpace *space, NsimPage page, uint16_t state);

/* Region a page belongs to. O(log regions). */
const NsimSpaceRegion *nsim_space_region_of(const NsimSpace *space, NsimPage page);
/* The unit of movement `page` belongs to: first page and size, inside its region and frame. */
void nsim_space_unit_of(const NsimSpace *space, NsimPage page, NsimPage *ret_first, uint32_t *ret_count);
/* The first page at a virtual address or behind it; false: there is none. O(log frames). */
bool nsim_space_page_at(const NsimSpace *space, uint64_t address, NsimPage *ret_page);
uint64_t nsim_space_address_of(const NsimSpace *space, NsimPage page);

/*
 * Give absent pages among [page, page + count) memory on `node`, in order, while it has free pages. Present ones are
 * skipped. Returns how many pages from the first on are present afterwards. New pages are accessed (young) and clean.
 */
uint64_t nsim_space_place(NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node);

/*
 * Present pages that are all on one node get their place on `node`, where the caller has taken memory for them, and are
 * not under migration any more. What they leave is the caller's to give back or to keep as a shadow.
 */
void nsim_space_move(NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node);
/* The same for two runs of pages that change places; each is on one node. */
void nsim_space_exchange(NsimSpace *space, NsimPage page, NsimPage partner, uint64_t count);
/* A unit of movement is split: its pages move by themselves from now on. */
void nsim_space_split(NsimSpace *space, NsimPage first, uint64_t count);

/*
 * Huge pages (mm/huge.h): frames that are one unit of movement, whatever unit their region has. `first` begins a frame.
 *
 * May the frame become one? It lies in one region, and nobody has refused it (VM_NOHUGEPAGE).
 */
bool nsim_space_may_join(const NsimSpace *space, NsimPage first);
/* A frame without any memory is to get it as one unit, or, `huge` false, page by page. */
void nsim_space_prepare(NsimSpace *space, NsimPage first, bool huge);
/*
 * The inverse of a split, by copying: all of the frame is one unit on `node`, where the caller has taken memory for every
 * page and filled it. Old places are given back, copies dropped; pages without memory have some now. As the kernel maps a
 * collapsed page, all of it is accessed and dirty, neither armed nor moving. No page may be on a disk.
 */
void nsim_space_join(NsimSpace *space, NsimPage first, NsimNodeId node);

typedef enum { NSIM_ADVICE_HUGE, NSIM_ADVICE_NO_HUGE } NsimAdvice;

/*
 * MADV_HUGEPAGE and MADV_NOHUGEPAGE on a range. HUGE holds for frames that lie in it whole, NO_HUGE for all it touches:
 * a frame that two mappings share cannot be huge. What has memory stays as it is.
 */
void nsim_space_advise(NsimSpace *space, NsimPage page, uint64_t count, NsimAdvice advice);

/* Does one entry of the page table map all of the page's frame? */
static inline bool
nsim_space_is_huge(const NsimSpace *space, NsimPage page)
{
    return (space->heads[page >> space->frame_page_shift] & NSIM_HEAD_HUGE) != 0 &&
           (nsim_space_state(space, page) & (NSIM_PAGE_SPLIT | NSIM_PAGE_ABSENT)) == 0;
}

/*
 * A monitor's test of pages that one entry of a page table maps: clear the accessed bits, and later ask whether a page was
 * accessed since. Reclaim, which clears the same bits, and monitors do not hide accesses from each other.
 */
void nsim_space_make_old(NsimSpace *space, NsimPage page, uint64_t count);
bool nsim_space_is_young(const NsimSpace *space, NsimPage page, uint64_t count);

/* Arm or disarm present pages; returns how many changed. */
uint64_t nsim_space_arm(NsimSpace *space, NsimPage page, uint64_t count, bool armed);

/*
 * Copies. A copy serves reads of whoever is nearer to it than to the page, unless it is a shadow: that one only waits for
 * the page to come back (Nomad). `add` needs a free page on `node` and a present page that is not already there; false otherwise. `nearest` is
 * the node, authoritative one or copy, that comes first in `order` (nearest first).
 */
bool nsim_space_add_copy(NsimSpace *space, NsimPage page, NsimNodeId node);
/* The page's old place on `node`, already taken, becomes its shadow. The page must not have copies. */
void nsim_space_keep_shadow(NsimSpace *space, NsimPage page, NsimNodeId node);
/* Has the page a shadow on `node`? */
bool nsim_space_has_shadow(const NsimSpace *space, NsimPage page, NsimNodeId node);
/* Drop the oldest shadows on a node until it has `pages` free, or none are left. */
void nsim_spaces_reclaim_shadows(NsimSpace *const *spaces, uint32_t space_count, NsimNodeId node, uint64_t pages);
bool nsim_space_drop_copy(NsimSpace *space, NsimPage page, NsimNodeId node);
/* Drop all copies of a page, as a write does. Returns how many there were. */
uint32_t nsim_space_drop_copies(NsimSpace *space, NsimPage page);
NsimNodeId nsim_space_nearest(const NsimSpace *space, NsimPage page, const NsimNodeId *order, uint32_t order_count);

/*
 * Count every page again and compare with the books (asserts). `taken`, nullable, has by node what moves under way have
 * taken as destinations. O(pages).
 */
void nsim_space_audit(const NsimSpace *const *spaces, uint32_t space_count, const NsimMemory *memory,
                      const uint64_t *taken);
