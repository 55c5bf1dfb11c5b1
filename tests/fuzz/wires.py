# SPDX-License-Identifier: GPL-2.0-or-later
"""Random packets for the gdb server and random lines of the qtest protocol."""
import importlib.util
import os
import random
import re
import sys

from pump import Failure, Machine, Pump

here = os.path.dirname(os.path.realpath(__file__))


def load(name, path):
    sys.path.insert(0, os.path.dirname(path))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


qtest_fuzz = load("qtest_fuzz", os.path.join(here, "..", "qtest", "fuzz.py"))
gdb_fuzz = load("gdb_fuzz", os.path.join(here, "..", "gdb", "fuzz.py"))

BATCH = 200
# These have the guest run or stand: seldom, as the CPU has to be waited for.
RUNS = (b"c", b"C", b"s", b"S", b"vCont;")


def gdb_packet(rng):
    """One frame: each is acknowledged, with + or -."""
    data = b""
    while not data or data[:1] == b"k" or data.startswith((b"vKill", b"QStartNoAck", b"D")) or \
            (data.startswith(RUNS) and rng.random() < 0.8):
        data = gdb_fuzz.packet(rng)[1:-3].replace(b"$", b"%").replace(b"#", b"%")
    whole = gdb_fuzz.frame(data)
    return whole[:-1] + rng.choice(b"0123456789abcdefxyz").to_bytes(1, "big") if rng.random() < 0.05 else whole


class Acks:
    """Counts what is outside of the server's own packets."""
    WHOLE = re.compile(rb"\$[^#]*#[0-9a-f]{2}")

    def __init__(self):
        self.rest, self.count, self.packets = b"", 0, 0

    def take(self, data):
        data = self.rest + data
        cut = data.rfind(b"$")
        if cut >= 0 and not self.WHOLE.match(data, cut):
            data, self.rest = data[:cut], data[cut:]
        else:
            self.rest = b""
        outside, packets = self.WHOLE.subn(b"", data)
        self.packets += packets
        self.count += outside.count(b"+") + outside.count(b"-")


def gdb(program, inputs, seed):
    rng, total = random.Random(seed), 0
    with Machine(program, sockets=["-gdb"], server=True) as m:
        while total < inputs:
            sock = m.connect(0)
            pump = Pump(sock)
            for _ in range(rng.randrange(1, 12)):
                acks = Acks()
                frames = [gdb_packet(rng) for _ in range(BATCH)]
                data = b"".join(f + rng.choice((b"", b"", b"+", b"-", b"\x03")) for f in frames)
                pump.exchange(data, acks.take, lambda: acks.count >= BATCH)
                total += BATCH
            # Whether it is still in step: the guest is stopped, and one question has one answer.
            answer = bytearray()
            pump.exchange(b"\x03" + gdb_fuzz.frame(b"qC"), answer.extend, lambda: b"$QC1#" in answer)
            if rng.random() < 0.5:
                pump.exchange(gdb_fuzz.frame(b"D"), answer.extend, lambda: b"$OK#" in answer)
            sock.close()
    return total


def qtest(program, inputs, seed):
    total, paths = 0, {}
    while total < inputs:
        args = ["-machine", f"malta,endian={'big' if seed % 2 else 'little'}", "-accel", "qtest",
                "-device", "pc-testdev"]
        if not paths:
            paths.update(qtest_fuzz.device_paths([program, *args, "-display", "none"]))
        with Machine(program, *args, sockets=["-qtest"], firmware=False) as m:
            pump = Pump(m.accept(0))
            lines = [qtest_fuzz.real_path(line, paths)
                     for part in range(5) for line in qtest_fuzz.lines_of(seed * 8 + part)]
            replies = ["", 0]

            def take(data):
                *whole, replies[0] = (replies[0] + data.decode(errors="replace")).split("\n")
                for line in whole:
                    word = line.split(" ")[0]
                    if word not in ("OK", "FAIL", "ERR", "IRQ"):
                        raise Failure(f"reply {line[:80]!r}")
                    replies[1] += word != "IRQ"
            pump.exchange("".join(line + "\n" for line in lines).encode(), take, lambda: replies[1] >= len(lines))
            if replies[1] != len(lines):
                raise Failure(f"{replies[1]} replies to {len(lines)} lines")
        total += len(lines)
        seed += 1
    return total
