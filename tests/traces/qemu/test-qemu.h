/* SPDX-License-Identifier: MIT */
/* The suites of the tests of traces/qemu/, and files they share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool test_channel_register(void);
bool test_cpio_register(void);
bool test_elf_register(void);
bool test_guest_machine_register(void);
bool test_initramfs_register(void);
bool test_kernel_register(void);
bool test_recorder_register(void);
bool test_regions_register(void);
bool test_resolver_register(void);
bool test_where_register(void);

/* A path in a folder of the tests' own, which remove_files() removes. Lives until then. */
const char *test_path(const char *name);
void test_write_file(const char *path, const void *data, size_t bytes);
void remove_files(void);

/*
 * A small ELF program in `*ret` (transfer full): loaded from 0x1000 to 0x5800, with the functions "alpha" at 0x1100 and
 * "beta" at 0x1200, and "outside", which is defined elsewhere. Returns its size.
 */
size_t test_make_elf(bool is_64, bool is_big_endian, uint8_t **ret);
