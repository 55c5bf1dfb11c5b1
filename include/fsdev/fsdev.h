/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders of the host that guests share (-fsdev), and the server that a guest asks for what is in them. It
 * speaks 9P2000.L and knows no transport: a request is a message in pieces of memory, and room for the reply.
 * Machine lock held for all, unless said otherwise.
 */
#ifndef FSDEV_FSDEV_H
#define FSDEV_FSDEV_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>
#include "system/machine.h"
#include "util/keyval.h"

/* ---- folders ---- */

typedef struct FsdevSet FsdevSet;

/* The machine's shares and the threads that serve them; it lives as long as the machine. */
FsdevSet *fsdev_set_new(Machine *machine);
/* Ends the threads, when they have carried out all requests; nobody submits more. Lock not held. */
void fsdev_set_stop(FsdevSet *set);
/* It was stopped, and all servers are gone. NULL is allowed. */
void fsdev_set_free(FsdevSet *set);
/* Opens the folder that props (of -fsdev, first item "fsdriver") name. False with err. */
bool fsdev_set_add(FsdevSet *set, KeyVal *props, GError **err);
/* The text of -fsdev help; the caller frees it. */
char *fsdev_help(void);

/* ---- a server ---- */

#define P9_MIN_ROOM 11u             /* bytes that a reply needs at least: an error's */

typedef struct P9Server P9Server;
typedef struct P9Request P9Request;

struct P9Request {
    const struct iovec *out, *in;   /* the message, and room for the reply; at least P9_MIN_ROOM bytes */
    unsigned nout, nin;
    uint64_t out_bytes, in_bytes;
    /* The reply is there, of that many bytes; machine lock held. */
    void (*done)(P9Request *r, uint32_t written);
    void *opaque;
    /* Private: */
    P9Server *server;
    uint32_t size, written;         /* of the message, as its head says; of the reply */
    uint16_t tag;
    uint8_t type;
    GSList *flushes;                /* of P9Request *: those that wait for the end of this one */
};

/* A server of the share called id, of which nothing is known to the client yet; device: what errors name.
 * NULL with err. */
P9Server *p9_server_new(FsdevSet *set, const char *id, const char *device, GError **err);
/* p9_reset, and the end. NULL is allowed. */
void p9_server_free(P9Server *s);
/* A thread carries it out; done is called later, in any order. The memory stays where it is until then. */
void p9_submit(P9Server *s, P9Request *r);
/* Waits for all requests, calls done of each, and forgets the client. */
void p9_reset(P9Server *s);

#endif
