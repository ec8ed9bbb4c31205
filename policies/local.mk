# SPDX-License-Identifier: MIT
pkginclude_HEADERS += include/numasim/types.h include/numasim/option.h include/numasim/policy.h include/numasim/migration.h
noinst_LIBRARIES += libpolicies.a
libpolicies_a_CPPFLAGS = $(AM_CPPFLAGS) -DNSIM_BUILTIN
libpolicies_a_SOURCES = \
    policies/builtin.c policies/builtin.h \
    policies/node-list.c policies/node-list.h \
    policies/bind.c \
    policies/damon.c \
    policies/fail.c \
    policies/first-touch.c \
    policies/interleave.c \
    policies/local.c \
    policies/nop.c \
    policies/oracle.c \
    policies/preferred.c \
    policies/scripted.c \
    policies/weighted-interleave.c
# The start of a policy of one's own; built by tests/policies/template.test.
EXTRA_DIST += policies/template/Makefile policies/template/template.c
