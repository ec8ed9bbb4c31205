/* SPDX-License-Identifier: MIT */
/*
 * A small validator for the part of JSON Schema 2020-12 that the schemas of this tree use. A keyword it does not know
 * is an error, so that nothing in a schema is silently without effect.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* Does `value` fit the schema at the root of `document`? If not `*ret_problem` says where and why (transfer full). */
bool
schema_validate(json_t *document, json_t *value, char **ret_problem);
/* Does every keyword of the schema exist, and every $ref lead somewhere? */
bool
schema_check(json_t *document, char **ret_problem);
