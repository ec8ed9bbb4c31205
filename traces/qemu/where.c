/* SPDX-License-Identifier: MIT */
/* Places in a program, as the user writes them: see recorder.h. */
#include <traces/qemu/recorder.h>

#include <string.h>

void
nsim_where_clear(NsimWhere *where)
{
    g_clear_pointer(&where->symbol, g_free);
    where->kind = NSIM_WHERE_NOWHERE;
}

/* A number above 0, with k, M or G behind it when `scales`. */
static bool
parse_number(const char *text, unsigned base, bool scales, uint64_t *ret)
{
    uint64_t scale = 1;
    g_autofree char *digits = g_strdup(text);
    const size_t length = strlen(digits);
    if (scales && length > 1) {
        const char suffix = digits[length - 1];
        scale = suffix == 'k' ? 1000 : suffix == 'M' ? 1000000 : suffix == 'G' ? 1000000000 : 1;
        if (scale > 1)
            digits[length - 1] = '\0';
    }
    return g_ascii_string_to_unsigned(digits, base, 1, UINT64_MAX / scale, ret, NULL) && (*ret *= scale) > 0;
}

bool
nsim_where_parse(const char *text, NsimWhere *ret, char **ret_problem)
{
    NsimWhere where = {.nth = 1};
    if (text[0] == '+') {
        where.kind = NSIM_WHERE_COUNT;
        if (parse_number(text + 1, 10, true, &where.count)) {
            *ret = where;
            return true;
        }
        *ret_problem = g_strdup("after '+' stands a number of instructions above 0, for example +10M");
        return false;
    }
    const char *at = strrchr(text, '@');
    if (at != NULL && !parse_number(at + 1, 10, false, &where.nth)) {
        *ret_problem = g_strdup("after '@' stands the number of a call, from 1");
        return false;
    }
    g_autofree char *name = at != NULL ? g_strndup(text, (gsize)(at - text)) : g_strdup(text);
    if (*name == '\0') {
        *ret_problem = g_strdup("allowed: NAME, NAME@CALL, 0xADDRESS, 0xADDRESS@CALL, +INSTRUCTIONS");
        return false;
    }
    if (g_str_has_prefix(name, "0x")) {
        where.kind = NSIM_WHERE_ADDRESS;
        if (!parse_number(name + 2, 16, false, &where.address)) {
            *ret_problem = g_strdup("after '0x' stands an address above 0");
            return false;
        }
    } else {
        where.kind = NSIM_WHERE_SYMBOL;
        where.symbol = g_steal_pointer(&name);
    }
    *ret = where;
    return true;
}
