/* SPDX-License-Identifier: MIT */
/* The memory map of a captured program. Goal: what was touched has the right name, whatever became of it later. */
#include "test-capture.h"

#include <CUnit/Basic.h>
#include <glib.h>

#include <traces/capture/maps.h>

/* The touched ranges in words. */
static char *
describe(const NsimMaps *maps)
{
    static const char *const kinds[] = {"file", "data", "zero", "special", "anonymous"};
    GString *text = g_string_new("");
    for (uint32_t i = 0; i < maps->maps->len; i++) {
        const NsimMap *map = &g_array_index(maps->maps, NsimMap, i);
        if (map->is_touched)
            g_string_append_printf(text, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x %s '%s'; ", map->address,
                                   map->end, kinds[map->kind], map->name);
    }
    return g_string_free(text, FALSE);
}

#define EXPECT(maps, words)                                                                                            \
    do {                                                                                                               \
        g_autofree char *text_ = describe(maps);                                                                       \
        CU_ASSERT_STRING_EQUAL(text_, words);                                                                          \
    } while (0)

static const char text_a[] = "00400000-00401000 r--p 00000000 08:01 1 /usr/bin/a program\n"
                             "00401000-00402000 r-xp 00001000 08:01 1 /usr/bin/a program\n"
                             "00402000-00403000 rw-p 00002000 08:01 1 /usr/bin/a program\n"
                             "00403000-00405000 rw-p 00000000 00:00 0 \n"
                             "00406000-00408000 rw-p 00000000 00:00 0 [heap]\n"
                             "7f0000000000-7f0000010000 rw-p 00000000 00:00 0 \n"
                             "7f0000010000-7f0000011000 ---p 00000000 00:00 0 \n"
                             "7f0000020000-7f0000030000 rw-s 00000000 08:01 2 /tmp/shared (deleted)\n"
                             "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]\n"
                             "7fffffffe000-7fffffffffff r--p 00000000 00:00 0 [vvar]\n";

static void
test_names(void)
{
    NsimMaps maps;
    nsim_maps_init(&maps);
    CU_ASSERT_FALSE(nsim_maps_touch(&maps, 0x400000, 64)); /* nothing is known yet */
    nsim_maps_update(&maps, text_a);
    EXPECT(&maps, "");
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x401000, 64));
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x402fc0, 64));
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x404fc0, 64));
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x406000, 64));
    CU_ASSERT_FALSE(nsim_maps_touch(&maps, 0x405fc0, 64));
    CU_ASSERT_FALSE(nsim_maps_touch(&maps, 0x407fc0, 128)); /* runs out of the heap */
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x7f0000000000, 65536));
    CU_ASSERT_FALSE(nsim_maps_touch(&maps, 0x7f0000010000, 64));
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x7f0000020000, 64));
    EXPECT(&maps, "400000-402000 file 'a program'; 402000-403000 data 'a program'; 403000-405000 zero 'a program'; "
                  "406000-408000 special '[heap]'; 7f0000000000-7f0000010000 anonymous ''; "
                  "7f0000020000-7f0000030000 file 'shared (deleted)'; ");
    nsim_maps_clear(&maps);
}

static void
test_changes(void)
{
    NsimMaps maps;
    nsim_maps_init(&maps);
    nsim_maps_update(&maps, text_a);
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x406000, 64));
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x7f0000000000, 64));
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x7f0000020000, 64));
    /* The heap grows; a library comes into the middle of what was anonymous; the shared file is gone. */
    nsim_maps_update(&maps, "00406000-00500000 rw-p 00000000 00:00 0 [heap]\n"
                            "7f0000004000-7f0000008000 r--p 00000000 08:01 3 /lib/late.so\n"
                            "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0 [stack]");
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x7f0000007fc0, 64));
    EXPECT(&maps, "406000-500000 special '[heap]'; 7f0000000000-7f0000004000 anonymous ''; "
                  "7f0000004000-7f0000008000 file 'late.so'; 7f0000008000-7f0000010000 anonymous ''; "
                  "7f0000020000-7f0000030000 file 'shared (deleted)'; ");
    /* Names of the program's own come before. */
    nsim_maps_name(&maps, "mine", 0x408000, 0x1000);
    nsim_maps_name(&maps, "over it", 0x408800, 0x1000);
    nsim_maps_name(&maps, "nothing", 0x500000, 0);
    nsim_maps_name(&maps, "too much", UINT64_MAX - 10, 20);
    nsim_maps_name(&maps, "elsewhere", 0x10000, 64);
    EXPECT(&maps, "10000-10040 special 'elsewhere'; 406000-408000 special '[heap]'; 408000-408800 special 'mine'; "
                  "408800-409800 special 'over it'; 409800-500000 special '[heap]'; "
                  "7f0000000000-7f0000004000 anonymous ''; 7f0000004000-7f0000008000 file 'late.so'; "
                  "7f0000008000-7f0000010000 anonymous ''; 7f0000020000-7f0000030000 file 'shared (deleted)'; ");
    nsim_maps_clear(&maps);
}

static void
test_nonsense(void)
{
    NsimMaps maps;
    nsim_maps_init(&maps);
    nsim_maps_update(&maps, "\n\nnonsense\n5000-4000 rw-p 0 0 0 backwards\n1000-2000 rw-p\n"
                            "1000-2000 rw-p 00000000 00:00 0 \n"
                            "1800-3000 rw-p 00000000 00:00 0 overlap\n-\n7000-");
    CU_ASSERT_EQUAL(maps.maps->len, 1);
    CU_ASSERT_TRUE(nsim_maps_touch(&maps, 0x1000, 64));
    EXPECT(&maps, "1000-2000 anonymous ''; ");
    nsim_maps_update(&maps, "");
    EXPECT(&maps, "1000-2000 anonymous ''; ");
    nsim_maps_clear(&maps);
}

bool
test_maps_register(void)
{
    CU_pSuite suite = CU_add_suite("maps", NULL, NULL);
    return suite && CU_add_test(suite, "names", test_names) && CU_add_test(suite, "a map that changes", test_changes) &&
           CU_add_test(suite, "what is no map", test_nonsense);
}
