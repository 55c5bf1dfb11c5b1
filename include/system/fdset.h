/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of descriptors that the program was given, by -add-fd or by a monitor. "/dev/fdset/N"
 * names set N as a file: what opens it gets a copy of the one that is open in the right way.
 * Machine lock held.
 */
#ifndef SYSTEM_FDSET_H
#define SYSTEM_FDSET_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int fd;
    char *opaque;           /* the giver's own remark, or NULL */
} FdMember;

typedef struct {
    int64_t id;
    GPtrArray *members;     /* of FdMember *, never empty */
} FdSet;

typedef struct FdSets FdSets;

FdSets *fdsets_new(void);
/* Closes all descriptors. NULL is allowed. */
void fdsets_free(FdSets *sets);

/* Puts fd, which is the sets' from now on, into set id; id < 0: into a new one. Returns the set's id. */
int64_t fdsets_add(FdSets *sets, int64_t id, int fd, const char *opaque);
/* Closes the descriptor called fd of set id, or all of them (fd < 0). False when there is none. */
bool fdsets_remove(FdSets *sets, int64_t id, int fd);
/* The sets in the order they were made, until NULL. */
const FdSet *fdsets_at(const FdSets *sets, unsigned index);

/* Whether path is "/dev/fdset/..."; it need not be right. */
bool fdsets_is_path(const char *path);
/* open() of path, which may name a set: a descriptor with close-on-exec, or -1 with err
 * ("cannot open 'PATH': ..."). O_TRUNC empties a set's file too. */
int fdsets_open(const FdSets *sets, const char *path, int flags, GError **err);

#endif
