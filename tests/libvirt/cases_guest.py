# SPDX-License-Identifier: GPL-2.0-or-later
"""Domains with a guest that answers: its console, and `virsh shutdown` and `virsh reboot`."""
import concurrent.futures
import os
import re
import socket
import time

import guest
from console import Skip
from domain import NO_DEVICES, SLOWNESS, Domain, linux

CASES = []


def case(function):
    CASES.append(function)
    return function


def booted(env, name, arch, **more):
    return Domain(env.daemon, name, arch, boot=linux(env.guests.kernel(arch), env.guests.initrd(arch)), **more)


def start(domain):
    """With the console attached before the guest runs; its first lines may come before libvirt listens."""
    domain.virsh("start", "--paused")
    console = domain.console()
    console.wait_for("Escape character is ^]")
    domain.virsh("resume")
    return console


def is_up(console):
    console.wait_for("GUEST-UP", 30)


def is_up_again(console):
    console.wait_for("Linux version")
    is_up(console)


@case
def console_both_ways(env):
    with booted(env, "linux", "mipsel") as d, start(d) as console:
        is_up(console)
        console.type("text from outside\r")
        console.wait_for("[text from outside]")
        console.type("off\r")
        console.wait_for("Power down")
        d.wait_state("shut off (shutdown)")
        console.wait_end()


@case
def send_key(env):
    """Names of Linux's and of the PC's own key codes, several keys at once, and how long they are held."""
    with booted(env, "keys", "mipsel") as d, start(d) as console:
        is_up(console)
        d.virsh("send-key", "KEY_LEFTSHIFT", "KEY_H")
        d.virsh("send-key", "--holdtime", "20", "KEY_I")
        d.virsh("send-key", "--codeset", "xt", "2")
        d.virsh("send-key", "KEY_KPENTER")
        console.wait_for("KEYS [Hi1]")
        assert "KEY_NONESUCH" in d.error("send-key", "KEY_NONESUCH")
        console.type("off\r")
        d.wait_state("shut off (shutdown)")


@case
def reboot_and_shutdown(env):
    """The guest sees the power button and switches off. Then libvirt resets it and it boots again, or
    the domain is off, as was asked."""
    with booted(env, "linux", env.guests.quickest()) as d, start(d) as console:
        is_up(console)
        pid = d.pid()
        d.virsh("reboot")
        console.wait_for("POWER BUTTON")
        console.wait_for("Power down")
        is_up_again(console)
        assert d.state() == "running" and d.pid() == pid
        d.virsh("suspend")
        console.type("while it stands\r")
        time.sleep(0.5)
        console.read_some(0)
        assert "[while it stands]" not in console.text
        d.virsh("resume")
        console.wait_for("[while it stands]")
        d.virsh("reset")
        is_up_again(console)
        console.type("reboot\r")            # the guest's own: the emulator resets the machine
        console.wait_for("Restarting system")
        is_up_again(console)
        assert d.pid() == pid
        d.virsh("shutdown")
        console.wait_for("POWER BUTTON")
        d.wait_state("shut off (shutdown)")
        console.wait_end()


def shut_down(env, arch):
    with booted(env, "linux-" + arch, arch) as d, start(d) as console:
        is_up(console)
        d.virsh("shutdown", "--mode", "acpi")
        console.wait_for("POWER BUTTON")
        d.wait_state("shut off (shutdown)")


@case
def shutdown_of_each_architecture(env):
    """As many at once as there are; libvirt drives them all."""
    reasons = []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = {arch: pool.submit(shut_down, env, arch) for arch in ("mips", "mips64", "mips64el")}
        for arch, future in running.items():
            try:
                future.result()
            except Skip as skip:
                reasons.append(f"{arch}: {skip}")
    if reasons:
        raise Skip("; ".join(reasons))


@case
def lifecycle_actions(env):
    """on_reboot=destroy is the end of a domain whose guest reboots, on_poweroff=restart none of one that
    switches off."""
    arch = env.guests.quickest()
    with booted(env, "actions", arch, more="<on_reboot>destroy</on_reboot>") as d, start(d) as console:
        is_up(console)
        console.type("reboot\r")
        d.wait_state("shut off (shutdown)")
    with booted(env, "actions", arch, more="<on_poweroff>restart</on_poweroff>") as d, start(d) as console:
        is_up(console)
        console.type("off\r")
        console.wait_for("Power down")
        is_up_again(console)
        assert d.state() == "running"


def wait_in_file(path, wanted, seconds=30):
    end = time.monotonic() + seconds * SLOWNESS
    while True:
        with open(path, encoding="latin-1") as file:
            text = file.read()
        if wanted in text:
            return text
        assert time.monotonic() < end, f"no '{wanted}' in {path}: {text[-300:]}"
        time.sleep(0.2)


@case
def lines_clock_and_memory(env):
    """All three serial lines: a socket with a log, a file, nothing; a date; memory that is a file."""
    folder = env.daemon.writable
    log, out, path = (os.path.join(folder, name) for name in ("line0.log", "line1", "line0.sock"))
    devices = f"""{NO_DEVICES}<serial type='unix'><source mode='bind' path='{path}'/>
        <log file='{log}' append='off'/><target port='0'/></serial>
      <serial type='file'><source path='{out}'/><target port='1'/></serial>
      <serial type='null'><target port='2'/></serial>"""
    more = "<clock offset='absolute' start='1900000000'/>" \
           "<memoryBacking><source type='file'/><access mode='shared'/></memoryBacking>"
    with booted(env, "lines", "mipsel", devices=devices, more=more) as d:
        d.virsh("start")
        text = wait_in_file(log, "GUEST-UP")
        assert re.search(r"DATE Sun Mar 17 17:4\d:\d\d 2030", text), text[-300:]
        assert os.path.getsize(out) == 0
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            sock.sendall(b"by the socket\r")
            wait_in_file(log, "[by the socket]")
            sock.sendall(b"echo to ttyS1\r")
            wait_in_file(out, "to ttyS1")
        d.virsh("destroy")


@case
def kvm_type(env):
    """-machine kvm-type= through libvirt: what a KVM would be asked for. A kernel of the other kind is an
    error that virsh shows."""
    with booted(env, "type", "mipsel", args=["-machine", "kvm-type=TE"]) as d:
        text = d.refusal()
        assert "kvm-type=TE" in text and "0x40000000" in text and "use kvm-type=VZ or auto" in text, text
    with booted(env, "type", "mipsel", args=["-machine", "kvm-type=VZ"]) as d:
        d.virsh("start")
        reply = d.virsh("qemu-monitor-command", '{"execute": "qom-get", "arguments": '
                        '{"path": "/machine", "property": "kvm-type"}}')
        assert '"VZ"' in reply, reply
        assert "kvm" in d.hmp("info kvm")
    with booted(env, "type", "mipsel", args=["-machine", "kvm-type=sideways"]) as d:
        assert "must be TE" in d.refusal()


@case
def trap_and_emulate_guest(env):
    """kvm-type=TE with a kernel for it: libvirt's -accel tcg runs it in software, and the log says so."""
    boot = linux(env.guests.copied(guest.trap_and_emulate_guest(), "vmlinux-te"), env.guests.initrd("mipsel"))
    with Domain(env.daemon, "te", "mipsel", boot=boot, args=["-machine", "kvm-type=TE"]) as d:
        d.virsh("start")
        assert "translator, with trap-and-emulate segments" in env.daemon.domain_log("te")
        assert "trap-and-emulate" in d.hmp("info kvm")
        assert d.state() == "running"
