#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""screen.py VALLETTA [--fetch]: virtio graphics and input under Linux's own drivers: keys, pointers, pictures.

Pictures are read by the monitor and, for what is in no picture, by VNC. Without --fetch it skips where the guest's
kernel (kernel.sh) was not fetched before. TAP on standard output."""
import os
import struct
import sys
import time

from hotplug import HERE, SLOWNESS, run_cases
from usb import ABS, KEY, events, handler, press

sys.path.append(os.path.join(os.path.dirname(HERE), "ui"))
import rfb                              # noqa: E402
from cases_display import Picture       # noqa: E402

MODULES = ["virtio_pci", "virtio_input", "evdev", "virtio_gpu"]
DEVICES = ["-device", "virtio-gpu-pci,id=gpu,max_outputs=2,xres=1024,yres=600", "-device", "virtio-keyboard-pci,serial=K7",
           "-device", "virtio-mouse-pci", "-device", "virtio-tablet-pci", "-vnc", "127.0.0.1:40,to=99"]
REL = 2
CASES = []


def case(function):
    CASES.append(function)
    return function


# ---- input ----

@case
def keys(g):
    keyboard = handler(g, "Valletta Virtio Keyboard")
    serial = g.do(f"read /sys/class/input/{keyboard[11:]}/device/uniq 8")
    assert bytes.fromhex(serial) == b"K7\n", serial
    for key, code in (("a", 30), ("f5", 63), ("kp_enter", 96), ("mediaselect", 226)):
        got = events(g, keyboard, lambda k=key: press(g, k, True))
        assert (KEY, code, 1) in got, got
        press(g, key, False)
        time.sleep(0.2 * SLOWNESS)      # nobody is to read that it went up
    got = events(g, keyboard, lambda: g.qmp.hmp("sendkey shift-b"))
    assert (KEY, 42, 1) in got and (KEY, 48, 1) in got, got
    time.sleep(0.3 * SLOWNESS)


@case
def pointers(g):
    mouse, tablet = (handler(g, f"Valletta Virtio {what}") for what in ("Mouse", "Tablet"))
    first = g.qmp.hmp("info mice").splitlines()[0]
    assert "Virtio" in first, first

    def send(kind, **values):
        g.qmp.cmd("input-send-event", {"events": [{"type": kind, "data": {"axis": axis, "value": value}}
                                                  for axis, value in values.items()]})

    got = events(g, mouse, lambda: send("rel", x=-17, y=400))
    assert (REL, 0, -17) in got and (REL, 1, 400) in got, got
    for x, y in ((1, 2), (32767, 32767), (4660, 22136)):
        got = events(g, tablet, lambda at=(x, y): send("abs", x=at[0], y=at[1]))
        assert (ABS, 0, x) in got and (ABS, 1, y) in got, got
    number = [row.split("#")[1].split(":")[0] for row in g.qmp.hmp("info mice").splitlines() if "Virtio Tablet" in row]
    g.qmp.hmp(f"mouse_set {number[0]}")
    got = events(g, tablet, lambda: g.qmp.hmp("mouse_move 100 200"))
    assert (ABS, 0, 100) in got and (ABS, 1, 200) in got, got
    got = events(g, tablet, lambda: g.qmp.hmp("mouse_button 1"))
    assert (KEY, 0x110, 1) in got, got
    g.qmp.hmp("mouse_button 0")


# ---- pictures ----

def picture(g, head=0):
    path = os.path.join(os.path.dirname(g.images[0]), "screen.ppm")
    g.qmp.cmd("screendump", {"filename": path, "device": "gpu", "head": head})
    return Picture(path)


def check(g, size, *dots, head=0):
    """dots: x, y, colour; the driver may need a moment."""
    end = time.monotonic() + 10 * SLOWNESS
    while True:
        p = picture(g, head)
        wrong = [(x, y, p.dot(x, y)) for x, y, colour in dots
                 if (p.width, p.height) == size and p.dot(x, y) != tuple(colour.to_bytes(3, "big"))]
        if (p.width, p.height) == size and not wrong:
            return
        assert time.monotonic() < end, f"{p.width}x{p.height}: {wrong}"
        time.sleep(0.1)


@case
def modes(g):
    for n in range(2):
        found = g.do(f"drm modes {n}").split()
        assert found[0] == "1024x600" and "800x600" in found, found


@case
def parts_and_flips(g):
    g.do("drm show 0 1024x600")
    check(g, (1024, 600), (0, 0, 0), (1023, 599, 0))
    g.do("drm fill 0 0 0 1024 600 204060")
    g.do("drm fill 0 1000 590 24 10 ff8001")
    g.do("drm dirty 0 0 0 1024 600")
    check(g, (1024, 600), (0, 0, 0x204060), (1000, 590, 0xff8001), (1023, 599, 0xff8001), (999, 590, 0x204060))
    # What nobody told the driver of is not shown.
    g.do("drm fill 0 10 20 30 5 00ff00")
    g.do("drm fill 0 100 200 7 3 0000ff")
    g.do("drm dirty 0 100 200 7 3")
    check(g, (1024, 600), (100, 200, 0xff), (106, 202, 0xff), (107, 202, 0x204060), (10, 20, 0x204060))
    g.do("drm fill 1 0 0 1024 600 123456")
    g.do("drm flip 1")
    check(g, (1024, 600), (0, 0, 0x123456), (100, 200, 0x123456))
    g.do("drm flip 0")
    check(g, (1024, 600), (10, 20, 0xff00), (100, 200, 0xff))
    g.do("drm show 1 800x600")
    g.do("drm fill 0 0 0 800 600 777777")
    g.do("drm dirty 0 0 0 800 600")
    check(g, (800, 600), (799, 599, 0x777777), head=1)


def vnc(g, *encodings):
    return rfb.Client(g.qmp.cmd("query-vnc")["service"], encodings=(rfb.RAW, rfb.DESKTOP_SIZE, *encodings))


@case
def the_pointer(g):
    g.do("drm show 0 1024x600")
    client = vnc(g, rfb.RICH_CURSOR)
    for colour, shown, hot in (("ffff8001", 0xff8001, (3, 5)), ("ff00ff00", 0xff00, (0, 0))):
        g.do(f"drm cursor {colour} {hot[0]} {hot[1]}")
        g.do("drm move 40 50")
        end = time.monotonic() + 20 * SLOWNESS

        def there(at=hot, wanted=shown, until=end):
            shapes = [(x, y) for kind, x, y, w, h in client.pseudo if kind == rfb.RICH_CURSOR and (w, h) == (64, 64)]
            assert time.monotonic() < until, f"no pointer: {client.pseudo}"
            return at in shapes and int.from_bytes(client.cursor[0][:3], "little") == wanted

        client.until(there)
        pixels, mask = client.cursor
        # 16 by 32 pixels of it are seen.
        for y in range(64):
            assert mask[8 * y:8 * y + 8] == (b"\xff\xff" if y < 32 else b"\0\0") + bytes(6), (y, mask[8 * y:8 * y + 8])
        assert pixels[4 * 15:4 * 15 + 3] == shown.to_bytes(3, "little")
    g.do("drm hide on")
    client.close()


@case
def windows(g):
    """A client's window: the guest's driver hears of it and has such a mode."""
    client = vnc(g, -308)
    client.sock.sendall(struct.pack(">BxHHBx", 251, 1111, 777, 1) + struct.pack(">IHHHHI", 0, 0, 0, 1111, 777, 0))
    end = time.monotonic() + 20 * SLOWNESS
    while (found := g.do("drm modes 0").split())[0] != "1111x777":
        assert time.monotonic() < end, found
        time.sleep(0.2)
    assert g.do("drm modes 1").split()[0] == "1024x600"
    g.do("drm show 0 1111x777")
    g.do("drm fill 0 0 0 1111 777 abcdef")
    g.do("drm dirty 0 0 0 1111 777")
    check(g, (1111, 777), (1110, 776, 0xabcdef))
    client.close()


if __name__ == "__main__":
    sys.exit(run_cases(__doc__.splitlines()[0], "screen", MODULES, DEVICES, CASES))
