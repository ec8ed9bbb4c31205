# SPDX-License-Identifier: MIT
# The binary formats' tests. Their corpus is written by test-import-binary --write-corpus CORPUS FUZZ-CORPUS.
if HAVE_CUNIT
check_PROGRAMS += tests/traces/import/test-import-binary
TESTS += tests/traces/import/test-import-binary
endif
tests_traces_import_test_import_binary_SOURCES = \
    tests/traces/import/test-import-binary.c tests/traces/import/test-import-binary.h \
    tests/traces/import/binary-helpers.c \
    tests/traces/import/test-champsim.c \
    tests/traces/import/test-corpus.c \
    tests/traces/import/test-damo.c \
    tests/traces/import/test-drmemtrace.c \
    tests/traces/import/test-json-stream.c \
    tests/traces/import/test-nsys.c \
    tests/traces/import/test-objects.c \
    tests/traces/import/test-oracle-general.c \
    tests/traces/import/test-packing.c \
    tests/traces/import/test-damo-rates.c
tests_traces_import_test_import_binary_CFLAGS = \
    $(AM_CFLAGS) $(LZMA_CFLAGS) $(SQLITE_CFLAGS) $(CUNIT_CFLAGS)
tests_traces_import_test_import_binary_LDADD = libimport.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS) $(CUNIT_LIBS)
EXTRA_DIST += \
    tests/traces/import/corpus/champsim.champsimtrace \
    tests/traces/import/corpus/champsim.cloudsuite \
    tests/traces/import/corpus/damo-perf.txt \
    tests/traces/import/corpus/damo-trace-cmd.txt \
    tests/traces/import/corpus/damo.data \
    tests/traces/import/corpus/damo.json \
    tests/traces/import/corpus/drmemtrace.app.100.dir/trace/drmemtrace.app.100.1.trace.gz \
    tests/traces/import/corpus/drmemtrace.app.100.dir/trace/drmemtrace.app.101.1.trace.zip \
    tests/traces/import/corpus/requests.oracleGeneral
