/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole user space of the emulated host: runs the commands of /commands one after the
 * other, each within its time, then restarts the machine. A line is
 *   NAME SECONDS PROGRAM ARGUMENT... [< FILE]       words may stand in double quotes
 * and the console has for it
 *   NESTED-BEGIN NAME
 *   (what the program writes)
 *   NESTED-END NAME rc=STATUS cpu=SECONDS wall=SECONDS
 * where the status is 128 + its number for a signal, "timeout" when time was up.
 */
#include <fcntl.h>
#include <linux/random.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 64, MAX_LINE = 2048 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
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
        for (int i = 0; i < 3; i++) {
            dup2(fd, i);
        }
        if (fd > 2) {
            close(fd);
        }
    }
    setvbuf(stdout, NULL, _IONBF, 0);
}

/* A machine without a source of chance would spend seconds on making some from its own
 * jitter, on the account of whoever asks first; it was given some in /seed. */
static void seed(void)
{
    struct {
        struct rand_pool_info head;
        char bytes[64];
    } pool = { .head.buf_size = 0 };
    int from = open("/seed", O_RDONLY), to = open("/dev/urandom", O_WRONLY);
    ssize_t got = read(from, pool.bytes, sizeof(pool.bytes));
    pool.head.buf_size = got > 0 ? (int)got : 0;
    pool.head.entropy_count = pool.head.buf_size * 8;
    if (got <= 0 || ioctl(to, RNDADDENTROPY, &pool) != 0) {
        perror("/seed");
    }
    close(from);
    close(to);
}

/* Takes line apart in place; the words end with NULL. */
static int split(char *line, char **words)
{
    int n = 0;
    while (n < MAX_WORDS - 1) {
        line += strspn(line, " \t\n");
        if (!*line) {
            break;
        }
        bool quoted = *line == '"';
        words[n++] = line += quoted;
        line += strcspn(line, quoted ? "\"" : " \t\n");
        if (*line) {
            *line++ = 0;
        }
    }
    words[n] = NULL;
    return n;
}

/* In the child: nothing ever comes in, everything goes out through the pipe. */
static void run_child(char **words, int quiet, int output)
{
    setpgid(0, 0);
    dup2(quiet, 0);
    dup2(output, 1);
    dup2(output, 2);
    for (int fd = 3; fd < 32; fd++) {
        close(fd);
    }
    execv(words[0], words);
    perror(words[0]);
    _exit(127);
}

/* Copies until everybody has closed the pipe; false: time was up before that. */
static bool copy_output(int fd, double end)
{
    char buffer[4096];
    for (;;) {
        double left = end - now();
        struct pollfd p = { fd, POLLIN, 0 };
        if (left <= 0 || poll(&p, 1, left > 1 ? 1000 : (int)(left * 1000) + 1) < 0) {
            return false;
        }
        if (p.revents) {
            ssize_t got = read(fd, buffer, sizeof(buffer));
            if (got <= 0) {
                return true;
            }
            fwrite(buffer, 1, (size_t)got, stdout);
        }
    }
}

static void report(const char *name, int status, bool late, const struct rusage *used, double wall)
{
    char rc[16] = "timeout";
    if (!late) {
        snprintf(rc, sizeof(rc), "%d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    printf("\nNESTED-END %s rc=%s cpu=%.2f wall=%.2f\n", name, rc,
           seconds(used->ru_utime) + seconds(used->ru_stime), wall);
}

/* "< FILE" at the end: its first bytes, as many as a pipe holds, are what the program reads. */
static void feed(char **words, int fd)
{
    static char text[4096];
    int n = 0;
    while (words[n]) {
        n++;
    }
    if (n < 3 || strcmp(words[n - 2], "<") != 0) {
        return;
    }
    int from = open(words[n - 1], O_RDONLY);
    ssize_t got = read(from, text, sizeof(text));
    if (got <= 0 || write(fd, text, (size_t)got) != got) {
        perror(words[n - 1]);
    }
    close(from);
    words[n - 2] = NULL;
}

static void run(char **words)
{
    int quiet[2], output[2], status = 0;
    struct rusage used = { 0 };
    if (pipe(quiet) != 0 || pipe(output) != 0) {
        perror("pipe");
        return;
    }
    printf("\nNESTED-BEGIN %s\n", words[0]);
    feed(words, quiet[1]);
    double start = now();
    pid_t pid = fork();
    if (pid == 0) {
        run_child(words + 2, quiet[0], output[1]);
    }
    close(quiet[0]);
    close(output[1]);
    bool late = !copy_output(output[0], start + atof(words[1]));
    if (late) {
        kill(-pid, SIGKILL);
    }
    wait4(pid, &status, 0, &used);
    close(output[0]);
    close(quiet[1]);
    report(words[0], status, late, &used, now() - start);
}

int main(void)
{
    char line[MAX_LINE], *words[MAX_WORDS];
    set_up();
    seed();
    FILE *commands = fopen("/commands", "re");
    if (!commands) {
        perror("/commands");
    }
    while (commands && fgets(line, sizeof(line), commands)) {
        if (split(line, words) > 2) {
            run(words);
        }
    }
    printf("NESTED-DONE\n");
    sync();
    reboot(RB_AUTOBOOT);
    for (;;) {
        pause();
    }
}
