/* SPDX-License-Identifier: MIT */
/*
 * Reading a whole trace to see whether it is sound: every block's checksum, every record's invariants, the totals of
 * the thread table, and barriers that all members reach equally often (replay would wait for ever at others).
 */

#include <traces/trace-private.h>

#include <inttypes.h>

/* What the threads read so far say of a barrier. */
typedef struct {
    uint32_t members;      /* threads that reached it */
    uint32_t first_thread; /* the first of them */
    uint64_t passes;       /* how often that one did */
} BarrierUse;

/* Sums over one thread. */
typedef struct {
    uint64_t records;
    uint64_t lines[3]; /* by NsimOp */
    uint64_t gap_total, sixteenths;
    uint64_t *passes; /* of each barrier */
} Sums;

static bool
count_compute(Sums *sums, uint64_t gap, uint64_t sixteenths)
{
    sixteenths += sums->sixteenths;
    sums->sixteenths = sixteenths % 16;
    uint64_t total;
    return !__builtin_add_overflow(gap, sixteenths / 16, &total) &&
           !__builtin_add_overflow(sums->gap_total, total, &sums->gap_total);
}

static bool
count_burst(Sums *sums, const NsimBurst *burst)
{
    sums->records++;
    if (burst->op == NSIM_OP_BARRIER)
        sums->passes[burst->page]++;
    if (burst->op == NSIM_OP_PAUSE)
        return count_compute(sums, (uint64_t)burst->page << 32, 0) && count_compute(sums, burst->gap, 0);
    if (NSIM_OP_IS_CONTROL(burst->op))
        return count_compute(sums, burst->gap, 0);
    sums->lines[burst->op] += burst->count;
    return count_compute(sums, burst->gap, (uint64_t)(burst->count - 1) * burst->step);
}

static bool
check_totals(NsimTrace *trace, uint32_t thread, const Sums *sums, GError **error)
{
    const NsimTraceThread *stated = &trace->info.threads[thread];
    const struct {
        const char *what;
        uint64_t stated, found;
    } totals[] = {{"records", stated->burst_count, sums->records},
                  {"lines read", stated->read_lines, sums->lines[NSIM_OP_READ]},
                  {"lines written", stated->write_lines, sums->lines[NSIM_OP_WRITE]},
                  {"lines read for ownership", stated->rfo_lines, sums->lines[NSIM_OP_RFO]},
                  {"gap units", stated->gap_total, sums->gap_total}};
    for (size_t i = 0; i < G_N_ELEMENTS(totals); i++)
        if (totals[i].stated != totals[i].found)
            return nsim_trace_fail(trace, NSIM_TRACE_ERROR_CORRUPT, error,
                                   "thread %" PRIu32 " has %" PRIu64 " %s, the thread table says %" PRIu64, thread,
                                   totals[i].found, totals[i].what, totals[i].stated);
    return true;
}

static bool
note_barriers(NsimTrace *trace, uint32_t thread, const Sums *sums, BarrierUse *uses, GError **error)
{
    for (uint32_t i = 0; i < trace->info.barrier_count; i++) {
        BarrierUse *use = &uses[i];
        if (sums->passes[i] == 0)
            continue;
        if (use->members == 0)
            *use = (BarrierUse){.first_thread = thread, .passes = sums->passes[i]};
        use->members++;
        if (use->passes != sums->passes[i])
            return nsim_trace_fail(trace, NSIM_TRACE_ERROR_CORRUPT, error,
                                   "barrier %" PRIu32 " is reached %" PRIu64 " times by thread %" PRIu32 ", %" PRIu64
                                   " times by thread %" PRIu32,
                                   i, use->passes, use->first_thread, sums->passes[i], thread);
    }
    return true;
}

static bool
check_thread(NsimTrace *trace, uint32_t thread, Sums *sums, GError **error)
{
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, NSIM_FRAME_SHIFT, error);
    if (cursor == NULL)
        return false;
    for (;;) {
        if (!nsim_trace_cursor_fill(cursor, error))
            return false;
        if (cursor->filled == 0)
            return check_totals(trace, thread, sums, error);
        for (uint32_t i = 0; i < cursor->filled; i++)
            if (!count_burst(sums, &cursor->bursts[i]))
                return nsim_trace_fail(trace, NSIM_TRACE_ERROR_CORRUPT, error,
                                       "thread %" PRIu32 ", record %" PRIu64 ": compute exceeds 2^64 gap units", thread,
                                       sums->records - 1);
    }
}

bool
nsim_trace_check(NsimTrace *trace, GError **error)
{
    g_return_val_if_fail(trace != NULL, false);
    const NsimTraceInfo *info = &trace->info;
    g_autofree BarrierUse *uses = g_new0(BarrierUse, (size_t)info->barrier_count + 1);
    g_autofree uint64_t *passes = g_new0(uint64_t, (size_t)info->barrier_count + 1);
    for (uint32_t thread = 0; thread < info->thread_count; thread++) {
        Sums sums = {.passes = passes};
        memset(passes, 0, info->barrier_count * sizeof passes[0]);
        if (!check_thread(trace, thread, &sums, error) || !note_barriers(trace, thread, &sums, uses, error))
            return false;
    }
    for (uint32_t i = 0; i < info->barrier_count; i++)
        if (uses[i].members != 0 && uses[i].members != info->barriers[i])
            return nsim_trace_fail(trace, NSIM_TRACE_ERROR_CORRUPT, error,
                                   "barrier %" PRIu32 " is reached by %" PRIu32 " threads, it has %" PRIu32 " members",
                                   i, uses[i].members, info->barriers[i]);
    return true;
}
