/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks and their media. */
#include <string.h>
#include "block/job.h"
#include "monitor/commands.h"
#include "monitor/media.h"
#include "monitor/vnc.h"
#include "util/error.h"

/* ---- info ---- */

static void show_node(BlockNode *node, GString *out)
{
    g_string_append_printf(out, "%s: %s (%s%s)\n", block_name(node), block_filename(node),
                           block_driver_name(node), block_read_only(node) ? ", read-only" : "");
}

static unsigned chain(const BlockNode *node)
{
    unsigned n = 0;
    while ((node = block_backing(node))) {
        n++;
    }
    return n;
}

static void show_medium(const BlockUser *user, GString *out)
{
    BlockNode *node = block_user_node(user);
    g_string_append_printf(out, "    Cache mode:       %s%s%s\n",
                           block_user_write_cache(user) ? "writeback" : "writethrough",
                           block_direct(node) ? ", direct" : "",
                           block_no_flush(node) ? ", ignore flushes" : "");
    if (block_backing(node)) {
        g_string_append_printf(out, "    Backing file:     %s (chain depth: %u)\n",
                               block_filename(block_backing(node)), chain(node));
    }
}

static void show_drive(const BlockUser *user, GString *out)
{
    bool locked = false, open = block_user_tray_open(user, &locked);
    BlockNode *node = block_user_node(user);
    if (node) {
        g_string_append_printf(out, "%s (%s): %s (%s%s)\n", media_name(user), block_name(node),
                               block_filename(node), block_driver_name(node),
                               block_read_only(node) ? ", read-only" : "");
    } else {
        g_string_append_printf(out, "%s: [not inserted]\n", media_name(user));
    }
    if (block_user_device(user)) {
        g_string_append_printf(out, "    Attached to:      %s\n", block_user_device(user));
    }
    if (block_user_removable(user)) {
        g_string_append_printf(out, "    Removable device: %slocked, tray %s\n", locked ? "" : "not ",
                               open ? "open" : "closed");
    }
    if (node) {
        show_medium(user, out);
    }
}

COMMAND(info_block)
{
    BlockUser *user;
    BlockNode *node;
    bool nodes = strcmp(args, "-n") == 0, found = !*args;
    for (unsigned i = 0; nodes && (node = block_at(c->machine->blocks, i)); i++) {
        show_node(node, out);
    }
    for (unsigned i = 0; !nodes && (user = block_user_at(c->machine->blocks, i)); i++) {
        if (!*args || strcmp(media_name(user), args) == 0) {
            g_string_append(out, out->len ? "\n" : "");
            show_drive(user, out);
            found = true;
        }
    }
    return nodes || found || error_set(err, "Device '%s' not found", args);
}

COMMAND(info_blockstats)
{
    BlockUser *user;
    for (unsigned i = 0; (user = block_user_at(c->machine->blocks, i)); i++) {
        static const struct { const char *prefix; BlockOp op; } kinds[] = {
            { "rd", BLOCK_READ }, { "wr", BLOCK_WRITE }, { "flush", BLOCK_FLUSH },
        };
        g_string_append_printf(out, "%s:", media_name(user));
        for (unsigned k = 0; k < G_N_ELEMENTS(kinds); k++) {
            const BlockStats *s = block_user_stats(user, kinds[k].op);
            const char *prefix = kinds[k].prefix;
            if (kinds[k].op != BLOCK_FLUSH) {
                g_string_append_printf(out, " %s_bytes=%" G_GUINT64_FORMAT, prefix, s->bytes);
            }
            g_string_append_printf(out, " %s_operations=%" G_GUINT64_FORMAT " %s_total_time_ns=%"
                                   G_GUINT64_FORMAT, prefix, s->operations, prefix, s->ns);
        }
        g_string_append_c(out, '\n');
    }
    return true;
}

static void show_snapshots(const BlockInfo *info, GString *out)
{
    g_string_append(out, "ID        TAG               VM SIZE (bytes)  DATE\n");
    for (unsigned i = 0; i < info->snapshot_count; i++) {
        const BlockSnapshot *s = &info->snapshots[i];
        g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(s->date_s);
        g_autofree char *date = g_date_time_format(when, "%Y-%m-%d %H:%M:%S");
        g_string_append_printf(out, "%-9s %-17s %-16" G_GUINT64_FORMAT " %s\n", s->id, s->name,
                               s->vm_state_bytes, date);
    }
}

COMMAND(info_snapshots)
{
    BlockUser *user;
    bool any = false;
    for (unsigned i = 0; (user = block_user_at(c->machine->blocks, i)); i++) {
        BlockInfo info;
        if (!block_user_node(user)) {
            continue;
        }
        block_info(block_user_node(user), &info);
        if (info.snapshot_count) {
            g_string_append_printf(out, "List of snapshots present on %s:\n", media_name(user));
            show_snapshots(&info, out);
            any = true;
        }
        block_info_clear(&info);
    }
    if (!any) {
        g_string_append(out, "There is no snapshot in the images of the drives.\n");
    }
    return true;
}

COMMAND(info_block_jobs)
{
    BlockJob *job;
    for (unsigned i = 0; (job = block_job_at(c->machine->blocks, i)); i++) {
        uint64_t all, ready;
        block_job_progress(job, &ready, &all);
        g_string_append_printf(out, "Type %s, job %s, %s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                               " bytes, speed limit %" G_GUINT64_FORMAT " bytes/s\n", block_job_type(job),
                               block_job_id(job), block_job_status_name(block_job_status(job)), ready, all,
                               block_job_options(job)->speed);
    }
    if (!block_job_at(c->machine->blocks, 0)) {
        g_string_append(out, "No active jobs\n");
    }
    return true;
}

const MonitorCommand hmp_info_block_commands[] = {
    { "block", NULL, "[-n|DRIVE]", "the drives and what is in them; -n: all images", info_block },
    { "block-jobs", NULL, "", "what copies images now", info_block_jobs },
    { "blockstats", NULL, "", "what the drives have done", info_blockstats },
    { "snapshots", NULL, "", "the snapshots in the drives' images", info_snapshots },
    { 0 },
};

/* ---- media ---- */

/* Takes "-f" from the front of words. */
static bool take_force(char **words)
{
    bool force = words[0] && strcmp(words[0], "-f") == 0;
    if (force) {
        g_free(words[0]);
        memmove(words, words + 1, g_strv_length(words + 1) * sizeof(*words) + sizeof(*words));
    }
    return force;
}

COMMAND(run_eject)
{
    g_auto(GStrv) words = commands_words(args, 1, 2, "eject [-f] DRIVE", err);
    if (!words) {
        return false;
    }
    bool force = take_force(words);
    if (g_strv_length(words) != 1) {
        return error_set(err, "must be eject [-f] DRIVE");
    }
    BlockUser *user = media_drive(c, words[0], NULL, err);
    return user && media_eject(user, force, err);
}

COMMAND(run_change)
{
    const char *usage = "change [-f] DRIVE FILE [FORMAT [retain|read-only|read-write]]";
    g_auto(GStrv) words = commands_words(args, 2, 5, usage, err);
    if (!words) {
        return false;
    }
    bool force = take_force(words);
    unsigned n = g_strv_length(words);
    if (n < 2 || n > 4) {
        return error_set(err, "must be %s", usage);
    }
    const char *mode = n == 4 ? words[3] : "retain";
    if (strcmp(mode, "retain") != 0 && strcmp(mode, "read-only") != 0 && strcmp(mode, "read-write") != 0) {
        return error_set(err, "'%s' must be retain, read-only or read-write", mode);
    }
    if (strcmp(words[0], "vnc") == 0) {
        return strcmp(words[1], "password") == 0 && n > 2
            ? monitor_set_password(c, "vnc", NULL, words[2], NULL, err)
            : error_set(err, "must be change vnc password PASSWORD");
    }
    BlockUser *user = media_drive(c, words[0], NULL, err);
    return user && media_change(c, user, words[1], n > 2 ? words[2] : NULL, mode, force, err);
}

COMMAND(run_block_resize)
{
    uint64_t size;
    g_auto(GStrv) words = commands_words(args, 2, 2, "block_resize DRIVE SIZE", err);
    BlockUser *user = words ? media_drive(c, words[0], NULL, err) : NULL;
    if (!user) {
        return false;
    }
    if (!keyval_size(words[1], MIB, &size)) {
        return error_set(err, "'%s' must be a size such as 512M or 1.5G", words[1]);
    }
    return block_user_node(user) ? media_resize(c, block_user_node(user), size, err)
                                 : error_set(err, "Device '%s' has no medium", words[0]);
}

const MonitorCommand hmp_block_commands[] = {
    { "block_resize", NULL, "DRIVE SIZE", "another size of a disk, in MiB or with a suffix",
      run_block_resize },
    { "change", NULL, "[-f] DRIVE FILE [FORMAT [MODE]]",
      "put another medium into a drive; or: change vnc password PASSWORD", run_change },
    { "eject", NULL, "[-f] DRIVE", "open a drive's tray and take the medium out", run_eject },
    { 0 },
};
