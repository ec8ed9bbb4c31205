/* SPDX-License-Identifier: MIT */
/* Lackey's text: clock, operations, messages in between, wrong lines. */
#include "test-core.h"

#include <CUnit/CUnit.h>

static void
expect(const char *text, const char *expected)
{
    NsimImportOptions options;
    nsim_import_options_init(&options);
    options.from = "lackey";
    g_autofree char *found = import_as_text("l.txt", text, strlen(text), &options);
    CU_ASSERT_STRING_EQUAL(found, expected);
}

static void
test_reading(void)
{
    expect("==1== Lackey\n"
           "I  04001000,3\n"
           "I  04001003,5\n"
           " L 1ffe000040,8\n"
           "I  04001008,2\n"
           " S 1ffe000080,4\r\n"
           "I  0400100a,2\n"
           " M 000000007f,2\n"
           "--1-- done\n"
           "\n",
           "0 2+0 read 1ffe000040 x1\n"
           "0 1+0 write 1ffe000080 x1\n"
           "0 1+0 read 40 x2\n"
           "0 0+0 write 40 x2\n");
    /* Consecutive lines of one kind are one run; its step is in sixteenths of an instruction. */
    expect(" L 1000,8\nI  0,1\n L 1040,8\nI  0,1\n L 1080,8\nI  0,1\n L 10c0,8\n", "0 0+16 read 1000 x4 stream\n");
}

static void
test_refusals(void)
{
    expect(" L 1000,8\nhello\n", "error: l.txt:2: 'hello' is not a line of lackey's (\"I  ADDRESS,SIZE\", \" L \", \" S \" or "
                                 "\" M \")");
    expect(" L 10g0,8\n", "error: l.txt:1: ' L 10g0,8' is not a line of lackey's (\"I  ADDRESS,SIZE\", \" L \", \" S \" or "
                          "\" M \")");
    expect(" L 11112222333344445,8\n",
           "error: l.txt:1: ' L 11112222333344445,8' is not a line of lackey's (\"I  ADDRESS,SIZE\", \" L \", \" S \" or "
           "\" M \")");
    expect("I  1000,8\n", "error: l.txt: no memory accesses in it, read as lackey");
    expect(" L 1000,1073741825\n", "error: l.txt: record 1 at byte 19: access of 1073741825 bytes: more than 1 GiB");
}

bool
test_lackey_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/lackey", NULL, NULL);
    return suite && CU_add_test(suite, "reading", test_reading) && CU_add_test(suite, "refusals", test_refusals);
}
