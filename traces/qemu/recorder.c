/* SPDX-License-Identifier: MIT */
/* The recorder of recorder.h. */
#include <traces/capture/coalescer.h>
#include <traces/capture/filter.h>
#include <traces/qemu/channel.h>
#include <traces/qemu/recorder.h>
#include <traces/qemu/regions.h>
#include <traces/qemu/resolver.h>

#include <sim/assert.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Chunks given out beyond one a thread: few, so that they stay in the processor's cache. */
#define CHUNKS_SPARE 64u
/* Chunks taken before looking at anything else. */
#define CHUNKS_AT_A_TIME 32u
#define POLL_US 20000
#define MAP_US 50000
/* Of the time, at most one part in so many goes into reading memory maps. */
#define MAP_SHARE 20
/* Around the first address a thread uses: its stack below, arguments and environment above. */
#define STACK_BELOW (UINT64_C(64) << 20)
#define MAIN_STACK_ABOVE (UINT64_C(256) << 10)
#define STACK_ABOVE (UINT64_C(4) << 10)
#define LINE_LIMIT (UINT64_C(1) << (64 - NSIM_LINE_SHIFT))
/* The clock is counted in sixteenths. */
#define CLOCK_LIMIT (UINT64_C(1) << 59)

typedef struct {
    NsimRecorder *recorder;
    NsimCoalescer coalescer;
    uint64_t now_16ths;
    uint32_t number;
    bool in_kernel; /* is the access at hand the kernel's? */
} Thread;

struct _NsimRecorder {
    NsimRecorderOptions options;
    NsimChannel *channel;
    int fd;
    NsimTraceWriter *writer;
    NsimFilter *filter; /* NULL: none */
    NsimRegions *regions;
    NsimResolver *resolver;
    Thread *threads[NSIM_CHANNEL_THREADS];
    uint32_t thread_count; /* of the trace */
    uint32_t chunk_count;  /* given out */
    uint32_t mark_numbers[NSIM_CHANNEL_WATCHES];
    uint64_t node_begins[NSIM_CHANNEL_NODES + 1]; /* of a machine; the last is where its memory ends */
    gint64 next_poll, next_map;
    char *spare_map; /* the last map read by the clock: used when the program did not live to have its last one read */
    NsimRecorderTotals totals;
};

/* ---- From access to run ---------------------------------------------------------------------------------------- */

static void
stop_recording(NsimRecorder *recorder)
{
    atomic_store(&recorder->channel->over, 1);
    atomic_store(&recorder->channel->recording, 0);
}

static void
count_record(NsimRecorder *recorder)
{
    recorder->totals.records++;
    if (recorder->totals.records >= recorder->options.records_max && !recorder->totals.limited) {
        recorder->totals.limited = true;
        stop_recording(recorder);
    }
}

static void
on_run(void *context, const NsimRun *run)
{
    Thread *thread = context;
    NsimRecorderTotals *totals = &thread->recorder->totals;
    if (totals->limited)
        return;
    nsim_trace_writer_run(thread->recorder->writer, thread->number, run);
    *(run->op == NSIM_OP_READ  ? &totals->read_lines
      : run->op == NSIM_OP_RFO ? &totals->rfo_lines
                               : &totals->write_lines) += run->count;
    count_record(thread->recorder);
}

/* A line goes to or comes from memory. */
static void
on_line(void *context, NsimOp op, uint64_t line)
{
    Thread *thread = context;
    nsim_regions_touch(thread->recorder->regions, line);
    thread->recorder->totals.kernel_lines += thread->in_kernel;
    nsim_coalescer_add(&thread->coalescer, op, line, thread->now_16ths);
}

/* The thread of this number, and those before it, exist in the trace from now on. */
static Thread *
get_thread(NsimRecorder *recorder, uint32_t number)
{
    while (recorder->thread_count <= number) {
        g_autofree char *name = recorder->options.node_count > 0 ? g_strdup_printf("cpu%u", recorder->thread_count)
                                : recorder->thread_count == 0    ? g_strdup("main")
                                                                 : g_strdup_printf("thread-%u", recorder->thread_count);
        Thread *thread = g_new0(Thread, 1);
        thread->recorder = recorder;
        thread->number = nsim_trace_writer_add_thread(recorder->writer, name);
        nsim_coalescer_init(&thread->coalescer, on_run, thread);
        recorder->threads[recorder->thread_count++] = thread;
    }
    return recorder->threads[number];
}

static void
take_mark(Thread *thread, uint32_t mark)
{
    NsimRecorder *recorder = thread->recorder;
    const uint64_t gap = nsim_coalescer_flush(&thread->coalescer, thread->now_16ths);
    if (recorder->totals.limited)
        return;
    nsim_trace_writer_mark(recorder->writer, thread->number, mark, gap);
    count_record(recorder);
}

/* From where the emulator says that a line of a machine is to where it is. False: in no node. */
static bool
place_line(NsimRecorder *recorder, uint64_t *line)
{
    for (uint32_t i = 0; i < recorder->options.node_count; i++) {
        const NsimChannelNode *node = &recorder->channel->nodes[i];
        const uint64_t address = (*line << NSIM_LINE_SHIFT) - atomic_load_explicit(&node->shift, memory_order_relaxed);
        if (address < recorder->node_begins[i] || address >= recorder->node_begins[i + 1])
            continue;
        *line = address >> NSIM_LINE_SHIFT;
        return true;
    }
    recorder->totals.outside_count++;
    return false;
}

static void
take_record(Thread *thread, const NsimChannelRecord *record)
{
    NsimRecorder *recorder = thread->recorder;
    uint64_t operand = record->what >> NSIM_CHANNEL_KIND_BITS;
    const unsigned flags = (unsigned)record->what & ((1u << NSIM_CHANNEL_KIND_BITS) - 1);
    const unsigned kind = flags & ~NSIM_CHANNEL_BY_KERNEL;
    if (kind == NSIM_CHANNEL_MAP) {
        if (operand < UINT64_MAX >> NSIM_CHANNEL_PAGE_SHIFT)
            nsim_regions_add_anonymous(recorder->regions, operand << NSIM_CHANNEL_PAGE_SHIFT, record->clock);
        return;
    }
    const uint64_t now = MIN(record->clock, CLOCK_LIMIT) * 16;
    thread->now_16ths = MAX(thread->now_16ths, now);
    if (kind == NSIM_CHANNEL_MARK) {
        if (operand < recorder->options.mark_count)
            take_mark(thread, recorder->mark_numbers[operand]);
    } else if (operand < LINE_LIMIT && (recorder->options.node_count == 0 || place_line(recorder, &operand))) {
        thread->in_kernel = (flags & NSIM_CHANNEL_BY_KERNEL) != 0;
        const bool is_store = kind == NSIM_CHANNEL_STORE;
        if (recorder->filter != NULL)
            nsim_filter_access(recorder->filter, 0, operand, is_store, thread);
        else
            on_line(thread, is_store ? NSIM_OP_WRITE : NSIM_OP_READ, operand);
    }
}

/* The records of a chunk, and the chunk back. */
static void
take_chunk(NsimRecorder *recorder, uint32_t id)
{
    NsimChannelChunk *chunk = &recorder->channel->chunks[id];
    const uint32_t filled = MIN(atomic_load(&chunk->filled), NSIM_CHANNEL_RECORDS);
    const uint32_t number = chunk->thread;
    if (number < NSIM_CHANNEL_THREADS) {
        Thread *thread = get_thread(recorder, number);
        for (uint32_t i = 0; i < filled && !recorder->totals.limited; i++) {
            const NsimChannelRecord record = chunk->records[i];
            take_record(thread, &record);
        }
    }
    atomic_store(&chunk->filled, 0);
    atomic_store(&chunk->state, NSIM_CHUNK_FREE);
}

static unsigned
take_chunks(NsimRecorder *recorder, unsigned most)
{
    unsigned taken = 0;
    for (uint32_t id; taken < most; taken++) {
        id = nsim_channel_take(&recorder->channel->full);
        if (id >= NSIM_CHANNEL_CHUNKS)
            break;
        take_chunk(recorder, id);
        nsim_channel_put(&recorder->channel->free, id);
    }
    if (taken > 0 && nsim_trace_writer_failed(recorder->writer))
        stop_recording(recorder);
    return taken;
}

/* ---- Life ------------------------------------------------------------------------------------------------------ */

static bool
make_channel(NsimRecorder *recorder, GError **error)
{
    recorder->fd = memfd_create("numasim", 0);
    if (recorder->fd >= 0 && ftruncate(recorder->fd, sizeof(NsimChannel)) == 0) {
        void *memory = mmap(NULL, sizeof(NsimChannel), PROT_READ | PROT_WRITE, MAP_SHARED, recorder->fd, 0);
        if (memory != MAP_FAILED) {
            recorder->channel = memory;
            return true;
        }
    }
    g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "cannot share memory with the emulator: %s",
                g_strerror(errno));
    return false;
}

static void
add_watch(NsimRecorder *recorder, const NsimWhere *where, NsimWatchAction action, uint32_t mark)
{
    NsimChannel *channel = recorder->channel;
    if (where->kind != NSIM_WHERE_SYMBOL && where->kind != NSIM_WHERE_ADDRESS)
        return;
    nsim_assert(channel->watch_count < NSIM_CHANNEL_WATCHES);
    NsimChannelWatch *watch = &channel->watches[channel->watch_count++];
    watch->action = action;
    watch->nth = where->nth;
    watch->mark = mark;
    nsim_resolver_add(recorder->resolver, where, &watch->address);
}

static void
add_nodes(NsimRecorder *recorder)
{
    const NsimRecorderOptions *options = &recorder->options;
    NsimChannel *channel = recorder->channel;
    for (uint32_t i = 0; i < options->node_count; i++) {
        recorder->node_begins[i + 1] = recorder->node_begins[i] + options->node_bytes[i];
        channel->nodes[i].begin = recorder->node_begins[i];
        channel->nodes[i].end = recorder->node_begins[i + 1];
    }
    channel->node_count = options->node_count;
    channel->accesses = options->accesses;
}

static void
fill_channel(NsimRecorder *recorder)
{
    const NsimRecorderOptions *options = &recorder->options;
    NsimChannel *channel = recorder->channel;
    channel->version = NSIM_CHANNEL_VERSION;
    channel->recorder = (int32_t)getpid();
    channel->start_count = options->start.kind == NSIM_WHERE_COUNT ? options->start.count : UINT64_MAX;
    channel->stop_count = options->stop.kind == NSIM_WHERE_COUNT ? options->stop.count : UINT64_MAX;
    /* Repeats within a small part of the cache are hits; without a cache only an immediate one is the same record. */
    channel->window = (uint32_t)CLAMP(options->cache_bytes / NSIM_LINE_BYTES / 128, 1, 512);
    add_watch(recorder, &options->start, NSIM_WATCH_START, 0);
    add_watch(recorder, &options->stop, NSIM_WATCH_STOP, 0);
    for (uint32_t i = 0; i < options->mark_count; i++) {
        recorder->mark_numbers[i] = nsim_trace_writer_add_mark(recorder->writer, options->marks[i].name);
        add_watch(recorder, &options->marks[i].where, NSIM_WATCH_MARK, i);
    }
    atomic_store(&channel->unresolved, channel->watch_count);
    add_nodes(recorder);
    atomic_store(&channel->recording,
                 options->start.kind == NSIM_WHERE_NOWHERE && options->toggle == NULL && options->node_count == 0);
}

static NsimTraceWriter *
make_writer(const NsimRecorderOptions *options, GError **error)
{
    g_autofree char *filter = NULL;
    if (options->cache_bytes > 0) {
        const unsigned shift = options->cache_bytes % (1u << 20) == 0 ? 20 : 10;
        filter = g_strdup_printf("llc %" G_GUINT64_FORMAT "%s %u-way lru", options->cache_bytes >> shift,
                                 shift == 20 ? "MiB" : "KiB", options->ways);
    }
    const NsimTraceWriterOptions writer = {.gap_unit = NSIM_GAP_INSTRUCTIONS,
                                           .gap_per_s = options->rate,
                                           .program = options->program,
                                           .capture = options->capture,
                                           .filter = filter,
                                           .filtered = options->cache_bytes > 0,
                                           .level = options->level};
    return nsim_trace_writer_new(options->output, &writer, error);
}

NsimRecorder *
nsim_recorder_new(const NsimRecorderOptions *options, GError **error)
{
    nsim_assert(options->mark_count <= NSIM_RECORDER_MARKS_MAX && options->node_count <= NSIM_CHANNEL_NODES);
    NsimRecorder *recorder = g_new0(NsimRecorder, 1);
    recorder->options = *options;
    recorder->fd = -1;
    recorder->regions = nsim_regions_new();
    recorder->resolver = nsim_resolver_new(options->program_path);
    if (!make_channel(recorder, error) || (recorder->writer = make_writer(options, error)) == NULL) {
        nsim_recorder_abandon(recorder);
        return NULL;
    }
    if (options->cache_bytes > 0) {
        const uint64_t sets = options->cache_bytes / NSIM_LINE_BYTES / options->ways;
        recorder->filter = nsim_filter_new(1, (uint32_t)sets, options->ways, on_line);
        if (recorder->filter == NULL) {
            g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO, "no memory for a cache of this size");
            nsim_recorder_abandon(recorder);
            return NULL;
        }
    }
    fill_channel(recorder);
    return recorder;
}

void
nsim_recorder_abandon(NsimRecorder *recorder)
{
    if (recorder == NULL)
        return;
    nsim_trace_writer_abandon(recorder->writer);
    nsim_filter_free(recorder->filter);
    nsim_regions_free(recorder->regions);
    nsim_resolver_free(recorder->resolver);
    g_free(recorder->spare_map);
    for (uint32_t i = 0; i < recorder->thread_count; i++)
        g_free(recorder->threads[i]);
    if (recorder->channel != NULL)
        munmap(recorder->channel, sizeof *recorder->channel);
    if (recorder->fd >= 0)
        close(recorder->fd);
    g_free(recorder);
}

int
nsim_recorder_fd(const NsimRecorder *recorder)
{
    return recorder->fd;
}

/* ---- While the program runs ------------------------------------------------------------------------------------ */

static char *
load_map(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/maps", (long)pid);
    char *map = NULL;
    return g_file_get_contents(path, &map, NULL, NULL) ? map : NULL;
}

/* Names for regions, addresses for symbols. */
static void
use_map(NsimRecorder *recorder, const char *map)
{
    const uint64_t base = atomic_load(&recorder->channel->guest_base);
    if (map == NULL || recorder->totals.replaced)
        return;
    if (nsim_resolver_read_map(recorder->resolver, map, base))
        nsim_regions_read_map(recorder->regions, map, base);
    else
        recorder->totals.replaced = true;
    atomic_store(&recorder->channel->unresolved, nsim_resolver_missing(recorder->resolver));
}

/* By the clock, and therefore not for a program that ends in order: what it is told must not depend on time. */
static void
load_spare_map(NsimRecorder *recorder, pid_t pid)
{
    const gint64 begun = g_get_monotonic_time();
    char *map = load_map(pid);
    if (map != NULL && *map != '\0') {
        g_free(recorder->spare_map);
        recorder->spare_map = map;
    } else {
        g_free(map);
    }
    const gint64 ended = g_get_monotonic_time();
    recorder->next_map = ended + MAX(MAP_US, (ended - begun) * MAP_SHARE);
}

/* One chunk a thread and some more are in use. */
static void
give_chunks(NsimRecorder *recorder)
{
    const uint32_t threads = MIN(atomic_load(&recorder->channel->thread_count), NSIM_CHANNEL_THREADS);
    while (recorder->chunk_count < MIN(threads + CHUNKS_SPARE, NSIM_CHANNEL_CHUNKS))
        nsim_channel_put(&recorder->channel->free, recorder->chunk_count++);
}

static void
poll_world(NsimRecorder *recorder, pid_t pid)
{
    NsimChannel *channel = recorder->channel;
    const gint64 now = g_get_monotonic_time();
    if (now < recorder->next_poll)
        return;
    recorder->next_poll = now + POLL_US;
    if (recorder->options.toggle != NULL && !atomic_load(&channel->over) && !atomic_load(&channel->stopped))
        atomic_store(&channel->recording, g_file_test(recorder->options.toggle, G_FILE_TEST_EXISTS) ? 1 : 0);
    if (atomic_load(&channel->over))
        atomic_store(&channel->recording, 0);
    if (now >= recorder->next_map && nsim_resolver_has_base(recorder->resolver))
        load_spare_map(recorder, pid);
}

void
nsim_recorder_step(NsimRecorder *recorder, pid_t pid)
{
    NsimChannel *channel = recorder->channel;
    const uint32_t wake = atomic_load(&channel->full.wake);
    give_chunks(recorder);
    const unsigned taken = take_chunks(recorder, CHUNKS_AT_A_TIME);
    const uint32_t request = atomic_load(&channel->request);
    if (request != atomic_load(&channel->answer)) {
        g_autofree char *map = load_map(pid);
        use_map(recorder, map);
        atomic_store(&channel->answer, request);
        nsim_channel_wake(&channel->answer);
    } else if (taken == 0) {
        atomic_store(&channel->full.sleepers, 1);
        nsim_channel_sleep(&channel->full.wake, wake, 10);
        atomic_store(&channel->full.sleepers, 0);
    }
    poll_world(recorder, pid);
}

bool
nsim_recorder_is_over(const NsimRecorder *recorder)
{
    return atomic_load(&recorder->channel->over) ||
           (atomic_load(&recorder->channel->stopped) && recorder->options.node_count == 0);
}

bool
nsim_recorder_failed(const NsimRecorder *recorder)
{
    return nsim_trace_writer_failed(recorder->writer);
}

/* ---- The end --------------------------------------------------------------------------------------------------- */

/* Chunks that nobody handed over, because their thread was ended; by thread. */
static void
take_leftovers(NsimRecorder *recorder)
{
    const uint32_t count = MIN(atomic_load(&recorder->channel->thread_count), NSIM_CHANNEL_THREADS);
    for (uint32_t thread = 0; thread < count; thread++)
        for (uint32_t i = 0; i < recorder->chunk_count; i++) {
            NsimChannelChunk *chunk = &recorder->channel->chunks[i];
            if (chunk->thread == thread && atomic_load(&chunk->state) != NSIM_CHUNK_FREE)
                take_chunk(recorder, i);
        }
}

static void
end_threads(NsimRecorder *recorder)
{
    NsimChannel *channel = recorder->channel;
    NsimRecorderTotals *totals = &recorder->totals;
    const uint32_t count = MIN(atomic_load(&channel->thread_count), NSIM_CHANNEL_THREADS);
    get_thread(recorder, count == 0 ? 0 : count - 1);
    for (uint32_t i = 0; i < recorder->thread_count; i++) {
        Thread *thread = recorder->threads[i];
        const uint64_t clock = MIN(atomic_load(&channel->threads[i].clock), CLOCK_LIMIT);
        thread->now_16ths = MAX(thread->now_16ths, clock * 16);
        totals->instructions_recorded += thread->now_16ths / 16;
        totals->instructions += MAX(atomic_load(&channel->threads[i].instructions), thread->now_16ths / 16);
        /* What was computed after the last miss counts too. */
        if (!totals->limited && thread->now_16ths > 0)
            take_mark(thread, nsim_trace_writer_add_mark(recorder->writer, "end"));
    }
}

static void
name_nodes(NsimRecorder *recorder)
{
    const uint32_t count = recorder->options.node_count;
    nsim_regions_add_anonymous(recorder->regions, 0, recorder->node_begins[count]);
    nsim_regions_end_maps(recorder->regions);
    for (uint32_t i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("node%u", i);
        nsim_regions_name(recorder->regions, name, recorder->node_begins[i], recorder->node_begins[i + 1]);
        recorder->totals.unplaced_count += atomic_load(&recorder->channel->nodes[i].is_known) == 0;
    }
}

static void
name_regions(NsimRecorder *recorder)
{
    NsimChannel *channel = recorder->channel;
    nsim_regions_end_maps(recorder->regions);
    nsim_regions_name(recorder->regions, "[heap]", atomic_load(&channel->heap_begin), atomic_load(&channel->heap_end));
    for (uint32_t i = 0; i < recorder->thread_count; i++) {
        const uint64_t address = atomic_load(&channel->threads[i].first_address);
        g_autofree char *name = i == 0 ? g_strdup("[stack]") : g_strdup_printf("[stack:%u]", i);
        if (address != 0)
            nsim_regions_name_stack(recorder->regions, name, address, STACK_BELOW,
                                    i == 0 ? MAIN_STACK_ABOVE : STACK_ABOVE);
    }
}

void
nsim_recorder_drain(NsimRecorder *recorder, NsimRecorderTotals *ret)
{
    NsimChannel *channel = recorder->channel;
    NsimRecorderTotals *totals = &recorder->totals;
    while (take_chunks(recorder, CHUNKS_AT_A_TIME) > 0)
        ;
    take_leftovers(recorder);
    if (!atomic_load(&channel->leaving) && nsim_resolver_has_base(recorder->resolver))
        use_map(recorder, recorder->spare_map);
    end_threads(recorder);
    if (recorder->options.node_count > 0)
        name_nodes(recorder);
    else
        name_regions(recorder);
    nsim_regions_write(recorder->regions, recorder->writer);
    totals->replaced |= atomic_load(&channel->leaving) == NSIM_CHANNEL_IS_REPLACED;
    totals->attached = atomic_load(&channel->attached) != 0;
    totals->thread_count = recorder->thread_count;
    totals->thread_lost = atomic_load(&channel->thread_lost);
    for (uint32_t i = 0; i < channel->watch_count && i < NSIM_CHANNEL_WATCHES; i++) {
        const NsimChannelWatch *watch = &channel->watches[i];
        if (atomic_load(&watch->address) != 0)
            continue;
        totals->start_unknown |= watch->action == NSIM_WATCH_START;
        totals->stop_unknown |= watch->action == NSIM_WATCH_STOP;
        totals->marks_unknown += watch->action == NSIM_WATCH_MARK;
    }
    *ret = *totals;
}

bool
nsim_recorder_close(NsimRecorder *recorder, GError **error)
{
    const bool ok = nsim_trace_writer_close(g_steal_pointer(&recorder->writer), error);
    nsim_recorder_abandon(recorder);
    return ok;
}
