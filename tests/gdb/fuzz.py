#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fuzz.py VALLETTA KERNEL [--runs N] [--seed S]

Random packets to the gdb server, most of them nearly right; the emulator must live, and answer a client
that comes afterwards. KERNEL is one of the programs that run.py builds.
"""
import argparse
import os
import random
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from rsp import Machine, Rsp, frame

WORDS = ["?", "c", "C05", "g", "G", "Hg0", "Hc-1", "m", "M", "p", "P", "s", "S05", "T1", "vCont?", "vCont;c", "vCont;s:1",
         "vCont;r80100000,80110000:1", "vCont;t", "vCtrlC", "X", "Z0,", "Z1,", "Z2,", "Z3,", "Z4,", "z0,", "z2,", "z4,",
         "qSupported", "qC", "qfThreadInfo", "qsThreadInfo", "qThreadExtraInfo,", "qXfer:features:read:target.xml:",
         "qRcmd,", "QStartNoAckMode", "Qqemu.PhyMemMode:1", "Qqemu.PhyMemMode:0", "Qqemu.sstep=1", "D"]
ADDRESSES = ["80100000", "80102040", "80103d00", "ffffffff80102040", "bfc00000", "be000000", "b80003f8", "0", "ffffffff",
             "ffffffffffffffff", "1fe00000", "7ffffffe"]


def word(rng):
    kind = rng.randrange(8)
    if kind < 3:
        return rng.choice(ADDRESSES).encode()
    if kind == 3:
        return b"%x" % rng.getrandbits(rng.choice((4, 8, 13, 32, 64)))
    if kind == 4:
        return rng.randbytes(rng.randrange(20))
    if kind == 5:
        return rng.randbytes(rng.randrange(80)).hex().encode()
    return rng.choice((b",", b":", b";", b"=", b"4", b"-1", b"", b"}", b"*", b"info registers".hex().encode()))


def packet(rng):
    data = rng.choice(WORDS).encode()
    for _ in range(rng.randrange(6)):
        data += word(rng)
        if rng.randrange(2):
            data += rng.choice((b",", b":", b";", b"="))
    if rng.randrange(5) == 0 and data:
        at = rng.randrange(len(data))
        data = data[:at] + rng.randbytes(1) + data[at + 1:]
    if data[:1] == b"k":                        # would end it, as it should
        data = b"?"
    whole = frame(data)
    return whole[:-1] + rng.randbytes(1) if rng.randrange(20) == 0 else whole


def one_client(machine, rng):
    c = Rsp(machine.gdb, acks=True)
    c.socket.settimeout(0.05)
    try:
        for _ in range(rng.randrange(1, 60)):
            c.raw(b"".join(packet(rng) for _ in range(rng.randrange(1, 4))))
            if rng.randrange(3) == 0:
                c.raw(rng.choice((b"\x03", b"+", b"-", b"$", b"#", rng.randbytes(30))))
            if rng.randrange(3) == 0:
                c.socket.recv(65536)
    except (socket.timeout, BrokenPipeError, ConnectionResetError):
        pass
    c.close()


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("valletta")
    ap.add_argument("kernel")
    ap.add_argument("--runs", type=int, default=200)
    ap.add_argument("--seed", type=int, default=None)
    o = ap.parse_args()
    seed = o.seed if o.seed is not None else int(time.time())
    print(f"seed {seed}, {o.runs} clients", flush=True)
    with Machine(o.valletta, o.kernel, stopped=False) as m:
        for n in range(o.runs):
            try:
                one_client(m, random.Random(seed + n))
            except OSError:
                pass                            # it has ended, as is seen below
            if m.process.poll() is not None:
                sys.exit(f"client {n}, seed {seed + n}: the emulator has ended, {m.process.returncode}:\n" + m.process.stdout.read().decode())
        c = Rsp(m.gdb)
        assert c.ask("qC") == "QC1" and c.ask("?").startswith("T05") and c.ask("D") == "OK"
        m.wait_status("running")
    print("it lives")


if __name__ == "__main__":
    main()
