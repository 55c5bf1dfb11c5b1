/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks of files: a client keeps its own processes apart itself, and asks so that other clients and the host
 * see them. They are locks of the open file (F_OFD_SETLK), so they end with the fid.
 */
#include <errno.h>
#include <fcntl.h>
#include "fsdev/p9.h"

enum { KIND_READ = 0, KIND_WRITE = 1, KIND_NONE = 2 };
enum { LOCK_SUCCESS = 0, LOCK_BLOCKED = 1 };

/* The host's words for it; false when they make none. */
static bool host_lock(uint8_t type, uint64_t start, uint64_t length, struct flock *lock)
{
    *lock = (struct flock){
        .l_type = type == KIND_READ ? F_RDLCK : type == KIND_WRITE ? F_WRLCK : F_UNLCK,
        .l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)length,
    };
    return type <= KIND_NONE && start <= INT64_MAX && length <= INT64_MAX - start;
}

static int take(const Fid *f, uint8_t type, struct flock *lock, uint8_t *status)
{
    if (f->kind != FID_FILE) {
        return -EBADF;
    }
    if (fcntl(f->fd, F_OFD_SETLK, lock) == 0) {
        return 0;
    }
    if (errno == EAGAIN || errno == EACCES) {
        *status = LOCK_BLOCKED;
        return 0;
    }
    return -errno;
}

int p9_lock(P9Call *c)
{
    int r = 0;
    struct flock lock;
    uint8_t status = LOCK_SUCCESS;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    uint8_t type = (uint8_t)p9_get(&c->in, 1);
    p9_get(&c->in, 4);              /* whether the client would wait: it asks again */
    uint64_t start = p9_get(&c->in, 8), length = p9_get(&c->in, 8);
    p9_get(&c->in, 4);
    g_autofree char *client = p9_get_string(&c->in);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || !host_lock(type, start, length, &lock)) {
        return c->in.bad ? -EPROTO : f ? -EINVAL : r;
    }
    r = take(f, type, &lock, &status);
    p9_put(&c->out, 1, status);
    return r;
}

int p9_getlock(P9Call *c)
{
    int r = 0;
    struct flock lock;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    uint8_t type = (uint8_t)p9_get(&c->in, 1);
    uint64_t start = p9_get(&c->in, 8), length = p9_get(&c->in, 8);
    uint32_t process = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *client = p9_get_string(&c->in);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || type == KIND_NONE || !host_lock(type, start, length, &lock)) {
        return c->in.bad ? -EPROTO : f ? -EINVAL : r;
    }
    if (f->kind != FID_FILE || fcntl(f->fd, F_OFD_GETLK, &lock) != 0) {
        return f->kind != FID_FILE ? -EBADF : -errno;
    }
    bool none = lock.l_type == F_UNLCK;
    p9_put(&c->out, 1, none ? KIND_NONE : lock.l_type == F_RDLCK ? KIND_READ : KIND_WRITE);
    p9_put(&c->out, 8, none ? start : (uint64_t)lock.l_start);
    p9_put(&c->out, 8, none ? length : (uint64_t)lock.l_len);
    p9_put(&c->out, 4, none ? process : 0);     /* nobody whom the guest knows */
    p9_put_string(&c->out, none ? client : "host");
    return 0;
}
