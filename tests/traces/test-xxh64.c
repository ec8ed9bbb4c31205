/* SPDX-License-Identifier: MIT */
/*
 * XXH64 against published vectors, against the second implementation in the reference reader, and against libzstd,
 * whose frames end with the lower half of XXH64 of their content.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <string.h>
#include <traces/format.h>
#include <traces/xxh64.h>
#include <zstd.h>

/* The data that the published vectors are for: xxHash's sanity check. */
static void
fill_sanity(uint8_t *data, size_t bytes)
{
    uint64_t state = 2654435761u;
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)(state >> 56);
        state *= UINT64_C(11400714785074694797);
    }
}

static void
test_vectors(void)
{
    static const struct {
        size_t bytes;
        uint64_t seed, hash;
    } vectors[] = {
        {0, 0, UINT64_C(0xEF46DB3751D8E999)},
        {0, 2654435761u, UINT64_C(0xAC75FDA2929B17EF)},
        {1, 0, UINT64_C(0xE934A84ADB052768)},
        {1, 2654435761u, UINT64_C(0x5014607643A9B4C3)},
        {4, 0, UINT64_C(0x9136A0DCA57457EE)},
        {14, 0, UINT64_C(0x8282DCC4994E35C8)},
        {14, 2654435761u, UINT64_C(0xC3BD6BF63DEB6DF0)},
        {222, 0, UINT64_C(0xB641AE8CB691C174)},
        {222, 2654435761u, UINT64_C(0x20CB8AB7AE10C14A)},
    };
    uint8_t data[222];
    fill_sanity(data, sizeof data);
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++)
        CU_ASSERT_EQUAL(nsim_xxh64(data, vectors[i].bytes, vectors[i].seed), vectors[i].hash);
    CU_ASSERT_EQUAL(nsim_xxh64("abc", 3, 0), UINT64_C(0x44BC2CF5AD770999));
}

static void
test_pieces(void)
{
    uint8_t data[200];
    fill_sanity(data, sizeof data);
    for (size_t bytes = 0; bytes <= sizeof data; bytes += 7) {
        const uint64_t whole = nsim_xxh64(data, bytes, 99);
        for (size_t piece = 1; piece <= 70; piece++) {
            NsimXxh64 hash;
            nsim_xxh64_init(&hash, 99);
            for (size_t at = 0; at < bytes; at += piece)
                nsim_xxh64_update(&hash, data + at, MIN(piece, bytes - at));
            CU_ASSERT_EQUAL_FATAL(nsim_xxh64_final(&hash), whole);
        }
    }
}

static void
test_reference(void)
{
    uint8_t data[300];
    fill_sanity(data, sizeof data);
    for (size_t bytes = 0; bytes <= sizeof data; bytes++)
        CU_ASSERT_EQUAL_FATAL(nsim_xxh64(data, bytes, 0), reference_xxh64(data, bytes));
}

static void
test_zstd(void)
{
    uint8_t data[1000], frame[2000];
    fill_sanity(data, sizeof data);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    const size_t bytes = ZSTD_compress2(context, frame, sizeof frame, data, sizeof data);
    ZSTD_freeCCtx(context);
    CU_ASSERT_FALSE_FATAL(ZSTD_isError(bytes));
    CU_ASSERT_EQUAL(nsim_get_32(frame + bytes - 4), (uint32_t)nsim_xxh64(data, sizeof data, 0));
}

bool
test_xxh64_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/xxh64", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "published vectors", test_vectors) != NULL &&
           CU_add_test(suite, "data in pieces", test_pieces) != NULL &&
           CU_add_test(suite, "the reference reader's", test_reference) != NULL &&
           CU_add_test(suite, "libzstd's", test_zstd) != NULL;
}
