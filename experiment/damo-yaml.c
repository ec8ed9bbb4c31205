/* SPDX-License-Identifier: MIT */
/*
 * A kdamonds file in YAML, as `damo args damon --format yaml` lays it out (PyYAML's block style): the JSON of
 * damo-json.c read as the YAML that it is, and written again.
 */
#include <experiment/damo-json.h>

#include <sim/assert.h>
#include <string.h>
#include <yaml.h>

/* Would this be something else than a text without quotes? Digits and signs may be a number, so they have them. */
static bool
needs_quotes(const char *text)
{
    static const char *const words[] = {"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_ascii_strcasecmp(text, words[i]) == 0)
            return true;
    }
    return text[strspn(text, "0123456789abcdefxABCDEFX.+-_:")] == '\0';
}

/* Texts have quotes in JSON, and other scalars have none. */
static void
restyle(yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    switch (event->type) {
    case YAML_MAPPING_START_EVENT:
        event->data.mapping_start.style = YAML_BLOCK_MAPPING_STYLE;
        break;
    case YAML_SEQUENCE_START_EVENT:
        event->data.sequence_start.style = YAML_BLOCK_SEQUENCE_STYLE;
        break;
    case YAML_SCALAR_EVENT:
        if (event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) {
            event->data.scalar.style = needs_quotes(text) ? YAML_SINGLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;
            event->data.scalar.plain_implicit = event->data.scalar.quoted_implicit = 1;
        }
        break;
    default:
        break;
    }
}

static int
append(void *out, unsigned char *bytes, size_t count)
{
    g_string_append_len(out, (const char *)bytes, (gssize)count);
    return 1;
}

char *
nsim_damo_args_yaml(const NsimDamonPlan *plan, bool raw)
{
    g_autofree char *json = nsim_damo_args_json(plan, raw);
    GString *out = g_string_new(NULL);
    yaml_parser_t parser;
    yaml_emitter_t emitter;
    bool more = true;
    if (!yaml_parser_initialize(&parser) || !yaml_emitter_initialize(&emitter))
        nsim_assert(false);
    yaml_parser_set_input_string(&parser, (const unsigned char *)json, strlen(json));
    yaml_emitter_set_output(&emitter, append, out);
    yaml_emitter_set_unicode(&emitter, 1);
    while (more) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event))
            nsim_assert(false); /* it is ours */
        restyle(&event);
        if (event.type == YAML_DOCUMENT_START_EVENT)
            event.data.document_start.implicit = 1;
        more = event.type != YAML_STREAM_END_EVENT;
        if (!yaml_emitter_emit(&emitter, &event)) /* takes the event */
            nsim_assert(false);
    }
    yaml_emitter_delete(&emitter);
    yaml_parser_delete(&parser);
    return g_string_free(out, FALSE);
}
