# SPDX-License-Identifier: GPL-2.0-or-later
"""The forms a kernel comes in besides ELF: uImage, compressed or not, and raw binary. (The
self-extracting ELF is what Debian's installers have.)"""
import os
import guest
from cases_linux import Boot, built


class Uimage(Boot):
    def __init__(self, name, kernel, target, compressed, **more):
        super().__init__(name, kernel, target, append="mode=off", ending=ended, **more)
        self.compressed = compressed

    def start(self, context, kernel=None):
        out = os.path.join(context.folder, self.name + ".uImage")
        return super().start(context, guest.uimage(self.kernel(), out, self.compressed))


class Raw(Boot):
    def start(self, context, kernel=None):
        out = os.path.join(context.folder, self.name + ".bin")
        return super().start(context, guest.raw_image(self.kernel(), out))


def ended(console):
    console.wait_for("Power down", 10)
    console.expect_end()


BIG = ("-machine", "endian=big")

CASES = [
    Uimage("form-uimage-none", built("be32"), "be32", False, options=BIG, seconds=6),
    Uimage("form-uimage-gzip", built("be64"), "be64", True, options=BIG, seconds=8, cpu="MIPS64R2-generic"),
    Raw("form-raw", built("be32"), "be32", options=BIG, seconds=6, append="mode=off", ending=ended),
]
