# SPDX-License-Identifier: GPL-2.0-or-later
"""What the domains boot: a kernel for each target with an init that acts on the power button, and
firmware that does nothing at all."""
import glob
import gzip
import os
import shutil
import struct
import subprocess

import guest
from console import Failure, Skip

HERE = os.path.dirname(os.path.realpath(__file__))
# The target of each architecture's programs, and where its kernel is from.
ARCHES = {"mipsel": ("le32", "mipsel"), "mips64el": ("le32", "mips64el"), "mips": ("be32", "be32"),
          "mips64": ("be32", "be64")}


def kept(name):
    """A kernel that tests/boot/kernel/build.sh has made; it takes long, so it is not made for this."""
    cache = os.environ.get("VALLETTA_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "valletta")
    # Those with a file for gdb beside them have /dev/mem too.
    found = sorted(glob.glob(os.path.join(cache, f"kernel-{name}-*", "vmlinux.debug")))
    if not found:
        raise Skip(f"no {name} kernel is kept yet: tests/boot/kernel/build.sh {name} makes it")
    return os.path.join(os.path.dirname(found[-1]), "vmlinux")


class Guests:
    """Files in a folder that everybody may read."""

    def __init__(self, folder):
        self.folder = folder
        self.firmware = os.path.join(folder, "loop.bin")
        with open(self.firmware, "wb") as out:
            out.write(struct.pack("<II", 0x1000FFFF, 0) * 512)      # b . ; nop
        os.chmod(self.firmware, 0o644)

    def copied(self, path, name):
        """A copy of it for a domain."""
        copy = os.path.join(self.folder, name)
        if not os.path.exists(copy):
            shutil.copyfile(path, copy)
            os.chmod(copy, 0o644)
        return copy

    def kernel(self, arch):
        where = ARCHES[arch][1]
        path = kept(where) if where.startswith("be") else guest.debian(where, "vmlinuz-*")
        return self.copied(path, "vmlinux-" + arch)

    def quickest(self):
        """The architecture whose kernel boots soonest, of those that are there."""
        try:
            self.kernel("mips")
            return "mips"
        except Skip:
            return "mipsel"

    def initrd(self, arch):
        target = ARCHES[arch][0]
        compiler, path = guest.COMPILERS[target], os.path.join(self.folder, f"initrd-{target}.gz")
        if os.path.exists(path):
            return path
        if not shutil.which(compiler):
            raise Skip(f"{compiler} is not installed (scripts/setup.sh test)")
        program = os.path.join(self.folder, "init-" + target)
        done = subprocess.run([compiler, "-std=gnu11", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-O2", "-Wall",
                               "-Wextra", "-Werror", "-static", "-s", HERE + "/guest/init.c", "-o", program],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f"the guest's init does not build: {done.stderr.strip()}")
        with open(program, "rb") as init, open(path, "wb") as out:
            out.write(gzip.compress(guest.cpio(init.read()), 9, mtime=0))
        os.chmod(path, 0o644)
        return path
