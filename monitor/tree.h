/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is, as a tree of named nodes with properties: /machine, /objects, /chardevs. It is
 * made anew whenever somebody looks, so nothing has to be kept in step. Machine lock held.
 */
#ifndef MONITOR_TREE_H
#define MONITOR_TREE_H

#include "hw/core/device.h"
#include "monitor/monitor.h"

typedef struct TreeNode TreeNode;

typedef struct {
    char *name, *type, *description;    /* description may be NULL */
    JsonNode *value;
} TreeProp;

struct TreeNode {
    TreeNode *parent;           /* NULL: the root */
    char *name, *type;
    Device *device;             /* NULL: it is none */
    Object *object;             /* the same */
    GPtrArray *children;        /* of TreeNode * */
    GPtrArray *props;           /* of TreeProp * */
};

TreeNode *tree_new(const MonitorContext *c);
void tree_free(TreeNode *root);
/* The node at an absolute path, or the only one whose path ends with a relative one; NULL with
 * err of class DeviceNotFound. */
TreeNode *tree_find(TreeNode *root, const char *path, GError **err);
const TreeProp *tree_prop(const TreeNode *node, const char *name);
/* Sets a property that is there; false with err when it can only be given when the thing is made. */
bool tree_set(const TreeNode *node, const char *name, const char *value, GError **err);
/* Absolute; freed by the caller. */
char *tree_path(const TreeNode *node);
/* Of the first device of that type; "" when there is none. */
JsonNode *tree_path_of_type(const MonitorContext *c, const char *type);
/* Of a device in machine->devices; freed by the caller. */
char *tree_device_path(const MonitorContext *c, const Device *dev);
/* The device with that id that somebody has added, or any by its path; NULL with err. */
Device *tree_find_device(const MonitorContext *c, const char *name, GError **err);
/* Of CPU n of the machine. */
char *tree_cpu_path(unsigned n);
/* "info qom-tree" below node; "info qtree". */
void tree_describe(const TreeNode *node, GString *out);
void tree_describe_buses(const MonitorContext *c, GString *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeNode, tree_free)

/* ---- types (types.c) ---- */

typedef struct {
    char *name;
    const char *parent;         /* NULL: the root */
    bool abstract;
} TypeInfo;

/* All types, in no order; of TypeInfo *, freed by the caller. */
GPtrArray *types_all(void);
const TypeInfo *types_find(GPtrArray *types, const char *name);
/* Whether name is ancestor, or below it. */
bool types_is_a(GPtrArray *types, const char *name, const char *ancestor);

#endif
