/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Websocket (RFC 6455), the server: the handshake, then frames. Payload is passed on as it comes, text or
 * binary, in pieces or not; what goes out are binary messages. No extensions; the one subprotocol is
 * "binary", which is chosen when the client offers it.
 */
#include "chardev/wire.h"

#include <string.h>

#define HANDSHAKE_MAX 8192
#define CONTROL_MAX 125
#define KEY_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum { OP_MORE = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };
enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, MASKED = 0x80, LENGTH = 0x7f };
enum { CLOSE_PROTOCOL = 1002 };

typedef struct {
    Wire wire;
    GString *request;           /* until the handshake is done */
    uint8_t head[14];           /* of the frame that comes */
    unsigned got, need;         /* bytes of the head that are there, and how many it has */
    uint64_t left;              /* of its payload */
    uint64_t at;                /* in its payload: which byte of the mask is next */
    bool in_message;            /* the message's last frame has not come */
    uint8_t control[CONTROL_MAX];
    unsigned controls;
} Websocket;

static void websocket_start(Wire *wire)
{
    Websocket *w = (Websocket *)wire;
    w->request = g_string_new(NULL);
    w->need = 2;
}

static void websocket_finish(Wire *wire)
{
    g_string_free(((Websocket *)wire)->request, TRUE);
}

/* ---- the handshake ---- */

static void refuse(Websocket *w, const char *status, const char *more, const char *why)
{
    g_autofree char *text = g_strdup_printf(
        "HTTP/1.1 %s\r\nConnection: close\r\n%sContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s\n",
        status, more, strlen(why) + 1, why);
    g_byte_array_append(w->wire.out, (const uint8_t *)text, (guint)strlen(text));
    w->wire.ended = true;
}

/* The values of all headers called name, with commas between them; NULL when there is none. */
static char *header(char **lines, const char *name)
{
    GString *all = NULL;
    size_t len = strlen(name);
    for (char **line = lines + 1; *line; line++) {
        if (g_ascii_strncasecmp(*line, name, len) == 0 && (*line)[len] == ':') {
            g_autofree char *value = g_strstrip(g_strdup(*line + len + 1));
            all = all ? g_string_append_c(all, ',') : g_string_new(NULL);
            g_string_append(all, value);
        }
    }
    return all ? g_string_free(all, FALSE) : NULL;
}

/* Whether a list "a, b" has the word, in any case. */
static bool has_word(const char *list, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list ? list : "", ",", -1);
    for (char **w = words; *w; w++) {
        if (g_ascii_strcasecmp(g_strstrip(*w), word) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_key(const char *key)
{
    gsize len = 0;
    g_autofree guchar *bytes = key && strlen(key) == 24 ? g_base64_decode(key, &len) : NULL;
    return bytes && len == 16;
}

static void accept_client(Websocket *w, const char *key, bool binary)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    guint8 digest[20];
    gsize len = sizeof(digest);
    g_checksum_update(sum, (const guchar *)key, -1);
    g_checksum_update(sum, (const guchar *)KEY_GUID, -1);
    g_checksum_get_digest(sum, digest, &len);
    g_autofree char *accept = g_base64_encode(digest, len);
    g_autofree char *text = g_strdup_printf(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n%s\r\n", accept, binary ? "Sec-WebSocket-Protocol: binary\r\n" : "");
    g_byte_array_append(w->wire.out, (const uint8_t *)text, (guint)strlen(text));
    w->wire.open = true;
}

static void answer_request(Websocket *w)
{
    g_auto(GStrv) lines = g_strsplit(w->request->str, "\r\n", -1);
    g_auto(GStrv) words = g_strsplit(lines[0], " ", -1);
    g_autofree char *upgrade = header(lines, "Upgrade"), *connection = header(lines, "Connection");
    g_autofree char *key = header(lines, "Sec-WebSocket-Key"), *host = header(lines, "Host");
    g_autofree char *version = header(lines, "Sec-WebSocket-Version");
    g_autofree char *protocols = header(lines, "Sec-WebSocket-Protocol");
    if (strlen(w->request->str) != w->request->len || g_strv_length(words) != 3 ||
        strcmp(words[2], "HTTP/1.1") != 0) {
        refuse(w, "400 Bad Request", "", "This is no request of HTTP/1.1.");
    } else if (strcmp(words[0], "GET") != 0) {
        refuse(w, "405 Method Not Allowed", "Allow: GET\r\n", "A websocket begins with GET.");
    } else if (!has_word(upgrade, "websocket") || !has_word(connection, "upgrade")) {
        refuse(w, "426 Upgrade Required", "Upgrade: websocket\r\n", "There are only websockets here.");
    } else if (!version || strcmp(version, "13") != 0) {
        refuse(w, "426 Upgrade Required", "Sec-WebSocket-Version: 13\r\n", "The version must be 13.");
    } else if (!host || !is_key(key)) {
        refuse(w, "400 Bad Request", "", "Host or Sec-WebSocket-Key is missing or wrong.");
    } else if (protocols && !has_word(protocols, "binary")) {
        refuse(w, "400 Bad Request", "", "The protocol must be binary.");
    } else {
        accept_client(w, key, protocols != NULL);
    }
}

/* The client may say no more before it has the answer. */
static size_t take_request(Websocket *w, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        GString *r = w->request;
        g_string_append_c(r, (char)data[i]);
        if (r->len >= 4 && memcmp(r->str + r->len - 4, "\r\n\r\n", 4) == 0) {
            answer_request(w);
            g_string_truncate(r, 0);
            return i + 1;
        }
        if (r->len == HANDSHAKE_MAX) {
            refuse(w, "431 Request Header Fields Too Large", "", "The request is too long.");
            return i + 1;
        }
    }
    return len;
}

/* ---- frames ---- */

static void put_head(Websocket *w, uint8_t opcode, size_t len)
{
    uint8_t head[4] = { (uint8_t)(FIN | opcode), (uint8_t)len };
    guint size = 2;
    if (len > CONTROL_MAX) {
        head[1] = 126;
        head[2] = (uint8_t)(len >> 8);
        head[3] = (uint8_t)len;
        size = 4;
    }
    g_byte_array_append(w->wire.out, head, size);
}

static void put_frame(Websocket *w, uint8_t opcode, const uint8_t *data, size_t len)
{
    put_head(w, opcode, len);
    g_byte_array_append(w->wire.out, data, (guint)len);
}

static void close_for_error(Websocket *w)
{
    static const uint8_t code[] = { CLOSE_PROTOCOL >> 8, CLOSE_PROTOCOL & 0xff };
    put_frame(w, OP_CLOSE, code, sizeof(code));
    w->wire.ended = true;
}

static bool is_control(const Websocket *w)
{
    return w->head[0] & 8;
}

static void control_done(Websocket *w)
{
    switch (w->head[0] & OPCODE) {
    case OP_CLOSE:              /* the answer has the code and not the words */
        put_frame(w, OP_CLOSE, w->control, w->controls >= 2 ? 2 : 0);
        w->wire.ended = true;
        break;
    case OP_PING:
        put_frame(w, OP_PONG, w->control, w->controls);
        break;
    default:
        break;
    }
}

static void frame_done(Websocket *w)
{
    if (is_control(w)) {
        control_done(w);
    }
    w->got = 0;
    w->need = 2;
    w->controls = 0;
    w->at = 0;
}

/* The first two bytes are there: whether they can be. */
static bool check_start(Websocket *w)
{
    uint8_t opcode = w->head[0] & OPCODE, len = w->head[1] & LENGTH;
    bool last = w->head[0] & FIN;
    if ((w->head[0] & RESERVED) || !(w->head[1] & MASKED)) {
        return false;
    }
    if (is_control(w)) {
        return opcode <= OP_PONG && last && len <= CONTROL_MAX;
    }
    if (opcode > OP_BINARY || (opcode == OP_MORE) != w->in_message) {
        return false;
    }
    w->in_message = !last;
    return true;
}

/* The head is there to its end: the length, in as few bytes as it needs. */
static bool check_length(Websocket *w)
{
    uint8_t len = w->head[1] & LENGTH;
    unsigned bytes = len == 126 ? 2 : len == 127 ? 8 : 0;
    w->left = bytes ? 0 : len;
    for (unsigned i = 0; i < bytes; i++) {
        w->left = w->left << 8 | w->head[2 + i];
    }
    return bytes == 0 || (bytes == 2 ? w->left > CONTROL_MAX : w->left > UINT16_MAX && !(w->left >> 63));
}

static void head_byte(Websocket *w, uint8_t byte)
{
    w->head[w->got++] = byte;
    if (w->got == 2) {
        uint8_t len = w->head[1] & LENGTH;
        w->need = 6 + (len == 126 ? 2 : len == 127 ? 8 : 0);
        if (!check_start(w)) {
            close_for_error(w);
        }
    } else if (w->got == w->need) {
        if (!check_length(w)) {
            close_for_error(w);
        } else if (w->left == 0) {
            frame_done(w);
        }
    }
}

static void payload(Websocket *w, const uint8_t *data, size_t len)
{
    const uint8_t *mask = w->head + w->need - 4;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = data[i] ^ mask[w->at++ & 3];
        if (is_control(w)) {
            w->control[w->controls++] = byte;
        } else {
            g_byte_array_append(w->wire.in, &byte, 1);
        }
    }
    w->left -= len;
    if (w->left == 0) {
        frame_done(w);
    }
}

static size_t websocket_receive(Wire *wire, const uint8_t *data, size_t len)
{
    Websocket *w = (Websocket *)wire;
    size_t i = 0;
    while (i < len && !wire->ended) {
        if (!wire->open) {
            i += take_request(w, data + i, len - i);
            if (wire->open && i < len) {
                close_for_error(w);
            }
        } else if (w->got < w->need) {
            head_byte(w, data[i++]);
        } else {
            size_t n = (size_t)MIN(w->left, len - i);
            payload(w, data + i, n);
            i += n;
        }
    }
    return i;
}

static void websocket_send(Wire *wire, const uint8_t *data, size_t len)
{
    put_frame((Websocket *)wire, OP_BINARY, data, len);
}

const WireType websocket_wire = {
    .name = "websocket", .size = sizeof(Websocket), .start = websocket_start, .receive = websocket_receive,
    .send = websocket_send, .finish = websocket_finish,
};
