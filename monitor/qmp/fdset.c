/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of descriptors: those of system/fdset.h, as clients see them and add to them. */
#include "monitor/qmp/qmp.h"
#include "system/fdset.h"
#include "util/error.h"

QMP(add_fd)
{
    int64_t id = qmp_int(args, "fdset-id", -1);
    if (json_object_has_member(args, "fdset-id") && id < 0) {
        return error_set(err, "Parameter 'fdset-id' expects a non-negative value");
    }
    int fd = qmp_take_fd(call->monitor);
    if (fd < 0) {
        return error_set(err, "No file descriptor supplied via SCM_RIGHTS");
    }
    id = fdsets_add(call->c->machine->fdsets, id, fd, qmp_text(args, "opaque"));
    JsonObject *info = qmp_return_object(ret);
    json_object_set_int_member(info, "fdset-id", id);
    json_object_set_int_member(info, "fd", fd);
    return true;
}

QMP(remove_fd)
{
    int64_t fd = qmp_int(args, "fd", -1), id = qmp_int(args, "fdset-id", -1);
    bool all = !json_object_has_member(args, "fd"), none = !all && (fd < 0 || fd > INT_MAX);
    if (none || !fdsets_remove(call->c->machine->fdsets, id, all ? -1 : (int)fd)) {
        g_autofree char *which = all ? g_strdup("") : g_strdup_printf(", fd:%" G_GINT64_FORMAT, fd);
        return error_set(err, "File descriptor named 'fdset-id:%" G_GINT64_FORMAT "%s' not found",
                         id, which);
    }
    return true;
}

static JsonArray *members_info(const FdSet *set)
{
    JsonArray *list = json_array_new();
    for (guint i = 0; i < set->members->len; i++) {
        const FdMember *m = g_ptr_array_index(set->members, i);
        JsonObject *info = json_object_new();
        json_object_set_int_member(info, "fd", m->fd);
        if (m->opaque) {
            json_object_set_string_member(info, "opaque", m->opaque);
        }
        json_array_add_object_element(list, info);
    }
    return list;
}

QMP(query_fdsets)
{
    const FdSet *set;
    JsonArray *list = qmp_return_array(ret);
    for (unsigned i = 0; (set = fdsets_at(call->c->machine->fdsets, i)); i++) {
        JsonObject *info = json_object_new();
        json_object_set_int_member(info, "fdset-id", set->id);
        json_object_set_array_member(info, "fds", members_info(set));
        json_array_add_object_element(list, info);
    }
    return true;
}

const QmpCommand qmp_fdset_commands[] = {
    { "add-fd", add_fd, MEMBERS({ "fdset-id?", "int", "the set; else a new one" },
                                { "opaque?", "str", NULL }),
      .ret = "AddfdInfo", .doc = "Adds the descriptor that came with this command (SCM_RIGHTS) to a set." },
    { "query-fdsets", query_fdsets, .ret = "[FdsetInfo]", .doc = "The sets of descriptors." },
    { "remove-fd", remove_fd, MEMBERS({ "fdset-id", "int", NULL }, { "fd?", "int", "only this one" }),
      .doc = "Closes descriptors of a set." },
    { 0 },
};
