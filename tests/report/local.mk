# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/report/test-report tests/report/test-damo-record
TESTS += tests/report/test-report tests/report/test-damo-record
endif
tests_report_test_damo_record_SOURCES = tests/report/test-damo-record.c
tests_report_test_damo_record_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_report_test_damo_record_LDADD = libreport.a libimport.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(JANSSON_LIBS) $(ZSTD_LIBS) $(LZMA_LIBS) $(SQLITE_LIBS) $(CUNIT_LIBS)
tests_report_test_report_SOURCES = \
    tests/report/cases.c tests/report/cases.h \
    tests/report/sample.c tests/report/sample.h \
    tests/report/schema.c tests/report/schema.h \
    tests/report/test-csv.c \
    tests/report/test-format.c \
    tests/report/test-json.c \
    tests/report/test-migration.c \
    tests/report/test-render-text.c \
    tests/report/test-render.c \
    tests/report/test-report.c tests/report/test-report.h \
    tests/report/test-result.c \
    tests/report/test-schema.c \
    tests/report/test-summary.c \
    tests/report/test-table.c
tests_report_test_report_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS) $(JANSSON_CFLAGS)
tests_report_test_report_LDADD = libreport.a libmodels.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(HWLOC_LIBS) $(JANSSON_LIBS) $(CUNIT_LIBS) -lm
EXTRA_DIST += \
    tests/report/golden/compare-timeline.csv tests/report/golden/compare.csv tests/report/golden/compare.html \
    tests/report/golden/compare.json tests/report/golden/compare.txt \
    tests/report/golden/damon-timeline.csv tests/report/golden/damon.csv tests/report/golden/damon.html \
    tests/report/golden/damon.json tests/report/golden/damon.txt \
    tests/report/golden/empty-timeline.csv tests/report/golden/empty.csv tests/report/golden/empty.html \
    tests/report/golden/empty.json tests/report/golden/empty.txt \
    tests/report/golden/moves-timeline.csv tests/report/golden/moves.csv tests/report/golden/moves.html \
    tests/report/golden/moves.json tests/report/golden/moves.txt \
    tests/report/golden/odd-timeline.csv tests/report/golden/odd.csv tests/report/golden/odd.html \
    tests/report/golden/odd.json tests/report/golden/odd.txt \
    tests/report/golden/single-timeline.csv tests/report/golden/single.csv tests/report/golden/single.html \
    tests/report/golden/single.json tests/report/golden/single.txt
