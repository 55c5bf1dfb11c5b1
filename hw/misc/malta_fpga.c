/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Malta's board-control FPGA: Malta user's manual (MIPS MD00048), chapter 6: switches and
 * status, LED bar, 8-character ASCII display, soft reset, general purpose pins, I2C lines.
 * Registers are words in the byte order of the CPU.
 *
 * Not modelled: the NMI button, reset by a long break (BRKRES keeps what is written), the
 * debug port. Switches are all off, jumpers all open.
 */
#include <string.h>
#include "hw/misc/malta_fpga.h"

#define FPGA_SIZE     0x100000
#define STATUS_BIGEND 0x02
#define SOFTRES_GO    0x42
#define I2C_SDA       0x01
#define I2C_SCL       0x02

/* ---- display ---- */

/* One line, written over itself: LED bar, then the eight characters. */
static void show(MaltaFpga *f)
{
    if (!f->display) {
        return;
    }
    char line[24] = "\r";
    for (unsigned i = 0; i < 8; i++) {
        line[1 + i] = f->leds & (0x80u >> i) ? '#' : '.';
    }
    line[9] = ' ';
    memcpy(line + 10, f->text, 8);
    chardev_write(f->display, line, 18);
}

static void leds_written(Device *dev, const Reg *reg, uint64_t value)
{
    show((MaltaFpga *)dev);
}

static void word_written(Device *dev, const Reg *reg, uint64_t value)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    g_snprintf(f->text, sizeof(f->text), "%08X", f->ascii_word);
    show(f);
}

static void character_written(Device *dev, const Reg *reg, uint64_t value)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    unsigned i = (unsigned)(reg->storage - offsetof(MaltaFpga, ascii)) / 4;
    char c = (char)(value & 0x7f);
    f->text[i] = g_ascii_isprint(c) ? c : ' ';
    show(f);
}

/* ---- status and reset ---- */

static uint64_t status_read(Device *dev, const Reg *reg)
{
    return dev->machine->big_endian ? STATUS_BIGEND : 0;
}

static void softres_written(Device *dev, const Reg *reg, uint64_t value)
{
    if ((value & 0xff) == SOFTRES_GO) {
        machine_request_reset(dev->machine);
    }
}

static void nmi_ack_written(Device *dev, const Reg *reg, uint64_t value)
{
    if (value & 1) {
        ((MaltaFpga *)dev)->nmi_status = 0;
    }
}

/* ---- I2C lines: open drain, low when enabled and 0 ---- */

static void i2c_written(Device *dev, const Reg *reg, uint64_t value)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    uint32_t low = f->i2c_oe & ~f->i2c_out;
    i2c_port_drive(&f->port, !(low & I2C_SCL), !(low & I2C_SDA));
}

static uint64_t i2c_read_pins(Device *dev, const Reg *reg)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    return (f->port.scl ? I2C_SCL : 0) | (i2c_port_sda(&f->port) ? I2C_SDA : 0);
}

#define NONE 0, 0
#define CHARACTER(i) \
    { 0x418 + 8 * (i), "ASCIIPOS" #i, ' ', 0xff, 0, AT(MaltaFpga, ascii[i]), .written = character_written }

static const Reg malta_fpga_regs[] = {
    /* addr   name        reset rw         w1c storage                 hooks */
    { 0x00024, "NMISTATUS", 0, 0, 0, AT(MaltaFpga, nmi_status) },
    { 0x00104, "NMIACK", 0, 0, 0, NONE, .written = nmi_ack_written },
    { 0x00200, "SWITCH", 0, 0, 0, NONE },
    { 0x00208, "STATUS", 0, 0, 0, NONE, .read = status_read },
    { 0x00210, "JMPRS", 0, 0, 0, NONE },
    { 0x00408, "LEDBAR", 0, 0xff, 0, AT(MaltaFpga, leds), .written = leds_written },
    { 0x00410, "ASCIIWORD", 0, 0xffffffff, 0, AT(MaltaFpga, ascii_word), .written = word_written },
    CHARACTER(0), CHARACTER(1), CHARACTER(2), CHARACTER(3),
    CHARACTER(4), CHARACTER(5), CHARACTER(6), CHARACTER(7),
    { 0x00500, "SOFTRES", 0, 0, 0, NONE, .written = softres_written },
    { 0x00508, "BRKRES", 0x0a, 0xff, 0, AT(MaltaFpga, brkres) },
    { 0x00a00, "GPOUT", 0, 0xff, 0, AT(MaltaFpga, gpout) },
    { 0x00a08, "GPINP", 0, 0, 0, NONE },
    { 0x00b00, "I2CINP", 0, 0, 0, NONE, .read = i2c_read_pins },
    { 0x00b08, "I2COE", 0, 0x03, 0, AT(MaltaFpga, i2c_oe), .written = i2c_written },
    { 0x00b10, "I2COUT", 0x03, 0x03, 0, AT(MaltaFpga, i2c_out), .written = i2c_written },
    { 0x00b18, "I2CSEL", 0x01, 0x01, 0, AT(MaltaFpga, i2c_sel) },
    { 0 }
};

/* ---- the device ---- */

static bool malta_fpga_realize(Device *dev, GError **err)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    i2c_init(&f->i2c);
    f->port.bus = &f->i2c;
    f->io = reg_region_new(dev, "malta-fpga", FPGA_SIZE);
    return true;
}

static void malta_fpga_reset(Device *dev)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    memcpy(f->text, "        ", sizeof(f->text));
    i2c_port_reset(&f->port);
}

static bool malta_fpga_post_load(Device *dev, GError **err)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    f->text[8] = 0;
    f->port.bits = f->port.bits > 8 ? UINT8_MAX : f->port.bits;
    show(f);
    return true;
}

static void malta_fpga_finalize(Device *dev)
{
    MaltaFpga *f = (MaltaFpga *)dev;
    i2c_clear(&f->i2c);
    mem_free(f->io);
}

static const VmField malta_fpga_state[] = {
    VM_U32(MaltaFpga, nmi_status), VM_U32(MaltaFpga, leds), VM_U32(MaltaFpga, ascii_word),
    VM_ARRAY(MaltaFpga, ascii), VM_U32(MaltaFpga, brkres), VM_U32(MaltaFpga, gpout),
    VM_U32(MaltaFpga, i2c_oe), VM_U32(MaltaFpga, i2c_out), VM_U32(MaltaFpga, i2c_sel),
    VM_BUFFER(MaltaFpga, text), VM_STRUCT(MaltaFpga, port, i2c_port_state),
    { 0 }
};

const DeviceType malta_fpga_type = {
    "malta-fpga", sizeof(MaltaFpga), .parent = "sys-bus-device", .description = "Malta board-control FPGA",
    .regs = malta_fpga_regs, .reg_endian = MEM_NATIVE, .state = malta_fpga_state,
    .realize = malta_fpga_realize, .reset = malta_fpga_reset,
    .finalize = malta_fpga_finalize, .post_load = malta_fpga_post_load,
};
