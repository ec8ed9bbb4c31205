# SPDX-License-Identifier: MIT
# The capture library as its users meet it: scripts that build and run programs.
runtime_tests = \
    tests/traces/runtime/automatic.test \
    tests/traces/runtime/ends.test \
    tests/traces/runtime/installed.test
TESTS += $(runtime_tests)
EXTRA_DIST += $(runtime_tests) \
    tests/traces/runtime/lib.sh \
    tests/traces/runtime/measure.sh \
    tests/traces/runtime/atomics.c \
    tests/traces/runtime/crowd.c \
    tests/traces/runtime/ends.c \
    tests/traces/runtime/everything.cc \
    tests/traces/runtime/handlers.c \
    tests/traces/runtime/loader.c \
    tests/traces/runtime/manual.c \
    tests/traces/runtime/plugin.c \
    tests/traces/runtime/streams.c \
    tests/traces/runtime/threads.c \
    tests/traces/runtime/work.c
