# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/experiment/test-experiment
TESTS += tests/experiment/test-experiment
endif
tests_experiment_test_experiment_SOURCES = \
    tests/experiment/folder.c tests/experiment/folder.h \
    tests/experiment/rig.c tests/experiment/rig.h \
    tests/experiment/test-conservation.c \
    tests/experiment/test-damo.c \
    tests/experiment/test-damon-samples.c \
    tests/experiment/test-experiment.c tests/experiment/test-experiment.h \
    tests/experiment/test-fabric.c \
    tests/experiment/test-migration.c \
    tests/experiment/test-pages.c \
    tests/experiment/test-plan.c \
    tests/experiment/test-policy-spec.c \
    tests/experiment/test-replay.c \
    tests/experiment/test-tasks.c \
    tests/experiment/test-rivals.c \
    tests/experiment/test-samples.c \
    tests/experiment/test-threads.c \
    tests/experiment/test-timeline.c
tests_experiment_test_experiment_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_experiment_test_experiment_LDADD = libexperiment.a libpolicies.a libmm.a libmodels.a libtraces.a libreport.a \
    libsim.a $(GLIB_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS) $(CUNIT_LIBS) -lm
