/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash of nodes in one array, found by the page. What became of an entry later is seen when
 * its node is met: a node whose entry has another value is stale, and the next addition to its
 * bucket takes it over.
 */
#include "accel/tcg/writers.h"

#include <glib.h>
#include <string.h>

#define BUCKETS (1u << 14)
#define NONE 0u                         /* node 0 is never used */

typedef struct {
    uint64_t page;
    uint64_t *entry;
    uint64_t value;                     /* of the entry when it was added */
    uint32_t next;
} Node;

struct Writers {
    uint32_t buckets[BUCKETS];
    Node *nodes;
    uint32_t count, room;
    uint32_t free;                      /* list */
};

Writers *writers_new(void)
{
    Writers *w = g_new0(Writers, 1);
    w->count = 1;
    return w;
}

void writers_free(Writers *w)
{
    g_free(w->nodes);
    g_free(w);
}

void writers_clear(Writers *w)
{
    memset(w->buckets, 0, sizeof(w->buckets));
    w->count = 1;
    w->free = NONE;
}

static uint32_t *bucket(Writers *w, uint64_t page)
{
    return &w->buckets[(page >> 12 ^ page >> 26) & (BUCKETS - 1)];
}

static uint32_t new_node(Writers *w)
{
    uint32_t n = w->free;
    if (n != NONE) {
        w->free = w->nodes[n].next;
        return n;
    }
    if (w->count >= w->room) {
        w->room = w->room ? 2 * w->room : 1024;
        w->nodes = g_renew(Node, w->nodes, w->room);
    }
    return w->count++;
}

void writers_add(Writers *w, uint64_t page, uint64_t *entry)
{
    uint32_t *head = bucket(w, page), found = NONE;
    for (uint32_t n = *head; n != NONE; n = w->nodes[n].next) {
        Node *node = &w->nodes[n];
        if (node->entry == entry) {
            found = n;
            break;
        }
        if (*node->entry != node->value) {
            found = n;
        }
    }
    if (found == NONE) {
        found = new_node(w);
        w->nodes[found].next = *head;
        *head = found;
    }
    Node *node = &w->nodes[found];
    node->page = page;
    node->entry = entry;
    node->value = *entry;
}

void writers_stop(Writers *w, uint64_t page)
{
    for (uint32_t *link = bucket(w, page); *link != NONE;) {
        Node *node = &w->nodes[*link];
        if (node->page != page) {
            link = &node->next;
            continue;
        }
        if (*node->entry == node->value) {
            *node->entry = 0;
        }
        uint32_t n = *link;
        *link = node->next;
        node->next = w->free;
        w->free = n;
    }
}
