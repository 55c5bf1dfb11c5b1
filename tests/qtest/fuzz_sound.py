# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines for fuzz.py: the AC'97 card, set up as a driver would and then with anything, while time goes on."""
PORTS, GT = 0x10000000, 0x14000000
SLOT, NAM, NABM = 30, 0x2400, 0x2600
RING, DATA = 0x10000, 0x20000


def arguments(folder):
    return ["-audiodev", f"wav,id=sound,path={folder}/wav,out.frequency=32000", "-device",
            f"AC97,audiodev=sound,addr={SLOT:x}"]


def little(number, size, big):
    return int.from_bytes(number.to_bytes(size, "little"), "big") if big else number


def out(port, number, size, big):
    return f"write{'bwl'[size // 2]} {PORTS + port:#x} {little(number & (1 << 8 * size) - 1, size, big):#x}"


def set_up(big):
    lines = []
    for reg, number in ((0x10, NAM), (0x14, NABM), (4, 5)):
        lines += [f"writel {GT + 0xcf8:#x} {little(0x80000000 | SLOT << 11 | reg, 4, big):#x}",
                  f"writel {GT + 0xcfc:#x} {number:#x}"]
    lines.append(out(NABM + 0x2c, 2, 4, big))
    return lines + [out(NAM + reg, number, 2, big) for reg, number in ((2, 0), (0x18, 0x808), (0x1c, 0), (0x2a, 9))]


def master(rng):
    return NABM + 16 * rng.randrange(3)


def descriptors(rng, big):
    at, data = RING + 8 * rng.randrange(32), b""
    for _ in range(rng.choice([1, 4, 32])):
        place = rng.choice([DATA + 4 * rng.randrange(0x1000), RING, PORTS + NAM, rng.getrandbits(32)])
        length = rng.choice([0, 1, 2, 3, 16, 960, 0xffff, rng.getrandbits(16)])
        data += place.to_bytes(4, "little") + length.to_bytes(2, "little") + \
            rng.choice([0, 0x8000, 0x4000, 0xc000, rng.getrandbits(16)]).to_bytes(2, "little")
    return [f"write {at:#x} {len(data)} 0x{data.hex()}"]


def start(rng, big):
    at = master(rng)
    return [out(at, rng.choice([RING, RING, RING + 8 * rng.randrange(32), rng.getrandbits(32)]), 4, big),
            out(at + 5, rng.choice([31, rng.randrange(32), rng.getrandbits(8)]), 1, big),
            out(at + 0xb, rng.choice([0x1d, 0x1d, 0x15, 1, 0, 2, 3, 0x1f, rng.getrandbits(8)]), 1, big)]


def answer(rng, big):
    at = master(rng)
    return [f"readw {PORTS + at + 6:#x}", f"readl {PORTS + at + 4:#x}", out(at + 5, rng.randrange(32), 1, big),
            out(at + 6, rng.choice([0x1c, 8, 4, 0xffff]), rng.choice([1, 2]), big), f"readw {PORTS + at + 8:#x}"]


def register(rng, big):
    size = rng.choice([1, 2, 4])
    at = rng.choice([NABM + rng.randrange(64), NAM + rng.randrange(128)]) // size * size
    return [rng.choice([f"read{'bwl'[size // 2]} {PORTS + at:#x}", out(at, rng.getrandbits(32), size, big)])]


def rate(rng, big):
    return [out(NAM + rng.choice([0x2c, 0x32, 0x34]), rng.choice([8000, 44100, 48000, rng.getrandbits(16)]), 2, big)]


def set_up_again(rng, big):
    return set_up(big)


def time(rng, big):
    return [f"clock_step {rng.choice([1000, 1000000, 10000000, 300000000, rng.getrandbits(25)])}"]


def lines(rng, big, count):
    makers = [(descriptors, 4), (start, 5), (answer, 5), (register, 4), (rate, 1), (set_up_again, 1), (time, 8)]
    found = set_up(big)
    while len(found) < count:
        found += rng.choices([m for m, _ in makers], [n for _, n in makers])[0](rng, big)
    return found
