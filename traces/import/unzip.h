/* SPDX-License-Identifier: MIT */
/*
 * The files of a zip archive one behind the other, read front to back (PKWARE, "APPNOTE.TXT - .ZIP File Format
 * Specification" 6.3.10): stored or deflated, checked by their sums. Left out: encryption, other methods, and the
 * directory at the end, so files that were deleted from the archive come too.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct _NsimUnzip NsimUnzip;

/* Do these first bytes begin an archive that this reads? */
bool nsim_unzip_probe(const uint8_t *head, size_t bytes);

/* (transfer full) */
NsimUnzip *nsim_unzip_new(void);
void nsim_unzip_free(NsimUnzip *unzip);

/*
 * Take bytes of the archive from `*from` .. `from_end` (`last`: there are no more behind them) and write what they hold
 * to
 * `*to` .. `to_end`; both move. `ret_ended`: the last file is through. False with the reason in `ret_problem`.
 */
bool nsim_unzip_step(NsimUnzip *unzip, const uint8_t **from, const uint8_t *from_end, bool last, uint8_t **to,
                     uint8_t *to_end, bool *ret_ended, const char **ret_problem);
