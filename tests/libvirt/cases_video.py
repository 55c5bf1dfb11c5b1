# SPDX-License-Identifier: GPL-2.0-or-later
"""Graphics cards: <video>, and pictures of what they show; virtio's input devices, which go with its card."""
import os

from domain import NO_DEVICES, SERIAL, Domain

CASES = []
ADDRESS = "<address type='pci' domain='0' bus='0' slot='0x12' function='0'/>"


def case(function):
    CASES.append(function)
    return function


def with_card(env, model, more="", devices=""):
    video = f"<video><model type='{model}'{more}/>{ADDRESS if model != 'none' else ''}</video>" + devices
    return Domain(env.daemon, "card", "mipsel", args=["-machine", "endian=little"],
                  boot=f"<loader type='rom'>{env.guests.firmware}</loader>", devices=NO_DEVICES + video + SERIAL)


@case
def cards(env):
    for model, identity in (("cirrus", "1013:00b8"), ("vga", "1234:1111"), ("virtio", "1af4:1050")):
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


@case
def virtio(env):
    """A card with two displays, and each input device there is."""
    address = "<address type='pci' domain='0' bus='0' slot='{:#x}' function='0'/>"
    inputs = "".join(f"<input type='{kind}' bus='virtio'>{address.format(slot)}</input>"
                     for kind, slot in (("tablet", 0x13), ("keyboard", 0x14), ("mouse", 0x15)))
    with with_card(env, "virtio", " heads='2'", inputs) as d:
        d.virsh("start")
        tree, functions = d.hmp("info qtree"), d.hmp("info pci")
        for kind in ("gpu", "tablet", "keyboard", "mouse"):
            assert f"dev: virtio-{kind}-pci" in tree, tree
        assert functions.count("PCI device 1af4:1052") == 3, functions
        assert "Virtio Tablet (absolute)" in d.hmp("info mice")
        for screen in ("0", "1"):
            path = os.path.join(env.folder, "screen" + screen)
            d.virsh("screenshot", path, "--screen", screen)
            with open(path, "rb") as file:
                assert file.read(4) == b"\x89PNG"
        assert d.error("screenshot", os.path.join(env.folder, "none"), "--screen", "2")
        d.virsh("destroy")
