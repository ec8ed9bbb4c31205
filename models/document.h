/* SPDX-License-Identifier: MIT */
/*
 * A YAML document as a tree that remembers where each value stood, so that every later complaint can name
 * file:line:column. Aliases, tags and merge keys are refused; duplicate keys are errors.
 */
#pragma once

#include <glib.h>
#include <numasim/types.h>

#define NSIM_CONFIG_ERROR (nsim_config_error_quark())
GQuark nsim_config_error_quark(void);

typedef enum {
    NSIM_CONFIG_ERROR_IO,     /* the file cannot be read */
    NSIM_CONFIG_ERROR_SYNTAX, /* not YAML */
    NSIM_CONFIG_ERROR_VALUE   /* a key, value, unit or reference is wrong */
} NsimConfigError;

typedef enum { NSIM_VALUE_SCALAR, NSIM_VALUE_LIST, NSIM_VALUE_MAP } NsimValueKind;

/* A value borrowed from its document. */
typedef struct _NsimValue NsimValue;
typedef struct _NsimDocument NsimDocument;

#define NSIM_DOCUMENT_BYTES_MAX (16u << 20)
#define NSIM_DOCUMENT_DEPTH_MAX 64u
#define NSIM_DOCUMENT_VALUES_MAX (1u << 20) /* scalars, lists and maps of one document, keys not counted */

/* Read a file, or a text that errors call `name`. (transfer full) */
NsimDocument *nsim_document_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
NsimDocument *nsim_document_parse(const char *text, size_t length, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void nsim_document_free(NsimDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NsimDocument, nsim_document_free)
const NsimValue *nsim_document_root(const NsimDocument *document);
const char *nsim_document_name(const NsimDocument *document);

NsimValueKind nsim_value_kind(const NsimValue *value);
/* Scalars: the text as written, without quotes. Never contains a NUL. NULL for other kinds. */
const char *nsim_value_text(const NsimValue *value);
/* Lists and maps: number of items. */
uint32_t nsim_value_count(const NsimValue *value);
/* Lists: item i. Maps: the i-th value in file order, its key in nsim_value_key(). */
const NsimValue *nsim_value_item(const NsimValue *value, uint32_t i);
const char *nsim_value_key(const NsimValue *map, uint32_t i);
/* Maps: the value of `key`, or NULL. */
const NsimValue *nsim_value_get(const NsimValue *map, const char *key);

/*
 * A map of what `map` has and, for keys that it lacks, what `base` has; `except` is left out. It borrows keys and values from
 * both, which outlive it. Free with nsim_value_merged_free(). (transfer full)
 */
NsimValue *nsim_value_merge(const NsimValue *map, const NsimValue *base, const char *except);
void nsim_value_merged_free(NsimValue *merged);

/* Set `error` to "FILE:LINE:COLUMN: message" (code VALUE). Always returns false. */
bool nsim_value_error(const NsimValue *value, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same at the position of the i-th key of a map, for keys that are themselves names. Always returns false. */
bool nsim_value_key_error(const NsimValue *map, uint32_t i, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* How a message shows the value it found: "text" (shortened), "a list" or "a map". (transfer full) */
char *nsim_value_excerpt(const NsimValue *value);
/* The word nearest to `text` in a NULL-terminated list when it is near enough to be meant; else NULL. */
const char *nsim_nearest_word(const char *text, const char *const *words);
/* Map whose keys all stand in the NULL-terminated `allowed`; else an error that lists them and suggests the nearest. */
bool nsim_value_check_map(const NsimValue *value, const char *what, const char *const *allowed, GError **error);

/*
 * Typed access to a key of a map. When the key is missing: `fallback` if given by the caller through `required` false
 * (the output keeps its value), else an error that names the key. Units are checked (models/quantity.h).
 */
bool nsim_value_read_text(const NsimValue *map, const char *key, bool required, const char **ret, GError **error);
bool nsim_value_read_count(const NsimValue *map, const char *key, bool required, uint64_t min, uint64_t max,
                           uint64_t *ret, GError **error);
bool nsim_value_read_time(const NsimValue *map, const char *key, bool required, NsimTime *ret, GError **error);
bool nsim_value_read_bytes(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error);
bool nsim_value_read_rate(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error);
bool nsim_value_read_frequency(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error);
/* Parts per million: "5%" or "0.05". */
bool nsim_value_read_ratio(const NsimValue *map, const char *key, bool required, uint64_t *ret, GError **error);
bool nsim_value_read_bool(const NsimValue *map, const char *key, bool required, bool *ret, GError **error);
/* Index into NULL-terminated `words`. */
bool nsim_value_read_enum(const NsimValue *map, const char *key, bool required, const char *const *words,
                          uint32_t *ret, GError **error);
