/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What -sandbox refuses, tried in processes of their own. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "app/sandbox.h"
#include "config-host.h"

static bool parse(const char *text, Sandbox *s, GError **err)
{
    g_autoptr(KeyVal) kv = keyval_new("-sandbox");
    return keyval_parse(kv, text, "enable", err) && sandbox_parse(s, kv, err);
}

static void test_parse(void)
{
    static const char *const bad[] = { "maybe", "on,spawn=maybe", "on,frob=deny",
                                       "on,resourcecontrol=children" };
    Sandbox s;
    GError *err = NULL;
    g_assert_true(parse("off,spawn=deny", &s, &err));
    g_assert_false(s.on);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_false(parse(bad[i], &s, &err));
        g_assert_nonnull(strstr(err->message, "-sandbox"));
        g_clear_error(&err);
    }
}

#ifdef HAVE_SECCOMP

static gpointer nothing(gpointer data)
{
    return data;
}

enum { FORK, SET_UID, MOUNT_OFF, PRIORITY, LIMIT, AFFINITY, THREAD, NO_NEW_PRIVS };

/* 0: allowed, else errno. */
static int try(int what)
{
    cpu_set_t cpus;
    struct rlimit limit;
    int rc = 0;
    errno = 0;
    switch (what) {
    case FORK:
        rc = fork();
        if (rc == 0) {
            _exit(0);
        }
        break;
    case SET_UID:
        rc = setuid(getuid());
        break;
    case MOUNT_OFF:
        rc = acct("/nonexistent");
        break;
    case PRIORITY:
        rc = setpriority(PRIO_PROCESS, 0, 19);
        break;
    case LIMIT:
        rc = getrlimit(RLIMIT_CORE, &limit) ? -1 : setrlimit(RLIMIT_CORE, &limit);
        break;
    case AFFINITY:
        rc = sched_getaffinity(0, sizeof(cpus), &cpus) || sched_setaffinity(0, sizeof(cpus), &cpus) ? -1 : 0;
        break;
    case THREAD:
        g_thread_join(g_thread_new("t", nothing, NULL));
        break;
    default:
        rc = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -1;
        break;
    }
    return rc < 0 ? errno ? errno : EINVAL : 0;
}

/* The status of a child that has tried it: an exit code, or minus the signal. */
static int outcome(const char *options, int what)
{
    pid_t pid = fork();
    if (pid == 0) {
        Sandbox s;
        if (!parse(options, &s, NULL) || !sandbox_apply(&s, NULL)) {
            _exit(255);
        }
        _exit(try(what));
    }
    int status;
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_parts(void)
{
    const char *all = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
    const struct { const char *options; int what, wanted; } cases[] = {
        { "off", FORK, 0 }, { "on", FORK, 0 }, { "on,spawn=allow", FORK, 0 },
            { "on,spawn=deny", FORK, -SIGSYS },
        { "on,spawn=deny", THREAD, 0 }, { "on", SET_UID, 0 },
            { "on,elevateprivileges=deny", SET_UID, -SIGSYS },
        { "on,elevateprivileges=children", SET_UID, 0 }, { "on,elevateprivileges=children", NO_NEW_PRIVS, 0 },
        { "off", NO_NEW_PRIVS, EINVAL }, { "on", MOUNT_OFF, -SIGSYS }, { "on", PRIORITY, 0 },
            { "on", LIMIT, 0 },
        { "on,resourcecontrol=deny", LIMIT, EPERM },
            { "on", AFFINITY, 0 },
        { "on,resourcecontrol=deny", PRIORITY, EPERM }, { "on,resourcecontrol=deny", AFFINITY, EPERM },
        { all, FORK, -SIGSYS }, { all, THREAD, 0 }, { all, PRIORITY, EPERM },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int found = outcome(cases[i].options, cases[i].what);
        if (found != cases[i].wanted) {
            g_error("%s, call %d: %d, not %d", cases[i].options, cases[i].what, found, cases[i].wanted);
        }
    }
}

#else

static void test_parts(void)
{
    g_test_skip("built without libseccomp");
}

#endif

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/parse", test_parse);
    g_test_add_func("/sandbox/parts", test_parts);
    return g_test_run();
}
