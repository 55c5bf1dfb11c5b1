#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""keymaps.py VALLETTA WORK: text that VNC clients type is the text that Linux reads, in three layouts. TAP.

The guest is Debian's installer: its own kernel, keymaps and loadkeys."""
import gzip
import os
import pathlib
import string
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "boot"))
import guest                            # noqa: E402
from console import SLOWNESS, Console, Skip     # noqa: E402
from rfb import Client                  # noqa: E402

VALLETTA, WORK = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
SHIFT, ALTGR = 0xffe1, 0xfe03
UNICODE = 0x01000000
EURO = 0x20ac
BURST = 8
INIT = """#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
exec 3</dev/tty1                        # once closed, it forgets how it was set
kbd_mode -u <&3
loadkeys </keys >/dev/null
busybox stty raw -echo <&3
busybox stty raw
echo READY
exec busybox cat <&3
"""
FILES = ["bin/busybox", "bin/kbd_mode", "bin/loadkeys", "lib/mipsel-linux-gnu/ld.so.1", "lib/mipsel-linux-gnu/libc.so.6"]
KEYMAPS = "usr/share/console-setup/pc105.ekmap.gz"
ASCII = "".join(chr(c) for c in range(33, 127))
# What a US keyboard has with Shift.
SHIFTED = set(string.ascii_uppercase + '~!@#$%^&*()_+{}|:"<>?')


def unpack():
    """Those of the installer's files that are needed."""
    with open(guest.debian("mipsel", "initrd.gz"), "rb") as file:
        subprocess.run(["cpio", "-idmu", "--quiet", *FILES, KEYMAPS], input=gzip.decompress(file.read()), cwd=WORK, check=True)


def keymap(name):
    """A layout and variant as Debian's console has it: lines of their own behind those of what they build on."""
    with gzip.open(WORK / KEYMAPS, "rt", encoding="ascii") as file:
        lines = [line[len(name) + 2:].rstrip("\n") for line in file if line.startswith(name + "::")]
    return "".join(keymap(line.split()[1]) if line.startswith("#include") else line + "\n" for line in lines)


def initramfs(keys):
    files = [(path.replace("lib/mipsel-linux-gnu/", "lib/"), (WORK / path).read_bytes()) for path in FILES]
    files.append(("keys", f"keymaps 0-4,6,8,10,12,14\n{keys}strings as usual\n".encode()))
    path = WORK / "initramfs.gz"
    path.write_bytes(gzip.compress(guest.cpio(INIT.encode(), files), 1, mtime=0))
    return str(path)


class Typist:
    """One machine with its layout loaded, a client that types, and what Linux has read."""

    def __init__(self, layout, keys):
        self.console = Console("keymap-" + layout, [
            VALLETTA, "-M", "malta", "-m", "128", "-k", layout, "-kernel", guest.debian("mipsel", "vmlinuz-*"), "-initrd",
            initramfs(keys), "-append", "console=ttyS0 quiet", "-nodefaults", "-serial", "stdio",
            "-vga", "cirrus", "-vnc", f"unix:{WORK}/vnc-{layout}", "-display", "none"], str(WORK))
        try:
            self.console.wait_for("READY\n", 60)
            self.client = Client(0, path=f"{WORK}/vnc-{layout}")
        except Exception:
            self.console.close()
            raise

    def key(self, keysym, *held):
        """Pressed and released, with what a client holds meanwhile."""
        for modifier in held:
            self.client.key(modifier, True)
        self.client.key(keysym, True)
        self.client.key(keysym, False)
        for modifier in reversed(held):
            self.client.key(modifier, False)

    def read(self, least):
        """All that Linux has read: at least so many characters, if it has that many."""
        end = time.monotonic() + 2 * SLOWNESS
        while True:
            got = self.console.text[self.console.mark:].encode("latin-1").decode("utf-8", "ignore")
            if len(got) >= least or time.monotonic() > end:
                return got
            self.console.read_some(0.1)

    def type(self, what, text, press, read=None):
        """press(character) for each of text; Linux reads the same, or what read says."""
        got, wanted = "", text if read is None else read
        for at in range(0, len(text), BURST):       # a keyboard keeps few bytes until they are fetched
            for character in text[at:at + BURST]:
                press(character)
            got = self.read(min(at + BURST, len(wanted)))
        self.console.mark = len(self.console.text)
        if got != wanted:
            raise AssertionError(f"{what}: Linux read {got!r} and not {wanted!r}")


def keysym(character):
    return EURO if character == "€" else ord(character)


def type_all(t, own, altgr, two_keys, absent):
    """own: characters that have a key; altgr: those of them that clients with this layout make with AltGr."""
    text = ASCII + own
    t.type("without modifiers", text, lambda c: t.key(keysym(c)))
    t.type("by a client with a US keyboard", text, lambda c: t.key(keysym(c), *((SHIFT,) if c in SHIFTED else ())))
    t.type("with AltGr", altgr, lambda c: t.key(keysym(c), ALTGR))
    t.type("by code points", text, lambda c: t.key(UNICODE | ord(c)))
    t.type("by a mark and a letter", "a" + two_keys + "b", lambda c: t.key(keysym(c)))
    t.type("what is on no key", "a" + absent + "b", lambda c: t.key(keysym(c)), read="ab")


# Debian's console calls French what X calls French (Latin 9); these keys are as on most keyboards.
FRENCH = "altgr keycode 3 = asciitilde\naltgr keycode 8 = grave\nplain keycode 41 = U+00b2\n"
CASES = {
    "de": (("de:", ""), "äöüÄÖÜß€§°²³µ", "@{}[]|\\~€µ²³", "éèêÉÀâ^`", "яñ"),
    "fr": (("fr:latin9", FRENCH), "éèçàù€²§µ", "@{}[]|\\~€#`^", "äëïöüÄÖÜâêî", "яñ"),
    "en-us": (("us:", ""), "", "", "", "äߥ€çя"),
}


def run(layout, keys, *texts):
    typist = Typist(layout, keymap(keys[0]) + keys[1])
    try:
        type_all(typist, *texts)
    finally:
        typist.console.close()


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        unpack()
    except Skip as skip:
        print(f"1..0 # SKIP {skip}")
        return 0
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    for number, (layout, about) in enumerate(CASES.items(), 1):
        start = time.monotonic()
        try:
            run(layout, *about)
            print(f"ok {number} - {layout} # {time.monotonic() - start:.1f} s", flush=True)
        except Exception:               # pylint: disable=broad-except
            failed += 1
            print(f"not ok {number} - {layout}\n# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


sys.exit(main())
