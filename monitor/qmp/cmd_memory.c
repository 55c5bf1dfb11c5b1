/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory to a file. A thread writes, for a file may be a pipe that nobody reads: the
 * machine goes on, and so do out-of-band commands.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "monitor/commands.h"
#include "monitor/qmp/qmp.h"
#include "util/error.h"

#define PIECE (256u << 10)
#define PAGE 4096u
#define SIZE_MAX_SAVED (INT64_C(4) << 30)

typedef struct {
    PhysAddr addr;
    uint64_t len;
} Piece;

typedef struct {
    QmpCall *call;
    Machine *machine;
    QmpGate *gate;
    GArray *pieces;         /* of Piece, in order */
    char *path;
    int fd;                 /* -1: path is still to be opened */
    GError *err;
} Save;

static void save_free(Save *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    qmp_gate_unref(s->gate);
    g_array_free(s->pieces, TRUE);
    g_clear_error(&s->err);
    g_free(s->path);
    g_free(s);
}

static gboolean finished(gpointer data)
{
    Save *s = data;
    Machine *machine = s->machine;
    machine_lock(machine);
    qmp_call_finish(s->call, NULL, g_steal_pointer(&s->err));
    machine_unlock(machine);
    save_free(s);
    return G_SOURCE_REMOVE;
}

static bool write_all(int fd, const uint8_t *buf, size_t len, GError **err, const char *path)
{
    while (len > 0) {
        ssize_t n = write(fd, buf, len);
        if (n < 0 && errno != EINTR) {
            return error_set(err, "%s: %s", path, g_strerror(errno));
        }
        buf += MAX(n, 0);
        len -= (size_t)MAX(n, 0);
    }
    return true;
}

/* False with err, also when the machine is gone meanwhile. */
static bool read_piece(Save *s, const Piece *p, uint8_t *buf, GError **err)
{
    if (!qmp_gate_enter(s->gate)) {
        return error_set(err, "the machine is gone");
    }
    machine_lock(s->machine);
    bool there = as_read_buf(s->machine->as, p->addr, buf, p->len) == MEM_OK;
    machine_unlock(s->machine);
    qmp_gate_leave(s->gate);
    return there || error_set(err, "there is nothing at physical address 0x%" G_GINT64_MODIFIER "x", p->addr);
}

static bool save(Save *s, GError **err)
{
    g_autofree uint8_t *buf = g_malloc(PIECE);
    int fd = s->fd < 0 ? open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : s->fd;
    s->fd = -1;
    bool good = fd >= 0 || error_set(err, "%s: %s", s->path, g_strerror(errno));
    for (guint i = 0; i < s->pieces->len && good; i++) {
        const Piece *p = &g_array_index(s->pieces, Piece, i);
        good = read_piece(s, p, buf, err) && write_all(fd, buf, p->len, err, s->path);
    }
    if (fd >= 0 && close(fd) != 0 && good) {
        good = error_set(err, "%s: %s", s->path, g_strerror(errno));
    }
    return good;
}

static gpointer save_thread(gpointer data)
{
    Save *s = data;
    save(s, &s->err);
    if (qmp_gate_enter(s->gate)) {
        QmpGate *gate = s->gate;
        g_autoptr(GSource) source = g_idle_source_new();
        g_source_set_callback(source, finished, s, NULL);
        g_source_attach(source, s->machine->context);
        qmp_gate_leave(gate);
    } else {
        save_free(s);       /* who waited for the reply is gone too */
    }
    return NULL;
}

/* Where the bytes are, page by page when the addresses are a CPU's, which stands meanwhile. */
static bool find_pieces(Save *s, Cpu *cpu, uint64_t at, uint64_t left, GError **err)
{
    while (left > 0) {
        Piece p = { at, MIN(left, PIECE) };
        if (cpu) {
            p.len = MIN(left, PAGE - at % PAGE);
            if (!cpu->ops->translate(cpu, at, &p.addr)) {
                return error_set(err, "Invalid addr 0x%016" G_GINT64_MODIFIER "x/size %" G_GUINT64_FORMAT
                                 " specified: not mapped", at, left);
            }
        }
        g_array_append_val(s->pieces, p);
        at += p.len;
        left -= p.len;
    }
    return true;
}

static bool start(QmpCall *call, JsonObject *args, Cpu *cpu, GError **err)
{
    int64_t size = qmp_int(args, "size", 0);
    uint64_t at = qmp_address(args, "val");
    if (size <= 0 || size > SIZE_MAX_SAVED) {
        return error_set(err, "Parameter 'size' expects a number of bytes from 1 to 4 GiB");
    }
    Save *s = g_new0(Save, 1);
    *s = (Save){ .call = call, .machine = call->c->machine, .gate = qmp_gate_ref(call->c->hub),
                 .pieces = g_array_new(FALSE, FALSE, sizeof(Piece)),
                 .path = g_strdup(qmp_text(args, "filename")), .fd = -1 };
    bool running = commands_park(call->c);
    bool good = find_pieces(s, cpu, cpu && !cpu->is_64bit ? (uint64_t)(int32_t)at : at, (uint64_t)size, err);
    commands_unpark(call->c, running);
    if (good && qmp_is_fdset(s->path)) {
        s->fd = qmp_fdset_open(call->c->hub, s->path, O_WRONLY, err);
        good = s->fd >= 0;
    }
    if (!good) {
        save_free(s);
        return false;
    }
    qmp_call_detach(call);
    g_thread_unref(g_thread_new("save", save_thread, s));
    return true;
}

QMP(pmemsave)
{
    return start(call, args, NULL, err);
}

QMP(memsave)
{
    int64_t index = qmp_int(args, "cpu-index", 0);
    GPtrArray *cpus = call->c->machine->cpus;
    if (index < 0 || index >= cpus->len) {
        return error_set(err, "Parameter 'cpu-index' expects a CPU number");
    }
    return start(call, args, g_ptr_array_index(cpus, (guint)index), err);
}

const QmpCommand qmp_memory_commands[] = {
    { "memsave", memsave,
      MEMBERS({ "val", "address", "virtual address" }, { "size", "int", "bytes" },
              { "filename", "str", "or /dev/fdset/N" },
              { "cpu-index?", "int", NULL }),
      .doc = "Writes memory at a virtual address to a file; the reply comes when that is done." },
    { "pmemsave", pmemsave,
      MEMBERS({ "val", "address", "physical address" }, { "size", "int", "bytes" },
              { "filename", "str", "or /dev/fdset/N" }),
      .doc = "Writes memory at a physical address to a file; the reply comes when that is done." },
    { 0 },
};
