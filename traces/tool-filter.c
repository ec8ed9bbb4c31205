/* SPDX-License-Identifier: MIT */
/* The filter of tool-filter.h. */
#include <traces/tool-filter.h>

#include <traces/capture/coalescer.h>
#include <traces/rewrite.h>
#include <traces/trace-private.h>

#include <inttypes.h>

/* The coalescer counts sixteenths in 64 bits. */
#define COMPUTE_MAX (UINT64_C(1) << 59)

typedef struct {
    NsimTraceWriter *writer;
    NsimCoalescer coalescer;
    uint32_t number;
    uint64_t now_16ths;
    uint64_t owed_gap; /* of the next run: compute that ending the one before has taken off the coalescer's clock */
    bool chained;      /* everything since the last run that was left over waited for what came before it */
    bool dependent;    /* of the open run */
    bool met;          /* the present record has left a line over */
    bool first;        /* the next line begins the present record */
} Thread;

typedef struct {
    NsimTrace *trace;
    const NsimTraceInfo *info;
    const NsimFilterOptions *options;
    NsimRewrite *rewrite;
    NsimCaches *caches;
    Thread *threads;
} Filter;

static void
write_run(void *context, const NsimRun *run)
{
    Thread *thread = context;
    NsimRun whole = *run;
    whole.gap += thread->owed_gap;
    whole.flags |= thread->dependent ? NSIM_BURST_DEPENDENT : 0;
    thread->owed_gap = 0;
    thread->dependent = false;
    nsim_trace_writer_run(thread->writer, thread->number, &whole);
}

/* A line reaches memory. Write-backs depend on nothing: the cache has the data. */
static void
line_moved(void *context, NsimOp op, uint64_t line)
{
    Thread *thread = context;
    if (op != NSIM_OP_WRITE && thread->chained && thread->first) {
        const uint64_t gap = nsim_coalescer_flush(&thread->coalescer, thread->now_16ths);
        thread->owed_gap += gap;
        thread->dependent = true;
    }
    if (op != NSIM_OP_WRITE) {
        thread->first = false;
        thread->met = true;
    }
    nsim_coalescer_add(&thread->coalescer, op, line, thread->now_16ths);
}

static void
filter_run(Filter *filter, const NsimTraceEvent *event)
{
    Thread *thread = &filter->threads[event->thread];
    if (event->first) {
        /* A chain goes on through what hit only if that waited, too. */
        thread->chained = (thread->chained || thread->met) && (event->flags & NSIM_BURST_DEPENDENT) != 0;
        thread->met = false;
        thread->first = true;
    }
    const NsimCacheAccess access = event->op == NSIM_OP_READ ? NSIM_CACHE_LOAD
                                   : filter->info->filtered  ? NSIM_CACHE_OWN
                                                             : NSIM_CACHE_STORE;
    for (uint32_t i = 0; i < event->count; i++) {
        thread->now_16ths = (uint64_t)event->own + (uint64_t)i * event->step;
        if (event->op == NSIM_OP_WRITE && filter->info->filtered)
            nsim_caches_write_back(filter->caches, event->thread, event->line + i, thread);
        else
            nsim_caches_access(filter->caches, event->thread, event->line + i, access, thread);
    }
}

static void
filter_control(Filter *filter, const NsimTraceEvent *event)
{
    Thread *thread = &filter->threads[event->thread];
    const uint64_t own = (uint64_t)event->own;
    const uint64_t gap = nsim_coalescer_flush(&thread->coalescer, own) + thread->owed_gap;
    thread->owed_gap = 0;
    if (event->op == NSIM_OP_MARK)
        nsim_trace_writer_mark(thread->writer, event->thread, nsim_rewrite_mark_number(filter->rewrite, event->operand),
                               gap);
    else
        nsim_trace_writer_barrier(thread->writer, event->thread, event->operand, gap);
}

static bool
filter_events(Filter *filter, const NsimTraceTick *tick, GError **error)
{
    const uint32_t piece_lines = filter->info->thread_count > 1 ? 1 : UINT32_MAX;
    g_autoptr(NsimTraceOrder) order = nsim_trace_order_new(filter->trace, piece_lines, tick, error);
    if (order == NULL)
        return false;
    for (;;) {
        const NsimTraceEvent *event;
        if (!nsim_trace_order_next(order, &event, error))
            return false;
        if (event == NULL || nsim_trace_writer_failed(nsim_rewrite_writer(filter->rewrite)))
            break;
        if (event->count > 0)
            filter_run(filter, event);
        else
            filter_control(filter, event);
    }
    for (uint32_t i = 0; i < filter->info->thread_count; i++)
        nsim_coalescer_flush(&filter->threads[i].coalescer, filter->threads[i].now_16ths);
    return true;
}

/* ---- Texts --------------------------------------------------------------------------------------------------- */

static void
append_cache(GString *text, const NsimCacheLevel *level)
{
    const bool whole = level->bytes % (1u << 20) == 0;
    g_string_append_printf(text, "%" PRIu64 "%s %" PRIu32 "-way %s", level->bytes >> (whole ? 20 : 10),
                           whole ? "MiB" : "KiB", level->ways, level->policy == NSIM_CACHE_LRU ? "lru" : "plru");
    if (level->threads == 1)
        g_string_append(text, " for each thread");
    else if (level->threads > 1)
        g_string_append_printf(text, " for each %" PRIu32 " threads", level->threads);
}

/* "l1 32KiB 8-way plru for each thread, llc 32MiB 16-way lru; 64-byte lines, ..." (transfer full) */
static char *
describe(const NsimTraceInfo *info, const NsimFilterOptions *options)
{
    GString *text = g_string_new(NULL);
    if (info->filtered)
        g_string_append_printf(text, "%s; then ", info->filter);
    for (uint32_t i = 0; i < options->level_count; i++) {
        if (i + 1 < options->level_count)
            g_string_append_printf(text, "l%" PRIu32 " ", i + 1);
        else
            g_string_append(text, "llc ");
        append_cache(text, &options->levels[i]);
        g_string_append(text, i + 1 < options->level_count ? ", " : "; ");
    }
    g_string_append_printf(text, "%" PRIu32 "-byte lines, write-back, write-allocate, coherent",
                           options->levels[0].line_bytes);
    return g_string_free(text, FALSE);
}

/* ---- The whole ----------------------------------------------------------------------------------------------- */

static bool
check(const Filter *filter, GError **error)
{
    const NsimTraceInfo *info = filter->info;
    g_autofree char *problem =
        nsim_caches_check(filter->options->levels, filter->options->level_count, info->thread_count);
    if (problem != NULL)
        return nsim_trace_fail(filter->trace, NSIM_TRACE_ERROR_LIMIT, error, "%s", problem);
    if (info->filtered && !filter->options->again)
        return nsim_trace_fail(filter->trace, NSIM_TRACE_ERROR_LIMIT, error, "is filtered already (%s)", info->filter);
    for (uint32_t i = 0; i < info->thread_count; i++)
        if (info->threads[i].gap_total >= COMPUTE_MAX)
            return nsim_trace_fail(filter->trace, NSIM_TRACE_ERROR_LIMIT, error,
                                   "thread %" PRIu32 " computes %" PRIu64 " gap units; below 2^59 is allowed", i,
                                   info->threads[i].gap_total);
    return true;
}

static bool
begin(Filter *filter, const char *path, GError **error)
{
    const NsimTraceInfo *info = filter->info;
    g_autofree char *text = describe(info, filter->options);
    g_autofree char *capture = g_strdup_printf("put through caches by their clocks: %s", info->capture);
    const NsimTraceWriterOptions options = {.gap_unit = info->gap_unit,
                                            .gap_per_s = info->gap_per_s,
                                            .program = info->program,
                                            .capture = capture,
                                            .filter = text,
                                            .filtered = true,
                                            .level = filter->options->level};
    filter->caches =
        nsim_caches_new(filter->options->levels, filter->options->level_count, info->thread_count, line_moved);
    if (filter->caches == NULL)
        return nsim_trace_fail(filter->trace, NSIM_TRACE_ERROR_IO, error, "no memory for the caches");
    filter->rewrite = nsim_rewrite_new(path, &options, info->thread_count, error);
    if (filter->rewrite == NULL)
        return false;
    nsim_rewrite_copy_tables(filter->rewrite, info);
    for (uint32_t i = 0; i < info->thread_count; i++) {
        Thread *thread = &filter->threads[i];
        thread->writer = nsim_rewrite_writer(filter->rewrite);
        thread->number = i;
        nsim_rewrite_thread(filter->rewrite, i, info->threads[i].name, NSIM_CLOCK_SAME);
        nsim_coalescer_init(&thread->coalescer, write_run, thread);
    }
    return true;
}

bool
nsim_trace_filter(const char *path, NsimTrace *trace, const NsimFilterOptions *options, const NsimTraceTick *tick,
                  GError **error)
{
    g_return_val_if_fail(path != NULL && trace != NULL && options != NULL, false);
    Filter filter = {.trace = trace, .info = nsim_trace_info(trace), .options = options};
    if (!check(&filter, error))
        return false;
    filter.threads = g_new0(Thread, (size_t)filter.info->thread_count + 1);
    bool ok = begin(&filter, path, error) && filter_events(&filter, tick, error);
    if (ok)
        ok = nsim_rewrite_close(g_steal_pointer(&filter.rewrite), error);
    nsim_rewrite_abandon(filter.rewrite);
    nsim_caches_free(filter.caches);
    g_free(filter.threads);
    return ok;
}
