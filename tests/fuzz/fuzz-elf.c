/* SPDX-License-Identifier: MIT */
/* Fuzz target of the ELF reader: any bytes are an error with a message, or a program with a place to be loaded at. */
#include <traces/qemu/elf.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"main", "", "_start", "printf"};
    char path[64];
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    g_snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimElf) elf = nsim_elf_open(path, &error);
    if ((elf == NULL) != (error != NULL) || (error != NULL && error->message[0] == '\0'))
        abort();
    if (elf != NULL) {
        const NsimElfInfo *info = nsim_elf_info(elf);
        uint64_t address;
        if (info->is_loadable && info->load_end < info->load_begin)
            abort();
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
            (void)nsim_elf_find_symbol(elf, names[i], &address);
        g_free(nsim_elf_dup_interpreter(elf));
    }
    close(fd);
    return 0;
}
