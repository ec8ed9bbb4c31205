# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libtraces.a
libtraces_a_SOURCES = \
    traces/burst.h \
    traces/capture/coalescer.c traces/capture/coalescer.h \
    traces/capture/filter.c traces/capture/filter.h \
    traces/check.c \
    traces/cursor.c \
    traces/decode.c traces/decode.h \
    traces/encode.c traces/encode.h \
    traces/format.h \
    traces/generate.c traces/generate.h \
    traces/generate-pattern.c traces/generate-pattern.h \
    traces/generate-transformer.c traces/generate-transformer.h \
    traces/generate-transformer-layout.c traces/generate-transformer-layout.h \
    traces/generate-zipf.c traces/generate-zipf.h \
    traces/info.c traces/info.h \
    traces/output.c traces/output.h \
    traces/parse.c \
    traces/trace.c traces/trace.h traces/trace-private.h \
    traces/writer.c \
    traces/xxh64.c traces/xxh64.h
libtraces_a_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS)
