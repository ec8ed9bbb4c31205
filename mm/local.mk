# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libmm.a
libmm_a_SOURCES = \
    mm/copy-predict.c mm/copy.c \
    mm/cpus.c mm/cpus.h \
    mm/damon/action.c mm/damon/action.h \
    mm/damon/context.c mm/damon/context.h \
    mm/damon/cores.c mm/damon/cores.h \
    mm/damon/damo.c mm/damon/damo.h mm/damon/damo-private.h \
    mm/damon/damo-args.c \
    mm/damon/damo-file.c mm/damon/damo-file.h mm/damon/damo-file-scheme.c mm/damon/damo-file-value.c \
    mm/damon/damo-options.c mm/damon/damo-options.h \
    mm/damon/damo-sample.c \
    mm/damon/damo-scheme.c \
    mm/damon/damo-units.c mm/damon/damo-units.h \
    mm/damon/damo-words.c mm/damon/damo-words.h \
    mm/damon/feed.c mm/damon/feed.h \
    mm/damon/filter.c mm/damon/filter.h \
    mm/damon/goal.c mm/damon/goal.h \
    mm/damon/kdamond.c mm/damon/kdamond.h mm/damon/kdamond-private.h mm/damon/kdamond-targets.c \
    mm/damon/ops.h mm/damon/ops-paddr.c mm/damon/ops-paddr.h mm/damon/ops-plugin.c mm/damon/ops-plugin.h mm/damon/ops-space.c mm/damon/ops-space.h \
    mm/damon/options.c mm/damon/options.h \
    mm/damon/plan.c mm/damon/plan.h \
    mm/damon/priority.c mm/damon/priority.h \
    mm/damon/quota.c mm/damon/quota.h \
    mm/damon/region.c mm/damon/region.h \
    mm/damon/report.c mm/damon/report.h \
    mm/damon/scheme.c mm/damon/scheme.h \
    mm/damon/session.c mm/damon/session.h \
    mm/damon/tune.c mm/damon/tune.h \
    mm/damon/walk.c mm/damon/walk.h \
    mm/damon/watch.c mm/damon/watch.h \
    mm/frames.c mm/frames.h \
    mm/host.c mm/host.h mm/host-private.h mm/host-decide.c mm/host-kernel.c mm/host-place.c mm/host-questions.c mm/host-sense.c \
    mm/host-tasks.c \
    mm/huge.c mm/huge.h \
    mm/lru.c mm/lru.h \
    mm/memory.c mm/memory.h \
    mm/mover-batch.c mm/mover-flush.c mm/mover-options.c mm/mover-private.h mm/mover.c mm/mover.h \
    mm/payers.c mm/payers.h \
    mm/pressure.c mm/pressure.h \
    mm/reclaim-private.h mm/reclaim.c mm/reclaim.h mm/reclaim-marks.c mm/reclaim-scan.c \
    mm/sampler.c mm/sampler.h \
    mm/space.c mm/space.h \
    mm/story.c mm/story.h \
    mm/stream.c mm/stream.h \
    mm/swap.c \
    mm/tiers.c mm/tiers.h
