/* SPDX-License-Identifier: MIT */
/*
 * The schemes of TPP-DAMON, whose options single-path and per-accessor tiering share.
 */
#pragma once

#include "policies/damo-text.h"
#include "policies/node-list.h"

/* Config fields, in a policy's own struct. */
typedef struct {
    const char *monitoring;
    const char *hot;
    uint64_t quota_bytes;
    NsimTime quota_interval_ps, apply_interval_ps;
    uint64_t free_goal_ppm, used_goal_ppm;
    bool young;
} DamonTiering;

/* Option rows of the fields; `Config` has a DamonTiering named `tiering`. */
#define DAMON_TIERING_OPTIONS(Config)                                                                                  \
    {.key = "monitoring",                                                                                              \
     .type = NSIM_OPTION_STRING,                                                                                       \
     .offset = offsetof(Config, tiering.monitoring),                                                                   \
     .default_text = "--monitoring_intervals_goal 4% 3 5ms 10s",                                                       \
     .help = "how each kdamond monitors, in damo's words",                                                             \
     .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"},                                                       \
        {.key = "hot",                                                                                                 \
         .type = NSIM_OPTION_STRING,                                                                                   \
         .offset = offsetof(Config, tiering.hot),                                                                      \
         .default_text = "5% max",                                                                                     \
         .help = "access rates that are promoted, least and largest",                                                  \
         .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"},                                                   \
        {.key = "quota",                                                                                               \
         .type = NSIM_OPTION_BYTES,                                                                                    \
         .offset = offsetof(Config, tiering.quota_bytes),                                                              \
         .min = 4096,                                                                                                  \
         .max = (uint64_t)1 << 50,                                                                                     \
         .default_text = "200MiB",                                                                                     \
         .help = "bytes a scheme may try in a quota interval",                                                         \
         .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"},                                                   \
        {.key = "quota_interval",                                                                                      \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, tiering.quota_interval_ps),                                                        \
         .min = 1000000000ull,                                                                                         \
         .max = 1000000000000000ull,                                                                                   \
         .default_text = "1s",                                                                                         \
         .help = "window of the quota",                                                                                \
         .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"},                                                   \
        {.key = "apply_interval",                                                                                      \
         .type = NSIM_OPTION_TIME,                                                                                     \
         .offset = offsetof(Config, tiering.apply_interval_ps),                                                        \
         .min = 1000000ull,                                                                                            \
         .max = 1000000000000000ull,                                                                                   \
         .default_text = "1s",                                                                                         \
         .help = "time between applications of a scheme",                                                              \
         .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"},                                                   \
        {.key = "free_goal",                                                                                           \
         .type = NSIM_OPTION_RATIO,                                                                                    \
         .offset = offsetof(Config, tiering.free_goal_ppm),                                                            \
         .max = 1000000,                                                                                               \
         .default_text = "0.5%",                                                                                       \
         .help = "share of a node that demotion wants free",                                                           \
         .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"},                                                   \
        {.key = "used_goal",                                                                                           \
         .type = NSIM_OPTION_RATIO,                                                                                    \
         .offset = offsetof(Config, tiering.used_goal_ppm),                                                            \
         .max = 1000000,                                                                                               \
         .default_text = "99.7%",                                                                                      \
         .help = "share of a node that promotion wants used",                                                          \
         .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"},                                                   \
    {                                                                                                                  \
        .key = "young", .type = NSIM_OPTION_BOOL, .offset = offsetof(Config, tiering.young), .default_text = "yes",    \
        .help = "look at each page again before it moves: only young ones go up, none of them down",                   \
        .source = "Park, LPC 2025 talk; damo scripts/mem_tier.sh"                                                      \
    }

#define DAMON_TIERING_OPTION_COUNT 8

/*
 * One kdamond for each node of the path: what is cold there goes to the next node, what is hot to the one before.
 * `words`, nullable, are put behind those of the monitoring; `sample_filter`, nullable, is each kdamond's.
 */
void damon_tiering_append(DamoText *damo, const NsimHost *host, const DamonTiering *tiering, const NodeList *path,
                          const char *words, const char *sample_filter);
