/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fsdev/names.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static guint node_hash(gconstpointer key)
{
    const Node *n = key;
    return g_str_hash(n->name) ^ g_direct_hash(n->parent);
}

static gboolean node_equal(gconstpointer a, gconstpointer b)
{
    const Node *x = a, *y = b;
    return x->parent == y->parent && strcmp(x->name, y->name) == 0;
}

void names_init(Tree *t)
{
    g_rw_lock_init(&t->names);
    g_mutex_init(&t->lock);
    t->nodes = g_hash_table_new(node_hash, node_equal);
    t->root = g_new0(Node, 1);
    t->root->refs = 1;
    t->root->name = g_strdup("");
}

void names_clear(Tree *t)
{
    names_unref(t, t->root);
    g_hash_table_destroy(t->nodes);
    g_mutex_clear(&t->lock);
    g_rw_lock_clear(&t->names);
}

Node *names_ref(Tree *t, Node *n)
{
    g_mutex_lock(&t->lock);
    n->refs++;
    g_mutex_unlock(&t->lock);
    return n;
}

static Node *find(Tree *t, Node *parent, const char *name)
{
    const Node key = { .parent = parent, .name = (char *)(uintptr_t)name };
    return g_hash_table_lookup(t->nodes, &key);
}

Node *names_child(Tree *t, Node *parent, const char *name)
{
    g_mutex_lock(&t->lock);
    Node *n = find(t, parent, name);
    if (!n) {
        n = g_new0(Node, 1);
        n->parent = parent;
        n->name = g_strdup(name);
        parent->refs++;
        g_hash_table_add(t->nodes, n);
    }
    n->refs++;
    g_mutex_unlock(&t->lock);
    return n;
}

/* Lock held: the node, and the folders above it that nobody else holds. */
static void unref(Tree *t, Node *n)
{
    while (n && --n->refs == 0) {
        Node *parent = n->parent;
        if (parent && !n->gone) {
            g_hash_table_remove(t->nodes, n);
        }
        g_free(n->name);
        g_free(n);
        n = parent;
    }
}

void names_unref(Tree *t, Node *n)
{
    if (n) {
        g_mutex_lock(&t->lock);
        unref(t, n);
        g_mutex_unlock(&t->lock);
    }
}

int names_path(const Node *n, char *path, size_t size)
{
    size_t at = size - 1;
    path[at] = '\0';
    for (; n->parent; n = n->parent) {
        size_t len = strlen(n->name), sep = path[at] != '\0';
        if (n->gone) {
            return -ENOENT;
        }
        if (len + sep > at) {
            return -ENAMETOOLONG;
        }
        at -= sep;
        if (sep) {
            path[at] = '/';
        }
        at -= len;
        memcpy(path + at, n->name, len);
    }
    memmove(path, path + at, size - at);
    return 0;
}

static void remove_locked(Tree *t, Node *dir, const char *name)
{
    Node *n = find(t, dir, name);
    if (n) {
        g_hash_table_remove(t->nodes, n);
        n->gone = true;
    }
}

void names_removed(Tree *t, Node *dir, const char *name)
{
    g_mutex_lock(&t->lock);
    remove_locked(t, dir, name);
    g_mutex_unlock(&t->lock);
}

void names_renamed(Tree *t, Node *from_dir, const char *from, Node *to_dir, const char *to)
{
    g_mutex_lock(&t->lock);
    remove_locked(t, to_dir, to);
    Node *n = find(t, from_dir, from);
    if (n) {
        g_hash_table_remove(t->nodes, n);
        g_free(n->name);
        n->name = g_strdup(to);
        n->parent = to_dir;
        to_dir->refs++;
        g_hash_table_add(t->nodes, n);
        unref(t, from_dir);
    }
    g_mutex_unlock(&t->lock);
}
