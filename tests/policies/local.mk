# SPDX-License-Identifier: MIT
if HAVE_CUNIT
check_PROGRAMS += tests/policies/test-policies tests/policies/test-tiering
TESTS += tests/policies/test-policies tests/policies/test-tiering
endif
tests_policies_test_policies_SOURCES = \
    tests/mm/box.c tests/mm/box.h \
    tests/policies/future.c tests/policies/future.h \
    tests/policies/test-abi.c \
    tests/policies/test-bind.c \
    tests/policies/test-fail.c \
    tests/policies/test-first-touch.c \
    tests/policies/test-hot-threshold.c \
    tests/policies/test-holistic-place.c \
    tests/policies/test-interleave.c \
    tests/policies/test-node-list.c \
    tests/policies/test-oracle.c \
    tests/policies/test-oracle-random.c \
    tests/policies/test-plugins.c \
    tests/policies/test-policies.c tests/policies/test-policies.h \
    tests/policies/test-preferred.c \
    tests/policies/test-scripted.c \
    tests/policies/test-weighted-interleave.c
# The plug-ins that the tests build need GLib's headers too.
tests_policies_test_policies_CPPFLAGS = $(AM_CPPFLAGS) -DPLUGIN_CFLAGS='"$(GLIB_CFLAGS)"'
tests_policies_test_policies_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_policies_test_policies_LDADD = libexperiment.a libreport.a libpolicies.a libmm.a libmodels.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS) $(CUNIT_LIBS)
tests_policies_test_tiering_SOURCES = \
    tests/experiment/rig.c tests/experiment/rig.h \
    tests/policies/paced.c tests/policies/paced.h \
    tests/policies/test-numab.c \
    tests/policies/test-tiering.c tests/policies/test-tiering.h \
    tests/policies/test-tpp.c
tests_policies_test_tiering_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_policies_test_tiering_LDADD = $(tests_policies_test_policies_LDADD)

# Scripts that print TAP lines, as those of tests/cli.
policies_tests = tests/policies/damon-ops.test tests/policies/headers.test tests/policies/template.test
TESTS += $(policies_tests)
EXTRA_DIST += $(policies_tests) tests/policies/plugin.c
