/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 9P client in the same process as the server: one request at a time, or several. */
#ifndef TESTS_UNIT_P9_CLIENT_H
#define TESTS_UNIT_P9_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fsdev/p9.h"
#include "util/bits.h"

#define ROOM (1u << 20)
#define ROOT 1u                     /* the fid of the share's folder */

/* errno as a guest has it. */
enum { G_ELOOP = 90, G_ENAMETOOLONG = 78, G_ENOTEMPTY = 93, G_EPROTO = 71, G_EMSGSIZE = 97,
       G_EOPNOTSUPP = 122, G_ENODATA = 61 };

typedef struct {
    Machine *machine;
    FsdevSet *set;
    P9Server *server;
    Share *share;
    char *folder, *outside;         /* the share; what is beside it */
    GMutex lock;
    GCond cond;
    GArray *order;                  /* tags in the order in which they were done */
    uint8_t *reply;                 /* of the last rpc */
    uint32_t size;
    const uint8_t *at;              /* what take reads next */
    uint16_t tag;
} Client;

typedef struct {
    Client *k;
    P9Request r;
    struct iovec out[3], in[3];
    GByteArray *message;
    uint8_t *room;
    uint16_t tag;
    bool done;
} Pending;

/* ---- messages: b, w, d, q are numbers of 1, 2, 4, 8 bytes, s is a string, r bytes and their count ---- */

static void put_bytes(GByteArray *m, unsigned size, uint64_t value)
{
    uint8_t bytes[8];
    store_le(bytes, size, value);
    g_byte_array_append(m, bytes, size);
}

static void put_args(GByteArray *m, const char *format, va_list args)
{
    for (; *format; format++) {
        if (*format == 's') {
            const char *text = va_arg(args, const char *);
            put_bytes(m, 2, strlen(text));
            g_byte_array_append(m, (const uint8_t *)text, (guint)strlen(text));
        } else if (*format == 'r') {
            const uint8_t *bytes = va_arg(args, const uint8_t *);
            g_byte_array_append(m, bytes, va_arg(args, unsigned));
        } else if (*format == 'q') {
            put_bytes(m, 8, va_arg(args, uint64_t));
        } else {
            put_bytes(m, *format == 'b' ? 1 : *format == 'w' ? 2 : 4, va_arg(args, unsigned));
        }
    }
}

static GByteArray *message_new(uint8_t type, uint16_t tag)
{
    GByteArray *m = g_byte_array_new();
    put_bytes(m, 4, 0);
    put_bytes(m, 1, type);
    put_bytes(m, 2, tag);
    return m;
}

/* ---- sending ---- */

static void pending_done(P9Request *r, uint32_t written)
{
    Pending *p = r->opaque;
    g_mutex_lock(&p->k->lock);
    p->done = true;
    g_array_append_val(p->k->order, p->tag);
    g_assert_cmpuint(written, >=, P9_HEAD);
    g_assert_cmpuint(written, ==, load_le(p->room, 4));
    g_assert_cmpuint(p->tag, ==, load_le(p->room + 5, 2));
    g_cond_broadcast(&p->k->cond);
    g_mutex_unlock(&p->k->lock);
}

/* Memory in pieces, as a guest has it: 11 bytes, then two halves. */
static unsigned in_pieces(struct iovec iov[3], uint8_t *bytes, size_t size)
{
    size_t first = MIN(size, 11), half = (size - first) / 2;
    iov[0] = (struct iovec){ bytes, first };
    iov[1] = (struct iovec){ bytes + first, half };
    iov[2] = (struct iovec){ bytes + first + half, size - first - half };
    return 3;
}

/* Takes m, as it is; room: bytes for the reply. */
static Pending *submit(Client *k, GByteArray *m, uint32_t room)
{
    Pending *p = g_new0(Pending, 1);
    p->k = k;
    p->message = m;
    p->room = g_malloc0(room);
    p->tag = m->len >= P9_HEAD ? (uint16_t)load_le(m->data + 5, 2) : 0;
    p->r = (P9Request){
        .out = p->out, .nout = in_pieces(p->out, m->data, m->len), .out_bytes = m->len,
        .in = p->in, .nin = in_pieces(p->in, p->room, room), .in_bytes = room,
        .done = pending_done, .opaque = p,
    };
    machine_lock(k->machine);
    p9_submit(k->server, &p->r);
    machine_unlock(k->machine);
    return p;
}

static void wait_for(Pending *p)
{
    gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    g_mutex_lock(&p->k->lock);
    while (!p->done) {
        g_assert_true(g_cond_wait_until(&p->k->cond, &p->k->lock, end));
    }
    g_mutex_unlock(&p->k->lock);
}

static void pending_free(Pending *p)
{
    g_byte_array_free(p->message, TRUE);
    g_free(p->room);
    g_free(p);
}

/* Sends m with its size filled in; 0, or the number of the error. The reply is the client's then. */
static uint32_t rpc_message(Client *k, GByteArray *m, uint32_t room)
{
    uint8_t type = m->data[4];
    store_le(m->data, 4, m->len);
    Pending *p = submit(k, m, room);
    wait_for(p);
    g_free(k->reply);
    k->reply = g_steal_pointer(&p->room);
    k->size = (uint32_t)load_le(k->reply, 4);
    k->at = k->reply + P9_HEAD;
    pending_free(p);
    if (k->reply[4] == P9_RLERROR) {
        g_assert_cmpuint(k->size, ==, P9_HEAD + 4);
        return (uint32_t)load_le(k->at, 4);
    }
    g_assert_cmpuint(k->reply[4], ==, type + 1);
    return 0;
}

static uint32_t rpc(Client *k, uint8_t type, const char *format, ...)
{
    GByteArray *m = message_new(type, type == P9_TVERSION ? 0xffff : ++k->tag % 1000);
    va_list args;
    va_start(args, format);
    put_args(m, format, args);
    va_end(args);
    return rpc_message(k, m, 128 * 1024);
}

#define OK(call) g_assert_cmpuint((call), ==, 0)
#define FAILS(error, call) g_assert_cmpuint((call), ==, (error))

/* ---- replies ---- */

static uint64_t take(Client *k, unsigned size)
{
    g_assert_cmpuint((size_t)(k->reply + k->size - k->at), >=, size);
    k->at += size;
    return load_le(k->at - size, size);
}

static inline char *take_string(Client *k)
{
    size_t len = take(k, 2);
    g_assert_cmpuint((size_t)(k->reply + k->size - k->at), >=, len);
    k->at += len;
    return g_strndup((const char *)k->at - len, len);
}

/* ---- what everybody does ---- */

static uint32_t walk_to(Client *k, uint32_t from, uint32_t to, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    GByteArray *m = message_new(P9_TWALK, ++k->tag % 1000);
    unsigned n = *path ? g_strv_length(parts) : 0;
    put_bytes(m, 4, from);
    put_bytes(m, 4, to);
    put_bytes(m, 2, n);
    for (unsigned i = 0; i < n; i++) {
        put_bytes(m, 2, strlen(parts[i]));
        g_byte_array_append(m, (const uint8_t *)parts[i], (guint)strlen(parts[i]));
    }
    uint32_t error = rpc_message(k, m, 4096);
    return error ? error : take(k, 2) == n ? 0 : ENOENT;
}

static void clunk(Client *k, uint32_t fid)
{
    OK(rpc(k, P9_TCLUNK, "d", fid));
}

static void begin_session(Client *k)
{
    OK(rpc(k, P9_TVERSION, "ds", 128u * 1024, "9P2000.L"));
    OK(rpc(k, P9_TATTACH, "ddssd", ROOT, P9_NO_FID, "user", "", 1000u));
}

static bool add_share(Client *k, const char *id, const char *path, const char *options, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-fsdev");
    g_autofree char *text = g_strdup_printf("local,id=%s,path=%s,%s", id, path, options);
    return keyval_parse(kv, text, "fsdriver", err) && fsdev_set_add(k->set, kv, err);
}

/* A share of a new folder, or of path; options as -fsdev has them.. */
static Client *client_new(const char *options, const char *path)
{
    GError *err = NULL;
    Client *k = g_new0(Client, 1);
    k->machine = machine_new(NULL);
    k->machine->state = RUN_RUNNING;
    k->set = fsdev_set_new(k->machine);
    k->folder = path ? g_strdup(path) : g_dir_make_tmp("p9-XXXXXX", NULL);
    k->outside = g_dir_make_tmp("p9-outside-XXXXXX", NULL);
    k->order = g_array_new(FALSE, FALSE, sizeof(uint16_t));
    g_mutex_init(&k->lock);
    g_cond_init(&k->cond);
    add_share(k, "s", k->folder, options, &err);
    g_assert_no_error(err);
    machine_lock(k->machine);
    k->server = p9_server_new(k->set, "s", "test", &err);
    machine_unlock(k->machine);
    g_assert_no_error(err);
    k->share = fsdev_find(k->set, "s");
    begin_session(k);
    return k;
}

static void remove_tree(const char *path)
{
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command = g_strconcat("rm -rf ", quoted, NULL);
    g_assert_cmpint(system(command), ==, 0);
}

static void client_free(Client *k)
{
    machine_lock(k->machine);
    p9_server_free(k->server);
    machine_unlock(k->machine);
    g_assert_cmpint(k->set->open_files, ==, 0);
    fsdev_set_stop(k->set);
    machine_free(k->machine);
    fsdev_set_free(k->set);
    if (g_str_has_prefix(k->folder, g_get_tmp_dir())) {
        remove_tree(k->folder);
    }
    remove_tree(k->outside);
    g_array_free(k->order, TRUE);
    g_mutex_clear(&k->lock);
    g_cond_clear(&k->cond);
    g_free(k->folder);
    g_free(k->outside);
    g_free(k->reply);
    g_free(k);
}

/* A path at the host; freed by the caller. */
static char *at_host(const Client *k, const char *name)
{
    return g_build_filename(k->folder, name, NULL);
}

static void host_write(const Client *k, const char *name, const char *text)
{
    g_autofree char *path = at_host(k, name);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* What open files hold: up to 64 KiB. */
static char *read_fid(Client *k, uint32_t fid)
{
    OK(rpc(k, P9_TREAD, "dqd", fid, UINT64_C(0), 65536u));
    size_t n = take(k, 4);
    return g_strndup((const char *)k->at, n);
}

/* Makes a file with text, by messages; the fid is clunked. */
static void make_file(Client *k, uint32_t dir, uint32_t fid, const char *name, const char *text)
{
    OK(walk_to(k, dir, fid, ""));
    OK(rpc(k, P9_TLCREATE, "dsddd", fid, name, 0101u, 0640u, 1000u));
    OK(rpc(k, P9_TWRITE, "dqdr", fid, UINT64_C(0), (unsigned)strlen(text), text, (unsigned)strlen(text)));
    g_assert_cmpuint(take(k, 4), ==, strlen(text));
    clunk(k, fid);
}

typedef struct {
    uint64_t qid_path, nlink, rdev, size, mtime;
    uint32_t mode, uid, gid;
} Attr;

static inline Attr attr_of(Client *k, uint32_t fid)
{
    Attr a;
    OK(rpc(k, P9_TGETATTR, "dq", fid, UINT64_C(0x7ff)));
    g_assert_cmphex(take(k, 8), ==, 0x7ff);
    take(k, 5);
    a.qid_path = take(k, 8);
    a.mode = (uint32_t)take(k, 4);
    a.uid = (uint32_t)take(k, 4);
    a.gid = (uint32_t)take(k, 4);
    a.nlink = take(k, 8);
    a.rdev = take(k, 8);
    a.size = take(k, 8);
    take(k, 8);
    take(k, 8);
    take(k, 8);
    take(k, 8);
    a.mtime = take(k, 8);
    return a;
}

/* ---- for the tests ---- */

#define F 10u                       /* a fid for this and that */
#define G 11u

static const char *const models[] = { "none", "passthrough", "mapped-xattr", "mapped-file", NULL };

static inline bool is_root(void)
{
    return geteuid() == 0;
}

static inline Client *new_of_model(const char *model)
{
    g_autofree char *options = g_strconcat("security_model=", model, NULL);
    return client_new(options, NULL);
}

static inline char *host_read(const Client *k, const char *name)
{
    g_autofree char *path = at_host(k, name);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static inline bool host_has(const Client *k, const char *name)
{
    g_autofree char *path = at_host(k, name);
    return g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

/* Runs func for each model that this user can have. */
static inline void add_for_models(const char *path, void (*func)(gconstpointer model))
{
    for (unsigned i = 0; models[i]; i++) {
        g_autofree char *full = g_strdup_printf("/fsdev/%s/%s", path, models[i]);
        if (is_root() || strcmp(models[i], "passthrough") != 0) {
            g_test_add_data_func(full, models[i], func);
        }
    }
}

#endif
