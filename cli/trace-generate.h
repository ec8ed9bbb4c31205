/* SPDX-License-Identifier: MIT */
/* What the parts of `numasim trace generate` share. */
#pragma once

#include <cli/cli.h>
#include <models/quantity.h>
#include <traces/generate.h>

/* An option whose value is a quantity: how help shows it, what it may be, where it goes. */
typedef struct {
    const char *name;
    NsimQuantityKind kind;
    uint64_t most;
    uint64_t *value;
    const char *unit, *help;
    char *text; /* as given; NULL: `value` stays */
} NsimGenerateQuantity;

/* `others`, which ends with an empty entry, then the quantities. (transfer full: g_free) */
GOptionEntry *nsim_generate_entries(NsimGenerateQuantity *quantities, size_t count, const GOptionEntry *others);
/* Take over the values given, or print what is wrong and set the exit status. */
bool nsim_generate_read_quantities(const NsimCommand *command, const NsimGenerateQuantity *quantities, size_t count,
                                   int *ret_status);
void nsim_generate_clear_quantities(NsimGenerateQuantity *quantities, size_t count);
/* The name of a file given by -o, or a usage error. */
bool nsim_generate_check_output(const NsimCommand *command, const char *output, int *ret_status);
bool nsim_generate_parse_theta(const char *text, double *ret);

/* ---- trace-generate-watch.c ------------------------------------------------------------------------------------ */

typedef struct {
    const char *unit; /* what the rate counts */
    GCancellable *cancel;
    NsimInterrupt *interrupt;
    NsimProgressLine *line;
} NsimGenerateWatch;

void nsim_generate_watch_begin(NsimGenerateWatch *watch, const char *unit);
/* An NsimGenerateTick whose `user_data` is the watch. */
bool nsim_generate_watch_tick(uint64_t done, uint64_t total, void *user_data);
/* Print `error`, unless it is NULL. Returns the exit status. */
int nsim_generate_watch_end(NsimGenerateWatch *watch, const GError *error);

/* trace-generate-transformer.c */
int nsim_cmd_trace_generate_transformer(int argc, char **argv);

/* ---- trace-generate-spec.c ------------------------------------------------------------------------------------- */

typedef struct _NsimSpecFile NsimSpecFile;
/* Options of the command line that override the file's; NULL: its own or the default. */
typedef struct {
    const uint64_t *threads, *records, *barrier_every, *seed;
} NsimSpecOverrides;

/* Read a specification of phases and mixtures. (transfer full) */
NsimSpecFile *nsim_spec_file_load(const char *path, const NsimSpecOverrides *overrides, GError **error);
void nsim_spec_file_free(NsimSpecFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimSpecFile, nsim_spec_file_free)
/* Valid as long as the file; the compression level is the caller's to set. */
NsimGenerateSpec nsim_spec_file_spec(const NsimSpecFile *file);
