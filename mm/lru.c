/* SPDX-License-Identifier: MIT */
/* LRU lists threaded through the frames: adding, ageing, second chances, scans. */
#include <mm/lru.h>

#include <sim/assert.h>
#include <sim/integer.h>
#include <string.h>

static NsimFrame *
at(const NsimLru *lru, uint32_t frame)
{
    return nsim_frames_at(lru->frames, frame);
}

/* Flags of heads are the lists' own: whoever looks at any frame of a folio looks there. */
static uint32_t
head_of(const NsimLru *lru, uint32_t frame, uint32_t *ret_count)
{
    return nsim_frames_folio(lru->frames, frame, ret_count);
}

static uint32_t
pages_of(const NsimLru *lru, uint32_t head)
{
    uint32_t count;
    (void)head_of(lru, head, &count);
    return count;
}

bool
nsim_lru_name_is_file(const char *name)
{
    return name[0] == '/' || g_str_has_prefix(name, "file:");
}

uint32_t
nsim_lru_group_of(const NsimLru *lru, NsimSpaceId space)
{
    const uint32_t group = lru->space_groups == NULL ? lru->group_count : lru->space_groups[space];
    return MIN(group, lru->group_count);
}

static NsimLruList
list_of(uint16_t flags)
{
    const NsimLruList base = (flags & NSIM_FRAME_FILE) != 0 ? NSIM_LRU_INACTIVE_FILE : NSIM_LRU_INACTIVE_ANON;
    return base + ((flags & NSIM_FRAME_ACTIVE) != 0);
}

/* ---- Lists ------------------------------------------------------------------------------------------------------ */

static NsimLruVec *
vec_of(const NsimLru *lru, uint32_t head)
{
    return nsim_lru_vec(lru, nsim_lru_group_of(lru, at(lru, head)->space), nsim_frames_node(lru->frames, head));
}

static void
push(NsimLru *lru, uint32_t head)
{
    NsimFrame *entry = at(lru, head);
    NsimLruVec *vec = vec_of(lru, head);
    const NsimLruList list = list_of(entry->flags);
    nsim_assert((entry->flags & NSIM_FRAME_LRU) == 0);
    entry->flags |= NSIM_FRAME_LRU;
    entry->prev = NSIM_FRAME_NONE;
    entry->next = vec->heads[list];
    if (entry->next != NSIM_FRAME_NONE)
        at(lru, entry->next)->prev = head;
    else
        vec->tails[list] = head;
    vec->heads[list] = head;
    vec->pages[list] += pages_of(lru, head);
}

static void
take_off(NsimLru *lru, uint32_t head)
{
    NsimFrame *entry = at(lru, head);
    NsimLruVec *vec = vec_of(lru, head);
    const NsimLruList list = list_of(entry->flags);
    if (entry->prev != NSIM_FRAME_NONE)
        at(lru, entry->prev)->next = entry->next;
    else
        vec->heads[list] = entry->next;
    if (entry->next != NSIM_FRAME_NONE)
        at(lru, entry->next)->prev = entry->prev;
    else
        vec->tails[list] = entry->prev;
    vec->pages[list] -= pages_of(lru, head);
    entry->flags &= (uint16_t)~NSIM_FRAME_LRU;
    entry->prev = entry->next = NSIM_FRAME_NONE;
}

/* ---- What the frames tell -----------------------------------------------------------------------------------------
 */

static void
on_added(void *context, uint32_t head, bool fresh)
{
    NsimLru *lru = context;
    NsimFrame *entry = at(lru, head);
    const NsimSpaceRegion *region = nsim_space_region_of(lru->spaces[entry->space], entry->page);
    if (fresh && nsim_lru_name_is_file(region->name))
        entry->flags |= NSIM_FRAME_FILE;
    lru->resident[nsim_lru_group_of(lru, entry->space)] += pages_of(lru, head);
    push(lru, head);
}

static void
on_removed(void *context, uint32_t head)
{
    NsimLru *lru = context;
    const NsimFrame *entry = at(lru, head);
    lru->resident[nsim_lru_group_of(lru, entry->space)] -= pages_of(lru, head);
    if ((entry->flags & NSIM_FRAME_LRU) != 0)
        take_off(lru, head);
}

/* The first frame stands where the folio stood; the others follow it, as the kernel puts tail pages. */
static void
on_split(void *context, uint32_t head, uint32_t count)
{
    NsimLru *lru = context;
    if ((at(lru, head)->flags & NSIM_FRAME_LRU) == 0)
        return;
    NsimLruVec *vec = vec_of(lru, head);
    const NsimLruList list = list_of(at(lru, head)->flags);
    for (uint32_t i = count; i-- > 1;) {
        NsimFrame *entry = at(lru, head + i);
        entry->flags |= NSIM_FRAME_LRU;
        entry->prev = head;
        entry->next = at(lru, head)->next;
        at(lru, head)->next = head + i;
        if (entry->next != NSIM_FRAME_NONE)
            at(lru, entry->next)->prev = head + i;
        else
            vec->tails[list] = head + i;
    }
}

/* ---- Life ---------------------------------------------------------------------------------------------------------
 */

NsimLru *
nsim_lru_new(NsimFrames *frames, NsimSpace *const *spaces, uint32_t space_count, const uint32_t *space_groups,
             uint32_t group_count)
{
    NsimLru *lru = g_new0(NsimLru, 1);
    *lru = (NsimLru){.frames = frames,
                     .spaces = spaces,
                     .space_count = space_count,
                     .space_groups = space_groups,
                     .node_count = nsim_frames_node_count(frames),
                     .group_count = group_count};
    lru->vecs = g_new(NsimLruVec, (gsize)(group_count + 1) * lru->node_count + 1);
    lru->resident = g_new0(uint64_t, group_count + 1);
    for (uint32_t v = 0; v < (group_count + 1) * lru->node_count; v++) {
        for (int list = 0; list < NSIM_LRU_LISTS; list++) {
            lru->vecs[v].heads[list] = lru->vecs[v].tails[list] = NSIM_FRAME_NONE;
            lru->vecs[v].pages[list] = 0;
        }
    }
    const NsimFramesListener listener = {on_added, on_removed, on_split, lru};
    nsim_frames_listen(frames, &listener);
    return lru;
}

void
nsim_lru_free(NsimLru *lru)
{
    if (lru == NULL)
        return;
    nsim_frames_listen(lru->frames, &(NsimFramesListener){0});
    g_free(lru->vecs);
    g_free(lru->resident);
    g_free(lru);
}

uint64_t
nsim_lru_pages(const NsimLru *lru, NsimNodeId node, NsimLruList list)
{
    uint64_t pages = 0;
    for (uint32_t g = 0; g <= lru->group_count; g++)
        pages += nsim_lru_vec(lru, g, node)->pages[list];
    return pages;
}

/* ---- Activation ---------------------------------------------------------------------------------------------------
 */

static bool
set_active(NsimLru *lru, uint32_t frame, bool active)
{
    uint32_t count;
    const uint32_t head = head_of(lru, frame, &count);
    NsimFrame *entry = at(lru, head);
    if ((entry->flags & NSIM_FRAME_LRU) == 0 || ((entry->flags & NSIM_FRAME_ACTIVE) != 0) == active)
        return false;
    take_off(lru, head);
    entry->flags ^= NSIM_FRAME_ACTIVE;
    entry->flags &= (uint16_t)~NSIM_FRAME_REFERENCED;
    push(lru, head);
    *(active ? &lru->activated : &lru->deactivated) += count;
    nsim_story_listed(lru->story, entry->space, entry->page, count,
                      active ? NSIM_LISTED_ACTIVATED : NSIM_LISTED_DEACTIVATED);
    return true;
}

bool
nsim_lru_activate(NsimLru *lru, uint32_t frame)
{
    return set_active(lru, frame, true);
}

bool
nsim_lru_deactivate(NsimLru *lru, uint32_t frame)
{
    return set_active(lru, frame, false);
}

bool
nsim_lru_isolate(NsimLru *lru, uint32_t head)
{
    NsimFrame *entry = at(lru, head);
    if ((entry->flags & NSIM_FRAME_LRU) == 0)
        return false;
    take_off(lru, head);
    entry->flags |= NSIM_FRAME_ISOLATED;
    return true;
}

void
nsim_lru_put_back(NsimLru *lru, uint32_t head)
{
    NsimFrame *entry = at(lru, head);
    entry->flags &= (uint16_t)~NSIM_FRAME_ISOLATED;
    push(lru, head);
}

/* ---- Accessed bits ------------------------------------------------------------------------------------------------
 */

/* One entry of the page directory maps a huge folio and has one bit; otherwise each page has its own. */
static uint32_t
clear_accessed(NsimSpace *space, NsimPage page, uint32_t count, bool huge)
{
    uint16_t all, any;
    uint32_t found = 0;
    nsim_space_survey(space, page, count, &all, &any);
    if ((any & NSIM_PAGE_ACCESSED) == 0)
        return 0;
    for (uint32_t i = 0; i < count && !huge; i++)
        found += (nsim_space_state(space, page + i) & NSIM_PAGE_ACCESSED) != 0;
    nsim_space_change(space, page, count, NSIM_PAGE_ACCESSED, 0);
    return huge ? 1 : found;
}

static uint32_t
clear_folio(const NsimLru *lru, uint32_t head)
{
    const NsimFrame *entry = at(lru, head);
    return clear_accessed(lru->spaces[entry->space], entry->page, pages_of(lru, head),
                          (entry->flags & NSIM_FRAME_HUGE) != 0);
}

uint32_t
nsim_lru_referenced(NsimLru *lru, uint32_t head)
{
    NsimFrame *entry = at(lru, head);
    uint32_t referenced = clear_folio(lru, head);
    if (referenced > 0)
        entry->flags &= (uint16_t)~NSIM_FRAME_IDLE;
    referenced += (entry->flags & NSIM_FRAME_YOUNG) != 0;
    entry->flags &= (uint16_t)~NSIM_FRAME_YOUNG;
    return referenced;
}

/* ---- Scans --------------------------------------------------------------------------------------------------------
 */

bool
nsim_lru_inactive_is_low(const NsimLru *lru, const NsimLruVec *vec, bool file)
{
    const uint64_t inactive = vec->pages[file ? NSIM_LRU_INACTIVE_FILE : NSIM_LRU_INACTIVE_ANON];
    const uint64_t active = vec->pages[file ? NSIM_LRU_ACTIVE_FILE : NSIM_LRU_ACTIVE_ANON];
    const unsigned gib_shift = 30 - lru->spaces[0]->page_shift;
    const uint64_t gib = (inactive + active) >> gib_shift;
    return inactive * (gib > 0 ? nsim_square_root(10 * gib) : 1) < active;
}

uint64_t
nsim_lru_shrink_active(NsimLru *lru, NsimLruVec *vec, bool file, uint64_t pages)
{
    const NsimLruList list = file ? NSIM_LRU_ACTIVE_FILE : NSIM_LRU_ACTIVE_ANON;
    uint64_t scanned = 0;
    while (scanned < pages && vec->tails[list] != NSIM_FRAME_NONE) {
        const uint32_t head = vec->tails[list];
        scanned += pages_of(lru, head);
        /* The bits are cleared: what is used from now on comes back. */
        (void)nsim_lru_referenced(lru, head);
        (void)set_active(lru, head, false);
    }
    return scanned;
}

typedef enum { VERDICT_RECLAIM, VERDICT_KEEP, VERDICT_ACTIVATE } Verdict;

static Verdict
judge(NsimLru *lru, uint32_t head)
{
    NsimFrame *entry = at(lru, head);
    const uint32_t referenced = nsim_lru_referenced(lru, head);
    const bool before = (entry->flags & NSIM_FRAME_REFERENCED) != 0;
    entry->flags &= (uint16_t)~NSIM_FRAME_REFERENCED;
    if (referenced == 0)
        return VERDICT_RECLAIM;
    entry->flags |= NSIM_FRAME_REFERENCED;
    return before || referenced > 1 ? VERDICT_ACTIVATE : VERDICT_KEEP;
}

static void
tell(const NsimLru *lru, uint32_t head, NsimListed what)
{
    nsim_story_listed(lru->story, at(lru, head)->space, at(lru, head)->page, pages_of(lru, head), what);
}

static bool
is_moving(const NsimLru *lru, uint32_t head)
{
    const NsimFrame *entry = at(lru, head);
    uint16_t all, any;
    nsim_space_survey(lru->spaces[entry->space], entry->page, pages_of(lru, head), &all, &any);
    return (any & NSIM_PAGE_MOVING) != 0;
}

uint64_t
nsim_lru_shrink_inactive(NsimLru *lru, NsimLruVec *vec, bool file, uint64_t pages, GArray *victims)
{
    const NsimLruList list = file ? NSIM_LRU_INACTIVE_FILE : NSIM_LRU_INACTIVE_ANON;
    const uint64_t there = vec->pages[list];
    uint64_t scanned = 0;
    /* What is put back at the head does not come up again in one scan. */
    while (scanned < MIN(pages, there) && vec->tails[list] != NSIM_FRAME_NONE) {
        const uint32_t head = vec->tails[list];
        const Verdict verdict = is_moving(lru, head) ? VERDICT_KEEP : judge(lru, head);
        scanned += pages_of(lru, head);
        if (verdict == VERDICT_ACTIVATE) {
            (void)set_active(lru, head, true);
        } else if (verdict == VERDICT_KEEP) {
            take_off(lru, head);
            push(lru, head);
            lru->rotated += pages_of(lru, head);
            tell(lru, head, NSIM_LISTED_KEPT);
        } else {
            tell(lru, head, NSIM_LISTED_CHOSEN);
            (void)nsim_lru_isolate(lru, head);
            g_array_append_val(victims, head);
        }
    }
    return scanned;
}

/* ---- Audit --------------------------------------------------------------------------------------------------------
 */

void
nsim_lru_audit(const NsimLru *lru)
{
    for (uint32_t v = 0; v < (lru->group_count + 1) * lru->node_count; v++) {
        const NsimLruVec *vec = &lru->vecs[v];
        for (int list = 0; list < NSIM_LRU_LISTS; list++) {
            uint64_t pages = 0;
            uint32_t before = NSIM_FRAME_NONE;
            for (uint32_t head = vec->heads[list]; head != NSIM_FRAME_NONE; head = at(lru, head)->next) {
                const NsimFrame *entry = at(lru, head);
                nsim_assert((entry->flags & NSIM_FRAME_HEAD) != 0 && (entry->flags & NSIM_FRAME_LRU) != 0);
                nsim_assert((entry->flags & NSIM_FRAME_ISOLATED) == 0 && entry->prev == before);
                nsim_assert(list_of(entry->flags) == (NsimLruList)list && vec_of(lru, head) == vec);
                pages += pages_of(lru, head);
                before = head;
            }
            nsim_assert(vec->tails[list] == before && vec->pages[list] == pages);
        }
    }
}
