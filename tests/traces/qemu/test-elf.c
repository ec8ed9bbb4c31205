/* SPDX-License-Identifier: MIT */
/*
 * ELF files. Goal: loads and symbols are read in any class and byte order, and no damage does harm. Method: a file made
 * here, whole, cut at every byte, and with random bytes changed.
 */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <elf.h>
#include <string.h>

#include <sim/random.h>
#include <traces/qemu/elf.h>
#include <traces/trace.h>

static void
test_whole(void)
{
    for (unsigned form = 0; form < 4; form++) {
        g_autofree uint8_t *image = NULL;
        const size_t bytes = test_make_elf(form & 1, form & 2, &image);
        const char *path = test_path("whole.elf");
        uint64_t address = 0;
        test_write_file(path, image, bytes);
        g_autoptr(NsimElf) elf = nsim_elf_open(path, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(elf);
        const NsimElfInfo *info = nsim_elf_info(elf);
        CU_ASSERT_EQUAL(info->machine, EM_X86_64);
        CU_ASSERT_EQUAL(info->is_64, (form & 1) != 0);
        CU_ASSERT_EQUAL(info->is_big_endian, (form & 2) != 0);
        CU_ASSERT_TRUE(info->is_loadable);
        CU_ASSERT_EQUAL(info->load_begin, 0x1000);
        CU_ASSERT_EQUAL(info->load_end, 0x5800);
        CU_ASSERT_EQUAL(info->first_offset, 0);
        CU_ASSERT_TRUE(nsim_elf_find_symbol(elf, "alpha", &address));
        CU_ASSERT_EQUAL(address, 0x1100);
        CU_ASSERT_TRUE(nsim_elf_find_symbol(elf, "beta", &address));
        CU_ASSERT_EQUAL(address, 0x1200);
        CU_ASSERT_FALSE(nsim_elf_find_symbol(elf, "outside", &address));
        CU_ASSERT_FALSE(nsim_elf_find_symbol(elf, "bet", &address));
        CU_ASSERT_FALSE(nsim_elf_find_symbol(elf, "", &address));
    }
}

/* Use all of it; only that it ends, within its bounds, is asserted (by the sanitizers). Returns whether it opened. */
static bool
use_file(const char *path)
{
    uint64_t address;
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimElf) elf = nsim_elf_open(path, &error);
    CU_ASSERT_EQUAL(elf == NULL, error != NULL);
    if (elf == NULL)
        return false;
    nsim_elf_find_symbol(elf, "alpha", &address);
    nsim_elf_find_symbol(elf, "nothing", &address);
    return true;
}

static void
test_cut(void)
{
    g_autofree uint8_t *image = NULL;
    const size_t bytes = test_make_elf(true, false, &image);
    const char *path = test_path("cut.elf");
    for (size_t length = 0; length <= bytes; length += length < 80 ? 1 : 7) {
        test_write_file(path, image, length);
        CU_ASSERT_EQUAL(use_file(path), length >= sizeof(Elf32_Ehdr));
    }
}

static void
test_changed(void)
{
    NsimRandom random;
    const char *path = test_path("changed.elf");
    unsigned opened = 0;
    nsim_random_init(&random, 1, "elf");
    for (unsigned round = 0; round < 600; round++) {
        g_autofree uint8_t *image = NULL;
        const size_t bytes = test_make_elf(round & 1, round & 2, &image);
        for (unsigned i = 0; i < 8; i++)
            image[nsim_random_below(&random, bytes)] = (uint8_t)(nsim_random_below(&random, 2) ? 0xff : round);
        test_write_file(path, image, bytes);
        opened += use_file(path);
    }
    CU_ASSERT(opened > 300);
}

static void
test_foreign(void)
{
    g_autoptr(GError) error = NULL;
    const char *path = test_path("foreign.elf");
    test_write_file(path, "#!/bin/sh\n", 10);
    CU_ASSERT_PTR_NULL(nsim_elf_open(path, &error));
    CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT));
    g_clear_error(&error);
    CU_ASSERT_PTR_NULL(nsim_elf_open("/no/such/file", &error));
    CU_ASSERT_TRUE(g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT));
}

bool
test_elf_register(void)
{
    CU_pSuite suite = CU_add_suite("elf", NULL, NULL);
    return suite && CU_add_test(suite, "whole", test_whole) && CU_add_test(suite, "cut", test_cut) &&
           CU_add_test(suite, "changed", test_changed) && CU_add_test(suite, "foreign", test_foreign);
}
