/* SPDX-License-Identifier: MIT */
/*
 * Goal: the mover takes pages where they were asked to go, in the kernel's order, for what the formula says, books
 * every picosecond twice and never loses a page. Method: closed forms on a machine with round costs; each way a move
 * can end; and random requests under random failures, cancellations and full nodes, with all pages counted again
 * afterwards.
 */
#include "test-mm.h"

#include "box.h"

#include <mm/frames.h>
#include <mm/mover.h>
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

/* Round numbers: a base folio costs 1000 ns besides its copy, a huge one 2000. */
#define COSTS                                                                                                          \
    "migration: {call: 70us, start: 3us, isolate: 100ns, unmap: {folio: 200ns, entry: 100ns}, move: 300ns, remap: "    \
    "100ns, "                                                                                                          \
    "release: 200ns, split: 1us, flush: {base: 1us, target: 200ns, page: 0ns, ceiling: 33, stolen: 700ns}, dispatch: " \
    "1us, "                                                                                                            \
    "wake: 2us}\n"
/* Two engines, one of them far too slow. */
#define ENGINES                                                                                                        \
    "copy_engines:\n"                                                                                                  \
    "  - {id: E, at: C0, channels: 4, group: 2, window: 64, rate: 3GB/s, descriptor_max: 1MiB, list: 8, map: 50ns, "   \
    "submit: 500ns, descriptor: 100ns, completion: 1us, timeout: 10s}\n"                                               \
    "  - {id: slow, at: C0, channels: 2, window: 64, rate: 1MB/s, descriptor_max: 1MiB, list: 8, map: 50ns, "          \
    "submit: 500ns, descriptor: 100ns, completion: 1us, timeout: 1ms}\n"

#define WAKES_MAX 16u

typedef struct {
    Box box;
    NsimFabric *fabric;
    NsimCpus *cpus;
    NsimPayers *payers;
    NsimMover *mover;
    NsimFrames *frames; /* has to follow whatever the mover does */
    uint32_t space_groups[BOX_SPACES_MAX];
    NsimAccessorId space_accessors[BOX_SPACES_MAX];
    NsimOutcome outcomes[256];
    uint32_t outcome_count;
    NsimTime now_ps; /* of the last outcome */
    struct {
        uint32_t thread;
        NsimTime time_ps;
    } wakes[WAKES_MAX];
    uint32_t wake_count;
} Rig;

static void
note_done(void *context, const NsimOutcome *outcome)
{
    Rig *rig = context;
    rig->now_ps = outcome->time_ps;
    if (rig->outcome_count < G_N_ELEMENTS(rig->outcomes))
        rig->outcomes[rig->outcome_count] = *outcome;
    rig->outcome_count++;
}

static void
note_wake(void *context, uint32_t thread, NsimTime now_ps)
{
    Rig *rig = context;
    if (rig->wake_count < WAKES_MAX) {
        rig->wakes[rig->wake_count].thread = thread;
        rig->wakes[rig->wake_count].time_ps = now_ps;
    }
    rig->wake_count++;
}

/* A rig with one space of `frames` frames of units of `unit_pages`, all of it on node 2 (X), near nodes of `near_mib`.
 */
static void
rig_open(Rig *rig, unsigned near_mib, uint64_t frames, uint32_t unit_pages)
{
    g_autofree char *yaml = box_yaml(near_mib, 256);
    g_autofree char *full = g_strconcat(yaml, COSTS, ENGINES, NULL);
    *rig = (Rig){0};
    box_open(&rig->box, full);
    (void)box_add(&rig->box, "w", frames, unit_pages);
    rig->frames = nsim_frames_new(rig->box.memory, rig->box.spaces, rig->box.space_count, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->frames);
    (void)nsim_space_place(rig->box.spaces[0], 0, rig->box.spaces[0]->page_count, 2);
    for (uint32_t s = 0; s < BOX_SPACES_MAX; s++)
        rig->space_groups[s] = NSIM_GROUP_NONE;
    rig->fabric = nsim_fabric_new(rig->box.machine);
    rig->cpus = nsim_cpus_new(rig->box.machine);
}

static void
rig_start(Rig *rig, const NsimMoverConfig *config, const NsimGroup *groups, uint32_t group_count)
{
    rig->payers = nsim_payers_new(groups, group_count);
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
                                  .config = *config,
                                  .seed = 1};
    rig->mover = nsim_mover_new(&setup);
    nsim_mover_listen_done(rig->mover, note_done, rig);
    nsim_mover_listen_wake(rig->mover, note_wake, rig);
}

static void
rig_close(Rig *rig)
{
    nsim_mover_stop(rig->mover);
    nsim_frames_audit(rig->frames);
    nsim_frames_free(rig->frames);
    nsim_mover_free(rig->mover);
    nsim_payers_free(rig->payers);
    nsim_cpus_free(rig->cpus);
    nsim_fabric_free(rig->fabric);
    box_close(&rig->box);
}

static uint64_t
ask(Rig *rig, NsimPage page, uint32_t count, NsimNodeId node, uint32_t flags, NsimPage partner)
{
    const NsimInitiator initiator = {.thread = NSIM_THREAD_NONE, .core = NSIM_CORE_NONE};
    const NsimDecision decision = {.struct_size = sizeof decision,
                                   .kind = NSIM_DECIDE_MOVE,
                                   .flags = flags,
                                   .count = count,
                                   .page = page,
                                   .node = node,
                                   .accessor = 0,
                                   .queue = 1,
                                   .partner = partner};
    return nsim_mover_request(rig->mover, &decision, &initiator, rig->now_ps);
}

static void
run_all(Rig *rig)
{
    nsim_mover_set_ahead(rig->mover, NSIM_TIME_MAX);
    (void)nsim_event_queue_run(rig->box.events, NSIM_TIME_MAX - 1);
}

static NsimTime
total_cost(const Rig *rig)
{
    NsimTime sum = 0;
    for (int p = 0; p < NSIM_PHASES; p++)
        sum += rig->payers->cost_ps[p];
    return sum;
}

/* ---- What a move costs --------------------------------------------------------------------------------------------
 */

static void
test_costs_of_base_pages(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 2, 1);
    rig_start(&rig, &config, NULL, 0);
    const uint64_t token = ask(&rig, 0, 100, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcome_count, 1);
    CU_ASSERT_EQUAL(rig.outcomes[0].token, token);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 100);
    CU_ASSERT_EQUAL(rig.outcomes[0].failed_pages, 0);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 0), 100);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 2), 924);
    const NsimTime *cost_ps = rig.payers->cost_ps;
    CU_ASSERT_EQUAL(cost_ps[NSIM_PHASE_ISOLATE], 3 * NSIM_US + 100 * 100 * NSIM_NS);
    CU_ASSERT_EQUAL(cost_ps[NSIM_PHASE_UNMAP], 100 * 300 * NSIM_NS);
    CU_ASSERT_EQUAL(cost_ps[NSIM_PHASE_FLUSH], 0); /* nobody else runs this address space */
    CU_ASSERT_EQUAL(cost_ps[NSIM_PHASE_REMAP], 100 * 400 * NSIM_NS);
    CU_ASSERT_EQUAL(cost_ps[NSIM_PHASE_RELEASE], 100 * 200 * NSIM_NS);
    CU_ASSERT_EQUAL(cost_ps[NSIM_PHASE_WAIT], 0);
    /* A kernel thread was woken for it; nothing runs beside the core's own work. */
    CU_ASSERT_EQUAL(rig.outcomes[0].time_ps, 2 * NSIM_US + total_cost(&rig));
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->batches, 1);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->promoted_pages, 100);
    rig_close(&rig);
}

/* A copy of a 4 KiB page by itself: 16 lines (half of the stream window) are read at a time, each for the latency of X.
 */
static void
test_copy_of_one_page(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 1, 0, 0, 0);
    run_all(&rig);
    /* Bounds: no faster than its lines cross the slowest resource (X: 64 at 6.4 ns), no slower than 4 lines at a time.
     */
    const NsimTime copy_ps = rig.payers->cost_ps[NSIM_PHASE_COPY];
    CU_ASSERT(copy_ps >= 64 * 6400);
    CU_ASSERT(copy_ps <= 16 * 300 * NSIM_NS);
    /* Little: 64 reads of 200 ns through the half of the window that they have. */
    CU_ASSERT(copy_ps >= 64 * 200 * NSIM_NS / 16);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->copied_bytes[NSIM_COPIER_CPU], 4096);
    rig_close(&rig);
}

static void
test_huge_pages(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 4, 512);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 1024, 0, 0, 0);
    run_all(&rig);
    const NsimMoverStats *stats = nsim_mover_stats(rig.mover);
    CU_ASSERT_EQUAL(stats->pages, 1024);
    CU_ASSERT_EQUAL(stats->thp_success, 2);
    CU_ASSERT_EQUAL(stats->thp_split, 0);
    /* One entry each. */
    CU_ASSERT_EQUAL(rig.payers->cost_ps[NSIM_PHASE_UNMAP], 2 * 300 * NSIM_NS);
    /* The whole frame stays uniform. */
    CU_ASSERT_EQUAL(rig.box.spaces[0]->heads[0] & NSIM_HEAD_SPLIT, 0);
    /* Part of one: it is split, and its pages move by themselves from then on. */
    (void)ask(&rig, 1024, 10, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(stats->thp_split, 1);
    CU_ASSERT_EQUAL(stats->pages, 1034);
    (void)ask(&rig, 1024, 512, 1, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(stats->thp_split, 1);
    CU_ASSERT_EQUAL(stats->thp_success, 2);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 1), 512);
    rig_close(&rig);
}

static void
test_batches(void)
{
    Rig rig;
    NsimMoverConfig config = nsim_mover_config_default();
    config.batch_pages = 64;
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 200, 0, 0, 0);
    (void)ask(&rig, 200, 56, 0, 0, 0); /* goes with the first: 256 pages, four batches, one list */
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcome_count, 2);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->batches, 4);
    CU_ASSERT_EQUAL(rig.payers->cost_ps[NSIM_PHASE_ISOLATE], 3 * NSIM_US + 256 * 100 * NSIM_NS);
    rig_close(&rig);
}

/* Folio by folio the first page is back early; by batch all of them wait for the whole copy. */
static void
test_flows(void)
{
    NsimTime first_ps[2], longest_ps[2];
    for (int flow = 0; flow < 2; flow++) {
        Rig rig;
        NsimMoverConfig config = nsim_mover_config_default();
        config.flow = flow == 0 ? NSIM_FLOW_FOLIO : NSIM_FLOW_BATCH;
        rig_open(&rig, 64, 1, 1);
        rig_start(&rig, &config, NULL, 0);
        (void)ask(&rig, 0, 256, 0, 0, 0);
        nsim_mover_set_ahead(rig.mover, NSIM_TIME_MAX);
        /* Touched just after its unmapping: two threads at the first and the last page. */
        for (NsimTime t = 0; (nsim_space_state(rig.box.spaces[0], 0) & NSIM_PAGE_MOVING) == 0; t += 100 * NSIM_NS)
            (void)nsim_event_queue_run(rig.box.events, t);
        nsim_mover_block(rig.mover, 0, 0, 7, 0);
        run_all(&rig);
        CU_ASSERT_EQUAL_FATAL(rig.wake_count, 1);
        CU_ASSERT_EQUAL(rig.wakes[0].thread, 7);
        CU_ASSERT_EQUAL(nsim_mover_blocked(rig.mover)->count, 1);
        first_ps[flow] = rig.wakes[0].time_ps;
        longest_ps[flow] = nsim_mover_away(rig.mover)->max;
        rig_close(&rig);
    }
    CU_ASSERT(first_ps[0] < first_ps[1]);
    CU_ASSERT(longest_ps[1] >= longest_ps[0] / 2);
}

/* Other cores that ran the address space are interrupted: each loses its time, and the initiator waits for all. */
static void
test_shootdown(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    for (uint32_t core = 0; core < 4; core++)
        nsim_mover_set_mask(rig.mover, 0, nsim_cpus_find(rig.cpus, 0, core));
    nsim_mover_name_queue(rig.mover, 1, "me", nsim_cpus_find(rig.cpus, 0, 0));
    (void)ask(&rig, 0, 100, 0, 0, 0);
    run_all(&rig);
    /* Three targets: base + 3 x target, and 3 x stolen. */
    CU_ASSERT_EQUAL(rig.payers->cost_ps[NSIM_PHASE_FLUSH], 1600 * NSIM_NS + 3 * 700 * NSIM_NS);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->shootdowns, 3);
    CU_ASSERT_EQUAL(rig.cpus->cores[nsim_cpus_find(rig.cpus, 0, 2)].kernel_ps, 700 * NSIM_NS);
    rig_close(&rig);
}

/* ---- Copiers --------------------------------------------------------------------------------------------------------
 */

static NsimTime
time_with(NsimMoverConfig config, uint32_t unit_pages)
{
    Rig rig;
    rig_open(&rig, 64, 16, unit_pages);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 4096, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(box_count(&rig.box, 0, 0), 4096);
    const NsimTime end_ps = rig.outcomes[0].time_ps;
    rig_close(&rig);
    return end_ps;
}

static void
test_workers(void)
{
    NsimMoverConfig config = nsim_mover_config_default();
    config.batch_pages = 4096;
    const NsimTime one_ps = time_with(config, 512);
    config.copier = NSIM_COPIER_MTCPU;
    config.threads = 2;
    const NsimTime two_ps = time_with(config, 512);
    config.threads = 4;
    const NsimTime four_ps = time_with(config, 512);
    CU_ASSERT(two_ps < one_ps);
    CU_ASSERT(four_ps < two_ps);
    /* X carries 10 GB/s: no more than that however many copy. */
    CU_ASSERT(four_ps >= 16777216 * 100);
    /* A single huge page is cut among the workers. */
    config.batch_pages = 512;
    CU_ASSERT(time_with(config, 512) < one_ps);
}

static void
test_nt_stores(void)
{
    NsimMoverConfig config = nsim_mover_config_default();
    Rig rig;
    config.nt = true;
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 64, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig.fabric, 2, NSIM_DIR_READ), 64 * 64);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig.fabric, 0, NSIM_DIR_READ), 0);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig.fabric, 0, NSIM_DIR_WRITE), 64 * 64);
    rig_close(&rig);
    config.nt = false;
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 64, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig.fabric, 0, NSIM_DIR_READ), 64 * 64);
    rig_close(&rig);
}

/* Four channels of 3 GB/s each; X carries 10. */
static void
test_engine(void)
{
    NsimMoverConfig config = nsim_mover_config_default();
    config.batch_pages = 4096;
    config.copier = NSIM_COPIER_DMA;
    config.channels = 1;
    const NsimTime one_ps = time_with(config, 512);
    config.channels = 2;
    const NsimTime two_ps = time_with(config, 512);
    config.channels = 0;
    const NsimTime all_ps = time_with(config, 512);
    CU_ASSERT_DOUBLE_EQUAL((double)one_ps, 16777216 / 3e9 * 1e12, 0.02 * (double)one_ps);
    CU_ASSERT_DOUBLE_EQUAL((double)two_ps, 16777216 / 6e9 * 1e12, 0.02 * (double)two_ps);
    CU_ASSERT(all_ps < two_ps && all_ps >= 16777216 * 100);
}

/* What an engine costs the core that uses it: 4096 pages in lists of 8 on 4 channels. */
static void
test_costs_of_an_engine(void)
{
    Rig rig;
    NsimMoverConfig config = nsim_mover_config_default();
    config.copier = NSIM_COPIER_DMA;
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 512, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 512);
    CU_ASSERT_EQUAL(rig.payers->cost_ps[NSIM_PHASE_COPY], 512 * 50 * NSIM_NS + 64 * (500 * NSIM_NS + NSIM_US));
    CU_ASSERT(rig.payers->cost_ps[NSIM_PHASE_WAIT] > 0);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->copied_bytes[NSIM_COPIER_DMA], 512 * 4096);
    /* No fetches for ownership. */
    CU_ASSERT_EQUAL(nsim_fabric_node_lines(rig.fabric, 0, NSIM_DIR_READ), 0);
    rig_close(&rig);
}

/* An engine that does not come to an end: its lists are copied by the core, once each. */
static void
test_slow_engine(void)
{
    Rig rig;
    NsimMoverConfig config = nsim_mover_config_default();
    config.copier = NSIM_COPIER_DMA;
    config.engine = "slow";
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 64, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcome_count, 1);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 64);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->copied_bytes[NSIM_COPIER_CPU], 64 * 4096);
    CU_ASSERT(rig.outcomes[0].time_ps > NSIM_MS && rig.outcomes[0].time_ps < 2 * NSIM_MS);
    rig_close(&rig);
}

/* The predicted copier is not much worse than the best one. */
static void
test_auto(void)
{
    for (uint32_t unit = 1; unit <= 512; unit *= 8) {
        NsimTime best_ps = NSIM_TIME_MAX, auto_ps = 0;
        for (uint32_t copier = 0; copier < NSIM_COPIERS; copier++) {
            NsimMoverConfig config = nsim_mover_config_default();
            config.batch_pages = 4096;
            config.flow = NSIM_FLOW_BATCH;
            config.copier = copier;
            const NsimTime time_ps = time_with(config, unit);
            if (copier == NSIM_COPIER_AUTO)
                auto_ps = time_ps;
            else
                best_ps = MIN(best_ps, time_ps);
        }
        CU_ASSERT(auto_ps <= best_ps + best_ps / 20);
    }
}

/* ---- Ways a move can end
 * --------------------------------------------------------------------------------------------- */

static void
test_no_room(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 2, 4, 1); /* D0 has 512 pages */
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 1500, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 512);
    CU_ASSERT_EQUAL(rig.outcomes[0].failed_pages, 988);
    CU_ASSERT_EQUAL(rig.outcomes[0].cause, NSIM_CAUSE_NO_DESTINATION);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->failed_by_cause[NSIM_CAUSE_NO_DESTINATION], 988);
    rig_close(&rig);
}

/* A huge page that does not fit is split, and what fits goes. */
static void
test_no_room_for_a_huge_page(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 3, 4, 512); /* D0 has 768 pages */
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 1024, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 768);
    CU_ASSERT_EQUAL(rig.outcomes[0].failed_pages, 256);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->thp_split, 1);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->thp_success, 1);
    rig_close(&rig);
}

/* Always locked: ten passes in asynchronous mode, three with the batch and seven alone in synchronous mode. */
static void
test_locked(void)
{
    for (int sync = 0; sync < 2; sync++) {
        Rig rig;
        NsimMoverConfig config = nsim_mover_config_default();
        config.locked_ppm = 1000000;
        rig_open(&rig, 64, 1, 1);
        rig_start(&rig, &config, NULL, 0);
        (void)ask(&rig, 0, 5, 0, sync ? NSIM_MOVE_SYNC : 0, 0);
        run_all(&rig);
        CU_ASSERT_EQUAL(rig.outcome_count, 1);
        CU_ASSERT_EQUAL(rig.outcomes[0].failed_pages, 5);
        CU_ASSERT_EQUAL(rig.outcomes[0].cause, NSIM_CAUSE_LOCKED);
        CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->retried_pages, 50);
        CU_ASSERT_EQUAL(box_count(&rig.box, 0, 2), 512);
        rig_close(&rig);
    }
}

static void
test_cancelled(void)
{
    Rig rig;
    NsimMoverConfig config = nsim_mover_config_default();
    config.batch_pages = 16;
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    const uint64_t token = ask(&rig, 0, 512, 0, 0, 0);
    (void)nsim_event_queue_run(rig.box.events, 10 * NSIM_US); /* the first batch is under way */
    CU_ASSERT(nsim_mover_cancel(rig.mover, token));
    CU_ASSERT_FALSE(nsim_mover_cancel(rig.mover, token));
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcome_count, 1);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 16);
    CU_ASSERT_EQUAL(rig.outcomes[0].failed_pages, 496);
    CU_ASSERT_EQUAL(rig.outcomes[0].cause, NSIM_CAUSE_CANCELLED);
    CU_ASSERT_FALSE(nsim_mover_cancel(rig.mover, token));
    rig_close(&rig);
}

static void
test_skipped(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 512, 2, 0, 0); /* they are there */
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcome_count, 1);
    CU_ASSERT_EQUAL(rig.outcomes[0].skipped_pages, 512);
    CU_ASSERT_EQUAL(total_cost(&rig), 0);
    rig_close(&rig);
}

static void
test_ping_pong(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 10, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->ping_pong_pages, 0);
    (void)ask(&rig, 0, 4, 2, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->ping_pong_pages, 4);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->demoted_pages, 4);
    rig_close(&rig);
}

/* ---- Exchange and transactions
 * ----------------------------------------------------------------------------------------- */

static void
test_exchange(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 2, 2, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 512, 0, 0, 0); /* D0 is full now */
    run_all(&rig);
    (void)ask(&rig, 600, 8, 0, NSIM_MOVE_EXCHANGE, 100);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[1].moved_pages, 8);
    CU_ASSERT_EQUAL(nsim_space_state(rig.box.spaces[0], 600) & NSIM_PAGE_NODE, 0);
    CU_ASSERT_EQUAL(nsim_space_state(rig.box.spaces[0], 100) & NSIM_PAGE_NODE, 2);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->exchanged_pages, 8);
    /* Partners that are not on the node cannot take part. */
    (void)ask(&rig, 700, 8, 0, NSIM_MOVE_EXCHANGE, 800);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[2].failed_pages, 8);
    rig_close(&rig);
}

static void
test_transaction(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    NsimSpace *space = rig.box.spaces[0];
    (void)ask(&rig, 0, 10, 0, NSIM_MOVE_TRANSACTIONAL, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 10);
    CU_ASSERT_EQUAL(space->copy_count, 10); /* shadows on X */
    CU_ASSERT_EQUAL(rig.box.memory->nodes[2].used_pages, 512);
    CU_ASSERT(nsim_space_has_shadow(space, 3, 2));
    /* One is written to: its shadow goes. The clean ones go back without a copy. */
    CU_ASSERT_EQUAL(nsim_space_drop_copies(space, 3), 1);
    nsim_space_set_state(space, 3, nsim_space_state(space, 3) | NSIM_PAGE_DIRTY);
    const uint64_t copied = nsim_mover_stats(rig.mover)->copied_bytes[NSIM_COPIER_CPU];
    (void)ask(&rig, 0, 10, 2, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->shadow_pages, 9);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->copied_bytes[NSIM_COPIER_CPU] - copied, 4096);
    CU_ASSERT_EQUAL(space->copy_count, 0);
    CU_ASSERT_EQUAL(rig.box.memory->nodes[0].used_pages, 0);
    rig_close(&rig);
}

/* Written to while it was copied: copied again, and given up after the retries. */
static void
test_disturbed_transaction(void)
{
    Rig rig;
    NsimMoverConfig config = nsim_mover_config_default();
    config.transaction_retries = 2;
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    NsimSpace *space = rig.box.spaces[0];
    (void)ask(&rig, 0, 2, 0, NSIM_MOVE_TRANSACTIONAL, 0);
    nsim_mover_set_ahead(rig.mover, NSIM_TIME_MAX);
    for (NsimTime t = 0; rig.outcome_count == 0; t += 10 * NSIM_NS) {
        (void)nsim_event_queue_run(rig.box.events, t);
        /* Somebody writes to page 0 all the time. */
        if ((nsim_space_state(space, 0) & NSIM_PAGE_MOVING) == 0)
            nsim_space_set_state(space, 0, nsim_space_state(space, 0) | NSIM_PAGE_DIRTY);
    }
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 1);
    CU_ASSERT_EQUAL(rig.outcomes[0].failed_pages, 1);
    CU_ASSERT_EQUAL(rig.outcomes[0].cause, NSIM_CAUSE_DIRTIED);
    CU_ASSERT_EQUAL(nsim_mover_stats(rig.mover)->retried_pages, 3);
    CU_ASSERT_EQUAL(nsim_space_state(space, 0) & NSIM_PAGE_NODE, 2);
    CU_ASSERT_EQUAL(nsim_space_state(space, 1) & NSIM_PAGE_NODE, 0);
    rig_close(&rig);
}

/* Shadows give way to pages that need their memory. */
static void
test_shadows_are_reclaimed(void)
{
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 1, 1);
    rig_start(&rig, &config, NULL, 0);
    (void)ask(&rig, 0, 100, 0, NSIM_MOVE_TRANSACTIONAL, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.box.spaces[0]->copy_count, 100);
    NsimSpace *const *spaces = rig.box.spaces;
    nsim_spaces_reclaim_shadows(spaces, 1, 2, nsim_memory_free_pages(rig.box.memory, 2) + 30);
    CU_ASSERT_EQUAL(rig.box.spaces[0]->copy_count, 70);
    CU_ASSERT_FALSE(nsim_space_has_shadow(rig.box.spaces[0], 0, 2)); /* the oldest went */
    CU_ASSERT(nsim_space_has_shadow(rig.box.spaces[0], 99, 2));
    rig_close(&rig);
}

/* ---- Who pays
 * --------------------------------------------------------------------------------------------------------- */

static NsimTime
charged(const Rig *rig, const char *name)
{
    return g_array_index(rig->payers->charged_ps, NsimTime, nsim_payers_find(rig->payers, name));
}

static void
test_attribution(void)
{
    static const char *const payers[] = {[NSIM_ATTRIBUTE_INITIATOR] = "kdamond.0",
                                         [NSIM_ATTRIBUTE_THREAD] = "kdamond.0",
                                         [NSIM_ATTRIBUTE_DESTINATION] = "group:tenant",
                                         [NSIM_ATTRIBUTE_ROOT] = "root"};
    const NsimGroup group = {.name = (char *)(uintptr_t) "tenant"};
    for (uint32_t a = 0; a <= NSIM_ATTRIBUTE_ROOT; a++) {
        Rig rig;
        NsimMoverConfig config = nsim_mover_config_default();
        config.attribution = a;
        config.copier = NSIM_COPIER_MTCPU;
        rig_open(&rig, 64, 1, 1);
        rig.space_groups[0] = 0;
        rig_start(&rig, &config, &group, 1);
        nsim_mover_name_queue(rig.mover, 1, "kdamond.0", nsim_cpus_find(rig.cpus, 0, 0));
        nsim_mover_set_mask(rig.mover, 0, nsim_cpus_find(rig.cpus, 1, 0));
        (void)ask(&rig, 0, 100, 0, 0, 0);
        run_all(&rig);
        nsim_payers_check(rig.payers);
        if (payers[a] != NULL) {
            CU_ASSERT_EQUAL(charged(&rig, payers[a]), total_cost(&rig));
        } else {
            /* Everybody for his own core: copy workers, the interrupted CPU, the thread that asked. */
            CU_ASSERT_EQUAL(charged(&rig, "C1"), 700 * NSIM_NS);
            CU_ASSERT(charged(&rig, "worker") > 0);
            CU_ASSERT_EQUAL(charged(&rig, "C1") + charged(&rig, "worker") + charged(&rig, "kdamond.0"),
                            total_cost(&rig));
        }
        rig_close(&rig);
    }
}

/* 8 MB/s with a burst of one batch: 1000 pages take half a second. */
static void
test_budget_of_bytes(void)
{
    const NsimGroup group = {.name = (char *)(uintptr_t) "tenant", .bytes_per_s = 8192000, .bytes_burst = 8192};
    Rig rig;
    NsimMoverConfig config = nsim_mover_config_default();
    config.batch_pages = 2;
    rig_open(&rig, 64, 2, 1);
    rig.space_groups[0] = 0;
    rig_start(&rig, &config, &group, 1);
    (void)ask(&rig, 0, 1000, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 1000);
    CU_ASSERT_DOUBLE_EQUAL((double)rig.outcomes[0].time_ps, 0.5e12, 0.005e12);
    CU_ASSERT_EQUAL(rig.payers->groups[0].migrated_bytes, 4096000);
    CU_ASSERT(rig.payers->groups[0].throttled_ps > 400 * NSIM_MS);
    rig_close(&rig);
}

/* 1 % of a core. */
static void
test_budget_of_cpu(void)
{
    const NsimGroup group = {.name = (char *)(uintptr_t) "tenant", .cpu_ppm = 10000, .cpu_burst_ps = 10 * NSIM_US};
    Rig rig;
    NsimMoverConfig config = nsim_mover_config_default();
    config.batch_pages = 8;
    rig_open(&rig, 64, 2, 1);
    rig.space_groups[0] = 0;
    rig_start(&rig, &config, &group, 1);
    (void)ask(&rig, 0, 1000, 0, 0, 0);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 1000);
    CU_ASSERT_EQUAL(rig.payers->groups[0].cpu_ps, total_cost(&rig));
    CU_ASSERT_DOUBLE_EQUAL((double)rig.outcomes[0].time_ps, (double)total_cost(&rig) * 100,
                           (double)total_cost(&rig) * 2);
    rig_close(&rig);
}

/* A thread that moves in its fault does the work itself, and goes on afterwards. Without budget it does not wait. */
static void
test_fault(void)
{
    const NsimGroup group = {.name = (char *)(uintptr_t) "tenant", .bytes_per_s = 4096, .bytes_burst = 1};
    Rig rig;
    const NsimMoverConfig config = nsim_mover_config_default();
    rig_open(&rig, 64, 1, 1);
    rig.space_groups[0] = 0;
    rig_start(&rig, &config, &group, 1);
    const NsimInitiator initiator = {.thread = 3, .core = nsim_cpus_find(rig.cpus, 1, 2), .payer = "C1"};
    NsimDecision decision = {
        .struct_size = sizeof decision, .kind = NSIM_DECIDE_MOVE, .count = 1, .node = 1, .accessor = 1};
    (void)nsim_mover_request(rig.mover, &decision, &initiator, NSIM_US);
    CU_ASSERT(nsim_mover_waits(rig.mover, 3));
    run_all(&rig);
    CU_ASSERT_FALSE(nsim_mover_waits(rig.mover, 3));
    CU_ASSERT_EQUAL(rig.wake_count, 1);
    CU_ASSERT_EQUAL(rig.outcomes[0].moved_pages, 1);
    CU_ASSERT_EQUAL(charged(&rig, "C1"), total_cost(&rig));
    CU_ASSERT_EQUAL(rig.wakes[0].time_ps, NSIM_US + total_cost(&rig));
    CU_ASSERT_EQUAL(rig.cpus->cores[initiator.core].kernel_ps, total_cost(&rig));
    decision.page = 1;
    (void)nsim_mover_request(rig.mover, &decision, &initiator, rig.wakes[0].time_ps);
    run_all(&rig);
    CU_ASSERT_EQUAL(rig.wake_count, 2);
    CU_ASSERT_EQUAL(rig.outcomes[1].cause, NSIM_CAUSE_THROTTLED);
    CU_ASSERT_EQUAL(rig.payers->groups[0].throttled_pages, 1);
    rig_close(&rig);
}

/* ---- Anything at all
 * --------------------------------------------------------------------------------------------------- */

/* Random requests of all kinds on several queues, with failures, cancellations and nodes that run full. */
static void
random_round(uint64_t seed)
{
    Rig rig;
    NsimRandom random;
    nsim_random_init(&random, seed, "test-mover");
    NsimMoverConfig config = nsim_mover_config_default();
    config.copier = (uint32_t)nsim_random_below(&random, NSIM_COPIERS);
    config.flow = (uint32_t)nsim_random_below(&random, 3);
    config.spread = (uint32_t)nsim_random_below(&random, 5);
    config.scale = (uint32_t)nsim_random_below(&random, 4);
    config.attribution = (uint32_t)nsim_random_below(&random, 5);
    config.batch_pages = 1 + nsim_random_below(&random, 600);
    config.threads = 1 + nsim_random_below(&random, 6);
    config.transactional = nsim_random_below(&random, 3) == 0;
    config.locked_ppm = nsim_random_below(&random, 3) * 200000;
    config.pinned_ppm = nsim_random_below(&random, 2) * 50000;
    config.writeback_ppm = nsim_random_below(&random, 2) * 50000;
    const uint32_t unit = nsim_random_below(&random, 2) == 0 ? 1 : nsim_random_below(&random, 2) == 0 ? 16 : 512;
    rig_open(&rig, 3, 4, unit);
    nsim_fabric_watch(rig.fabric);
    rig_start(&rig, &config, NULL, 0);
    for (uint32_t core = 0; core < 4; core++)
        nsim_mover_set_mask(rig.mover, 0, core);
    uint64_t asked = 0, tokens = 0;
    NsimTime now_ps = 0;
    for (int i = 0; i < 60; i++) {
        const uint32_t count = 1 + (uint32_t)nsim_random_below(&random, 700);
        const NsimPage page = nsim_random_below(&random, 2048 - count);
        const uint32_t flags = (uint32_t)nsim_random_below(&random, 8);
        const NsimPage partner = nsim_random_below(&random, 2048 - count);
        const NsimInitiator initiator = {.thread = NSIM_THREAD_NONE, .core = NSIM_CORE_NONE};
        const NsimInitiator fault = {.thread = (uint32_t)i, .core = 1, .payer = "C0"};
        const bool in_fault = nsim_random_below(&random, 8) == 0;
        const NsimDecision decision = {.struct_size = sizeof decision,
                                       .kind = NSIM_DECIDE_MOVE,
                                       .flags = flags,
                                       .count = count,
                                       .page = page,
                                       .node = (NsimNodeId)nsim_random_below(&random, 3),
                                       .accessor = (NsimAccessorId)nsim_random_below(&random, 2),
                                       .queue = 1 + (uint32_t)nsim_random_below(&random, 3),
                                       .partner = partner};
        tokens = nsim_mover_request(rig.mover, &decision, in_fault ? &fault : &initiator, now_ps);
        asked += count;
        if (nsim_random_below(&random, 5) == 0)
            (void)nsim_mover_cancel(rig.mover, 1 + nsim_random_below(&random, tokens));
        now_ps += nsim_random_below(&random, 300 * NSIM_US);
        nsim_mover_set_ahead(rig.mover, now_ps);
        (void)nsim_event_queue_run(rig.box.events, now_ps);
        uint64_t taken[3];
        for (NsimNodeId n = 0; n < 3; n++)
            taken[n] = nsim_mover_taken(rig.mover, n);
        nsim_space_audit((const NsimSpace *const *)rig.box.spaces, 1, rig.box.memory, taken);
    }
    const bool stop_early = nsim_random_below(&random, 2) == 0;
    if (!stop_early) {
        run_all(&rig);
        uint64_t accounted = 0;
        for (uint32_t i = 0; i < rig.outcome_count; i++)
            accounted += rig.outcomes[i].moved_pages + rig.outcomes[i].failed_pages + rig.outcomes[i].skipped_pages;
        CU_ASSERT_EQUAL(rig.outcome_count, 60);
        CU_ASSERT_EQUAL(accounted, asked);
        CU_ASSERT_FALSE(nsim_mover_busy(rig.mover));
        for (NsimPage page = 0; page < 2048; page++)
            CU_ASSERT_EQUAL(nsim_space_state(rig.box.spaces[0], page) & NSIM_PAGE_MOVING, 0);
    }
    rig_close(&rig);
}

static void
test_random(void)
{
    for (uint64_t seed = 1; seed <= 60; seed++)
        random_round(seed);
}

bool
test_mover_register(void)
{
    CU_pSuite suite = CU_add_suite("mover", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "costs of base pages", test_costs_of_base_pages) != NULL &&
           CU_add_test(suite, "copy of one page", test_copy_of_one_page) != NULL &&
           CU_add_test(suite, "huge pages", test_huge_pages) != NULL &&
           CU_add_test(suite, "batches", test_batches) != NULL && CU_add_test(suite, "flows", test_flows) != NULL &&
           CU_add_test(suite, "shootdown", test_shootdown) != NULL &&
           CU_add_test(suite, "workers", test_workers) != NULL &&
           CU_add_test(suite, "nt stores", test_nt_stores) != NULL &&
           CU_add_test(suite, "engine", test_engine) != NULL &&
           CU_add_test(suite, "costs of an engine", test_costs_of_an_engine) != NULL &&
           CU_add_test(suite, "slow engine", test_slow_engine) != NULL &&
           CU_add_test(suite, "auto", test_auto) != NULL && CU_add_test(suite, "no room", test_no_room) != NULL &&
           CU_add_test(suite, "no room for a huge page", test_no_room_for_a_huge_page) != NULL &&
           CU_add_test(suite, "locked", test_locked) != NULL &&
           CU_add_test(suite, "cancelled", test_cancelled) != NULL &&
           CU_add_test(suite, "skipped", test_skipped) != NULL &&
           CU_add_test(suite, "ping-pong", test_ping_pong) != NULL &&
           CU_add_test(suite, "exchange", test_exchange) != NULL &&
           CU_add_test(suite, "transaction", test_transaction) != NULL &&
           CU_add_test(suite, "disturbed transaction", test_disturbed_transaction) != NULL &&
           CU_add_test(suite, "shadows are reclaimed", test_shadows_are_reclaimed) != NULL &&
           CU_add_test(suite, "attribution", test_attribution) != NULL &&
           CU_add_test(suite, "budget of bytes", test_budget_of_bytes) != NULL &&
           CU_add_test(suite, "budget of cpu", test_budget_of_cpu) != NULL &&
           CU_add_test(suite, "fault", test_fault) != NULL && CU_add_test(suite, "random", test_random) != NULL;
}
