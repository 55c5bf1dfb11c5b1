/* SPDX-License-Identifier: GPL-2.0-or-later */
/* User networks beyond what every back end does. Machine lock held. */
#ifndef NET_USER_H
#define NET_USER_H

#include <libslirp.h>
#include "net/backend.h"

/* "[tcp|udp]:[HOST]:PORT-[GUEST]:PORT": forwards a port of the host to the guest. option begins
 * the errors. */
bool user_forward_add(NetBackend *netdev, const char *option, const char *rule, GError **err);
/* "[tcp|udp]:[HOST]:PORT": no more; says so in out. */
bool user_forward_remove(NetBackend *netdev, const char *option, const char *rule, GString *out,
                         GError **err);
/* The connections there are. */
void user_describe(NetBackend *netdev, GString *out);

/* ---- between user.c and its parts ---- */

/* What the options say, in the form that libslirp wants it; the strings are in props. */
typedef struct {
    SlirpConfig config;
    char **dnssearch, **hostfwd, **guestfwd;
    char *info;
} UserOptions;

/* user_options.c: reads all of them, up to keyval_finish. False with err. */
bool user_options_read(UserOptions *o, KeyVal *props, GError **err);
void user_options_clear(UserOptions *o);

/* user_poll.c: libslirp's descriptors and timers on the main context. */
typedef struct UserPoll UserPoll;
UserPoll *user_poll_new(Machine *machine, Slirp *slirp);
/* NULL is allowed. */
void user_poll_free(UserPoll *poll);
/* Has libslirp look at everything at once. Any thread. */
void user_poll_kick(UserPoll *poll);
/* A frame was put into libslirp: what it waits for may be other now. */
void user_poll_sent(UserPoll *poll);
/* While off, nothing is taken from the host. */
void user_poll_set_on(UserPoll *poll, bool on);

/* user_guestfwd.c: ports inside that end in character devices or commands. */
typedef struct UserPipe UserPipe;
/* "tcp:ADDR:PORT-chardev:ID", "-CHARDEV" or "-cmd:COMMAND". False with err. */
bool user_guestfwd_add(NetBackend *netdev, Slirp *slirp, GPtrArray *pipes, const char *option,
                       const char *rule,
                       GError **err);
void user_guestfwd_free(gpointer pipe);
/* The guest may take more of what the devices send. */
void user_guestfwd_poll(GPtrArray *pipes);

#endif
