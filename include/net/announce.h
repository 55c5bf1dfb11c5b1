/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telling the network where the guest's addresses are: each network device sends a RARP request for its own
 * address, as a broadcast, now and again some times. Machine lock held.
 */
#ifndef NET_ANNOUNCE_H
#define NET_ANNOUNCE_H

#include "net/net.h"

typedef struct {
    int64_t initial, max, step; /* ms until the second round, at most, and longer with each round */
    int64_t rounds;             /* 0: an announcement of that name ends */
} AnnounceParams;

#define ANNOUNCE_DEFAULTS { .initial = 50, .max = 550, .step = 100, .rounds = 5 }

/* Begins an announcement called id ("" is a name, too), in place of one that still goes on. names: the
 * devices, ended by NULL; NULL: all. False with err: the numbers are wrong or a name is that of no device. */
bool net_announce(NetSet *set, const char *id, const AnnounceParams *params, char **names, GError **err);

#endif
