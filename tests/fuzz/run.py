#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""run.py VALLETTA [--inputs N] [--seed N] [--only PROTOCOL]

Random inputs to each protocol that others speak to the emulator, many on their way at once: QMP, the text
monitor, gdb, qtest; and clients that flood, do not read, or die. Each input has its answer, the machine ends well,
and sanitizers say nothing. TAP on standard output, with the counts.
"""
import argparse
import concurrent.futures
import sys
import time
import traceback

import clients
import monitors
import wires

PROTOCOLS = {"qmp": monitors.qmp, "hmp": monitors.hmp, "gdb": wires.gdb, "qtest": wires.qtest,
             "clients": clients.clients}


def one(name, program, inputs, seed):
    """How many inputs, seconds, what went wrong."""
    start = time.monotonic()
    try:
        return PROTOCOLS[name](program, inputs, seed), time.monotonic() - start, None
    except Exception:                   # pylint: disable=broad-except
        return 0, time.monotonic() - start, traceback.format_exc()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--inputs", type=int, default=25000, help="for each protocol, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(PROTOCOLS))
    o = parser.parse_args()
    names = [o.only] if o.only else list(PROTOCOLS)
    start, total, bad = time.monotonic(), 0, 0
    print(f"1..{len(names) + 1}", flush=True)
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        waiting = {name: pool.submit(one, name, o.program, o.inputs, o.seed) for name in names}
        for number, name in enumerate(names, 1):
            count, seconds, problem = waiting[name].result()
            total += count if name != "clients" else 0
            bad += problem is not None
            print(f"{'not ok' if problem else 'ok'} {number} - {name}: {count} inputs # {seconds:.1f} s", flush=True)
            if problem:
                print("# " + problem.replace("\n", "\n# "))
                print(f"# again: {sys.argv[0]} {o.program} --only {name} --seed {o.seed}", flush=True)
    enough = total >= o.inputs * len([name for name in names if name != "clients"])
    print(f"{'ok' if enough else 'not ok'} {len(names) + 1} - {total} inputs # {time.monotonic() - start:.1f} s")
    return 0 if enough and not bad else 1


if __name__ == "__main__":
    sys.exit(main())
