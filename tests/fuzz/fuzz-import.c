/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the importers: any text is an error or gives YAML that loads. The first byte chooses the format, so
 * that both readers see texts that do not look like theirs.
 */
#include <models/import.h>
#include <models/machine.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const NsimImportFormat formats[] = {NSIM_IMPORT_AUTO, NSIM_IMPORT_NUMACTL, NSIM_IMPORT_HWLOC};
    if (size == 0)
        return 0;
    g_autoptr(GError) error = NULL;
    g_autofree char *yaml = nsim_import_machine((const char *)data + 1, size - 1, "fuzz", formats[data[0] % 3], &error);
    if ((yaml == NULL) != (error != NULL))
        abort();
    if (!yaml)
        return 0;
    g_autoptr(NsimDocument) document = nsim_document_parse(yaml, strlen(yaml), "imported", NULL);
    g_autoptr(NsimMachine) machine =
        document ? nsim_machine_from_value(nsim_value_get(nsim_document_root(document), "machine"), ".", NULL) : NULL;
    if (!machine)
        abort();
    return 0;
}
