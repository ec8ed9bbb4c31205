/* SPDX-License-Identifier: MIT */
/*
 * The little of an ELF file that a capture needs ("System V Application Binary Interface", chapters 4 and 5): the
 * machine it is for, where its parts are loaded, where its functions are. Any class and byte order. Files are hostile:
 * every offset is checked.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct _NsimElf NsimElf;

typedef struct {
    uint16_t machine;
    bool is_64, is_big_endian;
    bool is_loadable;              /* has something to load */
    uint64_t load_begin, load_end; /* addresses from the first byte loaded to the last, before any displacement */
    uint64_t first_offset;         /* in the file, of what is at load_begin */
} NsimElfInfo;

/* NULL with `error` (G_FILE_ERROR for what cannot be read; NSIM_TRACE_ERROR_FORMAT for what is no ELF program). */
NsimElf *nsim_elf_open(const char *path, GError **error);
void nsim_elf_free(NsimElf *elf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimElf, nsim_elf_free)

const NsimElfInfo *nsim_elf_info(const NsimElf *elf);
/* The address of the function or label `name`, before any displacement, in either symbol table. */
bool nsim_elf_find_symbol(const NsimElf *elf, const char *name, uint64_t *ret_address);
/* The program that loads this one's libraries, as it names it; NULL: it needs none. (transfer full) */
char *nsim_elf_dup_interpreter(const NsimElf *elf);
