/* SPDX-License-Identifier: MIT */
/* The version of numasim these headers belong to. */
#pragma once

#define NSIM_VERSION "0.1.0"
