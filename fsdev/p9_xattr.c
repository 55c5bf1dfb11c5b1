/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages on extended attributes, and the end of fids: what was written of an attribute takes effect there.
 * Clients have user.* and access control lists; what a mapped share keeps in attributes is not theirs, and
 * their lists are beside it.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>
#include "fsdev/p9.h"
#include "util/iov.h"

#define ACL "system.posix_acl_"

/* The host's name for a client's; NULL with *error. */
static char *host_name(const Share *s, const char *name, int *error)
{
    bool acl = g_str_has_prefix(name, ACL);
    *error = -EOPNOTSUPP;
    if (strlen(name) > XATTR_NAME_MAX - strlen(META_XATTR)) {
        *error = -ERANGE;
        return NULL;
    }
    if (g_str_has_prefix(name, META_XATTR) && share_is_mapped(s)) {
        *error = -ENODATA;
        return NULL;
    }
    if (g_str_has_prefix(name, "user.") || (acl && s->model == MODEL_PASSTHROUGH)) {
        return g_strdup(name);
    }
    return acl && s->model == MODEL_MAPPED_XATTR ? g_strconcat(META_XATTR, name, NULL) : NULL;
}

/* The client's name for a host's; NULL when it has none. */
static const char *client_name(const Share *s, const char *name)
{
    if (g_str_has_prefix(name, META_XATTR) && share_is_mapped(s)) {
        const char *rest = name + strlen(META_XATTR);
        return g_str_has_prefix(rest, ACL) && s->model == MODEL_MAPPED_XATTR ? rest : NULL;
    }
    bool acl = g_str_has_prefix(name, ACL) && s->model == MODEL_PASSTHROUGH;
    return acl || g_str_has_prefix(name, "user.") ? name : NULL;
}

/* Names for the client, in the place of the host's; bytes that are left. */
static size_t translate_list(const Share *s, char *list, size_t size)
{
    g_autofree char *copy = g_memdup2(list, size);
    size_t out = 0;
    for (size_t at = 0; at < size; at += strlen(copy + at) + 1) {
        const char *name = client_name(s, copy + at);
        if (name) {
            memcpy(list + out, name, strlen(name) + 1);
            out += strlen(name) + 1;
        }
    }
    return out;
}

/* Bytes of a fid count for all that a client has. */
static int reserve(P9Call *c, Fid *f, size_t size)
{
    g_mutex_lock(&c->s->lock);
    bool ok = size <= P9_XATTR_TOTAL - c->s->xattr_bytes;
    if (ok) {
        f->size = (uint32_t)size;
        c->s->xattr_bytes += f->size;
    }
    g_mutex_unlock(&c->s->lock);
    return ok ? 0 : -ENOMEM;
}

/* Value of an attribute, or the names of all (name ""), into f. */
static int load(P9Call *c, Fid *f, const Object *o, const char *name)
{
    char path[SHARE_FD_NAME];
    int r = 0;
    g_autofree char *host = *name ? host_name(c->share, name, &r) : NULL;
    if (*name && !host) {
        return r;
    }
    g_autofree char *value = g_malloc(P9_XATTR_BYTES);
    share_fd_name(o->fd, path);
    ssize_t n = host ? getxattr(path, host, value, P9_XATTR_BYTES) : listxattr(path, value, P9_XATTR_BYTES);
    if (n < 0) {
        return -errno;
    }
    size_t size = host ? (size_t)n : translate_list(c->share, value, (size_t)n);
    r = reserve(c, f, size);
    f->value = r ? NULL : g_memdup2(value, size);
    return r;
}

int p9_xattrwalk(P9Call *c)
{
    int r = 0;
    Object o;
    uint32_t number = (uint32_t)p9_get(&c->in, 4), target = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || f->kind == FID_XATTR_READ || f->kind == FID_XATTR_WRITE) {
        return c->in.bad ? -EPROTO : f ? -EINVAL : r;
    }
    r = fid_object(c, f, &o);
    if (r != 0) {
        return r;
    }
    Fid *new = fid_new(c, FID_XATTR_READ, f->node, f->uid);
    r = load(c, new, &o, name);
    object_close(&o);
    if (r != 0) {
        fid_unref(new);
        return r;
    }
    p9_put(&c->out, 8, new->size);
    return fid_add(c, target, new);
}

int p9_xattrcreate(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    uint64_t size = p9_get(&c->in, 8);
    uint32_t flags = (uint32_t)p9_get(&c->in, 4);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || f->kind != FID_NAME) {
        return c->in.bad ? -EPROTO : f ? -EBUSY : r;
    }
    g_autofree char *host = host_name(c->share, name, &r);
    if (!host) {
        return r == -ENODATA ? -EPERM : r;
    }
    if (size > P9_XATTR_BYTES || (flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE))) {
        return size > P9_XATTR_BYTES ? -E2BIG : -EINVAL;
    }
    Fid *new = fid_new(c, FID_XATTR_WRITE, f->node, f->uid);
    r = reserve(c, new, size);
    if (r != 0) {
        fid_unref(new);
        return r;
    }
    new->value = g_malloc0(size);
    new->xattr = g_steal_pointer(&host);
    new->flags = flags;
    return fid_replace(c, number, f, new);
}

int p9_xattr_read(P9Call *c, Fid *f, uint64_t offset, uint32_t count)
{
    offset = MIN(offset, f->size);
    c->data = (uint32_t)MIN(count, f->size - offset);
    p9_put(&c->out, 4, c->data);
    if (c->data) {
        iov_from_buf(c->r->in, c->r->nin, P9_DATA, f->value + offset, c->data);
    }
    return 0;
}

int p9_xattr_write(P9Call *c, Fid *f, uint64_t offset, uint32_t count)
{
    if (offset > f->size || count > f->size - offset) {
        return -ENOSPC;
    }
    if (count) {
        g_mutex_lock(&f->lock);
        iov_to_buf(c->r->out, c->r->nout, P9_WRITE_DATA, f->value + offset, count);
        f->done = MAX(f->done, (uint32_t)offset + count);
        g_mutex_unlock(&f->lock);
    }
    p9_put(&c->out, 4, count);
    return 0;
}

/* Nothing is a value that is to go away. */
static int set_xattr(P9Call *c, Fid *f)
{
    char path[SHARE_FD_NAME];
    Object o;
    if (f->done != f->size) {
        return -EINVAL;
    }
    int r = fid_object(c, f, &o);
    if (r != 0) {
        return r;
    }
    share_fd_name(o.fd, path);
    if (f->size == 0) {
        bool removed = removexattr(path, f->xattr) == 0;
        /* An access control list that is not there is one that allows nothing more. */
        r = removed || (errno == ENODATA && strstr(f->xattr, ACL)) ? 0 : -errno;
    } else {
        r = setxattr(path, f->xattr, f->value, f->size, (int)f->flags) == 0 ? 0 : -errno;
    }
    object_close(&o);
    return r;
}

int p9_clunk(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_take(c, number, &r);
    if (!f) {
        return c->in.bad ? -EPROTO : r;
    }
    return f->kind == FID_XATTR_WRITE ? set_xattr(c, f) : 0;
}
