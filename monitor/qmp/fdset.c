/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of descriptors that clients have sent. "/dev/fdset/N" names set N as a file: what opens it
 * gets a copy of the one that is open in the right way.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "monitor/qmp/qmp.h"
#include "util/error.h"

#define PREFIX "/dev/fdset/"

typedef struct {
    int fd;
    char *opaque;           /* the client's own remark, or NULL */
} Member;

typedef struct {
    int64_t id;
    GPtrArray *members;     /* of Member * */
} FdSet;

static void member_free(gpointer data)
{
    Member *m = data;
    close(m->fd);
    g_free(m->opaque);
    g_free(m);
}

void qmp_fdset_free(gpointer data)
{
    FdSet *set = data;
    g_ptr_array_free(set->members, TRUE);
    g_free(set);
}

static FdSet *find(GPtrArray *sets, int64_t id)
{
    for (guint i = 0; i < sets->len; i++) {
        FdSet *set = g_ptr_array_index(sets, i);
        if (set->id == id) {
            return set;
        }
    }
    return NULL;
}

static FdSet *add_set(GPtrArray *sets, int64_t id)
{
    FdSet *set = g_new0(FdSet, 1);
    set->id = id;
    set->members = g_ptr_array_new_with_free_func(member_free);
    g_ptr_array_add(sets, set);
    return set;
}

bool qmp_is_fdset(const char *path)
{
    return g_str_has_prefix(path, PREFIX);
}

int qmp_fdset_open(QmpHub *hub, const char *path, int flags, GError **err)
{
    guint64 id;
    if (!g_ascii_string_to_unsigned(path + strlen(PREFIX), 10, 0, INT64_MAX, &id, NULL)) {
        error_set(err, "%s: must be " PREFIX "N", path);
        return -1;
    }
    FdSet *set = find(qmp_hub_fdsets(hub), (int64_t)id);
    for (guint i = 0; set && i < set->members->len; i++) {
        const Member *m = g_ptr_array_index(set->members, i);
        int mode = fcntl(m->fd, F_GETFL) & O_ACCMODE;
        if (mode == (flags & O_ACCMODE) || mode == O_RDWR) {
            return fcntl(m->fd, F_DUPFD_CLOEXEC, 0);
        }
    }
    error_set(err, set
              ? "%s: no descriptor of the set is open in that way" : "%s: there is no such set", path);
    return -1;
}

QMP(add_fd)
{
    GPtrArray *sets = qmp_hub_fdsets(call->c->hub);
    int64_t id = qmp_int(args, "fdset-id", -1);
    bool chosen = json_object_has_member(args, "fdset-id");
    if (chosen && id < 0) {
        return error_set(err, "Parameter 'fdset-id' expects a non-negative value");
    }
    int fd = qmp_take_fd(call->monitor);
    if (fd < 0) {
        return error_set(err, "No file descriptor supplied via SCM_RIGHTS");
    }
    for (id = chosen ? id : 0; !chosen && find(sets, id); id++) {
    }
    FdSet *set = find(sets, id) ? find(sets, id) : add_set(sets, id);
    Member *m = g_new0(Member, 1);
    m->fd = fd;
    m->opaque = g_strdup(qmp_text(args, "opaque"));
    g_ptr_array_add(set->members, m);
    JsonObject *info = qmp_return_object(ret);
    json_object_set_int_member(info, "fdset-id", id);
    json_object_set_int_member(info, "fd", fd);
    return true;
}

QMP(remove_fd)
{
    GPtrArray *sets = qmp_hub_fdsets(call->c->hub);
    int64_t fd = qmp_int(args, "fd", -1);
    FdSet *set = find(sets, qmp_int(args, "fdset-id", -1));
    bool all = !json_object_has_member(args, "fd"), found = all;
    for (guint i = set && !all ? set->members->len : 0; i > 0; i--) {
        if (((Member *)g_ptr_array_index(set->members, i - 1))->fd == fd) {
            g_ptr_array_remove_index(set->members, i - 1);
            found = true;
        }
    }
    if (!set || !found) {
        g_autofree char *which = all ? g_strdup("") : g_strdup_printf(", fd:%" G_GINT64_FORMAT, fd);
        return error_set(err, "File descriptor named 'fdset-id:%" G_GINT64_FORMAT "%s' not found",
                         qmp_int(args, "fdset-id", -1), which);
    }
    if (all || set->members->len == 0) {
        g_ptr_array_remove(sets, set);
    }
    return true;
}

static JsonArray *members_info(const FdSet *set)
{
    JsonArray *list = json_array_new();
    for (guint i = 0; i < set->members->len; i++) {
        const Member *m = g_ptr_array_index(set->members, i);
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
    GPtrArray *sets = qmp_hub_fdsets(call->c->hub);
    JsonArray *list = qmp_return_array(ret);
    for (guint i = 0; i < sets->len; i++) {
        const FdSet *set = g_ptr_array_index(sets, i);
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
