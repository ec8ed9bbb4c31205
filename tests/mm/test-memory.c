/* SPDX-License-Identifier: MIT */
/*
 * Goal: the nodes' page counts add up, and what cannot be is stopped. Method: hand-worked counts; broken rules in a
 * child process, which must die of the assertion.
 */
#include "test-mm.h"

#include "box.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

static void
test_counts(void)
{
    g_autofree char *yaml = box_yaml(1, 2);
    g_autoptr(NsimMachine) machine = box_machine(yaml);
    NsimMemory *memory = nsim_memory_new(machine);
    CU_ASSERT_EQUAL(memory->nodes[0].capacity_pages, 256);
    CU_ASSERT_EQUAL(memory->nodes[2].capacity_pages, 512);
    nsim_memory_take(memory, 0, 200);
    nsim_memory_take(memory, 2, 512);
    CU_ASSERT_EQUAL(nsim_memory_free_pages(memory, 0), 56);
    CU_ASSERT_EQUAL(nsim_memory_free_pages(memory, 2), 0);
    nsim_memory_give(memory, 0, 150);
    nsim_memory_take(memory, 0, 30);
    CU_ASSERT_EQUAL(memory->nodes[0].used_pages, 80);
    CU_ASSERT_EQUAL(memory->nodes[0].peak_pages, 200);
    CU_ASSERT_EQUAL(memory->nodes[1].peak_pages, 0);
    nsim_memory_take(memory, 0, 176);
    CU_ASSERT_EQUAL(memory->nodes[0].peak_pages, 256);
    nsim_memory_free(memory);
    nsim_memory_free(NULL);
}

/* A capacity that is no whole number of pages loses the rest. */
static void
test_odd_capacity(void)
{
    g_autoptr(NsimMachine) machine =
        box_machine("page: 64KiB\n"
                    "nodes: [{id: D, kind: dram, capacity: 1000KiB, latency: 80ns, read: 1GB/s}]\n"
                    "accessors: [{id: C, at: D}]\n");
    NsimMemory *memory = nsim_memory_new(machine);
    CU_ASSERT_EQUAL(memory->nodes[0].capacity_pages, 15);
    nsim_memory_free(memory);
}

typedef void (*Breaker)(NsimMemory *memory);

static void
take_too_many(NsimMemory *memory)
{
    nsim_memory_take(memory, 0, 257);
}

static void
take_past_the_end(NsimMemory *memory)
{
    nsim_memory_take(memory, 0, 1);
    nsim_memory_take(memory, 0, UINT64_MAX);
}

static void
give_too_many(NsimMemory *memory)
{
    nsim_memory_take(memory, 0, 3);
    nsim_memory_give(memory, 0, 4);
}

static void
lose_a_page(NsimMemory *memory)
{
    nsim_memory_take(memory, 0, 1);
    nsim_space_audit(NULL, 0, memory, NULL);
}

static bool
dies(Breaker breaker)
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        g_autofree char *yaml = box_yaml(1, 1);
        const struct rlimit no_core = { 0, 0 };
        (void)setrlimit(RLIMIT_CORE, &no_core);
        /* The assertion's message is expected: keep it out of the log. */
        (void)!freopen("/dev/null", "w", stderr);
        breaker(nsim_memory_new(box_machine(yaml)));
        _exit(EXIT_SUCCESS);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
test_broken_rules(void)
{
    CU_ASSERT_TRUE(dies(take_too_many));
    CU_ASSERT_TRUE(dies(take_past_the_end));
    CU_ASSERT_TRUE(dies(give_too_many));
    CU_ASSERT_TRUE(dies(lose_a_page));
}

bool
test_memory_register(void)
{
    CU_pSuite suite = CU_add_suite("memory", NULL, NULL);
    return suite && CU_add_test(suite, "counts", test_counts) &&
           CU_add_test(suite, "odd capacity", test_odd_capacity) &&
           CU_add_test(suite, "broken rules abort", test_broken_rules);
}
