# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libmm.a
libmm_a_SOURCES = \
    mm/copy-predict.c mm/copy.c \
    mm/cpus.c mm/cpus.h \
    mm/damon/context.c mm/damon/context.h \
    mm/damon/ops.h mm/damon/ops-space.c mm/damon/ops-space.h \
    mm/damon/plan.c mm/damon/plan.h \
    mm/damon/region.c mm/damon/region.h \
    mm/damon/tune.c mm/damon/tune.h \
    mm/host.c mm/host.h \
    mm/memory.c mm/memory.h \
    mm/mover-batch.c mm/mover-options.c mm/mover-private.h mm/mover.c mm/mover.h \
    mm/payers.c mm/payers.h \
    mm/sampler.c mm/sampler.h \
    mm/space.c mm/space.h \
    mm/stream.c mm/stream.h
