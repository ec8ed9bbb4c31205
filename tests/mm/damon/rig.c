/* SPDX-License-Identifier: MIT */
/* A machine with kdamonds at work, for tests. */
#include "rig.h"

void
rig_open(Rig *rig, unsigned near_mib, unsigned far_mib, uint64_t frames, uint32_t unit_pages)
{
    g_autofree char *yaml =
        g_strdup_printf("nodes:\n"
                        "  - {id: D, kind: dram, capacity: %uMiB, latency: 80ns, read: 100GB/s, at: C}\n"
                        "  - {id: X, kind: cxl, capacity: %uMiB, latency: 240ns, read: 30GB/s, at: C}\n"
                        "  - {id: S, kind: disk, capacity: 64MiB, latency: 80us, read: 3GB/s, write: 2GB/s, at: C}\n"
                        "accessors: [{id: C, cores: 3}]\n",
                        near_mib, far_mib);
    *rig = (Rig){.mover_config = nsim_mover_config_default()};
    box_open(&rig->box, yaml);
    (void)box_add(&rig->box, "w", frames, unit_pages);
    for (uint32_t s = 0; s < BOX_SPACES_MAX; s++)
        rig->space_groups[s] = NSIM_GROUP_NONE;
    nsim_random_init(&rig->random, 1, "accesses");
}

void
rig_start(Rig *rig)
{
    rig->fabric = nsim_fabric_new(rig->box.machine);
    rig->cpus = nsim_cpus_new(rig->box.machine);
    const NsimGroup group = {.name = "g"};
    rig->payers = nsim_payers_new(&group, 1);
    box_start(&rig->box);
    const NsimMoverSetup setup = {.machine = rig->box.machine,
                                  .fabric = rig->fabric,
                                  .memory = rig->box.memory,
                                  .spaces = rig->box.spaces,
                                  .space_groups = rig->space_groups,
                                  .space_accessors = rig->space_accessors,
                                  .space_count = rig->box.space_count,
                                  .events = rig->box.events,
                                  .cpus = rig->cpus,
                                  .payers = rig->payers,
                                  .config = rig->mover_config,
                                  .seed = 1};
    rig->mover = nsim_mover_new(&setup);
    nsim_mm_set_mover(rig->box.mm, rig->mover);
    rig->session = nsim_damon_session(rig->box.mm);
}

void
rig_close(Rig *rig)
{
    nsim_mover_stop(rig->mover);
    nsim_mm_free(g_steal_pointer(&rig->box.mm));
    nsim_mover_free(rig->mover);
    nsim_payers_free(rig->payers);
    nsim_cpus_free(rig->cpus);
    nsim_fabric_free(rig->fabric);
    box_close(&rig->box);
}

/* ---- Accesses ----------------------------------------------------------------------------------------------- */

static void
tick(void *context, uint64_t now_ps)
{
    Rig *rig = context;
    NsimSpace *space = rig->box.spaces[0];
    if (rig->move_ps > 0)
        rig->hot_first = rig->hot_pages * rig->windows[MIN(now_ps / rig->move_ps, rig->window_count - 1)];
    for (uint64_t i = 0; i < rig->accesses_per_tick; i++) {
        NsimPage page = nsim_random_below(&rig->random, rig->hot_pages) + rig->hot_first;
        if (nsim_random_below(&rig->random, 10) == 0) {
            page = nsim_random_below(&rig->random, space->page_count - rig->hot_pages);
            page += page >= rig->hot_first ? rig->hot_pages : 0;
        }
        const uint16_t state = nsim_space_state(space, page);
        if ((state & NSIM_PAGE_ACCESSED) == 0 && (state & NSIM_PAGE_ABSENT) == 0)
            nsim_space_set_state(space, page, state | NSIM_PAGE_ACCESSED);
    }
    const NsimEvent event = {.time_ps = now_ps + NSIM_MS, .run = tick, .context = rig, .argument = now_ps + NSIM_MS};
    nsim_event_queue_push(rig->box.events, &event);
}

void
rig_access(Rig *rig)
{
    tick(rig, rig->box.mm->now_ps);
}

void
rig_run(Rig *rig, NsimTime until_ps)
{
    nsim_event_queue_run(rig->box.events, until_ps);
    rig->box.mm->now_ps = MAX(rig->box.mm->now_ps, until_ps);
}

uint64_t
rig_count(const Rig *rig, NsimPage first, uint64_t count, NsimNodeId node)
{
    uint64_t pages = 0;
    for (NsimPage page = first; page < first + count; page++)
        pages += (nsim_space_state(rig->box.spaces[0], page) & (NSIM_PAGE_NODE | NSIM_PAGE_ABSENT)) == node;
    return pages;
}

/* ---- Plans -------------------------------------------------------------------------------------------------- */

NsimDamonContextPlan *
rig_plan_add(NsimDamonPlan *plan)
{
    NsimKdamondPlan *kdamond = nsim_kdamond_plan_new();
    NsimDamonContextPlan *context = nsim_damon_context_plan_new();
    g_ptr_array_add(plan->kdamonds, kdamond);
    g_ptr_array_add(kdamond->contexts, context);
    return context;
}

NsimDamonPlan *
rig_plan(NsimDamonContextPlan **ret)
{
    NsimDamonPlan *plan = nsim_damon_plan_new();
    *ret = rig_plan_add(plan);
    return plan;
}

NsimDamonTargetPlan *
rig_add_target(NsimDamonContextPlan *context)
{
    NsimDamonTargetPlan *target = nsim_damon_target_plan_new();
    g_ptr_array_add(context->targets, target);
    return target;
}

NsimDamosPlan *
rig_add_scheme(NsimDamonContextPlan *context, NsimDamosAction action, int32_t nid)
{
    NsimDamosPlan *scheme = nsim_damos_plan_new(action);
    scheme->target_nid = nid;
    scheme->quota_interval_ps = NSIM_S;
    g_ptr_array_add(context->schemes, scheme);
    return scheme;
}

void
rig_damon(Rig *rig, NsimDamonPlan *plan)
{
    g_autoptr(GError) error = NULL;
    if (!nsim_damon_session_run(rig->session, plan, &error))
        g_error("a plan of the tests is refused: %s", error->message);
}
