/* SPDX-License-Identifier: MIT */
/* Where the pages of an area are, by its page table (Linux, Documentation/admin-guide/mm/pagemap.rst). */
#include "guest.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define PRESENT (UINT64_C(1) << 63)
#define FRAME ((UINT64_C(1) << 55) - 1)

static uint64_t entries[RUN_AREA_PAGES];

static void
count_page(Placement *placement, uint32_t page, uint64_t address, uint64_t split)
{
    const uint32_t tenth = page / RUN_TENTH_PAGES;
    placement->pages++;
    if (address >= split)
        return;
    placement->near_pages++;
    placement->near[tenth < RUN_TENTHS ? tenth : RUN_TENTHS - 1]++;
    if (address < placement->first)
        placement->first = address;
    if (address + RUN_PAGE_BYTES > placement->end)
        placement->end = address + RUN_PAGE_BYTES;
}

Placement
place_of(pid_t pid, uint64_t area, uint64_t split)
{
    char path[64];
    Placement placement = {.first = UINT64_MAX};
    snprintf(path, sizeof path, "/proc/%d/pagemap", (int)pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || pread(fd, entries, sizeof entries, (off_t)(area / RUN_PAGE_BYTES * sizeof entries[0])) !=
                      (ssize_t)sizeof entries)
        fail("cannot read %s", path);
    close(fd);
    for (uint32_t page = 0; page < RUN_AREA_PAGES; page++)
        if ((entries[page] & PRESENT) != 0)
            count_page(&placement, page, (entries[page] & FRAME) * RUN_PAGE_BYTES, split);
    return placement;
}
