/* SPDX-License-Identifier: MIT */
/* Symbols to addresses, as resolver.h says. */
#include <traces/qemu/elf.h>
#include <traces/qemu/resolver.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES UINT64_C(4096)
/* Files looked into; a program that maps more is not searched further. */
#define FILES_MAX 4096u

typedef struct {
    NsimWhere where; /* the symbol is the caller's */
    _Atomic uint64_t *address;
    bool found;
} Place;

struct _NsimResolver {
    char *program; /* as the kernel names it */
    GArray *places;
    GHashTable *seen; /* mappings looked at, "ADDRESS PATH" */
    char *emulator;   /* the first mapping of the emulator's program: it moves when the process runs another */
};

NsimResolver *
nsim_resolver_new(const char *program_path)
{
    NsimResolver *resolver = g_new0(NsimResolver, 1);
    char *real = realpath(program_path, NULL);
    resolver->program = g_strdup(real != NULL ? real : program_path);
    free(real);
    resolver->places = g_array_new(FALSE, TRUE, sizeof(Place));
    resolver->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return resolver;
}

void
nsim_resolver_free(NsimResolver *resolver)
{
    if (resolver == NULL)
        return;
    g_array_unref(resolver->places);
    g_hash_table_unref(resolver->seen);
    g_free(resolver->program);
    g_free(resolver->emulator);
    g_free(resolver);
}

void
nsim_resolver_add(NsimResolver *resolver, const NsimWhere *where, _Atomic uint64_t *address)
{
    const Place place = {.where = *where, .address = address};
    g_array_append_val(resolver->places, place);
}

uint32_t
nsim_resolver_missing(const NsimResolver *resolver)
{
    uint32_t missing = 0;
    for (guint i = 0; i < resolver->places->len; i++)
        missing += !g_array_index(resolver->places, Place, i).found;
    return missing;
}

bool
nsim_resolver_has_base(const NsimResolver *resolver)
{
    return resolver->emulator != NULL;
}

/* A file is mapped from its first byte at `begin`, the guest's address. */
static void
search_file(NsimResolver *resolver, const char *path, uint64_t begin)
{
    const bool is_program = strcmp(path, resolver->program) == 0;
    g_autoptr(NsimElf) elf = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? nsim_elf_open(path, NULL) : NULL;
    if (elf == NULL || !nsim_elf_info(elf)->is_loadable || nsim_elf_info(elf)->first_offset >= PAGE_BYTES)
        return;
    const uint64_t displacement = begin - (nsim_elf_info(elf)->load_begin & ~(PAGE_BYTES - 1));
    for (guint i = 0; i < resolver->places->len; i++) {
        Place *place = &g_array_index(resolver->places, Place, i);
        uint64_t address = place->where.address;
        if (place->found || (place->where.kind == NSIM_WHERE_ADDRESS && !is_program) ||
            (place->where.kind == NSIM_WHERE_SYMBOL && !nsim_elf_find_symbol(elf, place->where.symbol, &address)))
            continue;
        place->found = true;
        atomic_store(place->address, address + displacement);
    }
}

/* The line's address and path when it maps a file from its beginning. */
static const char *
parse_line(char *line, uint64_t *ret_begin)
{
    char *at;
    *ret_begin = strtoull(line, &at, 16);
    const char *path = strchr(line, '/');
    if (at == line || *at != '-' || path == NULL)
        return NULL;
    strtoull(at + 1, &at, 16);
    if (*at != ' ' || strlen(at) < 6 || strtoull(at + 6, NULL, 16) != 0)
        return NULL;
    return path;
}

bool
nsim_resolver_read_map(NsimResolver *resolver, const char *map, uint64_t base)
{
    const bool is_first = resolver->emulator == NULL;
    g_auto(GStrv) lines = g_strsplit(map, "\n", -1);
    if (!is_first && strstr(map, resolver->emulator) == NULL)
        return false;
    if (!is_first && nsim_resolver_missing(resolver) == 0)
        return true;
    for (unsigned pass = 0; pass < 2; pass++) { /* the program first */
        for (unsigned i = 0; lines[i] != NULL; i++) {
            uint64_t begin;
            const char *path = parse_line(lines[i], &begin);
            if (path == NULL || (pass == 0 && !is_first && strcmp(path, resolver->program) != 0))
                continue;
            g_autofree char *key = g_strdup_printf("%" PRIx64 " %s", begin, path);
            if (g_hash_table_size(resolver->seen) >= FILES_MAX || !g_hash_table_add(resolver->seen, g_strdup(key)))
                continue;
            if (is_first && resolver->emulator == NULL && pass == 0)
                resolver->emulator = g_strdup(lines[i]);
            if (!is_first && begin >= base && nsim_resolver_missing(resolver) > 0)
                search_file(resolver, path, begin - base);
        }
    }
    if (is_first && resolver->emulator == NULL) /* a map without files: never seen, and no reason to ask again */
        resolver->emulator = g_strdup("");
    return true;
}
