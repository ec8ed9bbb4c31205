/* SPDX-License-Identifier: MIT */
/* Places in a running program. Goal: symbols are found where the maps put the files, never in the emulator's own. */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <traces/qemu/resolver.h>

/* The first map, before there is a program: the emulator and a library that it uses. */
static char *
first_map(const char *library)
{
    return g_strdup_printf("55550000-55560000 r--p 00000000 08:01 1 /no/emulator\n"
                           "77770000-77780000 r--p 00000000 08:01 2 %s\n",
                           library);
}

static void
write_elf(const char *path)
{
    g_autofree uint8_t *image = NULL;
    const size_t bytes = test_make_elf(true, false, &image);
    test_write_file(path, image, bytes);
}

static void
test_found(void)
{
    const char *program = test_path("program.elf"), *library = test_path("library.elf");
    const NsimWhere alpha = {.kind = NSIM_WHERE_SYMBOL, .symbol = (char *)"alpha"};
    const NsimWhere absent = {.kind = NSIM_WHERE_SYMBOL, .symbol = (char *)"absent"};
    const NsimWhere address = {.kind = NSIM_WHERE_ADDRESS, .address = 0x1234};
    _Atomic uint64_t alpha_at = 0, absent_at = 0, address_at = 0;
    write_elf(program);
    write_elf(library);
    NsimResolver *resolver = nsim_resolver_new(program);
    nsim_resolver_add(resolver, &alpha, &alpha_at);
    nsim_resolver_add(resolver, &absent, &absent_at);
    nsim_resolver_add(resolver, &address, &address_at);
    g_autofree char *before = first_map(library);
    g_autofree char *after = g_strdup_printf("%s00011000-00012000 r-xp 00000000 08:01 2 %s\n"
                                             "00031000-00032000 r-xp 00000000 08:01 3 %s\n",
                                             before, library, program);
    CU_ASSERT_FALSE(nsim_resolver_has_base(resolver));
    CU_ASSERT_TRUE(nsim_resolver_read_map(resolver, before, 0));
    CU_ASSERT_TRUE(nsim_resolver_has_base(resolver));
    CU_ASSERT_EQUAL(alpha_at, 0);
    CU_ASSERT_EQUAL(nsim_resolver_missing(resolver), 3);
    /* The guest's 0 is at 0x10000; the file's 0x1000 is mapped at 0x21000. The program goes before its libraries. */
    CU_ASSERT_TRUE(nsim_resolver_read_map(resolver, after, 0x10000));
    CU_ASSERT_EQUAL(alpha_at, 0x20000 + 0x1100);
    CU_ASSERT_EQUAL(address_at, 0x20000 + 0x1234);
    CU_ASSERT_EQUAL(absent_at, 0);
    CU_ASSERT_EQUAL(nsim_resolver_missing(resolver), 1);
    /* Another process. */
    CU_ASSERT_FALSE(nsim_resolver_read_map(resolver, "44440000-44450000 r--p 00000000 08:01 9 /no/other\n", 0));
    nsim_resolver_free(resolver);
}

static void
test_library(void)
{
    const char *library = test_path("late.elf");
    const NsimWhere beta = {.kind = NSIM_WHERE_SYMBOL, .symbol = (char *)"beta"};
    _Atomic uint64_t beta_at = 0;
    write_elf(library);
    NsimResolver *resolver = nsim_resolver_new("/no/program");
    nsim_resolver_add(resolver, &beta, &beta_at);
    g_autofree char *before = first_map(library);
    g_autofree char *after = g_strdup_printf("%s00041000-00042000 r--p 00000000 08:01 3 %s\n", before, library);
    CU_ASSERT_TRUE(nsim_resolver_read_map(resolver, before, 0));
    CU_ASSERT_TRUE(nsim_resolver_read_map(resolver, before, 0));
    CU_ASSERT_EQUAL(beta_at, 0);
    CU_ASSERT_TRUE(nsim_resolver_read_map(resolver, after, 0));
    CU_ASSERT_EQUAL(beta_at, 0x40000 + 0x1200);
    nsim_resolver_free(resolver);
}

bool
test_resolver_register(void)
{
    CU_pSuite suite = CU_add_suite("resolver", NULL, NULL);
    return suite && CU_add_test(suite, "found", test_found) && CU_add_test(suite, "library", test_library);
}
