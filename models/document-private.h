/* SPDX-License-Identifier: MIT */
/* How a document keeps its values; for models/document*.c alone. */
#pragma once

#include <models/document.h>

typedef struct {
    char *text;
    uint32_t line, column; /* from 1 */
} NsimValueKey;

struct _NsimValue {
    const NsimDocument *document;
    NsimValueKind kind;
    uint32_t line, column; /* from 1 */
    char *text;            /* scalars */
    uint32_t count, room;  /* items and keys in use, allocated */
    NsimValue **items;
    NsimValueKey *keys; /* maps, one an item */
    GHashTable *index;  /* of maps with many keys: key -> position */
};
