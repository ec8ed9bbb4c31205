/* SPDX-License-Identifier: MIT */
/*
 * Access reports: DAMON learns from faults or hardware samples who touched what, where accessed bits only say that
 * somebody did. A region is hit in a sample when a report that passes the filters falls into it.
 *
 * Source: the series "damon_report_access()" and its sample control, RFC v3 of 2025-12-08, written anew from a
 * description. Two things are as its documentation says and not as its code does, with the code's way as an option:
 * filters, and the buffer. Two are ours: hardware samples as a primitive, and pages that a sample armed in vain are
 * disarmed when it ends. Left out: sizes of reports (a byte there, a page here), buffers of each CPU.
 */
#pragma once

#include <mm/damon/ops-space.h>
#include <mm/damon/plan.h>
#include <mm/host.h>

#define NSIM_DAMON_CPU_NONE (-1)
/* Entries of the RFC's buffer; when it is full it begins again and what was in it is lost. */
#define NSIM_DAMON_REPORTS_RFC 1000u

/* An access that somebody saw. */
typedef struct {
    NsimTime time_ps;
    NsimPage page;
    NsimSpaceId space;
    bool write;
    uint8_t primitive; /* NsimDamonPrimitive that saw it: kdamonds hear of their own one's */
    int32_t cpu;     /* as users number CPUs, nsim_damon_cpu(); NSIM_DAMON_CPU_NONE */
    uint32_t thread; /* of its workload's trace */
} NsimDamonReport;

typedef struct {
    bool rfc_filters; /* a matching reject filter rejects at once; else the last filter's kind decides for all */
    bool rfc_buffer;  /* NSIM_DAMON_REPORTS_RFC entries that stay until overwritten; older than a sample: passed over */
    bool stay_armed;  /* as in the RFC: a page that was armed faults at its next touch, whenever that is */
    bool exclusive;   /* a fault is told to whoever armed the page, DAMON or the policy, and not to both */
    /* CPU times of the kdamond, all assumed */
    NsimTime arm_ps;   /* changing a page's protection and flushing it from TLBs; and taking it back */
    NsimTime drain_ps; /* a report: finding its region; with `rfc_buffer` for each region that there is */
} NsimDamonReportRules;

/* Intended semantics; 1.5 us to arm, 100 ns a report. */
extern const NsimDamonReportRules nsim_damon_report_rules_default;
/* The RFC's code; 2 ns a report and region. */
extern const NsimDamonReportRules nsim_damon_report_rules_rfc;

/*
 * Hardware sampling for the primitive `hw_sample`, all assumed: every 1000th line of a thread, an interrupt for each
 * sample as IBS has them, 200 ns a sample and 1 us an interrupt.
 */
extern const NsimSampling nsim_damon_sampling_default;

/*
 * The number of a core: those of all CPU accessors come first, in the machine's order, then those of the others, an SM
 * or engine each. NSIM_DAMON_CPU_NONE: no such accessor.
 */
int32_t nsim_damon_cpu(const NsimMachine *machine, NsimAccessorId accessor, uint32_t core);

/* Does the report count? `filters`: NsimSampleFilterPlan *. */
bool nsim_damon_report_passes(const GPtrArray *filters, const NsimDamonReport *report, bool rfc);

/* A context that lives on reports. */
typedef struct {
    const NsimDamonOps *base; /* operations whose addresses and folios these are */
    void *base_state;
    NsimMm *mm;
    const NsimDamonContextPlan *plan; /* primitive and filters */
    const NsimDamonReportRules *rules;
    bool physical;
    GArray *reports;  /* NsimDamonReport */
    GArray *armed;    /* pages armed for the sample under way (private) */
    uint64_t dropped; /* by a buffer that was full */
} NsimDamonReporter;

void nsim_damon_reporter_init(NsimDamonReporter *reporter);
void nsim_damon_reporter_clear(NsimDamonReporter *reporter);
/* Operations of such a context; a reporter is their state. */
NsimDamonOps nsim_damon_reporter_ops(const NsimDamonOps *base);
/* Did it arm the page for the sample under way? O(pages armed). */
bool nsim_damon_reporter_armed(const NsimDamonReporter *reporter, NsimSpaceId space, NsimPage page);
/* Tell it of an access. */
void nsim_damon_reporter_tell(NsimDamonReporter *reporter, const NsimDamonReport *report);
