# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests made at random from the published schema, some of them damaged: each gets its one
reply, as the schema says. The same ones each time."""
import json
import random

from client import Machine
from schema import Schema

CASES = []
REQUESTS = 1500
TEXTS = ["", "a", "/", "/machine", "machine", "mon0", "/dev/null", "PIIX4", "24Kf-mips-cpu", "memory-backend-ram",
         "/dev/fdset/0", "\u00e9\u0001\U0010ffff", "help", "info qtree", "x /4i $pc", "info registers", "%s%n",
         "tcp:127.0.0.1:0", "device_add x,help", '"', "x" * 5000]
NUMBERS = [0, 1, 2, 16, 4096, 65536, -1, 1 << 31, 0xBFC00000, 1 << 62]
ODD = [None, True, -1, 1 << 63, (1 << 64) - 1, 1.5, "", [], {}]
# What would reach files, or take memory, is made harmless.
FIXED = {"filename": "/dev/null", "mem-path": "/dev/null", "file": "/dev/null", "out": "/dev/null",
         "device": "/dev/null", "logfile": "/dev/null", "host": "127.0.0.1", "path": "/nonexistent/x",
         "str": "nobody", "size": 65536, "ifname": "is-longer-than-a-name-may-be", "script": "no", "downscript": "no",
         "listen": "127.0.0.1:0", "connect": "127.0.0.1:1", "udp": "127.0.0.1:9", "localaddr": "127.0.0.1:0",
         "mcast": "230.0.0.1:1"}


def case(function):
    CASES.append(function)
    return function


class Generator:
    def __init__(self, seed, schema):
        self.random = random.Random(seed)
        self.schema = schema

    def members(self, members):
        value = {}
        for member in members:
            if self.random.random() < (0.5 if "default" in member else 0.05):
                continue
            value[member["name"]] = self.value(member["type"])
            if member["name"] in FIXED and value[member["name"]] not in ODD:
                value[member["name"]] = FIXED[member["name"]]
        return value

    def value(self, name):
        info = self.schema.type(name)
        if self.random.random() < 0.1:
            return self.random.choice(ODD)
        if info["meta-type"] == "enum":
            return self.random.choice(info["values"])
        if info["meta-type"] == "array":
            return [self.value(info["element-type"]) for _ in range(self.random.randrange(3))]
        if info["meta-type"] == "alternate":
            return self.value(self.random.choice(info["members"])["type"])
        if info["meta-type"] == "object":
            value = self.members(info["members"])
            return {**value, **self.members(self.schema.members(info, value)[len(info["members"]):])}
        return self.random.choice({"string": TEXTS, "int": NUMBERS, "boolean": [True, False],
                                   "number": [0.5, 1e300]}.get(info["json-type"], ODD))

    def damaged(self, text):
        data = bytearray(text)
        data[self.random.randrange(len(data))] = self.random.randrange(256)
        return bytes(data) + b"\xff\n"


@case
def random_requests(env):
    for seed, line in enumerate((env["none"], env["malta"])):
        with Machine(*line, monitors=2) as m:
            qmp, other = [client.negotiate("oob") for client in m.clients]
            schema = Schema(qmp.cmd("query-qmp-schema"))
            commands = [c for c in schema.of_kind("command") if c["name"] != "quit"]
            generator = Generator(seed, schema)
            for number in range(REQUESTS):
                info = generator.random.choice(commands)
                arguments = generator.members(schema.type(info["arg-type"])["members"])
                key = generator.random.choice(["execute"] * 3 + ["exec-oob"])
                text = json.dumps({key: info["name"], "arguments": arguments, "id": number}).encode()
                if generator.random.random() < 0.1:
                    qmp.raw(generator.damaged(text))
                    qmp.send("query-name", id=["sync", number])
                    while qmp.reply().get("id") != ["sync", number]:
                        pass
                    continue
                qmp.raw(text + b"\n")
                reply = qmp.reply()
                assert reply.get("id") == number, f"{text}: {reply}"
                if "return" in reply:
                    schema.check(info["ret-type"], reply["return"], text)
            assert other.cmd("query-name") == {}
            for event in other.events:
                schema.check(schema.infos[event["event"]]["arg-type"], event.get("data", {}), event["event"])
