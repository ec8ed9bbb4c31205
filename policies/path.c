/* SPDX-License-Identifier: MIT */
/* Paths of nodes. See path.h. */
#include "policies/path.h"

#include <string.h>

int32_t
path_nid(const NsimHost *host, NsimNodeId node)
{
    NsimNodeInfo info = {.nid = -1};
    return nsim_node_info(host, node, &info) ? info.nid : -1;
}

bool
path_find_accessor(const NsimHost *host, const char *policy, const char *id, NsimAccessorId *ret, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (uint32_t a = 0; a < nsim_accessor_count(host); a++) {
        NsimAccessorInfo info = {0};
        if (!nsim_accessor_info(host, (NsimAccessorId)a, &info))
            continue;
        g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", info.id);
        if (strcmp(id, "auto") == 0 ? info.kind == NSIM_ACCESSOR_CPU : strcmp(id, info.id) == 0) {
            *ret = (NsimAccessorId)a;
            return true;
        }
    }
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION, "policy '%s': no accessor '%s'; the machine has %s",
                policy, id, known->str);
    return false;
}

static void
add_reached(const NsimHost *host, NsimAccessorId accessor, NodeList *list)
{
    for (uint32_t rank = 0; list->count < NODE_LIST_MAX; rank++) {
        const NsimNodeId node = nsim_node_by_rank(host, accessor, rank);
        NsimNodeInfo info = {0};
        if (node == NSIM_NODE_NONE || !nsim_node_info(host, node, &info))
            return;
        if (info.kind != NSIM_NODE_DISK)
            list->nodes[list->count++] = node;
    }
}

bool
path_parse(const NsimHost *host, const char *policy, const char *text, NsimAccessorId accessor, NodeList *ret,
           GError **error)
{
    *ret = (NodeList){0};
    if (strcmp(text, "auto") == 0)
        add_reached(host, accessor, ret);
    else if (!node_list_parse(host, policy, "path", text, false, ret, error))
        return false;
    if (ret->count >= 2)
        return true;
    g_set_error(error, NSIM_POLICY_ERROR, NSIM_POLICY_ERROR_OPTION,
                "policy '%s': a path needs two nodes at least, '%s' gives %u", policy, text, ret->count);
    return false;
}
