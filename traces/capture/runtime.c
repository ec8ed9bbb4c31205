/* SPDX-License-Identifier: MIT */
/*
 * The capture runtime with turns: the instruction clock, the turns of the threads, the caches, and the trace that comes
 * out.
 *
 * Determinism: captured threads run one at a time. The one whose turn it is runs until it has done its share of
 * instructions, reaches a barrier or leaves; then the next one in the order of their numbers that is not waiting runs.
 * So the order of accesses at the shared caches, and with it the file, is the same in every capture.
 *
 * The state is global, against the rule of the house, because the compiler's call-outs carry no context. Only the
 * thread whose turn it is touches it, apart from what `mutex` guards.
 */
#include "runtime.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <sim/assert.h>
#include <traces/trace.h>

/* Regions are placed at multiples of this, with as much left free between them. */
#define PLACE_BYTES ((uint64_t)1 << NSIM_FRAME_SHIFT)

typedef struct {
    char *name;
    uint64_t address, bytes;
} Region;

typedef struct {
    unsigned members, waiting;
} Barrier;

static struct {
    pthread_mutex_t mutex;
    /* Before the start. */
    Region regions[NSIM_CAPTURE_REGIONS_MAX];
    unsigned region_count; /* beyond the maximum: not kept */
    uint64_t mapped_end;   /* 0: nothing mapped yet */
    Barrier barriers[NSIM_CAPTURE_BARRIERS_MAX];
    unsigned barrier_count;
    /* From start to stop. */
    NsimCaptureThread *threads;
    unsigned thread_count, joined, turn;
    uint64_t turn_256ths, turn_count;
    NsimCaptureWork works[NSIM_CAPTURE_WORKS_MAX];
    unsigned work_count;
    NsimFilter *filter;
    NsimTraceWriter *writer;
    FILE *raw;
    char message[512];
} capture = {.mutex = PTHREAD_MUTEX_INITIALIZER};

__thread NsimCaptureThread *nsim_capture_self;

/* The captured program broke a rule of capture.h, or memory for its data ran out: there is no caller to tell. */
static _Noreturn void
fatal(const char *problem)
{
    fprintf(stderr, "capture: %s\n", problem);
    abort();
}

static const char *failed(const char *format, ...) G_GNUC_PRINTF(1, 2);

static const char *
failed(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(capture.message, sizeof capture.message, format, arguments);
    va_end(arguments);
    return capture.message;
}

/* ---- Memory -------------------------------------------------------------------------------------------------- */

void
nsim_capture_region(const char *name, const void *address, size_t bytes)
{
    if (nsim_auto_is_captured()) {
        nsim_auto_region(name, address, bytes);
        return;
    }
    nsim_assert(!capture.threads);
    if (capture.region_count++ >= NSIM_CAPTURE_REGIONS_MAX) /* told by the start, if there is one */
        return;
    capture.regions[capture.region_count - 1] = (Region){g_strdup(name), (uintptr_t)address, bytes};
}

void *
nsim_capture_map(const char *name, size_t bytes)
{
    const uint64_t begin = capture.mapped_end ? capture.mapped_end : NSIM_CAPTURE_BASE;
    if (bytes == 0 || bytes > NSIM_CAPTURE_SPAN / 2 || begin - NSIM_CAPTURE_BASE > NSIM_CAPTURE_SPAN / 2)
        return NULL;
    void *address = mmap((void *)(uintptr_t)begin, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (address == MAP_FAILED)
        return NULL;
    capture.mapped_end = (begin + bytes + PLACE_BYTES - 1) / PLACE_BYTES * PLACE_BYTES + PLACE_BYTES;
    nsim_capture_region(name, address, bytes);
    return address;
}

void
nsim_capture_unmap(void *address, size_t bytes)
{
    if (address)
        munmap(address, bytes);
}

static bool
is_named(uint64_t address)
{
    if (address - NSIM_CAPTURE_BASE < NSIM_CAPTURE_SPAN)
        return true;
    for (unsigned i = 0; i < capture.region_count; i++)
        if (address - capture.regions[i].address < capture.regions[i].bytes)
            return true;
    return false;
}

/* ---- Accesses ------------------------------------------------------------------------------------------------ */

static void
line_moved(void *context, NsimOp op, uint64_t line)
{
    NsimCaptureThread *thread = context;
    thread->lines[op]++;
    nsim_coalescer_add(&thread->coalescer, op, line, thread->now_256ths / 16);
}

static void
run_done(void *context, const NsimRun *run)
{
    NsimCaptureThread *thread = context;
    thread->run_count++;
    nsim_trace_writer_run(capture.writer, thread->index, run);
}

void
nsim_capture_touch(NsimCaptureThread *thread, uint64_t address, uint64_t bytes, bool is_write)
{
    if (!is_named(address)) {
        thread->elsewhere_count++;
        return;
    }
    const uint64_t first = address >> NSIM_LINE_SHIFT, last = (address + bytes - 1) >> NSIM_LINE_SHIFT;
    for (uint64_t line = first; line <= last; line++)
        nsim_filter_access(capture.filter, thread->cache, line, is_write, thread);
    if (!capture.raw) {
        thread->last = last << 1 | is_write;
        return;
    }
    /* Every access is wanted: forget the line, so that the next one comes here too. */
    const NsimCaptureRaw raw = {address, (uint32_t)bytes, (uint16_t)thread->index, is_write};
    fwrite(&raw, sizeof raw, 1, capture.raw);
}

void *
nsim_capture_memcpy(void *to, const void *from, size_t bytes)
{
    if (bytes > 0) {
        nsim_capture_access((uintptr_t)from, bytes, false);
        nsim_capture_access((uintptr_t)to, bytes, true);
    }
    return memcpy(to, from, bytes);
}

void *
nsim_capture_memmove(void *to, const void *from, size_t bytes)
{
    if (bytes > 0) {
        nsim_capture_access((uintptr_t)from, bytes, false);
        nsim_capture_access((uintptr_t)to, bytes, true);
    }
    return memmove(to, from, bytes);
}

void *
nsim_capture_memset(void *to, int value, size_t bytes)
{
    if (bytes > 0)
        nsim_capture_access((uintptr_t)to, bytes, true);
    return memset(to, value, bytes);
}

/* ---- Turns --------------------------------------------------------------------------------------------------- */

/* With the mutex held: the turn goes to the next thread that can run. */
static void
pass_turn(unsigned from)
{
    for (unsigned i = 1; i <= capture.thread_count; i++) {
        const unsigned next = (from + i) % capture.thread_count;
        if (capture.threads[next].state == NSIM_CAPTURE_READY) {
            capture.turn = next;
            capture.turn_count++;
            pthread_cond_signal(&capture.threads[next].turn);
            return;
        }
    }
    for (unsigned i = 0; i < capture.thread_count; i++)
        if (capture.threads[i].state == NSIM_CAPTURE_WAITING)
            fatal("all captured threads wait at barriers, or have left");
}

/* With the mutex held: sleep until it is this thread's turn, and begin it. */
static void
await_turn(NsimCaptureThread *thread)
{
    while (capture.turn != thread->index || thread->state != NSIM_CAPTURE_READY)
        pthread_cond_wait(&thread->turn, &capture.mutex);
    thread->turn_end_256ths = thread->now_256ths + capture.turn_256ths;
    thread->last = UINT64_MAX;
}

void
nsim_capture_turn(NsimCaptureThread *thread)
{
    pthread_mutex_lock(&capture.mutex);
    pass_turn(thread->index);
    await_turn(thread);
    pthread_mutex_unlock(&capture.mutex);
}

void
nsim_capture_join(unsigned index)
{
    if (!capture.threads)
        return;
    nsim_assert(!nsim_capture_self && index < capture.thread_count);
    NsimCaptureThread *thread = &capture.threads[index];
    pthread_mutex_lock(&capture.mutex);
    nsim_assert(thread->state == NSIM_CAPTURE_ABSENT);
    thread->state = NSIM_CAPTURE_READY;
    if (++capture.joined == capture.thread_count)
        pass_turn(capture.thread_count - 1);
    await_turn(thread);
    pthread_mutex_unlock(&capture.mutex);
    nsim_capture_self = thread;
}

/* Put the accesses since the last change of work to its account. */
static void
account_work(NsimCaptureThread *thread)
{
    thread->work_access_count[thread->work] += thread->access_count;
    thread->access_count = 0;
}

void
nsim_capture_leave(void)
{
    NsimCaptureThread *thread = nsim_capture_self;
    if (!thread)
        return;
    nsim_capture_self = NULL;
    account_work(thread);
    nsim_coalescer_flush(&thread->coalescer, thread->now_256ths / 16);
    pthread_mutex_lock(&capture.mutex);
    thread->state = NSIM_CAPTURE_GONE;
    pass_turn(thread->index);
    pthread_mutex_unlock(&capture.mutex);
}

void
nsim_capture_work(unsigned work)
{
    NsimCaptureThread *thread = nsim_capture_self;
    if (!thread)
        return;
    nsim_assert(work < capture.work_count);
    account_work(thread);
    thread->work = work;
    thread->rate_256ths = capture.works[work].instructions_256ths;
}

void
nsim_capture_mark(const char *name)
{
    if (atomic_load_explicit(&nsim_auto_on, memory_order_relaxed)) {
        nsim_auto_mark(name);
        return;
    }
    NsimCaptureThread *thread = nsim_capture_self;
    if (!thread)
        return;
    const uint64_t gap = nsim_coalescer_flush(&thread->coalescer, thread->now_256ths / 16);
    nsim_trace_writer_mark(capture.writer, thread->index, nsim_trace_writer_add_mark(capture.writer, name), gap);
}

unsigned
nsim_capture_add_barrier(unsigned members)
{
    nsim_assert(!capture.threads && members > 0 && capture.barrier_count < NSIM_CAPTURE_BARRIERS_MAX);
    capture.barriers[capture.barrier_count] = (Barrier){members, 0};
    return capture.barrier_count++;
}

bool
nsim_capture_barrier(unsigned index)
{
    NsimCaptureThread *thread = nsim_capture_self;
    if (!thread)
        return false;
    nsim_assert(index < capture.barrier_count);
    Barrier *barrier = &capture.barriers[index];
    const uint64_t gap = nsim_coalescer_flush(&thread->coalescer, thread->now_256ths / 16);
    nsim_trace_writer_barrier(capture.writer, thread->index, index, gap);
    pthread_mutex_lock(&capture.mutex);
    thread->state = NSIM_CAPTURE_WAITING;
    thread->barrier = index;
    if (++barrier->waiting == barrier->members) {
        barrier->waiting = 0;
        for (unsigned i = 0; i < capture.thread_count; i++)
            if (capture.threads[i].state == NSIM_CAPTURE_WAITING && capture.threads[i].barrier == index)
                capture.threads[i].state = NSIM_CAPTURE_READY;
    }
    pass_turn(thread->index);
    await_turn(thread);
    pthread_mutex_unlock(&capture.mutex);
    return true;
}

/* ---- Start and stop ------------------------------------------------------------------------------------------ */

static void
free_all(void)
{
    for (unsigned i = 0; capture.threads && i < capture.thread_count; i++)
        pthread_cond_destroy(&capture.threads[i].turn);
    free(capture.threads);
    capture.threads = NULL;
    nsim_filter_free(capture.filter);
    capture.filter = NULL;
    nsim_trace_writer_abandon(capture.writer);
    capture.writer = NULL;
    if (capture.raw)
        fclose(capture.raw);
    capture.raw = NULL;
}

/* NULL when the options can be served. */
static const char *
check_options(const NsimCaptureOptions *options)
{
    const uint64_t ways = options->cache_ways, sets = ways ? options->cache_bytes / NSIM_LINE_BYTES / ways : 0;
    if (capture.threads || nsim_auto_is_captured())
        return failed("a capture is already running");
    if (options->thread_count < 1 || options->thread_count > NSIM_CAPTURE_THREADS_MAX)
        return failed("%u threads (1 to %u)", options->thread_count, NSIM_CAPTURE_THREADS_MAX);
    if (options->cache_count < 1 || options->cache_count > NSIM_CAPTURE_CACHES_MAX ||
        options->cache_count > options->thread_count)
        return failed("%u caches (1 to %u, and not more than threads)", options->cache_count, NSIM_CAPTURE_CACHES_MAX);
    if (ways < 1 || ways > 64)
        return failed("%u ways (1 to 64)", options->cache_ways);
    if (sets == 0 || sets > 1u << 24 || (sets & (sets - 1)) || sets * ways * NSIM_LINE_BYTES != options->cache_bytes)
        return failed("cache of %" G_GUINT64_FORMAT " bytes with %u ways (a power of two of sets up to 2^24)",
                      options->cache_bytes, options->cache_ways);
    if (options->turn_instructions < 1 || options->turn_instructions > (uint64_t)1 << 40)
        return failed("turns of %" G_GUINT64_FORMAT " instructions (1 to 2^40)", options->turn_instructions);
    if (capture.region_count > NSIM_CAPTURE_REGIONS_MAX)
        return failed("%u regions (up to %u)", capture.region_count, NSIM_CAPTURE_REGIONS_MAX);
    if (options->instructions_per_s == 0)
        return failed("no rate of instructions declared");
    if (options->work_count < 1 || options->work_count > NSIM_CAPTURE_WORKS_MAX)
        return failed("%u kinds of work (1 to %u)", options->work_count, NSIM_CAPTURE_WORKS_MAX);
    return NULL;
}

/* "2 x llc 32MiB 16-way lru", and what it means for the reader of the trace. */
static char *
filter_text(const NsimCaptureOptions *options)
{
    const bool whole = options->cache_bytes % (1u << 20) == 0;
    const uint64_t size = options->cache_bytes >> (whole ? 20 : 10);
    g_autofree char *many = options->cache_count > 1 ? g_strdup_printf("%u x ", options->cache_count) : g_strdup("");
    return g_strdup_printf("%sllc %" G_GUINT64_FORMAT "%s %u-way lru, 64-byte lines, write-back, write-allocate%s",
                           many, size, whole ? "MiB" : "KiB", options->cache_ways,
                           options->cache_count > 1 ? ", coherent, threads in equal contiguous shares" : "");
}

static char *
method_text(const NsimCaptureOptions *options)
{
    GString *text = g_string_new("gcc -fsanitize=thread call-outs served by the numasim capture runtime");
    g_string_append_printf(text, "; threads in turns of %" G_GUINT64_FORMAT " instructions",
                           options->turn_instructions);
    g_string_append(text, "; instructions per access:");
    for (unsigned i = 0; i < options->work_count; i++) {
        const uint32_t rate = options->works[i].instructions_256ths;
        g_string_append_printf(text, "%s %s %u.%02u", i ? "," : "", options->works[i].name, rate / 256,
                               rate % 256 * 100 / 256);
    }
    if (options->method)
        g_string_append_printf(text, "; %s", options->method);
    return g_string_free(text, FALSE);
}

static bool
make_writer(const NsimCaptureOptions *options, GError **error)
{
    g_autofree char *filter = filter_text(options);
    g_autofree char *method = method_text(options);
    const NsimTraceWriterOptions writer_options = {.gap_unit = NSIM_GAP_INSTRUCTIONS,
                                                   .gap_per_s = options->instructions_per_s,
                                                   .program = options->program,
                                                   .capture = method,
                                                   .filter = filter,
                                                   .filtered = true,
                                                   .level = options->level};
    capture.writer = nsim_trace_writer_new(options->path, &writer_options, error);
    if (!capture.writer)
        return false;
    for (unsigned i = 0; i < options->thread_count; i++) {
        g_autofree char *name = g_strdup_printf("worker %u", i);
        nsim_trace_writer_add_thread(capture.writer, name);
    }
    for (unsigned i = 0; i < capture.region_count; i++) {
        const Region *region = &capture.regions[i];
        nsim_trace_writer_add_region(capture.writer, region->name, region->address, region->bytes);
    }
    for (unsigned i = 0; i < capture.barrier_count; i++)
        nsim_trace_writer_add_barrier(capture.writer, capture.barriers[i].members);
    return true;
}

static void
init_threads(const NsimCaptureOptions *options)
{
    capture.thread_count = options->thread_count;
    capture.joined = 0;
    capture.turn = options->thread_count; /* nobody's */
    capture.turn_count = 0;
    for (unsigned i = 0; i < options->thread_count; i++) {
        NsimCaptureThread *thread = &capture.threads[i];
        thread->index = i;
        thread->cache = (unsigned)((uint64_t)i * options->cache_count / options->thread_count);
        thread->rate_256ths = options->works[0].instructions_256ths;
        nsim_coalescer_init(&thread->coalescer, run_done, thread);
        pthread_cond_init(&thread->turn, NULL);
    }
}

const char *
nsim_capture_start(const NsimCaptureOptions *options)
{
    const char *problem = check_options(options);
    if (problem)
        return problem;
    g_autoptr(GError) error = NULL;
    if (!make_writer(options, &error))
        return failed("%s", error->message);
    if (options->raw_path && !(capture.raw = fopen(options->raw_path, "wb"))) {
        free_all();
        return failed("cannot write \"%s\"", options->raw_path);
    }
    const uint32_t sets = (uint32_t)(options->cache_bytes / NSIM_LINE_BYTES / options->cache_ways);
    capture.filter = nsim_filter_new(options->cache_count, sets, options->cache_ways, line_moved);
    capture.threads = calloc(options->thread_count, sizeof *capture.threads);
    if (!capture.filter || !capture.threads) {
        free_all();
        return failed("out of memory");
    }
    capture.turn_256ths = options->turn_instructions * 256;
    capture.work_count = options->work_count;
    memcpy(capture.works, options->works, options->work_count * sizeof *options->works);
    init_threads(options);
    return NULL;
}

const char *
nsim_capture_stop(NsimCaptureStats *ret_stats)
{
    NsimCaptureStats stats = {.turn_count = capture.turn_count};
    nsim_assert(capture.threads);
    for (unsigned i = 0; i < capture.thread_count; i++) {
        const NsimCaptureThread *thread = &capture.threads[i];
        nsim_assert(thread->state == NSIM_CAPTURE_GONE);
        stats.instruction_count += thread->now_256ths / 256;
        stats.elsewhere_count += thread->elsewhere_count;
        stats.read_lines += thread->lines[NSIM_OP_READ];
        stats.rfo_lines += thread->lines[NSIM_OP_RFO];
        stats.write_lines += thread->lines[NSIM_OP_WRITE];
        stats.run_count += thread->run_count;
        for (unsigned work = 0; work < NSIM_CAPTURE_WORKS_MAX; work++) {
            stats.access_count += thread->work_access_count[work];
            stats.work_access_count[work] += thread->work_access_count[work];
        }
    }
    const bool raw_ok = !capture.raw || fflush(capture.raw) == 0;
    g_autoptr(GError) error = NULL;
    const bool ok = nsim_trace_writer_close(g_steal_pointer(&capture.writer), &error);
    free_all();
    if (!ok)
        return failed("%s", error->message);
    if (!raw_ok)
        return failed("cannot write the raw accesses");
    *ret_stats = stats;
    return NULL;
}
