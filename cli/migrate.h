/* SPDX-License-Identifier: MIT */
/* Parts of `numasim migrate`. */
#pragma once

#include <experiment/migrate-plan.h>

/* Can a plot be made there: the name's ending is known, gnuplot is there, the folder can be written? */
bool nsim_migrate_plot_check(const char *path, GError **error);
/* Draw the sweep into FILE.png or FILE.svg. */
bool nsim_migrate_plot(const NsimMigratePlan *plan, const NsimMigrateOutcome *outcomes, const char *path,
                       GError **error);
