/* SPDX-License-Identifier: MIT */
/*
 * Archives that a Linux kernel unpacks as its first file system: cpio in the "newc" format (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst), written to a descriptor. Files, folders, symbolic links;
 * everything belongs to root and is of the same age. Left out: hard links, devices, files of 4 GiB and more.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct _NsimCpio NsimCpio;

/* The descriptor stays the caller's. Writing beyond `most_bytes` fails. (transfer full) */
NsimCpio *nsim_cpio_new(int fd, uint64_t most_bytes);
void nsim_cpio_free(NsimCpio *cpio);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimCpio, nsim_cpio_free)

/*
 * Names are absolute paths. Folders above a name are made; a name that is there already is passed over, so that the
 * first of two counts. False with `error` of G_FILE_ERROR: it could not be written, or read.
 */
bool nsim_cpio_add_folder(NsimCpio *cpio, const char *name, GError **error);
bool nsim_cpio_add_link(NsimCpio *cpio, const char *name, const char *target, GError **error);
bool nsim_cpio_add_bytes(NsimCpio *cpio, const char *name, uint32_t mode, const void *bytes, size_t count,
                         GError **error);
/* A copy of a regular file, with its permissions. */
bool nsim_cpio_add_file(NsimCpio *cpio, const char *name, const char *source, GError **error);
/* The record that ends an archive. */
bool nsim_cpio_end(NsimCpio *cpio, GError **error);
