# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's gdb-multiarch, with a script and what it must print, in this order."""
import re
import subprocess

# A command, and an expression that what follows must contain.
SCRIPT = [
    ("break work", r"Breakpoint 1 at"),
    ("continue", r"Breakpoint 1, work \(n=10\)"),
    ("break leaf", None),
    ("continue", r"Breakpoint 2, leaf \(n=0\)"),
    ("backtrace", r"#0 +leaf \(n=0\)[^#]*#1 .* in middle [^#]*#2 .* in work [^#]*#3 .* in test_main \(\)"),
    ("finish", r"Value returned is \$1 = 1\n"),
    ("delete", None),
    ("watch counter", r"Hardware watchpoint 3"),
    ("continue", r"Old value = 0\nNew value = 1\ntest_main"),
    ("continue", r"Old value = 1\nNew value = 2\n"),
    ("delete", None),
    ("break slot_branch", None),
    ("continue", r"Breakpoint 4, .*delay_slots"),
    ("stepi", r""),
    ("print (long)$pc == (long)&slot_target", r"= 1\n"),
    ("hbreak on_trap", r"Hardware assisted breakpoint 5"),
    ("continue", r"Breakpoint 5, on_trap \(\)"),
    ("backtrace", r"#1 +<signal handler called>\n#2 .*provoke \(n=\d+\)[^#]*#3 .*in test_main \(\)"),
    ("delete", None),
    ("rwatch guarded[2]", None),
    ("continue", r"Hardware read watchpoint 6: guarded\[2\]\n\nValue = 0\n"),
    ("delete", None),
    ("awatch guarded", None),
    ("continue", r"Old value = \{0, (\d+), 0, 0\}\nNew value = \{0, (?!\1)\d+, 0, 0\}"),
    ("delete", None),
    ("break leaf", None),
    ("continue", r"Breakpoint 8, leaf"),
    ("set $a0 = 1234", None),
    ("print n", r"= 1234\n"),
    ("finish", r"Value returned is .* = 3703\n"),
    ("delete", None),
    ("set var product = 2.25", None),
    ("print product", r"= 2.25\n"),
    ("info threads", r"Thread 1 \(CPU#0 .*\)"),
    ("monitor info status", r"VM status: paused \(debug\)|VM status: paused"),
    ("next", r"\d+\t"),
    ("step", r"\d+\t"),
    ("x/2i $pc", r"=> 0x"),
    ("info registers", r"badvaddr"),
    ("print $fcsr", r"\$\d+ = "),
    ("detach", r"detached"),
]


def session(machine, kernel):
    line = ["gdb-multiarch", "-nx", "-batch", "-ex", "set confirm off", "-ex", "set pagination off",
            "-ex", "set debuginfod enabled off", "-ex", f"target remote {machine.gdb}"]
    for i, (command, _) in enumerate(SCRIPT):
        line += ["-ex", f"echo @{i}@\\n", "-ex", command]
    p = subprocess.run(line + [kernel], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=120)
    out = re.split(r"@\d+@\n", p.stdout)
    for (command, want), text in zip(SCRIPT, out[1:]):
        assert want is None or re.search(want, text), f"{command}: {text}"
    assert len(out) == len(SCRIPT) + 1 and p.returncode == 0, p.stdout[-500:]
    machine.wait_status("running")
