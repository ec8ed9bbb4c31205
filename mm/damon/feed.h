/* SPDX-License-Identifier: MIT */
/*
 * Where `user_input` goals of quotas have their values from, when nobody calls nsim_damon_feed(): what a script in user
 * space would write into the goal, as text.
 *
 *     TEXT    = ENTRY { ";" ENTRY }
 *     ENTRY   = [ KDAMOND "." SCHEME "." GOAL "=" ] SOURCE         numbers from 0; without them the only such goal
 *     SOURCE  = TIME ":" VALUE { "," TIME ":" VALUE }              this value from that simulated time on
 *             | "pages:" WORKLOAD "@" NODE                         of the workload's pages in memory those on the node,
 * 1/10000 | "served:" NODE                                     of all accesses that reached memory those of the node,
 * 1/10000 | "records:" WORKLOAD                                records of the workload's trace, a second
 *
 * A value is read when a window of the quota begins, as from a feeder that is just in time; the last two are of the
 * time since it was read last. Where nothing can be said (before the first TIME, nothing accessed, no time gone by) the
 * value stays what it was. A goal without an entry keeps the value of its command line.
 *
 * Left out: a feeder's own period, delay and CPU time; values that depend on each other.
 */
#pragma once

#include <mm/damon/plan.h>
#include <mm/host.h>

typedef struct _NsimDamonFeed NsimDamonFeed;   /* of one goal */
typedef struct _NsimDamonFeeds NsimDamonFeeds; /* all of a run */

/* NULL with `error`: where in the text, what was found, what is allowed. (transfer full) */
NsimDamonFeeds *nsim_damon_feeds_read(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void nsim_damon_feeds_free(NsimDamonFeeds *feeds);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimDamonFeeds, nsim_damon_feeds_free)

/* Find what the entries name, in the run and in what kdamonds are asked for. False with `error`: something is not
 * there. */
bool nsim_damon_feeds_bind(NsimDamonFeeds *feeds, const NsimDamonPlan *plan, const NsimMm *mm,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Of a goal; NULL: nothing feeds it, or there are no `feeds`. (transfer none) */
NsimDamonFeed *nsim_damon_feeds_find(const NsimDamonFeeds *feeds, uint32_t kdamond, uint32_t scheme, uint32_t goal);

/* What the goal's value is now; `current`: what it was. */
uint64_t nsim_damon_feed_read(NsimDamonFeed *feed, const NsimMm *mm, uint64_t current);
