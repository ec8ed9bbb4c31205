/* SPDX-License-Identifier: MIT */
/* The list of renderers, in the order --format names them. */
#include <report/render.h>

const NsimRenderer nsim_renderers[] = {{"text", "txt", nsim_render_text},
                                       {"json", "json", nsim_render_json},
                                       {"csv", "csv", nsim_render_csv},
                                       {"html", "html", nsim_render_html},
                                       {NULL, NULL, NULL}};

const NsimRenderer *
nsim_renderer_find(const char *name)
{
    for (const NsimRenderer *renderer = nsim_renderers; renderer->name; renderer++)
        if (g_str_equal(renderer->name, name))
            return renderer;
    return NULL;
}
