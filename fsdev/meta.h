/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owner, mode and device number as a client sees them. The mapped models keep them beside the file: in
 * extended attributes (numbers little endian: 32 bits, the device 64), or as text in files of a folder in
 * each folder. Where nothing is kept the host's count. Any thread; all return -errno on failure.
 */
#ifndef FSDEV_META_H
#define FSDEV_META_H

#include "fsdev/share.h"

#define META_XATTR "user.virtfs."
#define META_XATTR_MODE META_XATTR "mode"
#define META_FOLDER ".virtfs_metadata"
#define META_ROOT_FILE ".virtfs_metadata_root"

/* A file in the hand: fd is O_PATH or open. dir and name, where it lies, are there in mapped-file only; name
 * is "." for the share's folder itself, and empty when the file has been removed. */
typedef struct {
    int fd, dir;
    char name[256];
} Object;

enum { META_UID = 1, META_GID = 2, META_MODE = 4, META_RDEV = 8, META_ALL = 15 };

typedef struct {
    unsigned have;                  /* META_... */
    uint32_t uid, gid, mode;        /* mode: with the file's kind */
    uint64_t rdev;
} Meta;

/* fstat, as a client sees it. */
int meta_stat(Share *s, const Object *o, struct stat *st);
/* Keeps what m has; mapped models only. */
int meta_set(Share *s, const Object *o, const Meta *m);

/* mapped-file; nothing otherwise. The file called name in dir has been removed, renamed, linked. */
void meta_removed(Share *s, int dir, const char *name);
void meta_renamed(Share *s, int from_dir, const char *from, int to_dir, const char *to);
int meta_linked(Share *s, int from_dir, const char *from, int to_dir, const char *to);
/* A folder is about to be removed: what the share keeps in it goes, if it has nothing else. */
void meta_clear_folder(Share *s, int dir);

#endif
