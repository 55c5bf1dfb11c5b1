/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices in a folder of their own, and a front end that keeps what it is told. For
 * test programs of one .c file each. */
#ifndef TESTS_UNIT_CHARDEV_TEST_H
#define TESTS_UNIT_CHARDEV_TEST_H

#include "chardev/chardev_set.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include "monitor/monitor.h"
#include "system/fdset.h"

typedef struct {
    Machine *machine;
    ChardevSet *set;
    char *folder;
} Fixture;

/* A front end that keeps what it is told. */
typedef struct {
    GString *got;
    GString *events;
    size_t room;
} Front;

static inline size_t front_room(void *opaque)
{
    return ((Front *)opaque)->room;
}

static inline void front_receive(void *opaque, const uint8_t *data, size_t len)
{
    Front *f = opaque;
    g_assert_cmpuint(len, <=, f->room);
    f->room -= len;
    g_string_append_len(f->got, (const char *)data, (gssize)len);
}

static inline void front_event(void *opaque, ChardevEvent event)
{
    Front *f = opaque;
    g_string_append_c(f->events, "ocb"[event]);
}

static inline void front_focus(void *opaque, bool here)
{
    Front *f = opaque;
    g_string_append_c(f->events, here ? '+' : '-');
}

static const ChardevFrontend front_ops = { front_room, front_receive, front_event, front_focus };

static inline Front *front_new(Chardev *chr)
{
    Front *f = g_new0(Front, 1);
    f->got = g_string_new(NULL);
    f->events = g_string_new(NULL);
    f->room = 1 << 20;
    if (chr) {
        chardev_attach(chr, &front_ops, f);
    }
    return f;
}

static inline void front_free(Front *f)
{
    g_string_free(f->got, TRUE);
    g_string_free(f->events, TRUE);
    g_free(f);
}

static inline void set_up(Fixture *f, gconstpointer data)
{
    f->machine = machine_new(NULL);
    f->set = chardev_set_new(f->machine);
    f->folder = g_dir_make_tmp("valletta-chardev-XXXXXX", NULL);
}

static inline void tear_down(Fixture *f, gconstpointer data)
{
    chardev_set_free(f->set);
    machine_free(f->machine);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", f->folder);
    g_assert_cmpint(system(command), ==, 0);
    g_free(f->folder);
}

static inline Chardev *open_chr(Fixture *f, const char *id, const char *format, ...) G_GNUC_PRINTF(3, 4);
static inline Chardev *open_chr(Fixture *f, const char *id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    Chardev *chr = NULL;
    GError *err = NULL;
    bool ok = chardev_set_open(f->set, "-serial", id, text, &chr, &err);
    g_assert_no_error(err);
    g_assert_true(ok);
    return chr;
}

static inline void iterate(int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;
    while (g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(500);
        }
    }
}

/* Iterates until text has len bytes or two seconds have passed. */
static inline void wait_for(const GString *text, gsize len)
{
    for (int i = 0; i < 400 && text->len < len; i++) {
        iterate(5);
    }
}

static inline int connect_unix(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    return fd;
}

static inline char *read_now(int fd)
{
    char buf[8192];
    ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
    return g_strndup(buf, (gsize)MAX(n, 0));
}

/* A unix server whose client is fd. */
static inline Chardev *socket_pair(Fixture *f, const char *prefix, int *fd)
{
    g_autofree char *path = g_build_filename(f->folder, "sock", NULL);
    Chardev *chr = open_chr(f, "serial0", "%sunix:%s,server=on,wait=off", prefix, path);
    *fd = connect_unix(path);
    iterate(20);
    return chr;
}

#endif
