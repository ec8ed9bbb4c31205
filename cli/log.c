/* SPDX-License-Identifier: MIT */
/*
 * Where log messages go. NUMASIM_DEBUG=all, or a list of topics such as "policy,link", lets debug messages through; a
 * message names its topic in the field NUMASIM_TOPIC.
 */
#include <cli/cli.h>

#include <stdio.h>
#include <string.h>

static const char *
find_field(const GLogField *fields, gsize count, const char *key)
{
    for (gsize i = 0; i < count; i++)
        if (g_str_equal(fields[i].key, key) && fields[i].length < 0)
            return fields[i].value;
    return NULL;
}

static bool
wants_debug(const char *topic)
{
    const char *asked = g_getenv("NUMASIM_DEBUG");
    if (!asked)
        return false;
    g_auto(GStrv) topics = g_strsplit(asked, ",", -1);
    return g_strv_contains((const char *const *)topics, "all") ||
           (topic && g_strv_contains((const char *const *)topics, topic));
}

static GLogWriterOutput
write_message(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer user_data)
{
    const char *message = find_field(fields, count, "MESSAGE");
    const char *topic = find_field(fields, count, "NUMASIM_TOPIC");
    /* Broken programs: GLib's own writer also knows when to abort (G_DEBUG=fatal-criticals). */
    if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
        return g_log_writer_default(level, fields, count, user_data);
    if (!message || ((level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) && !wants_debug(topic)))
        return G_LOG_WRITER_HANDLED;
    nsim_cli_complain("%s%s%s%s", level & G_LOG_LEVEL_WARNING ? "warning: " : "", topic ? topic : "", topic ? ": " : "",
                      message);
    return G_LOG_WRITER_HANDLED;
}

void
nsim_cli_log_init(void)
{
    g_log_set_writer_func(write_message, NULL, NULL);
}
