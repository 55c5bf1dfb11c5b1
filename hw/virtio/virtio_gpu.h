/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A graphics device on virtio: what its files share. Machine lock held for all. */
#ifndef HW_VIRTIO_VIRTIO_GPU_H
#define HW_VIRTIO_VIRTIO_GPU_H

#include "hw/virtio/virtio.h"
#include "ui/display.h"

#define GPU_HEADS 16u
#define GPU_CURSOR 64u              /* pixels of a pointer's side */
#define GPU_MOST_PIXELS 16384u      /* of a resource's side */
#define GPU_HEAD_PIXELS 8192u       /* of a display's */
#define GPU_MOST_ENTRIES 16384u     /* of a resource's backing */

/* VIRTIO 1.1, section 5.7.6.7; 0: none of these. */
enum {
    GPU_OK = 0x1100, GPU_OK_DISPLAY_INFO = 0x1101, GPU_OK_EDID = 0x1104, GPU_ERR_UNSPEC = 0x1200,
    GPU_ERR_OUT_OF_MEMORY = 0x1201, GPU_ERR_SCANOUT_ID = 0x1202, GPU_ERR_RESOURCE_ID = 0x1203,
    GPU_ERR_PARAMETER = 0x1205,
};

typedef struct VirtioGpu VirtioGpu;

typedef struct {
    uint32_t x, y, width, height;
} GpuRect;

/* A piece of guest memory, as the driver names it. */
typedef struct {
    uint64_t addr, start;           /* start: bytes of the backing before it */
    uint32_t len;
} GpuEntry;

/* A picture that the device keeps, and where the driver has its own of it. */
typedef struct {
    uint32_t id, format, width, height;
    pixman_image_t *image;
    uint8_t *pixels;                /* of 4 bytes, rows without gaps */
    GArray *backing;                /* of GpuEntry; NULL: none */
    uint64_t backing_bytes;
    uint64_t charged;               /* of the device's max_hostmem */
} GpuResource;

typedef struct {
    GHashTable *by_id;              /* of GpuResource * */
    uint64_t used, most;            /* bytes */
    AddressSpace *as;
} GpuResources;

/* One of the displays. */
typedef struct {
    VirtioGpu *gpu;
    Display *display;               /* NULL: the machine has none */
    uint32_t width, height;         /* of its window: what the driver is told */
    uint32_t resource_id;           /* what is shown; 0: nothing */
    GpuRect rect;                   /* of it */
    GpuResource *resource;
    pixman_region32_t dirty;        /* of the display, to be drawn */
    uint32_t cursor[GPU_CURSOR * GPU_CURSOR];   /* as DisplayCursor has them */
    uint32_t hot_x, hot_y;
    int32_t cursor_x, cursor_y;     /* of its upper left corner */
    bool has_cursor;
    bool new_cursor;                /* the display does not have it yet */
} GpuHead;

struct VirtioGpu {
    VirtioDevice v;
    VirtQueue *control, *cursor;
    GpuResources resources;
    GpuHead head[GPU_HEADS];
    uint32_t events;                /* that the driver has not cleared */
    Timer *later;                   /* armed: the rest of the control queue is done then */
    int64_t left;                   /* bytes that may be moved before that */
    uint32_t max_outputs, xres, yres;   /* properties */
    bool edid;
    uint64_t max_hostmem;
};

/* ---- virtio_gpu_resource.c: each returns GPU_OK or an error ---- */

void gpu_resources_init(GpuResources *all, AddressSpace *as, uint64_t most);
/* Frees all there are. */
void gpu_resources_clear(GpuResources *all);
void gpu_resources_free(GpuResources *all);
/* NULL: there is none. */
GpuResource *gpu_resource_find(const GpuResources *all, uint32_t id);
uint32_t gpu_resource_create(GpuResources *all, uint32_t id, uint32_t format, uint32_t width,
                             uint32_t height);
void gpu_resource_unref(GpuResources *all, GpuResource *r);
/* entries: count of them as they are on the wire, 16 bytes each. */
uint32_t gpu_resource_attach(GpuResources *all, GpuResource *r, const uint8_t *entries, uint32_t count);
void gpu_resource_detach(GpuResources *all, GpuResource *r);
/* Copies a rectangle, whose first pixel is at offset, from the backing. */
uint32_t gpu_resource_transfer(GpuResources *all, GpuResource *r, const GpuRect *rect, uint64_t offset);
/* Its image, unused bytes of pixels being their alpha; the caller unrefs it before the resource goes. */
pixman_image_t *gpu_resource_with_alpha(const GpuResource *r);
/* Whether the rectangle is not empty and in the resource. */
bool gpu_resource_has(const GpuResource *r, const GpuRect *rect);
/* Of a GpuResources. */
extern const VmPart gpu_resources_part;

/* ---- virtio_gpu_head.c ---- */

/* Head n of the device, of that size. */
void gpu_head_init(VirtioGpu *d, unsigned n, uint32_t width, uint32_t height);
/* NULL fields are allowed. */
void gpu_head_free(GpuHead *h);
/* Nothing is shown any more, no pointer either. */
void gpu_head_reset(GpuHead *h);
/* Shows a part of a resource that lies in it; NULL: nothing. */
void gpu_head_show(GpuHead *h, GpuResource *r, const GpuRect *rect);
/* A part of a resource is new. */
void gpu_head_flush(GpuHead *h, const GpuResource *r, const GpuRect *rect);
/* The pointer is that resource of 64 by 64 pixels, NULL: there is none. */
void gpu_head_set_cursor(GpuHead *h, GpuResource *r, uint32_t hot_x, uint32_t hot_y);
void gpu_head_move_cursor(GpuHead *h, int32_t x, int32_t y);
/* After a load, when the resources are there; false: it cannot be. */
bool gpu_head_post_load(GpuHead *h, GpuResources *all);
extern const VmField gpu_head_state[];
/* Of virtio_gpu.c: a window has another size than before. */
void gpu_window_changed(VirtioGpu *d);

#endif
