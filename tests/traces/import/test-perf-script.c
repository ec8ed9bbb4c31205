/* SPDX-License-Identifier: MIT */
/* perf script: fields there and missing, loads and stores, instructions' addresses told from data's, physical ones;
 * damage. */
#include "test-import.h"

#define BEGIN "clock ps\nfilter sampling by perf\n"

static void
test_reading(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    expect_file(&options, "perf-script.txt",
                BEGIN "thread bfs 4213\n0 read 7f3a80001040\n2000000 write 7f3a80002000\nthread bfs 4214\n877000 read "
                      "7f3a80001080\nthread worker thread 4300\n3000000 read 7f3a80003fc0\n");
    expect_file(&options, "perf-default.txt",
                BEGIN "thread ls 15127\n0 read 558fc13805c0\n0 pause 1\n1433032704 "
                      "read 7fde513b5100\n");
    options.columns = "phys";
    expect_file(&options, "perf-script.txt",
                BEGIN "thread bfs 4213\n0 read 2f4001040\n2000000 write 2f4002000\nthread bfs 4214\n877000 read "
                      "2f4001080\nthread worker thread 4300\n3000000 read 2f4003fc0\n");
}

static void
test_fields(void)
{
    NsimImportOptions options = options_of("perf-script", NULL);
    options.gap_ps = 100;
    /* Without a time: one gap a sample. The thread is the number before the CPU, the period or the event. */
    expect_text(&options, "ls 12 page-faults:     7ff49c4ca480\n", BEGIN "thread ls 12\n100 read 7ff49c4ca480\n");
    expect_text(&options, "my prog2 12   1000 page-faults:     7ff49c4ca480\n",
                BEGIN "thread my prog2 12\n100 read 7ff49c4ca480\n");
    expect_text(&options, "prog2 12 page-faults:     7ff49c4ca480\n", BEGIN "thread prog2 12\n100 read 7ff49c4ca480\n");
    expect_text(&options, "  11/12  [003]  7 x:P:     7ff49c4ca480\n",
                BEGIN "thread thread 12\n100 read 7ff49c4ca480\n");
    expect_text(&options, "12 7 x:     7ff49c4ca480\n", BEGIN "thread thread 12\n100 read 7ff49c4ca480\n");
    /* What it did: by data_src, else by the event's name. */
    expect_text(&options, "a 1 5.5: mem-stores:           400040\n", BEGIN "thread a 1\n0 write 400040\n");
    expect_text(&options, "a 1 5.5: mem-stores:           400040               46 |OP LOAD|STORE|LVL\n",
                BEGIN "thread a 1\n0 read 400040\n0 write 400040\n");
    expect_text(&options, "a 1 5.5: ibs:           400040               8 |OP PFETCH|LVL\n",
                "error: in: no memory accesses in it, read as perf-script\n");
    expect_capture(
        &options, "a 1 x: 400040\n",
        "imported from perf-script (samples of perf, virtual addresses, each of which stands for as many accesses "
        "as its period says; without times: 100 ps from sample to sample)");
}

static void
test_refusals(void)
{
    NsimImportOptions options = options_of("perf-script", NULL);
    expect_text(&options, "a 1 5.5: x:           400040\nhello\n",
                "error: in:2: 'hello' is not a sample of perf script's (\"COMM TID [CPU] TIME: PERIOD EVENT: ADDRESS "
                "...\")\n");
    expect_text(
        &options, "a 1 5.5: sched:sched_switch: prev_comm=x\n",
        "error: in:1: 'a 1 5.5: sched:sched_switch: prev_comm=x' is not a sample of perf script's (\"COMM TID [CPU] "
        "TIME: PERIOD EVENT: ADDRESS ...\")\n");
    /* An instruction's address alone is one blank further right. */
    expect_text(&options, "a 1 5.5: page-faults:      7ff49c4be77c foo (bar)\n",
                "error: in:1: this sample has no address of data: record with -d and print with -F +addr\n");
    expect_text(&options, "a 1 5.5: page-faults:      1e05080021 |OP N/A|LVL\n",
                "error: in:1: this sample has no address of data: record with -d and print with -F +addr\n");
    expect_text(&options, "a 1 5.5: x:           400040\na 1 x:           400040\n",
                "error: in:2: this sample has no time, those before have one\n");
    expect_text(&options, "a 1 5.5: x:           400040\na 1 9999999.5: x:           400040\n",
                "error: in:2: time of more than 13 days after the first\n");
    options.columns = "phys";
    expect_text(
        &options, "a 1 5.5: x:           400040 sym (dso)\n",
        "error: in:1: this sample has no physical address: record with --phys-data and print with -F +phys_addr\n");
    options.columns = "ip";
    expect_text(&options, "a 1 5.5: x:           400040\n",
                "error: columns 'ip': of perf script's the import can take 'addr' or 'phys' as the address\n");
}

bool
test_perf_script_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/perf-script", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "fields", test_fields) &&
           CU_add_test(suite, "refusals", test_refusals);
}
