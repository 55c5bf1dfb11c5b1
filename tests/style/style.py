#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""style.py ROOT: the house's rules that a machine can check; TAP on standard output."""
import concurrent.futures
import os
import pathlib
import re
import shlex
import subprocess
import sys

# What the sources of a room may include, besides themselves. Longest room name wins. A room
# of include/ is the room of the same path.
ALLOWED = {
    "util": [],
    "system": ["util"],
    "audio": ["util", "system"],
    "block": ["util", "system"],
    "chardev": ["util", "system"],
    "net": ["util", "system", "chardev"],
    "fsdev": ["util", "system"],
    "monitor": ["util", "system", "audio", "block", "chardev", "net", "ui", "hw/core", "hw", "target", "accel"],
    "gdbstub": ["util", "system", "chardev", "monitor"],
    "hw/core": ["util", "system", "chardev"],
    "ui": ["util", "system", "chardev"],
    "hw": ["hw/core", "util", "system", "audio", "block", "chardev", "fsdev", "net", "ui"],
    "accel/tcg/ir": ["util"],
    "target": ["util", "system", "accel/tcg/ir"],
    "accel/tcg": ["util", "system", "target", "accel", "accel/tcg/ir"],
    "accel/qtest": ["util", "system"],
    "accel": ["util", "system", "target", "accel/tcg", "accel/qtest"],
    "app": ["util", "system", "audio", "block", "chardev", "fsdev", "net", "ui", "monitor", "gdbstub", "hw", "hw/core", "accel",
            "accel/tcg", "accel/tcg/ir",
            "accel/qtest", "target"],
    "tests": None,          # anything
}
SOURCE_ROOMS = ["util", "system", "audio", "block", "chardev", "fsdev", "net", "ui", "monitor", "gdbstub", "hw", "accel", "target",
                "app"]
# These headers of a lower-level contract lie in a folder above it.
ROOM_OF_FILE = {
    "include/accel/tcg/ir.h": "accel/tcg/ir",
    "include/accel/tcg/ops.def": "accel/tcg/ir",
    "include/hw/core/irq.h": "hw/core",
}
MAX_LINES, MAX_HEADER, MAX_WIDTH = 1500, 300, 110
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
GENERATED = ("config-host.h",)

root = pathlib.Path(sys.argv[1]).resolve()
results = []


def report(name, problems):
    results.append((name, problems))


def sources(*suffixes):
    for room in SOURCE_ROOMS + ["include", "tests"]:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path


def relative(path):
    return path.relative_to(root).as_posix()


def room_of(rel):
    if rel in ROOM_OF_FILE:
        return ROOM_OF_FILE[rel]
    inner = rel[len("include/"):] if rel.startswith("include/") else rel
    best = ""
    for room in ALLOWED:
        if inner.startswith(room + "/") and len(room) > len(best):
            best = room
    return best


def check_directions():
    problems = []
    include = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
    for path in sources(".c", ".h", ".def"):
        rel = relative(path)
        room = room_of(rel)
        if not room:
            problems.append(f"{rel}: lies in no known room")
            continue
        for name in include.findall(path.read_text()):
            if name in GENERATED:
                continue
            found = [base for base in ("include/", "") if (root / base / name).exists()]
            if not found and room == "tests":
                continue            # a test's own header, or one for the guest's compiler
            if not found:
                problems.append(f'{rel}: "{name}" is not written relative to include/ or the root')
                continue
            target = room_of(found[0] + name)
            if ALLOWED[room] is not None and target != room and target not in ALLOWED[room]:
                problems.append(f'{rel}: {room} must not include "{name}" ({target})')
    report("includes go one way", problems)


def check_text():
    long_files, wide, spdx, tabs = [], [], [], []
    for path in sources(".c", ".h", ".def", ".py", ".build"):
        rel, lines = relative(path), path.read_text().splitlines()
        limit = MAX_HEADER if path.suffix == ".h" and not rel.startswith("tests/") else MAX_LINES
        if len(lines) > limit and path.suffix in (".c", ".h"):
            long_files.append(f"{rel}: {len(lines)} lines, more than {limit}")
        if SPDX not in "\n".join(lines[:2]):
            spdx.append(f"{rel}: the licence line is not first")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_WIDTH and path.suffix in (".c", ".h"):
                wide.append(f"{rel}:{number}: {len(line)} columns")
            if "\t" in line and path.suffix in (".c", ".h"):
                tabs.append(f"{rel}:{number}: a tab")
    report("file sizes", long_files)
    report("licence lines", spdx)
    report("line widths", wide)
    report("no tabs", tabs)


def check_guards():
    problems = []
    for path in sources(".h"):
        inner = relative(path)
        if inner.startswith("tests/"):
            continue
        inner = inner[len("include/"):] if inner.startswith("include/") else inner
        guard = re.sub(r"[^A-Za-z0-9]", "_", inner).upper()
        text = path.read_text()
        if f"#ifndef {guard}\n#define {guard}\n" not in text:
            problems.append(f"{relative(path)}: its guard is not {guard}")
    report("header guards", problems)


def compile_header(path):
    command = [*shlex.split(os.environ.get("CC", "cc")), "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall",
               "-Wextra", "-Wno-unused-parameter", "-Wno-missing-field-initializers", "-Werror", "-I", str(root),
               "-I", str(root / "include"), *shlex.split(os.environ.get("GLIB_CFLAGS", "")), "-x", "c", "-"]
    done = subprocess.run(command, input=f'#include "{path}"\n', capture_output=True, text=True, check=False)
    return relative(path), done.returncode, done.stderr.strip().splitlines()


def check_headers():
    problems = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for rel, status, lines in pool.map(compile_header, list(sources(".h"))):
            if status:
                problems.append(f"{rel}: does not compile alone: {lines[0] if lines else ''}")
    report("headers compile alone", problems)


check_directions()
check_text()
check_guards()
check_headers()
print(f"1..{len(results)}")
for index, (title, found) in enumerate(results, 1):
    print(f"{'not ok' if found else 'ok'} {index} - {title}")
    for problem in found:
        print(f"# {problem}")
sys.exit(1 if any(found for _, found in results) else 0)
