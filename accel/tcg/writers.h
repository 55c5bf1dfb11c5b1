/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of memory to the write entries of flat page tables that lead to them. */
#ifndef ACCEL_TCG_WRITERS_H
#define ACCEL_TCG_WRITERS_H

#include <stdint.h>

typedef struct Writers Writers;

Writers *writers_new(void);
void writers_free(Writers *w);
/* The entry, which stays readable as long as the map lives, now leads to the page. An entry that
 * is changed by others later than this is no longer of this page: nobody needs to say so. */
void writers_add(Writers *w, uint64_t page, uint64_t *entry);
/* Empties all entries that lead to the page. */
void writers_stop(Writers *w, uint64_t page);
/* Forgets them: all are empty. */
void writers_clear(Writers *w);

#endif
