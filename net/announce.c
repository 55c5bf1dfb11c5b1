/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/announce.h"

#include <string.h>
#include "net/backend.h"
#include "util/bits.h"
#include "util/error.h"

#define FRAME_LEN 60            /* as short as Ethernet has them */
#define MS_MAX (24 * 3600 * 1000)
#define ROUNDS_MAX 1000
#define AT_ONCE_MAX 64

enum { ETHERTYPE_RARP = 0x8035, HARDWARE_ETHERNET = 1, PROTOCOL_IPV4 = 0x0800, REQUEST_REVERSE = 3 };

struct NetAnnounce {
    NetSet *set;
    Machine *machine;
    char *id, **names;
    AnnounceParams params;
    int64_t round;              /* that comes next, from 0 */
    Timer *timer;
};

void net_announce_free(NetAnnounce *a)
{
    timer_free(a->timer);
    g_free(a->id);
    g_strfreev(a->names);
    g_free(a);
}

/* RFC 903: who knows the protocol address of this hardware address? Bridges learn from it where that is. */
static void send_one(NetPort *port)
{
    const uint8_t *mac = net_port_mac(port);
    uint8_t frame[FRAME_LEN] = { 0 };
    memset(frame, 0xff, NET_MAC_LEN);
    memcpy(frame + 6, mac, NET_MAC_LEN);
    store_be(frame + 12, 2, ETHERTYPE_RARP);
    store_be(frame + 14, 2, HARDWARE_ETHERNET);
    store_be(frame + 16, 2, PROTOCOL_IPV4);
    frame[18] = NET_MAC_LEN;
    frame[19] = 4;
    store_be(frame + 20, 2, REQUEST_REVERSE);
    memcpy(frame + 22, mac, NET_MAC_LEN);
    memcpy(frame + 32, mac, NET_MAC_LEN);
    net_send(port, frame, sizeof(frame));
}

static bool is_announced(const NetPort *port, char **names)
{
    return net_port_mac(port) && (!names || g_strv_contains((const char *const *)names, net_port_name(port)));
}

static void next_round(void *opaque)
{
    NetAnnounce *a = opaque;
    const AnnounceParams *p = &a->params;
    NetPort *port;
    for (unsigned i = 0; (port = net_set_at(a->set, i)); i++) {
        if (is_announced(port, a->names)) {
            send_one(port);
        }
    }
    if (++a->round >= p->rounds) {
        g_ptr_array_remove(net_set_announces(a->set), a);
        return;
    }
    int64_t ms = MIN(p->initial + (a->round - 1) * p->step, p->max);
    timer_arm(a->timer, clock_now(a->machine->clock, CLOCK_HOST) + ms * 1000000);
}

static bool check(const AnnounceParams *p, GError **err)
{
    const struct {
        const char *name;
        int64_t value, most;
    } numbers[] = { { "initial", p->initial, MS_MAX }, { "max", p->max, MS_MAX }, { "step", p->step, MS_MAX },
                    { "rounds", p->rounds, ROUNDS_MAX } };
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i].value < 0 || numbers[i].value > numbers[i].most) {
            return error_set(err, "Parameter '%s' must be 0 to %" G_GINT64_FORMAT, numbers[i].name,
                             numbers[i].most);
        }
    }
    return true;
}

static bool check_names(NetSet *set, char **names, GError **err)
{
    for (char **name = names; name && *name; name++) {
        NetPort *port = net_set_find(set, *name);
        if (!port || !net_port_mac(port)) {
            return error_set(err, "'%s' is no network device", *name);
        }
    }
    return true;
}

bool net_announce(NetSet *set, const char *id, const AnnounceParams *params, char **names, GError **err)
{
    if (!check(params, err) || !check_names(set, names, err)) {
        return false;
    }
    GPtrArray *all = net_set_announces(set);
    for (guint i = 0; i < all->len; i++) {
        if (strcmp(((NetAnnounce *)g_ptr_array_index(all, i))->id, id) == 0) {
            g_ptr_array_remove_index(all, i);
            break;
        }
    }
    if (params->rounds == 0) {
        return true;
    }
    if (all->len >= AT_ONCE_MAX) {
        return error_set(err, "There are %u announcements already; wait for one to end", all->len);
    }
    NetAnnounce *a = g_new0(NetAnnounce, 1);
    *a = (NetAnnounce){ .set = set, .machine = net_set_machine(set), .id = g_strdup(id),
                        .names = g_strdupv(names), .params = *params };
    a->timer = timer_new(a->machine->clock, CLOCK_HOST, next_round, a);
    g_ptr_array_add(all, a);
    next_round(a);
    return true;
}
