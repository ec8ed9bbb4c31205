# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/mm/damon/test-damon
TESTS += tests/mm/damon/test-damon
endif
tests_mm_damon_test_damon_SOURCES = \
    tests/mm/box.c tests/mm/box.h \
    tests/mm/damon/pattern.c tests/mm/damon/pattern.h \
    tests/mm/damon/test-context.c \
    tests/mm/damon/test-damo.c \
    tests/mm/damon/test-damon.c tests/mm/damon/test-damon.h \
    tests/mm/damon/test-kernel.c \
    tests/mm/damon/test-ops-space.c \
    tests/mm/damon/test-region.c \
    tests/mm/damon/test-tune.c
tests_mm_damon_test_damon_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_mm_damon_test_damon_LDADD = libmm.a libmodels.a libsim.a $(GLIB_LIBS) $(YAML_LIBS) $(HWLOC_LIBS) $(CUNIT_LIBS) -lm
