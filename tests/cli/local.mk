# SPDX-License-Identifier: MIT
# Scripts that print TAP lines and exit with 0, 1 or 77 (skipped).
cli_tests = \
    tests/cli/commands.test \
    tests/cli/damo.test tests/cli/damon.test \
    tests/cli/determinism.test \
    tests/cli/errors.test \
    tests/cli/explain.test \
    tests/cli/from-damo.test \
    tests/cli/generate.test \
    tests/cli/holistic.test \
    tests/cli/hostile.test \
    tests/cli/import.test \
    tests/cli/interrupt.test \
    tests/cli/lackey.test \
    tests/cli/layers.test \
    tests/cli/manual.test \
    tests/cli/migrate.test \
    tests/cli/validation.test \
    tests/cli/rates.test \
    tests/cli/readme.test \
    tests/cli/reclaim.test \
    tests/cli/run.test \
    tests/cli/system.test \
    tests/cli/terminal.test \
    tests/cli/tools.test \
    tests/cli/tutorial.test \
    tests/cli/usage.test
TESTS += $(cli_tests)
EXTRA_DIST += $(cli_tests) tests/cli/lib.sh tests/cli/damo
check_PROGRAMS += tests/cli/check-report
tests_cli_check_report_SOURCES = tests/cli/check-report.c tests/report/schema.c tests/report/schema.h
tests_cli_check_report_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_cli_check_report_LDADD = $(GLIB_LIBS) $(JANSSON_LIBS) -lm
