/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel files: ELF, uImage, raw binary; what they say of themselves and what they load. */
#ifndef HW_MIPS_IMAGE_H
#define HW_MIPS_IMAGE_H

#include <glib.h>
#include "hw/mips/boot.h"

#define IMAGE_RAW_ADDRESS UINT64_C(0xffffffff80100000)

typedef struct {
    uint64_t vaddr;             /* sign-extended */
    uint64_t paddr;
    GBytes *data;
    uint64_t size;              /* in memory: data, then zeros */
} ImageSegment;

typedef struct {
    BootKernel info;
    GPtrArray *segments;        /* of ImageSegment * */
    uint64_t low, high;         /* physical addresses that are taken: [low, high) */
} Image;

/* Reads and checks the file; errors begin with "-kernel PATH: ". The caller frees it. */
Image *image_load(const char *path, GError **err);
void image_free(Image *image);

#endif
