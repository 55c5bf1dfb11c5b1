/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user network consists of, for the files of user*.c. */
#ifndef NET_USER_STATE_H
#define NET_USER_STATE_H

#include "net/user.h"

typedef struct {
    NetBackend *netdev;
    Slirp *slirp;
    UserPoll *poll;
    GPtrArray *pipes;           /* of UserPipe *: guestfwd */
} UserState;

#endif
