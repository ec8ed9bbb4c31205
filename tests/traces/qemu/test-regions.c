/* SPDX-License-Identifier: MIT */
/*
 * Names of regions. Goal: what was touched is named from the maps as regions.h says, disjoint and in order. Method:
 * maps written here, touched lines, and the regions that a trace of them has.
 */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <stdio.h>
#include <string.h>

#include <sim/random.h>
#include <traces/qemu/regions.h>

#define BASE UINT64_C(0x100000)

static void
touch(NsimRegions *regions, uint64_t begin, uint64_t end)
{
    for (uint64_t address = begin; address < end; address += NSIM_LINE_BYTES)
        nsim_regions_touch(regions, address >> NSIM_LINE_SHIFT);
}

/* "name begin end, ..." of a trace that has these regions. (transfer full) */
static char *
list_regions(NsimRegions *regions)
{
    const NsimTraceWriterOptions options = {.gap_unit = NSIM_GAP_PS};
    const char *path = test_path("regions.trace");
    NsimTraceWriter *writer = nsim_trace_writer_new(path, &options, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(writer);
    nsim_regions_write(regions, writer);
    CU_ASSERT_TRUE_FATAL(nsim_trace_writer_close(writer, NULL));
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    GString *text = g_string_new(NULL);
    const NsimTraceInfo *info = nsim_trace_info(trace);
    for (uint32_t i = 0; i < info->region_count; i++)
        g_string_append_printf(text, "%s%s %lx %lx", i == 0 ? "" : ", ", info->regions[i].name,
                               (unsigned long)info->regions[i].address,
                               (unsigned long)(info->regions[i].address + info->regions[i].bytes));
    return g_string_free(text, FALSE);
}

#define ASSERT_REGIONS(regions, expected)                                                                              \
    do {                                                                                                               \
        g_autofree char *found = list_regions(regions);                                                                \
        if (strcmp(found, expected) != 0)                                                                              \
            printf("\nexpected %s\nfound    %s\n", expected, found);                                                   \
        CU_ASSERT_STRING_EQUAL(found, expected);                                                                       \
    } while (0)

static void
test_names(void)
{
    g_autoptr(NsimRegions) regions = nsim_regions_new();
    nsim_regions_read_map(regions,
                          "00010000-00020000 rw-p 00000000 00:00 0      [heap]\n" /* below the base: the emulator's */
                          "00200000-00202000 r--p 00000000 08:01 5      /no/such/lib one.so\n"
                          "00202000-00204000 rw-p 00002000 08:01 5      /no/such/lib one.so\n"
                          "00300000-00310000 rw-p 00000000 00:00 0 \n"
                          "00310000-00311000 ---p 00000000 00:00 0 \n"
                          "00311000-00320000 rw-p 00000000 00:00 0 \n"
                          "00400000-00500000 rw-p 00000000 00:00 0 \n",
                          BASE);
    touch(regions, 0x101000, 0x103000);
    touch(regions, 0x204000, 0x205000);
    touch(regions, 0x20f000, 0x210000);
    touch(regions, 0x211000, 0x212000);
    touch(regions, 0x900040, 0x900080);
    ASSERT_REGIONS(regions, "lib one.so 101000 103000, anon-0 204000 210000, anon-1 211000 212000, "
                            "unnamed-0 900000 901000");
}

static void
test_data_of_a_program(void)
{
    g_autofree uint8_t *image = NULL;
    const size_t bytes = test_make_elf(true, false, &image);
    const char *path = test_path("data.elf");
    test_write_file(path, image, bytes);
    g_autofree char *map = g_strdup_printf("00401000-00402000 r-xp 00000000 08:01 5 %s\n"
                                           "00403000-00409000 rw-p 00000000 00:00 0\n",
                                           path);
    g_autoptr(NsimRegions) regions = nsim_regions_new();
    nsim_regions_read_map(regions, map, 0);
    touch(regions, 0x401000, 0x402000);
    touch(regions, 0x403000, 0x408000);
    /* Loaded from 0x1000 to 0x5800, here to 0x405800: what follows belongs to nobody. */
    ASSERT_REGIONS(regions, "data.elf 401000 402000, data.elf 403000 406000, anon-0 406000 408000");
}

static void
test_later_maps(void)
{
    g_autoptr(NsimRegions) regions = nsim_regions_new();
    nsim_regions_read_map(regions, "00010000-00020000 rw-p 00000000 08:01 5 /no/first\n", 0);
    nsim_regions_read_map(regions, "00018000-00030000 rw-p 00000000 08:01 6 /no/second\n", 0);
    nsim_regions_add_anonymous(regions, 0x28000, 0x10000);
    nsim_regions_add_anonymous(regions, 0x50000, 0x1001);
    nsim_regions_add_anonymous(regions, 0x50000, 0x1000);
    nsim_regions_add_anonymous(regions, UINT64_MAX - 10, 100);
    nsim_regions_end_maps(regions);
    touch(regions, 0x10000, 0x60000);
    ASSERT_REGIONS(regions, "first 10000 20000, second 20000 30000, anon-0 30000 38000, unnamed-0 38000 50000, "
                            "anon-1 50000 52000, unnamed-1 52000 60000");
}

static void
test_given_names(void)
{
    g_autoptr(NsimRegions) regions = nsim_regions_new();
    nsim_regions_read_map(regions,
                          "00010000-00020000 rw-p 00000000 08:01 5 /no/file\n"
                          "00020000-00080000 rw-p 00000000 00:00 0\n",
                          0);
    nsim_regions_name(regions, "[heap]", 0x18000, 0x28010);
    nsim_regions_name(regions, "nothing", 0, 0);
    nsim_regions_name_stack(regions, "[stack]", 0x50010, 0x1000, 0x2000);
    nsim_regions_name_stack(regions, "file's", 0x11000, 0x1000, 0x1000);
    nsim_regions_name_stack(regions, "nobody's", 0x90000, 0x1000, 0x1000);
    touch(regions, 0x10000, 0x80000);
    ASSERT_REGIONS(regions, "file 10000 20000, [heap] 20000 29000, anon-0 29000 4f000, [stack] 4f000 53000, "
                            "anon-1 53000 80000");
}

/* Random maps, names and touches: the writer refuses regions that overlap, and every touched page is in one. */
static void
test_random(void)
{
    NsimRandom random;
    nsim_random_init(&random, 1, "regions");
    for (unsigned round = 0; round < 30; round++) {
        g_autoptr(NsimRegions) regions = nsim_regions_new();
        for (unsigned map = 0; map < 5; map++) {
            g_autoptr(GString) text = g_string_new(NULL);
            for (unsigned i = 0; i < 40; i++) {
                const uint64_t begin = nsim_random_below(&random, 1000), pages = nsim_random_below(&random, 60);
                g_string_append_printf(text, "%lx-%lx %s 00000000 00:00 0 %s\n", (unsigned long)begin << 12,
                                       (unsigned long)(begin + pages) << 12,
                                       nsim_random_below(&random, 8) ? "rw-p" : "---p",
                                       nsim_random_below(&random, 3) ? "" : "/no/file");
            }
            nsim_regions_read_map(regions, text->str, 0);
        }
        for (unsigned i = 0; i < 20; i++)
            nsim_regions_name(regions, "given", nsim_random_below(&random, 1100) << 12,
                              nsim_random_below(&random, 1100) << 12);
        for (unsigned i = 0; i < 5000; i++)
            nsim_regions_touch(regions, nsim_random_below(&random, UINT64_C(1200) << 6));
        g_autofree char *list = list_regions(regions);
        CU_ASSERT(strlen(list) > 0);
    }
}

static void
test_odd_lines(void)
{
    g_autoptr(NsimRegions) regions = nsim_regions_new();
    nsim_regions_read_map(regions,
                          "\n-\nx\n1000\n1000-\n1000-2000\n1000-2000 rw\n3000-2000 rw-p 0 0 0\n1000-2000 rw-p\n"
                          "ffffffffffffffffff-1 rw-p 0 0 0\n5000-6000 rw-p 0 0 0 /\n7000-8000 rw-p",
                          0);
    nsim_regions_read_map(regions, "", 0);
    touch(regions, 0x1000, 0x8000);
    ASSERT_REGIONS(regions, "unnamed-0 1000 5000, / 5000 6000, unnamed-1 6000 8000");
}

static void
test_frames(void)
{
    g_autoptr(NsimRegions) regions = nsim_regions_new();
    nsim_regions_read_map(regions, "0-ffffffffff000 rw-p 0 00:00 0\n", 0);
    for (uint64_t i = 0; i < 100000; i++)
        nsim_regions_touch(regions, (i * 7919 % 100000) << 15);
    ASSERT_REGIONS(regions, "anon-0 0 30d3e01000");
}

bool
test_regions_register(void)
{
    CU_pSuite suite = CU_add_suite("regions", NULL, NULL);
    return suite && CU_add_test(suite, "names", test_names) &&
           CU_add_test(suite, "data of a program", test_data_of_a_program) &&
           CU_add_test(suite, "later maps", test_later_maps) && CU_add_test(suite, "given names", test_given_names) &&
           CU_add_test(suite, "random", test_random) && CU_add_test(suite, "odd lines", test_odd_lines) &&
           CU_add_test(suite, "frames", test_frames);
}
