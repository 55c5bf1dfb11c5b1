#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""hotplug.py VALLETTA [--fetch]: devices that come and go under Linux, and what its SMBus driver finds.

Disks on virtio-scsi, which the guest hears of; functions on PCI, which it has to let go of. Without --fetch it skips
where the guest's kernel (kernel.sh) was not fetched before. TAP on standard output."""
import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "boot"), os.path.join(os.path.dirname(HERE), "qmp")]
import debian                           # noqa: E402
from client import Qmp                  # noqa: E402
from console import Skip                # noqa: E402

SLOWNESS = float(os.environ.get("VALLETTA_TEST_SLOWNESS", "1"))
MODULES = ["virtio_pci", "virtio_blk", "virtio_scsi", "virtio_net", "virtio_console", "i2c_dev", "i2c_piix4"]
FUNCTIONS = [("card", "virtio-net-pci", {"netdev": "n"}, "/sys/class/net", "eth0"),
             ("disk", "virtio-blk-pci", {"drive": "two"}, "/sys/block", "vda")]
DEVICES = ["-device", "virtio-scsi-pci,id=s", "-device", "virtio-serial-pci,id=v", "-netdev", "user,id=n",
           "-device", "virtio-net-pci,netdev=n,id=card", "-device", "virtio-blk-pci,drive=two,id=disk"]
CASES = []


def case(function):
    CASES.append(function)
    return function


class Guest:
    def __init__(self, valletta, kernel, name, modules, devices):
        self.images = []
        for image in ("one", "two"):
            self.images.append(os.path.join(kernel.folder, image))
            with open(self.images[-1], "wb") as out:
                out.write(image.encode().ljust(512, b".") * 2048)
        serial, qmp = socket.socketpair(), socket.socketpair()
        nodes = [w for n, p in zip(("one", "two"), self.images)
                 for w in ("-blockdev", f"driver=raw,node-name={n},file.driver=file,file.filename={p}")]
        self.process = subprocess.Popen(
            [valletta, "-M", "malta", "-kernel", kernel.path, "-initrd", kernel.initramfs(name, modules), "-append",
             "console=ttyS0 quiet", "-nodefaults", "-display", "none", "-chardev", f"socket,id=c,fd={serial[1].fileno()}",
             "-serial", "chardev:c", "-chardev", f"socket,id=q,fd={qmp[1].fileno()}", "-mon", "chardev=q,mode=control",
             *nodes, *devices],
            pass_fds=[serial[1].fileno(), qmp[1].fileno()], stdin=subprocess.DEVNULL, stdout=sys.stderr)
        serial[1].close()
        qmp[1].close()
        self.console, self.qmp, self.text = serial[0], Qmp(qmp[0], 60).negotiate(), ""

    def wait_for(self, pattern, seconds):
        end = time.monotonic() + seconds * SLOWNESS
        while not (found := re.search(pattern, self.text)):
            self.console.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.console.recv(65536)
            except TimeoutError:
                data = b""
            assert data, f"no {pattern}: {self.text[-1500:]}"
            self.text += data.decode("latin-1").replace("\r", "")
        self.text = self.text[found.end():]
        return found

    def ask(self, line):
        """What it answers, and DONE or what was wrong."""
        self.console.sendall(line.encode() + b"\n")
        found = self.wait_for(r"<([^<>]*)>(.+)\n", 60)
        return found.group(1), found.group(2)

    def do(self, line):
        answer, result = self.ask(line)
        assert result == "DONE", f"{line}: {result}"
        return answer

    def wait_list(self, path, name, there):
        end = time.monotonic() + 60 * SLOWNESS
        while (name in self.do(f"list {path}").split()) != there:
            assert time.monotonic() < end, f"{name} in {path}: not {there}; {self.text[-1000:]}"
            time.sleep(0.1)

    def remove(self, name):
        self.qmp.cmd("device_del", {"id": name})
        assert self.qmp.event("DEVICE_DELETED")["data"]["device"] == name

    def __enter__(self):
        self.wait_for("READY\n", 180)
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.console.sendall(b"off\n")
            assert self.process.wait(60 * SLOWNESS) == 0
        else:
            self.process.kill()
            self.process.wait()
        self.console.close()
        self.qmp.sock.close()


@case
def units_come_and_go(g):
    """Linux needs to be told nothing; a unit may go while it is written to."""
    for round_ in range(4):
        g.qmp.cmd("device_add", {"driver": "scsi-hd", "bus": "s.0", "drive": "one", "id": "u"})
        g.wait_list("/sys/block", "sda", True)
        g.wait_list("/dev", "sda", True)
        if round_ < 3:
            assert g.do("read /dev/sda 3") == ("6f6e65" if round_ == 0 else "000000") + " "
            g.do("fill /dev/sda 20")
        else:
            g.console.sendall(b"fill /dev/sda 1000000\n")
            time.sleep(0.5)
        g.remove("u")
        if round_ == 3:
            said = g.wait_for(r"<([^<>]*)>(.+)\n", 60).group(2)
            assert said in ("Input/output error", "No such device or address", "No such device",
                            "No space left on device"), said       # by how far the kernel has come with it
        g.wait_list("/sys/block", "sda", False)


@case
def functions_come_and_go(g):
    slots = {d["qdev_id"]: d["slot"] for bus in g.qmp.cmd("query-pci") for d in bus["devices"]}
    for name, driver, more, folder, there in FUNCTIONS:
        path = f"/sys/bus/pci/devices/0000:00:{slots[name]:02x}.0"
        for _ in range(3):
            g.wait_list(folder, there, True)
            assert f"echo 1 > {path}/remove" in g.qmp.error("device_del", {"id": name})
            g.do(f"write {path}/remove 1")
            g.wait_list(folder, there, False)
            g.remove(name)
            g.qmp.cmd("device_add", {"driver": driver, "id": name, "addr": f"{slots[name]:x}", **more})
            g.do("write /sys/bus/pci/rescan 1")
        g.wait_list(folder, there, True)
    assert g.do("read /dev/vda 3") == "74776f "
    # A driver that was unbound has let go, too.
    g.do(f"write /sys/bus/pci/drivers/virtio-pci/unbind 0000:00:{slots['disk']:02x}.0")
    g.remove("disk")


@case
def ports_come_and_go(g):
    g.qmp.cmd("chardev-add", {"id": "r", "backend": {"type": "ringbuf", "data": {}}})
    for _ in range(3):
        g.qmp.cmd("device_add", {"driver": "virtserialport", "chardev": "r", "name": "org.valletta", "id": "p"})
        g.wait_list("/sys/class/virtio-ports", "vport1p1", True)
        g.wait_list("/dev", "vport1p1", True)
        g.do("write /dev/vport1p1 hello")
        assert g.qmp.cmd("ringbuf-read", {"device": "r", "size": 10}) == "hello"
        g.remove("p")
        g.wait_list("/sys/class/virtio-ports", "vport1p1", False)
    g.qmp.cmd("chardev-remove", {"id": "r"})


@case
def the_smbus(g):
    """The memory module's own words, by Linux's i2c-piix4; the kernel's own driver for switching off goes first."""
    g.do("write /sys/bus/pci/drivers/piix4-poweroff/unbind 0000:00:0a.3")
    g.do("write /sys/bus/pci/drivers/piix4_smbus/bind 0000:00:0a.3")
    g.wait_list("/dev", "i2c-0", True)
    spd = [int(g.do(f"smbus 50 {reg:x}"), 16) for reg in range(64)]
    assert spd[0] == 128 and spd[2] == 4 and sum(spd[:63]) & 255 == spd[63], spd
    for address in (0x08, 0x51, 0x57, 0x77):
        assert g.ask(f"smbus {address:x} 0")[1] != "DONE"
    g.do("write /sys/bus/pci/drivers/piix4_smbus/unbind 0000:00:0a.3")
    g.do("write /sys/bus/pci/drivers/piix4-poweroff/bind 0000:00:0a.3")


def run_cases(about, name, modules, devices, cases):
    """All of a program: one guest, whose cases are told in TAP."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("valletta")
    parser.add_argument("--fetch", action="store_true")
    o = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix=f"valletta-{name}-") as folder:
        try:
            kernel = debian.Kernel(o.fetch, folder, HERE + "/shell.c", HERE + "/drm.c")
        except Skip as skip:
            print(f"1..0 # SKIP {skip}")
            return 0
        print(f"1..{len(cases)}", flush=True)
        with Guest(os.path.abspath(o.valletta), kernel, name, modules, devices) as g:
            for number, function in enumerate(cases, 1):
                start = time.monotonic()
                try:
                    function(g)
                    print(f"ok {number} - {function.__name__} # {time.monotonic() - start:.1f} s", flush=True)
                except Exception:           # pylint: disable=broad-except
                    failed += 1
                    print(f"not ok {number} - {function.__name__}\n# " + traceback.format_exc().replace("\n", "\n# "),
                          flush=True)
            for word in ("Oops", "BUG:", "WARNING:", "Call Trace"):
                assert word not in g.text, g.text
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_cases(__doc__.splitlines()[0], "hotplug", MODULES, DEVICES, CASES))
