/* SPDX-License-Identifier: MIT */
/*
 * The schemes of TPP-DAMON along a path of nodes.
 *
 * Source: command line of the LPC 2025 talk "Holistic NUMA migration" and damo's scripts/mem_tier.sh, which are for two
 * nodes and said to apply to any number.
 */
#include "policies/damon-scheme.h"

#include "policies/path.h"

static void
append_scheme(DamoText *damo, const DamonTiering *tiering, const char *action, const char *rate, int32_t nid)
{
    g_autofree char *apply = damo_time(tiering->apply_interval_ps);
    g_autofree char *window = damo_time(tiering->quota_interval_ps);
    damo_text_scheme(damo, action, nid);
    damo_text_word(damo, "--damos_access_rate %s --damos_apply_interval %s", rate, apply);
    damo_text_word(damo, "--damos_quota_interval %s --damos_quota_space %" G_GUINT64_FORMAT, window,
                   tiering->quota_bytes);
}

void
damon_tiering_append(DamoText *damo, const NsimHost *host, const DamonTiering *tiering, const NodeList *path,
                     const char *words, const char *sample_filter)
{
    for (uint32_t i = 0; i < path->count; i++) {
        const int32_t nid = path_nid(host, path->nodes[i]);
        damo_text_node(damo, nid);
        damo_text_word(damo, "%s", tiering->monitoring);
        if (words != NULL)
            damo_text_word(damo, "%s", words);
        if (sample_filter != NULL)
            damo_text_sample_filter(damo, sample_filter);
        if (i + 1 < path->count) {
            append_scheme(damo, tiering, "migrate_cold", "0% 0%", path_nid(host, path->nodes[i + 1]));
            damo_text_goal(damo, "node_mem_free_bp", tiering->free_goal_ppm, nid);
            if (tiering->young)
                damo_text_filter(damo, "reject young");
        }
        if (i > 0) {
            const int32_t up = path_nid(host, path->nodes[i - 1]);
            append_scheme(damo, tiering, "migrate_hot", tiering->hot, up);
            damo_text_goal(damo, "node_mem_used_bp", tiering->used_goal_ppm, up);
            if (tiering->young)
                damo_text_filter(damo, "allow young");
        }
    }
}
