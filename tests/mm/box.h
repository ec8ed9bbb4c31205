/* SPDX-License-Identifier: MIT */
/*
 * A machine, its memory, address spaces and the core side of the policy contract in one box, for the tests of mm/ and
 * policies/. Closing the box audits the books.
 */
#pragma once

#include <mm/host.h>

#define BOX_SPACES_MAX 4u

typedef struct {
    NsimMachine *machine;
    NsimMemory *memory;
    NsimSpace *spaces[BOX_SPACES_MAX];
    uint32_t space_count;
    NsimEventQueue *events;
    NsimMm *mm; /* NULL until box_start() */
} Box;

/*
 * Two CPUs with `near_mib` of DRAM beside each (D0 at C0, D1 at C1) and one expander X of `far_mib` between them; 4 KiB
 * pages. From C0 it is 100 ns to D0, 200 ns to X, 300 ns to D1; from C1 the other way round. The nodes have the indices
 * and numbers D0 0, D1 1, X 2. (transfer full)
 */
char *box_yaml(unsigned near_mib, unsigned far_mib);

/* A machine from the map under `machine:`; aborts the test program with the message when it does not load. */
NsimMachine *box_machine(const char *yaml);

/* An empty box on this machine. */
void box_open(Box *box, const char *yaml);
/* Audit, then free everything. */
void box_close(Box *box);
/* Count every page again and compare with the books. */
void box_audit(const Box *box);

/* A space of `frame_count` frames one after another, all of it one region called "data". */
NsimSpace *box_add(Box *box, const char *workload, uint64_t frame_count, uint32_t unit_pages);
/* A space with these frames (virtual address >> 21) and ranges. */
NsimSpace *box_add_ranges(Box *box, const char *workload, const uint64_t *frames, uint64_t frame_count,
                          const NsimSpaceRange *ranges, uint32_t range_count, uint32_t unit_pages);

/* The core on the box's spaces, without a policy. No space can be added afterwards. */
void box_start(Box *box);
/* ... with a policy; false with `error` when it refuses its options. */
bool box_attach(Box *box, const NsimPolicyClass *policy, const void *config, GError **error);

/* An accessor touches `count` pages for the first time. What nsim_mm_fault() says. */
bool box_touch(Box *box, NsimSpaceId space, NsimPage page, uint32_t count, NsimAccessorId accessor);

/* Pages of a space on a node. */
uint64_t box_count(const Box *box, NsimSpaceId space, NsimNodeId node);
/*
 * The nodes of pages [page, page + count) as a text, one character each: the node's index, '.' for none. (transfer
 * full)
 */
char *box_picture(const Box *box, NsimSpaceId space, NsimPage page, uint32_t count);
