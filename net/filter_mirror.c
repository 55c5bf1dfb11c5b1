/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -object filter-mirror and filter-redirector: frames on character devices, each behind its length (32 bits,
 * big endian) and, with vnet_hdr_support, the length of a virtio header (the same) that the frame begins
 * with. Frames of this program have none; that of others is taken off.
 */
#include <string.h>
#include "chardev/chardev_set.h"
#include "net/filter.h"
#include "util/bits.h"
#include "util/error.h"

#define WORD 4u
#define VNET_HEADER_MAX 64u

typedef struct {
    Filter filter;
    char *indev, *outdev;
    Chardev *in, *out;          /* or NULL */
    bool takes;                 /* a redirector: what goes out goes nowhere else */
    bool vnet;
    GByteArray *got;            /* from indev, less than a frame */
    bool senseless;             /* what comes are no frames; until the peer is another */
} Mirror;

/* ---- out ---- */

static bool mirror_frame(Filter *f, bool sent, const uint8_t *frame, size_t len)
{
    Mirror *m = (Mirror *)f;
    uint8_t head[2 * WORD] = { 0 };
    size_t size = m->vnet ? 2 * WORD : WORD;
    if (!m->out) {
        return true;
    }
    store_be(head, WORD, len);
    if (chardev_output_room(m->out) >= size + len) {        /* else the frame is lost, but a whole one */
        chardev_write(m->out, head, size);
        chardev_write(m->out, frame, len);
    }
    return !m->takes;
}

/* ---- in ---- */

static void inject(Mirror *m, const uint8_t *frame, size_t len)
{
    const char *queue = m->filter.queue;
    if (!m->filter.on) {
        return;
    }
    if (strcmp(queue, "rx") != 0) {
        filter_pass(&m->filter, true, frame, len);
    }
    if (strcmp(queue, "tx") != 0) {
        filter_pass(&m->filter, false, frame, len);
    }
}

/* Whole frames at the beginning of what came: how many bytes they are. */
static size_t take_frames(Mirror *m)
{
    const uint8_t *data = m->got->data;
    size_t head = m->vnet ? 2 * WORD : WORD, at = 0;
    while (m->got->len - at >= head) {
        uint64_t len = load_be(data + at, WORD), skip = m->vnet ? load_be(data + at + WORD, WORD) : 0;
        if (len > NET_FRAME_MAX + VNET_HEADER_MAX || skip > VNET_HEADER_MAX || skip > len) {
            g_printerr("valletta: %s '%s': what comes from '%s' are no frames; the rest is left out\n",
                       m->filter.obj->type->name, m->filter.obj->id, m->indev);
            m->senseless = true;
            return m->got->len;
        }
        if (m->got->len - at - head < len) {
            break;
        }
        inject(m, data + at + head + skip, (size_t)(len - skip));
        at += head + len;
    }
    return at;
}

static size_t in_room(void *opaque)
{
    return NET_FRAME_MAX;
}

static void in_receive(void *opaque, const uint8_t *data, size_t len)
{
    Mirror *m = opaque;
    if (m->senseless) {
        return;
    }
    g_byte_array_append(m->got, data, (guint)len);
    size_t done = take_frames(m);
    if (done > 0) {
        g_byte_array_remove_range(m->got, 0, (guint)done);
    }
}

static void in_event(void *opaque, ChardevEvent event)
{
    Mirror *m = opaque;
    if (event != CHR_BREAK) {
        g_byte_array_set_size(m->got, 0);
        m->senseless = false;
    }
}

static void out_receive(void *opaque, const uint8_t *data, size_t len)
{
}

static const ChardevFrontend in_frontend = { .can_receive = in_room, .receive = in_receive,
                                             .event = in_event };
static const ChardevFrontend out_frontend = { .can_receive = in_room, .receive = out_receive };

/* ---- making ---- */

static void mirror_stop(Filter *f)
{
    Mirror *m = (Mirror *)f;
    Chardev *both[] = { m->in, m->out };
    for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
        if (both[i]) {
            chardev_release(both[i]);
        }
    }
    m->in = m->out = NULL;
}

static const FilterOps mirror_ops = { .frame = mirror_frame, .stop = mirror_stop };

static bool claim(Mirror *m, const char *option, const char *id, Chardev **chr, GError **err)
{
    Object *obj = m->filter.obj;
    g_autofree char *user = g_strdup_printf("%s %s", obj->type->name, obj->id);
    if (!id) {
        return true;
    }
    if (!obj->machine || !obj->machine->chardevs) {
        return error_set(err, "%s: no -chardev with id=%s", option, id);
    }
    *chr = chardev_set_claim(obj->machine->chardevs, option, id, user, err);
    return *chr != NULL;
}

static bool mirror_open(Mirror *m, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    Object *obj = m->filter.obj;
    if (!keyval_get_bool(props, "vnet_hdr_support", &m->vnet, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (!m->indev && !m->outdev) {
        return error_set(err, "%s: %s '%s': needs outdev=CHARDEV%s", option, obj->type->name, obj->id,
                         m->takes ? " or indev=CHARDEV" : "");
    }
    if (g_strcmp0(m->indev, m->outdev) == 0) {
        return error_set(err, "%s: %s '%s': indev and outdev must be two character devices", option,
                         obj->type->name, obj->id);
    }
    if (!claim(m, option, m->indev, &m->in, err) || !claim(m, option, m->outdev, &m->out, err) ||
        !filter_start(&m->filter, option, err)) {
        mirror_stop(&m->filter);
        return false;
    }
    if (m->in) {
        chardev_attach(m->in, &in_frontend, m);
    }
    if (m->out) {
        chardev_attach(m->out, &out_frontend, m);
    }
    return true;
}

static bool make(Object *obj, KeyVal *props, bool redirector, GError **err)
{
    Mirror *m = g_new0(Mirror, 1);
    obj->state = m;
    m->got = g_byte_array_new();
    m->takes = redirector;
    m->indev = redirector ? g_strdup(keyval_get(props, "indev")) : NULL;
    m->outdev = g_strdup(keyval_get(props, "outdev"));
    return filter_read(&m->filter, &mirror_ops, obj, props, err) && mirror_open(m, props, err);
}

static bool mirror_make(Object *obj, KeyVal *props, GError **err)
{
    return make(obj, props, false, err);
}

static bool redirector_make(Object *obj, KeyVal *props, GError **err)
{
    return make(obj, props, true, err);
}

static void mirror_free(Object *obj)
{
    Mirror *m = obj->state;
    filter_clear(&m->filter);
    g_byte_array_free(m->got, TRUE);
    g_free(m->indev);
    g_free(m->outdev);
    g_free(m);
}

static JsonNode *mirror_get(const Object *obj, const char *prop)
{
    const Mirror *m = obj->state;
    if (strcmp(prop, "vnet_hdr_support") == 0) {
        return json_boolean_new(m->vnet);
    }
    if (strcmp(prop, "indev") == 0 || strcmp(prop, "outdev") == 0) {
        const char *id = prop[0] == 'i' ? m->indev : m->outdev;
        return json_string_new(id ? id : "");
    }
    return filter_get(&m->filter, prop);
}

static const ObjectProp mirror_props[] = {
    FILTER_PROPS, { "outdev", "str", "the character device that gets a copy of each frame" },
    { "vnet_hdr_support", "bool", "with the length of a virtio header (0) behind that of the frame" }, { 0 },
};

static const ObjectProp redirector_props[] = {
    FILTER_PROPS, { "indev", "str", "the character device whose frames go on from here" },
    { "outdev", "str", "the one that gets the frames instead of the network" },
    { "vnet_hdr_support", "bool", "with the length of a virtio header behind that of the frame" }, { 0 },
};

const ObjectType filter_mirror = { "filter-mirror", "netfilter", mirror_props, mirror_make, mirror_free,
                                   mirror_get, .set = filter_set, .after_networks = true };
const ObjectType filter_redirector = { "filter-redirector", "netfilter", redirector_props, redirector_make,
                                       mirror_free, mirror_get, .set = filter_set, .after_networks = true };
