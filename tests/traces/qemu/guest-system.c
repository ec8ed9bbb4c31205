/* SPDX-License-Identifier: MIT */
/* A program to be captured in a machine, which does what its first argument says. Its place in memory is known. */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define ROUNDS 1000

/* Physical address of a page of ours. */
static uint64_t
find(const void *page)
{
    uint64_t entry = 0;
    const int fd = open("/proc/self/pagemap", O_RDONLY);
    if (fd < 0 || pread(fd, &entry, sizeof entry, (off_t)((uintptr_t)page / PAGE_BYTES * 8)) != sizeof entry)
        return 0;
    close(fd);
    return (entry & ((UINT64_C(1) << 55) - 1)) * PAGE_BYTES;
}

/* Store to the lines of one page of a node, again and again, and say where it is. */
static int
use_page(unsigned node)
{
    const unsigned long nodes = 1ul << node;
    volatile char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || syscall(SYS_mbind, page, PAGE_BYTES, MPOL_BIND, &nodes, 8 * sizeof nodes, 0) < 0)
        return 9;
    for (unsigned i = 0; i < ROUNDS * PAGE_BYTES; i += 64)
        page[i % PAGE_BYTES]++;
    printf("0x%016llx\n", (unsigned long long)find((const void *)page));
    return 0;
}

static int
show_file(const char *path)
{
    char line[80] = "";
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        return 9;
    fclose(file);
    fputs(line, stderr);
    return 0;
}

static int
touch(size_t bytes)
{
    volatile char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 9;
    for (size_t i = 0; i < bytes; i += PAGE_BYTES)
        memory[i] = 1;
    return 5;
}

int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "page") == 0)
        return use_page((unsigned)atoi(argv[2])) + show_file(argv[3]);
    if (argc == 3 && strcmp(argv[1], "touch") == 0)
        return touch((size_t)atoi(argv[2]) << 20);
    return 8;
}
