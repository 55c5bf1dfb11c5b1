/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/qtest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "accel/qtest/qtest.h"
#include "hw/core/device.h"
#include "monitor/tree.h"
#include "util/error.h"

#define INPUT_PIECE 65536

struct QtestServer {
    const MonitorContext *context;
    Qtest *protocol;
    Chardev *chr;
    GString *out;
    FILE *log;
    int64_t started;            /* microseconds */
    Device *heard;              /* the one device whose lines are intercepted, or NULL */
    bool outputs;
    char *group;                /* which of its outputs */
    GPtrArray *taps;            /* of IrqTap * */
};

/* ---- log and output ---- */

static void log_text(QtestServer *s, char what, const char *text)
{
    if (s->log) {
        int64_t at = g_get_monotonic_time() - s->started;
        fprintf(s->log, "[%c +%d.%06d] %s", what, (int)(at / 1000000), (int)(at % 1000000), text);
        fflush(s->log);
    }
}

static void send_line(void *opaque, const char *line, size_t len)
{
    QtestServer *s = opaque;
    log_text(s, 'S', line);
    g_string_append_len(s->out, line, (gssize)len);
    chardev_write_from(s->chr, s->out);
}

static void line_received(void *opaque, const char *line)
{
    QtestServer *s = opaque;
    if (s->log) {
        g_autofree char *text = g_strconcat(line, "\n", NULL);
        log_text(s, 'R', text);
    }
}

/* ---- lines of devices ---- */

static Device *find_device(QtestServer *s, const char *path, GError **err)
{
    g_autoptr(TreeNode) root = tree_new(s->context);
    TreeNode *node = tree_find(root, path, NULL);
    if (!node || !node->device) {
        error_set(err, "Unknown device");
        return NULL;
    }
    return node->device;
}

static void heard(void *opaque, int n, bool level)
{
    qtest_irq(((QtestServer *)opaque)->protocol, n, level);
}

static const IrqTap *add_tap(QtestServer *s, int n)
{
    IrqTap *tap = g_new(IrqTap, 1);
    *tap = (IrqTap){ heard, s, n };
    g_ptr_array_add(s->taps, tap);
    return tap;
}

static bool intercept(void *opaque, const char *path, bool outputs, const char *name, GError **err)
{
    QtestServer *s = opaque;
    Device *dev = find_device(s, path, err);
    if (!dev) {
        return false;
    }
    if (s->heard) {
        bool same = s->heard == dev && s->outputs == outputs && g_strcmp0(s->group, name) == 0;
        return same || error_set(err, "IRQ intercept already enabled");
    }
    const IrqPins *pins = irq_pins_find(outputs ? dev->type->outputs : dev->type->inputs, name);
    if (!pins) {
        return error_set(err, "No intercepts installed");
    }
    for (int n = 0; outputs && n < pins->count; n++) {
        device_output(dev, pins, n)->tap = add_tap(s, n);
    }
    if (!outputs) {
        dev->input_tap = add_tap(s, 0);
    }
    s->heard = dev;
    s->outputs = outputs;
    s->group = g_strdup(name);
    return true;
}

static bool set_input(void *opaque, const char *path, const char *name, int n, bool level, GError **err)
{
    Device *dev = find_device(opaque, path, err);
    const IrqPins *pins = dev ? irq_pins_find(dev->type->inputs, name) : NULL;
    if (dev && !pins) {
        return error_set(err, "%s has no inputs called %s", dev->type->name, name ? name : "unnamed-gpio-in");
    }
    if (dev && (n < 0 || n >= pins->count)) {
        return error_set(err, "%s has inputs 0 to %d", dev->type->name, pins->count - 1);
    }
    if (dev) {
        pins->input(dev, n, level);
    }
    return dev != NULL;
}

static void stop_hearing(QtestServer *s)
{
    if (s->heard && !s->outputs) {
        s->heard->input_tap = NULL;
    } else if (s->heard) {
        const IrqPins *pins = irq_pins_find(s->heard->type->outputs, s->group);
        for (int n = 0; n < pins->count; n++) {
            device_output(s->heard, pins, n)->tap = NULL;
        }
    }
    s->heard = NULL;
}

/* ---- the character device ---- */

static size_t can_receive(void *opaque)
{
    return INPUT_PIECE;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    qtest_input(((QtestServer *)opaque)->protocol, data, len);
}

static void event(void *opaque, ChardevEvent what)
{
    QtestServer *s = opaque;
    if (what == CHR_OPENED) {
        qtest_opened(s->protocol);
        log_text(s, 'I', "OPENED\n");
    } else if (what == CHR_CLOSED) {
        g_string_truncate(s->out, 0);
        log_text(s, 'I', "CLOSED\n");
    }
}

static void written(void *opaque)
{
    QtestServer *s = opaque;
    chardev_write_from(s->chr, s->out);
}

QtestServer *qtest_server_new(const MonitorContext *context, Chardev *chr, const char *log_file,
                              GError **err)
{
    static const QtestHost host = { send_line, line_received, intercept, set_input };
    static const ChardevFrontend frontend = { can_receive, receive, event, .written = written };
    FILE *log = NULL;
    if (log_file && strcmp(log_file, "none") != 0 && !(log = fopen(log_file, "we"))) {
        error_set(err, "-qtest-log %s: %s", log_file, g_strerror(errno));
        return NULL;
    }
    QtestServer *s = g_new0(QtestServer, 1);
    s->context = context;
    s->chr = chr;
    s->log = log;
    s->out = g_string_new(NULL);
    s->taps = g_ptr_array_new_with_free_func(g_free);
    s->started = g_get_monotonic_time();
    s->protocol = qtest_new(context->machine, &host, s);
    chardev_attach(chr, &frontend, s);
    return s;
}

void qtest_server_free(QtestServer *s)
{
    if (!s) {
        return;
    }
    chardev_attach(s->chr, NULL, NULL);
    stop_hearing(s);
    qtest_free(s->protocol);
    if (s->log) {
        fclose(s->log);
    }
    g_ptr_array_free(s->taps, TRUE);
    g_string_free(s->out, TRUE);
    g_free(s->group);
    g_free(s);
}
