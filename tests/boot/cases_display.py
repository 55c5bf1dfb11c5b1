# SPDX-License-Identifier: GPL-2.0-or-later
"""The console on a graphics card: what the kernel writes is read from pictures of the screen."""
import gzip
import os
import threading
import time

import guest
from console import Console, Failure

# Forty lines that scroll away, then every character that can be seen, twice and in two orders.
INIT = """#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
for module in $(cat /modules/order 2>/dev/null); do insmod /modules/$module; done
sleep 1
echo "CARD $(cat /proc/fb)"
printf '\\033[2J\\033[H\\033[?25l\\033[0m' >/dev/tty1
cat /page >/dev/tty1
echo PAGE
read line
printf '\\033[31mr\\033[32;44mg\\033[0m' >/dev/tty1
echo COLOURS
read line
poweroff -f
"""
CHARACTERS = "".join(chr(c) for c in range(33, 127))
LINES = [f"{n} " + "scrolls away " * 4 for n in range(40)] + \
    [CHARACTERS[:60], CHARACTERS[60:], CHARACTERS[::-1][:70], CHARACTERS[::-1][70:], "  the last line  "]
WIDTH, HEIGHT = 8, 16       # of a character in the kernel's font
GREY, RED, GREEN, BLUE = (170,) * 3, (170, 0, 0), (0, 170, 0), (0, 0, 170)


class Picture:
    """A binary PPM."""

    def __init__(self, path):
        with open(path, "rb") as file:
            kind, size, _, self.data = file.read().split(b"\n", 3)
        self.width, self.height = map(int, size.split())
        if kind != b"P6" or len(self.data) != self.width * self.height * 3:
            raise Failure(f"{path} is no picture of {size}")

    def dot(self, x, y):
        at = 3 * (y * self.width + x)
        return tuple(self.data[at:at + 3])

    def cell(self, column, row):
        """Its dots, line by line."""
        return tuple(self.dot(column * WIDTH + x, row * HEIGHT + y) for y in range(HEIGHT) for x in range(WIDTH))


def initramfs(context, name, modules):
    path = os.path.join(context.folder, f"initramfs-display-{name}-{threading.get_ident()}.gz")
    with open(guest.debian("mipsel", "initrd.gz"), "rb") as file:
        base = file.read()
    page = "".join(line.rstrip() + "\n" for line in LINES)
    files = [("page", page.encode())]
    if modules:
        files.append(("modules/order", " ".join(name for name, _ in modules).encode()))
        files += [("modules/" + name, data) for name, data in modules]
    with open(path, "wb") as out:
        out.write(base + b"\0" * (-len(base) % 4) + gzip.compress(guest.cpio(INIT.encode(), files), 1, mtime=0))
    return path


def check_page(picture):
    """Each character has one shape wherever it is, no two have the same one, and a blank is one."""
    blank = ((0, 0, 0),) * (WIDTH * HEIGHT)
    shapes = {" ": blank}
    rows, columns = picture.height // HEIGHT, picture.width // WIDTH
    shown = (LINES + [""])[-rows:] if len(LINES) >= rows else LINES + [""] * (rows - len(LINES))
    for row, line in enumerate(shown):
        for column, character in enumerate(line.rstrip().ljust(columns)):
            shape = picture.cell(column, row)
            if shapes.setdefault(character, shape) != shape:
                raise Failure(f"line {row}, column {column}: no '{character}', or another one than before")
    if len(set(shapes.values())) != len(shapes) or not set(CHARACTERS) < set(shapes):
        raise Failure("two characters look the same")
    colours = {dot for shape in shapes.values() for dot in shape}
    if colours != {(0, 0, 0), GREY}:
        raise Failure(f"the page has these colours: {sorted(colours)}")
    # The font itself: what leans to which side, and what is at the bottom.
    lit = {c: [n for n, dot in enumerate(shapes[c]) if dot != (0, 0, 0)] for c in "/\\_L"}
    top, bottom = lit["/"][0] % WIDTH, lit["/"][-1] % WIDTH
    if not (top > bottom and lit["\\"][0] % WIDTH < lit["\\"][-1] % WIDTH):
        raise Failure("the slashes lean to the wrong side")
    if min(lit["_"]) // WIDTH < HEIGHT // 2 or max(n % WIDTH for n in lit["L"][:4]) > WIDTH // 2:
        raise Failure("the font is upside down or mirrored")
    return shapes


def check_colours(picture, shapes):
    """The two letters behind the page: red on black, green on blue."""
    row = min(len(LINES), picture.height // HEIGHT - 1)
    for column, (letter, fore, back) in enumerate((("r", RED, (0, 0, 0)), ("g", GREEN, BLUE))):
        wanted = tuple(back if dot == (0, 0, 0) else fore for dot in shapes[letter])
        if picture.cell(column, row) != wanted:
            raise Failure(f"the letter {letter} is not there in its colours")


class Screen:
    """Debian's kernel with its console on a card, its driver built in or from modules."""

    def __init__(self, name, card, driver, size, modules=None):
        self.name, self.card, self.driver, self.size, self.modules = name, card, driver, size, modules
        self.seconds = 15

    def picture(self, console, path):
        console.type("\x01c")
        console.wait_for("(valletta) ", 10)
        console.say(f"screendump {path}")
        console.wait_for("(valletta) ", 10)
        console.type("\x01c")
        picture = Picture(path)
        if (picture.width, picture.height) != self.size:
            raise Failure(f"the screen has {picture.width}x{picture.height} dots")
        return picture

    def shows(self, console, path, check):
        """What check(picture) returns; drivers draw some time after the console was written to."""
        for _ in range(10):
            try:
                return check(self.picture(console, path))
            except Failure:
                time.sleep(0.5)
        return check(self.picture(console, path))

    def run(self, context):
        kernel, modules = guest.debian("mipsel", "vmlinuz-*"), None
        if self.modules:
            kernel, modules = guest.packaged_kernel(*self.modules)
        command = [context.valletta, "-M", "malta", "-m", "256", "-kernel", kernel, "-initrd",
                   initramfs(context, self.name, modules), "-append", "console=tty0 console=ttyS0 quiet",
                   "-nographic", "-nic", "none", *self.card]
        console = Console(self.name, command, context.folder)
        path = os.path.join(context.folder, self.name)
        try:
            console.wait_for(f"CARD 0 {self.driver}", 60)
            console.wait_for("PAGE", 20)
            shapes = self.shows(console, path + "-page.ppm", check_page)
            console.say("on")
            console.wait_for("COLOURS", 20)
            self.shows(console, path + "-colours.ppm", lambda picture: check_colours(picture, shapes))
            console.say("off")
            console.wait_for("reboot: Power down", 20)
            console.expect_end()
        finally:
            console.close()


CASES = [
    Screen("display-cirrus", (), "CL Picasso4", (640, 480)),
    Screen("display-std", ("-vga", "std"), "bochs-drm", (1280, 800), modules=("bochs",)),
    Screen("display-virtio", ("-vga", "none", "-device", "virtio-gpu-pci"), "virtio_gpudrmfb", (1280, 800),
           modules=("virtio_pci", "virtio_gpu")),
]
