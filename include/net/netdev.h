/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back ends of networks by their ids: what -netdev, -nic, -net and netdev_add make. Main
 * thread, machine lock held.
 */
#ifndef NET_NETDEV_H
#define NET_NETDEV_H

#include <glib.h>
#include <stdbool.h>
#include "chardev/chardev_set.h"
#include "net/net.h"
#include "util/keyval.h"

typedef struct NetdevSet NetdevSet;

/* Back ends on machine->net, which is there; chardevs: for guestfwd=. */
NetdevSet *netdev_set_new(Machine *machine, ChardevSet *chardevs);
/* Before the machine. NULL is allowed. */
void netdev_set_free(NetdevSet *set);

/* The -netdev option: "TYPE,id=ID,...". False with err ("-netdev: ..."). */
bool netdev_set_add(NetdevSet *set, const char *text, GError **err);
/* The same from properties "type", "id" ...; the caller keeps props. */
bool netdev_set_add_props(NetdevSet *set, KeyVal *props, GError **err);
/* What is at its other end has no network any more. False with err when there is no back end id. */
bool netdev_set_remove(NetdevSet *set, const char *id, GError **err);
/* Switches the link of the back end or device called name. */
bool netdev_set_link(NetdevSet *set, const char *name, bool up, GError **err);
/* Whether type is one. */
bool netdev_type_exists(const char *type);

/* "[ID ]RULE": adds or takes away a forwarding of a user network, the first one when ID is missing; what
 * happened is told in out. */
bool netdev_set_forward(NetdevSet *set, const char *text, bool add, GString *out, GError **err);

/* "info network" and "info usernet"; the text of -netdev help. The caller frees them. */
char *netdev_set_describe(NetdevSet *set);
char *netdev_set_describe_users(NetdevSet *set);
char *netdev_help(void);

#endif
