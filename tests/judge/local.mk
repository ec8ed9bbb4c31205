# SPDX-License-Identifier: MIT
# The judge of the replay, and the tests of the judge itself.
check_LIBRARIES = libjudge.a
libjudge_a_SOURCES = tests/judge/judge.c tests/judge/judge.h

if HAVE_CUNIT
check_PROGRAMS += tests/judge/test-model
TESTS += tests/judge/test-model
endif
tests_judge_test_model_SOURCES = tests/judge/test-model.c
tests_judge_test_model_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_judge_test_model_LDADD = libjudge.a libsim.a $(GLIB_LIBS) $(CUNIT_LIBS) -lm

# The replay before its judge.
if HAVE_CUNIT
check_PROGRAMS += tests/judge/test-judge
TESTS += tests/judge/test-judge
endif
tests_judge_test_judge_SOURCES = tests/judge/test-judge.c
tests_judge_test_judge_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)
tests_judge_test_judge_LDADD = libjudge.a libexperiment.a libmm.a libmodels.a libtraces.a libsim.a \
    $(GLIB_LIBS) $(YAML_LIBS) $(ZSTD_LIBS) $(HWLOC_LIBS) $(CUNIT_LIBS)
