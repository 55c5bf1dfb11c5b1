/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Consoles and ports on virtio: VIRTIO 1.1, section 5.3. "virtio-serial-pci" has a bus for "virtconsole" and
 * "virtserialport". Not modelled: sizes of consoles, the emergency write.
 */
#include <string.h>
#include "chardev/chardev_set.h"
#include "hw/virtio/virtio.h"
#include "util/error.h"
#include "util/iov.h"
#include "util/log.h"

enum { F_MULTIPORT = 1 << 1 };
enum { EV_DEVICE_READY, EV_PORT_ADD, EV_PORT_REMOVE, EV_PORT_READY, EV_CONSOLE_PORT, EV_RESIZE, EV_PORT_OPEN,
       EV_PORT_NAME };

#define MAX_PORTS 31u
#define QUEUE 128
#define CONTROL 8u                  /* bytes of a control message */
#define MAX_PENDING 64u             /* messages that wait for buffers of the driver */
#define MAX_WRITE (1u << 20)        /* bytes of one buffer that the host may have to keep */

typedef struct VirtioSerial VirtioSerial;

typedef struct {
    Device dev;
    VirtioSerial *owner;
    Chardev *chr;
    char *chardev, *name;           /* properties */
    uint32_t nr;
    bool console;
    bool host_open, guest_open;     /* who has it open */
    bool stalled;                   /* what the guest writes waits for the host */
} VirtPort;

struct VirtioSerial {
    VirtioDevice v;
    Bus bus;
    char *bus_id;
    uint32_t max_ports;             /* property */
    VirtPort *port[MAX_PORTS];
    GQueue *control;                /* of GBytes *: messages to the driver */
};

static VirtQueue *rx_queue(VirtioSerial *d, unsigned port)
{
    return &d->v.queue[port ? 2 * port + 2 : 0];
}

static VirtQueue *tx_queue(VirtioSerial *d, unsigned port)
{
    return &d->v.queue[port ? 2 * port + 3 : 1];
}

static bool multiport(const VirtioSerial *d)
{
    return virtio_has(&d->v, F_MULTIPORT);
}

/* ---- control messages ---- */

static void flush_control(VirtioSerial *d)
{
    VirtQueue *q = &d->v.queue[2];
    VirtqElement e;
    bool any = false;
    while (!g_queue_is_empty(d->control) && virtq_pop(q, &e)) {
        g_autoptr(GBytes) message = g_queue_pop_head(d->control);
        gsize len;
        const void *bytes = g_bytes_get_data(message, &len);
        len = MIN(len, e.in.bytes);
        iov_from_buf(dma_list_iov(&e.in), e.in.iov->len, 0, bytes, len);
        virtq_push(q, &e, len);
        any = true;
    }
    if (any) {
        virtq_notify(q);
    }
}

static void send_control(VirtioSerial *d, uint32_t port, unsigned event, unsigned value, const char *text)
{
    size_t extra = text ? strlen(text) : 0;
    g_autofree uint8_t *m = g_malloc(CONTROL + extra);
    if (!multiport(d) || g_queue_get_length(d->control) >= MAX_PENDING) {
        return;
    }
    virtio_put(&d->v, m, 4, port);
    virtio_put(&d->v, m + 4, 2, event);
    virtio_put(&d->v, m + 6, 2, value);
    memcpy(m + CONTROL, text ? text : "", extra);
    g_queue_push_tail(d->control, g_bytes_new(m, CONTROL + extra));
    flush_control(d);
}

static void announce(VirtioSerial *d, const VirtPort *port)
{
    if (port->console) {
        send_control(d, port->nr, EV_CONSOLE_PORT, 1, NULL);
    }
    if (port->name) {
        send_control(d, port->nr, EV_PORT_NAME, 1, port->name);
    }
    if (port->host_open) {
        send_control(d, port->nr, EV_PORT_OPEN, 1, NULL);
    }
}

static void take_control(VirtioSerial *d, const uint8_t *m)
{
    uint32_t id = (uint32_t)virtio_get(&d->v, m, 4);
    unsigned event = (unsigned)virtio_get(&d->v, m + 4, 2), value = (unsigned)virtio_get(&d->v, m + 6, 2);
    VirtPort *port = id < d->max_ports ? d->port[id] : NULL;
    if (event == EV_DEVICE_READY) {
        for (unsigned i = 0; value && i < d->max_ports; i++) {
            if (d->port[i]) {
                send_control(d, i, EV_PORT_ADD, 1, NULL);
            }
        }
    } else if (!port) {
        guest_log("%s: control message %u for port %u, which is not there", device_name(&d->v.pci.dev), event,
                  id);
    } else if (event == EV_PORT_READY && value) {
        announce(d, port);
    } else if (event == EV_PORT_OPEN) {
        port->guest_open = value;
        if (value && port->chr) {
            chardev_accept_input(port->chr);
        }
    }
}

/* ---- to the host ---- */

static void send_to_host(VirtPort *port)
{
    VirtQueue *q = tx_queue(port->owner, port->nr);
    VirtqElement e;
    bool any = false;
    port->stalled = port->chr && chardev_output_pending(port->chr);
    while (!port->stalled && virtq_pop(q, &e)) {
        const struct iovec *iov = dma_list_iov(&e.out);
        size_t room = MAX_WRITE;
        for (guint i = 0; port->chr && i < e.out.iov->len; i++) {
            size_t part = MIN(iov[i].iov_len, room);
            chardev_write(port->chr, iov[i].iov_base, part);
            room -= part;
        }
        if (e.out.bytes > MAX_WRITE) {
            guest_log("%s: a buffer of more than %u bytes; the rest is lost", device_name(&port->dev),
                      MAX_WRITE);
        }
        virtq_push(q, &e, 0);
        any = true;
        port->stalled = port->chr && chardev_output_pending(port->chr);
    }
    if (any) {
        virtq_notify(q);
    }
}

static void host_wrote(void *opaque)
{
    VirtPort *port = opaque;
    if (port->stalled) {
        send_to_host(port);
    }
}

/* ---- from the host ---- */

static size_t can_receive(void *opaque)
{
    VirtPort *port = opaque;
    VirtioSerial *d = port->owner;
    bool open = port->guest_open || !multiport(d);
    return open && virtq_waiting(rx_queue(d, port->nr)) ? 1 : 0;
}

static void receive(void *opaque, const uint8_t *data, size_t len)
{
    VirtPort *port = opaque;
    VirtQueue *q = rx_queue(port->owner, port->nr);
    VirtqElement e;
    bool any = false;
    while (len && virtq_pop(q, &e)) {
        size_t part = MIN(len, e.in.bytes);
        iov_from_buf(dma_list_iov(&e.in), e.in.iov->len, 0, data, part);
        virtq_push(q, &e, part);
        data += part;
        len -= part;
        any = true;
    }
    if (any) {
        virtq_notify(q);
    }
}

static void host_event(void *opaque, ChardevEvent event)
{
    VirtPort *port = opaque;
    if (event == CHR_OPENED || event == CHR_CLOSED) {
        port->host_open = event == CHR_OPENED;
        send_control(port->owner, port->nr, EV_PORT_OPEN, port->host_open, NULL);
    }
}

/* ---- queues ---- */

static void control_notified(VirtioSerial *d, VirtQueue *q)
{
    VirtqElement e;
    while (virtq_pop(q, &e)) {
        uint8_t message[CONTROL] = { 0 };
        bool whole = e.out.bytes >= CONTROL;
        if (whole) {
            iov_to_buf(dma_list_iov(&e.out), e.out.iov->len, 0, message, CONTROL);
        }
        virtq_push(q, &e, 0);
        if (whole) {
            take_control(d, message);
        }
    }
    virtq_notify(q);
}

static void notified(VirtioDevice *vdev, VirtQueue *q)
{
    VirtioSerial *d = (VirtioSerial *)vdev;
    unsigned nr = q->index < 2 ? 0 : (q->index - 2u) / 2;
    VirtPort *port = d->port[nr];
    if (q->index == 2) {
        flush_control(d);
    } else if (q->index == 3) {
        control_notified(d, q);
    } else if (!port) {
        guest_log("%s: buffers for port %u, which is not there", device_name(&vdev->pci.dev), nr);
    } else if (q->index & 1) {
        send_to_host(port);
    } else if (port->chr) {
        chardev_accept_input(port->chr);
    }
}

static uint64_t features(VirtioDevice *vdev)
{
    return F_MULTIPORT;
}

static void get_config(VirtioDevice *vdev, uint8_t *config)
{
    virtio_put(vdev, config + 4, 4, ((VirtioSerial *)vdev)->max_ports);
}

static void reset(VirtioDevice *vdev)
{
    VirtioSerial *d = (VirtioSerial *)vdev;
    g_queue_clear_full(d->control, (GDestroyNotify)g_bytes_unref);
    for (unsigned i = 0; i < MAX_PORTS; i++) {
        if (d->port[i]) {
            d->port[i]->guest_open = d->port[i]->stalled = false;
        }
    }
}

/* ---- the bus ---- */

static Device *make_port(Bus *bus, const DeviceType *type, KeyVal *props, GError **err)
{
    VirtioSerial *d = bus->opaque;
    VirtPort *port = (VirtPort *)device_new(d->v.pci.dev.machine, type);
    port->owner = d;
    port->dev.on_bus = bus;
    port->nr = keyval_get(props, "nr") ? 0 : UINT32_MAX;
    port->console = strcmp(type->name, "virtconsole") == 0;
    return &port->dev;
}

static void detach_port(Device *dev)
{
    VirtPort *port = (VirtPort *)dev;
    port->owner->port[port->nr] = NULL;
    send_control(port->owner, port->nr, EV_PORT_REMOVE, 1, NULL);
}

/* Port 0 is for a console, as drivers without several ports know no other. */
static bool choose_number(VirtPort *port, GError **err)
{
    VirtioSerial *d = port->owner;
    bool chosen = port->nr != UINT32_MAX;
    for (port->nr = chosen ? port->nr : port->console ? 0 : 1; !chosen && port->nr < d->max_ports &&
         d->port[port->nr];) {
        port->nr++;
    }
    if (port->nr >= d->max_ports || d->port[port->nr]) {
        return error_set(err, "%s: nr=%u: %s", device_name(&port->dev), port->nr,
                         port->nr >= d->max_ports ? "the bus has no more ports (max_ports=)"
                                                  : "that port is taken");
    }
    return true;
}

static bool realize_port(Bus *bus, Device *dev, GError **err)
{
    VirtPort *port = (VirtPort *)dev;
    if (!choose_number(port, err)) {
        device_free(dev);
        return false;
    }
    port->owner->port[port->nr] = port;
    dev->detach = detach_port;
    return device_realize(dev, err);
}

static bool may_remove_port(const Bus *bus, const Device *dev, GError **err)
{
    const VirtioSerial *d = bus->opaque;
    if (virtio_running(&d->v) && !multiport(d)) {
        return error_set(err, "Device '%s' is in use: the guest's driver knows no ports that go",
                         device_name(dev));
    }
    if (g_queue_get_length(d->control) >= MAX_PENDING / 2) {
        return error_set(err, "Device '%s': the guest has not heard of the last changes yet; try again",
                         device_name(dev));
    }
    return true;
}

static char *port_address(const Bus *bus, const Device *dev)
{
    return g_strdup_printf("nr = %u", ((const VirtPort *)dev)->nr);
}

static bool port_realize(Device *dev, GError **err)
{
    static const ChardevFrontend frontend = {
        .can_receive = can_receive, .receive = receive, .event = host_event, .written = host_wrote,
    };
    VirtPort *port = (VirtPort *)dev;
    if (port->chardev) {
        const char *user = device_name(dev);
        port->chr = chardev_set_claim(dev->machine->chardevs, dev->type->name, port->chardev, user, err);
        if (!port->chr) {
            return false;
        }
        chardev_attach(port->chr, &frontend, port);
    }
    send_control(port->owner, port->nr, EV_PORT_ADD, 1, NULL);
    return true;
}

static void port_finalize(Device *dev)
{
    VirtPort *port = (VirtPort *)dev;
    if (port->chr) {
        chardev_attach(port->chr, NULL, NULL);
        chardev_release(port->chr);
    }
}

/* ---- the devices ---- */

static bool virtio_serial_realize(Device *dev, GError **err)
{
    static const VirtioKind kind = {
        .id = 3, .config_size = 12, .features = features, .get_config = get_config, .notified = notified,
        .reset = reset,
    };
    VirtioSerial *d = (VirtioSerial *)dev;
    unsigned n = 0;
    d->control = g_queue_new();
    if (d->max_ports < 1 || d->max_ports > MAX_PORTS) {
        return error_set(err, "%s: max_ports=%u: must be 1 to %u", device_name(dev), d->max_ports, MAX_PORTS);
    }
    for (unsigned i = 0; i < 2 * (d->max_ports + 1); i++) {
        virtio_add_queue(&d->v, QUEUE);
    }
    do {
        g_free(d->bus_id);
        d->bus_id = dev->id && !n ? g_strdup_printf("%s.0", dev->id)
                                  : g_strdup_printf("virtio-serial%u.0", n);
        n++;
    } while (bus_find(dev->machine, d->bus_id));
    d->bus = (Bus){ .id = d->bus_id, .type = "virtio-serial-bus", .takes = "virtio-serial-port", .owner = dev,
                    .make = make_port, .realize = realize_port, .may_remove = may_remove_port,
                    .address = port_address, .opaque = d };
    bus_add(dev->machine, &d->bus);
    return virtio_realize(&d->v, &kind, err);
}

static void virtio_serial_finalize(Device *dev)
{
    VirtioSerial *d = (VirtioSerial *)dev;
    if (d->bus.id) {
        bus_remove(dev->machine, &d->bus);
    }
    if (d->control) {               /* else it never came so far */
        g_queue_free_full(d->control, (GDestroyNotify)g_bytes_unref);
    }
    g_free(d->bus_id);
    virtio_finalize(&d->v);
}

static const Prop virtio_serial_props[] = {
    { "max_ports", PROP_U32, offsetof(VirtioSerial, max_ports), "31", "ports, 1 to 31" },
    VIRTIO_PROPS(VirtioSerial, v),
    { 0 }
};

static const Prop port_props[] = {
    { "chardev", PROP_STRING, offsetof(VirtPort, chardev), NULL, "id of the -chardev at the host's end" },
    { "name", PROP_STRING, offsetof(VirtPort, name), NULL, "what the guest finds the port by" },
    { "nr", PROP_U32, offsetof(VirtPort, nr), NULL, "its number on the bus; the first free one by default" },
    { 0 }
};

static const VmField virtio_serial_state[] = { VM_STRUCT(VirtioSerial, v, virtio_state), { 0 } };
static const VmField port_state[] = { VM_BOOL(VirtPort, guest_open), VM_BOOL(VirtPort, stalled), { 0 } };
static const PciInfo virtio_serial_info = VIRTIO_PCI_INFO(0x1003, 0x0780);

const DeviceType virtio_serial_type = {
    "virtio-serial-pci", sizeof(VirtioSerial), .parent = "pci-device", .description = "virtio consoles",
    .user_creatable = true, .state = virtio_serial_state, .props = virtio_serial_props,
    .bus_info = &virtio_serial_info, .realize = virtio_serial_realize, .reset = virtio_reset,
    .finalize = virtio_serial_finalize, .post_load = virtio_post_load,
};

const DeviceType virtconsole_type = {
    "virtconsole", sizeof(VirtPort), .parent = "virtio-serial-port", .description = "virtio console",
    .user_creatable = true, .state = port_state, .props = port_props, .realize = port_realize,
    .finalize = port_finalize,
};

const DeviceType virtserialport_type = {
    "virtserialport", sizeof(VirtPort), .parent = "virtio-serial-port", .description = "virtio port",
    .user_creatable = true, .state = port_state, .props = port_props, .realize = port_realize,
    .finalize = port_finalize,
};
