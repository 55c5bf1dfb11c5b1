#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""display.py VALLETTA [--peer qemu-system-mipsel] [--only REGEX] [--runs N]: what pictures cost.

A guest (display/redraw.c under Debian's kernel, which tests/disk/kernel.sh fetches) fills the screen anew for 10 s,
writes 2000 lines to the console, or rests for 30 s, on each kind of card; a VNC client takes each picture as soon as
it gets it, or nobody looks. Told are the guest's pictures or lines per second, those that the client got, and the CPU
time of the whole emulator, of each of the two in turn."""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("boot", "disk", "ui")]
import debian                           # noqa: E402
import rfb                              # noqa: E402

PATIENCE = 600
# Options of both, the modules of the guest, and what the peer needs, too.
CARDS = {"std": (["-device", "VGA"], ["bochs"], ",romfile="), "cirrus": (["-device", "cirrus-vga"], [], ",romfile="),
         "virtio": (["-device", "virtio-gpu-pci"], ["virtio_pci", "virtio_gpu"], "")}
# Work and whether somebody looks.
ROWS = [("redraw", True), ("redraw", False), ("scroll", True), ("scroll", False), ("rest", True), ("rest", False),
        ("blink", True), ("blink", False)]
TICKS = os.sysconf("SC_CLK_TCK")


class Watcher(rfb.Client):
    """Takes all that comes, counts it, and throws it away."""

    def __init__(self, path):
        super().__init__(0, path=path)
        self.sock.settimeout(None)
        self.taken, self.buffer = 0, memoryview(bytearray(1 << 20))
        threading.Thread(target=self.watch, daemon=True).start()

    def rectangle(self):
        x, y, w, h, encoding = rfb.struct.unpack(">HHHHi", self.read(12))
        del x, y
        if encoding == rfb.DESKTOP_SIZE:
            self.width, self.height = w, h
            return
        left = w * h * 4
        while left:
            got = self.sock.recv_into(self.buffer, min(left, len(self.buffer)))
            if not got:
                raise rfb.Refused("closed")
            left -= got
        self.taken += w * h / (self.width * self.height)

    def watch(self):
        try:
            self.request(incremental=False)
            while True:
                self.update()
                self.request()
        except (rfb.Refused, OSError):
            pass


def cpu(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def line(process, pattern):
    while text := process.stdout.readline():
        if found := re.search(pattern, text):
            return found
        if "FAIL" in text or "panic" in text:
            raise SystemExit("display: " + text.strip())
    raise SystemExit("display: the guest ended too soon")


def measure(program, peer, kernel, card, work, looked_at):
    """What was drawn and seen in a second, and CPU seconds."""
    options, modules, more = CARDS[card]
    socket = os.path.join(kernel.folder, "vnc")
    if os.path.exists(socket):
        os.unlink(socket)
    words = [program, "-M", "malta", "-m", "256", "-nodefaults", *(["-vga", "none"] if peer else []), "-kernel", kernel.path,
             "-initrd", kernel.initramfs("display-" + card, modules), "-append", f"console=ttyS0 quiet work={work}",
             "-serial", "stdio", "-monitor", "none", "-display", "none", "-no-reboot", options[0],
             options[1] + (more if peer else ""), "-vnc", "unix:" + socket]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace",
                               stderr=subprocess.STDOUT)
    guard = threading.Timer(PATIENCE, process.kill)
    guard.start()
    try:
        while not os.path.exists(socket):
            time.sleep(0.05)
        watcher = Watcher(socket) if looked_at else None
        bits = int(line(process, r"BEGIN (\d+)")[1])
        before, taken = cpu(process), watcher.taken if watcher else 0
        done = line(process, r"END (\d+) ([\d.]+)")
        used, seconds = cpu(process) - before, float(done[2])
        seen = (watcher.taken - taken) / seconds if watcher else 0
        process.wait(60)
    finally:
        guard.cancel()
        process.kill()
        process.wait()
    return int(done[1]) / seconds, seen, used, bits, used / int(done[1]) if int(done[1]) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("valletta")
    parser.add_argument("--peer")
    parser.add_argument("--only", default="")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    programs = [(os.path.abspath(options.valletta), False)] + ([(options.peer, True)] if options.peer else [])
    print("| what | emulator | drawn/s | seen/s | CPU s | CPU ms for each |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="valletta-display-") as folder:
        kernel = debian.Kernel(False, folder, HERE + "/display/redraw.c")
        for card in CARDS:
            for work, looked_at in ROWS:
                name = f"{work} {card} {'seen' if looked_at else 'unseen'}"
                if not re.search(options.only, name):
                    continue
                found = {program: [] for program, _ in programs}
                for _ in range(options.runs):
                    for program, peer in programs:
                        found[program].append(measure(program, peer, kernel, card, work, looked_at))
                for program, _ in programs:
                    drawn, seen, used, bits, each = (statistics.median(v) for v in zip(*found[program]))
                    print(f"| {name}{f', {bits} bits' if bits else ''} | {os.path.basename(program)} | {drawn:.1f} | {seen:.1f} | "
                          f"{used:.2f} | {1000 * each:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
