/* SPDX-License-Identifier: MIT */
/* What an importer found, before it becomes YAML; for models/import*.c alone. */
#pragma once

#include <models/import.h>
#include <models/machine.h>

/* A program's listing of one machine is far smaller. */
#define NSIM_IMPORT_BYTES_MAX (4u << 20)
#define NSIM_IMPORT_UNKNOWN UINT32_MAX

/* A NUMA node as the operating system numbers them; without memory it is only a place for CPUs. */
typedef struct {
    uint32_t nid;
    uint64_t bytes;
    uint64_t read_bytes_per_s, write_bytes_per_s; /* 0: unknown */
    NsimNodeKind kind;
    uint8_t kind_known, has_cpus; /* 0 or 1; not bool, because they may come from a process that went wrong */
} NsimImportPlace;

/* The CPUs of one place. */
typedef struct {
    uint32_t place; /* index */
    uint32_t core_count;
    uint8_t logical; /* 0 or 1: counted in hardware threads because cores are not told */
} NsimImportCpus;

typedef struct {
    const char *format;  /* "numactl -H" */
    GArray *places;      /* NsimImportPlace */
    GArray *cpus;        /* NsimImportCpus */
    uint32_t *distances; /* place x place as found, NSIM_IMPORT_UNKNOWN where not told; NULL: none at all */
    uint32_t *latency_ns; /* cpus x place, 0: unknown; NULL: none at all */
    GPtrArray *notes;     /* what was assumed or changed, a sentence each (char *, owned); plain ASCII, no quotes */
} NsimImport;

NsimImport *nsim_import_new(const char *format);
void nsim_import_free(NsimImport *import);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimImport, nsim_import_free)
void nsim_import_note(NsimImport *import, const char *format, ...) G_GNUC_PRINTF(2, 3);

NsimImport *nsim_import_numactl(const char *text, const char *name, GError **error);
NsimImport *nsim_import_hwloc(const char *text, size_t length, const char *name, GError **error);
