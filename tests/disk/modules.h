/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the first programs of guests: loads what debian.py has put into the initramfs. */
#ifndef TESTS_DISK_MODULES_H
#define TESTS_DISK_MODULES_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* All modules of /order; says FAIL for each that does not load, and returns whether all did. */
static inline bool load_modules(void)
{
    char name[128], path[160];
    bool good = true;
    FILE *order = fopen("/order", "r");
    while (order && fgets(name, sizeof(name), order)) {
        name[strcspn(name, "\n")] = 0;
        snprintf(path, sizeof(path), "/modules/%s", name);
        int fd = open(path, O_RDONLY);
        if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) {
            printf("FAIL %s: %s\n", path, strerror(errno));
            good = false;
        }
        close(fd);
    }
    return good;
}

#endif
