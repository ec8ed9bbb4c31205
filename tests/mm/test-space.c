/* SPDX-License-Identifier: MIT */
/*
 * Goal: address spaces are cut into regions and units as their frames and ranges say, and placing, arming and copying
 * keep the books. Method: small spaces worked out by hand; the box audits when it closes.
 */
#include "test-mm.h"

#include "box.h"

#include <string.h>

#include <CUnit/CUnit.h>

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)

static void
open_small(Box *box)
{
    g_autofree char *yaml = box_yaml(4, 8);
    box_open(box, yaml);
}

/* "name:first+count@address," for each region. */
static char *
regions_text(const NsimSpace *space)
{
    GString *text = g_string_new(NULL);
    for (uint32_t r = 0; r < space->region_count; r++) {
        const NsimSpaceRegion *region = &space->regions[r];
        g_string_append_printf(text, "%s%s:%u+%u@%x", r > 0 ? " " : "", region->name, (unsigned)region->first,
                               (unsigned)region->count, (unsigned)(region->address >> 12));
    }
    return g_string_free(text, FALSE);
}

/* ---- Regions -------------------------------------------------------------------------------------------------- */

static void
check_regions(const uint64_t *frames, uint64_t frame_count, const NsimSpaceRange *ranges, uint32_t range_count,
              const char *expected)
{
    Box box;
    open_small(&box);
    const NsimSpace *space = box_add_ranges(&box, "w", frames, frame_count, ranges, range_count, 1);
    g_autofree char *text = regions_text(space);
    CU_ASSERT_STRING_EQUAL(text, expected);
    box_close(&box);
}

static void
test_regions(void)
{
    static const uint64_t two[] = { 1, 2 }, gap[] = { 1, 3 };
    static const NsimSpaceRange whole[] = { { "a", 2 * MIB, 4 * MIB } };
    static const NsimSpaceRange inner[] = { { "a", 2 * MIB + 16 * KIB, 8 * KIB } };
    static const NsimSpaceRange pair[] = { { "a", 2 * MIB, 3 * MIB }, { "b", 5 * MIB, 1 * MIB } };
    static const NsimSpaceRange twins[] = { { "a", 2 * MIB, 1 * MIB }, { "a", 3 * MIB, 1 * MIB } };
    static const NsimSpaceRange apart[] = { { "a", 2 * MIB, 4 * KIB }, { "a", 3 * MIB, 4 * KIB } };
    static const NsimSpaceRange bridge[] = { { "a", 3 * MIB, 4 * MIB } };
    static const NsimSpaceRange outside[] = { { "a", 4 * KIB, 4 * KIB }, { "b", 64 * MIB, MIB } };

    check_regions(two, 2, NULL, 0, ":0+1024@200");
    check_regions(two, 2, whole, 1, "a:0+1024@200");
    check_regions(two, 2, inner, 1, ":0+4@200 a:4+2@204 :6+1018@206");
    check_regions(two, 2, pair, 2, "a:0+768@200 b:768+256@500");
    check_regions(two, 2, twins, 2, "a:0+512@200 :512+512@400");
    check_regions(two, 2, apart, 2, "a:0+1@200 :1+255@201 a:256+1@300 :257+767@301");
    /* A named range goes on behind a frame that nobody touches; what has no name ends there. */
    check_regions(gap, 2, bridge, 1, ":0+256@200 a:256+512@300 :768+256@700");
    check_regions(gap, 2, NULL, 0, ":0+512@200 :512+512@600");
    check_regions(two, 2, outside, 2, ":0+1024@200");
    check_regions(NULL, 0, NULL, 0, "");
}

/* A page that two ranges reach into belongs to the first. */
static void
test_partial_pages(void)
{
    static const uint64_t one[] = { 1 };
    static const NsimSpaceRange ragged[] = { { "a", 2 * MIB + 100, 5000 },
                                             { "b", 2 * MIB + 5100, 8000 },
                                             { "c", 2 * MIB + 13100, 10 },
                                             { "d", 2 * MIB + 20480 - 1, 2 } };
    check_regions(one, 1, ragged, 4, "a:0+2@200 b:2+2@202 d:4+2@204 :6+506@206");
}

static void
test_region_of(void)
{
    static const uint64_t gap[] = { 1, 3 };
    static const NsimSpaceRange ranges[] = { { "a", 2 * MIB + 16 * KIB, 8 * KIB }, { "b", 6 * MIB, 2 * MIB } };
    Box box;
    open_small(&box);
    const NsimSpace *space = box_add_ranges(&box, "w", gap, 2, ranges, 2, 1);
    uint32_t r = 0;
    for (NsimPage page = 0; page < space->page_count; page++) {
        if (page == space->regions[r].first + space->regions[r].count)
            r++;
        CU_ASSERT_PTR_EQUAL_FATAL(nsim_space_region_of(space, page), &space->regions[r]);
    }
    CU_ASSERT_EQUAL(r + 1, space->region_count);
    CU_ASSERT_EQUAL(nsim_space_address_of(space, 0), 2 * MIB);
    CU_ASSERT_EQUAL(nsim_space_address_of(space, 511), 4 * MIB - 4 * KIB);
    CU_ASSERT_EQUAL(nsim_space_address_of(space, 512), 6 * MIB);
    CU_ASSERT_STRING_EQUAL(space->workload, "w");
    box_close(&box);
}

/* Other base pages: the same addresses, fewer pages. */
static void
test_page_sizes(void)
{
    static const struct {
        const char *page;
        unsigned pages_of_frame;
        const char *regions;
    } cases[] = {
        { "4KiB", 512, ":0+4@200 a:4+32@204 :36+476@224 :512+512@600" },
        { "64KiB", 32, "a:0+3@200 :3+29@230 :32+32@600" },
        { "2MiB", 1, "a:0+1@200 :1+1@600" },
    };
    static const uint64_t frames[] = { 1, 3 };
    static const NsimSpaceRange range = { "a", 2 * MIB + 16 * KIB, 128 * KIB };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *base = box_yaml(4, 8);
        g_autofree char *yaml = g_strdup_printf("page: %s\n%s", cases[i].page, base);
        Box box;
        box_open(&box, yaml);
        NsimSpace *space = box_add_ranges(&box, "w", frames, 2, &range, 1, 1);
        g_autofree char *text = regions_text(space);
        CU_ASSERT_STRING_EQUAL(text, cases[i].regions);
        CU_ASSERT_EQUAL(space->page_count, 2 * cases[i].pages_of_frame);
        CU_ASSERT_EQUAL(nsim_space_address_of(space, cases[i].pages_of_frame), 6 * MIB);
        CU_ASSERT_EQUAL(nsim_space_place(space, 0, space->page_count, 1), space->page_count);
        CU_ASSERT_EQUAL(box.memory->nodes[1].used_pages, space->page_count);
        CU_ASSERT_EQUAL(nsim_memory_free_pages(box.memory, 1), 0);
        box_close(&box);
    }
}

/* ---- Units ---------------------------------------------------------------------------------------------------- */

static void
check_unit(const NsimSpace *space, NsimPage page, NsimPage expected_first, uint32_t expected_count)
{
    NsimPage first = 0;
    uint32_t count = 0;
    nsim_space_unit_of(space, page, &first, &count);
    CU_ASSERT_EQUAL(first, expected_first);
    CU_ASSERT_EQUAL(count, expected_count);
}

static void
test_units(void)
{
    static const uint64_t two[] = { 1, 2 };
    /* Pages 10 to 600: ragged at both ends. */
    static const NsimSpaceRange range = { "a", 2 * MIB + 40 * KIB, 591 * 4 * KIB };
    Box box;
    open_small(&box);
    const NsimSpace *sixteen = box_add_ranges(&box, "16", two, 2, &range, 1, 16);
    const NsimSpace *huge = box_add_ranges(&box, "512", two, 2, &range, 1, 512);
    const NsimSpace *base = box_add_ranges(&box, "1", two, 2, &range, 1, 1);
    check_unit(sixteen, 9, 9, 1); /* the unit 0..15 would reach into "a" */
    check_unit(sixteen, 10, 10, 1);
    check_unit(sixteen, 15, 15, 1);
    check_unit(sixteen, 16, 16, 16);
    check_unit(sixteen, 31, 16, 16);
    check_unit(sixteen, 591, 576, 16);
    check_unit(sixteen, 592, 592, 1); /* 592..607 would reach out of "a", which ends at 600 */
    check_unit(sixteen, 600, 600, 1);
    check_unit(sixteen, 601, 601, 1);
    check_unit(sixteen, 608, 608, 16);
    check_unit(sixteen, 1023, 1008, 16);
    check_unit(huge, 100, 100, 1); /* neither frame lies in one region */
    check_unit(huge, 700, 700, 1);
    check_unit(base, 700, 700, 1);
    CU_ASSERT_EQUAL(sixteen->regions[1].unit_pages, 16);
    box_close(&box);

    open_small(&box);
    const NsimSpace *whole = box_add(&box, "w", 2, 512);
    check_unit(whole, 0, 0, 512);
    check_unit(whole, 511, 0, 512);
    check_unit(whole, 512, 512, 512);
    box_close(&box);
}

/* ---- Placing and arming --------------------------------------------------------------------------------------- */

static bool
is_split(const NsimSpace *space, uint64_t frame)
{
    return (space->heads[frame] & NSIM_HEAD_SPLIT) != 0;
}

static void
test_place(void)
{
    Box box;
    open_small(&box);
    NsimSpace *space = box_add(&box, "w", 3, 1);
    CU_ASSERT_EQUAL(nsim_space_state(space, 700), NSIM_PAGE_FRESH);
    /* A whole frame stays uniform; what is placed has been touched and is clean. */
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 512, 1), 512);
    CU_ASSERT_FALSE(is_split(space, 0));
    CU_ASSERT_EQUAL(nsim_space_state(space, 0), NSIM_PAGE_ACCESSED | 1);
    CU_ASSERT_EQUAL(box.memory->nodes[1].used_pages, 512);
    /* Two frames at once, the second with a page that is there already. */
    CU_ASSERT_EQUAL(nsim_space_place(space, 1024, 1, 0), 1);
    CU_ASSERT_TRUE(is_split(space, 2));
    CU_ASSERT_EQUAL(nsim_space_place(space, 512, 1024, 2), 1024);
    CU_ASSERT_FALSE(is_split(space, 1));
    g_autofree char *picture = box_picture(&box, 0, 1020, 8);
    CU_ASSERT_STRING_EQUAL(picture, "22220222");
    CU_ASSERT_EQUAL(space->resident_count, 1536);
    CU_ASSERT_EQUAL(box.memory->nodes[2].used_pages, 1023);
    /* Nothing is left to do: everything is present, nothing moves. */
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 1536, 2), 1536);
    CU_ASSERT_EQUAL(box.memory->nodes[2].used_pages, 1023);
    CU_ASSERT_EQUAL(nsim_space_place(space, 1536, 0, 2), 0);
    box_close(&box);
}

static void
test_place_until_full(void)
{
    g_autofree char *yaml = box_yaml(3, 8); /* 768 pages a near node */
    Box box;
    box_open(&box, yaml);
    NsimSpace *space = box_add(&box, "w", 3, 1);
    CU_ASSERT_EQUAL(nsim_space_place(space, 700, 10, 2), 10);
    /* 512 uniform, then 188 up to the pages present, those, and the last 68 that there is room for. */
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 1536, 0), 512 + 188 + 10 + 68);
    CU_ASSERT_EQUAL(nsim_memory_free_pages(box.memory, 0), 0);
    CU_ASSERT_FALSE(is_split(space, 0));
    CU_ASSERT_TRUE(is_split(space, 1));
    CU_ASSERT_EQUAL(nsim_space_state(space, 778), NSIM_PAGE_FRESH);
    CU_ASSERT_EQUAL(nsim_space_state(space, 777), NSIM_PAGE_ACCESSED);
    CU_ASSERT_EQUAL(nsim_space_place(space, 778, 1, 0), 0);
    /* What is left goes elsewhere, and a fresh frame there is uniform again. */
    CU_ASSERT_EQUAL(nsim_space_place(space, 778, 246, 1), 246);
    CU_ASSERT_EQUAL(nsim_space_place(space, 1024, 512, 1), 512);
    CU_ASSERT_FALSE(is_split(space, 2));
    CU_ASSERT_EQUAL(nsim_memory_free_pages(box.memory, 1), 10);
    box_close(&box);
}

static void
test_state(void)
{
    Box box;
    open_small(&box);
    NsimSpace *space = box_add(&box, "w", 2, 1);
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 1024, 0), 1024);
    nsim_space_set_state(space, 5, NSIM_PAGE_ACCESSED); /* what it is already */
    CU_ASSERT_FALSE(is_split(space, 0));
    nsim_space_set_state(space, 5, NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY);
    CU_ASSERT_TRUE(is_split(space, 0));
    CU_ASSERT_FALSE(is_split(space, 1));
    CU_ASSERT_EQUAL(nsim_space_state(space, 4), NSIM_PAGE_ACCESSED);
    CU_ASSERT_EQUAL(nsim_space_state(space, 5), NSIM_PAGE_ACCESSED | NSIM_PAGE_DIRTY);
    box_close(&box);
}

static void
test_arm(void)
{
    Box box;
    open_small(&box);
    NsimSpace *space = box_add(&box, "w", 2, 1);
    CU_ASSERT_EQUAL(nsim_space_arm(space, 0, 1024, true), 0); /* absent pages cannot be armed */
    CU_ASSERT_FALSE(is_split(space, 0));
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 20, 0), 20);
    CU_ASSERT_EQUAL(nsim_space_arm(space, 10, 20, true), 10);
    CU_ASSERT_EQUAL(nsim_space_arm(space, 0, 20, true), 10);
    CU_ASSERT_EQUAL(nsim_space_arm(space, 0, 20, true), 0);
    CU_ASSERT_EQUAL(nsim_space_state(space, 19), NSIM_PAGE_ACCESSED | NSIM_PAGE_ARMED);
    CU_ASSERT_EQUAL(nsim_space_arm(space, 0, 1024, false), 20);
    CU_ASSERT_EQUAL(nsim_space_arm(space, 0, 1024, false), 0);
    CU_ASSERT_EQUAL(nsim_space_state(space, 19), NSIM_PAGE_ACCESSED);
    box_close(&box);
}

/* ---- Copies --------------------------------------------------------------------------------------------------- */

static void
test_copies(void)
{
    static const NsimNodeId from_c0[] = { 0, 2, 1 }, from_c1[] = { 1, 2, 0 }, only_x[] = { 2, NSIM_NODE_NONE, 0 };
    Box box;
    open_small(&box);
    NsimSpace *space = box_add(&box, "w", 1, 1);
    CU_ASSERT_FALSE(nsim_space_add_copy(space, 0, 1)); /* absent */
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 2, 0), 2);
    CU_ASSERT_FALSE(nsim_space_add_copy(space, 0, 0)); /* that is the page itself */
    CU_ASSERT_EQUAL(nsim_space_nearest(space, 0, from_c1, 3), 0);
    CU_ASSERT_TRUE(nsim_space_add_copy(space, 0, 1));
    CU_ASSERT_FALSE(nsim_space_add_copy(space, 0, 1)); /* twice */
    CU_ASSERT_EQUAL(box.memory->nodes[1].used_pages, 1);
    CU_ASSERT_EQUAL(space->copy_count, 1);
    CU_ASSERT_EQUAL(space->resident_count, 2);
    CU_ASSERT_TRUE((nsim_space_state(space, 0) & NSIM_PAGE_COPIED) != 0);
    CU_ASSERT_EQUAL(nsim_space_nearest(space, 0, from_c0, 3), 0);
    CU_ASSERT_EQUAL(nsim_space_nearest(space, 0, from_c1, 3), 1);
    CU_ASSERT_EQUAL(nsim_space_nearest(space, 0, only_x, 3), 0); /* none within reach: where it is */
    CU_ASSERT_EQUAL(nsim_space_nearest(space, 1, from_c1, 3), 0);
    CU_ASSERT_TRUE(nsim_space_add_copy(space, 0, 2));
    box_audit(&box);
    CU_ASSERT_TRUE(nsim_space_drop_copy(space, 0, 1));
    CU_ASSERT_FALSE(nsim_space_drop_copy(space, 0, 1));
    CU_ASSERT_FALSE(nsim_space_drop_copy(space, 0, 0)); /* the page itself is no copy */
    CU_ASSERT_EQUAL(nsim_space_nearest(space, 0, from_c1, 3), 2);
    CU_ASSERT_TRUE(nsim_space_add_copy(space, 0, 1));
    CU_ASSERT_EQUAL(nsim_space_drop_copies(space, 0), 2);
    CU_ASSERT_EQUAL(nsim_space_drop_copies(space, 0), 0);
    CU_ASSERT_EQUAL(nsim_space_state(space, 0), NSIM_PAGE_ACCESSED);
    CU_ASSERT_EQUAL(space->copy_count, 0);
    CU_ASSERT_EQUAL(box.memory->nodes[1].used_pages + box.memory->nodes[2].used_pages, 0);
    /* Copies left over are freed with the space (seen by the leak checker). */
    CU_ASSERT_TRUE(nsim_space_add_copy(space, 1, 2));
    box_close(&box);
}

static void
test_copies_need_room(void)
{
    g_autofree char *yaml = box_yaml(1, 1);
    Box box;
    box_open(&box, yaml);
    NsimSpace *space = box_add(&box, "w", 1, 1);
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, 256, 0), 256);
    CU_ASSERT_EQUAL(nsim_space_place(space, 256, 255, 1), 255);
    CU_ASSERT_TRUE(nsim_space_add_copy(space, 0, 1));
    CU_ASSERT_FALSE(nsim_space_add_copy(space, 1, 1));
    CU_ASSERT_EQUAL(nsim_space_state(space, 1), NSIM_PAGE_ACCESSED); /* a copy refused leaves no mark */
    CU_ASSERT_EQUAL(nsim_space_place(space, 511, 1, 1), 0);
    CU_ASSERT_EQUAL(nsim_space_drop_copies(space, 0), 1);
    CU_ASSERT_EQUAL(nsim_space_place(space, 511, 1, 1), 1);
    box_close(&box);
}

/* ---- Size ----------------------------------------------------------------------------------------------------- */

/* A tebibyte, untouched: the host backs the heads only. */
static void
test_terabyte(void)
{
    const uint64_t frame_count = (uint64_t)1 << 19;
    g_autofree char *yaml = box_yaml(1, 1 << 21);
    Box box;
    box_open(&box, yaml);
    NsimSpace *space = box_add(&box, "w", frame_count, 512);
    const NsimPage last = space->page_count - 1;
    CU_ASSERT_EQUAL(space->page_count, (uint64_t)1 << 28);
    CU_ASSERT_EQUAL(nsim_space_place(space, last, 1, 2), 1);
    CU_ASSERT_EQUAL(nsim_space_place(space, 0, space->page_count, 2), space->page_count);
    CU_ASSERT_TRUE(is_split(space, frame_count - 1));
    CU_ASSERT_FALSE(is_split(space, frame_count - 2));
    CU_ASSERT_EQUAL(box.memory->nodes[2].used_pages, space->page_count);
    /* Too large to audit page by page in a test: free without box_close(). */
    nsim_space_free(space);
    nsim_event_queue_free(box.events);
    nsim_memory_free(box.memory);
    nsim_machine_unref(box.machine);
    nsim_space_free(NULL);
}

bool
test_space_register(void)
{
    CU_pSuite suite = CU_add_suite("space", NULL, NULL);
    return suite && CU_add_test(suite, "regions", test_regions) &&
           CU_add_test(suite, "partial pages", test_partial_pages) &&
           CU_add_test(suite, "region of a page", test_region_of) &&
           CU_add_test(suite, "page sizes", test_page_sizes) && CU_add_test(suite, "units", test_units) &&
           CU_add_test(suite, "place", test_place) &&
           CU_add_test(suite, "place until full", test_place_until_full) && CU_add_test(suite, "state", test_state) &&
           CU_add_test(suite, "arm", test_arm) && CU_add_test(suite, "copies", test_copies) &&
           CU_add_test(suite, "copies need room", test_copies_need_room) &&
           CU_add_test(suite, "a tebibyte", test_terabyte);
}
