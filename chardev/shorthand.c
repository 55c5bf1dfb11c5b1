/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The short forms of -serial and its like: "tcp:host:port,server=on" ... */
#include <string.h>
#include "chardev/backend.h"
#include "util/error.h"

/* "host:port" or "[v6]:port" in place; false when it is neither. */
static bool cut_host(char *text, char **host, char **port)
{
    char *colon = strrchr(text, ':');
    if (!colon || !colon[1]) {
        return false;
    }
    *colon = '\0';
    *host = text;
    *port = colon + 1;
    if (text[0] == '[' && colon > text && colon[-1] == ']') {
        colon[-1] = '\0';
        *host = text + 1;
    }
    return true;
}

/* What stands before any comma; *rest is what is behind it. */
static char *before_comma(const char *text, const char **rest)
{
    size_t len = strcspn(text, ",");
    *rest = text[len] ? text + len + 1 : "";
    return g_strndup(text, len);
}

static bool expand_stream(KeyVal *props, const char *kind, const char *text, GError **err)
{
    const char *rest;
    g_autofree char *addr = before_comma(text, &rest);
    char *host, *port;
    if (!cut_host(addr, &host, &port)) {
        return error_set(err, "%s: %s:%s: must be %s:HOST:PORT", keyval_option(props), kind, text, kind);
    }
    if (!keyval_parse(props, rest, NULL, err)) {
        return false;
    }
    keyval_set(props, "backend", "socket");
    keyval_set(props, "host", host);
    keyval_set(props, "port", port);
    if (strcmp(kind, "tcp") != 0) {
        keyval_set(props, strcmp(kind, "telnet") == 0 ? "telnet" : "websocket", "on");
    }
    return true;
}

/* "[HOST]:PORT[@[HOST]:PORT]": where to, and from where. */
static bool expand_udp(KeyVal *props, const char *text, GError **err)
{
    const char *rest;
    g_autofree char *to = before_comma(text, &rest);
    char *host, *port, *from = strchr(to, '@');
    if (!keyval_parse(props, rest, NULL, err)) {
        return false;
    }
    keyval_set(props, "backend", "udp");
    if (from) {
        *from++ = '\0';
    }
    if (from && cut_host(from, &host, &port)) {
        keyval_set(props, "localaddr", host);
        keyval_set(props, "localport", port);
    } else if (from) {
        return error_set(err, "%s: udp:%s: behind '@' must be [HOST]:PORT", keyval_option(props), text);
    }
    if (!cut_host(to, &host, &port)) {
        return error_set(err, "%s: udp:%s: must be udp:[HOST]:PORT[@[HOST]:PORT]", keyval_option(props),
                         text);
    }
    keyval_set(props, "host", host);
    keyval_set(props, "port", port);
    return true;
}

static bool is_stream(const char *kind)
{
    return strcmp(kind, "tcp") == 0 || strcmp(kind, "telnet") == 0 || strcmp(kind, "websocket") == 0 ||
           strcmp(kind, "ws") == 0;
}

/* "800x600" in pixels or "80Cx24C" in characters. */
static bool expand_vc(KeyVal *props, const char *text, GError **err)
{
    const char *rest;
    g_autofree char *size = before_comma(text, &rest);
    char *width = size, *height = strchr(size, 'x');
    if (!keyval_parse(props, rest, NULL, err)) {
        return false;
    }
    keyval_set(props, "backend", "vc");
    if (!height || height == width || !height[1]) {
        return error_set(err, "%s: vc:%s: must be vc:WIDTHxHEIGHT in pixels or vc:80Cx24C in characters",
                         keyval_option(props), text);
    }
    *height++ = '\0';
    for (unsigned i = 0; i < 2; i++) {
        char *number = i ? height : width, *end = number + strlen(number) - 1;
        bool characters = *end == 'C';
        if (characters) {
            *end = '\0';
        }
        keyval_set(props, characters ? (i ? "rows" : "cols") : (i ? "height" : "width"), number);
    }
    return true;
}

bool chardev_expand(KeyVal *props, const char *text, GError **err)
{
    const char *rest = strchr(text, ':');
    g_autofree char *kind = g_strndup(text, rest ? (size_t)(rest - text) : strcspn(text, ","));
    rest = rest ? rest + 1 : NULL;
    if (rest && is_stream(kind)) {
        return expand_stream(props, kind, rest, err);
    }
    if (rest && strcmp(kind, "udp") == 0) {
        return expand_udp(props, rest, err);
    }
    if (rest && strcmp(kind, "vc") == 0) {
        return expand_vc(props, rest, err);
    }
    if (rest && strcmp(kind, "unix") == 0) {
        keyval_set(props, "backend", "socket");
        return keyval_parse(props, rest, "path", err);
    }
    if (rest && (strcmp(kind, "file") == 0 || strcmp(kind, "pipe") == 0)) {
        keyval_set(props, "backend", kind);
        keyval_set(props, "path", rest);
        return true;
    }
    if (text[0] == '/') {
        return error_set(err, "%s: host devices (%s) are not there yet; use socat between it and a pty",
                         keyval_option(props), text);
    }
    if (rest && !strchr(kind, ',')) {
        keyval_set(props, "backend", kind);
        return chardev_backend_find(keyval_option(props), kind, err) &&
               error_set(err, "%s: '%s' takes no ':'; see -chardev help", keyval_option(props), kind);
    }
    return keyval_parse(props, text, "backend", err);
}
