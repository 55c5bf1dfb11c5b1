# SPDX-License-Identifier: GPL-2.0-or-later
"""What is not there: an error of libvirt that says so, soon, and a domain that is as it was before."""
import os
import re

from cases_life import idle
from domain import NO_DEVICES, SERIAL, Domain

CASES = []
NO_SAVE = r"cannot be saved, loaded or moved"
# A command with {} for the domain and @ for a folder, and what the error must say.
OPERATIONS = [
    ("save {} @/saved", NO_SAVE), ("managedsave {}", NO_SAVE), ("dump {} @/core", NO_SAVE),
    ("snapshot-create-as {} s", "require all disks"),
    ("snapshot-create-as {} s --disk-only", "nothing selected for snapshot"),
    ("screenshot {} @/screen.ppm", "no screens"),
    ("setmem {} 64M --live", "without the balloon"), ("setvcpus {} 2 --live", "greater than max"),
    ("inject-nmi {}", "does not provide NMIs"), ("dompmwakeup {}", "cannot suspend"),
    ("domdirtyrate-calc {}", "not support calculating"), ("domblkstat {} hda", "hda"),
]
# Devices for which there is nothing, and where the reason is read: at the definition or at the start.
FILE = "<source file='@/image'/>"
DEVICES = [
    (NO_DEVICES + "<graphics type='spice'/><video><model type='none'/></video>", "define",
     "spice graphics are not supported"),
    (NO_DEVICES + "<video><model type='qxl'/></video>", "define", "video model 'qxl'"),
]


def case(function):
    CASES.append(function)
    return function


def files(env):
    """An image and the description of a network card."""
    with open(os.path.join(env.folder, "image"), "wb") as out:
        out.truncate(1 << 20)
    with open(os.path.join(env.folder, "nic.xml"), "w", encoding="ascii") as out:
        out.write("<interface type='user'><model type='virtio'/></interface>")
    for name in ("image", "nic.xml"):
        os.chmod(os.path.join(env.folder, name), 0o666)


@case
def operations(env):
    files(env)
    with idle(env, "absent") as d:
        d.virsh("start")
        pid = d.pid()
        for command, wanted in OPERATIONS:
            text = env.daemon.error(*command.format(d.name).replace("@", env.folder).split())
            assert re.search(wanted, text), f"{command}: {text}"
            assert d.state() == "running" and "running" in d.hmp("info status"), command
        assert d.pid() == pid


@case
def devices(env):
    files(env)
    for devices, where, wanted in DEVICES:
        domain = Domain(env.daemon, "lacks", "mipsel", args=["-machine", "endian=little"],
                        boot=f"<loader type='rom'>{env.guests.firmware}</loader>",
                        devices=devices.replace("@", env.folder) + SERIAL)
        if where == "define":
            text = env.daemon.error("define", domain.path)
        else:
            with domain:
                text = domain.refusal()
                assert domain.state() == "shut off"
        assert re.search(wanted, text), f"{devices}: {text}"


@case
def a_named_cpu(env):
    """libvirt itself knows no MIPS CPU; -cpu through its own namespace does what <cpu> cannot."""
    with idle(env, "cpu", more="<cpu mode='custom'><model>24Kf</model></cpu>") as d:
        assert "'mipsel' architecture is not supported by CPU driver" in d.refusal()
    with idle(env, "cpu", args=["-cpu", "74Kf"]) as d:
        d.virsh("start")
        assert "74Kf-mips-cpu" in d.virsh("qemu-monitor-command", "qom-list-types"), "no such type"
        text = d.virsh("qemu-monitor-command", '{"execute": "qom-list", "arguments": {"path": "/machine/unattached"}}')
        assert "74Kf-mips-cpu" in text, text
    with idle(env, "cpu", args=["-cpu", "74Kx"]) as d:
        text = d.refusal()
        assert "74Kx" in text and "M14Kc" in text, text


@case
def too_much(env):
    """Errors of the emulator are read by whoever starts the domain."""
    with idle(env, "much", memory=4096) as d:
        assert "2G of RAM" in d.refusal()
    with Domain(env.daemon, "much", "mipsel", boot="<kernel>/nonexistent/vmlinux</kernel>") as d:
        assert "/nonexistent/vmlinux" in d.refusal()
    with Domain(env.daemon, "much", "mipsel", boot=f"<kernel>{env.guests.kernel('mips')}</kernel>") as d:
        text = d.refusal()
        assert "big-endian" in text and "name" in text, text
