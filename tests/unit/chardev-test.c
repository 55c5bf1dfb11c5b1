/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Character devices on files, terminals and unix sockets; their queues, and the mux. */
#include "chardev-test.h"

static void test_unix_server(Fixture *f, gconstpointer data)
{
    int fd;
    g_autofree char *path = g_build_filename(f->folder, "sock", NULL);
    Chardev *chr = open_chr(f, "serial0", "unix:%s,server,nowait", path);
    Front *front = front_new(chr);
    chardev_write(chr, "lost", 4);          /* no peer: discarded */
    g_assert_false(chardev_output_pending(chr));
    fd = connect_unix(path);
    wait_for(front->events, 2);
    g_assert_cmpstr(front->events->str, ==, "o+");
    chardev_write(chr, "hello", 5);
    g_autofree char *got = read_now(fd);
    g_assert_cmpstr(got, ==, "hello");
    g_assert_cmpint(write(fd, "typed", 5), ==, 5);
    wait_for(front->got, 5);
    g_assert_cmpstr(front->got->str, ==, "typed");
    close(fd);
    wait_for(front->events, 3);
    g_assert_cmpstr(front->events->str, ==, "o+c");
    fd = connect_unix(path);                /* the next client */
    wait_for(front->events, 5);
    g_assert_cmpstr(front->events->str, ==, "o+co+");
    close(fd);
    chardev_set_free(f->set);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    f->set = chardev_set_new(f->machine);
    front_free(front);
}

static void test_flow(Fixture *f, gconstpointer data)
{
    int fd;
    Chardev *chr = socket_pair(f, "", &fd);
    Front *front = front_new(chr);
    front->room = 3;
    g_assert_cmpint(write(fd, "abcdefgh", 8), ==, 8);
    iterate(30);
    g_assert_cmpstr(front->got->str, ==, "abc");
    front->room = 2;
    iterate(10);
    g_assert_cmpstr(front->got->str, ==, "abc");
    chardev_accept_input(chr);
    iterate(10);
    g_assert_cmpstr(front->got->str, ==, "abcde");
    front->room = 100;
    chardev_accept_input(chr);
    wait_for(front->got, 8);
    g_assert_cmpstr(front->got->str, ==, "abcdefgh");
    close(fd);
    iterate(10);
    front_free(front);
}

/* The host does not read: all is kept up to 1 MiB, then the oldest goes. */
static void test_queue(Fixture *f, gconstpointer data)
{
    int fd;
    Chardev *chr = socket_pair(f, "", &fd);
    g_autofree uint32_t *block = g_new(uint32_t, 1024);
    for (uint32_t i = 0; i < 768 * 1024; i += 1024) {      /* 3 MiB of numbers */
        for (uint32_t k = 0; k < 1024; k++) {
            block[k] = i + k;
        }
        chardev_write(chr, block, 4096);
    }
    g_assert_true(chardev_output_pending(chr));
    g_autoptr(GByteArray) got = g_byte_array_new();
    gint64 end = g_get_monotonic_time() + 5000000;
    while (g_get_monotonic_time() < end && (chardev_output_pending(chr) || got->len % 4096)) {
        uint8_t buf[65536];
        ssize_t n;
        while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
            g_byte_array_append(got, buf, (guint)n);
        }
        g_main_context_iteration(NULL, FALSE);
    }
    ssize_t n;
    uint8_t buf[4096];
    while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
        g_byte_array_append(got, buf, (guint)n);
    }
    g_assert_false(chardev_output_pending(chr));
    g_assert_cmpuint(got->len, >=, 1u << 20);
    g_assert_cmpuint(got->len, <, 3u << 20);
    uint32_t last;
    memcpy(&last, got->data + got->len - 4, 4);
    g_assert_cmpuint(last, ==, 768 * 1024 - 1);
    /* The newest MiB is there without a gap. */
    for (guint i = 0; i < (1u << 20) / 4; i++) {
        uint32_t v;
        memcpy(&v, got->data + got->len - (1u << 20) + 4 * i, 4);
        g_assert_cmpuint(v, ==, 768 * 1024 - (1u << 18) + i);
    }
    close(fd);
}

static gpointer write_from_thread(gpointer data)
{
    Chardev *chr = data;
    static const char block[4096] = "x";
    g_usleep(20000);
    for (int i = 0; i < 256; i++) {
        chardev_write(chr, block, sizeof(block));
    }
    return NULL;
}

/* The main thread sleeps in poll() while a vCPU fills the socket and its queue. */
static void test_wakes_main(Fixture *f, gconstpointer data)
{
    int fd;
    Chardev *chr = socket_pair(f, "", &fd);
    GThread *thread = g_thread_new("vcpu", write_from_thread, chr);
    g_thread_join(thread);
    g_assert_true(chardev_output_pending(chr));
    size_t total = 0;
    uint8_t buf[65536];
    gint64 end = g_get_monotonic_time() + 5000000;
    while (total < 256 * 4096 && g_get_monotonic_time() < end) {
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        total += (size_t)MAX(n, 0);
        g_main_context_iteration(NULL, n <= 0);     /* blocks: only the queue can wake it */
    }
    g_assert_cmpuint(total, ==, 256 * 4096);
    close(fd);
}

static void test_mux(Fixture *f, gconstpointer data)
{
    int fd;
    GError *err = NULL;
    Chardev *a = socket_pair(f, "mon:", &fd);
    Chardev *b = chardev_set_claim(f->set, "-mon", "serial0", "monitor", &err);
    g_assert_no_error(err);
    g_assert_true(a != b);
    Front *fa = front_new(a), *fb = front_new(b);
    g_assert_cmpstr(fa->events->str, ==, "o+");
    g_assert_cmpstr(fb->events->str, ==, "o");

    g_assert_cmpint(write(fd, "one\001cTWO\001c\001a\001\001x", 15), ==, 15);
    wait_for(fa->got, 6);
    g_assert_cmpstr(fa->got->str, ==, "one\001\001x");
    g_assert_cmpstr(fb->got->str, ==, "TWO");
    g_assert_cmpstr(fa->events->str, ==, "o+-+");
    g_assert_cmpstr(fb->events->str, ==, "o+-");

    g_assert_cmpint(write(fd, "\001b", 2), ==, 2);
    wait_for(fa->events, 5);
    g_assert_cmpstr(fa->events->str, ==, "o+-+b");

    g_free(read_now(fd));
    chardev_write(a, "A\n", 2);
    chardev_write(b, "B\n", 2);
    g_autofree char *both = read_now(fd);
    g_assert_cmpstr(both, ==, "A\nB\n");
    close(fd);
    iterate(20);
    g_assert_cmpstr(fb->events->str, ==, "o+-c");
    front_free(fa);
    front_free(fb);
}

static void test_mux_help_and_time(Fixture *f, gconstpointer data)
{
    int fd;
    Chardev *a = socket_pair(f, "mon:", &fd);
    Front *fa = front_new(a);
    g_assert_cmpint(write(fd, "\001h", 2), ==, 2);
    iterate(30);
    g_autofree char *help = read_now(fd);
    g_assert_nonnull(strstr(help, "Ctrl-a x"));
    g_assert_cmpint(write(fd, "\001t", 2), ==, 2);
    iterate(30);
    chardev_write(a, "\nline\n", 6);
    g_autofree char *stamped = read_now(fd);
    g_assert_true(g_regex_match_simple("^\\n\\[00:00:\\d\\d\\.\\d{3}\\] line\\n$", stamped, 0, 0));
    close(fd);
    iterate(10);
    front_free(fa);
}

/* Ctrl-a x ends the machine though the guest reads nothing. */
static void test_mux_quit(Fixture *f, gconstpointer data)
{
    int fd;
    Chardev *a = socket_pair(f, "mon:", &fd);
    Front *fa = front_new(a);
    fa->room = 0;
    g_autofree char *flood = g_strnfill(200000, 'z');
    gsize sent = 0;
    while (sent < 200000) {
        ssize_t n = send(fd, flood + sent, 200000 - sent, MSG_DONTWAIT);
        sent += (gsize)MAX(n, 0);
        g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpint(write(fd, "\001x", 2), ==, 2);
    g_assert_cmpint(machine_run(f->machine), ==, SHUTDOWN_UI);
    g_assert_cmpuint(fa->got->len, ==, 0);
    close(fd);
    front_free(fa);
}

static void test_file(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->folder, "log,a", NULL);
    g_autofree char *input = g_build_filename(f->folder, "in", NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_file_set_contents(input, "typed", -1, NULL));
    g_assert_true(g_file_set_contents(path, "old\n", -1, NULL));
    g_autofree char *option = g_strdup_printf("file,id=c,path=%s/log,,a,append=on,input-path=%s",
                                              f->folder, input);
    GError *err = NULL;
    g_assert_true(chardev_set_add(f->set, option, &err));
    Chardev *chr = chardev_set_claim(f->set, "-serial", "c", "serial0", &err);
    Front *front = front_new(chr);
    chardev_write(chr, "new\n", 4);
    wait_for(front->got, 5);
    g_assert_cmpstr(front->got->str, ==, "typed");
    iterate(20);        /* end of file: no spinning, no hang-up of the output */
    chardev_write(chr, "more\n", 5);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "old\nnew\nmore\n");
    g_assert_null(chardev_set_claim(f->set, "-mon", "c", "monitor", &err));
    g_assert_nonnull(strstr(err->message, "taken by serial0"));
    g_clear_error(&err);
    front_free(front);
}

static void test_pipe(Fixture *f, gconstpointer data)
{
    g_autofree char *base = g_build_filename(f->folder, "p", NULL);
    g_autofree char *in = g_strconcat(base, ".in", NULL), *out = g_strconcat(base, ".out", NULL);
    g_assert_cmpint(mkfifo(in, 0600), ==, 0);
    g_assert_cmpint(mkfifo(out, 0600), ==, 0);
    Chardev *chr = open_chr(f, "serial0", "pipe:%s", base);
    Front *front = front_new(chr);
    int wr = open(in, O_WRONLY | O_NONBLOCK), rd = open(out, O_RDONLY | O_NONBLOCK);
    g_assert_cmpint(write(wr, "in", 2), ==, 2);
    chardev_write(chr, "out", 3);
    wait_for(front->got, 2);
    g_assert_cmpstr(front->got->str, ==, "in");
    char buf[4] = "";
    g_assert_cmpint(read(rd, buf, 3), ==, 3);
    g_assert_cmpstr(buf, ==, "out");
    close(wr);
    close(rd);
    front_free(front);
}

static void test_pty(Fixture *f, gconstpointer data)
{
    /* What it prints is no TAP. */
    int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    Chardev *chr = open_chr(f, "serial0", "pty");
    dup2(out, STDOUT_FILENO);
    close(out);
    close(null);
    Front *front = front_new(chr);
    g_autofree char *text = chardev_set_describe(f->set);
    const char *path = strstr(text, "/dev/");
    g_assert_nonnull(path);
    g_autofree char *name = g_strndup(path, strcspn(path, " \n"));
    chardev_write(chr, "nobody", 6);
    int fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
    g_assert_cmpint(fd, >=, 0);
    struct termios mode;
    g_assert_cmpint(tcgetattr(fd, &mode), ==, 0);
    g_assert_false(mode.c_lflag & (ICANON | ECHO));
    wait_for(front->events, 2);
    g_assert_cmpstr(front->events->str, ==, "o+");
    chardev_write(chr, "hello", 5);
    char buf[16] = "";
    g_assert_cmpint(read(fd, buf, 15), ==, 5);
    g_assert_cmpstr(buf, ==, "hello");
    g_assert_cmpint(write(fd, "\003k", 2), ==, 2);
    wait_for(front->got, 2);
    g_assert_cmpstr(front->got->str, ==, "\003k");
    close(fd);
    wait_for(front->events, 3);
    g_assert_cmpstr(front->events->str, ==, "o+c");
    front_free(front);
}

static void test_fd(Fixture *f, gconstpointer data)
{
    int fds[2];
    GError *err = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autofree char *option = g_strdup_printf("socket,id=c,fd=%d", fds[0]);
    g_autofree char *server = g_strdup_printf("socket,id=d,fd=%d,server=on", fds[1]);
    g_assert_true(chardev_set_add(f->set, option, &err));
    Chardev *chr = chardev_set_claim(f->set, "-serial", "c", "serial0", &err);
    chardev_write(chr, "x", 1);
    g_autofree char *got = read_now(fds[1]);
    g_assert_cmpstr(got, ==, "x");
    g_assert_false(chardev_set_add(f->set, server, &err));
    g_assert_nonnull(strstr(err->message, "not listening"));
    g_clear_error(&err);
    close(fds[1]);
}

static void test_logfile(Fixture *f, gconstpointer data)
{
    g_autofree char *option = g_strdup_printf("null,id=c,logfile=%s/l", f->folder);
    g_autofree char *path = g_build_filename(f->folder, "l", NULL);
    g_autofree char *text = NULL;
    GError *err = NULL;
    g_assert_true(chardev_set_add(f->set, option, &err));
    chardev_write(chardev_set_claim(f->set, "-serial", "c", "serial0", &err), "kept", 4);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "kept");
    /* Kept of a run before only when asked to. */
    g_autofree char *more = g_strdup_printf("null,id=d,logfile=%s/l,logappend=on", f->folder);
    g_autofree char *anew = g_strdup_printf("null,id=e,logfile=%s/l", f->folder);
    g_autofree char *both = NULL, *emptied = NULL;
    g_assert_true(chardev_set_add(f->set, more, &err));
    chardev_write(chardev_set_claim(f->set, "-serial", "d", "serial1", &err), "more", 4);
    g_assert_true(g_file_get_contents(path, &both, NULL, NULL));
    g_assert_cmpstr(both, ==, "keptmore");
    g_assert_true(chardev_set_add(f->set, anew, &err));
    g_assert_true(g_file_get_contents(path, &emptied, NULL, NULL));
    g_assert_cmpstr(emptied, ==, "");
}

/* Files by the names of descriptors that somebody else has opened. */
static void test_fdset(Fixture *f, gconstpointer data)
{
    g_autofree char *path = g_build_filename(f->folder, "s", NULL);
    g_autofree char *text = NULL, *log = NULL;
    g_autofree char *log_path = g_build_filename(f->folder, "t", NULL);
    GError *err = NULL;
    g_assert_true(g_file_set_contents(path, "old ", -1, NULL));
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    int log_fd = open(log_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    g_assert_cmpint(fdsets_add(f->machine->fdsets, 3, fd, NULL), ==, 3);
    g_assert_cmpint(fdsets_add(f->machine->fdsets, -1, log_fd, "remark"), ==, 0);
    g_assert_true(chardev_set_add(f->set, "file,id=c,path=/dev/fdset/3,append=on,logfile=/dev/fdset/0",
                                  &err));
    g_assert_no_error(err);
    g_assert_true(fdsets_remove(f->machine->fdsets, 3, fd));        /* the device has its own */
    g_assert_false(fdsets_remove(f->machine->fdsets, 3, -1));
    chardev_write(chardev_set_claim(f->set, "-serial", "c", "serial0", &err), "new", 3);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "old new");
    g_assert_true(g_file_get_contents(log_path, &log, NULL, NULL));
    g_assert_cmpstr(log, ==, "new");

    g_assert_false(chardev_set_add(f->set, "file,id=d,path=/dev/fdset/3", &err));
    g_assert_cmpstr(err->message, ==, "-chardev: cannot open '/dev/fdset/3': there is no such set");
    g_clear_error(&err);
    fdsets_add(f->machine->fdsets, 7, open(path, O_RDONLY | O_CLOEXEC), NULL);
    g_assert_false(chardev_set_add(f->set, "null,id=d,logfile=/dev/fdset/7", &err));
    g_assert_nonnull(strstr(err->message, "logfile: cannot open '/dev/fdset/7': no descriptor"));
    g_clear_error(&err);
    g_assert_cmpint(fdsets_open(f->machine->fdsets, "/dev/fdset/x", O_RDONLY, &err), ==, -1);
    g_assert_nonnull(strstr(err->message, "/dev/fdset/N"));
    g_clear_error(&err);
    fdsets_add(f->machine->fdsets, 8, open(path, O_RDWR | O_CLOEXEC), NULL);
    close(fdsets_open(f->machine->fdsets, "/dev/fdset/8", O_WRONLY | O_TRUNC, &err));
    g_assert_no_error(err);
    g_autofree char *emptied = NULL;
    g_assert_true(g_file_get_contents(path, &emptied, NULL, NULL));
    g_assert_cmpstr(emptied, ==, "");
}

static void test_refused(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "vc", "this program shows no displays" },
        { "udp:1.2.3.4", "must be udp:[HOST]:PORT" },
        { "udp:1.2.3.4:5@6", "behind '@'" },
        { "udp::70000", "at most 65535" },
        { "udp,host=localhost", "udp needs port=" },
        { "telnet", "use socket,telnet=on" },
        { "telnet:localhost", "telnet:HOST:PORT" },
        { "ws:127.0.0.1:0", "websocket=on is for servers" },
        { "telnet:127.0.0.1:0,server,websocket=on", "exclude each other" },
        { "tcp:127.0.0.1:0,server=on,reconnect=1", "reconnect= is for clients" },
        { "tcp:127.0.0.1:0,reconnect=1,reconnect-ms=1", "exclude each other" },
        { "tcp:127.0.0.1:0,server=on,tn3270=on", "use telnet=on" },
        { "/dev/ttyS0", "not there yet" },
        { "fille:x", "unknown back end 'fille'; there are stdio, pty, file" },
        { "chardev:none", "no -chardev with id=none" },
        { "tcp:localhost", "tcp:HOST:PORT" },
        { "tcp:localhost:70000", "port" },
        { "tcp::1,server=maybe", "on or off" },
        { "tcp::1,wait=off", "server=on" },
        { "unix:/tmp/x,server=on,frob=1", "unknown property 'frob'" },
        { "unix:/nonexistent/folder/x", "cannot connect to unix:/nonexistent/folder/x: No such file" },
        { "file:/nonexistent/folder/x", "cannot open '/nonexistent/folder/x'" },
        { "pty,frob=1", "unknown property 'frob'" },
        { "null:x", "takes no ':'" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Chardev *chr = NULL;
        GError *err = NULL;
        g_assert_false(chardev_set_open(f->set, "-serial", "serial0", cases[i].text, &chr, &err));
        g_assert_null(chr);
        g_assert_nonnull(err);
        if (!strstr(err->message, cases[i].part) || !strstr(err->message, "-serial")) {
            g_error("%s: '%s' lacks '%s'", cases[i].text, err->message, cases[i].part);
        }
        g_error_free(err);
    }
    g_autofree char *text = chardev_set_describe(f->set);
    g_assert_cmpstr(text, ==, "");
}

#define ADD(name, func) g_test_add("/chardev/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    g_test_init(&argc, &argv, NULL);
    ADD("unix-server", test_unix_server);
    ADD("flow", test_flow);
    ADD("queue", test_queue);
    ADD("wakes-main", test_wakes_main);
    ADD("mux", test_mux);
    ADD("mux-help-and-time", test_mux_help_and_time);
    ADD("mux-quit", test_mux_quit);
    ADD("file", test_file);
    ADD("pipe", test_pipe);
    ADD("pty", test_pty);
    ADD("fd", test_fd);
    ADD("logfile", test_logfile);
    ADD("fdset", test_fdset);
    ADD("refused", test_refused);
    return g_test_run();
}
