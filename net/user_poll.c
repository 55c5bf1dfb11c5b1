/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libslirp's descriptors on the main context: one source, whose prepare step asks the library what it
 * waits for. Guests send from vCPU threads, so what it waits for may change while the main thread
 * sleeps. Waking it for each frame would cost more than the frame, so the vCPU's thread asks the
 * library itself and wakes the main thread only when the answer is another one.
 */
#include <poll.h>
#include <stdatomic.h>
#include "net/user.h"

typedef struct {
    GSource source;
    UserPoll *poll;
} PollSource;

struct UserPoll {
    Machine *machine;
    Slirp *slirp;
    PollSource *source;
    GArray *fds;                /* of GPollFD: what the context polls */
    GArray *wanted;             /* of GPollFD, as the library has just said */
    atomic_bool kicked;         /* the main thread is to look at once */
    bool stale;                 /* the library has numbered its descriptors otherwise than fds has them */
    bool on;
    gint64 deadline;            /* when the library wants to be called, us; -1: when something happens */
};

static const struct { int slirp; gushort poll; } events[] = {
    { SLIRP_POLL_IN, G_IO_IN }, { SLIRP_POLL_OUT, G_IO_OUT }, { SLIRP_POLL_PRI, G_IO_PRI },
    { SLIRP_POLL_ERR, G_IO_ERR }, { SLIRP_POLL_HUP, G_IO_HUP },
};

static int add_fd(int fd, int wanted, void *opaque)
{
    UserPoll *p = opaque;
    GPollFD entry = { .fd = fd };
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        entry.events |= wanted & events[i].slirp ? events[i].poll : 0;
    }
    g_array_append_val(p->wanted, entry);
    return (int)p->wanted->len - 1;
}

static int happened(int index, void *opaque)
{
    UserPoll *p = opaque;
    int is = 0;
    if (index < 0 || (guint)index >= p->fds->len) {     /* made since the library was asked */
        return 0;
    }
    gushort revents = g_array_index(p->fds, GPollFD, index).revents;
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
        is |= revents & events[i].poll ? events[i].slirp : 0;
    }
    return is;
}

static bool same_fds(const UserPoll *p)
{
    if (p->fds->len != p->wanted->len) {
        return false;
    }
    for (guint i = 0; i < p->fds->len; i++) {
        const GPollFD *a = &g_array_index(p->fds, GPollFD, i), *b = &g_array_index(p->wanted, GPollFD, i);
        if (a->fd != b->fd || a->events != b->events) {
            return false;
        }
    }
    return true;
}

/* The context keeps pointers into fds, so it is changed between removal and addition only. */
static void use_wanted(UserPoll *p)
{
    GSource *source = &p->source->source;
    for (guint i = 0; i < p->fds->len; i++) {
        g_source_remove_poll(source, &g_array_index(p->fds, GPollFD, i));
    }
    GArray *old = p->fds;
    p->fds = p->wanted;
    p->wanted = old;
    for (guint i = 0; i < p->fds->len; i++) {
        g_source_add_poll(source, &g_array_index(p->fds, GPollFD, i));
    }
}

/* Into wanted; returns the milliseconds it may take, -1: until something happens. */
static int ask(UserPoll *p)
{
    uint32_t ms = UINT32_MAX;
    g_array_set_size(p->wanted, 0);
    if (p->on) {
        slirp_pollfds_fill(p->slirp, &ms, add_fd, p);
    }
    /* A second is what the library says when it has nothing to wait for. */
    return ms >= 1000 ? -1 : (int)ms;
}

static gboolean poll_prepare(GSource *source, gint *timeout)
{
    UserPoll *p = ((PollSource *)source)->poll;
    machine_lock(p->machine);
    *timeout = ask(p);
    p->stale = false;
    p->deadline = *timeout < 0 ? -1 : g_get_monotonic_time() + (gint64)*timeout * 1000;
    if (!same_fds(p)) {
        use_wanted(p);
    }
    machine_unlock(p->machine);
    return atomic_load(&p->kicked) || *timeout == 0;
}

static gboolean poll_check(GSource *source)
{
    UserPoll *p = ((PollSource *)source)->poll;
    for (guint i = 0; i < p->fds->len; i++) {
        if (g_array_index(p->fds, GPollFD, i).revents) {
            return TRUE;
        }
    }
    return atomic_load(&p->kicked) || (p->deadline >= 0 && g_get_monotonic_time() >= p->deadline);
}

static gboolean poll_dispatch(GSource *source, GSourceFunc func, gpointer data)
{
    UserPoll *p = ((PollSource *)source)->poll;
    machine_lock(p->machine);
    if (!p->stale && !g_source_is_destroyed(source)) {      /* else prepare is next, and this again */
        atomic_store(&p->kicked, false);
        if (p->on) {
            slirp_pollfds_poll(p->slirp, 0, happened, p);
        }
    }
    for (guint i = 0; i < p->fds->len; i++) {
        g_array_index(p->fds, GPollFD, i).revents = 0;
    }
    machine_unlock(p->machine);
    return G_SOURCE_CONTINUE;
}

static void poll_finalize(GSource *source)
{
    UserPoll *p = ((PollSource *)source)->poll;
    g_array_free(p->fds, TRUE);
    g_array_free(p->wanted, TRUE);
    g_free(p);
}

static GSourceFuncs poll_funcs = {
    .prepare = poll_prepare, .check = poll_check, .dispatch = poll_dispatch, .finalize = poll_finalize,
};

UserPoll *user_poll_new(Machine *machine, Slirp *slirp)
{
    UserPoll *p = g_new0(UserPoll, 1);
    p->machine = machine;
    p->slirp = slirp;
    p->on = true;
    p->fds = g_array_new(FALSE, FALSE, sizeof(GPollFD));
    p->wanted = g_array_new(FALSE, FALSE, sizeof(GPollFD));
    p->source = (PollSource *)g_source_new(&poll_funcs, sizeof(PollSource));
    p->source->poll = p;
    g_source_attach(&p->source->source, machine->context);
    return p;
}

void user_poll_free(UserPoll *p)
{
    if (p) {
        p->on = false;
        g_source_destroy(&p->source->source);
        g_source_unref(&p->source->source);     /* frees p, now or after its dispatch */
    }
}

void user_poll_kick(UserPoll *p)
{
    if (!atomic_exchange(&p->kicked, true)) {
        g_main_context_wakeup(p->machine->context);
    }
}

void user_poll_sent(UserPoll *p)
{
    if (atomic_load(&p->kicked)) {
        return;
    }
    int ms = ask(p);
    bool sooner = ms >= 0 && (p->deadline < 0 || g_get_monotonic_time() + (gint64)ms * 1000 < p->deadline);
    if (!same_fds(p)) {
        p->stale = true;
        user_poll_kick(p);
    } else if (sooner) {
        user_poll_kick(p);
    }
}

void user_poll_set_on(UserPoll *p, bool on)
{
    if (p->on != on) {
        p->on = on;
        user_poll_kick(p);
    }
}
