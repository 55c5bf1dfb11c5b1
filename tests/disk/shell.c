/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only program of a guest whose devices come and go: loads the modules of /order, then does what lines on
 * the console say; an answer is "<", what was asked for, ">", and DONE or what was wrong:
 *
 *     list PATH          the names in a folder
 *     write PATH TEXT    TEXT into a file
 *     read PATH COUNT    its first bytes, in hexadecimal
 *     fill PATH COUNT    that many blocks of 4 KiB into it, each made safe
 *     mount DEVICE FOLDER  a file system of ext4 (FOLDER is made), or with "none" for DEVICE its end
 *     smbus ADDRESS REG  a byte of a device on the first bus (hexadecimal)
 *     sound NAME VALUE   a control of the mixer
 *     play RATE PERIODS  a sine by ALSA; dsp RATE CHANNELS MS: the same by OSS
 *     record PATH RATE PERIODS  the sum of what was recorded
 *     drm WORD ARGUMENTS  pictures: see drm.h
 *     off                the end
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "drm.h"
#include "modules.h"
#include "sound.h"

static int list(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        if (e->d_name[0] != '.') {
            printf("%s ", e->d_name);
        }
    }
    return dir ? closedir(dir) : -1;
}

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

static int read_bytes(const char *path, int count)
{
    static uint8_t bytes[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, bytes, count > 4096 ? 4096 : (size_t)count);
    int saved = errno;
    for (ssize_t i = 0; i < n; i++) {
        printf("%02x", bytes[i]);
    }
    printf(" ");
    close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

static int fill(const char *path, int count)
{
    static uint8_t block[4096];
    int fd = open(path, O_WRONLY | O_DSYNC), result = fd < 0 ? -1 : 0;
    for (int i = 0; i < count && result == 0; i++) {
        memset(block, i, sizeof(block));
        result = pwrite(fd, block, sizeof(block), i % 64 * 4096) == sizeof(block) ? 0 : -1;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return result;
}

static int smbus(unsigned address, unsigned reg)
{
    union i2c_smbus_data data;
    struct i2c_smbus_ioctl_data call = { I2C_SMBUS_READ, (uint8_t)reg, I2C_SMBUS_BYTE_DATA, &data };
    int fd = open("/dev/i2c-0", O_RDWR);
    bool good = fd >= 0 && ioctl(fd, I2C_SLAVE, (unsigned long)address) >= 0 &&
                ioctl(fd, I2C_SMBUS, &call) >= 0;
    int saved = errno;
    if (good) {
        printf("%02x ", data.byte);
    }
    close(fd);
    errno = saved;
    return good ? 0 : -1;
}

static int mount_at(const char *device, const char *folder)
{
    if (strcmp(device, "none") == 0) {
        return umount(folder);
    }
    mkdir(folder, 0755);
    return mount(device, folder, "ext4", 0, NULL);
}

/* "sound", "play", "record" and "dsp"; -1 for other words, with errno. */
static int run_sound(const char *word, char *first, char *more)
{
    char *last = strrchr(more, ' ');
    unsigned number = (unsigned)atoi(last ? last + 1 : more);
    if (strcmp(word, "play") == 0) {
        return sound_play((unsigned)atoi(first), number);
    }
    if (!last) {
        return -1;
    }
    if (strcmp(word, "sound") == 0) {
        *last = 0;
        first[strlen(first)] = ' ';     /* a name has several words */
        return sound_set(first, (long)number);
    }
    return strcmp(word, "record") == 0 ? sound_record(first, (unsigned)atoi(more), number)
         : strcmp(word, "dsp") == 0 ? sound_dsp(atoi(first), atoi(more), number) : -1;
}

/* 0, or -1 with errno. */
static int run(char *line)
{
    char *word = strtok(line, " \r\n"), *path = strtok(NULL, " \r\n"), *more = strtok(NULL, "\r\n");
    errno = EINVAL;
    if (!word) {
        return -1;
    }
    if (strcmp(word, "off") == 0) {
        reboot(RB_POWER_OFF);
    }
    if (path && strcmp(word, "list") == 0) {
        return list(path);
    }
    if (!path || !more) {
        return -1;
    }
    return strcmp(word, "write") == 0 ? write_text(path, more)
         : strcmp(word, "read") == 0 ? read_bytes(path, atoi(more))
         : strcmp(word, "fill") == 0 ? fill(path, atoi(more))
         : strcmp(word, "mount") == 0 ? mount_at(path, more)
         : strcmp(word, "drm") == 0 ? drm(path, more)
         : strcmp(word, "smbus") == 0
         ? smbus((unsigned)strtoul(path, NULL, 16), (unsigned)strtoul(more, NULL, 16))
         : run_sound(word, path, more);
}

int main(void)
{
    static char line[512];
    setvbuf(stdout, NULL, _IONBF, 0);
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sys", "/sys", "sysfs", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    load_modules();
    printf("READY\n");
    while (fgets(line, sizeof(line), stdin)) {
        printf("<");
        int result = run(line);
        printf(">%s\n", result == 0 ? "DONE" : strerror(errno));
    }
    reboot(RB_POWER_OFF);
    return 0;
}
