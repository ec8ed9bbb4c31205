/* SPDX-License-Identifier: MIT */
/* Regions as regions.h says. */
#include <traces/qemu/elf.h>
#include <traces/qemu/regions.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_SHIFT 12u
#define PAGE_BYTES (UINT64_C(1) << PAGE_SHIFT)
#define FRAME_PAGES (1u << (NSIM_FRAME_SHIFT - PAGE_SHIFT))
#define LINE_TO_FRAME (NSIM_FRAME_SHIFT - NSIM_LINE_SHIFT)
#define LINE_TO_PAGE (PAGE_SHIFT - NSIM_LINE_SHIFT)
/* Ranges kept; a program with more keeps the names of the first. */
#define RANGES_MAX (NSIM_TRACE_REGIONS_MAX - 1)
#define FILES_MAX 4096u

/* Pages touched in a 2 MiB frame. */
typedef struct {
    uint64_t key; /* frame + 1; 0: an empty slot */
    uint64_t pages[FRAME_PAGES / 64];
} Frame;

typedef struct {
    uint64_t begin, end;
    char *name; /* NULL: anonymous */
} Range;

struct _NsimRegions {
    Frame *frames; /* open addressing, at most half full */
    uint32_t frame_bits, frame_count;
    Frame *last;         /* most touches stay in a frame */
    GArray *ranges;      /* sorted, disjoint */
    GArray *passing;     /* the same, of anonymous memory told one by one */
    GHashTable *extents; /* path -> bytes from its first to its last loaded address; looked up, never iterated */
};

static void
clear_range(gpointer data)
{
    g_free(((Range *)data)->name);
}

NsimRegions *
nsim_regions_new(void)
{
    NsimRegions *regions = g_new0(NsimRegions, 1);
    regions->frame_bits = 8;
    regions->frames = g_new0(Frame, (size_t)1 << regions->frame_bits);
    regions->ranges = g_array_new(FALSE, TRUE, sizeof(Range));
    regions->passing = g_array_new(FALSE, TRUE, sizeof(Range));
    g_array_set_clear_func(regions->ranges, clear_range);
    regions->extents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return regions;
}

void
nsim_regions_free(NsimRegions *regions)
{
    if (regions == NULL)
        return;
    g_free(regions->frames);
    g_array_unref(regions->ranges);
    g_array_unref(regions->passing);
    g_hash_table_unref(regions->extents);
    g_free(regions);
}

/* ---- Touched pages --------------------------------------------------------------------------------------------- */

/* The slot that has or should have the frame `key` - 1. */
static Frame *
find_slot(const NsimRegions *regions, uint64_t key)
{
    const uint64_t mask = (UINT64_C(1) << regions->frame_bits) - 1;
    uint64_t at = key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - regions->frame_bits);
    while (regions->frames[at].key != 0 && regions->frames[at].key != key)
        at = (at + 1) & mask;
    return &regions->frames[at];
}

static void
grow_frames(NsimRegions *regions)
{
    g_autofree Frame *old = regions->frames;
    const size_t count = (size_t)1 << regions->frame_bits;
    regions->frame_bits++;
    regions->frames = g_new0(Frame, count * 2);
    for (size_t i = 0; i < count; i++)
        if (old[i].key != 0)
            *find_slot(regions, old[i].key) = old[i];
}

void
nsim_regions_touch(NsimRegions *regions, uint64_t line)
{
    const uint64_t key = (line >> LINE_TO_FRAME) + 1;
    const uint64_t page = line >> LINE_TO_PAGE & (FRAME_PAGES - 1);
    if (regions->last == NULL || regions->last->key != key) {
        Frame *frame = find_slot(regions, key);
        if (frame->key == 0) {
            if (regions->frame_count == NSIM_TRACE_FRAMES_MAX) /* here the writer gives up too */
                return;
            if (++regions->frame_count > (UINT32_C(1) << regions->frame_bits) / 2) {
                grow_frames(regions);
                frame = find_slot(regions, key);
            }
            frame->key = key;
        }
        regions->last = frame;
    }
    regions->last->pages[page / 64] |= UINT64_C(1) << page % 64;
}

/* ---- Ranges ---------------------------------------------------------------------------------------------------- */

/* The first range that ends beyond `address`. */
static guint
find_range(const GArray *ranges, uint64_t address)
{
    guint low = 0, high = ranges->len;
    while (low < high) {
        const guint middle = low + (high - low) / 2;
        if (g_array_index(ranges, Range, middle).end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Insert before `at` a range that overlaps none, or let a neighbour of the same name grow over it. */
static void
insert_range(GArray *ranges, guint at, const char *name, uint64_t begin, uint64_t end)
{
    Range *before = at > 0 ? &g_array_index(ranges, Range, at - 1) : NULL;
    Range *after = at < ranges->len ? &g_array_index(ranges, Range, at) : NULL;
    const bool joins_before = before != NULL && before->end == begin && g_strcmp0(before->name, name) == 0;
    const bool joins_after = after != NULL && after->begin == end && g_strcmp0(after->name, name) == 0;
    if (joins_before && joins_after) {
        before->end = after->end;
        g_array_remove_index(ranges, at);
    } else if (joins_before) {
        before->end = end;
    } else if (joins_after) {
        after->begin = begin;
    } else if (ranges->len < RANGES_MAX) {
        const Range range = {.begin = begin, .end = end, .name = g_strdup(name)};
        g_array_insert_val(ranges, at, range);
    }
}

/* Add what is not covered yet. */
static void
add_range(GArray *ranges, const char *name, uint64_t begin, uint64_t end)
{
    while (begin < end && ranges->len < RANGES_MAX) {
        const guint at = find_range(ranges, begin);
        const Range *next = at < ranges->len ? &g_array_index(ranges, Range, at) : NULL;
        if (next != NULL && next->begin <= begin) {
            begin = next->end;
            continue;
        }
        const uint64_t until = next != NULL ? MIN(end, next->begin) : end;
        insert_range(ranges, at, name, begin, until);
        begin = until;
    }
}

void
nsim_regions_add_anonymous(NsimRegions *regions, uint64_t begin, uint64_t bytes)
{
    begin &= ~(PAGE_BYTES - 1);
    if (bytes <= UINT64_MAX - PAGE_BYTES - begin)
        add_range(regions->passing, NULL, begin, (begin + bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
}

void
nsim_regions_end_maps(NsimRegions *regions)
{
    for (guint i = 0; i < regions->passing->len; i++) {
        const Range *range = &g_array_index(regions->passing, Range, i);
        add_range(regions->ranges, NULL, range->begin, range->end);
    }
}

void
nsim_regions_name(NsimRegions *regions, const char *name, uint64_t begin, uint64_t end)
{
    begin &= ~(PAGE_BYTES - 1);
    end = end > UINT64_MAX - PAGE_BYTES ? end : (end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    for (guint at = find_range(regions->ranges, begin); at < regions->ranges->len;
         at = find_range(regions->ranges, begin)) {
        const Range old = g_array_index(regions->ranges, Range, at);
        const uint64_t cut_begin = MAX(old.begin, begin), cut_end = MIN(old.end, end);
        if (old.begin >= end || begin >= end)
            break;
        begin = cut_end;
        if (old.name != NULL || regions->ranges->len + 2 > RANGES_MAX)
            continue;
        g_array_remove_index(regions->ranges, at);
        add_range(regions->ranges, name, cut_begin, cut_end);
        add_range(regions->ranges, NULL, old.begin, cut_begin);
        add_range(regions->ranges, NULL, cut_end, old.end);
    }
}

void
nsim_regions_name_stack(NsimRegions *regions, const char *name, uint64_t address, uint64_t below, uint64_t above)
{
    const guint at = find_range(regions->ranges, address);
    if (at == regions->ranges->len)
        return;
    const Range range = g_array_index(regions->ranges, Range, at);
    if (range.begin > address || range.name != NULL)
        return;
    const uint64_t begin = address - range.begin > below ? address - below : range.begin;
    const uint64_t end = range.end - address > above ? address + above : range.end;
    nsim_regions_name(regions, name, begin, end);
}

/* ---- Maps ------------------------------------------------------------------------------------------------------ */

/* Bytes from the first to the last loaded address of a mapped file; 0 when it is no program or library. */
static uint64_t
file_extent(NsimRegions *regions, const char *path)
{
    const uint64_t *known = g_hash_table_lookup(regions->extents, path);
    if (known != NULL)
        return *known;
    uint64_t extent = 0;
    g_autoptr(NsimElf) elf = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? nsim_elf_open(path, NULL) : NULL;
    if (elf != NULL && nsim_elf_info(elf)->is_loadable && nsim_elf_info(elf)->first_offset < PAGE_BYTES) {
        const NsimElfInfo *info = nsim_elf_info(elf);
        extent = info->load_end - (info->load_begin & ~(PAGE_BYTES - 1));
        extent = extent > UINT64_MAX - PAGE_BYTES ? 0 : (extent + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    }
    if (g_hash_table_size(regions->extents) < FILES_MAX)
        g_hash_table_insert(regions->extents, g_strdup(path), g_memdup2(&extent, sizeof extent));
    return extent;
}

typedef struct {
    uint64_t begin, end, offset;
    const char *path; /* in the line; "" when there is none */
    bool accessible;
} Mapping;

static bool
parse_mapping(char *line, Mapping *ret)
{
    char *at, permissions[4];
    ret->begin = strtoull(line, &at, 16);
    if (at == line || *at != '-')
        return false;
    char *end = at + 1;
    ret->end = strtoull(end, &at, 16);
    if (at == end || *at != ' ' || strlen(at) < 6 || ret->end <= ret->begin)
        return false;
    memcpy(permissions, at + 1, sizeof permissions);
    ret->accessible = permissions[0] == 'r' || permissions[1] == 'w';
    ret->offset = strtoull(at + 6, &at, 16);
    /* Device and inode. */
    for (unsigned field = 0; field < 2; field++) {
        at += strspn(at, " ");
        at += strcspn(at, " ");
    }
    ret->path = at + strspn(at, " ");
    return true;
}

void
nsim_regions_read_map(NsimRegions *regions, const char *map, uint64_t base)
{
    g_autofree char *text = g_strdup(map);
    g_autofree char *name = NULL;
    uint64_t file_end = 0;
    for (char *line = text, *next; line != NULL && *line != '\0'; line = next) {
        Mapping mapping;
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        /* Addresses below the base are the emulator's; what is inaccessible is a reservation or a guard. */
        if (!parse_mapping(line, &mapping) || mapping.begin < base)
            continue;
        const uint64_t begin = mapping.begin - base, end = mapping.end - base;
        if (mapping.path[0] == '/') {
            g_autofree char *mapped = g_path_get_basename(mapping.path);
            if (mapping.offset == 0 || g_strcmp0(name, mapped) != 0)
                file_end = mapping.offset == 0 ? begin + file_extent(regions, mapping.path) : 0;
            g_free(name);
            name = g_steal_pointer(&mapped);
            if (mapping.accessible)
                add_range(regions->ranges, name, begin, end);
            continue;
        }
        /* The data of a program or library, where the loader read it or zeroed it. */
        const uint64_t data_end = MIN(MAX(file_end, begin), end);
        if (data_end > begin && mapping.accessible)
            add_range(regions->ranges, name, begin, data_end);
        if (mapping.accessible)
            add_range(regions->ranges, NULL, data_end, end);
    }
}

/* ---- Regions --------------------------------------------------------------------------------------------------- */

static int
compare_frames(gconstpointer a, gconstpointer b)
{
    const uint64_t x = ((const Frame *)a)->key, y = ((const Frame *)b)->key;
    return (x > y) - (x < y);
}

/* The touched frames, in order of address; the table is gone. */
static GArray *
sort_frames(NsimRegions *regions)
{
    GArray *frames = g_array_sized_new(FALSE, FALSE, sizeof(Frame), regions->frame_count);
    for (size_t i = 0; i < (size_t)1 << regions->frame_bits; i++)
        if (regions->frames[i].key != 0)
            g_array_append_val(frames, regions->frames[i]);
    g_clear_pointer(&regions->frames, g_free);
    regions->last = NULL;
    g_array_sort(frames, compare_frames);
    return frames;
}

/* What was touched, as it becomes regions one after the other. */
typedef struct {
    NsimTraceWriter *writer;
    const Range *range;  /* that the open region is in; NULL: none */
    uint64_t begin, end; /* of the open region; equal: none is open */
    unsigned anonymous, unnamed, written;
} Regions;

static void
close_region(Regions *open)
{
    g_autofree char *made = NULL;
    if (open->begin == open->end)
        return;
    if (open->range == NULL)
        made = g_strdup_printf("unnamed-%u", open->unnamed++);
    else if (open->range->name == NULL)
        made = g_strdup_printf("anon-%u", open->anonymous++);
    if (open->written++ < NSIM_TRACE_REGIONS_MAX)
        nsim_trace_writer_add_region(open->writer, made != NULL ? made : open->range->name, open->begin,
                                     open->end - open->begin);
    open->begin = open->end = 0;
}

static void
write_page(NsimRegions *regions, Regions *open, uint64_t address)
{
    const bool is_open = open->begin < open->end;
    /* Most pages follow one of the same range. */
    if (!is_open || open->range == NULL || address < open->range->begin || address >= open->range->end) {
        const guint at = find_range(regions->ranges, address);
        const Range *range = at < regions->ranges->len ? &g_array_index(regions->ranges, Range, at) : NULL;
        if (range != NULL && range->begin > address)
            range = NULL;
        if (range != open->range || (range == NULL && address != open->end))
            close_region(open);
        open->range = range;
    }
    if (open->begin == open->end)
        open->begin = address;
    open->end = address + PAGE_BYTES;
}

void
nsim_regions_write(NsimRegions *regions, NsimTraceWriter *writer)
{
    g_autoptr(GArray) frames = sort_frames(regions);
    Regions open = {.writer = writer};
    for (guint i = 0; i < frames->len; i++) {
        const Frame *frame = &g_array_index(frames, Frame, i);
        for (unsigned page = 0; page < FRAME_PAGES; page++)
            if (frame->pages[page / 64] >> page % 64 & 1)
                write_page(regions, &open, ((frame->key - 1) << NSIM_FRAME_SHIFT) + ((uint64_t)page << PAGE_SHIFT));
    }
    close_region(&open);
}
