/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fsdev/meta.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include "util/bits.h"

#define TEXT_BYTES 512              /* most of a file of mapped-file */

static const struct {
    const char *name;
    unsigned bit, size, offset;
} fields[] = {
    { "uid", META_UID, 4, offsetof(Meta, uid) },
    { "gid", META_GID, 4, offsetof(Meta, gid) },
    { "mode", META_MODE, 4, offsetof(Meta, mode) },
    { "rdev", META_RDEV, 8, offsetof(Meta, rdev) },
};

static uint64_t get_field(const Meta *m, unsigned i)
{
    const uint8_t *at = (const uint8_t *)m + fields[i].offset;
    return fields[i].size == 8 ? *(const uint64_t *)(const void *)at : *(const uint32_t *)(const void *)at;
}

static void put_field(Meta *m, unsigned i, uint64_t value)
{
    uint8_t *at = (uint8_t *)m + fields[i].offset;
    m->have |= fields[i].bit;
    if (fields[i].size == 8) {
        *(uint64_t *)(void *)at = value;
    } else {
        *(uint32_t *)(void *)at = (uint32_t)value;
    }
}

/* ---- extended attributes ---- */

static void read_xattrs(int fd, Meta *m)
{
    char path[SHARE_FD_NAME], name[32];
    uint8_t value[8];
    share_fd_name(fd, path);
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_snprintf(name, sizeof(name), META_XATTR "%s", fields[i].name);
        if (getxattr(path, name, value, sizeof(value)) == (ssize_t)fields[i].size) {
            put_field(m, i, load_le(value, fields[i].size));
        }
    }
}

static int write_xattrs(int fd, const Meta *m)
{
    char path[SHARE_FD_NAME], name[32];
    uint8_t value[8];
    share_fd_name(fd, path);
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!(m->have & fields[i].bit)) {
            continue;
        }
        g_snprintf(name, sizeof(name), META_XATTR "%s", fields[i].name);
        store_le(value, fields[i].size, get_field(m, i));
        if (setxattr(path, name, value, fields[i].size, 0) != 0) {
            return -errno;
        }
    }
    return 0;
}

/* ---- files ---- */

/* The folder with the files for those in dir; -errno. */
static int open_folder(int dir, bool make)
{
    if (make && mkdirat(dir, META_FOLDER, 0700) != 0 && errno != EEXIST) {
        return -errno;
    }
    int fd = openat(dir, META_FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The file that belongs to o, as the name in the folder *dir. */
static const char *file_of(const Object *o, bool make, int *dir)
{
    if (strcmp(o->name, ".") == 0) {
        *dir = fcntl(o->dir, F_DUPFD_CLOEXEC, 0);
        return META_ROOT_FILE;
    }
    *dir = *o->name ? open_folder(o->dir, make) : -ENOENT;
    return o->name;
}

static int open_text(int dir, const char *name, int flags)
{
    Fd at = share_open_child(dir, name);
    int fd = at >= 0 ? share_reopen(at, flags) : at;
    if (at >= 0) {
        close(at);
    }
    return fd;
}

static void read_text(int dir, const char *name, Meta *m)
{
    char text[TEXT_BYTES];
    g_auto(Fd) fd = open_text(dir, name, O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (n <= 0) {
        return;
    }
    text[n] = '\0';
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
            g_autofree char *key = g_strdup_printf("virtfs.%s=", fields[i].name);
            if (g_str_has_prefix(*line, key)) {
                put_field(m, i, g_ascii_strtoull(*line + strlen(key), NULL, 10));
            }
        }
    }
}

/* In place: the file may be one for several names of a file. */
static int write_text(int dir, const char *name, const Meta *m)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (m->have & fields[i].bit) {
            g_string_append_printf(text, "virtfs.%s=%" G_GUINT64_FORMAT "\n", fields[i].name,
                                   get_field(m, i));
        }
    }
    Fd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) {
        fd = open_text(dir, name, O_WRONLY | O_TRUNC);
    } else if (fd < 0) {
        fd = -errno;
    }
    if (fd < 0) {
        return fd;
    }
    ssize_t n = write(fd, text->str, text->len);
    int error = n == (ssize_t)text->len ? 0 : n < 0 ? -errno : -ENOSPC;
    close(fd);
    return error;
}

static void read_file(Share *s, const Object *o, Meta *m)
{
    int dir;
    g_mutex_lock(&s->meta_lock);
    const char *name = file_of(o, false, &dir);
    if (dir >= 0) {
        read_text(dir, name, m);
        close(dir);
    }
    g_mutex_unlock(&s->meta_lock);
}

static int write_file(Share *s, const Object *o, const Meta *m)
{
    Meta all = { 0 };
    int dir;
    g_mutex_lock(&s->meta_lock);
    const char *name = file_of(o, true, &dir);
    int r = MIN(dir, 0);
    if (dir >= 0) {
        read_text(dir, name, &all);
        for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
            if (m->have & fields[i].bit) {
                put_field(&all, i, get_field(m, i));
            }
        }
        r = write_text(dir, name, &all);
        close(dir);
    }
    g_mutex_unlock(&s->meta_lock);
    return r;
}

/* ---- both ---- */

int meta_stat(Share *s, const Object *o, struct stat *st)
{
    Meta m = { 0 };
    if (fstat(o->fd, st) != 0) {
        return -errno;
    }
    if (s->model == MODEL_MAPPED_XATTR) {
        read_xattrs(o->fd, &m);
    } else if (s->model == MODEL_MAPPED_FILE) {
        read_file(s, o, &m);
    }
    st->st_uid = m.have & META_UID ? m.uid : st->st_uid;
    st->st_gid = m.have & META_GID ? m.gid : st->st_gid;
    st->st_rdev = m.have & META_RDEV ? (dev_t)m.rdev : st->st_rdev;
    if (m.have & META_MODE) {
        /* A folder is one in any case, and nothing else can be made to look like one. */
        bool folder = S_ISDIR(st->st_mode), says_folder = S_ISDIR(m.mode);
        mode_t kind = !(m.mode & S_IFMT) || folder != says_folder ? st->st_mode : m.mode;
        st->st_mode = (kind & S_IFMT) | (m.mode & 07777);
    }
    return 0;
}

int meta_set(Share *s, const Object *o, const Meta *m)
{
    return s->model == MODEL_MAPPED_XATTR ? write_xattrs(o->fd, m) : write_file(s, o, m);
}

/* ---- names that move ---- */

void meta_removed(Share *s, int dir, const char *name)
{
    if (s->model != MODEL_MAPPED_FILE) {
        return;
    }
    g_mutex_lock(&s->meta_lock);
    g_auto(Fd) folder = open_folder(dir, false);
    if (folder >= 0) {
        unlinkat(folder, name, 0);
    }
    g_mutex_unlock(&s->meta_lock);
}

void meta_renamed(Share *s, int from_dir, const char *from, int to_dir, const char *to)
{
    if (s->model != MODEL_MAPPED_FILE) {
        return;
    }
    g_mutex_lock(&s->meta_lock);
    g_auto(Fd) old = open_folder(from_dir, false);
    g_auto(Fd) new = open_folder(to_dir, old >= 0);
    /* What the replaced file had must not be taken for this one's. */
    if (new >= 0 && (old < 0 || renameat(old, from, new, to) != 0)) {
        unlinkat(new, to, 0);
    }
    g_mutex_unlock(&s->meta_lock);
}

int meta_linked(Share *s, int from_dir, const char *from, int to_dir, const char *to)
{
    int r = 0;
    if (s->model != MODEL_MAPPED_FILE) {
        return 0;
    }
    g_mutex_lock(&s->meta_lock);
    g_auto(Fd) old = open_folder(from_dir, false);
    g_auto(Fd) new = open_folder(to_dir, old >= 0);
    if (old >= 0 && new >= 0) {
        unlinkat(new, to, 0);
        r = linkat(old, from, new, to, 0) == 0 || errno == ENOENT ? 0 : -errno;
    }
    g_mutex_unlock(&s->meta_lock);
    return r;
}

/* Whether a folder has nothing but what the share keeps. */
static bool is_empty(int dir)
{
    Fd fd = share_reopen(dir, O_RDONLY | O_DIRECTORY);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    bool empty = list != NULL;
    for (struct dirent *e; empty && (e = readdir(list));) {
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                strcmp(e->d_name, META_FOLDER) == 0;
    }
    if (list) {
        closedir(list);
    } else if (fd >= 0) {
        close(fd);
    }
    return empty;
}

void meta_clear_folder(Share *s, int dir)
{
    if (s->model != MODEL_MAPPED_FILE || !is_empty(dir)) {
        return;
    }
    g_mutex_lock(&s->meta_lock);
    Fd folder = open_folder(dir, false);
    Fd fd = folder >= 0 ? share_reopen(folder, O_RDONLY | O_DIRECTORY) : -1;
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; list && (e = readdir(list));) {
        unlinkat(fd, e->d_name, 0);
    }
    if (list) {
        closedir(list);
        unlinkat(dir, META_FOLDER, AT_REMOVEDIR);
    }
    if (folder >= 0) {
        close(folder);
    }
    g_mutex_unlock(&s->meta_lock);
}
