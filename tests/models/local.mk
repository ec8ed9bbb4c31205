# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/models/test-models
TESTS += tests/models/test-models
endif
tests_models_test_models_SOURCES = \
    tests/models/test-corpus.c \
    tests/models/test-curve.c \
    tests/models/test-document.c \
    tests/models/test-fabric.c \
    tests/models/test-import.c \
    tests/models/test-isolate.c \
    tests/models/test-machine-check.c \
    tests/models/test-machine-describe.c \
    tests/models/test-machine-engine.c \
    tests/models/test-machine-route.c \
    tests/models/test-machine-table.c \
    tests/models/test-machine.c \
    tests/models/test-models.c tests/models/test-models.h \
    tests/models/test-quantity.c
tests_models_test_models_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_models_test_models_LDADD = libmodels.a libsim.a $(GLIB_LIBS) $(YAML_LIBS) $(HWLOC_LIBS) $(CUNIT_LIBS)
EXTRA_DIST += tests/models/corpus tests/models/curves.yaml
