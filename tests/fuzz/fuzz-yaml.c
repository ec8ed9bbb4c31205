/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the YAML reader and the machine description: any text is a machine or an error, and a machine can be
 * described. Names of other files are not followed: what they would open is not the input's.
 */
#include <models/machine.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
use_machine(const NsimValue *value)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimMachine) machine = nsim_machine_from_value(value, ".", &error);
    if ((machine == NULL) != (error != NULL))
        abort();
    if (!machine)
        return;
    g_autofree char *text = nsim_machine_describe(machine, machine->accessor_count < 8);
    if (*text == '\0')
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(NsimDocument) document = nsim_document_parse((const char *)data, size, "fuzz", &error);
    if ((document == NULL) != (error != NULL))
        abort();
    if (!document)
        return 0;
    const NsimValue *root = nsim_document_root(document);
    const NsimValue *machine = nsim_value_get(root, "machine");
    if (!machine)
        machine = root;
    if (nsim_value_kind(machine) != NSIM_VALUE_SCALAR)
        use_machine(machine);
    return 0;
}
