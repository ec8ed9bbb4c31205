/* SPDX-License-Identifier: MIT */
/*
 * scripted: decisions from a file, for tests and for placements worked out by another program. One decision a line:
 *
 *     [at NANOSECONDS] place WORKLOAD FIRST COUNT NODE
 *     [at NANOSECONDS] arm|disarm WORKLOAD FIRST COUNT
 *
 * FIRST and COUNT are base pages of the workload's address space. Decisions without a time are taken before the workload
 * is loaded. '#' begins a comment. What the script leaves without memory is placed by default.
 */
#include <numasim/policy.h>

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

enum { COUNTER_DECIDED_PAGES, COUNTER_REFUSED_PAGES };

static const NsimCounter scripted_counters[] = {
    { .key = "decided_pages", .unit = "pages", .help = "pages on which the script decided" },
    { .key = "refused_pages", .unit = "pages", .help = "pages among them that the core could not place or arm" },
};

static const NsimOption scripted_options[] = {
    { .key = "script",
      .type = NSIM_OPTION_STRING,
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
        return "expected 'place WORKLOAD FIRST COUNT NODE' or 'arm|disarm WORKLOAD FIRST COUNT'";
    ret->decision.struct_size = sizeof ret->decision;
    if (strcmp(words[0], "place") == 0 && n == 5)
        ret->decision.kind = NSIM_DECIDE_PLACE;
    else if (strcmp(words[0], "arm") == 0 && n == 4)
        ret->decision.kind = NSIM_DECIDE_ARM;
    else if (strcmp(words[0], "disarm") == 0 && n == 4)
        ret->decision.kind = NSIM_DECIDE_DISARM;
    else
        return "expected 'place WORKLOAD FIRST COUNT NODE' or 'arm|disarm WORKLOAD FIRST COUNT'";
    if (!find_space(host, words[1], &ret->decision.space))
        return "no such workload";
    NsimSpaceInfo info = { 0 };
    (void)nsim_space_info(host, ret->decision.space, &info);
    if (!parse_number(words[2], &ret->decision.page) || !parse_number(words[3], &count) || count > UINT32_MAX ||
        ret->decision.page > info.page_count || count > info.page_count - ret->decision.page)
        return "pages outside the workload's address space";
    ret->decision.count = (uint32_t)count;
    if (ret->decision.kind == NSIM_DECIDE_PLACE) {
        ret->decision.node = nsim_node_by_id(host, words[4]);
        if (ret->decision.node == NSIM_NODE_NONE)
            return "no such node";
    }
    return NULL;
}

static void
decide(NsimHost *host, const ScriptLine *line)
{
    uint64_t *counters = nsim_counters(host);
    const uint64_t done = host->ops->decide(host, &line->decision);
    counters[COUNTER_DECIDED_PAGES] += line->decision.count;
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

static bool
read_script(const NsimHost *host, const char *path, GArray *lines, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_get_contents(path, &text, &length, error)) {
        g_prefix_error(error, "policy 'scripted': ");
        return false;
    }
    if (length > SCRIPT_BYTES_MAX) {
        g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "%s: script larger than 64 MiB", path);
        return false;
    }
    guint number = 0;
    for (char *at = text, *next; at != NULL; at = next) {
        next = strchr(at, '\n');
        if (next != NULL)
            *next++ = '\0';
        number++;
        at[strcspn(at, "#\r")] = '\0';
        g_auto(GStrv) split = g_strsplit_set(at, " \t", -1);
        guint words = 0;
        for (char **word = split; *word != NULL; word++) {
            if (**word != '\0')
                split[words++] = *word;
            else
                g_free(*word);
        }
        split[words] = NULL;
        ScriptLine line = { 0 };
        const char *problem = words == 0 ? NULL : parse_line(host, split, &line);
        if (problem != NULL) {
            g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "%s:%u: %s", path, number, problem);
            return false;
        }
        if (words > 0)
            g_array_append_val(lines, line);
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
};

NSIM_POLICY_EXPORT(scripted, scripted_class);
