/* SPDX-License-Identifier: MIT */
/* check-report SCHEMA REPORT: does a JSON report follow the schema? For the scripts of this folder. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/report/schema.h"

static json_t *
load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    if (!json)
        fprintf(stderr, "%s:%d:%d: %s\n", path, error.line, error.column, error.text);
    return json;
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: check-report SCHEMA REPORT\n", stderr);
        return EXIT_FAILURE;
    }
    json_t *schema = load(argv[1]), *report = load(argv[2]);
    g_autofree char *problem = NULL;
    const bool valid = schema && report && schema_check(schema, &problem) && schema_validate(schema, report, &problem);
    if (problem)
        fprintf(stderr, "%s: %s\n", argv[2], problem);
    json_decref(schema);
    json_decref(report);
    return valid ? EXIT_SUCCESS : EXIT_FAILURE;
}
