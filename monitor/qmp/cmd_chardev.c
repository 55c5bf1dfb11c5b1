/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices. */
#include <string.h>
#include "monitor/qmp/qmp.h"
#include "util/error.h"

QMP(query_chardev)
{
    ChardevInfo info;
    JsonArray *list = qmp_return_array(ret);
    for (unsigned i = 0; chardev_set_info(call->c->chardevs, i, &info); i++) {
        JsonObject *entry = json_object_new();
        json_object_set_string_member(entry, "label", info.id);
        json_object_set_string_member(entry, "filename", info.filename);
        json_object_set_boolean_member(entry, "frontend-open", info.frontend_open);
        json_array_add_object_element(list, entry);
        chardev_info_clear(&info);
    }
    return true;
}

QMP(query_backends)
{
    JsonArray *list = qmp_return_array(ret);
    for (const char *const *name = chardev_backend_names(); *name; name++) {
        JsonObject *entry = json_object_new();
        json_object_set_string_member(entry, "name", *name);
        json_array_add_object_element(list, entry);
    }
    return true;
}

/* "fd" addresses are a number, or a descriptor that the client has sent and named. */
static bool add_fd_address(QmpCall *call, KeyVal *props, const char *name, GError **err)
{
    if (!name) {
        return error_set(err, "Parameter 'backend.data.addr.data.str' is missing");
    }
    int fd = g_ascii_isdigit(*name) ? (int)g_ascii_strtoll(name, NULL, 10) : qmp_named_fd(call->monitor,
                                                                                          name);
    if (fd < 0) {
        return error_set(err, "File descriptor named '%s' has not been found", name);
    }
    g_autofree char *text = g_strdup_printf("%d", fd);
    keyval_set(props, "fd", text);
    return true;
}

static bool add_address(QmpCall *call, KeyVal *props, JsonObject *addr, GError **err)
{
    JsonObject *data = qmp_object(addr, "data");
    if (strcmp(qmp_text(addr, "type"), "fd") == 0) {
        return add_fd_address(call, props, qmp_text(data, "str"), err);
    }
    keyval_add_json(props, data);
    return true;
}

/* The addresses of udp: where to, and maybe from where. */
static bool add_udp(KeyVal *props, JsonObject *data, GError **err)
{
    JsonObject *remote = qmp_object(data, "remote"), *local = qmp_object(data, "local");
    const char *host = local ? qmp_text(qmp_object(local, "data"), "host") : NULL;
    const char *port = local ? qmp_text(qmp_object(local, "data"), "port") : NULL;
    if (!remote) {
        return error_set(err, "Parameter 'backend.data.remote' is missing");
    }
    if (strcmp(qmp_text(remote, "type"), "inet") != 0 ||
        (local && strcmp(qmp_text(local, "type"), "inet") != 0)) {
        return error_set(err, "Chardev type 'udp': the addresses must be of type inet");
    }
    keyval_add_json(props, qmp_object(remote, "data"));
    if (host) {
        keyval_set(props, "localaddr", host);
    }
    if (port) {
        keyval_set(props, "localport", port);
    }
    return true;
}

/* What has another name there gets it; addresses are left out. */
static JsonObject *rename_members(JsonObject *data)
{
    static const char *const renamed[][2] = { { "out", "path" }, { "device", "path" } };
    JsonObject *rest = json_object_new();
    JsonObjectIter iter;
    const char *key;
    JsonNode *value;
    json_object_iter_init_ordered(&iter, data);
    while (json_object_iter_next_ordered(&iter, &key, &value)) {
        for (size_t k = 0; k < G_N_ELEMENTS(renamed); k++) {
            key = strcmp(key, renamed[k][0]) == 0 ? renamed[k][1] : key;
        }
        if (strcmp(key, "addr") != 0 && strcmp(key, "remote") != 0 && strcmp(key, "local") != 0) {
            json_object_set_member(rest, key, json_node_copy(value));
        }
    }
    return rest;
}

/* From the JSON form to the properties of -chardev. */
static bool convert(QmpCall *call, JsonObject *backend, KeyVal *props, GError **err)
{
    JsonObject *data = qmp_object(backend, "data"), *addr = qmp_object(data, "addr");
    const char *type = qmp_text(backend, "type");
    g_autoptr(JsonObject) rest = data ? rename_members(data) : json_object_new();
    keyval_set(props, "backend", type);
    if (strcmp(type, "socket") == 0 && !json_object_has_member(rest, "server")) {
        json_object_set_boolean_member(rest, "server", true);        /* the default of the JSON form */
    }
    if (qmp_bool(rest, "server") && !json_object_has_member(rest, "wait")) {
        json_object_set_boolean_member(rest, "wait", false);
    }
    keyval_add_json(props, rest);
    if (strcmp(type, "udp") == 0) {
        return add_udp(props, data, err);
    }
    return !addr || add_address(call, props, addr, err);
}

/* ChardevReturn */
static void describe(QmpCall *call, const char *id, JsonNode **ret)
{
    JsonObject *made = qmp_return_object(ret);
    ChardevInfo info;
    for (unsigned i = 0; chardev_set_info(call->c->chardevs, i, &info); i++) {
        if (strcmp(info.id, id) == 0 && g_str_has_prefix(info.filename, "pty:")) {
            json_object_set_string_member(made, "pty", info.filename + strlen("pty:"));
        }
        chardev_info_clear(&info);
    }
}

typedef struct {
    QmpCall *call;
    ChardevSet *set;
    char *id;
    bool added;
} Wait;

/* A client's connection is there or is not to be had; then what was added for it goes. */
static void connected(void *opaque, const GError *err)
{
    Wait *wait = opaque;
    if (err && wait->added) {
        chardev_set_remove(wait->set, wait->id, NULL);
    }
    qmp_call_finish(wait->call, NULL, err ? g_error_copy(err) : NULL);
    g_free(wait->id);
    g_free(wait);
}

/* The reply, now or once the client is connected. */
static void reply(QmpCall *call, const char *id, bool added, JsonNode **ret)
{
    Wait *wait = g_new(Wait, 1);
    *wait = (Wait){ call, call->c->chardevs, g_strdup(id), added };
    if (chardev_set_connecting(wait->set, id, connected, wait)) {
        qmp_call_detach(call);
        return;
    }
    g_free(wait->id);
    g_free(wait);
    describe(call, id, ret);
}

QMP(chardev_add)
{
    const char *id = qmp_text(args, "id");
    g_autoptr(KeyVal) props = keyval_new("chardev-add");
    keyval_set(props, "id", id);
    if (!convert(call, qmp_object(args, "backend"), props, err) ||
        !chardev_set_add_props(call->c->chardevs, props, err)) {
        return false;
    }
    reply(call, id, true, ret);
    return true;
}

QMP(chardev_change)
{
    const char *id = qmp_text(args, "id");
    g_autoptr(KeyVal) props = keyval_new("chardev-change");
    if (!convert(call, qmp_object(args, "backend"), props, err) ||
        !chardev_set_change(call->c->chardevs, id, props, err)) {
        return false;
    }
    reply(call, id, false, ret);
    return true;
}

/* ---- ring buffers ---- */

static bool is_base64(JsonObject *args)
{
    return g_strcmp0(qmp_text(args, "format"), "base64") == 0;
}

static bool is_base64_text(const char *text, size_t len)
{
    size_t digits = strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "+/");
    return len % 4 == 0 && len - digits <= 2 && strspn(text + digits, "=") == len - digits;
}

QMP(ringbuf_write)
{
    const char *data = qmp_text(args, "data");
    g_autofree guchar *decoded = NULL;
    gsize len = strlen(data);
    if (is_base64(args)) {
        if (!is_base64_text(data, len)) {
            return error_set(err, "Parameter 'data' expects base64");
        }
        decoded = g_base64_decode(data, &len);
    }
    return chardev_set_ring_write(call->c->chardevs, qmp_text(args, "device"),
                                  decoded ? (const char *)decoded : data, len, err);
}

QMP(ringbuf_read)
{
    ChardevSet *set = call->c->chardevs;
    int64_t size = qmp_int(args, "size", 0);
    if (size <= 0) {
        return error_set(err, "size must be greater than zero");
    }
    g_autoptr(GByteArray) data = chardev_set_ring_read(set, qmp_text(args, "device"), (size_t)size, err);
    if (!data) {
        return false;
    }
    g_autofree char *text = is_base64(args) ? g_base64_encode(data->data, data->len)
                           : g_utf8_make_valid(data->len ? (const char *)data->data : "", data->len);
    *ret = json_string_new(text);
    return true;
}

QMP(chardev_remove)
{
    return chardev_set_remove(call->c->chardevs, qmp_text(args, "id"), err);
}

QMP(send_break)
{
    return chardev_set_break(call->c->chardevs, qmp_text(args, "id"), err);
}

const QmpCommand qmp_chardev_commands[] = {
    { "chardev-add", chardev_add, MEMBERS({ "id", "str", NULL }, { "backend", "ChardevBackend", NULL }),
      .ret = "ChardevReturn",
      .doc = "Makes a character device. A TCP client's reply comes when it is connected or has failed, "
             "unless it has reconnect." },
    { "chardev-change", chardev_change,
      MEMBERS({ "id", "str", NULL }, { "backend", "ChardevBackend", NULL }),
      .ret = "ChardevReturn", .doc = "Gives a character device another back end; what uses it stays." },
    { "chardev-remove", chardev_remove, MEMBERS({ "id", "str", NULL }),
      .doc = "Closes one that nothing uses." },
    { "chardev-send-break", send_break, MEMBERS({ "id", "str", NULL }), .doc = "A break to the guest." },
    { "query-chardev", query_chardev, .ret = "[ChardevInfo]", .flags = QMP_PRECONFIG,
      .doc = "The character devices." },
    { "query-chardev-backends", query_backends, .ret = "[ChardevBackendInfo]",
      .doc = "The kinds that there are." },
    { "ringbuf-read", ringbuf_read,
      MEMBERS({ "device", "str", NULL }, { "size", "int", "bytes at most" },
              { "format?", "DataFormat", "utf8, where what is not becomes U+FFFD" }),
      .ret = "str", .doc = "Takes what is in a ring buffer, the oldest first." },
    { "ringbuf-write", ringbuf_write,
      MEMBERS({ "device", "str", NULL }, { "data", "str", NULL }, { "format?", "DataFormat", "utf8" }),
      .doc = "Adds to a ring buffer, as what uses it does." },
    { 0 },
};
