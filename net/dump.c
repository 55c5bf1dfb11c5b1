/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -object filter-dump: what passes a network back end, in the file format of pcap. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "net/net.h"
#include "system/fdset.h"
#include "system/objects.h"
#include "util/error.h"

enum { PCAP_MAGIC = 0xa1b2c3d4, PCAP_MAJOR = 2, PCAP_MINOR = 4, PCAP_ETHERNET = 1 };

/* In the byte order of the host, as readers expect. */
typedef struct {
    uint32_t magic;
    uint16_t major, minor;
    int32_t zone;
    uint32_t accuracy, longest, link;
} FileHead;

typedef struct {
    uint32_t seconds, microseconds, stored, length;
} FrameHead;

typedef struct {
    NetPort *port;              /* NULL: it is gone */
    NetTap tap;
    char *netdev, *file, *queue;
    uint64_t longest;
    int fd;
} Dump;

static void seen(void *opaque, bool sent, const uint8_t *frame, size_t len)
{
    Dump *d = opaque;
    gint64 now = g_get_real_time();
    size_t stored = MIN(len, d->longest);
    FrameHead head = { (uint32_t)(now / G_USEC_PER_SEC), (uint32_t)(now % G_USEC_PER_SEC), (uint32_t)stored,
                       (uint32_t)len };
    struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)frame, stored } };
    /* rx is what the guest sends into the back end, tx what the back end gives it. */
    bool wanted = strcmp(d->queue, "all") == 0 || strcmp(d->queue, sent ? "tx" : "rx") == 0;
    if (wanted && d->fd >= 0 && writev(d->fd, iov, 2) != (ssize_t)(sizeof(head) + stored)) {
        g_printerr("valletta: filter-dump: %s: %s; nothing more is written\n", d->file, g_strerror(errno));
        close(d->fd);
        d->fd = -1;
    }
}

static void gone(void *opaque)
{
    ((Dump *)opaque)->port = NULL;
}

static bool open_file(Dump *d, const Object *obj, const char *option, GError **err)
{
    const FileHead head = { .magic = PCAP_MAGIC, .major = PCAP_MAJOR, .minor = PCAP_MINOR,
                            .longest = (uint32_t)d->longest, .link = PCAP_ETHERNET };
    d->fd = fdsets_open(obj->machine->fdsets, d->file, O_WRONLY | O_CREAT | O_TRUNC, err);
    if (d->fd < 0) {
        g_prefix_error(err, "%s: filter-dump '%s': ", option, obj->id);
        return false;
    }
    return write(d->fd, &head, sizeof(head)) == (ssize_t)sizeof(head) ||
           error_set(err, "%s: filter-dump '%s': file=%s: %s", option, obj->id, d->file, g_strerror(errno));
}

static bool dump_make(Object *obj, KeyVal *props, GError **err)
{
    const char *option = keyval_option(props);
    const char *netdev = keyval_get(props, "netdev"), *file = keyval_get(props, "file");
    const char *queue = keyval_get(props, "queue");
    uint64_t longest = 65536;
    if (!keyval_get_size(props, "maxlen", 1, &longest, err) || !keyval_finish(props, err)) {
        return false;
    }
    queue = queue ? queue : "all";
    if (!netdev || !file || !*file) {
        return error_set(err, "%s: filter-dump '%s': needs netdev=ID and file=FILE", option, obj->id);
    }
    if (strcmp(queue, "all") != 0 && strcmp(queue, "rx") != 0 && strcmp(queue, "tx") != 0) {
        return error_set(err, "%s: filter-dump '%s': queue=%s: must be all, rx or tx", option, obj->id,
                         queue);
    }
    if (longest < 1 || longest > NET_FRAME_MAX) {
        return error_set(err, "%s: filter-dump '%s': maxlen=: must be 1 to %u", option, obj->id,
                         NET_FRAME_MAX);
    }
    NetPort *port = obj->machine ? net_set_find(obj->machine->net, netdev) : NULL;
    if (!port || net_port_is_device(port)) {
        return error_set(err, "%s: filter-dump '%s': netdev=%s: there is no such -netdev", option, obj->id,
                         netdev);
    }
    Dump *d = g_new0(Dump, 1);
    *d = (Dump){ .tap = { seen, gone, d }, .netdev = g_strdup(netdev), .file = g_strdup(file),
                 .queue = g_strdup(queue), .longest = longest, .fd = -1 };
    obj->state = d;
    if (!open_file(d, obj, option, err)) {
        return false;
    }
    d->port = port;
    net_port_add_tap(port, &d->tap);
    return true;
}

static void dump_free(Object *obj)
{
    Dump *d = obj->state;
    if (d->port) {
        net_port_remove_tap(d->port, &d->tap);
    }
    if (d->fd >= 0) {
        close(d->fd);
    }
    g_free(d->netdev);
    g_free(d->file);
    g_free(d->queue);
    g_free(d);
}

static JsonNode *dump_get(const Object *obj, const char *prop)
{
    const Dump *d = obj->state;
    if (strcmp(prop, "maxlen") == 0) {
        return json_number_new(d->longest);
    }
    return json_string_new(strcmp(prop, "netdev") == 0 ? d->netdev : strcmp(prop, "file") == 0 ? d->file
                           : d->queue);
}

static const ObjectProp dump_props[] = {
    { "netdev", "str", "the back end" }, { "file", "str", "the file, in the format of pcap" },
    { "maxlen", "size", "bytes stored of a frame (65536)" },
    { "queue", "NetFilterDirection", "all, rx (from the guest) or tx (to it)" }, { 0 },
};

const ObjectType filter_dump = { "filter-dump", "netfilter", dump_props, dump_make, dump_free, dump_get,
                                 .after_networks = true };
