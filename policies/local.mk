# SPDX-License-Identifier: MIT
pkginclude_HEADERS += include/numasim/types.h include/numasim/option.h include/numasim/damon.h include/numasim/policy.h include/numasim/migration.h
noinst_LIBRARIES += libpolicies.a
libpolicies_a_CPPFLAGS = $(AM_CPPFLAGS) -DNSIM_BUILTIN
libpolicies_a_SOURCES = \
    policies/builtin.c policies/builtin.h \
    policies/bind.c \
    policies/colloid.c \
    policies/damo-text.c policies/damo-text.h \
    policies/damon-scheme.c policies/damon-scheme.h \
    policies/damon.c \
    policies/dynamic-interleave.c \
    policies/fail.c \
    policies/first-touch.c \
    policies/fault-heat.c policies/fault-heat.h \
    policies/heat.c policies/heat.h \
    policies/hmsdk.c \
    policies/holistic-place.c policies/holistic-place.h \
    policies/holistic.c \
    policies/hot-threshold.c policies/hot-threshold.h \
    policies/interleave.c \
    policies/local.c \
    policies/memtis.c \
    policies/node-list.c policies/node-list.h \
    policies/nomad.c \
    policies/nop.c \
    policies/numa-move.c policies/numa-move.h \
    policies/numa-scan.c policies/numa-scan.h \
    policies/numab.c \
    policies/oracle.c \
    policies/path.c policies/path.h \
    policies/preferred.c \
    policies/scripted.c \
    policies/tiers.c policies/tiers.h \
    policies/tpp-damon.c \
    policies/tpp.c \
    policies/weighted-interleave.c
# The start of a policy of one's own; built by tests/policies/template.test.
EXTRA_DIST += policies/template/Makefile policies/template/template.c policies/template/writes.c
