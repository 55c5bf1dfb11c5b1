/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A descriptor on the main context. What is waited for is one atomic word, so that any thread may change
 * it. */
#include <stdatomic.h>
#include "net/backend.h"

typedef struct {
    GSource source;
    NetWatch *watch;
} WatchSource;

struct NetWatch {
    Machine *machine;
    WatchSource *source;
    int fd;
    void (*ready)(void *opaque, GIOCondition is);
    void *opaque;
    atomic_int wanted;
    int polled;                 /* main thread */
    gpointer tag;
};

static gboolean watch_prepare(GSource *source, gint *timeout)
{
    NetWatch *w = ((WatchSource *)source)->watch;
    int wanted = atomic_load(&w->wanted);
    *timeout = -1;
    if (wanted == w->polled) {
        return FALSE;
    }
    if (w->tag) {
        g_source_remove_unix_fd(source, w->tag);    /* unwanted, hang-ups would be told without end */
    }
    w->tag = wanted ? g_source_add_unix_fd(source, w->fd, (GIOCondition)wanted) : NULL;
    w->polled = wanted;
    return FALSE;
}

static gboolean watch_check(GSource *source)
{
    NetWatch *w = ((WatchSource *)source)->watch;
    return w->tag && g_source_query_unix_fd(source, w->tag);
}

static gboolean watch_dispatch(GSource *source, GSourceFunc func, gpointer data)
{
    NetWatch *w = ((WatchSource *)source)->watch;
    Machine *machine = w->machine;
    machine_lock(machine);
    GIOCondition is = w->tag && !g_source_is_destroyed(source) ? g_source_query_unix_fd(source, w->tag) : 0;
    if (is) {
        w->ready(w->opaque, is);
    }
    machine_unlock(machine);
    return G_SOURCE_CONTINUE;
}

static void watch_finalize(GSource *source)
{
    g_free(((WatchSource *)source)->watch);
}

static GSourceFuncs watch_funcs = {
    .prepare = watch_prepare, .check = watch_check, .dispatch = watch_dispatch, .finalize = watch_finalize,
};

NetWatch *net_watch_new(Machine *machine, int fd, void (*ready)(void *opaque, GIOCondition is), void *opaque)
{
    NetWatch *w = g_new0(NetWatch, 1);
    w->machine = machine;
    w->fd = fd;
    w->ready = ready;
    w->opaque = opaque;
    w->source = (WatchSource *)g_source_new(&watch_funcs, sizeof(WatchSource));
    w->source->watch = w;
    g_source_attach(&w->source->source, machine->context);
    return w;
}

void net_watch_free(NetWatch *w)
{
    if (w) {
        g_source_destroy(&w->source->source);
        g_source_unref(&w->source->source);     /* frees w, now or after its dispatch */
    }
}

void net_watch_want(NetWatch *w, GIOCondition wanted)
{
    if (atomic_exchange(&w->wanted, (int)wanted) != (int)wanted) {
        g_main_context_wakeup(w->machine->context);
    }
}
