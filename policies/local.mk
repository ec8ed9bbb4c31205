# SPDX-License-Identifier: MIT
pkginclude_HEADERS += include/numasim/types.h include/numasim/option.h include/numasim/policy.h include/numasim/migration.h
noinst_LIBRARIES += libpolicies.a
libpolicies_a_CPPFLAGS = $(AM_CPPFLAGS) -DNSIM_BUILTIN
libpolicies_a_SOURCES = \
    policies/builtin.c policies/builtin.h \
    policies/damo-text.c policies/damo-text.h \
    policies/damon-scheme.c policies/damon-scheme.h \
    policies/holistic-place.c policies/holistic-place.h \
    policies/node-list.c policies/node-list.h \
    policies/path.c policies/path.h \
    policies/bind.c \
    policies/fail.c \
    policies/first-touch.c \
    policies/hmsdk.c \
    policies/holistic.c \
    policies/interleave.c \
    policies/local.c \
    policies/nop.c \
    policies/oracle.c \
    policies/preferred.c \
    policies/scripted.c \
    policies/tpp-damon.c \
    policies/weighted-interleave.c
# The start of a policy of one's own; built by tests/policies/template.test.
EXTRA_DIST += policies/template/Makefile policies/template/template.c
