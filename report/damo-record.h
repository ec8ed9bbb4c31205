/* SPDX-License-Identifier: MIT */
/*
 * What DAMON saw, as `damo record` stores it (damo, src/_damo_records.py as of mid-2026): damo's own reports and
 * heatmaps, and `numasim trace import`, read it. Snapshots are kept in memory, 24 bytes a region, until the file is
 * written.
 *
 * What schemes were tried on, with their statistics, are records of their own, as damo makes of a scheme's tried regions.
 *
 * Left out: bytes of a region that passed filters, probes.
 */
#pragma once

#include <glib.h>
#include <numasim/types.h>

/* Regions of one file: 384 MiB of memory. */
#define NSIM_DAMO_RECORD_REGIONS_MAX (1u << 24)

typedef struct {
    uint64_t start, end;  /* bytes, [start, end) */
    uint32_t nr_accesses; /* samples in which the region was accessed */
    uint32_t age;         /* aggregation intervals */
} NsimDamoRecordRegion;

/* Whose regions: one record of the file. */
typedef struct {
    uint32_t kdamond, context, target;
    uint64_t sample_us, aggr_us, ops_update_us;             /* at the start */
    uint64_t goal_bp, goal_aggrs, goal_min_us, goal_max_us; /* tuning of intervals; 0: none */
    bool of_scheme;                                         /* regions that a scheme was tried on, of all targets */
    uint32_t scheme;
    const char *filters; /* of the scheme, a JSON array; copied with the first snapshot */
} NsimDamoRecordSource;

/* DamosStats of damo: since the scheme began. */
typedef struct {
    uint64_t nr_tried, sz_tried, nr_applied, sz_applied, sz_ops_filter_passed, qt_exceeds, nr_snapshots,
        max_nr_snapshots;
} NsimDamoRecordStats;

/*
 * One aggregation interval of one target; regions ascend and do not overlap. Of a scheme: from when it was applied before
 * until now.
 */
typedef struct {
    uint64_t start_ns, end_ns;
    uint64_t sample_us; /* of this interval */
    const NsimDamoRecordRegion *regions;
    uint32_t region_count;
    const NsimDamoRecordStats *stats; /* of a scheme; NULL: none */
} NsimDamoRecordSnapshot;

typedef struct _NsimDamoRecord NsimDamoRecord;

/* (transfer full) */
NsimDamoRecord *nsim_damo_record_new(void);
void nsim_damo_record_free(NsimDamoRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimDamoRecord, nsim_damo_record_free)

/*
 * Snapshots of a source in the order of time; sources mix as they come. False: the file is full, and the snapshot is
 * dropped. O(regions + sources).
 */
bool nsim_damo_record_add_snapshot(NsimDamoRecord *record, const NsimDamoRecordSource *source,
                                   const NsimDamoRecordSnapshot *snapshot);
/* Snapshots dropped. */
uint64_t nsim_damo_record_dropped(const NsimDamoRecord *record);

/* The whole file: damo's output type json_compressed (zlib), or json. (transfer full) */
GBytes *nsim_damo_record_bytes(const NsimDamoRecord *record, bool compressed);
