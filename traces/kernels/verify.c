/* SPDX-License-Identifier: MIT */
/*
 * Checks a captured trace: blocks and records, the marks and barriers of its threads, and, given the raw accesses of
 * the same capture, that its lines are exactly those that a cache lets through. The cache here is written again in the
 * plainest way, a list in order of use for each set, and shares nothing with the capture runtime's.
 *
 *     verify TRACE [RAW CACHE-KIB WAYS]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <traces/capture/capture.h>
#include <traces/trace.h>

#define WAYS_MAX 64u

typedef struct {
    GArray *moved;          /* lines to and from memory, op << 58 | line; NULL: not wanted */
    uint64_t *region_lines; /* region x NsimOp */
    uint64_t barrier_count, mark_count;
} ThreadLog;

typedef struct {
    uint64_t line;
    bool dirty;
} Way;

typedef struct {
    Way *ways; /* set x way, most recent first */
    uint32_t *used;
    uint32_t sets, way_count;
} PlainCache;

static void
log_line(ThreadLog *log, NsimOp op, uint64_t line)
{
    const uint64_t entry = (uint64_t)op << 58 | line;
    g_array_append_val(log->moved, entry);
}

/* One access of `thread` to `line`; what reaches memory is logged. */
static void
plain_cache_access(PlainCache *cache, uint64_t line, bool is_write, ThreadLog *log)
{
    const uint32_t set = (uint32_t)(line % cache->sets);
    Way *ways = cache->ways + (size_t)set * cache->way_count;
    uint32_t at = 0;
    while (at < cache->used[set] && ways[at].line != line)
        at++;
    Way found = {line, false};
    if (at < cache->used[set]) {
        found = ways[at];
    } else {
        if (cache->used[set] == cache->way_count) {
            at--;
            if (ways[at].dirty)
                log_line(log, NSIM_OP_WRITE, ways[at].line);
        } else {
            cache->used[set]++;
        }
        log_line(log, is_write ? NSIM_OP_RFO : NSIM_OP_READ, line);
    }
    for (; at > 0; at--)
        ways[at] = ways[at - 1];
    found.dirty |= is_write;
    ways[0] = found;
}

/* Run the raw accesses through the plain cache into one log for each thread. False after a message. */
static bool
replay_raw(const char *path, PlainCache *cache, ThreadLog *logs, uint32_t thread_count)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "verify: cannot read \"%s\": %s\n", path, strerror(errno));
        return false;
    }
    NsimCaptureRaw raw;
    uint64_t count = 0;
    bool ok = true;
    while (ok && fread(&raw, sizeof raw, 1, file) == 1) {
        ok = raw.thread < thread_count && raw.bytes > 0;
        for (uint64_t line = raw.address >> 6; ok && line <= (raw.address + raw.bytes - 1) >> 6; line++)
            plain_cache_access(cache, line, raw.is_write != 0, &logs[raw.thread]);
        count++;
    }
    fclose(file);
    printf("raw: %llu accesses\n", (unsigned long long)count);
    return ok && count > 0;
}

/* Put a burst to the account of its region. */
static void
count_region(const NsimTraceInfo *info, uint64_t first_line, const NsimBurst *burst, uint64_t *region_lines)
{
    for (uint32_t i = 0; i < info->region_count; i++) {
        if ((first_line << NSIM_LINE_SHIFT) - info->regions[i].address < info->regions[i].bytes) {
            region_lines[3 * i + burst->op] += burst->count;
            return;
        }
    }
}

/* Walk a thread of the trace into its log. */
static bool
read_thread(NsimTrace *trace, uint32_t thread, ThreadLog *log)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, NSIM_FRAME_SHIFT, &error);
    while (cursor && nsim_trace_cursor_fill(cursor, &error)) {
        if (cursor->next == cursor->filled)
            return true;
        for (; cursor->next < cursor->filled; cursor->next++) {
            const NsimBurst *burst = &cursor->bursts[cursor->next];
            log->barrier_count += burst->op == NSIM_OP_BARRIER;
            log->mark_count += burst->op == NSIM_OP_MARK;
            if (NSIM_OP_IS_CONTROL(burst->op))
                continue;
            const uint64_t first = info->frames[burst->page] * NSIM_FRAME_LINES + burst->line;
            count_region(info, first, burst, log->region_lines);
            for (uint32_t i = 0; log->moved && i < burst->count; i++)
                log_line(log, (NsimOp)burst->op, first + i);
        }
    }
    fprintf(stderr, "verify: %s\n", error->message);
    return false;
}

/* Every thread of these kernels passes the same barriers; the first one alone passes the marks. */
static bool
same_control(const ThreadLog *logs, uint32_t thread_count)
{
    for (uint32_t i = 1; i < thread_count; i++) {
        if (logs[i].barrier_count != logs[0].barrier_count || logs[i].mark_count != 0) {
            fprintf(stderr, "verify: thread %u passes %llu barriers and %llu marks, thread 0 %llu barriers\n", i,
                    (unsigned long long)logs[i].barrier_count, (unsigned long long)logs[i].mark_count,
                    (unsigned long long)logs[0].barrier_count);
            return false;
        }
    }
    return logs[0].mark_count > 0;
}

static bool
same_lines(const ThreadLog *got, const ThreadLog *want, uint32_t thread)
{
    const uint64_t *a = (const uint64_t *)(const void *)got->moved->data;
    const uint64_t *b = (const uint64_t *)(const void *)want->moved->data;
    const guint shorter = got->moved->len < want->moved->len ? got->moved->len : want->moved->len;
    guint at = 0;
    while (at < shorter && a[at] == b[at])
        at++;
    if (at == got->moved->len && at == want->moved->len)
        return true;
    fprintf(stderr, "verify: thread %u: the trace has %u lines, the plain cache %u; they differ at line %u\n", thread,
            got->moved->len, want->moved->len, at);
    return false;
}

static ThreadLog *
make_logs(uint32_t thread_count, bool lines)
{
    ThreadLog *logs = g_new0(ThreadLog, thread_count);
    for (uint32_t i = 0; lines && i < thread_count; i++)
        logs[i].moved = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return logs;
}

static void
print_regions(const NsimTraceInfo *info, const uint64_t *region_lines)
{
    for (uint32_t i = 0; i < info->region_count; i++) {
        const uint64_t *lines = region_lines + 3 * i;
        printf("region %s: %llu lines, %llu read, %llu rfo, %llu write\n", info->regions[i].name,
               (unsigned long long)(info->regions[i].bytes / NSIM_LINE_BYTES), (unsigned long long)lines[NSIM_OP_READ],
               (unsigned long long)lines[NSIM_OP_RFO], (unsigned long long)lines[NSIM_OP_WRITE]);
    }
}

static void
free_logs(ThreadLog *logs, uint32_t thread_count)
{
    for (uint32_t i = 0; i < thread_count; i++)
        if (logs[i].moved)
            g_array_unref(logs[i].moved);
    g_free(logs);
}

static bool
compare_with_raw(const ThreadLog *logs, uint32_t thread_count, char **arguments)
{
    PlainCache cache = {.way_count = (uint32_t)strtoul(arguments[2], NULL, 10)};
    if (cache.way_count < 1 || cache.way_count > WAYS_MAX)
        return false;
    cache.sets = (uint32_t)(strtoul(arguments[1], NULL, 10) * 16 / cache.way_count);
    cache.ways = g_new0(Way, (gsize)cache.sets * cache.way_count);
    cache.used = g_new0(uint32_t, cache.sets);
    ThreadLog *want = make_logs(thread_count, true);
    bool ok = cache.sets > 0 && replay_raw(arguments[0], &cache, want, thread_count);
    for (uint32_t i = 0; ok && i < thread_count; i++)
        ok = same_lines(&logs[i], &want[i], i);
    free_logs(want, thread_count);
    g_free(cache.ways);
    g_free(cache.used);
    return ok;
}

static bool
verify(NsimTrace *trace, char **raw_arguments)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    ThreadLog *logs = make_logs(info->thread_count, raw_arguments != NULL);
    g_autofree uint64_t *region_lines = g_new0(uint64_t, 3 * (gsize)info->region_count);
    bool ok = true;
    for (uint32_t i = 0; ok && i < info->thread_count; i++) {
        logs[i].region_lines = region_lines;
        ok = read_thread(trace, i, &logs[i]);
    }
    ok = ok && same_control(logs, info->thread_count);
    if (ok && raw_arguments)
        ok = compare_with_raw(logs, info->thread_count, raw_arguments);
    if (ok)
        printf(
            "trace: %u threads, %llu records, lines: %llu read, %llu rfo, %llu write; %llu marks, %llu barriers a "
            "thread, %llu bytes\n",
            info->thread_count, (unsigned long long)info->burst_count, (unsigned long long)info->read_lines,
            (unsigned long long)info->rfo_lines, (unsigned long long)info->write_lines,
            (unsigned long long)logs[0].mark_count, (unsigned long long)logs[0].barrier_count,
            (unsigned long long)info->file_bytes);
    if (ok)
        print_regions(info, region_lines);
    free_logs(logs, info->thread_count);
    return ok;
}

int
main(int argc, char **argv)
{
    if (argc != 2 && argc != 5) {
        fprintf(stderr, "usage: verify TRACE [RAW CACHE-KIB WAYS]\n");
        return 2;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(argv[1], &error);
    if (!trace || !nsim_trace_check(trace, &error)) {
        fprintf(stderr, "verify: %s: %s\n", argv[1], error->message);
        return 3;
    }
    return verify(trace, argc == 5 ? argv + 2 : NULL) ? 0 : 1;
}
