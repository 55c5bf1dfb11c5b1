/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The graph of nodes: opening, naming, finding, references. */
#include <string.h>
#include "block/graph_internal.h"
#include "util/error.h"

static const BlockDriver *const drivers[] = {
    &block_driver_file, &block_driver_host_device, &block_driver_nbd, &block_driver_null, &block_driver_qcow2,
    &block_driver_raw, &block_driver_temporary, NULL,
};

/* NULL with err when there is none of that name, or none was given. */
static const BlockDriver *find_driver(const char *name, GError **err)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (unsigned i = 0; drivers[i]; i++) {
        if (g_strcmp0(drivers[i]->name, name) == 0) {
            return drivers[i];
        }
        g_string_append_printf(known, "%s%s", i ? ", " : "", drivers[i]->name);
    }
    if (name) {
        error_set(err, "driver=%s: not there; there are %s", name, known->str);
    } else {
        error_set(err, "needs driver=, one of %s", known->str);
    }
    return NULL;
}

BlockGraph *block_graph_new(Machine *machine)
{
    BlockGraph *g = g_new0(BlockGraph, 1);
    g->machine = machine;
    g->nodes = g_ptr_array_new();
    g->users = g_ptr_array_new();
    g->jobs = g_ptr_array_new();
    g_mutex_init(&g->lock);
    g_cond_init(&g->finished);
    block_pool_start(g);
    return g;
}

void block_graph_stop(BlockGraph *graph)
{
    machine_lock(graph->machine);
    block_jobs_stop(graph);
    for (guint i = 0; i < graph->users->len; i++) {
        block_drain(g_ptr_array_index(graph->users, i));
    }
    machine_unlock(graph->machine);
    block_pool_stop(graph);
}

void block_graph_free(BlockGraph *graph)
{
    if (!graph) {
        return;
    }
    while (graph->users->len) {
        block_user_free(g_ptr_array_index(graph->users, graph->users->len - 1));
    }
    for (guint i = 0; i < graph->nodes->len;) {
        BlockNode *node = g_ptr_array_index(graph->nodes, i);
        if (node->kept) {
            node->kept = false;
            block_unref(node);
            i = 0;
        } else {
            i++;
        }
    }
    g_warn_if_fail(graph->nodes->len == 0);
    g_ptr_array_free(graph->nodes, TRUE);
    g_ptr_array_free(graph->users, TRUE);
    g_ptr_array_free(graph->jobs, TRUE);
    g_mutex_clear(&graph->lock);
    g_cond_clear(&graph->finished);
    g_free(graph);
}

/* ---- opening ---- */

static bool is_name(const char *name)
{
    if (!g_ascii_isalpha(name[0])) {
        return false;
    }
    size_t good = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._");
    return good < 32 && name[good] == '\0';
}

static bool set_name(BlockNode *node, const char *name, GError **err)
{
    if (!name) {
        node->name = g_strdup_printf("#block%03u", node->graph->next_name++);
        return true;
    }
    if (!is_name(name)) {
        return error_set(err, "node-name=%s: a letter, then up to 30 letters, digits, '-', '.' or '_'", name);
    }
    if (block_find(node->graph, name)) {
        return error_set(err, "node-name=%s: there is a node of that name", name);
    }
    node->name = g_strdup(name);
    return true;
}

static bool read_common(BlockNode *node, KeyVal *options, GError **err)
{
    if (!keyval_get_bool(options, "read-only", &node->read_only, err) ||
        !keyval_get_bool(options, "auto-read-only", &node->auto_read_only, err) ||
        !keyval_get_bool(options, "cache.direct", &node->direct, err) ||
        !keyval_get_bool(options, "cache.no-flush", &node->no_flush, err)) {
        return false;
    }
    node->auto_read_only &= !node->read_only;
    node->read_only |= node->auto_read_only;
    const char *discard = keyval_get(options, "discard");
    node->unmap = discard && (strcmp(discard, "unmap") == 0 || strcmp(discard, "on") == 0);
    if (discard && !node->unmap && strcmp(discard, "ignore") != 0 && strcmp(discard, "off") != 0) {
        return error_set(err, "discard=%s: must be ignore or unmap", discard);
    }
    keyval_get(options, "aio");             /* there is one way: threads */
    const char *zeroes = keyval_get(options, "detect-zeroes");
    if (zeroes && strcmp(zeroes, "off") != 0) {
        return error_set(err, "detect-zeroes=%s: not there yet; only off is", zeroes);
    }
    return true;
}

static void free_node(BlockNode *node)
{
    block_unref(node->file);
    block_unref(node->backing);
    g_free(node->state);
    g_free(node->name);
    g_free(node->filename);
    g_free(node);
}

/* Nodes that open each other; more is a loop, or as bad. */
static bool is_too_deep(const BlockNode *above)
{
    unsigned depth = 0;
    for (; above; above = above->above) {
        depth++;
    }
    return depth >= BLOCK_DEPTH_MAX;
}

BlockNode *block_open_below(BlockGraph *graph, const BlockNode *above, KeyVal *options, GError **err)
{
    const BlockDriver *driver = find_driver(keyval_get(options, "driver"), err);
    if (!driver) {
        return NULL;
    }
    if (is_too_deep(above)) {
        error_set(err, "%s: more than %u images stand on each other",
                  above->file ? above->file->filename : above->name, BLOCK_DEPTH_MAX);
        return NULL;
    }
    BlockNode *node = g_new0(BlockNode, 1);
    node->driver = driver;
    node->graph = graph;
    node->above = above;
    node->refs = 1;
    node->state = g_malloc0(driver->state_size);
    if (!set_name(node, keyval_get(options, "node-name"), err) || !read_common(node, options, err) ||
        !driver->open(node, options, err)) {
        free_node(node);
        return NULL;
    }
    if (!keyval_finish(options, err)) {
        driver->close(node);
        free_node(node);
        return NULL;
    }
    if (!node->filename) {
        node->filename = g_strdup(node->file ? node->file->filename : node->driver->name);
    }
    node->above = NULL;
    g_ptr_array_add(graph->nodes, node);
    return node;
}

BlockNode *block_open(BlockGraph *graph, KeyVal *options, GError **err)
{
    return block_open_below(graph, NULL, options, err);
}

/* What a child does not say for itself it has from its parent. */
static void inherit(const BlockNode *parent, KeyVal *child)
{
    static const char *const keys[] = { "read-only", "cache.direct", "cache.no-flush", "discard" };
    const bool on[] = { parent->read_only, parent->direct, parent->no_flush, parent->unmap };
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (!keyval_get(child, keys[i])) {
            const char *no = i == 3 ? "ignore" : "off", *yes = i == 3 ? "unmap" : "on";
            keyval_set(child, keys[i], on[i] ? yes : no);
        }
    }
}

BlockNode *block_open_child(BlockNode *parent, KeyVal *options, const char *name, GError **err)
{
    const char *other = keyval_get(options, name);
    if (other) {
        BlockNode *node = block_find(parent->graph, other);
        if (!node) {
            error_set(err, "%s=%s: there is no node of that name", name, other);
            return NULL;
        }
        if (!parent->read_only && node->auto_read_only && !block_make_writable(node, err)) {
            return NULL;
        }
        if (!parent->read_only && node->read_only) {
            error_set(err, "%s=%s: that node is read-only; read-only=on would work", name, other);
            return NULL;
        }
        return block_ref(node);
    }
    g_autofree char *prefix = g_strdup_printf("%s.", name);
    g_autoptr(KeyVal) mine = keyval_sub(options, prefix);
    inherit(parent, mine);
    return block_open_below(parent->graph, parent, mine, err);
}

bool block_make_writable(BlockNode *node, GError **err)
{
    if (!node->read_only) {
        return true;
    }
    if (node->file && !block_make_writable(node->file, err)) {
        return false;
    }
    node->read_only = false;
    if (node->driver->make_writable && !node->driver->make_writable(node, err)) {
        node->read_only = true;
        return false;
    }
    node->auto_read_only = false;
    return true;
}

int block_make_read_only(BlockNode *node)
{
    int r = block_flush(node);
    if (r != 0 || node->read_only) {
        return r;
    }
    r = node->driver->make_read_only ? node->driver->make_read_only(node) : 0;
    if (r == 0) {
        node->read_only = true;
        if (node->file) {
            block_make_read_only(node->file);   /* or it stays as it is, and nobody writes to it */
        }
    }
    return r;
}

/* ---- references and names ---- */

BlockNode *block_ref(BlockNode *node)
{
    node->refs++;
    return node;
}

void block_unref(BlockNode *node)
{
    if (!node || --node->refs) {
        return;
    }
    block_flush(node);
    node->driver->close(node);
    g_ptr_array_remove(node->graph->nodes, node);
    free_node(node);
}

BlockNode *block_find(BlockGraph *graph, const char *node_name)
{
    for (guint i = 0; i < graph->nodes->len; i++) {
        BlockNode *node = g_ptr_array_index(graph->nodes, i);
        if (strcmp(node->name, node_name) == 0) {
            return node;
        }
    }
    return NULL;
}

BlockNode *block_at(BlockGraph *graph, unsigned n)
{
    return n < graph->nodes->len ? g_ptr_array_index(graph->nodes, n) : NULL;
}

void block_keep(BlockNode *node)
{
    block_ref(node);
    node->kept = true;
}

bool block_del(BlockGraph *graph, const char *node_name, GError **err)
{
    BlockNode *node = block_find(graph, node_name);
    if (!node || !node->kept) {
        return error_set(err, "'%s' is not a node that was added by its name", node_name);
    }
    if (node->refs > 1) {
        return error_set(err, "Node %s is in use", node_name);
    }
    node->kept = false;
    block_unref(node);
    return true;
}

const char *block_name(const BlockNode *node)
{
    return node->name;
}

const char *block_driver_name(const BlockNode *node)
{
    return node->driver->name;
}

const char *block_filename(const BlockNode *node)
{
    return node->filename;
}

BlockNode *block_file(const BlockNode *node)
{
    return node->file;
}

BlockNode *block_backing(const BlockNode *node)
{
    return node->backing;
}

bool block_read_only(const BlockNode *node)
{
    return node->read_only;
}

bool block_direct(const BlockNode *node)
{
    return node->direct;
}

bool block_no_flush(const BlockNode *node)
{
    return node->no_flush;
}
