/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder that is shared, and the only ways in which the server touches what is in it. Nothing outside is
 * reached: a path begins at the folder and goes from name to name, without "..", without following links;
 * what it ends at is held by a descriptor that can do nothing (O_PATH) until its kind is known. Any thread;
 * all return -errno on failure.
 */
#ifndef FSDEV_SHARE_H
#define FSDEV_SHARE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util/keyval.h"

typedef enum { MODEL_NONE, MODEL_PASSTHROUGH, MODEL_MAPPED_XATTR, MODEL_MAPPED_FILE } ShareModel;
typedef enum { MULTIDEVS_WARN, MULTIDEVS_REMAP, MULTIDEVS_FORBID } ShareMultidevs;

typedef struct {
    char *id, *path;
    ShareModel model;
    ShareMultidevs multidevs;
    bool read_only, writeout;
    mode_t fmode, dmode;            /* of what mapped models make at the host */
    int root;                       /* O_PATH */
    dev_t root_dev;
    bool openat2;                   /* the host has it */
    int warned;                     /* atomic: of other file systems in the folder */
    GMutex meta_lock;               /* files of mapped-file */
} Share;

/* From the keys of -fsdev; NULL with err. */
Share *share_new(KeyVal *props, GError **err);
void share_free(Share *s);

static inline bool share_is_mapped(const Share *s)
{
    return s->model == MODEL_MAPPED_XATTR || s->model == MODEL_MAPPED_FILE;
}

/* A descriptor that closes itself. */
typedef int Fd;

static inline void fd_close(Fd fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

G_DEFINE_AUTO_CLEANUP_FREE_FUNC(Fd, fd_close, -1)

/* An O_PATH descriptor of "a/b/c" ("": the folder itself); a link at the end is not followed. */
int share_open_path(const Share *s, const char *path);
/* The same for one name in a folder. */
int share_open_child(int dir, const char *name);
/* Opens what the O_PATH descriptor is at, when that is a file or folder and nothing else: -ENXIO. */
int share_reopen(int fd, int flags);
/* The name by which calls without descriptors reach it; of room bytes. */
#define SHARE_FD_NAME 32
void share_fd_name(int fd, char *name);

/* Whether a client may use the name: one component, neither empty nor "." nor "..", not our own: 0, or
 * -errno. */
int share_check_name(const Share *s, const char *name);
/* Whether it is one that the share keeps for itself. */
bool share_is_hidden(const Share *s, const char *name);
/* -errno when files of that device are none for clients; warns where that was asked for. */
int share_check_device(Share *s, dev_t dev);
/* A number for the file among all of the share. */
uint64_t share_file_number(const Share *s, dev_t dev, uint64_t inode);

#endif
