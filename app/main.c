/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "app/options.h"
#include "app/plan.h"
#include "app/process.h"
#include "app/settings.h"
#include "app/vm.h"
#include "util/error.h"
#include "util/log.h"

/* Remarks while the machine lives: the terminal may be in raw mode. */
static void print_remark(const char *text)
{
    bool terminal = isatty(STDERR_FILENO);
    for (; *text; text++) {
        if (*text == '\n' && terminal) {
            fputc('\r', stderr);
        }
        fputc(*text, stderr);
    }
    fflush(stderr);
}

/* The only place that ends the program for an error. Takes err. */
static int fail(Settings *s, GError *err)
{
    bool stamp = false, name = false;
    if (keyval_get_bool(s->msg, "timestamp", &stamp, NULL) && stamp) {
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        g_autofree char *text = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
        fprintf(stderr, "%s.%06dZ ", text, g_date_time_get_microsecond(now));
    }
    if (keyval_get_bool(s->msg, "guest-name", &name, NULL) && name && keyval_get(s->guest_name, "guest")) {
        fprintf(stderr, "%s ", keyval_get(s->guest_name, "guest"));
    }
    fprintf(stderr, "valletta: %s\n", err->message);
    g_error_free(err);
    return 1;
}

static bool check_msg(Settings *s, GError **err)
{
    bool ignored;
    return keyval_get_bool(s->msg, "timestamp", &ignored, err) &&
           keyval_get_bool(s->msg, "guest-name", &ignored, err) && keyval_finish(s->msg, err);
}

static bool set_up_log(const Settings *s, GError **err)
{
    if (s->log_file && !log_set_file(s->log_file, err)) {
        g_prefix_error(err, "-D %s: ", s->log_file);
        return false;
    }
    if (s->log_items && !log_set_items(s->log_items, err)) {
        g_prefix_error(err, "-d %s: ", s->log_items);
        return false;
    }
    return true;
}

static gboolean on_signal(gpointer data)
{
    Vm **vm = data;
    vm_end(*vm);
    return G_SOURCE_CONTINUE;
}

/* Taken by the main loop, so a signal that comes while the machine is made ends it as soon
 * as it runs, with everything put back in order. */
static void catch_signals(Vm **vm)
{
    static const int endings[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        struct sigaction now;
        /* What nohup ignores stays ignored. */
        if (sigaction(endings[i], NULL, &now) != 0 || now.sa_handler != SIG_IGN) {
            g_unix_signal_add(endings[i], on_signal, vm);
        }
    }
}

/* Everything after the checks: in the background child when there is one. */
static int make_and_run(Settings *s, const Plan *plan)
{
    GError *err = NULL;
    int signal_fd = -1, status = 1;
    if (s->daemonize && !process_detach(&signal_fd, &err)) {
        return fail(s, err);
    }
    if (plan->process) {
        process_set_name(plan->process);
    }
    if (!set_up_log(s, &err) || (s->pidfile && !process_write_pid(s->pidfile, &err))) {
        return fail(s, err);
    }
    Vm *vm = NULL;
    if (!sandbox_apply(&plan->sandbox, &err)) {
        return fail(s, err);
    }
    catch_signals(&vm);
    vm = vm_new(plan, s, &err);
    if (!vm || (s->daemonize && !process_detached(signal_fd, &err))) {
        status = fail(s, err);
    } else {
        vm_run(vm, s->start_stopped);
        status = 0;
    }
    vm_free(vm);
    if (s->pidfile) {
        unlink(s->pidfile);
    }
    return status;
}

int main(int argc, char **argv)
{
    GError *err = NULL;
    Plan plan = { 0 };
    int status;
    signal(SIGPIPE, SIG_IGN);
    g_set_printerr_handler(print_remark);
    g_autoptr(Settings) s = settings_new(argv[0]);
    if (!options_parse(s, argc, argv, &err) || !check_msg(s, &err)) {
        return fail(s, err);
    }
    if (s->print) {
        fputs(s->print, stdout);
        return 0;
    }
    status = plan_make(&plan, s, &err) ? make_and_run(s, &plan) : fail(s, err);
    plan_clear(&plan);
    return status;
}
