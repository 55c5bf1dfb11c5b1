/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stream back end's functions, for socket's stream forms. Machine lock held. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "net/backend.h"

/* Listens at or connects to "HOST:PORT", or takes fd (>= 0). False with err. */
bool stream_open_socket(NetBackend *netdev, const char *option, const char *listen_at, const char *connect_to,
                        int fd, GError **err);
void stream_close(NetBackend *netdev);
bool stream_can_receive(void *opaque);
void stream_receive(void *opaque, const uint8_t *frame, size_t len);
void stream_room(void *opaque);

#endif
