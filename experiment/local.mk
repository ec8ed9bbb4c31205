# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libexperiment.a
libexperiment_a_CFLAGS = $(AM_CFLAGS)
libexperiment_a_SOURCES = \
    experiment/damo-explain.c experiment/damo-explain.h \
    experiment/damo-json.c experiment/damo-json.h \
    experiment/damo-yaml.c \
    experiment/damo-ramp.c experiment/damo-ramp.h \
    experiment/damo-say.c experiment/damo-say.h experiment/damo-say-scheme.c \
    experiment/damo-text.c experiment/damo-text.h \
    experiment/damo-trap.c experiment/damo-trap.h \
    experiment/damon-recorder.c experiment/damon-recorder.h \
    experiment/damon-result.c experiment/damon-result.h \
    experiment/describe.c \
    experiment/experiment.c experiment/experiment.h \
    experiment/explain.c experiment/explain.h experiment/explain-json.c experiment/explain-text.c \
    experiment/future.c experiment/future.h \
    experiment/migrate.c experiment/migrate.h \
    experiment/migrate-plan.c experiment/migrate-plan.h \
    experiment/migrate-published.c experiment/migrate-render.c experiment/migrate-sweep.c \
    experiment/migration.c experiment/migration.h \
    experiment/plan.c experiment/plan.h \
    experiment/plugins.c experiment/plugins.h \
    experiment/policy-spec.c experiment/policy-spec.h \
    experiment/replay.c experiment/replay.h experiment/replay-private.h experiment/replay-new.c experiment/replay-page.c \
    experiment/replay-records.c experiment/replay-run.c \
    experiment/replay-sample.c \
    experiment/run.c experiment/run.h \
    experiment/timeline.c experiment/timeline.h \
    experiment/workload.c
