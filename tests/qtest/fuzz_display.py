# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines for fuzz.py: both graphics cards, set up as a driver would and then with anything. "!" asks the monitor
for pictures of both."""
PORTS, GT = 0x10000000, 0x14000000
# PCI memory from 0 is at 0x12000000, where the bridge has its first window after a reset.
LOW, CIRRUS_FRAME = 0x12000000, 0xf2000000
WINDOW, CIRRUS, FRAME, VGA = LOW + 0xa0000, LOW + 0x100000, LOW + 0x200000, LOW + 0x300000
SLOTS = {1: {0x10: CIRRUS_FRAME, 0x14: CIRRUS - LOW}, 2: {0x10: FRAME - LOW, 0x18: VGA - LOW}}
ARGUMENTS = ["-device", "cirrus-vga,id=cirrus,vgamem_mb=1,addr=1", "-device", "VGA,id=std,vgamem_mb=1,addr=2"]


def little(number, size, big):
    return int.from_bytes(number.to_bytes(size, "little"), "big") if big else number


def set_up(big):
    lines = [f"writel {GT + 0xf8:#x} 0"]
    for slot, bars in SLOTS.items():
        for reg, number in [*bars.items(), (4, 3)]:
            lines += [f"writel {GT + 0xcf8:#x} {little(0x80000000 | slot << 11 | reg, 4, big):#x}",
                      f"writel {GT + 0xcfc:#x} {number:#x}"]
    return lines


def ports(rng):
    """The place of the ports 0x3c0 to 0x3df of a card."""
    return rng.choice([CIRRUS, VGA + 0x400])


def register(at, port, index, value):
    return [f"writeb {at + port - 0x3c0:#x} {index}", f"writeb {at + port - 0x3bf:#x} {value}"]


def byte(rng):
    return rng.choice([0, 1, 0xff, 1 << rng.randrange(8), rng.getrandbits(8)])


def any_register(rng, big):
    at = ports(rng)
    port, count = rng.choice([(0x3c4, 0x20), (0x3ce, 0x40), (0x3d4, 0x40)])
    return register(at, port, rng.choice([rng.randrange(count), rng.getrandbits(8)]), byte(rng))


def attribute(rng, big):
    at = ports(rng)
    return [f"readb {at + 0x1a:#x}", f"writeb {at:#x} {rng.choice([0x20, rng.randrange(0x40)])}",
            f"writeb {at:#x} {rng.choice([0x20, byte(rng)])}"]


def port(rng, big):
    at = ports(rng) + rng.randrange(0x20)
    return [rng.choice([f"readb {at:#x}", f"writeb {at:#x} {byte(rng)}", f"writew {at:#x} {rng.getrandbits(16)}"])]


def a_mode(rng, big):
    """Something that can be seen: text, planes, 256 colours, or packed pixels."""
    at, kind = ports(rng), rng.randrange(4)
    lines = [f"writeb {at + 2:#x} {rng.choice([1, 0x67])}", f"readb {at + 0x1a:#x}", f"writeb {at:#x} 0x20"]
    values = [(0x3c4, 1, rng.choice([0, 1, 9])), (0x3c4, 4, rng.choice([2, 6, 0xe])), (0x3c4, 2, 15),
              (0x3ce, 5, 0x40 if kind > 1 else 0), (0x3ce, 6, rng.choice([0xe]) if kind == 0 else 5),
              (0x3c4, 7, rng.choice([1, 3, 5, 7, 9]) if kind == 3 else 0), (0x3d4, 0x11, 0),
              (0x3d4, 1, rng.choice([79, 39, byte(rng)])), (0x3d4, 0x12, byte(rng)), (0x3d4, 7, byte(rng)),
              (0x3d4, 9, rng.choice([0, 0x0f, 0x40, byte(rng)])), (0x3d4, 0x13, byte(rng)), (0x3d4, 0x0c, byte(rng)),
              (0x3d4, 0x1b, byte(rng)), (0x3d4, 0x17, rng.choice([0xa3, 0xe3, byte(rng)]))]
    return lines + [line for value in values for line in register(at, *value)] + ["!"]


def dispi(rng, big):
    width, height = (rng.choice([1, 320, 640, 8192, 65535, rng.randrange(2000)]) for _ in range(2))
    depth = rng.choice([8, 15, 16, 24, 32, 4, byte(rng)])
    values = [(4, 0), (1, width), (2, height), (3, depth), (4, 0x41), (6, rng.choice([width, rng.getrandbits(16)])),
              (8, rng.choice([0, rng.getrandbits(16)])), (9, rng.choice([0, rng.getrandbits(16)])),
              (rng.randrange(16), rng.getrandbits(16))]
    lines = [f"writew {VGA + 0x500 + 2 * reg:#x} {little(number, 2, big):#x}" for reg, number in values]
    return [*lines, f"writel {VGA + 0x604:#x} {rng.choice([0xbebebebe, 0x1e1e1e1e])}", "!"]


def transfer(rng, big):
    """The BitBLT engine through its memory-mapped registers; often with data from or for the CPU."""
    def number(bits):
        return rng.choice([rng.getrandbits(bits), rng.getrandbits(6), (1 << bits) - 1])

    at, large = CIRRUS + 0x100, rng.random() < 0.1
    values = [(8, 2, number(13 if large else 9)), (0xa, 2, number(11) if large else rng.getrandbits(5)),
              (0xc, 2, number(13)), (0xe, 2, number(13)), (0x10, 3, number(22)), (0x14, 3, number(22)),
              (0x17, 1, byte(rng)), (0x18, 1, rng.getrandbits(8) & rng.choice([0xff, 0xfd, 0xf9, 0xf4])),
              (0x1a, 1, rng.choice([0x0d, 0x0d, 0x59, 0x05, 0x06, byte(rng)])), (0x1b, 1, rng.randrange(8)),
              (0x1c, 2, number(16)), (0, 4, number(32)), (4, 4, number(32))]
    lines = [f"write {at + reg:#x} {size} 0x{value.to_bytes(size, 'little').hex()}" for reg, size, value in values]
    lines.append(f"writeb {at + 0x40:#x} {rng.choice([2, 2, 2, 0x82, 4, 0])}")
    for _ in range(rng.randrange(4)):
        place = CIRRUS_FRAME + rng.choice([0, 0x1000000, rng.getrandbits(20)])
        lines.append(rng.choice([f"memset {place:#x} {rng.choice([3, 64, 1000, 40000])} {byte(rng)}",
                                 f"read {place:#x} {rng.choice([3, 64, 1000])}"]))
    return lines + rng.choice([[], [f"writeb {at + 0x40:#x} {rng.choice([0, 4])}"]])


def memory(rng, big):
    at = rng.choice([WINDOW + rng.randrange(0x20000), FRAME + rng.randrange(1 << 20), CIRRUS_FRAME + rng.randrange(1 << 25),
                     CIRRUS + rng.randrange(0x1000), VGA + rng.randrange(0x1000)])
    return [rng.choice([f"readl {at & ~3:#x}", f"writel {at & ~3:#x} {rng.getrandbits(32)}", f"readb {at:#x}",
                        f"writeb {at:#x} {byte(rng)}", f"memset {at:#x} {rng.choice([16, 300])} {byte(rng)}"])]


def cursor(rng, big):
    values = [(0x12, byte(rng)), (0x13, byte(rng)), (0x10 | rng.randrange(8) << 5, byte(rng)),
              (0x11 | rng.randrange(8) << 5, byte(rng))]
    return [line for value in values for line in register(CIRRUS, 0x3c4, *value)]


def hidden(rng, big):
    return [f"readb {CIRRUS + 6:#x}"] * rng.choice([4, 4, 3]) + \
        [f"writeb {CIRRUS + 6:#x} {rng.choice([0, 0xc0, 0xc1, 0xc5, 0x4a, byte(rng)])}"]


def other(rng, big):
    return [rng.choice(["clock_step 20000000", "clock_step 1000", "!"])]


def lines(rng, big, count):
    makers = [(any_register, 8), (attribute, 2), (port, 3), (a_mode, 2), (dispi, 2), (transfer, 6), (memory, 6), (cursor, 1),
              (hidden, 1), (other, 1)]
    out = set_up(big)
    while len(out) < count:
        out += rng.choices([m for m, _ in makers], [n for _, n in makers])[0](rng, big)
    # What locks the registers is undone now and then.
    for at in range(len(out) - 1, 20, -97):
        out[at:at] = register(CIRRUS, 0x3c4, 6, 0x12)
    return out
