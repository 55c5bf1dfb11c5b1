/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal among the machine's displays: "vc", and "vc:WxH" in pixels or "vc:80Cx24C" in characters. */
#include "chardev/backend.h"
#include "util/error.h"

#define COLUMNS 80
#define ROWS 25
#define MOST 500
#define CELL_WIDTH 8            /* of those who give a size in pixels */
#define CELL_HEIGHT 16

typedef struct {
    void *screen;
    GByteArray *typed;          /* that the front end had no room for yet */
} Vc;

static void give(Chardev *chr)
{
    Vc *vc = chr->state;
    size_t n = MIN(chardev_room(chr), vc->typed->len);
    if (n > 0) {
        g_autofree uint8_t *data = g_memdup2(vc->typed->data, n);
        g_byte_array_remove_range(vc->typed, 0, (guint)n);
        chardev_deliver(chr, data, n);
    }
}

/* Nobody types thousands of characters ahead: what is beyond that is lost. */
static void on_typed(void *opaque, const char *data, size_t len)
{
    Chardev *chr = opaque;
    Vc *vc = chr->state;
    g_byte_array_append(vc->typed, (const guint8 *)data, (guint)MIN(len, CHARDEV_CHUNK - vc->typed->len));
    give(chr);
}

/* columns= and rows=, or width= and height=. */
static bool read_size(KeyVal *props, const char *characters, const char *pixels, unsigned cell,
                      uint64_t *size, GError **err)
{
    uint64_t dots = *size * cell;
    bool both = keyval_get(props, characters) && keyval_get(props, pixels);
    if (!keyval_get_number(props, characters, 1, MOST, size, err) ||
        !keyval_get_number(props, pixels, cell, MOST * cell, &dots, err)) {
        return false;
    }
    if (both) {
        return error_set(err, "%s: %s and %s: say one of the two", keyval_option(props), characters, pixels);
    }
    *size = keyval_get(props, pixels) ? dots / cell : *size;
    return true;
}

static bool vc_open(Chardev *chr, KeyVal *props, GError **err)
{
    Vc *vc = g_new0(Vc, 1);
    uint64_t columns = COLUMNS, rows = ROWS;
    vc->typed = g_byte_array_new();
    chr->state = vc;
    if (!read_size(props, "cols", "width", CELL_WIDTH, &columns, err) ||
        !read_size(props, "rows", "height", CELL_HEIGHT, &rows, err) || !keyval_finish(props, err)) {
        return false;
    }
    if (!chr->screens) {
        return error_set(err, "%s: vc: this program shows no displays; use stdio, pty or socket",
                         keyval_option(props));
    }
    vc->screen = chr->screens->open(chr->machine, chr->id, (unsigned)columns, (unsigned)rows, on_typed, chr,
                                    err);
    chr->connected = vc->screen != NULL;
    return chr->connected;
}

static void vc_close(Chardev *chr)
{
    Vc *vc = chr->state;
    if (vc->screen) {
        chr->screens->close(vc->screen);
    }
    g_byte_array_free(vc->typed, TRUE);
    g_free(vc);
}

static void vc_send(Chardev *chr, const void *data, size_t len)
{
    chr->screens->write(((Vc *)chr->state)->screen, data, len);
}

static char *vc_describe(const Chardev *chr)
{
    return g_strdup("vc");
}

const ChardevBackend vc_backend = {
    .name = "vc",
    .help = "a terminal in the window (cols=, rows=, or width=, height= in pixels; 80 by 25)",
    .open = vc_open,
    .close = vc_close,
    .send = vc_send,
    .frontend_changed = give,
    .describe = vc_describe,
};
