/* SPDX-License-Identifier: MIT */
/*
 * Tables as text, a record a line: which column is what, and the fields of a row. Columns are known by a specification
 * such as "time=1:us,address=3:hex,op=4:R/W,bytes=5,thread=2", or by the names in the first line.
 *
 * Fields may be quoted ("a ""b"" c"), but not run over several lines.
 */
#pragma once

#include <traces/import/lines.h>

/* What a column can be. ADDRESS is for places, OBJECT for requests that name things. */
typedef enum {
    NSIM_COLUMN_TIME,
    NSIM_COLUMN_ADDRESS,
    NSIM_COLUMN_OBJECT,
    NSIM_COLUMN_OP,
    NSIM_COLUMN_BYTES,
    NSIM_COLUMN_THREAD,
    NSIM_COLUMN_COUNT
} NsimColumnRole;

typedef enum { NSIM_NUMBER_AUTO, NSIM_NUMBER_HEX, NSIM_NUMBER_DECIMAL } NsimNumberBase;

/* Rows have at most this many columns that count. */
#define NSIM_COLUMNS_MAX 256u
#define NSIM_COLUMN_NONE UINT32_MAX

typedef struct {
    char separator; /* 0: the first line tells */
    int header;     /* is the first line one: 1 yes, 0 no, -1: it tells */
    struct {
        uint32_t number; /* from 0, or NONE */
        char *name;      /* in the first line, NULL: known by number */
    } roles[NSIM_COLUMN_COUNT];
    uint64_t time_unit_ps; /* 0: `instructions`, or not known */
    bool instructions;     /* the time counts instructions */
    NsimNumberBase base;   /* of addresses and objects */
    uint64_t address_unit; /* bytes; 0: objects get a place */
    char *read_word, *write_word; /* NULL: the usual ones */
    int8_t role_of[NSIM_COLUMNS_MAX]; /* -1: none */
    uint32_t needed;                  /* columns that a row must have */
} NsimColumns;

typedef struct {
    const char *at;
    size_t length;
} NsimField;

void
nsim_columns_init(NsimColumns *columns);
void
nsim_columns_clear(NsimColumns *columns);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NsimColumns, nsim_columns_clear)

/* Read a specification. False with `ret_problem`, to be freed. */
bool
nsim_columns_parse(NsimColumns *columns, const char *text, char **ret_problem);

/*
 * Look at the first line: finds the separator, and columns by their names; without a specification (`guess`) by names
 * that are usual. Sets `ret_is_header`. False with `ret_problem`, to be freed.
 */
bool
nsim_columns_begin(NsimColumns *columns, const char *line, size_t length, bool guess, bool *ret_is_header,
                   char **ret_problem);

/* The fields of a row; those of roles without a column have `at` NULL. False: fewer columns than needed. */
bool
nsim_columns_split(const NsimColumns *columns, const char *line, size_t length, NsimField *ret_fields);

/* An address or the number of an object, without its unit. */
bool
nsim_columns_number(const NsimColumns *columns, const NsimField *field, uint64_t *ret_value);

/* The thread's key: a number as it is, a name by its hash. */
uint64_t
nsim_columns_key(const NsimField *field);

/* Are the first lines such a table, with names that are usual and a column of this role? */
bool
nsim_columns_probe(const uint8_t *head, size_t bytes, NsimColumnRole role);
