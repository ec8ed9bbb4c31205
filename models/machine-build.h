/* SPDX-License-Identifier: MIT */
/*
 * A machine while it is read; for models/machine*.c and models/curve*.c alone.
 *
 * The way: machine-parse.c reads points, nodes and links, machine-accessor.c the accessors, curve-parse.c the curves,
 * machine-engine.c the copy engines, machine-migration.c the costs of migration; machine-table.c reads a latency table
 * if there is one; machine-check.c refuses what cannot be a machine; machine-route.c finds the routes.
 */
#pragma once

#include <models/machine.h>

/* Bounds that keep all sums in range: latencies and rates outside are slips of a unit. */
#define NSIM_LATENCY_MAX_PS (10 * NSIM_S)
#define NSIM_RATE_MIN_BYTES_PER_S ((uint64_t)1000 * 1000)                     /* a line takes 64 us */
#define NSIM_RATE_MAX_BYTES_PER_S ((uint64_t)64 * 1000 * 1000 * 1000 * 1000) /* a line takes 1 ps */
#define NSIM_CAPACITY_MAX_BYTES ((uint64_t)1 << 52)
#define NSIM_NO_LINK UINT32_MAX
#define NSIM_NO_POINT UINT32_MAX

/* The machine as allocated: what nsim_machine_unref() frees follows the public part. */
typedef struct {
    NsimMachine public;
    gatomicrefcount references;
    GStringChunk *strings;
    GPtrArray *owned;
} NsimMachineFull;

typedef enum { NSIM_POINT_PLAIN, NSIM_POINT_NODE, NSIM_POINT_ACCESSOR, NSIM_POINT_ENGINE } NsimPointKind;

/* Something links can join. */
typedef struct {
    const char *id;
    NsimPointKind kind;
    uint32_t index;         /* of the node, accessor or engine */
    bool forwards;          /* traffic may come in by one link and leave by another */
    const NsimValue *value; /* where it was declared, for messages */
} NsimPoint;

/* A link, or an `at:`, which is a link that costs nothing. */
typedef struct {
    uint32_t ends[2]; /* points */
    uint32_t link;    /* NSIM_NO_LINK: ideal */
} NsimEdge;

typedef enum { NSIM_LATENCY_LINKS, NSIM_LATENCY_RELATIVE, NSIM_LATENCY_SLIT } NsimLatencyForm;

typedef struct {
    char *text;
    GPtrArray *ids; /* borrowed strings */
} NsimAssumption;

typedef struct {
    NsimMachineFull *full;
    const NsimValue *root;
    NsimMemoryNode *nodes;
    NsimAccessor *accessors;
    NsimLink *links;
    NsimCopyEngine *engines;
    uint32_t node_count, accessor_count, link_count, engine_count;
    const NsimValue *links_value;  /* NULL: no `links:` */
    const NsimValue *engines_value;
    GArray *points;                /* NsimPoint: nodes, then accessors, then plain ones, then engines */
    GHashTable *point_by_id;       /* id -> index + 1; for look-ups only */
    GArray *edges;                 /* NsimEdge, `at:` first, then links in file order */
    GArray *resources;             /* NsimResource */
    NsimLatencyForm form;
    const NsimValue *curves_value; /* NULL: no `curves:` */
    NsimCurve *curves;             /* of `curves:`, in file order */
    NsimTime *table;               /* of the table forms: accessors and then engines x nodes; see machine-table.c */
    GPtrArray *assumptions;        /* NsimAssumption */
} NsimMachineBuild;

/* Memory and strings that live as long as the machine. */
void *nsim_build_alloc(NsimMachineBuild *build, size_t count, size_t size);
const char *nsim_build_string(NsimMachineBuild *build, const char *text);
/* Note that `text` was filled in for `id`; equal texts are told in one sentence. */
void nsim_build_assume(NsimMachineBuild *build, const char *id, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Quantities within the bounds above. */
bool nsim_build_read_latency(const NsimValue *map, const char *key, bool required, NsimTime *ret, GError **error);
bool nsim_build_read_rate(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error);
/* Key `id` of a map: a name of letters, digits, '_', '-', '.' that begins with a letter. */
bool nsim_build_read_id(NsimMachineBuild *build, const NsimValue *map, const char **ret, GError **error);
/* Text on one line, for people: the value, or the value of a key. */
bool nsim_build_check_line(const NsimValue *value, const char *what, GError **error);
bool nsim_build_read_line(NsimMachineBuild *build, const NsimValue *map, const char *key, const char *fallback,
                          const char **ret, GError **error);
/* A list of at most `max` entries (limit's name in `limit`); a missing one has none. */
bool nsim_build_read_list(const NsimValue *map, const char *key, bool required, uint32_t max, const char *limit,
                          const NsimValue **ret, GError **error);
/* The point called `value`'s text; an error names the nearest. */
bool nsim_build_find_point(const NsimMachineBuild *build, const NsimValue *value, uint32_t *ret, GError **error);
bool nsim_build_add_point(NsimMachineBuild *build, const char *id, NsimPointKind kind, uint32_t index,
                          const NsimValue *value, GError **error);
uint32_t nsim_build_node_point(const NsimMachineBuild *build, uint32_t node);
uint32_t nsim_build_accessor_point(const NsimMachineBuild *build, uint32_t accessor);
uint32_t nsim_build_engine_point(const NsimMachineBuild *build, uint32_t engine);
/* Key `at` of a map: an ideal link from `point` to an existing one. `ret` (nullable) is that one, or NSIM_NO_POINT. */
bool nsim_build_parse_at(NsimMachineBuild *build, const NsimValue *map, uint32_t point, uint32_t *ret, GError **error);

/* One quantity of a structure of parameters that have presets. */
typedef enum { NSIM_FIELD_COUNT, NSIM_FIELD_BYTES, NSIM_FIELD_RATE, NSIM_FIELD_TIME, NSIM_FIELD_BOOL } NsimFieldKind;

typedef struct {
    const char *map; /* the map below the outer one that holds the key, or NULL */
    const char *key;
    NsimFieldKind kind;
    size_t offset;        /* uint32_t for counts, bool, else uint64_t */
    uint64_t least, most; /* of counts and bytes */
} NsimField;

/* Where a field is given: the value, or NULL. */
const NsimValue *nsim_field_value(const NsimField *field, const NsimValue *map);
/* Override a field by what `map` says of it, if it does. */
bool nsim_field_read(const NsimField *field, const NsimValue *map, void *structure, GError **error);
/* Key `key`: the index of one of `words`, unchanged without the key; an error suggests the nearest. */
bool nsim_field_read_preset(const NsimValue *map, const char *key, const char *const *words, uint32_t *ret,
                            GError **error);
/* Those of `fields` in the mask that `map` does not give: "flush page 150ns, wake 2us", or "". (transfer full) */
char *nsim_fields_left_out(const NsimField *fields, uint32_t count, uint32_t mask, const NsimValue *map,
                           const void *structure);

/* machine-parse.c: points, nodes, accessors, links, resources. */
bool nsim_build_parse(NsimMachineBuild *build, GError **error);
/* machine-accessor.c */
bool nsim_build_parse_accessor(NsimMachineBuild *build, const NsimValue *map, NsimAccessor *accessor, GError **error);
/* curve-parse.c: `curves:` of the machine, and key `curve` of a node: a name among them or a curve. */
bool nsim_build_parse_curves(NsimMachineBuild *build, GError **error);
bool nsim_build_parse_curve(NsimMachineBuild *build, const NsimValue *value, NsimCurve *ret, GError **error);
/* Points LOAD: TIME of key `key`: loads rise, times do not fall and begin at `least_ps` or more. */
bool nsim_build_parse_points(NsimMachineBuild *build, const NsimValue *points, const char *key, NsimTime least_ps,
                             uint32_t *ret_count, const uint64_t **ret_loads, const NsimTime **ret_times,
                             GError **error);
/* machine-engine.c: `copy_engines`, when all points are known. */
bool nsim_build_parse_engines(NsimMachineBuild *build, GError **error);
/* machine-migration.c: `migration`. */
bool nsim_build_parse_migration(NsimMachineBuild *build, GError **error);
/* machine-table.c: `relative_latency` or `slit`; sets form and table. */
bool nsim_build_parse_table(NsimMachineBuild *build, GError **error);
/* machine-check.c */
bool nsim_build_check(NsimMachineBuild *build, GError **error);
/* machine-route.c: routes and node order into the public part. */
bool nsim_build_routes(NsimMachineBuild *build, GError **error);
