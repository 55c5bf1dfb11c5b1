/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "accel/kvm/host.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

static int real_open(void *opaque)
{
    int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static void real_close(void *opaque, int fd)
{
    close(fd);
}

static int real_ioctl(void *opaque, int fd, unsigned long request, uintptr_t arg)
{
    int result = ioctl(fd, request, arg);
    return result < 0 ? -errno : result;
}

static void *real_map(void *opaque, int fd, size_t len)
{
    void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void real_unmap(void *opaque, void *p, size_t len)
{
    munmap(p, len);
}

KvmHost kvm_host_real(void)
{
    KvmHost host = {
        .big_endian = G_BYTE_ORDER == G_BIG_ENDIAN, .page_size = (size_t)sysconf(_SC_PAGESIZE),
        .open = real_open, .close = real_close, .ioctl = real_ioctl, .map = real_map, .unmap = real_unmap,
    };
    struct utsname name;
    if (uname(&name) != 0) {
        g_error("uname: %m");
    }
    g_strlcpy(host.machine, name.machine, sizeof(host.machine));
    g_strlcpy(host.release, name.release, sizeof(host.release));
    return host;
}
