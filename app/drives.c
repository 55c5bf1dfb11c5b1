/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/drives.h"

#include <string.h>
#include <sys/stat.h>
#include "block/block.h"
#include "hw/core/bus.h"
#include "util/error.h"

#define IDE_UNITS 2u
#define IDE_PLACES 4u
#define NO_PLACE UINT_MAX

typedef enum { IF_IDE, IF_VIRTIO, IF_NONE, N_IFS } Interface;

static const char *const if_names[N_IFS] = { "ide", "virtio", "none" };

typedef struct {
    Interface interface;
    unsigned place;             /* on the interface */
    bool cdrom;
    bool snapshot;              /* what is written goes away in the end */
    char *id;
} Drive;

struct Drives {
    GPtrArray *list;            /* of Drive * */
};

DriveOption *drive_option_new(const char *option, const char *text)
{
    DriveOption *o = g_new(DriveOption, 1);
    o->option = g_strdup(option);
    o->text = g_strdup(text);
    return o;
}

void drive_option_free(gpointer option)
{
    DriveOption *o = option;
    g_free(o->option);
    g_free(o->text);
    g_free(o);
}

char *drive_text(const char *file, unsigned index, bool cdrom)
{
    g_auto(GStrv) parts = g_strsplit(file, ",", -1);
    g_autofree char *escaped = g_strjoinv(",,", parts);
    return g_strdup_printf("file=%s,index=%u,media=%s", escaped, index, cdrom ? "cdrom" : "disk");
}

static void drive_free(gpointer data)
{
    Drive *d = data;
    g_free(d->id);
    g_free(d);
}

void drives_free(Drives *drives)
{
    if (drives) {
        g_ptr_array_free(drives->list, TRUE);
        g_free(drives);
    }
}

/* ---- where a drive goes ---- */

static bool place_taken(const Drives *drives, Interface interface, unsigned place)
{
    for (guint i = 0; i < drives->list->len; i++) {
        const Drive *d = g_ptr_array_index(drives->list, i);
        if (d->interface == interface && d->place == place) {
            return true;
        }
    }
    return false;
}

static bool read_interface(KeyVal *kv, Drive *d, GError **err)
{
    const char *name = keyval_get(kv, "if");
    for (int i = 0; i < N_IFS; i++) {
        if (strcmp(name ? name : "ide", if_names[i]) == 0) {
            d->interface = (Interface)i;
            return true;
        }
    }
    return error_set(err, "if=%s: must be ide, virtio or none%s", name,
                     strcmp(name, "pflash") == 0 ? "; -bios FILE is the boot flash" :
                     strcmp(name, "scsi") == 0 ? "; for a SCSI disk use if=none,id=ID with -device "
                     "virtio-scsi-pci -device scsi-hd,drive=ID" : "");
}

/* index=, or bus= and unit=, or the first free place. */
static bool read_place(KeyVal *kv, Drives *drives, Drive *d, GError **err)
{
    uint64_t index = 0, bus = 0, unit = 0;
    unsigned last = d->interface == IF_IDE ? IDE_PLACES - 1 : 1023;
    if (!keyval_get_number(kv, "index", 0, last, &index, err) ||
        !keyval_get_number(kv, "bus", 0, last / IDE_UNITS, &bus, err) ||
        !keyval_get_number(kv, "unit", 0, d->interface == IF_IDE ? IDE_UNITS - 1 : last, &unit, err)) {
        return false;
    }
    bool indexed = keyval_get(kv, "index"), placed = keyval_get(kv, "bus") || keyval_get(kv, "unit");
    if (indexed && placed) {
        return error_set(err, "index= and bus=, unit= are two ways to say the same; give one");
    }
    d->place = (unsigned)(indexed ? index : d->interface == IF_IDE ? bus * IDE_UNITS + unit : unit);
    while (!indexed && !placed && place_taken(drives, d->interface, d->place)) {
        d->place++;
    }
    if (d->interface == IF_NONE) {
        return true;
    }
    if (d->place > last) {
        return error_set(err, "all %u places for IDE drives are taken; if=virtio has more", IDE_PLACES);
    }
    return !place_taken(drives, d->interface, d->place) ||
           error_set(err, "index=%u: there is a drive already", d->place);
}

static char *default_id(const Drive *d)
{
    if (d->interface == IF_IDE) {
        return g_strdup_printf("ide%u-%s%u", d->place / IDE_UNITS, d->cdrom ? "cd" : "hd",
                               d->place % IDE_UNITS);
    }
    return g_strdup_printf("%s%u", if_names[d->interface], d->place);
}

/* ---- its image ---- */

static const struct { const char *name; bool direct, no_flush, write_cache; } caches[] = {
    { "writeback", false, false, true },
    { "none", true, false, true },
    { "writethrough", false, false, false },
    { "directsync", true, false, false },
    { "unsafe", false, true, true },
};

static bool read_cache(KeyVal *kv, bool *write_cache, GError **err)
{
    g_autofree char *name = keyval_take(kv, "cache");
    for (size_t i = 0; name && i < G_N_ELEMENTS(caches); i++) {
        if (strcmp(caches[i].name, name) == 0) {
            keyval_set(kv, "cache.direct", caches[i].direct ? "on" : "off");
            keyval_set(kv, "cache.no-flush", caches[i].no_flush ? "on" : "off");
            *write_cache = caches[i].write_cache;
            return true;
        }
    }
    return !name ||
           error_set(err, "cache=%s: must be writeback, none, writethrough, directsync or unsafe", name);
}

static bool only(KeyVal *kv, const char *key, const char *words, GError **err)
{
    const char *value = keyval_get(kv, key);
    g_auto(GStrv) allowed = g_strsplit(words, " ", -1);
    return !value || g_strv_contains((const char *const *)allowed, value) ||
           error_set(err, "%s=%s: not there yet; there is %s", key, value, words);
}

static const char *protocol_of(const char *file)
{
    static const char *const absent[] = { "ssh:", "http:", "https:", "ftp:", "iscsi:",
                                          "rbd:", "fat:", "json:", "blkdebug:" };
    for (size_t i = 0; i < G_N_ELEMENTS(absent); i++) {
        if (g_str_has_prefix(file, absent[i])) {
            return absent[i];
        }
    }
    return NULL;
}

/* file=NAME becomes the node that reads it, and format= the node on top of that. */
static bool describe_file(KeyVal *kv, char *file, GError **err)
{
    const char *protocol = protocol_of(file), *name = g_str_has_prefix(file, "file:") ? file + 5 : file;
    struct stat st;
    if (g_str_has_prefix(file, "nbd:") || g_str_has_prefix(file, "nbd+unix:")) {
        return block_describe_nbd(file, kv, err);
    }
    if (protocol) {
        return error_set(err, "file=%s: there is no protocol '%s'; images are files, block devices and nbd:",
                         file, protocol);
    }
    bool device = stat(name, &st) == 0 && S_ISBLK(st.st_mode);
    keyval_set(kv, "file.driver", device ? "host_device" : "file");
    keyval_set(kv, "file.filename", name);
    return true;
}

static bool choose_format(KeyVal *kv, const char *file, GError **err)
{
    g_autofree char *format = keyval_take(kv, "format");
    if (format && keyval_get(kv, "driver")) {
        return error_set(err, "format= and driver= are two names of the same; give one");
    }
    if (!format && !keyval_get(kv, "driver")) {
        const char *path = keyval_get(kv, "file.filename");
        const char *probed = path ? block_probe_format(path, err) : NULL;
        if (!probed) {
            return path ? false : error_set(err, "needs format=, raw or qcow2: only files are looked into");
        }
        format = g_strdup(probed);
        if (strcmp(format, "raw") == 0) {
            g_printerr("valletta: -drive file=%s: warning: no format=; the image is taken to be raw. "
                       "format=raw says so without this warning\n", file);
        }
    }
    if (format) {
        keyval_set(kv, "driver", format);
    }
    return true;
}

/* What -drive says otherwise than -blockdev. */
static void rename_keys(KeyVal *kv, bool cdrom)
{
    g_autofree char *readonly = keyval_take(kv, "readonly");
    if (readonly) {
        keyval_set(kv, "read-only", readonly);
    }
    if (cdrom && !keyval_get(kv, "read-only")) {
        keyval_set(kv, "read-only", "on");
    }
}

/* The image is opened for reading only; an overlay takes what is written, unless nothing may be. */
static BlockNode *open_below_overlay(BlockGraph *graph, KeyVal *kv, GError **err)
{
    bool read_only = false;
    if (!keyval_get_bool(kv, "read-only", &read_only, err)) {
        return NULL;
    }
    keyval_set(kv, "read-only", "on");
    BlockNode *image = block_open(graph, kv, err);
    if (!image || read_only) {
        return image;
    }
    g_autoptr(KeyVal) overlay = keyval_new(keyval_option(kv));
    keyval_set(overlay, "driver", "temporary");
    keyval_set(overlay, "backing", block_name(image));
    keyval_set(overlay, "discard", "unmap");
    BlockNode *node = block_open(graph, overlay, err);
    block_unref(image);
    return node;
}

/* True with *node NULL: a drive without a medium. */
static bool open_image(BlockGraph *graph, KeyVal *kv, const Drive *d, BlockNode **node, GError **err)
{
    g_autofree char *file = keyval_take(kv, "file");
    rename_keys(kv, d->cdrom);
    *node = NULL;
    if (!file && !keyval_get(kv, "driver")) {
        if (!d->cdrom) {
            return error_set(err, "needs file=, the image");
        }
        keyval_get(kv, "cache.direct");
        keyval_get(kv, "cache.no-flush");
        return keyval_finish(kv, err);
    }
    if ((file && !describe_file(kv, file, err)) || !choose_format(kv, file ? file : "", err)) {
        return false;
    }
    *node = d->snapshot ? open_below_overlay(graph, kv, err) : block_open(graph, kv, err);
    return *node != NULL;
}

/* ---- one option ---- */

static bool read_media(KeyVal *kv, Drive *d, GError **err)
{
    const char *media = keyval_get(kv, "media");
    d->cdrom = media && strcmp(media, "cdrom") == 0;
    return !media || d->cdrom || strcmp(media, "disk") == 0 ||
           error_set(err, "media=%s: must be disk or cdrom", media);
}

/* What has one value only. */
static bool read_rest(KeyVal *kv, Drive *d, GError **err)
{
    static const struct { const char *key, *words; } fixed[] = {
        { "werror", "report" }, { "rerror", "report" }, { "copy-on-read", "off" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(fixed); i++) {
        if (!only(kv, fixed[i].key, fixed[i].words, err)) {
            return false;
        }
    }
    return keyval_get_bool(kv, "snapshot", &d->snapshot, err);
}

static bool fill_drive(Drives *drives, BlockGraph *graph, Drive *d, KeyVal *kv, GError **err)
{
    bool write_cache = true;
    BlockNode *node;
    if (!read_interface(kv, d, err) || !read_media(kv, d, err) || !read_place(kv, drives, d, err) ||
        !read_rest(kv, d, err) || !read_cache(kv, &write_cache, err)) {
        return false;
    }
    g_autofree char *id = keyval_take(kv, "id");
    d->id = id ? g_steal_pointer(&id) : default_id(d);
    if (block_user_find(graph, d->id)) {
        return error_set(err, "id=%s: there is a drive with that id", d->id);
    }
    if (!open_image(graph, kv, d, &node, err)) {
        return false;
    }
    BlockUser *user = block_user_new(graph, d->id, node, err);
    block_unref(node);
    if (user) {
        block_user_set_write_cache(user, write_cache);
    }
    if (user && d->cdrom) {
        block_user_set_discs(user);
    }
    return user != NULL;
}

static bool add_drive(Drives *drives, BlockGraph *graph, const DriveOption *option, bool snapshot,
                      GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new(option->option);
    if (!keyval_parse(kv, option->text, "file", err)) {
        return false;
    }
    Drive *d = g_new0(Drive, 1);
    d->place = NO_PLACE;
    d->snapshot = snapshot;
    bool good = fill_drive(drives, graph, d, kv, err);
    if (good) {
        g_ptr_array_add(drives->list, d);
    } else {
        g_prefix_error(err, "%s %s: ", option->option, option->text);
        drive_free(d);
    }
    return good;
}

static bool add_node(BlockGraph *graph, const char *text, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-blockdev");
    if (!keyval_parse(kv, text, "driver", err)) {
        return false;
    }
    if (!keyval_get(kv, "node-name")) {
        return error_set(err, "-blockdev %s: needs node-name=, by which a device finds it", text);
    }
    BlockNode *node = block_open(graph, kv, err);
    if (!node) {
        g_prefix_error(err, "-blockdev %s: ", text);
        return false;
    }
    block_keep(node);
    block_unref(node);
    return true;
}

/* The CD-ROM drive that is there unless the user says where drives are. */
static bool wants_cdrom(const Drives *drives, const Settings *s)
{
    for (guint i = 0; i < s->devices->len; i++) {
        if (g_str_has_prefix(g_ptr_array_index(s->devices, i), "ide-")) {
            return false;
        }
    }
    return !s->nodefaults && !place_taken(drives, IF_IDE, 2);
}

static bool add_all(Drives *drives, Machine *machine, const Settings *s, bool board, GError **err)
{
    for (guint i = 0; i < s->blockdevs->len; i++) {
        if (!add_node(machine->blocks, g_ptr_array_index(s->blockdevs, i), err)) {
            return false;
        }
    }
    for (guint i = 0; i < s->drives->len; i++) {
        if (!add_drive(drives, machine->blocks, g_ptr_array_index(s->drives, i), s->snapshot, err)) {
            return false;
        }
    }
    DriveOption cdrom = { (char *)"-cdrom", (char *)"index=2,media=cdrom" };
    return !board || !wants_cdrom(drives, s) || add_drive(drives, machine->blocks, &cdrom, false, err);
}

Drives *drives_open(Machine *machine, const Settings *s, bool board, GError **err)
{
    Drives *drives = g_new0(Drives, 1);
    drives->list = g_ptr_array_new_with_free_func(drive_free);
    if (!add_all(drives, machine, s, board, err)) {
        drives_free(drives);
        return NULL;
    }
    return drives;
}

static bool plug(Machine *machine, const Drive *d, GError **err)
{
    g_autoptr(KeyVal) props = keyval_new("-drive");
    keyval_set(props, "drive", d->id);
    if (d->interface == IF_IDE) {
        g_autofree char *bus = g_strdup_printf("ide.%u", d->place / IDE_UNITS);
        g_autofree char *unit = g_strdup_printf("%u", d->place % IDE_UNITS);
        keyval_set(props, "driver", d->cdrom ? "ide-cd" : "ide-hd");
        keyval_set(props, "bus", bus);
        keyval_set(props, "unit", unit);
    } else {
        keyval_set(props, "driver", "virtio-blk-pci");
    }
    if (!device_add(machine, props, err)) {
        g_prefix_error(err, "-drive if=%s: ", if_names[d->interface]);
        return false;
    }
    return true;
}

bool drives_plug(Drives *drives, Machine *machine, GError **err)
{
    for (guint i = 0; i < drives->list->len; i++) {
        const Drive *d = g_ptr_array_index(drives->list, i);
        if (d->interface != IF_NONE && !plug(machine, d, err)) {
            return false;
        }
    }
    return true;
}
