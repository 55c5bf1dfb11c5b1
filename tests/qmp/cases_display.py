# SPDX-License-Identifier: GPL-2.0-or-later
"""Graphics cards on the command line and in the monitors."""
import os

from cases_options import refused
from client import Machine

CASES = []
CIRRUS, STD = (0x1013, 0x00b8), (0x1234, 0x1111)


def case(function):
    CASES.append(function)
    return function


def line(env, *options):
    return [env["program"], "-M", "malta,endian=little", "-bios", env["firmware"], "-serial", "null", "-S", *options]


def cards(env, *options):
    """(vendor, device), slot of each card."""
    with Machine(*line(env, *options)) as m:
        devices = m.qmp.negotiate().cmd("query-pci")[0]["devices"]
        return [((d["id"]["vendor"], d["id"]["device"]), d["slot"]) for d in devices
                if d["class_info"]["class"] == 0x0300]


@case
def which_card(env):
    assert cards(env) == [(CIRRUS, 18)]
    assert cards(env, "-nographic", "-monitor", "none") == [(CIRRUS, 18)]
    assert cards(env, "-vga", "std") == [(STD, 18)]
    assert cards(env, "-vga", "none") == [] == cards(env, "-nodefaults")
    assert cards(env, "-nodefaults", "-vga", "cirrus") == [(CIRRUS, 18)]
    assert cards(env, "-device", "VGA,addr=14") == [(STD, 20)]
    assert cards(env, "-device", '{"driver": "cirrus-vga", "id": "v", "vgamem_mb": 2}') == [(CIRRUS, 18)]
    assert cards(env, "-nic", "user", "-nic", "user") == [(CIRRUS, 19)]
    for options, part in ((("-vga", "qxl"), "none, std, cirrus"), (("-vga", "virtio"), "-device virtio-gpu-pci"),
                          (("-device", "virtio-gpu-pci,max_outputs=17"), "1 to 16"),
                          (("-device", "virtio-gpu-pci,max_outputs=0"), "1 to 16"),
                          (("-device", "virtio-gpu-pci,yres=63"), "1280x800 would work"),
                          (("-device", "virtio-gpu-pci,max_hostmem=3G"), "2G"),
                          (("-device", "virtio-gpu-pci,disable-legacy=off"), "1.x and no other"),
                          (("-device", "virtio-tablet-pci,disable-modern=on"), "1.x and no other"),
                          (("-device", "virtio-vga"), "not there yet"),
                          (("-device", "virtio-input-host-pci,evdev=/dev/input/event0"), "not there yet"), (("-device", "VGA,vgamem_mb=3"), "16 would work"),
                          (("-device", "cirrus-vga,vgamem_mb=64"), "1, 2, 4"),
                          (("-vga", "cirrus", "-device", "VGA,addr=12"), "taken")):
        text = refused(*line(env), *options)
        assert part in text, text
    assert "no board" in refused(*env["none"], "-vga", "std")


@case
def pictures(env):
    """Of the first card and of one by its id; before anything is drawn they are black."""
    with Machine(*line(env, "-device", "VGA,id=second", "-vga", "cirrus")) as m:
        qmp = m.qmp.negotiate()
        for arguments in ({}, {"device": "second"}, {"device": "cirrus-vga"}):
            path = os.path.join(env["folder"], "screen.ppm")
            qmp.cmd("screendump", {"filename": path, **arguments})
            with open(path, "rb") as file:
                data = file.read()
            assert data == b"P6\n640 480\n255\n" + bytes(640 * 480 * 3)
            os.unlink(path)
        text = qmp.hmp("info pci")
        assert "BAR0: 32 bit prefetchable memory" in text and "BAR1: 32 bit memory" in text, text
        assert "second" in qmp.hmp("info qtree")
        refusal = qmp.hmp("device_del second")
        assert "cannot be taken out" in refusal, refusal


@case
def graphics_are_there_from_the_start(env):
    """Windows, servers and terminals know no display that comes later."""
    with Machine(*line(env, "-vga", "std")) as m:
        qmp = m.qmp.negotiate()
        for driver in ("VGA", "cirrus-vga", "virtio-gpu-pci"):
            text = qmp.error("device_add", {"driver": driver, "id": "late"})
            assert "does not support hotplugging" in text and f"-device {driver}" in text, text
            assert "does not support hotplugging" in qmp.hmp(f"device_add {driver},id=late")
        assert "late" not in qmp.hmp("info qtree")
        path = qmp.hmp("info qom-tree")
        assert "VGA" in path, path
        names = [d["name"] for d in qmp.cmd("qom-list", {"path": "/machine/peripheral-anon"}) if d["type"] == "child<VGA>"]
        path = f"/machine/peripheral-anon/{names[0]}"
        assert "cannot be taken out" in qmp.error("device_del", {"id": path})
        assert qmp.cmd("qom-get", {"path": path, "property": "hotpluggable"}) is False


@case
def heads(env):
    """Of a device with several displays; the first device is meant when none is named."""
    gpu = ("-vga", "none", "-device", "virtio-gpu-pci,id=g,max_outputs=2", "-device", "cirrus-vga")
    with Machine(*line(env, *gpu, "-vnc", "127.0.0.1:50,to=199,display=g,head=1")) as m:
        qmp, path = m.qmp.negotiate(), os.path.join(env["folder"], "screen.ppm")
        for arguments in ({}, {"head": 1}, {"device": "g", "head": 1}, {"device": "cirrus-vga"}):
            qmp.cmd("screendump", {"filename": path, **arguments})
        for line_ in (f"screendump {path} g 1", f"screendump {path} g 1 -f png", f"screendump {path} -f png g"):
            assert qmp.hmp(line_) == "", line_
        for arguments in ({"head": 2}, {"device": "g", "head": -1}, {"device": "g", "head": 1 << 32},
                          {"device": "cirrus-vga", "head": 1}):
            assert "has no display" in qmp.error("screendump", {"filename": path, **arguments}), arguments
        assert "not found" in qmp.error("screendump", {"filename": path, "device": "h", "head": 1}, "DeviceNotFound")
        for words in ("g 2", "g x", "g 1 2"):
            assert qmp.hmp(f"screendump {path} {words}"), words
        assert "cannot be taken out" in qmp.error("device_del", {"id": "g"})
    for words, part in (("head=2", "no such display"), ("head=x", "from 0")):
        text = refused(*line(env, *gpu), "-vnc", f"127.0.0.1:50,to=199,display=g,{words}")
        assert part in text, text
