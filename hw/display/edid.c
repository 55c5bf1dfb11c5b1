/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a monitor says of itself: VESA Enhanced EDID Standard, release A revision 2 (EDID 1.4), section 3. */
#include "hw/display/edid.h"

#include <glib.h>
#include <string.h>
#include "util/bits.h"

/* A letter has five bits, A is 1. */
#define MAKER(a, b, c) (((a) - '@') << 10 | ((b) - '@') << 5 | ((c) - '@'))
#define NO_DESCRIPTOR 0x10

/* One of the eight standard timings: columns, shape and 60 Hz. */
static void standard_timing(uint8_t *out, unsigned columns, unsigned shape)
{
    out[0] = (uint8_t)(columns / 8 - 31);
    out[1] = (uint8_t)(shape << 6);
}

/* Blanking as a flat panel wants it at least; nothing here makes a signal of it. */
static void detailed_timing(uint8_t *d, unsigned width, unsigned height)
{
    unsigned h_blank = width / 4 & ~7u, v_blank = height / 30 + 4;
    uint64_t clock = (uint64_t)(width + h_blank) * (height + v_blank) * 60 / 10000;
    unsigned h_front = h_blank / 4, h_sync = h_blank / 4, v_front = 3, v_sync = 5 < v_blank ? 4 : 1;
    store_le(d, 2, MIN(clock, 0xffff));
    d[2] = (uint8_t)width;
    d[3] = (uint8_t)h_blank;
    d[4] = (uint8_t)((width >> 8 & 15) << 4 | (h_blank >> 8 & 15));
    d[5] = (uint8_t)height;
    d[6] = (uint8_t)v_blank;
    d[7] = (uint8_t)((height >> 8 & 15) << 4 | (v_blank >> 8 & 15));
    d[8] = (uint8_t)h_front;
    d[9] = (uint8_t)h_sync;
    d[10] = (uint8_t)((v_front & 15) << 4 | (v_sync & 15));
    d[11] = (uint8_t)((h_front >> 8 & 3) << 6 | (h_sync >> 8 & 3) << 4);
    d[17] = 0x18;                       /* separate digital sync */
}

static void text_descriptor(uint8_t *d, uint8_t tag, const char *text)
{
    size_t n = strlen(text);
    d[3] = tag;
    memset(d + 5, ' ', 13);
    memcpy(d + 5, text, n);
    d[5 + n] = '\n';
}

void edid_fill(uint8_t block[128], unsigned width, unsigned height)
{
    static const uint8_t header[8] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
    /* sRGB primaries and white */
    static const uint8_t chromaticity[10] = { 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54 };
    static const struct { uint16_t columns; uint8_t shape; } timings[8] = {
        { 1920, 3 }, { 1680, 0 }, { 1600, 1 }, { 1440, 0 }, { 1280, 0 }, { 1280, 2 }, { 1024, 1 }, { 800, 1 },
    };
    memset(block, 0, 128);
    memcpy(block, header, 8);
    store_be(block + 8, 2, MAKER('V', 'L', 'T'));
    store_le(block + 10, 2, 1);
    block[17] = 2020 - 1990;
    block[18] = 1;
    block[19] = 4;
    block[20] = 0xa5;                   /* digital, 8 bits a colour, DisplayPort */
    block[21] = (uint8_t)CLAMP(width * 254 / 10000, 1, 255);    /* centimetres, at 100 dots an inch */
    block[22] = (uint8_t)CLAMP(height * 254 / 10000, 1, 255);
    block[23] = 120;                    /* gamma 2.2 */
    block[24] = 0x06;                   /* sRGB; the first timing is the best */
    memcpy(block + 25, chromaticity, 10);
    block[35] = 0x21;                   /* 640x480 and 800x600 at 60 Hz */
    block[36] = 0x08;                   /* 1024x768 at 60 Hz */
    for (unsigned i = 0; i < 8; i++) {
        standard_timing(block + 38 + 2 * i, timings[i].columns, timings[i].shape);
    }
    detailed_timing(block + 54, width, height);
    text_descriptor(block + 72, 0xfc, "Valletta");
    block[93] = NO_DESCRIPTOR;
    block[111] = NO_DESCRIPTOR;
    uint8_t sum = 0;
    for (unsigned i = 0; i < 127; i++) {
        sum = (uint8_t)(sum + block[i]);
    }
    block[127] = (uint8_t)-sum;
}
