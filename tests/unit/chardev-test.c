/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "chardev/chardev_set.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>
#include "monitor/monitor.h"
#include "system/fdset.h"

typedef struct {
    Machine *machine;
    ChardevSet *set;
    char *folder;
} Fixture;

/* A front end that keeps what it is told. */
typedef struct {
    GString *got;
    GString *events;
    size_t room;
} Front;

static size_t front_room(void *opaque)
{
    return ((Front *)opaque)->room;
}

static void front_receive(void *opaque, const uint8_t *data, size_t len)
{
    Front *f = opaque;
    g_assert_cmpuint(len, <=, f->room);
    f->room -= len;
    g_string_append_len(f->got, (const char *)data, (gssize)len);
}

static void front_event(void *opaque, ChardevEvent event)
{
    Front *f = opaque;
    g_string_append_c(f->events, "ocb"[event]);
}

static void front_focus(void *opaque, bool here)
{
    Front *f = opaque;
    g_string_append_c(f->events, here ? '+' : '-');
}

static const ChardevFrontend front_ops = { front_room, front_receive, front_event, front_focus };

static Front *front_new(Chardev *chr)
{
    Front *f = g_new0(Front, 1);
    f->got = g_string_new(NULL);
    f->events = g_string_new(NULL);
    f->room = 1 << 20;
    if (chr) {
        chardev_attach(chr, &front_ops, f);
    }
    return f;
}

static void front_free(Front *f)
{
    g_string_free(f->got, TRUE);
    g_string_free(f->events, TRUE);
    g_free(f);
}

static void set_up(Fixture *f, gconstpointer data)
{
    f->machine = machine_new(NULL);
    f->set = chardev_set_new(f->machine);
    f->folder = g_dir_make_tmp("valletta-chardev-XXXXXX", NULL);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    chardev_set_free(f->set);
    machine_free(f->machine);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", f->folder);
    g_assert_cmpint(system(command), ==, 0);
    g_free(f->folder);
}

static Chardev *open_chr(Fixture *f, const char *id, const char *format, ...) G_GNUC_PRINTF(3, 4);
static Chardev *open_chr(Fixture *f, const char *id, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    Chardev *chr = NULL;
    GError *err = NULL;
    bool ok = chardev_set_open(f->set, "-serial", id, text, &chr, &err);
    g_assert_no_error(err);
    g_assert_true(ok);
    return chr;
}

static void iterate(int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;
    while (g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(500);
        }
    }
}

/* Iterates until text has len bytes or two seconds have passed. */
static void wait_for(const GString *text, gsize len)
{
    for (int i = 0; i < 400 && text->len < len; i++) {
        iterate(5);
    }
}

static int connect_unix(const char *path)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&un, sizeof(un)), ==, 0);
    return fd;
}

static char *read_now(int fd)
{
    char buf[8192];
    ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
    return g_strndup(buf, (gsize)MAX(n, 0));
}

/* A unix server whose client is fd. */
static Chardev *socket_pair(Fixture *f, const char *prefix, int *fd)
{
    g_autofree char *path = g_build_filename(f->folder, "sock", NULL);
    Chardev *chr = open_chr(f, "serial0", "%sunix:%s,server=on,wait=off", prefix, path);
    *fd = connect_unix(path);
    iterate(20);
    return chr;
}

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

static const AccelReport fake_accel = { .name = "tcg", .mode = (char *)"translator",
                                       .why = (char *)"no KVM" };
static const KvmRequest fake_request = { .type = KVM_TYPE_TE };

/* Its objects and properties are freed with free_context. */
static MonitorContext context_of(Fixture *f)
{
    JsonObject *properties = json_object_new();
    json_object_set_string_member(properties, "kvm-type", "TE");
    return (MonitorContext){ .machine = f->machine, .chardevs = f->set, .objects = object_set_new(),
                             .version = "9.9.9", .uuid = "the-uuid", .target = "mips",
                                 .machine_type = "malta",
                             .properties = properties, .accel = &fake_accel, .kvm = &fake_request };
}

static void free_context(MonitorContext *context)
{
    object_set_free(context->objects);
    json_object_unref(context->properties);
}

static void test_monitor(Fixture *f, gconstpointer data)
{
    int fd;
    Chardev *chr = socket_pair(f, "", &fd);
    MonitorContext context = context_of(f);
    Monitor *monitor = monitor_new(&context, chr);
    g_autofree char *greeting = read_now(fd);
    g_assert_nonnull(strstr(greeting, "9.9.9"));
    g_assert_true(g_str_has_suffix(greeting, "(valletta) "));

    /* Backspace, ^U, completion, history. */
    const char *keys = "junk\025inX\177fo st\t\r";
    g_assert_cmpint(write(fd, keys, strlen(keys)), ==, (ssize_t)strlen(keys));
    iterate(30);
    g_autofree char *answer = read_now(fd);
    g_assert_nonnull(strstr(answer, "VM status: paused (prelaunch)\r\n"));
    g_assert_cmpint(write(fd, "\033[A\r", 4), ==, 4);
    iterate(30);
    g_autofree char *again = read_now(fd);
    g_assert_nonnull(strstr(again, "VM status"));
    g_assert_cmpint(write(fd, "frobnicate\n", 11), ==, 11);
    iterate(30);
    g_autofree char *unknown = read_now(fd);
    g_assert_nonnull(strstr(unknown, "unknown command: 'frobnicate'; \"help\""));
    g_assert_cmpint(write(fd, "quit\n", 5), ==, 5);
    g_assert_cmpint(machine_run(f->machine), ==, SHUTDOWN_MONITOR_QUIT);
    monitor_free(monitor);
    free_context(&context);
    close(fd);
}

static void expect_run(const MonitorContext *context, const char *line, const char *part)
{
    g_autofree char *out = monitor_run(context, line);
    if (!strstr(out, part)) {
        g_error("'%s' printed '%s', not '%s'", line, out, part);
    }
}

static void expect_completions(const MonitorContext *context, const char *text, const char *wanted)
{
    g_auto(GStrv) words = monitor_complete(context, text);
    g_autofree char *list = g_strjoinv(" ", words);
    g_assert_cmpstr(list, ==, wanted);
}

static void test_completion(Fixture *f, gconstpointer data)
{
    MonitorContext context = context_of(f);
    open_chr(f, "serial0", "null");
    open_chr(f, "second", "null");
    g_assert_true(object_set_add_text(context.objects, "-object", "rng-builtin,id=rng7", NULL));
    expect_completions(&context, "system_", "system_powerdown system_reset");
    expect_completions(&context, "migrat", "");     /* not there, and not offered */
    expect_completions(&context, "info st", "status");
    expect_completions(&context, "info qom-tree /obj", "/objects /objects/rng7");
    expect_completions(&context, "help sto", "stop");
    expect_completions(&context, "chardev-remove s", "serial0 second");
    expect_completions(&context, "object_del r", "rng7");
    expect_completions(&context, "object_add rng", "rng-builtin rng-random");
    expect_completions(&context, "log guest", "guest_errors");
    expect_completions(&context, "qom-get /machine/per", "/machine/peripheral /machine/peripheral-anon");
    expect_completions(&context, "qom-get /machine ty", "");
    free_context(&context);
}

static void test_monitor_commands(Fixture *f, gconstpointer data)
{
    MonitorContext context = context_of(f);
    MemRegion *ram = mem_ram_new("ram", 64 << 10, NULL);
    mem_add(f->machine->memory, 0, ram, 0);
    memcpy(mem_host(ram) + 16, "\x01\x02\x03\x04\x80\xff\xff\xff", 8);
    open_chr(f, "serial0", "null");
    expect_run(&context, "help", "system_reset");
    expect_run(&context, "info version", "9.9.9");
    expect_run(&context, "info accelerators", "[*] tcg");
    expect_run(&context, "info kvm", "kvm support: disabled\nmode: translator: no KVM\n");
    expect_run(&context, "qom-get /machine kvm-type", "\"TE\"\n");
    expect_run(&context, "qom-get /machine frob", "no such property");
    expect_run(&context, "info uuid", "the-uuid");
    expect_run(&context, "info chardev", "serial0: filename=null");
    expect_run(&context, "info mtree", "ram");
    expect_run(&context, "info nothing", "not known");
    expect_run(&context, "xp/2xw 0x10", "0000000000000010: 0x04030201 0xffffff80\n");
    expect_run(&context, "xp /1dw 0x14", " -128\n");
    expect_run(&context, "xp /3xb 17", " 0x02 0x03 0x04\n");
    expect_run(&context, "xp /1xg 0x10", " 0xffffff8004030201\n");
    expect_run(&context, "xp 0x40000000", "nothing there");
    expect_run(&context, "xp /1zw 0", "Error: 'z'");
    expect_run(&context, "xp /1xw zero", "Error: 'zero'");
    f->machine->big_endian = true;
    expect_run(&context, "xp/1xw 0x10", "0x01020304");
    expect_run(&context, "x/1xw 0x10", "not mapped");
    expect_run(&context, "log bogus", "Error: unknown log item");
    expect_run(&context, "sendbreak nobody", "Error: no character device 'nobody'");
    expect_run(&context, "system_powerdown", "");
    expect_run(&context, "print (1 + 2) * 0x10 - 3", "0x2d\n");
    expect_run(&context, "p/d -5", "-5\n");
    expect_run(&context, "p 1/0", "Error: division by zero");
    expect_run(&context, "p $pc", "Error: '$pc': no such register");
    expect_run(&context, "xp /1i 0x10", "Error: No CPU available");
    expect_run(&context, "sum 16 8", "41934\n");
    expect_run(&context, "sendkey a", "Error: sendkey: this machine has no keyboard");
    expect_run(&context, "object_add rng-builtin,id=r", "");
    expect_run(&context, "info qom-tree /objects", "  /r (rng-builtin)\n");
    expect_run(&context, "object_del r", "");
    expect_run(&context, "object_del r", "Error: object 'r' not found");
    expect_run(&context, "cont", "");
    g_assert_cmpint(f->machine->state, ==, RUN_RUNNING);
    expect_run(&context, "info status", "running");
    expect_run(&context, "stop", "");
    g_assert_cmpint(f->machine->state, ==, RUN_PAUSED);
    free_context(&context);
    mem_free(ram);
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
        { "vc", "'vc' is not there yet" },
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
    ADD("monitor", test_monitor);
    ADD("completion", test_completion);
    ADD("monitor-commands", test_monitor_commands);
    ADD("file", test_file);
    ADD("pipe", test_pipe);
    ADD("pty", test_pty);
    ADD("tcp", test_tcp);
    ADD("telnet", test_telnet);
    ADD("websocket", test_websocket);
    ADD("udp", test_udp);
    ADD("reconnect", test_reconnect);
    ADD("fd", test_fd);
    ADD("logfile", test_logfile);
    ADD("fdset", test_fdset);
    ADD("refused", test_refused);
    return g_test_run();
}
