/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures by the kernel's DRM interface, with its own calls. */
#include "drm.h"

#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    uint32_t handle, fb, pitch;
    uint32_t *pixels;
    size_t size;
} DrmBuffer;

typedef struct {
    int fd;
    uint32_t crtc;              /* that shows the buffers */
    DrmBuffer buffer[2], cursor;
} Drm;

#define DRM_MODES 64
#define DRM_HEADS 16

static int drm_open(Drm *d)
{
    if (d->fd <= 0) {
        d->fd = open("/dev/dri/card0", O_RDWR);
        ioctl(d->fd, DRM_IOCTL_SET_MASTER, 0);
    }
    return d->fd < 0 ? -1 : 0;
}

/* The modes of connector n and the CRTC that goes with it; how many modes, or -1. */
static int drm_connector(Drm *d, unsigned n, struct drm_mode_modeinfo *modes, uint32_t *connector,
                                uint32_t *crtc)
{
    uint32_t connectors[DRM_HEADS], crtcs[DRM_HEADS], encoders[DRM_HEADS];
    struct drm_mode_card_res res = {
        .connector_id_ptr = (uintptr_t)connectors, .count_connectors = DRM_HEADS,
        .crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = DRM_HEADS,
    };
    if (ioctl(d->fd, DRM_IOCTL_MODE_GETRESOURCES, &res) < 0 || n >= res.count_connectors ||
        n >= res.count_crtcs) {
        return -1;
    }
    /* The first call looks at the monitor anew, the second tells. */
    struct drm_mode_get_connector get = { .connector_id = connectors[n] };
    if (ioctl(d->fd, DRM_IOCTL_MODE_GETCONNECTOR, &get) < 0) {
        return -1;
    }
    get = (struct drm_mode_get_connector){
        .connector_id = connectors[n], .modes_ptr = (uintptr_t)modes, .count_modes = DRM_MODES,
        .encoders_ptr = (uintptr_t)encoders, .count_encoders = DRM_HEADS,
    };
    if (ioctl(d->fd, DRM_IOCTL_MODE_GETCONNECTOR, &get) < 0) {
        return -1;
    }
    *connector = connectors[n];
    *crtc = crtcs[n];
    return get.connection == 1 && get.count_modes <= DRM_MODES ? (int)get.count_modes : -1;
}

static int drm_modes(Drm *d, unsigned n)
{
    static struct drm_mode_modeinfo modes[DRM_MODES];
    uint32_t connector, crtc;
    int count = drm_connector(d, n, modes, &connector, &crtc);
    for (int preferred = 1; preferred >= 0; preferred--) {
        for (int i = 0; i < count; i++) {
            if (!!(modes[i].type & DRM_MODE_TYPE_PREFERRED) == preferred) {
                printf("%ux%u ", modes[i].hdisplay, modes[i].vdisplay);
            }
        }
    }
    return count < 0 ? -1 : 0;
}

static int drm_buffer(Drm *d, DrmBuffer *b, unsigned width, unsigned height)
{
    struct drm_mode_create_dumb create = { .width = width, .height = height, .bpp = 32 };
    if (b->pixels) {
        munmap(b->pixels, b->size);
        ioctl(d->fd, DRM_IOCTL_MODE_RMFB, &b->fb);
        ioctl(d->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &(struct drm_mode_destroy_dumb){ b->handle });
        *b = (DrmBuffer){ 0 };
    }
    if (ioctl(d->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0) {
        return -1;
    }
    struct drm_mode_map_dumb map = { .handle = create.handle };
    struct drm_mode_fb_cmd fb = { .width = width, .height = height, .pitch = create.pitch, .bpp = 32,
                                  .depth = 24, .handle = create.handle };
    if (ioctl(d->fd, DRM_IOCTL_MODE_ADDFB, &fb) < 0 || ioctl(d->fd, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0) {
        return -1;
    }
    void *pixels = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, (off_t)map.offset);
    *b = (DrmBuffer){ create.handle, fb.fb_id, create.pitch, pixels, create.size };
    return pixels == MAP_FAILED ? -1 : 0;
}

static int drm_show(Drm *d, unsigned n, unsigned width, unsigned height)
{
    static struct drm_mode_modeinfo modes[DRM_MODES];
    uint32_t connector;
    int count = drm_connector(d, n, modes, &connector, &d->crtc);
    for (int i = 0; i < count; i++) {
        if (modes[i].hdisplay == width && modes[i].vdisplay == height) {
            if (drm_buffer(d, &d->buffer[0], width, height) || drm_buffer(d, &d->buffer[1], width, height)) {
                return -1;
            }
            struct drm_mode_crtc set = {
                .set_connectors_ptr = (uintptr_t)&connector, .count_connectors = 1, .crtc_id = d->crtc,
                .fb_id = d->buffer[0].fb, .mode_valid = 1, .mode = modes[i],
            };
            return ioctl(d->fd, DRM_IOCTL_MODE_SETCRTC, &set);
        }
    }
    errno = ENOENT;
    return -1;
}

static int drm_fill(DrmBuffer *b, unsigned x, unsigned y, unsigned width, unsigned height,
                           uint32_t colour)
{
    for (unsigned row = y; row < y + height; row++) {
        for (unsigned column = x; column < x + width; column++) {
            b->pixels[row * b->pitch / 4 + column] = colour;
        }
    }
    return 0;
}

static int drm_dirty(Drm *d, const DrmBuffer *b, unsigned x, unsigned y, unsigned width, unsigned height)
{
    struct drm_clip_rect clip = { (uint16_t)x, (uint16_t)y, (uint16_t)(x + width), (uint16_t)(y + height) };
    struct drm_mode_fb_dirty_cmd dirty = { .fb_id = b->fb, .num_clips = 1, .clips_ptr = (uintptr_t)&clip };
    return ioctl(d->fd, DRM_IOCTL_MODE_DIRTYFB, &dirty);
}

static int drm_flip(Drm *d, const DrmBuffer *b)
{
    char event[256];
    struct pollfd wait = { d->fd, POLLIN, 0 };
    struct drm_mode_crtc_page_flip flip = {
        .crtc_id = d->crtc, .fb_id = b->fb, .flags = DRM_MODE_PAGE_FLIP_EVENT,
    };
    if (ioctl(d->fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip) < 0) {
        return -1;
    }
    errno = ETIMEDOUT;
    return poll(&wait, 1, 10000) == 1 && read(d->fd, event, sizeof(event)) > 0 ? 0 : -1;
}

static int drm_cursor(Drm *d, uint32_t colour, int x, int y)
{
    if (!d->cursor.pixels && drm_buffer(d, &d->cursor, 64, 64) < 0) {
        return -1;
    }
    drm_fill(&d->cursor, 0, 0, 64, 64, 0);
    drm_fill(&d->cursor, 0, 0, 16, 32, colour);
    struct drm_mode_cursor2 cursor = {
        .flags = DRM_MODE_CURSOR_BO, .crtc_id = d->crtc, .width = 64, .height = 64,
        .handle = d->cursor.handle, .hot_x = x, .hot_y = y,
    };
    return ioctl(d->fd, DRM_IOCTL_MODE_CURSOR2, &cursor);
}

static int drm_move(Drm *d, int x, int y)
{
    struct drm_mode_cursor cursor = { .flags = DRM_MODE_CURSOR_MOVE, .crtc_id = d->crtc, .x = x, .y = y };
    return ioctl(d->fd, DRM_IOCTL_MODE_CURSOR, &cursor);
}

static int drm_hide(Drm *d)
{
    struct drm_mode_cursor cursor = { .flags = DRM_MODE_CURSOR_BO, .crtc_id = d->crtc };
    return ioctl(d->fd, DRM_IOCTL_MODE_CURSOR, &cursor);
}

int drm(const char *word, const char *more)
{
    static Drm d;
    unsigned a[6] = { 0 };
    int x = 0, y = 0;
    if (drm_open(&d) < 0) {
        return -1;
    }
    if (strcmp(word, "modes") == 0) {
        return drm_modes(&d, (unsigned)atoi(more));
    }
    if (strcmp(word, "show") == 0 && sscanf(more, "%u %ux%u", &a[0], &a[1], &a[2]) == 3) {
        return drm_show(&d, a[0], a[1], a[2]);
    }
    if (strcmp(word, "fill") == 0 &&
        sscanf(more, "%u %u %u %u %u %x", &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]) == 6) {
        return drm_fill(&d.buffer[a[0] & 1], a[1], a[2], a[3], a[4], a[5]);
    }
    if (strcmp(word, "dirty") == 0 &&
        sscanf(more, "%u %u %u %u %u", &a[0], &a[1], &a[2], &a[3], &a[4]) == 5) {
        return drm_dirty(&d, &d.buffer[a[0] & 1], a[1], a[2], a[3], a[4]);
    }
    if (strcmp(word, "flip") == 0) {
        return drm_flip(&d, &d.buffer[atoi(more) & 1]);
    }
    if (strcmp(word, "cursor") == 0 && sscanf(more, "%x %d %d", &a[0], &x, &y) == 3) {
        return drm_cursor(&d, a[0], x, y);
    }
    if (strcmp(word, "move") == 0 && sscanf(more, "%d %d", &x, &y) == 2) {
        return drm_move(&d, x, y);
    }
    if (strcmp(word, "hide") == 0) {
        return drm_hide(&d);
    }
    errno = EINVAL;
    return -1;
}
