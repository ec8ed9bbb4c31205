/* SPDX-License-Identifier: MIT */
/* DRAMsim3: cycles at the declared rate, relative to the first; DRAMSim2's words; damage. */
#include "test-import.h"

#define FILTER "filter the caches in front of the memory controller\n"

static void
test_reading(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    /* 0.625 ns a cycle. */
    expect_file(&options, "dramsim3.txt",
                "clock ps\n" FILTER "thread stream 0\n0 read 12345680\n10000 write 4cbd56c0\n2500 read 35d46f00\n");
    options.from = "dramsim3";
    options.instructions_per_s = 1000000000;
    expect_text(&options, " 10 read 7\r\n\n0X80\tBOFF\t17 \n",
                "clock ps\n" FILTER "thread stream 0\n0 read 0\n10000 write 80\n");
    /* A request from before is taken as simultaneous. */
    expect_text(&options, "0x40 READ 9\n0x100 READ 3\n",
                "clock ps\n" FILTER "thread stream 0\n0 read 40\n0 read 100\n");
    expect_capture(
        &options, "0x40 READ 9\n",
        "imported from dramsim3 (DRAMsim3 trace: requests at a memory controller; the clock is its cycles, taken "
        "as 1000000000 per second)");
}

static void
test_refusals(void)
{
    const NsimImportOptions options = options_of("dramsim3", NULL);
    static const char *const wrong[] = {"0x40 READ",     "0x40 READ -1", "0x40 Read 1", "READ 0x40 1",
                                        "0x40 READ 1 2", "0xg READ 1",   "0x40READ 1",  "0x11112222333344445 READ 1"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strconcat("0x40 READ 1\n", wrong[i], "\n", NULL);
        g_autofree char *expected = g_strconcat(
            "error: in:2: '", wrong[i], "' is not a request of DRAMsim3's (\"0xADDRESS READ CYCLE\" or WRITE)\n", NULL);
        expect_text(&options, text, expected);
    }
    expect_text(&options, "0x40 READ 0\n0x40 READ 9999999999999999999\n",
                "error: in:2: cycle 9999999999999999999 is more than 13 days after the first, at 1600000000 cycles per "
                "second\n");
    expect_text(&options, "0x40 P_FETCH 0\n", "error: in: no memory accesses in it, read as dramsim3\n");
}

bool
test_dramsim3_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/dramsim3", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "refusals", test_refusals);
}
