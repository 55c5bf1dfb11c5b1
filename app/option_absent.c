/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only list of what is known by name and not there: when a feature arrives, its line goes. */
#include "app/options.h"

#define NO_DISK "a Malta has no such drive; -drive and -hda are there"
#define NO_FLOPPY "the floppy controller's cable is empty; -drive and -hda are there"
#define NO_DISPLAY "there are -vnc :N and -display sdl; and the serial console (-append console=ttyS0)"
#define NO_AUDIO "there is no sound"
#define NO_SAVE "machine state cannot be saved or loaded"
#define NOT_MALTA "a Malta has no such thing"

const AbsentOption absent_options[] = {
    { "fda", NO_FLOPPY },
    { "fdb", NO_FLOPPY },
    { "pflash", "use -bios FILE for the boot flash" },
    { "mtdblock", NO_DISK },
    { "sd", NO_DISK },
    { "iscsi", NO_DISK },
    { "global", "device properties cannot be set from outside" },
    { "set", "device properties cannot be set from outside" },
    { "spice", NO_DISPLAY },
    { "curses", NO_DISPLAY },
    { "g", NO_DISPLAY },
    { "soundhw", NO_AUDIO },
    { "debugcon", "there is no debug console" },
    { "loadvm", NO_SAVE },
    { "incoming", NO_SAVE },
    { "only-migratable", NO_SAVE },
    { "icount", "virtual time follows the host's" },
    { "semihosting", "there is no semihosting" },
    { "semihosting-config", "there is no semihosting" },
    { "trace", "use -d mmio, -d int and others (-d help)" },
    { "plugin", "there are no plugins" },
    { "dfilter", "-d logs all addresses" },
    { "seed", "the guest's random seed comes from the host" },
    { "singlestep", "use -accel tcg,one-insn-per-tb=on" },
    { "tb-size", "use -accel tcg,tb-size=MiB" },
    { "watchdog", "there is no watchdog" },
    { "watchdog-action", "there is no watchdog" },
    { "action", "use -no-reboot and -no-shutdown" },
    { "writeconfig", "keep the command line in a script" },
    { "runas", "start it as that user" },
    { "run-with", "start it in that environment" },
    { "chroot", "start it in that environment" },
    { "tpmdev", NOT_MALTA },
    { "acpitable", NOT_MALTA },
    { "smbios", NOT_MALTA },
    { "fw_cfg", NOT_MALTA },
    { "no-acpi", NOT_MALTA },
    { "no-hpet", NOT_MALTA },
    { "numa", NOT_MALTA },
    { "option-rom", NOT_MALTA },
    { "bt", NOT_MALTA },
    { "mem-path", "guest memory is anonymous" },
    { "mem-prealloc", "guest memory comes as it is touched" },
    { "prom-env", "use -append" },
    { "shim", "the kernel is loaded by itself" },
    { "win2k-hack", NOT_MALTA },
    { 0 },
};
