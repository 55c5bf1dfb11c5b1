/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages on open files and folders. Data go between the file and the guest's memory without a copy. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "fsdev/p9.h"
#include "util/iov.h"

/* Flags of Tlopen and Tlcreate. */
enum { L_ACCESS = 3, L_WRITE = 1, L_READ_WRITE = 2, L_EXCLUSIVE = 0200, L_TRUNCATE = 01000, L_APPEND = 02000,
       L_DSYNC = 010000, L_FOLDER = 0200000, L_SYNC = 04000000 };

#define ENTRY_HEAD 24u              /* of Rreaddir: qid[13] offset[8] type[1] and the name's length */

/* ---- opening ---- */

static int host_flags(uint32_t flags)
{
    static const struct { uint32_t wire; int host; } bits[] = {
        { L_APPEND, O_APPEND }, { L_TRUNCATE, O_TRUNC }, { L_DSYNC, O_DSYNC }, { L_SYNC, O_SYNC },
    };
    uint32_t access = flags & L_ACCESS;
    int host = access == L_WRITE ? O_WRONLY : access == L_READ_WRITE ? O_RDWR : O_RDONLY;
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++) {
        host |= (flags & bits[i].wire) == bits[i].wire ? bits[i].host : 0;
    }
    return host;
}

static bool would_write(uint32_t flags)
{
    return (flags & L_ACCESS) || (flags & L_TRUNCATE);
}

/* Puts an open file in the place of a fid; r is its descriptor or -errno. */
static int become_open(P9Call *c, uint32_t number, Fid *f, Node *node, int r, FidKind kind, uint32_t flags)
{
    if (r < 0) {
        return r;
    }
    if (!fsdev_opened(c->s->set)) {
        close(r);
        return -EMFILE;
    }
    Fid *open = fid_new(c, kind, node, f->uid);
    open->fd = r;
    open->set = c->s->set;
    open->writable = flags & L_ACCESS;
    return fid_replace(c, number, f, open);
}

/* What the client sees as a file must be one here, and a folder one. */
static int open_object(P9Call *c, const Object *o, uint32_t flags, struct stat *st)
{
    int r = meta_stat(c->share, o, st);
    if (r != 0) {
        return r;
    }
    if (S_ISDIR(st->st_mode)) {
        return would_write(flags) ? -EISDIR : share_reopen(o->fd, O_RDONLY | O_DIRECTORY);
    }
    if (flags & L_FOLDER) {
        return -ENOTDIR;
    }
    if (!S_ISREG(st->st_mode)) {
        return S_ISLNK(st->st_mode) ? -ELOOP : -ENXIO;
    }
    return share_reopen(o->fd, host_flags(flags));
}

static int check_flags(P9Call *c, uint32_t flags)
{
    if ((flags & L_ACCESS) == L_ACCESS) {
        return -EINVAL;
    }
    return would_write(flags) && c->share->read_only ? -EROFS : 0;
}

static int reply_open(P9Call *c, const struct stat *st)
{
    p9_put_qid(&c->out, c->share, st);
    p9_put(&c->out, 4, p9_iounit(c));
    return 0;
}

int p9_lopen(P9Call *c)
{
    int r = 0;
    Object o;
    struct stat st;
    uint32_t number = (uint32_t)p9_get(&c->in, 4), flags = (uint32_t)p9_get(&c->in, 4);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || f->kind != FID_NAME) {
        return c->in.bad ? -EPROTO : f ? -EBUSY : r;
    }
    r = check_flags(c, flags);
    r = r ? r : fid_object(c, f, &o);
    if (r != 0) {
        return r;
    }
    r = open_object(c, &o, flags, &st);
    object_close(&o);
    r = become_open(c, number, f, f->node, r, r >= 0 && S_ISDIR(st.st_mode) ? FID_FOLDER : FID_FILE, flags);
    return r ? r : reply_open(c, &st);
}

/* A new file; or what is there already, which may not even be a file. */
static int create(P9Call *c, int dir, const char *name, uint32_t flags, const Creation *new, struct stat *st)
{
    Object o;
    int fd = object_new_file(c->share, dir, name, host_flags(flags), new);
    bool made = fd >= 0;
    if (!made && (fd != -EEXIST || (flags & L_EXCLUSIVE))) {
        return fd;
    }
    int r = object_open_child(c->share, dir, name, &o);
    if (r == 0) {
        r = made ? meta_stat(c->share, &o, st) : open_object(c, &o, flags, st);
        fd = made ? fd : r;
        object_close(&o);
    }
    if (r >= 0 && !S_ISREG(st->st_mode)) {
        r = -EISDIR;
    }
    if (r < 0 && fd >= 0) {
        close(fd);
    }
    return r < 0 ? r : fd;
}

int p9_lcreate(P9Call *c)
{
    int r = 0;
    struct stat st;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    g_autofree char *name = p9_get_string(&c->in);
    uint32_t flags = (uint32_t)p9_get(&c->in, 4), mode = (uint32_t)p9_get(&c->in, 4);
    uint32_t gid = (uint32_t)p9_get(&c->in, 4);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || f->kind != FID_NAME) {
        return c->in.bad ? -EPROTO : f ? -EBUSY : r;
    }
    r = check_flags(c, flags);
    r = r ? r : share_check_name(c->share, name);
    if (r != 0) {
        return r;
    }
    const Creation new = { f->uid, gid, mode & 07777 };
    g_rw_lock_reader_lock(&c->s->tree.names);
    Fd dir = node_open(c->s, f->node);
    Node *node = names_child(&c->s->tree, f->node, name);
    r = dir < 0 ? dir : create(c, dir, name, flags, &new, &st);
    fd_close(dir);
    g_rw_lock_reader_unlock(&c->s->tree.names);
    r = become_open(c, number, f, node, r, FID_FILE, flags);
    names_unref(&c->s->tree, node);
    return r ? r : reply_open(c, &st);
}

/* ---- data ---- */

typedef ssize_t (*Transfer)(int fd, const struct iovec *iov, int n, off_t offset);

/* Between a file and a part of a list; bytes that were moved, or -errno when that were none. */
static int64_t transfer(Transfer func, int fd, const struct iovec *iov, unsigned niov, uint64_t skip,
                        uint32_t count, uint64_t offset)
{
    g_autofree struct iovec *part = g_new(struct iovec, niov + 1);
    unsigned n = iov_part(part, iov, niov, skip, count);
    int64_t done = 0;
    for (unsigned i = 0; i < n;) {
        unsigned some = MIN(n - i, IOV_MAX);
        ssize_t moved = func(fd, part + i, (int)some, (off_t)(offset + (uint64_t)done));
        if (moved < 0) {
            return done ? done : -errno;
        }
        done += moved;
        if ((uint64_t)moved < iov_bytes(part + i, some)) {
            break;
        }
        i += some;
    }
    return done;
}

int p9_read(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    uint64_t offset = p9_get(&c->in, 8);
    uint32_t count = p9_room(c, (uint32_t)p9_get(&c->in, 4));
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f) {
        return c->in.bad ? -EPROTO : r;
    }
    if (f->kind == FID_XATTR_READ) {
        return p9_xattr_read(c, f, offset, count);
    }
    if (f->kind != FID_FILE || offset > (uint64_t)INT64_MAX - count) {
        return f->kind == FID_FOLDER ? -EISDIR : f->kind == FID_FILE ? -EINVAL : -EBADF;
    }
    int64_t n = transfer(preadv, f->fd, c->r->in, c->r->nin, P9_DATA, count, offset);
    c->data = (uint32_t)MAX(n, 0);
    p9_put(&c->out, 4, c->data);
    return (int)MIN(n, 0);
}

int p9_write(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    uint64_t offset = p9_get(&c->in, 8);
    uint32_t count = (uint32_t)p9_get(&c->in, 4);
    g_autoptr(Fid) f = c->in.bad || count > c->r->size - P9_WRITE_DATA ? NULL : fid_get(c, number, &r);
    if (!f) {
        return c->in.bad || count > c->r->size - P9_WRITE_DATA ? -EPROTO : r;
    }
    if (f->kind == FID_XATTR_WRITE) {
        return p9_xattr_write(c, f, offset, count);
    }
    if (f->kind != FID_FILE) {
        return -EBADF;
    }
    if (offset > (uint64_t)INT64_MAX - count) {
        return -EFBIG;
    }
    int64_t n = transfer(pwritev, f->fd, c->r->out, c->r->nout, P9_WRITE_DATA, count, offset);
    if (n > 0 && c->share->writeout) {
        sync_file_range(f->fd, (off64_t)offset, n, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
    }
    p9_put(&c->out, 4, (uint64_t)n);
    return (int)MIN(n, 0);
}

int p9_fsync(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    bool data_only = c->in.at < c->in.end && p9_get(&c->in, 4);
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || f->fd < 0) {
        return c->in.bad ? -EPROTO : f ? -EBADF : r;
    }
    return (data_only ? fdatasync(f->fd) : fsync(f->fd)) == 0 ? 0 : -errno;
}

/* ---- folders ---- */

/* What getdents64 writes. */
typedef struct {
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
} HostEntry;

/* The reply's entry; the client asks for the file itself when the type is 0. */
static void put_entry(P9Call *c, P9Out *out, const Fid *f, const HostEntry *e, const struct stat *folder)
{
    struct stat st = *folder;
    bool root_up = !f->node->parent && strcmp(e->name, "..") == 0;
    /* What is a link for the client is a file for the host; and nothing is told of what is above. */
    bool known = !share_is_mapped(c->share) || e->type == DT_DIR;
    st.st_mode = !known ? 0 : e->type == DT_DIR ? S_IFDIR : e->type == DT_LNK ? S_IFLNK : S_IFREG;
    st.st_ino = root_up ? folder->st_ino : e->inode;
    p9_put(out, 1, p9_qid_type(st.st_mode));
    p9_put(out, 4, 0);
    p9_put(out, 8, share_file_number(c->share, st.st_dev, st.st_ino));
    p9_put(out, 8, (uint64_t)e->next);
    p9_put(out, 1, known ? e->type : DT_UNKNOWN);
    p9_put_string(out, e->name);
}

/* Fid's lock held. Entries from where the descriptor stands, as many as fit; -EINVAL when none does. */
static int put_entries(P9Call *c, P9Out *out, Fid *f, const struct stat *folder)
{
    const size_t least = sizeof(HostEntry) + NAME_MAX + 8;
    g_autofree uint8_t *bytes = g_malloc((size_t)(out->end - out->at) + least);
    bool any = false, fits = true;
    while (fits) {
        /* Entries of the reply are no smaller than the host's by more than their padding. */
        size_t room = MAX((size_t)(out->end - out->at), least);
        long n = syscall(SYS_getdents64, f->fd, bytes, room);
        if (n <= 0) {
            return n == 0 || any ? 0 : -errno;
        }
        for (long at = 0; at < n && fits;) {
            const HostEntry *e = (const void *)(bytes + at);
            at += e->size;
            if (share_is_hidden(c->share, e->name)) {
                continue;
            }
            fits = ENTRY_HEAD + strlen(e->name) <= (size_t)(out->end - out->at);
            if (fits) {
                put_entry(c, out, f, e, folder);
                any = true;
            }
        }
    }
    return any ? 0 : -EINVAL;
}

static int read_entries(P9Call *c, Fid *f, uint64_t offset, uint32_t count)
{
    struct stat st;
    g_autofree uint8_t *bytes = g_malloc(count + 1);
    P9Out out = { bytes, bytes + count, false };
    if (fstat(f->fd, &st) != 0) {
        return -errno;
    }
    g_mutex_lock(&f->lock);
    int r = offset <= INT64_MAX && lseek(f->fd, (off_t)offset, SEEK_SET) >= 0 ? 0 : -EINVAL;
    r = r ? r : put_entries(c, &out, f, &st);
    g_mutex_unlock(&f->lock);
    if (r == 0) {
        c->data = (uint32_t)(out.at - bytes);
        iov_from_buf(c->r->in, c->r->nin, P9_DATA, bytes, c->data);
        p9_put(&c->out, 4, c->data);
    }
    return r;
}

int p9_readdir(P9Call *c)
{
    int r = 0;
    uint32_t number = (uint32_t)p9_get(&c->in, 4);
    uint64_t offset = p9_get(&c->in, 8);
    uint32_t count = p9_room(c, (uint32_t)p9_get(&c->in, 4));
    g_autoptr(Fid) f = c->in.bad ? NULL : fid_get(c, number, &r);
    if (!f || f->kind != FID_FOLDER) {
        return c->in.bad ? -EPROTO : !f ? r : f->kind == FID_FILE ? -ENOTDIR : -EBADF;
    }
    return read_entries(c, f, offset, count);
}
