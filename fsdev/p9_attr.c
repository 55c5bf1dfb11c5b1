/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages on attributes of files, and of the file system. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/statfs.h>
#include "fsdev/p9.h"

#define BASIC 0x7ffu                /* what Rgetattr always has: all but birth time and versions */

/* Of Tsetattr; 0x40, the time of change alone, is what the host does by itself. */
enum { SET_MODE = 1, SET_UID = 2, SET_GID = 4, SET_SIZE = 8, SET_ATIME = 0x10, SET_MTIME = 0x20,
       SET_ATIME_TO = 0x80, SET_MTIME_TO = 0x100 };

int p9_getattr(P9Call *c)
{
    Object o;
    struct stat st;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    p9_get(&c->in, 8);
    int r = fid_number_object(c, number, &o);
    if (r != 0) {
        return r;
    }
    r = meta_stat(c->share, &o, &st);
    object_close(&o);
    if (r != 0) {
        return r;
    }
    p9_put(&c->out, 8, BASIC);
    p9_put_qid(&c->out, c->share, &st);
    const uint32_t who[] = { st.st_mode, st.st_uid, st.st_gid };
    for (unsigned i = 0; i < G_N_ELEMENTS(who); i++) {
        p9_put(&c->out, 4, who[i]);
    }
    const uint64_t more[] = {
        st.st_nlink, st.st_rdev, (uint64_t)st.st_size, MAX(p9_iounit(c), 4096u), (uint64_t)st.st_blocks,
        (uint64_t)st.st_atim.tv_sec, (uint64_t)st.st_atim.tv_nsec, (uint64_t)st.st_mtim.tv_sec,
        (uint64_t)st.st_mtim.tv_nsec, (uint64_t)st.st_ctim.tv_sec, (uint64_t)st.st_ctim.tv_nsec, 0, 0, 0, 0,
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(more); i++) {
        p9_put(&c->out, 8, more[i]);
    }
    return 0;
}

typedef struct {
    uint32_t valid, mode, uid, gid;
    uint64_t size;
    struct timespec times[2];
} SetAttr;

static struct timespec get_time(P9Call *c, const SetAttr *a, uint32_t set, uint32_t to)
{
    struct timespec t = { .tv_sec = (time_t)p9_get(&c->in, 8) };
    uint64_t ns = p9_get(&c->in, 8);
    if (!(a->valid & set)) {
        t.tv_nsec = UTIME_OMIT;
    } else if (!(a->valid & to)) {
        t.tv_nsec = UTIME_NOW;
    } else if (ns < 1000000000) {
        t.tv_nsec = (long)ns;
    } else {
        c->in.bad = true;
    }
    return t;
}

/* The size of an open file does not depend on what is at its name now. */
static int set_size(const Fid *f, const Object *o, uint64_t size)
{
    if (f->kind == FID_FILE && f->writable && size <= INT64_MAX) {
        return ftruncate(f->fd, (off_t)size) == 0 ? 0 : -errno;
    }
    return object_truncate(o, size);
}

/* Times last, for a new size changes them; the mode after the owner, who takes bits from it. */
static int set_all(P9Call *c, const Fid *f, const Object *o, const SetAttr *a)
{
    int r = 0;
    if (a->valid & (SET_UID | SET_GID)) {
        r = object_chown(c->share, o, a->valid & SET_UID ? a->uid : NO_ID,
                         a->valid & SET_GID ? a->gid : NO_ID);
    }
    if (r == 0 && (a->valid & SET_MODE)) {
        r = object_chmod(c->share, o, a->mode);
    }
    if (r == 0 && (a->valid & SET_SIZE)) {
        r = set_size(f, o, a->size);
    }
    if (r == 0 && (a->valid & (SET_ATIME | SET_MTIME))) {
        r = object_set_times(o, a->times);
    }
    return r;
}

int p9_setattr(P9Call *c)
{
    int r = 0;
    Object o;
    SetAttr a;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    a.valid = (uint32_t)p9_get(&c->in, 4);
    a.mode = (uint32_t)p9_get(&c->in, 4);
    a.uid = (uint32_t)p9_get(&c->in, 4);
    a.gid = (uint32_t)p9_get(&c->in, 4);
    a.size = p9_get(&c->in, 8);
    a.times[0] = get_time(c, &a, SET_ATIME, SET_ATIME_TO);
    a.times[1] = get_time(c, &a, SET_MTIME, SET_MTIME_TO);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f) {
        return c->in.bad ? -EINVAL : r;
    }
    r = fid_object(c, f, &o);
    if (r != 0) {
        return r;
    }
    r = set_all(c, f, &o, &a);
    object_close(&o);
    return r;
}

int p9_statfs(P9Call *c)
{
    Object o;
    struct statfs fs;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    int r = fid_number_object(c, number, &o);
    if (r != 0) {
        return r;
    }
    r = fstatfs(o.fd, &fs) == 0 ? 0 : -errno;
    object_close(&o);
    if (r != 0) {
        return r;
    }
    uint64_t id;
    memcpy(&id, &fs.f_fsid, sizeof(id));
    p9_put(&c->out, 4, (uint64_t)fs.f_type);
    p9_put(&c->out, 4, (uint64_t)fs.f_bsize);
    const uint64_t counts[] = { fs.f_blocks, fs.f_bfree, fs.f_bavail, fs.f_files, fs.f_ffree, id };
    for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
        p9_put(&c->out, 8, counts[i]);
    }
    p9_put(&c->out, 4, (uint64_t)fs.f_namelen);
    return 0;
}

int p9_readlink(P9Call *c)
{
    Object o;
    char target[PATH_MAX + 1];
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    int r = fid_number_object(c, number, &o);
    if (r != 0) {
        return r;
    }
    r = object_read_link(c->share, &o, target, sizeof(target));
    object_close(&o);
    if (r == 0) {
        p9_put_string(&c->out, target);
    }
    return r;
}
