/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices on TCP and UDP: plain, telnet, websocket; clients that come back. */
#include "chardev-test.h"

static void test_tcp(Fixture *f, gconstpointer data)
{
    Chardev *chr = open_chr(f, "serial0", "tcp:127.0.0.1:0,server=on,wait=off,nodelay");
    Front *front = front_new(chr);
    g_autofree char *text = chardev_set_describe(f->set);
    const char *at = strstr(text, "tcp:127.0.0.1:");
    g_assert_nonnull(at);
    int port = atoi(at + strlen("tcp:127.0.0.1:"));
    g_assert_cmpint(port, >, 0);
    Chardev *client = open_chr(f, "serial1", "tcp:127.0.0.1:%d", port);
    Front *other = front_new(client);
    wait_for(front->events, 2);
    chardev_write(client, "ping", 4);
    wait_for(front->got, 4);
    g_assert_cmpstr(front->got->str, ==, "ping");
    chardev_write(chr, "pong", 4);
    wait_for(other->got, 4);
    g_assert_cmpstr(other->got->str, ==, "pong");
    front_free(front);
    front_free(other);
}

static int port_of(Fixture *f, const char *before)
{
    g_autofree char *text = chardev_set_describe(f->set);
    const char *at = strstr(text, before);
    g_assert_nonnull(at);
    return atoi(at + strlen(before));
}

static int connect_port(int port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&in, sizeof(in)), ==, 0);
    return fd;
}

static void write_all(int fd, const char *data, size_t len)
{
    g_assert_cmpint(write(fd, data, len), ==, len);
}

static void test_telnet(Fixture *f, gconstpointer data)
{
    Chardev *chr = open_chr(f, "serial0", "telnet:127.0.0.1:0,server,nowait,nodelay");
    Front *front = front_new(chr);
    int port = port_of(f, "serial0: filename=disconnected:telnet:127.0.0.1:");
    int fd = connect_port(port);
    wait_for(front->events, 2);
    g_assert_cmpstr(front->events->str, ==, "o+");
    g_autofree char *connected = g_strdup_printf("telnet:127.0.0.1:%d,server=on <-> 127.0.0.1:", port);
    g_assert_cmpint(port_of(f, connected), >, 0);
    write_all(fd, "a\xff\xff\xff\xf3" "b", 6);
    wait_for(front->got, 3);
    g_assert_cmpstr(front->got->str, ==, "a\xff" "b");
    g_assert_cmpstr(front->events->str, ==, "o+b");
    chardev_write(chr, "x\xff", 2);
    chardev_send_break(chr);
    iterate(20);
    char got[100];              /* twelve bytes of options first */
    g_assert_cmpint(recv(fd, got, sizeof(got), MSG_DONTWAIT), ==, 17);
    g_assert_cmpmem(got + 12, 5, "x\xff\xff\xff\xf3", 5);
    /* It asks and never reads: it is not read either, and others live. */
    GString *flood = g_string_new(NULL);
    for (int i = 0; i < 100000; i++) {
        g_string_append(flood, "\xff\xfd\x63");
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 100; i++) {
        ssize_t n = send(fd, flood->str, flood->len, MSG_NOSIGNAL);
        g_assert_true(n > 0 || errno == EAGAIN);
        iterate(2);
    }
    g_string_free(flood, TRUE);
    front->room = 0;            /* the front end takes nothing, the peer dies */
    close(fd);
    front->room = 10;
    chardev_accept_input(chr);
    wait_for(front->events, 4);
    g_assert_cmpstr(front->events->str, ==, "o+bc");
    fd = connect_port(port);
    wait_for(front->events, 6);
    g_assert_cmpstr(front->events->str, ==, "o+bco+");
    close(fd);
    front_free(front);
}

/* A client for what is longer than a buffer: everything comes, in frames. */
static void test_websocket(Fixture *f, gconstpointer data)
{
    static const char hello[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    Chardev *chr = open_chr(f, "serial0", "websocket:127.0.0.1:0,server=on,wait=off");
    Front *front = front_new(chr);
    front->room = 0;            /* the handshake is not the front end's */
    int port = port_of(f, "disconnected:websocket:127.0.0.1:"), fd = connect_port(port);
    iterate(20);
    g_assert_cmpstr(front->events->str, ==, "");
    write_all(fd, hello, sizeof(hello) - 1);
    wait_for(front->events, 2);
    g_assert_cmpstr(front->events->str, ==, "o+");
    g_autofree char *answer = read_now(fd);
    g_assert_true(g_str_has_suffix(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
    write_all(fd, "\x82\x83\0\0\0\0abc", 9);
    iterate(20);
    g_assert_cmpstr(front->got->str, ==, "");
    front->room = 100;
    chardev_accept_input(chr);
    wait_for(front->got, 3);
    g_assert_cmpstr(front->got->str, ==, "abc");
    /* 500000 bytes, which the peer reads late. */
    g_autofree char *big = g_strnfill(500000, 'z');
    chardev_write(chr, big, 500000);
    size_t payload = 0, left = 0;
    for (int i = 0; i < 2000 && payload < 500000; i++) {
        uint8_t head[4];
        iterate(1);
        while (recv(fd, head, 4, MSG_DONTWAIT | MSG_PEEK) == 4) {
            g_assert_cmphex(head[0], ==, 0x82);
            size_t size = head[1] == 126 ? 4 : 2;
            left = head[1] == 126 ? (size_t)head[2] << 8 | head[3] : head[1];
            g_assert_cmpint(recv(fd, head, size, 0), ==, size);
            payload += left;
            while (left > 0) {
                char buf[4096];
                ssize_t n = recv(fd, buf, MIN(left, sizeof(buf)), MSG_DONTWAIT);
                left -= (size_t)MAX(n, 0);
                iterate(n < 0 ? 1 : 0);
            }
        }
    }
    g_assert_cmpuint(payload, ==, 500000);
    g_assert_false(chardev_output_pending(chr));
    write_all(fd, "\x88\x80\0\0\0\0", 6);
    wait_for(front->events, 3);
    g_assert_cmpstr(front->events->str, ==, "o+c");
    close(fd);
    /* One that is something else is told so, and the next one may come. */
    fd = connect_port(port);
    write_all(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 28);
    iterate(30);
    g_autofree char *refusal = read_now(fd);
    g_assert_true(g_str_has_prefix(refusal, "HTTP/1.1 426 "));
    close(fd);
    fd = connect_port(port);
    write_all(fd, hello, sizeof(hello) - 1);
    wait_for(front->events, 5);
    g_assert_cmpstr(front->events->str, ==, "o+co+");
    close(fd);
    front_free(front);
}

static void test_udp(Fixture *f, gconstpointer data)
{
    Chardev *other = open_chr(f, "serial1", "udp:127.0.0.1:9@127.0.0.1:0");
    int port = port_of(f, "udp:127.0.0.1:9@127.0.0.1:");
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&in, len), ==, 0);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&in, &len), ==, 0);
    Chardev *chr = open_chr(f, "serial0", "udp:127.0.0.1:%d@:0", ntohs(in.sin_port));
    int mine = port_of(f, "@:");
    Front *front = front_new(chr);
    g_assert_cmpstr(front->events->str, ==, "o+");
    chardev_write(chr, "one", 3);
    chardev_write(chr, "two", 3);
    g_autofree char *one = read_now(fd), *two = read_now(fd);
    g_assert_cmpstr(one, ==, "one");
    g_assert_cmpstr(two, ==, "two");
    /* A datagram for which there is no room waits whole. */
    in.sin_port = htons((uint16_t)mine);
    front->room = 2;
    g_assert_cmpint(sendto(fd, "abcdef", 6, 0, (struct sockaddr *)&in, len), ==, 6);
    g_assert_cmpint(sendto(fd, "", 0, 0, (struct sockaddr *)&in, len), ==, 0);
    g_assert_cmpint(sendto(fd, "gh", 2, 0, (struct sockaddr *)&in, len), ==, 2);
    wait_for(front->got, 2);
    iterate(10);
    g_assert_cmpstr(front->got->str, ==, "ab");
    front->room = 100;
    chardev_accept_input(chr);
    wait_for(front->got, 8);
    g_assert_cmpstr(front->got->str, ==, "abcdefgh");
    /* Nobody is there: that is no end. */
    chardev_write(other, "x", 1);
    iterate(10);
    chardev_write(other, "x", 1);
    iterate(10);
    g_assert_cmpint(port_of(f, "serial1: filename=udp:127.0.0.1:9@127.0.0.1:"), ==, port);
    close(fd);
    front_free(front);
}

static void test_reconnect(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->folder, "again", NULL);
    Chardev *chr = open_chr(f, "serial0", "unix:%s,reconnect-ms=20", path);
    Front *front = front_new(chr);
    iterate(60);
    g_assert_cmpstr(front->events->str, ==, "");
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(bind(listener, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    g_assert_cmpint(listen(listener, 5), ==, 0);
    for (int i = 1; i < 4; i++) {
        wait_for(front->events, (gsize)(3 * i - 1));
        int fd = accept(listener, NULL, NULL);
        chardev_write(chr, "hi", 2);
        iterate(5);
        g_autofree char *got = read_now(fd);
        g_assert_cmpstr(got, ==, "hi");
        close(fd);
        wait_for(front->events, (gsize)(3 * i));
    }
    g_assert_true(g_str_has_prefix(front->events->str, "o+co+co+c"));
    close(listener);
    front_free(front);
}

#define ADD(name, func) g_test_add("/chardev/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    g_test_init(&argc, &argv, NULL);
    ADD("tcp", test_tcp);
    ADD("telnet", test_telnet);
    ADD("websocket", test_websocket);
    ADD("udp", test_udp);
    ADD("reconnect", test_reconnect);
    return g_test_run();
}
