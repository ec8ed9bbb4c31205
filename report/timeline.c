/* SPDX-License-Identifier: MIT */
/* --timeline: what happened in each interval of simulated time, a CSV row for each interval of each run. */
#include <report/render.h>

#include <report/csv.h>

static void
write_heading(NsimCsv *csv, const NsimResult *result)
{
    static const char *const first[] = {"run",          "policy",          "label",         "time_ns",
                                        "access_count", "latency_mean_ns", "migrated_bytes"};
    for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
        nsim_csv_text(csv, first[i]);
    for (uint32_t i = 0; result->run_count > 0 && i < result->node_count; i++) {
        nsim_csv_printf(csv, "node.%s.read_bytes", result->runs[0].nodes[i].id);
        nsim_csv_printf(csv, "node.%s.write_bytes", result->runs[0].nodes[i].id);
    }
    for (uint32_t i = 0; result->run_count > 0 && i < result->link_count; i++) {
        nsim_csv_printf(csv, "link.%s.forward_bytes", result->runs[0].links[i].id);
        nsim_csv_printf(csv, "link.%s.reverse_bytes", result->runs[0].links[i].id);
    }
    nsim_csv_end_line(csv);
}

static void
write_row(NsimCsv *csv, const NsimResult *result, uint32_t index, const NsimTimelineRow *row)
{
    nsim_csv_uint(csv, index);
    nsim_csv_text(csv, result->runs[index].policy);
    nsim_csv_text(csv, result->runs[index].label);
    nsim_csv_ns(csv, row->time_ps);
    nsim_csv_uint(csv, row->access_count);
    nsim_csv_ns(csv, row->latency_mean_ps);
    nsim_csv_uint(csv, row->migrated_bytes);
    for (uint32_t i = 0; i < result->node_count; i++) {
        nsim_csv_uint(csv, row->node_read_bytes[i]);
        nsim_csv_uint(csv, row->node_write_bytes[i]);
    }
    for (uint32_t i = 0; i < result->link_count; i++) {
        nsim_csv_uint(csv, row->link_forward_bytes[i]);
        nsim_csv_uint(csv, row->link_reverse_bytes[i]);
    }
    nsim_csv_end_line(csv);
}

char *
nsim_render_timeline(const NsimResult *result)
{
    NsimCsv csv = {.out = g_string_new(NULL)};
    write_heading(&csv, result);
    for (uint32_t run = 0; run < result->run_count; run++)
        for (uint32_t i = 0; i < result->runs[run].timeline_count; i++)
            write_row(&csv, result, run, &result->runs[run].timeline[i]);
    return g_string_free(csv.out, FALSE);
}
