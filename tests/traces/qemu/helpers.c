/* SPDX-License-Identifier: MIT */
/* Files for the tests of this folder: see test-qemu.h. */
#include "test-qemu.h"

#include <elf.h>
#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

static char *folder;
static GPtrArray *paths;

const char *
test_path(const char *name)
{
    if (folder == NULL) {
        folder = g_dir_make_tmp("numasim-qemu-XXXXXX", NULL);
        paths = g_ptr_array_new_with_free_func(g_free);
    }
    char *path = g_build_filename(folder, name, NULL);
    g_ptr_array_add(paths, path);
    return path;
}

void
test_write_file(const char *path, const void *data, size_t bytes)
{
    if (!g_file_set_contents(path, data, (gssize)bytes, NULL))
        g_error("cannot write %s", path);
}

void
remove_files(void)
{
    for (guint i = 0; folder != NULL && i < paths->len; i++)
        g_unlink(g_ptr_array_index(paths, i));
    if (folder != NULL) {
        g_rmdir(folder);
        g_ptr_array_unref(paths);
        g_clear_pointer(&folder, g_free);
    }
}

/* The file being made: numbers in its byte order. */
typedef struct {
    uint8_t *bytes;
    bool is_64, is_big_endian;
} Image;

static void
put(const Image *image, size_t offset, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        image->bytes[offset + i] = (uint8_t)(value >> 8 * (image->is_big_endian ? width - 1 - i : i));
}

#define PUT(image, offset, type, field, value)                                                                         \
    ((image)->is_64 ? put((image), (offset) + offsetof(Elf64_##type, field), (value),                                  \
                          (unsigned)sizeof(((Elf64_##type *)0)->field))                                                \
                    : put((image), (offset) + offsetof(Elf32_##type, field), (value),                                  \
                          (unsigned)sizeof(((Elf32_##type *)0)->field)))

enum { SEGMENTS = 0x40, SECTIONS = 0x100, SYMBOLS = 0x200, TEXTS = 0x300, IMAGE_BYTES = 0x340 };

static void
put_symbol(const Image *image, unsigned number, uint32_t name, uint64_t value, uint16_t section)
{
    const size_t at = SYMBOLS + number * (image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
    PUT(image, at, Sym, st_name, name);
    PUT(image, at, Sym, st_info, STT_FUNC);
    PUT(image, at, Sym, st_shndx, section);
    PUT(image, at, Sym, st_value, value);
}

size_t
test_make_elf(bool is_64, bool is_big_endian, uint8_t **ret)
{
    static const char texts[] = "\0alpha\0beta\0outside";
    const Image image = {g_malloc0(IMAGE_BYTES), is_64, is_big_endian};
    const size_t segment = is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    const size_t section = is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    const size_t symbol = is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    memcpy(image.bytes, ELFMAG, SELFMAG);
    image.bytes[EI_CLASS] = is_64 ? ELFCLASS64 : ELFCLASS32;
    image.bytes[EI_DATA] = is_big_endian ? ELFDATA2MSB : ELFDATA2LSB;
    PUT(&image, 0, Ehdr, e_machine, EM_X86_64);
    PUT(&image, 0, Ehdr, e_phoff, SEGMENTS);
    PUT(&image, 0, Ehdr, e_phnum, 2);
    PUT(&image, 0, Ehdr, e_shoff, SECTIONS);
    PUT(&image, 0, Ehdr, e_shnum, 3);
    PUT(&image, SEGMENTS, Phdr, p_type, PT_LOAD);
    PUT(&image, SEGMENTS, Phdr, p_vaddr, 0x1000);
    PUT(&image, SEGMENTS, Phdr, p_memsz, 0x800);
    PUT(&image, SEGMENTS + segment, Phdr, p_type, PT_LOAD);
    PUT(&image, SEGMENTS + segment, Phdr, p_offset, 0x1000);
    PUT(&image, SEGMENTS + segment, Phdr, p_vaddr, 0x3000);
    PUT(&image, SEGMENTS + segment, Phdr, p_memsz, 0x2800);
    PUT(&image, SECTIONS + section, Shdr, sh_type, SHT_SYMTAB);
    PUT(&image, SECTIONS + section, Shdr, sh_offset, SYMBOLS);
    PUT(&image, SECTIONS + section, Shdr, sh_size, 4 * symbol);
    PUT(&image, SECTIONS + section, Shdr, sh_link, 2);
    PUT(&image, SECTIONS + 2 * section, Shdr, sh_type, SHT_STRTAB);
    PUT(&image, SECTIONS + 2 * section, Shdr, sh_offset, TEXTS);
    PUT(&image, SECTIONS + 2 * section, Shdr, sh_size, sizeof texts);
    memcpy(image.bytes + TEXTS, texts, sizeof texts);
    put_symbol(&image, 1, 1, 0x1100, 1);
    put_symbol(&image, 2, 7, 0x1200, 1);
    put_symbol(&image, 3, 12, 0x1300, SHN_UNDEF);
    *ret = image.bytes;
    return IMAGE_BYTES;
}
