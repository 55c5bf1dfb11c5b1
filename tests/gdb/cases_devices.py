# SPDX-License-Identifier: GPL-2.0-or-later
"""The devices on which gdb can be served, each with a client that stops, looks and goes on."""
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import tty

from rsp import TIMEOUT, Rsp, View, symbols

CASES = []
DEFAULT_PORT = 1234


class Skip(Exception):
    """Why a case cannot be tried here."""


def case(func):
    CASES.append(func)
    return func


def try_session(m, target, where):
    """A breakpoint, a step, a register; then the guest runs without the client."""
    c = View(m, target, where=where)
    assert c.ask("?").startswith("T05thread:1;")
    c.run_to("leaf")
    c.run_to("slot_branch")
    assert c.ask("vCont;s:1").startswith("T05") and c.pc() == c.at("slot_target")
    c.set_reg(8, 1234)
    assert c.reg(8) == 1234
    assert c.ask("D") == "OK"
    m.wait_status("running")
    return c


class Line:
    """A terminal in raw mode with what Rsp needs of a socket."""
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)

    def recv(self, size):
        assert select.select([self.fd], [], [], TIMEOUT)[0], "nothing comes"
        return os.read(self.fd, size)

    def sendall(self, data):
        while data:
            data = data[os.write(self.fd, data):]

    def close(self):
        os.close(self.fd)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens_on(port):
    """The addresses of IPv4 where somebody listens on port, as the kernel writes them; and of IPv6."""
    found = []
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(name):
            with open(name, encoding="ascii") as file:
                found += [line.split()[1].rsplit(":", 1)[0] for line in file.readlines()[1:]
                          if line.split()[3] == "0A" and int(line.split()[1].rsplit(":", 1)[1], 16) == port]
    return found


@case
def tcp(start):
    """tcp::PORT is this host's alone; a second client comes after the first."""
    port = free_port()
    with start(serve=["-gdb", f"tcp::{port}"]) as m:
        try_session(m, start.target, ("127.0.0.1", port)).rsp.close()
        assert listens_on(port) == ["0100007F"], listens_on(port)
        try_session(m, start.target, ("127.0.0.1", port)).rsp.close()
    with start(serve=["-gdb", f"tcp:localhost:{port}"]) as m:
        try_session(m, start.target, ("127.0.0.1", port))


@case
def tcp_taken(start):
    """A port that somebody has is an error at the start that names it."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(1)
        port = s.getsockname()[1]
        done = subprocess.run([start.valletta, "-kernel", start.elf, "-nodefaults", "-gdb", f"tcp::{port}"],
                              capture_output=True, text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 1 and "-gdb" in done.stderr and "in use" in done.stderr.lower(), done


@case
def short_option(start):
    """-s is port 1234."""
    if listens_on(DEFAULT_PORT):
        raise Skip(f"somebody listens on port {DEFAULT_PORT}")
    with start(serve=["-s"]) as m:
        try_session(m, start.target, ("127.0.0.1", DEFAULT_PORT))
        assert listens_on(DEFAULT_PORT) == ["0100007F"], listens_on(DEFAULT_PORT)


@case
def chardevs(start):
    """chardev:ID of a socket, of one that is inherited, of a pseudo-terminal and of one that a monitor shares."""
    folder = tempfile.mkdtemp(prefix="gdb-")
    path = os.path.join(folder, "s")
    try:
        serve = ["-chardev", f"socket,id=g,path={path},server=on,wait=off", "-gdb", "chardev:g"]
        with start(serve=serve) as m:
            try_session(m, start.target, path).rsp.close()
            try_session(m, start.target, path)
            assert "unknown" not in m.hmp("gdbserver none")
        ours, theirs = socket.socketpair()
        ours.settimeout(TIMEOUT)
        with start(serve=["-chardev", f"socket,id=g,fd={theirs.fileno()}", "-gdb", "chardev:g"],
                   pass_fds=[theirs.fileno()]) as m:
            theirs.close()
            try_session(m, start.target, ours)
    finally:
        shutil.rmtree(folder)


@case
def pseudo_terminal(start):
    """A serial line's end; bytes go through as they are."""
    with start(serve=["-chardev", "pty,id=g", "-gdb", "chardev:g"]) as m:
        where = next(c["filename"] for c in m.qmp("query-chardev") if c["label"] == "g").removeprefix("pty:")
        line = Line(where)
        try_session(m, start.target, line)
        line.close()


@case
def standard_streams(start):
    """As gdb's "target remote | valletta ... -gdb stdio" has it, with nothing else on the streams."""
    ours, theirs = socket.socketpair()
    ours.settimeout(TIMEOUT)
    line = [start.valletta, "-kernel", start.elf, "-display", "none", "-gdb", "stdio", "-S"]
    with subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as process:
        theirs.close()
        try:
            c = Rsp(ours)
            assert c.ask("?").startswith("T05thread:1;")
            where = symbols(start.elf)["leaf"]
            assert c.ask(f"Z0,{where:x},4") == "OK" and c.ask("vCont;c").startswith("T05")
            assert "valletta" in c.monitor("info version")
            c.send("k")
            process.wait(TIMEOUT)
        finally:
            process.kill()
        assert process.stderr.read() == b"" and process.returncode == 0, process


@case
def pipe_of_gdb(start):
    """The same with gdb itself, which starts the emulator and ends it."""
    if not shutil.which("gdb-multiarch"):
        raise Skip("no gdb-multiarch")
    remote = f"target remote | {start.valletta} -kernel {start.elf} -display none -gdb stdio -S"
    line = ["gdb-multiarch", "-nx", "-batch", "-ex", "set confirm off", "-ex", "set debuginfod enabled off", "-ex",
            remote, "-ex", "break leaf", "-ex", "continue", "-ex", "backtrace", "-ex", "kill", start.elf]
    p = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert re.search(r"#0 +leaf \(n=0\)[^#]*#1 .* in middle", p.stdout), p.stdout + p.stderr
