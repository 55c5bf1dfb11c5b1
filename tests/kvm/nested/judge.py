# SPDX-License-Identifier: GPL-2.0-or-later
"""What each command on the emulated host must have answered. A judge gets a Result and gives
the lines that go into the report; it raises Failure or Skip."""
import re

from image import Failure, Skip
from console import BAD_LINE

MARKER, CHECKS, ENDED = "GUEST-UP", "CHECKS PASSED", "reboot: Restarting system"


class Result:
    """One command's output, between its begin and its end."""

    def __init__(self, text, status, cpu, wall):
        self.text, self.status, self.cpu, self.wall = text, status, cpu, wall
        self.lines = text.splitlines()

    def own(self, word="warning"):
        """Lines of the emulator that has this word in them."""
        return [line for line in self.lines if line.startswith("valletta: ") and word in line]

    def fail(self, what):
        tail = " | ".join(line for line in self.lines[-6:] if line.strip())
        raise Failure(f"{what}; ends (rc {self.status}): {tail}")


def want(result, *texts):
    at = 0
    for text in texts:
        found = result.text.find(text, at)
        if found < 0:
            result.fail(f"no '{text}'")
        at = found + len(text)


def times(result):
    return f"cpu {result.cpu:.1f} s, wall {result.wall:.1f} s"


def booted(*texts):
    """The guest's kernel ran to these texts, to a clean end, and had nothing to complain about."""
    def judge(result):
        want(result, *texts)
        for line in result.lines:
            if BAD_LINE.search(line) and not line.startswith("valletta: "):
                result.fail(f"console has: {line.strip()}")
        if result.status != "0":
            result.fail("wrong end")
        return [times(result)]
    return judge


def answered(*words):
    """QMP on standard output: the reply to query-kvm has these words, and the program ended by itself."""
    def judge(result):
        replies = [line for line in result.lines if '"present"' in line]
        if len(replies) != 1 or not all(word in replies[0] for word in words):
            result.fail(f"query-kvm: {replies}")
        if result.status != "0":
            result.fail("wrong end")
        return [times(result)]
    return judge


def under_kvm(judge):
    """And it is KVM that ran it, as it was told: no warning, and the line that says so."""
    def judge_kvm(result):
        lines = judge(result)
        said = [line for line in result.lines if line.startswith("valletta: ") and "TE" in line]
        if result.own():
            result.fail(f"unexpected: {result.own()[0]}")
        if not said:
            result.fail("nothing tells that KVM runs the guest in mode TE")
        return [*lines, *said]
    return judge_kvm


def in_software(judge, *reasons):
    """One warning, that has every one of these words; then the guest runs nevertheless."""
    def judge_software(result):
        lines = judge(result)
        warnings = result.own()
        if len(warnings) != 1:
            result.fail(f"{len(warnings)} warnings and not one: {warnings}")
        for reason in reasons:
            if reason not in warnings[0]:
                result.fail(f"'{warnings[0]}' does not name {reason}")
        return [*lines, *warnings]
    return judge_software


def refused(*words):
    """An error with all these words, exit 1, and no sign of a guest."""
    def judge(result):
        errors = [line for line in result.own("") if all(word in line for word in words)]
        if not errors:
            result.fail(f"no error that names {', '.join(words)}")
        if result.status != "1":
            result.fail("exit status is not 1")
        if "Linux version" in result.text or "KSEG0-RAN" in result.text:
            result.fail("the guest ran")
        return errors
    return judge


def tap(result):
    """The program's own protocol: its plan kept, nothing "not ok"."""
    tests = [line for line in result.lines if re.match(r"(not )?ok\b", line)]
    plans = [int(line[3:].split()[0]) for line in result.lines if re.match(r"1\.\.\d", line)]
    wrong = [line for line in tests if line.startswith("not ok") and "# TODO" not in line]
    skipped = [line for line in tests if "# SKIP" in line.upper()]
    if wrong:
        after = result.lines[result.lines.index(wrong[0]) + 1:][:3]
        result.fail(f"{len(wrong)} of {len(tests)} fail: {'; '.join(wrong[:8])} {after}")
    if not tests or not plans or sum(plans) != len(tests):
        result.fail(f"{len(tests)} tests and a plan of {plans}")
    if result.status != "0":
        result.fail("wrong end")
    if len(skipped) == len(tests):
        raise Skip(f"it skips every test: {skipped[0]}")
    return [f"{len(tests)} tests, {len(skipped)} skipped, {times(result)}", *skipped]
