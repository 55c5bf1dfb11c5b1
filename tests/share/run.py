#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA [--fetch]: Linux in a guest works in a shared folder (init.c), and the host looks at what came of it.

With the security models (passthrough is none with errors); the folder has files that were there before. Without --fetch it
skips where the guest's kernel (tests/disk/kernel.sh) was not fetched before. TAP on standard output."""
import argparse
import os
import random
import re
import stat
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "disk"))
from debian import Kernel, Skip         # noqa: E402

SLOWNESS = float(os.environ.get("VALLETTA_TEST_SLOWNESS", "1"))
TESTS = ["tree", "names", "owners", "many", "open", "xattrs", "locks", "big", "parallel", "killed"]
MODELS = ["mapped-xattr", "mapped-file", "none"]
MODULES = ["virtio_pci", "9pnet_virtio", "9p"]


def make_tree(folder, rng):
    """What is there before the guest comes."""
    os.makedirs(folder + "/deep/er/still")
    for name, size in (("empty", 0), ("small", 5), ("large", 3 << 20), ("deep/a", 4096), ("deep/er/still/b", 70000)):
        with open(f"{folder}/{name}", "wb") as out:
            out.write(rng.randbytes(size))
        os.utime(f"{folder}/{name}", (1e9, rng.randrange(10 ** 9)))
    os.chmod(folder + "/small", 0o444)
    os.chmod(folder + "/deep/a", 0o755)
    os.symlink("deep/er", folder + "/link")
    os.symlink("/etc/passwd", folder + "/absolute")


class Seen:
    """A file of the share as a guest has it, by what its model keeps at the host."""

    def __init__(self, path, model):
        st = os.lstat(path)
        self.mode, self.uid, self.gid, self.mtime, self.path = st.st_mode, st.st_uid, st.st_gid, int(st.st_mtime), path
        kept = {}
        if model == "mapped-xattr":
            for key in os.listxattr(path, follow_symlinks=False):
                if key.startswith("user.virtfs."):
                    kept[key[12:]] = int.from_bytes(os.getxattr(path, key), "little")
        elif model == "mapped-file":
            text = os.path.join(os.path.dirname(path), ".virtfs_metadata", os.path.basename(path))
            if os.path.exists(text):
                with open(text, encoding="ascii") as file:
                    kept = {key: int(value) for key, value in re.findall(r"virtfs\.(\w+)=(\d+)", file.read())}
        self.mode, self.uid, self.gid = kept.get("mode", self.mode), kept.get("uid", self.uid), kept.get("gid", self.gid)

    def content(self):
        if stat.S_ISLNK(self.mode):
            if os.path.islink(self.path):
                return os.readlink(self.path).encode()
        if stat.S_ISDIR(self.mode):
            return sorted(name for name in os.listdir(self.path) if not name.startswith(".virtfs"))
        with open(self.path, "rb") as file:
            return file.read()


def compare(a, b, model):
    """Two trees of the share."""
    count = 0
    for parent, folders, names in os.walk(a):
        folders[:] = [name for name in folders if not name.startswith(".virtfs")]
        for name in ["", *folders, *names]:
            one = os.path.join(parent, name) if name else parent
            other = Seen(b + one[len(a):], model)
            one = Seen(one, model)
            assert (one.mode, one.content()) == (other.mode, other.content()), f"{one.path}: {one.mode:o} {other.mode:o}"
            assert (one.uid, one.gid, one.mtime) == (other.uid, other.gid, other.mtime), \
                f"{one.path}: {one.uid} {one.gid} {one.mtime}, {other.uid} {other.gid} {other.mtime}"
            count += 1
    assert count > 10, count


def boot(valletta, kernel, share, model, *more):
    """The console's text, of a guest that has worked in the folder."""
    process = subprocess.Popen(
        [valletta, "-M", "malta", "-kernel", kernel.path, "-initrd", kernel.initramfs("share", MODULES),
         "-append", "console=ttyS0 quiet", "-nodefaults", "-display", "none", "-serial", "stdio", "-monitor", "none",
         "-no-reboot", *more, "-virtfs", f"local,path={share},mount_tag=share,security_model={model}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        text = process.communicate(timeout=300 * SLOWNESS)[0].decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        process.kill()
        text = process.communicate()[0].decode("utf-8", "replace")
        raise AssertionError("no end: " + text[-800:]) from None
    assert "FAIL" not in text and "DONE" in text, text[-1500:]
    for name in TESTS:
        assert f"OK {name}" in text, text[-1500:]
    assert not re.search(r"Oops|BUG|WARNING:|Call Trace", text), text[-1500:]
    return text


def check(valletta, kernel, model, folder):
    share = os.path.join(folder, model)
    make_tree(share + "/in", random.Random(model))
    # The program may do all that it does in its sandbox.
    text = boot(valletta, kernel, share, model, "-sandbox",
                "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
    compare(share + "/in", share + "/out", model)
    compare(share + "/in", share + "/again", model)
    with open(share + "/big", "rb") as big:
        assert f"SUM {zlib.crc32(big.read()):08x}" in text
    hard, link = Seen(share + "/n/hard", model), Seen(share + "/n/link", model)
    assert hard.mode == 0o100604 and hard.content() == b"other", oct(hard.mode)
    assert (hard.uid, hard.gid) == (1234, 5678), (hard.uid, hard.gid)
    assert stat.S_ISLNK(link.mode) and link.content() == b"d/f", oct(link.mode)
    assert sorted(name for name in os.listdir(share + "/n") if not name.startswith(".virtfs")) == \
        ["e", "fifo", "hard", "link", "loop", "null", "x"]
    assert len([name for name in os.listdir(share + "/many") if name != ".virtfs_metadata"]) == 250
    assert len([name for name in os.listdir(share + "/p") if name != ".virtfs_metadata"]) == 90


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("valletta")
    parser.add_argument("--fetch", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="valletta-share-") as folder:
        try:
            kernel = Kernel(options.fetch, folder, HERE + "/init.c")
            os.setxattr(folder, "user.valletta", b"1")
        except Skip as reason:
            print(f"1..0 # SKIP {reason}")
            return 0
        except OSError as reason:
            print(f"1..0 # SKIP {folder} has no extended attributes: {reason}")
            return 0
        failures = 0
        print(f"1..{len(MODELS)}", flush=True)
        for number, model in enumerate(MODELS, 1):
            if not model.startswith("mapped") and os.geteuid() != 0:
                print(f"ok {number} - {model} # SKIP only root can have files of others", flush=True)
                continue
            try:
                start = time.monotonic()
                check(os.path.abspath(options.valletta), kernel, model, folder)
                print(f"ok {number} - {model}: {time.monotonic() - start:.1f} s", flush=True)
            except Exception:
                failures += 1
                print(f"not ok {number} - {model}\n# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    return failures != 0


sys.exit(main())
