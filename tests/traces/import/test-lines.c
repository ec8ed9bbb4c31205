/* SPDX-License-Identifier: MIT */
/* What readers of text share: times with a fraction, probing, the clock's origin. */
#include "test-import.h"

#include <glib/gstdio.h>
#include <traces/import/lines.h>
#include <unistd.h>

typedef struct {
    const char *text;
    uint64_t unit_ps, ns;
    uint32_t rest_ps;
    size_t taken; /* 0: refused */
} InstantCase;

static void
test_instants(void)
{
    static const InstantCase cases[] = {
        {"12", 1000, 12, 0, 2},
        {"12.5", 1000, 12, 500, 4},
        {"12.", 1000, 12, 0, 2},
        {"0.000000000001", UINT64_C(1000000000000), 0, 1, 14},
        {"10234.567890123:", UINT64_C(1000000000000), UINT64_C(10234567890123), 0, 15},
        {"1.0000000000000019", UINT64_C(1000000000000), UINT64_C(1000000000), 0, 18},
        {"999", 1, 0, 999, 3},
        {"18446744073709551615", 1000, UINT64_MAX, 0, 20},
        {"18446744073709551615.999", 1000, UINT64_MAX, 999, 24},
        {"18446744073709551615", 1000000, 0, 0, 0},
        {"18446744073709551616", 1, 0, 0, 0},
        {"x", 1, 0, 0, 0},
        {".5", 1000, 0, 0, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *at = cases[i].text, *end = at + strlen(at);
        NsimInstant instant;
        const bool good = nsim_text_take_instant(&at, end, cases[i].unit_ps, &instant);
        CU_ASSERT_EQUAL(good, cases[i].taken > 0);
        CU_ASSERT_EQUAL((size_t)(at - cases[i].text), cases[i].taken);
        if (good) {
            CU_ASSERT_EQUAL(instant.ns, cases[i].ns);
            CU_ASSERT_EQUAL(instant.rest_ps, cases[i].rest_ps);
        }
    }
}

static NsimLineKind
judge_first_letter(const char *line, size_t length)
{
    return length == 0    ? NSIM_LINE_NEUTRAL
           : *line == 'o' ? NSIM_LINE_OWN
           : *line == 'l' ? NSIM_LINE_LIKELY
                          : NSIM_LINE_FOREIGN;
}

static NsimMatch
probe_text(const char *text)
{
    return nsim_lines_probe((const uint8_t *)text, strlen(text), judge_first_letter);
}

static void
test_probing(void)
{
    CU_ASSERT_EQUAL(probe_text(""), NSIM_MATCH_NO);
    CU_ASSERT_EQUAL(probe_text("\n\r\n"), NSIM_MATCH_NO);
    CU_ASSERT_EQUAL(probe_text("\no\nl\n"), NSIM_MATCH_SURE);
    CU_ASSERT_EQUAL(probe_text("l\nl\n"), NSIM_MATCH_POSSIBLE);
    CU_ASSERT_EQUAL(probe_text("o\no\nx\n"), NSIM_MATCH_NO);
    /* The last line counts where the file ends with it, and does not where the view ends in it. */
    CU_ASSERT_EQUAL(probe_text("o\nx"), NSIM_MATCH_NO);
    g_autofree char *long_text = g_strnfill(NSIM_IMPORT_HEAD_BYTES, 'o');
    long_text[1] = '\n';
    long_text[2] = 'x';
    CU_ASSERT_EQUAL(probe_text(long_text), NSIM_MATCH_SURE);
}

/* The same origin for all inputs: the second file's times are those of the first one's clock. */
static void
test_origin(void)
{
    g_autofree char *first = corpus_path("prospero.txt"), *second = corpus_path("prospero-1.txt");
    g_autoptr(GError) error = NULL;
    g_autofree char *output = NULL;
    const int fd = g_file_open_tmp("numasim-lines-XXXXXX", &output, &error);
    CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
    (void)g_close(fd, NULL);
    const char *const inputs[] = {first, second, NULL};
    NsimImportOptions options = options_of(NULL, NULL);
    options.inputs = inputs;
    options.output = output;
    CU_ASSERT_TRUE_FATAL(nsim_import_trace(&options, NULL, &error));
    g_autoptr(NsimTrace) trace = nsim_trace_open(output, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT_EQUAL(nsim_trace_info(trace)->thread_count, 2);
    CU_ASSERT_STRING_EQUAL(nsim_trace_info(trace)->threads[1].name, "thread 1");
    CU_ASSERT_EQUAL(nsim_trace_info(trace)->threads[0].gap_total, 10);
    CU_ASSERT_EQUAL(nsim_trace_info(trace)->threads[1].gap_total, 2000);
    CU_ASSERT_EQUAL(unlink(output), 0);
}

bool
test_lines_register(void)
{
    CU_pSuite suite = CU_add_suite("traces/import/lines", NULL, NULL);
    return suite && CU_add_test(suite, "instants", test_instants) && CU_add_test(suite, "probing", test_probing) &&
           CU_add_test(suite, "origin", test_origin);
}
