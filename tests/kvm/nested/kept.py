#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kept.py VALLETTA FOLDER: the quick part of run.py if everything that it needs was made before and
kept; making it takes half an hour. Else it skips, and says what makes it. TAP on standard output."""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
CACHE = os.environ.get("VALLETTA_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "valletta")


def main():
    kept = [glob.glob(os.path.join(CACHE, pattern)) for pattern in
            ("sysroot-mipsel/.packages", "kernel-te-host-[0-9]*/vmlinux", "kernel-te-guest-*/vmlinux")]
    if not all(kept):
        print("1..0 # SKIP no MIPS libraries and KVM kernels are kept: make check-kvm-nested makes them")
        return 0
    done = subprocess.run([os.path.join(ROOT, "scripts", "cross.sh"), "mipsel"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print("1..1\nnot ok 1 - cross build\n# " + "\n# ".join(done.stderr.splitlines()[-20:]))
        return 1
    run = os.path.join(HERE, "run.py")
    return subprocess.run([run, *sys.argv[1:], "--quick"], check=False).returncode


sys.exit(main())
