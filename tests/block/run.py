#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py BLOCK_IO [--sanitized] [--only REGEX]: disk images against qemu-img and qemu-io, which have nothing in common
with what is tested. TAP on standard output."""
import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback

import cases_broken
import cases_kill
import cases_locks
import cases_nbd
import cases_qcow2
from images import DATA_BYTES

MODULES = (cases_qcow2, cases_locks, cases_kill, cases_broken, cases_nbd)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("block_io")
    parser.add_argument("--sanitized", action="store_true")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=0, help="of kills and broken images")
    args = parser.parse_args()
    if not shutil.which("qemu-img") or not shutil.which("qemu-io"):
        print("1..0 # SKIP qemu-img and qemu-io (Debian's qemu-utils) are not installed")
        return
    only = re.compile(args.only)
    cases = [case for module in MODULES for case in module.CASES if only.search(case.__name__)]
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    for number, case in enumerate(cases, 1):
        start = time.time()
        with tempfile.TemporaryDirectory(prefix="valletta-block-") as folder:
            data = random.Random(1).randbytes(DATA_BYTES)
            env = {"block_io": os.path.abspath(args.block_io), "folder": folder, "bytes": data,
                   "data": os.path.join(folder, "data"), "sanitized": args.sanitized, "rounds": args.rounds}
            with open(env["data"], "wb") as f:
                f.write(data)
            try:
                case(env)
                print(f"ok {number} - {case.__name__} # {time.time() - start:.2f} s", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {number} - {case.__name__}")
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    sys.exit(1 if failed else 0)


main()
