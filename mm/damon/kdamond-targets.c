/* SPDX-License-Identifier: MIT */
/* What a kdamond watches: spaces of workloads, memory of nodes, ranges. Source: kdamond.h. */
#include <mm/damon/kdamond-private.h>

#include <gio/gio.h>
#include <string.h>

static bool
refuse(GError **error, const char *message)
{
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, message);
    return false;
}

/* Ranges of a target with physical addresses: those it is given, or a node's, or all. */
static void
set_physical_ranges(NsimKdamond *kdamond, uint32_t number, const NsimDamonTargetPlan *plan)
{
    NsimDamonPhysicalTarget *handle = &kdamond->physical_targets[number];
    *handle = (NsimDamonPhysicalTarget){(const NsimDamonRange *)(void *)plan->ranges->data, plan->ranges->len};
    if (plan->ranges->len > 0)
        return;
    const NsimMm *mm = kdamond->setup.mm;
    kdamond->node_ranges[number] =
        nsim_damon_node_range(mm, plan->nid < 0 ? NSIM_NODE_NONE : nsim_damon_node(mm->machine, plan->nid));
    *handle = (NsimDamonPhysicalTarget){&kdamond->node_ranges[number], 1};
}

static void
set_space_ranges(NsimKdamond *kdamond, uint32_t number, const NsimDamonTargetPlan *plan)
{
    NsimDamonSpaceTarget *handle = &kdamond->space_targets[number];
    handle->ranges = (const NsimDamonRange *)(void *)plan->ranges->data;
    handle->range_count = plan->ranges->len;
}

static void
set_plugin_target(NsimKdamond *kdamond, uint32_t number, const NsimDamonTargetPlan *plan)
{
    kdamond->plugin_targets[number] =
        (NsimDamonTargetInfo){.struct_size = sizeof(NsimDamonTargetInfo),
                              .kdamond = kdamond->setup.number,
                              .target = number,
                              .nid = plan->nid,
                              .workload = plan->workload,
                              .range_count = plan->ranges->len,
                              .ranges = (const NsimDamonRange *)(void *)plan->ranges->data};
}

void
kdamond_adopt_ranges(NsimKdamond *kdamond)
{
    for (uint32_t t = 0; t < kdamond->context->target_count; t++) {
        const NsimDamonTargetPlan *plan = g_ptr_array_index(kdamond_context_plan(kdamond->plan)->targets, t);
        if (kdamond->plugin_targets != NULL) {
            set_plugin_target(kdamond, t, plan); /* which regions follow is the plug-in's, at the next update */
            continue;
        }
        if (kdamond->physical_targets != NULL)
            set_physical_ranges(kdamond, t, plan);
        else
            set_space_ranges(kdamond, t, plan);
        if (plan->ranges->len > 0)
            nsim_damon_target_set_ranges(&kdamond->context->targets[t],
                                         (const NsimDamonRange *)(void *)plan->ranges->data, plan->ranges->len,
                                         kdamond->context->min_region_bytes);
    }
}

/* The space that a target names, or failing that whose number it says; without a name that of its own number. */
static bool
find_space(const NsimMm *mm, const NsimDamonTargetPlan *plan, guint number, NsimSpaceId *ret, GError **error)
{
    guint64 index = number;
    for (uint32_t s = 0; plan->workload != NULL && s < mm->space_count; s++) {
        if (strcmp(mm->spaces[s]->workload, plan->workload) == 0) {
            *ret = (NsimSpaceId)s;
            return true;
        }
    }
    if ((plan->workload == NULL || g_ascii_string_to_unsigned(plan->workload, 10, 0, G_MAXUINT16, &index, NULL)) &&
        index < mm->space_count) {
        *ret = (NsimSpaceId)index;
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "target %u of DAMON: there is no workload '%s'", number,
                plan->workload != NULL ? plan->workload : "with its number");
    return false;
}

/* Frames can only be kept account of from the beginning. */
bool
kdamond_need_frames(NsimMm *mm, GError **error)
{
    for (uint32_t s = 0; mm->frames == NULL && s < mm->space_count; s++) {
        if (mm->spaces[s]->resident_count > 0)
            return refuse(error, "DAMON can watch physical addresses only if it is asked to before there is memory");
    }
    return nsim_mm_need_frames(mm, error);
}

static bool
add_space_target(NsimKdamond *kdamond, guint number, const NsimDamonTargetPlan *plan, GError **error)
{
    NsimDamonSpaceTarget *handle = &kdamond->space_targets[number];
    if (!find_space(kdamond->setup.mm, plan, number, &handle->id, error))
        return false;
    handle->space = kdamond->setup.mm->spaces[handle->id];
    set_space_ranges(kdamond, number, plan);
    nsim_damon_add_target(kdamond->context, handle);
    return true;
}

static bool
add_physical_target(NsimKdamond *kdamond, guint number, const NsimDamonTargetPlan *plan, GError **error)
{
    const NsimNodeId node = nsim_damon_node(kdamond->setup.mm->machine, plan->nid);
    if (plan->nid >= 0 && node == NSIM_NODE_NONE) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "target %u of DAMON is node %d, which the machine does not have", number, plan->nid);
        return false;
    }
    set_physical_ranges(kdamond, number, plan);
    if (kdamond->physical_targets[number].ranges->end == 0)
        return refuse(error, "a target of DAMON has no memory");
    if (number == 0 && node != NSIM_NODE_NONE)
        kdamond->home = node;
    nsim_damon_add_target(kdamond->context, &kdamond->physical_targets[number]);
    return true;
}

bool
kdamond_add_targets(NsimKdamond *kdamond, GError **error)
{
    const NsimDamonContextPlan *plan = kdamond_context_plan(kdamond->plan);
    if (plan->ops == NSIM_DAMON_PADDR) {
        kdamond->physical_targets = g_new0(NsimDamonPhysicalTarget, plan->targets->len);
        kdamond->node_ranges = g_new0(NsimDamonRange, plan->targets->len);
    } else if (plan->ops == NSIM_DAMON_NAMED) {
        kdamond->plugin_targets = g_new0(NsimDamonTargetInfo, plan->targets->len);
    } else {
        kdamond->space_targets = g_new0(NsimDamonSpaceTarget, plan->targets->len);
    }
    for (guint t = 0; t < plan->targets->len; t++) {
        const NsimDamonTargetPlan *target = g_ptr_array_index(plan->targets, t);
        if (plan->ops == NSIM_DAMON_NAMED) {
            set_plugin_target(kdamond, t, target);
            nsim_damon_add_target(kdamond->context, &kdamond->plugin_targets[t]);
            continue;
        }
        if (plan->ops == NSIM_DAMON_PADDR ? !add_physical_target(kdamond, t, target, error)
                                          : !add_space_target(kdamond, t, target, error))
            return false;
    }
    return true;
}
