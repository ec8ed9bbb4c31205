/* SPDX-License-Identifier: MIT */
/* What happens at pages and in front of memory: faults and their cost, copies, the cache and TLB models, by hand. */
#include "rig.h"
#include "test-experiment.h"

#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* A near and a far node; every fault has its price; 1 ps a line. */
#define MACHINE(extra)                                                                                                  \
    "nodes:\n"                                                                                                          \
    "  - {id: NEAR, kind: dram, capacity: 16KiB, latency: 100ns, read: 64TB/s, at: C}\n"                                \
    "  - {id: FAR, kind: cxl, capacity: 64KiB, latency: 300ns, read: 64TB/s, at: C}\n"                                  \
    "accessors: [{id: C, cores: 8, window: {random: 10}, fault: {minor: 600ns, hint: 900ns}" extra "}]\n"
#define NEAR_PS ((NsimTime)100000)
#define FAR_PS ((NsimTime)300000)
#define MINOR_PS ((NsimTime)600000)
#define HINT_PS ((NsimTime)900000)

/* A record of one line that depends on the one before: times add up. */
static NsimBurst
chain(NsimOp op, uint32_t page, uint16_t line)
{
    return (NsimBurst){ .page = page, .line = line, .count = 1, .op = (uint8_t)op, .flags = NSIM_BURST_DEPENDENT };
}

/* ---- Faults ----------------------------------------------------------------------------------------------------- */

static void
test_first_touch(void)
{
    g_autoptr(Rig) rig = rig_new(MACHINE(""), 8);
    const NsimBurst bursts[] = { chain(NSIM_OP_READ, 0, 0), chain(NSIM_OP_READ, 0, 1), chain(NSIM_OP_WRITE, 1, 0) };
    rig_add(rig, 0, bursts, 3);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 3 * NEAR_PS + 2 * MINOR_PS);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, 2 * MINOR_PS);
    CU_ASSERT_EQUAL(rig->mm->vmstat.pgfault, 2);
    CU_ASSERT_EQUAL(rig->mm->vmstat.numa_hit, 2);
    CU_ASSERT_EQUAL(rig->mm->vmstat.numa_miss, 0);
    CU_ASSERT_EQUAL(stats->latency.max, NEAR_PS);
    CU_ASSERT_EQUAL(nsim_space_state(rig->space, 0) & NSIM_PAGE_DIRTY, 0);
    CU_ASSERT_NOT_EQUAL(nsim_space_state(rig->space, 1) & NSIM_PAGE_DIRTY, 0);
    CU_ASSERT_NOT_EQUAL(nsim_space_state(rig->space, 2) & NSIM_PAGE_ABSENT, 0);
}

/* A burst on an absent page faults once; a unit of four pages costs the fault and clearing three pages more. */
static void
test_first_touch_of_units(void)
{
    g_autoptr(Rig) rig = rig_new_on(rig_machine(MACHINE("")), 8, 4);
    const NsimBurst bursts[] = { { .page = 5, .count = 5 }, { .page = 6, .count = 1, .flags = NSIM_BURST_DEPENDENT } };
    rig_add(rig, 0, bursts, 2);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(rig->mm->vmstat.pgfault, 1);
    CU_ASSERT_EQUAL(rig->mm->vmstat.numa_hit, 4);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, MINOR_PS + 3 * (MINOR_PS / 3));
    CU_ASSERT_EQUAL(rig->memory->nodes[0].used_pages, 4);
    CU_ASSERT_EQUAL(stats->access_count, 6);
}

/* The near node has four pages: what comes after goes to the far one, and then memory is out. */
static void
test_memory_runs_out(void)
{
    g_autoptr(Rig) rig = rig_new(MACHINE(""), 32);
    NsimBurst bursts[21];
    for (uint32_t i = 0; i < G_N_ELEMENTS(bursts); i++)
        bursts[i] = chain(NSIM_OP_READ, i, 0);
    rig_add(rig, 0, bursts, G_N_ELEMENTS(bursts));
    g_autofree char *message = rig_run_failing(rig);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "out of memory"));
    CU_ASSERT_EQUAL(rig->mm->vmstat.numa_hit, 4);
    CU_ASSERT_EQUAL(rig->mm->vmstat.numa_miss, 16);
    CU_ASSERT_EQUAL(rig->memory->nodes[0].used_pages, 4);
    CU_ASSERT_EQUAL(rig->memory->nodes[1].used_pages, 16);
}

static void
test_hint_fault(void)
{
    g_autoptr(Rig) rig = rig_new(MACHINE(""), 8);
    rig_place(rig, 0, 1, 0);
    CU_ASSERT_EQUAL(nsim_space_arm(rig->space, 0, 1, true), 1);
    const NsimBurst bursts[] = { chain(NSIM_OP_READ, 0, 0), chain(NSIM_OP_READ, 0, 1) };
    rig_add(rig, 0, bursts, 2);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 2 * NEAR_PS + HINT_PS);
    CU_ASSERT_EQUAL(rig->mm->vmstat.numa_hint_faults, 1);
    CU_ASSERT_EQUAL(rig->mm->vmstat.pgfault, 1);
    CU_ASSERT_EQUAL(stats->accessors[0].kernel_ps, HINT_PS);
    CU_ASSERT_EQUAL(nsim_space_state(rig->space, 0) & NSIM_PAGE_ARMED, 0);
}

/* Reads go to the nearest copy; a write drops the copies and goes to the page itself. */
static void
test_copies(void)
{
    g_autoptr(Rig) rig = rig_new(MACHINE(""), 8);
    rig_place(rig, 0, 1, 1);
    CU_ASSERT_TRUE(nsim_space_add_copy(rig->space, 0, 0));
    CU_ASSERT_EQUAL(rig->memory->nodes[0].used_pages, 1);
    const NsimBurst bursts[] = { chain(NSIM_OP_READ, 0, 0), chain(NSIM_OP_READ, 0, 1), chain(NSIM_OP_WRITE, 0, 0),
                                 chain(NSIM_OP_READ, 0, 0) };
    rig_add(rig, 0, bursts, 4);
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, 2 * NEAR_PS + 2 * FAR_PS);
    CU_ASSERT_EQUAL(rig_node_lines(rig, 0, NSIM_DIR_READ), 2);
    CU_ASSERT_EQUAL(rig_node_lines(rig, 1, NSIM_DIR_READ), 1);
    CU_ASSERT_EQUAL(rig_node_lines(rig, 1, NSIM_DIR_WRITE), 1);
    CU_ASSERT_EQUAL(rig->memory->nodes[0].used_pages, 0);
    CU_ASSERT_EQUAL(rig->space->copy_count, 0);
}

/* ---- Cache and TLB ------------------------------------------------------------------------------------------------ */

/* Two sets of two ways, even lines only: they share one set. */
#define CACHE ", cache: {size: 256B, ways: 2, latency: 10ns}"
#define HIT_PS ((NsimTime)10000)

static void
test_cache(void)
{
    g_autoptr(Rig) rig = rig_new(MACHINE(CACHE), 8);
    rig_place(rig, 0, 1, 0);
    const NsimBurst bursts[] = {
        chain(NSIM_OP_READ, 0, 0),  chain(NSIM_OP_READ, 0, 2),  /* both miss */
        chain(NSIM_OP_READ, 0, 0),                              /* hits; 2 is now the oldest */
        chain(NSIM_OP_READ, 0, 4),                              /* misses, 2 leaves */
        chain(NSIM_OP_WRITE, 0, 0),                             /* hits, becomes dirty; 4 is the oldest */
        chain(NSIM_OP_WRITE, 0, 6),                             /* misses: fetched; 4 leaves */
        chain(NSIM_OP_READ, 0, 8),                              /* misses: 0 leaves and is written back */
        chain(NSIM_OP_READ, 0, 10),                             /* misses: 6 leaves and is written back */
        chain(NSIM_OP_READ, 0, 1),  chain(NSIM_OP_READ, 0, 10), /* the other set; 10 hits */
    };
    rig_add(rig, 0, bursts, G_N_ELEMENTS(bursts))->filtered = false;
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(rig_node_lines(rig, 0, NSIM_DIR_READ), 7);
    CU_ASSERT_EQUAL(rig_node_lines(rig, 0, NSIM_DIR_WRITE), 2);
    CU_ASSERT_EQUAL(stats->access_count, 10);
    /* A line written back just before takes its 1 ps at the node. */
    CU_ASSERT_EQUAL(stats->end_ps, 7 * NEAR_PS + 3 * HIT_PS + 2);
    CU_ASSERT_EQUAL(stats->latency.sum_low, stats->end_ps);
}

/* A trace that was captured behind a cache passes this one by; a burst goes through it line by line. */
static void
test_cache_kinds_of_traces(void)
{
    const NsimBurst twice[] = { { .count = 4 }, { .count = 4, .flags = NSIM_BURST_DEPENDENT } };
    for (uint32_t filtered = 0; filtered < 2; filtered++) {
        g_autoptr(Rig) rig = rig_new(MACHINE(CACHE), 8);
        rig_place(rig, 0, 1, 0);
        rig_add(rig, 0, twice, 2)->filtered = filtered;
        CU_ASSERT_EQUAL(rig_run(rig)->access_count, 8);
        CU_ASSERT_EQUAL(rig_node_lines(rig, 0, NSIM_DIR_READ), filtered ? 8 : 4);
    }
}

/* Pages that are not there fault before the cache is asked. */
static void
test_cache_faults(void)
{
    g_autoptr(Rig) rig = rig_new(MACHINE(CACHE), 8);
    const NsimBurst bursts[] = { chain(NSIM_OP_READ, 3, 0), chain(NSIM_OP_READ, 3, 0) };
    rig_add(rig, 0, bursts, 2)->filtered = false;
    const NsimReplayStats *stats = rig_run(rig);
    CU_ASSERT_EQUAL(stats->end_ps, MINOR_PS + NEAR_PS + HIT_PS);
    CU_ASSERT_EQUAL(rig->mm->vmstat.pgfault, 1);
    CU_ASSERT_EQUAL(stats->access_count, 2);
}

/* Two entries: pages 0, 1, 0, 2, 1 walk for 0, 1, 2 and again for 1, which 2 pushed out. */
static void
test_tlb(void)
{
    g_autoptr(Rig) rig = rig_new(MACHINE(", tlb: {entries: 2, ways: 2, walk: 20ns}"), 8);
    rig_place(rig, 0, 4, 0);
    static const uint32_t pages[] = { 0, 1, 0, 2, 1 };
    NsimBurst bursts[G_N_ELEMENTS(pages)];
    for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
        bursts[i] = chain(NSIM_OP_READ, pages[i], 0);
    rig_add(rig, 0, bursts, G_N_ELEMENTS(bursts));
    CU_ASSERT_EQUAL(rig_run(rig)->end_ps, 5 * NEAR_PS + 4 * (NsimTime)20000);
}

/* The same two entries reach over two huge pages: five pages of two frames walk twice, as base pages five times. */
static void
test_tlb_reach(void)
{
    static const char machine[] =
        "nodes: [{id: NEAR, kind: dram, capacity: 8MiB, latency: 100ns, read: 64TB/s, at: C}]\n"
        "accessors: [{id: C, cores: 1, window: {random: 10}, tlb: {entries: 2, ways: 2, walk: 20ns}}]\n";
    static const uint32_t pages[] = { 0, 100, 515, 200, 512 };
    for (uint32_t unit = 1; unit <= 512; unit *= 512) {
        g_autoptr(Rig) rig = rig_new_on(rig_machine(machine), 1024, unit);
        rig_place(rig, 0, 1024, 0);
        NsimBurst bursts[G_N_ELEMENTS(pages)];
        for (size_t i = 0; i < G_N_ELEMENTS(pages); i++)
            bursts[i] = chain(NSIM_OP_READ, pages[i], 0);
        rig_add(rig, 0, bursts, G_N_ELEMENTS(bursts));
        CU_ASSERT_EQUAL(rig_run(rig)->end_ps, 5 * NEAR_PS + (unit == 1 ? 5 : 2) * (NsimTime)20000);
    }
}

static void
make_old(void *context, uint64_t argument)
{
    (void)argument;
    nsim_space_change(context, 0, 8, NSIM_PAGE_ACCESSED, 0);
}

/*
 * A monitor clears the accessed bits of pages 0 and 1 while the TLB holds both: the next access of 0 leaves no trace, nor does
 * that of 1. Page 2 is walked for and pushes 0 out. A first write to 1 sets its bit, a second one after another clearing does not.
 */
static void
test_tlb_hides_accesses(void)
{
    static const struct {
        uint32_t page;
        bool write;
    } accesses[] = {{0, false}, {1, false}, {0, false}, {1, false}, {2, false}, {1, true}, {1, true}};
    static const NsimTime walks[] = {1, 1, 0, 0, 1, 0, 0};
    /* after the second, and after the sixth */
    const NsimTime clears[] = {2 * NEAR_PS + 2 * (NsimTime)20000 - 1, 6 * NEAR_PS + 3 * (NsimTime)20000 - 1};
    for (uint32_t stop = 1; stop <= 2; stop++) {
        g_autoptr(Rig) rig = rig_new(MACHINE(", tlb: {entries: 2, ways: 2, walk: 20ns}"), 8);
        rig_place(rig, 0, 4, 0);
        NsimBurst bursts[G_N_ELEMENTS(accesses)];
        const uint32_t count = stop == 1 ? 6 : 7;
        for (uint32_t i = 0; i < count; i++)
            bursts[i] = chain(accesses[i].write ? NSIM_OP_RFO : NSIM_OP_READ, accesses[i].page, 0);
        for (uint32_t c = 0; c < stop; c++) {
            const NsimEvent event = {.time_ps = clears[c], .run = make_old, .context = rig->space};
            nsim_event_queue_push(rig->events, &event);
        }
        rig_add(rig, 0, bursts, count);
        NsimTime end_ps = 0;
        for (uint32_t i = 0; i < count; i++)
            end_ps += NEAR_PS + walks[i] * 20000;
        CU_ASSERT_EQUAL(rig_run(rig)->end_ps, end_ps);
        CU_ASSERT_EQUAL(nsim_space_state(rig->space, 0) & NSIM_PAGE_ACCESSED, 0);
        CU_ASSERT_EQUAL((nsim_space_state(rig->space, 1) & NSIM_PAGE_ACCESSED) != 0, stop == 1);
        CU_ASSERT_EQUAL((nsim_space_state(rig->space, 2) & NSIM_PAGE_ACCESSED) != 0, stop == 1);
        CU_ASSERT_NOT_EQUAL(nsim_space_state(rig->space, 1) & NSIM_PAGE_DIRTY, 0);
    }
}

bool
test_pages_register(void)
{
    CU_pSuite suite = CU_add_suite("pages", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "first touch", test_first_touch) != NULL &&
           CU_add_test(suite, "first touch of larger units", test_first_touch_of_units) != NULL &&
           CU_add_test(suite, "memory runs out", test_memory_runs_out) != NULL &&
           CU_add_test(suite, "hint faults", test_hint_fault) != NULL &&
           CU_add_test(suite, "copies", test_copies) != NULL && CU_add_test(suite, "cache", test_cache) != NULL &&
           CU_add_test(suite, "cache and kinds of traces", test_cache_kinds_of_traces) != NULL &&
           CU_add_test(suite, "cache and faults", test_cache_faults) != NULL &&
           CU_add_test(suite, "TLB", test_tlb) != NULL &&
           CU_add_test(suite, "reach of a TLB", test_tlb_reach) != NULL &&
           CU_add_test(suite, "a TLB hides accesses", test_tlb_hides_accesses) != NULL;
}
