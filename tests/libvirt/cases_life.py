# SPDX-License-Identifier: GPL-2.0-or-later
"""A domain's life as far as the host alone decides it. Its firmware does nothing."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time

from domain import NO_DEVICES, SERIAL, Domain

CASES = []


def case(function):
    CASES.append(function)
    return function


def idle(env, name, **more):
    args = ["-machine", "endian=little", *more.pop("args", [])]
    firmware = more.pop("firmware", env.guests.firmware)
    return Domain(env.daemon, name, "mipsel", boot=f"<loader type='rom'>{firmware}</loader>", args=args, **more)


@case
def states(env):
    with idle(env, "states") as d:
        assert d.state() == "shut off"
        d.virsh("start", "--paused")
        assert d.state(reason=True) == "paused (user)", d.state(reason=True)
        assert "prelaunch" in d.hmp("info status")
        d.virsh("resume")
        assert d.state(reason=True) == "running (unpaused)", d.state(reason=True)
        assert "running" in d.hmp("info status")
        d.virsh("suspend")
        assert d.state(reason=True) == "paused (user)"
        assert "paused" in d.hmp("info status")
        d.virsh("resume")
        d.virsh("reset")
        assert d.state() == "running" and "running" in d.hmp("info status")
        pid = d.pid()
        d.virsh("destroy")
        assert d.state(reason=True) == "shut off (destroyed)"
        assert not os.path.exists(f"/proc/{pid}")
        d.virsh("start")
        d.virsh("destroy", "--graceful")


DISKS = """<disk type='file' device='disk'><driver name='qemu' type='raw' discard='unmap'/>
<source file='{0}/hda'/><target dev='hda' bus='ide'/><serial>ABC1</serial></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/>
<source file='{0}/vda'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><source file='{0}/cd'/><target dev='hdc' bus='ide'/><readonly/></disk>
<disk type='file' device='cdrom'><target dev='hdd' bus='ide'/><readonly/></disk>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<memballoon model='virtio'/><controller type='usb' model='none'/>"""


@case
def disks(env):
    """Images on both buses, empty drives, and the devices that go with them, as libvirt puts them together."""
    folder = tempfile.mkdtemp(dir=env.daemon.folder)
    for name in ("hda", "vda", "cd"):
        path = os.path.join(folder, name)
        with open(path, "wb") as out:
            out.truncate(1 << 20)
        os.chmod(path, 0o666)
    os.chmod(folder, 0o755)
    with idle(env, "disks", devices=DISKS.format(folder) + SERIAL) as d:
        d.virsh("start")
        tree = d.hmp("info qtree")
        for device in ("ide-hd", "virtio-blk-pci", "ide-cd", "virtio-rng-pci", "virtio-serial-pci", "virtserialport",
                       "virtio-balloon-pci"):
            assert f"dev: {device}" in tree, (device, tree)
        d.virsh("destroy")


@case
def created(env):
    """A domain that is not kept: it is gone with its end."""
    domain = idle(env, "transient")
    env.daemon.virsh("create", domain.path)
    assert domain.state() == "running"
    domain.virsh("destroy")
    assert "transient" not in env.daemon.virsh("list", "--all")


@case
def figures(env):
    with idle(env, "figures", memory=96) as d:
        d.virsh("start")
        info = dict(re.findall(r"(.+?): +(.+)", d.virsh("dominfo")))
        assert info["State"] == "running" and info["CPU(s)"] == "1" and info["Max memory"] == f"{96 << 10} KiB", info
        assert info["OS Type"] == "hvm" and info["Used memory"] == f"{96 << 10} KiB"
        stats = dict(re.findall(r"(\S+)=(\S+)", d.virsh("domstats")))
        assert stats["state.state"] == "1" and stats["vcpu.current"] == "1", stats
        assert stats["balloon.maximum"] == str(96 << 10) and int(stats["balloon.rss"]) > 1000, stats
        time.sleep(0.3)
        later = dict(re.findall(r"(\S+)=(\S+)", d.virsh("domstats")))
        assert int(later["vcpu.0.time"]) > int(stats["vcpu.0.time"]), "the vCPU's thread costs nothing"
        d.virsh("vcpuinfo")
        d.virsh("vcpupin", "0", "0")
        assert "rss" in d.virsh("dommemstat")


@case
def network(env):
    """Cards of a domain, and their cable."""
    address = "<address type='pci' domain='0x0000' bus='0x00' slot='0x{}' function='0x0'/>"
    cards = "".join(f"<interface type='user'><mac address='52:54:00:00:00:0{n}'/><model type='{model}'/>"
                    f"{address.format(slot)}</interface>" for n, model, slot in ((1, "pcnet", "0b"), (2, "e1000", "12")))
    with idle(env, "network", devices=NO_DEVICES + SERIAL + cards) as d:
        d.virsh("start")
        text = d.hmp("info network")
        assert "net0: index=0,type=nic,model=pcnet,macaddr=52:54:00:00:00:01" in text, text
        assert "net1: index=0,type=nic,model=e1000,macaddr=52:54:00:00:00:02" in text, text
        assert "52:54:00:00:00:02" in d.virsh("domiflist")
        d.virsh("domif-setlink", "52:54:00:00:00:01", "down")
        assert "link=down" in d.hmp("info network")
        d.virsh("domif-setlink", "52:54:00:00:00:01", "up")
        assert "link=down" not in d.hmp("info network")


@case
def monitor_commands(env):
    with idle(env, "monitor") as d:
        d.virsh("start")
        assert "valletta" in d.hmp("info version")
        assert "malta" in d.hmp("info qom-tree") and "unknown command" in d.hmp("nonsense")
        reply = json.loads(d.virsh("qemu-monitor-command", "query-status"))
        assert reply["return"] == {"running": True, "status": "running"}, reply
        reply = json.loads(d.virsh("qemu-monitor-command", '{"execute": "frob"}'))
        assert reply["error"]["class"] == "CommandNotFound", reply
        d.hmp("stop")                       # behind libvirt's back: it hears of it by the event
        d.wait_state("paused")
        d.hmp("cont")
        d.wait_state("running")


@case
def events(env):
    """What happens is told to those that listen."""
    with idle(env, "events") as d:
        listener = subprocess.Popen(env.daemon.line("event", "--all", "--loop", "--timeout", "20"), text=True,
                                    env=env.daemon.env, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT)
        try:
            time.sleep(0.5)
            for command in ("start", "suspend", "resume", "reset", "destroy"):
                d.virsh(command)
            time.sleep(0.5)
            listener.send_signal(signal.SIGINT)
            text = listener.communicate(timeout=20)[0]
        finally:
            listener.kill()
        for wanted in ("Started Booted", "Suspended Paused", "Resumed Unpaused", "'reboot'", "Stopped Destroyed"):
            assert wanted in text, f"{wanted}: {text}"


@case
def a_new_daemon_takes_over(env):
    """Guests run on while libvirtd is started anew, and it finds them again."""
    with idle(env, "stays") as d:
        d.virsh("start")
        pid = d.pid()
        env.daemon.stop()
        assert os.path.exists(f"/proc/{pid}")
        env.daemon.start()
        assert d.state() == "running" and d.pid() == pid
        d.virsh("suspend")
        d.virsh("resume")
        assert "running" in d.hmp("info status")


@case
def a_crash(env):
    """An emulator that is killed is a domain that is off, and can be started again."""
    with idle(env, "crash") as d:
        d.virsh("start")
        os.kill(d.pid(), signal.SIGKILL)
        d.wait_state("shut off (crashed)")
        d.virsh("start")
        assert d.state() == "running"


@case
def memory_dump(env):
    """An ELF core that names its machine; the guest goes on."""
    core = os.path.join(env.folder, "memory.core")
    with idle(env, "dump") as d:
        d.virsh("start")
        env.daemon.virsh("dump", d.name, core, "--memory-only")
        assert d.state() == "running" and "running" in d.hmp("info status")
    with open(core, "rb") as file:
        head = file.read(20)
    assert head[:6] == b"\x7fELF\x01\x01", head
    assert int.from_bytes(head[16:18], "little") == 4 and int.from_bytes(head[18:20], "little") == 8, head
    os.unlink(core)
