/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct QTest {
    char *dir, *paths[2];       /* sockets: qtest, QMP */
    GPid pid;
    FILE *in[2], *out[2];
    bool big;
    bool level[QT_IRQS];
    unsigned rises[QT_IRQS];
    unsigned resets;            /* RESET events */
};

/* ---- process ---- */

static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), ==, 0);
    g_assert_cmpint(listen(fd, 1), ==, 0);
    return fd;
}

/* Ends with us, also when an assertion fails. */
static void in_child(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void take_client(QTest *q, int i, int listener)
{
    struct timeval limit = { .tv_sec = 30 };
    setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    int fd = accept(listener, NULL, NULL);
    g_assert_cmpint(fd, >=, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    close(listener);
    q->in[i] = fdopen(fd, "r");
    q->out[i] = fdopen(dup(fd), "w");
}

QTest *qt_start(const char *args, bool big_endian)
{
    QTest *q = g_new0(QTest, 1);
    GError *err = NULL;
    int listeners[2];
    q->dir = g_dir_make_tmp("qtest-XXXXXX", &err);
    g_assert_no_error(err);
    for (unsigned i = 0; i < 2; i++) {
        q->paths[i] = g_build_filename(q->dir, i ? "qmp" : "qtest", NULL);
        listeners[i] = listen_at(q->paths[i]);
    }
    g_autofree char *line = g_strdup_printf("%s -qtest unix:%s -qtest-log none "
        "-chardev socket,path=%s,id=char0 "
        "-mon chardev=char0,mode=control -display none -audio none %s -accel qtest", g_getenv("VALLETTA"),
        q->paths[0], q->paths[1], args);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    g_spawn_async(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, in_child, NULL, &q->pid, &err);
    g_assert_no_error(err);
    for (int i = 0; i < 2; i++) {
        take_client(q, i, listeners[i]);
    }
    g_autofree char *order = qt_ok(q, "endianness");
    q->big = big_endian;
    g_assert_cmpstr(order, ==, big_endian ? "big" : "little");
    char greeting[512];
    g_assert_nonnull(fgets(greeting, sizeof(greeting), q->in[1]));
    json_node_unref(qt_qmp(q, "{\"execute\": \"qmp_capabilities\"}"));
    return q;
}

void qt_end(QTest *q)
{
    int status;
    kill(q->pid, SIGTERM);
    g_assert_cmpint(waitpid(q->pid, &status, 0), ==, q->pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    for (unsigned i = 0; i < 2; i++) {
        fclose(q->in[i]);
        fclose(q->out[i]);
        g_unlink(q->paths[i]);
        g_free(q->paths[i]);
    }
    g_rmdir(q->dir);
    g_free(q->dir);
    g_free(q);
}

bool qt_big(const QTest *q)
{
    return q->big;
}

typedef struct {
    const char *args;
    bool big;
    void (*func)(QTest *q);
} Case;

static void run_case(gconstpointer data)
{
    const Case *c = data;
    g_autofree char *args = g_strdup_printf("-machine malta,endian=%s%s%s", c->big ? "big" : "little",
                                            c->args ? " " : "", c->args ? c->args : "");
    QTest *q = qt_start(args, c->big);
    c->func(q);
    qt_end(q);
}

void qt_add(const char *path, const char *args, void (*func)(QTest *q))
{
    for (int big = 0; big < 2; big++) {
        g_autofree char *full = g_strconcat(path, big ? "/be" : "/le", NULL);
        Case *c = g_new(Case, 1);
        *c = (Case){ args, big, func };
        g_test_add_data_func_full(full, c, run_case, g_free);
    }
}

/* ---- lines ---- */

static char *read_line(QTest *q, int i)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, q->in[i]);
    g_assert_cmpint(len, >, 0);
    char *copy = g_strchomp(g_strndup(line, (gsize)len));
    free(line);
    return copy;
}

static bool take_irq(QTest *q, const char *line)
{
    unsigned n;
    char what[8];
    if (sscanf(line, "IRQ %7s %u", what, &n) != 2) {
        return false;
    }
    g_assert_cmpuint(n, <, QT_IRQS);
    q->level[n] = strcmp(what, "raise") == 0;
    q->rises[n] += q->level[n];
    return true;
}

static char *ask(QTest *q, const char *format, va_list args)
{
    vfprintf(q->out[0], format, args);
    fputc('\n', q->out[0]);
    fflush(q->out[0]);
    for (;;) {
        char *line = read_line(q, 0);
        if (!take_irq(q, line)) {
            return line;
        }
        g_free(line);
    }
}

char *qt_ask(QTest *q, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *reply = ask(q, format, args);
    va_end(args);
    return reply;
}

char *qt_ok(QTest *q, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *reply = ask(q, format, args);
    va_end(args);
    if (!g_str_has_prefix(reply, "OK")) {
        g_error("%s: %s", format, reply);
    }
    return g_strdup(reply[2] ? reply + 3 : "");
}

/* The next message; an event is counted and gives NULL. */
static JsonNode *read_message(QTest *q)
{
    g_autofree char *line = read_line(q, 1);
    JsonNode *message = json_text_read(line, strlen(line), NULL);
    g_assert_nonnull(message);
    JsonObject *object = json_node_get_object(message);
    const char *event = json_object_get_string_member_with_default(object, "event", NULL);
    if (event) {
        q->resets += strcmp(event, "RESET") == 0;
        g_clear_pointer(&message, json_node_unref);
    }
    return message;
}

JsonNode *qt_qmp(QTest *q, const char *command)
{
    g_autoptr(JsonNode) reply = NULL;
    fprintf(q->out[1], "%s\n", command);
    fflush(q->out[1]);
    while (!reply) {
        reply = read_message(q);
    }
    JsonNode *value = json_object_get_member(json_node_get_object(reply), "return");
    return value ? json_node_copy(value) : NULL;
}

/* ---- accesses ---- */

static char letter(unsigned size)
{
    return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

uint64_t qt_read(QTest *q, uint64_t addr, unsigned size)
{
    g_autofree char *value = qt_ok(q, "read%c 0x%" G_GINT64_MODIFIER "x", letter(size), addr);
    return g_ascii_strtoull(value, NULL, 0);
}

void qt_write(QTest *q, uint64_t addr, uint64_t value, unsigned size)
{
    g_free(qt_ok(q, "write%c 0x%" G_GINT64_MODIFIER "x 0x%" G_GINT64_MODIFIER "x", letter(size), addr,
                 value));
}

uint8_t qt_in(QTest *q, unsigned port)
{
    return (uint8_t)qt_read(q, QT_IO + port, 1);
}

void qt_out(QTest *q, unsigned port, uint8_t value)
{
    qt_write(q, QT_IO + port, value, 1);
}

uint32_t gt_read(QTest *q, unsigned reg)
{
    uint32_t v = (uint32_t)qt_read(q, QT_GT + reg, 4);
    return q->big ? GUINT32_SWAP_LE_BE(v) : v;
}

void gt_write(QTest *q, unsigned reg, uint32_t value)
{
    qt_write(q, QT_GT + reg, q->big ? GUINT32_SWAP_LE_BE(value) : value, 4);
}

static void pci_select(QTest *q, unsigned slot, unsigned function, unsigned reg)
{
    gt_write(q, 0xcf8, 0x80000000u | slot << 11 | function << 8 | reg);
}

/* After a reset the bridge reverses data for a big-endian CPU, but not of its own registers. */
uint32_t pci_read(QTest *q, unsigned slot, unsigned function, unsigned reg)
{
    pci_select(q, slot, function, reg);
    return slot ? (uint32_t)qt_read(q, QT_GT + 0xcfc, 4) : gt_read(q, 0xcfc);
}

void pci_write(QTest *q, unsigned slot, unsigned function, unsigned reg, uint32_t value)
{
    pci_select(q, slot, function, reg);
    if (slot) {
        qt_write(q, QT_GT + 0xcfc, value, 4);
    } else {
        gt_write(q, 0xcfc, value);
    }
}

/* ---- time and lines ---- */

int64_t qt_step(QTest *q, int64_t ns)
{
    g_autofree char *now = qt_ok(q, "clock_step %" G_GINT64_FORMAT, ns);
    return g_ascii_strtoll(now, NULL, 10);
}

static char *path_of(QTest *q, const char *type, unsigned n)
{
    g_autoptr(JsonNode) reply = qt_qmp(q, "{\"execute\": \"qom-list\", \"arguments\": "
                                       "{\"path\": \"/machine/unattached\"}}");
    JsonArray *list = json_node_get_array(reply);
    g_autofree char *wanted = g_strdup_printf("child<%s>", type);
    for (guint i = 0; i < json_array_get_length(list); i++) {
        JsonObject *entry = json_array_get_object_element(list, i);
        if (strcmp(json_object_get_string_member(entry, "type"), wanted) == 0 && n-- == 0) {
            return g_strconcat("/machine/unattached/", json_object_get_string_member(entry, "name"), NULL);
        }
    }
    g_error("there is no %s", type);
}

void qt_listen_out(QTest *q, const char *type, unsigned n, const char *output)
{
    g_autofree char *path = path_of(q, type, n);
    g_free(qt_ok(q, "irq_intercept_out %s%s%s", path, output ? " " : "", output ? output : ""));
}

void qt_listen_in(QTest *q, const char *type, unsigned n)
{
    g_autofree char *path = path_of(q, type, n);
    g_free(qt_ok(q, "irq_intercept_in %s", path));
}

void qt_set_input(QTest *q, const char *type, unsigned n, int input, bool level)
{
    g_autofree char *path = path_of(q, type, n);
    g_free(qt_ok(q, "set_irq_in %s unnamed-gpio-in %d %d", path, input, level));
}

bool qt_level(QTest *q, unsigned n)
{
    return q->level[n];
}

unsigned qt_rises(QTest *q, unsigned n)
{
    return q->rises[n];
}

void qt_reset(QTest *q)
{
    unsigned before = q->resets;
    g_autoptr(JsonNode) done = qt_qmp(q, "{\"execute\": \"system_reset\"}");
    g_assert_nonnull(done);
    qt_wait_reset(q, before);
}

void qt_wait_reset(QTest *q, unsigned before)
{
    while (q->resets == before) {
        g_assert_null(read_message(q));
    }
}

unsigned qt_resets(QTest *q)
{
    return q->resets;
}
