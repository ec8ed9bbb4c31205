/* SPDX-License-Identifier: MIT */
/*
 * The capture runtime. Goal: call-outs do what the compiler expects of them and captures hold what threads did. Method:
 * the call-outs are called as the compiler would, from threads of the test, and the trace is read back.
 */
#include "test-capture.h"

#include <string.h>

#include <CUnit/Basic.h>
#include <glib.h>
#include <glib/gstdio.h>

#include <traces/capture/runtime.h>
#include <traces/trace.h>

/* Some of the call-outs (see callouts.c). */
void __tsan_read1(void *address);
void __tsan_read4(void *address);
void __tsan_write8(void *address);
void __tsan_read_range(void *address, long bytes);
void __tsan_write_range(void *address, long bytes);
uint32_t __tsan_atomic32_load(const volatile void *address, int order);
void __tsan_atomic32_store(volatile void *address, uint32_t value, int order);
uint64_t __tsan_atomic64_fetch_add(volatile void *address, uint64_t value, int order);
uint16_t __tsan_atomic16_fetch_nand(volatile void *address, uint16_t value, int order);
uint8_t __tsan_atomic8_exchange(volatile void *address, uint8_t value, int order);
bool __tsan_atomic32_compare_exchange_strong(volatile void *address, void *expected, uint32_t desired, int order,
                                             int failure_order);

static const NsimCaptureWork works[] = {{"slow", 512}, {"fast", 256}};

/* Options that work, writing to `path`. */
static NsimCaptureOptions
make_options(const char *path, unsigned thread_count)
{
    return (NsimCaptureOptions){.path = path,
                                .program = "a test",
                                .thread_count = thread_count,
                                .cache_count = 1,
                                .cache_ways = 4,
                                .cache_bytes = 4096,
                                .turn_instructions = 100,
                                .instructions_per_s = 1000000000,
                                .level = 1,
                                .works = works,
                                .work_count = 2};
}

static char *
make_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("nsim-capture-XXXXXX", &error);
    g_assert_no_error(error);
    return folder;
}

static void
test_atomics(void)
{
    uint64_t wide = 40;
    uint32_t word = 5, expected = 4;
    uint16_t half = 0xff0f;
    uint8_t byte = 1;
    CU_ASSERT_EQUAL(__tsan_atomic64_fetch_add(&wide, 2, __ATOMIC_RELAXED), 40);
    CU_ASSERT_EQUAL(wide, 42);
    CU_ASSERT_EQUAL(__tsan_atomic32_compare_exchange_strong(&word, &expected, 9, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST),
                    0);
    CU_ASSERT_EQUAL(expected, 5);
    CU_ASSERT_EQUAL(__tsan_atomic32_compare_exchange_strong(&word, &expected, 9, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST),
                    1);
    CU_ASSERT_EQUAL(__tsan_atomic32_load(&word, __ATOMIC_ACQUIRE), 9);
    __tsan_atomic32_store(&word, 10, __ATOMIC_RELEASE);
    CU_ASSERT_EQUAL(word, 10);
    CU_ASSERT_EQUAL(__tsan_atomic16_fetch_nand(&half, 0x0ff0, __ATOMIC_RELAXED), 0xff0f);
    CU_ASSERT_EQUAL(half, 0xf0ff);
    CU_ASSERT_EQUAL(__tsan_atomic8_exchange(&byte, 7, __ATOMIC_RELAXED), 1);
    CU_ASSERT_EQUAL(byte, 7);
}

static void
test_options_refused(void)
{
    g_autofree char *folder = make_folder();
    g_autofree char *path = g_build_filename(folder, "trace", NULL);
    g_autofree char *nowhere = g_build_filename(folder, "missing", "trace", NULL);
    NsimCaptureOptions options = make_options(path, 0);
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, NSIM_CAPTURE_THREADS_MAX + 1);
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, 1);
    options.cache_count = 2; /* one would have no threads */
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, 1);
    options.cache_bytes = 3 * 4 * 64; /* three sets */
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options.cache_bytes = 64; /* no set */
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options.cache_bytes = 4097;
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, 1);
    options.cache_ways = 0;
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, 1);
    options.turn_instructions = 0;
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, 1);
    options.instructions_per_s = 0;
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, 1);
    options.work_count = 0;
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(nowhere, 1);
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    options = make_options(path, 1);
    options.raw_path = nowhere;
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options));
    CU_ASSERT_EQUAL(g_rmdir(folder), 0); /* empty: nothing was left behind */
}

/* ---- A capture of two threads -------------------------------------------------------------------------------- */

typedef struct {
    char *memory;
    unsigned index, barrier;
    uint64_t *shared; /* what both threads count up, without atomics: turns keep them apart */
} Program;

static void *
run_program(void *argument)
{
    const Program *program = argument;
    char *memory = program->memory;
    nsim_capture_join(program->index);
    nsim_capture_mark("start");
    if (program->index == 0) {
        __tsan_read_range(memory, 256);          /* 4 lines, 8 accesses of 32 bytes */
        __tsan_write8(memory + 4416);            /* 1 line */
        __tsan_read1(memory + 4416);             /* a hit, on the line of the access before */
        __tsan_read4(memory + 64);               /* a hit */
        __tsan_write_range(memory + 8190, 4);    /* crosses lines: 2 */
        __tsan_read4((void *)(uintptr_t)&works); /* unnamed memory: time passes */
        nsim_capture_work(1);
        for (unsigned i = 0; i < 1000; i++) {
            __tsan_read1(memory + 4416); /* several turns */
            ++*program->shared;
        }
    } else {
        for (unsigned i = 0; i < 600; i++) {
            __tsan_read1(memory + 12928);
            ++*program->shared;
        }
    }
    CU_ASSERT_TRUE(nsim_capture_barrier(program->barrier));
    CU_ASSERT_EQUAL(*program->shared, 1600);
    nsim_capture_memset(memory + 128, 1, 64); /* a hit: the line is there, and gets dirty */
    nsim_capture_memcpy(memory + 16576, memory, 1);
    CU_ASSERT_EQUAL(memory[130], 1);
    nsim_capture_mark("end");
    nsim_capture_leave();
    CU_ASSERT_FALSE(nsim_capture_barrier(program->barrier)); /* no longer captured */
    __tsan_read1(memory + 65536);
    return NULL;
}

/* The program under capture; false when it could not run. */
static bool
capture_program(const char *path, char *memory, unsigned barrier, NsimCaptureStats *stats)
{
    const NsimCaptureOptions options = make_options(path, 2);
    uint64_t shared = 0;
    memset(memory, 0, 131072);
    if (nsim_capture_start(&options))
        return false;
    CU_ASSERT_PTR_NOT_NULL(nsim_capture_start(&options)); /* one at a time */
    Program programs[2];
    pthread_t threads[2];
    for (unsigned i = 2; i-- > 0;) { /* joining in another order than by number */
        programs[i] = (Program){memory, i, barrier, &shared};
        if (pthread_create(&threads[i], NULL, run_program, &programs[i]) != 0)
            return false;
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return nsim_capture_stop(stats) == NULL;
}

/* Every burst of a thread in words, with line numbers from the start of `memory`. */
static char *
describe_thread(NsimTrace *trace, uint32_t thread, const char *memory)
{
    static const char *const names[] = {"read", "write", "rfo", "", "pause", "barrier", "mark"};
    const NsimTraceInfo *info = nsim_trace_info(trace);
    GString *text = g_string_new("");
    g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, NSIM_FRAME_SHIFT, NULL);
    while (cursor && nsim_trace_cursor_fill(cursor, NULL) && cursor->next < cursor->filled) {
        for (; cursor->next < cursor->filled; cursor->next++) {
            const NsimBurst *burst = &cursor->bursts[cursor->next];
            if (NSIM_OP_IS_CONTROL(burst->op)) {
                g_string_append_printf(text, "%s %u +%u; ", names[burst->op], burst->page, burst->gap);
                continue;
            }
            const uint64_t line = info->frames[burst->page] * NSIM_FRAME_LINES + burst->line - (uintptr_t)memory / 64;
            g_string_append_printf(text, "%s %u x%u +%u/%u%s; ", names[burst->op], (unsigned)line, burst->count,
                                   burst->gap, burst->step, burst->flags & NSIM_BURST_PREFETCHABLE ? " p" : "");
        }
    }
    return g_string_free(text, FALSE);
}

static void
check_trace(const char *path, const char *memory)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
    const NsimTraceInfo *info = nsim_trace_info(trace);
    CU_ASSERT_EQUAL(info->thread_count, 2);
    CU_ASSERT_EQUAL(info->gap_unit, NSIM_GAP_INSTRUCTIONS);
    CU_ASSERT_TRUE(info->filtered);
    CU_ASSERT_STRING_EQUAL(info->program, "a test");
    CU_ASSERT_STRING_EQUAL(info->filter, "llc 4KiB 4-way lru, 64-byte lines, write-back, write-allocate");
    CU_ASSERT_PTR_NOT_NULL(strstr(info->capture, "slow 2.00, fast 1.00"));
    CU_ASSERT_EQUAL_FATAL(info->region_count, 1);
    CU_ASSERT_STRING_EQUAL(info->regions[0].name, "memory");
    CU_ASSERT_EQUAL(info->regions[0].address, (uintptr_t)memory);
    CU_ASSERT_EQUAL(info->regions[0].bytes, 131072);
    /*
     * Thread 0: 8 accesses of 2 instructions each, so the 4 lines come at 16; the store at 18; lines 127 and 128 at 24;
     * then one access to unnamed memory and 1000 at 1 each: the barrier at 1026. After it each thread makes 4 accesses,
     * of which the store to line 259 misses in the thread that comes first: the one after the last to arrive.
     */
    g_autofree char *first = describe_thread(trace, 0, memory);
    CU_ASSERT_STRING_EQUAL(first, "mark 0 +0; read 0 x4 +16/0 p; rfo 69 x1 +2/0; rfo 127 x2 +6/0; barrier 0 +1002; "
                                  "rfo 259 x1 +4/0; mark 1 +0; ");
    g_autofree char *second = describe_thread(trace, 1, memory);
    CU_ASSERT_STRING_EQUAL(second, "mark 0 +0; read 202 x1 +2/0; barrier 0 +1198; mark 1 +8; ");
}

static void
test_capture(void)
{
    g_autofree char *folder = make_folder();
    g_autofree char *path = g_build_filename(folder, "trace", NULL);
    g_autofree char *again = g_build_filename(folder, "again", NULL);
    char *memory = nsim_capture_map("memory", 131072);
    CU_ASSERT_PTR_NOT_NULL_FATAL(memory);
    CU_ASSERT_EQUAL((uintptr_t)memory, NSIM_CAPTURE_BASE);
    const unsigned barrier = nsim_capture_add_barrier(2);
    NsimCaptureStats stats;
    CU_ASSERT_TRUE_FATAL(capture_program(path, memory, barrier, &stats));
    CU_ASSERT_EQUAL(stats.elsewhere_count, 1);
    CU_ASSERT_EQUAL(stats.read_lines, 5);
    CU_ASSERT_EQUAL(stats.rfo_lines, 4);
    CU_ASSERT_EQUAL(stats.write_lines, 0);
    CU_ASSERT_EQUAL(stats.instruction_count, 1030 + 1208);
    CU_ASSERT_EQUAL(stats.work_access_count[0], 13 + 604);
    CU_ASSERT_EQUAL(stats.work_access_count[1], 1004);
    CU_ASSERT(stats.turn_count >= 20);
    check_trace(path, memory);

    /* Once more: the same bytes. */
    g_autofree char *contents = NULL, *contents_again = NULL;
    gsize bytes, bytes_again;
    CU_ASSERT_TRUE_FATAL(capture_program(again, memory, barrier, &stats));
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &contents, &bytes, NULL));
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(again, &contents_again, &bytes_again, NULL));
    CU_ASSERT_EQUAL_FATAL(bytes, bytes_again);
    CU_ASSERT_EQUAL(memcmp(contents, contents_again, bytes), 0);
    nsim_capture_unmap(memory, 131072);
    g_unlink(path);
    g_unlink(again);
    CU_ASSERT_EQUAL(g_rmdir(folder), 0);
}

bool
test_runtime_register(void)
{
    CU_pSuite suite = CU_add_suite("runtime", NULL, NULL);
    return suite && CU_add_test(suite, "atomic operations are performed", test_atomics) &&
           CU_add_test(suite, "options that cannot be served", test_options_refused) &&
           CU_add_test(suite, "a capture of two threads", test_capture);
}
