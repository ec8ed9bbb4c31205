/* SPDX-License-Identifier: MIT */
/* What the readers of command lines and of kdamonds files share. */
#pragma once

#include <mm/damon/damo-options.h>
#include <mm/damon/damo.h>
#include <mm/damon/damo-units.h>
#include <models/document.h>

/* A command line of `words` from number `first` on. */
NsimDamonPlan *nsim_damo_args_read(const NsimDamoWords *words, uint32_t first, GError **error);

/* A kdamonds file. */
NsimDamonPlan *nsim_damo_file_read(const char *text, const char *name, GError **error);
/* A list of schemes, as in a kdamonds file, into `schemes`. */
bool nsim_damo_file_read_schemes(const char *text, const char *name, GPtrArray *schemes, GError **error);

/* damo-scheme.c: the i-th scheme of a command line into `scheme`, which has defaults; then its goals and filters. */
bool nsim_damo_scheme_read(const NsimDamoUses *uses, uint32_t i, NsimDamosPlan *scheme, GError **error);
bool nsim_damo_scheme_add_goal(const NsimDamoUses *uses, const NsimDamoUse *use, NsimDamosPlan *scheme, GError **error);
bool nsim_damo_scheme_add_filters(const NsimDamoUses *uses, const NsimDamoUse *use, NsimDamosPlan *scheme,
                                  GError **error);
/* damo-sample.c: what says which access reports count, into one context. */
bool nsim_damo_sample_read(const NsimDamoUses *uses, uint32_t context, uint32_t first_filter, uint32_t filter_count,
                           NsimDamonContextPlan *plan, GError **error);
/* "0-3,5" ascending and without repetition into `numbers` (uint32_t). False: it is not such a list, or too long. */
bool nsim_damo_numbers_parse(const char *text, GArray *numbers);

/* Index of `text` in NULL-terminated names, or -1. */
int nsim_damo_index_of(const char *const *names, const char *text);
/* What stands for nothing in a file. */
bool nsim_damo_is_null(const char *text);
/* A cgroup's path as the name of a group. (transfer full) */
char *nsim_damo_group_name(const char *path);
/* Does a goal's metric belong to a node? To a group, too? */
bool nsim_damo_metric_has_nid(NsimDamosGoalMetric metric);
bool nsim_damo_metric_has_memcg(NsimDamosGoalMetric metric);
/* Unit of a metric's target. */
NsimDamoUnit nsim_damo_metric_unit(NsimDamosGoalMetric metric);

/* Parse a word in a unit; `what` it is, for the message. */
bool nsim_damo_word_unit(const NsimDamoWords *words, const NsimDamoWord *word, NsimDamoUnit unit, const char *what,
                         uint64_t *ret, GError **error);
/* A number up to `most`. */
bool nsim_damo_word_count(const NsimDamoWords *words, const NsimDamoWord *word, uint64_t most, const char *what,
                          uint64_t *ret, GError **error);
/* A word of a list. */
bool nsim_damo_word_name(const NsimDamoWords *words, const NsimDamoWord *word, const char *const *names,
                         const char *what, uint32_t *ret, GError **error);
bool nsim_damo_word_bool(const NsimDamoWords *words, const NsimDamoWord *word, bool *ret, GError **error);

/* Microseconds as simulated time; "max" and beyond: NSIM_TIME_MAX. */
static inline NsimTime
nsim_damo_us(uint64_t us)
{
    NsimTime time;
    return __builtin_mul_overflow(us, NSIM_US, &time) ? NSIM_TIME_MAX : time;
}
