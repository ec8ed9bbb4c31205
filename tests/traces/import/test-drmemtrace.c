/* SPDX-License-Identifier: MIT */
/*
 * Goal: drmemtrace's files, one by one and as a directory, come out with threads, clocks and accesses; what is not one,
 * or is damaged, is told with file and place. Method: records put together by hand from the documented numbers.
 */
#include "test-import-binary.h"

#include <glib/gstdio.h>

#include <CUnit/CUnit.h>

#define HEAP UINT64_C(0x7f0000000000)
#define BEGIN_US UINT64_C(13000000000000000)

enum {
    READ = 0,
    WRITE = 1,
    PREFETCH = 2,
    INSTR = 10,
    BUNDLE = 17,
    THREAD = 22,
    EXIT = 23,
    PID = 24,
    HEADER = 25,
    FOOTER = 26
};
enum { MARKER = 28, NO_FETCH = 29, ENCODING = 47, JUMP = 48 };
enum { TIMESTAMP = 2, CPU = 3, FILETYPE = 9, VERSION = 12, WINDOW = 14 };

/* Bytes of an address: 8, or 4 for 32-bit programs. */
static unsigned width = 8;

static void
record(GByteArray *bytes, unsigned type, unsigned size, uint64_t value)
{
    put(bytes, 2, type);
    put(bytes, 2, size);
    put(bytes, width, value);
}

static void
begin(GByteArray *bytes, unsigned file_type, unsigned thread, uint64_t us)
{
    record(bytes, HEADER, 0, 6);
    record(bytes, MARKER, VERSION, 6);
    record(bytes, MARKER, FILETYPE, file_type);
    record(bytes, THREAD, 4, thread);
    record(bytes, PID, 4, 100);
    record(bytes, MARKER, TIMESTAMP, us);
    record(bytes, MARKER, CPU, 3);
}

/* The second thread begins 2 us after the first. */
GByteArray *
drmemtrace_sample(unsigned number)
{
    const uint64_t heap = HEAP + (number << 12);
    GByteArray *bytes = g_byte_array_new();
    begin(bytes, 0x40, 100 + number, BEGIN_US + 2 * number);
    record(bytes, ENCODING, 3, 0xc08548);
    record(bytes, INSTR, 3, 0x401000);
    record(bytes, READ, 8, heap);
    record(bytes, NO_FETCH, 2, 0x401003);
    record(bytes, READ, 8, heap + 60); /* two lines */
    record(bytes, JUMP, 2, 0x401005);
    record(bytes, MARKER, WINDOW, 1);
    record(bytes, MARKER, TIMESTAMP, BEGIN_US + 2 * number + 1);
    record(bytes, INSTR, 0, 0x401007); /* only where the next access is made */
    record(bytes, WRITE, 4, heap + 128);
    record(bytes, PREFETCH, 1, heap + 4096);
    record(bytes, EXIT, 4, 100 + number);
    record(bytes, FOOTER, 0, 0);
    return bytes;
}

/* An instruction takes 333 ps and a bit; the gaps are of whole ps. */
static const char one_thread[] = "picoseconds\n"
                                 "thread thread 100\n"
                                 "r 7f0000000000 x1 +333\n"
                                 "r 7f0000000000 x2 +333\n"
                                 "mark window +333\n"
                                 "w 7f0000000080 x1 +999001\n";

static void
one_file(void)
{
    g_autoptr(GByteArray) bytes = drmemtrace_sample(0);
    g_autofree char *path = save_scratch("a.trace", bytes->data, bytes->len);
    const char *const paths[] = {path, NULL};
    NsimImportResult result;
    g_autofree char *text = import_text(&(ImportCase){0}, paths, &result);
    expect_text(text, one_thread);
    CU_ASSERT_STRING_EQUAL(result.format, "drmemtrace");
    CU_ASSERT_EQUAL(result.record_count, 20);
    CU_ASSERT_EQUAL(result.skipped_count, 17);
    CU_ASSERT_EQUAL(result.read_count, 2);
    CU_ASSERT_EQUAL(result.write_count, 1);
    g_autofree char *counted = import_text(&(ImportCase){.instructions_per_s = 2000000000}, paths, NULL);
    expect_text(counted, "instructions 2000000000\n"
                         "thread thread 100\n"
                         "r 7f0000000000 x1 +1\n"
                         "r 7f0000000000 x2 +1\n"
                         "mark window +1\n"
                         "w 7f0000000080 x1 +0\n");
}

static void
narrow(void)
{
    width = 4;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    begin(bytes, 0x20, 7, 77);
    record(bytes, INSTR, 3, 0x8048000);
    record(bytes, BUNDLE, 2, 0x0503);
    record(bytes, WRITE, 4, 0xfffffff0);
    record(bytes, FOOTER, 0, 0);
    width = 8;
    CU_ASSERT_EQUAL(bytes->len, 11 * 8);
    g_autofree char *text = import_bytes(&(ImportCase){0}, "t", bytes);
    expect_text(text, "picoseconds\nthread thread 7\nw ffffffc0 x1 +999\n");
}

static const char both_threads[] = "picoseconds\n"
                                   "thread thread 100\n"
                                   "r 7f0000000000 x1 +333\n"
                                   "r 7f0000000000 x2 +333\n"
                                   "mark window +333\n"
                                   "w 7f0000000080 x1 +999001\n"
                                   "thread thread 101\n"
                                   "r 7f0000001000 x1 +2000333\n"
                                   "r 7f0000001000 x2 +333\n"
                                   "mark window +333\n"
                                   "w 7f0000001080 x1 +999001\n";

/* The later thread's file comes first by name: the clocks still count from the earliest time. */
static void
directory(void)
{
    g_autoptr(GByteArray) first = drmemtrace_sample(0), second = drmemtrace_sample(1);
    g_autoptr(GByteArray) packed = deflated(first, G_ZLIB_COMPRESSOR_FORMAT_GZIP), zip = zipped(second, false, false);
    g_autofree char *a = save_scratch("x.dir/trace/drmemtrace.x.2.trace.gz", packed->data, packed->len);
    g_autofree char *b = save_scratch("x.dir/trace/drmemtrace.x.1.trace.zip", zip->data, zip->len);
    g_autofree char *c = save_scratch("x.dir/trace/cpu_schedule.bin.zip", "no", 2);
    g_autofree char *outer = scratch_path("x.dir"), *inner = scratch_path("x.dir/trace");
    const char *const by_outer[] = {outer, NULL}, *const by_inner[] = {inner, NULL}, *const by_file[] = {a, b, NULL};
    g_autofree char *text = import_text(&(ImportCase){0}, by_outer, NULL);
    const char *second_thread = strstr(both_threads, "thread thread 101\n");
    g_autofree char *first_thread = g_strndup(both_threads + 12, (size_t)(second_thread - both_threads - 12));
    g_autofree char *turned = g_strconcat("picoseconds\n", second_thread, first_thread, NULL);
    expect_text(text, turned);
    g_autofree char *also = import_text(&(ImportCase){0}, by_inner, NULL);
    expect_text(also, turned);
    g_autofree char *files = import_text(&(ImportCase){0}, by_file, NULL);
    expect_text(files, both_threads);

    /* Messages name the file in the directory, and count its own records. */
    g_byte_array_set_size(first, first->len - 12);
    g_autofree char *cut = save_scratch("x.dir/trace/drmemtrace.x.2.trace.gz", first->data, first->len);
    CU_ASSERT_STRING_EQUAL(cut, a);
    g_autofree char *message = import_text(&(ImportCase){0}, by_outer, NULL);
    expect_text(message,
                "error: x.dir/trace/drmemtrace.x.2.trace.gz: record 19 at byte 228: the file ends without a footer: "
                "it was cut off");
    g_remove(a);
    g_remove(b);
    g_autofree char *empty = import_text(&(ImportCase){0}, by_outer, NULL);
    expect_text(empty,
                "error: x.dir/trace: no drmemtrace files (*.trace, *.trace.gz, *.trace.zip ...) in it (at most 4096)");
    g_remove(c);
}

/* Files of cores: which thread runs does not matter. */
static void
cores(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    begin(bytes, 0x10040, 100, BEGIN_US);
    record(bytes, READ, 8, HEAP);
    record(bytes, THREAD, 4, 101);
    record(bytes, READ, 8, HEAP + 256);
    record(bytes, FOOTER, 0, 0);
    g_autofree char *text = import_bytes(&(ImportCase){0}, "t", bytes);
    expect_text(text, "picoseconds\nthread core 0\nr 7f0000000000 x1 +0\nr 7f0000000100 x1 +0\n");
}

typedef struct {
    unsigned type, size;
    uint64_t value;
    const char *message;
} Damage;

static void
damage(void)
{
    static const Damage cases[] = {
        {50, 0, 0, "error: t: record 8 at byte 84: type 50 (0 to 49)"},
        {HEADER, 0, 9, "error: t: record 8 at byte 84: header with version 9 (2 to 7)"},
        {MARKER, VERSION, 1, "error: t: record 8 at byte 84: version 1 (2 to 7)"},
        {MARKER, FILETYPE, 4,
         "error: t: record 8 at byte 84: a trace of instructions only: there are no data accesses in it"},
        {MARKER, TIMESTAMP, BEGIN_US + UINT64_C(1152921504607),
         "error: t: record 8 at byte 84: time 13001152921504607 us, the trace begins at 13000000000000000 us: a trace "
         "is at "
         "most 13 days long"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        begin(bytes, 0x40, 100, BEGIN_US);
        record(bytes, cases[i].type, cases[i].size, cases[i].value);
        g_autofree char *text = import_bytes(&(ImportCase){.from = "drmemtrace"}, "t", bytes);
        expect_text(text, cases[i].message);
    }
    g_autoptr(GByteArray) early = g_byte_array_new(), cut = drmemtrace_sample(0), raw = g_byte_array_new();
    record(early, HEADER, 0, 6);
    record(early, PID, 4, 100);
    record(early, READ, 4, HEAP);
    g_autofree char *nobody = import_bytes(&(ImportCase){0}, "t", early);
    expect_text(nobody, "error: t: record 3 at byte 24: an access before the thread's number");
    g_byte_array_set_size(cut, 20 * 12 + 5);
    g_autofree char *middle = import_bytes(&(ImportCase){0}, "t", cut);
    expect_text(middle, "error: t: record 21 at byte 240: the file ends in the middle of a record of 12 bytes");
    put(raw, 8, UINT64_C(0xc200000000000006));
    g_autofree char *unready = import_bytes(&(ImportCase){.from = "drmemtrace"}, "t", raw);
    expect_text(unready,
                "error: t: record 0 at byte 0: not a drmemtrace file: no header record of version 2 to 7 (a raw "
                "trace must go through raw2trace first)");
}

bool
test_drmemtrace_register(void)
{
    CU_pSuite suite = CU_add_suite("drmemtrace", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "one file", one_file) != NULL &&
           CU_add_test(suite, "32 bits", narrow) != NULL && CU_add_test(suite, "directory", directory) != NULL &&
           CU_add_test(suite, "cores", cores) != NULL && CU_add_test(suite, "damage", damage) != NULL;
}
