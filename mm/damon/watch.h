/* SPDX-License-Identifier: MIT */
/* DAMON's part of a story (mm/story.h): what it says of the first watched page, and what schemes make of that. */
#pragma once

#include <mm/damon/session.h>
#include <mm/story.h>

typedef struct _NsimDamonWatch NsimDamonWatch;

/* Listens from now on: before the policy is attached. Free after `mm`. (transfer full) */
NsimDamonWatch *nsim_damon_watch_new(NsimMm *mm, NsimStory *story);
void nsim_damon_watch_free(NsimDamonWatch *watch);
