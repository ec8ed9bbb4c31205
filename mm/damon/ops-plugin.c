/* SPDX-License-Identifier: MIT */
/* Operations of plug-ins: registering, asking, checking answers. Source and what is left out: numasim/damon.h. */
#include <mm/damon/ops-plugin.h>

#include <mm/damon/plan.h>

#include <string.h>

/* CPU time of one step: more is a mistake. */
#define COST_MAX_PS (1000 * NSIM_S)

static void
fail(const NsimDamonPluginOps *state, const char *problem)
{
    g_autofree char *message = g_strdup_printf("operations '%s': %s", state->plugin->name, problem);
    state->mm->host.ops->fail(&state->mm->host, message);
}

/* After a failure nobody is asked any more. */
static bool
is_down(const NsimDamonPluginOps *state)
{
    return state->mm->failure != NULL;
}

static void
add_cost(const NsimDamonPluginOps *state, NsimTime *total_ps, NsimTime ps)
{
    if (ps <= COST_MAX_PS - *total_ps)
        *total_ps += ps;
    else
        fail(state, "work of a step takes more than 1000 s");
}

/* ---- Ranges -------------------------------------------------------------------------------------------------- */

static bool
are_sound(const NsimDamonRange *ranges, uint32_t count, uint64_t page_bytes)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (ranges[i].start < end || ranges[i].end <= ranges[i].start || ranges[i].end > NSIM_DAMON_ADDRESS_END ||
            ((ranges[i].start | ranges[i].end) & (page_bytes - 1)) != 0)
            return false;
        end = ranges[i].end;
    }
    return true;
}

static void
ask_ranges(NsimDamonPluginOps *state, NsimDamonContext *context, NsimDamonTarget *target, NsimTime *cost_ps)
{
    g_autofree NsimDamonRange *ranges = g_new0(NsimDamonRange, NSIM_DAMON_RANGES_MAX);
    NsimDamonTargetInfo info = *(const NsimDamonTargetInfo *)target->handle;
    NsimTime ps = 0;
    info.first = target->count == 0;
    const uint32_t count = state->plugin->class.ranges(state->plugin->data, &state->mm->host, &info, ranges, &ps);
    add_cost(state, cost_ps, ps);
    if (count > NSIM_DAMON_RANGES_MAX)
        fail(state, "there are more ranges than there is room for");
    else if (!are_sound(ranges, count, context->min_region_bytes))
        fail(state, "ranges must be whole pages, ascend, not overlap, and end at 2^57 at most");
    else
        nsim_damon_target_set_ranges(target, ranges, count, context->min_region_bytes);
}

static NsimTime
plugin_update(void *data, NsimDamonContext *context, NsimTime now_ps)
{
    NsimTime cost_ps = 0;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count && !is_down(data); t++)
        ask_ranges(data, context, &context->targets[t], &cost_ps);
    return cost_ps;
}

/* ---- Samples ------------------------------------------------------------------------------------------------- */

static NsimDamonProbe
probe_of(const NsimDamonPluginOps *state, const NsimDamonContext *context, uint32_t t, const NsimDamonRegion *region,
         uint64_t sample)
{
    return (NsimDamonProbe){.struct_size = sizeof(NsimDamonProbe),
                            .kdamond = state->kdamond,
                            .target = t,
                            .sample = sample,
                            .address = region->sampling_address & ~(context->min_region_bytes - 1),
                            .start = region->start,
                            .end = region->end};
}

static NsimTime
plugin_prepare(void *data, NsimDamonContext *context, NsimTime now_ps)
{
    const NsimDamonPluginOps *state = data;
    const NsimDamonPlugin *plugin = state->plugin;
    NsimTime cost_ps = 0;
    (void)now_ps;
    for (uint32_t t = 0; t < context->target_count; t++) {
        for (uint32_t i = 0; i < context->targets[t].count; i++) {
            NsimDamonRegion *region = &context->targets[t].regions[i];
            nsim_damon_choose(context, region);
            if (plugin->class.prepare == NULL || is_down(state))
                continue;
            const NsimDamonProbe probe = probe_of(state, context, t, region, context->passed_samples);
            NsimTime ps = 0;
            plugin->class.prepare(plugin->data, &state->mm->host, &probe, &ps);
            add_cost(state, &cost_ps, ps);
        }
    }
    return cost_ps;
}

static NsimTime
plugin_check(void *data, NsimDamonContext *context, NsimTime now_ps, uint32_t *ret_max)
{
    const NsimDamonPluginOps *state = data;
    const NsimDamonPlugin *plugin = state->plugin;
    NsimTime cost_ps = 0;
    (void)now_ps;
    *ret_max = 0;
    for (uint32_t t = 0; t < context->target_count; t++) {
        for (uint32_t i = 0; i < context->targets[t].count; i++) {
            NsimDamonRegion *region = &context->targets[t].regions[i];
            /* The sample under way has been counted already. */
            const NsimDamonProbe probe = probe_of(state, context, t, region, context->passed_samples - 1);
            NsimTime ps = 0;
            const bool hit = !is_down(state) && plugin->class.accessed(plugin->data, &state->mm->host, &probe, &ps);
            add_cost(state, &cost_ps, ps);
            nsim_damon_count(context, region, hit);
            *ret_max = MAX(*ret_max, region->nr_accesses);
        }
    }
    return cost_ps;
}

/* ---- Folios -------------------------------------------------------------------------------------------------- */

static bool
is_there(const NsimDamonPluginOps *state, const NsimDamonPages *pages)
{
    if (pages->space >= state->mm->space_count)
        return false;
    const uint64_t all = state->mm->spaces[pages->space]->page_count;
    return pages->count > 0 && pages->page < all && pages->count <= all - pages->page;
}

/* The folio that the first of the pages belongs to, as far as the pages follow it. */
static NsimDamonFolio
plugin_folio(void *data, const NsimDamonTarget *target, uint64_t address, uint64_t end)
{
    const NsimDamonPluginOps *state = data;
    const NsimDamonTargetInfo *info = target->handle;
    const unsigned shift = state->mm->machine->page_shift;
    NsimDamonFolio folio = {.end = ((address >> shift) + 1) << shift, .steps = 1};
    NsimDamonPages pages = {.struct_size = sizeof pages};
    if (is_down(state) || state->plugin->class.pages == NULL)
        return (NsimDamonFolio){.end = end, .steps = 1};
    if (!state->plugin->class.pages(state->plugin->data, &state->mm->host, state->kdamond, info->target, address,
                                    &pages)) {
        folio.end = MAX(folio.end, MIN(pages.end, end));
        return folio;
    }
    if (!is_there(state, &pages)) {
        fail(state, "pages that do not exist");
        return folio;
    }
    const NsimSpace *space = state->mm->spaces[pages.space];
    if ((nsim_space_state(space, pages.page) & NSIM_PAGE_ABSENT) != 0)
        return folio;
    folio.present = true;
    folio.space = pages.space;
    folio.page = pages.page;
    folio.pages = 1;
    if ((nsim_space_state(space, pages.page) & NSIM_PAGE_SPLIT) == 0)
        nsim_space_unit_of(space, pages.page, &folio.page, &folio.pages);
    const uint64_t left = folio.page + folio.pages - pages.page;
    folio.end = (address >> shift << shift) + (MIN(left, pages.count) << shift);
    return folio;
}

/* ---- Registering --------------------------------------------------------------------------------------------- */

#define STAT (1u << NSIM_DAMOS_STAT)
/* Advice is for mappings, which operations of a plug-in do not name. */
#define ADVICE (1u << NSIM_DAMOS_HUGEPAGE | 1u << NSIM_DAMOS_NOHUGEPAGE | 1u << NSIM_DAMOS_COLLAPSE)
#define ACTIONS (((1u << NSIM_DAMOS_ACTIONS) - 1) & ~ADVICE)

static const NsimDamonPlugin *
lookup(const GPtrArray *plugins, const char *name)
{
    for (guint i = 0; plugins != NULL && i < plugins->len; i++) {
        const NsimDamonPlugin *plugin = g_ptr_array_index(plugins, i);
        if (strcmp(plugin->name, name) == 0)
            return plugin;
    }
    return NULL;
}

static const char *
name_problem(const GPtrArray *others, const char *name)
{
    if (name == NULL || !nsim_damon_is_ops_name(name))
        return "a name has lower-case letters, digits, '-' and '_', a letter first, and 63 bytes at most";
    return lookup(others, name) != NULL ? "there are operations of this name already" : NULL;
}

static const char *
class_problem(const GPtrArray *others, const NsimDamonOpsClass *class)
{
    if (class->struct_size == 0 || class->struct_size > sizeof *class)
        return "they come from a newer numasim";
    if (class->struct_size < sizeof *class)
        return "their struct is too short";
    if (class->ranges == NULL || class->accessed == NULL)
        return "they lack 'ranges' or 'accessed'";
    if ((class->actions & ~ACTIONS) != 0)
        return "they ask for actions that there are not";
    if ((class->actions & ~STAT) != 0 && class->pages == NULL)
        return "actions need 'pages'";
    return name_problem(others, class->name);
}

NsimDamonPlugin *
nsim_damon_plugin_new(const GPtrArray *others, const NsimDamonOpsClass *class, void *data, GError **error)
{
    const char *problem = class_problem(others, class);
    if (problem != NULL) {
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "operations '%s' of a plug-in: %s",
                    class->struct_size >= sizeof *class && class->name != NULL ? class->name : "", problem);
        return NULL;
    }
    NsimDamonPlugin *plugin = g_new0(NsimDamonPlugin, 1);
    plugin->class = *class;
    plugin->name = g_strdup(class->name);
    plugin->data = data;
    plugin->ops = (NsimDamonOps){.name = plugin->name,
                                 .init = plugin_update,
                                 .update = plugin_update,
                                 .prepare = plugin_prepare,
                                 .check = plugin_check,
                                 .folio = plugin_folio,
                                 .actions = class->actions | STAT,
                                 .weighted_dests = true};
    return plugin;
}

void
nsim_damon_plugin_free(NsimDamonPlugin *plugin)
{
    g_free(plugin->name);
    g_free(plugin);
}

const NsimDamonPlugin *
nsim_damon_plugin_find(const GPtrArray *plugins, const char *text, GError **error)
{
    const NsimDamonPlugin *plugin = lookup(plugins, text + strlen(NSIM_DAMON_PLUGIN_PREFIX));
    if (plugin != NULL)
        return plugin;
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; plugins != NULL && i < plugins->len; i++)
        g_string_append_printf(all, "%s%s", i > 0 ? ", " : "",
                               ((const NsimDamonPlugin *)g_ptr_array_index(plugins, i))->name);
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                "operations '%s': the policy brings none of this name; it brings: %s", text,
                all->len > 0 ? all->str : "none");
    return NULL;
}
