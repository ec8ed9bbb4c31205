/* SPDX-License-Identifier: MIT */
/*
 * Goal: blocks are small where the records allow it and never too large. Method: encode record patterns with known best
 * codings and look at the block's fields.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <traces/encode.h>

#define RECORDS ((uint32_t)NSIM_FORMAT_BLOCK_RECORDS)

typedef struct {
    uint32_t taken, bytes, lag;
    uint32_t widths[NSIM_FORMAT_COLUMNS];
    uint32_t packings[NSIM_FORMAT_COLUMNS];
} Encoded;

static Encoded
encode(int level, const NsimTraceRecord *records, uint32_t count)
{
    Encoded encoded = {0};
    const uint8_t *block;
    NsimBlockEncoder *encoder = nsim_block_encoder_new(level);
    CU_ASSERT_PTR_NOT_NULL_FATAL(encoder);
    encoded.taken = nsim_block_encode(encoder, 5, 77, records, count, &block, &encoded.bytes);
    CU_ASSERT_EQUAL(nsim_get_32(block + 12), encoded.bytes);
    CU_ASSERT_EQUAL(nsim_get_32(block + 16), 5);
    CU_ASSERT_EQUAL(nsim_get_32(block + 20), encoded.taken);
    CU_ASSERT_EQUAL(nsim_get_64(block + 24), 77);
    CU_ASSERT_EQUAL(nsim_get_64(block), reference_xxh64(block + 8, encoded.bytes - 8));
    encoded.lag = block[32];
    for (unsigned i = 0; i < NSIM_FORMAT_COLUMNS; i++) {
        const uint8_t *descriptor = block + NSIM_FORMAT_BLOCK_HEADER_BYTES + i * NSIM_FORMAT_COLUMN_BYTES;
        encoded.widths[i] = descriptor[12];
        encoded.packings[i] = descriptor[13];
    }
    nsim_block_encoder_free(encoder);
    return encoded;
}

static void
test_streams(void)
{
    /* k streams in turn: with lag k only the seeds are left. */
    g_autofree NsimTraceRecord *records = g_new0(NsimTraceRecord, RECORDS);
    for (uint32_t streams = 1; streams <= 8; streams++) {
        for (uint32_t i = 0; i < RECORDS; i++)
            records[i] = (NsimTraceRecord){
                .frame = i % streams * 5, .line = (uint16_t)(i / streams * 3 + 1000 * (i % streams)), .count = 3};
        const Encoded encoded = encode(0, records, RECORDS);
        CU_ASSERT_EQUAL(encoded.lag, streams);
        CU_ASSERT_EQUAL(encoded.bytes, NSIM_FORMAT_BLOCK_FIXED_BYTES + 8 * streams);
    }
}

static void
test_widths(void)
{
    g_autofree NsimTraceRecord *records = g_new0(NsimTraceRecord, RECORDS);
    NsimRandom random;
    nsim_random_init(&random, 1, "widths");
    for (uint32_t i = 0; i < RECORDS; i++)
        records[i] = (NsimTraceRecord){.frame = 100000 + (uint32_t)nsim_random_below(&random, 256),
                                       .line = (uint16_t)nsim_random_below(&random, 32768),
                                       .count = 1,
                                       .gap = UINT32_MAX - (uint32_t)nsim_random_below(&random, 2),
                                       .step = (uint16_t)(65535 - nsim_random_below(&random, 200))};
    const Encoded encoded = encode(0, records, RECORDS);
    static const uint32_t widths[NSIM_FORMAT_COLUMNS] = {1, 2, 0, 1, 1, 0, 0};
    CU_ASSERT_EQUAL(encoded.lag, 0);
    CU_ASSERT_EQUAL(memcmp(encoded.widths, widths, sizeof widths), 0);
    CU_ASSERT_EQUAL(encoded.bytes, NSIM_FORMAT_BLOCK_FIXED_BYTES + 5 * RECORDS);
}

static void
test_split(void)
{
    /* Columns too wide for one block: half of the records. 4 + 2 + 2 + 4 + 2 + 1 + 4 bytes are 19 a record. */
    g_autofree NsimTraceRecord *records = g_new0(NsimTraceRecord, RECORDS);
    NsimRandom random;
    nsim_random_init(&random, 1, "split");
    for (uint32_t i = 0; i < RECORDS; i++) {
        const bool control = i % 2 == 1;
        records[i] = (NsimTraceRecord){.frame = (uint32_t)nsim_random_u64(&random) >> (control ? 0 : 9),
                                       .line = (uint16_t)nsim_random_below(&random, 16384),
                                       .count = control ? 0 : (uint16_t)(1 + nsim_random_below(&random, 16384)),
                                       .gap = (uint32_t)nsim_random_u64(&random),
                                       .step = control ? 0 : (uint16_t)nsim_random_u64(&random),
                                       .kind = control ? NSIM_OP_PAUSE : NSIM_OP_WRITE};
    }
    for (int level = 0; level <= 3; level += 3) {
        const Encoded encoded = encode(level, records, RECORDS);
        CU_ASSERT_EQUAL(encoded.taken, RECORDS / 2);
        CU_ASSERT_TRUE(encoded.bytes <= NSIM_FORMAT_BLOCK_BYTES_MAX);
    }
}

static void
test_compression(void)
{
    g_autofree NsimTraceRecord *records = g_new0(NsimTraceRecord, RECORDS);
    NsimRandom random;
    nsim_random_init(&random, 1, "compression");
    for (uint32_t i = 0; i < RECORDS; i++)
        records[i] = (NsimTraceRecord){
            .frame = i % 97, .line = (uint16_t)nsim_random_below(&random, 32768), .count = 1, .gap = i % 5 * 1000};
    const Encoded stored = encode(0, records, RECORDS), packed = encode(3, records, RECORDS);
    CU_ASSERT_EQUAL(stored.packings[NSIM_COLUMN_GAP], NSIM_PACKING_RAW);
    CU_ASSERT_EQUAL(packed.packings[NSIM_COLUMN_GAP], NSIM_PACKING_ZSTD);
    CU_ASSERT_TRUE(packed.bytes < stored.bytes);
    /* One record cannot be compressed, and is not. */
    const Encoded one = encode(19, records, 1);
    CU_ASSERT_EQUAL(one.bytes, NSIM_FORMAT_BLOCK_FIXED_BYTES);
}

static void
test_random_places(void)
{
    /* Lines that seem random: real ones are stored as they are, steps of a large stride as differences all the same. */
    g_autofree NsimTraceRecord *records = g_new0(NsimTraceRecord, RECORDS);
    NsimRandom random;
    nsim_random_init(&random, 1, "random places");
    for (uint32_t i = 0; i < RECORDS; i++)
        records[i] = (NsimTraceRecord){.frame = (uint32_t)nsim_random_below(&random, 512),
                                       .line = (uint16_t)nsim_random_below(&random, 32768),
                                       .count = 1};
    const Encoded scattered = encode(3, records, RECORDS);
    CU_ASSERT_EQUAL(scattered.lag, 0);
    CU_ASSERT_EQUAL(scattered.widths[NSIM_COLUMN_LINE], 2);
    CU_ASSERT_EQUAL(scattered.packings[NSIM_COLUMN_PLACE], NSIM_PACKING_ZSTD);
    for (uint32_t streams = 1; streams <= 8; streams++) {
        for (uint32_t i = 0; i < RECORDS; i++) {
            const uint64_t position = (uint64_t)(i / streams) * 790093 + i % streams * UINT64_C(123456789);
            records[i].frame = (uint32_t)(position >> NSIM_FRAME_LINES_SHIFT);
            records[i].line = (uint16_t)(position & (NSIM_FRAME_LINES - 1));
        }
        const Encoded stride = encode(3, records, RECORDS);
        CU_ASSERT_EQUAL(stride.lag, streams);
        CU_ASSERT_TRUE(stride.bytes < 1000);
    }
}

bool
test_encode_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/encode", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "streams that take turns", test_streams) != NULL &&
           CU_add_test(suite, "narrowest widths", test_widths) != NULL &&
           CU_add_test(suite, "blocks too large are split", test_split) != NULL &&
           CU_add_test(suite, "compression where it pays", test_compression) != NULL &&
           CU_add_test(suite, "random places", test_random_places) != NULL;
}
