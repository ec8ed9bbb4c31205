/* SPDX-License-Identifier: MIT */
/* The ranges of maps.h: a sorted array, rebuilt at each update. */
#include "maps.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Mappings beyond these are left out (Linux allows 65530 by itself), and so are ranges kept of what is gone. */
#define MAPS_MAX 60000u

static void
clear_map(gpointer data)
{
    g_free(((NsimMap *)data)->name);
}

static GArray *
new_array(void)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(NsimMap));
    g_array_set_clear_func(array, clear_map);
    return array;
}

void
nsim_maps_init(NsimMaps *maps)
{
    maps->maps = new_array();
}

void
nsim_maps_clear(NsimMaps *maps)
{
    g_array_unref(maps->maps);
    maps->maps = NULL;
}

static NsimMap *
map_at(const GArray *array, uint32_t index)
{
    return &g_array_index(array, NsimMap, index);
}

/* The first range that ends above `address`. */
static uint32_t
find_above(const GArray *array, uint64_t address)
{
    uint32_t low = 0, high = array->len;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (map_at(array, middle)->end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool
is_same(const NsimMap *a, const NsimMap *b)
{
    return a->kind == b->kind && strcmp(a->name, b->name) == 0;
}

/* At the end of `array`, or one with the range before it. Takes the name. */
static void
append(GArray *array, NsimMap map)
{
    NsimMap *before = array->len > 0 ? map_at(array, array->len - 1) : NULL;
    if (before && before->end == map.address && is_same(before, &map) && map.kind != NSIM_MAP_ANONYMOUS) {
        before->end = map.end;
        before->is_touched |= map.is_touched;
        g_free(map.name);
    } else if (array->len < MAPS_MAX) {
        g_array_append_val(array, map);
    } else {
        g_free(map.name);
    }
}

/* A line of the file: "begin-end perms offset device inode path". False: not one that is wanted. */
static bool
parse_line(const char *line, const NsimMap *before, NsimMap *ret_map)
{
    uint64_t begin, end;
    char perms[5];
    int at = -1;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &begin, &end, perms, &at) < 3 || at < 0)
        return false;
    if (begin >= end || perms[0] != 'r')
        return false;
    const char *path = line + at;
    if (strcmp(path, "[vvar]") == 0 || strcmp(path, "[vdso]") == 0 || strcmp(path, "[vsyscall]") == 0)
        return false;
    NsimMap map = {.address = begin, .end = end};
    const char *slash = strrchr(path, '/');
    if (path[0] == '[') {
        map.kind = NSIM_MAP_SPECIAL;
    } else if (slash) {
        map.kind = perms[1] == 'w' && perms[3] == 'p' ? NSIM_MAP_DATA : NSIM_MAP_FILE;
        path = slash + 1;
    } else if (before && before->end == begin && before->kind == NSIM_MAP_DATA) {
        map.kind = NSIM_MAP_ZERO; /* what a program's data is followed by */
        path = before->name;
    } else {
        map.kind = NSIM_MAP_ANONYMOUS;
        path = "";
    }
    map.name = g_strdup(path);
    *ret_map = map;
    return true;
}

static GArray *
parse_text(const char *text)
{
    GArray *array = new_array();
    while (*text != '\0') {
        const char *end = strchrnul(text, '\n');
        g_autofree char *line = g_strndup(text, (gsize)(end - text));
        const NsimMap *before = array->len > 0 ? map_at(array, array->len - 1) : NULL;
        NsimMap map;
        if (parse_line(line, before, &map)) {
            if (before && map.address < before->end) /* never in a real one */
                g_free(map.name);
            else
                append(array, map);
        }
        text = *end == '\n' ? end + 1 : end;
    }
    return array;
}

/* What is touched of the old ranges stays so where the new ones say the same. */
static void
inherit(GArray *now, const GArray *old)
{
    for (uint32_t i = 0; i < now->len; i++) {
        NsimMap *map = map_at(now, i);
        for (uint32_t j = find_above(old, map->address); j < old->len && map_at(old, j)->address < map->end; j++)
            map->is_touched |= map_at(old, j)->is_touched && is_same(map_at(old, j), map);
    }
}

static int
compare(gconstpointer a, gconstpointer b)
{
    const uint64_t x = ((const NsimMap *)a)->address, y = ((const NsimMap *)b)->address;
    return (x > y) - (x < y);
}

/* The parts of `map` that `over` leaves free, at the end of `array`. */
static void
append_rest(GArray *array, const NsimMap *map, const GArray *over)
{
    uint64_t at = map->address;
    for (uint32_t i = find_above(over, at); at < map->end; i++) {
        const bool is_covered = i < over->len && map_at(over, i)->address < map->end;
        const uint64_t stop = is_covered ? map_at(over, i)->address : map->end;
        if (at < stop && array->len < MAPS_MAX) {
            NsimMap rest = *map;
            rest.address = at;
            rest.end = stop;
            rest.name = g_strdup(map->name);
            g_array_append_val(array, rest);
        }
        if (!is_covered)
            return;
        at = map_at(over, i)->end;
    }
}

/* `over`, and what of the touched ranges of `maps` it leaves free. Takes `over`. */
static void
put_over(NsimMaps *maps, GArray *over)
{
    g_autoptr(GArray) rest = new_array();
    for (uint32_t i = 0; i < maps->maps->len; i++)
        if (map_at(maps->maps, i)->is_touched)
            append_rest(rest, map_at(maps->maps, i), over);
    for (uint32_t i = 0; i < rest->len; i++) {
        NsimMap map = *map_at(rest, i);
        map.name = g_strdup(map.name);
        g_array_append_val(over, map);
    }
    g_array_sort(over, compare);
    g_array_unref(maps->maps);
    maps->maps = over;
}

void
nsim_maps_update(NsimMaps *maps, const char *text)
{
    GArray *now = parse_text(text);
    inherit(now, maps->maps);
    put_over(maps, now);
}

bool
nsim_maps_touch(NsimMaps *maps, uint64_t address, uint64_t bytes)
{
    const uint64_t end = address + bytes;
    uint64_t at = address;
    for (uint32_t i = find_above(maps->maps, address); i < maps->maps->len && at < end; i++) {
        NsimMap *map = map_at(maps->maps, i);
        if (map->address > at)
            return false;
        map->is_touched = true;
        at = map->end;
    }
    return at >= end;
}

void
nsim_maps_name(NsimMaps *maps, const char *name, uint64_t address, uint64_t bytes)
{
    if (bytes == 0 || bytes > UINT64_MAX - address)
        return;
    GArray *over = new_array();
    const NsimMap map = {address, address + bytes, g_strdup(name), NSIM_MAP_SPECIAL, true};
    g_array_append_val(over, map);
    put_over(maps, over);
}
