/* SPDX-License-Identifier: MIT */
/*
 * Filters of a DAMOS scheme: which memory an action may be tried on, by region and then by folio.
 *
 * Source: damos_core_filter_out(), damos_filter_match() and the operations' filters in Linux mm/damon/, 6.12 to 7.2,
 * written anew: the first filter that matches decides; `matching` false turns its condition round.
 */
#pragma once

#include <mm/damon/plan.h>

typedef enum {
    NSIM_DAMOS_REJECT,
    NSIM_DAMOS_ALLOW,    /* the operations' filters look at each folio */
    NSIM_DAMOS_ALLOW_ALL /* a filter allowed the region: the operations' filters are passed over */
} NsimDamosVerdict;

/* What filters of operations know of a folio. Asked only as far as a filter needs it. */
typedef struct {
    bool (*is)(void *data, const NsimDamosFilterPlan *filter);
    void *data;
} NsimDamosFolioView;

/* Is the filter one of the core's (address range, target), or one of the operations'? */
bool nsim_damos_filter_is_core(const NsimDamosFilterPlan *filter);

/*
 * The core's verdict on a region of target number `target`. A region that an address range ends in is cut there first,
 * so that the verdict is of the left part. Ranges are taken in whole `min_region_bytes`.
 */
NsimDamosVerdict nsim_damos_filter_region(const NsimDamosPlan *plan, NsimDamonTarget *target_regions, uint32_t region,
                                          uint32_t target, uint64_t min_region_bytes);
/* The verdict of the operations' filters on a folio: may the action be tried on it? */
bool nsim_damos_filter_folio(const NsimDamosPlan *plan, const NsimDamosFolioView *view);
