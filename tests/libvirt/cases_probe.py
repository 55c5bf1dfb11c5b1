# SPDX-License-Identifier: GPL-2.0-or-later
"""What libvirt finds out about an emulator before there is a guest."""
import os
import platform
import shutil
import xml.etree.ElementTree as ElementTree

from console import Skip
from domain import Domain, linux

CASES = []
WORD_SIZES = {"mips": "32", "mipsel": "32", "mips64": "64", "mips64el": "64"}


def case(function):
    CASES.append(function)
    return function


@case
def names_in_the_path(env):
    """Without <emulator> libvirt takes qemu-system-ARCH from its PATH, and offers what that can do."""
    tree = ElementTree.fromstring(env.daemon.virsh("capabilities"))
    for arch, size in WORD_SIZES.items():
        found = tree.findall(f"guest/arch[@name='{arch}']")
        assert len(found) == 1, arch
        assert found[0].findtext("emulator") == env.emulator(arch), found[0].findtext("emulator")
        assert found[0].findtext("wordsize") == size
        assert {m.text for m in found[0].findall("machine")} == {"malta"}, arch
        kinds = {d.get("type") for d in found[0].findall("domain")}
        assert "qemu" in kinds and ("kvm" not in kinds or platform.machine().startswith("mips")), kinds


@case
def any_path(env):
    """The file's name does not matter: it is what the program says of itself that counts."""
    folder = os.path.join(env.folder, "a folder & more")
    os.makedirs(folder)
    path = os.path.join(folder, "emulator-1.0")
    shutil.copy(env.program, path)
    text = env.daemon.virsh("domcapabilities", "--emulatorbin", path, "--arch", "mipsel")
    tree = ElementTree.fromstring(text)
    assert tree.findtext("path") == path and tree.findtext("domain") == "qemu"
    assert tree.findtext("arch") == "mipsel" and tree.findtext("machine") == "malta", text
    with Domain(env.daemon, "any-path", "mipsel", emulator=path,
                boot=f"<loader type='rom'>{env.guests.firmware}</loader>", args=["-machine", "endian=little"]) as d:
        d.virsh("start")
        assert d.state() == "running"
        assert os.path.samefile(f"/proc/{d.pid()}/exe", path)
        d.virsh("destroy")


@case
def probed_once(env):
    """What was found out is kept, and is not asked again by the next daemon."""
    texts = env.daemon.cached_capabilities()
    for arch in WORD_SIZES:
        assert [t for t in texts if f"<arch>{arch}</arch>" in t], arch
    env.daemon.stop()
    env.daemon.start()
    env.daemon.virsh("capabilities")
    for arch in WORD_SIZES:
        env.daemon.virsh("domcapabilities", "--emulatorbin", env.emulator(arch), "--arch", arch)
    assert env.daemon.cached_capabilities() == texts


@case
def another_architecture(env):
    domain = Domain(env.daemon, "wrong", "mips", emulator=env.emulator("mipsel"), boot=linux("/k", "/i"))
    text = env.daemon.error("define", domain.path)
    assert "does not support" in text or "architecture" in text, text


@case
def kvm_is_refused(env):
    """Where there is no MIPS KVM a domain of type kvm cannot even be defined."""
    if platform.machine().startswith("mips"):
        raise Skip("this host may have it")
    for arch in WORD_SIZES:
        domain = Domain(env.daemon, "kvm", arch, kind="kvm", boot=linux("/k", "/i"))
        text = env.daemon.error("define", domain.path)
        assert "kvm" in text and "does not support virt type" in text, text
        text = env.daemon.error("domcapabilities", "--emulatorbin", env.emulator(arch), "--arch", arch,
                                "--virttype", "kvm")
        assert "kvm" in text, text
