# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines for fuzz.py: IDE drives and virtio devices, set up as a driver would and then used nearly right."""
import os
import random

PORTS, GT = 0x10000000, 0x14000000
MEMORY, MEMORY_PART = 0x200000, 0x100000
MASTER, TABLE, BUFFER = 0x1100, 0x180000, 0x190000

# ---- the devices ----

# Of each: slot, the sizes of its queues.
VIRTIO = {
    "blk": (13, [256, 256]), "net": (14, [256, 256, 64]), "rng": (15, [8]), "balloon": (16, [128, 128]),
    "serial": (17, [128] * 8), "scsi": (19, [64, 64, 256]), "9p": (20, [128]),
    "gpu": (21, [256, 16]), "keyboard": (3, [64, 64]), "tablet": (4, [64, 64]),
}
MODERN = {"gpu", "keyboard", "tablet"}     # that have no legacy interface


def opening_9p(n):
    """The n-th of the messages with which a client begins: after them it has fids 0 to 4, two of them open."""
    bodies = [(100, b"\0\0\1\0\x08\0" + b"9P2000.L"), (104, bytes(4) + b"\xff" * 4 + bytes(8))]
    bodies += [(110, bytes(4) + bytes([fid, 0, 0, 0, 0, 0])) for fid in range(1, 5)]
    bodies += [(72, bytes(4) + b"\1\0b" + bytes([0xed, 1, 0, 0]) + bytes(4)), (12, bytes([1, 0, 0, 0]) + bytes(4)),
               (14, b"\2\0\0\0\1\0a" + bytes([0x42, 0, 0, 0, 0xa4, 1, 0, 0]) + bytes(4))]
    if n >= len(bodies):
        return None
    kind, body = bodies[n]
    return (len(body) + 7).to_bytes(4, "little") + bytes([kind, n, 0]) + body


def message_9p(rng):
    """One of 9P that is nearly right, on few fids and names, so that it means something now and then."""
    def number(size):
        return rng.choices([rng.randrange(6), rng.getrandbits(8 * size)], [12, 1])[0].to_bytes(size, "little")

    def text(choices=(b"a", b"b", b"f", b"d", b"..", b"", b"link", b"user.x", b"a/b", b"out")):
        word = rng.choice(choices)
        return rng.choices([len(word), rng.getrandbits(16)], [40, 1])[0].to_bytes(2, "little") + word

    kind = rng.choice([100, 104, 110, 110, 110, 8, 12, 12, 14, 14, 16, 18, 20, 22, 24, 26, 30, 32, 40, 40, 50, 52, 54, 70, 72,
                       72, 74, 76, 108, 116, 116, 118, 118, 120, 122, rng.randrange(256)])
    fid, word = (number(4) for _ in range(2))
    count = rng.choices([100, 5000, 1 << 20, rng.getrandbits(32)], [8, 2, 1, 1])[0].to_bytes(4, "little")
    offset = rng.choices([rng.randrange(5000), rng.getrandbits(64)], [12, 1])[0].to_bytes(8, "little")
    mode = rng.choice([0o644, 0o755, 0o100644, 0o10644, 0o20666, rng.getrandbits(32)]).to_bytes(4, "little")
    flags = rng.choice([0, 1, 2, 0o1002, 0o2001, 0o200000, rng.getrandbits(32)]).to_bytes(4, "little")
    names = rng.choice([0, 1, 1, 1, 2, 3, 17])
    body = {
        100: rng.choice([8192, 65536, 1 << 30, 5]).to_bytes(4, "little") + text([b"9P2000.L"] * 9 + [b"9P2000"]),
        104: fid + rng.choice([b"\xff" * 4] * 9 + [word]) + text() + text([b""] * 5 + [b"d", b"../.."]) + number(4),
        110: fid + word + names.to_bytes(2, "little") + b"".join(text() for _ in range(names)),
        12: fid + flags, 14: fid + text() + flags + mode + number(4), 16: fid + text() + text([b"../../x", b"a", b"/"]) + number(4),
        18: fid + text() + mode + number(12), 20: fid + word + text(), 24: fid + number(8), 26: fid + number(4) + mode + number(48),
        30: fid + word + text(), 32: fid + text() + number(8) + number(4), 40: fid + offset + count, 50: fid + number(4),
        52: fid + number(1) + number(4) + offset + number(12) + text(), 54: fid + number(1) + offset + number(12) + text(),
        70: fid + word + text(), 72: fid + text() + mode + number(4), 74: fid + text() + word + text(),
        76: fid + text() + rng.choice([b"\0\2\0\0", bytes(4)]), 108: number(2), 116: fid + offset + count,
        118: fid + offset + rng.choice([b"\x40\0\0\0", count]) + rng.randbytes(64),
    }.get(kind, fid)
    if rng.random() < 0.03:
        body = body[:rng.randrange(len(body) + 1)] + rng.randbytes(rng.randrange(5))
    size = rng.choices([len(body) + 7, rng.getrandbits(32)], [60, 1])[0]
    return size.to_bytes(4, "little") + bytes([kind]) + number(2) + body


def opening_gpu(n, base):
    """The n-th of the messages after which there are resources 1 to 4, of which 1 and 2 are shown."""
    def message(kind, *numbers):
        return b"".join(number.to_bytes(4, "little") for number in (kind, 0, 0, 0, 0, 0, *numbers))

    messages = [message(0x101, number, 1 + number % 4, 64, 64) for number in range(1, 5)]
    messages += [message(0x106, number, 2, base + 0x60000, 0, 5000, 0, base + 0x70000, 0, 20000, 0) for number in range(1, 5)]
    messages += [message(0x105, 0, 0, 64, 64, 0, 0, number, 0) for number in range(1, 5)]
    messages += [message(0x103, 0, 0, 64, 64, number, number + 1) for number in range(2)]
    return messages[n] if n < len(messages) else None


def command_gpu(rng, n, base):
    """One for virtio graphics that is nearly right, on few resources: what the device reads, in pieces."""
    def words(*numbers):
        return b"".join((number & 0xffffffff).to_bytes(4, "little") for number in numbers)

    def size():
        return rng.choices([rng.randrange(1, 80), 64, 640, 8192, 16384, rng.getrandbits(32)], [10, 10, 2, 1, 1, 1])[0]

    def rectangle():
        return (*(rng.choices([0, rng.randrange(40), rng.getrandbits(32)], [8, 4, 1])[0] for _ in range(2)), size(), size())

    def memory():
        return rng.choices([base + 0x60000 + 4 * rng.randrange(0x8000), 0, 0x1be00000, rng.getrandbits(32)], [20, 1, 1, 1])[0]

    resource, display = rng.choices([rng.randrange(5), rng.getrandbits(32)], [30, 1])[0], rng.choices([0, 1, 2, 16], [8, 4, 1, 1])[0]
    kinds = [0x100, *[0x101] * 4, 0x102, *[0x103] * 3, *[0x104] * 3, *[0x105] * 4, *[0x106] * 4, 0x107, 0x10a, rng.randrange(0x400)]
    kind = rng.choice([0x300, 0x300, 0x301, rng.randrange(0x400)]) if n == 1 else rng.choice(kinds)
    entries = rng.choices([1, 2, 20, 0], [4, 4, 2, 1])[0]
    lengths = [rng.choices([4096, 20000, 40000, rng.randrange(300), rng.getrandbits(32)], [8, 8, 8, 2, 1])[0] for _ in range(entries)]
    body = {
        0x101: words(resource, rng.choice([1, 2, 3, 4, 67, 68, 121, 134, rng.randrange(200)]), size(), size()),
        0x102: words(resource, 0), 0x103: words(*rectangle(), display, resource), 0x104: words(*rectangle(), resource, 0),
        0x105: words(*rectangle(), rng.choice([0, 0, 0, 4, 4096, rng.getrandbits(32)]), rng.choice([0] * 9 + [0xffffffff]), resource, 0),
        0x106: words(resource, rng.choices([entries, entries + 1, 16384, rng.getrandbits(32)], [20, 1, 1, 1])[0]) +
        b"".join(words(memory(), 0, length, 0) for length in lengths),
        0x107: words(resource, 0), 0x10a: words(display, 0),
        0x300: words(display, rng.getrandbits(32), rng.randrange(900), 0, resource, rng.randrange(80), rng.getrandbits(32), 0),
        0x301: words(display, rng.randrange(900), rng.getrandbits(32), 0, 0, 0, 0, 0),
    }.get(kind, rng.randbytes(rng.randrange(40)))
    message = words(kind, rng.choice([0, 1]), 7, 0, 0, 0) + body
    if rng.random() < 0.02:
        message = message[:rng.randrange(len(message) + 1)]
    return rng.choice([[message], [message[:24], message[24:]]])


def arguments(folder):
    """The command line of a machine with all of them; their images are made in the folder."""
    for name, size in (("hd", 1 << 20), ("cd", 1 << 18), ("v", 1 << 20), ("s", 1 << 20)):
        with open(f"{folder}/{name}.img", "wb") as image:
            image.write(random.Random(name).randbytes(4096))
            os.ftruncate(image.fileno(), size)

    os.makedirs(folder + "/share/d")
    os.symlink("/etc", folder + "/share/out")
    os.mkfifo(folder + "/share/f")

    def drive(name, image, more=""):
        return ["-drive", f"if=none,id={name},file={folder}/{image}.img,format=raw,{more}discard=unmap"]

    return [
        *drive("hd", "hd"), "-device", "ide-hd,drive=hd,bus=ide.0,unit=0",
        *drive("cd", "cd", "media=cdrom,"), "-device", "ide-cd,drive=cd,bus=ide.0,unit=1",
        "-device", "ide-cd,bus=ide.1,unit=0",
        *drive("v", "v"), "-device", "virtio-blk-pci,drive=v,serial=v,num-queues=2,addr=0d",
        "-netdev", "user,id=vn,restrict=on", "-device", "virtio-net-pci,netdev=vn,addr=0e",
        "-device", "virtio-rng-pci,addr=0f", "-device", "virtio-balloon-pci,addr=10",
        "-chardev", "null,id=vc", "-chardev", f"file,id=vf,path={folder}/out",
        "-device", "virtio-serial-pci,max_ports=3,addr=11,id=vs",
        "-device", "virtconsole,chardev=vc,bus=vs.0", "-device", "virtserialport,chardev=vf,name=f,bus=vs.0",
        "-fsdev", f"local,id=fs,path={folder}/share,security_model=mapped",
        "-device", "virtio-9p-pci,fsdev=fs,mount_tag=share,addr=14",
        "-device", "virtio-gpu-pci,id=gpu,max_outputs=2,max_hostmem=2M,addr=15",
        "-device", "virtio-keyboard-pci,addr=3", "-device", "virtio-tablet-pci,addr=4",
        "-device", "virtio-scsi-pci,addr=13,id=sc",
        *drive("s", "s"), "-device", "scsi-hd,drive=s,serial=s,bus=sc.0,scsi-id=0,removable=on",
        *drive("c", "cd", "media=cdrom,readonly=on,"), "-device", "scsi-cd,drive=c,bus=sc.0,scsi-id=0,lun=1",
    ]


class Bus:
    """Accesses as a CPU of one byte order makes them, for devices that have the other or not."""

    def __init__(self, rng, big):
        self.rng, self.big, self.lines = rng, big, []

    def order(self, number, size):
        number &= (1 << 8 * size) - 1
        return int.from_bytes(number.to_bytes(size, "little"), "big") if self.big else number

    def write(self, at, number, size):
        self.lines.append(f"write{'bwlq'[size.bit_length() - 1]} {at:#x} {self.order(number, size):#x}")

    def read(self, at, size):
        self.lines.append(f"read{'bwlq'[size.bit_length() - 1]} {at:#x}")

    def memory(self, at, data):
        if data:
            self.lines.append(f"write {at:#x} {len(data)} 0x{data.hex()}")

    def config(self, devfn, reg, number):
        self.write(GT + 0xcf8, 0x80000000 | devfn << 8 | reg, 4)
        if number is None:
            self.read(GT + 0xcfc, 4)
        else:
            # The bridge swaps data between the CPU and the bus.
            self.lines.append(f"writel {GT + 0xcfc:#x} {number:#x}")

    def step(self):
        self.lines.append(f"clock_step {self.rng.choice([1, 1000, 1000000, 100000000])}")


# ---- virtio ----

class Virtio:
    """A driver of one device."""

    def __init__(self, bus, name):
        self.bus, self.rng, self.name = bus, bus.rng, name
        slot, self.most = VIRTIO[name]
        n = list(VIRTIO).index(name)
        self.devfn, self.io, self.mem = slot << 3, 0x2000 + 0x100 * n, 0x12100000 + 0x10000 * n
        self.base = MEMORY + MEMORY_PART * n
        bus.config(self.devfn, 0x10, self.io)
        bus.config(self.devfn, 0x20, self.mem)
        bus.config(self.devfn, 0x04, 7)
        self.legacy, self.rings, self.said, self.right = False, [], 0, False
        self.set_up()

    def set_up(self):
        rng, bus = self.rng, self.bus
        self.legacy = rng.random() < 0.4 and self.name not in MODERN
        self.rings, self.said = [], 0           # messages of 9P
        wanted = rng.choice([0xffffffff, 0xffffffff, 0, rng.getrandbits(32), 1 << 28, 1 << 29, 0xcfffffff])
        if self.legacy:
            for status in (0, 1, 3):
                bus.write(PORTS + self.io + 18, status, 1)
            bus.write(PORTS + self.io + 4, wanted, 4)
        else:
            for status in (0, 1, 3):
                bus.write(self.mem + 0x14, status, 1)
            for select, value in ((0, wanted), (1, rng.choice([1, 1, 1, 0]))):
                bus.write(self.mem + 8, select, 4)
                bus.write(self.mem + 0xc, value, 4)
            bus.write(self.mem + 0x14, 0xb, 1)
        for n, most in enumerate(self.most):
            self.place_queue(n, most)
        self.status(7 if self.legacy else 0xf)
        if self.name == "gpu":
            for number in range(14):
                self.make_available(0, self.right_chain(0, opening_gpu(number, self.base)))
                self.ring_bell(0)

    def place_queue(self, n, most):
        """Rings as the interface has them; sometimes they overlap those of the queue before."""
        rng, bus = self.rng, self.bus
        at = self.base + 0x8000 * (n if rng.random() < 0.95 else 0)
        size = most if self.legacy else rng.choice([most, most, 1, 2, 4, 8])
        avail = at + 16 * size
        used = (avail + 6 + 2 * size + 4095) & ~4095
        self.rings.append([at, avail, used, size, 0])
        bus.memory(avail, bytes(6 + 2 * size))
        if self.legacy:
            bus.write(PORTS + self.io + 14, n, 2)
            bus.write(PORTS + self.io + 8, at >> 12, 4)
            return
        if rng.random() < 0.03:
            used = avail - rng.choice([2, 4, 8, 0])
            self.rings[-1][2] = used
        bus.write(self.mem + 0x16, n, 2)
        bus.write(self.mem + 0x18, size, 2)
        for reg, value in ((0x20, at), (0x28, avail), (0x30, used)):
            bus.write(self.mem + reg, value, 4)
            bus.write(self.mem + reg + 4, 0, 4)
        bus.write(self.mem + 0x1c, 1, 2)

    def status(self, value):
        self.bus.write(PORTS + self.io + 18 if self.legacy else self.mem + 0x14, value, 1)

    def number(self, value, size):
        return (value & (1 << 8 * size) - 1).to_bytes(size, "big" if self.legacy and self.bus.big else "little")

    def address(self):
        rng, ring = self.rng, self.rng.choice(self.rings)
        data = self.base + 0x60000 + 16 * rng.randrange(0x2000)
        return rng.choices([data, ring[0], ring[1], ring[2] + 4, rng.getrandbits(28), rng.getrandbits(64)],
                           [40, 1, 1, 1, 1, 1])[0]

    def length(self, likely):
        rng = self.rng
        return rng.choices([likely, 0, 1, rng.randrange(4096), 0x10000, rng.getrandbits(32), 0xffffffff],
                           [30, 1, 1, 2, 1, 1, 1])[0]

    def request(self, n):
        """What the device reads, and how much it may write: a list of bytes, a list of lengths."""
        rng, number = self.rng, self.number
        some = rng.randbytes(rng.choice([1, 4, 16, 512]))
        if self.name == "blk":
            kind = rng.choice([0, 0, 0, 1, 1, 1, 4, 8, 11, 13, rng.getrandbits(32)])
            head = number(kind, 4) + bytes(4) + number(rng.choice([0, 1, 8, 2047, 2048, rng.getrandbits(64)]), 8)
            spans = number(rng.randrange(2049), 8) + number(rng.choice([1, 8, 2048, rng.getrandbits(32)]), 4) + \
                number(rng.choice([0, 0, 1, 2]), 4)
            data = {1: [rng.randbytes(512 * rng.choice([1, 2, 8]))], 11: [spans], 13: [spans]}.get(kind, [])
            return [head, *data], [512 * rng.choice([1, 3, 64])] * (kind == 0) + [20] * (kind == 8) + [1]
        if self.name == "scsi" and n >= 2:
            lun = bytes([1, rng.choice([0, 0, 0, 1]), rng.choice([0, 0x40]), rng.choice([0, 1, 1, 2])]) + bytes(4)
            op = rng.choice([0, 3, 0x12, 0x1a, 0x1b, 0x25, 0x28, 0x2a, 0x35, 0x42, 0x43, 0x46, 0x4a, 0x5a, 0x88, 0x8a,
                             0x91, 0x93, 0x93, 0x9e, 0xa0, 0xa8, 0xbe, rng.randrange(256)])
            cdb = bytearray(rng.choice([bytes(31), rng.randbytes(31)]))
            for at in rng.sample(range(31), 6):
                cdb[at] = rng.choice([0, 1, 8, 0x10, 0x80, 0xb0, 0xff])
            data = rng.choice([[], [bytes(512)], [rng.randbytes(512)], [bytes([0, 22, 0, 16]) + bytes(11) + b"\1\0\0\0\5" + bytes(4)]])
            return [lun + bytes(11) + bytes([op]) + bytes(cdb), *data], [108] + ([] if data else [rng.choice([36, 512, 65536])])
        if self.name == "scsi" and n == 0:
            return [number(rng.randrange(4), 4) + number(rng.randrange(9), 4) + b"\1\0\0\0" + bytes(12)], [5]
        if self.name == "net" and n == 1:
            head = bytes([rng.choice([0, 1]), rng.choice([0, 0, 1, 4, 0x81, 3])]) + number(54, 2) + \
                number(rng.choice([0, 1, 100, 1448]), 2) + number(rng.choice([34, 14, 0xffff]), 2) + \
                number(rng.choice([16, 6, 0xffff]), 2) + bytes(rng.choice([0, 2]))
            frame = b"\x52\x55\x0a\0\2\2\x52\x54\0\x12\x34\x56\x08\0\x45\0" + rng.randbytes(2) + bytes(4) + \
                bytes([64, rng.choice([6, 17])]) + bytes(2) + b"\x0a\0\2\x0f\x0a\0\2\2" + rng.randbytes(12) + b"\x50" + \
                rng.randbytes(rng.choice([7, 100, 3000]))
            return [head, frame] if rng.random() < 0.5 else [head + frame], []
        if self.name == "net" and n == 2:
            return [bytes([rng.randrange(4), rng.randrange(6)]), number(rng.choice([1, 0, 70, 0xffffffff]), 4) + some], [1]
        if self.name == "9p":
            opening = opening_9p(self.said) if rng.random() < 0.95 else None
            message = opening or message_9p(rng)
            self.said += opening is not None
            if opening:
                return None, [message]
            room = rng.choice([11, 200, 5000, 65536])
            return rng.choice([[message], [message[:7], message[7:]]]), rng.choice([[room], [11, room]])
        if self.name == "balloon":
            return [b"".join(number(rng.choice([0x8000, rng.randrange(0x8000), rng.getrandbits(32)]), 4) for _ in range(20))], []
        if self.name == "gpu":
            if self.right:
                return None, [b"".join(command_gpu(rng, n, self.base))]
            return command_gpu(rng, n, self.base), [rng.choices([1056, 408, 24, 3], [8, 2, 2, 1])[0]] * (n == 0 or rng.random() < 0.3)
        if self.name in MODERN:
            return ([number(rng.choice([0x11, 0x14, 0]), 2) + number(rng.randrange(4), 2) + number(rng.randrange(2), 4)], []) if n else \
                ([], [rng.choices([8, 7, 100], [30, 1, 3])[0]])
        if self.name == "serial" and n == 3:
            return [number(rng.choice([0, 1, 2, 40]), 4) + number(rng.randrange(9), 2) + number(rng.randrange(2), 2)], []
        if self.name == "serial" and n % 2:
            return [some], []
        return [], [rng.choice([1, 8, 64, 1500])] * rng.choice([1, 1, 2])

    def chain(self, n):
        """Writes one; its head."""
        rng, bus, (table, _, _, size, _) = self.rng, self.bus, self.rings[n]
        reads, writes = self.request(n)
        if reads is None:
            return self.right_chain(n, writes[0])
        pieces = [(0, data) for data in reads] + [(2, length) for length in writes]
        if rng.random() < 0.05:
            rng.shuffle(pieces)
        if rng.random() < 0.05:
            pieces.append((rng.choice([0, 2]), rng.randrange(5000)))
        indirect = rng.random() < 0.3
        if indirect:
            table = self.base + 0x50000 + 0x400 * rng.randrange(16)
        head = rng.randrange(max(size - len(pieces), 1))
        first = 0 if indirect else head
        entries = b""
        for i, (flags, what) in enumerate(pieces):
            at = self.address()
            if isinstance(what, bytes) and at < 0x7000000:
                bus.memory(at, what)
            length = self.length(len(what) if isinstance(what, bytes) else what)
            more = i + 1 < len(pieces)
            follows = rng.choices([first + i + 1, rng.getrandbits(16)], [60, 1])[0]
            flags |= more | rng.choices([0, rng.randrange(8)], [60, 1])[0]
            entries += self.number(at, 8) + self.number(length, 4) + self.number(flags, 2) + self.number(follows, 2)
        bus.memory(table + 16 * first, entries)
        if indirect:
            length = rng.choices([len(entries), rng.getrandbits(16), 16 * 1024], [20, 1, 1])[0]
            bus.memory(self.rings[n][0] + 16 * head, self.number(table, 8) + self.number(length, 4) + self.number(4, 2) + bytes(2))
        return head

    def right_chain(self, n, message):
        """One with a message and room for its reply, in which nothing is wrong; its head."""
        at = self.base + 0x60000
        entries = [(at, len(message), 1, 1), (at + 0x1000, 0x1000, 2, 0)]
        self.bus.memory(at, message)
        self.bus.memory(self.rings[n][0], b"".join(self.number(a, 8) + self.number(size, 4) + self.number(flags, 2) +
                                                   self.number(follows, 2) for a, size, flags, follows in entries))
        return 0

    def offer(self):
        """Chains on one queue, and the bell."""
        rng, bus = self.rng, self.bus
        n = rng.randrange(len(self.rings))
        ring = self.rings[n]
        opening = self.name == "9p" and opening_9p(self.said)
        self.right = self.name == "gpu" and rng.random() < 0.8      # a chain that is as it should be
        if self.name in MODERN and rng.random() < 0.3:
            bus.lines.append("!" if self.name == "gpu" else f"!input {rng.choice([1, 1, 2, 7, 40])}")
        for _ in range(1 if opening or self.right else rng.choice([1, 1, 1, 2, 5])):
            self.make_available(n, rng.choices([self.chain(n), rng.getrandbits(16)], [60, 1])[0])
        if rng.random() < 0.02:
            ring[4] = rng.getrandbits(16)
            bus.memory(ring[1], self.number(rng.choice([0, 0, 1]), 2) + self.number(ring[4], 2))
        self.ring_bell(n)

    def make_available(self, n, head):
        ring = self.rings[n]
        self.bus.memory(ring[1] + 4 + 2 * (ring[4] % ring[3]), self.number(head, 2))
        ring[4] = ring[4] + 1 & 0xffff
        self.bus.memory(ring[1], self.number(self.rng.choice([0, 0, 1]), 2) + self.number(ring[4], 2))

    def ring_bell(self, n):
        if self.legacy:
            self.bus.write(PORTS + self.io + 16, n, 2)
        else:
            self.bus.write(self.mem + 0x3000 + 4 * n, n, 2)

    def poke(self):
        """Registers of both interfaces, the window in configuration space, and resets in the middle of it."""
        rng, bus = self.rng, self.bus
        kind = rng.randrange(8) if self.name != "gpu" or rng.random() < 0.4 else 6
        if kind == 0:
            self.status(0)
            self.set_up()
        elif kind == 1:
            self.set_up()
        elif kind == 2:
            at = self.mem + rng.choice([rng.randrange(0x38), 0x1000, 0x2000 + rng.randrange(150), rng.randrange(0x4000)])
            rng.choice([bus.read, bus.read, lambda a, s: bus.write(a, rng.choice([0, 1, 0xf, rng.getrandbits(32)]), s)])(
                at, rng.choice([1, 2, 4]))
        elif kind == 3:
            at = PORTS + self.io + rng.randrange(80)
            rng.choice([bus.read, bus.read, lambda a, s: bus.write(a, rng.choice([0, 1, 7, rng.getrandbits(32)]), s)])(
                at, rng.choice([1, 2, 4]))
        elif kind == 4:
            for reg, number in ((0x88, rng.choice([4, 4, 0, 0xff])), (0x8c, rng.choice([0x14, 0x3000, 0x2000, rng.getrandbits(14)])),
                                (0x90, rng.choice([1, 2, 4, 0, 3]))):
                bus.config(self.devfn, reg, number)
            bus.config(self.devfn, 0x94, rng.choice([None, None, 0, 0xf, rng.getrandbits(32)]))
        elif kind == 5:
            n = rng.randrange(len(self.rings) + 1)
            bus.write(PORTS + self.io + 14, n, 2)
            bus.write(PORTS + self.io + 8, rng.choice([0, self.base >> 12, rng.getrandbits(32)]), 4)
        elif kind == 6:
            bus.step()
        else:
            self.ring_bell(rng.choice([*range(len(self.rings)), 63, 64, 0xffff]))
        if self.name == "gpu" and kind in (2, 3, 4, 5) and rng.random() < 0.8:
            self.set_up()               # what it has cannot go on without


def virtio_lines(rng, big, count, always=()):
    """Of two devices, those that are named first."""
    bus = Bus(rng, big)
    names = [*always, *rng.sample([name for name in VIRTIO if name not in always], 2)][:2]
    drivers = [Virtio(bus, name) for name in names]
    while len(bus.lines) < count:
        driver = rng.choice(drivers)
        rng.choices([driver.offer, driver.poke], [4, 1])[0]()
    return bus.lines


# ---- IDE ----

ATA = [0x20, 0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x3d, 0x40, 0xc4, 0xc5, 0xc6, 0xc8, 0xc8, 0xca, 0xca, 0xce, 0x06,
       0xe7, 0xea, 0xec, 0xef, 0xf8, 0x27, 0x90, 0xa0, 0xa0, 0xa0, 0xa1, 0x08]
PACKETS = [0, 3, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x28, 0x28, 0x43, 0x46, 0x4a, 0x51, 0x5a, 0xa8, 0xad, 0xbd, 0xbe]


def ide_step(bus):
    rng = bus.rng
    cable = rng.choice([0x1f0, 0x1f0, 0x1f0, 0x170])
    master = MASTER + (0 if cable == 0x1f0 else 8)

    def out(port, number, letter="b"):
        bus.lines.append(f"out{letter} {port:#x} {number:#x}")

    def data(count):
        for _ in range(count):
            bus.lines.append(f"in{rng.choice('wwlb')} {cable:#x}" if rng.random() < 0.5 else
                             f"out{rng.choice('wwlb')} {cable:#x} {rng.getrandbits(16):#x}")

    kind = rng.choices(["command", "data", "table", "start", "status", "reset", "packet", "register"],
                       [8, 4, 3, 6, 3, 1, 4, 1])[0]
    if kind == "command":
        out(cable + 6, rng.choice([0xe0, 0xe0, 0xf0, 0xa0, 0xb0, rng.getrandbits(8)]))
        for port in (1, 2, 3, 4, 5) * rng.choice([1, 2]):
            out(cable + port, rng.choices([0, 1, 8, rng.getrandbits(8)], [4, 4, 2, 1])[0])
        out(cable + 7, rng.choices([rng.choice(ATA), rng.getrandbits(8)], [20, 1])[0])
    elif kind == "packet":
        out(cable + 6, rng.choice([0xb0, 0xb0, 0xa0]))
        out(cable + 1, rng.choice([0, 1, 1]))
        limit = rng.choice([0, 1, 2, 0x800, 0xfffe, 0xffff])
        out(cable + 4, limit & 0xff)
        out(cable + 5, limit >> 8)
        out(cable + 7, 0xa0)
        packet = [rng.choice(PACKETS)] + [rng.choices([0, 1, 2, 0x10, rng.getrandbits(8)], [8, 3, 2, 2, 1])[0] for _ in range(11)]
        for i in range(0, 12, 2):
            bus.write(PORTS + cable, packet[i] | packet[i + 1] << 8, 2)
        data(rng.randrange(12))
    elif kind == "data":
        data(rng.choice([1, 6, 40]))
    elif kind == "table":
        table = b""
        for _ in range(rng.choice([1, 1, 2, 4])):
            at = rng.choices([BUFFER + 2 * rng.randrange(0x8000), TABLE, rng.getrandbits(32)], [20, 1, 1])[0]
            count = rng.choice([0, 2, 512, 512, 2048, 4096, 0xfffe, rng.getrandbits(16)]) | rng.choice([0, 0x80000000])
            table += at.to_bytes(4, "little") + count.to_bytes(4, "little")
        bus.memory(TABLE, table)
    elif kind == "start":
        bus.write(PORTS + master + 4, rng.choices([TABLE, rng.getrandbits(32)], [20, 1])[0], 4)
        out(master + 2, 6)
        out(master, rng.choice([1, 9, 9, 8, 0]))
        if rng.random() < 0.3:
            out(master, 0)
    elif kind == "status":
        bus.lines.append(f"inb {rng.choice([cable + 7, cable + 0x206, cable + 1, master + 2, master]):#x}")
    elif kind == "reset":
        for number in rng.choice([(4, 0), (4,), (0,), (2,), (0x80,), (6, 2)]):
            out(cable + 0x206, number)
    else:
        out(cable + rng.randrange(8), rng.getrandbits(8))


def ide_lines(rng, big, count):
    bus = Bus(rng, big)
    for reg, number in ((0x40, 0x80008000), (0x20, MASTER), (4, 5)):
        bus.config(0x51, reg, number)
    while len(bus.lines) < count:
        ide_step(bus)
    return bus.lines
