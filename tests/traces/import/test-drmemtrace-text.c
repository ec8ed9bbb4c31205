/* SPDX-License-Identifier: MIT */
/* DynamoRIO's texts: the view tool's two layouts, the samples' two; threads, instructions, windows; damage. */
#include "test-import.h"

#define CLOCK "clock instructions 3000000000\n"

static void
test_view(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    expect_file(&options, "view.txt",
                CLOCK "thread thread 1257602\n2 write 7ffeacab0ec0\n1 read 7ffeacab0f00 x2\n"
                      "thread thread 1257605\n0 mark window 1\n1 read 40a040\n");
    /* The layout before instructions were numbered. */
    options.from = "drmemtrace-text";
    expect_text(&options,
                "Output format:\n<record#>: T<tid> <record details>\n----\n"
                "           1: T12 <marker: version 3>\n"
                "           2: T12 ifetch       3 byte(s) @ 0x0000000000000010 48 89 e7 mov %rsp, %rdi\n"
                "           3: T12 read         8 byte(s) @ 0x0000000000000080 by PC 0x0000000000000010\n"
                "           4: T13 <marker: window 0>\n"
                "           5: T13 <marker: window 2>\n"
                "           6: T13 <marker: window 2>\n"
                "           7: T13 dflush       8 byte(s) @ 0x0000000000000080 by PC 0x0000000000000010\n",
                CLOCK "thread thread 12\n1 read 80\nthread thread 13\n0 mark window 2\n");
}

static void
test_samples(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    expect_file(&options, "memtrace-simple.txt", CLOCK "thread thread 0\n1 write 7ffeacab0ec0\n1 read 40a040\n");
    expect_file(&options, "memtrace-x86.txt", CLOCK "thread thread 0\n1 write 7ffeacab0ec0\n1 read 40a040\n");
}

static void
test_refusals(void)
{
    const NsimImportOptions options = options_of("drmemtrace-text", NULL);
    static const char *const wrong[] = {"hello",
                                        "1 2: 3 read 8 byte(s) @ 0xzz",
                                        "1 2: 3 read x byte(s) @ 0x10",
                                        "1 2: x read 8 byte(s) @ 0x10",
                                        "1 2 3: 4 read 8 byte(s) @ 0x10",
                                        "1 : 4 read 8 byte(s) @ 0x10",
                                        "0x10: 4, ",
                                        "0x10: 4, q",
                                        "0x10,r,8",
                                        "0x10,x,8,0x20",
                                        "0x10,r,8,0x20,"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strconcat("\n", wrong[i], NULL);
        g_autofree char *expected = g_strconcat(
            "error: in:2: '", wrong[i],
            "' is not a line of DynamoRIO's (\"N N: TID read 8 byte(s) @ 0xADDRESS\", \"0xADDRESS: BYTES, r\" "
            "or \"0xPC,r,BYTES,0xADDRESS\")\n",
            NULL);
        expect_text(&options, text, expected);
    }
}

bool
test_drmemtrace_text_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/drmemtrace-text", NULL, NULL);
    return suite && CU_add_test(suite, "view", test_view) && CU_add_test(suite, "samples", test_samples) &&
           CU_add_test(suite, "refusals", test_refusals);
}
