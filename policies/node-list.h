/* SPDX-License-Identifier: MIT */
/*
 * Node lists as policies take them: ids or numbers, "DRAM1+CXL1", "0,2", "0-3"; "all" for every node but disks; weights
 * "DRAM1=3+CXL1=1". The order given is the order of dealing.
 */
#pragma once

#include <numasim/policy.h>

/* Highest number of nodes of a machine a list can name. */
#define NODE_LIST_MAX 250u

typedef struct {
    uint32_t count;
    NsimNodeId nodes[NODE_LIST_MAX];
    uint32_t weights[NODE_LIST_MAX]; /* 1 unless given */
} NodeList;

/*
 * Read `text` for the option `key` of policy `policy`. With `weighted` each item needs "=WEIGHT" (1..255, as in
 * /sys/kernel/mm/mempolicy/weighted_interleave). False with `error`, which lists the machine's nodes.
 */
bool node_list_parse(const NsimHost *host, const char *policy, const char *key, const char *text, bool weighted,
                     NodeList *ret, GError **error);
/* Is the node in the list? */
bool node_list_has(const NodeList *list, NsimNodeId node);
/* Sum of the weights. */
uint64_t node_list_weight(const NodeList *list);
/* The node of the index-th unit when the list is dealt out in turn, `weights` units at a time. */
NsimNodeId node_list_deal(const NodeList *list, uint64_t index);

/*
 * Deal a fault's pages out over the list by their units' offset from the start of their region, as the kernel does for
 * mappings (interleave_nid, weighted_interleave_nid), each with fall-back when its node is full or out of the toucher's
 * reach.
 */
void node_list_place(NsimHost *host, const NsimFault *fault, const NodeList *list);
