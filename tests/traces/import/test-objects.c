/* SPDX-License-Identifier: MIT */
/* Goal: places of objects never overlap and stay; what is too much is refused. Method: many objects against sums by
 * hand. */
#include "test-import-binary.h"

#include <string.h>
#include <traces/import/objects.h>

#include <CUnit/CUnit.h>

#define BASE UINT64_C(0x1000)

/* Numbers that differ in their high bits only, and sizes of 1 to 5 lines: the table grows and stays right. */
static void
many(void)
{
    g_autoptr(NsimObjects) objects = nsim_objects_new(BASE);
    const char *problem = NULL;
    uint64_t wrong = 0;
    for (unsigned round = 0; round < 2; round++) {
        uint64_t next = BASE;
        for (uint64_t i = 0; i < 20000; i++) {
            const uint32_t bytes = (uint32_t)(1 + i % 320);
            wrong += nsim_objects_place(objects, i << 48 | i >> 4, bytes, &problem) != next;
            next += (bytes + 63) / 64 * 64;
        }
        CU_ASSERT_EQUAL(nsim_objects_bytes(objects), next - BASE);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(nsim_objects_count(objects), 20000);
    CU_ASSERT_PTR_NULL(problem);
}

static void
sizes(void)
{
    g_autoptr(NsimObjects) objects = nsim_objects_new(BASE);
    const char *problem = NULL;
    CU_ASSERT_EQUAL(nsim_objects_place(objects, 0, 0, &problem), BASE);
    CU_ASSERT_EQUAL(nsim_objects_place(objects, 1, 64, &problem), BASE + 64);
    CU_ASSERT_EQUAL(nsim_objects_place(objects, 0, 65, &problem), BASE + 128); /* has grown */
    CU_ASSERT_EQUAL(nsim_objects_place(objects, 0, 1, &problem), BASE + 128);
    CU_ASSERT_EQUAL(nsim_objects_place(objects, 2, UINT32_MAX, &problem), BASE + 256);
    CU_ASSERT_EQUAL(nsim_objects_place(objects, 3, 1, &problem), BASE + 256 + (UINT64_C(1) << 32));
    CU_ASSERT_EQUAL(nsim_objects_count(objects), 4);
    for (uint64_t i = 4; i < 4 + 2047 && problem == NULL; i++)
        (void)nsim_objects_place(objects, i, UINT32_MAX, &problem);
    CU_ASSERT_PTR_NOT_NULL_FATAL(problem);
    CU_ASSERT_STRING_EQUAL(problem, "objects of more than 8 TiB together");
}

bool
test_objects_register(void)
{
    CU_pSuite suite = CU_add_suite("objects", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "many", many) != NULL && CU_add_test(suite, "sizes", sizes) != NULL;
}
