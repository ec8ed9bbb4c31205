# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libmodels.a
libmodels_a_SOURCES = \
    models/cache.c \
    models/cache.h \
    models/curve-parse.c \
    models/curve.c \
    models/document-private.h \
    models/document-read.c \
    models/document.c \
    models/document.h \
    models/fabric.c \
    models/fabric.h \
    models/import-hwloc.c \
    models/import-numactl.c \
    models/import-private.h \
    models/import.c \
    models/import.h \
    models/isolate.c \
    models/isolate.h \
    models/machine-accessor.c \
    models/machine-build.h \
    models/machine-check.c \
    models/machine-describe.c \
    models/machine-engine.c \
    models/machine-field.c \
    models/machine-migration.c \
    models/machine-parse.c \
    models/machine-route.c \
    models/machine-table.c \
    models/machine.c \
    models/machine.h \
    models/quantity.c \
    models/quantity.h
libmodels_a_CFLAGS = $(AM_CFLAGS) $(YAML_CFLAGS) $(HWLOC_CFLAGS)
