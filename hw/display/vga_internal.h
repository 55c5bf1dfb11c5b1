/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VGA that graphics cards are built around. Machine lock held for everything. */
#ifndef HW_DISPLAY_VGA_INTERNAL_H
#define HW_DISPLAY_VGA_INTERNAL_H

#include "hw/core/device.h"
#include "hw/pci/pci.h"
#include "ui/display.h"

#define VGA_WINDOW      0xa0000     /* the window on video memory, in PCI memory space */
#define VGA_WINDOW_SIZE 0x20000
#define VGA_FONT_BYTES  (256 * 32)

typedef struct Vga Vga;

/* The three groups of registers behind an index and a data port. */
typedef enum { VGA_SEQ, VGA_GR, VGA_CR } VgaGroup;

typedef enum {
    VGA_BLANK, VGA_TEXT,
    VGA_PLANAR,                     /* 16 colours: a bit in each plane */
    VGA_PAIRS,                      /* 4 or 16 colours: two bits in each plane */
    VGA_BYTES,                      /* 256 colours */
    VGA_RGB15, VGA_RGB16, VGA_RGB24, VGA_RGB32,
} VgaKind;

/*
 * How video memory is shown. Video memory is one array in which byte 4 * n + p is byte n of plane p; an
 * address of the CRT controller counts 4 bytes. Only uint32_t, so that two can be compared as memory.
 */
typedef struct {
    uint32_t kind;                  /* VgaKind */
    uint32_t width, height;         /* pixels of the surface */
    uint32_t start, pitch;          /* bytes of video memory: the first one shown, between rows */
    uint32_t scans, doubled;        /* scan lines of a row; lines of the surface for each */
    uint32_t dot_repeat;            /* pixels of the surface for each dot: 1, 2 or 4 */
    uint32_t row_bits;              /* 1, 2: the scan line's bits 0, 1 replace address bits 13, 14 */
    uint32_t pan;                   /* dots that are left out at the left */
    uint32_t big_endian;            /* pixels of more than one byte */
    uint32_t cell_width, cursor;    /* text: dots; cursor's first and last line in bits 7..0 and 15..8 */
} VgaMode;

/* What a chip does in another way than the VGA; any may be NULL. */
typedef struct {
    /* True: done, false: as the VGA does. */
    bool (*reg_read)(Vga *v, VgaGroup group, unsigned index, uint8_t *value);
    bool (*reg_write)(Vga *v, VgaGroup group, unsigned index, uint8_t value);
    bool (*mask_read)(Vga *v, uint8_t *value);          /* port 0x3c6 */
    bool (*mask_write)(Vga *v, uint8_t value);
    void (*palette_used)(Vga *v);                       /* ports 0x3c7 to 0x3c9 */
    bool (*palette_entry)(Vga *v, unsigned index, uint8_t **rgb);   /* where an entry is kept */
    bool (*mode)(Vga *v, VgaMode *mode);
    /* A byte of the window, offset from VGA_WINDOW. */
    uint8_t (*window_read)(Vga *v, uint32_t offset);
    void (*window_write)(Vga *v, uint32_t offset, uint8_t value);
    void (*updating)(Vga *v);                           /* v->dirty is known, nothing is drawn yet */
    /* Draws over a line that has just been drawn; which lines change for this is told by vga_line_changed. */
    void (*overlay)(Vga *v, unsigned y, uint32_t *line, unsigned width);
    uint8_t index_mask[3];          /* bits of the index registers; 0: 7, 15, 31 */
} VgaChip;

struct Vga {
    Device *dev;                    /* set before vga_realize, as are the next two */
    const VgaChip *chip;
    uint32_t ram_size;              /* bytes of video memory, a power of two, 256 KiB or more */
    MemRegion *vram;
    uint8_t *ram;
    Display *display;               /* NULL: the machine has none */
    MemWritten *written;
    MemRegion *window, *mono, *ports, *colour;
    Timer *blink;

    uint8_t misc, feature;
    uint8_t index[3];               /* by VgaGroup */
    uint8_t seq[32], gr[64], cr[64];
    uint8_t ar_index, ar[32];
    bool ar_data;                   /* the next write of 0x3c0 is data */
    uint8_t palette[256 * 3], pel_mask;
    uint8_t dac_read, dac_write, dac_part, dac_value[3];
    bool dac_reading, dac_wide;     /* the last index was for reading; entries have 8 bits, not 6 */
    uint32_t latch;                 /* plane p in bits 8p + 7..8p */
    uint32_t bank;                  /* bytes of video memory before what the window shows */

    /* What was drawn; made anew by vga_invalidate. */
    VgaMode drawn;
    bool all;                       /* everything is to be drawn */
    bool colours_changed;
    uint32_t colour_of[256], colour_of16[16];
    uint8_t *dirty;                 /* of each page of video memory: in the update that runs */
    uint8_t *line_dirty;            /* of each line of the surface: chip->overlay changed */
    uint32_t *line, *wide;          /* a line's dots, and its pixels where a dot is several */
    uint32_t *cells;                /* text: what each cell shows */
    unsigned n_cells;
    uint8_t font[2][VGA_FONT_BYTES];
};

#define VGA_MOST_PIXELS 8192

/* Video memory, ports, the window and the display, on the bus of pci; false with err. */
bool vga_realize(Vga *v, PciDevice *pci, GError **err);
void vga_finalize(Vga *v);
/* Video memory keeps what it has, as the chips' does. */
void vga_reset(Vga *v);
/* After a load. */
void vga_post_load(Vga *v);

/* A byte of the ports 0x3b0 to 0x3df. */
uint8_t vga_port_read(Vga *v, unsigned port);
void vga_port_write(Vga *v, unsigned port, uint8_t value);

/* Bytes as the CPU sees video memory: through planes, odd and even, or chained, at addr. */
uint8_t vga_read_at(Vga *v, uint32_t addr);
void vga_write_at(Vga *v, uint32_t addr, uint8_t value);
/* Where the window's byte is for the two above; false: it is not decoded. */
bool vga_decode(const Vga *v, uint32_t offset, uint32_t *addr);
/* The device writes [offset, offset + len) of video memory; wraps at its end. */
void vga_note_write(Vga *v, uint32_t offset, uint32_t len);

/* Something of what is shown may have changed; what, the next update finds out. */
void vga_changed(Vga *v);
void vga_line_changed(Vga *v, unsigned y, unsigned lines);
/* The mode as the VGA's own registers have it. */
void vga_own_mode(const Vga *v, VgaMode *mode);

extern const DisplayOps vga_display_ops;
/* Of vga_text.c: draws the cells that look different; the font, when some page is dirty, is compared. */
void vga_draw_text(Vga *v, bool any_dirty);
/* What it shows, for displays that show text. */
bool vga_text(void *opaque, DisplayText *text);
/* Of vga_draw.c. */
static inline uint32_t *vga_surface_line(const Vga *v, unsigned y)
{
    pixman_image_t *surface = display_surface(v->display);
    return pixman_image_get_data(surface) + (size_t)y * ((size_t)pixman_image_get_stride(surface) / 4);
}

/* A state list for VM_STRUCT. */
extern const VmField vga_state[];

#endif
