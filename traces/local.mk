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
    traces/info.c traces/info.h traces/info-private.h \
    traces/info-figures.c traces/info-words.c \
    traces/info-scan.c traces/info-scan.h \
    traces/output.c traces/output.h \
    traces/parse.c \
    traces/reuse.c traces/reuse.h \
    traces/rewrite.c traces/rewrite.h \
    traces/tool-anonymise.c traces/tool-anonymise.h \
    traces/tool-cache.c traces/tool-cache.h \
    traces/tool-cut.c traces/tool-cut.h \
    traces/tool-export.c traces/tool-export.h \
    traces/tool-filter.c traces/tool-filter.h \
    traces/tool-merge.c traces/tool-merge.h \
    traces/tool-oracle.c traces/tool-oracle.h \
    traces/tool-order.c traces/tool-order.h \
    traces/tool-sample.c traces/tool-sample.h \
    traces/trace.c traces/trace.h traces/trace-private.h \
    traces/writer.c \
    traces/xxh64.c traces/xxh64.h
libtraces_a_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS)
