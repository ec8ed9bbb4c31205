/* SPDX-License-Identifier: MIT */
/*
 * Goal: folios are on the list that the kernel's rules say, and sizes agree with lists. Method: short histories worked
 * out by hand; random ones with the audit.
 */
#include "test-mm.h"

#include "box.h"

#include <mm/lru.h>

#include <CUnit/CUnit.h>

#define FRAME 0x80000u

typedef struct {
    Box box;
    NsimFrames *frames;
    NsimLru *lru;
    GArray *victims;
} Rig;

/* A space of anonymous memory and a mapped file of `frame_count` frames each; one node A of 32 MiB, another B. */
static void
rig_open(Rig *rig, uint64_t frame_count, uint32_t unit_pages)
{
    static const char yaml[] = "accessors: [{id: C}]\n"
                               "nodes:\n"
                               "  - {id: A, kind: dram, capacity: 32MiB, latency: 80ns, read: 1GB/s, at: C}\n"
                               "  - {id: B, kind: cxl, capacity: 32MiB, latency: 200ns, read: 1GB/s, at: C}\n";
    g_autofree uint64_t *frames = g_new(uint64_t, 2 * frame_count);
    for (uint64_t f = 0; f < 2 * frame_count; f++)
        frames[f] = FRAME + f;
    const NsimSpaceRange ranges[] = {{"heap", (uint64_t)FRAME << 21, frame_count << 21},
                                     {"/lib/c.so", (FRAME + frame_count) << 21, frame_count << 21}};
    *rig = (Rig){0};
    box_open(&rig->box, yaml);
    (void)box_add_ranges(&rig->box, "w", frames, 2 * frame_count, ranges, 2, unit_pages);
    rig->frames = nsim_frames_new(rig->box.memory, rig->box.spaces, 1, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->frames);
    rig->lru = nsim_lru_new(rig->frames, rig->box.spaces, 1, NULL, 0);
    rig->victims = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

static void
rig_close(Rig *rig)
{
    nsim_lru_audit(rig->lru);
    nsim_frames_audit(rig->frames);
    g_array_unref(rig->victims);
    nsim_lru_free(rig->lru);
    nsim_frames_free(rig->frames);
    box_close(&rig->box);
}

static uint16_t
flags_of(const Rig *rig, NsimPage page)
{
    uint32_t count;
    return nsim_frames_at(rig->frames, nsim_frames_folio(rig->frames, nsim_frames_of(rig->frames, 0, page), &count))
        ->flags;
}

static void
touch(Rig *rig, NsimPage page)
{
    nsim_space_change(rig->box.spaces[0], page, 1, 0, NSIM_PAGE_ACCESSED);
}

static uint64_t
scan(Rig *rig, uint64_t pages)
{
    g_array_set_size(rig->victims, 0);
    return nsim_lru_shrink_inactive(rig->lru, nsim_lru_vec(rig->lru, 0, 0), false, pages, rig->victims);
}

static NsimPage
victim(const Rig *rig, guint i)
{
    return nsim_frames_at(rig->frames, g_array_index(rig->victims, uint32_t, i))->page;
}

static void
put_all_back(Rig *rig)
{
    for (guint i = 0; i < rig->victims->len; i++)
        nsim_lru_put_back(rig->lru, g_array_index(rig->victims, uint32_t, i));
}

static void
test_new(void)
{
    Rig rig;
    rig_open(&rig, 1, 1);
    CU_ASSERT_EQUAL(nsim_space_place(rig.box.spaces[0], 0, 3, 0), 3);
    CU_ASSERT_EQUAL(nsim_space_place(rig.box.spaces[0], 512, 2, 0), 2);
    CU_ASSERT_EQUAL(nsim_lru_pages(rig.lru, 0, NSIM_LRU_INACTIVE_ANON), 3);
    CU_ASSERT_EQUAL(nsim_lru_pages(rig.lru, 0, NSIM_LRU_INACTIVE_FILE), 2);
    CU_ASSERT_EQUAL(rig.lru->resident[0], 5);
    CU_ASSERT_TRUE(nsim_lru_name_is_file("file:weights"));
    CU_ASSERT_FALSE(nsim_lru_name_is_file("weights"));
    CU_ASSERT_FALSE(nsim_lru_name_is_file(""));
    rig_close(&rig);
}

/* Page 0 is used all the time, 1 once after it was placed, 2 never. */
static void
test_second_chance(void)
{
    Rig rig;
    rig_open(&rig, 1, 1);
    (void)nsim_space_place(rig.box.spaces[0], 0, 3, 0);
    nsim_space_change(rig.box.spaces[0], 2, 1, NSIM_PAGE_ACCESSED, 0);
    CU_ASSERT_EQUAL(scan(&rig, 3), 3);
    CU_ASSERT_EQUAL(rig.victims->len, 1);
    CU_ASSERT_EQUAL(victim(&rig, 0), 2);
    CU_ASSERT_EQUAL(nsim_lru_pages(rig.lru, 0, NSIM_LRU_INACTIVE_ANON), 2);
    put_all_back(&rig);
    touch(&rig, 0);
    CU_ASSERT_EQUAL(scan(&rig, 3), 3);
    CU_ASSERT_TRUE((flags_of(&rig, 0) & NSIM_FRAME_ACTIVE) != 0);
    CU_ASSERT_EQUAL(rig.victims->len, 2);
    CU_ASSERT_EQUAL(victim(&rig, 0), 1);
    CU_ASSERT_EQUAL(victim(&rig, 1), 2);
    CU_ASSERT_EQUAL(rig.lru->activated, 1);
    put_all_back(&rig);
    rig_close(&rig);
}

/* Monitors that clear bits do not hide accesses, and an access seen by both counts as two. */
static void
test_young(void)
{
    Rig rig;
    rig_open(&rig, 1, 1);
    (void)nsim_space_place(rig.box.spaces[0], 0, 2, 0);
    nsim_space_make_old(rig.box.spaces[0], 0, 1);
    CU_ASSERT_FALSE(nsim_space_is_young(rig.box.spaces[0], 0, 1));
    nsim_space_make_old(rig.box.spaces[0], 1, 1);
    touch(&rig, 1);
    CU_ASSERT_TRUE(nsim_space_is_young(rig.box.spaces[0], 1, 1));
    CU_ASSERT_EQUAL(scan(&rig, 2), 2);
    CU_ASSERT_EQUAL(rig.victims->len, 0);
    CU_ASSERT_TRUE((flags_of(&rig, 0) & (NSIM_FRAME_REFERENCED | NSIM_FRAME_ACTIVE)) == NSIM_FRAME_REFERENCED);
    CU_ASSERT_TRUE((flags_of(&rig, 1) & NSIM_FRAME_ACTIVE) != 0);
    /* The scan has cleared the bit of page 1: the monitor still sees that it was accessed, and only that one. */
    CU_ASSERT_TRUE(nsim_space_is_young(rig.box.spaces[0], 1, 1));
    CU_ASSERT_FALSE(nsim_space_is_young(rig.box.spaces[0], 0, 1));
    rig_close(&rig);
}

static void
test_balance(void)
{
    Rig rig;
    rig_open(&rig, 1, 1);
    NsimLruVec *vec = nsim_lru_vec(rig.lru, 0, 0);
    (void)nsim_space_place(rig.box.spaces[0], 0, 10, 0);
    CU_ASSERT_FALSE(nsim_lru_inactive_is_low(rig.lru, vec, false));
    for (NsimPage page = 0; page < 6; page++)
        CU_ASSERT_TRUE(nsim_lru_activate(rig.lru, nsim_frames_of(rig.frames, 0, page)));
    CU_ASSERT_FALSE(nsim_lru_activate(rig.lru, nsim_frames_of(rig.frames, 0, 0)));
    CU_ASSERT_TRUE(nsim_lru_inactive_is_low(rig.lru, vec, false)); /* 4 < 6 */
    CU_ASSERT_EQUAL(nsim_lru_shrink_active(rig.lru, vec, false, 2), 2);
    CU_ASSERT_FALSE(nsim_lru_inactive_is_low(rig.lru, vec, false));
    /* The oldest went, their bits cleared. */
    CU_ASSERT_EQUAL(flags_of(&rig, 0) & NSIM_FRAME_ACTIVE, 0);
    CU_ASSERT_EQUAL(nsim_space_state(rig.box.spaces[0], 0) & NSIM_PAGE_ACCESSED, 0);
    CU_ASSERT_EQUAL(flags_of(&rig, 2) & NSIM_FRAME_ACTIVE, NSIM_FRAME_ACTIVE);
    CU_ASSERT_TRUE(nsim_lru_deactivate(rig.lru, nsim_frames_of(rig.frames, 0, 5)));
    CU_ASSERT_EQUAL(nsim_lru_pages(rig.lru, 0, NSIM_LRU_ACTIVE_ANON), 3);
    CU_ASSERT_EQUAL(rig.lru->deactivated, 3);
    rig_close(&rig);
}

/* A huge folio is one entry of 512 pages; split, it is 512; moved, it is on the other node's list as it was. */
static void
test_folios(void)
{
    Rig rig;
    rig_open(&rig, 2, 512);
    (void)nsim_space_place(rig.box.spaces[0], 0, 1024, 0);
    CU_ASSERT_EQUAL(nsim_lru_vec(rig.lru, 0, 0)->pages[NSIM_LRU_INACTIVE_ANON], 1024);
    nsim_space_change(rig.box.spaces[0], 0, 1024, NSIM_PAGE_ACCESSED, 0);
    touch(&rig, 700); /* one bit for all of it */
    CU_ASSERT_EQUAL(scan(&rig, 600), 1024);
    CU_ASSERT_EQUAL(rig.victims->len, 1);
    CU_ASSERT_EQUAL(victim(&rig, 0), 0);
    put_all_back(&rig);
    CU_ASSERT_TRUE(nsim_lru_activate(rig.lru, nsim_frames_of(rig.frames, 0, 600)));
    nsim_memory_take(rig.box.memory, 1, 512);
    nsim_space_move(rig.box.spaces[0], 512, 512, 1);
    nsim_memory_give(rig.box.memory, 0, 512);
    CU_ASSERT_EQUAL(nsim_lru_pages(rig.lru, 1, NSIM_LRU_ACTIVE_ANON), 512);
    nsim_space_split(rig.box.spaces[0], 0, 512);
    nsim_lru_audit(rig.lru);
    CU_ASSERT_EQUAL(nsim_lru_pages(rig.lru, 0, NSIM_LRU_INACTIVE_ANON), 512);
    CU_ASSERT_EQUAL(scan(&rig, 10), 10);
    put_all_back(&rig);
    rig_close(&rig);
}

static void
do_something(Rig *rig, NsimRandom *random)
{
    NsimSpace *space = rig->box.spaces[0];
    const NsimPage page = nsim_random_below(random, space->page_count - 32);
    const uint32_t frame = nsim_frames_of(rig->frames, 0, page);
    const NsimNodeId node = (NsimNodeId)nsim_random_below(random, 2);
    const bool file = nsim_random_below(random, 2) == 0;
    g_array_set_size(rig->victims, 0);
    switch (nsim_random_below(random, 7)) {
    case 0:
        (void)nsim_space_place(space, page, 32, node);
        break;
    case 1:
        if (frame != NSIM_FRAME_NONE)
            (void)nsim_lru_activate(rig->lru, frame);
        break;
    case 2:
        nsim_space_make_old(space, page, 32);
        break;
    case 3:
        (void)nsim_lru_shrink_active(rig->lru, nsim_lru_vec(rig->lru, 0, node), file, 40);
        break;
    case 4:
        (void)nsim_lru_shrink_inactive(rig->lru, nsim_lru_vec(rig->lru, 0, node), file, 40, rig->victims);
        put_all_back(rig);
        break;
    case 5:
        if (frame != NSIM_FRAME_NONE && nsim_memory_free_pages(rig->box.memory, node) > 0 &&
            nsim_frames_node(rig->frames, frame) != node) {
            nsim_memory_take(rig->box.memory, node, 1);
            nsim_space_move(space, page, 1, node);
            nsim_memory_give(rig->box.memory, !node, 1);
        }
        break;
    default:
        if ((nsim_space_state(space, page) & NSIM_PAGE_ABSENT) == 0)
            touch(rig, page);
        break;
    }
}

static void
test_random(void)
{
    static const uint32_t units[] = {1, 16, 512};
    for (uint64_t seed = 0; seed < 12; seed++) {
        Rig rig;
        NsimRandom random;
        nsim_random_init(&random, seed, "lru");
        rig_open(&rig, 4, units[seed % 3]);
        for (int batch = 0; batch < 20; batch++) {
            for (int i = 0; i < 200; i++)
                do_something(&rig, &random);
            nsim_lru_audit(rig.lru);
            uint64_t pages = 0;
            for (int list = 0; list < NSIM_LRU_LISTS; list++)
                pages += nsim_lru_pages(rig.lru, 0, (NsimLruList)list) + nsim_lru_pages(rig.lru, 1, (NsimLruList)list);
            CU_ASSERT_EQUAL(pages, rig.box.spaces[0]->resident_count);
            CU_ASSERT_EQUAL(rig.lru->resident[0], pages);
        }
        rig_close(&rig);
    }
}

bool
test_lru_register(void)
{
    CU_pSuite suite = CU_add_suite("lru", NULL, NULL);
    return suite && CU_add_test(suite, "new folios", test_new) &&
           CU_add_test(suite, "second chance", test_second_chance) &&
           CU_add_test(suite, "monitors and reclaim", test_young) &&
           CU_add_test(suite, "active and inactive", test_balance) && CU_add_test(suite, "huge folios", test_folios) &&
           CU_add_test(suite, "random", test_random);
}
