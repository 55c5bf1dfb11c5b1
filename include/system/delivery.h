/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What threads have finished reaches its owners under the machine lock. A thread that works waits for no
 * lock of the machine, as who holds it may be waiting for that thread: it delivers if the lock is free, and
 * leaves it to a thread for that otherwise.
 */
#ifndef SYSTEM_DELIVERY_H
#define SYSTEM_DELIVERY_H

#include "system/machine.h"

typedef struct Delivery Delivery;

/* Hands one finished thing to its owner, who may be freed by it; false: there is none. Lock held. */
typedef bool (*Deliver)(void *owner);

/* owners: all there are, changed under the lock; one that is not in it any more is not looked at. The
 * array stays the caller's and outlives this. */
Delivery *delivery_new(Machine *machine, GPtrArray *owners, Deliver deliver);
/* Whoever pushes has ended. Waits for what is left to be delivered; lock not held. NULL is allowed. */
void delivery_free(Delivery *d);
/* Something of owner's is finished. Any thread that does not hold the lock. */
void delivery_push(Delivery *d, void *owner);

#endif
