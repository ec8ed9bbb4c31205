/* SPDX-License-Identifier: MIT */
/* Address spaces: frame heads, page states, regions, units of movement, copies. */
#include <mm/space.h>

#include <errno.h>
#include <gio/gio.h>
#include <sim/assert.h>
#include <sim/integer.h>
#include <string.h>
#include <sys/mman.h>

/* The nodes that hold copies of one page. */
typedef struct {
    uint64_t bits[4];
    bool shadow; /* not for reading */
} NodeSet;
_Static_assert(NSIM_NODES_MAX <= 256, "a node set has 256 bits");

/* ---- Regions ------------------------------------------------------------------------------------------------ */

static void
append_region(GArray *regions, const char *name, uint64_t address, NsimPage first, uint64_t count, uint64_t frame_end)
{
    NsimSpaceRegion *last = regions->len > 0 ? &g_array_index(regions, NsimSpaceRegion, regions->len - 1) : NULL;
    const bool adjoins = last != NULL && strcmp(last->name, name) == 0 && (*name != '\0' || frame_end == address);
    if (adjoins) {
        last->count += count;
        return;
    }
    const NsimSpaceRegion region = { .name = g_strdup(name), .address = address, .first = first, .count = count };
    g_array_append_val(regions, region);
}

/* Cut the dense pages into regions: named ones where a range covers them, nameless ones between. */
static void
build_regions(NsimSpace *space, const NsimSpaceRange *ranges, uint32_t range_count)
{
    GArray *regions = g_array_new(FALSE, FALSE, sizeof(NsimSpaceRegion));
    const uint64_t page_bytes = (uint64_t)1 << space->page_shift;
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    uint64_t end_before = 0; /* virtual address where the last piece ended */
    uint32_t r = 0;

    for (uint64_t f = 0; f < space->frame_count; f++) {
        const uint64_t base = space->frame_addresses[f] << 21;
        uint64_t done = 0;
        while (done < frame_pages) {
            const uint64_t address = base + done * page_bytes;
            /* A page belongs to the first range that reaches into it. */
            while (r < range_count && ranges[r].address + ranges[r].bytes <= address)
                r++;
            const bool inside = r < range_count && ranges[r].address < address + page_bytes;
            const uint64_t until = inside         ? ranges[r].address + ranges[r].bytes
                                   : r < range_count ? ranges[r].address
                                                     : UINT64_MAX;
            uint64_t pages = frame_pages - done;
            if (until - address < pages * page_bytes)
                pages = inside ? (until - address + page_bytes - 1) >> space->page_shift
                               : (until - address) >> space->page_shift;
            append_region(regions, inside ? ranges[r].name : "", address, f * frame_pages + done, pages, end_before);
            done += pages;
            end_before = address + pages * page_bytes;
        }
    }
    for (guint i = 0; i < regions->len; i++)
        g_array_index(regions, NsimSpaceRegion, i).unit_pages = space->unit_pages;
    space->region_count = regions->len;
    space->regions = (NsimSpaceRegion *)g_array_free(regions, FALSE);
}

const NsimSpaceRegion *
nsim_space_region_of(const NsimSpace *space, NsimPage page)
{
    uint32_t low = 0, high = space->region_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (space->regions[middle].first <= page)
            low = middle;
        else
            high = middle;
    }
    return &space->regions[low];
}

void
nsim_space_unit_of(const NsimSpace *space, NsimPage page, NsimPage *ret_first, uint32_t *ret_count)
{
    const NsimPage frame_mask = ((NsimPage)1 << space->frame_page_shift) - 1;
    if ((space->heads[page >> space->frame_page_shift] & NSIM_HEAD_HUGE) != 0) {
        *ret_first = page & ~frame_mask;
        *ret_count = (uint32_t)frame_mask + 1;
        return;
    }
    const NsimSpaceRegion *region = nsim_space_region_of(space, page);
    const NsimPage aligned = page & ~((NsimPage)region->unit_pages - 1);
    /* A unit that would reach out of its region shrinks to base pages, as a huge page does that does not fit its VMA. */
    if (aligned < region->first || aligned + region->unit_pages > region->first + region->count) {
        *ret_first = page;
        *ret_count = 1;
        return;
    }
    *ret_first = aligned;
    *ret_count = region->unit_pages;
}

bool
nsim_space_page_at(const NsimSpace *space, uint64_t address, NsimPage *ret_page)
{
    const uint64_t wanted = address >> 21;
    const uint64_t low = nsim_lower_bound(space->frame_addresses, space->frame_count, wanted);
    if (low == space->frame_count)
        return false;
    const uint64_t in_frame = space->frame_addresses[low] == wanted
                                  ? (address >> space->page_shift) & (((uint64_t)1 << space->frame_page_shift) - 1)
                                  : 0;
    *ret_page = (NsimPage)((low << space->frame_page_shift) + in_frame);
    return true;
}

uint64_t
nsim_space_address_of(const NsimSpace *space, NsimPage page)
{
    const uint64_t in_frame = page & (((uint64_t)1 << space->frame_page_shift) - 1);
    return (space->frame_addresses[page >> space->frame_page_shift] << 21) + (in_frame << space->page_shift);
}

/* Does the frame that begins at `first` lie in one region? */
static bool
is_in_one_region(const NsimSpace *space, NsimPage first)
{
    const NsimSpaceRegion *region = nsim_space_region_of(space, first);
    return region->first <= first &&
           first + ((NsimPage)1 << space->frame_page_shift) <= region->first + region->count;
}

/* ---- Life --------------------------------------------------------------------------------------------------- */

NsimSpace *
nsim_space_new(NsimMemory *memory, const char *workload, const uint64_t *frames, uint64_t frame_count,
               const NsimSpaceRange *ranges, uint32_t range_count, uint32_t unit_pages, GError **error)
{
    g_autofree uint64_t *addresses = g_try_new(uint64_t, frame_count + 1);
    g_autofree uint32_t *heads = g_try_new(uint32_t, frame_count + 1);
    const unsigned page_shift = memory->machine->page_shift;
    const uint64_t page_count = frame_count << (21 - page_shift);
    /* The host backs only what is written: a frame's states come to life when the frame splits. */
    void *states = mmap(NULL, (page_count + 1) * sizeof(uint16_t), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (addresses == NULL || heads == NULL || states == MAP_FAILED) {
        if (states != MAP_FAILED)
            munmap(states, (page_count + 1) * sizeof(uint16_t));
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "no memory for the page state of %" G_GUINT64_FORMAT " pages of workload '%s'",
                    page_count, workload);
        return NULL;
    }
    /* Random replay of a large space misses the host's TLB at every page otherwise. A hint: refusal does no harm. */
    (void)madvise(states, (page_count + 1) * sizeof(uint16_t), MADV_HUGEPAGE);
    NsimSpace *space = g_new0(NsimSpace, 1);
    space->workload = g_strdup(workload);
    space->memory = memory;
    space->page_shift = page_shift;
    space->frame_page_shift = 21 - page_shift;
    space->frame_count = frame_count;
    space->page_count = page_count;
    space->unit_pages = unit_pages;
    space->states = states;
    for (uint64_t f = 0; f < frame_count; f++) {
        addresses[f] = frames[f];
        heads[f] = NSIM_PAGE_FRESH;
    }
    space->frame_addresses = g_steal_pointer(&addresses);
    space->heads = g_steal_pointer(&heads);
    space->copies = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    g_queue_init(&space->shadows);
    build_regions(space, ranges, range_count);
    for (uint64_t f = 0; unit_pages == 1u << space->frame_page_shift && f < frame_count; f++) {
        if (is_in_one_region(space, f << space->frame_page_shift))
            space->heads[f] |= NSIM_HEAD_HUGE;
    }
    return space;
}

void
nsim_space_free(NsimSpace *space)
{
    if (space == NULL)
        return;
    for (uint32_t r = 0; r < space->region_count; r++)
        g_free(space->regions[r].name);
    g_free(space->regions);
    munmap(space->states, (space->page_count + 1) * sizeof(uint16_t));
    g_free(space->frame_addresses);
    g_free(space->heads);
    g_hash_table_unref(space->copies);
    g_queue_clear(&space->shadows);
    g_free(space->workload);
    g_free(space);
}

/* ---- State -------------------------------------------------------------------------------------------------- */

/* The part of a head that is the state of all pages. */
#define UNIFORM 0xffffu

static void
split_frame(NsimSpace *space, uint64_t frame)
{
    const uint32_t head = space->heads[frame];
    if ((head & NSIM_HEAD_SPLIT) != 0)
        return;
    uint16_t *states = &space->states[frame << space->frame_page_shift];
    for (uint32_t i = 0; i < (1u << space->frame_page_shift); i++)
        states[i] = (uint16_t)head;
    space->heads[frame] = (head & ~UNIFORM) | NSIM_HEAD_SPLIT;
}

void
nsim_space_set_state(NsimSpace *space, NsimPage page, uint16_t state)
{
    const uint64_t frame = page >> space->frame_page_shift;
    const uint32_t head = space->heads[frame];
    if ((head & NSIM_HEAD_SPLIT) == 0 && (uint16_t)head == state)
        return;
    split_frame(space, frame);
    space->states[page] = state;
}

void
nsim_space_change(NsimSpace *space, NsimPage page, uint64_t count, uint16_t clear, uint16_t set)
{
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    nsim_assert(page + count <= space->page_count);
    for (NsimPage end = page + count; page < end;) {
        const uint64_t frame = page >> space->frame_page_shift;
        const uint32_t head = space->heads[frame];
        if ((page & (frame_pages - 1)) == 0 && end - page >= frame_pages && (head & NSIM_HEAD_SPLIT) == 0) {
            space->heads[frame] = (head & ~(uint32_t)clear) | set;
            page += frame_pages;
            continue;
        }
        const uint16_t state = nsim_space_state(space, page);
        nsim_space_set_state(space, page, (uint16_t)((state & ~clear) | set));
        page++;
    }
}

void
nsim_space_survey(const NsimSpace *space, NsimPage page, uint64_t count, uint16_t *ret_all, uint16_t *ret_any)
{
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    uint16_t all = UINT16_MAX, any = 0;
    nsim_assert(page + count <= space->page_count);
    for (NsimPage end = page + count; page < end;) {
        const uint32_t head = space->heads[page >> space->frame_page_shift];
        const bool uniform = (head & NSIM_HEAD_SPLIT) == 0;
        const uint16_t state = uniform ? (uint16_t)head : space->states[page];
        all &= state;
        any |= state;
        page = uniform ? MIN((page | (frame_pages - 1)) + 1, end) : page + 1;
    }
    *ret_all = all;
    *ret_any = any;
}

/* A whole fresh frame on one node keeps its uniform head. */
static bool
place_frame(NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node)
{
    const uint64_t frame_pages = (uint64_t)1 << space->frame_page_shift;
    const uint64_t frame = page >> space->frame_page_shift;
    const uint32_t kept = NSIM_HEAD_HUGE | NSIM_HEAD_WANTED | NSIM_HEAD_REFUSED | NSIM_PAGE_SPLIT;
    const uint32_t head = space->heads[frame];
    if ((page & (frame_pages - 1)) != 0 || count < frame_pages || (head & ~kept) != NSIM_PAGE_FRESH ||
        nsim_memory_free_pages(space->memory, node) < frame_pages)
        return false;
    space->heads[frame] = (head & kept) | NSIM_PAGE_ACCESSED | node;
    nsim_memory_take(space->memory, node, frame_pages);
    space->resident_count += frame_pages;
    return true;
}

static void
tell(NsimSpace *space, NsimSpaceEventKind kind, NsimPage page, uint64_t count, NsimNodeId from, NsimNodeId to)
{
    const NsimSpaceEvent event = {.kind = kind, .page = page, .count = count, .from = from, .to = to, .space = space};
    if (space->listener != NULL && count > 0)
        space->listener(space->listener_context, &event);
    if (space->watcher != NULL && count > 0)
        space->watcher(space->watcher_context, &event);
}

uint64_t
nsim_space_place(NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node)
{
    uint64_t done = 0, told = 0; /* pages [told, done) are new */
    nsim_assert(page + count <= space->page_count && node < space->memory->machine->node_count);
    while (done < count) {
        if (place_frame(space, page + done, count - done, node)) {
            done += (uint64_t)1 << space->frame_page_shift;
            continue;
        }
        const uint16_t state = nsim_space_state(space, page + done);
        if ((state & NSIM_PAGE_ABSENT) != 0) {
            /* On the move: its frame collapses, and will have memory. */
            if (nsim_memory_free_pages(space->memory, node) == 0 || (state & NSIM_PAGE_MOVING) != 0)
                break;
            nsim_memory_take(space->memory, node, 1);
            space->resident_count++;
            nsim_space_set_state(space, page + done, (uint16_t)((state & NSIM_PAGE_SPLIT) | NSIM_PAGE_ACCESSED | node));
        } else {
            tell(space, NSIM_SPACE_PLACED, page + told, done - told, NSIM_NODE_NONE, node);
            told = done + 1;
        }
        done++;
    }
    tell(space, NSIM_SPACE_PLACED, page + told, done - told, NSIM_NODE_NONE, node);
    return done;
}

static NsimNodeId
node_of(const NsimSpace *space, NsimPage page)
{
    return nsim_space_state(space, page) & NSIM_PAGE_NODE;
}

void
nsim_space_move(NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId node)
{
    const NsimNodeId from = node_of(space, page);
    nsim_space_change(space, page, count, NSIM_PAGE_NODE | NSIM_PAGE_MOVING, node);
    tell(space, NSIM_SPACE_MOVED, page, count, from, node);
}

void
nsim_space_exchange(NsimSpace *space, NsimPage page, NsimPage partner, uint64_t count)
{
    const NsimSpaceEvent event = {.kind = NSIM_SPACE_EXCHANGED,
                                  .page = page,
                                  .partner = partner,
                                  .count = count,
                                  .from = node_of(space, page),
                                  .to = node_of(space, partner),
                                  .space = space};
    nsim_space_change(space, page, count, NSIM_PAGE_NODE | NSIM_PAGE_MOVING, event.to);
    nsim_space_change(space, partner, count, NSIM_PAGE_NODE | NSIM_PAGE_MOVING, event.from);
    if (space->listener != NULL)
        space->listener(space->listener_context, &event);
    if (space->watcher != NULL)
        space->watcher(space->watcher_context, &event);
}

/* Every unit of movement in the run of pages is base pages. */
static void
part(NsimSpace *space, NsimPage page, uint64_t count)
{
    const NsimPage end = page + count;
    for (uint64_t f = page >> space->frame_page_shift; f << space->frame_page_shift < end; f++)
        space->heads[f] &= ~(uint32_t)NSIM_HEAD_HUGE;
    nsim_space_change(space, page, count, 0, NSIM_PAGE_SPLIT);
}

void
nsim_space_split(NsimSpace *space, NsimPage first, uint64_t count)
{
    part(space, first, count);
    space->split_count++;
    tell(space, NSIM_SPACE_SPLIT, first, count, node_of(space, first), NSIM_NODE_NONE);
}

void
nsim_space_make_old(NsimSpace *space, NsimPage page, uint64_t count)
{
    NsimSpaceEvent event = {.kind = NSIM_SPACE_MADE_OLD, .page = page, .count = count};
    if (space->listener == NULL) {
        nsim_space_change(space, page, count, NSIM_PAGE_ACCESSED, 0);
        return;
    }
    uint16_t all, any;
    nsim_space_survey(space, page, count, &all, &any);
    event.accessed = (any & NSIM_PAGE_ACCESSED) != 0;
    nsim_space_change(space, page, count, NSIM_PAGE_ACCESSED, 0);
    space->listener(space->listener_context, &event);
}

bool
nsim_space_is_young(const NsimSpace *space, NsimPage page, uint64_t count)
{
    uint16_t all, any;
    nsim_space_survey(space, page, count, &all, &any);
    return (any & NSIM_PAGE_ACCESSED) != 0 || (space->idle != NULL && !space->idle(space->listener_context, page));
}

uint64_t
nsim_space_arm(NsimSpace *space, NsimPage page, uint64_t count, bool armed)
{
    uint64_t changed = 0;
    nsim_assert(page + count <= space->page_count);
    for (uint64_t i = 0; i < count; i++) {
        const uint16_t state = nsim_space_state(space, page + i);
        if ((state & (NSIM_PAGE_ABSENT | NSIM_PAGE_SWAPPED)) != 0 || ((state & NSIM_PAGE_ARMED) != 0) == armed)
            continue;
        nsim_space_set_state(space, page + i, (uint16_t)(state ^ NSIM_PAGE_ARMED));
        changed++;
    }
    return changed;
}

/* ---- Copies ------------------------------------------------------------------------------------------------- */

static NodeSet *
copies_of(const NsimSpace *space, NsimPage page)
{
    return g_hash_table_lookup(space->copies, GSIZE_TO_POINTER(page));
}

static bool
set_has(const NodeSet *set, NsimNodeId node)
{
    return set != NULL && (set->bits[node / 64] >> (node % 64) & 1) != 0;
}

bool
nsim_space_add_copy(NsimSpace *space, NsimPage page, NsimNodeId node)
{
    const uint16_t state = nsim_space_state(space, page);
    NodeSet *set = copies_of(space, page);
    if ((state & NSIM_PAGE_ABSENT) != 0 || (state & NSIM_PAGE_NODE) == node || set_has(set, node) ||
        nsim_memory_free_pages(space->memory, node) == 0)
        return false;
    if (set == NULL) {
        set = g_new0(NodeSet, 1);
        g_hash_table_insert(space->copies, GSIZE_TO_POINTER(page), set);
        nsim_space_set_state(space, page, state | NSIM_PAGE_COPIED);
    }
    set->bits[node / 64] |= (uint64_t)1 << (node % 64);
    nsim_memory_take(space->memory, node, 1);
    space->copy_count++;
    space->shadow_counts[node] += set->shadow;
    return true;
}

void
nsim_space_keep_shadow(NsimSpace *space, NsimPage page, NsimNodeId node)
{
    nsim_assert(copies_of(space, page) == NULL);
    NodeSet *set = g_new0(NodeSet, 1);
    set->shadow = true;
    set->bits[node / 64] |= (uint64_t)1 << (node % 64);
    g_hash_table_insert(space->copies, GSIZE_TO_POINTER(page), set);
    nsim_space_set_state(space, page, nsim_space_state(space, page) | NSIM_PAGE_COPIED);
    space->copy_count++;
    space->shadow_counts[node]++;
    g_queue_push_tail(&space->shadows, GSIZE_TO_POINTER(page));
}

void
nsim_spaces_reclaim_shadows(NsimSpace *const *spaces, uint32_t space_count, NsimNodeId node, uint64_t pages)
{
    for (uint32_t s = 0; s < space_count; s++) {
        NsimSpace *space = spaces[s];
        for (GList *at = space->shadows.head; at != NULL && space->shadow_counts[node] > 0 &&
                                              nsim_memory_free_pages(space->memory, node) < pages;) {
            GList *next = at->next;
            const NsimPage page = GPOINTER_TO_SIZE(at->data);
            const NodeSet *set = copies_of(space, page);
            const bool here = nsim_space_has_shadow(space, page, node);
            if (here)
                (void)nsim_space_drop_copy(space, page, node);
            /* Those that a write has dropped meanwhile go as well. */
            if (here || set == NULL || !set->shadow)
                g_queue_delete_link(&space->shadows, at);
            at = next;
        }
    }
}

bool
nsim_space_has_shadow(const NsimSpace *space, NsimPage page, NsimNodeId node)
{
    const NodeSet *set = copies_of(space, page);
    return set != NULL && set->shadow && set_has(set, node);
}

bool
nsim_space_drop_copy(NsimSpace *space, NsimPage page, NsimNodeId node)
{
    NodeSet *set = copies_of(space, page);
    if (!set_has(set, node))
        return false;
    set->bits[node / 64] &= ~((uint64_t)1 << (node % 64));
    nsim_memory_give(space->memory, node, 1);
    space->copy_count--;
    space->shadow_counts[node] -= set->shadow;
    if ((set->bits[0] | set->bits[1] | set->bits[2] | set->bits[3]) == 0) {
        g_hash_table_remove(space->copies, GSIZE_TO_POINTER(page));
        nsim_space_set_state(space, page, (uint16_t)(nsim_space_state(space, page) & ~NSIM_PAGE_COPIED));
    }
    return true;
}

uint32_t
nsim_space_drop_copies(NsimSpace *space, NsimPage page)
{
    uint32_t dropped = 0;
    for (uint32_t n = 0; n < space->memory->machine->node_count && copies_of(space, page) != NULL; n++)
        dropped += nsim_space_drop_copy(space, page, (NsimNodeId)n);
    return dropped;
}

NsimNodeId
nsim_space_nearest(const NsimSpace *space, NsimPage page, const NsimNodeId *order, uint32_t order_count)
{
    const NsimNodeId home = nsim_space_state(space, page) & NSIM_PAGE_NODE;
    const NodeSet *set = copies_of(space, page);
    if (set != NULL && set->shadow)
        return home;
    for (uint32_t i = 0; i < order_count && order[i] != NSIM_NODE_NONE; i++) {
        if (order[i] == home || set_has(set, order[i]))
            return order[i];
    }
    return home;
}

/* ---- Huge pages --------------------------------------------------------------------------------------------- */

static uint64_t
frame_pages_of(const NsimSpace *space)
{
    return (uint64_t)1 << space->frame_page_shift;
}

bool
nsim_space_may_join(const NsimSpace *space, NsimPage first)
{
    return (space->heads[first >> space->frame_page_shift] & NSIM_HEAD_REFUSED) == 0 && is_in_one_region(space, first);
}

void
nsim_space_prepare(NsimSpace *space, NsimPage first, bool huge)
{
    if (!huge) {
        part(space, first, frame_pages_of(space));
        return;
    }
    nsim_assert(is_in_one_region(space, first));
    nsim_space_change(space, first, frame_pages_of(space), NSIM_PAGE_SPLIT, 0);
    space->heads[first >> space->frame_page_shift] |= NSIM_HEAD_HUGE;
}

/* Tell the watcher of a run of pages that were in one place. */
static void
watch_join(NsimSpace *space, NsimPage page, uint64_t count, NsimNodeId from, NsimNodeId to)
{
    const NsimSpaceEventKind kind = from == NSIM_NODE_NONE ? NSIM_SPACE_PLACED : NSIM_SPACE_MOVED;
    const NsimSpaceEvent event = {.kind = kind, .page = page, .count = count, .from = from, .to = to, .space = space};
    if (space->watcher != NULL && from != to)
        space->watcher(space->watcher_context, &event);
}

/* Give a page's place and copies back. Returns where it was, NSIM_NODE_NONE: nowhere. */
static NsimNodeId
vacate(NsimSpace *space, NsimPage page)
{
    (void)nsim_space_drop_copies(space, page);
    const uint16_t state = nsim_space_state(space, page);
    if ((state & NSIM_PAGE_ABSENT) != 0) {
        space->resident_count++;
        return NSIM_NODE_NONE;
    }
    nsim_assert((state & NSIM_PAGE_SWAPPED) == 0);
    nsim_memory_give(space->memory, state & NSIM_PAGE_NODE, 1);
    return state & NSIM_PAGE_NODE;
}

void
nsim_space_join(NsimSpace *space, NsimPage first, NsimNodeId node)
{
    const NsimPage end = first + frame_pages_of(space);
    const uint64_t frame = first >> space->frame_page_shift;
    nsim_assert(first == frame << space->frame_page_shift && is_in_one_region(space, first));
    NsimPage run = first;
    NsimNodeId from = NSIM_NODE_NONE;
    for (NsimPage page = first; page < end; page++) {
        const NsimNodeId was = vacate(space, page);
        if (page > first && was != from) {
            watch_join(space, run, page - run, from, node);
            run = page;
        }
        from = was;
    }
    watch_join(space, run, end - run, from, node);
    space->heads[frame] = (space->heads[frame] & (NSIM_HEAD_WANTED | NSIM_HEAD_REFUSED)) | NSIM_HEAD_HUGE |
                          NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY | node;
    const NsimSpaceEvent event = {
        .kind = NSIM_SPACE_JOINED, .page = first, .count = end - first, .to = node, .space = space};
    if (space->listener != NULL)
        space->listener(space->listener_context, &event);
}

/* A frame with no memory at all takes the advice at its first touch. */
static void
advise_frame(NsimSpace *space, uint64_t frame, NsimAdvice advice)
{
    const NsimPage first = frame << space->frame_page_shift;
    uint32_t *head = &space->heads[frame];
    uint16_t all, any;
    nsim_space_survey(space, first, frame_pages_of(space), &all, &any);
    const bool absent = (all & NSIM_PAGE_ABSENT) != 0 && (any & NSIM_PAGE_MOVING) == 0;
    *head &= ~(uint32_t)(NSIM_HEAD_WANTED | NSIM_HEAD_REFUSED);
    *head |= advice == NSIM_ADVICE_HUGE ? NSIM_HEAD_WANTED : NSIM_HEAD_REFUSED;
    if (absent && advice == NSIM_ADVICE_NO_HUGE)
        part(space, first, frame_pages_of(space));
}

void
nsim_space_advise(NsimSpace *space, NsimPage page, uint64_t count, NsimAdvice advice)
{
    const uint64_t mask = frame_pages_of(space) - 1;
    const NsimPage end = MIN(page + count, space->page_count);
    const bool huge = advice == NSIM_ADVICE_HUGE;
    const uint64_t from = (page + (huge ? mask : 0)) >> space->frame_page_shift;
    const uint64_t to = (end + (huge ? 0 : mask)) >> space->frame_page_shift;
    for (uint64_t f = from; count > 0 && f < to; f++)
        advise_frame(space, f, advice);
}

/* ---- Audit -------------------------------------------------------------------------------------------------- */

void
nsim_space_audit(const NsimSpace *const *spaces, uint32_t space_count, const NsimMemory *memory, const uint64_t *taken)
{
    const uint32_t node_count = memory->machine->node_count;
    g_autofree uint64_t *held = g_new0(uint64_t, node_count);

    for (uint32_t s = 0; s < space_count; s++) {
        const NsimSpace *space = spaces[s];
        uint64_t resident = 0, copies = 0;
        for (NsimPage page = 0; page < space->page_count; page++) {
            const uint16_t state = nsim_space_state(space, page);
            const NodeSet *set = copies_of(space, page);
            nsim_assert(((state & NSIM_PAGE_COPIED) != 0) == (set != NULL));
            if ((state & NSIM_PAGE_ABSENT) != 0)
                continue;
            nsim_assert((state & NSIM_PAGE_NODE) < node_count);
            resident++;
            held[state & NSIM_PAGE_NODE]++;
            for (uint32_t n = 0; set != NULL && n < node_count; n++) {
                held[n] += set_has(set, (NsimNodeId)n);
                copies += set_has(set, (NsimNodeId)n);
            }
        }
        nsim_assert(resident == space->resident_count && copies == space->copy_count);
    }
    for (uint32_t n = 0; n < node_count && taken != NULL; n++)
        held[n] += taken[n];
    for (uint32_t n = 0; n < node_count; n++)
        nsim_assert(held[n] == memory->nodes[n].used_pages && held[n] <= memory->nodes[n].capacity_pages);
}
