#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""build.py CC ORDER NAME OUTPUT WORKDIR SOURCE...

Compiles and links the guest's code for one byte order (ORDER: -EL or -EB), proves that it is
position-independent, and writes it as an array NAME into the C file OUTPUT.
"""
import os
import re
import struct
import subprocess
import sys

FLAGS = ["-mabi=32", "-march=mips32r2", "-mno-abicalls", "-fno-pic", "-G0", "-msoft-float", "-Os",
         "-ffreestanding", "-fno-builtin", "-nostdlib", "-std=gnu11", "-fno-jump-tables",
         "-fno-optimize-sibling-calls", "-fno-tree-loop-distribute-patterns", "-fno-tree-switch-conversion",
         "-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Werror",
         "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wshadow"]
# A %lo alone is an offset into the code, see BLOB_ADDRESS; calls are bal.
RELATIVE = {"R_MIPS_PC16", "R_MIPS_LO16", "R_MIPS_NONE"}
NEAR = re.compile(r"\.text\.near\b|user_")    # what a %lo may name, see guest.ld
CODE_MAX = 0xf000     # GUEST_CODE_MAX


def run(command):
    p = subprocess.run(command, capture_output=True, text=True)
    if p.returncode:
        sys.exit("%s\n%s%s" % (" ".join(command), p.stdout, p.stderr))
    if p.stderr:
        sys.stderr.write(p.stderr)
    return p.stdout


def text_relocations(objdump, path):
    section = None
    for line in run([objdump, "-r", path]).splitlines():
        m = re.match(r"RELOCATION RECORDS FOR \[(.*)\]", line)
        if m:
            section = m.group(1)
        m = re.match(r"[0-9a-f]+ (R_\S+)\s+(.*)", line)
        if m and section.startswith(".text"):
            yield m.group(1), m.group(2)


def check(objdump, objects, elf):
    problems = ["%s: %s of %s" % (os.path.basename(o), kind, what) for o in objects
                for kind, what in text_relocations(objdump, o)
                if kind not in RELATIVE or (kind == "R_MIPS_LO16" and not NEAR.match(what))]
    problems += ["left after linking: %s of %s" % r for r in text_relocations(objdump, elf)]
    for line in run([objdump, "-d", elf]).splitlines():
        if re.search(r"\t(jalx?|j)\t[0-9a-f]", line):
            problems.append("absolute jump:" + line)
    if problems:
        sys.exit("the guest's code is not position-independent:\n  " + "\n  ".join(problems))


def code_of(elf, big):
    """The one loaded segment."""
    data = open(elf, "rb").read()
    order = ">" if big else "<"
    offset, = struct.unpack_from(order + "I", data, 28)
    size, count = struct.unpack_from(order + "HH", data, 42)
    loads = []
    for i in range(count):
        kind, at, vaddr, _, length = struct.unpack_from(order + "5I", data, offset + i * size)
        if kind == 1 and length:
            loads.append((at, vaddr, length))
    if len(loads) != 1 or loads[0][1] != 0:
        sys.exit("one segment at 0 is expected, not %s" % loads)
    return data[loads[0][0]:loads[0][0] + loads[0][2]]


def main():
    cc, order, name, output, work = sys.argv[1:6]
    here = os.path.dirname(os.path.abspath(__file__))
    objdump = re.sub(r"gcc(-\d+)?$", "objdump", cc)
    os.makedirs(work, exist_ok=True)
    objects = []
    for source in sys.argv[6:]:
        if not source.endswith((".c", ".S")):
            continue
        objects.append(os.path.join(work, os.path.basename(source) + ".o"))
        run([cc, order, *FLAGS, "-I", here, "-c", source, "-o", objects[-1]])
    elf = os.path.join(work, name + ".elf")
    run([cc, order, *FLAGS, "-static", "-no-pie", "-Wl,-N", "-Wl,--build-id=none", "-Wl,-z,noexecstack",
         "-Wl,-T," + os.path.join(here, "guest.ld"), *objects, "-o", elf])
    check(objdump, objects, elf)
    code = code_of(elf, order == "-EB")
    if len(code) > CODE_MAX:
        sys.exit("the guest's code has %d bytes; its place has %d" % (len(code), CODE_MAX))
    with open(output, "w") as f:
        f.write("/* Made by tests/kvm/guest/build.py. */\n#include \"tests/kvm/blob.h\"\n\n")
        f.write("const unsigned char %s[] = {\n" % name)
        for i in range(0, len(code), 16):
            f.write("    " + " ".join("0x%02x," % b for b in code[i:i + 16]) + "\n")
        f.write("};\nconst size_t %s_size = sizeof(%s);\n" % (name, name))


main()
