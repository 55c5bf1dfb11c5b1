/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include "config-host.h"
#include "util/error.h"

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

/* allow or deny; elevateprivileges knows children too. */
static bool read_part(KeyVal *props, const char *key, bool *deny, bool *children, GError **err)
{
    const char *value = keyval_get(props, key);
    if (!value || strcmp(value, "allow") == 0) {
        return true;
    }
    if (children && strcmp(value, "children") == 0) {
        return *children = true;
    }
    *deny = strcmp(value, "deny") == 0;
    return *deny || error_set(err, "-sandbox %s=%s: must be allow%s or deny", key, value,
                              children ? ", children" : "");
}

bool sandbox_parse(Sandbox *s, KeyVal *props, GError **err)
{
    const char *obsolete = keyval_get(props, "obsolete");
    *s = (Sandbox){ 0 };
    if (!keyval_get_bool(props, "enable", &s->on, err) ||
        !read_part(props, "obsolete", &s->obsolete, NULL, err) ||
        !read_part(props, "elevateprivileges", &s->elevate, &s->no_new_privs, err) ||
        !read_part(props, "spawn", &s->spawn, NULL, err) ||
        !read_part(props, "resourcecontrol", &s->resources, NULL, err) || !keyval_finish(props, err)) {
        return false;
    }
    s->obsolete = !obsolete || strcmp(obsolete, "allow") != 0;      /* of the parts, the one that is on */
#ifndef HAVE_SECCOMP
    if (s->on) {
        return error_set(err, "-sandbox on: this program was built without libseccomp");
    }
#endif
    return true;
}

#ifdef HAVE_SECCOMP

/* What the kernel keeps for programs of long ago, or only ever was for the system's own tools. */
static const int obsolete_calls[] = {
    SCMP_SYS(_sysctl), SCMP_SYS(bdflush), SCMP_SYS(create_module), SCMP_SYS(get_kernel_syms),
    SCMP_SYS(query_module), SCMP_SYS(nfsservctl), SCMP_SYS(sysfs), SCMP_SYS(uselib), SCMP_SYS(ustat),
    SCMP_SYS(sgetmask), SCMP_SYS(ssetmask), SCMP_SYS(afs_syscall), SCMP_SYS(vm86), SCMP_SYS(vm86old),
    SCMP_SYS(modify_ldt), SCMP_SYS(stime), SCMP_SYS(readdir), SCMP_SYS(quotactl), SCMP_SYS(acct),
    SCMP_SYS(kexec_load), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(mount), SCMP_SYS(umount),
    SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(lookup_dcookie), SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime), SCMP_SYS(adjtimex), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
    SCMP_SYS(syslog), SCMP_SYS(vhangup), SCMP_SYS(iopl), SCMP_SYS(ioperm),
};
static const int elevate_calls[] = {
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
    SCMP_SYS(setresgid), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(setgroups), SCMP_SYS(capset),
    SCMP_SYS(setpgid), SCMP_SYS(setsid),
};
/* clone with other flags than a thread's and clone3 are dealt with apart. */
static const int spawn_calls[] = {
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(execveat),
};
static const int resource_calls[] = {
    SCMP_SYS(setpriority), SCMP_SYS(sched_setparam), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setattr),
    SCMP_SYS(sched_setaffinity), SCMP_SYS(ioprio_set), SCMP_SYS(setrlimit),
};

static int refuse(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        /* Those that this architecture does not have have negative numbers. */
        rc = calls[i] < 0 ? 0 : seccomp_rule_add(ctx, action, calls[i], 0);
    }
    return rc;
}

/* New threads stay allowed: the C library falls back from clone3, whose flags a filter cannot see. */
static int refuse_spawn(scmp_filter_ctx ctx, uint32_t kill)
{
    int rc = refuse(ctx, kill, spawn_calls, G_N_ELEMENTS(spawn_calls));
    rc = rc ? rc : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return rc ? rc : seccomp_rule_add(ctx, kill, SCMP_SYS(clone), 1,
                                      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

static int add_rules(scmp_filter_ctx ctx, const Sandbox *s)
{
    uint32_t kill = SCMP_ACT_KILL_PROCESS, eperm = SCMP_ACT_ERRNO(EPERM);
    int rc = s->obsolete ? refuse(ctx, kill, obsolete_calls, G_N_ELEMENTS(obsolete_calls)) : 0;
    rc = rc || !s->elevate ? rc : refuse(ctx, kill, elevate_calls, G_N_ELEMENTS(elevate_calls));
    rc = rc || !s->spawn ? rc : refuse_spawn(ctx, kill);
    rc = rc || !s->resources ? rc : refuse(ctx, eperm, resource_calls, G_N_ELEMENTS(resource_calls));
    /* Limits may be read, which is the same call. */
    return rc || !s->resources ? rc : seccomp_rule_add(ctx, eperm, SCMP_SYS(prlimit64), 1,
                                                       SCMP_A2(SCMP_CMP_NE, 0));
}

bool sandbox_apply(const Sandbox *s, GError **err)
{
    if (!s->on) {
        return true;
    }
    if (s->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return error_set(err, "-sandbox elevateprivileges=children: %s", g_strerror(errno));
    }
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx ? add_rules(ctx, s) : -ENOMEM;
    rc = rc ? rc : seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
    rc = rc ? rc : seccomp_load(ctx);
    if (ctx) {
        seccomp_release(ctx);
    }
    return rc == 0 || error_set(err, "-sandbox on: the host refuses the filter: %s", g_strerror(-rc));
}

#else

bool sandbox_apply(const Sandbox *s, GError **err)
{
    return true;
}

#endif
