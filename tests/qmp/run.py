#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA [--only REGEX]: the monitors from outside. TAP on standard output.

The guest is firmware of nothing but "branch to itself", so that nothing is needed from outside."""
import os
import re
import struct
import sys
import tempfile
import time
import traceback

import cases_block
import cases_chardev
import cases_commands
import cases_connection
import cases_display
import cases_dump
import cases_hotplug
import cases_jobs
import cases_libvirt
import cases_network
import cases_options
import cases_random
import cases_session


def main():
    program = os.path.abspath(sys.argv[1])
    only = re.compile(sys.argv[3] if len(sys.argv) > 3 else "")
    cases = [case for module in (cases_session, cases_connection, cases_commands, cases_block, cases_chardev,
                                 cases_dump, cases_hotplug, cases_jobs, cases_options, cases_network,
                                 cases_display, cases_libvirt, cases_random)
             for case in module.CASES if only.search(case.__name__)]
    failed = 0
    print(f"1..{len(cases)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="valletta-qmp-") as folder:
        firmware = os.path.join(folder, "loop.bin")
        with open(firmware, "wb") as out:
            out.write(struct.pack("<II", 0x1000FFFF, 0) * 512)      # b . ; nop
        malta = [program, "-M", "malta,endian=little", "-bios", firmware, "-nodefaults"]
        for number, case in enumerate(cases, 1):
            start = time.time()
            try:
                case({"none": [program, "-machine", "none", "-nodefaults"], "malta": malta, "folder": folder,
                      "program": program, "firmware": firmware})
                print(f"ok {number} - {case.__name__} # {time.time() - start:.2f} s", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {number} - {case.__name__}")
                print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    sys.exit(1 if failed else 0)


main()
