/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The properties of -netdev user. */
#include <arpa/inet.h>
#include <string.h>
#include "net/user.h"
#include "util/error.h"

static struct in_addr ipv4(uint32_t host_order)
{
    return (struct in_addr){ .s_addr = htonl(host_order) };
}

static bool inside(const SlirpConfig *c, struct in_addr a)
{
    return (a.s_addr & c->vnetmask.s_addr) == c->vnetwork.s_addr;
}

/* "ADDR", "ADDR/BITS" or "ADDR/MASK"; the mask of a lone address is that of its class. */
static bool read_net(SlirpConfig *c, KeyVal *props, GError **err)
{
    const char *text = keyval_get(props, "net");
    c->vnetwork = ipv4(0x0a000200);
    c->vnetmask = ipv4(0xffffff00);
    if (!text) {
        return true;
    }
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    bool good = parts[0] && inet_pton(AF_INET, parts[0], &c->vnetwork) == 1;
    uint32_t net = ntohl(c->vnetwork.s_addr);
    uint32_t mask = net < 0x80000000 ? 0xff000000 : net < 0xc0000000 ? 0xffff0000 : 0xffffff00;
    if (good && parts[1]) {
        char *end;
        guint64 bits = g_ascii_strtoull(parts[1], &end, 10);
        struct in_addr given;
        if (*parts[1] && !*end) {
            good = bits >= 1 && bits <= 30;
            mask = good ? ~UINT32_C(0) << (32 - bits) : 0;
        } else {
            good = inet_pton(AF_INET, parts[1], &given) == 1;
            mask = good ? ntohl(given.s_addr) : 0;
            good = good && mask && (~mask & (~mask + 1)) == 0 && (~mask & 3) == 3;
        }
    }
    c->vnetmask = ipv4(mask);
    c->vnetwork = ipv4(net & mask);
    return good || error_set(err, "%s: net=%s: must be ADDRESS, ADDRESS/BITS or ADDRESS/MASK as 10.0.2.0/24, "
                             "with room for hosts", keyval_option(props), text);
}

static bool check_inside(const SlirpConfig *c, KeyVal *props, const char *key, struct in_addr a, GError **err)
{
    return inside(c, a) || error_set(err, "%s: %s=%s: must lie in net=", keyval_option(props), key,
                                     keyval_get(props, key));
}

static bool read_ipv4(SlirpConfig *c, KeyVal *props, GError **err)
{
    if (!read_net(c, props, err)) {
        return false;
    }
    uint32_t net = ntohl(c->vnetwork.s_addr), room = ~ntohl(c->vnetmask.s_addr);
    c->vhost = ipv4(net | (2 & room));
    c->vnameserver = ipv4(net | (3 & room));
    c->vdhcp_start = ipv4(net | (room > 15 ? 15 : 1));
    if (!net_get_ipv4(props, "host", &c->vhost, err) || !net_get_ipv4(props, "dns", &c->vnameserver, err) ||
        !net_get_ipv4(props, "dhcpstart", &c->vdhcp_start, err) ||
        !check_inside(c, props, "host", c->vhost, err) ||
        !check_inside(c, props, "dns", c->vnameserver, err) ||
        !check_inside(c, props, "dhcpstart", c->vdhcp_start, err)) {
        return false;
    }
    const char *option = keyval_option(props);
    if (c->vhost.s_addr == c->vnameserver.s_addr) {
        return error_set(err, "%s: host= and dns= must be two addresses", option);
    }
    if (c->vdhcp_start.s_addr == c->vhost.s_addr || c->vdhcp_start.s_addr == c->vnameserver.s_addr) {
        return error_set(err, "%s: dhcpstart= must be neither host= nor dns=", option);
    }
    return true;
}

/* "PREFIX" or "PREFIX/BITS", or each in its own property. */
static bool read_ipv6(SlirpConfig *c, KeyVal *props, GError **err)
{
    const char *text = keyval_get(props, "ipv6-net"), *option = keyval_option(props);
    uint64_t bits = 64;
    inet_pton(AF_INET6, "fec0::", &c->vprefix_addr6);
    if (text) {
        g_auto(GStrv) parts = g_strsplit(text, "/", 2);
        if (!parts[0] || inet_pton(AF_INET6, parts[0], &c->vprefix_addr6) != 1 ||
            (parts[1] && (bits = g_ascii_strtoull(parts[1], NULL, 10)) > 126)) {
            return error_set(err, "%s: ipv6-net=%s: must be PREFIX/BITS as fec0::/64", option, text);
        }
    }
    if (!net_get_ipv6(props, "ipv6-prefix", &c->vprefix_addr6, err) ||
        !keyval_get_number(props, "ipv6-prefixlen", 0, 126, &bits, err)) {
        return false;
    }
    c->vprefix_len = (uint8_t)bits;
    c->vhost6 = c->vnameserver6 = c->vprefix_addr6;
    c->vhost6.s6_addr[15] |= 2;
    c->vnameserver6.s6_addr[15] |= 3;
    return net_get_ipv6(props, "ipv6-host", &c->vhost6, err) &&
           net_get_ipv6(props, "ipv6-dns", &c->vnameserver6, err);
}

/* What is given with one family alone leaves the other out. */
static bool read_families(SlirpConfig *c, KeyVal *props, GError **err)
{
    bool has4 = keyval_get(props, "ipv4") != NULL, has6 = keyval_get(props, "ipv6") != NULL;
    c->in_enabled = c->in6_enabled = true;
    if (!keyval_get_bool(props, "ipv4", &c->in_enabled, err) ||
        !keyval_get_bool(props, "ipv6", &c->in6_enabled, err)) {
        return false;
    }
    if (has4 && c->in_enabled && !has6) {
        c->in6_enabled = false;
    } else if (has6 && c->in6_enabled && !has4) {
        c->in_enabled = false;
    }
    return c->in_enabled || c->in6_enabled ||
           error_set(err, "%s: ipv4=off,ipv6=off leaves nothing", keyval_option(props));
}

/* What DHCP has one byte for the length of. */
static bool check_name(KeyVal *props, const char *key, const char *value, GError **err)
{
    return !value || strlen(value) < 256 ||
           error_set(err, "%s: %s=: must be shorter than 256 bytes", keyval_option(props), key);
}

static bool read_names(UserOptions *o, KeyVal *props, GError **err)
{
    SlirpConfig *c = &o->config;
    c->vhostname = keyval_get(props, "hostname");
    c->vdomainname = keyval_get(props, "domainname");
    c->tftp_path = keyval_get(props, "tftp");
    c->bootfile = keyval_get(props, "bootfile");
    c->tftp_server_name = keyval_get(props, "tftp-server-name");
    o->dnssearch = keyval_get_list(props, "dnssearch");
    c->vdnssearch = o->dnssearch[0] ? (const char **)o->dnssearch : NULL;
    for (char **name = o->dnssearch; *name; name++) {
        if (!check_name(props, "dnssearch", *name, err)) {
            return false;
        }
    }
    if (c->bootfile && strlen(c->bootfile) > 127) {
        return error_set(err, "%s: bootfile=: must be shorter than 128 bytes", keyval_option(props));
    }
    if (c->tftp_path && !g_file_test(c->tftp_path, G_FILE_TEST_IS_DIR)) {
        return error_set(err, "%s: tftp=%s: is no folder", keyval_option(props), c->tftp_path);
    }
    return check_name(props, "hostname", c->vhostname, err) &&
           check_name(props, "domainname", c->vdomainname, err) &&
           check_name(props, "tftp-server-name", c->tftp_server_name, err);
}

static bool refuse_smb(KeyVal *props, GError **err)
{
    bool given = keyval_get(props, "smb") || keyval_get(props, "smbserver");
    return !given || error_set(err, "%s: smb=: not there yet: there is no file sharing; a server on the host "
                               "is reached at the address of host=", keyval_option(props));
}

bool user_options_read(UserOptions *o, KeyVal *props, GError **err)
{
    SlirpConfig *c = &o->config;
    bool restricted = false;
    *o = (UserOptions){ .config = { .version = 4 } };
    o->hostfwd = keyval_get_list(props, "hostfwd");
    o->guestfwd = keyval_get_list(props, "guestfwd");
    if (!read_families(c, props, err) || !read_ipv4(c, props, err) || !read_ipv6(c, props, err) ||
        !read_names(o, props, err) || !keyval_get_bool(props, "restrict", &restricted, err) ||
        !refuse_smb(props, err) || !keyval_finish(props, err)) {
        return false;
    }
    c->restricted = restricted;
    char net[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &c->vnetwork, net, sizeof(net));
    o->info = g_strdup_printf("net=%s,restrict=%s", net, restricted ? "on" : "off");
    return true;
}

void user_options_clear(UserOptions *o)
{
    g_strfreev(o->dnssearch);
    g_strfreev(o->hostfwd);
    g_strfreev(o->guestfwd);
    g_free(o->info);
}
