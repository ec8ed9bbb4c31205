/* SPDX-License-Identifier: MIT */
/* Shared by the files of the core's side of the policy contract. */
#pragma once

#include <mm/host.h>
#include <string.h>

static inline NsimMm *
mm_of(const NsimHost *host)
{
    return (NsimMm *)(uintptr_t)host;
}

/* Copy what the caller's struct has room for, keeping its size. */
static inline void
answer(void *ret, const void *full, size_t full_size)
{
    uint32_t size;
    memcpy(&size, ret, sizeof size);
    memcpy(ret, full, MIN((size_t)size, full_size));
    memcpy(ret, &size, sizeof size);
}

/* Are the pages all there? No sum: it could wrap around. */
static inline bool
in_space(const NsimSpace *space, NsimPage page, uint64_t count)
{
    return page <= space->page_count && count <= space->page_count - page;
}

/*
 * Give absent pages memory on `node`, then (if `fallback`) on the others from the nearest to `accessor` on. Returns how
 * many from the first on have some.
 */
uint64_t host_place(NsimMm *mm, NsimSpaceId space, NsimPage page, uint64_t count, NsimNodeId node,
                    NsimAccessorId accessor, bool fallback);
/*
 * Nodes have nothing above their min watermarks: reclaim, and when there is nothing to reclaim take what is below them.
 * False: there is nothing. True: the pages are there, or the thread waits and will touch them again.
 */
bool host_find_memory(NsimMm *mm, const NsimFault *fault, uint64_t done, NsimNodeId local);
/* A bug in the policy: the run fails. */
void host_refuse(NsimMm *mm, const char *problem);

/* Each file's answers. */
void host_questions_ops(NsimHostOps *ops);
void host_decide_ops(NsimHostOps *ops);
void host_tasks_ops(NsimHostOps *ops);
void host_kernel_ops(NsimHostOps *ops);
void host_sense_ops(NsimHostOps *ops);
