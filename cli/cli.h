/* SPDX-License-Identifier: MIT */
/*
 * The command line: the only code that prints or exits. Results go to standard output or a file, everything else to
 * standard error with "numasim: " before it.
 */
#pragma once

#include <experiment/experiment.h>
#include <gio/gio.h>
#include <models/quantity.h>
#include <numasim/types.h>
#include <traces/tool-order.h>

/* Exit statuses, documented in numasim(1). */
enum {
    NSIM_EXIT_OK = 0,
    NSIM_EXIT_FAILED = 1, /* the run failed, or output could not be written */
    NSIM_EXIT_USAGE = 2,  /* wrong options or configuration */
    NSIM_EXIT_DATA = 3,   /* a trace or an imported file is damaged or foreign */
    NSIM_EXIT_INTERRUPTED = 130
};

/* ---- Commands: each takes its own arguments (argv[0] is the command's name) and returns an exit status ------------
 */

int
nsim_cmd_run(int argc, char **argv);
int
nsim_cmd_trace(int argc, char **argv);
int
nsim_cmd_topo(int argc, char **argv);
int
nsim_cmd_policies(int argc, char **argv);
int
nsim_cmd_migrate(int argc, char **argv);
int
nsim_cmd_damo(int argc, char **argv);
int
nsim_cmd_explain(int argc, char **argv);

/* Parts of nsim_cmd_trace(), each in a file of its own. */
int
nsim_cmd_trace_capture(int argc, char **argv);
int
nsim_cmd_trace_import(int argc, char **argv);
int
nsim_cmd_trace_info(int argc, char **argv);
int
nsim_cmd_trace_check(int argc, char **argv);
int
nsim_cmd_trace_cut(int argc, char **argv);
int
nsim_cmd_trace_filter(int argc, char **argv);
int
nsim_cmd_trace_sample(int argc, char **argv);
int
nsim_cmd_trace_merge(int argc, char **argv);
int
nsim_cmd_trace_summarise(int argc, char **argv);
int
nsim_cmd_trace_anonymise(int argc, char **argv);
int
nsim_cmd_trace_export(int argc, char **argv);
int
nsim_cmd_trace_generate(int argc, char **argv);

/* ---- usage.c: options, help, messages ------------------------------------------------------------------------------
 */

typedef struct {
    const char *name;     /* "numasim trace info" */
    const char *synopsis; /* what follows the name */
    const char *summary;  /* one sentence */
    const GOptionEntry *entries;
    const char *epilogue; /* after the options; NULL for none */
} NsimCommand;

/*
 * Parse options; what is not an option stays in argv[1 .. argc). False when the command is over, because help was asked
 * for or the options are wrong: return `*ret_status`.
 */
bool
nsim_command_parse(const NsimCommand *command, int *argc, char ***argv, int *ret_status);
/* Between `least` and `most` operands are left, or a usage error as above. */
bool
nsim_command_operands(const NsimCommand *command, int argc, char **argv, int least, int most, int *ret_status);
/*
 * The value of an option, a quantity from `least` to `most`, into `*value`; `text` NULL leaves what is there. False after a
 * usage error: return `*ret_status`.
 */
bool
nsim_command_quantity(const NsimCommand *command, const char *option, const char *text, NsimQuantityKind kind,
                      uint64_t least, uint64_t most, uint64_t *value, int *ret_status);
/* Print a usage error, and where to find help. Returns NSIM_EXIT_USAGE. */
int
nsim_command_misuse(const NsimCommand *command, const char *format, ...) G_GNUC_PRINTF(2, 3);

typedef struct {
    const char *name; /* NULL ends a list */
    int (*run)(int argc, char **argv);
} NsimSubcommand;

/* Run the sub-command that argv[1] names, or say which there are. */
int
nsim_cli_dispatch(const NsimCommand *group, const NsimSubcommand *commands, int argc, char **argv);
const NsimSubcommand *
nsim_cli_find_subcommand(const NsimSubcommand *commands, const char *name);
/* `name` is no sub-command of `program`: say which there are. Returns NSIM_EXIT_USAGE. */
int
nsim_cli_refuse_subcommand(const char *program, const NsimSubcommand *commands, const char *name);

/* "a, b, c". (transfer full) */
char *
nsim_cli_join_words(const char *const *words);
/* "numasim: ..." and a line feed on standard error. */
void
nsim_cli_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Print an error and return the exit status that its domain and code stand for. */
int
nsim_cli_fail(const GError *error);

/* ---- output.c ------------------------------------------------------------------------------------------------------
 */

#define NSIM_CLI_ERROR (nsim_cli_error_quark())
GQuark
nsim_cli_error_quark(void);
typedef enum {
    NSIM_CLI_ERROR_OUTPUT, /* exit status 1 */
    NSIM_CLI_ERROR_INPUT   /* a file named on the command line is not there or too large: 2 */
} NsimCliError;

/* Is `path` standard output: NULL or "-"? */
bool
nsim_cli_output_is_stdout(const char *path);
/* Could a file be written there? Asked before a long run, so that a wrong path does not cost it. */
bool
nsim_cli_output_check(const char *path, GError **error);
/*
 * Write all of `text` to `path` (NULL or "-": standard output). A file appears whole, under its name, or not at all;
 * what is not a regular file (a device, a pipe) is written in place.
 */
bool
nsim_cli_output_write(const char *path, const char *text, GError **error);
/* The same, and on failure the message: returns an exit status. */
int
nsim_cli_output_finish(const char *path, const char *text);
/* Is there a file to read? */
bool
nsim_cli_input_check(const char *path, GError **error);
/* All of a file, or of standard input for "-", up to `most` bytes; `*ret_length` may be NULL. (transfer full) */
char *
nsim_cli_input_read(const char *path, size_t most, size_t *ret_length, GError **error);

/* ---- progress.c, interrupt.c, log.c --------------------------------------------------------------------------------
 */

typedef struct _NsimProgressLine NsimProgressLine;
/* A line on standard error that is rewritten as the run goes on. (transfer full) */
NsimProgressLine *
nsim_progress_line_new(void);
/* An NsimProgressFunc whose `user_data` is the line. */
void
nsim_progress_line_update(const NsimProgress *progress, void *user_data);
/* The same where standard error is a terminal that can rewrite a line, else NULL. (transfer full) */
NsimProgressLine *
nsim_progress_line_new_on_terminal(void);
/* How far other work has come. */
typedef struct {
    const char *verb;     /* "cutting"; NULL: the line says how many of `what` there have been */
    uint64_t done, total; /* in any unit; total 0: not known. Less done than before: another pass has begun */
    uint64_t count;       /* of what the rate counts */
    const char *what;     /* "lines" */
} NsimProgressAmount;
/* Shows nothing of work that is soon done; `line` NULL is allowed. */
void
nsim_progress_line_amount(NsimProgressLine *line, const NsimProgressAmount *amount);
/* So many steps of a job are done. */
void
nsim_progress_line_steps(NsimProgressLine *line, uint32_t done, uint32_t count, const char *what);
/* Take the line away and free; NULL is allowed. */
void
nsim_progress_line_free(NsimProgressLine *line);

typedef struct _NsimInterrupt NsimInterrupt;
/* From now on the first SIGINT triggers `cancel`; a second one ends the program at once. (transfer full) */
NsimInterrupt *
nsim_interrupt_new(GCancellable *cancel);
void
nsim_interrupt_free(NsimInterrupt *interrupt);

/* ---- trace-progress.c ----------------------------------------------------------------------------------------------
 */

/* Work on a trace: progress on a terminal, and an end with nothing left behind on SIGINT. */
typedef struct _NsimTraceJob NsimTraceJob;
/* `verb` is what the line says: "cutting". (transfer full) */
NsimTraceJob *
nsim_trace_job_new(const char *verb);
/* (transfer none) */
const NsimTraceTick *
nsim_trace_job_tick(const NsimTraceJob *job);
void
nsim_trace_job_free(NsimTraceJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimTraceJob, nsim_trace_job_free)

/* Send GLib's log messages to standard error; debug messages only as NUMASIM_DEBUG asks. */
void
nsim_cli_log_init(void);
