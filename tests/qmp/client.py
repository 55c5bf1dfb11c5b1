# SPDX-License-Identifier: GPL-2.0-or-later
"""A QMP client, and valletta started for it."""
import array
import json
import os
import socket
import subprocess
import tempfile
import time


class Qmp:
    """One connection. Events are kept apart from replies."""

    def __init__(self, sock, timeout=20):
        self.sock = sock
        self.sock.settimeout(timeout)
        self.buffer = b""
        self.events = []
        self.greeting = None

    def negotiate(self, *capabilities):
        self.greeting = self.read()
        arguments = {"enable": list(capabilities)} if capabilities else None
        assert self.cmd("qmp_capabilities", arguments) == {}
        return self

    def read(self):
        """The next object, whatever it is."""
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the connection was closed")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def reply(self):
        while True:
            message = self.read()
            if "event" not in message:
                return message
            self.events.append(message)

    def event(self, name, seconds=20):
        end = time.time() + seconds
        while time.time() < end:
            for message in self.events:
                if message["event"] == name:
                    self.events.remove(message)
                    return message
            message = self.read()
            assert "event" in message, f"a reply instead of {name}: {message}"
            self.events.append(message)
        raise AssertionError(f"no event {name}")

    def raw(self, data, fds=()):
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.sock.sendmsg([data if isinstance(data, bytes) else data.encode()], ancillary)

    def send(self, command, arguments=None, key="execute", fds=(), **more):
        message = {key: command, **more}
        if arguments is not None:
            message["arguments"] = arguments
        self.raw(json.dumps(message) + "\n", fds)

    def ask(self, command, arguments=None, **more):
        """The whole reply."""
        self.send(command, arguments, **more)
        return self.reply()

    def cmd(self, command, arguments=None, **more):
        """What it returns; an error is an AssertionError."""
        reply = self.ask(command, arguments, **more)
        assert "return" in reply, f"{command} {arguments}: {reply}"
        return reply["return"]

    def error(self, command, arguments=None, class_="GenericError", **more):
        """The text of its error, which must be of that class."""
        reply = self.ask(command, arguments, **more)
        assert "error" in reply, f"{command} {arguments}: {reply}"
        assert reply["error"]["class"] == class_, f"{command} {arguments}: {reply}"
        return reply["error"]["desc"]

    def hmp(self, line):
        return self.cmd("human-monitor-command", {"command-line": line}).replace("\r\n", "\n")


class Machine:
    """valletta with monitors on socket pairs, which it inherits connected."""

    def __init__(self, program, *args, monitors=1, mode="control"):
        self.folder = tempfile.mkdtemp(prefix="valletta-qmp-")
        pairs = [socket.socketpair() for _ in range(monitors)]
        line = [program, *args, "-display", "none", "-audio", "none"]
        for number, (_, theirs) in enumerate(pairs):
            line += ["-chardev", f"socket,id=mon{number},fd={theirs.fileno()}",
                     "-mon", f"chardev=mon{number},mode={mode}"]
        # At its end the leak sanitizer makes a process, which -sandbox does not let it.
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"} if "-sandbox" in args else None
        self.process = subprocess.Popen(line, env=env, pass_fds=[theirs.fileno() for _, theirs in pairs],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _, theirs in pairs:
            theirs.close()
        self.clients = [Qmp(ours) for ours, _ in pairs]
        self.qmp = self.clients[0]

    def __enter__(self):
        return self

    def wait(self, seconds=20):
        return self.process.wait(seconds)

    def __exit__(self, kind, value, trace):
        for client in self.clients:
            client.sock.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("it did not end at SIGTERM") from None
        output = self.process.stdout.read().decode("utf-8", "replace")
        self.process.stdout.close()
        for name in os.listdir(self.folder):
            os.unlink(os.path.join(self.folder, name))
        os.rmdir(self.folder)
        if kind is not None and output:
            print("# its output:", output.replace("\n", "\n# "))
        if kind is None:
            assert self.process.returncode == 0, f"exit {self.process.returncode}: {output}"
