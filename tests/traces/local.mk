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
    tests/traces/test-writer.c \
    tests/traces/test-xxh64.c
tests_traces_test_traces_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS) $(CUNIT_CFLAGS)
tests_traces_test_traces_LDADD = libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS) $(CUNIT_LIBS)
