/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A display's surface as a file. */
#include <errno.h>
#include <glib/gstdio.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include "ui/display.h"
#include "util/error.h"

/* Row y as red, green and blue bytes. */
static void pack_row(pixman_image_t *surface, unsigned y, uint8_t *rgb)
{
    const uint32_t *row = pixman_image_get_data(surface) + (size_t)y * pixman_image_get_stride(surface) / 4;
    for (int x = 0; x < pixman_image_get_width(surface); x++) {
        *rgb++ = (uint8_t)(row[x] >> 16);
        *rgb++ = (uint8_t)(row[x] >> 8);
        *rgb++ = (uint8_t)row[x];
    }
}

static bool no_file(GError **err, const char *path)
{
    return error_set(err, "screendump: %s: %s", path, g_strerror(errno));
}

bool display_write_ppm(Display *d, const char *path, GError **err)
{
    unsigned width = display_width(d), height = display_height(d);
    g_autofree uint8_t *row = g_malloc(width * 3);
    FILE *out = g_fopen(path, "wbe");
    if (!out) {
        return no_file(err, path);
    }
    bool good = fprintf(out, "P6\n%u %u\n255\n", width, height) > 0;
    for (unsigned y = 0; good && y < height; y++) {
        pack_row(display_surface(d), y, row);
        good = fwrite(row, 3, width, out) == width;
    }
    good = fclose(out) == 0 && good;
    return good || no_file(err, path);
}

static void complain(png_structp png, png_const_charp text)
{
    g_strlcpy(png_get_error_ptr(png), text, 128);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp text)
{
}

static bool write_png(Display *d, FILE *out, png_structp png, png_infop info, uint8_t *row)
{
    if (!info || setjmp(png_jmpbuf(png))) {
        return false;
    }
    png_init_io(png, out);
    png_set_IHDR(png, info, display_width(d), display_height(d), 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (unsigned y = 0; y < display_height(d); y++) {
        pack_row(display_surface(d), y, row);
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    return true;
}

bool display_write_png(Display *d, const char *path, GError **err)
{
    char why[128] = "no memory";
    g_autofree uint8_t *row = g_malloc(display_width(d) * 3);
    FILE *out = g_fopen(path, "wbe");
    if (!out) {
        return no_file(err, path);
    }
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, why, complain, ignore);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    bool good = png && write_png(d, out, png, info, row);
    png_destroy_write_struct(&png, &info);
    bool closed = fclose(out) == 0;
    if (good && !closed) {
        return no_file(err, path);
    }
    return good || error_set(err, "screendump: %s: %s", path, why);
}
