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
    for options, part in ((("-vga", "qxl"), "none, std, cirrus"), (("-device", "VGA,vgamem_mb=3"), "16 would work"),
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
