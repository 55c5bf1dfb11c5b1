/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Backing images: which one, and what format it has. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "block/graph_internal.h"
#include "util/error.h"

/* ---- formats by their first bytes ---- */

const char *block_probe_format(const char *filename, GError **err)
{
    static const uint8_t qcow[4] = { 'Q', 'F', 'I', 0xfb };
    uint8_t head[8] = { 0 };
    int fd = open(filename, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        error_set(err, "Could not open '%s': %s", filename, g_strerror(error));
        return NULL;
    }
    bool version = head[4] == 0 && head[5] == 0 && head[6] == 0 && (head[7] == 2 || head[7] == 3);
    return n == sizeof(head) && memcmp(head, qcow, sizeof(qcow)) == 0 && version ? "qcow2" : "raw";
}

bool block_is_device(const char *filename)
{
    struct stat st;
    return stat(filename, &st) == 0 && S_ISBLK(st.st_mode);
}

/* ---- names ---- */

/* Where name leads from the folder of the image at from; the caller frees it. */
static char *resolve(const char *from, const char *name)
{
    if (g_path_is_absolute(name)) {
        return g_strdup(name);
    }
    g_autofree char *folder = g_path_get_dirname(from);
    return strchr(from, '/') ? g_build_filename(folder, name, NULL) : g_strdup(name);
}

/* "nbd://host", "fat:folder": what comes before the colon is no folder. NULL: a plain name. */
static const char *scheme_end(const char *name)
{
    size_t n = strspn(name, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "+-.");
    return n && name[n] == ':' ? name + n : NULL;
}

/* The options of the image that is named inside another; NULL with err. */
static KeyVal *describe(const BlockNode *node, const char *name, const char *format, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("backing");
    if (g_str_has_prefix(name, "json:{")) {
        return keyval_parse(kv, name + strlen("json:"), NULL, err) ? g_steal_pointer(&kv) : NULL;
    }
    if (g_str_has_prefix(name, "file:")) {
        name += strlen("file:");
    } else if (g_str_has_prefix(name, "nbd:") || g_str_has_prefix(name, "nbd+unix:")) {
        keyval_set(kv, "driver", format ? format : "raw");
        return block_describe_nbd(name, kv, err) ? g_steal_pointer(&kv) : NULL;
    } else if (scheme_end(name)) {
        error_set(err, "%s: its backing image is '%s'; only files of the host and nbd: can be that",
                  node->file->filename, name);
        return NULL;
    }
    g_autofree char *path = resolve(node->file->filename, name);
    if (!format) {
        format = block_probe_format(path, err);
        if (!format) {
            g_prefix_error(err, "%s: backing image: ", node->file->filename);
            return NULL;
        }
    }
    if (strcmp(format, "file") == 0 || strcmp(format, "host_device") == 0) {
        format = "raw";
    }
    keyval_set(kv, "driver", format);
    keyval_set(kv, "file.driver", block_is_device(path) ? "host_device" : "file");
    keyval_set(kv, "file.filename", path);
    return g_steal_pointer(&kv);
}

/* A backing image that is the image itself, or one above it. */
static bool is_loop(const BlockNode *node)
{
    for (const BlockNode *a = node->file ? node->above : NULL; a; a = a->above) {
        if (a->file && node->file->inode && a->file->inode == node->file->inode &&
            a->file->device == node->file->device) {
            return true;
        }
    }
    return false;
}

static void set_default(KeyVal *kv, const char *key, const char *value)
{
    if (!keyval_get(kv, key)) {
        keyval_set(kv, key, value);
    }
}

static bool open_described(BlockNode *node, KeyVal *kv, GError **err)
{
    set_default(kv, "read-only", "on");
    set_default(kv, "discard", "ignore");
    set_default(kv, "cache.direct", node->direct ? "on" : "off");
    set_default(kv, "cache.no-flush", node->no_flush ? "on" : "off");
    node->backing = block_open_below(node->graph, node, kv, err);
    return node->backing != NULL;
}

bool block_open_backing(BlockNode *node, KeyVal *options, const char *name, const char *format, GError **err)
{
    g_autoptr(KeyVal) described = keyval_sub(options, "backing.");
    bool none = keyval_is_null(options, "backing");
    const char *other = keyval_get(options, "backing");
    if (is_loop(node)) {
        return error_set(err, "%s: is its own backing image", node->file->filename);
    }
    if (other && *other) {
        BlockNode *found = block_find(node->graph, other);
        node->backing = found ? block_ref(found) : NULL;
        return found || error_set(err, "backing=%s: there is no node of that name", other);
    }
    if (none || other) {
        return true;
    }
    if (!keyval_is_empty(described)) {
        return open_described(node, described, err);
    }
    if (!name) {
        return true;
    }
    g_autoptr(KeyVal) named = describe(node, name, format, err);
    return named && open_described(node, named, err);
}
