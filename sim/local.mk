# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libsim.a
libsim_a_SOURCES = \
    sim/assert.h \
    sim/event-queue.c sim/event-queue.h \
    sim/histogram.c sim/histogram.h \
    sim/integer.h \
    sim/random.c sim/random.h \
    sim/time.c sim/time.h
