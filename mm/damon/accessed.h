/* SPDX-License-Identifier: MIT */
/*
 * Accessed bits as monitors use them: a test that clears must not hide accesses from reclaim, which learns of them by
 * the young and idle flags of folios (mm/lru.h) where there is reclaim.
 *
 * Source: damon_folio_mkold_one(), damon_folio_young() in Linux mm/damon/ops-common.c, written anew.
 */
#pragma once

#include <mm/host.h>

/* Forget that pages were accessed. They are one unit. `mm` may be NULL: without reclaim. */
void nsim_damon_make_old(const NsimMm *mm, NsimSpace *space, NsimSpaceId id, NsimPage page, uint32_t count);
/* Was any of them accessed since? */
bool nsim_damon_is_young(const NsimMm *mm, const NsimSpace *space, NsimSpaceId id, NsimPage page, uint32_t count);
