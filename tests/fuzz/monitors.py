# SPDX-License-Identifier: GPL-2.0-or-later
"""Random QMP requests, made from the published schema, and random lines for the text monitor."""
import json
import os
import random
import re
import sys

from pump import Failure, Machine, Pump

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "qmp"))
from cases_random import Generator      # noqa: E402
from schema import Schema               # noqa: E402

BATCH = 250
# Replies of tens of kilobytes: seldom.
LARGE = {"query-qmp-schema", "query-command-line-options", "query-commands", "qom-list-types"}


class QmpBatch:
    """What is sent together, and what has come of it."""

    def __init__(self, generator, commands, first, count):
        self.data, self.ids, self.count, self.rest = b"", set(), count, b""
        self.answers, self.ended, self.last = 0, False, ["end", first]
        for number in range(first, first + count):
            info = generator.random.choice(commands)
            request = {generator.random.choice(["execute"] * 3 + ["exec-oob"]): info["name"], "id": number,
                       "arguments": generator.members(generator.schema.type(info["arg-type"])["members"])}
            text = json.dumps(request).encode()
            if generator.random.random() < 0.2:
                self.data += generator.damaged(text)
            else:
                self.data += text + b"\n"
                self.ids.add(number)
        self.data += json.dumps({"execute": "query-name", "id": self.last}).encode() + b"\n"

    def take(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "event" in message:
                continue
            ident = message.get("id")
            if ident == self.last:
                self.ended = True
                continue
            self.answers += 1
            if isinstance(ident, int):
                self.ids.discard(ident)

    def check(self):
        if self.ids or self.answers < self.count:
            raise Failure(f"{self.answers} answers to {self.count} requests; none to {sorted(self.ids)[:5]}")


def negotiate(pump):
    """The schema."""
    lines = []

    def take(data):
        lines.append(data)
    pump.exchange(b'{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}'
                  b'{"execute": "query-qmp-schema", "id": "schema"}', take,
                  lambda: b"\n" in lines[-1] and b'"schema"' in b"".join(lines)[-40:] if lines else False)
    return Schema(json.loads(b"".join(lines).splitlines()[-1])["return"])


def qmp(program, inputs, seed):
    total = 0
    with Machine(program, sockets=["-qmp"]) as m:
        pump = Pump(m.accept(0))
        schema = negotiate(pump)
        generator = Generator(seed, schema)
        commands = [c for c in schema.of_kind("command") if c["name"] != "quit"]
        commands = [c for c in commands if c["name"] not in LARGE] * 8 + [c for c in commands if c["name"] in LARGE]
        while total < inputs:
            batch = QmpBatch(generator, commands, total, BATCH)
            pump.exchange(batch.data, batch.take, lambda: batch.ended)
            batch.check()
            total += BATCH
    return total


# ---- the text monitor ----

WORDS = ["0", "1", "-1", "0x80000000", "0xbfc00000", "$pc", "$sp", "$frob", "/4xw", "/8i", "/2dg", "/99999999x", "(((1",
         "1 + 2 * 3", "~0 / 0", "/machine", "/machine/unattached/device[3]", "/objects", "type", "serial0", "help",
         "?", "null,id=a", "ringbuf,id=b,size=64", "ringbuf,id=c,size=3", "a", "b", "rng-builtin,id=r", "PIIX4,help",
         "x" * 300,
         "memory-backend-ram,id=m,size=64k", "r", "m", "/b", "/w", "0x3f8", "0x70", "qtree", "registers", "tlb",
         "mtree", "%s%n", "\u00e9\u4e2d", ",,=,", "none", '"', "16"]
# What ends it, listens to the world or writes what the log says.
LEFT_OUT = {"quit", "q", "gdbserver", "log", "logfile", "trace-event", "info"}
KEYS = [b"\x01", b"\x02", b"\x05", b"\x06", b"\x08", b"\x0b", b"\x0c", b"\x0e", b"\x10", b"\x14",
        b"\x15", b"\x17", b"\x19", b"\x7f", b"\t",
        b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[3~", b"\x1bOF", b"\x1b",
        b"\x1b[", b"\x00", b"\xff", b"\xc3"]


def text_line(rng, names, infos):
    kind = rng.random()
    if kind < 0.1:
        line = rng.randbytes(rng.randrange(60))
    else:
        name = rng.choice(names) if kind < 0.7 else "info " + rng.choice(infos)
        line = " ".join([name] + rng.choices(WORDS, k=rng.choice((0, 1, 1, 2, 3)))).encode()
    if name_of(line) in LEFT_OUT - {"info"}:
        line = b"help"
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        at = rng.randrange(len(line) + 1)
        line = line[:at] + rng.choice(KEYS) + line[at:]
    # The at signs end what an escape began; a line of history that the keys brought must not end it all.
    line = line.replace(b"\r", b" ").replace(b"\n", b" ").replace(b"\x04", b" ")
    return line + b"@@@\r"


def name_of(line):
    return re.split(rb"[ /]", line.strip() + b" ")[0].decode(errors="replace")


def names_in(text, prefix=b""):
    return re.findall(rb"^" + prefix + rb"([a-z][\w-]*)", text, re.M)


def hmp(program, inputs, seed):
    rng, total = random.Random(seed), 0
    with Machine(program, sockets=["-monitor"]) as m:
        pump = Pump(m.accept(0))
        got = bytearray()
        prompts = lambda: got.count(b"(valletta) ")
        pump.exchange(b"help\rhelp info\r", got.extend, lambda: prompts() >= 3)
        text = bytes(got).replace(b"\r", b"")
        infos = [name.decode() for name in names_in(text, b"info ")]
        names = [name for name in (n.decode() for n in names_in(text)) if name not in LEFT_OUT | {"valletta"}]
        if len(infos) < 30 or len(names) < 30:
            raise Failure(f"help lists {len(names)} commands and {len(infos)} of info")
        while total < inputs:
            got.clear()
            data = b"".join(text_line(rng, names, infos) for _ in range(BATCH))
            pump.exchange(data, got.extend, lambda: prompts() >= BATCH)
            total += BATCH
    return total
