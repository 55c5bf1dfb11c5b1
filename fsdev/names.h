/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names that clients hold: one node for each, below the node of its folder, so that a rename moves all
 * that is beneath. A node is no descriptor: its path is looked up anew for each request, so that a client may
 * hold many. Any thread.
 */
#ifndef FSDEV_NAMES_H
#define FSDEV_NAMES_H

#include <glib.h>
#include <stdbool.h>

typedef struct Node Node;

struct Node {
    unsigned refs;                  /* lock */
    Node *parent;                   /* NULL: the share's folder */
    char *name;
    bool gone;                      /* removed, or replaced by another */
};

typedef struct {
    /* Readers look paths up, writers change what lies where, at the host and here. parent, name and gone
     * change under it. Taken before lock. */
    GRWLock names;
    GMutex lock;
    GHashTable *nodes;              /* of Node *, by parent and name: all but root and those that are gone */
    Node *root;
} Tree;

void names_init(Tree *t);
/* Nobody holds a node. */
void names_clear(Tree *t);
/* These give a reference, which names_unref takes back. */
Node *names_ref(Tree *t, Node *n);
Node *names_child(Tree *t, Node *parent, const char *name);
void names_unref(Tree *t, Node *n);

/* "a/b/c", for share_open_path; -ENOENT when it is gone, -ENAMETOOLONG. names held. */
int names_path(const Node *n, char *path, size_t size);
/* names held for writing: this is so at the host now. */
void names_renamed(Tree *t, Node *from_dir, const char *from, Node *to_dir, const char *to);
void names_removed(Tree *t, Node *dir, const char *name);

#endif
