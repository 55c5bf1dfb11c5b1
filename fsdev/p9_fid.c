/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients hold by number. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include "fsdev/p9.h"

Fid *fid_new(P9Call *c, FidKind kind, Node *node, uint32_t uid)
{
    Fid *f = g_new0(Fid, 1);
    f->refs = 1;
    f->kind = kind;
    f->node = names_ref(&c->s->tree, node);
    f->uid = uid;
    f->fd = -1;
    f->server = c->s;
    g_mutex_init(&f->lock);
    return f;
}

static Fid *fid_ref(Fid *f)
{
    g_atomic_int_inc(&f->refs);
    return f;
}

static void free_xattr(Fid *f)
{
    g_mutex_lock(&f->server->lock);
    f->server->xattr_bytes -= f->size;
    g_mutex_unlock(&f->server->lock);
    g_free(f->value);
    g_free(f->xattr);
}

void fid_unref(Fid *f)
{
    if (!f || !g_atomic_int_dec_and_test(&f->refs)) {
        return;
    }
    fd_close(f->fd);
    if (f->set) {
        fsdev_closed(f->set);
    }
    free_xattr(f);
    names_unref(&f->server->tree, f->node);
    g_mutex_clear(&f->lock);
    g_free(f);
}

static gpointer key(uint32_t number)
{
    return GUINT_TO_POINTER(number);
}

/* Server's lock held. A client that has begun anew meanwhile has no such fid. */
static Fid *find(P9Call *c, uint32_t number)
{
    return c->session == c->s->session ? g_hash_table_lookup(c->s->fids, key(number)) : NULL;
}

Fid *fid_get(P9Call *c, uint32_t number, int *error)
{
    g_mutex_lock(&c->s->lock);
    Fid *f = find(c, number);
    if (f) {
        fid_ref(f);
    }
    g_mutex_unlock(&c->s->lock);
    *error = f ? 0 : -EBADF;
    return f;
}

int fid_add(P9Call *c, uint32_t number, Fid *f)
{
    g_mutex_lock(&c->s->lock);
    int error = number == P9_NO_FID || find(c, number) || c->session != c->s->session ? -EBADF : 0;
    if (!error && g_hash_table_size(c->s->fids) >= P9_MAX_FIDS) {
        error = -ENFILE;
    }
    if (!error) {
        g_hash_table_insert(c->s->fids, key(number), f);
    }
    g_mutex_unlock(&c->s->lock);
    if (error) {
        fid_unref(f);
    }
    return error;
}

int fid_replace(P9Call *c, uint32_t number, Fid *old, Fid *f)
{
    g_mutex_lock(&c->s->lock);
    bool ok = find(c, number) == old;
    if (ok) {
        g_hash_table_insert(c->s->fids, key(number), f);
    }
    g_mutex_unlock(&c->s->lock);
    fid_unref(ok ? old : f);        /* the table's reference, or the caller's */
    return ok ? 0 : -EBADF;
}

Fid *fid_take(P9Call *c, uint32_t number, int *error)
{
    g_mutex_lock(&c->s->lock);
    Fid *f = find(c, number);
    if (f) {
        g_hash_table_remove(c->s->fids, key(number));
    }
    g_mutex_unlock(&c->s->lock);
    *error = f ? 0 : -EBADF;
    return f;
}

void fid_forget_all(P9Server *s)
{
    g_mutex_lock(&s->lock);
    GHashTable *old = s->fids;
    s->fids = g_hash_table_new(NULL, NULL);
    g_mutex_unlock(&s->lock);
    GHashTableIter iter;
    gpointer f;
    g_hash_table_iter_init(&iter, old);
    while (g_hash_table_iter_next(&iter, NULL, &f)) {
        fid_unref(f);
    }
    g_hash_table_destroy(old);
}

int node_open(P9Server *s, const Node *n)
{
    char path[PATH_MAX];
    int r = names_path(n, path, sizeof(path));
    return r ? r : share_open_path(s->share, path);
}

/* An open file may have been removed, or replaced by another: it is still what the fid is at. */
static int open_fid_object(Fid *f, Object *o, int found)
{
    if (found == 0) {
        fd_close(o->fd);
    } else {
        o->dir = -1;
        o->name[0] = '\0';
    }
    o->fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
    if (o->fd >= 0) {
        return 0;
    }
    int error = -errno;
    object_close(o);
    return error;
}

int fid_object(P9Call *c, Fid *f, Object *o)
{
    char path[PATH_MAX];
    int r = -ENOENT;
    /* Of an open file the name only tells where its owner is kept. */
    if (f->fd < 0 || c->share->model == MODEL_MAPPED_FILE) {
        g_rw_lock_reader_lock(&c->s->tree.names);
        r = names_path(f->node, path, sizeof(path));
        r = r ? r : object_open(c->share, path, o);
        g_rw_lock_reader_unlock(&c->s->tree.names);
    }
    return f->fd < 0 ? r : open_fid_object(f, o, r);
}

int fid_number_object(P9Call *c, uint32_t number, Object *o)
{
    int r = 0;
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    return c->in.bad ? -EPROTO : f ? fid_object(c, f, o) : r;
}
