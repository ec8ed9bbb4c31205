/* SPDX-License-Identifier: MIT */
/* UVMEVAL's fault logs: pages, threads, the GPU's clock; the system log's prefix; batch logs and damage. */
#include "test-import.h"

#define BEGIN "clock ps\nfilter faults only: what a GPU does to pages it has is not there\n"
#define FAULT "f,7f8a00001fff,1000,1,1,2,1,0,0,9,64,2,1,0,0"

static void
test_reading(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    expect_file(&options, "uvm-faults.txt",
                BEGIN "thread gpc 1 utlb 2 client 9\n0 read 7f8a00001000 x64\n1000000 write 7f8a00010000 x64\n"
                      "thread gpc 0 utlb 0 client 4\n2000000 write 7f8a00020000 x64\n");
    expect_file(&options, "uvm-kernel-log.txt", BEGIN "thread gpc 1 utlb 2 client 9\n0 read 7f8a00001000 x64\n");
    options.from = "uvm-log";
    /* Prefetches read; further numbers are of newer logs. */
    expect_text(&options, "0x7f8a00000000\nf,1000,5,1,0,0,0,0,0,0,0,0,0,0,0,7,False\n",
                BEGIN "thread gpc 0 utlb 0 client 0\n0 read 1000 x64\n");
}

static void
test_refusals(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    g_autofree char *path = corpus_path("uvm-batches.txt");
    g_autofree char *batches = g_strdup_printf(
        "error: %s:1: a batch of the driver \"batchd\": such logs count faults and have no addresses; only "
        "logs of the driver \"faults\" can be imported\n",
        path);
    expect_file(&options, "uvm-batches.txt", batches);
    options.from = "uvm-log";
    static const char *const wrong[] = {"f,7f8a00001000,1000,1,5,2,1,0,0,9,64,2,1,0,0",
                                        "f,7f8a00001000,1000,1,1,2,1,0,0,9,64,2,1,0",
                                        "f,xyz,1,1,1,2,1,0,0,9,64,2,1,0,0",
                                        "d,7f8a00001000,1000,1,1,2,1,0,0,9,64,2,1,0,0x",
                                        "x,1",
                                        "hello there",
                                        "1 2 3"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *text = g_strconcat(FAULT "\n", wrong[i], "\n", NULL);
        g_autofree char *expected =
            g_strconcat("error: in:2: '", wrong[i],
                        "' is not a line of a fault log (\"f,ADDRESS,NS,\" and 12 numbers, access "
                        "type 0 to 4; d, s, b, p, e or a range)\n",
                        NULL);
        expect_text(&options, text, expected);
    }
    expect_text(&options, "f,1000,5,1,1,2,1,0,0,65536,64,2,1,0,0\n",
                "error: in:1: GPC 1, TLB 2, client 65536: the most is 65535\n");
    expect_text(&options, FAULT "\nf,1000,9999999999999999999,1,1,2,1,0,0,9,64,2,1,0,0\n",
                "error: in:2: time 9999999999999999999 ns is more than 13 days after the first\n");
    expect_text(&options, "s,1\nb,5,0\n", "error: in: no memory accesses in it, read as uvm-log\n");
}

bool
test_uvm_log_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/uvm-log", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "refusals", test_refusals);
}
