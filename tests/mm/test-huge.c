/* SPDX-License-Identifier: MIT */
/*
 * Goal: frames become units of movement and base pages again without a page lost, and first touches follow the advice
 * on their range. Method: hand-made cases with known answers; random joins, splits and moves with every page and frame
 * counted again afterwards.
 */
#include "test-mm.h"

#include "box.h"

#include <mm/huge.h>
#include <string.h>

#include <CUnit/CUnit.h>

#define FRAME 512u

static uint32_t
unit_at(const NsimSpace *space, NsimPage page)
{
    NsimPage first;
    uint32_t count;
    if ((nsim_space_state(space, page) & NSIM_PAGE_SPLIT) != 0)
        return 1;
    nsim_space_unit_of(space, page, &first, &count);
    return count;
}

static void
open(Box *box, unsigned near_mib, uint64_t frames, uint32_t unit_pages)
{
    g_autofree char *yaml = box_yaml(near_mib, 64);
    box_open(box, yaml);
    (void)box_add(box, "w", frames, unit_pages);
    box_start(box);
}

/* As the replay does it. */
static uint32_t
touch(Box *box, NsimPage page)
{
    NsimPage first;
    uint32_t count;
    nsim_huge_fault(box->mm, 0, page, 0, &first, &count);
    CU_ASSERT_TRUE(box_touch(box, 0, first, count, 0));
    nsim_huge_faulted(box->mm, 0, first, count);
    return unit_at(box->spaces[0], page);
}

static void
test_advice(void)
{
    Box box;
    open(&box, 32, 4, 1);
    NsimSpace *space = box.spaces[0];
    /* Of frames 0 and 1 only the second lies in the range whole. */
    nsim_huge_advise(box.mm, 0, 10, 2 * FRAME - 10, NSIM_ADVICE_HUGE);
    CU_ASSERT_EQUAL(touch(&box, 3), 1);
    CU_ASSERT_EQUAL(space->resident_count, 1);
    CU_ASSERT_EQUAL(touch(&box, FRAME + 7), FRAME);
    CU_ASSERT_EQUAL(space->resident_count, 1 + FRAME);
    CU_ASSERT_TRUE(nsim_space_is_huge(space, FRAME));
    /* A page of the frame has memory already: too late. */
    nsim_huge_advise(box.mm, 0, 0, FRAME, NSIM_ADVICE_HUGE);
    CU_ASSERT_EQUAL(touch(&box, 4), 1);
    CU_ASSERT_EQUAL(box.mm->vmstat.thp_fault_alloc, 1);
    CU_ASSERT_EQUAL(box.mm->vmstat.thp_fault_fallback, 0);
    box_close(&box);
}

static void
test_refusal(void)
{
    Box box;
    open(&box, 32, 3, FRAME);
    NsimSpace *space = box.spaces[0];
    CU_ASSERT_EQUAL(touch(&box, 0), FRAME);
    /* What is huge stays huge; what comes is base pages, of a frame that the range only touches, too. */
    nsim_huge_advise(box.mm, 0, 0, FRAME + 1, NSIM_ADVICE_NO_HUGE);
    CU_ASSERT_EQUAL(unit_at(space, 0), FRAME);
    CU_ASSERT_EQUAL(touch(&box, FRAME + 5), 1);
    CU_ASSERT_EQUAL(space->resident_count, FRAME + 1);
    CU_ASSERT_EQUAL(touch(&box, 2 * FRAME), FRAME);
    CU_ASSERT_FALSE(nsim_space_may_join(space, FRAME));
    box_close(&box);
}

static void
test_no_memory(void)
{
    Box box;
    g_autofree char *yaml = box_yaml(2, 2);
    box_open(&box, yaml);
    (void)box_add(&box, "w", 4, 1);
    box_start(&box);
    CU_ASSERT_TRUE(box_touch(&box, 0, 0, 3 * FRAME - 8, 0)); /* 8 pages are left in all */
    nsim_huge_advise(box.mm, 0, 3 * FRAME, FRAME, NSIM_ADVICE_HUGE);
    CU_ASSERT_EQUAL(touch(&box, 3 * FRAME), 1);
    CU_ASSERT_EQUAL(box.mm->vmstat.thp_fault_alloc, 0);
    CU_ASSERT_EQUAL(box.mm->vmstat.thp_fault_fallback, 1);
    box_close(&box);
}

static void
test_join(void)
{
    Box box;
    open(&box, 32, 2, 1);
    NsimSpace *space = box.spaces[0];
    NsimFrames *frames = nsim_frames_new(box.memory, box.spaces, 1, NULL);
    (void)nsim_space_place(space, 0, 300, 0);
    (void)nsim_space_place(space, 300, 100, 2);
    CU_ASSERT_TRUE(nsim_space_add_copy(space, 5, 1));
    nsim_memory_take(box.memory, 0, FRAME);
    nsim_space_join(space, 0, 0);
    CU_ASSERT_EQUAL(unit_at(space, 511), FRAME);
    CU_ASSERT_EQUAL(box_count(&box, 0, 0), FRAME);
    CU_ASSERT_EQUAL(box_count(&box, 0, 2), 0);
    CU_ASSERT_EQUAL(space->resident_count, FRAME);
    CU_ASSERT_EQUAL(space->copy_count, 0);
    uint32_t size;
    (void)nsim_frames_folio(frames, nsim_frames_of(frames, 0, 77), &size);
    CU_ASSERT_EQUAL(size, FRAME);
    nsim_space_split(space, 0, FRAME);
    CU_ASSERT_EQUAL(unit_at(space, 0), 1);
    CU_ASSERT_EQUAL(space->split_count, 1);
    nsim_frames_audit(frames);
    nsim_frames_free(frames);
    box_close(&box);
}

static void
test_random(void)
{
    Box box;
    NsimRandom random;
    open(&box, 16, 8, 1);
    NsimSpace *space = box.spaces[0];
    NsimFrames *frames = nsim_frames_new(box.memory, box.spaces, 1, NULL);
    nsim_random_init(&random, 1, "huge");
    for (int i = 0; i < 2000; i++) {
        const NsimPage first = nsim_random_below(&random, 8) * FRAME;
        const NsimPage page = first + nsim_random_below(&random, FRAME);
        const NsimNodeId node = (NsimNodeId)nsim_random_below(&random, 3);
        NsimPage unit;
        uint32_t count;
        nsim_space_unit_of(space, page, &unit, &count);
        switch (nsim_random_below(&random, 4)) {
        case 0:
            if (nsim_memory_free_pages(box.memory, node) < FRAME)
                break;
            nsim_memory_take(box.memory, node, FRAME);
            nsim_space_join(space, first, node);
            break;
        case 1:
            if (nsim_space_is_huge(space, first))
                nsim_space_split(space, first, FRAME);
            break;
        case 2:
            (void)nsim_space_place(space, page, first + FRAME - page, node);
            break;
        default: {
            const uint16_t state = nsim_space_state(space, page);
            if ((state & NSIM_PAGE_SPLIT) != 0)
                unit = page, count = 1;
            if ((state & NSIM_PAGE_ABSENT) != 0 || nsim_memory_free_pages(box.memory, node) < count)
                break;
            nsim_memory_take(box.memory, node, count);
            nsim_space_move(space, unit, count, node);
            nsim_memory_give(box.memory, state & NSIM_PAGE_NODE, count);
        }
        }
        if (i % 50 == 0) {
            box_audit(&box);
            nsim_frames_audit(frames);
        }
    }
    nsim_frames_audit(frames);
    nsim_frames_free(frames);
    box_close(&box);
}

bool
test_huge_register(void)
{
    CU_pSuite suite = CU_add_suite("huge pages", NULL, NULL);
    return suite && CU_add_test(suite, "advice at first touch", test_advice) &&
           CU_add_test(suite, "refusal", test_refusal) &&
           CU_add_test(suite, "no node has the memory", test_no_memory) &&
           CU_add_test(suite, "join and split", test_join) &&
           CU_add_test(suite, "random joins, splits and moves", test_random);
}
