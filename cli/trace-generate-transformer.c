/* SPDX-License-Identifier: MIT */
/* numasim trace generate transformer: a model's trace from its shape. */
#include <cli/trace-generate.h>

#include <traces/generate-transformer.h>

enum {
    LAYERS,
    DIM,
    HIDDEN,
    HEADS,
    KV_HEADS,
    VOCAB,
    CONTEXT,
    EXPERTS,
    EXPERTS_USED,
    WEIGHT_BITS,
    KV_BITS,
    THREADS,
    CACHES,
    CACHE,
    BATCH,
    PROMPT,
    PROMPT_PASS,
    TOKENS,
    LEVEL,
    SEED,
    QUANTITIES
};

static const NsimTransformerShape *
find_preset(const char *name)
{
    for (const NsimTransformerShape *preset = nsim_transformer_presets; preset->name; preset++) {
        if (g_str_equal(preset->name, name))
            return preset;
    }
    return NULL;
}

static char *
preset_names(void)
{
    GString *names = g_string_new(NULL);
    for (const NsimTransformerShape *preset = nsim_transformer_presets; preset->name; preset++)
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", preset->name);
    return g_string_free(names, FALSE);
}

/* A preset's numbers, where no option gives another one. */
static void
use_preset(const NsimTransformerShape *preset, const NsimGenerateQuantity *quantities)
{
    const uint32_t numbers[] = {preset->layers, preset->dim,     preset->hidden,  preset->heads,       preset->kv_heads,
                                preset->vocab,  preset->context, preset->experts, preset->experts_used};
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++)
        *quantities[LAYERS + i].value = numbers[i];
}

static NsimTransformerOptions
options_of(const NsimGenerateQuantity *quantities, const char *name)
{
    uint32_t numbers[QUANTITIES];
    for (unsigned i = 0; i < QUANTITIES; i++) /* all but these two are at most 32 bits wide */
        numbers[i] = i == CACHE || i == SEED ? 0 : (uint32_t)*quantities[i].value;
    bool changed = false;
    for (unsigned i = LAYERS; i <= EXPERTS_USED; i++)
        changed = changed || quantities[i].text;
    return (NsimTransformerOptions){.shape = {.name = changed ? NULL : name,
                                              .layers = numbers[LAYERS],
                                              .dim = numbers[DIM],
                                              .hidden = numbers[HIDDEN],
                                              .heads = numbers[HEADS],
                                              .kv_heads = numbers[KV_HEADS],
                                              .vocab = numbers[VOCAB],
                                              .context = numbers[CONTEXT],
                                              .experts = numbers[EXPERTS],
                                              .experts_used = numbers[EXPERTS_USED]},
                                    .weight_bits = numbers[WEIGHT_BITS],
                                    .kv_bits = numbers[KV_BITS],
                                    .threads = numbers[THREADS],
                                    .caches = numbers[CACHES],
                                    .cache_bytes = *quantities[CACHE].value,
                                    .batch = numbers[BATCH],
                                    .prompt = numbers[PROMPT],
                                    .pass = numbers[PROMPT_PASS],
                                    .tokens = numbers[TOKENS],
                                    .seed = *quantities[SEED].value,
                                    .level = (int)numbers[LEVEL]};
}

static int
generate(int argc, char **argv, char **output, char **preset_name, NsimGenerateQuantity *quantities)
{
    const GOptionEntry others[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, output, "write the trace to FILE (needed)", "FILE"},
        {"preset", 0, 0, G_OPTION_ARG_FILENAME, preset_name,
         "llama-1b (default), llama-2-7b, llama-3-8b, llama-3-70b or mixtral-8x7b; other options change its shape",
         "NAME"},
        G_OPTION_ENTRY_NULL};
    g_autofree GOptionEntry *entries = nsim_generate_entries(quantities, QUANTITIES, others);
    const NsimCommand command = {.name = "numasim trace generate transformer",
                                 .synopsis = "-o FILE [OPTION]...",
                                 .summary = "Make the trace of a decoder-only transformer from its shape: the memory "
                                            "traffic behind the last-level caches.",
                                 .entries = entries};
    g_autoptr(GError) error = NULL;
    int status;
    if (!nsim_command_parse(&command, &argc, &argv, &status) ||
        !nsim_command_operands(&command, argc, argv, 0, 0, &status))
        return status;
    const NsimTransformerShape *preset = find_preset(*preset_name ? *preset_name : nsim_transformer_presets[0].name);
    if (!preset) {
        g_autofree char *names = preset_names();
        return nsim_command_misuse(&command, "unknown model '%s' for --preset; allowed: %s", *preset_name, names);
    }
    use_preset(preset, quantities);
    if (!nsim_generate_read_quantities(&command, quantities, QUANTITIES, &status) ||
        !nsim_generate_check_output(&command, *output, &status))
        return status;
    NsimGenerateWatch watch;
    NsimTransformerOptions options = options_of(quantities, preset->name);
    options.tick = nsim_generate_watch_tick;
    options.tick_data = &watch;
    nsim_generate_watch_begin(&watch, "layers");
    nsim_trace_generate_transformer(*output, &options, &error);
    return nsim_generate_watch_end(&watch, error);
}

int
nsim_cmd_trace_generate_transformer(int argc, char **argv)
{
    static const uint64_t most = UINT32_MAX;
    NsimTransformerOptions defaults;
    nsim_transformer_options_init(&defaults);
    uint64_t values[QUANTITIES] = {
        [WEIGHT_BITS] = defaults.weight_bits, [KV_BITS] = defaults.kv_bits,   [THREADS] = defaults.threads,
        [CACHES] = defaults.caches,           [CACHE] = defaults.cache_bytes, [BATCH] = defaults.batch,
        [PROMPT] = defaults.prompt,           [PROMPT_PASS] = defaults.pass,  [TOKENS] = defaults.tokens,
        [LEVEL] = (uint64_t)defaults.level,   [SEED] = defaults.seed};
    NsimGenerateQuantity quantities[QUANTITIES] = {
        [LAYERS] = {"layers", NSIM_QUANTITY_COUNT, most, NULL, "N", "layers", NULL},
        [DIM] = {"dim", NSIM_QUANTITY_COUNT, most, NULL, "N", "width of the model", NULL},
        [HIDDEN] = {"hidden", NSIM_QUANTITY_COUNT, most, NULL, "N", "width of the feed-forward part", NULL},
        [HEADS] = {"heads", NSIM_QUANTITY_COUNT, most, NULL, "N", "heads of the attention", NULL},
        [KV_HEADS] = {"kv-heads", NSIM_QUANTITY_COUNT, most, NULL, "N", "heads of the key-value cache", NULL},
        [VOCAB] = {"vocab", NSIM_QUANTITY_COUNT, most, NULL, "N", "tokens that there are", NULL},
        [CONTEXT] = {"context", NSIM_QUANTITY_COUNT, most, NULL, "N", "positions that the key-value cache has", NULL},
        [EXPERTS] = {"experts", NSIM_QUANTITY_COUNT, most, NULL, "N", "feed-forward parts of a layer", NULL},
        [EXPERTS_USED] = {"experts-used", NSIM_QUANTITY_COUNT, most, NULL, "N", "of them, those a token uses", NULL},
        [WEIGHT_BITS] = {"weight-bits", NSIM_QUANTITY_COUNT, most, NULL, "N", "4, 8 (default) or 16", NULL},
        [KV_BITS] = {"kv-bits", NSIM_QUANTITY_COUNT, most, NULL, "N", "4, 8 or 16 (default)", NULL},
        [THREADS] = {"threads", NSIM_QUANTITY_COUNT, most, NULL, "N", "threads (default 8)", NULL},
        [CACHES] = {"caches", NSIM_QUANTITY_COUNT, most, NULL, "N",
                    "last-level caches that the threads share in equal parts (default 2)", NULL},
        [CACHE] = {"cache", NSIM_QUANTITY_BYTES, UINT64_MAX, NULL, "BYTES", "size of each (default 32MiB)", NULL},
        [BATCH] = {"batch", NSIM_QUANTITY_COUNT, most, NULL, "N", "sequences decoded together (default 1)", NULL},
        [PROMPT] = {"prompt", NSIM_QUANTITY_COUNT, most, NULL, "N", "tokens of each prompt (default 16)", NULL},
        [PROMPT_PASS] = {"prompt-pass", NSIM_QUANTITY_COUNT, most, NULL, "N",
                         "most prompt tokens that one pass over the weights takes (default 512)", NULL},
        [TOKENS] = {"tokens", NSIM_QUANTITY_COUNT, most, NULL, "N", "decode steps (default 16)", NULL},
        [LEVEL] = {"level", NSIM_QUANTITY_COUNT, 19, NULL, "N", "zstd level, 0 stores uncompressed", NULL},
        [SEED] = {"seed", NSIM_QUANTITY_COUNT, UINT64_MAX, NULL, "N", "of token numbers and choices of experts", NULL},
    };
    g_autofree char *output = NULL;
    g_autofree char *preset = NULL;
    for (unsigned i = 0; i < QUANTITIES; i++)
        quantities[i].value = &values[i];
    const int status = generate(argc, argv, &output, &preset, quantities);
    nsim_generate_clear_quantities(quantities, QUANTITIES);
    return status;
}
