/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files and block devices of the host. Images are locked with the bytes that other emulators and
 * their tools use too: byte 100 + n says that the holder does n, byte 200 + n that it lets nobody else
 * do n (0 read, 1 write, 3 resize).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "block/driver.h"
#include "util/error.h"

/* What O_DIRECT wants addresses, offsets and lengths to be multiples of. */
#define DIRECT_ALIGN 4096u

enum { LOCK_DOES = 100, LOCK_DENIES = 200 };
enum { MAY_READ = 1 << 0, MAY_WRITE = 1 << 1, MAY_RESIZE = 1 << 3 };

typedef struct {
    int fd;
    bool device, locked;
    GMutex edges;               /* direct: blocks that are written in part */
} FileState;

/* ---- locks ---- */

static bool lock_byte(int fd, int at, bool test)
{
    struct flock l = { .l_type = test ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
    if (fcntl(fd, test ? F_OFD_GETLK : F_OFD_SETLK, &l) != 0) {
        return errno == EINVAL || errno == ENOLCK || errno == ENOSYS;     /* a file system without locks */
    }
    return !test || l.l_type == F_UNLCK;
}

/* First says what is done and denied, then looks at what the others say: who is later, loses. */
static bool lock_image(int fd, const char *filename, bool read_only, GError **err)
{
    int does = MAY_READ | (read_only ? 0 : MAY_WRITE | MAY_RESIZE), denies = MAY_WRITE | MAY_RESIZE;
    bool ok = true;
    for (int n = 0; n < 4; n++) {
        ok = ok && (!(does >> n & 1) || lock_byte(fd, LOCK_DOES + n, false));
        ok = ok && (!(denies >> n & 1) || lock_byte(fd, LOCK_DENIES + n, false));
    }
    for (int n = 0; n < 4; n++) {
        ok = ok && (!(does >> n & 1) || lock_byte(fd, LOCK_DENIES + n, true));
        ok = ok && (!(denies >> n & 1) || lock_byte(fd, LOCK_DOES + n, true));
    }
    return ok || error_set(err, "%s: another process uses the image; end it, or open the image with "
                           "locking=off if it does not write", filename);
}

static void unlock_image(int fd)
{
    struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = LOCK_DOES, .l_len = 200 };
    fcntl(fd, F_OFD_SETLK, &l);
}

static bool may_lock(KeyVal *options, bool *lock, GError **err)
{
    const char *locking = keyval_get(options, "locking");
    *lock = !locking || strcmp(locking, "auto") == 0 || strcmp(locking, "on") == 0;
    return *lock || strcmp(locking, "off") == 0 ||
           error_set(err, "locking=%s: must be auto, on or off", locking);
}

/* ---- opening ---- */

static bool find_size(BlockNode *node, GError **err)
{
    FileState *f = node->state;
    off_t end = lseek(f->fd, 0, SEEK_END);
    if (end < 0) {
        return error_set(err, "%s: %s", node->filename, g_strerror(errno));
    }
    node->size = (uint64_t)end;
    return true;
}

static bool check_kind(BlockNode *node, bool device, GError **err)
{
    FileState *f = node->state;
    struct stat st;
    if (fstat(f->fd, &st) != 0) {
        return error_set(err, "%s: %s", node->filename, g_strerror(errno));
    }
    f->device = S_ISBLK(st.st_mode);
    node->device = st.st_dev;
    node->inode = st.st_ino;
    if (S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode)) {
        return error_set(err, "%s: is a %s, no image", node->filename,
                         S_ISDIR(st.st_mode) ? "folder" : "character device");
    }
    return f->device == device ||
           error_set(err, "%s: is %s; driver=%s would work", node->filename,
                     f->device ? "a block device" : "no block device", f->device ? "host_device" : "file");
}

/* The descriptor, or -1 with err. */
static int open_host(const BlockNode *node, GError **err)
{
    int fd = open(node->filename, (node->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC |
                  (node->direct ? O_DIRECT : 0));
    if (fd < 0) {
        bool direct = errno == EINVAL && node->direct;
        error_set(err, "Could not open '%s': %s%s", node->filename, g_strerror(errno), direct ?
                  " (its file system has no O_DIRECT; cache.direct=off would work)" : errno == EACCES ?
                  " (read-only=on may work)" : "");
    }
    return fd;
}

static bool open_file(BlockNode *node, KeyVal *options, bool device, GError **err)
{
    FileState *f = node->state;
    const char *filename = keyval_get(options, "filename");
    bool lock;
    if (!filename) {
        return error_set(err, "driver=%s: needs filename=", node->driver->name);
    }
    if (!may_lock(options, &lock, err)) {
        return false;
    }
    node->filename = g_strdup(filename);
    f->fd = open_host(node, err);
    if (f->fd < 0) {
        return false;
    }
    f->locked = lock && !device;
    if (!check_kind(node, device, err) || !find_size(node, err) ||
        (f->locked && !lock_image(f->fd, filename, node->read_only, err))) {
        close(f->fd);
        return false;
    }
    g_mutex_init(&f->edges);
    return true;
}

static bool file_open(BlockNode *node, KeyVal *options, GError **err)
{
    return open_file(node, options, false, err);
}

static bool device_open(BlockNode *node, KeyVal *options, GError **err)
{
    return open_file(node, options, true, err);
}

/* Its own locks stand in the way of the new ones. */
static bool file_make_writable(BlockNode *node, GError **err)
{
    FileState *f = node->state;
    int fd = open_host(node, err);
    struct stat st;
    if (fd < 0) {
        return false;
    }
    if (fstat(fd, &st) != 0 || st.st_dev != node->device || st.st_ino != node->inode) {
        close(fd);
        return error_set(err, "%s: the name stands for another file now", node->filename);
    }
    if (f->locked) {
        unlock_image(f->fd);
        if (!lock_image(fd, node->filename, false, err)) {
            close(fd);
            lock_image(f->fd, node->filename, true, NULL);
            return false;
        }
    }
    close(f->fd);
    f->fd = fd;
    return true;
}

/* Other programs may read it from now on. A file that can no longer be opened stays as it is. */
static int file_make_read_only(BlockNode *node)
{
    FileState *f = node->state;
    int fd = open(node->filename, O_RDONLY | O_CLOEXEC | (node->direct ? O_DIRECT : 0));
    struct stat st;
    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &st) != 0 || st.st_dev != node->device || st.st_ino != node->inode) {
        close(fd);
        return -ESTALE;
    }
    if (f->locked) {
        unlock_image(f->fd);
        lock_image(fd, node->filename, true, NULL);
    }
    close(f->fd);
    f->fd = fd;
    return 0;
}

static void file_close(BlockNode *node)
{
    FileState *f = node->state;
    close(f->fd);
    g_mutex_clear(&f->edges);
}

/* ---- reading and writing ---- */

static int transfer_once(int fd, bool write, const struct iovec *iov, unsigned niov, uint64_t offset)
{
    ssize_t n;
    do {
        n = write ? pwritev(fd, iov, (int)MIN(niov, 1024u), (off_t)offset)
                  : preadv(fd, iov, (int)MIN(niov, 1024u), (off_t)offset);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : (int)n;
}

/* All of it; what lies behind the end of the file reads as zeros. */
static int transfer(int fd, bool write, const struct iovec *iov, unsigned niov, uint64_t offset)
{
    uint64_t left = iov_bytes(iov, niov), done = 0;
    g_autofree struct iovec *part = g_new(struct iovec, niov);
    while (left) {
        unsigned n = iov_part(part, iov, niov, done, MIN(left, 1u << 30));
        int r = transfer_once(fd, write, part, n, offset + done);
        if (r < 0) {
            return r;
        }
        if (r == 0 && write) {
            return -ENOSPC;
        }
        if (r == 0) {
            iov_zero(iov, niov, done, left);
            return 0;
        }
        done += (uint64_t)r;
        left -= (uint64_t)r;
    }
    return 0;
}

static bool is_aligned(const struct iovec *iov, unsigned niov, uint64_t offset)
{
    uintptr_t bits = offset;
    for (unsigned i = 0; i < niov; i++) {
        bits |= (uintptr_t)iov[i].iov_base | iov[i].iov_len;
    }
    return bits % DIRECT_ALIGN == 0;
}

/* Through a buffer of whole blocks; those that are written in part are read first. */
static int bounce(FileState *f, bool write, const struct iovec *iov, unsigned niov, uint64_t offset)
{
    uint64_t len = iov_bytes(iov, niov), first = offset & ~(uint64_t)(DIRECT_ALIGN - 1);
    uint64_t whole = (offset + len - first + DIRECT_ALIGN - 1) & ~(uint64_t)(DIRECT_ALIGN - 1);
    void *buf;
    if (posix_memalign(&buf, DIRECT_ALIGN, whole) != 0) {
        return -ENOMEM;
    }
    struct iovec one = { buf, whole };
    bool edges = write && (offset != first || len != whole);
    if (edges) {
        g_mutex_lock(&f->edges);
    }
    int r = !write || edges ? transfer(f->fd, false, &one, 1, first) : 0;
    if (r == 0 && write) {
        iov_to_buf(iov, niov, 0, (char *)buf + (offset - first), len);
        r = transfer(f->fd, true, &one, 1, first);
    } else if (r == 0) {
        iov_from_buf(iov, niov, 0, (char *)buf + (offset - first), len);
    }
    if (edges) {
        g_mutex_unlock(&f->edges);
    }
    free(buf);
    return r;
}

static int go(BlockNode *node, bool write, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    FileState *f = node->state;
    if (node->direct && !is_aligned(iov, niov, offset)) {
        return bounce(f, write, iov, niov, offset);
    }
    return transfer(f->fd, write, iov, niov, offset);
}

static int file_readv(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    return go(node, false, offset, iov, niov);
}

static int file_writev(BlockNode *node, uint64_t offset, const struct iovec *iov, unsigned niov)
{
    return go(node, true, offset, iov, niov);
}

/* ---- the rest ---- */

static int allocate(BlockNode *node, int mode, uint64_t offset, uint64_t bytes)
{
    FileState *f = node->state;
    int r;
    do {
        r = fallocate(f->fd, mode, (off_t)offset, (off_t)bytes);
    } while (r != 0 && errno == EINTR);
    return r == 0 ? 0 : errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ? -ENOTSUP : -errno;
}

static int file_zero(BlockNode *node, uint64_t offset, uint64_t bytes, bool unmap)
{
    int r = -ENOTSUP;
    if (unmap) {
        r = allocate(node, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
    }
    return r == -ENOTSUP ? allocate(node, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, offset, bytes) : r;
}

static int file_discard(BlockNode *node, uint64_t offset, uint64_t bytes)
{
    FileState *f = node->state;
    if (f->device) {
        uint64_t range[2] = { offset, bytes };
        return ioctl(f->fd, BLKDISCARD, range) == 0 ? 0 : errno == EOPNOTSUPP ? -ENOTSUP : -errno;
    }
    return allocate(node, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
}

static int file_flush(BlockNode *node)
{
    const FileState *f = node->state;
    return node->no_flush || fdatasync(f->fd) == 0 ? 0 : -errno;
}

static int file_truncate(BlockNode *node, uint64_t size)
{
    const FileState *f = node->state;
    if (f->device) {
        return -ENOTSUP;
    }
    if (ftruncate(f->fd, (off_t)size) != 0) {
        return -errno;
    }
    __atomic_store_n(&node->size, size, __ATOMIC_RELAXED);
    return 0;
}

static uint64_t file_allocated(BlockNode *node)
{
    const FileState *f = node->state;
    struct stat st;
    return fstat(f->fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

#define FILE_FUNCTIONS .close = file_close, .readv = file_readv, .writev = file_writev, .zero = file_zero, \
    .discard = file_discard, .flush = file_flush, .truncate = file_truncate, .allocated = file_allocated, \
    .make_writable = file_make_writable, .make_read_only = file_make_read_only

const BlockDriver block_driver_file = {
    "file", sizeof(FileState), .open = file_open, FILE_FUNCTIONS,
};

const BlockDriver block_driver_host_device = {
    "host_device", sizeof(FileState), .open = device_open, FILE_FUNCTIONS,
};
