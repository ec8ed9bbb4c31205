/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever the function in the child does, the caller lives and learns what happened. Method: functions that
 * succeed, refuse, crash, abort, exit, and eat memory.
 */
#include "test-models.h"

#include <models/isolate.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

static int changed_by_child;

static bool
reverse(const void *data, size_t length, void *result)
{
    const char *text = data;
    char *out = result;
    changed_by_child = 1;
    for (size_t i = 0; i < length; i++)
        out[i] = text[length - 1 - i];
    return true;
}

static bool
refuse(const void *data G_GNUC_UNUSED, size_t length G_GNUC_UNUSED, void *result)
{
    strcpy(result, "no");
    return false;
}

static bool
crash(const void *data G_GNUC_UNUSED, size_t length G_GNUC_UNUSED, void *result G_GNUC_UNUSED)
{
    raise(SIGSEGV);
    return true;
}

static bool
give_up(const void *data G_GNUC_UNUSED, size_t length G_GNUC_UNUSED, void *result G_GNUC_UNUSED)
{
    abort();
}

static bool
leave(const void *data G_GNUC_UNUSED, size_t length G_GNUC_UNUSED, void *result G_GNUC_UNUSED)
{
    _exit(77);
}

static NsimIsolateOutcome
outcome(NsimIsolateFunc run, char result[8])
{
    memset(result, 0, 8);
    return nsim_isolate_run(run, "abc", 3, result, 8);
}

static void
test_outcomes(void)
{
    char result[8];
    CU_ASSERT_EQUAL(outcome(reverse, result), NSIM_ISOLATE_GOOD);
    CU_ASSERT_STRING_EQUAL(result, "cba");
    CU_ASSERT_EQUAL(changed_by_child, 0);
    CU_ASSERT_EQUAL(outcome(refuse, result), NSIM_ISOLATE_REFUSED);
    CU_ASSERT_STRING_EQUAL(result, "");
    CU_ASSERT_EQUAL(outcome(crash, result), NSIM_ISOLATE_DIED);
    CU_ASSERT_EQUAL(outcome(give_up, result), NSIM_ISOLATE_DIED);
    CU_ASSERT_EQUAL(outcome(leave, result), NSIM_ISOLATE_DIED);
}

/* More than the limit is not to be had. Sanitizers map too much for a limit to hold, see models/isolate.c. */
static bool
eat(const void *data G_GNUC_UNUSED, size_t length G_GNUC_UNUSED, void *result)
{
    /* Volatile: a compiler may else leave an allocation out that is only compared with NULL. */
    void *volatile memory = malloc(NSIM_ISOLATE_BYTES_MAX);
    *(char *)result = memory ? 'y' : 'n';
    free(memory);
    return true;
}

static void
test_memory(void)
{
    char result[8];
    const char *sanitizers = g_getenv("SANITIZERS");
    CU_ASSERT_EQUAL(outcome(eat, result), NSIM_ISOLATE_GOOD);
    if (!sanitizers || strcmp(sanitizers, "yes") != 0)
        CU_ASSERT_EQUAL(result[0], 'n');
}

bool
test_isolate_register(void)
{
    CU_pSuite suite = CU_add_suite("isolate", NULL, NULL);
    return suite && CU_add_test(suite, "outcomes", test_outcomes) && CU_add_test(suite, "memory", test_memory);
}
