/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -object filter-dump: what passes a network back end, in the file format of pcap. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "net/filter.h"
#include "system/fdset.h"
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
    Filter filter;
    char *file;
    uint64_t longest;
    int fd;
} Dump;

static bool dump_frame(Filter *f, bool sent, const uint8_t *frame, size_t len)
{
    Dump *d = (Dump *)f;
    gint64 now = g_get_real_time();
    size_t stored = MIN(len, d->longest);
    FrameHead head = { (uint32_t)(now / G_USEC_PER_SEC), (uint32_t)(now % G_USEC_PER_SEC), (uint32_t)stored,
                       (uint32_t)len };
    struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)frame, stored } };
    if (d->fd >= 0 && writev(d->fd, iov, 2) != (ssize_t)(sizeof(head) + stored)) {
        g_printerr("valletta: filter-dump: %s: %s; nothing more is written\n", d->file, g_strerror(errno));
        close(d->fd);
        d->fd = -1;
    }
    return true;
}

static const FilterOps dump_ops = { .frame = dump_frame };

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
    Dump *d = g_new0(Dump, 1);
    obj->state = d;
    d->fd = -1;
    d->longest = NET_FRAME_MAX;
    d->file = g_strdup(keyval_get(props, "file"));
    if (!filter_read(&d->filter, &dump_ops, obj, props, err) ||
        !keyval_get_size(props, "maxlen", 1, &d->longest, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (!d->file || !*d->file) {
        return error_set(err, "%s: filter-dump '%s': needs file=FILE", option, obj->id);
    }
    if (d->longest < 1 || d->longest > NET_FRAME_MAX) {
        return error_set(err, "%s: filter-dump '%s': maxlen=: must be 1 to %u", option, obj->id,
                         NET_FRAME_MAX);
    }
    return filter_start(&d->filter, option, err) && open_file(d, obj, option, err);
}

static void dump_free(Object *obj)
{
    Dump *d = obj->state;
    filter_clear(&d->filter);
    if (d->fd >= 0) {
        close(d->fd);
    }
    g_free(d->file);
    g_free(d);
}

static JsonNode *dump_get(const Object *obj, const char *prop)
{
    const Dump *d = obj->state;
    if (strcmp(prop, "maxlen") == 0) {
        return json_number_new(d->longest);
    }
    return strcmp(prop, "file") == 0 ? json_string_new(d->file) : filter_get(&d->filter, prop);
}

static const ObjectProp dump_props[] = {
    FILTER_PROPS, { "file", "str", "the file, in the format of pcap" },
    { "maxlen", "size", "bytes stored of a frame (65536)" }, { 0 },
};

const ObjectType filter_dump = { "filter-dump", "netfilter", dump_props, dump_make, dump_free, dump_get,
                                 .set = filter_set, .after_networks = true };
