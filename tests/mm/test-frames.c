/* SPDX-License-Identifier: MIT */
/*
 * Goal: every page in memory has one frame of its node, handed out as the kernel's page allocator does. Method: orders
 * that follow from the rules by hand, and random moves and exchanges with everything counted again after each batch.
 * The tests of the space and of the mover audit frames as well.
 */
#include "test-mm.h"

#include "box.h"

#include <mm/frames.h>
#include <string.h>

#include <CUnit/CUnit.h>

typedef struct {
    Box box;
    NsimFrames *frames;
    uint32_t added, removed, splits; /* what the listener heard; splits: folios more */
} Rig;

static void
hear_added(void *context, uint32_t frame, bool fresh)
{
    Rig *rig = context;
    (void)frame;
    (void)fresh;
    rig->added++;
}

static void
hear_removed(void *context, uint32_t frame)
{
    Rig *rig = context;
    CU_ASSERT_TRUE(nsim_frames_used(rig->frames, frame));
    rig->removed++;
}

static void
hear_split(void *context, uint32_t frame, uint32_t count)
{
    Rig *rig = context;
    (void)frame;
    rig->splits += count - 1;
}

static void
rig_open(Rig *rig, unsigned near_kib, uint64_t frame_count, uint32_t unit_pages)
{
    g_autofree char *yaml =
        g_strdup_printf("accessors: [{id: C}]\n"
                        "nodes:\n"
                        "  - {id: A, kind: dram, capacity: %uKiB, latency: 80ns, read: 1GB/s, at: C}\n"
                        "  - {id: S, kind: disk, capacity: 64MiB, latency: 80us, read: 1GB/s, at: C}\n"
                        "  - {id: B, kind: cxl, capacity: 32MiB, latency: 200ns, read: 1GB/s, at: C}\n",
                        near_kib);
    *rig = (Rig){0};
    box_open(&rig->box, yaml);
    (void)box_add(&rig->box, "w", frame_count, unit_pages);
    rig->frames = nsim_frames_new(rig->box.memory, rig->box.spaces, rig->box.space_count, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->frames);
    const NsimFramesListener listener = {hear_added, hear_removed, hear_split, rig};
    nsim_frames_listen(rig->frames, &listener);
}

static void
rig_close(Rig *rig)
{
    nsim_frames_audit(rig->frames);
    nsim_frames_free(rig->frames);
    box_close(&rig->box);
}

/* As the mover does. */
static void
move(Rig *rig, NsimPage page, uint64_t count, NsimNodeId node)
{
    NsimSpace *space = rig->box.spaces[0];
    const NsimNodeId from = nsim_space_state(space, page) & NSIM_PAGE_NODE;
    nsim_memory_take(rig->box.memory, node, count);
    nsim_space_move(space, page, count, node);
    nsim_memory_give(rig->box.memory, from, count);
}

static uint32_t
at(const Rig *rig, NsimPage page)
{
    return nsim_frames_of(rig->frames, 0, page);
}

static void
test_numbers(void)
{
    Rig rig;
    rig_open(&rig, 3 << 10, 1, 1); /* 768 frames: one block and a half */
    CU_ASSERT_EQUAL(nsim_frames_first(rig.frames, 0), 0);
    CU_ASSERT_EQUAL(nsim_frames_count(rig.frames, 0), 768);
    CU_ASSERT_EQUAL(nsim_frames_count(rig.frames, 1), 0);
    CU_ASSERT_EQUAL(nsim_frames_first(rig.frames, 2), 1024);
    CU_ASSERT_EQUAL(nsim_frames_end(rig.frames), 1024 + 8192);
    CU_ASSERT_EQUAL(nsim_frames_node(rig.frames, 767), 0);
    CU_ASSERT_EQUAL(nsim_frames_node(rig.frames, 768), NSIM_NODE_NONE);
    CU_ASSERT_EQUAL(nsim_frames_node(rig.frames, 1024), 2);
    CU_ASSERT_EQUAL(at(&rig, 0), NSIM_FRAME_NONE);
    rig_close(&rig);
}

static void
test_order(void)
{
    Rig rig;
    rig_open(&rig, 3 << 10, 2, 1);
    /* The smallest free blocks first: the 256 frames behind the whole block, then it, ascending. */
    CU_ASSERT_EQUAL(nsim_space_place(rig.box.spaces[0], 0, 700, 0), 700);
    CU_ASSERT_EQUAL(at(&rig, 0), 512);
    CU_ASSERT_EQUAL(at(&rig, 255), 767);
    CU_ASSERT_EQUAL(at(&rig, 256), 0);
    CU_ASSERT_EQUAL(at(&rig, 699), 443);
    CU_ASSERT_EQUAL(nsim_frames_at(rig.frames, 443)->page, 699);
    /* What is freed last goes first. */
    move(&rig, 10, 1, 2);
    move(&rig, 20, 1, 2);
    CU_ASSERT_EQUAL(nsim_frames_used(rig.frames, 522), false);
    CU_ASSERT_EQUAL(at(&rig, 10), 1024);
    CU_ASSERT_EQUAL(nsim_space_place(rig.box.spaces[0], 800, 2, 0), 2);
    CU_ASSERT_EQUAL(at(&rig, 800), 532);
    CU_ASSERT_EQUAL(at(&rig, 801), 522);
    CU_ASSERT_EQUAL(rig.added, 704);
    CU_ASSERT_EQUAL(rig.removed, 2);
    rig_close(&rig);
}

static void
test_huge(void)
{
    Rig rig;
    uint32_t count;
    rig_open(&rig, 6 << 10, 4, 512);
    CU_ASSERT_EQUAL(nsim_space_place(rig.box.spaces[0], 0, 1024, 0), 1024);
    CU_ASSERT_EQUAL(at(&rig, 0), 0);
    CU_ASSERT_EQUAL(at(&rig, 1023), 1023);
    CU_ASSERT_EQUAL(nsim_frames_folio(rig.frames, 700, &count), 512);
    CU_ASSERT_EQUAL(count, 512);
    CU_ASSERT_TRUE((nsim_frames_at(rig.frames, 512)->flags & (NSIM_FRAME_HEAD | NSIM_FRAME_HUGE)) ==
                   (NSIM_FRAME_HEAD | NSIM_FRAME_HUGE));
    CU_ASSERT_EQUAL(rig.added, 2);
    /* Flags go with the folio, to a whole block. */
    nsim_frames_at(rig.frames, 0)->flags |= NSIM_FRAME_ACTIVE;
    move(&rig, 0, 512, 2);
    CU_ASSERT_EQUAL(at(&rig, 0), 1536);
    CU_ASSERT_TRUE((nsim_frames_at(rig.frames, 1536)->flags & NSIM_FRAME_ACTIVE) != 0);
    /* Part of one leaves it: it is base pages then, in their places. */
    nsim_space_split(rig.box.spaces[0], 512, 512);
    move(&rig, 600, 1, 2);
    CU_ASSERT_EQUAL(rig.splits, 511);
    CU_ASSERT_EQUAL(at(&rig, 1023), 1023);
    CU_ASSERT_EQUAL(nsim_frames_folio(rig.frames, 700, &count), 700);
    CU_ASSERT_EQUAL(count, 1);
    nsim_frames_audit(rig.frames);
    /* No whole block is left where another base page has come between. */
    CU_ASSERT_EQUAL(nsim_space_place(rig.box.spaces[0], 1024, 513, 0), 513);
    CU_ASSERT_EQUAL(at(&rig, 1024), 0);
    CU_ASSERT_EQUAL(at(&rig, 1536), 600);
    rig_close(&rig);
}

/* A unit that finds only single frames gets those; freed blocks join again. */
static void
test_fragments(void)
{
    Rig rig;
    uint32_t count;
    rig_open(&rig, 4 << 10, 4, 512);
    NsimSpace *space = rig.box.spaces[0];
    nsim_space_split(space, 0, 1024);
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 1, 0), 1);
    CU_ASSERT_EQUAL(nsim_space_place(space, 1536, 511, 0), 511); /* not whole: single frames */
    CU_ASSERT_EQUAL(nsim_space_place(space, 512, 1, 0), 1);      /* from the second block */
    move(&rig, 0, 1, 2);
    CU_ASSERT_EQUAL(nsim_space_place(space, 1024, 512, 0), 512);
    CU_ASSERT_EQUAL(nsim_frames_folio(rig.frames, at(&rig, 1024), &count), 0);
    CU_ASSERT_EQUAL(count, 1);
    nsim_frames_audit(rig.frames);
    for (NsimPage page = 1536; page < 2047; page++)
        move(&rig, page, 1, 2);
    for (NsimPage page = 1024; page < 1536; page++)
        move(&rig, page, 1, 2);
    move(&rig, 512, 1, 2);
    nsim_frames_audit(rig.frames);
    /* Both blocks are whole again, the one that joined last first. */
    move(&rig, 1024, 512, 0);
    CU_ASSERT_EQUAL(nsim_frames_folio(rig.frames, at(&rig, 1024), &count), 512);
    CU_ASSERT_EQUAL(count, 512);
    rig_close(&rig);
}

static void
test_disk(void)
{
    Rig rig;
    rig_open(&rig, 4 << 10, 1, 1);
    CU_ASSERT_EQUAL(nsim_space_place(rig.box.spaces[0], 0, 3, 0), 3);
    move(&rig, 1, 1, 1);
    CU_ASSERT_EQUAL(at(&rig, 1), NSIM_FRAME_NONE);
    move(&rig, 1, 1, 2);
    CU_ASSERT_EQUAL(at(&rig, 1), 1024);
    rig_close(&rig);
}

/* Some run of pages that are all on one node. */
static bool
choose_run(const Rig *rig, NsimRandom *random, NsimPage *ret_page, uint64_t *ret_count, NsimNodeId *ret_node)
{
    const NsimSpace *space = rig->box.spaces[0];
    const bool whole = nsim_random_below(random, 3) == 0;
    NsimPage page = nsim_random_below(random, space->page_count);
    uint64_t count = whole ? 512 : 1 + nsim_random_below(random, 40);
    uint16_t all, any;
    if (whole)
        page -= page % 512;
    count = MIN(count, space->page_count - page);
    nsim_space_survey(space, page, count, &all, &any);
    *ret_page = page;
    *ret_count = count;
    *ret_node = any & NSIM_PAGE_NODE;
    return (any & NSIM_PAGE_ABSENT) == 0 && (all & NSIM_PAGE_NODE) == *ret_node;
}

static void
do_something(Rig *rig, NsimRandom *random)
{
    NsimSpace *space = rig->box.spaces[0];
    NsimPage page, partner;
    uint64_t count, partner_count;
    NsimNodeId node, partner_node;
    const NsimNodeId to = (NsimNodeId)nsim_random_below(random, 3);
    if (!choose_run(rig, random, &page, &count, &node)) {
        (void)nsim_space_place(space, page, count, to);
        return;
    }
    if (nsim_random_below(random, 4) == 0 && choose_run(rig, random, &partner, &partner_count, &partner_node)) {
        count = MIN(count, partner_count);
        if (page + count <= partner || partner + count <= page)
            nsim_space_exchange(space, page, partner, count);
        return;
    }
    if (to != node && nsim_memory_free_pages(rig->box.memory, to) >= count)
        move(rig, page, count, to);
}

static uint32_t
count_folios(const Rig *rig)
{
    uint32_t count = 0;
    for (uint32_t frame = 0; frame < nsim_frames_end(rig->frames); frame++)
        count += (nsim_frames_at(rig->frames, frame)->flags & NSIM_FRAME_HEAD) != 0;
    return count;
}

static void
test_random(void)
{
    static const uint32_t units[] = {1, 16, 512};
    for (uint64_t seed = 0; seed < 30; seed++) {
        Rig rig;
        NsimRandom random;
        nsim_random_init(&random, seed, "frames");
        rig_open(&rig, 3000 + 4 * (unsigned)nsim_random_below(&random, 1000), 8, units[seed % 3]);
        for (int batch = 0; batch < 20; batch++) {
            for (int i = 0; i < 50; i++)
                do_something(&rig, &random);
            nsim_frames_audit(rig.frames);
        }
        CU_ASSERT_EQUAL(count_folios(&rig), rig.added + rig.splits - rig.removed);
        rig_close(&rig);
    }
}

bool
test_frames_register(void)
{
    CU_pSuite suite = CU_add_suite("frames", NULL, NULL);
    return suite && CU_add_test(suite, "numbers of nodes", test_numbers) &&
           CU_add_test(suite, "order of single frames", test_order) && CU_add_test(suite, "huge units", test_huge) &&
           CU_add_test(suite, "fragments", test_fragments) && CU_add_test(suite, "disks have none", test_disk) &&
           CU_add_test(suite, "random moves and exchanges", test_random);
}
