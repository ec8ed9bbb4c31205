/* SPDX-License-Identifier: MIT */
/*
 * Goal: a transformer's trace computed from its shape is that of the program. Method: the captured run in the tree,
 * pass by pass and region by region; and what must hold for any shape.
 */
#include "test-traces.h"

#include <CUnit/CUnit.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <traces/generate-transformer.h>

enum { EMBEDDING, WEIGHTS, KV_CACHE, ACTIVATIONS, ROPE_TABLE, REGIONS };

/* Lines of each pass by region and operation; a pass ends with `barriers` barriers of each thread. */
enum { PASSES = 40 };
typedef struct {
    uint64_t lines[PASSES][REGIONS][3];
    uint64_t barriers, marks, instructions;
} Passes;

static unsigned
region_of(const NsimTraceInfo *info, const NsimBurst *burst)
{
    const uint64_t address = info->frames[burst->page / 512] << 21;
    for (unsigned i = REGIONS; i-- > 0;)
        if (address >= info->regions[i].address)
            return i;
    return 0;
}

static Passes *
count_passes(NsimTrace *trace, uint32_t barriers_a_pass)
{
    const NsimTraceInfo *info = nsim_trace_info(trace);
    Passes *passes = g_new0(Passes, 1);
    CU_ASSERT_EQUAL_FATAL(info->region_count, REGIONS);
    for (uint32_t thread = 0; thread < info->thread_count; thread++) {
        g_autoptr(NsimTraceCursor) cursor = nsim_trace_cursor_new(trace, thread, 12, NULL);
        uint64_t barriers = 0;
        while (nsim_trace_cursor_fill(cursor, NULL) && cursor->filled > 0) {
            for (uint32_t i = 0; i < cursor->filled; i++) {
                const NsimBurst *burst = &cursor->bursts[i];
                barriers += burst->op == NSIM_OP_BARRIER;
                passes->marks += burst->op == NSIM_OP_MARK;
                if (NSIM_OP_IS_CONTROL(burst->op))
                    continue;
                const uint64_t pass = barriers / barriers_a_pass;
                CU_ASSERT_TRUE_FATAL(pass < PASSES);
                passes->lines[pass][region_of(info, burst)][burst->op] += burst->count;
            }
        }
        CU_ASSERT_TRUE(thread == 0 || barriers == passes->barriers);
        passes->barriers = barriers;
        passes->instructions += info->threads[thread].gap_total;
    }
    return passes;
}

static NsimTrace *
generate(const NsimTransformerOptions *options)
{
    g_autofree char *path = test_path("transformer.trace");
    g_autoptr(GError) error = NULL;
    if (!nsim_trace_generate_transformer(path, options, &error)) {
        g_printerr("%s\n", error->message);
        CU_FAIL_FATAL("not generated");
    }
    NsimTrace *trace = nsim_trace_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_TRUE(nsim_trace_check(trace, &error));
    g_remove(path);
    return trace;
}

/* |a - b| <= b / share, or both small. */
static bool
near(uint64_t a, uint64_t b, uint64_t share)
{
    return (a > b ? a - b : b - a) <= b / share + 8;
}

static void
test_captured(void)
{
    g_autofree char *path = g_build_filename(getenv("srcdir"), "traces", "llama.trace", NULL);
    g_autoptr(NsimTrace) captured = nsim_trace_open(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(captured);
    NsimTransformerOptions options;
    nsim_transformer_options_init(&options);
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autofree Passes *there = count_passes(captured, 179);
    g_autofree Passes *here = count_passes(trace, 179);
    CU_ASSERT_EQUAL(here->barriers, there->barriers);
    CU_ASSERT_EQUAL(here->barriers, 17 * 179);
    CU_ASSERT_EQUAL(here->marks, there->marks);
    for (unsigned pass = 0; pass < 17; pass++) {
        for (unsigned region = 0; region < REGIONS; region++) {
            /* The kernel reads a few activations that nobody wrote in the first pass. */
            if (region != ACTIVATIONS)
                CU_ASSERT_TRUE(near(here->lines[pass][region][NSIM_OP_READ], there->lines[pass][region][NSIM_OP_READ],
                                    region == WEIGHTS ? UINT64_MAX : 100));
        }
        const uint64_t(*a)[3] = (const uint64_t(*)[3])here->lines[pass];
        const uint64_t(*b)[3] = (const uint64_t(*)[3])there->lines[pass];
        CU_ASSERT_TRUE(near(a[ACTIVATIONS][NSIM_OP_WRITE], b[ACTIVATIONS][NSIM_OP_WRITE], 10));
        CU_ASSERT_TRUE(near(a[ACTIVATIONS][NSIM_OP_RFO], b[ACTIVATIONS][NSIM_OP_RFO], 20));
        CU_ASSERT_TRUE(near(a[KV_CACHE][NSIM_OP_RFO], b[KV_CACHE][NSIM_OP_RFO], 100));
    }
    CU_ASSERT_TRUE(near(here->instructions, there->instructions, 1000));
    const NsimTraceInfo *a = nsim_trace_info(trace), *b = nsim_trace_info(captured);
    CU_ASSERT_EQUAL_FATAL(a->thread_count, b->thread_count);
    for (uint32_t i = 0; i < a->thread_count; i++) {
        CU_ASSERT_TRUE(near(a->threads[i].gap_total, b->threads[i].gap_total, 1000));
        CU_ASSERT_TRUE(near(a->threads[i].read_lines, b->threads[i].read_lines, 1000));
    }
    CU_ASSERT_EQUAL(a->gap_per_s, b->gap_per_s);
}

/* A small shape: 2 layers, 4 threads, caches that hold nothing or everything. */
static NsimTransformerOptions
small(void)
{
    NsimTransformerOptions options;
    nsim_transformer_options_init(&options);
    options.shape = (NsimTransformerShape){"test", 2, 128, 384, 4, 2, 512, 256, 1, 1};
    options.threads = 4;
    options.prompt = 6;
    options.tokens = 5;
    options.cache_bytes = 64;
    return options;
}

/* Lines of the weights: norms, matrices, classifier; an independent sum. */
static uint64_t
weight_lines(uint64_t block_bytes)
{
    const uint64_t rows_of_dim = 128 + 64 + 64 + 128 + 384 + 384, rows_of_hidden = 128;
    const uint64_t layer = (rows_of_dim * 4 + rows_of_hidden * 12) * block_bytes + 2 * 512;
    return (2 * layer + 512 + 512 * 4 * block_bytes) / 64;
}

static void
test_weights(void)
{
    const struct {
        uint32_t bits;
        uint64_t block_bytes;
    } formats[] = {{4, 18}, {8, 34}, {16, 64}};
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        NsimTransformerOptions options = small();
        options.weight_bits = formats[i].bits;
        g_autoptr(NsimTrace) trace = generate(&options);
        g_autofree Passes *passes = count_passes(trace, 2 * 8 + 3);
        for (unsigned pass = 0; pass < 6; pass++)
            CU_ASSERT_EQUAL(passes->lines[pass][WEIGHTS][NSIM_OP_READ], weight_lines(formats[i].block_bytes));
        CU_ASSERT_EQUAL(passes->lines[6][WEIGHTS][NSIM_OP_READ], 0);
    }
}

static void
test_cache_rows(void)
{
    /* A position is 2 layers x keys and values x 2 heads of 32 values: 64 bytes a head in half precision. */
    NsimTransformerOptions options = small();
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autofree Passes *passes = count_passes(trace, 19);
    CU_ASSERT_EQUAL(passes->lines[0][KV_CACHE][NSIM_OP_READ], 0);
    CU_ASSERT_EQUAL(passes->lines[0][KV_CACHE][NSIM_OP_RFO], 6 * 8);
    uint64_t written = passes->lines[0][KV_CACHE][NSIM_OP_WRITE];
    for (unsigned step = 0; step < 5; step++) {
        CU_ASSERT_EQUAL(passes->lines[1 + step][KV_CACHE][NSIM_OP_READ], (6 + step) * 8);
        CU_ASSERT_EQUAL(passes->lines[1 + step][KV_CACHE][NSIM_OP_RFO], 8);
        written += passes->lines[1 + step][KV_CACHE][NSIM_OP_WRITE];
    }
    CU_ASSERT_EQUAL(written, 11 * 8); /* all that was put there */
    /* Two sequences: twice that. */
    options.batch = 2;
    g_autoptr(NsimTrace) two = generate(&options);
    g_autofree Passes *both = count_passes(two, 19);
    CU_ASSERT_EQUAL(both->lines[0][KV_CACHE][NSIM_OP_RFO], 2 * 6 * 8);
    CU_ASSERT_EQUAL(both->lines[5][KV_CACHE][NSIM_OP_READ], 2 * 10 * 8);
    CU_ASSERT_EQUAL(both->lines[5][WEIGHTS][NSIM_OP_READ], weight_lines(34));
}

/* Everything fits the caches: read once, and activations never leave. */
static void
test_resident(void)
{
    NsimTransformerOptions options = small();
    options.cache_bytes = UINT64_C(1) << 30;
    options.caches = 1;
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autofree Passes *passes = count_passes(trace, 19);
    CU_ASSERT_EQUAL(passes->lines[0][WEIGHTS][NSIM_OP_READ], weight_lines(34));
    for (unsigned pass = 1; pass < 6; pass++) {
        CU_ASSERT_EQUAL(passes->lines[pass][WEIGHTS][NSIM_OP_READ], 0);
        CU_ASSERT_EQUAL(passes->lines[pass][KV_CACHE][NSIM_OP_READ], 0);
        CU_ASSERT_EQUAL(passes->lines[pass][ACTIVATIONS][NSIM_OP_RFO], 0);
    }
    /* Compute is the same wherever data are: what another cache size changes is rounding. */
    options.cache_bytes = 64;
    g_autoptr(NsimTrace) elsewhere = generate(&options);
    g_autofree Passes *others = count_passes(elsewhere, 19);
    CU_ASSERT_TRUE(near(passes->instructions, others->instructions, 10000));
}

/* The prompt in passes of at most so many tokens reads the weights for each, without the output matrix but in the last.
 */
static void
test_prompt_passes(void)
{
    NsimTransformerOptions options = small();
    options.tokens = 0;
    options.pass = 4; /* 4 and 2 */
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autofree Passes *passes = count_passes(trace, 17);
    const uint64_t classifier = (512 + 512 * 4 * 34) / 64;
    CU_ASSERT_EQUAL(passes->lines[0][WEIGHTS][NSIM_OP_READ], weight_lines(34) - classifier);
    CU_ASSERT_EQUAL(passes->lines[1][WEIGHTS][NSIM_OP_READ] + passes->lines[2][WEIGHTS][NSIM_OP_READ],
                    weight_lines(34));
    CU_ASSERT_EQUAL(passes->lines[1][KV_CACHE][NSIM_OP_READ], 4 * 8);
    CU_ASSERT_EQUAL(passes->barriers, 2 * 17 + 2);
}

/* Each token takes its number of experts: with one token exactly, with many nearly all, and never more than there are.
 */
static void
test_experts(void)
{
    NsimTransformerOptions options = small();
    options.shape.experts = 8;
    options.shape.experts_used = 2;
    options.tokens = 30;
    options.prompt = 1;
    g_autoptr(NsimTrace) trace = generate(&options);
    g_autofree Passes *passes = count_passes(trace, 19);
    const uint64_t expert = (2 * 384 * 4 + 128 * 12) * 34 / 64, router = 8 * 128 * 4 / 64;
    const uint64_t rest = weight_lines(34) - 2 * expert + 2 * router;
    for (unsigned pass = 0; pass < 31; pass++)
        CU_ASSERT_EQUAL(passes->lines[pass][WEIGHTS][NSIM_OP_READ], rest + 2 * 2 * expert);
    options.batch = 64;
    options.tokens = 1;
    g_autoptr(NsimTrace) many = generate(&options);
    g_autofree Passes *all = count_passes(many, 19);
    CU_ASSERT_EQUAL(all->lines[1][WEIGHTS][NSIM_OP_READ], rest + 2 * 8 * expert);
}

static void
test_determinism(void)
{
    char *digests[3];
    for (unsigned i = 0; i < 3; i++) {
        NsimTransformerOptions options = small();
        options.seed = i == 2 ? 9 : 1;
        g_autoptr(NsimTrace) trace = generate(&options);
        digests[i] = nsim_trace_sha256(trace, NULL);
    }
    CU_ASSERT_STRING_EQUAL(digests[0], digests[1]);
    CU_ASSERT_STRING_NOT_EQUAL(digests[0], digests[2]); /* other rows of the embedding */
    for (unsigned i = 0; i < 3; i++)
        g_free(digests[i]);
}

/* Shapes at the edges: more threads than blocks, heads or tokens; one of each. */
static void
test_edges(void)
{
    NsimTransformerOptions options = small();
    options.threads = 64;
    options.caches = 7;
    options.kv_bits = 4;
    g_autoptr(NsimTrace) wide = generate(&options);
    g_autofree Passes *passes = count_passes(wide, 19);
    CU_ASSERT_EQUAL(passes->lines[3][WEIGHTS][NSIM_OP_READ], weight_lines(34));
    options.shape = (NsimTransformerShape){NULL, 1, 32, 32, 1, 1, 32, 1, 1, 1};
    options.threads = options.caches = options.prompt = 1;
    options.tokens = 0;
    g_autoptr(NsimTrace) least = generate(&options);
    CU_ASSERT_EQUAL(nsim_trace_info(least)->thread_count, 1);
}

static void
test_refused(void)
{
    const NsimTransformerOptions good = small();
    const struct {
        size_t offset;
        uint32_t value;
        const char *words;
    } cases[] = {
        {offsetof(NsimTransformerOptions, shape.layers), 0, "layers 0 is outside 1..1024"},
        {offsetof(NsimTransformerOptions, shape.layers), 1025, "layers 1025"},
        {offsetof(NsimTransformerOptions, shape.dim), 0, "dim 0 is outside 32..65536"},
        {offsetof(NsimTransformerOptions, shape.dim), 96, "heads 4 is outside 1..3"},
        {offsetof(NsimTransformerOptions, shape.dim), 160, "size of a head 40 is no multiple of 32"},
        {offsetof(NsimTransformerOptions, shape.hidden), 385, "hidden 385 is no multiple of 32"},
        {offsetof(NsimTransformerOptions, shape.hidden), 1u << 19, "hidden 524288 is outside 32..262144"},
        {offsetof(NsimTransformerOptions, shape.heads), 3, "dim 128 is no multiple of heads 3"},
        {offsetof(NsimTransformerOptions, shape.heads), 0, "heads 0 is outside 1..4"},
        {offsetof(NsimTransformerOptions, shape.heads), 1, "key-value heads 2 is outside 1..1"},
        {offsetof(NsimTransformerOptions, shape.kv_heads), 3, "heads 4 is no multiple of key-value heads 3"},
        {offsetof(NsimTransformerOptions, shape.vocab), 500, "vocab 500 is no multiple of 32"},
        {offsetof(NsimTransformerOptions, shape.context), 10, "prompt 6 and tokens 5 do not fit context 10"},
        {offsetof(NsimTransformerOptions, shape.experts), 257, "experts 257"},
        {offsetof(NsimTransformerOptions, shape.experts_used), 2, "experts used 2 is outside 1..1"},
        {offsetof(NsimTransformerOptions, weight_bits), 5, "weights of 5 bits; allowed: 4, 8, 16"},
        {offsetof(NsimTransformerOptions, kv_bits), 0, "key-value cache of 0 bits"},
        {offsetof(NsimTransformerOptions, threads), 0, "threads 0 is outside 1..1024"},
        {offsetof(NsimTransformerOptions, caches), 5, "caches 5 is outside 1..4"},
        {offsetof(NsimTransformerOptions, batch), 0, "batch 0 is outside 1..1024"},
        {offsetof(NsimTransformerOptions, prompt), 0, "prompt 0"},
        {offsetof(NsimTransformerOptions, pass), 4097, "pass 4097 is outside 1..4096"},
        {offsetof(NsimTransformerOptions, tokens), UINT32_MAX, "tokens 4294967295"},
        {offsetof(NsimTransformerOptions, level), 99, "compression level 99"},
    };
    g_autofree char *path = test_path("refused.trace");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        NsimTransformerOptions options = good;
        memcpy((char *)&options + cases[i].offset, &cases[i].value, sizeof cases[i].value);
        CU_ASSERT_FALSE(nsim_trace_generate_transformer(path, &options, &error));
        CU_ASSERT_TRUE(g_error_matches(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_LIMIT));
        if (error != NULL && strstr(error->message, cases[i].words) == NULL) {
            g_printerr("'%s' does not say '%s'\n", error->message, cases[i].words);
            CU_FAIL("wrong message");
        }
        CU_ASSERT_EQUAL(test_file_count(), 0);
    }
    NsimTransformerOptions huge = good;
    huge.shape = (NsimTransformerShape){"huge", 1024, 65536, 262144, 64, 64, 1 << 20, 1 << 20, 256, 1};
    huge.batch = 1024;
    g_autoptr(GError) error = NULL;
    CU_ASSERT_FALSE(nsim_trace_generate_transformer(path, &huge, &error));
    CU_ASSERT_TRUE(error != NULL && strstr(error->message, "the most is 8796093022208") != NULL);
}

bool
test_generate_transformer_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/generate-transformer", NULL, NULL);
    return suite != NULL && CU_add_test(suite, "as captured", test_captured) != NULL &&
           CU_add_test(suite, "weights once a pass", test_weights) != NULL &&
           CU_add_test(suite, "rows of the key-value cache", test_cache_rows) != NULL &&
           CU_add_test(suite, "a model in the caches", test_resident) != NULL &&
           CU_add_test(suite, "passes over the prompt", test_prompt_passes) != NULL &&
           CU_add_test(suite, "experts", test_experts) != NULL &&
           CU_add_test(suite, "determinism", test_determinism) != NULL &&
           CU_add_test(suite, "edges", test_edges) != NULL &&
           CU_add_test(suite, "impossible options", test_refused) != NULL;
}
