/* SPDX-License-Identifier: MIT */
/*
 * The process that writes an automatic capture's trace: takes batches out of the ring, puts the lines through the
 * caches, and what gets through into the trace. A copy of the captured program, made before that did anything; it
 * returns to none of the program's code.
 *
 * It ends when the program says so, when the program is gone (its memory map lacks the ring), or when it cannot go on:
 * no space, no memory, or as many bytes as were allowed. What it has to say it says once; GLib's own messages, about no
 * memory, go nowhere. Memory maps are read when a line is met that the last one does not explain, ever more seldom
 * where that does not help, and at the end.
 */
#include "automatic.h"
#include "coalescer.h"
#include "filter.h"
#include "maps.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <traces/trace.h>

#define IDLE_MS 200
/* The longest that reading the memory map waits for more batches when it has not helped. */
#define MAPS_PATIENCE_MAX 4096u

typedef struct {
    uint64_t accesses;
    NsimCoalescer coalescer;
    uint32_t index, cache;
} DrainThread;

/* What the crash handler needs, too. */
static struct {
    NsimAutoShared *shared;
    int descriptor; /* for messages */
    int trace_descriptor;
    char temporary[NSIM_SETTINGS_PATH_MAX];
    NsimTraceWriter *writer;
    NsimFilter *filter;
    DrainThread *threads[NSIM_AUTO_THREADS];
    uint32_t thread_count;
    uint64_t line_count;
    NsimMaps maps;
    uint64_t unknown_line;            /* one was met that the map does not explain; 0: none */
    uint32_t patience, patience_left; /* in batches */
} drain;

static _Noreturn void
done(void)
{
    atomic_store(&drain.shared->state, NSIM_AUTO_DONE);
    nsim_auto_futex_wake(&drain.shared->state);
    nsim_auto_futex_wake(&drain.shared->tail);
    _exit(0);
}

#define TELL_ONCE(...)                                                                                                 \
    do {                                                                                                               \
        if (atomic_exchange(&drain.shared->message_told, 1) == 0)                                                      \
            nsim_auto_tell(drain.descriptor, __VA_ARGS__);                                                             \
    } while (0)

/* GLib found no memory, or a mistake of this program. */
static void
crashed(int signal_number)
{
    if (drain.temporary[0] != '\0')
        unlink(drain.temporary);
    TELL_ONCE("the process that writes the trace ran out of memory or failed (signal %d): no capture, the program goes "
              "on",
              signal_number);
    done();
}

/* ---- Setting up ---------------------------------------------------------------------------------------------- */

static void
prepare_signals(void)
{
    static const int crashes[] = {SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    struct sigaction action;
    uint64_t blocked = UINT64_MAX;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_IGN;
    for (int number = 1; number < SIGRTMIN; number++)
        sigaction(number, &action, NULL);
    action.sa_handler = crashed;
    action.sa_flags = (int)SA_RESETHAND;
    for (size_t i = 0; i < G_N_ELEMENTS(crashes); i++) {
        sigaction(crashes[i], &action, NULL);
        blocked &= ~((uint64_t)1 << (crashes[i] - 1));
    }
    nsim_auto_restore_signals(blocked);
}

/* Descriptors 0 to 2 are there, and one for messages above them. */
static void
open_descriptors(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (null >= 0 && null <= 2)
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
    close(null);
    drain.descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

/* Keep nothing of the program's open but that and the trace. */
static void
close_descriptors(void)
{
    const unsigned one = (unsigned)drain.descriptor, other = (unsigned)drain.trace_descriptor;
    const unsigned low = MIN(one, other), high = MAX(one, other);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i <= 2; i++)
        dup2(null, i);
    if (low > 3)
        syscall(SYS_close_range, 3u, low - 1, 0u);
    if (high > low + 1)
        syscall(SYS_close_range, low + 1, high - 1, 0u);
    syscall(SYS_close_range, high + 1, ~0u, 0u);
}

/* The command line, without the folders of the program. */
static char *
command_text(void)
{
    gsize bytes = 0;
    char *text = NULL;
    if (!g_file_get_contents("/proc/self/cmdline", &text, &bytes, NULL) || bytes == 0) {
        g_free(text);
        return g_strdup("a program");
    }
    bytes = MIN(bytes, NSIM_TRACE_TEXT_MAX);
    const char *slash = strrchr(text, '/');
    GString *command = g_string_new(slash ? slash + 1 : text);
    for (const char *at = text + strlen(text) + 1; at < text + bytes; at += strlen(at) + 1)
        g_string_append_printf(command, " %s", at);
    g_free(text);
    return g_string_free(command, FALSE);
}

static char *
filter_text(void)
{
    const NsimSettings *settings = &nsim_auto_settings;
    const bool whole = settings->cache_bytes % (1u << 20) == 0;
    GString *text = g_string_new("");
    if (settings->caches > 1)
        g_string_append_printf(text, "%" PRIu32 " x ", settings->caches);
    g_string_append_printf(text, "llc %" PRIu64 "%s %" PRIu32 "-way lru, 64-byte lines, write-back, write-allocate",
                           settings->cache_bytes >> (whole ? 20 : 10), whole ? "MiB" : "KiB", settings->ways);
    if (settings->caches > 1)
        g_string_append_printf(text, ", coherent, threads dealt to them in turn by %" PRIu32,
                               settings->threads_per_cache);
    return g_string_free(text, FALSE);
}

/* How the program ended, so that a reader knows what a trace may lack. */
static char *
ending_text(void)
{
    const int32_t ending = atomic_load(&drain.shared->ending);
    if (ending == NSIM_AUTO_ENDED)
        return g_strdup("");
    if (ending == NSIM_AUTO_NO_MEMORY)
        return g_strdup("; ended early, for want of memory");
    if (ending == NSIM_AUTO_VANISHED)
        return g_strdup_printf("; the program was killed or replaced itself: up to %u lines of each thread are missing",
                               NSIM_AUTO_EVENTS);
    return g_strdup_printf("; the program was ended by signal %d", (int)ending);
}

static char *
capture_text(bool is_cut)
{
    const uint32_t rate = nsim_auto_settings.instructions_256ths;
    const uint64_t skipped = atomic_load(&drain.shared->skipped);
    g_autofree char *ending = ending_text();
    GString *text = g_string_new("gcc -fsanitize=thread call-outs served by libnumasim-capture");
    g_string_append_printf(
        text, "; threads as they ran; declared, not measured: %" PRIu32 ".%02" PRIu32 " instructions per access",
        rate / 256, rate % 256 * 100 / 256);
    if (skipped > 0)
        g_string_append_printf(text, "; %" PRIu64 " accesses skipped (in signal handlers and ending threads)", skipped);
    if (is_cut)
        g_string_append_printf(text, "; cut at %" PRIu64 " bytes", nsim_auto_settings.bytes_max);
    g_string_append(text, ending);
    return g_string_free(text, FALSE);
}

/* ---- Lines to the trace -------------------------------------------------------------------------------------- */

static void
line_moved(void *context, NsimOp op, uint64_t line)
{
    DrainThread *thread = context;
    drain.line_count++;
    nsim_coalescer_add(&thread->coalescer, op, line, thread->accesses * nsim_auto_settings.instructions_256ths / 16);
}

static void
run_done(void *context, const NsimRun *run)
{
    const DrainThread *thread = context;
    if (!nsim_maps_touch(&drain.maps, run->line << NSIM_LINE_SHIFT, (uint64_t)run->count << NSIM_LINE_SHIFT))
        drain.unknown_line = run->line;
    nsim_trace_writer_run(drain.writer, thread->index, run);
}

static void
mark_passed(DrainThread *thread, const char *name)
{
    const uint64_t now_16ths = thread->accesses * nsim_auto_settings.instructions_256ths / 16;
    const uint64_t gap = nsim_coalescer_flush(&thread->coalescer, now_16ths);
    const uint32_t mark = nsim_trace_writer_add_mark(drain.writer, name);
    if (!nsim_trace_writer_failed(drain.writer))
        nsim_trace_writer_mark(drain.writer, thread->index, mark, gap);
}

/* The thread with this number: numbers come in the order of first accesses, batches need not. */
static DrainThread *
thread_of(uint32_t number)
{
    const NsimSettings *settings = &nsim_auto_settings;
    for (; drain.thread_count <= number; drain.thread_count++) {
        DrainThread *thread = g_new0(DrainThread, 1);
        thread->index = nsim_trace_writer_add_thread(drain.writer, "");
        thread->cache = drain.thread_count / settings->threads_per_cache % settings->caches;
        nsim_coalescer_init(&thread->coalescer, run_done, thread);
        drain.threads[drain.thread_count] = thread;
    }
    return drain.threads[number];
}

static void
take_batch(const NsimAutoBatch *batch)
{
    DrainThread *thread = thread_of(batch->thread);
    for (uint32_t i = 0; i < batch->count; i++) {
        const uint64_t event = batch->events[i], line = event >> NSIM_AUTO_LINE_SHIFT;
        if (line != NSIM_AUTO_CONTROL) {
            thread->accesses += event & NSIM_AUTO_ACCESSES_MAX;
            nsim_filter_access(drain.filter, thread->cache, line, event & NSIM_AUTO_WRITE, thread);
        } else if (++i < batch->count) {
            if ((event & NSIM_AUTO_ACCESSES_MAX) == NSIM_AUTO_PASS)
                thread->accesses += batch->events[i];
            else if (batch->events[i] < NSIM_AUTO_MARKS)
                mark_passed(thread, drain.shared->marks[batch->events[i]]);
        }
    }
}

/* ---- The program's memory map -------------------------------------------------------------------------------- */

/* False: the program is gone. */
static bool
read_maps(bool is_wanted)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/maps", nsim_auto_process);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return kill((pid_t)nsim_auto_process, 0) == 0; /* not to be read: nothing gets a name */
    /* A process that has no ring is another, or another program. */
    g_autofree char *ring = g_strdup_printf("%08" PRIxPTR "-", (uintptr_t)drain.shared);
    const char *at = strstr(text, ring);
    if (!at || (at != text && at[-1] != '\n'))
        return false;
    if (is_wanted)
        nsim_maps_update(&drain.maps, text);
    return true;
}

static void
learn_maps(void)
{
    if (drain.unknown_line == 0 || (drain.patience_left > 0 && --drain.patience_left > 0))
        return;
    read_maps(true);
    const bool helped = nsim_maps_touch(&drain.maps, drain.unknown_line << NSIM_LINE_SHIFT, NSIM_LINE_BYTES);
    drain.unknown_line = 0;
    drain.patience = helped ? 1 : MIN(drain.patience * 2, MAPS_PATIENCE_MAX);
    drain.patience_left = drain.patience;
}

/* The name a range has in the trace; `anonymous_count` numbers those without one. */
static char *
region_name(const NsimMap *map, uint32_t *anonymous_count)
{
    switch (map->kind) {
    case NSIM_MAP_DATA:
        return g_strdup_printf("%s data", map->name);
    case NSIM_MAP_ZERO:
        return g_strdup_printf("%s bss", map->name);
    case NSIM_MAP_ANONYMOUS:
        break;
    default:
        return g_strdup(map->name);
    }
    for (uint32_t i = 0; i < drain.thread_count; i++)
        if (atomic_load(&drain.shared->threads[i].stack) - map->address < map->end - map->address)
            return g_strdup_printf("[stack %" PRIu32 "]", i);
    return g_strdup_printf("anon-%" PRIu32, ++*anonymous_count);
}

static void
put_regions(void)
{
    const uint32_t count = MIN(atomic_load(&drain.shared->region_count), NSIM_AUTO_REGIONS);
    for (uint32_t i = 0; i < count; i++)
        if (atomic_load(&drain.shared->regions[i].ready)) /* the last to name a range wins */
            nsim_maps_name(&drain.maps, drain.shared->regions[i].name, drain.shared->regions[i].address,
                           drain.shared->regions[i].bytes);
    uint32_t anonymous_count = 0, region_count = 0;
    for (uint32_t i = 0; i < drain.maps.maps->len && region_count < NSIM_TRACE_REGIONS_MAX; i++) {
        const NsimMap *map = &g_array_index(drain.maps.maps, NsimMap, i);
        if (!map->is_touched)
            continue;
        g_autofree char *name = region_name(map, &anonymous_count);
        nsim_trace_writer_add_region(drain.writer, name, map->address, map->end - map->address);
        region_count++;
    }
}

/* ---- The end ------------------------------------------------------------------------------------------------- */

static void
name_threads(void)
{
    for (uint32_t i = 0; i < drain.thread_count; i++) {
        char name[sizeof drain.shared->threads[i].name + 1] = "";
        memcpy(name, drain.shared->threads[i].name, sizeof name - 1);
        /* A thread is called as the program, unless somebody gave it a name. */
        g_autofree char *numbered = i > 0 && strncmp(name, drain.shared->threads[0].name, sizeof name - 1) == 0
                                        ? g_strdup_printf("%s %" PRIu32, name, i)
                                        : g_strdup(name);
        nsim_trace_writer_rename_thread(drain.writer, i, numbered);
    }
}

/* Close the trace with all that was seen. */
static _Noreturn void
close_trace(bool is_cut)
{
    if (drain.thread_count == 0) {
        TELL_ONCE("no access was seen: no trace (was the program compiled with the flags that pkg-config --cflags "
                  "numasim-capture gives?)");
        nsim_trace_writer_abandon(drain.writer);
        done();
    }
    for (uint32_t i = 0; i < drain.thread_count; i++) /* what a thread did in the caches at last counts, too */
        mark_passed(drain.threads[i], "end");
    read_maps(true);
    put_regions();
    name_threads();
    g_autofree char *capture = capture_text(is_cut);
    nsim_trace_writer_set_capture(drain.writer, capture);
    g_autoptr(GError) error = NULL;
    if (!nsim_trace_writer_close(g_steal_pointer(&drain.writer), &error))
        TELL_ONCE("%s: no capture, the program goes on", error->message);
    drain.temporary[0] = '\0';
    done();
}

static bool
is_too_long(void)
{
    struct stat status;
    return nsim_auto_settings.bytes_max > 0 && fstat(drain.trace_descriptor, &status) == 0 &&
           (uint64_t)status.st_size >= nsim_auto_settings.bytes_max;
}

static void
take_all(void)
{
    NsimAutoShared *shared = drain.shared;
    for (uint32_t tail = atomic_load(&shared->tail); tail != atomic_load(&shared->head); tail++) {
        take_batch(&shared->batches[tail % NSIM_AUTO_BATCHES]);
        learn_maps();
        atomic_store(&shared->tail, tail + 1);
        if (atomic_load(&shared->program_sleeps))
            nsim_auto_futex_wake(&shared->tail);
        if (nsim_trace_writer_failed(drain.writer))
            close_trace(false);
        if (is_too_long()) {
            TELL_ONCE("%s has %" PRIu64 " bytes: the capture ends here, the program goes on", nsim_auto_path,
                      nsim_auto_settings.bytes_max);
            close_trace(true);
        }
    }
}

/* The trace's temporary file, and its descriptor: the lowest one free before. */
static bool
open_trace(void)
{
    g_autofree char *program = command_text();
    g_autofree char *capture = capture_text(false);
    g_autofree char *filter = filter_text();
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_INSTRUCTIONS,
                                            .gap_per_s = nsim_auto_settings.instructions_per_s,
                                            .program = program,
                                            .capture = capture,
                                            .filter = filter,
                                            .filtered = true,
                                            .level = nsim_auto_settings.level};
    g_autoptr(GError) error = NULL;
    drain.trace_descriptor = dup(drain.descriptor);
    close(drain.trace_descriptor);
    drain.writer = nsim_trace_writer_new(nsim_auto_path, &options, &error);
    if (!drain.writer) {
        TELL_ONCE("%s: no capture, the program goes on", error->message);
        return false;
    }
    struct stat status;
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", drain.trace_descriptor);
    if (fstat(drain.trace_descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
        const ssize_t length = readlink(link, drain.temporary, sizeof drain.temporary - 1);
        drain.temporary[length < 0 ? 0 : length] = '\0';
        if (!g_str_has_suffix(drain.temporary, ".tmp")) /* never something else than the file just made */
            drain.temporary[0] = '\0';
    }
    return true;
}

void
nsim_auto_drain(NsimAutoShared *shared)
{
    const uint32_t sets = (uint32_t)(nsim_auto_settings.cache_bytes / NSIM_LINE_BYTES / nsim_auto_settings.ways);
    /* Here nothing is captured: call-outs of the program's own allocator may still come. */
    atomic_store(&nsim_auto_on, false);
    nsim_auto_shared = NULL;
    drain.shared = shared;
    drain.patience = 1;
    open_descriptors();
    prepare_signals();
    setsid();
    prctl(PR_SET_NAME, "numasim-capture");
    nsim_maps_init(&drain.maps);
    if (!open_trace())
        done();
    close_descriptors();
    drain.filter = nsim_filter_new(nsim_auto_settings.caches, sets, nsim_auto_settings.ways, line_moved);
    if (!drain.filter) {
        nsim_trace_writer_abandon(drain.writer);
        TELL_ONCE("no memory for the caches: no capture, the program goes on");
        done();
    }
    atomic_store(&shared->state, NSIM_AUTO_RUNNING);
    nsim_auto_futex_wake(&shared->state);
    for (;;) {
        const bool is_closing = atomic_load(&shared->state) != NSIM_AUTO_RUNNING;
        take_all();
        if (is_closing)
            close_trace(false);
        const uint32_t head = atomic_load(&shared->head), bell = atomic_load(&shared->bell);
        atomic_store(&shared->writer_sleeps, 1);
        if (atomic_load(&shared->tail) == atomic_load(&shared->head) &&
            atomic_load(&shared->state) == NSIM_AUTO_RUNNING)
            nsim_auto_futex_wait(&shared->bell, bell, IDLE_MS);
        atomic_store(&shared->writer_sleeps, 0);
        if (atomic_load(&shared->head) == head && atomic_load(&shared->state) == NSIM_AUTO_RUNNING &&
            !read_maps(false)) {
            atomic_store(&shared->ending, NSIM_AUTO_VANISHED);
            take_all();
            close_trace(false);
        }
    }
}
