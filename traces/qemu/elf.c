/* SPDX-License-Identifier: MIT */
/* ELF files as elf.h says. */
#include <traces/qemu/elf.h>
#include <traces/trace.h>

#include <elf.h>
#include <string.h>

/* More than any linker writes; a table beyond it is taken for damage. */
#define SEGMENTS_MAX 4096u
#define SECTIONS_MAX 65536u

struct _NsimElf {
    GMappedFile *file;
    const uint8_t *bytes;
    uint64_t size;
    NsimElfInfo info;
};

/* A number of 1, 2, 4 or 8 bytes; what lies outside the file reads as 0. */
static uint64_t
get(const NsimElf *elf, uint64_t offset, unsigned width)
{
    uint64_t value = 0;
    if (offset > elf->size || elf->size - offset < width)
        return 0;
    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)elf->bytes[offset + i] << 8 * (elf->info.is_big_endian ? width - 1 - i : i);
    return value;
}

#define FIELD(elf, offset, type, field)                                                                                \
    ((elf)->info.is_64                                                                                                 \
         ? get((elf), (offset) + offsetof(Elf64_##type, field), (unsigned)sizeof(((Elf64_##type *)0)->field))          \
         : get((elf), (offset) + offsetof(Elf32_##type, field), (unsigned)sizeof(((Elf32_##type *)0)->field)))
#define SIZE_OF(elf, type) ((elf)->info.is_64 ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

static void
read_segments(NsimElf *elf)
{
    const uint64_t table = FIELD(elf, 0, Ehdr, e_phoff), count = FIELD(elf, 0, Ehdr, e_phnum);
    NsimElfInfo *info = &elf->info;
    info->load_begin = UINT64_MAX;
    for (uint64_t i = 0; i < MIN(count, SEGMENTS_MAX) && table < elf->size; i++) {
        const uint64_t at = table + i * SIZE_OF(elf, Phdr);
        const uint64_t address = FIELD(elf, at, Phdr, p_vaddr), bytes = FIELD(elf, at, Phdr, p_memsz);
        if (FIELD(elf, at, Phdr, p_type) != PT_LOAD || bytes == 0 || bytes > UINT64_MAX - address)
            continue;
        if (address < info->load_begin) {
            info->load_begin = address;
            info->first_offset = FIELD(elf, at, Phdr, p_offset);
        }
        info->load_end = MAX(info->load_end, address + bytes);
        info->is_loadable = true;
    }
}

NsimElf *
nsim_elf_open(const char *path, GError **error)
{
    g_autoptr(NsimElf) elf = g_new0(NsimElf, 1);
    elf->file = g_mapped_file_new(path, FALSE, error);
    if (elf->file == NULL)
        return NULL;
    elf->bytes = (const uint8_t *)g_mapped_file_get_contents(elf->file);
    elf->size = g_mapped_file_get_length(elf->file);
    if (elf->size < sizeof(Elf32_Ehdr) || memcmp(elf->bytes, ELFMAG, SELFMAG) != 0 ||
        (elf->bytes[EI_CLASS] != ELFCLASS32 && elf->bytes[EI_CLASS] != ELFCLASS64) ||
        (elf->bytes[EI_DATA] != ELFDATA2LSB && elf->bytes[EI_DATA] != ELFDATA2MSB)) {
        g_set_error(error, NSIM_TRACE_ERROR, NSIM_TRACE_ERROR_FORMAT, "%s: not an ELF program", path);
        return NULL;
    }
    elf->info.is_64 = elf->bytes[EI_CLASS] == ELFCLASS64;
    elf->info.is_big_endian = elf->bytes[EI_DATA] == ELFDATA2MSB;
    elf->info.machine = (uint16_t)FIELD(elf, 0, Ehdr, e_machine);
    read_segments(elf);
    return g_steal_pointer(&elf);
}

void
nsim_elf_free(NsimElf *elf)
{
    if (elf == NULL)
        return;
    if (elf->file != NULL)
        g_mapped_file_unref(elf->file);
    g_free(elf);
}

const NsimElfInfo *
nsim_elf_info(const NsimElf *elf)
{
    return &elf->info;
}

/* Is the text at `offset`, within a table that ends at `end`, `name`? */
static bool
is_text(const NsimElf *elf, uint64_t offset, uint64_t end, const char *name)
{
    const size_t bytes = strlen(name) + 1;
    return offset < end && end - offset >= bytes && memcmp(elf->bytes + offset, name, bytes) == 0;
}

/* In the symbol table of section header `at`. */
static bool
find_in_table(const NsimElf *elf, uint64_t at, uint64_t sections, const char *name, uint64_t *ret_address)
{
    const uint64_t table = FIELD(elf, at, Shdr, sh_offset), bytes = FIELD(elf, at, Shdr, sh_size);
    const uint64_t texts_at = sections + FIELD(elf, at, Shdr, sh_link) * SIZE_OF(elf, Shdr);
    const uint64_t texts = FIELD(elf, texts_at, Shdr, sh_offset), texts_bytes = FIELD(elf, texts_at, Shdr, sh_size);
    if (table > elf->size || bytes > elf->size - table || texts > elf->size || texts_bytes > elf->size - texts)
        return false;
    for (uint64_t i = 0; i < bytes / SIZE_OF(elf, Sym); i++) {
        const uint64_t symbol = table + i * SIZE_OF(elf, Sym);
        const uint64_t kind = FIELD(elf, symbol, Sym, st_info) & 15, value = FIELD(elf, symbol, Sym, st_value);
        const uint64_t text = FIELD(elf, symbol, Sym, st_name);
        if ((kind != STT_FUNC && kind != STT_NOTYPE) || value == 0 || FIELD(elf, symbol, Sym, st_shndx) == SHN_UNDEF)
            continue;
        if (text < texts_bytes && is_text(elf, texts + text, texts + texts_bytes, name)) {
            *ret_address = value;
            return true;
        }
    }
    return false;
}

bool
nsim_elf_find_symbol(const NsimElf *elf, const char *name, uint64_t *ret_address)
{
    const uint64_t sections = FIELD(elf, 0, Ehdr, e_shoff), count = FIELD(elf, 0, Ehdr, e_shnum);
    if (*name == '\0' || sections >= elf->size)
        return false;
    for (uint64_t i = 0; i < MIN(count, SECTIONS_MAX); i++) {
        const uint64_t at = sections + i * SIZE_OF(elf, Shdr);
        const uint64_t type = FIELD(elf, at, Shdr, sh_type);
        if ((type == SHT_SYMTAB || type == SHT_DYNSYM) && find_in_table(elf, at, sections, name, ret_address))
            return true;
    }
    return false;
}

char *
nsim_elf_dup_interpreter(const NsimElf *elf)
{
    const uint64_t table = FIELD(elf, 0, Ehdr, e_phoff), count = FIELD(elf, 0, Ehdr, e_phnum);
    for (uint64_t i = 0; i < MIN(count, SEGMENTS_MAX) && table < elf->size; i++) {
        const uint64_t at = table + i * SIZE_OF(elf, Phdr);
        const uint64_t offset = FIELD(elf, at, Phdr, p_offset), bytes = FIELD(elf, at, Phdr, p_filesz);
        if (FIELD(elf, at, Phdr, p_type) == PT_INTERP && offset < elf->size && bytes <= elf->size - offset)
            return g_strndup((const char *)elf->bytes + offset, bytes);
    }
    return NULL;
}
