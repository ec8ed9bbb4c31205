/* SPDX-License-Identifier: MIT */
/* NVBit's mem_trace: lines of a warp, blocks on SMs, kernels after each other, what is not global memory; damage. */
#include "test-import.h"

#define CTX "MEMTRACE: CTX 0x10 - "
#define ACCESS CTX "grid_launch_id 0 - CTA "

static void
test_reading(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    /* Lanes share lines; a lane of 16 bytes spans two; block (0,81) of a grid of 1 x 90 is number 81. */
    expect_file(&options, "nvbit.txt",
                "clock ps\nthread sm 0\n0 mark kernel 0\n1000 read 7f8a01800000 x2\n1000 read 7f8a01a00000\n0 write "
                "7f8a01a00000\nthread sm 1\n0 mark kernel 0\n1000 write 7f8a01900000 x2\n1000 mark kernel 1\n1000 read "
                "7f8a01800000\n");
    expect_file(&options, "nvbit-old.txt",
                "clock ps\nthread sm 0\n0 mark kernel 0\n1000 read 7f8a01800000\n0 mark kernel 1\n1000 write "
                "7f8a01800000\n");
    options.from = "nvbit";
    options.gap_ps = 500;
    /* Sizes by suffix; blocks go round the 80 SMs; the tool without a grid counts a block's x only. */
    expect_text(&options,
                ACCESS "80,0,0 - warp 3 - LDG.E.U8 - 0x3f\n" ACCESS "80,0,0 - warp 3 - LDG.E.64 - 0x7c\n" ACCESS
                       "80,0,0 - warp 3 - ATOMG.E.ADD - 0x200 0x100 0x200\n" ACCESS "80,0,0 - warp 3 - STL - 0x30\n",
                "clock ps\nthread sm 0\n0 mark kernel 0\n500+4000 read 0 x3\n500 read 200\n0 read 100\n0 write "
                "200\n0 write 100\n");
}

static void
test_kernels(void)
{
    NsimImportOptions options = options_of("nvbit", NULL);
    /* The next launch is told before the last accesses of this one come, whose grid is not forgotten. */
    expect_text(
        &options,
        CTX "LAUNCH - Kernel pc 0x1 - Kernel name a - grid size - b - grid launch id 4 - grid size 3,2,1 - x\n" CTX
            "grid_launch_id 4 - CTA 1,0,0 - warp 0 - LDG.E - 0x1000\n" CTX
            "LAUNCH - Kernel pc 0x1 - Kernel name c - grid launch id 5\n" CTX
            "grid_launch_id 4 - CTA 1,0,0 - warp 0 - LDG.E - 0x2000\n" CTX
            "grid_launch_id 4 - CTA 0,1,0 - warp 0 - LDG.E - 0x3000\n" CTX
            "grid_launch_id 5 - CTA 3,0,0 - warp 0 - LDG.E - 0x4000\n",
        "clock ps\nthread sm 1\n0 mark kernel 4\n1000 read 1000\n1000 read 2000\nthread sm 3\n0 mark kernel 4\n1000 "
        "read 3000\n1000 mark kernel 5\n1000 read 4000\n");
}

static void
test_refusals(void)
{
    const NsimImportOptions options = options_of("nvbit", NULL);
    static const char *const wrong[] = {CTX "grid_launch_id x - CTA 0,0,0 - warp 3 - LDG.E - 0x3f",
                                        ACCESS "0,0 - warp 3 - LDG.E - 0x3f",
                                        ACCESS "0,0,0 - warp 3 - LDG.E - ",
                                        ACCESS "0,0,0 - warp 3 - LDG.E - 3f",
                                        ACCESS "0,0,4294967295 - warp 3 - LDG - 0x1",
                                        CTX "LAUNCH - Kernel pc 0x1 - Kernel name a",
                                        "CTA 0,0,0 - warp 3 - LDG.E - 0x11112222333344445"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strconcat(ACCESS "0,0,0 - warp 3 - LDG.E - 0x3f\n", wrong[i], "\n", NULL);
        g_autofree char *shown = g_strndup(wrong[i], 60);
        g_autofree char *expected = g_strconcat(
            "error: in:2: '", shown,
            "' is not a line of mem_trace's (\"MEMTRACE: CTX 0xN - grid_launch_id N - CTA X,Y,Z - warp N - OPCODE "
            "- \" and up to 32 addresses, or \" - LAUNCH - \")\n",
            NULL);
        expect_text(&options, text, expected);
    }
    g_autoptr(GString) lanes = g_string_new(ACCESS "0,0,0 - warp 3 - LDG.E -");
    for (unsigned i = 0; i < 33; i++)
        g_string_append(lanes, " 0x40");
    g_autofree char *many = import_bytes(&options, lanes->str, lanes->len);
    CU_ASSERT_TRUE(g_str_has_prefix(many, "error: in:1: "));
    g_string_truncate(lanes, lanes->len - 5);
    expect_text(&options, lanes->str, "clock ps\nthread sm 0\n0 mark kernel 0\n1000 read 40\n");
}

bool
test_nvbit_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/nvbit", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "kernels", test_kernels) &&
           CU_add_test(suite, "refusals", test_refusals);
}
