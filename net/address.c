/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses in options. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include "net/backend.h"
#include "util/error.h"

bool net_split_host(const char *option, const char *key, const char *text, char **host, char **port,
                    GError **err)
{
    const char *colon = strrchr(text, ':');
    if (!colon || !colon[1]) {
        return error_set(err, "%s: %s=%s: must be HOST:PORT", option, key, text);
    }
    size_t len = (size_t)(colon - text);
    bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    *host = len == 0 ? NULL : brackets ? g_strndup(text + 1, len - 2) : g_strndup(text, len);
    *port = g_strdup(colon + 1);
    return true;
}

bool net_get_ipv4(KeyVal *props, const char *key, struct in_addr *out, GError **err)
{
    const char *text = keyval_get(props, key);
    return !text || inet_pton(AF_INET, text, out) == 1 ||
           error_set(err, "%s: %s=%s: must be an IPv4 address as 10.0.2.2", keyval_option(props), key, text);
}

bool net_get_ipv6(KeyVal *props, const char *key, struct in6_addr *out, GError **err)
{
    const char *text = keyval_get(props, key);
    return !text || inet_pton(AF_INET6, text, out) == 1 ||
           error_set(err, "%s: %s=%s: must be an IPv6 address as fec0::2", keyval_option(props), key, text);
}
