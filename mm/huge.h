/* SPDX-License-Identifier: MIT */
/*
 * Transparent huge pages: what the first touch of a page that has no memory populates, by advice on its range.
 *
 * Source: do_huge_pmd_anonymous_page() and hugepage_madvise() of Linux mm/, in outline, written anew;
 * Documentation/admin-guide/mm/transhuge.rst. Huge pages are units of movement of one frame (mm/space.h).
 *
 * What becomes huge later is the mover's (NSIM_MOVE_COLLAPSE). Left out: khugepaged; direct compaction (a node without free memory gives base pages at once); ranges of
 * advice smaller than a frame, which add up to one in the kernel when their mappings merge.
 */
#pragma once

#include <mm/host.h>

/*
 * What a first touch of `page` by `accessor` populates: a whole frame where that is advised and some node has the
 * memory for it, the region's unit without advice, a base page where huge pages are refused.
 */
void nsim_huge_fault(NsimMm *mm, NsimSpaceId space, NsimPage page, NsimAccessorId accessor, NsimPage *ret_first,
                     uint32_t *ret_count);
/* That fault is over: a unit that did not fit on one node as a whole is base pages. */
void nsim_huge_faulted(NsimMm *mm, NsimSpaceId space, NsimPage first, uint32_t count);
/* MADV_HUGEPAGE or MADV_NOHUGEPAGE on a range. From now on the counters of huge pages are shown. */
void nsim_huge_advise(NsimMm *mm, NsimSpaceId space, NsimPage page, uint64_t count, NsimAdvice advice);
