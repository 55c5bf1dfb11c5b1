/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QMP monitor on a character device: requests in a queue, executed in their order, and
 * those out of band before all that wait. A client that does not read stops being read itself.
 */
#include "monitor/qmp/qmp.h"

#include <string.h>
#include <unistd.h>
#include "monitor/qmp/frame.h"

#define REQUESTS_MAX 8              /* more wait in the client's socket */
#define OUTPUT_FULL (64u << 10)     /* no command is begun while so much waits */
#define EVENTS_FULL (1u << 20)

typedef struct {
    JsonNode *value;            /* NULL: it was none, and why */
    GError *err;
} Request;

struct QmpMonitor {
    const MonitorContext *c;
    Chardev *chr;
    bool pretty;
    QmpSession session;
    Framer *framer;
    GQueue requests;        /* of Request * */
    QmpCall *running;       /* detached: its reply comes later, or NULL */
    bool processing;
    GString *out;
    GHashTable *fds;        /* name to descriptor */
};

static void request_free(gpointer data)
{
    Request *r = data;
    g_clear_pointer(&r->value, json_node_unref);
    g_clear_error(&r->err);
    g_free(r);
}

static void fd_close(gpointer data)
{
    close(GPOINTER_TO_INT(data));
}

QmpSession *qmp_session(QmpMonitor *m)
{
    return &m->session;
}

/* ---- output ---- */

void qmp_send(QmpMonitor *m, JsonObject *object, bool is_event)
{
    g_autoptr(JsonObject) owned = object;
    if (is_event && (!m->session.negotiated || m->out->len > EVENTS_FULL)) {
        return;
    }
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), object);
    g_autofree char *text = json_text_write(node, m->pretty);
    g_string_append(m->out, text);
    g_string_append(m->out, "\r\n");
    chardev_write_from(m->chr, m->out);
}

/* ---- requests ---- */

static void answer(QmpMonitor *m, const Request *r)
{
    JsonObject *reply = r->value ? qmp_dispatch(m, m->c, r->value) : qmp_error(r->err, NULL);
    if (reply) {
        qmp_send(m, reply, false);
    }
}

static bool may_go_on(const QmpMonitor *m)
{
    return !m->running && m->out->len < OUTPUT_FULL;
}

static void process(QmpMonitor *m)
{
    if (m->processing) {
        return;
    }
    m->processing = true;
    while (may_go_on(m) && !g_queue_is_empty(&m->requests)) {
        Request *r = g_queue_pop_head(&m->requests);
        answer(m, r);
        request_free(r);
    }
    m->processing = false;
}

static void got(void *opaque, JsonNode *value, const GError *err)
{
    QmpMonitor *m = opaque;
    Request *r = g_new0(Request, 1);
    r->value = value;
    r->err = err ? g_error_copy(err) : NULL;
    if (value && m->session.oob && qmp_is_oob(value)) {
        answer(m, r);
        request_free(r);
        return;
    }
    g_queue_push_tail(&m->requests, r);
    process(m);
}

void qmp_call_detach(QmpCall *call)
{
    call->detached = true;
    if (call->monitor) {
        call->monitor->running = call;
    }
}

void qmp_call_finish(QmpCall *call, JsonNode *ret, GError *err)
{
    QmpMonitor *m = call->monitor;
    if (m) {
        JsonObject *reply = err ? qmp_error(err, call->id) : qmp_reply(g_steal_pointer(&ret), call->id);
        m->running = NULL;
        qmp_send(m, reply, false);
        process(m);
        chardev_accept_input(m->chr);
    }
    g_clear_pointer(&ret, json_node_unref);
    g_clear_error(&err);
    qmp_call_free(call);
}

/* ---- the character device ---- */

static size_t can_receive(void *opaque)
{
    QmpMonitor *m = opaque;
    return m->out->len < OUTPUT_FULL && g_queue_get_length(&m->requests) < REQUESTS_MAX ? 4096 : 0;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    QmpMonitor *m = opaque;
    framer_feed(m->framer, data, len);
}

static void forget_client(QmpMonitor *m)
{
    if (m->running) {
        m->running->monitor = NULL;
        m->running = NULL;
    }
    framer_reset(m->framer);
    g_queue_clear_full(&m->requests, request_free);
    g_string_truncate(m->out, 0);
    g_hash_table_remove_all(m->fds);
    m->session = (QmpSession){ 0 };
}

static void greet(QmpMonitor *m)
{
    JsonArray *capabilities = json_array_new();
    JsonObject *inner = json_object_new(), *greeting = json_object_new();
    json_array_add_string_element(capabilities, "oob");
    json_object_set_object_member(inner, "version", qmp_version(m->c));
    json_object_set_array_member(inner, "capabilities", capabilities);
    json_object_set_object_member(greeting, "QMP", inner);
    qmp_send(m, greeting, false);
}

static void event(void *opaque, ChardevEvent what)
{
    QmpMonitor *m = opaque;
    if (what == CHR_OPENED || what == CHR_CLOSED) {
        forget_client(m);
    }
    if (what == CHR_OPENED) {
        greet(m);
    }
}

static void written(void *opaque)
{
    QmpMonitor *m = opaque;
    chardev_write_from(m->chr, m->out);
    process(m);
    chardev_accept_input(m->chr);
}

static const ChardevFrontend frontend = { can_receive, receive, event, .written = written };

QmpMonitor *qmp_monitor_new(const MonitorContext *c, Chardev *chr, bool pretty)
{
    QmpMonitor *m = g_new0(QmpMonitor, 1);
    m->c = c;
    m->chr = chr;
    m->pretty = pretty;
    m->framer = framer_new(got, m);
    m->out = g_string_new(NULL);
    m->fds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, fd_close);
    g_queue_init(&m->requests);
    qmp_hub_add(c->hub, m);
    chardev_attach(chr, &frontend, m);
    return m;
}

void qmp_monitor_free(QmpMonitor *m)
{
    if (m) {
        chardev_attach(m->chr, NULL, NULL);
        qmp_hub_remove(m->c->hub, m);
        forget_client(m);
        framer_free(m->framer);
        g_string_free(m->out, TRUE);
        g_hash_table_destroy(m->fds);
        g_free(m);
    }
}

/* ---- descriptors ---- */

int qmp_take_fd(QmpMonitor *m)
{
    return chardev_take_fd(m->chr);
}

void qmp_keep_fd(QmpMonitor *m, const char *name, int fd)
{
    g_hash_table_replace(m->fds, g_strdup(name), GINT_TO_POINTER(fd));
}

int qmp_named_fd(QmpMonitor *m, const char *name)
{
    gpointer key, value;
    if (!g_hash_table_steal_extended(m->fds, name, &key, &value)) {
        return -1;
    }
    g_free(key);
    return GPOINTER_TO_INT(value);
}
