/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor/qmp/save.h"
#include "system/fdset.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "util/error.h"

Save *save_new(const MonitorContext *c, const char *path)
{
    Save *s = g_new0(Save, 1);
    *s = (Save){ .machine = c->machine, .gate = qmp_gate_ref(c->hub), .head = g_byte_array_new(),
                 .pieces = g_array_new(FALSE, FALSE, sizeof(SavePiece)), .path = g_strdup(path), .fd = -1 };
    return s;
}

void save_free(Save *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    qmp_gate_unref(s->gate);
    g_array_free(s->pieces, TRUE);
    g_byte_array_free(s->head, TRUE);
    g_clear_error(&s->err);
    g_free(s->path);
    g_free(s);
}

static gboolean finished(gpointer data)
{
    Save *s = data;
    Machine *machine = s->machine;
    machine_lock(machine);
    if (s->done) {
        s->done(s->opaque, s->err);
    }
    if (s->call) {
        qmp_call_finish(s->call, NULL, g_steal_pointer(&s->err));
    }
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
static bool read_piece(Save *s, const SavePiece *p, uint8_t *buf, GError **err)
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
    g_autofree uint8_t *buf = g_malloc(SAVE_PIECE);
    int fd = s->fd < 0 ? open(s->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : s->fd;
    s->fd = -1;
    bool good = fd >= 0 || error_set(err, "%s: %s", s->path, g_strerror(errno));
    good = good && write_all(fd, s->head->data, s->head->len, err, s->path);
    for (guint i = 0; i < s->pieces->len && good; i++) {
        const SavePiece *p = &g_array_index(s->pieces, SavePiece, i);
        good = read_piece(s, p, buf, err) && write_all(fd, buf, p->len, err, s->path);
        __atomic_add_fetch(&s->written, p->len, __ATOMIC_RELAXED);
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

bool save_take_fdset(Save *s, GError **err)
{
    if (!fdsets_is_path(s->path)) {
        return true;
    }
    s->fd = fdsets_open(s->machine->fdsets, s->path, O_WRONLY, err);
    return s->fd >= 0;
}

void save_start(Save *s, QmpCall *call)
{
    s->call = call;
    if (call) {
        qmp_call_detach(call);
    }
    g_thread_unref(g_thread_new("save", save_thread, s));
}
