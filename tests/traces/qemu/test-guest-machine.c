/* SPDX-License-Identifier: MIT */
/* Guest machines. Goal: processors go where they should, what cannot be is refused, and QEMU is told all of it. */
#include "test-qemu.h"

#include <CUnit/Basic.h>

#include <glib.h>
#include <string.h>

#include <traces/qemu/guest-machine.h>

#define MIB (UINT64_C(1) << 20)

static void
test_complete(void)
{
    g_autofree char *problem = NULL;
    NsimGuestMachine plain = {.node_bytes = {512 * MIB}, .node_count = 1};
    CU_ASSERT_TRUE(nsim_guest_machine_complete(&plain, &problem));
    CU_ASSERT_EQUAL(plain.cpu_count, 1);
    CU_ASSERT_EQUAL(plain.node_cpus[0], 1);
    NsimGuestMachine counted = {.node_bytes = {512 * MIB, 16 * MIB}, .node_count = 2, .cpu_count = 3};
    CU_ASSERT_TRUE(nsim_guest_machine_complete(&counted, &problem));
    CU_ASSERT_EQUAL(counted.node_cpus[0], 3);
    CU_ASSERT_EQUAL(counted.node_cpus[1], 0);
    NsimGuestMachine placed = {.node_bytes = {512 * MIB, 512 * MIB}, .node_cpus = {1, 2}, .node_count = 2};
    CU_ASSERT_TRUE(nsim_guest_machine_complete(&placed, &problem));
    CU_ASSERT_EQUAL(placed.cpu_count, 3);
    g_autofree char *text = nsim_guest_machine_describe(&placed);
    CU_ASSERT_STRING_EQUAL(text, "node0 512MiB with 1 processor, node1 512MiB with 2 processors");
}

static void
test_refused(void)
{
    static const struct {
        NsimGuestMachine machine;
        const char *says;
    } cases[] = {
        {{.node_bytes = {512 * MIB, 17 * MIB}, .node_count = 2}, "node 1 is not a multiple of 2MiB"},
        {{.node_bytes = {512 * MIB, 8 * MIB}, .node_count = 2}, "node 1 is not a multiple of 2MiB from 16MiB on"},
        {{.node_bytes = {64 * MIB}, .node_count = 1}, "64MiB; allowed: 128MiB to 3072MiB"},
        {{.node_bytes = {2048 * MIB, 2048 * MIB}, .node_count = 2}, "4096MiB; allowed"},
        {{.node_bytes = {512 * MIB}, .node_count = 1, .cpu_count = 65}, "more than 64 processors"},
        {{.node_bytes = {512 * MIB}, .node_cpus = {UINT32_MAX}, .node_count = 1}, "more than 64 processors"},
        {{.node_bytes = {512 * MIB}, .node_cpus = {2}, .node_count = 1, .cpu_count = 3}, "have 2 processors"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *problem = NULL;
        NsimGuestMachine machine = cases[i].machine;
        CU_ASSERT_FALSE(nsim_guest_machine_complete(&machine, &problem));
        CU_ASSERT_PTR_NOT_NULL_FATAL(problem);
        CU_ASSERT_PTR_NOT_NULL(strstr(problem, cases[i].says));
    }
}

static void
test_arguments(void)
{
    g_autofree char *problem = NULL;
    NsimGuestMachine machine = {.node_bytes = {512 * MIB, 256 * MIB}, .node_count = 2, .cpu_count = 2};
    CU_ASSERT_TRUE_FATAL(nsim_guest_machine_complete(&machine, &problem));
    const NsimGuestLaunch launch = {.emulator = "/bin/emulator",
                                    .cpu = "max",
                                    .plugin = "/a,b.so",
                                    .kernel = "/kernel",
                                    .append = "more=1",
                                    .channel_fd = 3,
                                    .initramfs_fd = 4};
    g_auto(GStrv) words = nsim_guest_machine_arguments(&machine, &launch);
    CU_ASSERT_STRING_EQUAL(words[0], "/bin/emulator");
    static const char *const expected[] = {"768M",
                                           "memory-backend-ram,id=node0,size=536870912",
                                           "node,nodeid=0,memdev=node0,cpus=0-1",
                                           "memory-backend-ram,id=node1,size=268435456",
                                           "node,nodeid=1,memdev=node1",
                                           "/proc/self/fd/4",
                                           "/a,,b.so,fd=3"};
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        CU_ASSERT_TRUE(g_strv_contains((const char *const *)words, expected[i]));
    g_autofree char *line = g_strjoinv(" ", words);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "rdinit=/init more=1 "));
}

/* Without a plug-in, and with memory that firmware sorts into tiers. */
static void
test_tiers(void)
{
    g_autofree char *problem = NULL;
    NsimGuestMachine machine = {.node_bytes = {512 * MIB, 256 * MIB},
                                .node_count = 2,
                                .cpu_count = 2,
                                .node_latency_ns = {80, 250},
                                .node_gb_per_s = {100, 30}};
    CU_ASSERT_TRUE_FATAL(nsim_guest_machine_complete(&machine, &problem));
    const NsimGuestLaunch launch = {.emulator = "/bin/emulator", .cpu = "max", .kernel = "/kernel", .seed = 7};
    g_auto(GStrv) words = nsim_guest_machine_arguments(&machine, &launch);
    static const char *const expected[] = {
        "pc,hmat=on",
        "node,nodeid=0,memdev=node0,cpus=0-1",
        "node,nodeid=1,memdev=node1,initiator=0",
        "hmat-lb,initiator=0,target=1,hierarchy=memory,data-type=access-latency,latency=250",
        "hmat-lb,initiator=0,target=0,hierarchy=memory,data-type=access-bandwidth,bandwidth=100G",
        "8"};
    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++)
        CU_ASSERT_TRUE(g_strv_contains((const char *const *)words, expected[i]));
    CU_ASSERT_FALSE(g_strv_contains((const char *const *)words, "-plugin"));
}

bool
test_guest_machine_register(void)
{
    CU_pSuite suite = CU_add_suite("guest machine", NULL, NULL);
    return suite && CU_add_test(suite, "complete", test_complete) && CU_add_test(suite, "refused", test_refused) &&
           CU_add_test(suite, "arguments", test_arguments) && CU_add_test(suite, "tiers", test_tiers);
}
