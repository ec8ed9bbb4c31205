/* SPDX-License-Identifier: MIT */
/* One pass over the traces: lines of each page by accessor, compute of each accessor, windows. */
#include <experiment/future.h>

#include <sim/time.h>

uint64_t
nsim_gap_mult(const NsimTraceInfo *info, const NsimAccessor *accessor)
{
    if (info->gap_unit == NSIM_GAP_PS)
        return (uint64_t)1 << 16;
    const uint64_t instructions_per_s = MAX(nsim_mul_div(accessor->clock_hz, accessor->ipc_ppm, 1000000), (uint64_t)1);
    return MIN(nsim_mul_div(NSIM_S, (uint64_t)1 << 16, instructions_per_s), (uint64_t)UINT32_MAX);
}

static uint32_t *
add_counts(uint32_t *counts, uint64_t page_count, GError **error)
{
    if (counts == NULL)
        counts = g_try_malloc0_n(page_count, sizeof *counts);
    if (counts == NULL)
        g_set_error(error, NSIM_EXPERIMENT_ERROR, NSIM_EXPERIMENT_ERROR_RUN,
                    "no memory to count the lines of %" G_GUINT64_FORMAT " pages for 'oracle'", page_count);
    return counts;
}

static bool
count_thread(const NsimExperiment *plan, uint32_t w, uint32_t thread, NsimFuture *future, GCancellable *cancel,
             GError **error)
{
    const NsimWorkload *workload = &plan->workloads[w];
    const NsimTraceInfo *info = nsim_trace_info(workload->trace);
    const NsimAccessorId accessor = workload->accessors[thread];
    const size_t row = (size_t)w * future->accessor_count + accessor;
    const uint64_t page_count = (uint64_t)info->frame_count << (21 - plan->machine->page_shift);
    uint32_t *reads = future->reads[row] = add_counts(future->reads[row], page_count, error);
    uint32_t *writes = future->writes[row] = reads == NULL ? NULL : add_counts(future->writes[row], page_count, error);
    g_autoptr(NsimTraceCursor) cursor =
        writes == NULL ? NULL : nsim_trace_cursor_new(workload->trace, thread, plan->machine->page_shift, error);
    if (cursor == NULL)
        return false;

    do {
        /* Cancelled: what is counted so far will do for runs that end before they begin. */
        if (g_cancellable_is_cancelled(cancel))
            return true;
        if (!nsim_trace_cursor_fill(cursor, error))
            return false;
        for (uint32_t i = cursor->next; i < cursor->filled; i++) {
            const NsimBurst *burst = &cursor->bursts[i];
            if (NSIM_OP_IS_CONTROL(burst->op))
                continue;
            uint32_t *count = burst->op == NSIM_OP_WRITE ? &writes[burst->page] : &reads[burst->page];
            *count = MIN(*count, UINT32_MAX - burst->count) + burst->count;
        }
        if (cursor->filled == cursor->next)
            break;
        cursor->next = cursor->filled;
    } while (true);

    const NsimTime gap_ps = nsim_mul_div(info->threads[thread].gap_total,
                                         nsim_gap_mult(info, &plan->machine->accessors[accessor]), (uint64_t)1 << 16);
    future->gap_ps[accessor] = MAX(future->gap_ps[accessor], gap_ps);
    return true;
}

/* Lines the busy cores of each accessor can have outstanding in streams. */
static void
count_windows(const NsimExperiment *plan, NsimFuture *future)
{
    g_autofree uint32_t *threads = g_new0(uint32_t, future->accessor_count);
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        for (uint32_t t = 0; t < nsim_trace_info(plan->workloads[w].trace)->thread_count; t++)
            threads[plan->workloads[w].accessors[t]]++;
    }
    for (uint32_t a = 0; a < future->accessor_count; a++) {
        const NsimAccessor *accessor = &plan->machine->accessors[a];
        future->window_lines[a] = MIN(threads[a], accessor->core_count) * accessor->window_stream;
    }
}

NsimFuture *
nsim_future_new(const NsimExperiment *plan, GCancellable *cancel, GError **error)
{
    NsimFuture *future = g_new0(NsimFuture, 1);
    future->accessor_count = plan->machine->accessor_count;
    future->space_count = plan->workload_count;
    future->reads = g_new0(uint32_t *, (size_t)future->space_count * future->accessor_count);
    future->writes = g_new0(uint32_t *, (size_t)future->space_count * future->accessor_count);
    future->gap_ps = g_new0(NsimTime, future->accessor_count);
    future->window_lines = g_new0(uint32_t, future->accessor_count);
    count_windows(plan, future);
    for (uint32_t w = 0; w < plan->workload_count; w++) {
        for (uint32_t t = 0; t < nsim_trace_info(plan->workloads[w].trace)->thread_count; t++) {
            if (!count_thread(plan, w, t, future, cancel, error)) {
                nsim_future_free(future);
                return NULL;
            }
        }
    }
    return future;
}

void
nsim_future_free(NsimFuture *future)
{
    if (future == NULL)
        return;
    for (size_t i = 0; i < (size_t)future->space_count * future->accessor_count; i++) {
        g_free(future->reads[i]);
        g_free(future->writes[i]);
    }
    g_free(future->reads);
    g_free(future->writes);
    g_free(future->gap_ps);
    g_free(future->window_lines);
    g_free(future);
}
