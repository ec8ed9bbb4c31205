# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/mm/damon/test-damon tests/mm/damon/test-damos
TESTS += tests/mm/damon/test-damon tests/mm/damon/test-damos
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

tests_mm_damon_test_damos_SOURCES = \
    tests/mm/box.c tests/mm/box.h \
    tests/mm/damon/rig.c tests/mm/damon/rig.h \
    tests/mm/damon/test-damos.c tests/mm/damon/test-damos.h \
    tests/mm/damon/test-feed.c \
    tests/mm/damon/test-filter.c \
    tests/mm/damon/test-kdamond.c \
    tests/mm/damon/test-ops-plugin.c \
    tests/mm/damon/test-quota.c \
    tests/mm/damon/test-recorded.c \
    tests/mm/damon/test-report.c \
    tests/mm/damon/test-walk.c
tests_mm_damon_test_damos_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_mm_damon_test_damos_LDADD = libmm.a libmodels.a libsim.a $(GLIB_LIBS) $(YAML_LIBS) $(HWLOC_LIBS) $(CUNIT_LIBS)
