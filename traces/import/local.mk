# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libimport.a
libimport_a_SOURCES = \
    traces/import/formats.c traces/import/formats.h \
    traces/import/import.c traces/import/import.h \
    traces/import/input.c traces/import/input.h \
    traces/import/lackey.c \
    traces/import/records16.c \
    traces/rate-describe.c traces/rate-write.c traces/rate.c traces/rate-private.h traces/rate.h \
    traces/import/text.h
libimport_a_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS) $(LZMA_CFLAGS) $(SQLITE_CFLAGS) $(JANSSON_CFLAGS)
