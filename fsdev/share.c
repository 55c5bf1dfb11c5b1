/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fsdev/share.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include "fsdev/meta.h"
#include "util/error.h"

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/* ---- making one ---- */

static bool read_word(KeyVal *props, const char *key, const char *const *words, const char *expect,
                      unsigned *out, GError **err)
{
    const char *value = keyval_get(props, key);
    for (unsigned i = 0; value && words[i]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return !value || error_set(err, "%s %s=%s: must be %s", keyval_option(props), key, value, expect);
}

static bool read_model(KeyVal *props, Share *s, GError **err)
{
    static const char *const words[] = {
        "none", "passthrough", "mapped-xattr", "mapped-file", "mapped", NULL,
    };
    static const char expect[] = "mapped-xattr (mapped is the same), mapped-file, passthrough or none";
    unsigned model = G_N_ELEMENTS(words);
    if (!read_word(props, "security_model", words, expect, &model, err)) {
        return false;
    }
    if (model == G_N_ELEMENTS(words)) {
        return error_set(err, "%s: needs security_model=: %s", keyval_option(props), expect);
    }
    s->model = strcmp(words[model], "mapped") == 0 ? MODEL_MAPPED_XATTR : (ShareModel)model;
    return true;
}

/* An octal number, as chmod takes it. */
static bool read_mode(KeyVal *props, const char *key, const Share *s, mode_t *out, GError **err)
{
    const char *value = keyval_get(props, key);
    char *end = NULL;
    guint64 mode = value ? g_ascii_strtoull(value, &end, 8) : 0;
    if (!value) {
        return true;
    }
    if (!share_is_mapped(s)) {
        return error_set(err, "%s %s=%s: goes with security_model=mapped-xattr or mapped-file",
                         keyval_option(props), key, value);
    }
    if (!g_ascii_isdigit(*value) || *end || mode > 0777) {
        return error_set(err, "%s %s=%s: must be an octal mode, as 0600", keyval_option(props), key, value);
    }
    *out = (mode_t)mode;
    return true;
}

static bool read_options(KeyVal *props, Share *s, GError **err)
{
    static const char *const multidevs[] = { "warn", "remap", "forbid", NULL };
    static const char *const writeouts[] = { "immediate", NULL };
    unsigned devices = MULTIDEVS_WARN, writeout = 1;
    s->id = g_strdup(keyval_get(props, "id"));
    s->path = g_strdup(keyval_get(props, "path"));
    s->fmode = 0600;
    s->dmode = 0700;
    if (!read_model(props, s, err) || !keyval_get_bool(props, "readonly", &s->read_only, err) ||
        !read_word(props, "writeout", writeouts, "immediate", &writeout, err) ||
        !read_word(props, "multidevs", multidevs, "remap, forbid or warn", &devices, err) ||
        !read_mode(props, "fmode", s, &s->fmode, err) || !read_mode(props, "dmode", s, &s->dmode, err) ||
        !keyval_finish(props, err)) {
        return false;
    }
    s->writeout = writeout == 0;
    s->multidevs = (ShareMultidevs)devices;
    if (!s->id || !s->path) {
        return error_set(err, "%s: needs %s", keyval_option(props), s->id ? "path=FOLDER" : "id=ID");
    }
    return true;
}

/* What the model needs of the host: errors now, and not in the guest. */
static bool probe(KeyVal *props, Share *s, GError **err)
{
    const char *option = keyval_option(props);
    char name[SHARE_FD_NAME], value[4];
    struct stat st;
    s->root = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->root < 0 || fstat(s->root, &st) != 0) {
        return error_set(err, "%s path=%s: %s", option, s->path, g_strerror(errno));
    }
    s->root_dev = st.st_dev;
    share_fd_name(s->root, name);
    if (access(name, R_OK | X_OK) != 0) {
        int why = errno;
        return why == ENOENT ? error_set(err, "%s: needs /proc, which is not mounted", option)
                             : error_set(err, "%s path=%s: %s", option, s->path, g_strerror(why));
    }
    if (s->model == MODEL_MAPPED_XATTR && getxattr(name, META_XATTR_MODE, value, sizeof(value)) < 0 &&
        errno == ENOTSUP) {
        return error_set(err, "%s path=%s: its file system has no extended attributes, in which "
                         "security_model=mapped-xattr keeps owners and modes; use mapped-file", option,
                         s->path);
    }
    s->openat2 = true;
    Fd fd = share_open_path(s, ".");
    s->openat2 = fd >= 0;
    if (fd >= 0) {
        close(fd);
    }
    return true;
}

Share *share_new(KeyVal *props, GError **err)
{
    Share *s = g_new0(Share, 1);
    s->root = -1;
    g_mutex_init(&s->meta_lock);
    if (!read_options(props, s, err) || !probe(props, s, err)) {
        share_free(s);
        return NULL;
    }
    return s;
}

void share_free(Share *s)
{
    if (s->root >= 0) {
        close(s->root);
    }
    g_mutex_clear(&s->meta_lock);
    g_free(s->id);
    g_free(s->path);
    g_free(s);
}

/* ---- reaching files ---- */

void share_fd_name(int fd, char *name)
{
    g_snprintf(name, SHARE_FD_NAME, "/proc/self/fd/%d", fd);
}

int share_open_child(int dir, const char *name)
{
    int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* For hosts before Linux 5.6, and containers that refuse openat2. */
static int open_by_steps(const Share *s, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    int fd = share_open_child(s->root, ".");
    for (char **name = names; *name && fd >= 0; name++) {
        int next = share_open_child(fd, *name);
        close(fd);
        fd = next;
    }
    return fd;
}

int share_open_path(const Share *s, const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    if (*path == '\0') {
        return share_open_child(s->root, ".");
    }
    if (!s->openat2) {
        return open_by_steps(s, path);
    }
    long fd = syscall(SYS_openat2, s->root, path, &how, sizeof(how));
    /* A link within the path is what a folder was a moment ago, when somebody at the host changes things. */
    return fd >= 0 ? (int)fd : errno == ELOOP ? -ENOTDIR : -errno;
}

int share_reopen(int fd, int flags)
{
    char name[SHARE_FD_NAME];
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return -errno;
    }
    if (S_ISLNK(st.st_mode)) {
        return -ELOOP;
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return -ENXIO;
    }
    share_fd_name(fd, name);
    int opened = open(name, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return opened < 0 ? -errno : opened;
}

/* ---- names and numbers ---- */

bool share_is_hidden(const Share *s, const char *name)
{
    return s->model == MODEL_MAPPED_FILE &&
           (strcmp(name, META_FOLDER) == 0 || strcmp(name, META_ROOT_FILE) == 0);
}

int share_check_name(const Share *s, const char *name)
{
    if (*name == '\0' || strchr(name, '/')) {
        return -EINVAL;
    }
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return -EINVAL;
    }
    if (strlen(name) > NAME_MAX) {
        return -ENAMETOOLONG;
    }
    return share_is_hidden(s, name) ? -ENOENT : 0;
}

int share_check_device(Share *s, dev_t dev)
{
    if (dev == s->root_dev || s->multidevs == MULTIDEVS_REMAP) {
        return 0;
    }
    if (s->multidevs == MULTIDEVS_FORBID) {
        return -ENODEV;
    }
    if (g_atomic_int_compare_and_exchange(&s->warned, 0, 1)) {
        g_printerr("warning: -fsdev id=%s: there is more than one file system in %s, and a guest may take "
                   "two files for one; multidevs=remap keeps them apart\n", s->id, s->path);
    }
    return 0;
}

/* One to one for the files of a device; those of two devices meet by chance only. */
uint64_t share_file_number(const Share *s, dev_t dev, uint64_t inode)
{
    if (dev == s->root_dev || s->multidevs != MULTIDEVS_REMAP) {
        return inode;
    }
    uint64_t x = inode + (uint64_t)dev * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}
