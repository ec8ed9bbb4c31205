/* SPDX-License-Identifier: MIT */
/*
 * Paths: the order of nodes along which an accessor's pages go up and down, nearest first.
 */
#pragma once

#include "policies/node-list.h"

/*
 * The path of an accessor: the nodes of `text`, or with "auto" every node it reaches by latency but disks. False with
 * `error`: an unknown node, or fewer than two.
 */
bool path_parse(const NsimHost *host, const char *policy, const char *text, NsimAccessorId accessor, NodeList *ret,
                GError **error);

/* The accessor with this id; "auto": the first CPU. False with `error`, which lists them. */
bool path_find_accessor(const NsimHost *host, const char *policy, const char *id, NsimAccessorId *ret, GError **error);

/* The number that users and kernels know a node by. */
int32_t path_nid(const NsimHost *host, NsimNodeId node);
