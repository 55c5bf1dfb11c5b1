/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output kept in memory, the newest of it; monitors read it. There is no input. */
#include "chardev/backend.h"

#include "util/error.h"

#define SIZE_DEFAULT (64u << 10)
#define SIZE_LARGEST (1u << 30)

typedef struct {
    uint8_t *bytes;
    size_t size;            /* a power of two */
    size_t produced, consumed;
} Ring;

static bool ringbuf_open(Chardev *chr, KeyVal *props, GError **err)
{
    uint64_t size = SIZE_DEFAULT;
    Ring *r = g_new0(Ring, 1);
    chr->state = r;
    if (!keyval_get_size(props, "size", 1, &size, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (size == 0 || (size & (size - 1)) || size > SIZE_LARGEST) {
        return error_set(err, "%s: size=%" G_GUINT64_FORMAT ": must be a power of two up to 1 GiB",
                         keyval_option(props), size);
    }
    r->size = (size_t)size;
    r->bytes = g_try_malloc(r->size);
    chr->connected = r->bytes != NULL;
    return r->bytes || error_set(err, "%s: size=%" G_GUINT64_FORMAT ": the host has not so much memory",
                                 keyval_option(props), size);
}

static void ringbuf_close(Chardev *chr)
{
    Ring *r = chr->state;
    g_free(r->bytes);
    g_free(r);
}

static void ringbuf_send(Chardev *chr, const void *data, size_t len)
{
    Ring *r = chr->state;
    for (size_t i = 0; i < len; i++) {
        r->bytes[r->produced++ & (r->size - 1)] = ((const uint8_t *)data)[i];
    }
    r->consumed = r->produced - r->consumed > r->size ? r->produced - r->size : r->consumed;
}

GByteArray *ringbuf_read(Chardev *chr, size_t max)
{
    Ring *r = chr->state;
    GByteArray *out = g_byte_array_new();
    for (size_t left = MIN(max, r->produced - r->consumed); left > 0; left--) {
        g_byte_array_append(out, &r->bytes[r->consumed++ & (r->size - 1)], 1);
    }
    return out;
}

static char *ringbuf_describe(const Chardev *chr)
{
    return g_strdup("ringbuf");
}

const ChardevBackend ringbuf_backend = {
    .name = "ringbuf",
    .help = "the newest output stays in memory for ringbuf-read (size=, a power of two; 64 KiB)",
    .open = ringbuf_open,
    .close = ringbuf_close,
    .send = ringbuf_send,
    .describe = ringbuf_describe,
};
