/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resources of the graphics device on virtio: VIRTIO 1.1, section 5.7.6.8. */
#include "hw/virtio/virtio_gpu.h"

#include <string.h>
#include "util/bits.h"
#include "util/log.h"

#define PIXEL 4u
#define OVERHEAD 1024u              /* charged for each resource, beside its pixels */
#define ENTRY_BYTES 16u

/* ---- formats ---- */

/* A format names the bytes of a pixel in memory, the first one first; pixman's names begin with the highest
 * bits of a number. */
static pixman_format_code_t pixman_format(uint32_t format)
{
    static const struct { uint32_t format; pixman_format_code_t little, big; } formats[] = {
        { 1, PIXMAN_a8r8g8b8, PIXMAN_b8g8r8a8 },        /* B8G8R8A8 */
        { 2, PIXMAN_x8r8g8b8, PIXMAN_b8g8r8x8 },        /* B8G8R8X8 */
        { 3, PIXMAN_b8g8r8a8, PIXMAN_a8r8g8b8 },        /* A8R8G8B8 */
        { 4, PIXMAN_b8g8r8x8, PIXMAN_x8r8g8b8 },        /* X8R8G8B8 */
        { 67, PIXMAN_a8b8g8r8, PIXMAN_r8g8b8a8 },       /* R8G8B8A8 */
        { 68, PIXMAN_r8g8b8x8, PIXMAN_x8b8g8r8 },       /* X8B8G8R8 */
        { 121, PIXMAN_r8g8b8a8, PIXMAN_a8b8g8r8 },      /* A8B8G8R8 */
        { 134, PIXMAN_x8b8g8r8, PIXMAN_r8g8b8x8 },      /* R8G8B8X8 */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].format == format) {
            return G_BYTE_ORDER == G_LITTLE_ENDIAN ? formats[i].little : formats[i].big;
        }
    }
    return 0;
}

static pixman_image_t *new_image(const GpuResource *r, uint32_t format)
{
    return pixman_image_create_bits_no_clear(pixman_format(format), (int)r->width, (int)r->height,
                                             (uint32_t *)(void *)r->pixels, (int)(r->width * PIXEL));
}

pixman_image_t *gpu_resource_with_alpha(const GpuResource *r)
{
    switch (r->format) {
    case 2:   return new_image(r, 1);
    case 4:   return new_image(r, 3);
    case 68:  return new_image(r, 121);
    case 134: return new_image(r, 67);
    default:  return new_image(r, r->format);
    }
}

/* ---- all of them ---- */

static void free_resource(gpointer data)
{
    GpuResource *r = data;
    pixman_image_unref(r->image);
    g_free(r->pixels);
    if (r->backing) {
        g_array_free(r->backing, TRUE);
    }
    g_free(r);
}

void gpu_resources_init(GpuResources *all, AddressSpace *as, uint64_t most)
{
    *all = (GpuResources){
        g_hash_table_new_full(NULL, NULL, NULL, free_resource), 0, most, as,
    };
}

void gpu_resources_clear(GpuResources *all)
{
    g_hash_table_remove_all(all->by_id);
    all->used = 0;
}

void gpu_resources_free(GpuResources *all)
{
    if (all->by_id) {
        g_hash_table_unref(all->by_id);
        all->by_id = NULL;
    }
}

GpuResource *gpu_resource_find(const GpuResources *all, uint32_t id)
{
    return g_hash_table_lookup(all->by_id, GUINT_TO_POINTER(id));
}

static bool charge(GpuResources *all, GpuResource *r, uint64_t bytes)
{
    if (bytes > all->most - all->used) {
        guest_log("virtio-gpu: resource %u needs more than the %" G_GUINT64_FORMAT " bytes that are left of "
                  "max_hostmem", r->id, all->most - all->used);
        return false;
    }
    all->used += bytes;
    r->charged += bytes;
    return true;
}

static uint64_t pixel_bytes(const GpuResource *r)
{
    return (uint64_t)r->width * r->height * PIXEL;
}

uint32_t gpu_resource_create(GpuResources *all, uint32_t id, uint32_t format, uint32_t width,
                             uint32_t height)
{
    GpuResource r = { .id = id, .format = format, .width = width, .height = height };
    if (id == 0 || gpu_resource_find(all, id)) {
        guest_log("virtio-gpu: resource %u is there already, or no number for one", id);
        return GPU_ERR_RESOURCE_ID;
    }
    if (!pixman_format(format) || !width || !height || width > GPU_MOST_PIXELS || height > GPU_MOST_PIXELS) {
        guest_log("virtio-gpu: no resource has format %u and %ux%u pixels", format, width, height);
        return GPU_ERR_PARAMETER;
    }
    if (!charge(all, &r, pixel_bytes(&r) + OVERHEAD)) {
        return GPU_ERR_OUT_OF_MEMORY;
    }
    r.pixels = g_try_malloc0(pixel_bytes(&r));
    r.image = r.pixels ? new_image(&r, format) : NULL;
    if (!r.image) {
        g_free(r.pixels);
        all->used -= r.charged;
        return GPU_ERR_OUT_OF_MEMORY;
    }
    g_hash_table_insert(all->by_id, GUINT_TO_POINTER(id), g_memdup2(&r, sizeof(r)));
    return GPU_OK;
}

void gpu_resource_unref(GpuResources *all, GpuResource *r)
{
    all->used -= r->charged;
    g_hash_table_remove(all->by_id, GUINT_TO_POINTER(r->id));
}

/* ---- their backing ---- */

static bool is_memory(GpuResources *all, const GpuEntry *e)
{
    for (uint64_t done = 0; done < e->len;) {
        MemSpan span = as_span(all->as, e->addr + done);
        if (!span.host || !span.len || e->addr + e->len < e->addr) {
            return false;
        }
        done += span.len;
    }
    return true;
}

static bool add_entry(GpuResources *all, GpuResource *r, uint64_t addr, uint32_t len)
{
    GpuEntry e = { addr, r->backing_bytes, len };
    if (!is_memory(all, &e)) {
        guest_log("virtio-gpu: resource %u: some of its backing is no memory", r->id);
        return false;
    }
    if (len) {
        g_array_append_val(r->backing, e);
        r->backing_bytes += len;
    }
    return true;
}

static bool begin_backing(GpuResources *all, GpuResource *r, uint32_t count)
{
    if (!charge(all, r, count * sizeof(GpuEntry))) {
        return false;
    }
    r->backing = g_array_sized_new(FALSE, FALSE, sizeof(GpuEntry), count);
    r->backing_bytes = 0;
    return true;
}

uint32_t gpu_resource_attach(GpuResources *all, GpuResource *r, const uint8_t *entries, uint32_t count)
{
    if (r->backing) {
        guest_log("virtio-gpu: resource %u has a backing already", r->id);
        return GPU_ERR_UNSPEC;
    }
    if (!begin_backing(all, r, count)) {
        return GPU_ERR_OUT_OF_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = entries + (size_t)ENTRY_BYTES * i;
        if (!add_entry(all, r, load_le(entry, 8), (uint32_t)load_le(entry + 8, 4))) {
            gpu_resource_detach(all, r);
            return GPU_ERR_PARAMETER;
        }
    }
    return GPU_OK;
}

void gpu_resource_detach(GpuResources *all, GpuResource *r)
{
    uint64_t pixels = pixel_bytes(r) + OVERHEAD;
    g_array_free(r->backing, TRUE);
    r->backing = NULL;
    all->used -= r->charged - pixels;
    r->charged = pixels;
}

/* ---- from the backing ---- */

/* Copies bytes of the backing from at on, all of them there; *entry is the one to begin to look at. */
static bool copy(const GpuResources *all, const GpuResource *r, uint64_t at, uint8_t *to, uint64_t len,
                 guint *entry)
{
    const GpuEntry *e = &g_array_index(r->backing, GpuEntry, *entry);
    while (len) {
        while (at >= e->start + e->len) {
            e++;
            ++*entry;
        }
        uint64_t skip = at - e->start, part = MIN(len, e->len - skip);
        if (!dma_read(all->as, e->addr + skip, to, part)) {
            return false;
        }
        at += part;
        to += part;
        len -= part;
    }
    return true;
}

bool gpu_resource_has(const GpuResource *r, const GpuRect *rect)
{
    return rect->width && rect->height && rect->x <= r->width && rect->width <= r->width - rect->x &&
           rect->y <= r->height && rect->height <= r->height - rect->y;
}

uint32_t gpu_resource_transfer(GpuResources *all, GpuResource *r, const GpuRect *rect, uint64_t offset)
{
    uint64_t pitch = (uint64_t)r->width * PIXEL, row = (uint64_t)rect->width * PIXEL;
    uint64_t rows = rect->height, needed = pitch * (rows - 1) + row;
    guint entry = 0;
    if (needed > r->backing_bytes || offset > r->backing_bytes - needed) {
        guest_log("virtio-gpu: resource %u: a transfer goes beyond the end of its backing", r->id);
        return GPU_ERR_PARAMETER;
    }
    if (row == pitch) {
        row *= rows;
        rows = 1;
    }
    for (uint64_t y = 0; y < rows; y++) {
        uint8_t *to = r->pixels + pitch * (rect->y + y) + (size_t)rect->x * PIXEL;
        if (!copy(all, r, offset + pitch * y, to, row, &entry)) {
            guest_log("virtio-gpu: resource %u: some of its backing is no memory any more", r->id);
            return GPU_ERR_UNSPEC;
        }
    }
    return GPU_OK;
}

/* ---- state: for each its head, the entries of its backing, and its pixels ---- */

#define NO_BACKING UINT32_MAX
#define SAVED_HEAD 20u
#define SAVED_ENTRY 12u

static gint by_number(gconstpointer a, gconstpointer b)
{
    guint x = GPOINTER_TO_UINT(a), y = GPOINTER_TO_UINT(b);
    return x < y ? -1 : x > y;
}

static void save_resource(const GpuResource *r, GByteArray *out)
{
    uint8_t head[SAVED_HEAD];
    uint32_t count = r->backing ? r->backing->len : NO_BACKING;
    const uint32_t numbers[] = { r->id, r->format, r->width, r->height, count };
    for (unsigned i = 0; i < G_N_ELEMENTS(numbers); i++) {
        store_be(head + 4 * i, 4, numbers[i]);
    }
    g_byte_array_append(out, head, sizeof(head));
    for (guint i = 0; r->backing && i < r->backing->len; i++) {
        const GpuEntry *e = &g_array_index(r->backing, GpuEntry, i);
        uint8_t entry[SAVED_ENTRY];
        store_be(entry, 8, e->addr);
        store_be(entry + 8, 4, e->len);
        g_byte_array_append(out, entry, sizeof(entry));
    }
    g_byte_array_append(out, r->pixels, (guint)pixel_bytes(r));
}

static void save_resources(const void *p, GByteArray *out)
{
    const GpuResources *all = p;
    g_autoptr(GList) ids = g_list_sort(g_hash_table_get_keys(all->by_id), by_number);
    for (const GList *i = ids; i; i = i->next) {
        save_resource(gpu_resource_find(all, GPOINTER_TO_UINT(i->data)), out);
    }
}

/* The bytes that it takes of len; 0: it cannot be. */
static size_t load_resource(GpuResources *all, const uint8_t *data, size_t len)
{
    uint32_t number[SAVED_HEAD / 4];
    for (unsigned i = 0; len >= SAVED_HEAD && i < G_N_ELEMENTS(number); i++) {
        number[i] = (uint32_t)load_be(data + 4 * i, 4);
    }
    if (len < SAVED_HEAD ||
        gpu_resource_create(all, number[0], number[1], number[2], number[3]) != GPU_OK) {
        return 0;
    }
    GpuResource *r = gpu_resource_find(all, number[0]);
    uint32_t entries = number[4] == NO_BACKING ? 0 : number[4];
    size_t needed = SAVED_HEAD + (size_t)entries * SAVED_ENTRY + (size_t)pixel_bytes(r);
    if (entries > GPU_MOST_ENTRIES || needed > len ||
        (number[4] != NO_BACKING && !begin_backing(all, r, entries))) {
        return 0;
    }
    data += SAVED_HEAD;
    for (uint32_t i = 0; i < entries; i++, data += SAVED_ENTRY) {
        if (!add_entry(all, r, load_be(data, 8), (uint32_t)load_be(data + 8, 4))) {
            return 0;
        }
    }
    memcpy(r->pixels, data, pixel_bytes(r));
    return needed;
}

static bool load_resources(void *p, const uint8_t *data, size_t len)
{
    GpuResources *all = p;
    size_t used = 1;
    gpu_resources_clear(all);
    while (len && (used = load_resource(all, data, len))) {
        data += used;
        len -= used;
    }
    return used;
}

const VmPart gpu_resources_part = { save_resources, load_resources };
