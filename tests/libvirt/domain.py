# SPDX-License-Identifier: GPL-2.0-or-later
"""Domains: their XML, their state, their console as `virsh console` has it."""
import os
import pty
import select
import subprocess
import time
from xml.sax.saxutils import escape

SLOWNESS = float(os.environ.get("VALLETTA_TEST_SLOWNESS", "10"))
NO_DEVICES = "<controller type='usb' model='none'/><memballoon model='none'/>"
SERIAL = "<serial type='pty'><target port='0'/></serial>" \
         "<console type='pty'><target type='serial' port='0'/></console>"


def xml(name, arch, emulator=None, boot="", kind="qemu", args=(), devices=NO_DEVICES + SERIAL, more="", memory=128,
        environment=()):
    """boot: what goes into <os>; args, environment (pairs): of <qemu:commandline>."""
    line = "".join(f"<qemu:arg value='{escape(arg)}'/>" for arg in args)
    line += "".join(f"<qemu:env name='{name}' value='{escape(value)}'/>" for name, value in environment)
    return f"""<domain type='{kind}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name><memory unit='MiB'>{memory}</memory><vcpu>1</vcpu>
  <os><type arch='{arch}' machine='malta'>hvm</type>{boot}</os>{more}
  <devices>{f"<emulator>{escape(emulator)}</emulator>" if emulator else ""}{devices}</devices>
  {f"<qemu:commandline>{line}</qemu:commandline>" if line else ""}
</domain>
"""


def linux(kernel, initrd, append="console=ttyS0"):
    return f"<kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>{append}</cmdline>"


class Domain:
    """One that is defined while the with statement lasts."""

    def __init__(self, daemon, name, arch, **more):
        self.daemon, self.name = daemon, name
        self.path = os.path.join(daemon.folder, name + ".xml")
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(xml(name, arch, **more))
        os.chmod(self.path, 0o644)

    def __enter__(self):
        self.daemon.virsh("define", self.path)
        return self

    def __exit__(self, kind, value, trace):
        self.daemon.run("destroy", self.name)
        done = self.daemon.run("undefine", self.name)
        if kind is not None:
            print("# its log:", self.daemon.domain_log(self.name).rsplit("-msg timestamp=on\n", 1)[-1][-1500:].replace("\n", "\n# "))
        else:
            assert done.returncode == 0, done.stderr

    def virsh(self, command, *words, **more):
        return self.daemon.virsh(command, self.name, *words, **more)

    def error(self, command, *words, **more):
        return self.daemon.error(command, self.name, *words, **more)

    def refusal(self):
        """Why it cannot be started: libvirt's error and, as that is at times only that the emulator has ended, the
        log of this start."""
        before, end = len(self.daemon.domain_log(self.name)), time.monotonic() + 5
        error = self.error("start")
        while "closed the monitor" in error and time.monotonic() < end and \
                "valletta:" not in self.daemon.domain_log(self.name)[before:]:
            time.sleep(0.1)
        return error + self.daemon.domain_log(self.name)[before:]

    def hmp(self, line):
        return self.virsh("qemu-monitor-command", "--hmp", line)

    def pid(self):
        """Of its emulator."""
        folder = "/run/libvirt/qemu" if self.daemon.system else \
            self.daemon.env["XDG_RUNTIME_DIR"] + "/libvirt/qemu/run"
        with open(f"{folder}/{self.name}.pid", encoding="ascii") as file:
            return int(file.read())

    def state(self, reason=False):
        return self.virsh("domstate", *(["--reason"] if reason else []))

    def wait_state(self, want, seconds=10):
        end = time.monotonic() + seconds * SLOWNESS
        while (now := self.state(reason="(" in want)) != want:
            assert time.monotonic() < end, f"{self.name}: {now} and not {want}"
            time.sleep(0.1)

    def console(self):
        return Console(self)


class Console:
    """virsh console on a terminal of its own; a guest that starts again stays on it."""

    def __init__(self, domain):
        self.master, slave = pty.openpty()
        daemon = domain.daemon
        if daemon.demote:
            os.fchmod(slave, 0o666)
        self.process = subprocess.Popen(daemon.line("console", domain.name, "--force", quiet=False), env=daemon.env,
                                        cwd="/", stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)
        self.text, self.mark, self.ended = "", 0, False

    def read_some(self, seconds):
        if self.ended or not select.select([self.master], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.master, 65536)
        except OSError:             # nobody has the other end any more
            data = b""
        self.ended = not data
        self.text += data.decode("latin-1").replace("\r", "")

    def wait_for(self, wanted, seconds=10):
        """A text after what was waited for before; seconds on a usual machine."""
        end = time.monotonic() + seconds * SLOWNESS
        while (at := self.text.find(wanted, self.mark)) < 0:
            assert not self.ended and time.monotonic() < end, f"no '{wanted}'; the console ends: {self.text[-300:]}"
            self.read_some(0.5)
        self.mark = at + len(wanted)

    def type(self, text):
        os.write(self.master, text.encode())

    def wait_end(self, seconds=10):
        end = time.monotonic() + seconds * SLOWNESS
        while not self.ended:
            assert time.monotonic() < end, "virsh console does not end"
            self.read_some(0.5)
        return self.process.wait(seconds * SLOWNESS)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print("# its console:", self.text[-1500:].replace("\n", "\n# "))
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
