/* SPDX-License-Identifier: MIT */
/*
 * The first file system of a guest that runs one program: our first program (guest/init.c), the program with the
 * libraries that its loader would load, files that go along, and the orders. Made in memory, so nothing is left behind
 * however we end.
 *
 * Left out: what a program loads by dlopen() and other files that it opens, unless they are told; owners and times.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

/* All texts belong to the caller. */
typedef struct {
    const char *init;         /* the first program's file */
    const char *program;      /* absolute path of the executable */
    char *const *arguments;   /* from the program's name on; those that name regular files take these along */
    const char *folder;       /* absolute: where the program works; relative names start there */
    char *const *environment; /* NAME=VALUE */
    char *const *includes;    /* more files, and folders with all that is in them; NULL: none */
    uint32_t node_count;
    uint64_t most_bytes; /* of the archive */
} NsimInitramfsOptions;

/* A descriptor of the archive, without a name (transfer full), or -1 with `error`: G_FILE_ERROR. */
int nsim_initramfs_make(const NsimInitramfsOptions *options, GError **error);
