# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocol itself: greeting, negotiation, bad input, order, out of band, events."""
import os
import threading

from client import Machine, Qmp

CASES = []


def case(function):
    CASES.append(function)
    return function


@case
def greeting_and_negotiation(env):
    with Machine(*env["none"]) as m:
        greeting = m.qmp.read()["QMP"]
        assert set(greeting["version"]["qemu"]) == {"major", "minor", "micro"}, greeting
        assert greeting["capabilities"] == ["oob"], greeting
        m.qmp.greeting = greeting
        assert "qmp_capabilities" in m.qmp.error("query-version", class_="CommandNotFound")
        m.qmp.error("no-such-command", class_="CommandNotFound")
        m.qmp.error("qmp_capabilities", {"enable": ["teleport"]})
        m.qmp.error("qmp_capabilities", {"enable": "oob"})
        m.qmp.error("query-version", class_="CommandNotFound")
        assert m.qmp.cmd("qmp_capabilities", {"enable": []}) == {}
        m.qmp.error("qmp_capabilities", class_="CommandNotFound")
        # Without the capability there is no such member.
        assert "exec-oob" in m.qmp.error("query-version", key="exec-oob")


MALFORMED = [
    b"{]\n", b"{\xff", b"{\x01", b"{'bad \xff", b"{'execute': 'nonexistent', 'id':'\n'", b"%p\n",
    b"null\n", b"42 ", b"\"x\"", b"[]\n", b"{}\n", b'{"execute": true}', b'{"arguments": {}}',
    b'{"execute": "no-such-cmd", "arguments": []}', b'{"execute": "no-such-cmd", "extra": true}',
    b'{"execute": "query-status",}', b'{"execute": "query-status" "id": 1}', b"{'execute': 'query-status'}",
    b'{"execute": NaN}', b'{"execute": "a", "execute": "b"}', b'{"execute": "\xc3"}', b'{"execute": "\\x"}',
    b'{"execute": "x", "id": 01}', b"/* x */\n", b"// x\n", b"[" * 1025 + b"\n", b'{"execute": "a\tb"}\n',
    b'{"execute": "x", "exec-oob": "x"}', b'{"execute": "x", "id": 0x1}',
    b'{"execute": "x", "id": "\\uffff"}', b'{"execute": 1.5}', b'{"execute": 18446744073709551615}',
]


@case
def malformed_input(env):
    with Machine(*env["none"]) as m:
        m.qmp.negotiate("oob")
        for text in MALFORMED:
            m.qmp.raw(text)
            reply = m.qmp.reply()
            assert reply.get("error", {}).get("class") == "GenericError", f"{text}: {reply}"
            # Exactly one error, and the next command is understood.
            assert m.qmp.ask("no-such-cmd", id=7) == {
                "error": {"class": "CommandNotFound", "desc": "The command no-such-cmd has not been found"},
                "id": 7}, text


@case
def ids_come_back(env):
    with Machine(*env["none"]) as m:
        m.qmp.negotiate("oob")
        for ident in (1, "x", None, [1, {"a": 1.5}], {"b": 2}, 18446744073709551615, 10**25, 1e100, -1, True):
            assert m.qmp.ask("query-name", id=ident) == {"return": {}, "id": ident}
            assert m.qmp.ask("nothing", id=ident)["id"] == ident
            assert m.qmp.ask("query-name", {"x": 1}, id=ident)["id"] == ident
            assert m.qmp.ask("query-name", key="exec-oob", id=ident) == {"return": {}, "id": ident}


@case
def commands_in_pieces_and_together(env):
    with Machine(*env["none"]) as m:
        m.qmp.negotiate()
        for byte in b'{"execute": "query-name", "id": "slow"}':
            m.qmp.raw(bytes([byte]))
        assert m.qmp.reply()["id"] == "slow"
        m.qmp.raw(b"".join(b'{"execute": "query-name", "id": %d}' % n for n in range(500)))
        assert [m.qmp.reply()["id"] for _ in range(500)] == list(range(500))


@case
def out_of_band_overtakes(env):
    fifo = os.path.join(env["folder"], "fifo")
    os.mkfifo(fifo)
    with Machine(*env["none"], "-m", "2") as m:
        m.qmp.negotiate("oob")
        m.qmp.send("pmemsave", {"val": 0, "size": 1 << 20, "filename": fifo}, id="blocked")
        m.qmp.send("query-name", id="waits")
        m.qmp.send("query-status", key="exec-oob", id="not-oob")
        m.qmp.send("migrate-pause", key="exec-oob", id="absent")
        m.qmp.send("query-version", key="exec-oob", id="quick")
        replies = [m.qmp.reply() for _ in range(3)]
        assert [reply["id"] for reply in replies] == ["not-oob", "absent", "quick"], replies
        assert replies[0]["error"]["class"] == "GenericError" and "OOB" in replies[0]["error"]["desc"]
        assert replies[1]["error"]["class"] == "CommandNotFound"
        assert "return" in replies[2]
        with open(fifo, "rb") as reader:
            assert reader.read() == bytes(1 << 20)
        assert m.qmp.reply() == {"return": {}, "id": "blocked"}
        assert m.qmp.reply()["id"] == "waits"
    os.unlink(fifo)


@case
def a_blocked_command_does_not_outlive_the_program(env):
    fifo = os.path.join(env["folder"], "fifo2")
    os.mkfifo(fifo)
    with Machine(*env["none"], "-m", "2", monitors=2) as m:
        first, second = [client.negotiate() for client in m.clients]
        first.send("pmemsave", {"val": 0, "size": 4096, "filename": fifo})
        assert second.cmd("query-name") == {}
        second.cmd("quit")
        assert m.wait() == 0
    os.unlink(fifo)


@case
def events_of_the_run_state(env):
    with Machine(*env["malta"], "-S", monitors=2) as m:
        first, second = [client.negotiate() for client in m.clients]
        assert first.cmd("query-status") == {"running": False, "status": "prelaunch"}
        first.cmd("cont")
        for client in (first, second):
            event = client.event("RESUME")
            assert set(event["timestamp"]) == {"seconds", "microseconds"} and "data" not in event
        assert first.cmd("query-status") == {"running": True, "status": "running"}
        second.cmd("stop")
        first.event("STOP")
        assert first.cmd("query-status") == {"running": False, "status": "paused"}
        first.cmd("stop")
        first.cmd("system_reset")
        assert second.event("RESET")["data"] == {"guest": False, "reason": "host-qmp-system-reset"}
        first.cmd("system_powerdown")
        second.event("POWERDOWN")
        assert [event["event"] for event in first.events] == ["RESET", "POWERDOWN"], first.events
        first.cmd("quit")
        assert second.event("SHUTDOWN")["data"] == {"guest": False, "reason": "host-qmp-quit"}
        assert m.wait() == 0


@case
def no_events_before_negotiation(env):
    with Machine(*env["malta"], "-S", monitors=2) as m:
        first, second = m.clients
        first.negotiate()
        second.read()
        first.cmd("cont")
        first.event("RESUME")
        assert second.cmd("qmp_capabilities") == {} and not second.events
        first.cmd("stop")
        second.event("STOP")


@case
def a_signal_is_an_event(env):
    with Machine(*env["malta"]) as m:
        m.qmp.negotiate()
        m.process.terminate()
        assert m.qmp.event("SHUTDOWN")["data"] == {"guest": False, "reason": "host-signal"}
        assert m.wait() == 0


def store(address, value):
    """MIPS code that stores a word (lui, ori, lui, ori, sw)."""
    return [0x3C080000 | address >> 16, 0x35080000 | address & 0xFFFF, 0x3C090000 | value >> 16,
            0x35290000 | value & 0xFFFF, 0xAD090000]


@case
def a_guest_reset_is_an_event(env):
    image = os.path.join(env["folder"], "reset.bin")
    # A jump over the board id, then the reset register of the board's FPGA.
    code = [0x10000006] + [0] * 6 + store(0xBF000500, 0x42) + [0x1000FFFF, 0]
    with open(image, "wb") as out:
        for word in code + [0] * 1000:
            out.write(word.to_bytes(4, "little"))
    line = [env["program"], "-M", "malta,endian=little", "-bios", image, "-nodefaults", "-S"]
    with Machine(*line) as m:
        m.qmp.negotiate().cmd("cont")
        assert m.qmp.event("RESET")["data"] == {"guest": True, "reason": "guest-reset"}
        m.qmp.cmd("stop")
    with Machine(*line, "-no-reboot") as m:
        m.qmp.negotiate().cmd("cont")
        assert m.qmp.event("SHUTDOWN")["data"] == {"guest": True, "reason": "guest-reset"}
        assert m.wait() == 0
    with Machine(*line, "-no-reboot", "-no-shutdown") as m:
        m.qmp.negotiate().cmd("cont")
        m.qmp.event("SHUTDOWN")
        m.qmp.event("STOP")
        assert m.qmp.cmd("query-status") == {"running": False, "status": "shutdown"}
        # Management then resets it and starts it again.
        m.qmp.cmd("system_reset")
        assert m.qmp.event("RESET")["data"]["reason"] == "host-qmp-system-reset"
        assert m.qmp.cmd("query-status")["status"] == "prelaunch"
        m.qmp.cmd("cont")
        m.qmp.event("RESUME")
        assert m.qmp.event("SHUTDOWN")["data"]["guest"]
        m.qmp.cmd("quit")


@case
def a_clock_that_is_set_often(env):
    """At most an event a second, and the last one says where the clock is."""
    with Machine(*env["malta"], "-rtc", "base=2026-01-01T00:00:00") as m:
        qmp = m.qmp.negotiate()
        qmp.hmp("o /b 0x70 9")
        for year in (0x27, 0x28, 0x29, 0x30) * 10:
            qmp.hmp(f"o /b 0x71 {year}")
        first = qmp.event("RTC_CHANGE")["data"]
        last = qmp.event("RTC_CHANGE")["data"]
        assert 364 * 86400 < first["offset"] < 366 * 86400 and 3 * 365 * 86400 < last["offset"], (first, last)
        assert qmp.cmd("qom-get", {"path": first["qom-path"], "property": "type"}) == "mc146818rtc"
        qmp.cmd("query-name")
        assert not qmp.events, qmp.events


@case
def two_clients_at_once(env):
    with Machine(*env["none"], monitors=3) as m:
        for client in m.clients:
            client.negotiate()
        problems = []

        def talk(client, name):
            for number in range(200):
                if client.ask("query-name", id=[name, number]) != {"return": {}, "id": [name, number]}:
                    problems.append((name, number))

        threads = [threading.Thread(target=talk, args=(client, n)) for n, client in enumerate(m.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not problems, problems


@case
def pretty_replies(env):
    with Machine(*env["none"], "-qmp-pretty", f"unix:{env['folder']}/pretty,server=on,wait=off") as m:
        import socket
        m.qmp.negotiate()
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(f"{env['folder']}/pretty")
            sock.settimeout(20)
            text = b""
            while b"\n}\r\n" not in text:
                text += sock.recv(4096)
            assert text.startswith(b'{\n    "QMP": {\n        "version"'), text
        Qmp(m.qmp.sock)
