# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark guest: its rows, a boot of it that measures each, and the same work on the host."""
import dataclasses
import hashlib
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
USUAL = HERE.parent.parent.parent / "shared" / "bench"
RAM_MIB = 512
LIMIT = 1800            # seconds of one boot
CLOCKS = re.compile(r"\$\(\((\d+)\*S\)\)")
# Rows whose output says nothing, and why.
NOT_COMPARED = {
    "int.gzip": "its output holds the time at which its input was written",
    "int.cc1": "it fails in the guest, which has no headers",
}


class Trouble(Exception):
    """The guest did not do what it should."""


@dataclasses.dataclass
class Row:
    cpu: float          # seconds of the emulator's process, all threads
    status: int
    digest: str = ""


class Guest:
    """The folder with the kernel, the file systems and the list of rows."""

    def __init__(self, folder, work):
        self.folder, self.work = pathlib.Path(folder or USUAL), pathlib.Path(work)
        self.missing = [name for name in ("vmlinuz", "bench.cpio.zst", "kern.x86", "guest/list")
                        if not (self.folder / name).exists()]
        self.commands = {}
        if not self.missing:
            for line in (self.folder / "guest/list").read_text().splitlines():
                words = line.split(None, 2)
                if words and words[0] == "w":
                    self.commands[words[1]] = words[2]

    def initrd(self):
        """All workloads, not compressed: the guest's own unpacking is no part of this."""
        path = self.work / "bench.cpio"
        if not path.exists():
            subprocess.run(["zstd", "-q", "-d", self.folder / "bench.cpio.zst", "-o", path], check=True)
        return path

    def command(self, row, scale):
        return CLOCKS.sub(lambda found: str(int(found[1]) * scale), self.commands[row])


def digest_of(output):
    """As the guest prints it."""
    return hashlib.md5(output).hexdigest()[:8]


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def beyond_ram(pid):
    """Resident MiB of a process without the mappings that are as large as the guest's memory."""
    total = 0
    rss = 0
    large = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)", line)
        if head:
            size = int(head[2], 16) - int(head[1], 16)
            large = size >= RAM_MIB << 19 or "memfd:" in head[3] and "ram" in head[3]
        elif line.startswith("Rss:"):
            rss = int(line.split()[1])
            total += 0 if large else rss
    return total / 1024


class Boot:
    """One boot of the guest under an emulator: {row: Row}, and the memory at its end."""

    def __init__(self, emulator, guest, only, scale):
        append = f"console=ttyS0 rdinit=/init quiet scale={scale}" + (f" only={','.join(only)}" if only else "")
        self.rows, self.memory = {}, 0.0
        self.name, self.begun = emulator[0], {}
        self.child = subprocess.Popen(
            [*emulator, "-M", "malta", "-cpu", "24Kf", "-m", str(RAM_MIB), "-kernel", guest.folder / "vmlinuz",
             "-initrd", guest.initrd(), "-append", append, "-display", "none", "-monitor", "none",
             "-serial", "stdio", "-net", "none", "-vga", "none", "-no-reboot"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        try:
            self._read()
        finally:
            os.kill(self.child.pid, signal.SIGKILL)
            self.child.wait()
            self.child.stdout.close()

    def _cpu(self):
        return time.clock_gettime((~self.child.pid << 3) | 2)      # clock_getcpuclockid(3)

    def _read(self):
        text, until = b"", time.monotonic() + LIMIT
        while time.monotonic() < until:
            if not select.select([self.child.stdout], [], [], 1)[0]:
                continue
            data = os.read(self.child.stdout.fileno(), 65536)
            now = self._cpu()
            *lines, text = (text + data).split(b"\n")
            if any([self._line(line.decode("latin1"), now) for line in lines]):
                return
            if not data:
                break
        raise Trouble(f"{self.name}: the guest did not finish; done: {' '.join(self.rows) or 'nothing'}; "
                      f"its console ends: {text[-150:].decode('latin1')}")

    def _line(self, line, now):
        """True at the last one."""
        found = re.search(r"@@(START|STOP|OUT|DONE)\s*(.*)", line)
        words = found[2].split() if found else []
        if not found:
            return False
        if found[1] == "START":
            self.begun[words[0]] = now
        elif found[1] == "STOP":
            self.rows[words[0]] = Row(now - self.begun[words[0]], int(words[1]))
        elif found[1] == "OUT":
            self.rows[words[0]].digest = words[1]
        else:
            self.memory = beyond_ram(self.child.pid)
        return found[1] == "DONE"


class Host:
    """The rows' work on the host: the C kernels' own build for it, the host's programs, and where it has
    none, the guest's binary in user-mode emulation."""

    def __init__(self, guest):
        self.guest, self.root = guest, guest.work / "root"
        self.tmp = guest.work / "tmp"
        self.env = {"PATH": f"{guest.work}/bin:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONHASHSEED": "0", "LC_ALL": "C"}
        self.tmp.mkdir(exist_ok=True)
        (guest.work / "bin").mkdir(exist_ok=True)
        shutil.copy(guest.folder / "kern.x86", guest.work / "bin/kern")
        data = subprocess.run([guest.work / "bin/kern", "gen", "2048"], capture_output=True, check=True).stdout
        for name, size in (("d2m", 2048), ("d512k", 512), ("d256k", 256), ("d128k", 128)):
            (self.tmp / name).write_bytes(data[:size << 10])
        with open(self.tmp / "d2m.gz", "wb") as out:
            subprocess.run(["gzip", "-1", "-c", self.tmp / "d2m"], stdout=out, check=True)

    def _unpack(self):
        if not self.root.exists():
            self.root.mkdir()
            with open(self.guest.initrd(), "rb") as archive:
                subprocess.run(["cpio", "-idm", "--quiet", "--no-absolute-filenames", "--nonmatching", "dev/*"],
                               stdin=archive, cwd=self.root, check=False)

    def _provide(self, program):
        """None, or why the program cannot be had; a wrapper where the host has none."""
        if shutil.which(program, path=self.env["PATH"]):
            return None
        user = shutil.which("qemu-mipsel") or shutil.which("qemu-mipsel-static")
        binary = next((path for path in (self.root / folder / program for folder in ("bin", "usr/bin"))
                       if path.exists()), None)
        if not user or not binary:
            return f"the host has neither {program} nor an emulator of programs for it"
        wrapper = self.guest.work / "bin" / program
        wrapper.write_text(f'#!/bin/sh\nexec {user} -L {self.root} {binary} "$@"\n')
        wrapper.chmod(0o755)
        return None

    def run(self, row, scale):
        """(Row, None), or (None, why not)."""
        self._unpack()
        command = self.guest.command(row, scale)
        command = command.replace("/tmp/", f"{self.tmp}/").replace("/bench/", f"{self.root}/bench/")
        command = re.sub(r"/(usr/)?bin/(\w+)", r"\2", command) if "/bench" not in command else command
        for program in re.findall(r"\b(kern|openssl|gzip|bzip2|xz|python3\.11|lua5\.4|perl|sqlite3)\b", command):
            problem = self._provide(program)
            if problem:
                return None, problem
        if " forkexec " in command:             # it executes /bin/ktrue, which only the guest has
            number = command.split()[-1]
            return Row(0, 0, digest_of(f"forkexec {number} sum=00000000\n".encode())), None
        before = cpu_of_children()
        done = subprocess.run(["sh", "-c", command], env=self.env, capture_output=True, timeout=LIMIT, check=False)
        cpu = cpu_of_children() - before
        output = done.stdout.replace(f"{self.tmp}/".encode(), b"/tmp/")     # names of files are printed too
        return Row(cpu, done.returncode, digest_of(output)), None
