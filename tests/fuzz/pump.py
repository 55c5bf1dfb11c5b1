# SPDX-License-Identifier: GPL-2.0-or-later
"""A connection that writes and reads at the same time, so that many inputs are on their way at once."""
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time

PATIENCE = 30 * float(os.environ.get("VALLETTA_TEST_SLOWNESS", "1"))


class Failure(Exception):
    pass


class Pump:
    def __init__(self, sock):
        self.sock = sock
        sock.setblocking(False)

    def exchange(self, data, take, done):
        """Sends data and gives what comes to take(), until all is sent and done() is true."""
        left, end = memoryview(data), time.monotonic() + PATIENCE
        while left or not done():
            readable, writable, _ = select.select([self.sock], [self.sock] if left else [], [],
                                                  max(0, end - time.monotonic()))
            if not readable and not writable:
                raise Failure(f"no answer within {PATIENCE:.0f} s; {len(left)} bytes were not even taken")
            if writable:
                left = left[self.sock.send(left[:65536]):]
            if readable:
                got = self.sock.recv(1 << 20)
                if not got:
                    raise Failure("the connection was closed")
                take(got)
                end = time.monotonic() + PATIENCE


class Machine:
    """valletta in a folder of its own with a listening socket for each of its options in sockets."""

    def __init__(self, program, *args, sockets=(), firmware=True, server=False):
        self.folder = tempfile.TemporaryDirectory(prefix="valletta-fuzz-")
        path = self.folder.name
        with open(path + "/loop.bin", "wb") as out:
            out.write(struct.pack("<II", 0x1000FFFF, 0) * 512)      # b . ; nop
        line = [os.path.abspath(program), *args, "-nodefaults", "-display", "none", "-no-shutdown"]
        line += ["-M", "malta,endian=little", "-bios", "loop.bin", "-m", "4"] if firmware else []
        self.listeners = []
        for number, option in enumerate(sockets):
            if server:
                option, _, more = option.partition(",")
                line += [option, f"unix:s{number},server=on,wait=off" + ("," + more if more else "")]
                continue
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(f"{path}/s{number}")
            listener.listen(1)
            listener.settimeout(PATIENCE)
            self.listeners.append(listener)
            line += [option, f"unix:s{number}"]
        self.errors = open(path + "/errors", "w+b")
        self.process = subprocess.Popen(line, cwd=path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=self.errors)

    def accept(self, number):
        return self.listeners[number].accept()[0]

    def connect(self, number):
        """To a socket that it listens on itself (server)."""
        end = time.monotonic() + PATIENCE
        while True:
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(f"{self.folder.name}/s{number}")
                return sock
            except OSError:
                sock.close()
                if time.monotonic() > end or self.process.poll() is not None:
                    raise Failure("it does not listen") from None
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        """It must end well at SIGTERM, and the sanitizers must have nothing to say."""
        try:
            self.process.send_signal(signal.SIGTERM)
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            status = "it did not end"
            self.process.kill()
            self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        self.errors.close()
        for listener in self.listeners:
            listener.close()
        self.folder.cleanup()
        if status or "runtime error" in said or "Sanitizer" in said or "CRITICAL" in said:
            raise Failure(f"{value or ''} (status {status})\n{said[-6000:]}")
