# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command with right, missing, wrong and unexpected arguments; every reply is checked
against the schema that the program publishes."""
import os
import time

from client import Machine
from schema import Schema

CASES = []


def case(function):
    CASES.append(function)
    return function


# Arguments that are right, for commands that need some: (arguments, class of the error or None).
RIGHT = {
    "add_client": [({"protocol": "vnc", "fdname": "c"}, "DeviceNotActive"),
                   ({"protocol": "spice", "fdname": "c"}, "GenericError")],
    "change-vnc-password": [({"password": "x"}, "DeviceNotActive")],
    "expire_password": [({"protocol": "vnc", "time": "now"}, "DeviceNotActive"),
                        ({"protocol": "vnc", "time": "soon"}, "GenericError")],
    "set_password": [({"protocol": "vnc", "password": "x"}, "DeviceNotActive"),
                     ({"protocol": "spice", "password": "x"}, "GenericError"),
                     ({"protocol": "vnc", "password": "x", "display": "nobody"}, "DeviceNotFound")],
    "add-fd": [({}, "GenericError"), ({"fdset-id": -1}, "GenericError")],
    "remove-fd": [({"fdset-id": 7}, "GenericError"), ({"fdset-id": 7, "fd": 3}, "GenericError")],
    "balloon": [({"value": 1}, "DeviceNotActive")],
    "block_resize": [({"size": 1 << 20}, "GenericError"), ({"size": 1, "node-name": "nobody"}, "GenericError"),
                     ({"size": 1, "device": "nobody"}, "DeviceNotFound"),
                     ({"size": 1, "device": "x", "node-name": "y"}, "GenericError")],
    "blockdev-add": [({"driver": "null-co", "node-name": "nb0", "size": 1 << 20}, None),
                     ({"driver": "null-co", "node-name": "nb0"}, "GenericError"),
                     ({"driver": "null-co"}, "GenericError"), ({"driver": "frob", "node-name": "x"}, "GenericError"),
                     ({"driver": "file", "node-name": "x", "filename": "/nonexistent/x"}, "GenericError"),
                     ({"driver": "null-co", "node-name": "x", "frob": 1}, "GenericError"),
                     ({"driver": "raw", "node-name": "nb1", "file": "nb0"}, None),
                     ({"driver": "qcow2", "node-name": "nb2", "file": {"driver": "null-co"}}, "GenericError")],
    "blockdev-change-medium": [({"id": "nobody", "filename": "/dev/null"}, "DeviceNotFound")],
    "blockdev-close-tray": [({}, "GenericError"), ({"id": "nobody"}, "DeviceNotFound")],
    "blockdev-del": [({"node-name": "nb0"}, "GenericError"), ({"node-name": "nb1"}, None),
                     ({"node-name": "nb0"}, None), ({"node-name": "nb0"}, "GenericError")],
    "blockdev-insert-medium": [({"id": "nobody", "node-name": "x"}, "DeviceNotFound")],
    "blockdev-open-tray": [({}, "GenericError"), ({"id": "nobody"}, "DeviceNotFound")],
    "blockdev-remove-medium": [({"id": "nobody"}, "DeviceNotFound")],
    "eject": [({}, "GenericError"), ({"device": "nobody"}, "DeviceNotFound")],
    "chardev-add": [({"id": "t0", "backend": {"type": "null"}}, None),
                    ({"id": "t0", "backend": {"type": "null"}}, "GenericError"),
                    ({"id": "t1", "backend": {"type": "pty", "data": {}}}, None),
                    ({"id": "t2", "backend": {"type": "file", "data": {"out": "/nonexistent/x"}}}, "GenericError"),
                    ({"id": "t3", "backend": {"type": "socket", "data": {"addr": {
                        "type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}, "wait": False}}}, None)],
    "chardev-change": [({"id": "t0", "backend": {"type": "ringbuf", "data": {"size": 64}}}, None),
                       ({"id": "t0", "backend": {"type": "ringbuf", "data": {"size": 65}}}, "GenericError"),
                       ({"id": "nobody", "backend": {"type": "null"}}, "GenericError"),
                       ({"id": "t1", "backend": {"type": "file", "data": {"out": "/nonexistent/x"}}}, "GenericError")],
    "chardev-remove": [({"id": "t3"}, None), ({"id": "mon0"}, "GenericError"), ({"id": "nobody"}, "GenericError")],
    "chardev-send-break": [({"id": "t1"}, None), ({"id": "nobody"}, "GenericError")],
    "closefd": [({"fdname": "x"}, "GenericError")],
    "device-list-properties": [({"typename": "PIIX4_PM"}, None), ({"typename": "virtio-frob"}, "DeviceNotFound"),
                               ({"typename": "device"}, "GenericError"), ({"typename": "secret"}, "GenericError")],
    "device_add": [({"driver": "frob"}, "GenericError"), ({"driver": "PIIX4", "id": "x"}, "GenericError")],
    "announce-self": [({"initial": 50, "max": 550, "rounds": 2, "step": 100}, None),
                      ({"initial": 50, "max": 550, "rounds": 1, "step": 100, "interfaces": ["x"], "id": "y"}, "GenericError"),
                      ({"initial": 50, "max": 550, "rounds": 5000, "step": 100}, "GenericError")],
    "device_del": [({"id": "x"}, "DeviceNotFound"), ({"id": "/machine/peripheral/x"}, "DeviceNotFound")],
    "dump-guest-memory": [
        ({"paging": True, "protocol": "file:/dev/null"}, "GenericError"),
        ({"paging": False, "protocol": "tcp:x"}, "GenericError"),
        ({"paging": False, "protocol": "fd:x"}, "GenericError"),
        ({"paging": False, "protocol": "file:/nonexistent/x"}, "GenericError"),
        ({"paging": False, "protocol": "file:/dev/null", "begin": 1}, "GenericError"),
        ({"paging": False, "protocol": "file:/dev/null", "begin": 0, "length": 0}, "GenericError"),
        ({"paging": False, "protocol": "file:/dev/null", "begin": 1 << 62, "length": 1 << 62}, "GenericError"),
        ({"paging": False, "protocol": "file:/dev/null", "format": "kdump-zlib"}, "GenericError")],
    "getfd": [({"fdname": "x"}, "GenericError")],
    "human-monitor-command": [({"command-line": "info status"}, None),
                              ({"command-line": "info status", "cpu-index": 7}, "GenericError")],
    "inject-nmi": [({}, "GenericError")],
    "memsave": [({"val": 0, "size": 16, "filename": "/dev/null", "cpu-index": 9}, "GenericError")],
    "migrate-set-capabilities": [({"capabilities": [{"capability": "events", "state": True}]}, None),
                                 ({"capabilities": [{"capability": "xbzrle", "state": True}]}, "GenericError")],
    "object-add": [({"qom-type": "rng-builtin", "id": "r0"}, None),
                   ({"qom-type": "rng-builtin", "id": "r0"}, "GenericError"),
                   ({"qom-type": "memory-backend-ram", "id": "m0", "size": 1 << 20}, None),
                   ({"qom-type": "memory-backend-ram", "id": "m1", "size": 1}, "GenericError"),
                   ({"qom-type": "memory-backend-ram", "id": "0m", "size": 1 << 20}, "GenericError"),
                   ({"qom-type": "memory-backend-ram", "id": "m1", "size": "1M"}, "GenericError"),
                   ({"qom-type": "memory-backend-ram", "id": "m1", "size": 1 << 20, "props": {}}, "GenericError"),
                   ({"qom-type": "secret", "id": "s0", "data": "x"}, None),
                   ({"qom-type": "secret", "id": "s1"}, "GenericError"),
                   ({"qom-type": "rng-random", "id": "r1", "filename": "/nonexistent"}, "GenericError"),
                   ({"qom-type": "iothread", "id": "i"}, "GenericError")],
    "netdev_add": [({"type": "user", "id": "net7", "hostfwd": [{"str": "tcp:127.0.0.1:0-:22"}, {"str": "udp::0-:9"}]}, None),
                   ({"type": "user", "id": "net7"}, "GenericError"),
                   ({"type": "user", "id": "net8", "hostfwd": [{"str": "frob"}]}, "GenericError"),
                   ({"type": "user", "id": "net8", "net": "10.0.2.0/31"}, "GenericError"),
                   ({"type": "hubport", "id": "hub7", "hubid": 1, "netdev": "net7"}, None),
                   ({"type": "hubport", "id": "hub8", "hubid": 1, "netdev": "net7"}, "GenericError"),
                   ({"type": "stream", "id": "net8", "addr": {"type": "unix", "path": "/nonexistent/x"}}, "GenericError"),
                   ({"type": "socket", "id": "net8", "listen": "127.0.0.1:0"}, None),
                   ({"type": "tap", "id": "net9", "fd": "nobody"}, "GenericError")],
    "netdev_del": [({"id": "net8"}, None), ({"id": "net8"}, "DeviceNotFound")],
    "set_link": [({"name": "net7", "up": False}, None), ({"name": "net7", "up": True}, None),
                 ({"name": "nobody", "up": True}, "DeviceNotFound")],
    "query-rx-filter": [({}, None), ({"name": "net7"}, "GenericError"), ({"name": "nobody"}, "GenericError")],
    "object-del": [({"id": "m0"}, None), ({"id": "m0"}, "GenericError")],
    "pmemsave": [({"val": 0, "size": 0, "filename": "/dev/null"}, "GenericError"),
                 ({"val": 0, "size": 16, "filename": "/nonexistent/x"}, "GenericError"),
                 ({"val": 1 << 62, "size": 16, "filename": "/dev/null"}, "GenericError")],
    "qmp_capabilities": [({}, "CommandNotFound")],
    "qom-get": [({"path": "/machine", "property": "type"}, None),
                ({"path": "/machine", "property": "frob"}, "GenericError"),
                ({"path": "/frob", "property": "type"}, "DeviceNotFound")],
    "qom-list": [({"path": "/"}, None), ({"path": "/machine"}, None), ({"path": "machine/unattached"}, None),
                 ({"path": "/frob"}, "DeviceNotFound"), ({"path": ""}, "DeviceNotFound")],
    "qom-list-properties": [({"typename": "memory-backend-file"}, None), ({"typename": "frob"}, "DeviceNotFound")],
    "qom-set": [({"path": "/machine", "property": "append", "value": 1}, "GenericError"),
                ({"path": "/machine", "property": "frob", "value": 1}, "GenericError")],
    "query-balloon": [({}, "DeviceNotActive")],
    "query-command-line-options": [({}, None), ({"option": "machine"}, None), ({"option": "frob"}, "GenericError")],
    "query-hotpluggable-cpus": [({}, "GenericError")],
    "query-stats": [({"target": "vm"}, None),
                    ({"target": "vcpu", "providers": [{"provider": "kvm", "names": ["x"]}]}, None), ({"target": "frob"}, "GenericError")],
    "ringbuf-read": [({"device": "t0", "size": 10}, None), ({"device": "t0", "size": 0}, "GenericError"),
                     ({"device": "t1", "size": 1}, "GenericError"), ({"device": "nobody", "size": 1}, "GenericError"),
                     ({"device": "t0", "size": 1, "format": "hex"}, "GenericError")],
    "ringbuf-write": [({"device": "t0", "data": "aGFsbG8=", "format": "base64"}, None),
                      ({"device": "t0", "data": "aGFsbG8", "format": "base64"}, "GenericError"),
                      ({"device": "nobody", "data": "x"}, "GenericError")],
    "trace-event-get-state": [({"name": "mm*"}, None), ({"name": "int"}, None), ({"name": "frob"}, "GenericError")],
    "trace-event-set-state": [({"name": "kvm", "enable": True}, None), ({"name": "k?m", "enable": False}, None),
                              ({"name": "frob", "enable": True}, "GenericError"),
                              ({"name": "frob", "enable": True, "ignore-unavailable": True}, None)],
    "x-exit-preconfig": [({}, "GenericError")],
}
for word in ("cancel", "complete", "dismiss", "finalize", "pause", "resume"):
    by_id = word in ("dismiss", "finalize")
    RIGHT["job-" + word] = [({"id": "nobody"}, "GenericError")]
    RIGHT["block-job-" + word] = [({"id" if by_id else "device": "nobody"},
                                   "GenericError" if by_id else "DeviceNotActive")]
RIGHT.update({
    "block-commit": [({"device": "nobody", "job-id": "j"}, "DeviceNotFound")],
    "block-job-set-speed": [({"device": "nobody", "speed": 1}, "DeviceNotActive")],
    "block-stream": [({"device": "nobody", "job-id": "j"}, "DeviceNotFound")],
    "blockdev-create": [({"job-id": "c0", "options": {"driver": "frob", "size": 0}}, "GenericError"),
                        ({"job-id": "c0", "options": {"driver": "qcow2", "size": 0}}, "GenericError"),
                        ({"job-id": "0", "options": {"driver": "file", "size": 0, "filename": "/nowhere/x"}},
                         "GenericError")],
    "blockdev-snapshot": [({"node": "nobody", "overlay": "none"}, "GenericError")],
    "blockdev-snapshot-sync": [({"device": "nobody", "snapshot-file": "/nowhere/x"}, "DeviceNotFound")],
    "transaction": [({"actions": []}, None),
                    ({"actions": [{"type": "blockdev-snapshot", "data": {"node": "a", "overlay": "b"}}]},
                     "GenericError")],
})
RIGHT.update({
    "input-send-event": [({"events": []}, None), ({"events": [], "device": "nobody"}, "DeviceNotFound"),
                         ({"events": [{"type": "abs", "data": {"axis": "x", "value": 1}}]}, "GenericError")],
    "screendump": [({"filename": "/nowhere/x", "device": "nobody"}, "DeviceNotFound"),
                   ({"filename": "/nowhere/x", "head": 3}, "GenericError"),
                   ({"filename": "/nowhere/x"}, "GenericError")],
    "send-key": [({"keys": [], "hold-time": -1}, "GenericError"),
                 ({"keys": [{"type": "number", "data": 200}, {"type": "number", "data": 0}]}, "GenericError")],
})
LAST = ["quit"]


def check_reply(schema, info, arguments, reply, class_):
    where = f"{info['name']} {arguments}"
    if class_:
        assert reply.get("error", {}).get("class") == class_ and reply["error"]["desc"], f"{where}: {reply}"
        return
    assert "return" in reply, f"{where}: {reply}"
    schema.check(info["ret-type"], reply["return"], where)


def try_wrong_arguments(qmp, schema, info, opened):
    """Missing, of the wrong kind, and unexpected ones; told by name."""
    name = info["name"]
    right = dict(RIGHT.get(name, [({}, None)])[0][0])
    for member in schema.type(info["arg-type"])["members"]:
        key = member["name"]
        without = {k: v for k, v in right.items() if k != key}
        if "default" not in member:
            assert qmp.error(name, without) == f"Parameter '{key}' is missing"
        wrong = schema.wrong_value(member["type"])
        if wrong:
            text = qmp.error(name, {**right, key: wrong[0]})
            assert text == f"Invalid parameter type for '{key}', expected: {wrong[1]}", f"{name}: {text}"
            assert "expected" in qmp.error(name, {**right, key: None})
    if not opened:
        assert qmp.error(name, {**right, "xyzzy": 1}) == "Parameter 'xyzzy' is unexpected"


def try_all(env, line):
    with Machine(*env[line], "-S") as m:
        qmp = m.qmp.negotiate()
        schema = Schema(qmp.cmd("query-qmp-schema"))
        commands = schema.of_kind("command")
        assert sorted(c["name"] for c in commands) == [c["name"] for c in qmp.cmd("query-commands")]
        for info in commands:
            name = info["name"]
            if name in LAST or name == "qmp_capabilities":
                continue
            try_wrong_arguments(qmp, schema, info, name in ("device_add", "blockdev-add"))
            needs = any("default" not in member for member in schema.type(info["arg-type"])["members"])
            assert not needs or name in RIGHT, f"no arguments are known that are right for {name}"
            for arguments, class_ in RIGHT.get(name, [({}, None)]):
                check_reply(schema, info, arguments, qmp.ask(name, arguments), class_)
        for event in qmp.events:
            data = schema.infos[event["event"]]["arg-type"]
            schema.check(data, event.get("data", {}), event["event"])
        qmp.cmd("quit")
        assert m.wait() == 0


@case
def all_commands_without_a_machine(env):
    try_all(env, "none")


@case
def all_commands_on_a_malta(env):
    try_all(env, "malta")


@case
def commands_that_are_absent(env):
    with Machine(*env["none"]) as m:
        qmp = m.qmp.negotiate()
        there = {entry["name"] for entry in qmp.cmd("query-commands")}
        for name in ("blockdev-mirror", "migrate", "query-migrate"):
            assert name not in there
            assert ": " in qmp.error(name, {"x": 1}, class_="CommandNotFound"), name


@case
def what_a_malta_tells(env):
    with Machine(*env["malta"], "-name", "guest=g,debug-threads=on", "-uuid",
                 "550e8400-e29b-41d4-a716-446655440000") as m:
        qmp = m.qmp.negotiate()
        cpus = qmp.cmd("query-cpus-fast")
        assert len(cpus) == 1 and cpus[0]["target"] == "mipsel"
        assert os.path.isdir(f"/proc/{m.process.pid}/task/{cpus[0]['thread-id']}"), cpus
        with open(f"/proc/{m.process.pid}/task/{cpus[0]['thread-id']}/comm", encoding="ascii") as comm:
            assert comm.read() == "CPU 0/TCG\n"
        assert qmp.cmd("qom-get", {"path": cpus[0]["qom-path"], "property": "type"}) == "24Kf-mips-cpu"
        assert qmp.cmd("query-name") == {"name": "g"}
        assert qmp.cmd("query-uuid") == {"UUID": "550e8400-e29b-41d4-a716-446655440000"}
        assert qmp.cmd("query-memory-size-summary") == {"base-memory": 128 << 20}
        machines = {entry["name"]: entry for entry in qmp.cmd("query-machines")}
        assert set(machines) == {"none", "malta"}
        assert machines["malta"]["default-ram-id"] == "mips_malta.ram"
        assert machines["malta"]["default-cpu-type"] == "24Kf-mips-cpu"
        slots = [(d["slot"], d["function"]) for d in qmp.cmd("query-pci")[0]["devices"]]
        assert slots == [(0, 0), (10, 0), (10, 1), (10, 2), (10, 3)], slots
        assert qmp.cmd("query-kvm")["enabled"] is False


@case
def keys_and_pointers(env):
    """What reaches the keyboard controller, read from its ports."""
    with Machine(*env["malta"], "-S") as m:
        qmp = m.qmp.negotiate()

        def read():
            got = []
            while int(qmp.hmp("i /b 0x64").split("=")[1], 16) & 1:
                got.append(int(qmp.hmp("i /b 0x60").split("=")[1], 16))
            return bytes(got).hex()

        def send(*events):
            qmp.cmd("input-send-event", {"events": [{"type": kind, "data": data} for kind, data in events]})

        for port, value in ((0x64, 0x60), (0x60, 0), (0x64, 0xd4), (0x60, 0xf4)):
            qmp.hmp(f"o /b {port:#x} {value:#x}")
        assert read() == "fa"
        send(("key", {"key": {"type": "qcode", "data": "a"}, "down": True}),
             ("key", {"key": {"type": "number", "data": 0xc8}, "down": False}))
        assert read() == "1ce0f075"
        send(("rel", {"axis": "x", "value": 2}), ("rel", {"axis": "y", "value": -1}),
             ("btn", {"button": "left", "down": True}))
        assert read() == "090201"
        qmp.hmp("mouse_move -1 0")
        qmp.hmp("mouse_button 2")
        assert read() == "19ff000a0000"
        qmp.cmd("send-key", {"keys": [{"type": "qcode", "data": "f1"}], "hold-time": 5})
        qmp.hmp("sendkey ctrl-alt-f2")
        assert read() == "05", "the second waits for guest time, which stands"
        qmp.cmd("cont")
        wanted, text = "f005" "141106" "f006f011f014", ""
        end = time.monotonic() + 30
        while len(text) < len(wanted) and time.monotonic() < end:
            text += read()
        assert text == wanted, text
        assert qmp.cmd("query-mice") == [{"name": "PS/2 Mouse", "index": 1, "current": True, "absolute": False}]
        assert qmp.hmp("info mice") == "* Mouse #1: PS/2 Mouse\n"
        assert "is no key" in qmp.hmp("sendkey ctrl-foo") and "milliseconds" in qmp.hmp("sendkey a x")
        assert "is no mouse" in qmp.hmp("mouse_set 7") and qmp.hmp("mouse_set 1") == ""
        assert "nokey" in qmp.error("send-key", {"keys": [{"type": "qcode", "data": "nokey"}]})


@case
def the_tree(env):
    """Every node and property below /machine, as deep as it goes."""
    def walk(path):
        count = 1
        for entry in qmp.cmd("qom-list", {"path": path}):
            if entry["type"].startswith("child<"):
                below = f"{path}/{entry['name']}"
                assert qmp.cmd("qom-get", {"path": path, "property": entry["name"]}) == below
                count += walk(below)
            else:
                qmp.cmd("qom-get", {"path": path, "property": entry["name"]})
        return count

    for line, least in (("none", 4), ("malta", 20)):
        with Machine(*env[line]) as m:
            qmp = m.qmp.negotiate()
            count = walk("/machine")
            assert count >= least, f"{line}: {count} nodes"
            qmp.cmd("object-add", {"qom-type": "rng-builtin", "id": "r"})
            assert {"name": "r", "type": "child<rng-builtin>"} in qmp.cmd("qom-list", {"path": "/objects"})
            assert qmp.cmd("qom-list", {"path": "peripheral"}) == [{"name": "type", "type": "string"}]


@case
def the_types(env):
    with Machine(*env["none"]) as m:
        qmp = m.qmp.negotiate()
        every = {t["name"]: t for t in qmp.cmd("qom-list-types", {"abstract": True})}
        concrete = {t["name"] for t in qmp.cmd("qom-list-types")}
        assert concrete == {name for name, t in every.items() if not t.get("abstract")}
        assert {"tcg-accel", "PIIX4_PM", "24Kf-mips-cpu", "malta-machine", "none-machine", "secret"} <= concrete

        def chain(name):
            while name:
                yield name
                name = every[name].get("parent")

        for name in every:
            assert list(chain(name))[-1] == "object", name
        devices = {t["name"] for t in qmp.cmd("qom-list-types", {"implements": "device", "abstract": False})}
        assert devices == {name for name in concrete if "device" in chain(name)}
        before = [qmp.hmp("info qtree"), qmp.hmp("info qom-tree")]
        for name in sorted(devices):
            qmp.cmd("device-list-properties", {"typename": name})
            assert not qmp.hmp(f'device_add "{name},help"').startswith("Error: "), name
        assert before == [qmp.hmp("info qtree"), qmp.hmp("info qom-tree")]
        assert qmp.cmd("qom-list-types", {"implements": "no-such-type"}) == []


@case
def memory_to_files(env):
    path = os.path.join(env["folder"], "memory")
    with Machine(*env["malta"], "-S") as m:
        qmp = m.qmp.negotiate()
        qmp.cmd("pmemsave", {"val": 0x1E000000, "size": 1000, "filename": path})
        with open(path, "rb") as saved, open(env["firmware"], "rb") as firmware:
            assert saved.read()[20:] == firmware.read()[20:1000]
        # The flash at the reset vector, through kseg1.
        qmp.cmd("memsave", {"val": 0xBFC00000 - (1 << 32), "size": 5000, "filename": path})
        assert os.path.getsize(path) == 5000
        qmp.cmd("memsave", {"val": 0xBFC00000, "size": 5000, "filename": path, "cpu-index": 0})
        qmp.cmd("memsave", {"val": 0xFFFFFFFFBFC00000, "size": 5001, "filename": path})
        assert os.path.getsize(path) == 5001
        for size in ((1 << 64) - 1, 1 << 64, 1.5):
            assert "'size'" in qmp.error("memsave", {"val": 0, "size": size, "filename": path})
        qmp.cmd("cont")
        assert "not mapped" in qmp.error("memsave", {"val": 0xC0000000, "size": 1, "filename": path})
        assert qmp.hmp(f"pmemsave 0x1e000000 64 {path}") == "" and os.path.getsize(path) == 64
        assert qmp.hmp(f"memsave 0xbfc00000 64 {path}") == ""


@case
def trace_events(env):
    with Machine(*env["malta"], "-S", "-D", os.path.join(env["folder"], "log")) as m:
        qmp = m.qmp.negotiate()
        states = lambda name: {e["name"]: e["state"] for e in qmp.cmd("trace-event-get-state", {"name": name})}
        assert len(states("*")) > 10 and set(states("*").values()) == {"disabled"} and states("frob*") == {}
        qmp.cmd("trace-event-set-state", {"name": "mm*", "enable": True})
        assert states("mm*") == {"mmu": "enabled", "mmio": "enabled"} and states("int") == {"int": "disabled"}
        assert qmp.hmp("trace-event mmu off") == "" and qmp.hmp("info trace-events mmu") == "mmu : state 0\n"
        qmp.hmp("xp /1wx 0x1f000500")
        with open(os.path.join(env["folder"], "log"), encoding="utf-8") as log:
            assert "malta-fpga.SOFTRES read4" in log.read()
        assert "on or off" in qmp.hmp("trace-event mmu maybe") and "unknown" in qmp.hmp("trace-event frob on")
        qmp.hmp("log none")
        assert states("mmio") == {"mmio": "disabled"}


HMP = """help
help cont
help info
info
info qom-tree /objects
info frob
boot_set ndc
chardev-add null,id=testchardev1
chardev-add help
chardev-send-break testchardev1
chardev-change testchardev1 null
chardev-remove testchardev1
commit all
block_resize nobody 1
change nobody /dev/null
eject nobody
eject -f
info block -n
info block
cpu 0
cpu 1
device_add ?
device_add usb-mouse,id=mouse1
device_add PIIX4,help
device_add
device_del mouse1
device_del
drive_add ignored format=help
mouse_button 7
mouse_move 10 10
dump-guest-memory /dev/null 0 4096
gdbserver unix:gdb-of-this-test,abstract=on
gdbserver none
gva2gpa 0
gpa2hva 0
gva2gpa
hostfwd_add tcp::43210-:43210
i /w 0x3f8
i /b 0x70
i
o /w 0 0x1234
o /b 0x70
log all
log none
log
memsave 0 4096 "/dev/null"
memsave 0
pmemsave 0 4096 "/dev/null"
migrate_set_parameter downtime-limit 1
netdev_add user,id=net1
set_link net1 off
nmi
object_add memory-backend-ram,id=mem1,size=256M
object_add ?
object_add frob,id=x
object_del mem1
object_del mem1
p $pc + 8
p /x ((((1
p 1 +
print /d 7 / 0
qom-list /
qom-list
qom-set /machine initrd test
qom-get /machine initrd
qom-get /machine
screendump /dev/null
sendkey x
savevm x
stopcapture 0
sum 0 512
sum 0
x /8i 0x100
x /8i $pc
xp /16x 0
x /0x 0
x /99999999x 0
x 0xc0000000
exit_preconfig
frobnicate
stop
system_reset
system_powerdown
system_wakeup
cont
stop""".split("\n")


@case
def text_commands(env):
    """Answers are free; the program must live, and lists must be what they say."""
    for line in (env["none"], [*env["none"], "-m", "2"], env["malta"]):
        with Machine(*line) as m:
            qmp = m.qmp.negotiate()
            names = []
            for text in qmp.hmp("help info").splitlines():
                assert text.startswith("info "), text
                names.append(text.split()[1])
            assert len(names) > 30 and names == sorted(names)
            for name in names:
                answer = qmp.hmp(f"info {name}")
                assert not answer.startswith("Error: "), f"info {name}: {answer}"
            for text in HMP:
                qmp.hmp(text)
            qmp.hmp("x/4xw " + "(" * 100000)
            qmp.hmp("\u00e9\u0001" * 100)
            for text in qmp.hmp("help").splitlines():
                name = text.split()[0].split("|")[0]
                assert name == "info" or qmp.hmp(f"help {name}") == text + "\n", text
            assert qmp.cmd("query-status")["status"] == "paused"
            assert qmp.hmp("quit") == ""
            assert m.wait() == 0


@case
def text_answers(env):
    with Machine(*env["malta"], "-S") as m:
        qmp = m.qmp.negotiate()
        assert qmp.hmp("print 1 + 2 * 3").strip() == "0x7"
        assert "takes no arguments" in qmp.hmp("quit now") and "takes no arguments" in qmp.hmp("c 1")
        assert qmp.hmp("p/d ~0").strip() == "-1"
        assert qmp.hmp("x /2i $pc").startswith("0xbfc00000:  beq"), qmp.hmp("x /2i $pc")
        assert qmp.hmp("gva2gpa 0xbfc00000") == "gpa: 0x1fc00000\n"
        assert qmp.hmp("gva2gpa 0xc0000000") == "Unmapped\n"
        qmp.hmp("o /b 0x70 0x0a")
        assert qmp.hmp("i /b 0x71") in ("portb[0x0071] = 0x26\n", "portb[0x0071] = 0xa6\n")
        assert "PIIX4_PM" in qmp.hmp("info qtree") and "addr = 0a.3" in qmp.hmp("info qtree")
        assert qmp.hmp("info status") == "VM status: paused (prelaunch)\n"
        assert "pic0: irr=" in qmp.hmp("info pic")
        assert "thread_id=" in qmp.hmp("info cpus")
        assert qmp.hmp("info version").split()[0].count(".") == 2
