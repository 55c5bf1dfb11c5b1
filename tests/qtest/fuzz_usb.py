# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines for fuzz.py: the UHCI controller's schedule, made as a driver would and then nearly right."""
import os

from fuzz_disks import PORTS, Bus

IO, FRAMES, QUEUES, TDS, DATA = 0x1c00, 0x200000, 0x204000, 0x208000, 0x210000
ACTIVE, ISOCHRONOUS, END, QUEUE, DEPTH = 1 << 23, 1 << 25, 1, 2, 4
OUT, IN, SETUP = 0xe1, 0x69, 0x2d
# Of control transfers: type, request, value, index, length.
REQUESTS = [
    (0x00, 5, 1, 0, 0), (0x00, 5, 2, 0, 0), (0x00, 5, 3, 0, 0), (0x00, 9, 1, 0, 0), (0x00, 9, 1, 0, 0), (0x00, 9, 0, 0, 0),
    (0x80, 6, 0x100, 0, 18), (0x80, 6, 0x200, 0, 255), (0x80, 6, 0x302, 0x409, 255), (0x81, 6, 0x2200, 0, 512),
    (0x80, 0, 0, 0, 2), (0x82, 0, 0, 0x81, 2), (0x02, 3, 0, 0x81, 0), (0x02, 1, 0, 0x81, 0), (0x02, 1, 0, 2, 0),
    (0x00, 3, 1, 0, 0),
    (0x01, 11, 0, 0, 0), (0xa1, 1, 0x100, 0, 8), (0x21, 9, 0x200, 0, 1), (0x21, 10, 0x100, 0, 0), (0x21, 11, 0, 0, 0),
    (0xa0, 6, 0x2900, 0, 9), (0xa3, 0, 0, 1, 4), (0x23, 3, 4, 1, 0), (0x23, 3, 4, 2, 0), (0x23, 3, 2, 1, 0), (0x23, 1, 2, 1, 0),
    (0x23, 1, 16, 1, 0), (0x23, 1, 1, 2, 0), (0xa1, 0xfe, 0, 0, 1), (0x21, 0xff, 0, 0, 0), (0x40, 1, 0xffff, 0xffff, 0xffff),
    (0x40, 0, 0, 0, 0), (0xc0, 5, 0, 0, 2), (0x40, 4, 0x4008, 0, 0),
]
COMMANDS = [0x00, 0x03, 0x12, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x28, 0x2a, 0x2a, 0x35, 0x42, 0x5a, 0x88, 0x93, 0x9e, 0xa0]


def arguments(folder):
    with open(f"{folder}/u.img", "wb") as image:
        os.ftruncate(image.fileno(), 1 << 20)
    return ["-device", "usb-hub,port=1", "-device", "usb-kbd,port=1.1", "-device", "usb-tablet,port=1.2",
            "-chardev", "null,id=us", "-device", "usb-serial,chardev=us,port=1.3",
            "-drive", f"if=none,id=u,file={folder}/u.img,format=raw", "-device", "usb-storage,drive=u,port=2,removable=on"]


class Driver(Bus):
    def __init__(self, rng, big):
        super().__init__(rng, big)
        self.wrong = False              # whether there are descriptors that no driver makes
        for reg, number in ((0x20, IO), (4, 5)):
            self.config(0x52, reg, number)
        self.enumerate()
        self.wrong = True

    def enumerate(self):
        """All devices configured: hub 1, keyboard 2, tablet 3, disk 4, line 5."""
        self.register(0, 0, 2)
        self.register(2, 0x1f, 2)
        self.memory(FRAMES, (QUEUES | QUEUE).to_bytes(4, "little") * 1024)
        self.register(8, FRAMES, 4)
        self.register(0, 1, 2)
        for number in (0x200, 0, 4):
            self.register(0x10, number, 2)
        for address, hub_port in ((1, 0), (2, 1), (3, 2), (5, 3), (4, 0)):
            if hub_port:
                self.request(1, (0x23, 3, 4, hub_port, 0), True)
            if address == 4:
                for number in (0x200, 0, 4):
                    self.register(0x12, number, 2)
            self.request(0, (0x00, 5, address, 0, 0), True)
            self.request(address, (0x00, 9, 1, 0, 0), True)

    def register(self, reg, number, size):
        self.write(PORTS + IO + reg, number, size)

    def words(self, at, *numbers):
        self.memory(at, b"".join((n & 0xffffffff).to_bytes(4, "little") for n in numbers))

    def td(self, number, link, status, token, buffer):
        self.words(TDS + 16 * number, link, status, token, buffer)

    def any_link(self):
        rng = self.rng
        return rng.choices([END, TDS + 16 * rng.randrange(32) | DEPTH, TDS + 16 * rng.randrange(32),
                            QUEUES + 16 * rng.randrange(16) | QUEUE, rng.getrandbits(32), FRAMES | QUEUE],
                           [6, 6, 3, 4, 1, 1])[0]

    def token(self, pid, address, endpoint, toggle, length):
        rng = self.rng
        if self.wrong and rng.random() < 0.01:
            return rng.getrandbits(32)
        return pid | address << 8 | endpoint << 15 | toggle << 19 | (length - 1 & 0x7ff) << 21

    def run(self, first=0, sure=False):
        self.words(QUEUES, self.any_link() if not sure and self.rng.random() < 0.2 else END, TDS + 16 * first)
        self.lines.append(f"clock_step {40000000 if sure else self.rng.choice([1000000, 3000000, 40000000])}")

    def control(self):
        rng = self.rng
        kind, request, value, index, length = rng.choice(REQUESTS)
        if rng.random() < 0.1:
            value, index, length = (rng.choice([x, rng.getrandbits(16)]) for x in (value, index, length))
        self.request(rng.choice([0, 1, 1, 2, 3, 4, 4, 5]), (kind, request, value, index, length))

    def request(self, address, setup, sure=False):
        n, (kind, request, value, index, length) = 1, setup
        way = IN if kind & 0x80 else OUT
        self.memory(DATA, bytes([kind, request]) + b"".join(x.to_bytes(2, "little") for x in (value, index, length)))
        self.td(0, TDS + 16 | DEPTH, ACTIVE, self.token(SETUP, address, 0, 0, 8), DATA)
        left = min(length, 160)
        while left > 0:
            self.td(n, TDS + 16 * (n + 1) | DEPTH, ACTIVE, self.token(way, address, 0, n & 1, min(8, left)), DATA + 64 * n)
            n, left = n + 1, left - 8
        self.td(n, END, ACTIVE | 1 << 24, self.token(OUT if way == IN and length else IN, address, 0, 1, 0), 0)
        self.run(sure=sure)
        if not sure and self.rng.random() < 0.5:
            self.run(n)

    def command(self, length):
        """Writes the wrapper of a command for the disk; whether its data go to the host."""
        rng, way = self.rng, self.rng.choice([0, 0x80, 0x80])
        cdb = bytes([rng.choice(COMMANDS), *(rng.choice([0, 0, 0, 1, 2, rng.getrandbits(8)]) for _ in range(15))])
        self.memory(DATA, b"USBCtagg" + length.to_bytes(4, "little") + bytes([way, 0, rng.choice([6, 10, 16])]) + cdb)
        return way != 0

    def disk(self):
        """A whole command, from a reset of the disk on."""
        for setup in ((0x21, 0xff, 0, 0, 0), (0x02, 1, 0, 0x81, 0), (0x02, 1, 0, 2, 0)):
            self.request(4, setup, True)
        length = self.rng.choice([0, 8, 36, 64, 512, 512, 1024, 65536, 0xffffffff])
        to_host, packets = self.command(length), min(20, (length + 63) // 64)
        self.td(0, END, ACTIVE, self.token(OUT, 4, 2, 0, 31), DATA)
        self.run(sure=True)
        for n in range(packets + 1):
            way = IN if to_host or n == packets else OUT
            toggle = n & 1 if to_host else n + 1 & 1 if n < packets else 0
            self.td(n, END if n == packets else TDS + 16 * (n + 1) | DEPTH, ACTIVE,
                    self.token(way, 4, 1 if way == IN else 2, toggle, 64), DATA + 64 * n)
        self.run(sure=True)
        self.run(packets)

    def bulk(self):
        rng = self.rng
        kind = rng.choice(["command", "in", "in", "out"])
        address, status = rng.choice([1, 2, 3, 4, 4, 4, 4, 5]), rng.choice([ACTIVE, ACTIVE | 1 << 29])
        if kind == "command":
            self.command(rng.choice([0, 8, 512, rng.getrandbits(32)]))
            toggle = rng.randrange(2)
            self.td(0, END, status, self.token(OUT, address, 2, toggle, 31), DATA)
            self.run()
            return
        count = rng.randrange(1, 20)
        for n in range(count):
            length = rng.choice([64, 64, 64, 13, 8, 1280, 0])
            self.td(n, END if n == count - 1 else TDS + 16 * (n + 1) | DEPTH, status,
                    self.token(IN if kind == "in" else OUT, address, rng.choice([1, 2]), n & 1, length), DATA + 64 * n)
        self.run()

    def port(self):
        reg = self.rng.choice([0x10, 0x12])
        reset, other = (0x200, 0, 4), (self.rng.getrandbits(16),)
        for number in self.rng.choice([reset, reset, reset, (0x1004,), (0x0004,), (0,), other]):
            self.register(reg, number, 2)

    def wild(self):
        rng = self.rng
        for _ in range(rng.randrange(1, 5)):
            if rng.random() < 0.5:
                token = self.token(rng.choice([OUT, IN, SETUP]), rng.randrange(4), rng.choice([0, 1, 2]), rng.randrange(2),
                                   rng.choice([8, 64, 0, 1280, rng.getrandbits(11)]))
                status = rng.choice([ACTIVE, ACTIVE | ISOCHRONOUS, rng.getrandbits(32)])
                self.td(rng.randrange(32), self.any_link(), status, token,
                        rng.choice([DATA, TDS, QUEUES, FRAMES, 0x1e000000, rng.getrandbits(32)]))
            else:
                self.words(QUEUES + 16 * rng.randrange(16), self.any_link(), self.any_link())
        self.words(FRAMES + 4 * rng.randrange(1024), self.any_link())
        self.lines.append("clock_step 20000000")

    def registers(self):
        rng = self.rng
        number = rng.choice([1, 1, 0, 2, 4, 8, 0x18, 0xffff, rng.getrandbits(16)])
        self.register(rng.choice([0, 0, 2, 2, 4, 6, 8, 0xc, 0x14]), number, 2)
        self.read(PORTS + IO + rng.randrange(0, 32, 2), 2)
        if rng.random() < 0.8:
            self.again()

    def again(self):
        self.wrong = False
        self.enumerate()
        self.wrong = True


def lines(rng, big, count):
    driver = Driver(rng, big)
    while len(driver.lines) < count:
        rng.choices([driver.control, driver.disk, driver.bulk, driver.port, driver.wild, driver.registers, driver.again],
                    [12, 6, 8, 1, 2, 1, 2])[0]()
    return driver.lines
