# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/traces/test-traces
TESTS += tests/traces/test-traces
endif
tests_traces_test_traces_SOURCES = \
    tests/traces/test-traces.c tests/traces/test-traces.h \
    tests/traces/helpers.c \
    tests/traces/reference-reader.c tests/traces/reference-reader.h \
    tests/traces/test-check.c \
    tests/traces/test-cursor.c \
    tests/traces/test-decode.c \
    tests/traces/test-encode.c \
    tests/traces/test-generate.c \
    tests/traces/test-generate-spec.c \
    tests/traces/test-generate-transformer.c \
    tests/traces/test-generate-zipf.c \
    tests/traces/test-info.c \
    tests/traces/test-output.c \
    tests/traces/test-parse.c \
    tests/traces/test-reuse.c \
    tests/traces/test-tool-anonymise.c \
    tests/traces/test-tool-cut.c \
    tests/traces/test-tool-export.c \
    tests/traces/test-tool-filter.c \
    tests/traces/test-tool-merge.c \
    tests/traces/test-tool-order.c \
    tests/traces/test-tool-sample.c \
    tests/traces/test-tools.c tests/traces/test-tools.h \
    tests/traces/test-writer.c \
    tests/traces/test-xxh64.c \
    traces/capture/filter.c traces/capture/filter.h
tests_traces_test_traces_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS) $(CUNIT_CFLAGS)
tests_traces_test_traces_LDADD = libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS) $(CUNIT_LIBS)
