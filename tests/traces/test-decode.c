/* SPDX-License-Identifier: MIT */
/*
 * Goal: what the encoder wrote comes back, and no block, however wrong, is believed. Method: random records through
 * both; then single fields of good blocks set to values that the format's page excludes.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <traces/decode.h>
#include <traces/encode.h>

#define RECORDS 1000u
#define FRAMES 50u
#define DESCRIPTOR(column) (NSIM_FORMAT_BLOCK_HEADER_BYTES + NSIM_FORMAT_COLUMN_BYTES * (uint32_t)(column))

typedef struct {
    NsimBlockEncoder *encoder;
    NsimBlockDecoder *decoder;
    NsimBlockEntry entry;
    NsimTraceRecord records[RECORDS];
    uint8_t block[NSIM_FORMAT_BLOCK_BYTES_MAX + NSIM_DECODE_SLACK_BYTES];
} Fixture;

static Fixture *
fixture_new(int level, uint32_t count, bool control)
{
    Fixture *fixture = g_new0(Fixture, 1);
    NsimRandom random;
    nsim_random_init(&random, count + 1, "decode");
    for (uint32_t i = 0; i < count; i++) {
        NsimTraceRecord *record = &fixture->records[i];
        if (control && nsim_random_below(&random, 5) == 0) {
            *record = (NsimTraceRecord){.frame = (uint32_t)nsim_random_below(&random, 3),
                                        .gap = (uint32_t)nsim_random_below(&random, 100),
                                        .kind = (uint8_t)(NSIM_OP_PAUSE + nsim_random_below(&random, 3))};
            continue;
        }
        record->frame = (uint32_t)nsim_random_below(&random, FRAMES);
        record->line = (uint16_t)nsim_random_below(&random, NSIM_FRAME_LINES);
        record->count = (uint16_t)(1 + nsim_random_below(&random, NSIM_FRAME_LINES - record->line));
        record->gap = (uint32_t)nsim_random_below(&random, 70000);
        record->step = (uint16_t)nsim_random_below(&random, 300);
        record->kind = (uint8_t)(nsim_random_below(&random, 3) | nsim_random_below(&random, 4) << 3);
    }
    fixture->decoder = g_new0(NsimBlockDecoder, 1);
    fixture->decoder->verify_checksums = true;
    fixture->decoder->page_shift = NSIM_FRAME_SHIFT;
    fixture->decoder->frame_count = FRAMES;
    fixture->decoder->mark_count = fixture->decoder->barrier_count = 3;
    fixture->encoder = nsim_block_encoder_new(level);
    const uint8_t *block;
    fixture->entry = (NsimBlockEntry){.thread = 2, .first_record = 4096, .offset = 999};
    fixture->entry.record_count =
        nsim_block_encode(fixture->encoder, 2, 4096, fixture->records, count, &block, &fixture->entry.bytes);
    memcpy(fixture->block, block, fixture->entry.bytes);
    return fixture;
}

static void
fixture_free(Fixture *fixture)
{
    nsim_block_encoder_free(fixture->encoder);
    nsim_block_decoder_clear(fixture->decoder);
    g_free(fixture->decoder);
    g_free(fixture);
}

/* Decode and compare. */
static bool
decodes(Fixture *fixture, GError **error)
{
    NsimBlockDecoder *decoder = fixture->decoder;
    uint32_t at = 0;
    if (!nsim_block_decoder_begin(decoder, &fixture->entry, fixture->block, error))
        return false;
    for (;;) {
        if (!nsim_block_decoder_next(decoder, error))
            return false;
        if (decoder->batch_count == 0)
            break;
        for (uint32_t i = 0; i < decoder->batch_count; i++, at++) {
            const NsimTraceRecord *record = &fixture->records[at];
            const bool control = (record->kind & NSIM_KIND_CONTROL) != 0;
            CU_ASSERT_EQUAL_FATAL(decoder->kind[i], record->kind);
            CU_ASSERT_EQUAL_FATAL(decoder->gap[i], record->gap);
            CU_ASSERT_EQUAL_FATAL(decoder->count[i], record->count);
            CU_ASSERT_EQUAL_FATAL(decoder->step[i], record->step);
            CU_ASSERT_EQUAL_FATAL(control ? decoder->operand[i] : decoder->frame[i], record->frame);
            if (!control)
                CU_ASSERT_EQUAL_FATAL(decoder->line[i], record->line);
        }
    }
    CU_ASSERT_EQUAL(at, fixture->entry.record_count);
    return true;
}

static void
test_round_trip(void)
{
    static const uint32_t counts[] = {1, 2, 3, 7, 8, 9, 255, 256, 257, 511, 512, 513, 1000};
    for (size_t i = 0; i < G_N_ELEMENTS(counts) * 4; i++) {
        Fixture *fixture = fixture_new(i % 2 == 0 ? 0 : 5, counts[i / 4], i % 4 >= 2);
        CU_ASSERT_TRUE(decodes(fixture, NULL));
        CU_ASSERT_TRUE(decodes(fixture, NULL)); /* a decoder is used for many blocks */
        fixture_free(fixture);
    }
}

static void
test_lags(void)
{
    /* Interleaved streams, so that every lag is chosen and carried from batch to batch. */
    for (uint32_t streams = 1; streams <= 8; streams++) {
        Fixture *fixture = fixture_new(0, RECORDS, false);
        const uint8_t *block;
        for (uint32_t i = 0; i < RECORDS; i++) {
            NsimTraceRecord *record = &fixture->records[i];
            record->frame = i % streams;
            record->count = 5;
            record->line = (uint16_t)(i / streams * 7 + i % 3);
            if (i % 11 == 5)
                *record = (NsimTraceRecord){.frame = 1, .kind = NSIM_OP_MARK};
        }
        nsim_block_encode(fixture->encoder, 2, 4096, fixture->records, RECORDS, &block, &fixture->entry.bytes);
        memcpy(fixture->block, block, fixture->entry.bytes);
        CU_ASSERT_TRUE(fixture->block[32] > 0);
        CU_ASSERT_TRUE(decodes(fixture, NULL));
        fixture_free(fixture);
    }
}

/* A good block with `bytes` bytes at `offset` set to `value` must be refused with these words. */
static void
refused(int level, uint32_t offset, unsigned bytes, uint64_t value, const char *words)
{
    g_autoptr(GError) error = NULL;
    Fixture *fixture = fixture_new(level, 300, false);
    fixture->decoder->verify_checksums = false;
    for (unsigned i = 0; i < bytes; i++)
        fixture->block[offset + i] = (uint8_t)(value >> 8 * i);
    CU_ASSERT_FALSE(decodes(fixture, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_CORRUPT));
    if (error != NULL && strstr(error->message, words) == NULL) {
        g_printerr("'%s' does not say '%s'\n", error->message, words);
        CU_FAIL("wrong message");
    }
    fixture_free(fixture);
}

/* A good stored block with the last value of a column set. */
static void
refused_value(unsigned column, uint64_t value, const char *words)
{
    Fixture *fixture = fixture_new(0, 300, false);
    uint32_t offset = NSIM_FORMAT_BLOCK_FIXED_BYTES;
    for (unsigned i = 0; i <= column; i++)
        offset += nsim_get_32(fixture->block + DESCRIPTOR(i) + 8);
    const unsigned width = fixture->block[DESCRIPTOR(column) + 12];
    const uint64_t base = nsim_get_64(fixture->block + DESCRIPTOR(column));
    fixture_free(fixture);
    CU_ASSERT_TRUE_FATAL(width > 0);
    refused(0, offset - width, width, value - base, words);
}

static void
test_fields(void)
{
    refused(0, 8, 4, 0, "no block begins here");
    refused(0, 12, 4, 200, "the index says");
    refused(0, 16, 4, 3, "holds 300 records of thread 3 from number 4096");
    refused(0, 20, 4, 299, "the index says");
    refused(0, 24, 8, 0, "from number 0 ");
    refused(0, 32, 1, 9, "lag 9 is outside 0..8");
    refused(0, 32, 1, 1, "column ");
    refused(0, 36, 1, 1, "reserved byte 36");
    for (unsigned column = 0; column < NSIM_FORMAT_COLUMNS; column++) {
        refused(0, DESCRIPTOR(column) + 12, 1, 3, "values of 3 bytes");
        refused(0, DESCRIPTOR(column) + 12, 1, 8, "values of 8 bytes");
        refused(0, DESCRIPTOR(column) + 12, 1, 16, "values of 16 bytes");
        refused(0, DESCRIPTOR(column) + 13, 1, 2, "packed in an unknown way");
        refused(0, DESCRIPTOR(column) + 14, 2, 1, "packed in an unknown way");
        refused(0, DESCRIPTOR(column), 8, UINT64_C(1) << 32, "exceeds its range");
        refused(0, DESCRIPTOR(column) + 8, 4, UINT32_MAX, "stored bytes");
    }
    refused(5, DESCRIPTOR(NSIM_COLUMN_KIND) + 8, 4, 5, "column 5");
    refused(5, DESCRIPTOR(NSIM_COLUMN_KIND) + 12, 1, 0, "packed in an unknown way");
}

static void
test_second_frame(void)
{
    /* A skippable zstd frame of no bytes after a column's own frame: the same values, but not what the page says. */
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
    g_autoptr(GError) error = NULL;
    Fixture *fixture = fixture_new(5, 300, false);
    fixture->decoder->verify_checksums = false;
    uint8_t *block = fixture->block, *kind = block + DESCRIPTOR(NSIM_COLUMN_KIND);
    uint32_t end = NSIM_FORMAT_BLOCK_FIXED_BYTES;
    for (unsigned i = 0; i <= NSIM_COLUMN_KIND; i++)
        end += nsim_get_32(block + DESCRIPTOR(i) + 8);
    CU_ASSERT_EQUAL_FATAL(kind[13], NSIM_PACKING_ZSTD);
    CU_ASSERT_TRUE(decodes(fixture, NULL));
    memmove(block + end + sizeof skippable, block + end, fixture->entry.bytes - end);
    memcpy(block + end, skippable, sizeof skippable);
    fixture->entry.bytes += (uint32_t)sizeof skippable;
    nsim_put_32(block + 12, fixture->entry.bytes);
    nsim_put_32(kind + 8, nsim_get_32(kind + 8) + (uint32_t)sizeof skippable);
    CU_ASSERT_FALSE(decodes(fixture, &error));
    CU_ASSERT_TRUE(error != NULL && strstr(error->message, "column 5 decompresses") != NULL);
    fixture_free(fixture);
}

static void
test_records(void)
{
    /* Impossible values of one record through the bases of its columns. */
    refused(0, DESCRIPTOR(NSIM_COLUMN_PLACE), 8, FRAMES, "impossible run");
    refused(0, DESCRIPTOR(NSIM_COLUMN_PLACE), 8, UINT32_MAX - UINT8_MAX, "impossible run");
    refused_value(NSIM_COLUMN_PLACE, FRAMES, "record 4395: in the block at byte 999: impossible run: kind");
    refused_value(NSIM_COLUMN_LINE, NSIM_FRAME_LINES, "impossible run");
    refused_value(NSIM_COLUMN_COUNT, 0, "impossible run");
    refused_value(NSIM_COLUMN_COUNT, NSIM_FRAME_LINES + 1, "impossible run");
    refused_value(NSIM_COLUMN_KIND, 3, "record 4395: in the block at byte 999: impossible run: kind 3");
    refused_value(NSIM_COLUMN_KIND, 7, "impossible control record: kind 7");
    refused_value(NSIM_COLUMN_KIND, 0x20, "impossible run: kind 32");
    refused_value(NSIM_COLUMN_KIND, 8 | NSIM_OP_PAUSE, "impossible control record: kind 12");
    refused_value(NSIM_COLUMN_KIND, NSIM_OP_PAUSE, "impossible control record: kind 4"); /* it has lines */

    g_autoptr(GError) error = NULL;
    Fixture *fixture = fixture_new(0, 1000, false);
    fixture->decoder->frame_count = FRAMES - 1; /* some record of the 1000 is in the last frame */
    NsimBlockDecoder *decoder = fixture->decoder;
    uint32_t first = 0;
    while (fixture->records[first].frame < FRAMES - 1)
        first++;
    bool ok = nsim_block_decoder_begin(decoder, &fixture->entry, fixture->block, &error);
    CU_ASSERT_TRUE(ok);
    while (ok && (ok = nsim_block_decoder_next(decoder, &error)) && decoder->batch_count > 0)
        continue;
    CU_ASSERT_FALSE_FATAL(ok);
    g_autofree char *position = g_strdup_printf("thread 2, record %u: in the block at byte 999", 4096 + first);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, position));
    fixture_free(fixture);
}

static void
test_control(void)
{
    g_autoptr(GError) error = NULL;
    Fixture *fixture = fixture_new(0, 1000, true);
    CU_ASSERT_TRUE(decodes(fixture, NULL));
    fixture->decoder->mark_count = 2;
    CU_ASSERT_FALSE(decodes(fixture, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "impossible control record: kind 6, operand 2"));
    g_clear_error(&error);
    fixture->decoder->mark_count = 3;
    fixture->decoder->barrier_count = 0;
    CU_ASSERT_FALSE(decodes(fixture, &error));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "impossible control record: kind 5"));
    fixture_free(fixture);

    /* Only control records: no frame is needed. */
    fixture = fixture_new(0, 1, false);
    const uint8_t *block;
    for (uint32_t i = 0; i < 10; i++)
        fixture->records[i] = (NsimTraceRecord){.frame = UINT32_MAX, .gap = i, .kind = NSIM_OP_PAUSE};
    fixture->entry.record_count = 10;
    nsim_block_encode(fixture->encoder, 2, 4096, fixture->records, 10, &block, &fixture->entry.bytes);
    memcpy(fixture->block, block, fixture->entry.bytes);
    fixture->decoder->frame_count = 0;
    CU_ASSERT_TRUE(decodes(fixture, NULL));
    fixture_free(fixture);
}

static void
test_cut_needed(void)
{
    Fixture *fixture = fixture_new(0, 1, false);
    const uint8_t *block;
    for (uint32_t i = 0; i < 256; i++)
        fixture->records[i] = (NsimTraceRecord){.line = (uint16_t)(i * 64 + 60), .count = 4};
    for (uint32_t longer = 0; longer < 2; longer++) {
        fixture->records[200].count = (uint16_t)(4 + longer);
        fixture->entry.record_count = 256;
        nsim_block_encode(fixture->encoder, 2, 4096, fixture->records, 256, &block, &fixture->entry.bytes);
        memcpy(fixture->block, block, fixture->entry.bytes);
        fixture->decoder->page_shift = 12;
        CU_ASSERT_TRUE(nsim_block_decoder_begin(fixture->decoder, &fixture->entry, fixture->block, NULL));
        CU_ASSERT_TRUE(nsim_block_decoder_next(fixture->decoder, NULL));
        CU_ASSERT_EQUAL(fixture->decoder->cut_needed, longer == 1);
        fixture->decoder->page_shift = 13;
        CU_ASSERT_TRUE(nsim_block_decoder_begin(fixture->decoder, &fixture->entry, fixture->block, NULL));
        CU_ASSERT_TRUE(nsim_block_decoder_next(fixture->decoder, NULL));
        CU_ASSERT_FALSE(fixture->decoder->cut_needed); /* page 200 is the first half of 8 KiB */
    }
    fixture_free(fixture);
}

bool
test_decode_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/decode", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "round trip", test_round_trip) != NULL &&
           CU_add_test(suite, "all lags", test_lags) != NULL &&
           CU_add_test(suite, "impossible block fields", test_fields) != NULL &&
           CU_add_test(suite, "a second frame in a column", test_second_frame) != NULL &&
           CU_add_test(suite, "impossible records", test_records) != NULL &&
           CU_add_test(suite, "control records", test_control) != NULL &&
           CU_add_test(suite, "runs that cross pages are noticed", test_cut_needed) != NULL;
}
