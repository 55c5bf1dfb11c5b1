/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only program of a guest that works in a shared folder: loads the modules of /order, mounts "share" on
 * /mnt and runs each test below. A line "OK name" for each, or "FAIL name" with the place; in the end "DONE".
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64        /* places in folders are as wide as the host has them */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "../disk/modules.h"

#define BIG (24u << 20)
#define PIECE 65536u

#define CHECK(what) \
    do { \
        if (!(what)) { \
            printf("# line %d: %s: %m\n", __LINE__, #what); \
            return false; \
        } \
    } while (0)
/* A call that must fail, and how: errno as this architecture has it. */
#define FAILS(error, call) CHECK((call) < 0 && errno == (error))

/* ---- a tree ---- */

static bool copy_data(const char *from, const char *to, const struct stat *st)
{
    static char buffer[PIECE];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ssize_t n;
    CHECK(in >= 0 && out >= 0);
    while ((n = read(in, buffer, sizeof(buffer))) > 0) {
        CHECK(write(out, buffer, (size_t)n) == n);
    }
    CHECK(n == 0 && fchmod(out, st->st_mode & 07777) == 0 && close(out) == 0);
    close(in);
    return true;
}

static bool copy_one(const char *from, const char *to);

static bool copy_folder(const char *from, const char *to)
{
    char a[512], b[512];
    DIR *list = opendir(from);
    CHECK(list && mkdir(to, 0700) == 0);
    for (struct dirent *e; (e = readdir(list));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        snprintf(a, sizeof(a), "%s/%s", from, e->d_name);
        snprintf(b, sizeof(b), "%s/%s", to, e->d_name);
        if (!copy_one(a, b)) {
            return false;
        }
    }
    closedir(list);
    return true;
}

/* As cp -a. */
static bool copy_one(const char *from, const char *to)
{
    struct stat st;
    char target[512];
    CHECK(lstat(from, &st) == 0);
    if (S_ISDIR(st.st_mode)) {
        if (!copy_folder(from, to)) {
            return false;
        }
        CHECK(chmod(to, st.st_mode & 07777) == 0);
    } else if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlink(from, target, sizeof(target) - 1);
        CHECK(n > 0);
        target[n] = 0;
        CHECK(symlink(target, to) == 0);
    } else if (!copy_data(from, to, &st)) {
        return false;
    }
    const struct timespec times[] = { st.st_atim, st.st_mtim };
    CHECK(lchown(to, st.st_uid, st.st_gid) == 0 && utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW) == 0);
    return true;
}

static bool same_data(const char *a, const char *b)
{
    static char x[PIECE], y[PIECE];
    int fa = open(a, O_RDONLY), fb = open(b, O_RDONLY);
    ssize_t n;
    CHECK(fa >= 0 && fb >= 0);
    while ((n = read(fa, x, sizeof(x))) > 0) {
        CHECK(read(fb, y, sizeof(y)) == n && memcmp(x, y, (size_t)n) == 0);
    }
    CHECK(n == 0 && read(fb, y, sizeof(y)) == 0);
    close(fa);
    close(fb);
    return true;
}

static bool test_tree(void)
{
    return copy_one("/mnt/in", "/mnt/out") && copy_one("/mnt/out", "/copy") &&
           copy_one("/copy", "/mnt/again") && same_data("/mnt/in/large", "/mnt/again/large");
}

/* ---- names ---- */

static bool make(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
    return true;
}

static bool test_names(void)
{
    struct stat st;
    char text[64] = "";
    CHECK(mkdir("/mnt/n", 0755) == 0 && mkdir("/mnt/n/d", 01777) == 0 && make("/mnt/n/d/f", "text"));
    FAILS(EEXIST, mkdir("/mnt/n/d", 0755));
    FAILS(ENOTEMPTY, rmdir("/mnt/n/d"));
    FAILS(ENOTDIR, rmdir("/mnt/n/d/f"));
    FAILS(ENOENT, unlink("/mnt/n/nothing"));
    CHECK(stat("/mnt/n/d", &st) == 0 && (st.st_mode & 07777) == 01777);
    CHECK(symlink("d/f", "/mnt/n/link") == 0 && readlink("/mnt/n/link", text, sizeof(text)) == 3);
    CHECK(lstat("/mnt/n/link", &st) == 0 && S_ISLNK(st.st_mode));
    CHECK(stat("/mnt/n/link", &st) == 0 && st.st_size == 4);
    CHECK(symlink("loop", "/mnt/n/loop") == 0);
    FAILS(ELOOP, open("/mnt/n/loop", O_RDONLY));
    CHECK(link("/mnt/n/d/f", "/mnt/n/hard") == 0 && stat("/mnt/n/hard", &st) == 0 && st.st_nlink == 2);
    CHECK(rename("/mnt/n/d", "/mnt/n/e") == 0 && stat("/mnt/n/e/f", &st) == 0);
    FAILS(ENOENT, stat("/mnt/n/d/f", &st));
    FAILS(EINVAL, rename("/mnt/n/e", "/mnt/n/e/e"));
    CHECK(make("/mnt/n/over", "other") && rename("/mnt/n/over", "/mnt/n/hard") == 0);
    CHECK(stat("/mnt/n/hard", &st) == 0 && st.st_size == 5);
    CHECK(stat("/mnt/n/e/f", &st) == 0 && st.st_nlink == 1);
    CHECK(chmod("/mnt/n/hard", 0604) == 0 && chown("/mnt/n/hard", 1234, 5678) == 0);
    CHECK(stat("/mnt/n/hard", &st) == 0 && (st.st_mode & 07777) == 0604);
    CHECK(mkdir("/mnt/n/gone", 0700) == 0 && rmdir("/mnt/n/gone") == 0);
    return true;
}

/* Only mapped models keep owners and devices for those who are not root at the host. */
static bool test_owners(void)
{
    struct stat st;
    CHECK(mknod("/mnt/n/null", S_IFCHR | 0666, makedev(1, 3)) == 0 && mkfifo("/mnt/n/fifo", 0640) == 0);
    CHECK(stat("/mnt/n/null", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
    CHECK(stat("/mnt/n/fifo", &st) == 0 && st.st_mode == (S_IFIFO | 0640));
    CHECK(stat("/mnt/n/hard", &st) == 0 && st.st_uid == 1234 && st.st_gid == 5678);
    int fd = open("/mnt/n/null", O_RDWR);       /* this guest's */
    CHECK(fd >= 0 && write(fd, "x", 1) == 1 && read(fd, &st, 1) == 0);
    return close(fd) == 0;
}

static bool test_many(void)
{
    char path[64];
    unsigned seen = 0;
    CHECK(mkdir("/mnt/many", 0755) == 0);
    for (unsigned i = 0; i < 250; i++) {
        snprintf(path, sizeof(path), "/mnt/many/some-longer-name-%u", i);
        CHECK(make(path, path));
    }
    DIR *list = opendir("/mnt/many");
    CHECK(list != NULL);
    while (readdir(list)) {
        seen++;
    }
    CHECK(seen == 252);
    closedir(list);
    return true;
}

/* ---- open files ---- */

static bool test_open_files(void)
{
    char text[32] = "";
    struct stat st;
    int fd = open("/mnt/n/open", O_RDWR | O_CREAT, 0600), more = open("/mnt/n/open", O_WRONLY | O_APPEND);
    CHECK(fd >= 0 && more >= 0 && write(fd, "12345", 5) == 5 && write(more, "678", 3) == 3);
    CHECK(unlink("/mnt/n/open") == 0 && pread(fd, text, 32, 0) == 8 && strcmp(text, "12345678") == 0);
    CHECK(ftruncate(fd, 3) == 0 && fstat(fd, &st) == 0 && st.st_size == 3 && fsync(fd) == 0);
    close(fd);
    close(more);
    struct statfs fs;
    CHECK(statfs("/mnt", &fs) == 0 && fs.f_blocks > 0 && fs.f_namelen >= 255);
    return true;
}

static bool test_xattrs(void)
{
    char value[64];
    CHECK(make("/mnt/n/x", "x"));
    if (setxattr("/mnt/n/x", "user.a", "value", 5, 0) != 0 && errno == EOPNOTSUPP) {
        return true;                /* so it is with the host's file system */
    }
    CHECK(setxattr("/mnt/n/x", "user.a", "value", 5, 0) == 0);
    FAILS(EEXIST, setxattr("/mnt/n/x", "user.a", "value", 5, XATTR_CREATE));
    CHECK(getxattr("/mnt/n/x", "user.a", value, 64) == 5 && memcmp(value, "value", 5) == 0);
    CHECK(listxattr("/mnt/n/x", value, 64) == 7 && strcmp(value, "user.a") == 0);
    CHECK(removexattr("/mnt/n/x", "user.a") == 0);
    FAILS(ENODATA, getxattr("/mnt/n/x", "user.a", value, 64));
    return true;
}

static bool test_locks(void)
{
    int fd = open("/mnt/n/x", O_RDWR), status;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    CHECK(fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0);
    pid_t child = fork();
    if (child == 0) {
        fd = open("/mnt/n/x", O_RDWR);
        _exit(fcntl(fd, F_SETLK, &lock) < 0 && errno == EAGAIN ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    lock.l_type = F_UNLCK;
    CHECK(fcntl(fd, F_SETLK, &lock) == 0);
    return close(fd) == 0;
}

/* ---- data ---- */

static uint32_t crc(const uint8_t *p, size_t n, uint32_t c)
{
    static uint32_t table[256];
    for (uint32_t i = 0; i < 256 && !table[255]; i++) {
        table[i] = i;
        for (int j = 0; j < 8; j++) {
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
        }
    }
    for (c = ~c; n; n--) {
        c = c >> 8 ^ table[(c ^ *p++) & 255];
    }
    return ~c;
}

/* What is written is what the host reads (it is told the sum), and what a mapping shows. */
static bool test_big(void)
{
    static uint8_t piece[PIECE + 1];
    uint32_t sum = 0, seen = 0, x = 1;
    int fd = open("/mnt/big", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    for (unsigned at = 0; at < BIG; at += PIECE) {
        for (unsigned i = 0; i < PIECE; i += 4) {
            x = x * 1664525 + 1013904223;
            memcpy(piece + i, &x, 4);
        }
        sum = crc(piece, PIECE, sum);
        CHECK(write(fd, piece, PIECE) == PIECE);
    }
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    for (ssize_t n; (n = read(fd, piece, 50001)) > 0;) {
        seen = crc(piece, (size_t)n, seen);
    }
    CHECK(seen == sum);
    uint8_t *map = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(map != MAP_FAILED && pread(fd, piece, PIECE, 1 << 19) == PIECE);
    CHECK(memcmp(map + (1 << 19), piece, PIECE) == 0 && munmap(map, 1 << 20) == 0);
    printf("SUM %08x\n", sum);
    return close(fd) == 0;
}

static bool work_alone(int n)
{
    char path[64], moved[64];
    for (int i = 0; i < 15; i++) {
        snprintf(path, sizeof(path), "/mnt/p/%d-%d", n, i);
        snprintf(moved, sizeof(moved), "/mnt/p/%d-%d-moved", n, i);
        CHECK(make(path, path) && rename(path, moved) == 0 && make(path, moved));
        CHECK(unlink(moved) == 0);
    }
    return true;
}

static bool test_parallel(void)
{
    int status;
    CHECK(mkdir("/mnt/p", 0755) == 0);
    for (int n = 0; n < 6; n++) {
        if (fork() == 0) {
            _exit(!work_alone(n));
        }
    }
    for (int n = 0; n < 6; n++) {
        CHECK(wait(&status) > 0 && status == 0);
    }
    return true;
}

/* Processes that die while they wait for the server: what they asked for is flushed. */
static bool test_killed(void)
{
    static uint8_t piece[1 << 20];
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0) {
            int fd = open("/mnt/big", O_RDONLY);
            while (pread(fd, piece, sizeof(piece), 0) > 0) {
            }
            _exit(1);
        }
        usleep(20000 + 1000 * (unsigned)i);
        CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    }
    return same_data("/mnt/in/large", "/mnt/out/large");
}

int main(void)
{
    static const struct { const char *name; bool (*func)(void); } tests[] = {
        { "tree", test_tree }, { "names", test_names }, { "owners", test_owners }, { "many", test_many },
        { "open", test_open_files }, { "xattrs", test_xattrs }, { "locks", test_locks }, { "big", test_big },
        { "parallel", test_parallel }, { "killed", test_killed },
    };
    setvbuf(stdout, NULL, _IONBF, 0);
    mkdir("/mnt", 0755);
    load_modules();
    if (mount("share", "/mnt", "9p", 0, "trans=virtio,version=9p2000.L,msize=262144,access=client") != 0) {
        printf("FAIL mount: %m\n");
    }
    umask(0);
    for (unsigned i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
        printf("%s %s\n", tests[i].func() ? "OK" : "FAIL", tests[i].name);
    }
    printf("%s\n", umount("/mnt") == 0 ? "DONE" : "FAIL umount");
    reboot(RB_POWER_OFF);
    return 0;
}
