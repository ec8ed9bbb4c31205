/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever the file, the reader answers with the trace or with one clear error. Method: a small trace cut at
 * every length and with every byte changed; files of other kinds; and headers, trailers and indexes that are wrong
 * under right checksums.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <traces/format.h>
#include <unistd.h>

/* Everything that a trace says, as one number: equal traces have equal digests. */
static bool
digest(NsimTrace *trace, uint64_t *ret_digest, GError **error)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    g_autoptr(GString) all = g_string_new(NULL);
    g_string_append_printf(all, "%u %u %lu %s|%s|%s %d", info->version, info->gap_unit, (gulong)info->gap_per_s,
                           info->program, info->capture, info->filter, info->filtered);
    for (uint32_t i = 0; i < info->region_count; i++)
        g_string_append_printf(all, " %s %lx %lx", info->regions[i].name, (gulong)info->regions[i].address,
                               (gulong)info->regions[i].bytes);
    for (uint32_t i = 0; i < info->mark_count; i++)
        g_string_append_printf(all, " %s", info->marks[i]);
    for (uint32_t i = 0; i < info->barrier_count; i++)
        g_string_append_printf(all, " %u", info->barriers[i]);
    for (uint32_t i = 0; i < info->frame_count; i++)
        g_string_append_printf(all, " %lx", (gulong)info->frames[i]);
    for (uint32_t i = 0; i < info->thread_count; i++) {
        g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, i, NSIM_FRAME_SHIFT, error);
        if (cursor == NULL)
            return false;
        g_string_append_printf(all, " %s %lu", info->threads[i].name, (gulong)info->threads[i].gap_total);
        do {
            if (!nsim_trace_cursor_fill(cursor, error))
                return false;
            g_string_append_len(all, (const char *)cursor->bursts, (gssize)(cursor->filled * sizeof(NsimBurst)));
        } while (cursor->filled > 0);
    }
    *ret_digest = reference_xxh64((const uint8_t *)all->str, all->len);
    return nsim_trace_check(trace, error);
}

/* Whether the bytes are a sound trace; if not, `error` says why. */
static bool
is_sound(const char *path, const void *data, size_t bytes, uint64_t *ret_digest, GError **error)
{
    test_save(path, data, bytes);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, error);
    return trace != NULL && digest(trace, ret_digest, error);
}

static bool
is_bad_data(const GError *error)
{
    return error != NULL && error->domain == NSIM_TRACE_ERROR && error->code != NSIM_TRACE_ERROR_IO;
}

static void
test_truncated(void)
{
    g_autofree char *path = test_path("truncated.trace");
    for (int level = 0; level <= 3; level += 3) {
        test_write_small(path, level);
        g_autoptr(GByteArray) file = test_load(path);
        CU_ASSERT_TRUE(file->len < 3000);
        for (guint length = 0; length < file->len; length++) {
            g_autoptr(GError) error = NULL;
            uint64_t unused;
            CU_ASSERT_FALSE_FATAL(is_sound(path, file->data, length, &unused, &error));
            CU_ASSERT_TRUE_FATAL(is_bad_data(error));
            CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(error->message, path));
            if (length >= 8)
                CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(error->message, "truncated"));
        }
    }
    g_remove(path);
}

static void
test_flipped(void)
{
    g_autofree char *path = test_path("flipped.trace");
    for (int level = 0; level <= 3; level += 3) {
        uint64_t sound = 0, found = 0;
        test_write_small(path, level);
        g_autoptr(GByteArray) file = test_load(path);
        CU_ASSERT_TRUE_FATAL(is_sound(path, file->data, file->len, &sound, NULL));
        for (guint at = 0; at < file->len; at++) {
            const uint8_t masks[] = {0xff, (uint8_t)(1u << at % 8)};
            for (size_t i = 0; i < G_N_ELEMENTS(masks); i++) {
                g_autoptr(GError) error = NULL;
                file->data[at] ^= masks[i];
                /* Every byte is under some checksum: nothing goes unnoticed. */
                CU_ASSERT_FALSE_FATAL(is_sound(path, file->data, file->len, &found, &error));
                CU_ASSERT_TRUE_FATAL(is_bad_data(error));
                file->data[at] ^= masks[i];
            }
        }
    }
    g_remove(path);
}

static void
test_flipped_under_checksums(void)
{
    /* The same with all checksums made right: any answer but a crash, and messages for what is refused. */
    g_autofree char *path = test_path("forged.trace");
    unsigned refused = 0;
    for (int level = 0; level <= 3; level += 3) {
        test_write_small(path, level);
        g_autoptr(GByteArray) file = test_load(path);
        for (guint at = 0; at < file->len - NSIM_FORMAT_FOOTER_BYTES; at++) {
            g_autoptr(GByteArray) forged = g_byte_array_new();
            g_autoptr(GError) error = NULL;
            uint64_t unused;
            g_byte_array_append(forged, file->data, file->len);
            forged->data[at] = (uint8_t)(forged->data[at] + 1 + at % 255);
            test_reseal(forged);
            if (!is_sound(path, forged->data, forged->len, &unused, &error)) {
                CU_ASSERT_TRUE_FATAL(is_bad_data(error));
                CU_ASSERT_TRUE_FATAL(error->message[0] != '\0');
                refused++;
            }
        }
    }
    CU_ASSERT_TRUE(refused > 1000);
    g_remove(path);
}

static void
test_foreign(void)
{
    static const struct {
        const char *bytes;
        size_t count;
    } files[] = {{"", 0},
                 {"x", 1},
                 {"\x7f"
                  "ELF\x02\x01\x01",
                  16},
                 {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16},
                 {"\x28\xb5\x2f\xfd\x04\x00", 6},
                 {"machine:\n  name: seed\n", 22},
                 {"\x8eNST\n\x1a\n", 7}}; /* ours after a transfer that took CRs away */
    g_autofree char *path = test_path("foreign");
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(GError) error = NULL;
        char padded[64] = {0};
        g_strlcpy(padded, files[i].bytes, sizeof padded);
        test_save(path, padded, files[i].count);
        CU_ASSERT_PTR_NULL(nsim_trace_open(path, &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT));
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "not a numasim trace"));
    }
    /* A large file of zeros. */
    g_autoptr(GError) error = NULL;
    g_autofree char *zeros = g_malloc0(1 << 20);
    test_save(path, zeros, 1 << 20);
    CU_ASSERT_PTR_NULL(nsim_trace_open(path, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT));
    g_remove(path);
}

static void
test_version(void)
{
    g_autofree char *path = test_path("version.trace");
    g_autoptr(GError) error = NULL;
    test_write_small(path, 0);
    g_autoptr(GByteArray) file = test_load(path);
    nsim_put_32(file->data + 8, 2);
    test_save(path, file->data, file->len);
    CU_ASSERT_PTR_NULL(nsim_trace_open(path, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "version 2 is not known, this program reads version 1"));
    g_remove(path);
}

static void
test_not_files(void)
{
    g_autofree char *path = test_path("fifo"), *missing = test_path("missing");
    const char *const paths[] = {test_directory(), path, missing};
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        CU_ASSERT_PTR_NULL(nsim_trace_open(paths[i], &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_IO));
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, paths[i]));
    }
    g_remove(path);
}

/* The small trace with one number changed under right checksums. `part`: 0 header, 1 trailer, 2 index, 3 footer. */
static void
forged(unsigned part, uint64_t offset, unsigned bytes, uint64_t value, NsimTraceError code, const char *words)
{
    g_autofree char *path = test_path("forged.trace");
    g_autoptr(GError) error = NULL;
    test_write_small(path, 0);
    g_autoptr(GByteArray) file = test_load(path);
    uint8_t *footer = file->data + file->len - NSIM_FORMAT_FOOTER_BYTES;
    const uint64_t starts[] = {0, nsim_get_64(footer + 24), nsim_get_64(footer + 8),
                               file->len - NSIM_FORMAT_FOOTER_BYTES};
    for (unsigned i = 0; i < bytes; i++)
        file->data[starts[part] + offset + i] = (uint8_t)(value >> 8 * i);
    if (part == 3)
        nsim_put_64(footer + 56, reference_xxh64(footer, 56));
    else
        test_reseal(file);
    test_save(path, file->data, file->len);
    NsimTrace *trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NULL(trace);
    nsim_trace_unref(trace);
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, (gint)code));
    if (error != NULL && strstr(error->message, words) == NULL) {
        g_printerr("'%s' does not say '%s'\n", error->message, words);
        CU_FAIL("wrong message");
    }
    g_remove(path);
}

static void
test_forged(void)
{
    const NsimTraceError corrupt = NSIM_TRACE_ERROR_CORRUPT, limit = NSIM_TRACE_ERROR_LIMIT;
    forged(0, 16, 4, 2, corrupt, "gap unit 2 is not 0 (instructions) or 1 (picoseconds)");
    forged(0, 16, 4, 0, corrupt, "declared rate of 0 gap units");
    forged(0, 24, 8, 5, corrupt, "declared rate of 5 gap units");
    forged(0, 20, 4, 2, corrupt, "values that version 1 does not have");
    forged(0, 33, 1, 12, corrupt, "values that version 1 does not have");
    forged(0, 36, 4, 1 << 20, corrupt, "values that version 1 does not have");
    forged(0, 48, 1, 1, corrupt, "values that version 1 does not have");
    /* Trailer: the counts, then "small", "by hand", "none": 24 + 9 + 11 + 8 = 52; thread 0 at 52, its name at 100. */
    forged(1, 0, 4, 4097, limit, "4097 threads, the limit is 4096");
    forged(1, 0, 4, 4000, corrupt, "no room for 4000 threads");
    forged(1, 0, 4, 1, corrupt, "");
    forged(1, 4, 4, UINT32_MAX, limit, "4294967295 regions, the limit is 65536");
    forged(1, 8, 4, 65537, limit, "65537 marks");
    forged(1, 12, 4, 1025, limit, "1025 barriers");
    forged(1, 16, 4, (1 << 23) + 1, limit, "8388609 frames, the limit is 8388608");
    forged(1, 16, 4, 2, corrupt, "8 bytes too many");
    forged(1, 20, 4, 1, corrupt, "values that version 1 does not have");
    forged(1, 24, 4, 4097, limit, "program at byte");
    forged(1, 24, 4, 4096, corrupt, "trailer ends inside the program at byte");
    forged(1, 28, 1, 0xff, corrupt, "is not printable UTF-8");
    forged(1, 28, 1, 0x1b, corrupt, "is not printable UTF-8");
    forged(1, 28, 1, 0, corrupt, "is not printable UTF-8");
    forged(1, 52, 8, 42, corrupt, "in the thread table");
    forged(1, 60, 8, UINT64_MAX, corrupt, "exceed 64 bits");
    forged(1, 92, 8, 2, corrupt, "thread 1 has 1 blocks, the index has 0 left for it");
    forged(1, 92, 8, 0, corrupt, "threads have 1 blocks together, the index has 2");
    forged(1, 92, 8, UINT64_MAX, corrupt, "has 18446744073709551615 blocks");
    /* thread 0 ends at 110, thread 1 at 168: region 0's address and size there, its name at 184. */
    forged(1, 168, 8, UINT64_MAX - 10, corrupt, "is empty, out of order or overlaps");
    forged(1, 176, 8, 0, corrupt, "is empty, out of order or overlaps");
    /* "heap" ends at 192, "token" at 201: the barrier's members, then three frames. */
    forged(1, 201, 4, 0, corrupt, "barrier 0 has 0 members, the trace has 2 threads");
    forged(1, 201, 4, 3, corrupt, "barrier 0 has 3 members");
    forged(1, 205, 8, UINT64_C(0x7f0000000000) >> 21, corrupt, "has two numbers");
    forged(1, 205, 8, UINT64_C(1) << 43, corrupt, "out of range");
    forged(2, 0, 8, 63, corrupt, "index entry 0 (thread 0)");
    forged(2, 0, 8, UINT64_MAX, corrupt, "index entry 0");
    forged(2, 8, 4, 100, corrupt, "index entry 0");
    forged(2, 8, 4, 1 << 24, corrupt, "index entry 0");
    forged(2, 12, 4, 0, corrupt, "index entry 0");
    forged(2, 12, 4, 4097, corrupt, "index entry 0");
    forged(2, 12, 4, 40, corrupt, "thread 0 has 40 records in the index, 41 in the thread table");
    forged(2, 16, 8, 1, corrupt, "index entry 0");
    forged(2, 24 + 16, 8, 1, corrupt, "index entry 1 (thread 1)");
    forged(2, 8, 4, 160, corrupt, "lie between header and index");
    forged(3, 8, 8, 0, corrupt, "do not fill the file");
    forged(3, 16, 8, 0, corrupt, "do not fill the file");
    forged(3, 24, 8, UINT64_MAX, corrupt, "do not fill the file");
    forged(3, 32, 8, UINT64_MAX, corrupt, "do not fill the file");
    forged(3, 40, 8, 0, corrupt, "checksum of the index");
    forged(3, 48, 8, 0, corrupt, "checksum of the trailer");
}

static void
test_sha256(void)
{
    g_autofree char *path = test_path("digest.trace");
    g_autoptr(GError) error = NULL;
    test_write_small(path, 3);
    g_autoptr(GByteArray) file = test_load(path);
    g_autofree char *expected = g_compute_checksum_for_data(G_CHECKSUM_SHA256, file->data, file->len);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_EQUAL(nsim_trace_info(trace)->file_bytes, file->len);
    CU_ASSERT_STRING_EQUAL(nsim_trace_path(trace), path);
    g_autofree char *found = nsim_trace_sha256(trace, &error), *again = nsim_trace_sha256(trace, &error);
    CU_ASSERT_STRING_EQUAL(found, expected);
    CU_ASSERT_STRING_EQUAL(again, expected);
    g_remove(path);
}

static void
test_shrunk(void)
{
    /* The file loses its middle while it is open. */
    g_autofree char *path = test_path("shrunk.trace");
    g_autoptr(GError) error = NULL;
    test_write_small(path, 0);
    g_autoptr(NsimTrace) trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_EQUAL(truncate(path, 100), 0);
    CU_ASSERT_FALSE(nsim_trace_check(trace, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "truncated"));
    g_remove(path);
}

bool
test_parse_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/parse", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "every truncation", test_truncated) != NULL &&
           CU_add_test(suite, "every byte changed", test_flipped) != NULL &&
           CU_add_test(suite, "every byte changed under right checksums", test_flipped_under_checksums) != NULL &&
           CU_add_test(suite, "foreign files", test_foreign) != NULL &&
           CU_add_test(suite, "another version", test_version) != NULL &&
           CU_add_test(suite, "things that are no files", test_not_files) != NULL &&
           CU_add_test(suite, "impossible values under right checksums", test_forged) != NULL &&
           CU_add_test(suite, "sha-256", test_sha256) != NULL &&
           CU_add_test(suite, "a file that shrinks", test_shrunk) != NULL;
}
