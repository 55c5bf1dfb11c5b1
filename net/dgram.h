/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dgram back end's functions, for socket's datagram forms. Machine lock held. */
#ifndef NET_DGRAM_H
#define NET_DGRAM_H

#include "net/backend.h"

/* One frame a datagram. Of the "HOST:PORT" texts local may be NULL; a remote that is a multicast group is
 * joined, on the interface with the address local names. False with err. */
bool dgram_open_inet(NetBackend *netdev, const char *option, const char *remote, const char *local,
                     GError **err);
void dgram_close(NetBackend *netdev);
void dgram_receive(void *opaque, const uint8_t *frame, size_t len);
void dgram_room(void *opaque);

#endif
