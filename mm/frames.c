/* SPDX-License-Identifier: MIT */
/* Physical frames: a buddy allocator for each node, and the maps between pages and frames. */
#include <mm/frames.h>

#include <gio/gio.h>
#include <sim/assert.h>
#include <sys/mman.h>

/* Of the first frame of a free block. */
#define FREE (1u << 11)
_Static_assert((FREE & (NSIM_FRAME_KEPT | NSIM_FRAME_USED | NSIM_FRAME_HEAD | NSIM_FRAME_HUGE | NSIM_FRAME_LRU |
                        NSIM_FRAME_ISOLATED)) == 0,
               "a free block is told from a folio by its flags");

#define ORDERS 10u /* of 4 KiB pages: up to 2 MiB */
#define FOLIO_PAGES_MAX 512u

typedef struct {
    uint32_t first, count;
    uint32_t fresh;         /* blocks of 2 MiB from here on were never used */
    uint32_t heads[ORDERS]; /* free blocks by order */
} NodeFrames;

/* Pages of one space; what its events are told to. */
typedef struct {
    NsimFrames *frames;
    NsimSpace *space;
    NsimSpaceId id;
    uint32_t *of; /* by page: frame + 1; 0: none */
} SpaceFrames;

struct _NsimFrames {
    const NsimMemory *memory;
    NsimFrame *frames;
    uint64_t end;
    unsigned order_max;
    NodeFrames *nodes;
    uint32_t node_count;
    SpaceFrames *spaces;
    uint32_t space_count;
    NsimFramesListener listener;
};

/* ---- Free blocks ---------------------------------------------------------------------------------------------- */

static void
push_block(NsimFrames *frames, NodeFrames *node, uint32_t block, unsigned order)
{
    NsimFrame *entry = &frames->frames[block];
    const uint32_t head = node->heads[order];
    *entry =
        (NsimFrame){.prev = NSIM_FRAME_NONE, .next = head, .flags = (uint16_t)(FREE | order << NSIM_FRAME_ORDER_SHIFT)};
    if (head != NSIM_FRAME_NONE)
        frames->frames[head].prev = block;
    node->heads[order] = block;
}

static void
unlink_block(NsimFrames *frames, NodeFrames *node, uint32_t block, unsigned order)
{
    NsimFrame *entry = &frames->frames[block];
    if (entry->prev != NSIM_FRAME_NONE)
        frames->frames[entry->prev].next = entry->next;
    else
        node->heads[order] = entry->next;
    if (entry->next != NSIM_FRAME_NONE)
        frames->frames[entry->next].prev = entry->prev;
    *entry = (NsimFrame){0};
}

/* A block of 1 << order frames, or NSIM_FRAME_NONE. */
static uint32_t
take_block(NsimFrames *frames, NodeFrames *node, unsigned order)
{
    unsigned found = order;
    uint32_t block;
    while (found <= frames->order_max && node->heads[found] == NSIM_FRAME_NONE)
        found++;
    if (found <= frames->order_max) {
        block = node->heads[found];
        unlink_block(frames, node, block, found);
    } else {
        if (node->first + node->count - node->fresh < 1u << frames->order_max)
            return NSIM_FRAME_NONE;
        found = frames->order_max;
        block = node->fresh;
        node->fresh += 1u << found;
    }
    /* Halve it; the upper halves stay free. */
    while (found > order) {
        found--;
        push_block(frames, node, block + (1u << found), found);
    }
    return block;
}

static void
give_block(NsimFrames *frames, NodeFrames *node, uint32_t block, unsigned order)
{
    for (; order < frames->order_max; order++) {
        const uint32_t buddy = block ^ 1u << order;
        if (buddy >= node->first + node->count ||
            frames->frames[buddy].flags != (FREE | order << NSIM_FRAME_ORDER_SHIFT))
            break;
        unlink_block(frames, node, buddy, order);
        block = MIN(block, buddy);
    }
    push_block(frames, node, block, order);
}

/* ---- Folios --------------------------------------------------------------------------------------------------- */

static unsigned
order_of(const NsimFrame *frame)
{
    return frame->flags >> NSIM_FRAME_ORDER_SHIFT;
}

static void
make_folio(SpaceFrames *from, NsimPage page, uint32_t block, unsigned order, uint16_t flags, bool fresh)
{
    NsimFrames *frames = from->frames;
    const unsigned huge = order == frames->order_max && order > 0 ? NSIM_FRAME_HUGE : 0;
    for (uint32_t i = 0; i < 1u << order; i++) {
        frames->frames[block + i] =
            (NsimFrame){.prev = NSIM_FRAME_NONE,
                        .next = NSIM_FRAME_NONE,
                        .page = (uint32_t)(page + i),
                        .space = from->id,
                        .flags = (uint16_t)(NSIM_FRAME_USED | huge | order << NSIM_FRAME_ORDER_SHIFT)};
        from->of[page + i] = block + i + 1;
    }
    frames->frames[block].flags |= NSIM_FRAME_HEAD | (flags & NSIM_FRAME_KEPT);
    if (frames->listener.added != NULL)
        frames->listener.added(frames->listener.context, block, fresh);
}

static void
split_folio(NsimFrames *frames, uint32_t frame)
{
    uint32_t count;
    const uint32_t head = nsim_frames_folio(frames, frame, &count);
    const uint16_t kept = frames->frames[head].flags & (NSIM_FRAME_KEPT | NSIM_FRAME_ISOLATED);
    if (count == 1)
        return;
    frames->frames[head].flags =
        (frames->frames[head].flags & NSIM_FRAME_LRU) | kept | NSIM_FRAME_USED | NSIM_FRAME_HEAD;
    for (uint32_t i = 1; i < count; i++)
        frames->frames[head + i].flags = NSIM_FRAME_USED | NSIM_FRAME_HEAD | kept;
    if (frames->listener.split != NULL)
        frames->listener.split(frames->listener.context, head, count);
}

/* Folios that reach beyond the run of pages are split. */
static void
split_edges(SpaceFrames *from, NsimPage page, uint64_t count)
{
    const NsimPage edges[] = {page, page + count - 1};
    for (int i = 0; i < 2; i++) {
        if (from->of[edges[i]] == 0)
            continue;
        uint32_t size;
        const uint32_t head = nsim_frames_folio(from->frames, from->of[edges[i]] - 1, &size);
        const NsimPage first = from->frames->frames[head].page;
        if (first < page || first + size > page + count)
            split_folio(from->frames, head);
    }
}

/* What was known of pages whose frames are taken away: by page, flags of the folio; the page had a frame. */
typedef struct {
    uint16_t flags[FOLIO_PAGES_MAX];
    bool had;
} Known;

/* At most FOLIO_PAGES_MAX pages lose their frames. */
static void
take_away(SpaceFrames *from, NsimPage page, uint64_t count, Known *ret_known)
{
    NsimFrames *frames = from->frames;
    nsim_assert(count <= FOLIO_PAGES_MAX);
    split_edges(from, page, count);
    ret_known->had = from->of[page] != 0;
    for (uint64_t i = 0; i < count;) {
        ret_known->flags[i] = 0;
        if (from->of[page + i] == 0) {
            i++;
            continue;
        }
        const uint32_t head = from->of[page + i] - 1;
        const unsigned order = order_of(&frames->frames[head]);
        nsim_assert((frames->frames[head].flags & NSIM_FRAME_HEAD) != 0);
        if (frames->listener.removed != NULL)
            frames->listener.removed(frames->listener.context, head);
        const uint16_t flags = frames->frames[head].flags;
        for (uint32_t k = 0; k < 1u << order; k++) {
            ret_known->flags[i + k] = flags;
            from->of[page + i + k] = 0;
            frames->frames[head + k] = (NsimFrame){0};
        }
        give_block(frames, &frames->nodes[nsim_frames_node(frames, head)], head, order);
        i += 1u << order;
    }
}

/* Pages get frames on a node: one block where a unit of movement is whole, single frames where it is not. */
static void
give(SpaceFrames *from, NsimPage page, uint64_t count, NsimNodeId node_id, const Known *known)
{
    NsimFrames *frames = from->frames;
    NodeFrames *node = &frames->nodes[node_id];
    if (node->count == 0)
        return; /* a disk */
    for (uint64_t i = 0; i < count;) {
        NsimPage first;
        uint32_t unit;
        nsim_space_unit_of(from->space, page + i, &first, &unit);
        const bool whole =
            first == page + i && i + unit <= count && (nsim_space_state(from->space, first) & NSIM_PAGE_SPLIT) == 0;
        unsigned order = whole ? (unsigned)__builtin_ctz(unit) : 0;
        uint32_t block = take_block(frames, node, order);
        if (block == NSIM_FRAME_NONE && order > 0)
            block = take_block(frames, node, order = 0);
        nsim_assert(block != NSIM_FRAME_NONE);
        make_folio(from, page + i, block, order, known == NULL ? 0 : known->flags[i], known == NULL || !known->had);
        i += 1u << order;
    }
}

/* ---- Events of the spaces --------------------------------------------------------------------------------------- */

/* PG_idle until somebody finds it accessed, and PG_young so that reclaim learns of the bits that were cleared. */
static void
make_old(const SpaceFrames *from, const NsimSpaceEvent *event)
{
    for (uint64_t i = 0; i < event->count;) {
        uint32_t size = 1;
        if (from->of[event->page + i] != 0) {
            const uint32_t frame = from->of[event->page + i] - 1;
            const uint32_t head = nsim_frames_folio(from->frames, frame, &size);
            from->frames->frames[head].flags |= NSIM_FRAME_IDLE | (event->accessed ? NSIM_FRAME_YOUNG : 0);
            size -= frame - head;
        }
        i += size;
    }
}

static bool
is_idle(void *context, NsimPage page)
{
    const SpaceFrames *from = context;
    uint32_t size;
    if (from->of[page] == 0)
        return true;
    const uint32_t head = nsim_frames_folio(from->frames, from->of[page] - 1, &size);
    return (from->frames->frames[head].flags & NSIM_FRAME_IDLE) != 0;
}

static void
on_event(void *context, const NsimSpaceEvent *event)
{
    SpaceFrames *from = context;
    Known known, partner;
    switch (event->kind) {
    case NSIM_SPACE_PLACED:
        give(from, event->page, event->count, event->to, NULL);
        break;
    case NSIM_SPACE_MOVED:
        take_away(from, event->page, event->count, &known);
        give(from, event->page, event->count, event->to, &known);
        break;
    case NSIM_SPACE_EXCHANGED:
        take_away(from, event->page, event->count, &known);
        take_away(from, event->partner, event->count, &partner);
        give(from, event->page, event->count, event->to, &known);
        give(from, event->partner, event->count, event->from, &partner);
        break;
    case NSIM_SPACE_SPLIT:
        if (from->of[event->page] != 0)
            split_folio(from->frames, from->of[event->page] - 1);
        break;
    case NSIM_SPACE_JOINED:
        /* A new page, in the kernel's eyes: what was known of its parts is gone. */
        take_away(from, event->page, event->count, &known);
        give(from, event->page, event->count, event->to, NULL);
        break;
    case NSIM_SPACE_MADE_OLD:
        make_old(from, event);
        break;
    }
}

/* ---- Life ------------------------------------------------------------------------------------------------------- */

static void *
map_zeroes(uint64_t bytes)
{
    void *map = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

static bool
number_frames(NsimFrames *frames, GError **error)
{
    const NsimMachine *machine = frames->memory->machine;
    const uint64_t block = (uint64_t)1 << frames->order_max;
    for (uint32_t n = 0; n < frames->node_count; n++) {
        NodeFrames *node = &frames->nodes[n];
        const bool disk = machine->nodes[n].kind == NSIM_NODE_DISK;
        const uint64_t count = disk ? 0 : frames->memory->nodes[n].capacity_pages;
        if (count >= NSIM_FRAME_NONE - frames->end - block) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                        "the machine's memory has more than 2^32 pages, too many for frame numbers (LRU lists, "
                        "reclaim and physical address monitoring need them); larger pages would do");
            return false;
        }
        node->first = node->fresh = (uint32_t)frames->end;
        node->count = (uint32_t)count;
        frames->end += (count + block - 1) / block * block;
        for (unsigned order = 0; order < ORDERS; order++)
            node->heads[order] = NSIM_FRAME_NONE;
    }
    return true;
}

/* What is left of a node behind its last whole block of 2 MiB. */
static void
free_tails(NsimFrames *frames)
{
    for (uint32_t n = 0; n < frames->node_count; n++) {
        NodeFrames *node = &frames->nodes[n];
        const uint32_t rest = node->count & ((1u << frames->order_max) - 1);
        uint32_t at = node->first + (node->count - rest);
        for (unsigned order = frames->order_max; order-- > 0;) {
            if ((rest >> order & 1) == 0)
                continue;
            push_block(frames, node, at, order);
            at += 1u << order;
        }
    }
}

static bool
map_space(NsimFrames *frames, uint32_t id, NsimSpace *space, GError **error)
{
    SpaceFrames *to = &frames->spaces[id];
    nsim_assert(space->resident_count == 0 && space->listener == NULL);
    if (space->page_count >= NSIM_FRAME_NONE) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                    "workload '%s' has %" G_GUINT64_FORMAT " pages, too many for frame numbers", space->workload,
                    space->page_count);
        return false;
    }
    *to = (SpaceFrames){frames, space, (NsimSpaceId)id, map_zeroes(space->page_count * sizeof(uint32_t))};
    return to->of != NULL;
}

NsimFrames *
nsim_frames_new(const NsimMemory *memory, NsimSpace *const *spaces, uint32_t space_count, GError **error)
{
    NsimFrames *frames = g_new0(NsimFrames, 1);
    bool good = true;
    frames->memory = memory;
    frames->node_count = memory->machine->node_count;
    frames->order_max = 21 - memory->machine->page_shift;
    frames->nodes = g_new0(NodeFrames, frames->node_count + 1);
    frames->spaces = g_new0(SpaceFrames, space_count + 1);
    frames->space_count = space_count;
    if (number_frames(frames, error))
        frames->frames = map_zeroes(frames->end * sizeof(NsimFrame));
    for (uint32_t s = 0; s < space_count && good && frames->frames != NULL; s++)
        good = map_space(frames, s, spaces[s], error);
    if (frames->frames == NULL || !good) {
        if (error != NULL && *error == NULL)
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                        "no memory for the state of %" G_GUINT64_FORMAT " frames", frames->end);
        nsim_frames_free(frames);
        return NULL;
    }
    free_tails(frames);
    for (uint32_t s = 0; s < space_count; s++) {
        spaces[s]->listener = on_event;
        spaces[s]->idle = is_idle;
        spaces[s]->listener_context = &frames->spaces[s];
    }
    return frames;
}

void
nsim_frames_free(NsimFrames *frames)
{
    if (frames == NULL)
        return;
    for (uint32_t s = 0; s < frames->space_count; s++) {
        if (frames->spaces[s].of != NULL)
            munmap(frames->spaces[s].of, frames->spaces[s].space->page_count * sizeof(uint32_t) + 1);
    }
    if (frames->frames != NULL)
        munmap(frames->frames, frames->end * sizeof(NsimFrame) + 1);
    g_free(frames->spaces);
    g_free(frames->nodes);
    g_free(frames);
}

void
nsim_frames_listen(NsimFrames *frames, const NsimFramesListener *listener)
{
    frames->listener = *listener;
}

/* ---- Questions ----------------------------------------------------------------------------------------------------
 */

uint32_t
nsim_frames_of(const NsimFrames *frames, NsimSpaceId space, NsimPage page)
{
    nsim_assert(space < frames->space_count && page < frames->spaces[space].space->page_count);
    return frames->spaces[space].of[page] - 1;
}

NsimFrame *
nsim_frames_at(const NsimFrames *frames, uint32_t frame)
{
    nsim_assert(frame < frames->end);
    return &frames->frames[frame];
}

bool
nsim_frames_used(const NsimFrames *frames, uint32_t frame)
{
    return frame < frames->end && (frames->frames[frame].flags & NSIM_FRAME_USED) != 0;
}

NsimNodeId
nsim_frames_node(const NsimFrames *frames, uint32_t frame)
{
    uint32_t low = 0, high = frames->node_count;
    nsim_assert(frame < frames->end);
    /* The last node that begins at or before it: never a disk, which ends where it begins. */
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (frames->nodes[middle].first <= frame)
            low = middle;
        else
            high = middle;
    }
    const NodeFrames *node = &frames->nodes[low];
    return frame - node->first < node->count ? (NsimNodeId)low : NSIM_NODE_NONE;
}

uint64_t
nsim_frames_first(const NsimFrames *frames, NsimNodeId node)
{
    return frames->nodes[node].first;
}

uint64_t
nsim_frames_count(const NsimFrames *frames, NsimNodeId node)
{
    return frames->nodes[node].count;
}

uint32_t
nsim_frames_node_count(const NsimFrames *frames)
{
    return frames->node_count;
}

uint64_t
nsim_frames_end(const NsimFrames *frames)
{
    return frames->end;
}

uint32_t
nsim_frames_folio(const NsimFrames *frames, uint32_t frame, uint32_t *ret_count)
{
    const unsigned order = order_of(&frames->frames[frame]);
    nsim_assert(nsim_frames_used(frames, frame));
    *ret_count = 1u << order;
    return frame & ~((1u << order) - 1);
}

/* ---- Audit ------------------------------------------------------------------------------------------------------ */

/* A page's frame names the page, is on its node, and is in its place in its folio. Returns whether it has one. */
static bool
audit_page(const SpaceFrames *from, NsimPage page)
{
    const NsimFrames *frames = from->frames;
    const uint16_t state = nsim_space_state(from->space, page);
    const bool expected = (state & NSIM_PAGE_ABSENT) == 0 && frames->nodes[state & NSIM_PAGE_NODE].count > 0;
    nsim_assert((from->of[page] != 0) == expected);
    if (!expected)
        return false;
    const uint32_t frame = from->of[page] - 1;
    const NsimFrame *entry = nsim_frames_at(frames, frame);
    uint32_t count;
    const uint32_t head = nsim_frames_folio(frames, frame, &count);
    const NsimFrame *first = nsim_frames_at(frames, head);
    nsim_assert(entry->page == page && entry->space == from->id);
    nsim_assert(nsim_frames_node(frames, frame) == (state & NSIM_PAGE_NODE));
    nsim_assert(((entry->flags & NSIM_FRAME_HEAD) != 0) == (frame == head));
    nsim_assert((first->flags & NSIM_FRAME_HEAD) != 0 && first->page + (frame - head) == page);
    nsim_assert(order_of(first) == order_of(entry));
    return true;
}

void
nsim_frames_audit(const NsimFrames *frames)
{
    g_autofree uint64_t *held = g_new0(uint64_t, frames->node_count + 1);
    for (uint32_t s = 0; s < frames->space_count; s++) {
        const SpaceFrames *from = &frames->spaces[s];
        for (NsimPage page = 0; page < from->space->page_count; page++) {
            if (audit_page(from, page))
                held[nsim_space_state(from->space, page) & NSIM_PAGE_NODE]++;
        }
    }
    for (uint32_t n = 0; n < frames->node_count; n++) {
        const NodeFrames *node = &frames->nodes[n];
        const uint32_t whole = node->count & ~((1u << frames->order_max) - 1);
        /* What is left of the node behind its last block was free from the beginning. */
        uint64_t free_count = node->first + whole - node->fresh;
        for (unsigned order = 0; order < ORDERS; order++) {
            for (uint32_t at = node->heads[order]; at != NSIM_FRAME_NONE; at = frames->frames[at].next) {
                nsim_assert(frames->frames[at].flags == (FREE | order << NSIM_FRAME_ORDER_SHIFT));
                free_count += 1u << order;
            }
        }
        nsim_assert(held[n] + free_count == node->count);
    }
}
