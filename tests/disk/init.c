/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only program of a guest that writes to its disk: loads the modules of /order, then does what "disk="
 * of the kernel's command line says.
 *
 * records:SEED:FIRST: record n is 1 to 16 blocks of 4 KiB at a place of its own; each begins with n, and all
 * of it follows from n and SEED. Of three records one is made safe with fdatasync; then "SAFE n" says that it
 * and all before it are on the disk. Never ends by itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "modules.h"

#define BLOCK 4096u
#define MOST 16u

static void fail(const char *what)
{
    printf("FAIL %s: %s\n", what, strerror(errno));
    sync();
    reboot(RB_POWER_OFF);
}

static int open_disk(void)
{
    static const char *const names[] = { "/dev/vda", "/dev/sda" };
    for (int i = 0; i < 3000; i++) {
        int fd = open(names[i & 1], O_RDWR);
        if (fd >= 0) {
            return fd;
        }
        usleep(10000);
    }
    fail("no disk came");
    return -1;
}

static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

/* The same is computed by the test. */
static void fill(uint32_t *words, uint32_t n, uint32_t seed, uint32_t blocks)
{
    words[0] = n;
    words[1] = blocks;
    for (uint32_t i = 2; i < blocks * BLOCK / 4; i++) {
        words[i] = mix(n * 0x9e3779b9u + seed + i);
    }
}

static void records(uint32_t seed, uint32_t n)
{
    static uint32_t words[MOST * BLOCK / 4];
    int fd = open_disk();
    off_t slots = lseek(fd, 0, SEEK_END) / (MOST * BLOCK);
    printf("BEGIN\n");
    for (;; n++) {
        uint32_t blocks = 1 + mix(seed ^ n) % MOST;
        off_t at = (off_t)(n % slots) * MOST * BLOCK;
        fill(words, n, seed, blocks);
        if (pwrite(fd, words, blocks * BLOCK, at) != (ssize_t)(blocks * BLOCK)) {
            fail("write");
        }
        if (n % 3 == 2) {
            if (fdatasync(fd) != 0) {
                fail("fdatasync");
            }
            printf("SAFE %u\n", n);
        }
    }
}

int main(void)
{
    static char line[4096];
    unsigned seed, first;
    setvbuf(stdout, NULL, _IONBF, 0);
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    int fd = open("/proc/cmdline", O_RDONLY);
    if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0) {
        fail("/proc/cmdline");
    }
    if (!load_modules()) {
        fail("modules");
    }
    const char *what = strstr(line, "disk=");
    if (!what || sscanf(what, "disk=records:%u:%u", &seed, &first) != 2) {
        errno = EINVAL;
        fail("disk=");
    }
    records(seed, first);
    return 0;
}
