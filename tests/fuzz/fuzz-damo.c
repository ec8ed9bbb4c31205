/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of DAMON's texts: any text is an error with a message, or a plan that can be explained, and that printed
 * as a kdamonds file is the same plan again.
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
    g_autofree char *printed = nsim_damo_args_json(plan);
    g_autoptr(NsimDamonPlan) second = nsim_damo_read(printed, &error);
    if (second == NULL)
        abort();
    g_autofree char *again = nsim_damo_args_json(second);
    if (strcmp(printed, again) != 0)
        abort();
    if (!is_large(plan)) {
        g_free(nsim_damo_explain_text(plan));
        g_free(nsim_damo_explain_json(plan));
    }
    return 0;
}
