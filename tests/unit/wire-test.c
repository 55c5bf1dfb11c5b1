/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telnet and websocket: examples of the RFCs, and whatever a peer may send. */
#include "chardev/wire.h"

#include <string.h>

#define HELLO "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
#define TEXT(s) (const uint8_t *)(s), sizeof(s) - 1

typedef struct {
    Wire *wire;
    GString *got;               /* 'B' in breaks' place is told apart by breaks */
    unsigned breaks;
} Peer;

static Peer peer_new(const WireType *type)
{
    return (Peer){ wire_new(type), g_string_new(NULL), 0 };
}

static void peer_free(Peer *p)
{
    wire_unref(p->wire);
    g_string_free(p->got, TRUE);
}

/* Bytes arrive in pieces of that size. */
static void feed(Peer *p, const uint8_t *data, size_t len, size_t piece)
{
    Wire *w = p->wire;
    for (size_t i = 0; i < len && !w->ended;) {
        size_t n = MIN(piece, len - i), taken = w->type->receive(w, data + i, n);
        g_assert_cmpuint(taken, >, 0);
        g_assert_cmpuint(taken, <=, n);
        g_assert_true(taken == n || w->broke || w->ended);
        g_assert_cmpuint(w->in->len, <=, taken);
        g_string_append_len(p->got, (const char *)w->in->data, w->in->len);
        g_byte_array_set_size(w->in, 0);
        p->breaks += w->broke;
        w->broke = false;
        i += taken;
    }
}

/* What it says, which is then written. */
static GBytes *said(Peer *p)
{
    GBytes *bytes = g_bytes_new(wire_output(p->wire), wire_pending(p->wire));
    wire_written(p->wire, wire_pending(p->wire));
    return bytes;
}

static void assert_said(Peer *p, const uint8_t *data, size_t len)
{
    g_autoptr(GBytes) bytes = said(p);
    gsize size;
    const void *text = g_bytes_get_data(bytes, &size);
    g_assert_cmpmem(text, size, data, len);
}

static void test_telnet(void)
{
    for (size_t piece = 1; piece < 40; piece++) {
        Peer p = peer_new(&telnet_wire);
        g_assert_true(p.wire->open);
        assert_said(&p, TEXT("\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd\x00"));
        /* Answers to what was said need none; a doubled 255, a break, an option's parameters. */
        feed(&p, TEXT("\xff\xfd\x01\xff\xfd\x03\xff\xfd\x00" "a\r\0b\r\n\xff\xff\xff\xf3" "c"
                      "\xff\xfa\x18xx\xff\xff\xfe\xff\xf0" "d\xff\xf1" "e"), piece);
        g_assert_cmpmem(p.got->str, p.got->len, "a\rb\r\n\xff" "cde", 9);
        g_assert_cmpuint(p.breaks, ==, 1);
        assert_said(&p, TEXT(""));
        /* What we cannot do is refused, what stays as it is is not answered, what changes is. */
        feed(&p, TEXT("\xff\xfd\x18\xff\xfb\x1f\xff\xfd\x01\xff\xfe\x01\xff\xfe\x01\xff\xfd\x01"), piece);
        assert_said(&p, TEXT("\xff\xfc\x18\xff\xfe\x1f\xff\xfc\x01\xff\xfb\x01"));
        /* In binary a NUL behind a return is one. */
        feed(&p, TEXT("\xff\xfb\x00\r\0"), piece);
        g_assert_cmpmem(p.got->str + 9, p.got->len - 9, "\r\0", 2);
        p.wire->type->send(p.wire, TEXT("x\xff\xffy"));
        p.wire->type->send_break(p.wire);
        assert_said(&p, TEXT("x\xff\xff\xff\xffy\xff\xf3"));
        peer_free(&p);
    }
}

static Peer opened(size_t piece)
{
    Peer p = peer_new(&websocket_wire);
    feed(&p, TEXT(HELLO "Sec-WebSocket-Protocol: chat, binary\r\n\r\n"), piece);
    g_autoptr(GBytes) answer = said(&p);
    const char *text = g_bytes_get_data(answer, NULL);
    g_assert_true(p.wire->open && g_str_has_prefix(text, "HTTP/1.1 101 "));
    g_assert_nonnull(g_strstr_len(text, (gssize)g_bytes_get_size(answer),
                                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    g_assert_nonnull(g_strstr_len(text, (gssize)g_bytes_get_size(answer), "Protocol: binary\r\n"));
    return p;
}

static void test_websocket(void)
{
    for (size_t piece = 1; piece < 300; piece = piece < 20 ? piece + 1 : piece * 2) {
        Peer p = opened(piece);
        /* The RFC's masked "Hello"; one in two pieces with a ping between them; an empty one. */
        feed(&p, TEXT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), piece);
        feed(&p, TEXT("\x02\x82\0\0\0\0He\x89\x83\x01\x02\x03\x04\x60\x60\x60"
                      "\x80\x83\0\0\0\0llo\x82\x80\1\2\3\4"), piece);
        g_assert_cmpstr(p.got->str, ==, "HelloHello");
        assert_said(&p, TEXT("\x8a\x03" "abc"));
        /* 126 bytes and 65536 bytes. */
        g_autofree uint8_t *big = g_malloc0(14 + 65536);
        memcpy(big, "\x82\xfe\0\x7e\0\0\0\0", 8);
        feed(&p, big, 8 + 126, piece);
        memcpy(big, "\x82\xff\0\0\0\0\0\1\0\0\0\0\0\0", 14);
        feed(&p, big, 14 + 65536, piece * 100);
        g_assert_cmpuint(p.got->len, ==, 10 + 126 + 65536);
        p.wire->type->send(p.wire, TEXT("hi"));
        assert_said(&p, TEXT("\x82\x02hi"));
        p.wire->type->send(p.wire, big, 4096);
        g_assert_cmpmem(wire_output(p.wire), 4, "\x82\x7e\x10\0", 4);
        g_bytes_unref(said(&p));
        feed(&p, TEXT("\x88\x85\0\0\0\0\x03\xe8" "bye" "\x81\x81\0\0\0\0x"), piece);
        g_assert_true(p.wire->ended);
        assert_said(&p, TEXT("\x88\x02\x03\xe8"));
        peer_free(&p);
    }
}

static void test_websocket_errors(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } frames[] = {
        { "\x81\x05Hello", 7 },                         /* not masked */
        { "\xc1\x80\0\0\0\0", 6 },                      /* a reserved bit */
        { "\x83\x80\0\0\0\0", 6 }, { "\x8b\x80\0\0\0\0", 6 },     /* no such operation */
        { "\x80\x80\0\0\0\0", 6 },                      /* goes on, but with what? */
        { "\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12 },     /* a second message within the first */
        { "\x09\x80\0\0\0\0", 6 },                      /* a ping in pieces */
        { "\x89\xfe\0\x7e\0\0\0\0", 8 },                /* a long one */
        { "\x82\xfe\0\x7d\0\0\0\0", 8 },                /* a length in more bytes than it needs */
        { "\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14 },
        { "\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14 },   /* a negative one */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(frames); i++) {
        Peer p = opened(1000);
        feed(&p, (const uint8_t *)frames[i].bytes, frames[i].len, 1);
        g_assert_true(p.wire->ended);
        assert_said(&p, TEXT("\x88\x02\x03\xea"));
        peer_free(&p);
    }
}

static void test_handshake_errors(void)
{
    static const char *const requests[][2] = {
        { "\r\n\r\n", "400" }, { "GET / HTTP/1.0\r\n\r\n", "400" }, { "POST / HTTP/1.1\r\n\r\n", "405" },
        { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426" },
        { HELLO "Sec-WebSocket-Protocol: chat\r\n\r\n", "400" },
        { HELLO "Sec-WebSocket-Version: 8\r\n\r\n", "426" },
        { "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "400" },
        { "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n", "400" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        Peer p = peer_new(&websocket_wire);
        feed(&p, (const uint8_t *)requests[i][0], strlen(requests[i][0]), 7);
        g_assert_true(p.wire->ended && !p.wire->open);
        g_assert_cmpmem(wire_output(p.wire) + 9, 3, requests[i][1], 3);
        peer_free(&p);
    }
    Peer p = peer_new(&websocket_wire);
    g_autofree char *flood = g_strnfill(100000, 'x');
    feed(&p, (const uint8_t *)flood, 100000, 4096);
    g_assert_true(p.wire->ended);
    g_assert_cmpmem(wire_output(p.wire) + 9, 3, "431", 3);
    peer_free(&p);
    /* It may say no more before it has the answer. */
    p = peer_new(&websocket_wire);
    feed(&p, TEXT(HELLO "\r\n\x82\x80\0\0\0\0"), 4096);
    g_assert_true(p.wire->ended && p.got->len == 0);
    peer_free(&p);
}

/* Bytes that are nearly right: whatever comes, answers stay in proportion to it. */
static void random_peer(const WireType *type, const char *first, const char *likely, size_t likelies)
{
    for (int run = 0; run < 3000; run++) {
        Peer p = peer_new(type);
        size_t total = 0;
        feed(&p, (const uint8_t *)first, strlen(first), (size_t)g_test_rand_int_range(1, 300));
        g_bytes_unref(said(&p));
        for (int i = 0; i < 20; i++) {
            uint8_t data[512];
            size_t len = (size_t)g_test_rand_int_range(1, sizeof(data));
            for (size_t k = 0; k < len; k++) {
                int n = g_test_rand_int_range(0, (gint32)likelies);
                data[k] = (uint8_t)(g_test_rand_int_range(0, 3) ? (int)g_test_rand_int() : likely[n]);
            }
            feed(&p, data, len, (size_t)g_test_rand_int_range(1, 600));
            total += len;
        }
        g_assert_cmpuint(p.got->len, <=, total);
        g_assert_cmpuint(wire_pending(p.wire), <=, 4 * total + 1024);
        peer_free(&p);
    }
}

static void test_random(void)
{
    random_peer(&telnet_wire, "", "\xff\xff\xfa\xf0\xfb\xfc\xfd\xfe\xf3\xf6\r\0", 12);
    random_peer(&websocket_wire, HELLO "\r\n", "\x81\x82\x01\x00\x80\x89\x88\x8a\xfe\xff\x85\0", 12);
    random_peer(&websocket_wire, "", HELLO "\r\n\r\n", sizeof(HELLO) + 3);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/telnet", test_telnet);
    g_test_add_func("/wire/websocket", test_websocket);
    g_test_add_func("/wire/websocket-errors", test_websocket_errors);
    g_test_add_func("/wire/handshake-errors", test_handshake_errors);
    g_test_add_func("/wire/random", test_random);
    return g_test_run();
}
