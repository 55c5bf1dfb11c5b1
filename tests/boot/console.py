# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest under the emulator: its console recorded, waited for, typed to, judged."""
import os
import re
import select
import subprocess
import time

# What a kernel prints when something is wrong with it, or with the machine under it.
BAD_LINE = re.compile(r"\bOops\b|\bBUG\b|WARNING:|Call Trace|Kernel panic|CHECK [^:]*: FAILED|Kernel bug detected|"
                      r"blocked for more than|detected stalls|nobody cared|Machine Check", re.IGNORECASE)
# A machine ten times slower than the one these times were taken on still passes.
SLOWNESS = float(os.environ.get("VALLETTA_TEST_SLOWNESS", "10"))


# Another engine or technique than usual, for every boot that does not choose one itself.
ACCEL = os.environ.get("VALLETTA_TEST_ACCEL", "")


class Failure(Exception):
    """What a boot did otherwise than it must."""


class Skip(Exception):
    """Why a boot cannot be tried here."""


class Console:
    """One run of the emulator with its terminal on pipes."""

    def __init__(self, name, command, folder, quiet_about=(), log_guest=True):
        self.name = name
        self.path = os.path.join(folder, name + ".log")
        self.guest_log = os.path.join(folder, name + ".guest-errors")
        self.quiet_about = quiet_about
        command = [*command, "-d", "guest_errors", "-D", self.guest_log] if log_guest else list(command)
        if ACCEL and not any("accel" in word for word in command):
            command += ["-accel", ACCEL]
        self.log = open(self.path, "wb")
        self.log.write(("$ " + " ".join(command) + "\n").encode())
        self.log.flush()
        self.text, self.mark, self.ended = "", 0, False
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)

    def read_some(self, seconds):
        if self.ended or not select.select([self.process.stdout], [], [], seconds)[0]:
            return
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            self.ended = True
            return
        self.log.write(data)
        self.log.flush()
        self.text += data.decode("latin-1").replace("\r", "").replace("\0", "")

    def complain(self, what):
        tail = self.text[-400:].splitlines()[-4:]
        raise Failure(f"{what}; console in {self.path} ends: {' | '.join(tail)}")

    def wait_for(self, wanted, seconds):
        """Waits for a text after what was waited for before; seconds on a usual machine."""
        end = time.monotonic() + seconds * SLOWNESS
        while True:
            at = self.text.find(wanted, self.mark)
            if at >= 0:
                self.mark = at + len(wanted)
                return
            if self.ended:
                self.complain(f"ended (status {self.process.wait()}) before '{wanted}'")
            panic = re.search("(Kernel panic|CHECKS FAILED|CHECK [^:]*: FAILED)[^\n]*\n", self.text[self.mark:])
            if panic or time.monotonic() > end:
                self.complain(panic.group().strip() if panic else f"no '{wanted}' in {seconds * SLOWNESS:.0f} s")
            self.read_some(0.5)

    def type(self, text):
        try:
            self.process.stdin.write(text.encode("latin-1"))
        except BrokenPipeError:
            self.complain("ended while it was typed to")

    def say(self, line):
        self.type(line + "\r")

    def quiet_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended:
            self.read_some(0.1)

    def expect_end(self, seconds=20, status=0):
        end = time.monotonic() + seconds * SLOWNESS
        while not self.ended and time.monotonic() < end:
            self.read_some(0.5)
        if not self.ended:
            self.complain("did not end")
        got = self.process.wait(60)
        if got != status:
            self.complain(f"exit status {got} and not {status}")
        self.judge()

    def is_expected(self, line):
        return any(re.search(pattern, line) for pattern in self.quiet_about)

    def judge(self):
        """No line that tells of trouble, neither the guest's nor ours about the guest."""
        for line in self.text.splitlines():
            if BAD_LINE.search(line) and not self.is_expected(line):
                raise Failure(f"console has: {line.strip()} ({self.path})")
        if os.path.exists(self.guest_log):
            with open(self.guest_log, encoding="latin-1") as log:
                for line in log:
                    if not self.is_expected(line):
                        raise Failure(f"unexpected guest error: {line.strip()} ({self.guest_log})")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
