/* SPDX-License-Identifier: MIT */
/*
 * Goal: scripts are carried out to the letter, and what is wrong in one is named with its line. Method: small scripts
 * in a temporary folder; every message.
 */
#include "test-policies.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

/* A stage with a script of `length` bytes attached. Its folder and path are the caller's to remove. */
typedef struct {
    Stage stage;
    char *directory, *path;
} Play;

static char *
play_open(Play *play, const char *script, size_t length)
{
    g_autofree char *yaml = box_yaml(1, 1);
    play->directory = g_dir_make_tmp("nsim-test-XXXXXX", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(play->directory);
    play->path = g_build_filename(play->directory, "script", NULL);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(play->path, script, (gssize)length, NULL));
    stage_open(&play->stage, yaml);
    (void)box_add(&play->stage.box, "w", 1, 1);
    (void)box_add(&play->stage.box, "v", 2, 1);
    g_autofree char *text = g_strdup_printf("scripted:script=\"%s\"", play->path);
    return stage_attach(&play->stage, text);
}

static void
play_close(Play *play)
{
    stage_close(&play->stage);
    g_remove(play->path);
    g_rmdir(play->directory);
    g_free(play->path);
    g_free(play->directory);
}

static void
test_script(void)
{
    static const char script[] = "# two workloads\r\n"
                                 "\n"
                                 "  place w 3 4 X   # far\r\n"
                                 "\tplace\tw 5\t3 D1\n"
                                 "place v 0 300 0\n"
                                 "arm w 3 10\n"
                                 "at 5 disarm w 3 2\n"
                                 "at 2 place v 1000 1 2\n"
                                 "place w 0 0 0";
    Play play;
    g_autofree char *problem = play_open(&play, script, strlen(script));
    CU_ASSERT_STRING_EQUAL(problem, "");
    const Box *box = &play.stage.box;
    stage_expect(&play.stage, 0, "...22221...");
    CU_ASSERT_EQUAL(box_count(box, 1, 0), 256); /* 300 asked for: no fall-back */
    CU_ASSERT_TRUE((nsim_space_state(box->spaces[0], 3) & NSIM_PAGE_ARMED) != 0);
    /* 4 + 3 + 300 + 10 + 0 pages decided on; 44 found no room, 5 to be armed have no memory. */
    CU_ASSERT_EQUAL(nsim_mm_counters(box->mm)[0], 317);
    CU_ASSERT_EQUAL(nsim_mm_counters(box->mm)[1], 49);
    CU_ASSERT_EQUAL(nsim_event_queue_run(box->events, 4 * NSIM_NS), 1);
    CU_ASSERT_EQUAL(nsim_page_node(&box->mm->host, 1, 1000), 2);
    CU_ASSERT_TRUE((nsim_space_state(box->spaces[0], 3) & NSIM_PAGE_ARMED) != 0);
    CU_ASSERT_EQUAL(nsim_event_queue_run(box->events, 5 * NSIM_NS), 1);
    CU_ASSERT_TRUE((nsim_space_state(box->spaces[0], 3) & NSIM_PAGE_ARMED) == 0);
    CU_ASSERT_TRUE((nsim_space_state(box->spaces[0], 5) & NSIM_PAGE_ARMED) != 0);
    CU_ASSERT_PTR_NULL(box->mm->failure);
    play_close(&play);
}

static void
test_empty(void)
{
    static const char *const scripts[] = { "", "\n", "# nothing", "   \t\r\n\n#\n" };
    for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
        Play play;
        g_autofree char *problem = play_open(&play, scripts[i], strlen(scripts[i]));
        CU_ASSERT_STRING_EQUAL(problem, "");
        CU_ASSERT_TRUE(box_touch(&play.stage.box, 0, 0, 2, 1));
        stage_expect(&play.stage, 0, "11.");
        play_close(&play);
    }
}

#define FORM "expected 'place|move WORKLOAD FIRST COUNT NODE' or 'arm|disarm WORKLOAD FIRST COUNT'"
#define MOVE_WORDS "after a move's node may come: queue N, reason WORD, sync, transactional, exchange PARTNER"
#define PAGES "pages outside the workload's address space"
#define TIME "'at' needs a time in nanoseconds"

static void
test_errors(void)
{
    static const struct {
        const char *script, *problem;
    } cases[] = {
        { "go", ":1: " FORM },
        { "\n\nplace w 0 1", ":3: " FORM },
        { "place w 0 1 D0 more\n", ":1: " FORM },
        { "arm w 0 1 D0\n", ":1: " FORM },
        { "arm w 0\n", ":1: " FORM },
        { "Place w 0 1 D0\n", ":1: " FORM },
        { "at\n", ":1: " FORM },
        { "at 5\n", ":1: " FORM },
        { "at 5 at 5 arm w 0 1\n", ":1: " FORM },
        { "# one\r\nat soon arm w 0 1\n", ":2: " TIME },
        { "at -1 arm w 0 1\n", ":1: " TIME },
        { "at 1.5 arm w 0 1\n", ":1: " TIME },
        { "at 18446744073709552 arm w 0 1\n", ":1: " TIME },
        { "at 99999999999999999999999 arm w 0 1\n", ":1: " TIME },
        { "arm u 0 1\n", ":1: no such workload" },
        { "arm W 0 1\n", ":1: no such workload" },
        { "arm w 512 1\n", ":1: " PAGES },
        { "arm w 0 513\n", ":1: " PAGES },
        { "arm w x 1\n", ":1: " PAGES },
        { "arm w 1 x\n", ":1: " PAGES },
        { "arm w -1 1\n", ":1: " PAGES },
        { "arm w 0x10 1\n", ":1: " PAGES },
        { "arm w 18446744073709551615 1\n", ":1: " PAGES },
        { "arm w 1 18446744073709551615\n", ":1: " PAGES },
        { "arm w 0 4294967296\n", ":1: " PAGES },
        { "place w 0 1 D2\n", ":1: no such node" },
        { "arm w 0 1\nplace w 0 1 7\n", ":2: no such node" },
        { "move w 0 1 D0\n",
          ":1: a move needs a time: 'at NANOSECONDS move ...'; before the workload is loaded there is nothing to move" },
        { "at 5 move w 0 1\n", ":1: " FORM },
        { "at 5 move w 0 1 D7\n", ":1: no such node" },
        { "at 5 move w 0 1 D0 now\n", ":1: " MOVE_WORDS },
        { "at 5 move w 0 1 D0 queue\n", ":1: 'queue' needs a number from 1 to 63" },
        { "at 5 move w 0 1 D0 queue 64\n", ":1: 'queue' needs a number from 1 to 63" },
        { "at 5 move w 0 1 D0 queue 0\n", ":1: 'queue' needs a number from 1 to 63" },
        { "at 5 move w 0 1 D0 sync reason fun\n",
          ":1: 'reason' needs one of policy, promotion, demotion, harvest, swap, rebalance, syscall" },
        { "at 5 move w 0 2 D0 exchange 511\n",
          ":1: 'exchange' needs the first of as many pages of the workload's address space" },
        { "at 5 move w 0 2 D0 exchange\n",
          ":1: 'exchange' needs the first of as many pages of the workload's address space" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Play play;
        g_autofree char *problem = play_open(&play, cases[i].script, strlen(cases[i].script));
        g_autofree char *expected = g_strconcat(play.path, cases[i].problem, NULL);
        CU_ASSERT_STRING_EQUAL(problem, expected);
        CU_ASSERT_EQUAL(play.stage.box.spaces[0]->resident_count, 0); /* nothing is done of a script that is wrong */
        play_close(&play);
    }
}

static void
test_nul_byte(void)
{
    static const char script[] = "arm w 0 1\n#\0\narm w 0 1\n";
    Play play;
    g_autofree char *problem = play_open(&play, script, sizeof script - 1);
    g_autofree char *expected = g_strconcat(play.path, ":2: a NUL byte; scripts are text", NULL);
    CU_ASSERT_STRING_EQUAL(problem, expected);
    play_close(&play);
}

/* Paths that are no scripts, some of them without end. */
static void
test_no_script(void)
{
    static const struct {
        const char *path, *problem;
    } cases[] = {
        { "/nowhere/script", "policy 'scripted': cannot open '/nowhere/script': No such file or directory" },
        { "/", "policy 'scripted': '/': Is a directory" },
        { "/dev/zero", "policy 'scripted': '/dev/zero': script larger than 64 MiB" },
        { "", "policy 'scripted': cannot open '': No such file or directory" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *yaml = box_yaml(1, 1);
        g_autofree char *text = g_strdup_printf("scripted:script=%s", cases[i].path);
        Stage stage;
        stage_open(&stage, yaml);
        (void)box_add(&stage.box, "w", 1, 1);
        g_autofree char *problem = stage_attach(&stage, text);
        CU_ASSERT_STRING_EQUAL(problem, cases[i].problem);
        stage_close(&stage);
    }
}

bool
test_scripted_register(void)
{
    CU_pSuite suite = CU_add_suite("scripted", NULL, NULL);
    return suite && CU_add_test(suite, "a script", test_script) && CU_add_test(suite, "empty scripts", test_empty) &&
           CU_add_test(suite, "errors", test_errors) && CU_add_test(suite, "a NUL byte", test_nul_byte) &&
           CU_add_test(suite, "no script", test_no_script);
}
