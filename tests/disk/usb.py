#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usb.py VALLETTA [--fetch]: USB devices under Linux's own drivers: keys, places, a file system, plug and unplug.

Without --fetch it skips where the guest's kernel (kernel.sh) was not fetched before. TAP on standard output."""
import os
import shutil
import struct
import subprocess
import sys
import time
import tty

from hotplug import SLOWNESS, run_cases

MODULES = ["usbcore", "uhci_hcd", "usbhid", "hid_generic", "evdev", "usb_storage", "crc32c_generic", "ext4",
           "ftdi_sio", "sr_mod"]
DEVICES = ["-device", "usb-hub,id=hub,port=1", "-device", "usb-kbd,id=kbd,port=1.1", "-device", "usb-tablet,id=tablet,port=1.2",
           "-drive", "if=none,id=cd,media=cdrom"]
KEY, ABS = 1, 3
CASES = []


def case(function):
    CASES.append(function)
    return function


def attribute(g, device, name, count):
    return bytes.fromhex(g.do(f"read /sys/bus/usb/devices/{device}/{name} {count}")).decode().rstrip("\n")


def wait_device(g, device, there):
    g.wait_list("/sys/bus/usb/devices", device, there)


def handler(g, name):
    """The /dev/input/event... of a device."""
    end = time.monotonic() + 30 * SLOWNESS
    while time.monotonic() < end:
        for entry in g.do("list /sys/class/input").split():
            if entry.startswith("event"):
                text = bytes.fromhex(g.do(f"read /sys/class/input/{entry}/device/name 64")).decode()
                if text.strip() == name and entry in g.do("list /dev/input").split():
                    return "/dev/input/" + entry
        time.sleep(0.2)
    raise AssertionError(f"no {name}: {g.text[-1000:]}")


def events(g, path, act):
    """What comes from an evdev file first, after act: (type, code, value) each."""
    g.console.sendall(f"read {path} 4096\n".encode())
    time.sleep(0.5 * SLOWNESS)          # it has to be open
    act()
    found = g.wait_for(r"<([^<>]*)>(.+)\n", 30)
    assert found.group(2) == "DONE", found.group(2)
    data = bytes.fromhex(found.group(1))
    return [struct.unpack_from("<HHi", data, at + 8) for at in range(0, len(data), 16)]


def deleted(g, *names):
    """In that order, and nothing else."""
    gone = tuple(g.qmp.event("DEVICE_DELETED")["data"].get("device") for _ in names)
    assert gone == names, gone


@case
def what_there_is(g):
    for device, product in (("1-1", "USB Hub"), ("1-1.1", "USB Keyboard"), ("1-1.2", "USB Tablet")):
        wait_device(g, device, True)
        assert attribute(g, device, "product", 64) == product
    assert attribute(g, "1-1", "maxchild", 8) == "8"
    assert attribute(g, "1-1.1", "speed", 8) == "1.5" and attribute(g, "1-1.2", "speed", 8) == "12"
    assert attribute(g, "1-1.1", "idVendor", 8) == "0627"
    listed = g.qmp.hmp("info usb")
    assert "Port 1.2, Speed 12 Mb/s, Product USB Tablet, ID: tablet" in listed, listed


def press(g, key, down):
    event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}}
    g.qmp.cmd("input-send-event", {"events": [event]})


@case
def keys(g):
    keyboard = handler(g, "Valletta USB Keyboard")
    for key, code in (("a", 30), ("f5", 63), ("kp_enter", 96)):
        got = events(g, keyboard, lambda k=key: press(g, k, True))
        assert (KEY, code, 1) in got, got
        press(g, key, False)
        time.sleep(0.2 * SLOWNESS)      # nobody is to read that it went up


@case
def places(g):
    tablet = handler(g, "Valletta USB Tablet")
    assert "USB Tablet (absolute)" in g.qmp.hmp("info mice").splitlines()[0]
    for x, y in ((1, 2), (32767, 32767), (4660, 22136)):
        move = [{"type": "abs", "data": {"axis": axis, "value": value}} for axis, value in (("x", x), ("y", y))]
        got = events(g, tablet, lambda m=move: g.qmp.cmd("input-send-event", {"events": m}))
        assert (ABS, 0, x) in got and (ABS, 1, y) in got, got


@case
def a_file_system(g):
    """Written by the guest, read by the host's tools."""
    if not shutil.which("mkfs.ext4") or not shutil.which("debugfs"):
        print("# no e2fsprogs: the file system is left out")
        return
    image, folder = g.images[0] + ".fs", g.images[0] + ".d"
    os.mkdir(folder)
    with open(folder + "/data", "wb") as out:
        out.write(bytes(64 * 4096))
    with open(image, "wb") as out:
        out.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", folder, image], check=True)
    g.qmp.cmd("blockdev-add", {"driver": "raw", "node-name": "fs", "file": {"driver": "file", "filename": image}})
    g.qmp.cmd("device_add", {"driver": "usb-storage", "id": "disk", "port": "1.8", "drive": "fs", "serial": "S1"})
    g.wait_list("/dev", "sda", True)
    assert attribute(g, "1-1.8", "serial", 8) == "S1"
    g.do("mount /dev/sda /mnt")
    g.do("fill /mnt/data 64")
    g.do("mount none /mnt")
    g.qmp.cmd("device_del", {"id": "disk"})
    deleted(g, "disk")
    g.wait_list("/dev", "sda", False)
    g.qmp.cmd("blockdev-del", {"node-name": "fs"})
    subprocess.run(["e2fsck", "-fn", image], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = subprocess.run(["debugfs", "-R", "cat data", image], check=True, capture_output=True)
    assert done.stdout == b"".join(bytes([n]) * 4096 for n in range(64)), "other data than the guest wrote"


@case
def a_disc(g):
    """A reader, in which the disc is changed."""
    g.qmp.cmd("device_add", {"driver": "usb-storage", "id": "reader", "port": "1.7", "drive": "cd"})
    g.wait_list("/dev", "sr0", True)
    assert g.ask("read /dev/sr0 3")[1] == "No medium found"
    for name in ("first", "other"):
        image = f"{g.images[0]}.{name}"
        with open(image, "wb") as out:
            out.write(name.encode().ljust(2048, b".") * 512)
        g.qmp.cmd("blockdev-change-medium", {"device": "cd", "filename": image, "format": "raw"})
        end = time.monotonic() + 30 * SLOWNESS
        while (found := g.ask("read /dev/sr0 5")) != (name.encode().hex() + " ", "DONE"):
            assert time.monotonic() < end, found
            time.sleep(0.2)
    assert g.ask("write /dev/sr0 x")[1] != "DONE"
    g.remove("reader")
    g.wait_list("/sys/block", "sr0", False)


@case
def a_serial_line(g):
    line = os.open(g.qmp.cmd("chardev-add", {"id": "line", "backend": {"type": "pty", "data": {}}})["pty"],
                   os.O_RDWR | os.O_NOCTTY)
    tty.setraw(line)
    for _ in range(2):
        g.qmp.cmd("device_add", {"driver": "usb-serial", "id": "serial", "port": "1.5", "chardev": "line"})
        g.wait_list("/dev", "ttyUSB0", True)
        g.do("write /dev/ttyUSB0 from the guest")
        got = b""
        while len(got) < 14:
            got += os.read(line, 100)
        assert got == b"from the guest", got
        g.console.sendall(b"read /dev/ttyUSB0 64\n")
        time.sleep(0.5 * SLOWNESS)
        os.write(line, b"to the guest\n")
        found = g.wait_for(r"<([^<>]*)>(.+)\n", 30)
        assert bytes.fromhex(found.group(1)) == b"to the guest\n", found.group(0)
        while got := os.read(line, 100):        # its echo
            if b"\n" in got:
                break
        g.remove("serial")
        g.wait_list("/dev", "ttyUSB0", False)
    g.qmp.cmd("chardev-remove", {"id": "line"})
    os.close(line)


@case
def come_and_go(g):
    for round_ in range(3):
        g.qmp.cmd("device_add", {"driver": "usb-hub", "id": "second", "port": "1.3"})
        g.qmp.cmd("device_add", {"driver": "usb-storage", "id": "disk", "port": "1.3.2", "drive": "two"})
        g.qmp.cmd("device_add", {"driver": "usb-mouse", "id": "mouse", "port": "2"})
        g.wait_list("/dev", "sda", True)
        wait_device(g, "1-2", True)
        assert g.do("read /dev/sda 3") == ("74776f " if round_ == 0 else "000000 ")
        g.do("fill /dev/sda 20")
        if round_ == 2:
            g.console.sendall(b"fill /dev/sda 100000\n")
            time.sleep(0.5)
        g.qmp.cmd("device_del", {"id": "second"})         # and what is behind it
        g.qmp.cmd("device_del", {"id": "mouse"})
        deleted(g, "disk", "second", "mouse")
        if round_ == 2:
            assert g.wait_for(r"<([^<>]*)>(.+)\n", 60).group(2) != "DONE"
        wait_device(g, "1-1.3", False)
        wait_device(g, "1-2", False)
        g.wait_list("/sys/block", "sda", False)
    keys(g)


if __name__ == "__main__":
    sys.exit(run_cases(__doc__.splitlines()[0], "usb", MODULES, DEVICES, CASES))
