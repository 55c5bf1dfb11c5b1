/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How finished work reaches its owners. */
#include "system/delivery.h"

struct Delivery {
    Machine *machine;
    GPtrArray *owners;
    Deliver deliver;
    GThreadPool *late;          /* one thread, for when the lock was not free */
};

/* Whoever drains may have delivered all meanwhile, and freed the owner; then it is not looked at. */
static void deliver_all(Delivery *d, void *owner)
{
    while (g_ptr_array_find(d->owners, owner, NULL) && d->deliver(owner)) {
    }
}

static void deliver_late(gpointer owner, gpointer opaque)
{
    Delivery *d = opaque;
    machine_lock(d->machine);
    deliver_all(d, owner);
    machine_unlock(d->machine);
}

Delivery *delivery_new(Machine *machine, GPtrArray *owners, Deliver deliver)
{
    Delivery *d = g_new0(Delivery, 1);
    *d = (Delivery){ machine, owners, deliver, NULL };
    d->late = g_thread_pool_new(deliver_late, d, 1, FALSE, NULL);
    return d;
}

void delivery_free(Delivery *d)
{
    if (d) {
        g_thread_pool_free(d->late, FALSE, TRUE);
        g_free(d);
    }
}

void delivery_push(Delivery *d, void *owner)
{
    if (g_rec_mutex_trylock(&d->machine->lock)) {
        deliver_all(d, owner);
        machine_unlock(d->machine);
    } else {
        g_thread_pool_push(d->late, owner, NULL);
    }
}
