# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/mm/test-mm
TESTS += tests/mm/test-mm
endif
tests_mm_test_mm_SOURCES = \
    tests/mm/box.c tests/mm/box.h \
    tests/mm/test-frames.c \
    tests/mm/test-host.c \
    tests/mm/test-huge.c \
    tests/mm/test-lru.c \
    tests/mm/test-memory.c \
    tests/mm/test-mover.c \
    tests/mm/test-mm.c tests/mm/test-mm.h \
    tests/mm/test-reclaim.c \
    tests/mm/test-space.c \
    tests/mm/test-space-random.c \
    tests/mm/test-story.c \
    tests/mm/test-tiers.c
tests_mm_test_mm_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_mm_test_mm_LDADD = libmm.a libmodels.a libsim.a $(GLIB_LIBS) $(YAML_LIBS) $(HWLOC_LIBS) $(CUNIT_LIBS)
