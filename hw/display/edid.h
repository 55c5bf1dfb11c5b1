/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What monitors say of themselves. */
#ifndef HW_DISPLAY_EDID_H
#define HW_DISPLAY_EDID_H

#include <stdint.h>

#define EDID_BYTES 128u
/* What a detailed timing has room for, and what its readers take. */
#define EDID_LEAST_PIXELS 64u
#define EDID_MOST_PIXELS 4095u

/* EDID 1.4 of a display whose best mode this is, 60 Hz. */
void edid_fill(uint8_t block[EDID_BYTES], unsigned width, unsigned height);

#endif
