/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/monitor.h"

#include <string.h>
#include "monitor/line.h"

struct Monitor {
    const MonitorContext *context;
    Chardev *chr;
    Line *line;
    bool greeted;
};

/* Newlines become what a terminal in raw mode wants. */
static void put(Monitor *m, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (; *text; text++) {
        g_string_append(out, *text == '\n' ? "\r\n" : (char[]){ *text, '\0' });
    }
    chardev_write(m->chr, out->str, out->len);
}

static void line_print(void *opaque, const char *text, size_t len)
{
    Monitor *m = opaque;
    chardev_write(m->chr, text, len);
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
    return 4096;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    Monitor *m = opaque;
    line_receive(m->line, data, len);
}

static void event(void *opaque, ChardevEvent what)
{
    Monitor *m = opaque;
    if (what == CHR_OPENED) {
        m->greeted = false;     /* somebody new */
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

static const ChardevFrontend frontend = { can_receive, receive, event, focus };

Monitor *monitor_new(const MonitorContext *context, Chardev *chr)
{
    Monitor *m = g_new0(Monitor, 1);
    m->context = context;
    m->chr = chr;
    m->line = line_new("(valletta) ", &line_ops, m);
    chardev_attach(chr, &frontend, m);
    return m;
}

void monitor_free(Monitor *m)
{
    if (m) {
        chardev_attach(m->chr, NULL, NULL);
        line_free(m->line);
        g_free(m);
    }
}
