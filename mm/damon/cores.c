/* SPDX-License-Identifier: MIT */
/* CPUs for kdamonds, as cores.h says. */
#include <mm/damon/cores.h>

#include <mm/damon/report.h>

#include <gio/gio.h>
#include <string.h>

GArray *
nsim_damon_cores_read(const char *text, GError **error)
{
    g_autoptr(GArray) cores = g_array_new(FALSE, FALSE, sizeof(int32_t));
    g_auto(GStrv) words = g_strsplit_set(text, ", ", -1);
    size_t at = 1;
    for (char **word = words; *word != NULL; word++) {
        guint64 number = 0;
        const bool any = strcmp(*word, "any") == 0;
        if (!any && !g_ascii_string_to_unsigned(*word, 10, 0, G_MAXINT32, &number, NULL)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "character %" G_GSIZE_FORMAT ": '%s' is neither the number of a CPU nor 'any'", at, *word);
            return NULL;
        }
        const int32_t core = any ? -1 : (int32_t)number;
        g_array_append_val(cores, core);
        at += strlen(*word) + 1;
    }
    return g_steal_pointer(&cores);
}

/* Of all cores of the machine in order; -1: the machine has no such CPU. */
static int32_t
index_of(const NsimCpus *cpus, int32_t number)
{
    for (uint32_t c = 0; c < cpus->core_count; c++) {
        const NsimCpuCore *core = &cpus->cores[c];
        if (cpus->machine->accessors[core->accessor].kind == NSIM_ACCESSOR_CPU &&
            nsim_damon_cpu(cpus->machine, core->accessor, core->number) == number)
            return (int32_t)c;
    }
    return -1;
}

static uint32_t
cpu_count(const NsimMachine *machine)
{
    uint32_t count = 0;
    for (uint32_t a = 0; a < machine->accessor_count; a++)
        count += machine->accessors[a].kind == NSIM_ACCESSOR_CPU ? machine->accessors[a].core_count : 0;
    return count;
}

bool
nsim_damon_cores_set(const char *text, const NsimDamonPlan *plan, const NsimCpus *cpus, GError **error)
{
    g_autoptr(GArray) cores = nsim_damon_cores_read(text, error);
    if (cores == NULL)
        return false;
    if (cores->len != 1 && cores->len != plan->kdamonds->len) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "%u CPUs for %u kdamonds: give one for all, or one for each", cores->len, plan->kdamonds->len);
        return false;
    }
    for (guint k = 0; k < plan->kdamonds->len; k++) {
        NsimKdamondPlan *kdamond = g_ptr_array_index(plan->kdamonds, k);
        const int32_t number = g_array_index(cores, int32_t, cores->len == 1 ? 0 : k);
        const int32_t core = number < 0 ? -1 : index_of(cpus, number);
        if (number >= 0 && core < 0) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                        "there is no CPU %d: the machine has %u, numbered from 0", number, cpu_count(cpus->machine));
            return false;
        }
        if (kdamond->core < 0)
            kdamond->core = core;
    }
    return true;
}
