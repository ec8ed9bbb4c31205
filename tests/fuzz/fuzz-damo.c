/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of DAMON's texts: any text is an error with a message, or a plan that can be explained, and that printed
 * as a kdamonds file, JSON or YAML, for people or raw, is the same plan again.
 */
#include <experiment/damo-explain.h>
#include <experiment/damo-json.h>
#include <mm/damon/damo.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Texts that make plans of thousands of schemes take long to explain, and show nothing new. */
static bool
is_large(const NsimDamonPlan *plan)
{
    uint32_t schemes = 0;
    for (uint32_t k = 0; k < plan->kdamonds->len; k++) {
        const NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, k);
        const NsimDamonContextPlan *context = g_ptr_array_index(kdamond->contexts, 0);
        schemes += context->schemes->len;
    }
    return schemes > 64;
}

/* A file, which is freed, is the plan that prints like this. */
static void
check_same(const char *printed, char *file)
{
    g_autoptr(NsimDamonPlan) plan = nsim_damo_read(file, NULL);
    g_autofree char *again = plan == NULL ? NULL : nsim_damo_args_json(plan, false);
    if (again == NULL || strcmp(printed, again) != 0)
        abort();
    g_free(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDamonPlan) plan = nsim_damo_read(text, &error);
    if ((plan == NULL) != (error != NULL) || (error != NULL && error->message[0] == '\0'))
        abort();
    if (plan == NULL)
        return 0;
    g_autofree char *printed = nsim_damo_args_json(plan, false);
    check_same(printed, nsim_damo_args_json(plan, false));
    check_same(printed, nsim_damo_args_json(plan, true));
    check_same(printed, nsim_damo_args_yaml(plan, false));
    check_same(printed, nsim_damo_args_yaml(plan, true));
    if (!is_large(plan)) {
        g_free(nsim_damo_explain_text(plan));
        g_free(nsim_damo_explain_json(plan));
    }
    return 0;
}
