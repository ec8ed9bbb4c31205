/* SPDX-License-Identifier: MIT */
/* What a plan of DAMON does, in sentences. Each call appends to `says` (char *, owned by it). */
#pragma once

#include <mm/damon/plan.h>

/* What is watched, how often, at what cost. */
void nsim_damo_say_context(const NsimDamonContextPlan *context, uint32_t kdamond, GPtrArray *says);
/* Which regions, what is done with them, in which order, how much, until when, and what is left out. */
void nsim_damo_say_scheme(const NsimDamonContextPlan *context, const NsimDamosPlan *scheme, GPtrArray *says);
/* On nodes, of the whole plan: goals of different schemes on one; who watches all of them, where others name one. */
void nsim_damo_say_nodes(const NsimDamonPlan *plan, GPtrArray *says);

/* "young pages", "pages that are not of group a" (transfer full) */
char *nsim_damo_filter_words(const NsimDamosFilterPlan *filter);
/* Do pages pass that no filter of this list matches? Core filters are those of addresses and targets. */
bool nsim_damo_passes_by_default(const NsimDamosPlan *scheme, bool core);
bool nsim_damo_filter_is_core(const NsimDamosFilterPlan *filter);

static inline void nsim_damo_say(GPtrArray *says, const char *format, ...) G_GNUC_PRINTF(2, 3);
static inline void
nsim_damo_say(GPtrArray *says, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(says, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}
