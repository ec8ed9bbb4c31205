/* SPDX-License-Identifier: MIT */
/*
 * Goal: whoever needs memory gets it from pages that nobody used, at the watermarks and limits the kernel would, and no
 * page is lost on the way. Method: watermarks and victims worked out by hand; a thread in a fault; random pressure by
 * several threads, with everything counted again.
 */
#include "test-mm.h"

#include "box.h"

#include <mm/reclaim.h>
#include <string.h>

#include <CUnit/CUnit.h>

#define THREADS 4u

typedef struct {
    Box box;
    NsimFabric *fabric;
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMover *mover;
    NsimReclaim *reclaim;
    uint32_t space_groups[BOX_SPACES_MAX];
    NsimAccessorId space_accessors[BOX_SPACES_MAX];
    bool blocked[THREADS];
    uint32_t wake_count;
} Rig;

static void
note_wake(void *context, uint32_t thread, NsimTime now_ps)
{
    Rig *rig = context;
    (void)now_ps;
    CU_ASSERT_TRUE(rig->blocked[thread]);
    rig->blocked[thread] = false;
    rig->wake_count++;
}

/* A of `fast_mib`, X of `slow_mib` of the next tier, a disk S unless `disk_mib` is 0; one space of `frames` frames. */
static void
rig_open(Rig *rig, unsigned fast_mib, unsigned slow_mib, unsigned disk_mib, uint64_t frames, uint32_t unit_pages,
         uint64_t limit_bytes, const NsimReclaimConfig *config)
{
    g_autofree char *disk =
        disk_mib == 0 ? g_strdup("")
                      : g_strdup_printf("  - {id: S, kind: disk, capacity: %uMiB, latency: 80us, read: 3GB/s, write: "
                                        "2GB/s, at: C}\n",
                                        disk_mib);
    g_autofree char *yaml =
        g_strdup_printf("accessors: [{id: C, kind: cpu, cores: 8}]\n"
                        "nodes:\n"
                        "  - {id: A, kind: dram, capacity: %uMiB, latency: 80ns, read: 20GB/s, at: C}\n"
                        "  - {id: X, kind: cxl, capacity: %uMiB, latency: 200ns, read: 10GB/s, at: C}\n%s",
                        fast_mib, slow_mib, disk);
    const NsimGroup group = {.name = "g", .limit_bytes = limit_bytes};
    *rig = (Rig){0};
    box_open(&rig->box, yaml);
    (void)box_add(&rig->box, "w", frames, unit_pages);
    box_start(&rig->box);
    rig->fabric = nsim_fabric_new(rig->box.machine);
    rig->cpus = nsim_cpus_new(rig->box.machine);
    rig->payers = nsim_payers_new(&group, 1);
    const NsimMoverSetup setup = {.machine = rig->box.machine,
                                  .fabric = rig->fabric,
                                  .memory = rig->box.memory,
                                  .spaces = rig->box.spaces,
                                  .space_groups = rig->space_groups,
                                  .space_accessors = rig->space_accessors,
                                  .space_count = rig->box.space_count,
                                  .events = rig->box.events,
                                  .cpus = rig->cpus,
                                  .payers = rig->payers,
                                  .config = nsim_mover_config_default(),
                                  .seed = 1};
    rig->mover = nsim_mover_new(&setup);
    nsim_mm_set_mover(rig->box.mm, rig->mover);
    nsim_mover_listen_wake(rig->mover, note_wake, rig);
    CU_ASSERT_TRUE_FATAL(nsim_mm_reclaim(rig->box.mm, config, NULL));
    rig->reclaim = rig->box.mm->reclaim;
    for (uint32_t t = 0; t < THREADS; t++)
        nsim_pressure_tasks(nsim_reclaim_pressure(rig->reclaim), 0, 0, 1);
}

/* Count everything again; what moves and input and output have taken is not a page's yet. */
static void
audit(Rig *rig)
{
    uint64_t taken[3] = {0};
    for (uint32_t n = 0; n < rig->box.machine->node_count; n++)
        taken[n] = nsim_mover_taken(rig->mover, (NsimNodeId)n) + nsim_reclaim_taken(rig->reclaim, (NsimNodeId)n);
    nsim_space_audit((const NsimSpace *const *)rig->box.spaces, 1, rig->box.memory, taken);
    nsim_frames_audit(rig->box.mm->frames);
    nsim_lru_audit(nsim_reclaim_lru(rig->reclaim));
}

static void
rig_close(Rig *rig)
{
    nsim_mover_stop(rig->mover);
    nsim_reclaim_stop(rig->reclaim);
    audit(rig);
    box_audit(&rig->box);
    nsim_mm_free(rig->box.mm);
    rig->box.mm = NULL;
    nsim_mover_free(rig->mover);
    nsim_payers_free(rig->payers);
    nsim_cpus_free(rig->cpus);
    nsim_fabric_free(rig->fabric);
    box_close(&rig->box);
}

/* Run events until `until_ps` or until there are none. */
static void
run(Rig *rig, NsimTime until_ps)
{
    NsimMm *mm = rig->box.mm;
    for (NsimTime next_ps; (next_ps = nsim_event_queue_next_time(rig->box.events)) <= until_ps;) {
        if (next_ps == NSIM_TIME_MAX)
            return;
        mm->now_ps = next_ps;
        nsim_mover_set_ahead(rig->mover, until_ps);
        (void)nsim_event_queue_run(rig->box.events, next_ps);
    }
}

/* What the replay does in a fault on an absent or swapped page. False: the thread waits. */
static bool
fault(Rig *rig, uint32_t thread, NsimPage page, uint32_t count)
{
    NsimMm *mm = rig->box.mm;
    const uint16_t state = nsim_space_state(rig->box.spaces[0], page);
    mm->fault_thread = mm->fault_core = thread;
    mm->fault_accessor = 0;
    mm->fault_done_ps = mm->now_ps;
    mm->fault_reclaim_ps = 0;
    if ((state & NSIM_PAGE_ABSENT) != 0) {
        (void)box_touch(&rig->box, 0, page, count, 0);
        rig->blocked[thread] = nsim_mm_waits(mm, thread);
    } else {
        (void)nsim_mm_page_in(mm, 0, page);
        rig->blocked[thread] =
            (nsim_space_state(rig->box.spaces[0], page) & NSIM_PAGE_MOVING) != 0 || nsim_mm_waits(mm, thread);
    }
    mm->fault_thread = NSIM_THREAD_NONE;
    CU_ASSERT_PTR_NULL(mm->failure);
    return !rig->blocked[thread];
}

static bool
is_there(const Rig *rig, NsimPage page)
{
    return (nsim_space_state(rig->box.spaces[0], page) & (NSIM_PAGE_ABSENT | NSIM_PAGE_SWAPPED)) == 0;
}

/* Fault until the page is there; as long as it takes. */
static void
bring(Rig *rig, uint32_t thread, NsimPage page)
{
    for (int tries = 0; tries < 1000 && !is_there(rig, page); tries++) {
        if (!fault(rig, thread, page, 1)) {
            while (rig->blocked[thread] && nsim_event_queue_next_time(rig->box.events) != NSIM_TIME_MAX)
                run(rig, nsim_event_queue_next_time(rig->box.events));
        }
    }
    CU_ASSERT_TRUE(is_there(rig, page));
}

/*
 * 16 + 64 MiB: 81920 KiB, 4 x 286 = 1144 KiB = 286 pages; of A 57. A quarter of it, 14, is more than 0.1 % of 4096
 * pages: 57, 71, 85, 99. With 2 % as the least to be free: 81, which high already is above; with 5 %: 204.
 */
static void
test_marks(void)
{
    Rig rig;
    NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    rig_open(&rig, 16, 64, 0, 1, 1, 0, &config);
    const NsimMarks *marks = nsim_reclaim_marks(rig.reclaim, 0);
    CU_ASSERT_EQUAL(marks->min, 57);
    CU_ASSERT_EQUAL(marks->low, 71);
    CU_ASSERT_EQUAL(marks->high, 85);
    CU_ASSERT_EQUAL(marks->promo, 0);
    config.promo = true;
    config.demote_scale_factor = 200;
    nsim_reclaim_configure(rig.reclaim, &config);
    CU_ASSERT_EQUAL(marks->promo, 99);
    CU_ASSERT_EQUAL(marks->demote, 85);
    config.demote_scale_factor = 500;
    config.watermark_scale_factor = 100;
    config.min_free_bytes = 5 << 20; /* 1280 pages: 256 */
    nsim_reclaim_configure(rig.reclaim, &config);
    CU_ASSERT_EQUAL(marks->min, 256);
    CU_ASSERT_EQUAL(marks->low, 320);
    CU_ASSERT_EQUAL(marks->demote, 384); /* high is more */
    rig_close(&rig);
}

/* Allocations stop at low and go on with the next node. */
static void
test_fallback(void)
{
    Rig rig;
    const NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    rig_open(&rig, 16, 64, 0, 10, 1, 0, &config);
    for (NsimPage page = 0; page < 5000; page++)
        CU_ASSERT_TRUE(fault(&rig, 0, page, 1));
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 0), 4096 - 71);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 1), 5000 - 4025);
    CU_ASSERT_EQUAL(nsim_reclaim_stats(rig.reclaim)->pageoutrun, 0);
    rig_close(&rig);
}

/* kswapd takes what was not used, oldest first, until it has what it wants: here a tenth of the node, 409 pages. */
static void
test_demotion(void)
{
    Rig rig;
    NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    config.demotion = true;
    config.demote_scale_factor = 1000;
    rig_open(&rig, 16, 64, 0, 10, 1, 0, &config);
    (void)nsim_space_place(rig.box.spaces[0], 0, 3987, 0); /* 109 free: 300 too few */
    nsim_space_change(rig.box.spaces[0], 1000, 600, NSIM_PAGE_ACCESSED, 0);
    nsim_reclaim_wake(rig.reclaim, 0, 0);
    run(&rig, NSIM_TIME_MAX - 1);
    const NsimReclaimStats *stats = nsim_reclaim_stats(rig.reclaim);
    const uint64_t demoted = box_count(&rig.box, 0, 1);
    CU_ASSERT_TRUE(demoted >= 300 && demoted < 332); /* in clusters of 32 */
    CU_ASSERT_EQUAL(stats->pgdemote[NSIM_BY_KSWAPD], demoted);
    CU_ASSERT_EQUAL(stats->pgsteal[NSIM_BY_KSWAPD], demoted);
    CU_ASSERT_EQUAL(stats->pageoutrun, 1);
    for (NsimPage page = 1000; page < 1000 + demoted; page++)
        CU_ASSERT_EQUAL(nsim_space_state(rig.box.spaces[0], page) & NSIM_PAGE_NODE, 1);
    CU_ASSERT_EQUAL(nsim_lru_pages(nsim_reclaim_lru(rig.reclaim), 1, NSIM_LRU_INACTIVE_ANON), demoted);
    /* It paid: scans and moves. */
    const NsimPayer payer = nsim_payers_find(rig.payers, "kswapd.0");
    CU_ASSERT_TRUE(g_array_index(rig.payers->charged_ps, NsimTime, payer) >=
                   stats->pgscan[NSIM_BY_KSWAPD] * config.scan_ps);
    nsim_payers_check(rig.payers);
    rig_close(&rig);
}

/* Without anywhere to go nothing goes, and the last pages are used up. */
static void
test_nowhere(void)
{
    Rig rig;
    const NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    rig_open(&rig, 4, 4, 0, 8, 1, 0, &config);
    for (NsimPage page = 0; page < 2048; page++)
        bring(&rig, 0, page);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 0), 1024);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 1), 1024);
    NsimMm *mm = rig.box.mm;
    mm->fault_thread = 0;
    CU_ASSERT_FALSE(box_touch(&rig.box, 0, 3000, 1, 0));
    CU_ASSERT_PTR_NOT_NULL(mm->failure);
    mm->fault_thread = NSIM_THREAD_NONE;
    rig_close(&rig);
}

/* A thread that finds no memory reclaims, waits for the disk, and is counted as stalled; the page comes back as it
 * went. */
static void
test_swap(void)
{
    Rig rig;
    const NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    rig_open(&rig, 4, 4, 32, 8, 1, 0, &config);
    for (NsimPage page = 0; page < 4096; page++)
        bring(&rig, 0, page);
    const NsimReclaimStats *stats = nsim_reclaim_stats(rig.reclaim);
    run(&rig, NSIM_TIME_MAX - 1);
    CU_ASSERT_TRUE(box_count(&rig.box, 0, 2) >= 4096 - 2048);
    CU_ASSERT_EQUAL(stats->pswpout, box_count(&rig.box, 0, 2));
    CU_ASSERT_TRUE(stats->allocstall > 0);
    CU_ASSERT_TRUE(stats->pgsteal[NSIM_BY_KSWAPD] > 0 && stats->pgsteal[NSIM_BY_DIRECT] > 0);
    const NsimTime some_ps = nsim_pressure_total(nsim_reclaim_pressure(rig.reclaim), 1, rig.box.mm->now_ps, false);
    CU_ASSERT_TRUE(some_ps > 80 * NSIM_US && some_ps <= rig.box.mm->now_ps);
    CU_ASSERT_EQUAL(nsim_pressure_total(nsim_reclaim_pressure(rig.reclaim), 1, rig.box.mm->now_ps, true), 0);
    audit(&rig);
    /* 80 us and the transfer, nothing else: a page from the disk, which was the oldest. */
    CU_ASSERT_FALSE(is_there(&rig, 0));
    const NsimTime before_ps = rig.box.mm->now_ps;
    CU_ASSERT_FALSE(fault(&rig, 1, 0, 1));
    while (rig.blocked[1])
        run(&rig, nsim_event_queue_next_time(rig.box.events));
    CU_ASSERT_TRUE(is_there(&rig, 0));
    CU_ASSERT_TRUE(rig.box.mm->now_ps - before_ps >= 80 * NSIM_US && rig.box.mm->now_ps - before_ps < 90 * NSIM_US);
    CU_ASSERT_EQUAL(stats->pswpin, 1);
    CU_ASSERT_EQUAL(stats->pgmajfault, 1);
    rig_close(&rig);
}

/* A group stays within its limit although memory is free. */
static void
test_limit(void)
{
    Rig rig;
    NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    config.demotion = true;
    rig_open(&rig, 16, 16, 32, 4, 1, 2 << 20, &config);
    for (NsimPage page = 0; page < 2048; page++) {
        bring(&rig, 0, page);
        CU_ASSERT_TRUE(nsim_reclaim_lru(rig.reclaim)->resident[0] <= 512);
    }
    CU_ASSERT_EQUAL(nsim_reclaim_stats(rig.reclaim)->pgdemote[NSIM_BY_DIRECT], 0);
    CU_ASSERT_EQUAL(nsim_reclaim_stats(rig.reclaim)->pageoutrun, 0);
    rig_close(&rig);
}

/* Before time begins it takes none. */
static void
test_load(void)
{
    Rig rig;
    NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    config.demotion = true;
    rig_open(&rig, 4, 4, 32, 8, 512, 0, &config);
    CU_ASSERT_TRUE(nsim_mm_load(rig.box.mm, 0, 0));
    CU_ASSERT_EQUAL(rig.box.spaces[0]->resident_count, 4096);
    CU_ASSERT_TRUE(box_count(&rig.box, 0, 2) >= 2048);
    CU_ASSERT_EQUAL(nsim_reclaim_stats(rig.reclaim)->pswpout, 0);
    /* kswapd goes on when it does. */
    run(&rig, NSIM_TIME_MAX - 1);
    CU_ASSERT_TRUE(nsim_memory_free_pages(rig.box.memory, 0) >= nsim_reclaim_marks(rig.reclaim, 0)->high);
    rig_close(&rig);
}

static void
test_page_out(void)
{
    Rig rig;
    NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    config.demotion = true;
    rig_open(&rig, 16, 16, 32, 4, 512, 0, &config);
    (void)nsim_space_place(rig.box.spaces[0], 0, 2048, 0);
    CU_ASSERT_EQUAL(nsim_reclaim_page_out(rig.reclaim, 0, 512, 600, "kdamond.0", 0),
                    1024); /* two whole folios begin there */
    run(&rig, NSIM_TIME_MAX - 1);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 2), 1024);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 1), 0);
    CU_ASSERT_TRUE(g_array_index(rig.payers->charged_ps, NsimTime, nsim_payers_find(rig.payers, "kdamond.0")) > 0);
    rig_close(&rig);
}

/*
 * Two threads, one of them in the group. 10 to 20 the group's is held up, 15 to 30 the other; it ends at 25 while the
 * other, alone then, is all of them.
 */
static void
test_pressure(void)
{
    NsimPressure pressure;
    nsim_pressure_init(&pressure, 1);
    nsim_pressure_tasks(&pressure, 0, 0, 1);
    nsim_pressure_tasks(&pressure, 1, 0, 1);
    nsim_pressure_stall(&pressure, 0, 10, true);
    nsim_pressure_stall(&pressure, 1, 15, true);
    nsim_pressure_stall(&pressure, 0, 20, false);
    CU_ASSERT_EQUAL(nsim_pressure_total(&pressure, 1, 22, false), 12);
    nsim_pressure_tasks(&pressure, 0, 25, -1);
    nsim_pressure_stall(&pressure, 1, 30, false);
    CU_ASSERT_EQUAL(nsim_pressure_total(&pressure, 0, 40, false), 10);
    CU_ASSERT_EQUAL(nsim_pressure_total(&pressure, 0, 40, true), 10);
    CU_ASSERT_EQUAL(nsim_pressure_total(&pressure, 1, 40, false), 20);
    CU_ASSERT_EQUAL(nsim_pressure_total(&pressure, 1, 40, true), 10);
    nsim_pressure_forget(&pressure, 50);
    CU_ASSERT_EQUAL(nsim_pressure_total(&pressure, 1, 60, false), 0);
    nsim_pressure_clear(&pressure);
}

/* Too late: pages are there that nobody would know of. */
static void
test_late(void)
{
    Box box;
    g_autoptr(GError) error = NULL;
    g_autofree char *yaml = box_yaml(8, 8);
    box_open(&box, yaml);
    (void)box_add(&box, "w", 1, 1);
    box_start(&box);
    (void)nsim_space_place(box.spaces[0], 0, 1, 0);
    CU_ASSERT_FALSE(nsim_mm_need_frames(box.mm, &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    g_clear_error(&error);
    const NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    CU_ASSERT_FALSE(nsim_reclaim(&box.mm->host, &config, &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    box_close(&box);
}

/* Moves leave the reserve alone, and pages on a disk where they are. */
static void
test_moves(void)
{
    Rig rig;
    const NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
    rig_open(&rig, 16, 64, 32, 12, 1, 0, &config);
    const uint64_t min = nsim_reclaim_marks(rig.reclaim, 0)->min;
    (void)nsim_space_place(rig.box.spaces[0], 0, 4096 - min - 10, 0);
    (void)nsim_space_place(rig.box.spaces[0], 5000, 100, 1);
    CU_ASSERT_EQUAL(nsim_reclaim_page_out(rig.reclaim, 0, 5000, 50, "kdamond.0", 0), 50);
    run(&rig, NSIM_TIME_MAX - 1);
    (void)nsim_move(&rig.box.mm->host, 0, 5000, 100, 0, 0, 1, NSIM_REASON_PROMOTION, 0);
    run(&rig, NSIM_TIME_MAX - 1);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->pages, 10);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->failed_by_cause[NSIM_CAUSE_NO_DESTINATION], 40);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 2), 50);
    CU_ASSERT_EQUAL(nsim_memory_free_pages(rig.box.memory, 0), min);
    rig_close(&rig);
}

/* Threads touch what they like; some pages are used more than others. */
static void
press(Rig *rig, NsimRandom *random, uint32_t unit_pages)
{
    NsimSpace *space = rig->box.spaces[0];
    const uint32_t thread = (uint32_t)nsim_random_below(random, THREADS);
    NsimPage page = nsim_random_below(random, nsim_random_below(random, 2) == 0 ? space->page_count : 700);
    const uint16_t state = nsim_space_state(space, page);
    if (rig->blocked[thread])
        return;
    if ((state & NSIM_PAGE_ABSENT) != 0)
        (void)fault(rig, thread, page - page % unit_pages, unit_pages);
    else if ((state & (NSIM_PAGE_SWAPPED | NSIM_PAGE_MOVING)) == NSIM_PAGE_SWAPPED)
        (void)fault(rig, thread, page, 1);
    else if ((state & NSIM_PAGE_MOVING) == 0)
        nsim_space_change(space, page, 1, 0, NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY);
}

static void
test_random(void)
{
    static const uint32_t units[] = {1, 16, 512};
    for (uint64_t seed = 0; seed < 12; seed++) {
        Rig rig;
        NsimRandom random;
        NsimReclaimConfig config = NSIM_RECLAIM_DEFAULTS;
        nsim_random_init(&random, seed, "reclaim");
        config.demotion = seed % 2 == 0;
        config.demote_scale_factor = seed % 4 == 0 ? 500 : 0;
        rig_open(&rig, 6, 4 + (unsigned)nsim_random_below(&random, 8), 64, 12, units[seed % 3],
                 seed % 5 == 4 ? 8 << 20 : 0, &config);
        for (int batch = 0; batch < 40; batch++) {
            for (int i = 0; i < 100; i++) {
                press(&rig, &random, units[seed % 3]);
                if (nsim_random_below(&random, 8) == 0)
                    run(&rig, rig.box.mm->now_ps + nsim_random_below(&random, 50 * NSIM_US));
            }
            audit(&rig);
            if (seed % 5 == 4)
                CU_ASSERT_TRUE(nsim_reclaim_lru(rig.reclaim)->resident[0] <= 2048 + THREADS);
        }
        run(&rig, NSIM_TIME_MAX - 1);
        NsimPressure *pressure = nsim_reclaim_pressure(rig.reclaim);
        const NsimTime some_ps = nsim_pressure_total(pressure, 1, rig.box.mm->now_ps, false);
        CU_ASSERT_TRUE(nsim_pressure_total(pressure, 1, rig.box.mm->now_ps, true) <= some_ps);
        nsim_payers_check(rig.payers);
        rig_close(&rig);
    }
}

bool
test_reclaim_register(void)
{
    CU_pSuite suite = CU_add_suite("reclaim", NULL, NULL);
    return suite && CU_add_test(suite, "watermarks", test_marks) && CU_add_test(suite, "fallback", test_fallback) &&
           CU_add_test(suite, "kswapd demotes", test_demotion) && CU_add_test(suite, "nowhere to go", test_nowhere) &&
           CU_add_test(suite, "swap", test_swap) && CU_add_test(suite, "limit of a group", test_limit) &&
           CU_add_test(suite, "loading", test_load) && CU_add_test(suite, "page-out", test_page_out) &&
           CU_add_test(suite, "moves and reserves", test_moves) && CU_add_test(suite, "pressure", test_pressure) &&
           CU_add_test(suite, "too late", test_late) && CU_add_test(suite, "random pressure", test_random);
}
