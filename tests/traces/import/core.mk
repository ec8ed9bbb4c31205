# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/traces/import/test-core
TESTS += tests/traces/import/test-core
endif
tests_traces_import_test_core_SOURCES = \
    tests/traces/import/test-core.c tests/traces/import/test-core.h \
    tests/traces/import/test-core-import.c \
    tests/traces/import/test-input.c \
    tests/traces/import/test-lackey.c \
    tests/traces/import/test-rate.c \
    tests/traces/import/test-records16.c
tests_traces_import_test_core_CFLAGS = $(AM_CFLAGS) $(ZSTD_CFLAGS) $(LZMA_CFLAGS) $(CUNIT_CFLAGS)
tests_traces_import_test_core_LDADD = libimport.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(JANSSON_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS) $(CUNIT_LIBS)
