/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and named pipes, and the device that discards everything. */
#include "chardev/backend.h"

#include <fcntl.h>
#include <unistd.h>
#include "system/fdset.h"
#include "util/error.h"

static int open_path(Chardev *chr, KeyVal *props, const char *path, int flags, GError **err)
{
    int fd = fdsets_open(chr->machine->fdsets, path, flags | O_NOCTTY, err);
    if (fd < 0) {
        g_prefix_error(err, "%s: ", keyval_option(props));
    }
    return fd;
}

static const char *need_path(Chardev *chr, KeyVal *props, GError **err)
{
    const char *path = keyval_get(props, "path");
    if (!path || !*path) {
        error_set(err, "%s: %s needs path=FILE", keyval_option(props), chr->backend->name);
        return NULL;
    }
    chr->state = g_strdup(path);
    return path;
}

static bool file_open(Chardev *chr, KeyVal *props, GError **err)
{
    bool append = false;
    const char *path = need_path(chr, props, err);
    const char *input = keyval_get(props, "input-path");
    if (!path || !keyval_get_bool(props, "append", &append, err) || !keyval_finish(props, err)) {
        return false;
    }
    int in = -1;
    if (input && (in = open_path(chr, props, input, O_RDONLY | O_NONBLOCK, err)) < 0) {
        return false;
    }
    int out = open_path(chr, props, path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), err);
    if (out < 0) {
        if (in >= 0) {
            close(in);
        }
        return false;
    }
    chr->port = fdport_new(chr, in, out);
    chr->connected = true;
    return true;
}

static void file_hangup(Chardev *chr)
{
    fdport_set_input(chr->port, false);
}

static void file_close(Chardev *chr)
{
    g_free(chr->state);
}

static char *file_describe(const Chardev *chr)
{
    return g_strdup_printf("%s:%s", chr->backend->name, (const char *)chr->state);
}

const ChardevBackend file_backend = {
    .name = "file",
    .help = "output to a file (path=, append=on|off, input-path= to read from another)",
    .open = file_open,
    .close = file_close,
    .hangup = file_hangup,
    .describe = file_describe,
};

/*
 * PATH.in and PATH.out where both exist, as seen from the outside: PATH.in is read here.
 * Opened for both directions, so that neither end has to be there first.
 */
static bool pipe_open(Chardev *chr, KeyVal *props, GError **err)
{
    const char *path = need_path(chr, props, err);
    if (!path || !keyval_finish(props, err)) {
        return false;
    }
    g_autofree char *in_path = g_strconcat(path, ".in", NULL);
    g_autofree char *out_path = g_strconcat(path, ".out", NULL);
    int in = open(in_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int out = open(out_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (in < 0 || out < 0) {
        if (in >= 0) {
            close(in);
        }
        if (out >= 0) {
            close(out);
        }
        in = out = open_path(chr, props, path, O_RDWR | O_NONBLOCK, err);
        if (in < 0) {
            g_prefix_error(err, "neither '%s' with '%s' nor one pipe for both: ", in_path, out_path);
            return false;
        }
    }
    chr->port = fdport_new(chr, in, out);
    chr->connected = true;
    return true;
}

const ChardevBackend pipe_backend = {
    .name = "pipe",
    .help = "named pipes made with mkfifo: PATH.in and PATH.out, or PATH for both (path=)",
    .open = pipe_open,
    .close = file_close,
    .hangup = file_hangup,
    .describe = file_describe,
};

static bool null_open(Chardev *chr, KeyVal *props, GError **err)
{
    chr->connected = true;
    return keyval_finish(props, err);
}

static char *null_describe(const Chardev *chr)
{
    return g_strdup("null");
}

const ChardevBackend null_backend = {
    .name = "null",
    .help = "output is discarded, there is no input",
    .open = null_open,
    .describe = null_describe,
};
