# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/traces/capture/test-capture
TESTS += tests/traces/capture/test-capture
endif
tests_traces_capture_test_capture_SOURCES = \
    tests/traces/capture/test-capture.c tests/traces/capture/test-capture.h \
    tests/traces/capture/test-coalescer.c \
    tests/traces/capture/test-filter.c \
    tests/traces/capture/test-maps.c \
    tests/traces/capture/test-runtime.c \
    tests/traces/capture/test-settings.c \
    $(capture_library_sources)
tests_traces_capture_test_capture_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS) -pthread
tests_traces_capture_test_capture_LDADD = libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS) $(CUNIT_LIBS) -lm

TESTS += tests/traces/capture/test-kernels.sh
EXTRA_DIST += tests/traces/capture/test-kernels.sh
