#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fuzz.py VALLETTA [--seed N] [--seconds S] [--runs N]: random accesses and protocol lines.

Each run is a machine of its own that gets some hundred lines, all chosen by its seed: the
same seed sends the same lines. A machine that ends, hangs or answers out of step fails the
run, and the line that repeats it is printed. TAP on standard output.
"""
import argparse
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

import fuzz_disks
import fuzz_display
import fuzz_sound
import fuzz_usb

LINES = 600
PATIENCE = 20 * float(os.environ.get("VALLETTA_TEST_SLOWNESS", "1"))
PORTS, GT, FPGA, FLASH = 0x10000000, 0x14000000, 0x1f000000, 0x1e000000
# Where something is: start, length, how often.
PLACES = [
    (PORTS, 0x100, 6), (PORTS + 0x3f0, 16, 2), (PORTS + 0x378, 3, 1), (PORTS + 0x2f8, 8, 1),
    (PORTS + 0x1f0, 8, 1), (PORTS + 0x4d0, 2, 1), (PORTS + 0x1000, 0x120, 3), (PORTS, 0x10000, 1), (GT, 0xd00, 4), (GT + 0xcf8, 8, 4), (GT, 0x200000, 1),
    (FPGA, 0xc00, 4), (FPGA + 0x900, 0x40, 2), (FPGA, 0x100000, 1), (FLASH, 0x400000, 2), (0x1fc00000, 0x400000, 1),
    (0, 0x8000000, 1), (0x08000000, 0x18000000, 1), (0x20000000, 0xe0000000, 1), (0, 1 << 64, 1),
]
# Requests that end or reset the machine are left out, as what follows would be for nobody.
DEVICES = ["isa-i8259", "PIIX4", "PIIX4_PM", "isa-pit", "mc146818rtc", "i8042", "fdc37m81x-superio", "gt64120"]
FRAGMENTS = ["", "0", "-1", "0x", "1", "4", "0xffffffffffffffff", "99999999999999999999", "zz", "0x12345", "\x01", "é",
             "AAAA", "/machine", "/machine/unattached/device[3]", "unnamed-gpio-in", "uart1"]
VERBS = ["endianness", "readb", "readq", "writel", "read", "write", "memset", "b64read", "b64write", "inb", "outw",
         "clock_step", "clock_set", "irq_intercept_in", "irq_intercept_out", "set_irq_in", "module_load", "frob"]


def address(rng, size):
    start, length, _ = rng.choices(PLACES, [p[2] for p in PLACES])[0]
    at = (start + rng.randrange(length)) & (1 << 64) - 1
    return at if rng.random() < 0.2 else at & ~(size - 1)


def value(rng, size):
    return rng.choice([0, 1, (1 << 8 * size) - 1, 1 << rng.randrange(8 * size), rng.getrandbits(8 * size)])


def config_access(rng):
    """The address and a part of the data of a PCI configuration register, in one byte order or the other."""
    where = 0x80000000 | rng.choice([0, 10, 10, 10, 11, 18, 31]) << 11 | rng.randrange(8) << 8 | rng.randrange(64) << 2
    if rng.random() < 0.5:
        where = int.from_bytes(where.to_bytes(4, "little"), "big")
    size = rng.choice([1, 2, 4])
    letter = {1: "b", 2: "w", 4: "l"}[size]
    data = GT + 0xcfc + rng.randrange(0, 4, size)
    access = f"read{letter} {data:#x}" if rng.random() < 0.4 else f"write{letter} {data:#x} {value(rng, size):#x}"
    return [f"writel {GT + 0xcf8:#x} {where:#x}", access]


def access(rng):
    size, letter = rng.choice([(1, "b"), (1, "b"), (2, "w"), (4, "l"), (4, "l"), (8, "q")])
    at = address(rng, size)
    return [f"read{letter} {at:#x}" if rng.random() < 0.4 else f"write{letter} {at:#x} {value(rng, size):#x}"]


def port_access(rng):
    size, letter = rng.choice([(1, "b"), (2, "w"), (4, "l")])
    port = rng.choice([rng.randrange(0x100), rng.randrange(0x10000), 0x3f0 + rng.randrange(16)])
    return [f"in{letter} {port}" if rng.random() < 0.4 else f"out{letter} {port} {value(rng, size)}"]


def block(rng):
    at, length = address(rng, 1), rng.choice([0, 1, 3, 8, 100, 5000])
    return [rng.choice([f"read {at:#x} {length}", f"b64read {at:#x} {length}", f"memset {at:#x} {length} {value(rng, 1)}",
                        f"write {at:#x} {length} 0x{rng.getrandbits(64):x}"])]


def nonsense(rng):
    return [" ".join([rng.choice(VERBS)] + rng.choices(FRAGMENTS, k=rng.randrange(5)))]


def other(rng):
    return [rng.choice([
        "clock_step", f"clock_step {rng.choice([1, 1000, 15085, 1000000, 50000000])}", "endianness",
        f"set_irq_in {rng.choice(DEVICES)} unnamed-gpio-in {rng.randrange(-1, 18)} {rng.randrange(2)}",
        f"irq_intercept_{rng.choice(['in', 'out'])} {rng.choice(DEVICES)}"])]


# ---- network cards: set up as a driver would, then with values that are nearly right ----

PCNET_IO, PCNET_MEM, E1000_MEM, RINGS = 0x1800, 0x12000000, 0x12020000, 0x100000
E1000_REGS = [0x0, 0x8, 0x10, 0x14, 0x20, 0x38, 0xc0, 0xc4, 0xc8, 0xd0, 0xd8, 0x100, 0x400, 0x2800, 0x2804, 0x2808, 0x2810,
              0x2818, 0x2818, 0x3800, 0x3804, 0x3808, 0x3810, 0x3818, 0x3818, 0x3818, 0x4074, 0x5000, 0x5200, 0x5400, 0x5600]


def little(number, size, big):
    """What a CPU of that order writes for a device to see number."""
    return int.from_bytes(number.to_bytes(size, "little"), "big") if big else number


def cards_set_up(big):
    lines = []
    for slot, bars in ((11, {0x10: PCNET_IO, 0x14: PCNET_MEM}), (18, {0x10: E1000_MEM, 0x18: 0x1900})):
        for reg, number in [*bars.items(), (4, 7)]:
            lines += [f"writel {GT + 0xcf8:#x} {little(0x80000000 | slot << 11 | reg, 4, big):#x}",
                      f"writel {GT + 0xcfc:#x} {number:#x}"]
    return lines


def card_access(rng, big):
    def write(at, number, size):
        return f"write{'bwl'[size // 2]} {at:#x} {little(number & (1 << 8 * size) - 1, size, big):#x}"

    near = [RINGS + 16 * rng.randrange(64), 0x80, 0x100, rng.randrange(64), 0xffff, rng.getrandbits(32), 2, 0x8003, 0x42, 8]
    kind = rng.randrange(4)
    if kind == 0:
        register = rng.choice([0, 0, 0, 1, 2, 3, 4, 5, 7, 15, 24, 25, 30, 31, 58, 72, 74, 76, 78, rng.randrange(256)])
        number = rng.choice([RINGS & 0xffff, RINGS >> 16, *near])
        data = rng.choice([0x10, 0x10, 0x16])
        return [write(PORTS + PCNET_IO + 0x12, register, 2),
                rng.choice([write(PORTS + PCNET_IO + data, number, 2), f"readw {PORTS + PCNET_IO + data:#x}"])]
    if kind == 1:
        register = E1000_MEM + rng.choice([*E1000_REGS, 4 * rng.randrange(0x1800)])
        return [rng.choice([write(register, rng.choice(near), 4), write(register, rng.choice(near), 4),
                            f"readl {register:#x}"])]
    # Descriptors and initialization blocks: the bits that say what is whose are often right.
    at = RINGS + 16 * rng.randrange(64)
    words = [rng.choice([RINGS, RINGS + rng.randrange(0x1000), rng.getrandbits(32)]),
             rng.choice([0x8300f000 | rng.getrandbits(12), 0x8200f000 | rng.getrandbits(12), rng.getrandbits(32), 0]),
             rng.choice([0x29100000 | rng.getrandbits(16), 0x0b000000 | rng.getrandbits(12), 0x27000000 | rng.getrandbits(20),
                         0x2d100000 | rng.getrandbits(20), rng.getrandbits(32)]), rng.choice([0, 0x300, rng.getrandbits(32)])]
    return [f"write {at:#x} 16 0x" + b"".join(word.to_bytes(4, "little") for word in words).hex()]


def lines_of(seed):
    rng, big, kind = random.Random(seed), bool(seed % 2), seed // 2 % 8
    if kind == 1:
        return fuzz_disks.ide_lines(rng, big, 2 * LINES)
    if kind in (2, 4):
        return fuzz_disks.virtio_lines(rng, big, 4 * LINES, ["9p"] if kind == 4 else [])
    if kind == 7:
        return fuzz_disks.virtio_lines(rng, big, 8 * LINES, ["gpu", rng.choice(["keyboard", "tablet"])])
    if kind == 6:
        return fuzz_usb.lines(rng, big, 4 * LINES)
    if kind == 3:
        return cards_set_up(big) + [line for _ in range(2 * LINES) for line in card_access(rng, big)]
    if kind == 5:
        return fuzz_display.lines(rng, big, 4 * LINES)
    if kind == 7:
        return fuzz_sound.lines(rng, big, 4 * LINES)
    makers = rng.choices([access, config_access, port_access, block, nonsense, other], [10, 5, 5, 1, 1, 3], k=LINES)
    return [line for make in makers for line in make(rng)]


class Failure(Exception):
    pass


class Peer:
    """One end of a socket pair: lines with a time limit."""

    def __init__(self, sock):
        self.sock, self.rest = sock, b""
        sock.setblocking(False)

    def line(self, what):
        end = time.monotonic() + PATIENCE
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise Failure(f"no reply within {PATIENCE:.0f} s to {what!r}")
            got = self.sock.recv(65536)
            if not got:
                raise Failure(f"the machine ended after {what!r}")
            self.rest += got
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode(errors="replace")


class Monitor(Peer):
    """QMP, for pictures of the graphics cards, and for what a person does."""

    def __init__(self, path):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        super().__init__(sock)
        self.line("the greeting")
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.sock.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        reply = self.line(name)
        while '"event"' in reply:
            reply = self.line(name)
        if '"return"' not in reply:
            raise Failure(f"{name}: {reply}")

    def pictures(self):
        for card, head in (("cirrus", 0), ("std", 0), ("gpu", 0), ("gpu", 1)):
            self.command("screendump", filename="/dev/null", device=card, head=head)

    def input(self, count):
        """As many events at one moment, of all kinds."""
        events = [{"type": "key", "data": {"down": n % 2 == 0, "key": {"type": "qcode", "data": "a"}}} if n % 3 else
                  {"type": "abs", "data": {"axis": "x", "value": n}} for n in range(count)]
        self.command("input-send-event", events=[*events, {"type": "btn", "data": {"down": True, "button": "wheel-up"}}])


def real_path(line, paths):
    words = line.split(" ")
    return " ".join(paths.get(w, w) if i else w for i, w in enumerate(words))


def device_paths(process_args):
    """Where the devices of a machine are, from the monitor of one that is made for it."""
    done = subprocess.run([*process_args, "-monitor", "stdio"], input="info qom-tree\nquit\n", capture_output=True,
                          text=True, timeout=PATIENCE, check=True)
    paths = {}
    for row in done.stdout.splitlines():
        words = row.strip().split(" ")
        if len(words) == 2 and words[0].startswith("/device["):
            paths.setdefault(words[1].strip("()"), "/machine/unattached" + words[0])
    return paths


def run(program, seed, paths):
    args = [program, "-machine", f"malta,endian={'big' if seed % 2 else 'little'}", "-accel", "qtest", "-display", "none",
            "-device", "pc-testdev", "-no-shutdown", "-nic", "user,restrict=on", "-nic", "user,restrict=on,model=e1000"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
        args += fuzz_disks.arguments(folder) + fuzz_display.ARGUMENTS + fuzz_usb.arguments(folder) + \
            fuzz_sound.arguments(folder)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(folder + "/s")
        listener.listen(1)
        listener.settimeout(PATIENCE)
        if not paths:
            paths.update(device_paths(args))
        process = subprocess.Popen([*args, "-qtest", f"unix:{folder}/s", "-qmp", f"unix:{folder}/q,server=on,wait=off"], stdin=subprocess.DEVNULL, stderr=errors)
        try:
            peer = Peer(listener.accept()[0])
            monitor = Monitor(folder + "/q")
            count = 0
            for line in lines_of(seed):
                if line == "!":
                    monitor.pictures()
                    continue
                if line.startswith("!input"):
                    monitor.input(int(line.split(" ")[1]))
                    continue
                peer.sock.sendall((real_path(line, paths) + "\n").encode())
                reply = "IRQ"
                while reply.startswith("IRQ"):
                    reply = peer.line(line)
                if reply.split(" ")[0] not in ("OK", "FAIL", "ERR"):
                    raise Failure(f"{line!r}: reply {reply[:80]!r}")
                count += 1
            process.send_signal(signal.SIGTERM)
            if process.wait(PATIENCE):
                raise Failure(f"it ended with {process.returncode}")
            errors.seek(0)
            if b"runtime error" in errors.read():
                raise Failure("the sanitizer has something to say")
            return count
        except (Failure, OSError, subprocess.TimeoutExpired) as problem:
            process.kill()
            process.wait()
            errors.seek(0)
            raise Failure(f"{problem}\n{errors.read().decode(errors='replace')[-4000:]}") from problem
        finally:
            listener.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=1, help="the first run's")
    parser.add_argument("--seconds", type=float, default=5, help="no run begins later")
    parser.add_argument("--runs", type=int, default=1 << 30)
    options = parser.parse_args()
    end, seed, total, paths = time.monotonic() + options.seconds, options.seed, 0, {}
    bad = 0
    while seed - options.seed < options.runs and (time.monotonic() < end or seed == options.seed):
        try:
            total += run(options.program, seed, paths)
        except Failure as failure:
            bad += 1
            print(f"# seed {seed}: " + str(failure).replace("\n", "\n# "))
            print(f"# again: {sys.argv[0]} {options.program} --seed {seed} --runs 1", flush=True)
        seed += 1
    print(f"# {seed - options.seed} machines, {total} lines")
    print("1..1\n" + ("not ok" if bad else "ok") + " 1 - random lines")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
