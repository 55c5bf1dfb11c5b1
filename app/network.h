/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -netdev, -nic and -net: what they make. */
#ifndef APP_NETWORK_H
#define APP_NETWORK_H

#include <glib.h>
#include <stdbool.h>
#include "app/plan.h"
#include "app/settings.h"
#include "hw/mips/malta.h"
#include "net/netdev.h"

/* Makes all back ends; to nics (of MaltaNic) it adds the devices that the board is to have. A board gets a
 * PCnet on a user network when nothing else was asked for, but not from a test program (-qtest), which has
 * the clock for itself. False with err. */
bool network_make(NetdevSet *netdevs, const Settings *s, const Plan *plan, GArray *nics, GError **err);
/* An array for it that frees what the elements hold. */
GArray *network_nics_new(void);
/* The text of model=help when that is what an option of -nic or -net asks for, else NULL; freed by the
 * caller. */
char *network_help(const char *text);

#endif
