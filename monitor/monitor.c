/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/monitor.h"

#include <string.h>
#include "monitor/line.h"

struct Monitor {
    const MonitorContext *context;
    Chardev *chr;
    Line *line;
    GString *out;           /* what the host has not taken yet */
    bool greeted;
};

#define OUTPUT_FULL (64u << 10)     /* nothing is read while so much waits: a flood waits for its answers */

/* Newlines become what a terminal in raw mode wants. */
static void put(Monitor *m, const char *text)
{
    for (; *text; text++) {
        g_string_append(m->out, *text == '\n' ? "\r\n" : (char[]){ *text, '\0' });
    }
    chardev_write_from(m->chr, m->out);
}

static void line_print(void *opaque, const char *text, size_t len)
{
    Monitor *m = opaque;
    g_string_append_len(m->out, text, (gssize)len);
    chardev_write_from(m->chr, m->out);
}

static void line_entered(void *opaque, const char *text)
{
    Monitor *m = opaque;
    g_autofree char *answer = strcmp(text, "info history") == 0 ? line_history(m->line)
                                                                 : monitor_run(m->context, text);
    put(m, answer);
}

static char **line_complete(void *opaque, const char *text)
{
    return monitor_complete(((Monitor *)opaque)->context, text);
}

static const LineOps line_ops = { line_print, line_entered, line_complete };

static size_t can_receive(void *opaque)
{
    return ((Monitor *)opaque)->out->len < OUTPUT_FULL ? 4096 : 0;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    Monitor *m = opaque;
    line_receive(m->line, data, len);
}

static void event(void *opaque, ChardevEvent what)
{
    Monitor *m = opaque;
    if (what == CHR_OPENED || what == CHR_CLOSED) {     /* somebody new */
        m->greeted = false;
        line_reset(m->line);
        g_string_truncate(m->out, 0);
    }
}

static void focus(void *opaque, bool here)
{
    Monitor *m = opaque;
    put(m, "\n");
    if (!here) {
        return;
    }
    if (!m->greeted) {
        g_autofree char *text = g_strdup_printf("valletta %s monitor: \"help\" lists the commands\n",
                                                m->context->version);
        put(m, text);
        m->greeted = true;
    }
    line_show(m->line);
}

static void written(void *opaque)
{
    Monitor *m = opaque;
    chardev_write_from(m->chr, m->out);
    chardev_accept_input(m->chr);
}

static const ChardevFrontend frontend = { can_receive, receive, event, focus, written };

Monitor *monitor_new(const MonitorContext *context, Chardev *chr)
{
    Monitor *m = g_new0(Monitor, 1);
    m->context = context;
    m->chr = chr;
    m->out = g_string_new(NULL);
    m->line = line_new("(valletta) ", &line_ops, m);
    chardev_attach(chr, &frontend, m);
    return m;
}

void monitor_free(Monitor *m)
{
    if (m) {
        chardev_attach(m->chr, NULL, NULL);
        line_free(m->line);
        g_string_free(m->out, TRUE);
        g_free(m);
    }
}
