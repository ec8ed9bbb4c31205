/* SPDX-License-Identifier: MIT */
/*
 * Goal: what built plug-ins rely on cannot change unnoticed. Method: the sizes of all public structs, the places of
 * their last fields and the values of the constants, as they were when this ABI version was fixed. A failure here
 * means: raise NSIM_ABI_VERSION, or append to the struct and state its new size here.
 */
#include <stdio.h>

#include "test-policies.h"

#include <numasim/damon.h>

#include <CUnit/CUnit.h>

typedef struct {
    const char *what;
    size_t value, expected;
} Fact;

static void
check(const Fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CU_ASSERT_EQUAL(facts[i].value, facts[i].expected);
        if (facts[i].value != facts[i].expected)
            fprintf(stderr, "%s is %zu, ABI version %u has %zu\n", facts[i].what, facts[i].value, NSIM_ABI_VERSION,
                    facts[i].expected);
    }
}

#define SIZE(type, bytes) { "sizeof(" #type ")", sizeof(type), bytes }
#define PLACE(type, field, bytes) { #type "." #field, offsetof(type, field), bytes }
#define VALUE(name, number) { #name, (size_t)(name), number }

static void
test_structs(void)
{
    static const Fact facts[] = {
        SIZE(NsimTime, 8),
        SIZE(NsimNodeId, 2),
        SIZE(NsimPage, 8),
        SIZE(NsimNodeInfo, 48),
        PLACE(NsimNodeInfo, write_bytes_per_s, 40),
        SIZE(NsimAccessorInfo, 24),
        PLACE(NsimAccessorInfo, core_count, 16),
        SIZE(NsimRouteInfo, 40),
        PLACE(NsimRouteInfo, write_bytes_per_s, 32),
        SIZE(NsimRouteHop, 8),
        SIZE(NsimSpaceInfo, 40),
        PLACE(NsimSpaceInfo, workload, 16),
        PLACE(NsimSpaceInfo, page_bytes, 24),
        SIZE(NsimRegionInfo, 40),
        PLACE(NsimRegionInfo, name, 32),
        SIZE(NsimFault, 32),
        PLACE(NsimFault, thread, 28),
        SIZE(NsimDecision, 48),
        PLACE(NsimDecision, accessor, 28),
        PLACE(NsimDecision, partner, 40),
        SIZE(NsimOutcome, 64),
        PLACE(NsimOutcome, node, 62),
        SIZE(NsimOption, 72),
        PLACE(NsimOption, source, 64),
        SIZE(NsimCounter, 24),
        SIZE(NsimPolicyClass, 144),
        PLACE(NsimPolicyClass, attach, 80),
        PLACE(NsimPolicyClass, pressure, 112),
        PLACE(NsimPolicyClass, done, 120),
        SIZE(NsimReclaimConfig, 64),
        PLACE(NsimReclaimConfig, swap_io_ps, 56),
        SIZE(NsimNodeState, 88),
        PLACE(NsimNodeState, active_file, 80),
        SIZE(NsimHostOps, 392),
        PLACE(NsimHostOps, decide, 128),
        PLACE(NsimHostOps, resource_count, 176),
        PLACE(NsimHostOps, queue_pages, 200),
        PLACE(NsimHostOps, damon, 208),
        PLACE(NsimHostOps, physical, 224),
        PLACE(NsimHostOps, memory_pressure_us, 280),
        PLACE(NsimHostOps, scan, 312),
        SIZE(NsimTaskInfo, 40),
        PLACE(NsimTaskInfo, runnable, 33),
        SIZE(NsimScan, 56),
        PLACE(NsimScan, ret_armed, 48),
        PLACE(NsimPolicyClass, regions, 128),
        PLACE(NsimPolicyClass, samples, 136),
        SIZE(NsimSampling, 40),
        SIZE(NsimSample, 32),
        SIZE(NsimNodeCounters, 24),
        SIZE(NsimRouteCounters, 40),
        SIZE(NsimResourceCounters, 24),
        PLACE(NsimHostOps, kernel_work, 368),
        PLACE(NsimHostOps, page_at, 376),
        PLACE(NsimHostOps, damon_ops, 384),
        SIZE(NsimDamonTargetInfo, 40),
        SIZE(NsimDamonProbe, 48),
        SIZE(NsimDamonPages, 32),
        SIZE(NsimDamonOpsClass, 56),
        SIZE(NsimSnapshotRegion, 24),
        SIZE(NsimSnapshot, 64),
        PLACE(NsimSnapshot, time_ps, 24),
        PLACE(NsimSnapshot, regions, 56),
    };
    /* The table is of 64-bit machines. */
    if (sizeof(void *) == 8)
        check(facts, G_N_ELEMENTS(facts));
}

static void
test_values(void)
{
    static const Fact facts[] = {
        VALUE(NSIM_ABI_VERSION, 1),     VALUE(NSIM_NODE_DRAM, 0),         VALUE(NSIM_NODE_DISK, 6),
        VALUE(NSIM_ACCESSOR_CPU, 0),    VALUE(NSIM_ACCESSOR_DEVICE, 2),   VALUE(NSIM_FAULT_LOAD, 0),
        VALUE(NSIM_FAULT_HINT, 2),      VALUE(NSIM_DECIDE_PLACE, 0),      VALUE(NSIM_DECIDE_DISARM, 2),
        VALUE(NSIM_PLACE_FALLBACK, 1),  VALUE(NSIM_CAP_DETERMINISTIC, 1), VALUE(NSIM_CAP_FUTURE, 2),
        VALUE(NSIM_CAP_LAZY, 4),        VALUE(NSIM_OPTION_BOOL, 0),       VALUE(NSIM_OPTION_STRING, 7),
        VALUE(NSIM_NODE_NONE, 0xffff),  VALUE(NSIM_ACCESSOR_NONE, 0xffff), VALUE(NSIM_LINE_BYTES, 64),
        VALUE(NSIM_NS, 1000),           VALUE(NSIM_DECIDE_MOVE, 3),       VALUE(NSIM_MOVE_SYNC, 1),
        VALUE(NSIM_MOVE_EXCHANGE, 2),   VALUE(NSIM_MOVE_TRANSACTIONAL, 4), VALUE(NSIM_MOVE_SYSCALL, 8),
        VALUE(NSIM_REASON_PROMOTION, 1), VALUE(NSIM_REASON_SYSCALL, 6),   VALUE(NSIM_CAUSE_LOCKED, 1),
        VALUE(NSIM_CAUSE_UNREACHABLE, 8), VALUE(NSIM_QUEUES_MAX, 64),       VALUE(NSIM_OPTION_FILE, 8),
        VALUE(NSIM_PAGE_IS_ON_DISK, 16), VALUE(NSIM_LRU_PAGEOUT, 2),
        VALUE(NSIM_OPTION_DAMON, 9),
    };
    check(facts, G_N_ELEMENTS(facts));
}

bool
test_abi_register(void)
{
    CU_pSuite suite = CU_add_suite("ABI", NULL, NULL);
    return suite && CU_add_test(suite, "structs", test_structs) && CU_add_test(suite, "constants", test_values);
}
