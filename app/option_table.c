/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every option of the command line with its help and what it does to the settings. */
#include "app/options.h"

#include <string.h>
#include "accel/accel.h"
#include "chardev/chardev_set.h"
#include "app/drives.h"
#include "app/graphics.h"
#include "app/network.h"
#include "app/readconfig.h"
#include "app/screens.h"
#include "app/sound.h"
#include "audio/audio.h"
#include "config-host.h"
#include "fsdev/fsdev.h"
#include "hw/core/bus.h"
#include "monitor/monitor.h"
#include "system/objects.h"
#include "target/mips/model.h"
#include "util/error.h"
#include "util/log.h"

#define HANDLER(func) static bool func(Settings *s, const char *name, const char *arg, GError **err)

static bool is_help(const char *arg)
{
    return strcmp(arg, "help") == 0 || strcmp(arg, "?") == 0;
}

/* For the options that only ask for something to be printed. Takes text. */
static bool print(Settings *s, char *text)
{
    g_free(s->print);
    s->print = text;
    return true;
}

static bool set_text(char **where, const char *name, const char *arg, GError **err)
{
    if (*arg == '\0') {
        return error_set(err, "-%s '': must not be empty", name);
    }
    g_free(*where);
    *where = g_strdup(arg);
    return true;
}

static bool append_to(GPtrArray *list, const char *arg)
{
    g_ptr_array_add(list, g_strdup(arg));
    return true;
}

/* ---- machine ---- */

static char *machine_help(void)
{
    return g_strdup("Machines:\n"
        "malta    MIPS Malta with GT-64120 and PIIX4 (default)\n"
        "none     no board and no CPU, for programs that only ask\n");
}

static char *machine_properties(void)
{
    return g_strdup("Properties of -machine malta:\n"
        "accel=NAME[:NAME]   what runs the CPU, as -accel\n"
        "kvm-type=auto|TE|VZ which kind of virtual machine KVM is asked for (auto):\n"
        "    TE    trap-and-emulate: for kernels linked at 0x40000000 to 0x5fffffff\n"
        "          (CONFIG_KVM_GUEST); hosts up to Linux 5.12\n"
        "    VZ    the hardware's virtualization: for all other kernels\n"
        "    auto  what the kernel file needs\n"
        "          A kernel that the type cannot run is an error, and so is a host's KVM that has\n"
        "          only the other type. Without KVM the translator runs both kinds.\n"
        "endian=little|big   byte order, where neither the program's name nor an ELF kernel tells\n"
        "graphics=off        no display (on is not there yet)\n"
        "mem-merge=off       guest memory is not shared (on is not there yet)\n"
        "usb=on|off          accepted: USB is a part of the board\n"
        "memory-backend=ID   an -object memory-backend-... of the size of -m for the guest's RAM\n"
        "dump-guest-core=on|off  whether a core dump of valletta holds the guest's memory\n"
        "kernel=, initrd=, append=, dtb=, firmware=  as -kernel, -initrd, -append, -dtb, -bios\n");
}

HANDLER(on_machine)
{
    if (!keyval_parse(s->machine, arg, "type", err)) {
        return false;
    }
    if (keyval_wants_help(s->machine)) {
        return print(s, keyval_get(s->machine, "type") ? machine_properties() : machine_help());
    }
    return true;
}

HANDLER(on_accel)
{
    return is_help(arg) ? print(s, accel_help()) : append_to(s->accels, arg);
}

HANDLER(on_enable_kvm)
{
    return append_to(s->accels, "kvm");
}

HANDLER(on_cpu)
{
    keyval_free(s->cpu);
    s->cpu = keyval_new("-cpu");
    if (*arg == '\0') {
        return error_set(err, "-cpu option cannot be empty; -cpu help lists the models");
    }
    if (!keyval_parse(s->cpu, arg, "model", err)) {
        return false;
    }
    return keyval_wants_help(s->cpu) ? print(s, mips_model_help()) : true;
}

HANDLER(on_memory)
{
    return keyval_parse(s->memory, arg, "size", err);
}

HANDLER(on_smp)
{
    return keyval_parse(s->smp, arg, "cpus", err);
}

HANDLER(on_rtc)
{
    return keyval_parse(s->rtc, arg, NULL, err);
}

HANDLER(on_name)
{
    return keyval_parse(s->guest_name, arg, "guest", err);
}

HANDLER(on_uuid)
{
    if (!g_uuid_string_is_valid(arg)) {
        return error_set(err, "-uuid %s: must be like 550e8400-e29b-41d4-a716-446655440000", arg);
    }
    return set_text(&s->uuid, name, arg, err);
}

/* ---- boot ---- */

HANDLER(on_bios)
{
    return set_text(&s->bios, name, arg, err);
}

HANDLER(on_kernel)
{
    return set_text(&s->kernel, name, arg, err);
}

HANDLER(on_initrd)
{
    return set_text(&s->initrd, name, arg, err);
}

HANDLER(on_append)
{
    g_free(s->append);
    s->append = g_strdup(arg);
    return true;
}

HANDLER(on_dtb)
{
    return set_text(&s->dtb, name, arg, err);
}

HANDLER(on_boot)
{
    return keyval_parse(s->boot, arg, "order", err);
}

HANDLER(on_data_dir)
{
    return append_to(s->data_dirs, arg);
}

HANDLER(on_stopped)
{
    return s->start_stopped = true;
}

HANDLER(on_no_reboot)
{
    return s->no_reboot = true;
}

HANDLER(on_no_shutdown)
{
    return s->no_shutdown = true;
}

/* ---- console ---- */

HANDLER(on_nographic)
{
    return s->nographic = true;
}

HANDLER(on_serial)
{
    return append_to(s->serials, arg);
}

HANDLER(on_chardev)
{
    return is_help(arg) ? print(s, chardev_set_help()) : append_to(s->chardevs, arg);
}

HANDLER(on_blockdev)
{
    return append_to(s->blockdevs, arg);
}

static bool add_drive(Settings *s, const char *name, const char *text)
{
    g_autofree char *option = g_strdup_printf("-%s", name);
    g_ptr_array_add(s->drives, drive_option_new(option, text));
    return true;
}

HANDLER(on_drive)
{
    return add_drive(s, name, arg);
}

/* -hda to -hdd, -cdrom */
HANDLER(on_short_drive)
{
    bool cdrom = strcmp(name, "cdrom") == 0;
    g_autofree char *text = drive_text(arg, cdrom ? 2 : (unsigned)(name[2] - 'a'), cdrom);
    return add_drive(s, name, text);
}

HANDLER(on_fsdev)
{
    return is_help(arg) ? print(s, fsdev_help()) : append_to(s->fsdevs, arg);
}

HANDLER(on_virtfs)
{
    return is_help(arg) ? print(s, fsdev_help()) : append_to(s->virtfs, arg);
}

HANDLER(on_snapshot)
{
    return s->snapshot = true;
}

HANDLER(on_monitor)
{
    return append_to(s->monitors, arg);
}

HANDLER(on_mon)
{
    return append_to(s->mons, arg);
}

/* -qmp and -qmp-pretty */
HANDLER(on_qmp)
{
    g_ptr_array_add(s->qmps, g_strconcat(strcmp(name, "qmp") == 0 ? "-" : "p", arg, NULL));
    return true;
}

HANDLER(on_object)
{
    if (is_help(arg)) {
        return print(s, object_help());
    }
    return append_to(s->objects, arg);
}

HANDLER(on_device)
{
    g_autoptr(KeyVal) props = keyval_new("-device");
    if (is_help(arg)) {
        return print(s, device_help(NULL));
    }
    if (!keyval_parse(props, arg, "driver", err)) {
        return false;
    }
    const char *driver = keyval_get(props, "driver");
    const DeviceType *type = driver ? device_type_find(driver) : NULL;
    if (driver && !type) {
        return error_set(err, "-device %s: not there yet; -device help lists the devices that are", driver);
    }
    if (keyval_wants_help(props)) {
        return print(s, device_help(type));
    }
    return append_to(s->devices, arg);
}

/* USB is a part of the board. */
HANDLER(on_usb)
{
    return true;
}

static bool add_usb_disk(Settings *s, const char *file)
{
    g_auto(GStrv) parts = g_strsplit(file, ",", -1);
    g_autofree char *escaped = g_strjoinv(",,", parts), *id = g_strdup_printf("usbdevice%u", s->drives->len);
    g_autofree char *drive = g_strdup_printf("file=%s,if=none,id=%s", escaped, id);
    g_autofree char *device = g_strdup_printf("usb-storage,drive=%s", id);
    return add_drive(s, "usbdevice", drive) && append_to(s->devices, device);
}

HANDLER(on_usbdevice)
{
    static const char *const kinds[][2] = {
        { "keyboard", "usb-kbd" }, { "mouse", "usb-mouse" }, { "tablet", "usb-tablet" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(arg, kinds[i][0]) == 0) {
            return append_to(s->devices, kinds[i][1]);
        }
    }
    if (g_str_has_prefix(arg, "disk:") && arg[5]) {
        return add_usb_disk(s, arg + 5);
    }
    return error_set(err, "-usbdevice %s: there are keyboard, mouse, tablet and disk:FILE; -device help "
                     "lists all devices", arg);
}

HANDLER(on_audiodev)
{
    return is_help(arg) ? print(s, audio_help()) : append_to(s->audiodevs, arg);
}

HANDLER(on_audio)
{
    char *help = sound_help(arg);
    return help ? print(s, help) : append_to(s->audios, arg);
}

HANDLER(on_display)
{
    return is_help(arg) ? print(s, screens_help()) : screens_option(s, arg, err);
}

/* -sdl and -curses */
HANDLER(on_display_name)
{
    return screens_option(s, name, err);
}

HANDLER(on_vnc)
{
    return append_to(s->vncs, arg);
}

HANDLER(on_full_screen)
{
    return s->full_screen = true;
}

HANDLER(on_keyboard)
{
    return set_text(&s->keyboard, name, arg, err);
}

HANDLER(on_vga)
{
    if (is_help(arg)) {
        return print(s, g_strdup("Graphics cards: " GRAPHICS_WORDS "\n"));
    }
    if (strcmp(arg, "virtio") == 0) {
        return error_set(err, "-vga virtio: there is no VGA with virtio graphics behind it (virtio-vga); "
                         "-vga none -device virtio-gpu-pci is virtio graphics alone");
    }
    if (!graphics_known(arg)) {
        return error_set(err, "-vga %s: not there yet: the cards are " GRAPHICS_WORDS, arg);
    }
    return set_text(&s->vga, name, arg, err);
}

HANDLER(on_netdev)
{
    return is_help(arg) ? print(s, netdev_help()) : append_to(s->netdevs, arg);
}

/* -nic and -net */
HANDLER(on_nic)
{
    char *help = network_help(arg);
    if (help) {
        return print(s, help);
    }
    g_ptr_array_add(s->nics, g_strconcat(strcmp(name, "nic") == 0 ? "n" : "t", arg, NULL));
    return true;
}

HANDLER(on_parallel)
{
    return set_text(&s->parallel, name, arg, err);
}

HANDLER(on_nodefaults)
{
    return s->nodefaults = true;
}

/* ---- the process ---- */

HANDLER(on_perfmap)
{
    s->perfmap = true;
    return true;
}

HANDLER(on_jitdump)
{
    s->jitdump = true;
    return true;
}

HANDLER(on_gdb)
{
    return set_text(&s->gdb, name, arg, err);
}

HANDLER(on_gdb_default)
{
    return set_text(&s->gdb, name, "tcp::1234", err);
}

HANDLER(on_log_items)
{
    return is_help(arg) ? print(s, log_items_help()) : set_text(&s->log_items, name, arg, err);
}

HANDLER(on_log_file)
{
    return set_text(&s->log_file, name, arg, err);
}

HANDLER(on_pidfile)
{
    if (!set_text(&s->pidfile, name, arg, err)) {
        return false;
    }
    /* The process changes its folder before it removes the file. */
    char *absolute = g_canonicalize_filename(s->pidfile, NULL);
    g_free(s->pidfile);
    s->pidfile = absolute;
    return true;
}

HANDLER(on_daemonize)
{
    return s->daemonize = true;
}

HANDLER(on_msg)
{
    return keyval_parse(s->msg, arg, NULL, err);
}

HANDLER(on_sandbox)
{
    return keyval_parse(s->sandbox, arg, "enable", err);
}

HANDLER(on_overcommit)
{
    return keyval_parse(s->overcommit, arg, NULL, err);
}

HANDLER(on_add_fd)
{
    return append_to(s->fds, arg);
}

HANDLER(on_readconfig)
{
    return readconfig(s, arg, err);
}

HANDLER(on_preconfig)
{
    return s->preconfig = true;
}

HANDLER(on_qtest)
{
    return set_text(&s->qtest, name, arg, err);
}

HANDLER(on_qtest_log)
{
    return set_text(&s->qtest_log, name, arg, err);
}

HANDLER(on_qmp_reference)
{
    return print(s, qmp_reference());
}

/* No configuration file is ever read, so this asks for what is so. */
HANDLER(on_no_config)
{
    return true;
}

HANDLER(on_version)
{
    return print(s, g_strdup("valletta emulator version " VALLETTA_VERSION "\n"));
}

HANDLER(on_help)
{
    return print(s, options_help());
}

const Option option_table[] = {
    { NULL, NULL, "Machine", NULL },
    { "machine", "malta[,PROP=VALUE]", "the machine; repeated ones add up (help: -machine malta,help)",
      on_machine },
    { "M", "malta[,PROP=VALUE]", "the same", on_machine },
    { "accel", "NAME[,PROP=VALUE]", "what runs the CPU (-accel help)", on_accel },
    { "enable-kvm", NULL, "the same as -accel kvm", on_enable_kvm },
    { "cpu", "MODEL", "the CPU model (-cpu help)", on_cpu },
    { "smp", "[cpus=]1", "the number of CPUs; there is one", on_smp },
    { "m", "[size=]SIZE", "RAM in MiB or with K, M, G; 128 by default, 2G at most", on_memory },
    { "rtc", "base=utc|localtime|DATE[,clock=host|vm]",
      "where the real-time clock starts (DATE: 2026-01-31T12:00:00) and what it\n"
      "runs on: host, or vm, which stands still with the machine",
      on_rtc },
    { "name", "[guest=]NAME[,process=NAME][,debug-threads=on]", "a name for the machine and for the process",
      on_name },
    { "uuid", "UUID", "what the monitor's \"info uuid\" tells", on_uuid },

    { "object", "TYPE,id=ID[,PROP=VALUE]", 
      "a memory back end, secret, source of random numbers (-object help)", on_object },
    { "device", "TYPE[,id=ID][,PROP=VALUE]", "a device beyond the board's own (-device help)", on_device },
    { "usb", NULL, "accepted: USB is a part of the board", on_usb },
    { "usbdevice", "keyboard|mouse|tablet|disk:FILE", "short for -device usb-...", on_usbdevice },
    { "overcommit", "[mem-lock=on|off]", "whether the program's memory is locked in RAM", on_overcommit },

    { NULL, NULL, "Disks", NULL },
    { "hda", "FILE", "an image for the first drive of the first IDE cable", on_short_drive },
    { "hdb", "FILE", "the second drive of it", on_short_drive },
    { "hdc", "FILE", "the first drive of the second cable; -cdrom is in its place", on_short_drive },
    { "hdd", "FILE", "the second drive of it", on_short_drive },
    { "cdrom", "FILE", "an image for the CD-ROM drive", on_short_drive },
    { "drive", "[file=]FILE[,if=ide|virtio|none][,id=ID][,format=raw|...][,media=disk|cdrom]\n"
      "                        [,index=N|,bus=N,unit=N][,cache=MODE][,discard=unmap][,read-only=on]",
      "a drive and its image; if=none: for a -device with drive=ID", on_drive },
    { "blockdev", "DRIVER,node-name=NAME[,OPTION=VALUE]",
      "an image, or a part of one, for drive=NAME of a -device", on_blockdev },
    { "snapshot", NULL, "what is written to images goes away in the end", on_snapshot },

    { NULL, NULL, "Shared folders", NULL },
    { "virtfs", "local,path=FOLDER,mount_tag=TAG,security_model=MODEL[,readonly=on][,id=ID]",
      "a folder of this host that the guest mounts as TAG, by 9P; MODEL is mapped-xattr,\n"
      "mapped-file, passthrough or none (-fsdev help)", on_virtfs },
    { "fsdev", "local,id=ID,path=FOLDER,security_model=MODEL[,...]",
      "the same for a -device virtio-9p-pci,fsdev=ID,mount_tag=TAG (-fsdev help)", on_fsdev },

    { NULL, NULL, "Boot", NULL },
    { "kernel", "FILE", "a Linux kernel: ELF, vmlinuz ELF, uImage or raw", on_kernel },
    { "initrd", "FILE", "the initial RAM disk that goes with it", on_initrd },
    { "append", "TEXT", "the kernel's command line", on_append },
    { "dtb", "FILE", "a device tree for the kernel", on_dtb },
    { "bios", "FILE", "firmware for the boot flash, instead of a kernel", on_bios },
    { "L", "DIR", "where -bios also looks; may be repeated", on_data_dir },
    { "boot", "strict=on|off,menu=off", "accepted where it asks for nothing", on_boot },
    { "S", NULL, "do not start before \"cont\" in the monitor", on_stopped },
    { "no-reboot", NULL, "end where the guest would reboot", on_no_reboot },
    { "no-shutdown", NULL, "stop, but do not end, when the guest powers off", on_no_shutdown },

    { NULL, NULL, "Console and monitor", NULL },
    { "nographic", NULL, "console and monitor on this terminal (so is the default)", on_nographic },
    { "serial", "DEV", "the next serial port: ttyS0, ttyS1, the CBUS UART; DEV is stdio, mon:stdio,\n"
      "pty, file:F, pipe:F, tcp:HOST:PORT[,server=on,wait=off], unix:F[,...],\n"
      "null, none, chardev:ID", on_serial },
    { "chardev", "BACKEND,id=ID[,...]", "a character device for chardev:ID and -mon (-chardev help)",
      on_chardev },
    { "monitor", "DEV", "the monitor's terminal, as with -serial", on_monitor },
    { "mon", "[chardev=]ID[,mode=readline|control][,pretty=on]",
      "a monitor on a -chardev: for people, or QMP (control)", on_mon },
    { "qmp", "DEV", "a QMP monitor, as with -serial", on_qmp },
    { "qmp-pretty", "DEV", "the same, replies on several lines", on_qmp },
    { "add-fd", "fd=N,set=M[,opaque=TEXT]",
      "an inherited descriptor, for /dev/fdset/M in the place of a file", on_add_fd },
    { "parallel", "DEV|none", "what a printer prints (default none: no printer), as with -serial",
      on_parallel },
    { "nodefaults", NULL, "no console, monitor and network but those asked for", on_nodefaults },

    { NULL, NULL, "Display", NULL },
    { "display", "none|sdl[,OPTION=VALUE]|curses|vnc=...", "where the display is shown (-display help)",
      on_display },
    { "sdl", NULL, "the same as -display sdl", on_display_name },
    { "curses", NULL, "the same as -display curses", on_display_name },
    { "full-screen", NULL, "the window fills the screen (Ctrl-Alt-f)", on_full_screen },
    { "vnc", "HOST:N|:N|unix:PATH|none[,password=on|,password-secret=ID][,to=N]\n"
      "                        [,share=allow-exclusive|force-shared|ignore][,id=ID][,display=DEVICE]",
      "serve a display at TCP port 5900 + N, or PATH", on_vnc },
    { "k", "LAYOUT", "the keyboard that the guest believes in, for VNC: en-us (default), de, fr, ...",
      on_keyboard },
    { "vga", "none|std|cirrus", "the graphics card: none, a VGA with the Bochs interface, a CL-GD5446;\n"
      "cirrus if there is no -vga, no -nodefaults and no -device of the kind", on_vga },

    { NULL, NULL, "Sound", NULL },
    { "audio", "DRIVER[,model=ac97][,OPTION=VALUE...]",
      "a sound card and where it is heard, as -audiodev; model=help lists cards", on_audio },
    { "audiodev", "DRIVER,id=ID[,OPTION=VALUE...]",
      "where a -device AC97,audiodev=ID is heard: none, wav (a file), sdl (-audiodev help)", on_audiodev },

    { NULL, NULL, "Network", NULL },
    { "nic", "TYPE|none[,model=MODEL][,mac=MAC][,...]",
      "a network device and what it is plugged into, as -netdev; model=help lists devices.\n"
      "Without -nic, -net and -netdev there is a PCnet on a user network", on_nic },
    { "netdev", "TYPE,id=ID[,...]", "a network that a -device with netdev=ID is plugged into (-netdev help)",
      on_netdev },
    { "net", "nic|TYPE|none[,...]", "the same two as -nic, apart: a hub joins all of them", on_nic },

    { NULL, NULL, "Debugging and the process", NULL },
    { "gdb", "DEV", "serve gdb on DEV: tcp::PORT, unix:PATH, stdio, chardev:ID, as with -serial",
      on_gdb },
    { "s", NULL, "the same as -gdb tcp::1234", on_gdb_default },
    { "d", "ITEM[,ITEM]", "log these (-d help)", on_log_items },
    { "D", "FILE", "log to FILE (%d: the process id) and not to standard error", on_log_file },
    { "perfmap", NULL, "tell perf where translated code lies, in /tmp/perf-PID.map", on_perfmap },
    { "jitdump", NULL, "write translated code for \"perf inject\", to jit-PID.dump here", on_jitdump },
    { "msg", "timestamp=on|off", "begin error messages with the time", on_msg },
    { "pidfile", "FILE", "write the process id to FILE", on_pidfile },
    { "daemonize", NULL, "go to the background when everything is set up", on_daemonize },
    { "sandbox", "on[,obsolete=deny][,elevateprivileges=deny|children][,spawn=deny]\n"
      "                        [,resourcecontrol=deny]",
      "refuse system calls that the program does not need", on_sandbox },
    { "readconfig", "FILE", "read options from FILE: [option \"id\"] and key = \"value\" lines",
      on_readconfig },
    { "preconfig", NULL, "wait for x-exit-preconfig in QMP before the machine is made", on_preconfig },
    { "qtest", "DEV", "a test program drives the machine from here, as with -serial", on_qtest },
    { "qtest-log", "FILE|none", "what it says and is told is written to FILE", on_qtest_log },
    { "qmp-reference", NULL, "print all QMP commands, events and types", on_qmp_reference },
    { "no-user-config", NULL, "accepted: no configuration file is read", on_no_config },
    { "version", NULL, "print the version", on_version },
    { "help", NULL, "print this", on_help },
    { "h", NULL, "print this", on_help },
    { NULL, NULL, NULL, NULL },
};
