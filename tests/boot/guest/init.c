/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole user space of the boot tests: says what machine it finds itself on and what
 * works there, prints GUEST-UP, then does what mode= on the kernel's command line says:
 *   off, reboot     end so
 *   bench           no checks; reboot at once
 *   (otherwise)     a small prompt
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "checks.h"

static void show(const char *path)
{
    char buffer[1024];
    ssize_t got;
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        printf("%s: not there\n", path);
        return;
    }
    while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
        fwrite(buffer, 1, (size_t)got, stdout);
    }
    close(fd);
}

static void set_up(void)
{
    static const struct {
        const char *type, *where;
    } mounts[] = { { "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" } };
    for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        mkdir(mounts[i].where, 0755);
        if (mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL) != 0) {
            perror(mounts[i].where);
        }
    }
    mkdir("/tmp", 01777);
    int fd = open("/dev/console", O_RDWR);
    if (fd >= 0) {
        dup2(fd, 0);
        dup2(fd, 1);
        dup2(fd, 2);
        if (fd > 2) {
            close(fd);
        }
    }
}

static void describe(void)
{
    struct utsname u;
    uname(&u);
    printf("%s %s %s %s, %d-bit user\n", u.sysname, u.release, u.version, u.machine, (int)sizeof(long) * 8);
    show("/proc/cpuinfo");
    show("/proc/interrupts");
}

static int run_checks(const Check *checks)
{
    int failed = 0;
    for (; checks->name; checks++) {
        bool good = checks->run();
        printf("CHECK %s: %s\n", checks->name, good ? "ok" : "FAILED");
        fflush(stdout);
        failed += !good;
    }
    return failed;
}

static void end(int how)
{
    fflush(stdout);
    sync();
    reboot(how);
    perror("reboot");
}

/* A line from the keyboard, as the first virtual terminal has it. */
static void read_keys(void)
{
    char keys[256];
    mknod("/dev/tty1", S_IFCHR | 0600, makedev(4, 1));
    FILE *tty = fopen("/dev/tty1", "re");
    printf("reading keys\n");
    fflush(stdout);
    if (!tty || !fgets(keys, sizeof(keys), tty)) {
        perror("/dev/tty1");
    } else {
        printf("KEYS [%.*s]\n", (int)strcspn(keys, "\n"), keys);
    }
    if (tty) {
        fclose(tty);
    }
}

static void do_line(char *line)
{
    time_t now = time(NULL);
    if (strcmp(line, "off") == 0) {
        end(RB_POWER_OFF);
    } else if (strcmp(line, "reboot") == 0) {
        end(RB_AUTOBOOT);
    } else if (strcmp(line, "halt") == 0) {
        end(RB_HALT_SYSTEM);
    } else if (strcmp(line, "date") == 0) {
        printf("DATE %s", asctime(gmtime(&now)));
    } else if (strncmp(line, "cat ", 4) == 0) {
        show(line + 4);
    } else if (strncmp(line, "echo ", 5) == 0) {
        printf("[%s]\n", line + 5);
    } else if (strcmp(line, "keys") == 0) {
        read_keys();
    } else if (*line) {
        printf("off, reboot, halt, date, cat FILE, echo TEXT, keys\n");
    }
}

static void prompt(void)
{
    char line[256];
    for (;;) {
        printf("guest> ");
        fflush(stdout);
        if (!fgets(line, sizeof(line), stdin)) {
            clearerr(stdin);
            sleep(1);
            continue;
        }
        line[strcspn(line, "\r\n")] = 0;
        do_line(line);
    }
}

int main(int argc, char **argv)
{
    char command_line[2048] = "";
    if (argc == 2 && strcmp(argv[1], "--child") == 0) {    /* the exec check starts us so */
        printf("child %d\n", (int)sizeof(long));
        return 42;
    }
    set_up();
    FILE *file = fopen("/proc/cmdline", "re");
    if (file) {
        if (!fgets(command_line, sizeof(command_line), file)) {
            *command_line = 0;
        }
        fclose(file);
    }
    int failed = 0;
    if (!strstr(command_line, "mode=bench")) {
        describe();
        failed = run_checks(cpu_checks) + run_checks(kernel_checks);
        printf("CHECKS %s\n", failed ? "FAILED" : "PASSED");
    }
    printf("GUEST-UP\n");
    if (strstr(command_line, "mode=reboot") || strstr(command_line, "mode=bench")) {
        end(RB_AUTOBOOT);
    } else if (strstr(command_line, "mode=off")) {
        end(RB_POWER_OFF);
    }
    prompt();
}
