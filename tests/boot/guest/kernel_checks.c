/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of what the kernel makes of the machine: processes, memory, files, time. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "checks.h"

static bool check_fork(void)
{
    bool good = true;
    for (int i = 0; i < 20; i++) {
        int status = 0;
        pid_t pid = fork();
        if (pid == 0) {
            _exit(i);
        }
        good = good && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == i;
    }
    return good;
}

/* Starts this program again with its output into a pipe. */
static bool check_exec(void)
{
    int ends[2], status = 0;
    char text[64] = "";
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/init", "/init", "--child", (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 42 && got > 0 &&
           strncmp(text, "child ", 6) == 0;
}

/* One MiB through a pipe from a child, then its sum. */
static bool check_pipe(void)
{
    static unsigned char block[4096];
    int ends[2], status = 0;
    unsigned long sum = 0, want = 0;
    if (pipe(ends) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = (unsigned char)(i * 7 + 3);
        want += block[i] * 256ul;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (int i = 0; i < 256; i++) {
            if (write(ends[1], block, sizeof(block)) != sizeof(block)) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    ssize_t got;
    while ((got = read(ends[0], block, sizeof(block))) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            sum += block[i];
        }
    }
    close(ends[0]);
    return waitpid(pid, &status, 0) == pid && status == 0 && sum == want;
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    alarms++;
}

/* Ten ticks of an interval timer while the CPU spins, so that each interrupts user code. */
static bool check_timer_signals(void)
{
    struct itimerval on = { { 0, 20000 }, { 0, 20000 } }, off = { 0 };
    time_t start = time(NULL);
    alarms = 0;
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &on, NULL);
    while (alarms < 10 && time(NULL) - start < 60) {
    }
    setitimer(ITIMER_REAL, &off, NULL);
    signal(SIGALRM, SIG_DFL);
    return alarms >= 10;
}

/* 8 MiB that a child overwrites: its parent's pages stay as they were. */
static bool check_copy_on_write(void)
{
    size_t words = (8u << 20) / sizeof(unsigned);
    unsigned *p = mmap(NULL, 8u << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    bool good = p != MAP_FAILED;
    for (size_t i = 0; good && i < words; i += 16) {
        p[i] = (unsigned)i * 2654435761u;
    }
    pid_t pid = fork();
    if (pid == 0) {
        for (size_t i = 0; i < words; i += 1024) {
            p[i] = ~p[i];
        }
        _exit(p[0] == ~0u && p[1024] == ~(1024u * 2654435761u) ? 0 : 1);
    }
    good = good && waitpid(pid, &status, 0) == pid && status == 0;
    for (size_t i = 0; good && i < words; i += 16) {
        good = p[i] == (unsigned)i * 2654435761u;
    }
    munmap(p, 8u << 20);
    return good;
}

static bool check_mapped_file(void)
{
    char text[16] = "";
    int fd = open("/tmp/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    bool good = fd >= 0 && ftruncate(fd, 40000) == 0 && pwrite(fd, "written", 7, 30000) == 7;
    char *p = good ? mmap(NULL, 40000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    good = p != MAP_FAILED && memcmp(p + 30000, "written", 7) == 0 && p[39999] == 0;
    if (good) {
        memcpy(p + 16380, "through map", 11);
        good = msync(p, 40000, MS_SYNC) == 0 && pread(fd, text, 11, 16380) == 11 &&
               memcmp(text, "through map", 11) == 0;
        munmap(p, 40000);
    }
    close(fd);
    unlink("/tmp/file");
    return good;
}

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* At least what was asked for, by both clocks; how much more is the host's affair. */
static bool check_nanosleep(void)
{
    struct timespec quarter = { 0, 250000000 };
    double mono = now(CLOCK_MONOTONIC), real = now(CLOCK_REALTIME);
    nanosleep(&quarter, NULL);
    mono = now(CLOCK_MONOTONIC) - mono;
    real = now(CLOCK_REALTIME) - real;
    return mono >= 0.25 && mono < 60 && real > 0.2 && real < 60;
}

static bool check_clock_goes_on(void)
{
    double last = now(CLOCK_MONOTONIC);
    for (int i = 0; i < 2000; i++) {
        double next = now(CLOCK_MONOTONIC);
        if (next < last) {
            return false;
        }
        last = next;
    }
    return true;
}

/* The RTC tells a date that is set, and goes on. A kernel without the device file has at
 * least its own time from the RTC: there is no other source of it. */
static bool check_rtc(void)
{
    struct rtc_time a, b;
    int fd = open("/dev/rtc0", O_RDONLY);
    if (fd < 0 && errno == ENOENT) {
        return time(NULL) > 1700000000;
    }
    if (fd < 0 || ioctl(fd, RTC_RD_TIME, &a) != 0) {
        return false;
    }
    double start = now(CLOCK_MONOTONIC);
    do {
        usleep(50000);
        if (ioctl(fd, RTC_RD_TIME, &b) != 0) {
            return false;
        }
    } while (b.tm_sec == a.tm_sec && now(CLOCK_MONOTONIC) - start < 10);
    close(fd);
    printf("RTC %04d-%02d-%02d %02d:%02d\n", b.tm_year + 1900, b.tm_mon + 1, b.tm_mday, b.tm_hour, b.tm_min);
    return b.tm_sec != a.tm_sec && a.tm_year >= 100;
}

/* The console's transmit interrupt and the timer's both come. */
static bool check_interrupts(void)
{
    char line[256];
    bool timer = false, serial = false;
    FILE *file = fopen("/proc/interrupts", "re");
    while (file && fgets(line, sizeof(line), file)) {
        const char *count = strchr(line, ':');
        bool some = count && strtoul(count + 1, NULL, 10) > 0;
        timer = timer || (some && strstr(line, "timer"));
        serial = serial || (some && strstr(line, "ttyS0"));
    }
    if (file) {
        fclose(file);
    }
    return timer && serial;
}

const Check kernel_checks[] = {
    { "fork", check_fork }, { "exec", check_exec }, { "pipe", check_pipe },
    { "timer signals", check_timer_signals }, { "copy on write", check_copy_on_write },
    { "mapped file", check_mapped_file }, { "nanosleep", check_nanosleep },
    { "clock goes on", check_clock_goes_on }, { "rtc", check_rtc }, { "interrupts", check_interrupts },
    { 0 }
};
