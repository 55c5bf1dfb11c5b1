#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA FOLDER [--only REGEX] [--jobs N] [--list]

Boots real kernels and firmware, as many at once as there are processors, and keeps each
console in FOLDER/NAME.log. TAP on standard output, in the order in which they end."""
import argparse
import concurrent.futures
import os
import re
import sys
import time
import traceback

import cases_display
import cases_errors
import cases_firmware
import cases_forms
import cases_linux
import cases_network
from console import Failure, Skip


class Context:
    def __init__(self, valletta, folder):
        self.valletta = os.path.abspath(valletta)
        self.folder = os.path.abspath(folder)


def run_case(case, context):
    """(result, reason): True, False or None for skipped."""
    try:
        case.run(context)
        return True, ""
    except Skip as skip:
        return None, str(skip)
    except Failure as failure:
        return False, str(failure)
    except Exception:           # pylint: disable=broad-except
        return False, traceback.format_exc()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("valletta")
    parser.add_argument("folder")
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    modules = (cases_linux, cases_display, cases_network, cases_firmware, cases_forms, cases_errors)
    cases = [case for module in modules for case in module.CASES if re.search(options.only, case.name)]
    if options.list:
        print("\n".join(case.name for case in cases))
        return 0
    os.makedirs(options.folder, exist_ok=True)
    for old in os.listdir(options.folder):
        if old.startswith("initramfs-"):
            os.unlink(os.path.join(options.folder, old))
    context = Context(options.valletta, options.folder)
    cases.sort(key=lambda case: -case.seconds)          # the long ones first
    print(f"1..{len(cases)}", flush=True)
    failed, number = 0, 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        start = time.monotonic()
        waiting = {pool.submit(run_case, case, context): case for case in cases}
        for future in concurrent.futures.as_completed(waiting):
            result, reason = future.result()
            number += 1
            name = waiting[future].name
            if result is None:
                print(f"ok {number} - {name} # SKIP {reason}")
            else:
                print(f"{'ok' if result else 'not ok'} {number} - {name}")
                for line in reason.splitlines():
                    print(f"# {line}")
            print(f"# {time.monotonic() - start:.0f} s", flush=True)
            failed += result is False
    return 1 if failed else 0


sys.exit(main())
