/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Intel 82801AA (ICH), its AC '97 audio function as a PCI card. Follows the 82801AA data sheet (order 290655,
 * June 1999), chapter "AC '97 Audio Controller Registers": this file the configuration space, the global
 * registers and interrupts; ac97_dma.c the bus masters, ac97_codec.c the codec.
 *
 * The chip's function is wired to INTB#; as the only function of a card this one has INTA#. Not modelled: a
 * second codec, the modem, GPIO, wake-up, 4 and 6 channels, FIFO errors (they cannot happen here).
 */
#include "hw/audio/ac97_internal.h"
#include "util/error.h"

#define NAM_BYTES 256
#define NABM_BYTES 64
enum { GLOB_CNT = 0x2c, GLOB_STA = 0x30, ACC_SEMA = 0x34 };

/* ---- global registers ---- */

static uint32_t status(const Ac97 *a)
{
    static const uint32_t bits[] = { [AC97_PI] = STA_PI, [AC97_PO] = STA_PO, [AC97_MC] = STA_MC };
    uint32_t v = a->glob_sta | (ac97_codec_ready(a) ? STA_PCR : 0);
    for (unsigned i = 0; i < AC97_CHANNELS; i++) {
        v |= ac97_channel_irq(&a->ch[i]) ? bits[i] : 0;
    }
    return v;
}

void ac97_update_irq(Ac97 *a)
{
    bool level = status(a) & (STA_PI | STA_PO | STA_MC);
    if (level != a->pci.irq_level) {
        pci_device_set_irq(&a->pci, level);
    }
}

/* The codec forgets all while it is held in reset; a warm reset wakes its link and is over at once. */
static void write_control(Ac97 *a, uint32_t value)
{
    bool was_held = !(a->glob_cnt & CNT_COLD), held = !(value & CNT_COLD);
    a->glob_cnt = value & CNT_MASK;
    if (held && !was_held) {
        ac97_codec_reset(a);
    }
    if (value & CNT_WARM) {
        a->codec[AC97_POWER / 2] &= 0xefff;
    }
}

static uint8_t nabm_byte(Ac97 *a, unsigned at)
{
    if (at < 16 * AC97_CHANNELS && at < GLOB_CNT) {
        return ac97_channel_read(&a->ch[at / 16], at % 16);
    }
    if (at >= GLOB_CNT && at < GLOB_CNT + 4) {
        return (uint8_t)(a->glob_cnt >> 8 * (at - GLOB_CNT));
    }
    if (at >= GLOB_STA && at < GLOB_STA + 4) {
        return (uint8_t)(status(a) >> 8 * (at - GLOB_STA));
    }
    if (at == ACC_SEMA) {
        uint8_t was = a->cas;
        a->cas = 1;                 /* whoever reads 0 has it, until the codec was accessed */
        return was;
    }
    return 0;
}

static uint64_t nabm_read(void *opaque, PhysAddr addr, unsigned size)
{
    Ac97 *a = opaque;
    uint64_t value = 0;
    if (addr < 16 * AC97_CHANNELS) {
        ac97_channel_run(&a->ch[addr / 16]);
    }
    for (unsigned i = 0; i < size; i++) {
        value |= (uint64_t)nabm_byte(a, (unsigned)addr + i) << 8 * i;
    }
    return value;
}

static void nabm_write(void *opaque, PhysAddr addr, uint64_t value, unsigned size)
{
    Ac97 *a = opaque;
    uint32_t control = a->glob_cnt;
    bool control_written = false;
    for (unsigned i = 0; i < size; i++) {
        unsigned at = (unsigned)addr + i;
        uint8_t byte = (uint8_t)(value >> 8 * i);
        if (at < GLOB_CNT) {
            ac97_channel_write(&a->ch[at / 16], at % 16, byte);
        } else if (at < GLOB_CNT + 4) {
            control = (control & ~(0xffu << 8 * (at - GLOB_CNT))) | (uint32_t)byte << 8 * (at - GLOB_CNT);
            control_written = true;
        } else if (at < GLOB_STA + 4) {
            a->glob_sta &= ~((uint32_t)byte << 8 * (at - GLOB_STA) & STA_RCS);
        }
    }
    if (control_written) {
        write_control(a, control);
    }
}

/* ---- the device ---- */

static bool ac97_realize(Device *dev, GError **err)
{
    static const MemOps nabm_ops = { .read = nabm_read, .write = nabm_write };
    Ac97 *a = (Ac97 *)dev;
    for (unsigned i = 0; i < AC97_CHANNELS; i++) {
        if (!ac97_channel_init(a, i, a->audiodev, err)) {
            return false;
        }
    }
    a->nam = mem_io_new("ac97-nam", NAM_BYTES, &ac97_nam_ops, a);
    a->nabm = mem_io_new("ac97-nabm", NABM_BYTES, &nabm_ops, a);
    pci_device_add_bar(&a->pci, 0, true, a->nam);
    pci_device_add_bar(&a->pci, 1, true, a->nabm);
    return true;
}

static void ac97_reset(Device *dev)
{
    Ac97 *a = (Ac97 *)dev;
    pci_device_reset(&a->pci);
    pci_config_set(&a->pci, PCI_SUBVENDOR, 0x8086, 2);
    a->glob_cnt = a->glob_sta = 0;
    a->cas = 0;
    for (unsigned i = 0; i < AC97_CHANNELS; i++) {
        ac97_channel_reset(&a->ch[i], true);
    }
    ac97_codec_apply_volumes(a);
    ac97_update_irq(a);
}

static bool check_codec(const Ac97 *a)
{
    static const uint8_t rates[] = { AC97_DAC_RATE, AC97_ADC_RATE, AC97_MIC_RATE };
    bool good = true;
    for (const Reg *r = ac97_codec_regs; r->name; r++) {
        uint16_t v = a->codec[r->addr / 2];
        good = good && !((v ^ r->reset) & ~r->rw);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(rates); i++) {
        uint16_t v = a->codec[rates[i] / 2];
        good = good && v >= 8000 && v <= 48000;
    }
    return good;
}

static bool ac97_post_load(Device *dev, GError **err)
{
    Ac97 *a = (Ac97 *)dev;
    if (!check_codec(a) || (a->glob_cnt & ~CNT_MASK) || (a->glob_sta & ~STA_RCS) || a->cas > 1) {
        return error_set(err, "%s: the saved state has registers that cannot be so", device_name(dev));
    }
    pci_device_post_load(&a->pci);
    ac97_codec_apply_volumes(a);
    for (unsigned i = 0; i < AC97_CHANNELS; i++) {
        if (!ac97_channel_post_load(&a->ch[i])) {
            return error_set(err, "%s: the saved state has a bus master that cannot be so",
                             device_name(dev));
        }
    }
    ac97_update_irq(a);
    return true;
}

/* Positions are those of now. */
static void ac97_pre_save(Device *dev)
{
    Ac97 *a = (Ac97 *)dev;
    for (unsigned i = 0; i < AC97_CHANNELS; i++) {
        ac97_channel_run(&a->ch[i]);
    }
}

static void ac97_finalize(Device *dev)
{
    Ac97 *a = (Ac97 *)dev;
    for (unsigned i = 0; i < AC97_CHANNELS; i++) {
        ac97_channel_clear(&a->ch[i]);
    }
    mem_free(a->nam);
    mem_free(a->nabm);
}

static const VmField ac97_state[] = {
    PCI_STATE(Ac97, pci), VM_ARRAY(Ac97, codec), VM_STRUCTS(Ac97, ch, ac97_channel_state),
    VM_U32(Ac97, glob_cnt), VM_U32(Ac97, glob_sta), VM_U8(Ac97, cas),
    { 0 }
};

static const Prop ac97_props[] = {
    { "audiodev", PROP_STRING, offsetof(Ac97, audiodev), NULL, "id of a -audiodev; the first if not given" },
    { 0 }
};

static const PciInfo ac97_info = {
    .vendor = 0x8086, .device = 0x2415, .revision = 0x01, .class_code = 0x0401, .status = 0x0280,
    .command_mask = 0x0005, .int_pin = 1,
};

const DeviceType ac97_type = {
    "AC97", sizeof(Ac97), .parent = "pci-device", .description = "Intel 82801AA AC'97 audio",
    .user_creatable = true, .regs = ac97_codec_regs, .reg_width = 2, .reg_endian = MEM_LITTLE,
    .state = ac97_state, .props = ac97_props, .bus_info = &ac97_info, .realize = ac97_realize,
    .reset = ac97_reset, .finalize = ac97_finalize, .pre_save = ac97_pre_save, .post_load = ac97_post_load,
};
