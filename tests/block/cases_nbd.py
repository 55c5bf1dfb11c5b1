# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks behind an NBD server: Debian's qemu-nbd, on sockets of this host."""
import hashlib
import os
import shutil
import socket
import subprocess
import time

from images import BlockIo, Disk, check, converted, create, tool

CASES = []
MIB = 1 << 20


def case(function):
    def skipping(env):
        if shutil.which("qemu-nbd"):
            function(env)
    skipping.__name__ = function.__name__
    CASES.append(skipping)
    return function


class Server:
    """qemu-nbd with an image; on a Unix socket unless port."""

    def __init__(self, env, path, *options, form="raw", port=0, name="sock"):
        self.socket = os.path.join(env["folder"], name)
        where = ["--bind=127.0.0.1", f"--port={port}"] if port else [f"--socket={self.socket}"]
        self.command = ["qemu-nbd", "--persistent", "--shared=8", f"--format={form}", "--discard=unmap", *where,
                        *options, path]
        self.port = port
        self.start()

    def start(self):
        if not self.port and os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = subprocess.Popen(self.command)
        end = time.monotonic() + 30
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end
            time.sleep(0.05)

    def answers(self):
        try:
            with socket.socket(socket.AF_INET if self.port else socket.AF_UNIX) as s:
                s.connect(("127.0.0.1", self.port) if self.port else self.socket)
                return True
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def node(self, **more):
        server = {"type": "inet", "host": "127.0.0.1", "port": str(self.port)} if self.port else \
            {"type": "unix", "path": self.socket}
        return {"driver": "nbd", "server": server, "discard": "unmap", **more}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def sparse(env, name, size):
    path = os.path.join(env["folder"], name)
    with open(path, "wb") as f:
        f.truncate(size)
    return path


def random_requests(env, server, node, size, seed):
    """From 16 threads: what each writes is its own part of the disk."""
    disk = Disk(env, bytes(size), seed)
    with BlockIo(env, node, threads=16) as io:
        for _ in range(6):
            step = size // 16
            numbers = [io.send(disk.request(i * step, (i + 1) * step)) for i in range(16)]
            io.send("flush")
            last = io.send("wait")
            while True:
                number, text = io.receive()
                assert text == "ok", (number, text)
                if number == last:
                    break
            assert len(numbers) == 16
        disk.verify(io)
    return disk


@case
def case_nbd_unix(env):
    path = sparse(env, "disk.raw", 8 * MIB)
    with Server(env, path) as server:
        disk = random_requests(env, server, server.node(), 8 * MIB, 1)
    with open(path, "rb") as f:
        assert f.read() == bytes(disk.contents)


@case
def case_nbd_tcp_and_export(env):
    path = sparse(env, "disk.raw", 8 * MIB)
    with Server(env, path, "--export-name=the disk", port=free_port()) as server:
        disk = random_requests(env, server, server.node(export="the disk"), 8 * MIB, 2)
        with BlockIo(env, server.node(export="another"), must_fail=True) as io:
            assert "another" in io.error, io.error
    with open(path, "rb") as f:
        assert f.read() == bytes(disk.contents)


@case
def case_nbd_below_an_image(env):
    """A qcow2 image in an export, which cannot grow by itself, and an overlay whose backing image is one."""
    path, top = os.path.join(env["folder"], "inner.qcow2"), os.path.join(env["folder"], "top.qcow2")
    create(path, 4 * MIB)
    os.truncate(path, 16 * MIB)
    with Server(env, path) as server:
        node = {"driver": "qcow2", "discard": "unmap", "file": server.node()}
        disk = random_requests(env, server, node, 4 * MIB, 3)
        tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", f"nbd+unix:///?socket={server.socket}", "-F", "qcow2",
             top, "4M")
        with BlockIo(env, {"driver": "qcow2", "file": {"driver": "file", "filename": top}}) as io:
            disk.verify(io)
            io.do(disk.write(100000, 300000))
            disk.verify(io)
    check(path, leaks=True)
    assert len(converted(path, env["folder"])) == 4 * MIB


@case
def case_nbd_holes(env):
    """Zeros and discards reach the server as such: the file gets small."""
    path = sparse(env, "disk.raw", 8 * MIB)
    with Server(env, path) as server, BlockIo(env, server.node()) as io:
        for at in (0, 4 * MIB):
            io.do(f"write {at} {4 * MIB} 0")
        full = os.stat(path).st_blocks
        io.do(f"zero 0 {2 * MIB} unmap")
        io.do(f"discard {4 * MIB} {4 * MIB}")
        io.do("flush")
        assert os.stat(path).st_blocks < full // 2, (full, os.stat(path).st_blocks)
        assert io.ask(f"sum 0 {2 * MIB}") == hashlib.sha256(bytes(2 * MIB)).hexdigest()
        assert io.ask("truncate 1") == "error 95"


@case
def case_nbd_server_goes(env):
    """Errors while it is away, and service again when it is back."""
    path = sparse(env, "disk.raw", MIB)
    with Server(env, path) as server:
        with BlockIo(env, server.node()) as io, BlockIo(env, server.node(**{"reconnect-delay": 30})) as patient:
            io.do("write 0 4096 0")
            patient.do("write 8192 4096 0")
            server.kill()
            assert io.ask("sum 0 4096") == "error 5"
            assert io.ask("write 4096 4096 0") == "error 5"
            number = patient.send("write 12288 4096 0")
            time.sleep(1)
            server.start()
            got, reply = patient.receive()
            assert (got, reply) == (number, "ok"), reply
            time.sleep(1.1)
            io.do("write 4096 4096 0")
            assert io.ask("sum 4096 4096") == hashlib.sha256(env["bytes"][:4096]).hexdigest()
    with open(path, "rb") as f:
        assert f.read(16384) == env["bytes"][:4096] * 4


@case
def case_nbd_refused(env):
    path = sparse(env, "disk.raw", MIB)
    with Server(env, path, "--read-only") as server:
        with BlockIo(env, server.node(), must_fail=True) as io:
            assert "read-only=on would work" in io.error, io.error
        with BlockIo(env, server.node(**{"read-only": True, "tls-creds": "t"}), must_fail=True) as io:
            assert "tls-creds" in io.error, io.error
        with BlockIo(env, server.node(**{"read-only": True})) as io:
            assert io.ask("size") == str(MIB) and io.ask("write 0 512 0") == "error 1"
        with BlockIo(env, server.node(**{"auto-read-only": True})) as io:
            assert io.ask("writable") == "error 1" and io.ask("size") == str(MIB)
    for node, why in (({"server": {"type": "unix", "path": "/nowhere/sock"}}, "No such file"),
                      ({"server": {"type": "inet", "host": "127.0.0.1", "port": str(free_port())}}, "refused"),
                      ({"server": {"type": "inet", "host": "127.0.0.1", "port": "70000"}}, "number of a TCP port"),
                      ({"server": {"type": "vsock"}}, "must be inet or unix"), ({}, "needs server.type")):
        with BlockIo(env, {"driver": "nbd", **node}, must_fail=True) as io:
            assert why in io.error, io.error
