/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices. */
#include <string.h>
#include "monitor/qmp/qmp.h"
#include "util/error.h"

QMP(query_chardev)
{
    ChardevInfo info;
    *ret = json_array();
    for (unsigned i = 0; chardev_set_info(call->c->chardevs, i, &info); i++) {
        Json *entry = json_object();
        json_set_string(entry, "label", info.id);
        json_set_string(entry, "filename", info.filename);
        json_set_bool(entry, "frontend-open", info.frontend_open);
        json_add(*ret, entry);
        chardev_info_clear(&info);
    }
    return true;
}

QMP(query_backends)
{
    *ret = json_array();
    for (const char *const *name = chardev_backend_names(); *name; name++) {
        Json *entry = json_object();
        json_set_string(entry, "name", *name);
        json_add(*ret, entry);
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

static bool add_address(QmpCall *call, KeyVal *props, const Json *addr, GError **err)
{
    const Json *data = json_member(addr, "data");
    if (strcmp(json_member_text(addr, "type"), "fd") == 0) {
        return add_fd_address(call, props, json_member_text(data, "str"), err);
    }
    return keyval_add_json(props, data, err);
}

/* From the JSON form to the properties of -chardev. */
static bool convert(QmpCall *call, const Json *backend, KeyVal *props, GError **err)
{
    static const char *const renamed[][2] = { { "out", "path" }, { "device", "path" } };
    const Json *data = json_member(backend, "data"), *addr = json_member(data, "addr");
    const char *type = json_member_text(backend, "type");
    g_autoptr(Json) rest = json_object();
    keyval_set(props, "backend", type);
    for (unsigned i = 0; data && i < json_length(data); i++) {
        const char *key = json_key(data, i);
        for (size_t k = 0; k < G_N_ELEMENTS(renamed); k++) {
            key = strcmp(key, renamed[k][0]) == 0 ? renamed[k][1] : key;
        }
        if (strcmp(key, "addr") != 0) {
            json_set(rest, key, json_copy(json_at(data, i)));
        }
    }
    if (strcmp(type, "socket") == 0 && !json_member(rest, "server")) {
        json_set_bool(rest, "server", true);        /* the default of the JSON form */
    }
    if (json_truth(json_member(rest, "server")) && !json_member(rest, "wait")) {
        json_set_bool(rest, "wait", false);
    }
    return keyval_add_json(props, rest, err) && (!addr || add_address(call, props, addr, err));
}

QMP(chardev_add)
{
    const char *id = json_member_text(args, "id");
    g_autoptr(KeyVal) props = keyval_new("chardev-add");
    ChardevInfo info;
    keyval_set(props, "id", id);
    if (!convert(call, json_member(args, "backend"), props, err) ||
        !chardev_set_add_props(call->c->chardevs, props, err)) {
        return false;
    }
    *ret = json_object();
    for (unsigned i = 0; chardev_set_info(call->c->chardevs, i, &info); i++) {
        if (strcmp(info.id, id) == 0 && g_str_has_prefix(info.filename, "pty:")) {
            json_set_string(*ret, "pty", info.filename + strlen("pty:"));
        }
        chardev_info_clear(&info);
    }
    return true;
}

QMP(chardev_remove)
{
    return chardev_set_remove(call->c->chardevs, json_member_text(args, "id"), err);
}

QMP(send_break)
{
    return chardev_set_break(call->c->chardevs, json_member_text(args, "id"), err);
}

const QmpCommand qmp_chardev_commands[] = {
    { "chardev-add", chardev_add, MEMBERS({ "id", "str", NULL }, { "backend", "ChardevBackend", NULL }),
      .ret = "ChardevReturn", .doc = "Makes a character device." },
    { "chardev-remove", chardev_remove, MEMBERS({ "id", "str", NULL }),
      .doc = "Closes one that nothing uses." },
    { "chardev-send-break", send_break, MEMBERS({ "id", "str", NULL }), .doc = "A break to the guest." },
    { "query-chardev", query_chardev, .ret = "[ChardevInfo]", .flags = QMP_PRECONFIG,
      .doc = "The character devices." },
    { "query-chardev-backends", query_backends, .ret = "[ChardevBackendInfo]",
      .doc = "The kinds that there are." },
    { 0 },
};
