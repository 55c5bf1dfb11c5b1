# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of gdb's remote protocol, and the emulator with a server for it."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

TIMEOUT = 20


def connect(where):
    """To a unix socket's path, or to (host, port)."""
    end = time.monotonic() + TIMEOUT
    while True:
        s = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET)
        s.settimeout(TIMEOUT)
        try:
            s.connect(where)
            return s
        except OSError:
            s.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def frame(data):
    return b"$" + data + b"#%02x" % (sum(data) & 0xff)


class Rsp:
    def __init__(self, where, acks=False):
        """where: as for connect(), or a socket that is connected, or what is like one."""
        self.socket = where if hasattr(where, "recv") else connect(where)
        self.buffer = b""
        self.acks = True
        if not acks:
            assert self.ask("QStartNoAckMode") == "OK"
            self.acks = False

    def byte(self):
        if not self.buffer:
            self.buffer = self.socket.recv(65536)
            if not self.buffer:
                raise EOFError("the server has closed the connection")
        first, self.buffer = self.buffer[:1], self.buffer[1:]
        return first

    def raw(self, data):
        self.socket.sendall(data)

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        self.raw(frame(data))
        if self.acks:
            assert self.byte() == b"+"

    def packet(self):
        """The next packet's text; its checksum must be right."""
        while self.byte() != b"$":
            pass
        data = b""
        while (c := self.byte()) != b"#":
            data += c
        assert int(self.byte() + self.byte(), 16) == sum(data) & 0xff, data
        if self.acks:
            self.raw(b"+")
        return re.sub(rb"}(.)", lambda m: bytes([m[1][0] ^ 0x20]), data, flags=re.S).decode("latin1")

    def ask(self, data):
        self.send(data)
        return self.packet()

    def monitor(self, line):
        self.send("qRcmd," + line.encode().hex())
        out = ""
        while (p := self.packet()) != "OK":
            assert p[0] == "O", p
            out += bytes.fromhex(p[1:]).decode()
        return out

    def interrupt(self):
        self.raw(b"\x03")
        return self.packet()

    def close(self):
        self.socket.close()


class Machine:
    """The emulator with its gdb server and QMP on unix sockets. serve: options in the place of that server's."""
    def __init__(self, valletta, kernel, *args, stopped=True, extra_gdb="", serve=None,
                 pass_fds=()):
        self.dir = tempfile.mkdtemp(prefix="gdb-")
        self.gdb, qmp = self.dir + "/gdb", self.dir + "/qmp"
        line = [valletta, "-kernel", kernel, "-nodefaults", "-display", "none", "-qmp",
                f"unix:{qmp},server=on,wait=off",
                *(["-gdb", f"unix:{self.gdb}{extra_gdb}"] if serve is None else serve), *args]
        self.process = subprocess.Popen(line + (["-S"] if stopped else []), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=pass_fds)
        self.qmp_socket = connect(qmp)
        self.qmp_lines = self.qmp_socket.makefile("r")
        self.qmp_lines.readline()
        self.events = []
        self.qmp("qmp_capabilities")
        self.symbols = symbols(kernel)

    def qmp(self, command, **arguments):
        self.qmp_socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while "event" in (reply := json.loads(self.qmp_lines.readline())):
            self.events.append(reply["event"])
        assert "return" in reply, reply
        return reply["return"]

    def status(self):
        return self.qmp("query-status")["status"]

    def wait_status(self, want):
        end = time.monotonic() + TIMEOUT
        while (now := self.status()) != want:
            assert time.monotonic() < end, f"{now}, not {want}"
            time.sleep(0.02)

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})

    def client(self, **args):
        return Rsp(self.gdb, **args)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.qmp_socket.close()
        self.process.terminate()
        try:
            out, _ = self.process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out = b"it did not end"
        shutil.rmtree(self.dir)
        if kind is None:
            assert self.process.returncode in (0, 1) and b"ERROR" not in out and b"did not end" not in out, out


def symbols(elf):
    names = {}
    for line in subprocess.run(["nm", elf], capture_output=True, text=True, check=True).stdout.splitlines():
        part = line.split()
        if len(part) == 3:
            names[part[2]] = int(part[0], 16)
    return names


class View:
    """A client that knows the target's word and byte order."""
    def __init__(self, machine, target, where=None, **args):
        self.rsp = Rsp(where, **args) if where else machine.client(**args)
        self.ask, self.symbols = self.rsp.ask, machine.symbols
        self.size = 8 if target.endswith("64") else 4
        self.order = "big" if target.startswith("be") else "little"

    def number(self, text):
        return int.from_bytes(bytes.fromhex(text), self.order)

    def text(self, value, size):
        return (value % (1 << 8 * size)).to_bytes(size, self.order).hex()

    def reg(self, n):
        return self.number(self.ask(f"p{n:x}"))

    def set_reg(self, n, value, size=None):
        assert self.ask(f"P{n:x}={self.text(value, size or self.size)}") == "OK"

    def pc(self):
        return self.reg(37)

    def at(self, name, offset=0):
        return (self.symbols[name] + offset) % (1 << 8 * self.size)

    def read(self, addr, size=4):
        return self.number(self.ask(f"m{addr:x},{size:x}"))

    def write(self, addr, value, size=4):
        assert self.ask(f"M{addr:x},{size:x}:{self.text(value, size)}") == "OK"

    def point(self, kind, addr, size=4, on=True):
        return self.ask(f"{'Z' if on else 'z'}{kind},{addr:x},{size:x}")

    def run_to(self, name, offset=0):
        """A breakpoint there, hit and taken away."""
        addr = self.at(name, offset)
        assert self.point(0, addr) == "OK"
        reply = self.ask("vCont;c")
        assert reply.startswith("T05thread:1;"), reply
        assert self.point(0, addr, on=False) == "OK"
        assert self.pc() == addr, hex(self.pc())
