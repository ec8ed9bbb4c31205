/* SPDX-License-Identifier: MIT */
/* libCacheSim's CSV: objects' places, its own words for columns, times with many requests; damage. */
#include "test-import.h"

static void
expect(const char *columns, const char *text, const char *expected)
{
    const NsimImportOptions options = options_of("libcachesim-csv", columns);
    expect_text(&options, text, expected);
}

static void
test_reading(void)
{
    NsimImportOptions options = options_of(NULL, NULL);
    /* 512 and 6656 bytes one behind the other; the first object's second request finds it where it was. */
    expect_file(&options, "objects.csv",
                "clock ps\nthread requests\n0 write 80000000000 x8\n1000 read 80000000200 x104\n0 pause 232\n"
                "3567586328 read 80000000000 x8\nregion 80000000000+1c00 objects\n");
    options.gap_ps = 10;
    expect_file(&options, "objects.csv",
                "clock ps\nthread requests\n0 write 80000000000 x8\n10 read 80000000200 x104\n10 read 80000000000 x8\n"
                "region 80000000000+1c00 objects\n");
}

static void
test_columns(void)
{
    /* Block traces: the number is the place. */
    expect("object=2:sector,bytes=1", "512,3\n4096,8\n",
           "clock ps\nthread requests\n0 read 600 x8\n1000 read 1000 x64\n");
    expect("time-col=1, obj-id-col=2, obj-size-col=3, op-col=4, obj-id-is-num=true, delimiter=,, has-header=true",
           "t,i,s,o\n5,a,64,get\n5,b,64,set\n5,a,64,PUT\n",
           "clock ps\nthread requests\n0 read 80000000000\n1000 write 80000000040\n1000 write 80000000000\n"
           "region 80000000000+80 objects\n");
    expect("obj-id-col=1,delimiter=;,has-header=0", "7;1\n",
           "clock ps\nthread requests\n0 read 80000000000\nregion "
           "80000000000+40 objects\n");
}

static void
test_refusals(void)
{
    expect("obj-id-col=1,cost-col=2", "1\n",
           "error: columns 'obj-id-col=1,cost-col=2': 'cost-col' (time-col, obj-id-col, obj-size-col, op-col, "
           "obj-id-is-num, "
           "delimiter, has-header)\n");
    expect("bytes=1", "1\n", "error: in:1: no column is the object: say which with --columns (obj-id-col=5,...)\n");
    expect("object=1,bytes=2,header=no", "1,2\n3\n", "error: in:2: '3' has fewer than 2 columns\n");
    expect("object=1,bytes=2,header=no", "1,x\n", "error: in:1: object size 'x' (0 to 2^30 bytes)\n");
    expect("object=1,bytes=2,header=no", "1,1073741825\n", "error: in:1: object size '1073741825' (0 to 2^30 bytes)\n");
    expect("object=1:page,header=no", "x\n", "error: in:1: object 'x': a number of 64 bits times the unit\n");
    expect("object=1,time=2,header=no", "1,x\n",
           "error: in:1: time 'x' (a decimal number within 13 days of the first)\n");
}

bool
test_libcachesim_csv_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/libcachesim-csv", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "columns", test_columns) &&
           CU_add_test(suite, "refusals", test_refusals);
}
