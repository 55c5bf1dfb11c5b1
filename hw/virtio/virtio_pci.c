/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtio over PCI: VIRTIO 1.1, section 4.1, with the legacy registers of section 4.1.4.8 in BAR 0 and those
 * of 1.x in BAR 4. Not modelled: MSI-X, so that INTA# is the only interrupt; notifications through I/O ports
 * beyond the legacy register.
 */
#include "hw/virtio/virtio.h"

#include <string.h>
#include "util/bits.h"
#include "util/error.h"

/* The parts of BAR 4. */
#define PART_SIZE 0x1000u
enum { PART_COMMON, PART_ISR, PART_DEVICE, PART_NOTIFY, N_PARTS };
#define NOTIFY_STRIDE 4u

/* Common configuration (section 4.1.4.3). */
enum { C_OFFERED_SELECT = 0x00, C_OFFERED = 0x04, C_SELECT = 0x08, C_FEATURES = 0x0c, C_MSIX = 0x10,
       C_QUEUES = 0x12, C_STATUS = 0x14, C_GENERATION = 0x15, C_QUEUE = 0x16, C_SIZE = 0x18, C_VECTOR = 0x1a,
       C_ENABLE = 0x1c, C_NOTIFY_OFF = 0x1e, C_DESC = 0x20, C_AVAIL = 0x28, C_USED = 0x30 };
/* Legacy registers. */
enum { L_OFFERED = 0, L_FEATURES = 4, L_PAGE = 8, L_SIZE = 12, L_QUEUE = 14, L_NOTIFY = 16, L_STATUS = 18,
       L_ISR = 19, L_CONFIG = 20 };
/* The capability through which configuration space reaches the BARs. */
enum { WINDOW_CAP = 5, WINDOW_BAR = 4, WINDOW_OFFSET = 8, WINDOW_LENGTH = 12, WINDOW_DATA = 16 };

#define NO_VECTOR 0xffffu
#define CAP_VENDOR 0x09
#define CAP_FIRST 0x40u
#define CAP_WINDOW (CAP_FIRST + 16 * 3 + 20)

static VirtioDevice *of(void *opaque)
{
    return opaque;
}

void virtio_pci_update_irq(VirtioDevice *vdev)
{
    pci_device_set_irq(&vdev->pci, vdev->isr != 0);
}

static uint8_t take_isr(VirtioDevice *vdev)
{
    uint8_t isr = vdev->isr;
    vdev->isr = 0;
    virtio_pci_update_irq(vdev);
    return isr;
}

static VirtQueue *selected(VirtioDevice *vdev)
{
    return vdev->queue_select < vdev->n_queues ? &vdev->queue[vdev->queue_select] : NULL;
}

/* ---- the device's configuration: bytes ---- */

static uint64_t read_config(VirtioDevice *vdev, uint64_t offset, unsigned size, bool modern)
{
    uint8_t config[VIRTIO_CONFIG];
    if (offset + size > VIRTIO_CONFIG) {
        return 0;
    }
    vdev->in_modern = modern;
    virtio_read_config(vdev, config);
    vdev->in_modern = false;
    return load_le(config + offset, size);
}

/* value: bytes in the order of addresses, the first in the lowest bits. */
static void write_config(VirtioDevice *vdev, uint64_t offset, uint64_t value, unsigned size, bool modern)
{
    uint8_t bytes[8];
    store_le(bytes, size, value);
    if (offset + size <= VIRTIO_CONFIG) {
        vdev->in_modern = modern;
        virtio_write_config(vdev, (unsigned)offset, virtio_get(vdev, bytes, size), size);
        vdev->in_modern = false;
    }
}

/* ---- registers of 1.x ---- */

static uint64_t queue_address(const VirtQueue *q, unsigned reg)
{
    uint64_t value = reg < C_AVAIL ? q->desc : reg < C_USED ? q->avail : q->used;
    return value >> (reg & 4 ? 32 : 0) & UINT32_MAX;
}

static void set_queue_address(VirtQueue *q, unsigned reg, uint32_t value)
{
    uint64_t *at = reg < C_AVAIL ? &q->desc : reg < C_USED ? &q->avail : &q->used;
    *at = reg & 4 ? (*at & UINT32_MAX) | (uint64_t)value << 32 : (*at & ~(uint64_t)UINT32_MAX) | value;
}

static uint64_t common_queue_read(const VirtQueue *q, unsigned reg)
{
    switch (reg) {
    case C_SIZE:       return q->size;
    case C_VECTOR:     return NO_VECTOR;
    case C_ENABLE:     return q->enabled;
    case C_NOTIFY_OFF: return q->index;
    default:           return reg >= C_DESC && reg < C_USED + 8 ? queue_address(q, reg) : 0;
    }
}

static uint64_t common_read(VirtioDevice *vdev, unsigned reg)
{
    switch (reg) {
    case C_OFFERED_SELECT: return vdev->offered_select;
    case C_OFFERED:        return vdev->offered_select < 2 ?
                                  (uint32_t)(vdev->offered >> (32 * vdev->offered_select)) : 0;
    case C_SELECT:         return vdev->features_select;
    case C_FEATURES:       return vdev->features_select < 2 ?
                                  (uint32_t)(vdev->features >> (32 * vdev->features_select)) : 0;
    case C_MSIX:           return NO_VECTOR;
    case C_QUEUES:         return vdev->n_queues;
    case C_STATUS:         return vdev->status;
    case C_GENERATION:     return vdev->generation;
    case C_QUEUE:          return vdev->queue_select;
    default:               return selected(vdev) ? common_queue_read(selected(vdev), reg) : 0;
    }
}

static void set_feature_half(VirtioDevice *vdev, uint32_t value)
{
    unsigned shift = 32 * vdev->features_select;
    if (vdev->features_select < 2) {
        uint64_t mask = (uint64_t)UINT32_MAX << shift;
        virtio_set_features(vdev, (vdev->features & ~mask) | (uint64_t)value << shift);
    }
}

static void common_queue_write(VirtQueue *q, unsigned reg, uint32_t value)
{
    if (reg == C_SIZE && !q->enabled && value && value <= q->max && !(value & (value - 1))) {
        q->size = (uint16_t)value;
    } else if (reg == C_ENABLE) {
        q->enabled = q->enabled || value == 1;
    } else if (reg >= C_DESC && reg < C_USED + 8 && !q->enabled) {
        set_queue_address(q, reg, value);
    }
}

static void common_write(VirtioDevice *vdev, unsigned reg, uint32_t value)
{
    switch (reg) {
    case C_OFFERED_SELECT: vdev->offered_select = value; break;
    case C_SELECT:         vdev->features_select = value; break;
    case C_FEATURES:       set_feature_half(vdev, value); break;
    case C_STATUS:         virtio_set_status(vdev, (uint8_t)value); break;
    case C_QUEUE:          vdev->queue_select = (uint16_t)value; break;
    default:
        if (selected(vdev)) {
            common_queue_write(selected(vdev), reg, value);
        }
    }
}

static uint64_t modern_read(void *opaque, PhysAddr addr, unsigned size)
{
    VirtioDevice *vdev = of(opaque);
    unsigned at = addr % PART_SIZE;
    switch (addr / PART_SIZE) {
    case PART_COMMON: return common_read(vdev, at);
    case PART_ISR:    return at == 0 ? take_isr(vdev) : 0;
    case PART_DEVICE: return read_config(vdev, at, size, true);
    default:          return 0;
    }
}

static void modern_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    VirtioDevice *vdev = of(opaque);
    unsigned at = addr % PART_SIZE;
    switch (addr / PART_SIZE) {
    case PART_COMMON: common_write(vdev, at, (uint32_t)value); break;
    case PART_DEVICE: write_config(vdev, at, value, size, true); break;
    case PART_NOTIFY: virtio_notified(vdev, at / NOTIFY_STRIDE); break;
    }
}

/* ---- legacy registers ---- */

static uint64_t legacy_read(void *opaque, PhysAddr addr, unsigned size)
{
    VirtioDevice *vdev = of(opaque);
    const VirtQueue *q = selected(vdev);
    switch (addr) {
    case L_OFFERED:  return (uint32_t)vdev->offered;
    case L_FEATURES: return (uint32_t)vdev->features;
    case L_PAGE:     return q && q->enabled ? q->desc >> 12 : 0;
    case L_SIZE:     return q ? q->max : 0;
    case L_QUEUE:    return vdev->queue_select;
    case L_STATUS:   return vdev->status;
    case L_ISR:      return take_isr(vdev);
    default:         return addr >= L_CONFIG ? read_config(vdev, addr - L_CONFIG, size, false) : 0;
    }
}

static void legacy_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    VirtioDevice *vdev = of(opaque);
    VirtQueue *q = selected(vdev);
    switch (addr) {
    case L_FEATURES: virtio_set_features(vdev, (uint32_t)value); break;
    case L_QUEUE:    vdev->queue_select = (uint16_t)value; break;
    case L_NOTIFY:   virtio_notified(vdev, (unsigned)value); break;
    case L_STATUS:   virtio_set_status(vdev, (uint8_t)value); break;
    case L_PAGE:
        if (q) {
            virtio_set_queue_page(vdev, q, (uint32_t)value);
        }
        break;
    default:
        if (addr >= L_CONFIG) {
            write_config(vdev, addr - L_CONFIG, value, size, false);
        }
    }
}

/* ---- configuration space ---- */

static unsigned add_capability(VirtioDevice *vdev, unsigned at, unsigned type, unsigned len, uint32_t offset)
{
    uint8_t *c = vdev->pci.config + at;
    c[0] = CAP_VENDOR;
    c[1] = (uint8_t)(type == WINDOW_CAP ? 0 : at + len);
    c[2] = (uint8_t)len;
    c[3] = (uint8_t)type;
    c[4] = type == WINDOW_CAP ? 0 : 4;
    store_le(c + 8, 4, offset);
    store_le(c + 12, 4, type == WINDOW_CAP ? 0 : PART_SIZE);
    if (type == 2) {
        store_le(c + 16, 4, NOTIFY_STRIDE);
    }
    return at + len;
}

/* Sections 4.1.4.3 to 4.1.4.8: common, ISR, device, notification, and the window. */
static void add_capabilities(VirtioDevice *vdev)
{
    unsigned at = CAP_FIRST;
    pci_config_set(&vdev->pci, PCI_CAPABILITIES, CAP_FIRST, 1);
    pci_config_set(&vdev->pci, PCI_STATUS, pci_config_get(&vdev->pci, PCI_STATUS, 2) | 0x0010, 2);
    at = add_capability(vdev, at, 1, 16, PART_COMMON * PART_SIZE);
    at = add_capability(vdev, at, 3, 16, PART_ISR * PART_SIZE);
    at = add_capability(vdev, at, 4, 16, PART_DEVICE * PART_SIZE);
    at = add_capability(vdev, at, 2, 20, PART_NOTIFY * PART_SIZE);
    g_assert(at == CAP_WINDOW);
    add_capability(vdev, at, WINDOW_CAP, 20, 0);
}

/* Whether the window names something of BAR 4 that one access reaches. */
static bool window_valid(const VirtioDevice *vdev, uint32_t *offset, unsigned *size)
{
    const uint8_t *c = vdev->pci.config + CAP_WINDOW;
    uint64_t length = load_le(c + WINDOW_LENGTH, 4);
    *offset = (uint32_t)load_le(c + WINDOW_OFFSET, 4);
    *size = (unsigned)length;
    return c[WINDOW_BAR] == 4 && (length == 1 || length == 2 || length == 4) && *offset % length == 0 &&
           *offset < N_PARTS * PART_SIZE;
}

uint32_t virtio_pci_config_read(PciDevice *pci, unsigned reg, unsigned size)
{
    VirtioDevice *vdev = (VirtioDevice *)pci;
    uint32_t offset;
    unsigned length;
    if (!vdev->disable_modern && reg == CAP_WINDOW + WINDOW_DATA && window_valid(vdev, &offset, &length)) {
        store_le(pci->config + reg, 4, modern_read(vdev, offset, length));
    }
    return pci_config_get(pci, reg, size);
}

void virtio_pci_config_written(PciDevice *pci, unsigned reg, unsigned size)
{
    VirtioDevice *vdev = (VirtioDevice *)pci;
    uint32_t offset;
    unsigned length;
    if (!vdev->disable_modern && reg == CAP_WINDOW + WINDOW_DATA && window_valid(vdev, &offset, &length)) {
        modern_write(vdev, offset, load_le(pci->config + reg, length), length);
    }
}

/* ---- life ---- */

void virtio_pci_reset(VirtioDevice *vdev)
{
    const PciInfo *info = vdev->pci.dev.type->bus_info;
    pci_device_reset(&vdev->pci);
    pci_config_set(&vdev->pci, PCI_SUBVENDOR, info->vendor, 2);
    pci_config_set(&vdev->pci, PCI_SUBDEVICE, vdev->disable_legacy ? 0x1100 : vdev->kind->id, 2);
    if (vdev->disable_legacy) {
        pci_config_set(&vdev->pci, PCI_DEVICE, 0x1040u + vdev->kind->id, 2);
        pci_config_set(&vdev->pci, PCI_REVISION, 1, 1);
    }
    if (!vdev->disable_modern) {
        add_capabilities(vdev);
    }
}

bool virtio_pci_realize(VirtioDevice *vdev, GError **err)
{
    static const MemOps legacy_ops = { .read = legacy_read, .write = legacy_write, .narrow_writes = true };
    static const MemOps modern_ops = { .read = modern_read, .write = modern_write, .narrow_writes = true };
    if (vdev->disable_legacy && vdev->disable_modern) {
        return error_set(err, "%s: disable-legacy=on and disable-modern=on leave no interface",
                         device_name(&vdev->pci.dev));
    }
    if (!vdev->disable_legacy) {
        unsigned size = vdev->kind->config_size > 64 - L_CONFIG ? 128 : 64;
        vdev->legacy_io = mem_io_new("virtio-legacy", size, &legacy_ops, vdev);
        pci_device_add_bar(&vdev->pci, 0, true, vdev->legacy_io);
    }
    if (!vdev->disable_modern) {
        vdev->modern_mem = mem_io_new("virtio", N_PARTS * PART_SIZE, &modern_ops, vdev);
        pci_device_add_bar(&vdev->pci, 4, false, vdev->modern_mem);
        vdev->pci.wmask[CAP_WINDOW + WINDOW_BAR] = 0xff;
        memset(vdev->pci.wmask + CAP_WINDOW + WINDOW_OFFSET, 0xff, 12);
    }
    return true;
}

void virtio_pci_finalize(VirtioDevice *vdev)
{
    mem_free(vdev->legacy_io);
    mem_free(vdev->modern_mem);
}
