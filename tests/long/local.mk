# SPDX-License-Identifier: MIT
# What takes longer than `make check` may: `make check-long`.
long_tests = \
    tests/long/big-trace.test \
    tests/long/determinism.test
EXTRA_DIST += $(long_tests)

# Seconds for each fuzz target.
LONG_FUZZ_TIME = 120

check-long: check
	@for test in $(long_tests); do \
	    echo "== $$test"; \
	    ( $(AM_TESTS_ENVIRONMENT) exec $(SHELL) $(srcdir)/$$test ); status=$$?; \
	    test $$status -eq 0 || test $$status -eq 77 || exit 1; \
	done
	$(MAKE) $(AM_MAKEFLAGS) fuzz TIME=$(LONG_FUZZ_TIME)
	$(MAKE) $(AM_MAKEFLAGS) distcheck
.PHONY: check-long
