/* SPDX-License-Identifier: MIT */
/* Tables: columns by specification and by name, separators, units, words, quotes; damage. */
#include "test-import.h"

static void
expect(const char *columns, const char *text, const char *expected)
{
    const NsimImportOptions options = options_of("csv", columns);
    expect_text(&options, text, expected);
}

static void
test_names(void)
{
    const NsimImportOptions options = options_of(NULL, NULL);
    expect_file(
        &options, "accesses.csv",
        "clock ps\nthread thread 7\n0 read 7f0000001000\n500000 write 7f0000001040 x2\nthread thread 8\n750000 read "
        "7f0000002000\n");
    expect(NULL, "Time (ns);Addr\n5;0x40\n6;0x80\n", "clock ps\nthread main\n0+16000 read 40 x2\n");
    expect(NULL, "addr\tcore\n64\tx y\n128\tz\n192\tx y\n",
           "clock ps\nthread x y\n1000 read 40\n1000 read c0\nthread z\n1000 read 80\n");
}

static void
test_columns(void)
{
    expect("address=2:hex,time=1:us", "1,40\n1.5,c0\n", "clock ps\nthread main\n0 read 40\n500000 read c0\n");
    expect("address=1:page,bytes=2,op=3:get/put", "1,4096,GET\n2,8,put\n",
           "clock ps\nthread main\n1000 read 1000 x64\n1000 write 2000\n");
    expect("address=1:sector", "3\n", "clock ps\nthread main\n1000 read 600\n");
    expect("address=1:128", "3\n", "clock ps\nthread main\n1000 read 180\n");
    expect("address=1:line", "0x3\n", "clock ps\nthread main\n1000 read c0\n");
    expect("time=2:instructions,address=1", "64 100\n256 130\n",
           "clock instructions 3000000000\nthread main\n0 read 40\n30 read 100\n");
    expect("separator=tab,address=2,header=yes", "what,\tever\na\t64\n", "clock ps\nthread main\n1000 read 40\n");
    expect("address=place, op=what", "what,place\n1,64\n0,128\n",
           "clock ps\nthread main\n1000 write 40\n1000 read 80\n");
    expect("address=2,separator=space", "a   64   b\n#\n\nc 256\n",
           "clock ps\nthread main\n1000 read 40\n1000 read 100\n");
    expect("address=2", "\"a \"\", b\",\"64\"\r\nx,256\n", "clock ps\nthread main\n1000 read 40\n1000 read 100\n");
    /* A first line that cannot be a row is one of names. */
    expect("address=1,bytes=2", "a,b\n64,1\n", "clock ps\nthread main\n1000 read 40\n");
    expect("time=1:s,address=2", "1700000000.000000001,64\n1700000000.000000003,256\n",
           "clock ps\nthread main\n0 read 40\n2000 read 100\n");
}

static void
test_wrong_columns(void)
{
    static const char *const cases[][2] = {
        {"address", "'address' is not of the form KEY=VALUE"},
        {"adress=1", "'adress' (time, address, object, op, bytes, thread, separator or header)"},
        {"address=0", "column '0' (1 to 256, or a name in the first line)"},
        {"address=257", "column '257' (1 to 256, or a name in the first line)"},
        {"address=", "'address' has no column"},
        {"address=1,address=2", "'address' is given twice"},
        {"address=1:oct", "unit 'oct' of the address (hex, dec, page, line, sector or a number of bytes)"},
        {"address=1:0", "unit '0' of the address (hex, dec, page, line, sector or a number of bytes)"},
        {"time=1:min", "unit 'min' of the time (ps, ns, us, ms, s or instructions)"},
        {"op=1:R", "words 'R' of the op (READ/WRITE)"},
        {"op=1:R/W/X", "words 'R/W/X' of the op (READ/WRITE)"},
        {"bytes=1:KiB", "unit 'KiB': only time, address and op have one"},
        {"separator=,", "separator '' (comma, semicolon, tab or space)"},
        {"header=maybe", "header 'maybe' (yes or no)"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *expected = g_strdup_printf("error: columns '%s': %s\n", cases[i][0], cases[i][1]);
        expect(cases[i][0], "1,2\n", expected);
    }
    expect("address=place", "a,b\n", "error: in:1: the first line has no column 'place'\n");
    expect("address=place,header=no", "place\n",
           "error: in:1: columns are known by their names, but there is no first line with names\n");
    expect("address=1,bytes=1", "1,2\n", "error: in:1: column 1 is both 'address' and 'bytes'\n");
    expect("bytes=1", "1,2\n", "error: in:1: no column is the address: say which with --columns (address=3:hex,...)\n");
    expect(NULL, "a,b\n1,2\n", "error: in:1: no column is the address: say which with --columns (address=3:hex,...)\n");
    expect(NULL, "time,addr\n1,2\n",
           "error: in:1: column 1 is the time, in which unit is not said: say it with --columns (time=1:us,...; "
           "allowed are "
           "ps, ns, us, ms, s and instructions)\n");
}

static void
test_wrong_rows(void)
{
    static const char *const columns = "time=1:ns,address=2,op=3,bytes=4,header=no";
    static const char *const cases[][2] = {
        {"1,64,R", "'1,64,R' has fewer than 4 columns"},
        {"1,6f,R,8",
         "address '6f' (0x and hexadecimal, or decimal, 64 bits; address=COLUMN:hex for hexadecimal without 0x)"},
        {"1,,R,8",
         "address '' (0x and hexadecimal, or decimal, 64 bits; address=COLUMN:hex for hexadecimal without 0x)"},
        {"1,64,Q,8", "op 'Q' (R, READ, L, LD, LOAD, 0, W, WRITE, S, ST, STORE or 1)"},
        {"1,64,R,8B", "bytes '8B' (a number)"},
        {"x,64,R,8", "time 'x' (a decimal number below 2^64 ns)"},
        {"18446744073709551615,64,R,8", "time '18446744073709551615' (within 13 days of the first)"}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("1,64,R,8\n%s\n", cases[i][0]);
        g_autofree char *expected = g_strdup_printf("error: in:2: %s\n", cases[i][1]);
        expect(columns, text, expected);
    }
    expect("address=1:page,header=no", "9999999999999999\n",
           "error: in:1: address '9999999999999999' (0x and hexadecimal, or decimal, 64 bits; address=COLUMN:hex for "
           "hexadecimal without 0x)\n");
    expect("address=1:dec,header=no", "0x40\n", "error: in:1: address '0x40' (decimal, 64 bits)\n");
    expect("time=1:instructions,address=2,header=no", "1.5,64\n",
           "error: in:1: time '1.5' (a number of instructions)\n");
    expect("address=1,op=2:a/b,header=no", "64,R\n", "error: in:1: op 'R' (the words of --columns)\n");
}

bool
test_csv_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/csv", NULL, NULL);
    return suite && CU_add_test(suite, "names", test_names) && CU_add_test(suite, "columns", test_columns) &&
           CU_add_test(suite, "wrong columns", test_wrong_columns) && CU_add_test(suite, "wrong rows", test_wrong_rows);
}
