/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the filters of network back ends (-object filter-...) have in common. Machine lock held. */
#ifndef NET_FILTER_H
#define NET_FILTER_H

#include "net/net.h"
#include "system/objects.h"

typedef struct Filter Filter;

typedef struct {
    /* As NetFilter.frame; asked while the filter is on, for the direction that queue= names. */
    bool (*frame)(Filter *f, bool sent, const uint8_t *frame, size_t len);
    void (*switched)(Filter *f);    /* on or off; may be NULL */
    /* The network goes, or the filter: what needs the machine is freed here. May be NULL. */
    void (*stop)(Filter *f);
} FilterOps;

/* Begins the state of each such object. */
struct Filter {
    const FilterOps *ops;
    Object *obj;
    NetFilter hook;
    NetPort *port;              /* NULL: not there yet, or gone */
    char *netdev, *queue, *position, *insert;
    bool on;
};

/* Reads netdev, queue, status, position and insert; the caller reads its own and finishes. */
bool filter_read(Filter *f, const FilterOps *ops, Object *obj, KeyVal *props, GError **err);
/* Puts it where it belongs; from then on it gets frames. */
bool filter_start(Filter *f, const char *option, GError **err);
/* Frees what these functions made, not f. */
void filter_clear(Filter *f);
/* The value of a common property, or NULL. */
JsonNode *filter_get(const Filter *f, const char *prop);
/* Sets status; false with err for what cannot be set. */
bool filter_set(Object *obj, const char *prop, const char *value, GError **err);
/* A frame that it took, or one of its own, goes on to the filters behind it. */
void filter_pass(Filter *f, bool sent, const uint8_t *frame, size_t len);

#define FILTER_PROPS \
    { "netdev", "str", "the back end" }, \
    { "queue", "NetFilterDirection", "all, rx (from the guest) or tx (to it)" }, \
    { "status", "str", "on or off" }, \
    { "position", "str", "head, tail (the usual) or id=FILTER: where among the filters of the back end" }, \
    { "insert", "NetfilterInsert", "before or behind (the usual) the one that position names" }

#endif
