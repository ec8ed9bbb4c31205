# SPDX-License-Identifier: MIT
# Scripts that print TAP lines, as those of tests/cli; they skip where there is no QEMU.
qemu_tests = \
    tests/traces/qemu/capture.test \
    tests/traces/qemu/errors.test \
    tests/traces/qemu/lackey.test \
    tests/traces/qemu/system.test \
    tests/traces/qemu/window.test
TESTS += $(qemu_tests)
EXTRA_DIST += $(qemu_tests) tests/traces/qemu/guest.c tests/traces/qemu/guest32.c tests/traces/qemu/guest-system.c \
    tests/traces/qemu/lib.sh
check_PROGRAMS += tests/traces/qemu/filter-lackey
tests_traces_qemu_filter_lackey_SOURCES = tests/traces/qemu/filter-lackey.c
tests_traces_qemu_filter_lackey_LDADD = libtraces.a libsim.a

if HAVE_CUNIT
check_PROGRAMS += tests/traces/qemu/test-qemu
TESTS += tests/traces/qemu/test-qemu
endif
tests_traces_qemu_test_qemu_SOURCES = \
    tests/traces/qemu/helpers.c \
    tests/traces/qemu/test-channel.c \
    tests/traces/qemu/test-cpio.c \
    tests/traces/qemu/test-elf.c \
    tests/traces/qemu/test-guest-machine.c \
    tests/traces/qemu/test-initramfs.c \
    tests/traces/qemu/test-kernel.c \
    tests/traces/qemu/test-qemu.c tests/traces/qemu/test-qemu.h \
    tests/traces/qemu/test-recorder.c \
    tests/traces/qemu/test-regions.c \
    tests/traces/qemu/test-resolver.c \
    tests/traces/qemu/test-where.c
tests_traces_qemu_test_qemu_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS) -pthread
tests_traces_qemu_test_qemu_LDADD = libqemu.a libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS) $(CUNIT_LIBS) -lm
