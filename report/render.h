/* SPDX-License-Identifier: MIT */
/* Renderers: one file each, all from the one result model. */
#pragma once

#include <report/result.h>

typedef struct {
    const char *name;      /* as --format takes it */
    const char *extension; /* of files, without the dot */
    /* The whole report as text. (transfer full) */
    char *(*render)(const NsimResult *result);
} NsimRenderer;

/* All renderers, NULL-terminated by name == NULL; the first is the default. */
extern const NsimRenderer nsim_renderers[];
const NsimRenderer *
nsim_renderer_find(const char *name);

char *
nsim_render_text(const NsimResult *result);
/* The same with the best policy's row in bold when `colour` (for terminals). */
char *
nsim_render_text_styled(const NsimResult *result, bool colour);
char *
nsim_render_json(const NsimResult *result);
char *
nsim_render_csv(const NsimResult *result);
char *
nsim_render_html(const NsimResult *result);
/* --timeline: one CSV row an interval and run. */
char *
nsim_render_timeline(const NsimResult *result);
