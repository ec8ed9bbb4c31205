/* SPDX-License-Identifier: MIT */
/*
 * The recorder. Goal: what is put into the shared memory is in the trace, and nothing that is in there can do harm.
 * Method: the test plays the plug-in, first an honest one and then one whose memory was overwritten.
 */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <string.h>
#include <sys/mman.h>

#include <sim/random.h>
#include <traces/qemu/channel.h>
#include <traces/qemu/recorder.h>

static NsimRecorderOptions
make_options(const char *output)
{
    return (NsimRecorderOptions){.output = output,
                                 .program_path = "/no/program",
                                 .program = "program",
                                 .capture = "test",
                                 .rate = 1000,
                                 .cache_bytes = 65536,
                                 .ways = 16,
                                 .records_max = UINT64_MAX};
}

static NsimChannel *
map_channel(const NsimRecorder *recorder)
{
    void *memory = mmap(NULL, sizeof(NsimChannel), PROT_READ | PROT_WRITE, MAP_SHARED, nsim_recorder_fd(recorder), 0);
    CU_ASSERT_NOT_EQUAL_FATAL(memory, MAP_FAILED);
    return memory;
}

/* A chunk of consecutive lines, loaded by a thread. */
static NsimChannelChunk *
fill_chunk(NsimChannel *channel, uint32_t thread, uint64_t line, uint32_t count, uint64_t clock)
{
    const uint32_t id = nsim_channel_take(&channel->free);
    CU_ASSERT_FATAL(id < NSIM_CHANNEL_CHUNKS);
    NsimChannelChunk *chunk = &channel->chunks[id];
    chunk->thread = thread;
    for (uint32_t i = 0; i < count; i++)
        chunk->records[i] = (NsimChannelRecord){(line + i) << NSIM_CHANNEL_KIND_BITS | NSIM_CHANNEL_LOAD, clock + i};
    atomic_store(&chunk->filled, count);
    atomic_store(&chunk->state, NSIM_CHUNK_FILLING);
    return chunk;
}

static void
put_chunk(NsimChannel *channel, NsimChannelChunk *chunk)
{
    atomic_store(&chunk->state, NSIM_CHUNK_QUEUED);
    nsim_channel_put(&channel->full, (uint32_t)(chunk - channel->chunks));
}

static void
test_honest(void)
{
    const char *path = test_path("honest.trace");
    const NsimRecorderOptions options = make_options(path);
    NsimRecorderTotals totals;
    NsimRecorder *recorder = nsim_recorder_new(&options, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(recorder);
    NsimChannel *channel = map_channel(recorder);
    CU_ASSERT_EQUAL(atomic_load(&channel->recording), 1);
    atomic_store(&channel->attached, 1);
    atomic_store(&channel->thread_count, 2);
    nsim_recorder_step(recorder, getpid());
    put_chunk(channel, fill_chunk(channel, 0, 1000, 500, 10));
    put_chunk(channel, fill_chunk(channel, 1, 1000, 600, 20)); /* 500 of them hits */
    nsim_recorder_step(recorder, getpid());
    fill_chunk(channel, 0, 5000, 7, 1000); /* never handed over */
    atomic_store(&channel->threads[0].clock, 2000);
    atomic_store(&channel->threads[0].instructions, 3000);
    nsim_recorder_drain(recorder, &totals);
    CU_ASSERT_TRUE_FATAL(nsim_recorder_close(recorder, NULL));
    CU_ASSERT_TRUE(totals.attached);
    CU_ASSERT_EQUAL(totals.thread_count, 2);
    CU_ASSERT_EQUAL(totals.read_lines, 607);
    CU_ASSERT_EQUAL(totals.instructions_recorded, 2000 + 619);
    CU_ASSERT_EQUAL(totals.instructions, 3000 + 619);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, NULL));
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_EQUAL(info->read_lines, 607);
    CU_ASSERT_EQUAL(info->threads[0].read_lines, 507);
    CU_ASSERT_EQUAL(info->threads[0].gap_total, 2000);
    CU_ASSERT_EQUAL(info->threads[1].gap_total, 619);
    CU_ASSERT_EQUAL(info->burst_count, totals.records);
    munmap(channel, sizeof *channel);
}

/* One line, loaded by the kernel of a machine or not. */
static void
put_line(NsimChannel *channel, uint64_t address, bool by_kernel)
{
    NsimChannelChunk *chunk = fill_chunk(channel, 0, address >> NSIM_LINE_SHIFT, 1, 1);
    if (by_kernel)
        chunk->records[0].what |= NSIM_CHANNEL_BY_KERNEL;
    put_chunk(channel, chunk);
}

/* A machine of two nodes, of which the emulator tells the second one's addresses too high. */
static void
test_machine(void)
{
    static const uint64_t nodes[] = {UINT64_C(1) << 28, UINT64_C(1) << 29};
    const char *path = test_path("machine.trace");
    NsimRecorderOptions options = make_options(path);
    NsimRecorderTotals totals;
    options.node_bytes = nodes;
    options.node_count = 2;
    options.accesses = NSIM_ACCESSES_ALL;
    NsimRecorder *recorder = nsim_recorder_new(&options, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(recorder);
    NsimChannel *channel = map_channel(recorder);
    CU_ASSERT_EQUAL(atomic_load(&channel->recording), 0);
    CU_ASSERT_EQUAL(channel->nodes[1].begin, nodes[0]);
    CU_ASSERT_EQUAL(channel->nodes[1].end, nodes[0] + nodes[1]);
    atomic_store(&channel->thread_count, 1);
    atomic_store(&channel->nodes[0].is_known, 1);
    atomic_store(&channel->nodes[1].shift, nodes[0]);
    nsim_recorder_step(recorder, getpid());
    put_line(channel, 0x1000, false);
    put_line(channel, nodes[0] - 64, true);
    put_line(channel, nodes[0], false); /* where node 1 is not */
    put_line(channel, 2 * nodes[0], true);
    put_line(channel, 2 * nodes[0] + nodes[1] - 64, false);
    put_line(channel, 2 * nodes[0] + nodes[1], false);
    nsim_recorder_step(recorder, getpid());
    atomic_store(&channel->stopped, 1);
    CU_ASSERT_FALSE(nsim_recorder_is_over(recorder));
    nsim_recorder_drain(recorder, &totals);
    CU_ASSERT_TRUE_FATAL(nsim_recorder_close(recorder, NULL));
    CU_ASSERT_EQUAL(totals.read_lines, 4);
    CU_ASSERT_EQUAL(totals.kernel_lines, 2);
    CU_ASSERT_EQUAL(totals.outside_count, 2);
    CU_ASSERT_EQUAL(totals.unplaced_count, 1);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_STRING_EQUAL(info->threads[0].name, "cpu0");
    CU_ASSERT_EQUAL_FATAL(info->region_count, 2);
    CU_ASSERT_STRING_EQUAL(info->regions[0].name, "node0");
    CU_ASSERT_EQUAL(info->regions[0].address, 0x1000);
    CU_ASSERT_STRING_EQUAL(info->regions[1].name, "node1");
    CU_ASSERT_EQUAL(info->regions[1].address, nodes[0]);
    CU_ASSERT_EQUAL(info->regions[1].bytes, nodes[1]);
    munmap(channel, sizeof *channel);
}

static void
test_limit(void)
{
    const char *path = test_path("limit.trace");
    NsimRecorderOptions options = make_options(path);
    NsimRecorderTotals totals;
    options.records_max = 3;
    NsimRecorder *recorder = nsim_recorder_new(&options, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(recorder);
    NsimChannel *channel = map_channel(recorder);
    atomic_store(&channel->thread_count, 1);
    nsim_recorder_step(recorder, getpid());
    for (uint64_t i = 0; i < 6; i++)
        put_chunk(channel, fill_chunk(channel, 0, i * 1000, 1, i));
    CU_ASSERT_FALSE(nsim_recorder_is_over(recorder));
    nsim_recorder_step(recorder, getpid());
    CU_ASSERT_TRUE(nsim_recorder_is_over(recorder));
    CU_ASSERT_EQUAL(atomic_load(&channel->recording), 0);
    nsim_recorder_drain(recorder, &totals);
    CU_ASSERT_TRUE(totals.limited);
    CU_ASSERT_EQUAL(totals.records, 3);
    CU_ASSERT_TRUE(nsim_recorder_close(recorder, NULL));
    munmap(channel, sizeof *channel);
}

/* Anything may be written anywhere, at any time: the recorder still ends, and what it writes is a trace. */
static void
test_overwritten(void)
{
    NsimRandom random;
    const char *path = test_path("overwritten.trace");
    nsim_random_init(&random, 1, "recorder");
    for (unsigned round = 0; round < 12; round++) {
        static const uint64_t nodes[] = {UINT64_C(1) << 28, UINT64_C(1) << 28};
        NsimRecorderOptions options = make_options(path);
        options.node_bytes = nodes;
        options.node_count = round % 2 * 2;
        NsimRecorderTotals totals;
        NsimRecorder *recorder = nsim_recorder_new(&options, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(recorder);
        NsimChannel *channel = map_channel(recorder);
        nsim_recorder_step(recorder, getpid());
        put_chunk(channel, fill_chunk(channel, 3, 1000, 500, 10));
        uint64_t *words = (uint64_t *)(void *)channel;
        const size_t count = (offsetof(NsimChannel, chunks) + 70 * sizeof(NsimChannelChunk)) / sizeof *words;
        for (unsigned i = 0; i < (round < 6 ? 200000u : 2000u); i++)
            words[nsim_random_below(&random, count)] =
                nsim_random_below(&random, 2) ? nsim_random_u64(&random) : nsim_random_below(&random, 6000);
        for (unsigned step = 0; step < 3; step++)
            nsim_recorder_step(recorder, getpid());
        nsim_recorder_drain(recorder, &totals);
        g_autoptr(GError) error = NULL;
        const bool ok = nsim_recorder_close(recorder, &error);
        CU_ASSERT_EQUAL(ok, error == NULL);
        g_autoptr(NsimTrace) trace = ok ? nsim_trace_open(path, &error) : NULL;
        CU_ASSERT_TRUE(!ok || (trace != NULL && nsim_trace_check(trace, &error)));
        munmap(channel, sizeof *channel);
    }
}

static void
test_refused(void)
{
    const NsimRecorderOptions options = make_options("/no/such/folder/x");
    g_autoptr(GError) error = NULL;
    CU_ASSERT_PTR_NULL(nsim_recorder_new(&options, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
}

bool
test_recorder_register(void)
{
    CU_pSuite suite = CU_add_suite("recorder", NULL, NULL);
    return suite && CU_add_test(suite, "honest", test_honest) && CU_add_test(suite, "machine", test_machine) &&
           CU_add_test(suite, "limit", test_limit) && CU_add_test(suite, "overwritten", test_overwritten) &&
           CU_add_test(suite, "refused", test_refused);
}
