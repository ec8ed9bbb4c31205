# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/sim/test-sim
TESTS += tests/sim/test-sim
endif
tests_sim_test_sim_SOURCES = \
    tests/sim/test-sim.c tests/sim/test-sim.h \
    tests/sim/test-event-queue.c \
    tests/sim/test-histogram.c \
    tests/sim/test-integer.c \
    tests/sim/test-random.c \
    tests/sim/test-time.c
tests_sim_test_sim_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_sim_test_sim_LDADD = libsim.a $(GLIB_LIBS) $(CUNIT_LIBS) -lm
