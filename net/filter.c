/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/filter.h"

#include <string.h>
#include "util/error.h"

static bool hook_frame(void *opaque, bool sent, const uint8_t *frame, size_t len)
{
    Filter *f = opaque;
    /* rx is what the guest sends into the back end, tx what the back end gives it. */
    bool wanted = strcmp(f->queue, "all") == 0 || strcmp(f->queue, sent ? "tx" : "rx") == 0;
    return !f->on || !wanted || f->ops->frame(f, sent, frame, len);
}

static void stop(Filter *f)
{
    if (f->ops->stop) {
        f->ops->stop(f);
    }
    f->port = NULL;
}

static void hook_gone(void *opaque)
{
    stop(opaque);
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || (c && strcmp(text, c) == 0);
}

static char *get(KeyVal *props, const char *key, const char *otherwise)
{
    const char *value = keyval_get(props, key);
    return g_strdup(value ? value : otherwise);
}

bool filter_read(Filter *f, const FilterOps *ops, Object *obj, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props), *type = obj->type->name;
    f->ops = ops;
    f->obj = obj;
    f->hook = (NetFilter){ obj->id, hook_frame, hook_gone, f };
    f->netdev = get(props, "netdev", "");
    f->queue = get(props, "queue", "all");
    f->position = get(props, "position", "tail");
    f->insert = get(props, "insert", "behind");
    f->on = true;
    if (!keyval_get_bool(props, "status", &f->on, err)) {
        return false;
    }
    if (!*f->netdev) {
        return error_set(err, "%s: %s '%s': needs netdev=ID", option, type, obj->id);
    }
    if (!is_one_of(f->queue, "all", "rx", "tx")) {
        return error_set(err, "%s: %s '%s': queue=%s: must be all, rx or tx", option, type, obj->id,
                         f->queue);
    }
    if (!is_one_of(f->insert, "before", "behind", NULL)) {
        return error_set(err, "%s: %s '%s': insert=%s: must be before or behind", option, type, obj->id,
                         f->insert);
    }
    if (!is_one_of(f->position, "head", "tail", NULL) && !g_str_has_prefix(f->position, "id=")) {
        return error_set(err, "%s: %s '%s': position=%s: must be head, tail or id=FILTER", option, type,
                         obj->id, f->position);
    }
    return true;
}

/* Where position and insert say, or -1 with err. */
static int place(const Filter *f, const NetPort *port, const char *option, GError **err)
{
    if (strcmp(f->position, "head") == 0) {
        return 0;
    }
    if (strcmp(f->position, "tail") == 0) {
        return (int)net_port_filters(port);
    }
    int at = net_port_find_filter(port, f->position + strlen("id="));
    if (at < 0) {
        error_set(err, "%s: %s '%s': position=%s: there is no such filter on '%s'", option,
                  f->obj->type->name, f->obj->id, f->position, f->netdev);
        return -1;
    }
    return at + (strcmp(f->insert, "behind") == 0);
}

bool filter_start(Filter *f, const char *option, GError **err)
{
    NetPort *port = f->obj->machine ? net_set_find(f->obj->machine->net, f->netdev) : NULL;
    if (!port || net_port_is_device(port)) {
        return error_set(err, "%s: %s '%s': netdev=%s: there is no such -netdev", option, f->obj->type->name,
                         f->obj->id, f->netdev);
    }
    int at = place(f, port, option, err);
    if (at < 0) {
        return false;
    }
    f->port = port;
    net_port_add_filter(port, &f->hook, (unsigned)at);
    return true;
}

void filter_clear(Filter *f)
{
    if (f->port) {
        net_port_remove_filter(f->port, &f->hook);
        stop(f);
    }
    g_free(f->netdev);
    g_free(f->queue);
    g_free(f->position);
    g_free(f->insert);
}

JsonNode *filter_get(const Filter *f, const char *prop)
{
    const char *text = strcmp(prop, "netdev") == 0 ? f->netdev : strcmp(prop, "queue") == 0 ? f->queue
                     : strcmp(prop, "position") == 0 ? f->position : strcmp(prop, "insert") == 0 ? f->insert
                     : strcmp(prop, "status") == 0 ? (f->on ? "on" : "off") : NULL;
    return text ? json_string_new(text) : NULL;
}

bool filter_set(Object *obj, const char *prop, const char *value, GError **err)
{
    Filter *f = obj->state;
    if (strcmp(prop, "status") != 0) {
        return error_set(err, "Property '%s' can only be given when the thing is made", prop);
    }
    if (!is_one_of(value, "on", "off", NULL)) {
        return error_set(err, "Invalid value for netfilter status, should be 'on' or 'off'");
    }
    bool on = strcmp(value, "on") == 0;
    if (on != f->on) {
        f->on = on;
        if (f->ops->switched && f->port) {
            f->ops->switched(f);
        }
    }
    return true;
}

void filter_pass(Filter *f, bool sent, const uint8_t *frame, size_t len)
{
    if (f->port) {
        net_filter_pass(f->port, &f->hook, sent, frame, len);
    }
}
