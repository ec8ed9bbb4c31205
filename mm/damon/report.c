/* SPDX-License-Identifier: MIT */
/* Access reports as DAMON's primitive. Source and what is left out: report.h. */
#include <mm/damon/report.h>

typedef struct {
    NsimSpaceId space;
    NsimPage page;
    uint32_t count;
} Armed;

const NsimDamonReportRules nsim_damon_report_rules_default = {.arm_ps = 1500 * NSIM_NS, .drain_ps = 100 * NSIM_NS};
const NsimDamonReportRules nsim_damon_report_rules_rfc = {
    .rfc_filters = true, .rfc_buffer = true, .stay_armed = true, .arm_ps = 1500 * NSIM_NS, .drain_ps = 2 * NSIM_NS};

const NsimSampling nsim_damon_sampling_default = {.struct_size = sizeof(NsimSampling),
                                                  .accessor = NSIM_ACCESSOR_NONE,
                                                  .buffer = 1,
                                                  .period_lines = 1000,
                                                  .sample_ps = 200 * NSIM_NS,
                                                  .interrupt_ps = 1 * NSIM_US};

int32_t
nsim_damon_cpu(const NsimMachine *machine, NsimAccessorId accessor, uint32_t core)
{
    uint32_t number = core;
    if (accessor >= machine->accessor_count)
        return NSIM_DAMON_CPU_NONE;
    const bool is_cpu = machine->accessors[accessor].kind == NSIM_ACCESSOR_CPU;
    for (uint32_t a = 0; a < machine->accessor_count; a++) {
        const bool other_is_cpu = machine->accessors[a].kind == NSIM_ACCESSOR_CPU;
        if (other_is_cpu == is_cpu ? a < accessor : other_is_cpu)
            number += machine->accessors[a].core_count;
    }
    return (int32_t)number;
}

/* ---- Filters ------------------------------------------------------------------------------------------------ */

static bool
is_listed(const GArray *numbers, uint32_t number)
{
    for (guint i = 0; i < numbers->len; i++) {
        if (g_array_index(numbers, uint32_t, i) == number)
            return true;
    }
    return false;
}

static bool
matches(const NsimSampleFilterPlan *filter, const NsimDamonReport *report)
{
    bool is = report->write;
    if (filter->kind == NSIM_SAMPLE_CPU)
        is = report->cpu >= 0 && is_listed(filter->numbers, (uint32_t)report->cpu);
    else if (filter->kind == NSIM_SAMPLE_THREADS)
        is = is_listed(filter->numbers, report->thread);
    return is == filter->matching;
}

bool
nsim_damon_report_passes(const GPtrArray *filters, const NsimDamonReport *report, bool rfc)
{
    const NsimSampleFilterPlan *last = NULL;
    for (guint i = 0; i < filters->len; i++) {
        last = g_ptr_array_index(filters, i);
        if (matches(last, report) && (!rfc || !last->allow))
            return last->allow;
    }
    if (last == NULL)
        return true;
    return rfc ? last->allow : !last->allow;
}

/* ---- Sampling ----------------------------------------------------------------------------------------------- */

void
nsim_damon_reporter_init(NsimDamonReporter *reporter)
{
    reporter->reports = g_array_new(FALSE, FALSE, sizeof(NsimDamonReport));
    reporter->armed = g_array_new(FALSE, FALSE, sizeof(Armed));
}

void
nsim_damon_reporter_clear(NsimDamonReporter *reporter)
{
    g_clear_pointer(&reporter->reports, g_array_unref);
    g_clear_pointer(&reporter->armed, g_array_unref);
}

void
nsim_damon_reporter_tell(NsimDamonReporter *reporter, const NsimDamonReport *report)
{
    if (reporter->rules->rfc_buffer && reporter->reports->len == NSIM_DAMON_REPORTS_RFC) {
        reporter->dropped += reporter->reports->len;
        g_array_set_size(reporter->reports, 0);
    }
    g_array_append_val(reporter->reports, *report);
}

bool
nsim_damon_reporter_armed(const NsimDamonReporter *reporter, NsimSpaceId space, NsimPage page)
{
    for (guint i = 0; reporter->armed != NULL && i < reporter->armed->len; i++) {
        const Armed *armed = &g_array_index(reporter->armed, Armed, i);
        if (armed->space == space && page >= armed->page && page - armed->page < armed->count)
            return true;
    }
    return false;
}

/* Let the next touch of the region's sampled folio fault. */
static NsimTime
arm(NsimDamonReporter *reporter, const NsimDamonTarget *target, const NsimDamonRegion *region)
{
    const unsigned shift = reporter->mm->machine->page_shift;
    const uint64_t address = region->sampling_address >> shift << shift;
    const NsimDamonFolio folio =
        reporter->base->folio(reporter->base_state, target, address, address + ((uint64_t)1 << shift));
    if (!folio.present)
        return reporter->rules->drain_ps;
    const Armed armed = {folio.space, folio.page, folio.pages};
    /* One that is armed already, by us or by others, is left to whoever did it. */
    if (nsim_space_arm(reporter->mm->spaces[folio.space], folio.page, folio.pages, true) > 0)
        g_array_append_val(reporter->armed, armed);
    return reporter->rules->arm_ps;
}

static NsimTime
reports_prepare(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    NsimDamonReporter *reporter = state;
    NsimTime cost_ps = 0;
    (void)now_ps;
    if (!reporter->rules->rfc_buffer)
        g_array_set_size(reporter->reports, 0);
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonTarget *target = &context->targets[t];
        for (uint32_t i = 0; i < target->count; i++) {
            target->regions[i].reported = false;
            if (reporter->plan->primitive != NSIM_PRIMITIVE_PAGE_FAULT)
                continue;
            nsim_damon_choose(context, &target->regions[i]);
            cost_ps += arm(reporter, target, &target->regions[i]);
        }
    }
    return cost_ps;
}

/* The sample is over: what was armed in vain is disarmed. */
static NsimTime
disarm(NsimDamonReporter *reporter)
{
    NsimTime cost_ps = 0;
    for (guint i = 0; !reporter->rules->stay_armed && i < reporter->armed->len; i++) {
        const Armed *armed = &g_array_index(reporter->armed, Armed, i);
        if (nsim_space_arm(reporter->mm->spaces[armed->space], armed->page, armed->count, false) > 0)
            cost_ps += reporter->rules->arm_ps;
    }
    g_array_set_size(reporter->armed, 0);
    return cost_ps;
}

static NsimDamonRegion *
region_at(const NsimDamonTarget *target, uint64_t address)
{
    uint32_t low = 0, high = target->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (target->regions[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < target->count && target->regions[low].start <= address ? &target->regions[low] : NULL;
}

/* Mark the regions that a report falls into. */
static void
mark(const NsimDamonReporter *reporter, const NsimDamonContext *context, const NsimDamonReport *report)
{
    const NsimMm *mm = reporter->mm;
    uint64_t address = nsim_space_address_of(mm->spaces[report->space], report->page);
    if (reporter->physical) {
        const uint32_t frame = nsim_frames_of(mm->frames, report->space, report->page);
        if (frame == NSIM_FRAME_NONE)
            return;
        address = (uint64_t)frame << mm->machine->page_shift;
    }
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonSpaceTarget *handle = context->targets[t].handle;
        NsimDamonRegion *region = region_at(&context->targets[t], address);
        if (region != NULL && (reporter->physical || handle->id == report->space))
            region->reported = true;
    }
}

static NsimTime
drain(NsimDamonReporter *reporter, const NsimDamonContext *context, NsimTime now_ps)
{
    const NsimDamonReportRules *rules = reporter->rules;
    const uint64_t regions = rules->rfc_buffer ? nsim_damon_nr_regions(context) : 1;
    for (guint i = 0; i < reporter->reports->len; i++) {
        const NsimDamonReport *report = &g_array_index(reporter->reports, NsimDamonReport, i);
        const bool stale = rules->rfc_buffer && report->time_ps + context->attrs.sample_ps < now_ps;
        if (!stale && nsim_damon_report_passes(reporter->plan->sample_filters, report, rules->rfc_filters))
            mark(reporter, context, report);
    }
    return reporter->reports->len * regions * rules->drain_ps;
}

static NsimTime
reports_check(void *state, NsimDamonContext *context, NsimTime now_ps, uint32_t *ret_max)
{
    NsimDamonReporter *reporter = state;
    const NsimTime cost_ps = disarm(reporter) + drain(reporter, context, now_ps);
    *ret_max = 0;
    for (uint32_t t = 0; t < context->target_count; t++) {
        const NsimDamonTarget *target = &context->targets[t];
        for (uint32_t i = 0; i < target->count; i++) {
            nsim_damon_count(context, &target->regions[i], target->regions[i].reported);
            *ret_max = MAX(*ret_max, target->regions[i].nr_accesses);
        }
    }
    return cost_ps;
}

/* ---- What stays the operations' ----------------------------------------------------------------------------- */

static NsimTime
reports_init(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    NsimDamonReporter *reporter = state;
    return reporter->base->init(reporter->base_state, context, now_ps);
}

static NsimTime
reports_update(void *state, NsimDamonContext *context, NsimTime now_ps)
{
    NsimDamonReporter *reporter = state;
    return reporter->base->update == NULL ? 0 : reporter->base->update(reporter->base_state, context, now_ps);
}

static NsimDamonFolio
reports_folio(void *state, const NsimDamonTarget *target, uint64_t address, uint64_t end)
{
    NsimDamonReporter *reporter = state;
    return reporter->base->folio(reporter->base_state, target, address, end);
}

NsimDamonOps
nsim_damon_reporter_ops(const NsimDamonOps *base)
{
    return (NsimDamonOps){.name = base->name,
                          .init = reports_init,
                          .update = reports_update,
                          .prepare = reports_prepare,
                          .check = reports_check,
                          .folio = reports_folio,
                          .actions = base->actions,
                          .weighted_dests = base->weighted_dests};
}
