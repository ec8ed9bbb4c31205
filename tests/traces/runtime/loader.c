/* SPDX-License-Identifier: MIT */
/* Loads the library named and has it touch 8 MiB, three times over. */
#include <numasim/capture.h>

#include <dlfcn.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    const size_t bytes = (size_t)8 << 20;
    char *memory = nsim_capture_map("touched by the plug-in", bytes);
    for (int i = 0; i < 3; i++) {
        void *plugin = dlopen(argv[argc - 1], RTLD_NOW);
        void (*touch)(char *, size_t) = NULL;
        if (plugin)
            *(void **)&touch = dlsym(plugin, "plugin_touch");
        if (!touch) {
            printf("%s\n", dlerror());
            return 1;
        }
        touch(memory, bytes);
        dlclose(plugin);
    }
    return 0;
}
