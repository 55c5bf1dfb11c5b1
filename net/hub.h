/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hubs, for those who list what there is. Machine lock held. */
#ifndef NET_HUB_H
#define NET_HUB_H

#include "net/netdev.h"

/* Whether port is one of a hub, and of which. */
bool hub_has_port(const NetPort *port);
int hub_number(const NetPort *port);
/* Each hub with its ports and what is plugged into them; line describes one port. */
void hub_describe(NetdevSet *set, void (*line)(const NetPort *port, GString *out), GString *out);

#endif
