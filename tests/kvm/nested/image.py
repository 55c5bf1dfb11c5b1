# SPDX-License-Identifier: GPL-2.0-or-later
"""What the emulated host gets: its initramfs with our programs for MIPS, and kernels."""
import gzip
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.join(ROOT, "tests", "boot"))
# pylint: disable=wrong-import-position
import guest
from console import Failure, Skip

PREFIX = "mipsel-linux-gnu-"
BUILD = os.path.join(ROOT, "build-mipsel")
LIBRARY_FOLDERS = ("lib/mipsel-linux-gnu", "usr/lib/mipsel-linux-gnu", "lib", "usr/lib")


def tool(name, *arguments):
    """What one of the cross compiler's programs prints."""
    try:
        done = subprocess.run([PREFIX + name, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Skip(f"{PREFIX}{name} is not installed (scripts/setup.sh cross)") from None
    if done.returncode:
        raise Failure(f"{PREFIX}{name}: {done.stderr.strip()[:400]}")
    return done.stdout


def read(path):
    with open(path, "rb") as file:
        return file.read()


def stripped(program, folder):
    out = os.path.join(folder, os.path.basename(program) + ".stripped")
    tool("strip", "-o", out, program)
    return read(out)


def library(sysroot, name):
    for folder in LIBRARY_FOLDERS:
        path = os.path.join(sysroot, folder, name)
        if os.path.exists(path):
            return path
    raise Failure(f"{sysroot} has no {name}")


def libraries(sysroot, programs):
    """Everything that the dynamic linker will look for, itself included, as (path, bytes)."""
    found, look_at = {}, list(programs)
    while look_at:
        dynamic = tool("readelf", "-ld", look_at.pop())
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]|interpreter: /lib/([^\]]*)\]", dynamic):
            name = name[0] or name[1]
            if name not in found:
                found[name] = library(sysroot, name)
                look_at.append(found[name])
    return [("lib/" + name, read(path)) for name, path in sorted(found.items())]


def sysroot_folder():
    cache = os.environ.get("VALLETTA_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "valletta")
    return os.path.join(cache, "sysroot-mipsel")


def kernel(name):
    """A ready one from the folder that VALLETTA_GUESTS names; else ours, built now (minutes, the
    first time); else a ready one beside the checkout."""
    ready = os.path.join(os.environ.get("VALLETTA_GUESTS", ""), "vmlinux-" + name)
    if "VALLETTA_GUESTS" in os.environ and os.path.exists(ready):
        return ready
    script = os.path.join(ROOT, "tests", "kvm", "kernel", "build.sh")
    pipe = subprocess.PIPE
    with subprocess.Popen([script, name], stdout=pipe, stderr=pipe, text=True) as process:
        last = ""
        for line in process.stderr:
            last = line.strip()
            print("# " + last, flush=True)
        path = process.stdout.read().strip()
    if process.returncode == 0:
        return path
    try:
        return guest.shared("vmlinux-" + name)
    except Skip as skip:
        raise Skip(f"{last}; and {skip}") from None


def plain_kernel(folder):
    """The smallest one that is linked in kseg0, and says so."""
    out = os.path.join(folder, "kseg0.elf")
    tool("gcc", "-nostdlib", "-static", "-march=mips32r2", "-mabi=32", "-mno-abicalls", "-fno-pic", "-Wl,-n",
         "-Wl,--build-id=none", "-Wl,-T," + os.path.join(HERE, "kseg0.ld"), os.path.join(HERE, "kseg0.S"),
         "-o", out)
    return out


# What a manager asks when it wants to know whether there is KVM.
QMP = b"".join(b'{"execute": "%s"}\n' % name for name in
               (b"qmp_capabilities", b"query-kvm", b"query-machines", b"query-status", b"quit"))


class Parts:
    """All that is the same in every initramfs, made once."""

    def __init__(self, folder):
        self.folder = folder
        init = os.path.join(folder, "nested-init")
        tool("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wno-missing-field-initializers",
             "-Werror", "-static", "-s",
             os.path.join(HERE, "init.c"), "-o", init)
        self.init = read(init)
        programs = {name: self.find(name) for name in ("valletta", "valletta-kvm-test")}
        self.has_test = programs["valletta-kvm-test"] is not None
        programs = {name: path for name, path in programs.items() if path}
        if "valletta" not in programs:
            raise Failure(f"{BUILD} has no valletta: make cross HOST=mipsel")
        self.files = [("bin/" + name, stripped(path, folder)) for name, path in programs.items()]
        self.files += libraries(sysroot_folder(), programs.values())
        self.files += [("boot/te-guest", read(kernel("te-guest"))),
                       ("boot/kseg0", read(plain_kernel(folder))),
                       ("boot/qmp", QMP),
                       ("boot/initrd", read(guest.initramfs("le32", folder)))]

    @staticmethod
    def find(name):
        for where in ("", "tests/kvm"):
            path = os.path.join(BUILD, where, name)
            if os.path.isfile(path):
                return path
        return None

    def initramfs(self, name, commands):
        """Path of the initramfs that runs these lines."""
        path = os.path.join(self.folder, f"initramfs-{name}.cpio.gz")
        files = [*self.files, ("commands", "".join(line + "\n" for line in commands).encode()),
                 ("seed", os.urandom(64))]
        with open(path, "wb") as out:
            out.write(gzip.compress(guest.cpio(self.init, files), 1, mtime=0))
        return path
