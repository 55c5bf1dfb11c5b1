/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients do to files and folders of a share, by its model. Any thread; all return -errno on failure. */
#ifndef FSDEV_OBJECT_H
#define FSDEV_OBJECT_H

#include "fsdev/meta.h"

#define NO_ID UINT32_MAX            /* an owner or group that is not told: the host's */

typedef struct {
    uint32_t uid, gid, mode;        /* mode without the file's kind */
} Creation;

/* What lies at a path of names_path; object_close. */
int object_open(Share *s, const char *path, Object *o);
/* What lies in dir; dir stays open as long. */
int object_open_child(Share *s, int dir, const char *name, Object *o);
void object_close(Object *o);

/* These make what is called name in dir, which must not be there yet. A file's descriptor, opened with flags
 * of open(), is the caller's. */
int object_new_file(Share *s, int dir, const char *name, int flags, const Creation *c);
int object_new_folder(Share *s, int dir, const char *name, const Creation *c);
int object_new_link(Share *s, int dir, const char *name, const char *target, const Creation *c);
/* kind: S_IFIFO and its like. */
int object_new_node(Share *s, int dir, const char *name, mode_t kind, dev_t rdev, const Creation *c);

/* Where a symbolic link leads, as a string. */
int object_read_link(Share *s, const Object *o, char *target, size_t size);
int object_chmod(Share *s, const Object *o, uint32_t mode);
/* NO_ID: as it is. */
int object_chown(Share *s, const Object *o, uint32_t uid, uint32_t gid);
int object_truncate(const Object *o, uint64_t size);
int object_set_times(const Object *o, const struct timespec times[2]);

#endif
