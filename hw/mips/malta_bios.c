/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware images for the Malta board's flash. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "hw/mips/malta_internal.h"
#include "util/bits.h"
#include "util/error.h"

/* Whether a word is one of the instructions that firmware begins with: a branch or jump,
 * LUI, MFC0, MTC0. */
static bool looks_like_start(uint32_t word)
{
    return (word >> 16) == 0x1000 || (word >> 26) == 2 || (word >> 26) == 3 || (word >> 21) == 0x1e0 ||
           (word >> 21) == 0x200 || (word >> 21) == 0x204;
}

bool malta_bios_probe(const char *path, MaltaBiosOrder *order, GError **err)
{
    uint8_t head[4] = { 0 };
    errno = 0;
    FILE *file = fopen(path, "re");
    bool good = file && (fread(head, 1, sizeof(head), file) == sizeof(head) || !ferror(file));
    int why = errno;
    if (file) {
        fclose(file);
    }
    if (!good) {
        return error_set(err, "-bios %s: %s", path, g_strerror(why));
    }
    bool big = looks_like_start((uint32_t)load_be(head, 4));
    bool little = looks_like_start((uint32_t)load_le(head, 4));
    *order = big == little ? MALTA_BIOS_UNKNOWN : big ? MALTA_BIOS_BIG : MALTA_BIOS_LITTLE;
    return true;
}

/* Firmware for both byte orders is written big endian and its words are swapped into a
 * little-endian board's flash; an image made for one byte order is taken as it is. */
static bool needs_swap(const char *image, gsize len, bool big_endian)
{
    if (len < 4 || big_endian) {
        return false;
    }
    return !looks_like_start((uint32_t)load_le(image, 4)) && looks_like_start((uint32_t)load_be(image, 4));
}

static bool check(const char *image, gsize len, const char *path, bool big_endian, GError **err)
{
    if (len > CFI_FLASH_SIZE) {
        return error_set(err, "-bios %s: %" G_GSIZE_FORMAT " bytes do not fit the flash of 4 MiB; a flash "
                         "image of at most 4 MiB would work", path, len);
    }
    if (len < 16) {
        return error_set(err, "-bios %s: %" G_GSIZE_FORMAT " bytes are no firmware; a flash image would work",
                         path, len);
    }
    if (memcmp(image, "\177ELF", 4) == 0) {
        return error_set(err, "-bios %s: this is an ELF file; its flash image (u-boot.bin) would work, or "
                         "-kernel for a kernel", path);
    }
    if (big_endian && !looks_like_start((uint32_t)load_be(image, 4)) &&
        looks_like_start((uint32_t)load_le(image, 4))) {
        return error_set(err, "-bios %s: this firmware is little endian and the machine big endian; the "
                         "little-endian machine (qemu-system-mipsel, -mips64el) would work", path);
    }
    return true;
}

bool malta_bios_load(CfiFlash *flash, const char *path, GError **err)
{
    char *image;
    gsize len;
    GError *why = NULL;
    bool big_endian = flash->dev.machine->big_endian;
    if (!g_file_get_contents(path, &image, &len, &why)) {
        error_set(err, "-bios %s: %s", path, why->message);
        g_error_free(why);
        return false;
    }
    bool good = check(image, len, path, big_endian, err);
    if (good) {
        uint8_t *host = mem_host(flash->mem);
        memcpy(host, image, len);
        for (gsize i = 0; needs_swap(image, len, big_endian) && i < CFI_FLASH_SIZE; i += 4) {
            store_le(host + i, 4, load_be(host + i, 4));
        }
        as_host_written(flash->dev.machine->as, host, CFI_FLASH_SIZE);
    }
    g_free(image);
    return good;
}
