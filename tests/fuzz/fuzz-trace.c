/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the trace reader: any bytes are a trace or an error, and what a trace's cursors give is within the
 * bounds that replay relies on. Checksums are not verified, or no mutation would get past them; that they are verified
 * otherwise is for the unit tests, which change every byte of a trace.
 */
#include <traces/info.h>
#include <traces/trace-private.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A few bytes can stand for many bursts, rightly; past this many nothing new is found. */
#define BURSTS_MAX 200000u

static void
check_burst(const NsimTraceInfo *info, const NsimBurst *burst, unsigned page_shift)
{
    const uint64_t pages = (uint64_t)info->frame_count << (NSIM_FRAME_SHIFT - page_shift);
    const uint32_t page_lines = 1u << (page_shift - NSIM_LINE_SHIFT);
    bool good;
    switch (burst->op) {
    case NSIM_OP_READ:
    case NSIM_OP_WRITE:
    case NSIM_OP_RFO:
        good = burst->page < pages && burst->count >= 1 && burst->line + (uint32_t)burst->count <= page_lines &&
               burst->flags <= (NSIM_BURST_DEPENDENT | NSIM_BURST_PREFETCHABLE);
        break;
    case NSIM_OP_PAUSE:
        good = burst->count == 0;
        break;
    case NSIM_OP_BARRIER:
        good = burst->count == 0 && burst->page < info->barrier_count;
        break;
    case NSIM_OP_MARK:
        good = burst->count == 0 && burst->page < info->mark_count;
        break;
    default:
        good = false;
        break;
    }
    if (!good)
        abort();
}

static void
read_thread(NsimTrace *trace, uint32_t thread, unsigned page_shift)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, page_shift, &error);
    if (cursor == NULL)
        abort(); /* the thread exists and the page size is allowed */
    for (uint32_t bursts = 0; bursts < BURSTS_MAX; bursts += cursor->filled) {
        if (!nsim_trace_cursor_fill(cursor, &error)) {
            if (error == NULL)
                abort();
            return;
        }
        if (cursor->filled == 0)
            return;
        for (uint32_t i = 0; i < cursor->filled; i++)
            check_burst(nsim_trace_info(trace), &cursor->bursts[i], page_shift);
    }
}

/* What stays the same however often it is asked. */
static void
use_trace(NsimTrace *trace)
{
    g_autoptr(GError) check_error = NULL, scan_error = NULL;
    const bool sound = nsim_trace_check(trace, &check_error);
    g_autofree char *brief = nsim_trace_describe(trace, false, NULL);
    g_autofree char *text = nsim_trace_describe(trace, true, &scan_error);
    if (sound != (check_error == NULL) || (text != NULL) != (scan_error == NULL) || brief == NULL)
        abort();
    if (sound && text == NULL)
        abort();
    for (uint32_t i = 0; i < MIN(nsim_trace_info(trace)->thread_count, 8u); i++) {
        read_thread(trace, i, 12);
        read_thread(trace, i, 16);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open_fd(fd, "fuzz", false, &error);
    if ((trace == NULL) != (error != NULL))
        abort();
    if (trace != NULL)
        use_trace(trace);
    return 0;
}
