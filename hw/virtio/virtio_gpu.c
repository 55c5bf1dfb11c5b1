/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A graphics device on virtio, "virtio-gpu-pci": VIRTIO 1.1, section 5.7. It shows pictures that the driver
 * has in memory; there is no VGA in it. Not modelled: 3D (virgl), blobs, contexts, UUIDs of resources.
 */
#include <string.h>
#include "hw/display/edid.h"
#include "hw/virtio/virtio_gpu.h"
#include "util/bits.h"
#include "util/error.h"
#include "util/iov.h"
#include "util/log.h"

#define CONTROL_QUEUE 256u
#define CURSOR_QUEUE 16u
#define HEADER 24u
#define MOST_COMMAND 56u
#define MOST_REPLY (HEADER + 8 + 1024)
#define ENTRY 16u
#define FLAG_FENCE 1u
#define MOST_HOSTMEM (UINT64_C(2) << 30)
/* Bytes that are moved at once, while the lock is held and the CPU waits; a command counts as some. */
#define AT_ONCE INT64_C(0x2000000)
#define COMMAND_COST 1024
#define PAUSE_NS INT64_C(2000000)

enum { F_EDID = 1 << 1 };
enum { EVENT_DISPLAY = 1 };

/* A command that runs: what the driver said, and what it is told beside the header. */
typedef struct {
    VirtioGpu *d;
    const uint8_t *c;               /* the command, whose arguments come behind the header */
    const VirtqElement *e;
    uint8_t *reply;                 /* zeros */
    uint32_t reply_bytes;           /* header included */
} Command;

static uint32_t word(const Command *k, unsigned n)
{
    return (uint32_t)load_le(k->c + HEADER + 4 * n, 4);
}

static GpuRect rect_of(const Command *k)
{
    return (GpuRect){ word(k, 0), word(k, 1), word(k, 2), word(k, 3) };
}

static uint32_t refuse(const Command *k, uint32_t error, const char *what, uint32_t number)
{
    guest_log("%s: command 0x%x: %s %u", device_name(&k->d->v.pci.dev), (unsigned)load_le(k->c, 4), what,
              number);
    return error;
}

/* The resource of that number, or NULL, which has been logged. */
static GpuResource *resource_of(const Command *k, uint32_t id)
{
    GpuResource *r = gpu_resource_find(&k->d->resources, id);
    if (!r) {
        refuse(k, GPU_ERR_RESOURCE_ID, "there is no resource", id);
    }
    return r;
}

/* ---- commands: section 5.7.6.8 ---- */

static uint32_t get_display_info(Command *k)
{
    uint32_t x = 0;
    for (unsigned i = 0; i < k->d->max_outputs; i++) {
        const GpuHead *h = &k->d->head[i];
        uint8_t *mode = k->reply + HEADER + (size_t)24 * i;
        store_le(mode, 4, x);
        store_le(mode + 8, 4, h->width);
        store_le(mode + 12, 4, h->height);
        store_le(mode + 16, 4, 1);
        x += h->width;
    }
    k->reply_bytes = HEADER + 24 * GPU_HEADS;
    return GPU_OK_DISPLAY_INFO;
}

static uint32_t get_edid(Command *k)
{
    uint32_t n = word(k, 0);
    if (!virtio_has(&k->d->v, F_EDID)) {
        return refuse(k, GPU_ERR_UNSPEC, "the driver has not accepted EDID; display", n);
    }
    if (n >= k->d->max_outputs) {
        return refuse(k, GPU_ERR_SCANOUT_ID, "there is no display", n);
    }
    store_le(k->reply + HEADER, 4, EDID_BYTES);
    edid_fill(k->reply + HEADER + 8, k->d->head[n].width, k->d->head[n].height);
    k->reply_bytes = MOST_REPLY;
    return GPU_OK_EDID;
}

static uint32_t create_2d(Command *k)
{
    return gpu_resource_create(&k->d->resources, word(k, 0), word(k, 1), word(k, 2), word(k, 3));
}

/* Displays that show it go dark. */
static uint32_t unref(Command *k)
{
    GpuResource *r = resource_of(k, word(k, 0));
    if (!r) {
        return GPU_ERR_RESOURCE_ID;
    }
    for (unsigned i = 0; i < k->d->max_outputs; i++) {
        if (k->d->head[i].resource == r) {
            gpu_head_show(&k->d->head[i], NULL, NULL);
        }
    }
    gpu_resource_unref(&k->d->resources, r);
    return GPU_OK;
}

static uint32_t set_scanout(Command *k)
{
    GpuRect rect = rect_of(k);
    uint32_t n = word(k, 4), id = word(k, 5);
    GpuResource *r = NULL;
    if (n >= k->d->max_outputs) {
        return refuse(k, GPU_ERR_SCANOUT_ID, "there is no display", n);
    }
    if (id && !(r = resource_of(k, id))) {
        return GPU_ERR_RESOURCE_ID;
    }
    if (r && (!gpu_resource_has(r, &rect) || rect.width > GPU_HEAD_PIXELS || rect.height > GPU_HEAD_PIXELS)) {
        return refuse(k, GPU_ERR_PARAMETER, "no display shows that part of resource", id);
    }
    gpu_head_show(&k->d->head[n], r, &rect);
    return GPU_OK;
}

static uint32_t flush(Command *k)
{
    GpuRect rect = rect_of(k);
    GpuResource *r = resource_of(k, word(k, 4));
    if (!r) {
        return GPU_ERR_RESOURCE_ID;
    }
    if (!gpu_resource_has(r, &rect)) {
        return refuse(k, GPU_ERR_PARAMETER, "the rectangle is not in resource", r->id);
    }
    for (unsigned i = 0; i < k->d->max_outputs; i++) {
        gpu_head_flush(&k->d->head[i], r, &rect);
    }
    return GPU_OK;
}

static uint32_t transfer_to_host_2d(Command *k)
{
    GpuRect rect = rect_of(k);
    GpuResource *r = resource_of(k, word(k, 6));
    if (!r) {
        return GPU_ERR_RESOURCE_ID;
    }
    if (!r->backing) {
        return refuse(k, GPU_ERR_UNSPEC, "there is no backing of resource", r->id);
    }
    if (!gpu_resource_has(r, &rect)) {
        return refuse(k, GPU_ERR_PARAMETER, "the rectangle is not in resource", r->id);
    }
    k->d->left -= (int64_t)rect.width * rect.height * 4;
    return gpu_resource_transfer(&k->d->resources, r, &rect, load_le(k->c + HEADER + 16, 8));
}

/* The entries come behind the command. */
static uint32_t attach_backing(Command *k)
{
    GpuResource *r = resource_of(k, word(k, 0));
    uint32_t count = word(k, 1);
    uint64_t bytes = (uint64_t)count * ENTRY;
    if (!r) {
        return GPU_ERR_RESOURCE_ID;
    }
    if (count > GPU_MOST_ENTRIES) {
        return refuse(k, GPU_ERR_UNSPEC, "a backing has 16384 entries at most, not", count);
    }
    if (k->e->out.bytes < HEADER + 8 + bytes) {
        return refuse(k, GPU_ERR_UNSPEC, "the command ends before its last entry, number", count);
    }
    g_autofree uint8_t *entries = g_malloc(bytes);
    iov_to_buf(dma_list_iov(&k->e->out), k->e->out.iov->len, HEADER + 8, entries, bytes);
    k->d->left -= (int64_t)bytes * 4;
    return gpu_resource_attach(&k->d->resources, r, entries, count);
}

static uint32_t detach_backing(Command *k)
{
    GpuResource *r = resource_of(k, word(k, 0));
    if (!r) {
        return GPU_ERR_RESOURCE_ID;
    }
    if (!r->backing) {
        return refuse(k, GPU_ERR_UNSPEC, "there is no backing of resource", r->id);
    }
    gpu_resource_detach(&k->d->resources, r);
    return GPU_OK;
}

static uint32_t move_cursor(Command *k)
{
    if (word(k, 0) >= k->d->max_outputs) {
        return refuse(k, GPU_ERR_SCANOUT_ID, "there is no display", word(k, 0));
    }
    gpu_head_move_cursor(&k->d->head[word(k, 0)], (int32_t)word(k, 1), (int32_t)word(k, 2));
    return GPU_OK;
}

static uint32_t update_cursor(Command *k)
{
    uint32_t n = word(k, 0), id = word(k, 4);
    GpuResource *r = NULL;
    if (n >= k->d->max_outputs) {
        return refuse(k, GPU_ERR_SCANOUT_ID, "there is no display", n);
    }
    if (id && !(r = resource_of(k, id))) {
        return GPU_ERR_RESOURCE_ID;
    }
    if (r && (r->width != GPU_CURSOR || r->height != GPU_CURSOR)) {
        return refuse(k, GPU_ERR_PARAMETER, "a pointer has 64 by 64 pixels, unlike resource", id);
    }
    k->d->left -= GPU_CURSOR * GPU_CURSOR * 4;
    gpu_head_set_cursor(&k->d->head[n], r, word(k, 5), word(k, 6));
    return move_cursor(k);
}

/* bytes: header included. */
static const struct { uint32_t type, bytes; bool cursor; uint32_t (*run)(Command *k); } commands[] = {
    { 0x0100, 24, false, get_display_info },
    { 0x0101, 40, false, create_2d },
    { 0x0102, 32, false, unref },
    { 0x0103, 48, false, set_scanout },
    { 0x0104, 48, false, flush },
    { 0x0105, 56, false, transfer_to_host_2d },
    { 0x0106, 32, false, attach_backing },
    { 0x0107, 32, false, detach_backing },
    { 0x010a, 32, false, get_edid },
    { 0x0300, 56, true, update_cursor },
    { 0x0301, 56, true, move_cursor },
};

static uint32_t run(Command *k, bool cursor)
{
    uint32_t type = (uint32_t)load_le(k->c, 4);
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].type == type && commands[i].cursor == cursor) {
            return k->e->out.bytes < commands[i].bytes
                 ? refuse(k, GPU_ERR_UNSPEC, "it is too short: bytes", (uint32_t)k->e->out.bytes)
                 : commands[i].run(k);
        }
    }
    return refuse(k, GPU_ERR_UNSPEC, "there is none of that number on queue", cursor);
}

/* ---- queues ---- */

/* Writes the reply; the bytes of it. Commands for the pointer need not have room for one. */
static uint64_t answer(Command *k, uint32_t result, bool cursor)
{
    uint32_t flags = (uint32_t)load_le(k->c + 4, 4) & FLAG_FENCE;
    if (k->e->in.bytes < k->reply_bytes) {
        if (k->e->in.bytes || !cursor) {
            refuse(k, result, "there is no room for the reply, only bytes:", (uint32_t)k->e->in.bytes);
        }
        result = GPU_ERR_UNSPEC;
        k->reply_bytes = HEADER;
    }
    if (k->e->in.bytes < HEADER) {
        return 0;
    }
    store_le(k->reply, 4, result);
    store_le(k->reply + 4, 4, flags);
    if (flags) {
        memcpy(k->reply + 8, k->c + 8, 12);         /* the fence's number and its context */
    }
    iov_from_buf(dma_list_iov(&k->e->in), k->e->in.iov->len, 0, k->reply, k->reply_bytes);
    return k->reply_bytes;
}

static void serve(VirtioGpu *d, VirtQueue *q)
{
    VirtqElement e;
    bool any = false;
    while (d->left > 0 && virtq_pop(q, &e)) {
        uint8_t command[MOST_COMMAND] = { 0 }, reply[MOST_REPLY] = { 0 };
        Command k = { d, command, &e, reply, HEADER };
        d->left -= COMMAND_COST;
        iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, 0, command, MIN(e.out.bytes, sizeof(command)));
        uint32_t result = run(&k, q == d->cursor);
        virtq_push(q, &e, answer(&k, result, q == d->cursor));
        any = true;
    }
    if (any) {
        virtq_notify(q);
    }
}

/* Both queues; a driver that asks for very much waits, and others have the lock meanwhile. */
static void serve_all(VirtioGpu *d)
{
    Clock *clock = d->v.pci.dev.machine->clock;
    d->left = AT_ONCE;
    serve(d, d->cursor);
    serve(d, d->control);
    if (d->left <= 0) {
        timer_arm(d->later, clock_now(clock, CLOCK_VIRTUAL) + PAUSE_NS);
    }
}

static void later(void *opaque)
{
    serve_all(opaque);
}

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    VirtioGpu *d = (VirtioGpu *)vdev;
    if (!timer_armed(d->later)) {
        serve_all(d);
    }
}

/* ---- configuration ---- */

static uint64_t features(VirtioDevice *vdev)
{
    return ((const VirtioGpu *)vdev)->edid ? F_EDID : 0;
}

/* Section 5.7.4: events, events to clear, displays, capability sets. */
static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    const VirtioGpu *d = (VirtioGpu *)vdev;
    store_le(config, 4, d->events);
    store_le(config + 8, 4, d->max_outputs);
}

static void set_config(VirtioDevice *vdev, const uint8_t *config)
{
    ((VirtioGpu *)vdev)->events &= ~(uint32_t)load_le(config + 4, 4);
}

void gpu_window_changed(VirtioGpu *d)
{
    d->events |= EVENT_DISPLAY;
    virtio_config_changed(&d->v);
}

/* ---- life ---- */

static void reset(VirtioDevice *vdev)
{
    VirtioGpu *d = (VirtioGpu *)vdev;
    for (unsigned i = 0; i < d->max_outputs; i++) {
        gpu_head_reset(&d->head[i]);
    }
    gpu_resources_clear(&d->resources);
    timer_cancel(d->later);
    d->events = 0;
}

static bool good_properties(const VirtioGpu *d, GError **err)
{
    const char *name = device_name(&d->v.pci.dev);
    if (d->max_outputs < 1 || d->max_outputs > GPU_HEADS) {
        return error_set(err, "%s: max_outputs=%u: must be 1 to %u", name, d->max_outputs, GPU_HEADS);
    }
    if (d->xres < EDID_LEAST_PIXELS || d->xres > EDID_MOST_PIXELS || d->yres < EDID_LEAST_PIXELS ||
        d->yres > EDID_MOST_PIXELS) {
        return error_set(err, "%s: xres=%u,yres=%u: must be from %ux%u to %ux%u; 1280x800 would work", name,
                         d->xres, d->yres, EDID_LEAST_PIXELS, EDID_LEAST_PIXELS, EDID_MOST_PIXELS,
                         EDID_MOST_PIXELS);
    }
    return d->max_hostmem <= MOST_HOSTMEM ||
           error_set(err, "%s: max_hostmem: must be 2G at most; 256M, the default, would work", name);
}

static bool virtio_gpu_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = {
        .id = 16, .config_size = 16, .modern_only = true, .features = features, .get_config = get_config,
        .set_config = set_config, .notified = notified, .reset = reset,
    };
    VirtioGpu *d = (VirtioGpu *)dev;
    if (!good_properties(d, err)) {
        return false;
    }
    gpu_resources_init(&d->resources, dev->machine->as, d->max_hostmem);
    d->later = timer_new(dev->machine->clock, CLOCK_VIRTUAL, later, d);
    for (unsigned i = 0; i < d->max_outputs; i++) {
        gpu_head_init(d, i, d->xres, d->yres);
    }
    d->control = virtio_add_queue(&d->v, CONTROL_QUEUE);
    d->cursor = virtio_add_queue(&d->v, CURSOR_QUEUE);
    return virtio_realize(&d->v, &kind, err);
}

static bool virtio_gpu_post_load(Device *dev, GError **err)
{
    VirtioGpu *d = (VirtioGpu *)dev;
    bool good = true;
    for (unsigned i = 0; i < GPU_HEADS; i++) {
        good = gpu_head_post_load(&d->head[i], &d->resources) && good;
    }
    if (!good) {
        return error_set(err, "%s: a display shows what is no part of a resource", device_name(dev));
    }
    if (!virtio_post_load(dev, err)) {
        return false;
    }
    timer_arm(d->later, clock_now(dev->machine->clock, CLOCK_VIRTUAL));     /* there may be a rest */
    return true;
}

static void virtio_gpu_finalize(Device *dev)
{
    VirtioGpu *d = (VirtioGpu *)dev;
    for (unsigned i = 0; i < GPU_HEADS; i++) {
        gpu_head_free(&d->head[i]);
    }
    gpu_resources_free(&d->resources);
    if (d->later) {
        timer_free(d->later);
    }
    virtio_finalize(&d->v);
}

static const Prop virtio_gpu_props[] = {
    { "max_outputs", PROP_U32, offsetof(VirtioGpu, max_outputs), "1", "displays, 1 to 16" },
    { "xres", PROP_U32, offsetof(VirtioGpu, xres), "1280", "columns that the driver is told of at first" },
    { "yres", PROP_U32, offsetof(VirtioGpu, yres), "800", "lines that the driver is told of at first" },
    { "edid", PROP_BOOL, offsetof(VirtioGpu, edid), "on", "the displays tell their modes as monitors do" },
    { "max_hostmem", PROP_SIZE, offsetof(VirtioGpu, max_hostmem), "256M",
      "bytes of the host's memory that pictures of the guest's may take" },
    VIRTIO_MODERN_PROPS(VirtioGpu, v),
    { 0 }
};

static const VmField virtio_gpu_state[] = {
    VM_STRUCT(VirtioGpu, v, virtio_state), VM_PART(VirtioGpu, resources, &gpu_resources_part),
    VM_STRUCTS(VirtioGpu, head, gpu_head_state), VM_U32(VirtioGpu, events), { 0 }
};
static const PciInfo virtio_gpu_info = {
    .vendor = 0x1af4, .device = 0x1050, .class_code = 0x0380, .int_pin = 1,
    .config_read = virtio_pci_config_read, .config_written = virtio_pci_config_written,
};

const DeviceType virtio_gpu_type = {
    "virtio-gpu-pci", sizeof(VirtioGpu), .parent = "pci-device", .description = "virtio graphics, 2D",
    .user_creatable = true, .graphics = true, .state = virtio_gpu_state,
    .props = virtio_gpu_props, .bus_info = &virtio_gpu_info, .realize = virtio_gpu_realize,
    .reset = virtio_reset, .finalize = virtio_gpu_finalize, .post_load = virtio_gpu_post_load,
};
