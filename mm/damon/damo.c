/* SPDX-License-Identifier: MIT */
/* Texts of DAMON's users. */
#include <mm/damon/damo.h>

#include <gio/gio.h>

NsimDamonPlan *
nsim_damo_read(const char *text, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "texts cannot be read yet: %.20s", text);
    return NULL;
}
