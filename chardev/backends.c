/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The back ends that there are, and names that people know and that are not there. */
#include <string.h>
#include "chardev/backend.h"
#include "chardev/chardev_set.h"
#include "util/error.h"

static const ChardevBackend *const backends[] = {
    &stdio_backend, &pty_backend, &file_backend, &pipe_backend, &socket_backend, &null_backend,
    &ringbuf_backend, &udp_backend, &vc_backend,
};

/* What users may ask for by habit. */
static const struct {
    const char *name, *instead;
} absent_backends[] = {
    { "telnet", "use socket,telnet=on" },
    { "websocket", "use socket,websocket=on" },
    { "tn3270", "use socket,telnet=on" },
    { "serial", "use socat between the host's port and a pty" },
    { "tty", "use socat between the host's port and a pty" },
    { "parallel", "use file" },
    { "parport", "use file" },
    { "msmouse", "there is no serial mouse" },
    { "wctablet", "there is no serial tablet" },
    { "braille", "use socket" },
    { "testdev", "use file" },
    { "spicevmc", "there is no SPICE" },
    { "spiceport", "there is no SPICE" },
    { "qemu-vdagent", "there is no display" },
    { "dbus", "use socket" },
    { "hub", "use mux=on" },
    { "fdset", "use socket,fd=N" },
};

const ChardevBackend *chardev_backend_find(const char *option, const char *name, GError **err)
{
    g_autoptr(GString) known = g_string_new(NULL);
    name = strcmp(name, "memory") == 0 ? "ringbuf" : name;      /* its old name */
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        if (strcmp(backends[i]->name, name) == 0) {
            return backends[i];
        }
        g_string_append_printf(known, "%s%s", i ? ", " : "", backends[i]->name);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(absent_backends); i++) {
        if (strcmp(absent_backends[i].name, name) == 0) {
            error_set(err, "%s: the back end '%s' is not there yet; %s", option, name,
                      absent_backends[i].instead);
            return NULL;
        }
    }
    error_set(err, "%s: unknown back end '%s'; there are %s", option, name, known->str);
    return NULL;
}

const char *const *chardev_backend_names(void)
{
    static const char *const names[] = { "stdio", "pty", "file", "pipe", "socket", "null", "ringbuf",
                                          "udp", "vc", NULL };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == G_N_ELEMENTS(backends) + 1);
    return names;
}

char *chardev_set_help(void)
{
    GString *out = g_string_new("Back ends (-chardev "
                                "BACKEND,id=NAME[,mux=on][,logfile=FILE,logappend=on]):\n");
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        g_string_append_printf(out, "  %-8s %s\n", backends[i]->name, backends[i]->help);
    }
    return g_string_free(out, FALSE);
}
