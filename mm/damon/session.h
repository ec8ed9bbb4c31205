/* SPDX-License-Identifier: MIT */
/*
 * DAMON in a run: all kdamonds, whoever asked for them, and whoever listens to them. Made when it is first asked for;
 * without it DAMON costs nothing.
 */
#pragma once

#include <mm/damon/kdamond.h>

typedef struct _NsimDamonSession NsimDamonSession;

#define NSIM_DAMON_LISTENERS_MAX 8u

/* The run's, made if there is none. (transfer none) */
NsimDamonSession *nsim_damon_session(NsimMm *mm);
void nsim_damon_session_free(NsimDamonSession *session);

/* Of kdamonds that begin from now on; set before the first one. Linux 7.2 unless it is changed. */
NsimKdamondConfig *nsim_damon_session_config(NsimDamonSession *session);
/* Copied. Listeners are called in the order they came. */
void nsim_damon_session_listen(NsimDamonSession *session, const NsimDamonListener *listener);

/* A plug-in's operations, which texts may name from now on. False with `error`: taken, or not sound. */
bool nsim_damon_session_add_ops(NsimDamonSession *session, const NsimDamonOpsClass *class, void *data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * Carry out what a user asks for. The first time kdamonds begin; later their parameters change, as `damo tune` does it.
 * Takes the plan, in any case. False with `error`, and nothing changed: what the kernel would refuse, or a plan of
 * another shape than the kdamonds that there are.
 */
bool nsim_damon_session_run(NsimDamonSession *session, NsimDamonPlan *plan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of a text that damo would take, which is kept. */
bool nsim_damon_session_run_args(NsimDamonSession *session, const char *args, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The text that was carried out last; "": none was. */
const char *nsim_damon_session_args(const NsimDamonSession *session);
/* Is there a kdamond that takes the run's primitive, as it names none? */
bool nsim_damon_session_needs_primitive(const NsimDamonSession *session);

/*
 * Somebody saw an access: a fault that was armed, a hardware sample. Kdamonds whose primitive is access reports hear of
 * it. Cheap without DAMON.
 */
void nsim_damon_report_access(const NsimMm *mm, const NsimDamonReport *report);
/* An armed page was touched: the fault reports the access, and its whole folio is disarmed where kdamonds arm. */
void nsim_damon_report_fault(NsimMm *mm, const NsimFault *fault);

/* Who is told of a fault on an armed page. */
typedef enum { NSIM_HINT_BOTH, NSIM_HINT_POLICY, NSIM_HINT_DAMON } NsimHintOwner;

/* Both, unless faults are exclusive: then DAMON where it armed the page for a sample under way, else the policy. */
NsimHintOwner nsim_damon_hint_owner(const NsimMm *mm, const NsimFault *fault);

/* Hardware samples report accesses to kdamonds whose primitive they are. */
void nsim_damon_report_samples(const NsimMm *mm, const NsimSample *samples, uint32_t count);

uint32_t nsim_damon_session_count(const NsimDamonSession *session);
/* NULL: there is no such one. */
NsimKdamond *nsim_damon_session_at(const NsimDamonSession *session, uint32_t kdamond);
