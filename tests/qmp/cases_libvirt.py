# SPDX-License-Identifier: GPL-2.0-or-later
"""What a management program such as libvirt does: its probe, the start of a guest, its end."""
import json
import os
import signal
import socket
import subprocess
import time

from cases_connection import connect
from client import Qmp

CASES = []
PROPERTIES_OF = ["virtio-blk-pci", "virtio-net-pci", "scsi-hd", "ide-hd", "PIIX4_PM", "kvm-pit", "ICH9-LPC",
                 "virtio-balloon-pci", "usb-host", "VGA"]


def case(function):
    CASES.append(function)
    return function


@case
def the_probe(env):
    """In the background: the parent returns when the socket listens and the pid is written."""
    path, pidfile = os.path.join(env["folder"], "probe"), os.path.join(env["folder"], "probe.pid")
    link = os.path.join(env["folder"], "qemu-system-mips64")
    os.symlink(env["program"], link)
    done = subprocess.run([link, "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine",
                           "none,accel=kvm:tcg", "-qmp", f"unix:{path},server=on,wait=off", "-pidfile", pidfile,
                           "-daemonize"], timeout=30, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    with open(pidfile, encoding="ascii") as file:
        pid = int(file.read())
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            qmp = Qmp(sock).negotiate()
            version = qmp.cmd("query-version")["qemu"]
            assert (version["major"], version["minor"]) >= (4, 2)
            assert qmp.cmd("query-target") == {"arch": "mips64"}
            assert qmp.cmd("query-qmp-schema") and qmp.cmd("query-commands")
            assert set(qmp.cmd("query-kvm")) == {"enabled", "present"}
            assert "tcg-accel" in [t["name"] for t in qmp.cmd("qom-list-types")]
            for name in PROPERTIES_OF:
                reply = qmp.ask("device-list-properties", {"typename": name})
                assert "return" in reply or reply["error"]["class"] == "DeviceNotFound", reply
            for name in ("memory-backend-file", "none-machine"):
                assert qmp.cmd("qom-list-properties", {"typename": name})
            for command in ("query-migrate-capabilities", "query-machines", "query-cpu-definitions", "query-command-line-options"):
                assert qmp.cmd(command), command
            for command in ("query-tpm-models", "query-tpm-types"):
                assert qmp.cmd(command) == [], command
            models = [entry["name"] for entry in qmp.cmd("query-cpu-definitions")]
            assert "MIPS64R2-generic" in models and "24Kf" in models
    finally:
        os.kill(pid, signal.SIGTERM)
    end = time.time() + 20
    while os.path.exists(pidfile):
        assert time.time() < end, "it did not end"
        time.sleep(0.02)


def guest_line(env, fd):
    """The command line of a guest that was started."""
    return [
        env["program"], "-name", "guest=m1,debug-threads=on", "-S", "-object",
        json.dumps({"qom-type": "secret", "id": "masterKey0", "format": "raw",
                    "file": os.path.join(env["folder"], "master-key")}),
        "-machine", "malta,usb=off,dump-guest-core=off,memory-backend=mips_malta.ram", "-accel", "tcg", "-m", "64",
        "-object", '{"qom-type":"memory-backend-ram","id":"mips_malta.ram","size":67108864}',
        "-overcommit", "mem-lock=off", "-smp", "1,sockets=1,cores=1,threads=1",
        "-uuid", "550e8400-e29b-41d4-a716-446655440000", "-display", "none", "-no-user-config", "-nodefaults",
        "-chardev", f"socket,id=charmonitor,fd={fd},server=on,wait=off",
        "-mon", "chardev=charmonitor,id=monitor,mode=control", "-rtc", "base=utc", "-no-shutdown",
        "-boot", "strict=on", "-bios", env["firmware"], "-chardev", "pty,id=charserial0",
        "-serial", "chardev:charserial0", "-audiodev", '{"id":"audio1","driver":"none"}',
        "-machine", "kvm-type=auto,endian=little", "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", "-msg", "timestamp=on"]


@case
def a_guest(env):
    path = os.path.join(env["folder"], "monitor")
    with open(os.path.join(env["folder"], "master-key"), "wb") as key:
        key.write(os.urandom(32))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    process = subprocess.Popen(guest_line(env, listener.fileno()), pass_fds=[listener.fileno()],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    listener.close()
    try:
        with connect(path) as sock:
            qmp = Qmp(sock).negotiate()
            qmp.cmd("migrate-set-capabilities", {"capabilities": [{"capability": "events", "state": True}]})
            assert qmp.cmd("query-migrate-capabilities") == [{"capability": "events", "state": True}]
            serial = {c["label"]: c["filename"] for c in qmp.cmd("query-chardev")}["charserial0"]
            assert serial.startswith("pty:/dev/"), serial
            assert os.path.isdir(f"/proc/{process.pid}/task/{qmp.cmd('query-cpus-fast')[0]['thread-id']}")
            for command, arguments in (("query-iothreads", None), ("query-named-block-nodes", {"flat": True}),
                                       ("query-block", None), ("query-jobs", None)):
                assert qmp.cmd(command, arguments) == [], command
            qmp.error("query-balloon", class_="DeviceNotActive")
            assert qmp.cmd("qom-list", {"path": "/machine/peripheral"})
            qmp.cmd("cont")
            qmp.event("RESUME")
            qmp.cmd("stop")
            qmp.event("STOP")
            qmp.cmd("cont")
            qmp.cmd("system_reset")
            assert qmp.event("RESET")["data"]["reason"] == "host-qmp-system-reset"
            process.terminate()
            assert qmp.event("SHUTDOWN")["data"] == {"guest": False, "reason": "host-signal"}
            assert process.wait(20) == 0
        assert "char device redirected to /dev/" in process.stdout.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
