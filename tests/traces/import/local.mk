# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/traces/import/test-import
TESTS += tests/traces/import/test-import
endif
tests_traces_import_test_import_SOURCES = \
    tests/traces/import/test-import.c tests/traces/import/test-import.h \
    tests/traces/import/test-csv.c \
    tests/traces/import/test-dramsim3.c \
    tests/traces/import/test-drmemtrace-text.c \
    tests/traces/import/test-libcachesim-csv.c \
    tests/traces/import/test-lines.c \
    tests/traces/import/test-nvbit.c \
    tests/traces/import/test-perf-script.c \
    tests/traces/import/test-probe.c \
    tests/traces/import/test-prospero.c \
    tests/traces/import/test-ramulator.c \
    tests/traces/import/test-uvm-log.c
tests_traces_import_test_import_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS) $(LZMA_CFLAGS) $(CUNIT_CFLAGS)
tests_traces_import_test_import_LDADD = libimport.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(JANSSON_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS) $(CUNIT_LIBS)
EXTRA_DIST += tests/traces/import/corpus/text
