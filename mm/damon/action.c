/* SPDX-License-Identifier: MIT */
/* Actions of DAMOS on regions. Source and what is left out: action.h. */
#include <mm/damon/action.h>

#include <mm/damon/filter.h>
#include <mm/damon/goal.h>
#include <mm/damon/ops-space.h>
#include <mm/huge.h>

#include <gio/gio.h>
#include <string.h>

const NsimDamosCosts nsim_damos_costs_default = {
    .step_ps = 40 * NSIM_NS, .folio_ps = 100 * NSIM_NS, .young_ps = NSIM_US, .region_ps = 20 * NSIM_NS};

bool
nsim_damos_action_check(const NsimDamosPlan *plan, const NsimDamonOps *ops, GError **error)
{
    if ((ops->actions & 1u << plan->action) != 0)
        return true;
    g_autoptr(GString) allowed = g_string_new(NULL);
    for (uint32_t a = 0; a < NSIM_DAMOS_ACTIONS; a++) {
        if ((ops->actions & 1u << a) != 0)
            g_string_append_printf(allowed, "%s%s", allowed->len > 0 ? ", " : "", nsim_damos_action_names[a]);
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "action %s is not supported by %s, which has %s",
                nsim_damos_action_names[plan->action], ops->name, allowed->str);
    return false;
}

/* ---- Filters of operations ---------------------------------------------------------------------------------- */

typedef struct {
    const NsimDamosActor *actor;
    const NsimDamonFolio *folio;
    NsimTime cpu_ps;
} View;

static uint16_t
frame_flags(const NsimMm *mm, const NsimDamonFolio *folio)
{
    const uint32_t frame = mm->frames == NULL ? NSIM_FRAME_NONE : nsim_frames_of(mm->frames, folio->space, folio->page);
    uint32_t count;
    return frame == NSIM_FRAME_NONE ? 0
                                    : nsim_frames_at(mm->frames, nsim_frames_folio(mm->frames, frame, &count))->flags;
}

static bool
is_in_group(const NsimMm *mm, const NsimDamonFolio *folio, const char *group)
{
    const NsimMoverSetup *setup = nsim_mover_setup(mm->mover);
    const uint32_t g = setup->space_groups[folio->space];
    return group != NULL && g != NSIM_GROUP_NONE && strcmp(setup->payers->groups[g].name, group) == 0;
}

/* Was it accessed since its bits were cleared last? They are cleared now. */
static bool
take_young(const NsimMm *mm, const NsimDamonFolio *folio)
{
    NsimSpace *space = mm->spaces[folio->space];
    if (!nsim_space_is_young(space, folio->page, folio->pages))
        return false;
    nsim_space_make_old(space, folio->page, folio->pages);
    return true;
}

static bool
is(void *data, const NsimDamosFilterPlan *filter)
{
    View *view = data;
    NsimMm *mm = view->actor->mm;
    const uint64_t bytes = (uint64_t)view->folio->pages << mm->machine->page_shift;
    switch ((NsimDamosFilterKind)filter->kind) {
    case NSIM_FILTER_ANON:
        return (frame_flags(mm, view->folio) & NSIM_FRAME_FILE) == 0;
    case NSIM_FILTER_ACTIVE:
        return (frame_flags(mm, view->folio) & NSIM_FRAME_ACTIVE) != 0;
    case NSIM_FILTER_MEMCG:
        return is_in_group(mm, view->folio, filter->memcg);
    case NSIM_FILTER_YOUNG:
        view->cpu_ps += view->actor->costs->young_ps;
        return take_young(mm, view->folio);
    case NSIM_FILTER_HUGEPAGE_SIZE:
        return filter->start <= bytes && bytes <= filter->end;
    default: /* UNMAPPED: every page of a space is mapped */
        return false;
    }
}

static bool
has_folio_filters(const NsimDamosPlan *plan)
{
    for (guint i = 0; i < plan->filters->len; i++) {
        if (!nsim_damos_filter_is_core(&g_array_index(plan->filters, NsimDamosFilterPlan, i)))
            return true;
    }
    return false;
}

static bool
passes(const NsimDamosActor *actor, const NsimDamonFolio *folio, NsimDamosWork *work)
{
    View view = {actor, folio, 0};
    const bool allowed = nsim_damos_filter_folio(actor->plan, &(NsimDamosFolioView){is, &view});
    work->cpu_ps += view.cpu_ps;
    return allowed;
}

/* ---- Migration ---------------------------------------------------------------------------------------------- */

NsimNodeId
nsim_damos_slot(const NsimMachine *machine, const GArray *dests, uint64_t mapping, uint64_t address,
                unsigned folio_shift)
{
    const uint64_t index = (mapping >> folio_shift) + ((address - mapping) >> folio_shift);
    uint64_t sum = 0;
    for (guint i = 0; i < dests->len; i++)
        sum += g_array_index(dests, NsimDamosDest, i).weight;
    uint64_t rest = sum == 0 ? 0 : index % sum;
    for (guint i = 0; sum > 0 && i < dests->len; i++) {
        const NsimDamosDest *dest = &g_array_index(dests, NsimDamosDest, i);
        if (rest < dest->weight)
            return nsim_damon_node(machine, dest->nid);
        rest -= dest->weight;
    }
    return NSIM_NODE_NONE;
}

static NsimNodeId
destination(const NsimDamosActor *actor, const NsimDamonFolio *folio)
{
    const NsimDamosPlan *plan = actor->plan;
    const NsimMachine *machine = actor->mm->machine;
    if (plan->dests->len == 0 || !actor->context->ops->weighted_dests)
        return nsim_damon_node(machine, plan->target_nid);
    const NsimSpace *space = actor->mm->spaces[folio->space];
    const NsimSpaceRegion *mapping = nsim_space_region_of(space, folio->page);
    unsigned shift = space->page_shift;
    while (folio->pages > 1u << (shift - space->page_shift))
        shift++;
    return nsim_damos_slot(machine, plan->dests, mapping->address, nsim_space_address_of(space, folio->page), shift);
}

static bool
add_move(const NsimDamosActor *actor, const NsimDamonFolio *folio, GArray *moves)
{
    const NsimNodeId node = destination(actor, folio);
    const uint16_t state = nsim_space_state(actor->mm->spaces[folio->space], folio->page);
    NsimDamosMove *last = moves->len > 0 ? &g_array_index(moves, NsimDamosMove, moves->len - 1) : NULL;
    if (node == NSIM_NODE_NONE || (state & NSIM_PAGE_NODE) == node)
        return false;
    if (last != NULL && last->space == folio->space && last->node == node && last->page + last->count == folio->page &&
        last->count <= UINT32_MAX - folio->pages) {
        last->count += folio->pages;
        return true;
    }
    const NsimDamosMove move = {folio->space, node, folio->page, folio->pages, 0};
    g_array_append_val(moves, move);
    return true;
}

/* ---- The walk ----------------------------------------------------------------------------------------------- */

/* On an LRU list, for actions that put a folio on another one. All that pass count as done. */
static void
move_on_lists(const NsimDamosActor *actor, const NsimDamonFolio *folio, bool activate)
{
    const NsimMm *mm = actor->mm;
    const uint32_t frame =
        mm->reclaim == NULL ? NSIM_FRAME_NONE : nsim_frames_of(mm->frames, folio->space, folio->page);
    if (frame == NSIM_FRAME_NONE)
        return;
    NsimLru *lru = nsim_reclaim_lru(mm->reclaim);
    (void)(activate ? nsim_lru_activate(lru, frame) : nsim_lru_deactivate(lru, frame));
}

/* Pages on a disk are read; nobody waits. */
static void
read_ahead(const NsimDamosActor *actor, const NsimDamonFolio *folio, NsimDamosWork *work)
{
    for (uint32_t i = 0; i < folio->pages; i++) {
        if (nsim_mm_read_ahead(actor->mm, folio->space, folio->page + i, actor->now_ps))
            work->cpu_ps += nsim_reclaim_config(actor->mm->reclaim)->swap_io_ps;
    }
}

/* False: it is where it should go. */
static bool
do_folio(const NsimDamosActor *actor, const NsimDamonFolio *folio, NsimDamosWork *work)
{
    NsimMm *mm = actor->mm;
    const unsigned shift = mm->machine->page_shift;
    switch ((NsimDamosAction)actor->plan->action) {
    case NSIM_DAMOS_MIGRATE_HOT:
    case NSIM_DAMOS_MIGRATE_COLD:
        return add_move(actor, folio, work->moves);
    case NSIM_DAMOS_STAT:
        return true;
    case NSIM_DAMOS_PAGEOUT:
        if (mm->reclaim != NULL)
            work->applied_bytes +=
                nsim_reclaim_page_out(mm->reclaim, folio->space, folio->page, folio->pages, actor->payer, actor->now_ps)
                << shift;
        return true;
    case NSIM_DAMOS_COLD:
        nsim_space_make_old(mm->spaces[folio->space], folio->page, folio->pages);
        move_on_lists(actor, folio, false);
        break;
    case NSIM_DAMOS_WILLNEED:
        read_ahead(actor, folio, work);
        break;
    case NSIM_DAMOS_LRU_PRIO:
    case NSIM_DAMOS_LRU_DEPRIO:
        move_on_lists(actor, folio, actor->plan->action == NSIM_DAMOS_LRU_PRIO);
        break;
    default: /* advice */
        break;
    }
    work->applied_bytes += (uint64_t)folio->pages << shift;
    return true;
}

static void
tell(const NsimDamosActor *actor, const NsimDamonFolio *folio, NsimDamosFolioFate fate)
{
    if (actor->folio != NULL)
        actor->folio(actor->data, folio, fate);
}

/* ---- Advice ------------------------------------------------------------------------------------------------- */

/* madvise() on the range, which the kernel counts whole; no folio is looked at. */
static void
advise(const NsimDamosActor *actor, const NsimDamonTarget *target, uint64_t start, uint64_t end, NsimDamosWork *work)
{
    const NsimDamonSpaceTarget *handle = target->handle;
    const bool huge = actor->plan->action == NSIM_DAMOS_HUGEPAGE;
    NsimPage first, last;
    work->cpu_ps += actor->costs->folio_ps;
    work->applied_bytes += end - start;
    if (!nsim_space_page_at(handle->space, start, &first))
        return;
    if (!nsim_space_page_at(handle->space, end, &last))
        last = (NsimPage)handle->space->page_count;
    nsim_huge_advise(actor->mm, handle->id, first, last - first, huge ? NSIM_ADVICE_HUGE : NSIM_ADVICE_NO_HUGE);
}

/* The node that most of a frame's pages are on; NSIM_NODE_NONE: none has memory. */
static NsimNodeId
main_node(const NsimSpace *space, NsimPage first, uint32_t pages)
{
    uint32_t counts[NSIM_PAGE_NODE] = {0};
    NsimNodeId best = NSIM_NODE_NONE;
    for (uint32_t i = 0; i < pages; i++) {
        const uint16_t state = nsim_space_state(space, first + i);
        const NsimNodeId node = state & NSIM_PAGE_NODE;
        if ((state & (NSIM_PAGE_ABSENT | NSIM_PAGE_SWAPPED)) == 0 &&
            (++counts[node] > (best == NSIM_NODE_NONE ? 0 : counts[best])))
            best = node;
    }
    return best;
}

/* MADV_COLLAPSE on the range, rounded inwards: each whole frame to the node of most of its pages. */
static void
collapse(const NsimDamosActor *actor, const NsimDamonTarget *target, uint64_t start, uint64_t end, NsimDamosWork *work)
{
    const NsimDamonSpaceTarget *handle = target->handle;
    const NsimSpace *space = handle->space;
    const uint32_t pages = 1u << space->frame_page_shift;
    const uint64_t bytes = (uint64_t)pages << space->page_shift;
    for (uint64_t address = (start + bytes - 1) / bytes * bytes; address + bytes <= end; address += bytes) {
        NsimPage first;
        work->cpu_ps += actor->costs->folio_ps;
        if (!nsim_space_page_at(space, address, &first))
            return;
        address = MAX(address, nsim_space_address_of(space, first) / bytes * bytes);
        const NsimNodeId node = address + bytes <= end ? main_node(space, first, pages) : NSIM_NODE_NONE;
        const NsimDamosMove move = {handle->id, node, first, pages, NSIM_MOVE_COLLAPSE};
        if (node != NSIM_NODE_NONE && !nsim_space_is_huge(space, first) && nsim_space_may_join(space, first))
            g_array_append_val(work->moves, move);
    }
    actor->mm->vmstat.thp_shown = true;
}

void
nsim_damos_act(const NsimDamosActor *actor, const NsimDamonTarget *target, uint64_t start, uint64_t end,
               NsimDamosWork *work)
{
    const NsimDamonContext *context = actor->context;
    const unsigned shift = actor->mm->machine->page_shift;
    /* Counting alone needs no look at memory. */
    if (actor->plan->action == NSIM_DAMOS_STAT && !has_folio_filters(actor->plan))
        return;
    if (actor->plan->action == NSIM_DAMOS_HUGEPAGE || actor->plan->action == NSIM_DAMOS_NOHUGEPAGE) {
        advise(actor, target, start, end, work);
        return;
    }
    if (actor->plan->action == NSIM_DAMOS_COLLAPSE) {
        collapse(actor, target, start, end, work);
        return;
    }
    for (uint64_t address = start; address < end;) {
        const NsimDamonFolio folio = context->ops->folio(context->ops_state, target, address, end);
        const uint64_t key = ((uint64_t)folio.space << 48 | folio.page) + 1;
        address = folio.end;
        if (!folio.present) {
            work->cpu_ps += folio.steps * actor->costs->step_ps;
            continue;
        }
        work->cpu_ps += actor->costs->folio_ps;
        if (key == *actor->last_folio)
            continue;
        if (!passes(actor, &folio, work)) {
            tell(actor, &folio, NSIM_DAMOS_FOLIO_FILTERED);
            continue;
        }
        work->passed_bytes += (uint64_t)folio.pages << shift;
        tell(actor, &folio, do_folio(actor, &folio, work) ? NSIM_DAMOS_FOLIO_DONE : NSIM_DAMOS_FOLIO_THERE);
        *actor->last_folio = key;
    }
}
