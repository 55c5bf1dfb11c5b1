/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run state, log, help; and the names that are not there. */
#include <string.h>
#include "monitor/commands.h"
#include "monitor/tree.h"
#include "util/error.h"
#include "util/log.h"

COMMAND(run_quit)
{
    machine_request_shutdown(c->machine, SHUTDOWN_MONITOR_QUIT);
    return true;
}

COMMAND(run_stop)
{
    if (c->machine->state == RUN_RUNNING || c->machine->state == RUN_PRELAUNCH) {
        machine_stop(c->machine, RUN_PAUSED);
    }
    return true;
}

COMMAND(run_cont)
{
    if (c->machine->state == RUN_INTERNAL_ERROR) {
        return error_set(err, "cont: the guest cannot go on after an internal error; system_reset resets it");
    }
    machine_start(c->machine);
    return true;
}

COMMAND(run_reset)
{
    machine_request_host_reset(c->machine);
    return true;
}

COMMAND(run_powerdown)
{
    machine_press_power_button(c->machine);
    return true;
}

COMMAND(run_exit_preconfig)
{
    return c->preconfig ? c->exit_preconfig(c->app, err)
                        : error_set(err, "exit_preconfig: the machine is made already");
}

COMMAND(run_gdbserver)
{
    if (!c->gdbserver || c->preconfig) {
        return error_set(err, "gdbserver: there is no machine yet");
    }
    return c->gdbserver(c->app, *args ? args : "tcp::1234", out, err);
}

COMMAND(run_nmi)
{
    return error_set(err, "machine does not provide NMIs");
}

COMMAND(run_cpu)
{
    uint64_t n;
    if (!expr_parse(c, args, &n, NULL, err)) {
        return false;
    }
    return n < c->machine->cpus->len || error_set(err, "invalid CPU index");
}

COMMAND(run_balloon)
{
    const Balloon *b = c->machine->balloon;
    uint64_t mib;
    if (!b) {
        return error_set(err, "balloon: there is no balloon device (-device virtio-balloon-pci)");
    }
    if (!expr_parse(c, args, &mib, NULL, err)) {
        return false;
    }
    b->ask(b->opaque, mib * MIB);
    return true;
}

COMMAND(run_log)
{
    if (*args == '\0') {
        g_autofree char *text = log_items_help();
        g_string_append(out, text);
        return true;
    }
    return log_set_items(args, err);
}

COMMAND(run_logfile)
{
    return *args ? log_set_file(args, err) : error_set(err, "logfile: needs a file name");
}

COMMAND(run_trace_event)
{
    g_auto(GStrv) words = commands_words(args, 2, 2, "trace-event ITEM on|off", err);
    if (!words) {
        return false;
    }
    bool on = strcmp(words[1], "on") == 0;
    if (!on && strcmp(words[1], "off") != 0) {
        return error_set(err, "trace-event: '%s' must be on or off", words[1]);
    }
    return log_switch(words[0], on) ||
           error_set(err, "unknown event '%s'; info trace-events lists them", words[0]);
}

const MonitorCommand hmp_run_commands[] = {
    { "balloon", NULL, "MiB", "how much memory the guest should have: it fills its balloon, or empties it",
      run_balloon },
    { "cont", "c", "", "start, or go on", run_cont },
    { "cpu", NULL, "N", "choose the CPU that x and others look at; there is 0", run_cpu },
    { "exit_preconfig", NULL, "", "with -preconfig: make the machine", run_exit_preconfig },
    { "gdbserver", NULL, "[DEV|none]", "serve gdb on DEV, as -gdb; tcp::1234 if it is not said",
      run_gdbserver },
    { "help", "?", "[COMMAND]", "this list", commands_help, ARG_COMMAND },
    { "info", NULL, "[WHAT]", "show something (\"help info\" lists what)", commands_info, ARG_INFO },
    { "log", NULL, "[ITEM,...|none]", "log these, as -d", run_log, ARG_LOG },
    { "logfile", NULL, "FILE", "log to FILE, as -D", run_logfile },
    { "nmi", NULL, "", "is refused: nothing raises an NMI", run_nmi },
    { "quit", "q", "", "end the program", run_quit },
    { "stop", "s", "", "stop the guest", run_stop },
    { "system_powerdown", NULL, "", "press the power button", run_powerdown },
    { "system_reset", NULL, "", "reset the machine", run_reset },
    { "trace-event", NULL, "ITEM on|off", "log this, or not any more; ITEM may hold * and ?", run_trace_event,
      ARG_LOG },
    { 0 },
};

#define NO_DISK "images are neither copied nor merged while the machine is there; drives stay"
#define NO_SAVE "machine state cannot be saved or loaded"
#define ABSENT(command, reason) { command, NULL, "", NULL, NULL, ARG_OTHER, reason }

const MonitorCommand hmp_absent_commands[] = {
    ABSENT("block_job_cancel", NO_DISK),
    ABSENT("block_stream", NO_DISK),
    ABSENT("boot_set", "what boots is what -kernel or -bios names"),
    ABSENT("commit", NO_DISK),
    ABSENT("delvm", NO_SAVE),
    ABSENT("drive_add", NO_DISK),
    ABSENT("drive_backup", NO_DISK),
    ABSENT("drive_del", NO_DISK),
    ABSENT("drive_mirror", NO_DISK),
    ABSENT("dump-guest-memory", "only QMP has it; memsave and pmemsave write memory as it is"),
    ABSENT("loadvm", NO_SAVE),
    ABSENT("migrate", NO_SAVE),
    ABSENT("migrate_cancel", NO_SAVE),
    ABSENT("migrate_set_capability", NO_SAVE),
    ABSENT("migrate_set_parameter", NO_SAVE),
    ABSENT("one-insn-per-tb", "use -accel tcg,one-insn-per-tb=on"),
    ABSENT("qemu-io", NO_DISK),
    ABSENT("savevm", NO_SAVE),
    ABSENT("singlestep", "use -accel tcg,one-insn-per-tb=on"),
    ABSENT("snapshot_blkdev", NO_DISK),
    ABSENT("stopcapture", "-audiodev wav,path=FILE writes what is played"),
    ABSENT("system_wakeup", "nothing is suspended: the guest cannot suspend itself"),
    ABSENT("watchdog_action", "there is no watchdog"),
    ABSENT("wavcapture", "-audiodev wav,path=FILE writes what is played"),
    { 0 },
};
