# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of the benchmark guest: rows of several emulators, measured in turn."""
import math
import statistics
import sys

import rows

# At scale 1 these are mostly program starts and page faults; they are measured with so much more work too.
LONGER, LONGER_KINDS = 30, ("int.", "fp.")


def kind_of(row):
    return row.split(".")[0]


def longer_rows(guest, only):
    """The C kernels whose work is multiplied; fib's is its depth, which scale does not touch."""
    return [row for row in guest.commands if row.startswith(LONGER_KINDS) and rows.CLOCKS.search(guest.commands[row])
            and (not only or row in only)]


class Measures:
    """{(row, scale): {emulator: [Row]}}, and memory by emulator."""

    def __init__(self, emulators, guest):
        self.emulators, self.guest = emulators, guest
        self.rows, self.memory, self.native = {}, {name: [] for name in emulators}, {}

    def boot(self, name, only, scale):
        seen = rows.Boot(self.emulators[name], self.guest, only, scale)
        self.memory[name].append(seen.memory)
        for row, value in seen.rows.items():
            self.rows.setdefault((row, scale), {}).setdefault(name, []).append(value)

    def take(self, runs, only, scale):
        longer = longer_rows(self.guest, only) if scale == 1 else []
        for number in range(runs):
            for name in self.emulators:
                print(f"run {number + 1} of {runs}: {name}", file=sys.stderr)
                self.boot(name, only, scale)
                if longer:
                    self.boot(name, longer, LONGER)
        host = rows.Host(self.guest)
        for row, times in self.rows:
            if self.guest.commands[row].startswith("kern ") and row != "sys.forkexec":
                self.native[row, times] = host.run(row, times)[0]

    def seconds(self, key, name):
        values = self.rows[key].get(name)
        return statistics.median(value.cpu for value in values) if values else None


def ratio(ours, theirs):
    return ours / theirs if ours and theirs else None


def shown(value, width=12):
    return f"{value:{width}.3f}" if value is not None else f"{'-':>{width}}"


def geometric_mean(values):
    values = [value for value in values if value]
    return math.exp(statistics.fmean(map(math.log, values))) if values else None


def outputs(measures, key):
    """What is said of them: every emulator's, each time, and the host's where it ran."""
    row = key[0]
    if row in rows.NOT_COMPARED:
        return "not compared"
    values = [value for seen in measures.rows[key].values() for value in seen]
    values += [measures.native[key]] if key in measures.native else []
    return "same" if len({(value.status, value.digest) for value in values}) == 1 else "DIFFERS"


def print_rows(measures):
    ours, *peers = measures.emulators
    print(f"\n{'CPU s':22}" + f"{ours[-12:]:>12}" + "".join(f"{name[-12:]:>12}{'ratio':>12}" for name in peers) +
          f"{'/ native':>12}  outputs")
    ratios = {}
    for key in measures.rows:
        row, scale = key
        mine, line = measures.seconds(key, ours), f"{row + (f' x{scale}' if scale > 1 else ''):22}"
        line += shown(mine)
        for name in peers:
            theirs = measures.seconds(key, name)
            line += shown(theirs) + shown(ratio(mine, theirs))
            ratios.setdefault((kind_of(row), scale), {}).setdefault(name, []).append(ratio(mine, theirs))
        native = measures.native.get(key)
        # A host that is done at once has mostly started a program; system calls are two kernels'.
        fair = native and native.cpu >= 0.05 and kind_of(row) != "sys"
        slower = ratio(mine, native.cpu) if fair else None
        print(line + shown(slower) + f"  {outputs(measures, key)}")
    return ratios


def print_table(measures):
    ratios = print_rows(measures)
    ours, *peers = measures.emulators
    if peers:
        print("\ngeometric means of the ratios")
    for (kind, scale), by_peer in ratios.items():
        line = f"{kind + (f' x{scale}' if scale > 1 else ''):34}"
        print(line + "".join(f"{'':12}{shown(geometric_mean(by_peer[name]))}" for name in peers))
    print("\n/ native: user and system time of the host's run, which holds its page faults")
    print(f"\n{'MiB beyond the RAM':22}" + "".join(
        f"{name[-12:]}: {statistics.median(values):.1f}  " for name, values in measures.memory.items() if values))


def measure(emulators, guest, runs, only, scale):
    """emulators: {name: command}, ours first."""
    measures = Measures(emulators, guest)
    measures.take(runs, only, scale)
    print_table(measures)
    return all(outputs(measures, key) != "DIFFERS" for key in measures.rows)
