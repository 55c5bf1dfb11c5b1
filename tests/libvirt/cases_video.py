# SPDX-License-Identifier: GPL-2.0-or-later
"""Graphics cards: <video>, and pictures of what they show."""
import os

from domain import NO_DEVICES, SERIAL, Domain

CASES = []
ADDRESS = "<address type='pci' domain='0' bus='0' slot='0x12' function='0'/>"


def case(function):
    CASES.append(function)
    return function


def with_card(env, model):
    video = f"<video><model type='{model}'/>{ADDRESS if model != 'none' else ''}</video>"
    return Domain(env.daemon, "card", "mipsel", args=["-machine", "endian=little"],
                  boot=f"<loader type='rom'>{env.guests.firmware}</loader>", devices=NO_DEVICES + video + SERIAL)


@case
def cards(env):
    for model, identity in (("cirrus", "1013:00b8"), ("vga", "1234:1111")):
        with with_card(env, model) as d:
            d.virsh("start")
            assert f"PCI device {identity}" in d.hmp("info pci"), d.hmp("info pci")
            path = os.path.join(env.folder, "screen")
            d.virsh("screenshot", path)
            with open(path, "rb") as file:
                data = file.read()
            assert data.startswith(b"\x89PNG") and data[16:24] == bytes((0, 0, 2, 128, 0, 0, 1, 224)), data[:24]
            d.virsh("destroy")


@case
def no_card(env):
    with with_card(env, "none") as d:
        d.virsh("start")
        assert "VGA" not in d.hmp("info pci"), d.hmp("info pci")
        d.virsh("destroy")
