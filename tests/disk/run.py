#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA [--runs N] [--bus BUS] [--seed N] [--fetch]: power cuts.

A guest writes records to its disk and makes some of them safe; the emulator is killed (SIGKILL) in the middle.
Then the image is consistent (qemu-img check) and has every record that was said to be safe. The next run goes
on with the same image. On each bus, on raw and qcow2 images. Without --fetch it skips where the guest's kernel
(kernel.sh) was not fetched before. TAP on standard output."""
import argparse
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

from debian import HERE, Kernel, Skip

SLOWNESS = float(os.environ.get("VALLETTA_TEST_SLOWNESS", "1"))
BLOCK, MOST = 4096, 16
SIZE = 96 << 20
MODULES = {"virtio": ["virtio_pci", "virtio_blk"], "ide": ["ata_piix"], "usb": ["usbcore", "uhci_hcd", "usb_storage"]}


def drive(bus, image, kind):
    """The options for a disk on that bus."""
    if bus == "usb":
        return ["-drive", f"file={image},format={kind},if=none,id=disk", "-device", "usb-storage,drive=disk"]
    return ["-drive", f"file={image},format={kind},if={bus}"]


def mix(x):
    x ^= x >> 16
    x = x * 0x7feb352d & 0xffffffff
    x ^= x >> 15
    x = x * 0x846ca68b & 0xffffffff
    return x ^ x >> 16


def record(n, seed):
    """What init.c writes."""
    blocks = 1 + mix(seed ^ n) % MOST
    base = n * 0x9e3779b9 + seed
    words = [n, blocks] + [mix(base + i & 0xffffffff) for i in range(2, blocks * BLOCK // 4)]
    return struct.pack(f"<{len(words)}I", *words)


class Cut:
    """One image that survives many cuts."""

    def __init__(self, valletta, kernel, bus, kind, rng):
        self.valletta, self.kernel, self.bus, self.kind, self.rng = valletta, kernel, bus, kind, rng
        self.image = os.path.join(kernel.folder, f"{bus}.{kind}")
        self.seed, self.next, self.safe = rng.getrandbits(30), 0, -1
        options = ["-o", "cluster_size=64k"] if kind == "qcow2" else []
        subprocess.run(["qemu-img", "create", "-q", "-f", kind, *options, self.image, str(SIZE)], check=True)

    def run(self):
        """Boots, lets it write for a moment, kills it; returns the last record that was safe."""
        line = f"console=ttyS0 quiet disk=records:{self.seed}:{self.next}"
        process = subprocess.Popen(
            [self.valletta, "-M", "malta", "-kernel", self.kernel.path, "-initrd", self.kernel.initramfs(self.bus, MODULES[self.bus]),
             "-append", line, "-nodefaults", "-display", "none", "-serial", "stdio", "-monitor", "none",
             *drive(self.bus, self.image, self.kind)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text, end = b"", None
        start = time.monotonic()
        os.set_blocking(process.stdout.fileno(), False)
        try:
            while end is None or time.monotonic() < end:
                part = process.stdout.read()
                text += part or b""
                if part is None:
                    time.sleep(0.002)
                if end is None and b"BEGIN" in text:
                    end = time.monotonic() + self.rng.uniform(0.02, 1.5)
                assert process.poll() is None and b"FAIL" not in text, text[-800:].decode("utf-8", "replace")
                assert time.monotonic() < start + 120 * SLOWNESS, "no BEGIN: " + text[-800:].decode("utf-8", "replace")
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        text += process.stdout.read() or b""
        process.stdout.close()
        said = [int(n) for n in re.findall(rb"SAFE (\d+)\r?\n", text)]
        self.safe = max([self.safe, *said])
        return len(said)

    def check(self):
        """A later record may lie in a safe one's place; it must be whole or none of it is looked at."""
        if self.kind == "qcow2":
            done = subprocess.run(["qemu-img", "check", self.image], capture_output=True, text=True, check=False)
            # Status 3: clusters that nobody uses are lost until the next repair; nothing else may be wrong.
            assert done.returncode in (0, 3), done.stdout + done.stderr
        raw = self.image + ".out"
        subprocess.run(["qemu-img", "convert", "-U", "-f", self.kind, "-O", "raw", self.image, raw], check=True)
        slots = SIZE // (MOST * BLOCK)
        with open(raw, "rb") as disk:
            for n in range(max(0, self.safe - slots + 1), self.safe + 1):
                disk.seek(n % slots * MOST * BLOCK)
                wanted = record(n, self.seed)
                found = disk.read(len(wanted))
                later = struct.unpack_from("<I", found)[0]
                overwritten = later != n and later % slots == n % slots and later > self.safe
                mixed = later == n and found != wanted
                assert overwritten or found == wanted, \
                    f"record {n} of {self.safe} that are safe is {'damaged' if mixed else 'not there'}"
        os.unlink(raw)
        self.next = self.safe + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("valletta")
    parser.add_argument("--runs", type=int, help="of each kind; else 2, and 1 on USB, which begins slowly")
    parser.add_argument("--bus", choices=MODULES, action="append")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--fetch", action="store_true")
    options = parser.parse_args()
    if not shutil.which("qemu-img"):
        print("1..0 # SKIP qemu-img is not installed (scripts/setup.sh test)")
        return 0
    with tempfile.TemporaryDirectory(prefix="valletta-disk-") as folder:
        try:
            kernel = Kernel(options.fetch, folder, HERE + "/init.c")
        except Skip as reason:
            print(f"1..0 # SKIP {reason}")
            return 0
        pairs = [(bus, kind) for bus in options.bus or MODULES for kind in ("raw", "qcow2")]
        print(f"1..{len(pairs)}\n# --seed {options.seed}", flush=True)
        failures = 0
        for number, (bus, kind) in enumerate(pairs, 1):
            try:
                cut = Cut(os.path.abspath(options.valletta), kernel, bus, kind, random.Random(f"{options.seed}{bus}{kind}"))
                safe, runs = 0, options.runs or (1 if bus == "usb" else 2)
                for _ in range(runs):
                    safe += cut.run()
                    cut.check()
                print(f"ok {number} - {bus} {kind}: {runs} cuts, {safe} moments of safety", flush=True)
            except Exception:
                failures += 1
                print(f"not ok {number} - {bus} {kind}\n# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
