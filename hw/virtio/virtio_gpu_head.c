/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The displays of the graphics device on virtio: VIRTIO 1.1, sections 5.7.6.8 (scanouts) and 5.7.6.10
 * (pointer). Commands only note what is to be shown, for they come in the CPUs' threads; the main thread
 * draws.
 */
#include "hw/display/edid.h"
#include "hw/virtio/virtio_gpu.h"

#define MOST_PARTS 32               /* of what is to be drawn; more become one */
#define FAR_AWAY 0x8000             /* where no pointer can be seen */

static void wake(GpuHead *h)
{
    if (h->display) {
        display_request(h->display);
    }
}

/* ---- what is shown ---- */

/* Nothing shown leaves the display as large as it was. */
static void all_dirty(GpuHead *h)
{
    pixman_region32_fini(&h->dirty);
    pixman_region32_init_rect(&h->dirty, 0, 0, GPU_HEAD_PIXELS, GPU_HEAD_PIXELS);
    wake(h);
}

void gpu_head_show(GpuHead *h, GpuResource *r, const GpuRect *rect)
{
    h->resource = r;
    h->resource_id = r ? r->id : 0;
    h->rect = r ? *rect : (GpuRect){ 0 };
    all_dirty(h);
}

void gpu_head_flush(GpuHead *h, const GpuResource *r, const GpuRect *rect)
{
    const GpuRect *shown = &h->rect;
    if (h->resource != r) {
        return;
    }
    uint32_t left = MAX(rect->x, shown->x), right = MIN(rect->x + rect->width, shown->x + shown->width);
    uint32_t top = MAX(rect->y, shown->y), bottom = MIN(rect->y + rect->height, shown->y + shown->height);
    if (left >= right || top >= bottom) {
        return;
    }
    pixman_region32_union_rect(&h->dirty, &h->dirty, (int)(left - shown->x), (int)(top - shown->y),
                               right - left, bottom - top);
    if (pixman_region32_n_rects(&h->dirty) > MOST_PARTS) {
        pixman_box32_t all = *pixman_region32_extents(&h->dirty);
        pixman_region32_reset(&h->dirty, &all);
    }
    wake(h);
}

static void draw_part(GpuHead *h, const pixman_box32_t *box)
{
    static const pixman_color_t black = { 0, 0, 0, 0xffff };
    pixman_image_t *surface = display_surface(h->display);
    int width = box->x2 - box->x1, height = box->y2 - box->y1;
    if (h->resource) {
        pixman_image_composite32(PIXMAN_OP_SRC, h->resource->image, NULL, surface, (int)h->rect.x + box->x1,
                                 (int)h->rect.y + box->y1, 0, 0, box->x1, box->y1, width, height);
    } else {
        pixman_image_fill_boxes(PIXMAN_OP_SRC, surface, &black, 1, box);
    }
    display_changed(h->display, box->x1, box->y1, width, height);
}

static void draw_picture(GpuHead *h)
{
    int n = 0;
    if (h->resource) {
        unsigned before = display_width(h->display), lines = display_height(h->display);
        display_resize(h->display, h->rect.width, h->rect.height);
        if (before != h->rect.width || lines != h->rect.height) {
            all_dirty(h);
        }
    }
    pixman_region32_intersect_rect(&h->dirty, &h->dirty, 0, 0, display_width(h->display),
                                   display_height(h->display));
    const pixman_box32_t *boxes = pixman_region32_rectangles(&h->dirty, &n);
    for (int i = 0; i < n; i++) {
        draw_part(h, &boxes[i]);
    }
    pixman_region32_clear(&h->dirty);
}

/* ---- the pointer ---- */

/* Linux, which is who uses the device, has its pointers with the alpha multiplied in, and in resources whose
 * format has none. */
static uint32_t without_alpha(uint32_t pixel)
{
    uint32_t alpha = pixel >> 24, out = alpha << 24;
    for (unsigned shift = 0; alpha && shift < 24; shift += 8) {
        uint32_t value = ((pixel >> shift & 0xff) * 255 + alpha / 2) / alpha;
        out |= MIN(value, 255) << shift;
    }
    return out;
}

void gpu_head_set_cursor(GpuHead *h, GpuResource *r, uint32_t hot_x, uint32_t hot_y)
{
    h->has_cursor = r;
    h->hot_x = MIN(hot_x, GPU_CURSOR - 1);
    h->hot_y = MIN(hot_y, GPU_CURSOR - 1);
    if (r) {
        pixman_image_t *to = pixman_image_create_bits(PIXMAN_a8r8g8b8, GPU_CURSOR, GPU_CURSOR, h->cursor,
                                                      GPU_CURSOR * 4);
        pixman_image_t *from = gpu_resource_with_alpha(r);
        pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, to, 0, 0, 0, 0, 0, 0, GPU_CURSOR, GPU_CURSOR);
        pixman_image_unref(from);
        pixman_image_unref(to);
        for (unsigned i = 0; i < G_N_ELEMENTS(h->cursor); i++) {
            h->cursor[i] = without_alpha(h->cursor[i]);
        }
    }
    h->new_cursor = true;
    wake(h);
}

void gpu_head_move_cursor(GpuHead *h, int32_t x, int32_t y)
{
    h->cursor_x = CLAMP(x, -FAR_AWAY, FAR_AWAY);
    h->cursor_y = CLAMP(y, -FAR_AWAY, FAR_AWAY);
    wake(h);
}

static void draw_cursor(GpuHead *h)
{
    if (h->new_cursor) {
        pixman_image_t *image = NULL;
        if (h->has_cursor) {
            image = pixman_image_create_bits(PIXMAN_a8r8g8b8, GPU_CURSOR, GPU_CURSOR, NULL, 0);
            for (unsigned y = 0; y < GPU_CURSOR; y++) {
                uint8_t *row = (uint8_t *)pixman_image_get_data(image) +
                               (size_t)y * (size_t)pixman_image_get_stride(image);
                memcpy(row, h->cursor + y * GPU_CURSOR, GPU_CURSOR * 4);
            }
        }
        display_set_cursor(h->display, image, (int)h->hot_x, (int)h->hot_y);
        if (image) {
            pixman_image_unref(image);
        }
        h->new_cursor = false;
    }
    display_move_cursor(h->display, h->cursor_x + (int)h->hot_x, h->cursor_y + (int)h->hot_y, h->has_cursor);
}

/* ---- the display ---- */

static void head_update(void *opaque)
{
    draw_picture(opaque);
    draw_cursor(opaque);
}

static void head_invalidate(void *opaque)
{
    all_dirty(opaque);
}

static void head_window(void *opaque, unsigned width, unsigned height)
{
    GpuHead *h = opaque;
    width = CLAMP(width, EDID_LEAST_PIXELS, EDID_MOST_PIXELS);
    height = CLAMP(height, EDID_LEAST_PIXELS, EDID_MOST_PIXELS);
    if (width != h->width || height != h->height) {
        h->width = width;
        h->height = height;
        gpu_window_changed(h->gpu);
    }
}

void gpu_head_init(VirtioGpu *d, unsigned n, uint32_t width, uint32_t height)
{
    static const DisplayOps ops = {
        .update = head_update, .invalidate = head_invalidate, .window = head_window,
    };
    Machine *machine = d->v.pci.dev.machine;
    GpuHead *h = &d->head[n];
    h->gpu = d;
    h->width = width;
    h->height = height;
    pixman_region32_init(&h->dirty);
    if (machine->displays) {
        h->display = display_add(machine->displays, device_name(&d->v.pci.dev), n, &ops, h);
    }
}

void gpu_head_free(GpuHead *h)
{
    if (h->gpu) {
        display_remove(h->display);
        pixman_region32_fini(&h->dirty);
        h->gpu = NULL;
    }
}

void gpu_head_reset(GpuHead *h)
{
    gpu_head_show(h, NULL, NULL);
    gpu_head_set_cursor(h, NULL, 0, 0);
    gpu_head_move_cursor(h, 0, 0);
    memset(h->cursor, 0, sizeof(h->cursor));
}

/* ---- state ---- */

bool gpu_head_post_load(GpuHead *h, GpuResources *all)
{
    GpuResource *r = h->resource_id ? gpu_resource_find(all, h->resource_id) : NULL;
    h->resource = NULL;
    if (h->resource_id && (!h->gpu || !r || !gpu_resource_has(r, &h->rect) ||
                           h->rect.width > GPU_HEAD_PIXELS || h->rect.height > GPU_HEAD_PIXELS)) {
        h->resource_id = 0;
        return false;
    }
    if (h->gpu) {
        GpuRect rect = h->rect;
        gpu_head_show(h, r, &rect);
        h->hot_x = MIN(h->hot_x, GPU_CURSOR - 1);
        h->hot_y = MIN(h->hot_y, GPU_CURSOR - 1);
        h->new_cursor = true;
        gpu_head_move_cursor(h, h->cursor_x, h->cursor_y);
    }
    return true;
}

static const VmField rect_state[] = {
    VM_U32(GpuRect, x), VM_U32(GpuRect, y), VM_U32(GpuRect, width), VM_U32(GpuRect, height), { 0 }
};
const VmField gpu_head_state[] = {
    VM_U32(GpuHead, resource_id), VM_STRUCT(GpuHead, rect, rect_state), VM_ARRAY(GpuHead, cursor),
    VM_U32(GpuHead, hot_x), VM_U32(GpuHead, hot_y), VM_I32(GpuHead, cursor_x), VM_I32(GpuHead, cursor_y),
    VM_BOOL(GpuHead, has_cursor), { 0 }
};
