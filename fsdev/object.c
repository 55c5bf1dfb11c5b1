/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fsdev/object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

/* ---- reaching ---- */

static void place(Object *o, int dir, const char *name)
{
    o->dir = dir;
    g_strlcpy(o->name, name, sizeof(o->name));
}

int object_open_child(Share *s, int dir, const char *name, Object *o)
{
    o->fd = share_open_child(dir, name);
    place(o, -1, "");
    if (o->fd >= 0 && s->model == MODEL_MAPPED_FILE) {
        place(o, fcntl(dir, F_DUPFD_CLOEXEC, 0), name);
    }
    return MIN(o->fd, 0);
}

int object_open(Share *s, const char *path, Object *o)
{
    const char *slash = strrchr(path, '/');
    if (s->model != MODEL_MAPPED_FILE) {
        o->fd = share_open_path(s, path);
        place(o, -1, "");
        return MIN(o->fd, 0);
    }
    if (*path == '\0') {
        return object_open_child(s, s->root, ".", o);
    }
    g_autofree char *folder = slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
    g_auto(Fd) dir = share_open_path(s, folder);
    if (dir < 0) {
        o->fd = o->dir = -1;
        return dir;
    }
    return object_open_child(s, dir, slash ? slash + 1 : path, o);
}

void object_close(Object *o)
{
    fd_close(o->fd);
    fd_close(o->dir);
    o->fd = o->dir = -1;
}

/* ---- making ---- */

static int host_chmod(int fd, mode_t mode)
{
    char name[SHARE_FD_NAME];
    share_fd_name(fd, name);
    return chmod(name, mode) == 0 ? 0 : -errno;
}

static int host_chown(const Share *s, int fd, uint32_t uid, uint32_t gid)
{
    /* Without privileges a host refuses it: of "none" no more is asked for. */
    bool ok = fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0 || s->model == MODEL_NONE;
    return ok ? 0 : -errno;
}

/* The new file gets its owner and mode; kind: what the client is to see. */
static int adorn(Share *s, const Object *o, mode_t kind, dev_t rdev, const Creation *c)
{
    if (!share_is_mapped(s)) {
        int r = host_chown(s, o->fd, c->uid, c->gid);
        /* A link has no mode of its own. */
        return r || kind == S_IFLNK ? r : host_chmod(o->fd, c->mode & 07777);
    }
    Meta m = { META_MODE, c->uid, c->gid, (uint32_t)kind | (c->mode & 07777), rdev };
    m.have |= c->uid == NO_ID ? 0 : META_UID;
    m.have |= c->gid == NO_ID ? 0 : META_GID;
    m.have |= kind == S_IFCHR || kind == S_IFBLK ? META_RDEV : 0;
    meta_removed(s, o->dir, o->name);       /* of a file that somebody at the host has removed */
    int r = host_chmod(o->fd, kind == S_IFDIR ? s->dmode : s->fmode);
    return r ? r : meta_set(s, o, &m);
}

/* The same by name, right after it was made; on failure it is removed again. */
static int adorn_name(Share *s, int dir, const char *name, mode_t kind, dev_t rdev, const Creation *c)
{
    Object o;
    int r = object_open_child(s, dir, name, &o);
    if (r == 0) {
        r = adorn(s, &o, kind, rdev, c);
        object_close(&o);
    }
    if (r != 0) {
        meta_removed(s, dir, name);
        unlinkat(dir, name, kind == S_IFDIR ? AT_REMOVEDIR : 0);
    }
    return r;
}

int object_new_file(Share *s, int dir, const char *name, int flags, const Creation *c)
{
    Fd fd = openat(dir, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    Object o = { .fd = fd, .dir = dir };
    g_strlcpy(o.name, s->model == MODEL_MAPPED_FILE ? name : "", sizeof(o.name));
    int r = adorn(s, &o, S_IFREG, 0, c);
    if (r != 0) {
        meta_removed(s, dir, name);
        unlinkat(dir, name, 0);
        close(fd);
    }
    return r ? r : fd;
}

int object_new_folder(Share *s, int dir, const char *name, const Creation *c)
{
    return mkdirat(dir, name, 0700) != 0 ? -errno : adorn_name(s, dir, name, S_IFDIR, 0, c);
}

int object_new_link(Share *s, int dir, const char *name, const char *target, const Creation *c)
{
    if (!share_is_mapped(s)) {
        return symlinkat(target, dir, name) != 0 ? -errno : adorn_name(s, dir, name, S_IFLNK, 0, c);
    }
    Fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    size_t len = strlen(target);
    ssize_t n = write(fd, target, len);
    int r = n == (ssize_t)len ? 0 : n < 0 ? -errno : -ENOSPC;
    close(fd);
    if (r != 0) {
        unlinkat(dir, name, 0);
        return r;
    }
    return adorn_name(s, dir, name, S_IFLNK, 0, c);
}

int object_new_node(Share *s, int dir, const char *name, mode_t kind, dev_t rdev, const Creation *c)
{
    bool mapped = share_is_mapped(s);
    if (mknodat(dir, name, (mapped ? S_IFREG : kind) | 0600, mapped ? 0 : rdev) != 0) {
        return -errno;
    }
    return adorn_name(s, dir, name, kind, rdev, c);
}

/* ---- attributes ---- */

int object_read_link(Share *s, const Object *o, char *target, size_t size)
{
    struct stat seen, host;
    int r = meta_stat(s, o, &seen);
    if (r != 0 || fstat(o->fd, &host) != 0) {
        return r ? r : -errno;
    }
    if (!S_ISLNK(seen.st_mode)) {
        return -EINVAL;
    }
    ssize_t n;
    if (S_ISLNK(host.st_mode)) {
        n = readlinkat(o->fd, "", target, size - 1);
    } else {
        g_auto(Fd) fd = share_reopen(o->fd, O_RDONLY);
        if (fd < 0) {
            return fd;
        }
        n = read(fd, target, size - 1);
    }
    if (n < 0) {
        return -errno;
    }
    target[n] = '\0';
    return 0;
}

int object_chmod(Share *s, const Object *o, uint32_t mode)
{
    struct stat st;
    if (!share_is_mapped(s)) {
        return host_chmod(o->fd, mode & 07777);
    }
    int r = meta_stat(s, o, &st);
    const Meta m = { .have = META_MODE, .mode = (uint32_t)(st.st_mode & S_IFMT) | (mode & 07777) };
    return r ? r : meta_set(s, o, &m);
}

int object_chown(Share *s, const Object *o, uint32_t uid, uint32_t gid)
{
    if (!share_is_mapped(s)) {
        return host_chown(s, o->fd, uid, gid);
    }
    Meta m = { .uid = uid, .gid = gid };
    m.have |= uid == NO_ID ? 0 : META_UID;
    m.have |= gid == NO_ID ? 0 : META_GID;
    return m.have ? meta_set(s, o, &m) : 0;
}

int object_truncate(const Object *o, uint64_t size)
{
    char name[SHARE_FD_NAME];
    struct stat st;
    if (size > INT64_MAX) {
        return -EFBIG;
    }
    if (fstat(o->fd, &st) != 0) {
        return -errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    }
    share_fd_name(o->fd, name);
    return truncate(name, (off_t)size) == 0 ? 0 : -errno;
}

int object_set_times(const Object *o, const struct timespec times[2])
{
    char name[SHARE_FD_NAME];
    share_fd_name(o->fd, name);
    return utimensat(AT_FDCWD, name, times, 0) == 0 ? 0 : -errno;
}
