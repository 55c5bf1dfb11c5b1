#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
fuzz.py SCREEN WORK [SEED [SECONDS]]: VNC clients that say what they should not, with the sanitizers. After
each round a good one must still be served, and in the end the program must end well. TAP.
"""
import pathlib
import random
import socket
import struct
import sys
import threading
import time

import rfb
from screen import Screen, run

PROGRAM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
WORK.mkdir(parents=True, exist_ok=True)
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
SECONDS = int(sys.argv[4]) if len(sys.argv) > 4 else 25
ENCODINGS = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 16, 17, -223, -224, -232, -239, -240, -257, -258, -260, -307, -308, -309,
             0x574d5664, 0xc0a1e5ce - (1 << 32), -26, -32, -247, -256, *range(0x40, 0x50)]


def some(r, size):
    return r.randbytes(r.randrange(size))


def pixel_format(r):
    if r.random() < 0.6:
        return struct.pack(">B3xBBBBHHHBBB3x", 0, r.choice([8, 16, 32]), r.choice([8, 16, 24]), r.randrange(2), 1,
                           r.choice([7, 31, 255]), r.choice([7, 63, 255]), r.choice([3, 31, 255]), r.randrange(24),
                           r.randrange(24), r.randrange(24))
    return b"\0" + r.randbytes(19)


def encodings(r):
    chosen = r.choices(ENCODINGS, k=r.randrange(12)) + ([r.getrandbits(32) - (1 << 31)] if r.random() < 0.2 else [])
    count = len(chosen) if r.random() < 0.95 else r.randrange(65536)
    return struct.pack(f">BxH{len(chosen)}i", 2, count, *chosen)


def desktop_size(r):
    count = r.choice([0, 1, 1, 1, 2, r.randrange(256)])
    return struct.pack(">BxHHBx", 251, r.randrange(65536), r.randrange(65536), count) + r.randbytes(16 * count)


def message(r):
    kind = r.randrange(12)
    if kind == 0:
        return pixel_format(r)
    if kind == 1:
        return encodings(r)
    if kind in (2, 3, 4):
        whole = r.random() < 0.5
        place = (0, 0, 640, 480) if whole else tuple(r.randrange(r.choice([700, 65536])) for _ in range(4))
        return struct.pack(">BBHHHH", 3, r.randrange(2), *place)
    if kind in (5, 6):
        return struct.pack(">BBxxI", 4, r.randrange(2), r.choice([r.getrandbits(32), r.randrange(0x20, 0x100),
                                                                  0xff00 + r.randrange(256)]))
    if kind == 7:
        return struct.pack(">BBHH", 5, r.randrange(256), r.randrange(65536), r.randrange(65536))
    if kind == 8:
        text = some(r, 200)
        length = len(text) if r.random() < 0.8 else r.getrandbits(32)
        return struct.pack(">BxxxI", 6, length) + text
    if kind == 9:
        return struct.pack(">BBHII", 255, r.choice([0, 0, 0, 1, r.randrange(256)]), r.randrange(3),
                           r.getrandbits(32), r.choice([r.randrange(256), r.getrandbits(32)]))
    if kind == 10:
        return desktop_size(r)
    return bytes([r.randrange(256)]) + some(r, 40)


def greeting(r, sock):
    """How it introduces itself: rightly, mostly."""
    if r.random() < 0.15:
        sock.sendall(some(r, 60))
        return
    sock.sendall(r.choice([b"RFB 003.008\n", b"RFB 003.008\n", b"RFB 003.003\n", b"RFB 003.007\n", b"RFB 003.889\n",
                           b"RFB 003.999\n", b"RFB 003.-12\n"]))
    time.sleep(0.02)
    sock.sendall(bytes([r.choice([1, 1, 1, 1, 1, 2, r.randrange(256)])]))
    sock.sendall(b"\1" if r.random() < 0.9 else some(r, 20))


def bad_client(seed, port, count):
    r = random.Random(seed)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as sock:
            sock.settimeout(0.3)
            greeting(r, sock)
            for _ in range(r.randrange(60)):
                count.append(1)
                data = message(r)
                sock.sendall(data[:r.randrange(1, len(data) + 1)] if r.random() < 0.02 else data)
                if r.random() < 0.3:
                    sock.setblocking(False)
                    try:
                        while sock.recv(1 << 20):
                            pass
                    except BlockingIOError:
                        pass
                    sock.settimeout(0.3)
    except OSError:
        pass


def change(s, r):
    """What the guest does meanwhile."""
    what = r.randrange(8)
    if what == 0:
        s.do(f"size {r.randrange(1, 900)} {r.randrange(1, 900)}")
    elif what == 1:
        s.do(f"cursor {r.randrange(1, 70)} {r.randrange(1 << 24):x}")
    elif what == 2:
        s.do(r.choice(["tablet", "mouse"]))
    else:
        s.do(f"fill {r.randrange(900)} {r.randrange(900)} {r.randrange(1, 900)} {r.randrange(1, 900)} "
             f"{r.randrange(1 << 24):x}")


def clients_of_all_kinds():
    r, count, end = random.Random(SEED), [], time.time() + SECONDS
    with Screen(PROGRAM, "127.0.0.1:37,to=99,share=ignore") as s:
        port = int(s.port)
        while time.time() < end:
            threads = [threading.Thread(target=bad_client, args=(r.getrandbits(64), port, count)) for _ in range(12)]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                change(s, r)
                time.sleep(0.01)
            for attempt in range(100):      # there may be as many as are served, until they are seen to be gone
                try:
                    good = rfb.Client(port)
                    break
                except (rfb.Refused, ConnectionError, AssertionError):
                    assert attempt < 99, "a good client is no longer served"
                    time.sleep(0.1)
            good.request(incremental=False)
            good.update()
            good.close()
            assert s.process.poll() is None, f"it ended with {s.process.returncode}"
        print(f"# {len(count)} messages, seed {SEED}", flush=True)
        assert len(count) > 1000


print(f"# seed {SEED}", flush=True)
run([clients_of_all_kinds])
