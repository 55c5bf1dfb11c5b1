# SPDX-License-Identifier: GPL-2.0-or-later
"""Real kernels that cannot be booted as asked: one line on standard error that names the
option and the file, exit 1. (What needs no kernel is in the option parser's unit test.)"""
import os
import struct
import subprocess
import guest
from console import Failure


class Refused:
    def __init__(self, name, make, *wanted):
        self.name, self.make, self.wanted, self.seconds = "refused-" + name, make, wanted, 0

    def run(self, context):
        command = self.make(context)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100,
                              check=False)
        who = os.path.basename(command[0])
        text = f"{' '.join(command)}: status {done.returncode}, '{done.stdout}', '{done.stderr.strip()}'"
        if done.returncode != 1 or done.stdout or done.stderr.count("\n") != 1:
            raise Failure("not one line and status 1: " + text)
        if not done.stderr.startswith(("valletta: ", who + ": ")):
            raise Failure("does not name the program: " + text)
        for part in self.wanted:
            if part not in done.stderr:
                raise Failure(f"no '{part}' in: " + text)


def kernel32():
    return guest.debian("mipsel", "vmlinuz-*")


def r6_kernel(context):
    """The same kernel, its header saying that it is built for Release 6."""
    path = os.path.join(context.folder, "kernel-r6")
    with open(kernel32(), "rb") as file:
        data = bytearray(file.read())
    struct.pack_into("<I", data, 36, struct.unpack_from("<I", data, 36)[0] & 0x0fffffff | 0x90000000)
    with open(path, "wb") as file:
        file.write(data)
    return [context.valletta, "-kernel", path]


def big_initrd(context):
    path = os.path.join(context.folder, "initrd-300M")
    with open(path, "wb") as file:
        file.truncate(300 << 20)
    return [context.valletta, "-m", "1G", "-kernel", kernel32(), "-initrd", path]


def text_file(context):
    path = os.path.join(context.folder, "text")
    with open(path, "w", encoding="ascii") as file:
        file.write("Not a kernel at all.\n" * 100)
    return [context.valletta, "-kernel", path]


def as_mips(context):
    link = os.path.join(context.folder, "qemu-system-mips")
    if not os.path.islink(link):
        os.symlink(context.valletta, link)
    return [link, "-kernel", kernel32()]


def with_initrd(*options):
    return lambda c: [c.valletta, "-kernel", kernel32(), "-initrd", guest.debian("mipsel", "initrd.gz"), *options]


CASES = [
    Refused("text-file", text_file, "-kernel", "/text", "neither an ELF"),
    Refused("other-machine", lambda c: [c.valletta, "-kernel", "/bin/ls"], "-kernel /bin/ls", "not for MIPS"),
    Refused("r6", r6_kernel, "-kernel", "kernel-r6", "R6"),
    Refused("r2-kernel-on-r1", lambda c: [c.valletta, "-cpu", "4Kc", "-kernel", kernel32()], "-kernel", "4Kc",
            "MIPS32R2"),
    Refused("64-bit-on-24Kf", lambda c: [c.valletta, "-cpu", "24Kf", "-kernel", guest.debian("mips64el", "vmlinuz-*")],
            "-kernel", "64-bit", "24Kf"),
    Refused("kernel-too-large", lambda c: [c.valletta, "-m", "8", "-kernel", kernel32()], "-kernel", "does not fit",
            "-m "),
    Refused("initrd-too-large-for-m", with_initrd("-m", "32"), "-initrd", "initrd.gz", "-m "),
    Refused("initrd-too-large", big_initrd, "-initrd", "initrd-300M", "256 MiB"),
    Refused("too-much-ram", lambda c: [c.valletta, "-m", "4096", "-kernel", kernel32()], "-m 4096", "2G"),
    Refused("byte-order-of-name", as_mips, "-kernel", "little-endian"),
]
