/* SPDX-License-Identifier: MIT */
/*
 * Physical frames: which base page of memory holds which page of which address space.
 *
 * Frames have numbers, and a frame's physical address is its number << page_shift. Node n owns [first(n), first(n) +
 * count(n)), and first(n) is aligned to 2 MiB: a few numbers between nodes belong to nobody. A page's authoritative
 * place owns a frame. Copies, shadows and destinations of moves under way count against a node's capacity
 * (mm/memory.h) but own no frame, and neither do pages on disk nodes, which are swap slots. So a node never runs out of
 * frames before it runs out of memory.
 *
 * Frames are handed out as the kernel's page allocator does in outline (mm/page_alloc.c): free blocks of 2^order frames
 * in a list for each order, taken and put back at its head; a larger block is halved, its lower half first; a freed
 * block joins its free neighbour. Blocks of 2 MiB that were never used go in ascending order. A unit of movement that
 * is placed or moved whole gets one aligned block, a folio; where no block is free it gets single frames.
 *
 * Left out: zones, migrate types, per-CPU lists, compaction.
 */
#pragma once

#include <mm/space.h>

#define NSIM_FRAME_NONE UINT32_MAX

enum {
    NSIM_FRAME_USED = 1u << 0,
    NSIM_FRAME_HEAD = 1u << 1, /* first of a folio */
    NSIM_FRAME_HUGE = 1u << 2, /* of a folio of a whole 2 MiB */
    /* of a folio's head: what mm/lru.h knows of it */
    NSIM_FRAME_LRU = 1u << 3,
    NSIM_FRAME_ACTIVE = 1u << 4,
    NSIM_FRAME_REFERENCED = 1u << 5,
    NSIM_FRAME_FILE = 1u << 6,
    /* of a folio's head: what idle tracking and reclaim tell each other (PG_young, PG_idle) */
    NSIM_FRAME_YOUNG = 1u << 7,
    NSIM_FRAME_IDLE = 1u << 8,
    NSIM_FRAME_ISOLATED = 1u << 9, /* taken off its list by reclaim */
    /* what a folio keeps when it moves */
    NSIM_FRAME_KEPT = NSIM_FRAME_ACTIVE | NSIM_FRAME_REFERENCED | NSIM_FRAME_FILE | NSIM_FRAME_YOUNG | NSIM_FRAME_IDLE,
    NSIM_FRAME_ORDER_SHIFT = 12 /* upper bits: the folio has 1 << order frames; of a free block's first frame: it */
};

typedef struct {
    uint32_t prev, next; /* of a list: frame numbers or NSIM_FRAME_NONE; of used ones: of an LRU list */
    uint32_t page;       /* whose memory it is, with USED */
    uint16_t space;
    uint16_t flags; /* NSIM_FRAME_... */
} NsimFrame;

/* Who wants to know which folios there are; called with a folio's head. Nullable each. */
typedef struct {
    void (*added)(void *context, uint32_t frame, bool fresh); /* fresh: its pages had no memory before; else its flags
                                                                 are those it had (NSIM_FRAME_KEPT) */
    void (*removed)(void *context, uint32_t frame);           /* about to go */
    void (*split)(void *context, uint32_t frame,
                  uint32_t count); /* is `count` folios of one frame now, with its flags */
    void *context;
} NsimFramesListener;

typedef struct _NsimFrames NsimFrames;

/*
 * Frames of all nodes, kept true from now on. No page of the spaces may have memory yet. Borrows everything; the spaces
 * tell it of their changes and must not do so after it is freed. NULL with `error` when a machine or a space is too
 * large for 32 bits or the host has no memory for them. (transfer full)
 */
NsimFrames *nsim_frames_new(const NsimMemory *memory, NsimSpace *const *spaces, uint32_t space_count,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_frames_free(NsimFrames *frames);
void nsim_frames_listen(NsimFrames *frames, const NsimFramesListener *listener);

/* The frame of a page; NSIM_FRAME_NONE: absent, or on a disk. */
uint32_t nsim_frames_of(const NsimFrames *frames, NsimSpaceId space, NsimPage page);
/* Frames and flags. `frame` is below nsim_frames_end(). Flags may be changed but for USED, HEAD, HUGE and the order. */
NsimFrame *nsim_frames_at(const NsimFrames *frames, uint32_t frame);
bool nsim_frames_used(const NsimFrames *frames, uint32_t frame);
/* NSIM_NODE_NONE: of no node. */
NsimNodeId nsim_frames_node(const NsimFrames *frames, uint32_t frame);
uint64_t nsim_frames_first(const NsimFrames *frames, NsimNodeId node);
/* 0 for disks. */
uint64_t nsim_frames_count(const NsimFrames *frames, NsimNodeId node);
uint32_t nsim_frames_node_count(const NsimFrames *frames);
/* One beyond the last frame of all nodes. */
uint64_t nsim_frames_end(const NsimFrames *frames);
/* Of a used frame: its folio's first frame and how many there are. */
uint32_t nsim_frames_folio(const NsimFrames *frames, uint32_t frame, uint32_t *ret_count);

/* Count everything again (asserts). O(pages + frames that were ever used). */
void nsim_frames_audit(const NsimFrames *frames);
