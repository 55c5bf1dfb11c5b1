#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""test-summary.py TESTLOG.json...: counts what meson's logs tell; exit 1 when something failed.

A test that reports its subtests as TAP counts as many; any other counts as one."""
import json
import os
import re
import sys

TAP_LINE = re.compile(r"^\s*(not )?ok\b[^#]*(#\s*(SKIP|TODO))?", re.IGNORECASE)
GOOD = ("OK", "EXPECTEDFAIL")


def count_one(test):
    """passed, failed, skipped of one test."""
    passed = failed = skipped = 0
    for line in test.get("stdout", "").splitlines():
        match = TAP_LINE.match(line)
        if not match or re.match(r"^\s+", line):
            continue
        if match.group(3) and match.group(3).upper() == "SKIP":
            skipped += 1
        elif match.group(1):
            failed += 1
        else:
            passed += 1
    if test["result"] == "SKIP" and not skipped:
        return passed, failed, skipped + 1
    if test["result"] not in GOOD + ("SKIP",) and not failed:
        failed += 1             # crashed, timed out, or said nothing of what failed
    if passed + failed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def main():
    totals = [0, 0, 0]
    bad = []
    for path in sys.argv[1:]:
        if not os.path.exists(path):
            bad.append(f"{path} is missing")
            totals[1] += 1
            continue
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                counts = count_one(test)
                totals = [a + b for a, b in zip(totals, counts)]
                if counts[1]:
                    bad.append(f"{test['name']} ({os.path.dirname(os.path.dirname(path))})")
    for name in bad:
        print(f"failed: {name}")
    print("{} passed, {} failed, {} skipped".format(*totals))
    return 1 if totals[1] or sum(totals) == 0 else 0


sys.exit(main())
