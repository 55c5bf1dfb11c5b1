/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First program of a guest: draws, scrolls or rests, as "work=" on the kernel's command line says, and tells
 * how much. Pictures go to the first DRM card (dumb buffers), or to /dev/fb0 where there is none.
 */
#include <drm/drm.h>
#include <drm/drm_mode.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "../../disk/modules.h"

#define WIDTH 1024
#define HEIGHT 768
#define SECONDS 10
#define LINES 2000

typedef struct {
    int fd;
    unsigned bits, pitch;
    uint8_t *pixels;
    uint32_t fb;                /* of DRM, 0: a frame buffer device */
} Screen;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the screen ---- */

static int find_mode(int fd, uint32_t *connector, uint32_t *crtc, struct drm_mode_modeinfo *mode)
{
    static struct drm_mode_modeinfo modes[64];
    uint32_t connectors[16], crtcs[16], encoders[16];
    struct drm_mode_card_res res = {
        .connector_id_ptr = (uintptr_t)connectors, .count_connectors = 16,
        .crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 16,
    };
    if (ioctl(fd, DRM_IOCTL_MODE_GETRESOURCES, &res) < 0 || !res.count_connectors || !res.count_crtcs) {
        return -1;
    }
    struct drm_mode_get_connector get = { .connector_id = connectors[0] };
    ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get);           /* looks at the monitor */
    get = (struct drm_mode_get_connector){
        .connector_id = connectors[0], .modes_ptr = (uintptr_t)modes, .count_modes = 64,
        .encoders_ptr = (uintptr_t)encoders, .count_encoders = 16,
    };
    if (ioctl(fd, DRM_IOCTL_MODE_GETCONNECTOR, &get) < 0) {
        return -1;
    }
    *connector = connectors[0];
    *crtc = crtcs[0];
    for (unsigned i = 0; i < get.count_modes && i < 64; i++) {
        if (modes[i].hdisplay == WIDTH && modes[i].vdisplay == HEIGHT) {
            *mode = modes[i];
            return 0;
        }
    }
    return -1;
}

static int open_drm(Screen *s)
{
    struct drm_mode_modeinfo mode;
    uint32_t connector, crtc;
    struct drm_mode_create_dumb create = { .width = WIDTH, .height = HEIGHT, .bpp = 32 };
    if (find_mode(s->fd, &connector, &crtc, &mode) || ioctl(s->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create)) {
        return -1;
    }
    struct drm_mode_fb_cmd fb = { .width = WIDTH, .height = HEIGHT, .pitch = create.pitch, .bpp = 32,
                                  .depth = 24, .handle = create.handle };
    struct drm_mode_map_dumb map = { .handle = create.handle };
    if (ioctl(s->fd, DRM_IOCTL_MODE_ADDFB, &fb) || ioctl(s->fd, DRM_IOCTL_MODE_MAP_DUMB, &map)) {
        return -1;
    }
    struct drm_mode_crtc set = { .set_connectors_ptr = (uintptr_t)&connector, .count_connectors = 1,
                                 .crtc_id = crtc, .fb_id = fb.fb_id, .mode_valid = 1, .mode = mode };
    s->pixels = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, (off_t)map.offset);
    s->bits = 32;
    s->pitch = create.pitch;
    s->fb = fb.fb_id;
    return s->pixels == MAP_FAILED ? -1 : ioctl(s->fd, DRM_IOCTL_MODE_SETCRTC, &set);
}

/* The most bits that the driver has at this size. */
static int open_fb(Screen *s)
{
    struct fb_var_screeninfo var;
    struct fb_fix_screeninfo fix;
    s->fd = open("/dev/fb0", O_RDWR);
    for (unsigned bits = 32; bits >= 8; bits -= 8) {
        ioctl(s->fd, FBIOGET_VSCREENINFO, &var);
        var.xres = var.xres_virtual = WIDTH;
        var.yres = var.yres_virtual = HEIGHT;
        var.xoffset = var.yoffset = 0;
        var.bits_per_pixel = bits;
        var.pixclock = 15384;           /* VESA's 1024x768 at 60 Hz */
        var.left_margin = 160, var.right_margin = 24, var.upper_margin = 29, var.lower_margin = 3;
        var.hsync_len = 136, var.vsync_len = 6;
        var.activate = FB_ACTIVATE_NOW;
        if (!ioctl(s->fd, FBIOPUT_VSCREENINFO, &var) && var.xres == WIDTH && var.bits_per_pixel == bits) {
            ioctl(s->fd, FBIOGET_FSCREENINFO, &fix);
            s->bits = bits;
            s->pitch = fix.line_length;
            s->pixels = mmap(NULL, fix.smem_len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
            return s->pixels == MAP_FAILED ? -1 : 0;
        }
    }
    return -1;
}

static int open_screen(Screen *s)
{
    *s = (Screen){ .fd = open("/dev/dri/card0", O_RDWR) };
    if (s->fd < 0) {
        return open_fb(s);
    }
    ioctl(s->fd, DRM_IOCTL_SET_MASTER, 0);
    return open_drm(s);
}

/* ---- work ---- */

static void draw(const Screen *s, unsigned frame)
{
    for (unsigned y = 0; y < HEIGHT; y++) {
        uint32_t *row = (uint32_t *)(s->pixels + (size_t)y * s->pitch), colour = (frame * 3 + y) * 0x010305;
        for (unsigned x = 0; x < WIDTH * s->bits / 32; x++) {
            row[x] = colour + x;
        }
    }
    if (s->fb) {                        /* drivers that copy want to be told */
        ioctl(s->fd, DRM_IOCTL_MODE_DIRTYFB, &(struct drm_mode_fb_dirty_cmd){ .fb_id = s->fb });
    }
}

static void redraw(void)
{
    Screen s;
    unsigned frames = 0;
    if (open_screen(&s)) {
        printf("FAIL no screen of %dx%d: %m\n", WIDTH, HEIGHT);
        return;
    }
    printf("BEGIN %u\n", s.bits);
    double start = now();
    while (now() < start + SECONDS) {
        draw(&s, frames++);
    }
    printf("END %u %.2f\n", frames, now() - start);
}

static void scroll(void)
{
    FILE *out = fopen("/dev/tty1", "w");
    printf("BEGIN 0\n");
    double start = now();
    for (unsigned i = 0; i < LINES; i++) {
        fprintf(out, "%u the quick brown fox jumps over the lazy dog, and over the next one too\n", i);
        fflush(out);
    }
    printf("END %d %.2f\n", LINES, now() - start);
}

/* With a cursor that blinks, or with nothing that changes. */
static void rest(const char *cursor)
{
    FILE *out = fopen("/dev/tty1", "w");
    fprintf(out, "\033[?25%s", cursor);
    fflush(out);
    sleep(5);
    printf("BEGIN 0\n");
    sleep(30);
    printf("END 0 30\n");
}

int main(void)
{
    char line[1024] = "";
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    freopen("/dev/console", "r", stdin);
    freopen("/dev/console", "w", stdout);
    setvbuf(stdout, NULL, _IONBF, 0);
    load_modules();
    sleep(2);
    int fd = open("/proc/cmdline", O_RDONLY);
    if (read(fd, line, sizeof(line) - 1) > 0) {
        strstr(line, "work=redraw") ? redraw() : strstr(line, "work=scroll") ? scroll() :
        rest(strstr(line, "work=blink") ? "h" : "l");
    }
    sleep(1);
    reboot(RB_POWER_OFF);
    return 1;
}
