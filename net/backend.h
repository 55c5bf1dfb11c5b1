/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of net/ know of each other. Machine lock held for everything. */
#ifndef NET_BACKEND_H
#define NET_BACKEND_H

#include <netinet/in.h>
#include "chardev/chardev_set.h"
#include "net/net.h"
#include "net/netdev.h"
#include "util/keyval.h"

typedef struct NetBackend NetBackend;

typedef struct {
    const char *name;
    const char *help;           /* its properties */
    /* Reads its properties, ends with keyval_finish before anything is made or opened, then makes the host
     * end; netdev->port is there already. False with err. */
    bool (*open)(NetBackend *netdev, KeyVal *props, GError **err);
    /* Also after an open that failed half-way. */
    void (*close)(NetBackend *netdev);
    NetPortOps ops;             /* opaque is the NetBackend */
} NetBackendType;

struct NetBackend {
    const NetBackendType *type;
    NetdevSet *set;
    Machine *machine;
    NetPort *port;
    void *state;                /* the type's own */
};

extern const NetBackendType user_netdev, tap_netdev, socket_netdev, stream_netdev, dgram_netdev,
    hubport_netdev;

/* ---- netdev.c ---- */
ChardevSet *netdev_chardevs(NetdevSet *set);
/* Back end n, or NULL. */
NetBackend *netdev_at(NetdevSet *set, unsigned n);

/* ---- announce.c ---- */
typedef struct NetAnnounce NetAnnounce;
void net_announce_free(NetAnnounce *a);

/* ---- port.c ---- */
/* The announcements that go on; it frees them. */
GPtrArray *net_set_announces(NetSet *set);
Machine *net_set_machine(NetSet *set);

/* ---- watch.c: one descriptor on the main context ---- */
typedef struct NetWatch NetWatch;
/* ready is called in the main thread, with the lock, when fd is ready for what was wanted last. */
NetWatch *net_watch_new(Machine *machine, int fd, void (*ready)(void *opaque, GIOCondition is), void *opaque);
/* The descriptor stays open. NULL is allowed; may be called by ready. */
void net_watch_free(NetWatch *watch);
void net_watch_want(NetWatch *watch, GIOCondition wanted);

/* ---- link.c: frames on a stream of bytes, each behind its length ---- */
typedef struct NetLink NetLink;
/* On a connected, non-blocking socket, which it closes at its end. ended: the other side is gone; it frees
 * the link. */
NetLink *net_link_new(NetBackend *netdev, int fd, void (*ended)(NetBackend *netdev));
/* NULL is allowed. */
void net_link_free(NetLink *link);
/* Whether what was sent is with the host. */
bool net_link_has_room(const NetLink *link);
void net_link_send(NetLink *link, const uint8_t *frame, size_t len);
/* The guest takes frames again. */
void net_link_room(NetLink *link);

/* ---- address.c ---- */
/* "HOST:PORT" ("[V6]:PORT", ":PORT") of option key=. NULL host: any. Freed by the caller. */
bool net_split_host(const char *option, const char *key, const char *text, char **host, char **port,
                    GError **err);
/* An IPv4 address of key=, left alone when it is not given. */
bool net_get_ipv4(KeyVal *props, const char *key, struct in_addr *out, GError **err);
bool net_get_ipv6(KeyVal *props, const char *key, struct in6_addr *out, GError **err);

#endif
