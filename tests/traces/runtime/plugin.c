/* SPDX-License-Identifier: MIT */
/* A library that is loaded while its program runs: touches each line of the memory it is given. */
#include <stddef.h>

void plugin_touch(char *memory, size_t bytes);

void
plugin_touch(char *memory, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        memory[i]++;
}
