/* SPDX-License-Identifier: MIT */
/* Images of Linux kernels for x86 ("bzImage"; Linux, Documentation/arch/x86/boot.rst). */
#pragma once

#include <glib.h>

/* "6.12.0-amd64", as the image says; a text without a version is "unknown". NULL with `error`: it is no such image. */
char *nsim_kernel_version(const char *path, GError **error);
/* The path of the kernel of the highest version in `folder`, vmlinuz-VERSION; NULL: none. (transfer full) */
char *nsim_kernel_newest(const char *folder);
