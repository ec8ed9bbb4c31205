# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libimport.a
libimport_a_SOURCES = \
    traces/import/champsim.c \
    traces/import/columns.c traces/import/columns.h \
    traces/import/csv.c \
    traces/import/damo-convert.c traces/import/damo-convert.h \
    traces/import/damo-rates.c traces/import/damo-rates.h \
    traces/import/damo-reader.c traces/import/damo-reader.h \
    traces/import/damo.c \
    traces/import/dramsim3.c \
    traces/import/drmemtrace-text.c \
    traces/import/drmemtrace.c \
    traces/import/formats.c traces/import/formats.h \
    traces/import/import.c traces/import/import.h \
    traces/import/input.c traces/import/input.h \
    traces/import/json-stream.c traces/import/json-stream.h \
    traces/import/lackey.c \
    traces/import/libcachesim-csv.c \
    traces/import/lines.c traces/import/lines.h \
    traces/import/nsys.c \
    traces/import/nvbit.c \
    traces/import/objects.c traces/import/objects.h \
    traces/import/oracle-general.c \
    traces/import/perf-script.c \
    traces/import/prospero-binary.c \
    traces/import/prospero.c \
    traces/import/ramulator.c \
    traces/import/records16.c \
    traces/import/text.h \
    traces/import/unzip.c traces/import/unzip.h \
    traces/import/uvm-log.c \
    traces/rate-describe.c traces/rate-write.c traces/rate.c traces/rate-private.h traces/rate.h \
    traces/tool-summarise.c traces/tool-summarise.h
libimport_a_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS) $(LZMA_CFLAGS) $(SQLITE_CFLAGS) $(JANSSON_CFLAGS)
EXTRA_DIST += docs/trace-import.md docs/trace-import-binary.md
