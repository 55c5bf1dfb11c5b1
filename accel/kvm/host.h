/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of functions between this program and the host's KVM, so that a test can be
 * the host. Results are those of the system calls, except that errors come as -errno.
 */
#ifndef ACCEL_KVM_HOST_H
#define ACCEL_KVM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    char machine[65];           /* as uname -m says it: "mips", "mips64", "x86_64" */
    char release[65];           /* as uname -r: "5.10.0-30-4kc-malta" */
    bool big_endian;
    size_t page_size;           /* of the host's kernel, bytes; a power of two */
    void *opaque;               /* first argument of each function */
    int (*open)(void *opaque);  /* /dev/kvm: a descriptor */
    void (*close)(void *opaque, int fd);
    /* request as the kernel's headers number it; arg by value or the address of what it reads. */
    int (*ioctl)(void *opaque, int fd, unsigned long request, uintptr_t arg);
    /* The shared page(s) of a vCPU's descriptor; NULL: cannot be mapped. */
    void *(*map)(void *opaque, int fd, size_t len);
    void (*unmap)(void *opaque, void *p, size_t len);
} KvmHost;

/* The machine this program runs on. Works on every kind of host: on one that is no MIPS,
 * machine says so and nobody may use more than open and close. */
KvmHost kvm_host_real(void);

#endif
