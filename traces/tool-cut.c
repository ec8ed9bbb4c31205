/* SPDX-License-Identifier: MIT */
/*
 * The cutter of tool-cut.h. Times of marks and uses of barriers are found in passes of their own, since the writer has
 * to know how many members a barrier has before the first one comes.
 */
#include <traces/tool-cut.h>

#include <traces/info-scan.h>
#include <traces/rewrite.h>
#include <traces/trace-private.h>

#include <inttypes.h>

/* No clock comes so far, and there is room above it. */
#define ALWAYS ((NsimClock)1 << 120)

/* One thread at one barrier. */
typedef struct {
    uint64_t passes;      /* so far, or in all */
    uint64_t first, last; /* those in the part: first <= number < last */
} Use;

typedef struct {
    uint32_t members; /* below 2: left out */
    uint32_t number;  /* in the new trace */
    uint64_t first, last;
} Barrier;

typedef struct {
    NsimTrace *trace;
    const NsimTraceInfo *info;
    const NsimCutOptions *options;
    const NsimTraceTick *tick;
    NsimClock from, to;
    Use *uses; /* thread x barrier */
    Barrier *barriers;
    bool *begun; /* threads whose first event in the part has come */
    uint64_t written;
} Cut;

void
nsim_cut_options_init(NsimCutOptions *options)
{
    *options = (NsimCutOptions){.to_ps = UINT64_MAX, .to_record = UINT64_MAX, .from_pass = 1, .to_pass = 1, .level = 3};
}

/* ---- What is in the part ------------------------------------------------------------------------------------- */

static bool
is_kept_thread(const Cut *cut, uint32_t thread)
{
    return cut->options->threads == NULL || cut->options->threads[thread];
}

static bool
is_kept_record(const Cut *cut, const NsimTraceEvent *event)
{
    return is_kept_thread(cut, event->thread) && event->record >= cut->options->from_record &&
           event->record < cut->options->to_record;
}

/* Lines whose clock is below `limit`. */
static uint32_t
lines_before(const NsimTraceEvent *event, NsimClock limit)
{
    if (limit <= event->clock)
        return 0;
    if (event->step == 0)
        return event->count;
    const NsimClock lines = (limit - event->clock + event->step - 1) / event->step;
    return lines < event->count ? (uint32_t)lines : event->count;
}

/* ---- Passes before the last ---------------------------------------------------------------------------------- */

static bool
find_mark_number(const Cut *cut, const char *name, uint32_t *ret_number, GError **error)
{
    for (uint32_t i = 0; i < cut->info->mark_count; i++) {
        if (g_str_equal(cut->info->marks[i], name)) {
            *ret_number = i;
            return true;
        }
    }
    return nsim_trace_fail(cut->trace, NSIM_TRACE_ERROR_LIMIT, error, "the trace has no mark '%s'", name);
}

/* The clock at which a mark is passed the `pass`-th time. */
static bool
find_mark(const Cut *cut, const char *name, uint64_t pass, NsimClock *ret_clock, GError **error)
{
    uint32_t number = 0;
    uint64_t passes = 0;
    g_autoptr(NsimTraceOrder) order = NULL;
    if (!find_mark_number(cut, name, &number, error))
        return false;
    order = nsim_trace_order_new(cut->trace, UINT32_MAX, cut->tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL)
            return nsim_trace_fail(cut->trace, NSIM_TRACE_ERROR_LIMIT, error,
                                   "mark '%s' is passed %" PRIu64 " times, not %" PRIu64, name, passes, pass);
        if (event->op == NSIM_OP_MARK && event->operand == number && ++passes == pass) {
            *ret_clock = event->clock;
            return true;
        }
    }
}

static bool
find_part(Cut *cut, GError **error)
{
    const NsimCutOptions *options = cut->options;
    cut->from = options->from_ps == 0 ? 0 : nsim_clock_from_ps(cut->info, options->from_ps);
    cut->to = options->to_ps == UINT64_MAX ? ALWAYS : nsim_clock_from_ps(cut->info, options->to_ps);
    return (options->from_mark == NULL || find_mark(cut, options->from_mark, options->from_pass, &cut->from, error)) &&
           (options->to_mark == NULL || find_mark(cut, options->to_mark, options->to_pass, &cut->to, error));
}

static void
note_barrier(Cut *cut, const NsimTraceEvent *event)
{
    Use *use = &cut->uses[(size_t)event->thread * cut->info->barrier_count + event->operand];
    if (is_kept_record(cut, event) && event->clock >= cut->from && event->clock < cut->to) {
        if (use->first == use->last)
            use->first = use->passes;
        use->last = use->passes + 1;
    }
    use->passes++;
}

/* Which passes of each barrier all of its kept members make in the part. */
static bool
find_barriers(Cut *cut, GError **error)
{
    const NsimTraceInfo *info = cut->info;
    g_autoptr(NsimTraceOrder) order = NULL;
    if (info->barrier_count == 0)
        return true;
    order = nsim_trace_order_new(cut->trace, UINT32_MAX, cut->tick, error);
    const NsimTraceEvent *event = NULL;
    do {
        if (order == NULL || !nsim_trace_order_next(order, &event, error))
            return false;
        if (event != NULL && event->op == NSIM_OP_BARRIER)
            note_barrier(cut, event);
    } while (event != NULL);
    for (uint32_t i = 0; i < info->barrier_count; i++) {
        Barrier *barrier = &cut->barriers[i];
        barrier->last = UINT64_MAX;
        for (uint32_t j = 0; j < info->thread_count; j++) {
            Use *use = &cut->uses[(size_t)j * info->barrier_count + i];
            if (!is_kept_thread(cut, j) || use->passes == 0)
                continue;
            barrier->members++;
            barrier->first = MAX(barrier->first, use->first);
            barrier->last = MIN(barrier->last, use->last);
            use->passes = 0; /* counted again while writing */
        }
        if (barrier->last <= barrier->first)
            barrier->members = 0;
    }
    return true;
}

/* ---- Writing ------------------------------------------------------------------------------------------------- */

/*
 * Before a thread's first event in the part: compute up to the part's begin is not written, nor that of records left
 * out.
 */
static void
begin_thread(Cut *cut, NsimRewrite *rewrite, const NsimTraceEvent *event)
{
    if (cut->begun[event->thread])
        return;
    cut->begun[event->thread] = true;
    NsimClock begin = cut->options->from_record > 0 ? event->before : 0;
    if (cut->from > 0) {
        const NsimClock waited = event->arrival - event->own;
        begin =
            MAX(begin,
                cut->from > waited ? MIN(cut->from - waited, event->own + event->step * (NsimClock)event->count) : 0);
    }
    nsim_rewrite_begin(rewrite, event->thread, begin);
}

static void
cut_run(Cut *cut, NsimRewrite *rewrite, const NsimTraceEvent *event)
{
    const uint32_t end = lines_before(event, cut->to);
    uint32_t at = lines_before(event, cut->from);
    if (at >= end)
        return;
    begin_thread(cut, rewrite, event);
    while (at < end) {
        uint32_t region = 0, count = end - at;
        if (cut->options->regions != NULL)
            count = (uint32_t)nsim_trace_region_lines(cut->info, event->line + at, count, &region);
        if (cut->options->regions == NULL || (region < cut->info->region_count && cut->options->regions[region])) {
            nsim_rewrite_lines(rewrite, event->thread, event, at, count, 0);
            cut->written++;
        }
        at += count;
    }
}

static void
cut_control(Cut *cut, NsimRewrite *rewrite, const NsimTraceEvent *event)
{
    bool is_kept = event->clock >= cut->from;
    uint32_t number = 0;
    if (event->op == NSIM_OP_BARRIER) {
        const Barrier *barrier = &cut->barriers[event->operand];
        const uint64_t pass = cut->uses[(size_t)event->thread * cut->info->barrier_count + event->operand].passes++;
        is_kept = is_kept && barrier->members >= 2 && pass >= barrier->first && pass < barrier->last;
        number = barrier->number;
    } else {
        number = nsim_rewrite_mark_number(rewrite, event->operand);
    }
    if (!is_kept)
        return;
    begin_thread(cut, rewrite, event);
    nsim_rewrite_control(rewrite, event->thread, event, number);
    cut->written++;
}

static bool
cut_events(Cut *cut, NsimRewrite *rewrite, GError **error)
{
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(cut->trace, UINT32_MAX, cut->tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        /* Events come in the order of their clocks: none after one past the end is in the part. */
        if (event == NULL || event->clock >= cut->to || nsim_trace_writer_failed(nsim_rewrite_writer(rewrite)))
            return true;
        if (event->count > 0 && is_kept_record(cut, event))
            cut_run(cut, rewrite, event);
        else if (event->count == 0 && (event->op == NSIM_OP_BARRIER || is_kept_record(cut, event)) &&
                 is_kept_thread(cut, event->thread))
            cut_control(cut, rewrite, event);
    }
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

/* In the largest unit of which it is a whole number: "0s", "1500us". */
static void
append_time(GString *text, uint64_t ps)
{
    static const char *const units[] = {"s", "ms", "us", "ns", "ps"};
    uint64_t unit_ps = UINT64_C(1000000000000);
    unsigned unit = 0;
    for (; ps % unit_ps != 0; unit_ps /= 1000)
        unit++;
    g_string_append_printf(text, "%" PRIu64 "%s", ps / unit_ps, units[unit]);
}

static void
append_limit(GString *text, const char *mark, uint64_t pass, uint64_t ps)
{
    if (mark != NULL)
        g_string_append_printf(text, "%s@%" PRIu64, mark, pass);
    else if (ps == UINT64_MAX)
        g_string_append(text, "end");
    else
        append_time(text, ps);
}

/* "cut from 0s to token@3, threads 0 2, regions weights, of" */
static char *
describe(const Cut *cut)
{
    const NsimCutOptions *options = cut->options;
    GString *text = g_string_new("cut from ");
    append_limit(text, options->from_mark, options->from_pass, options->from_ps);
    g_string_append(text, " to ");
    append_limit(text, options->to_mark, options->to_pass, options->to_ps);
    if (options->from_record > 0 || options->to_record < UINT64_MAX)
        g_string_append_printf(text, ", records %" PRIu64 " to before %" PRIu64 " of each thread", options->from_record,
                               options->to_record);
    if (options->threads != NULL) {
        g_string_append(text, ", threads");
        for (uint32_t i = 0; i < cut->info->thread_count && text->len < NSIM_TRACE_TEXT_MAX; i++)
            if (options->threads[i])
                g_string_append_printf(text, " %" PRIu32, i);
    }
    if (options->regions != NULL) {
        g_string_append(text, ", regions");
        for (uint32_t i = 0; i < cut->info->region_count && text->len < NSIM_TRACE_TEXT_MAX; i++)
            if (options->regions[i])
                g_string_append_printf(text, " %s", cut->info->regions[i].name);
    }
    g_string_append(text, ", of");
    return g_string_free(text, FALSE);
}

static void
add_tables(Cut *cut, NsimRewrite *rewrite)
{
    const NsimTraceInfo *info = cut->info;
    NsimTraceWriter *writer = nsim_rewrite_writer(rewrite);
    nsim_rewrite_copy_marks(rewrite, info);
    for (uint32_t i = 0; i < info->thread_count; i++)
        if (is_kept_thread(cut, i))
            nsim_rewrite_thread(rewrite, i, info->threads[i].name, NSIM_CLOCK_SAME);
    for (uint32_t i = 0; i < info->region_count; i++)
        if (cut->options->regions == NULL || cut->options->regions[i])
            nsim_trace_writer_add_region(writer, info->regions[i].name, info->regions[i].address,
                                         info->regions[i].bytes);
    for (uint32_t i = 0; i < info->barrier_count; i++)
        if (cut->barriers[i].members >= 2)
            cut->barriers[i].number = nsim_trace_writer_add_barrier(writer, cut->barriers[i].members);
}

static bool
write_part(Cut *cut, const char *path, GError **error)
{
    g_autofree char *what = describe(cut);
    g_autoptr(NsimRewrite) rewrite = nsim_rewrite_new_like(path, cut->info, what, cut->options->level, error);
    if (rewrite == NULL)
        return false;
    add_tables(cut, rewrite);
    if (!cut_events(cut, rewrite, error))
        return false;
    if (cut->written == 0 && !nsim_trace_writer_failed(nsim_rewrite_writer(rewrite)))
        return nsim_trace_fail(cut->trace, NSIM_TRACE_ERROR_LIMIT, error, "nothing lies in the part (%s the trace)",
                               what);
    return nsim_rewrite_close(g_steal_pointer(&rewrite), error);
}

bool
nsim_trace_cut(const char *path, NsimTrace *trace, const NsimCutOptions *options, const NsimTraceTick *tick,
               GError **error)
{
    g_return_val_if_fail(path != NULL && trace != NULL && options != NULL, false);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    Cut cut = {.trace = trace, .info = info, .options = options, .tick = tick};
    cut.uses = g_try_new0(Use, (size_t)info->thread_count * info->barrier_count + 1);
    if (cut.uses == NULL)
        return nsim_trace_fail(trace, NSIM_TRACE_ERROR_IO, error, "no memory to count barriers");
    cut.barriers = g_new0(Barrier, (size_t)info->barrier_count + 1);
    cut.begun = g_new0(bool, (size_t)info->thread_count + 1);
    const bool ok = find_part(&cut, error) && find_barriers(&cut, error) && write_part(&cut, path, error);
    g_free(cut.uses);
    g_free(cut.barriers);
    g_free(cut.begun);
    return ok;
}
