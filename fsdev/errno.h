/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FSDEV_ERRNO_H
#define FSDEV_ERRNO_H

#include <stdint.h>

/* The number that Linux on MIPS has for an errno of the host, which is what its client takes an error's
 * number for: from 35 on the architectures differ. */
uint32_t errno_for_guest(int error);

#endif
