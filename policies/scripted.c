/* SPDX-License-Identifier: MIT */
/*
 * scripted: decisions from a file, for tests and for placements worked out by another program. One decision a line:
 *
 *     [at NANOSECONDS] place WORKLOAD FIRST COUNT NODE
 *     [at NANOSECONDS] arm|disarm WORKLOAD FIRST COUNT
 *     at NANOSECONDS move WORKLOAD FIRST COUNT NODE [queue N] [reason WORD] [sync] [transactional] [exchange PARTNER]
 *
 * FIRST and COUNT are base pages of the workload's address space. Decisions without a time are taken before the
 * workload is loaded; those with a time are taken then if the run lasts that long. '#' begins a comment. What the
 * script leaves without memory is placed by default. A move goes to kernel thread N, 1 unless given; `exchange` lets the pages
 * change places with as many from page PARTNER on.
 */
#include <numasim/policy.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCRIPT_BYTES_MAX (64u << 20)

typedef struct {
    const char *script;
} ScriptedConfig;

typedef struct {
    NsimTime when_ps;
    bool timed;
    NsimDecision decision;
} ScriptLine;

typedef struct {
    GArray *lines;
} Scripted;

enum { COUNTER_DECIDED_PAGES, COUNTER_REFUSED_PAGES, COUNTER_MOVED_PAGES };

static const char *const reason_words[] = { [NSIM_REASON_POLICY] = "policy",
                                            [NSIM_REASON_PROMOTION] = "promotion",
                                            [NSIM_REASON_DEMOTION] = "demotion",
                                            [NSIM_REASON_HARVEST] = "harvest",
                                            [NSIM_REASON_SWAP] = "swap",
                                            [NSIM_REASON_REBALANCE] = "rebalance",
                                            [NSIM_REASON_SYSCALL] = "syscall" };

static const NsimCounter scripted_counters[] = {
    { .key = "decided_pages", .unit = "pages", .help = "pages on which the script decided" },
    { .key = "refused_pages", .unit = "pages", .help = "pages among them that the core could not place, arm or move" },
    { .key = "moved_pages", .unit = "pages", .help = "pages that moves of the script brought to their node" },
};

static const NsimOption scripted_options[] = {
    { .key = "script",
      .type = NSIM_OPTION_FILE,
      .offset = offsetof(ScriptedConfig, script),
      .help = "the file with the decisions",
      .source = "none" },
};

static bool
parse_number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    *ret = g_ascii_strtoull(text, &end, 10);
    return g_ascii_isdigit(*text) && *end == '\0';
}

static bool
find_space(const NsimHost *host, const char *name, NsimSpaceId *ret)
{
    for (uint32_t s = 0; s < nsim_space_count(host); s++) {
        NsimSpaceInfo info;
        if (nsim_space_info(host, (NsimSpaceId)s, &info) && strcmp(info.workload, name) == 0) {
            *ret = (NsimSpaceId)s;
            return true;
        }
    }
    return false;
}

/* What follows a move's node; NULL or what is wrong with it. */
static const char *
parse_move_words(char **words, const NsimSpaceInfo *info, NsimDecision *decision)
{
    uint64_t number;
    decision->queue = 1;
    decision->accessor = NSIM_ACCESSOR_NONE;
    for (; *words != NULL; words++) {
        if (strcmp(*words, "sync") == 0) {
            decision->flags |= NSIM_MOVE_SYNC;
        } else if (strcmp(*words, "transactional") == 0) {
            decision->flags |= NSIM_MOVE_TRANSACTIONAL;
        } else if (strcmp(*words, "queue") == 0) {
            if (*++words == NULL || !parse_number(*words, &number) || number < 1 || number >= NSIM_QUEUES_MAX)
                return "'queue' needs a number from 1 to 63";
            decision->queue = (uint32_t)number;
        } else if (strcmp(*words, "reason") == 0) {
            words++;
            decision->reason = 0;
            while (*words != NULL && decision->reason < NSIM_REASONS && strcmp(reason_words[decision->reason], *words) != 0)
                decision->reason++;
            if (*words == NULL || decision->reason == NSIM_REASONS)
                return "'reason' needs one of policy, promotion, demotion, harvest, swap, rebalance, syscall";
        } else if (strcmp(*words, "exchange") == 0) {
            if (*++words == NULL || !parse_number(*words, &number) || number > info->page_count ||
                decision->count > info->page_count - number)
                return "'exchange' needs the first of as many pages of the workload's address space";
            decision->flags |= NSIM_MOVE_EXCHANGE;
            decision->partner = number;
        } else {
            return "after a move's node may come: queue N, reason WORD, sync, transactional, exchange PARTNER";
        }
    }
    return NULL;
}

/* Words of one line into a decision; NULL or what is wrong with it. */
static const char *
parse_line(const NsimHost *host, char **words, ScriptLine *ret)
{
    uint64_t count;
    guint n = g_strv_length(words);
    if (n >= 2 && strcmp(words[0], "at") == 0) {
        if (!parse_number(words[1], &ret->when_ps) || ret->when_ps > NSIM_TIME_MAX / NSIM_NS)
            return "'at' needs a time in nanoseconds";
        ret->when_ps *= NSIM_NS;
        ret->timed = true;
        words += 2;
        n -= 2;
    }
    if (n < 4)
        return "expected 'place|move WORKLOAD FIRST COUNT NODE' or 'arm|disarm WORKLOAD FIRST COUNT'";
    ret->decision.struct_size = sizeof ret->decision;
    if (strcmp(words[0], "place") == 0 && n == 5)
        ret->decision.kind = NSIM_DECIDE_PLACE;
    else if (strcmp(words[0], "arm") == 0 && n == 4)
        ret->decision.kind = NSIM_DECIDE_ARM;
    else if (strcmp(words[0], "disarm") == 0 && n == 4)
        ret->decision.kind = NSIM_DECIDE_DISARM;
    else if (strcmp(words[0], "move") == 0 && n >= 5)
        ret->decision.kind = NSIM_DECIDE_MOVE;
    else
        return "expected 'place|move WORKLOAD FIRST COUNT NODE' or 'arm|disarm WORKLOAD FIRST COUNT'";
    if (ret->decision.kind == NSIM_DECIDE_MOVE && !ret->timed)
        return "a move needs a time: 'at NANOSECONDS move ...'; before the workload is loaded there is nothing to move";
    if (!find_space(host, words[1], &ret->decision.space))
        return "no such workload";
    NsimSpaceInfo info = { 0 };
    (void)nsim_space_info(host, ret->decision.space, &info);
    if (!parse_number(words[2], &ret->decision.page) || !parse_number(words[3], &count) || count > UINT32_MAX ||
        ret->decision.page > info.page_count || count > info.page_count - ret->decision.page)
        return "pages outside the workload's address space";
    ret->decision.count = (uint32_t)count;
    if (ret->decision.kind == NSIM_DECIDE_PLACE || ret->decision.kind == NSIM_DECIDE_MOVE) {
        ret->decision.node = nsim_node_by_id(host, words[4]);
        if (ret->decision.node == NSIM_NODE_NONE)
            return "no such node";
    }
    return ret->decision.kind == NSIM_DECIDE_MOVE ? parse_move_words(words + 5, &info, &ret->decision) : NULL;
}

static void
decide(NsimHost *host, const ScriptLine *line)
{
    uint64_t *counters = nsim_counters(host);
    const uint64_t done = host->ops->decide(host, &line->decision);
    counters[COUNTER_DECIDED_PAGES] += line->decision.count;
    if (line->decision.kind == NSIM_DECIDE_MOVE)
        return; /* `done` tells what became of it */
    counters[COUNTER_REFUSED_PAGES] += line->decision.count - done;
}

static void
scripted_detach(void *instance, NsimHost *host)
{
    Scripted *self = instance;
    (void)host;
    g_array_unref(self->lines);
    g_free(self);
}

/* The whole file, never more than SCRIPT_BYTES_MAX of it: the path may name a device. (transfer full) */
static GString *
read_file(const char *path, GError **error)
{
    char piece[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "policy 'scripted': cannot open '%s': %s", path,
                    g_strerror(errno));
        return NULL;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t got; text->len <= SCRIPT_BYTES_MAX && (got = fread(piece, 1, sizeof piece, file)) > 0;)
        g_string_append_len(text, piece, (gssize)got);
    const int read_errno = ferror(file) ? errno : 0;
    fclose(file);
    if (read_errno == 0 && text->len <= SCRIPT_BYTES_MAX)
        return g_steal_pointer(&text);
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "policy 'scripted': '%s': %s", path,
                read_errno != 0 ? g_strerror(read_errno) : "script larger than 64 MiB");
    return NULL;
}

/* Words between blanks. (transfer full) */
static char **
split_words(const char *text)
{
    GPtrArray *words = g_ptr_array_new();
    for (const char *at = text + strspn(text, " \t"); *at != '\0'; at += strspn(at, " \t")) {
        const size_t length = strcspn(at, " \t");
        g_ptr_array_add(words, g_strndup(at, length));
        at += length;
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static bool
read_script(const NsimHost *host, const char *path, GArray *lines, GError **error)
{
    g_autoptr(GString) text = read_file(path, error);
    guint number = 0;
    if (text == NULL)
        return false;
    for (char *at = text->str, *end = at + text->len; at < end;) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *stop = newline != NULL ? newline : end;
        const bool has_nul = memchr(at, '\0', (size_t)(stop - at)) != NULL;
        *stop = '\0';
        number++;
        at[strcspn(at, "#\r")] = '\0';
        g_auto(GStrv) words = split_words(at);
        ScriptLine line = { 0 };
        const char *problem = has_nul             ? "a NUL byte; scripts are text"
                              : words[0] == NULL ? NULL
                                                 : parse_line(host, words, &line);
        if (problem != NULL) {
            g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "%s:%u: %s", path, number, problem);
            return false;
        }
        if (words[0] != NULL)
            g_array_append_val(lines, line);
        at = stop + 1;
    }
    return true;
}

static void *
scripted_attach(NsimHost *host, const void *config, GError **error)
{
    const ScriptedConfig *options = config;
    Scripted *self = g_new0(Scripted, 1);
    self->lines = g_array_new(FALSE, FALSE, sizeof(ScriptLine));
    if (!read_script(host, options->script, self->lines, error)) {
        scripted_detach(self, host);
        return NULL;
    }
    for (guint i = 0; i < self->lines->len; i++) {
        const ScriptLine *line = &g_array_index(self->lines, ScriptLine, i);
        if (line->timed)
            (void)nsim_set_timer(host, line->when_ps, i);
        else
            decide(host, line);
    }
    return self;
}

static void
scripted_timer(void *instance, NsimHost *host, uint64_t cookie)
{
    Scripted *self = instance;
    decide(host, &g_array_index(self->lines, ScriptLine, cookie));
}

static void
scripted_done(void *instance, NsimHost *host, const NsimOutcome *outcome)
{
    uint64_t *counters = nsim_counters(host);
    (void)instance;
    counters[COUNTER_MOVED_PAGES] += outcome->moved_pages;
    counters[COUNTER_REFUSED_PAGES] += outcome->failed_pages + outcome->skipped_pages;
}

static const NsimPolicyClass scripted_class = {
    .abi_version = NSIM_ABI_VERSION,
    .struct_size = sizeof(NsimPolicyClass),
    .name = "scripted",
    .summary = "placements and armed pages from a file",
    .source = "none",
    .licence = "MIT",
    .caps = NSIM_CAP_DETERMINISTIC,
    .options = scripted_options,
    .option_count = G_N_ELEMENTS(scripted_options),
    .config_size = sizeof(ScriptedConfig),
    .counters = scripted_counters,
    .counter_count = G_N_ELEMENTS(scripted_counters),
    .attach = scripted_attach,
    .detach = scripted_detach,
    .timer = scripted_timer,
    .done = scripted_done,
};

NSIM_POLICY_EXPORT(scripted, scripted_class);
