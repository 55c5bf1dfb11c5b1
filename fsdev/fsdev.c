/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shares of a machine, and the threads that carry requests out. */
#include <string.h>
#include <sys/resource.h>
#include "fsdev/p9.h"
#include "system/delivery.h"
#include "util/error.h"

#define THREADS 8                   /* requests that may be under way at the host at once */
#define MOST_OPEN 16384             /* descriptors that are asked for at most */

/* ---- threads ---- */

static bool deliver(void *server)
{
    return p9_deliver(server);
}

static void work(gpointer data, gpointer opaque)
{
    FsdevSet *set = opaque;
    P9Request *r = data;
    P9Server *s = r->server;
    p9_carry_out(r);
    delivery_push(set->delivery, s);
}

/* While the machine stands nothing of it changes, its memory least of all. */
static void state_changed(void *opaque, RunState now)
{
    FsdevSet *set = opaque;
    for (guint i = 0; now != RUN_RUNNING && i < set->servers->len; i++) {
        p9_drain(g_ptr_array_index(set->servers, i));
    }
}

/* Half of the program's descriptors are for what clients open. */
static int most_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 256;
    }
    if (limit.rlim_cur < MOST_OPEN && limit.rlim_cur < limit.rlim_max) {
        struct rlimit more = { MIN(limit.rlim_max, MOST_OPEN), limit.rlim_max };
        /* A sandbox may refuse it: then it is the fewer. */
        limit = setrlimit(RLIMIT_NOFILE, &more) == 0 ? more : limit;
    }
    return (int)(MIN(limit.rlim_cur, MOST_OPEN) / 2);
}

FsdevSet *fsdev_set_new(Machine *machine)
{
    FsdevSet *set = g_new0(FsdevSet, 1);
    set->machine = machine;
    set->shares = g_ptr_array_new_with_free_func((GDestroyNotify)share_free);
    set->servers = g_ptr_array_new();
    set->pool = g_thread_pool_new(work, set, THREADS, FALSE, NULL);
    set->delivery = delivery_new(machine, set->servers, deliver);
    g_mutex_init(&set->lock);
    g_cond_init(&set->some_finished);
    machine_add_state_listener(machine, state_changed, set);
    return set;
}

void fsdev_set_stop(FsdevSet *set)
{
    g_thread_pool_free(set->pool, FALSE, TRUE);
    delivery_free(set->delivery);
    set->pool = NULL;
    set->delivery = NULL;
}

void fsdev_set_free(FsdevSet *set)
{
    if (!set) {
        return;
    }
    g_ptr_array_free(set->shares, TRUE);
    g_ptr_array_free(set->servers, TRUE);
    g_mutex_clear(&set->lock);
    g_cond_clear(&set->some_finished);
    g_free(set);
}

bool fsdev_opened(FsdevSet *set)
{
    if (g_atomic_int_add(&set->open_files, 1) < set->max_open) {
        return true;
    }
    fsdev_closed(set);
    return false;
}

void fsdev_closed(FsdevSet *set)
{
    g_atomic_int_add(&set->open_files, -1);
}

/* ---- shares ---- */

Share *fsdev_find(FsdevSet *set, const char *id)
{
    for (guint i = 0; i < set->shares->len; i++) {
        Share *s = g_ptr_array_index(set->shares, i);
        if (strcmp(s->id, id) == 0) {
            return s;
        }
    }
    return NULL;
}

bool fsdev_set_add(FsdevSet *set, KeyVal *props, GError **err)
{
    const char *driver = keyval_get(props, "fsdriver");
    if (g_strcmp0(driver, "local") != 0) {
        return error_set(err, "%s %s: not there yet; local is, a folder of this host", keyval_option(props),
                         driver ? driver : "");
    }
    Share *s = share_new(props, err);
    if (!s) {
        return false;
    }
    if (fsdev_find(set, s->id)) {
        error_set(err, "%s id=%s: there is one with that id already", keyval_option(props), s->id);
        share_free(s);
        return false;
    }
    if (set->max_open == 0) {
        set->max_open = most_open_files();
    }
    g_ptr_array_add(set->shares, s);
    return true;
}

char *fsdev_help(void)
{
    return g_strdup("-fsdev local,id=ID,path=FOLDER,security_model=MODEL[,...]: a folder of this host for a\n"
        "-device virtio-9p-pci,fsdev=ID,mount_tag=TAG; -virtfs local,path=...,mount_tag=TAG,... is both\n"
        "security_model=MODEL how the guest's owners and modes are kept:\n"
        "    mapped-xattr  beside the files, in attributes user.virtfs.*; \"mapped\" is the same\n"
        "    mapped-file   in a folder .virtfs_metadata in each folder\n"
        "    passthrough   they are the host's, which lets root set them only\n"
        "    none          the same, and where the host refuses an owner it does not matter\n"
        "readonly=on|off      nothing can be changed (off)\n"
        "fmode=, dmode=       modes that files and folders have at the host, of mapped models (0600, 0700)\n"
        "writeout=immediate   what is written goes to the disk at once\n"
        "multidevs=remap|forbid|warn  where the folder has other file systems in it: their files get\n"
        "    numbers of their own, are not there, or may be taken for others, with a warning (warn)\n");
}
