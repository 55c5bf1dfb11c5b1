/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "app/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "util/error.h"

static void parent_waits(int fd)
{
    char ready;
    ssize_t n;
    do {
        n = read(fd, &ready, 1);
    } while (n < 0 && errno == EINTR);
    _exit(n == 1 ? 0 : 1);      /* at end of file the child has said why */
}

bool process_detach(int *signal_fd, GError **err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return error_set(err, "-daemonize: %s", g_strerror(errno));
    }
    pid_t pid = fork();
    if (pid < 0) {
        return error_set(err, "-daemonize: %s", g_strerror(errno));
    }
    if (pid > 0) {
        close(fds[1]);
        parent_waits(fds[0]);
    }
    close(fds[0]);
    setsid();
    umask(027);
    *signal_fd = fds[1];
    return true;
}

bool process_detached(int signal_fd, GError **err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || chdir("/") != 0) {
        return error_set(err, "-daemonize: %s", g_strerror(errno));
    }
    fflush(stdout);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        dup2(null, fd);
    }
    close(null);
    ssize_t n = write(signal_fd, "", 1);
    close(signal_fd);
    return n == 1 || error_set(err, "-daemonize: the caller is gone");
}

bool process_write_pid(const char *path, GError **err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_set(err, "-pidfile %s: %s", path, g_strerror(errno));
    }
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        close(fd);
        return error_set(err, "-pidfile %s: a running process holds it", path);
    }
    char text[32];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || write(fd, text, (size_t)len) != len) {
        int saved = errno;
        close(fd);
        return error_set(err, "-pidfile %s: %s", path, g_strerror(saved));
    }
    return true;        /* fd stays open: the lock goes with it */
}

void process_set_name(const char *name)
{
    prctl(PR_SET_NAME, name);
}
