# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libmm.a
libmm_a_SOURCES = \
    mm/host.c mm/host.h \
    mm/memory.c mm/memory.h \
    mm/space.c mm/space.h
