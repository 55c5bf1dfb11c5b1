/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that go from name to name, and those that make, move and remove names. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include "fsdev/p9.h"

#define REMOVE_FOLDER 0x200u        /* Tunlinkat's only flag */

static GRWLock *names(P9Call *c)
{
    return &c->s->tree.names;
}

/* ---- walking ---- */

typedef struct {
    Node *node;
    Fd fd;                          /* where it is now */
} Walk;

/* names held for reading. A step to what lies there, whose stat this is. */
static int step(P9Call *c, Walk *w, const char *name, struct stat *st)
{
    char path[PATH_MAX];
    Object o;
    Node *next;
    bool up = strcmp(name, "..") == 0;
    int r = up ? 0 : share_check_name(c->share, name);
    if (r != 0) {
        return r;
    }
    if (up) {
        next = names_ref(&c->s->tree, w->node->parent ? w->node->parent : w->node);
        r = names_path(next, path, sizeof(path));
        r = r ? r : object_open(c->share, path, &o);
    } else {
        next = names_child(&c->s->tree, w->node, name);
        r = object_open_child(c->share, w->fd, name, &o);
    }
    if (r == 0) {
        r = meta_stat(c->share, &o, st);
        r = r ? r : share_check_device(c->share, st->st_dev);
        fd_close(w->fd);
        fd_close(o.dir);
        w->fd = o.fd;
    }
    names_unref(&c->s->tree, r ? next : w->node);
    w->node = r ? w->node : next;
    return r;
}

static int begin(P9Call *c, Walk *w, Node *from)
{
    w->node = names_ref(&c->s->tree, from);
    w->fd = node_open(c->s, from);
    return MIN(w->fd, 0);
}

static void end(P9Call *c, Walk *w)
{
    fd_close(w->fd);
    names_unref(&c->s->tree, w->node);
}

/* Names apart by slashes, from the share's folder on: what a client attaches to. */
static int walk_path(P9Call *c, Walk *w, const char *path, struct stat *st)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    int r = w->fd < 0 || fstat(w->fd, st) == 0 ? MIN(w->fd, 0) : -errno;
    for (char **part = parts; *part && r == 0; part++) {
        if (**part) {
            r = strcmp(*part, "..") == 0 ? -EINVAL : step(c, w, *part, st);
        }
    }
    return r ? r : S_ISDIR(st->st_mode) ? 0 : -ENOTDIR;
}

int p9_attach(P9Call *c)
{
    uint32_t number = (uint32_t)p9_get(&c->in, 4), auth = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *user = p9_get_string(&c->in), *path = p9_get_string(&c->in);
    uint32_t uid = (uint32_t)p9_get(&c->in, 4);
    struct stat st;
    Walk w;
    if (c->in.bad) {
        return -EPROTO;
    }
    if (auth != P9_NO_FID) {
        return -EBADF;
    }
    g_rw_lock_reader_lock(names(c));
    int r = begin(c, &w, c->s->tree.root);
    r = r ? r : walk_path(c, &w, path, &st);
    g_rw_lock_reader_unlock(names(c));
    r = r ? r : fid_add(c, number, fid_new(c, FID_NAME, w.node, uid));
    end(c, &w);
    if (r == 0) {
        p9_put_qid(&c->out, c->share, &st);
    }
    return r;
}

/* As many names as lie there; the reply has a qid for each. */
static unsigned walk_names(P9Call *c, Walk *w, char *const *list, unsigned n, int *error)
{
    unsigned done = 0;
    struct stat st;
    for (; done < n; done++) {
        *error = step(c, w, list[done], &st);
        if (*error) {
            break;
        }
        p9_put_qid(&c->out, c->share, &st);
    }
    return done;
}

static int walk(P9Call *c, uint32_t number, uint32_t target, char *const *list, unsigned n)
{
    int r = 0;
    Walk w;
    g_autoptr(Fid) f = fid_get(c, number, &r);
    if (!f || f->kind == FID_XATTR_READ || f->kind == FID_XATTR_WRITE) {
        return f ? -EINVAL : r;
    }
    if (number == target && f->kind != FID_NAME) {
        return -EBUSY;
    }
    uint8_t *count = c->out.at;
    p9_put(&c->out, 2, 0);
    g_rw_lock_reader_lock(names(c));
    r = begin(c, &w, f->node);
    /* Another number for the same may be had even when it has been removed. */
    r = n == 0 ? 0 : r;
    unsigned done = r == 0 ? walk_names(c, &w, list, n, &r) : 0;
    g_rw_lock_reader_unlock(names(c));
    if (done == n) {
        Fid *new = fid_new(c, FID_NAME, w.node, f->uid);
        r = number == target ? fid_replace(c, number, f, new) : fid_add(c, target, new);
    } else if (done > 0) {
        r = 0;
    }
    count[0] = (uint8_t)done;
    end(c, &w);
    return r;
}

int p9_walk(P9Call *c)
{
    uint32_t number = (uint32_t)p9_get(&c->in, 4), target = (uint32_t)p9_get(&c->in, 4);
    unsigned n = (unsigned)p9_get(&c->in, 2);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < n && n <= P9_MAX_WALK; i++) {
        g_ptr_array_add(list, p9_get_string(&c->in));
    }
    if (c->in.bad || n > P9_MAX_WALK) {
        return -EPROTO;
    }
    return walk(c, number, target, (char *const *)list->pdata, n);
}

/* ---- making ---- */

/* A folder in which something called name is made. */
typedef struct {
    Fid *f;
    Fd fd;
} Place;

/* Nothing is renamed until leave. */
static int enter(P9Call *c, uint32_t number, const char *name, Place *p)
{
    int r = c->in.bad ? -EPROTO : share_check_name(c->share, name);
    p->f = r ? NULL : fid_get(c, number, &r);
    p->fd = -1;
    if (p->f) {
        g_rw_lock_reader_lock(names(c));
        p->fd = node_open(c->s, p->f->node);
        r = MIN(p->fd, 0);
    }
    return r;
}

static void leave(P9Call *c, Place *p)
{
    if (p->f) {
        g_rw_lock_reader_unlock(names(c));
        fd_close(p->fd);
        fid_unref(p->f);
    }
}

/* r, and when that is 0 the qid of what was made. */
static int reply_qid(P9Call *c, const Place *p, const char *name, int r)
{
    struct stat st;
    Object o;
    r = r ? r : object_open_child(c->share, p->fd, name, &o);
    if (r == 0) {
        r = meta_stat(c->share, &o, &st);
        object_close(&o);
        if (r == 0) {
            p9_put_qid(&c->out, c->share, &st);
        }
    }
    return r;
}

int p9_symlink(P9Call *c)
{
    Place p;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in), *target = p9_get_string(&c->in);
    uint32_t gid = (uint32_t)p9_get(&c->in, 4);
    int r = enter(c, number, name, &p);
    if (r == 0) {
        const Creation new = { p.f->uid, gid, 0777 };
        r = *target == '\0' ? -ENOENT : strlen(target) >= PATH_MAX ? -ENAMETOOLONG
            : reply_qid(c, &p, name, object_new_link(c->share, p.fd, name, target, &new));
    }
    leave(c, &p);
    return r;
}

int p9_mkdir(P9Call *c)
{
    Place p;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    uint32_t mode = (uint32_t)p9_get(&c->in, 4), gid = (uint32_t)p9_get(&c->in, 4);
    int r = enter(c, number, name, &p);
    if (r == 0) {
        const Creation new = { p.f->uid, gid, mode & 07777 };
        r = reply_qid(c, &p, name, object_new_folder(c->share, p.fd, name, &new));
    }
    leave(c, &p);
    return r;
}

int p9_mknod(P9Call *c)
{
    Place p;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    uint32_t mode = (uint32_t)p9_get(&c->in, 4);
    uint32_t major = (uint32_t)p9_get(&c->in, 4), minor = (uint32_t)p9_get(&c->in, 4);
    uint32_t gid = (uint32_t)p9_get(&c->in, 4);
    mode_t kind = mode & S_IFMT;
    int r = enter(c, number, name, &p);
    if (r == 0) {
        const Creation new = { p.f->uid, gid, mode & 07777 };
        bool device = kind == S_IFCHR || kind == S_IFBLK;
        r = !device && kind != S_IFIFO && kind != S_IFSOCK && kind != S_IFREG ? -EINVAL
            : reply_qid(c, &p, name, object_new_node(c->share, p.fd, name, kind,
                                                     device ? makedev(major, minor) : 0, &new));
    }
    leave(c, &p);
    return r;
}

/* names held. The folder that a node lies in, as a descriptor. */
static int open_folder_of(P9Call *c, const Node *n)
{
    if (!n->parent) {
        return -EBUSY;
    }
    return n->gone ? -ENOENT : node_open(c->s, n->parent);
}

int p9_link(P9Call *c)
{
    Place p;
    uint32_t number = (uint32_t)p9_get(&c->in, 4), target = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    int r = enter(c, number, name, &p);
    g_autoptr(Fid) f = r ? NULL : fid_get(c, target, &r);
    if (r == 0) {
        g_auto(Fd) from = open_folder_of(c, f->node);
        r = from < 0 ? from : linkat(from, f->node->name, p.fd, name, 0) == 0 ? 0 : -errno;
        if (r == 0) {
            r = meta_linked(c->share, from, f->node->name, p.fd, name);
        }
    }
    leave(c, &p);
    return r;
}

/* ---- moving ---- */

static bool stat_name(int dir, const char *name, struct stat *st)
{
    return fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A folder that is to go. */
static void clear_folder(P9Call *c, int dir, const char *name)
{
    g_auto(Fd) fd = share_open_child(dir, name);
    if (fd >= 0) {
        meta_clear_folder(c->share, fd);
    }
}

/* names held for writing. */
static int move(P9Call *c, Node *from_dir, const char *from, Node *to_dir, const char *to)
{
    struct stat a, b;
    g_auto(Fd) old = node_open(c->s, from_dir);
    g_auto(Fd) new = node_open(c->s, to_dir);
    if (old < 0 || new < 0) {
        return old < 0 ? old : new;
    }
    if (!stat_name(old, from, &a)) {
        return -errno;
    }
    if (stat_name(new, to, &b)) {
        if (a.st_ino == b.st_ino && a.st_dev == b.st_dev) {
            return 0;               /* two names of one file: both stay */
        }
        if (S_ISDIR(a.st_mode) && S_ISDIR(b.st_mode)) {
            clear_folder(c, new, to);
        }
    }
    if (renameat(old, from, new, to) != 0) {
        return -errno;
    }
    meta_renamed(c->share, old, from, new, to);
    names_renamed(&c->s->tree, from_dir, from, to_dir, to);
    return 0;
}

int p9_renameat(P9Call *c)
{
    int r = 0;
    uint32_t from_number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *from = p9_get_string(&c->in);
    uint32_t to_number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *to = p9_get_string(&c->in);
    if (c->in.bad) {
        return -EPROTO;
    }
    r = share_check_name(c->share, from);
    r = r ? r : share_check_name(c->share, to);
    g_autoptr(Fid) old = r ? NULL : fid_get(c, from_number, &r);
    g_autoptr(Fid) new = r ? NULL : fid_get(c, to_number, &r);
    if (r == 0) {
        g_rw_lock_writer_lock(names(c));
        r = move(c, old->node, from, new->node, to);
        g_rw_lock_writer_unlock(names(c));
    }
    return r;
}

int p9_rename(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4), to_number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *to = p9_get_string(&c->in);
    if (c->in.bad) {
        return -EPROTO;
    }
    r = share_check_name(c->share, to);
    g_autoptr(Fid) f = r ? NULL : fid_get(c, number, &r);
    g_autoptr(Fid) dir = r ? NULL : fid_get(c, to_number, &r);
    if (r == 0) {
        g_rw_lock_writer_lock(names(c));
        g_autofree char *from = g_strdup(f->node->name);
        r = !f->node->parent ? -EBUSY : f->node->gone ? -ENOENT
            : move(c, f->node->parent, from, dir->node, to);
        g_rw_lock_writer_unlock(names(c));
    }
    return r;
}

/* ---- removing ---- */

/* names held for writing. */
static int remove_name(P9Call *c, Node *dir, const char *name, bool folder)
{
    g_auto(Fd) fd = node_open(c->s, dir);
    if (fd < 0) {
        return fd;
    }
    if (folder) {
        clear_folder(c, fd, name);
    }
    if (unlinkat(fd, name, folder ? AT_REMOVEDIR : 0) != 0) {
        return -errno;
    }
    meta_removed(c->share, fd, name);
    names_removed(&c->s->tree, dir, name);
    return 0;
}

int p9_unlinkat(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    uint32_t flags = (uint32_t)p9_get(&c->in, 4);
    if (c->in.bad) {
        return -EPROTO;
    }
    r = flags & ~REMOVE_FOLDER ? -EINVAL : share_check_name(c->share, name);
    g_autoptr(Fid) f = r ? NULL : fid_get(c, number, &r);
    if (r == 0) {
        g_rw_lock_writer_lock(names(c));
        r = remove_name(c, f->node, name, flags & REMOVE_FOLDER);
        g_rw_lock_writer_unlock(names(c));
    }
    return r;
}

int p9_remove(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_take(c, number, &r);
    if (!f || c->share->read_only) {
        return c->in.bad ? -EPROTO : f ? -EROFS : r;
    }
    if (!f->node->parent) {
        return -EBUSY;
    }
    g_rw_lock_writer_lock(names(c));
    struct stat st;
    Fd fd = open_folder_of(c, f->node);
    g_autofree char *name = g_strdup(f->node->name);
    r = fd < 0 ? fd : stat_name(fd, name, &st) ? 0 : -errno;
    r = r ? r : remove_name(c, f->node->parent, name, S_ISDIR(st.st_mode));
    fd_close(fd);
    g_rw_lock_writer_unlock(names(c));
    return r;
}
