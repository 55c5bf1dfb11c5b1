# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that behave badly, descriptors, sockets that are inherited or come and go."""
import json
import os
import socket
import subprocess
import time

from client import Machine, Qmp

CASES = []


def case(function):
    CASES.append(function)
    return function


def connect(path, seconds=20):
    end = time.time() + seconds
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
            return sock
        except OSError:
            sock.close()
            assert time.time() < end, f"nobody listens on {path}"
            time.sleep(0.02)


@case
def clients_come_and_go(env):
    path = os.path.join(env["folder"], "sock")
    with Machine(*env["none"], "-qmp", f"unix:{path},server=on,wait=off") as m:
        m.qmp.negotiate()
        for turn in range(30):
            with connect(path) as sock:
                client = Qmp(sock)
                if turn % 3 == 0:
                    continue                        # gone before the greeting is read
                client.greeting = client.read()
                if turn % 3 == 1:
                    client.raw(b'{"execute": "qmp_')      # and in the middle of a command
                    continue
                client.cmd("qmp_capabilities")
                assert client.cmd("query-name") == {}
        assert m.qmp.cmd("query-name") == {}


@case
def a_half_closed_client_gets_its_replies(env):
    path = os.path.join(env["folder"], "half")
    with Machine(*env["none"], "-qmp", f"unix:{path},server=on,wait=off") as m:
        m.qmp.negotiate()
        with connect(path) as sock:
            sock.sendall(b'{"execute": "qmp_capabilities"}{"execute": "query-name", "id": 1}')
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(20)
            text = b""
            while piece := sock.recv(65536):
                text += piece
            replies = [json.loads(line) for line in text.splitlines()]
            assert replies[1:] == [{"return": {}}, {"return": {}, "id": 1}], replies
        assert m.qmp.cmd("query-name") == {}


@case
def a_client_that_never_reads(env):
    """It is read no more, everybody else goes on, and memory stays bounded."""
    with Machine(*env["malta"], monitors=2) as m:
        m.clients[1].negotiate()
        rude = m.qmp
        rude.raw(b'{"execute": "qmp_capabilities"}\n')
        rude.sock.settimeout(1)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += rude.sock.send(b'{"execute": "query-qmp-schema"}\n' * 1000)
        except (TimeoutError, BlockingIOError):
            pass
        assert sent < 16 << 20, f"{sent} bytes were taken"
        for _ in range(50):
            m.clients[1].cmd("stop")
            m.clients[1].cmd("cont")
        with open(f"/proc/{m.process.pid}/status", encoding="ascii") as status:
            rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        assert rss < 400 << 10, f"{rss} KiB"
        # When it reads after all, every reply is whole.
        rude.sock.settimeout(20)
        rude.read()
        assert rude.reply() == {"return": {}}
        for _ in range(20):
            assert len(rude.reply()["return"]) > 50


@case
def a_flood_of_rubbish(env):
    with Machine(*env["none"], monitors=2) as m:
        for client in m.clients:
            client.negotiate()
        flood = m.clients[1].sock
        flood.setblocking(False)
        end = time.time() + 1
        while time.time() < end:
            try:
                flood.send(b"]]]\n%%%\n" * 1000)
                flood.recv(1 << 20)
            except BlockingIOError:
                pass
            assert m.qmp.cmd("query-name") == {}


@case
def one_long_string_is_refused(env):
    with Machine(*env["none"]) as m:
        m.qmp.negotiate()
        m.qmp.sock.settimeout(60)
        m.qmp.raw(b'{"execute": "')
        for _ in range(17):
            m.qmp.sock.sendall(b"x" * (4 << 20))
        m.qmp.raw(b'"}\n')
        assert "64 MiB" in m.qmp.reply()["error"]["desc"]
        assert m.qmp.cmd("query-name") == {}


@case
def descriptors(env):
    path = os.path.join(env["folder"], "fds")
    with Machine(*env["none"], "-qmp", f"unix:{path},server=on,wait=off", "-chardev", "null,id=n") as m:
        qmp = m.qmp.negotiate()
        assert "SCM_RIGHTS" in qmp.error("getfd", {"fdname": "x"})
        ours, theirs = socket.socketpair()
        qmp.cmd("getfd", {"fdname": "x"}, fds=[theirs.fileno()])
        qmp.cmd("closefd", {"fdname": "x"})
        qmp.error("closefd", {"fdname": "x"})
        qmp.error("getfd", {"fdname": "1x"}, fds=[theirs.fileno()])
        # A socket that the client made becomes a character device.
        qmp.cmd("getfd", {"fdname": "sock"}, fds=[theirs.fileno()])
        qmp.cmd("chardev-add", {"id": "c", "backend": {"type": "socket", "data": {
            "addr": {"type": "fd", "data": {"str": "sock"}}, "server": False}}})
        theirs.close()
        labels = [entry["label"] for entry in qmp.cmd("query-chardev")]
        assert "c" in labels, labels
        qmp.cmd("chardev-remove", {"id": "c"})
        ours.settimeout(20)
        assert ours.recv(1) == b"", "it was not closed"
        ours.close()
        # What nobody takes is closed with its connection.
        with connect(path) as sock:
            ours, theirs = socket.socketpair()
            Qmp(sock).negotiate().cmd("query-name", fds=[theirs.fileno()] * 3)
            theirs.close()
        ours.settimeout(20)
        assert ours.recv(1) == b"", "it was not closed"
        ours.close()


@case
def sets_of_descriptors(env):
    path = os.path.join(env["folder"], "fdset")
    with Machine(*env["none"], "-m", "2", monitors=2) as m:
        qmp, other = [client.negotiate() for client in m.clients]
        with open(path, "wb") as writer, open(path, "rb") as reader:
            first = qmp.cmd("add-fd", {"opaque": "a remark"}, fds=[reader.fileno()])
            assert first["fdset-id"] == 0, first
            save = {"val": 0, "size": 5000, "filename": "/dev/fdset/0"}
            assert "open in that way" in qmp.error("pmemsave", save)
            second = qmp.cmd("add-fd", {"fdset-id": 0}, fds=[writer.fileno()])
            assert qmp.cmd("add-fd", fds=[writer.fileno()])["fdset-id"] == 1
        other.cmd("pmemsave", save)
        assert os.path.getsize(path) == 5000
        assert "no such set" in qmp.error("pmemsave", {**save, "filename": "/dev/fdset/9"})
        assert "fdset" in qmp.error("pmemsave", {**save, "filename": "/dev/fdset/x"})
        assert other.cmd("query-fdsets") == [
            {"fdset-id": 0, "fds": [{"fd": first["fd"], "opaque": "a remark"}, {"fd": second["fd"]}]},
            {"fdset-id": 1, "fds": [{"fd": other.cmd("query-fdsets")[1]["fds"][0]["fd"]}]}]
        qmp.cmd("remove-fd", {"fdset-id": 0, "fd": second["fd"]})
        assert "open in that way" in qmp.error("pmemsave", save)
        qmp.cmd("remove-fd", {"fdset-id": 0})
        qmp.error("remove-fd", {"fdset-id": 0})
        assert [entry["fdset-id"] for entry in qmp.cmd("query-fdsets")] == [1]


@case
def an_inherited_listening_socket(env):
    path = os.path.join(env["folder"], "listen")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    fd = listener.fileno()
    process = subprocess.Popen([*env["none"], "-chardev", f"socket,id=c,fd={fd},server=on,wait=off",
                                "-mon", "chardev=c,id=monitor,mode=control"], pass_fds=[fd])
    listener.close()
    try:
        for _ in range(3):
            with connect(path) as sock:
                Qmp(sock).negotiate().cmd("query-name")
        with connect(path) as sock:
            Qmp(sock).negotiate().cmd("quit")
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


@case
def qmp_on_a_mux(env):
    """Two QMP monitors on one terminal; Ctrl-a c turns to the other."""
    path = os.path.join(env["folder"], "mux")
    with Machine(*env["none"], "-chardev", f"socket,id=x,path={path},server=on,wait=off,mux=on",
                 "-mon", "x,mode=control", "-mon", "x,mode=readline") as m:
        m.qmp.negotiate()
        with connect(path) as sock:
            client = Qmp(sock)
            while "QMP" not in (message := client.read()):
                pass
            client.raw(b'{"execute": "qmp_capabilities"}')
            while message != {"return": {}}:
                line = client.sock.recv(4096)
                client.buffer += line
                message = {"return": {}} if b'{"return": {}}' in client.buffer else None
            client.raw(b"\x01cinfo name\r")
            while b"valletta) " not in client.buffer:
                client.buffer += client.sock.recv(4096)
