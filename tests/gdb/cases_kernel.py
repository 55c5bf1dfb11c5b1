# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb on Linux kernels with symbols: those that tests/boot/kernel/build.sh has made and kept."""
import glob
import gzip
import os
import subprocess
import sys
import threading

from rsp import TIMEOUT

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "boot"))
import guest                            # noqa: E402

LOCK, MADE = threading.Lock(), set()


def kept(target):
    """(kernel, the file with its symbols), or None where it was not made yet."""
    cache = os.environ.get("VALLETTA_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "valletta")
    found = sorted(glob.glob(os.path.join(cache, f"kernel-{target}-*", "vmlinux.debug")))
    return (os.path.join(os.path.dirname(found[-1]), "vmlinux"), found[-1]) if found else None


def initrd(target, folder):
    """An archive with guest/fault.c for its init; engines of one target may make it at once."""
    path = os.path.join(folder, f"fault-{target}.gz")
    with LOCK:
        if path not in MADE:
            program = os.path.join(folder, "fault-" + target)
            subprocess.run([guest.COMPILERS[target], "-O2", "-Wall", "-Werror", "-static", "-s",
                            HERE + "/guest/fault.c", "-o", program], check=True)
            with open(program, "rb") as init, open(path, "wb") as out:
                out.write(gzip.compress(guest.cpio(init.read()), 9, mtime=0))
            MADE.add(path)
    return path


def session(start, symbols, folder):
    """The script's session; then Linux runs on without gdb to the end of its init."""
    with start("-append", "console=ttyS0", "-initrd", initrd(start.target, folder), "-no-reboot", "-serial",
                "chardev:console", "-chardev", "file,id=console,path=" + start.console) as m:
        p = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", HERE + "/kernel_script.py", symbols],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=240, env={**os.environ, "REMOTE": m.gdb}, check=False)
        assert p.stdout.rstrip().endswith("SESSION-OK") and p.returncode == 0, p.stdout[-2000:]
        m.process.wait(4 * TIMEOUT)
        with open(start.console, encoding="latin-1") as file:
            text = file.read()
        assert "GUEST-UP" in text and "Restarting system" in text, text[-500:]
