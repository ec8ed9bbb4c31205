# SPDX-License-Identifier: MIT
# Scripts that print TAP lines, as those of tests/cli; they skip where there is no QEMU.
qemu_tests = \
    tests/traces/qemu/capture.test \
    tests/traces/qemu/errors.test \
    tests/traces/qemu/lackey.test \
    tests/traces/qemu/window.test
TESTS += $(qemu_tests)
EXTRA_DIST += $(qemu_tests) tests/traces/qemu/guest.c tests/traces/qemu/guest32.c tests/traces/qemu/lib.sh
check_PROGRAMS += tests/traces/qemu/filter-lackey
tests_traces_qemu_filter_lackey_SOURCES = tests/traces/qemu/filter-lackey.c
tests_traces_qemu_filter_lackey_LDADD = libqemu.a
