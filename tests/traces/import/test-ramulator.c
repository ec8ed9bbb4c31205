/* SPDX-License-Identifier: MIT */
/* Ramulator: its four kinds of traces, the gap where there is no clock, kinds mixed, damage. */
#include "test-import.h"

#define FILTER "filter the caches in front of the memory controller\n"

static void
test_reading(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    expect_file(&options, "ramulator-memory.txt",
                "clock ps\n" FILTER "thread core 0\n1000 read 12345680\n1000 write 4cbd56c0\n1000 read 35d46f00\n");
    expect_file(&options, "ramulator-loadstore.txt",
                "clock ps\nthread core 0\n1000 read 12345680\n1000 write 123456c0\n");
    /* Bubbles come before the load, which is an instruction itself; what it drives out is written back. */
    expect_file(&options, "ramulator.cputrace",
                "clock instructions 3000000000\nfilter the last-level cache whose write-backs the file has\n"
                "thread core 0\n4 read 13c6040\n2 read 13e1740\n0 write 86e840\n1 read 13e1000\n");
    options.from = "ramulator";
    options.gap_ps = 250;
    expect_text(&options, "c0 W\r\n\n0x100 R \n", "clock ps\n" FILTER "thread core 0\n250 write c0\n250 read 100\n");
    expect_text(&options, "7 640\n", "clock instructions 3000000000\nthread core 0\n8 read 280\n");
    expect_capture(&options, "0x40 R\n",
                   "imported from ramulator (Ramulator memory trace; it has no clock: 250 ps for each access)");
}

static void
test_refusals(void)
{
    const NsimImportOptions options = options_of("ramulator", NULL);
    static const char *const wrong[] = {"0x40",    "0x40 X", "0x40 R 1", "1 2 3 4", "1 2 x", "LD",
                                        "LD 40 1", "ST x",   "LDX 1",    "R 1",     "-1 2"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *expected =
            g_strconcat("error: in:1: '", wrong[i],
                        "' is not a line of Ramulator's (\"0xADDRESS R\" or W, \"BUBBLES ADDRESS [WRITEBACK]\", \"LD "
                        "ADDRESS\" or ST)\n",
                        NULL);
        expect_text(&options, wrong[i], expected);
    }
    expect_text(&options, "R 0,1,2,3\n",
                "error: in:1: 'R 0,1,2,3' says where in DRAM and not which address: such traces cannot be imported\n");
    expect_text(&options, "0x40 R\nLD 0x40\n",
                "error: in:2: 'LD 0x40' is of another kind of trace than the lines before it\n");
    expect_text(&options, "1152921504606846976 64\n",
                "error: in:1: 1152921504606846976 instructions are more than 2^60\n");
}

bool
test_ramulator_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/ramulator", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "refusals", test_refusals);
}
