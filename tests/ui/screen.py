# SPDX-License-Identifier: GPL-2.0-or-later
"""The program screen.c, and cases that are told in TAP."""
import queue
import subprocess
import sys
import threading
import time
import traceback


class Screen:
    """Lines to it and from it; leaving the context ends it and checks that it ends well."""

    def __init__(self, program, *args, env=None):
        self.process = subprocess.Popen([program, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=env)
        self.lines = queue.Queue()
        threading.Thread(target=self.pump, daemon=True).start()
        self.port = self.wait("ready", 30).removeprefix("ready").strip()

    def pump(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def line(self, seconds=10):
        line = self.lines.get(timeout=seconds)
        assert line is not None, "the program has ended"
        return line

    def wait(self, start, seconds=10):
        """The next line that begins so; what is before it is skipped."""
        end = time.time() + seconds
        while True:
            line = self.line(max(end - time.time(), 0.01))
            if line.startswith(start):
                return line

    def expect(self, *lines):
        for line in lines:
            found = self.line()
            assert found == line, f"{found!r} instead of {line!r}"

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def do(self, line):
        self.ask(line)
        assert self.wait(("ok", "error", "what")) == "ok", line

    def stats(self):
        self.ask("stats")
        return tuple(int(word) for word in self.wait("stats").split()[1:])

    def nothing(self, seconds=0.3):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return
        raise AssertionError(f"a line that nobody wants: {line}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.ask("quit")
        except OSError:
            pass
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if kind is None:
            assert status == 0, f"it ended with {status}"


def run(cases, *args):
    failed = False
    print(f"1..{len(cases)}", flush=True)
    for number, function in enumerate(cases, 1):
        try:
            function(*args)
            print(f"ok {number} - {function.__name__}", flush=True)
        except Exception:                              # pylint: disable=broad-except
            failed = True
            print(f"not ok {number} - {function.__name__}", flush=True)
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
    sys.exit(failed)
