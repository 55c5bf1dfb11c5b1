/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "system/fdset.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util/error.h"

#define PREFIX "/dev/fdset/"

struct FdSets {
    GPtrArray *list;        /* of FdSet * */
};

static void member_free(gpointer data)
{
    FdMember *m = data;
    close(m->fd);
    g_free(m->opaque);
    g_free(m);
}

static void set_free(gpointer data)
{
    FdSet *set = data;
    g_ptr_array_free(set->members, TRUE);
    g_free(set);
}

FdSets *fdsets_new(void)
{
    FdSets *sets = g_new0(FdSets, 1);
    sets->list = g_ptr_array_new_with_free_func(set_free);
    return sets;
}

void fdsets_free(FdSets *sets)
{
    if (sets) {
        g_ptr_array_free(sets->list, TRUE);
        g_free(sets);
    }
}

const FdSet *fdsets_at(const FdSets *sets, unsigned index)
{
    return index < sets->list->len ? g_ptr_array_index(sets->list, index) : NULL;
}

static FdSet *find(const FdSets *sets, int64_t id)
{
    for (guint i = 0; i < sets->list->len; i++) {
        FdSet *set = g_ptr_array_index(sets->list, i);
        if (set->id == id) {
            return set;
        }
    }
    return NULL;
}

int64_t fdsets_add(FdSets *sets, int64_t id, int fd, const char *opaque)
{
    bool chosen = id >= 0;
    for (id = chosen ? id : 0; !chosen && find(sets, id); id++) {
    }
    FdSet *set = find(sets, id);
    if (!set) {
        set = g_new0(FdSet, 1);
        set->id = id;
        set->members = g_ptr_array_new_with_free_func(member_free);
        g_ptr_array_add(sets->list, set);
    }
    FdMember *m = g_new0(FdMember, 1);
    m->fd = fd;
    m->opaque = g_strdup(opaque);
    g_ptr_array_add(set->members, m);
    return id;
}

bool fdsets_remove(FdSets *sets, int64_t id, int fd)
{
    FdSet *set = find(sets, id);
    bool found = set && fd < 0;
    for (guint i = set && fd >= 0 ? set->members->len : 0; i > 0; i--) {
        if (((FdMember *)g_ptr_array_index(set->members, i - 1))->fd == fd) {
            g_ptr_array_remove_index(set->members, i - 1);
            found = true;
        }
    }
    if (found && (fd < 0 || set->members->len == 0)) {
        g_ptr_array_remove(sets->list, set);
    }
    return found;
}

bool fdsets_is_path(const char *path)
{
    return g_str_has_prefix(path, PREFIX);
}

static int open_member(const FdSets *sets, const char *path, int flags, GError **err)
{
    guint64 id;
    if (!g_ascii_string_to_unsigned(path + strlen(PREFIX), 10, 0, INT64_MAX, &id, NULL)) {
        error_set(err, "cannot open '%s': must be " PREFIX "N", path);
        return -1;
    }
    const FdSet *set = find(sets, (int64_t)id);
    for (guint i = 0; set && i < set->members->len; i++) {
        const FdMember *m = g_ptr_array_index(set->members, i);
        int mode = fcntl(m->fd, F_GETFL) & O_ACCMODE;
        if (mode == (flags & O_ACCMODE) || mode == O_RDWR) {
            return fcntl(m->fd, F_DUPFD_CLOEXEC, 0);
        }
    }
    error_set(err, set ? "cannot open '%s': no descriptor of the set is open in that way"
                       : "cannot open '%s': there is no such set", path);
    return -1;
}

int fdsets_open(const FdSets *sets, const char *path, int flags, GError **err)
{
    if (!fdsets_is_path(path)) {
        int fd = open(path, flags | O_CLOEXEC, 0666);
        if (fd < 0) {
            error_set(err, "cannot open '%s': %s", path, g_strerror(errno));
        }
        return fd;
    }
    struct stat st;
    int fd = open_member(sets, path, flags, err);
    if (fd >= 0 && (flags & O_TRUNC) && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && ftruncate(fd, 0) != 0) {
        error_set(err, "cannot open '%s': it cannot be emptied: %s", path, g_strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}
