# SPDX-License-Identifier: MIT
# A real kernel as the judge: what boots it, the program in the guest, and what compares.
check_PROGRAMS += tests/kernel/record
tests_kernel_record_SOURCES = \
    tests/kernel/figures.c tests/kernel/figures.h \
    tests/kernel/record.c \
    tests/kernel/reduce.c tests/kernel/reduce.h \
    tests/kernel/runs.h
tests_kernel_record_LDADD = libqemu.a libtraces.a libsim.a $(GLIB_LIBS) $(ZSTD_LIBS) -lm

# The guest's program is alone in there, as its first program (traces/qemu/local.mk).
kernel_guest_sources = \
    tests/kernel/guest/damon.c \
    tests/kernel/guest/files.c \
    tests/kernel/guest/guest.c \
    tests/kernel/guest/place.c \
    tests/kernel/guest/workload.c
EXTRA_DIST += $(kernel_guest_sources) tests/kernel/guest/guest.h
CLEANFILES += tests/kernel/watch
if HAVE_GUEST
check_DATA = tests/kernel/watch
endif
tests/kernel/watch: $(kernel_guest_sources) tests/kernel/guest/guest.h tests/kernel/runs.h tests/kernel/accesses.h
	$(AM_V_CCLD)$(CC) -std=gnu17 -D_GNU_SOURCE $(NSIM_WARNINGS) $(CFLAGS) -fno-sanitize=all -static \
	    -o $@ $(kernel_guest_sources:%=$(srcdir)/%)

check_PROGRAMS += tests/kernel/compare
tests_kernel_compare_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_kernel_compare_SOURCES = \
    tests/kernel/accesses.h \
    tests/kernel/balancing.c \
    tests/kernel/compare.c tests/kernel/compare.h \
    tests/kernel/engine.c tests/kernel/engine.h \
    tests/kernel/figures.c tests/kernel/figures.h \
    tests/kernel/model.c tests/kernel/model.h \
    tests/kernel/recording.c tests/kernel/recording.h \
    tests/kernel/scheme-run.c tests/kernel/scheme-run.h \
    tests/kernel/schemes.c \
    tests/kernel/runs.h \
    tests/kernel/trace.c tests/kernel/trace.h \
    tests/mm/box.c tests/mm/box.h \
    tests/mm/damon/pattern.c tests/mm/damon/pattern.h \
    tests/mm/damon/rig.c tests/mm/damon/rig.h
tests_kernel_compare_LDADD = libtraces.a libmm.a libmodels.a libsim.a \
    $(GLIB_LIBS) $(JANSSON_LIBS) $(YAML_LIBS) $(HWLOC_LIBS) $(ZSTD_LIBS) -lm

# The comparison with what was recorded.
TESTS += tests/kernel/recorded.test
recorded = \
    tests/kernel/recorded/README \
    tests/kernel/recorded/a-1.csv.gz tests/kernel/recorded/a-2.csv.gz tests/kernel/recorded/a-3.csv.gz \
    tests/kernel/recorded/a-7.csv.gz tests/kernel/recorded/a-8.csv.gz tests/kernel/recorded/a-9.csv.gz \
    tests/kernel/recorded/alow-1.csv.gz tests/kernel/recorded/alow-2.csv.gz tests/kernel/recorded/alow-3.csv.gz \
    tests/kernel/recorded/alow-4.csv.gz tests/kernel/recorded/alow-5.csv.gz tests/kernel/recorded/b-1.csv.gz \
    tests/kernel/recorded/b-2.csv.gz tests/kernel/recorded/b-3.csv.gz tests/kernel/recorded/both-1-first.csv.gz \
    tests/kernel/recorded/both-1.csv.gz tests/kernel/recorded/both-2.csv.gz tests/kernel/recorded/both-3.csv.gz \
    tests/kernel/recorded/c-1.csv.gz tests/kernel/recorded/c-2.csv.gz tests/kernel/recorded/c-3.csv.gz \
    tests/kernel/recorded/cfast-1.csv.gz tests/kernel/recorded/cfast-2.csv.gz tests/kernel/recorded/cfast-3.csv.gz \
    tests/kernel/recorded/closed-1-first.csv.gz tests/kernel/recorded/closed-1.csv.gz tests/kernel/recorded/closed-2-first.csv.gz \
    tests/kernel/recorded/closed-2.csv.gz tests/kernel/recorded/closed-3.csv.gz tests/kernel/recorded/demote-1-first.csv.gz \
    tests/kernel/recorded/demote-1.csv.gz tests/kernel/recorded/demote-2-first.csv.gz tests/kernel/recorded/demote-2.csv.gz \
    tests/kernel/recorded/demote-3.csv.gz tests/kernel/recorded/fa-1.csv.gz tests/kernel/recorded/fa-2.csv.gz \
    tests/kernel/recorded/fa-3.csv.gz tests/kernel/recorded/falow-1.csv.gz tests/kernel/recorded/falow-2.csv.gz \
    tests/kernel/recorded/falow-3.csv.gz tests/kernel/recorded/fed-1-first.csv.gz tests/kernel/recorded/fed-1.csv.gz \
    tests/kernel/recorded/fed-2.csv.gz tests/kernel/recorded/fed-3.csv.gz tests/kernel/recorded/idle-1.csv.gz \
    tests/kernel/recorded/idle-2.csv.gz tests/kernel/recorded/idle-3.csv.gz tests/kernel/recorded/nb-1.csv.gz \
    tests/kernel/recorded/nbhi-1.csv.gz tests/kernel/recorded/promote-1-first.csv.gz tests/kernel/recorded/promote-1.csv.gz \
    tests/kernel/recorded/promote-2-first.csv.gz tests/kernel/recorded/promote-2.csv.gz tests/kernel/recorded/promote-3.csv.gz \
    tests/kernel/recorded/thp-1.csv.gz tests/kernel/recorded/thp-2.csv.gz tests/kernel/recorded/thp-3.csv.gz
EXTRA_DIST += tests/kernel/check-kernel tests/kernel/recorded.test $(recorded)

# ... and with a kernel that is booted now: minutes.
check-kernel: all $(check_PROGRAMS) $(check_DATA)
	@$(AM_TESTS_ENVIRONMENT) $(SHELL) $(srcdir)/tests/kernel/check-kernel $(CHECK_KERNEL_FLAGS); \
	status=$$?; test $$status -eq 77 || exit $$status
.PHONY: check-kernel
