# SPDX-License-Identifier: GPL-2.0-or-later
"""Character devices that come and change while the machine runs."""
import base64
import hashlib
import os
import shutil
import socket
import subprocess
import threading
import time

from client import Machine

CASES = []


def case(function):
    CASES.append(function)
    return function


def inet(port):
    return {"type": "socket", "data": {"addr": {"type": "inet", "data": {"host": "127.0.0.1", "port": str(port)}},
                                       "server": False}}


class Deaf:
    """A TCP port that does not answer: its queue of connections is full, so that the host drops more."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self.listener.getsockname()[1]
        self.fill = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(self.listener.getsockname())
            self.fill.append(client)
        time.sleep(0.1)
        return self

    def __exit__(self, *_):
        for sock in (*self.fill, self.listener):
            sock.close()


@case
def ring_buffers(env):
    with Machine(*env["malta"], "-chardev", "ringbuf,id=r,size=16", "-serial", "chardev:r", "-S") as m:
        qmp = m.qmp.negotiate()
        read = lambda size, **more: qmp.cmd("ringbuf-read", {"device": "r", "size": size, **more})
        assert read(100) == ""
        qmp.cmd("ringbuf-write", {"device": "r", "data": "h\u00e4llo"})
        assert read(3) == "h\u00e4" and read(100) == "llo" and read(1) == ""
        qmp.cmd("ringbuf-write", {"device": "r", "data": "0123456789abcdefXYZ"})
        assert read(100) == "3456789abcdefXYZ"
        qmp.cmd("ringbuf-write", {"device": "r", "data": "AP8=", "format": "base64"})
        assert read(100, format="base64") == "AP8="
        # What the guest's port sends ends there too.
        qmp.hmp("o /b 0x3f8 0x41")
        assert qmp.hmp("ringbuf_read r 5") == "A\n"
        assert qmp.hmp("ringbuf_write r a b") == "" and qmp.hmp("ringbuf_read r 9") == "a b\n"
        assert "power of two" in qmp.hmp("chardev-add ringbuf,id=q,size=3")
        assert "not a ringbuf" in qmp.hmp("ringbuf_read mon0 1")


@case
def a_device_changes(env):
    path = os.path.join(env["folder"], "changed")
    with Machine(*env["malta"], "-chardev", "null,id=c", "-serial", "chardev:c", "-S") as m:
        qmp = m.qmp.negotiate()
        change = lambda **data: qmp.cmd("chardev-change", {"id": "c", "backend": data})
        change(type="ringbuf")
        qmp.hmp("o /b 0x3f8 0x42")
        assert qmp.cmd("ringbuf-read", {"device": "c", "size": 9}) == "B"
        change(type="file", data={"out": path})
        qmp.hmp("o /b 0x3f8 0x43")
        assert "/dev/" in change(type="pty", data={})["pty"]
        with open(path, "rb") as written:
            assert written.read() == b"C"
        os.unlink(path)
        # What fails leaves it as it was.
        assert "No such file" in qmp.error("chardev-change", {"id": "c", "backend": {
            "type": "file", "data": {"out": "/nonexistent/x"}}})
        assert any(d["filename"].startswith("pty:") for d in qmp.cmd("query-chardev") if d["label"] == "c")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(20)
            change(**inet(listener.getsockname()[1]))
            peer = listener.accept()[0]
            peer.settimeout(20)
            qmp.hmp("o /b 0x3f8 0x44")
            assert peer.recv(1) == b"D"
            peer.close()
        assert "does not exist" in qmp.hmp("chardev-change nobody frob")
        assert "needs a back end" in qmp.hmp("chardev-change c id=x") and "unknown" in qmp.hmp("chardev-change c frob")
        assert qmp.hmp("chardev-change c null") == "" and "usage" in qmp.hmp("chardev-change c")
        # A monitor may change its own: the reply goes to the new client.
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(1)
            listener.settimeout(20)
            qmp.send("chardev-change", {"id": "mon0", "backend": {"type": "socket", "data": {
                "addr": {"type": "unix", "data": {"path": path}}, "server": False}}})
            peer = listener.accept()[0]
            peer.settimeout(20)
            peer.sendall(b'{"execute": "qmp_capabilities"}{"execute": "quit"}')
            assert b'"QMP"' in peer.recv(65536)
            assert m.wait() == 0
            peer.close()
        os.unlink(path)


@case
def a_line_belongs_to_its_client(env):
    """What one has typed without return is not before the next one's line; a flood is answered in full."""
    path = os.path.join(env["folder"], "lines")
    with Machine(*env["none"], "-monitor", f"unix:{path},server=on,wait=off") as m:
        m.qmp.negotiate()
        for text in (b"half a li", b"\x1b[", b"info status" + b" " * 100000, b"info version\r" * 20000):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(path)
                sock.setblocking(False)
                sock.send(text)
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(20)
                sock.connect(path)
                sock.sendall(b"info status\r")
                got = b""
                while b"VM status" not in got:
                    got += sock.recv(65536)
                assert b"unknown" not in got, got
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(path)
            sender = threading.Thread(target=sock.sendall, args=(b"info qom-tree\r" * 3000,))
            sender.start()
            time.sleep(0.3)         # nobody reads
            got = b""
            while got.count(b"/machine (none-machine)") < 3000:
                got += sock.recv(1 << 20)
            sender.join()


@case
def connecting_keeps_nobody_waiting(env):
    with Deaf() as deaf, Machine(*env["malta"], "-S", monitors=2) as m:
        first, second = (client.negotiate("oob") for client in m.clients)
        first.send("chardev-add", {"id": "dead", "backend": inet(deaf.port)}, id="dead")
        begin = time.time()
        assert "disconnected" in [d["filename"] for d in second.cmd("query-chardev") if d["label"] == "dead"][0]
        assert first.ask("query-name", key="exec-oob", id=1) == {"return": {}, "id": 1}
        second.cmd("cont")
        assert second.hmp(f"chardev-add socket,id=too,host=127.0.0.1,port={deaf.port}") == ""
        assert time.time() - begin < 5
        # Closing it is an answer.
        second.cmd("chardev-remove", {"id": "dead"})
        while (reply := first.reply()).get("id") != "dead":
            pass
        assert "closed" in reply["error"]["desc"]
        # Nobody listens there: an error, and no device.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        assert "refused" in first.error("chardev-add", {"id": "none", "backend": inet(port)})
        assert "none" not in [d["label"] for d in first.cmd("query-chardev")]
        # A full unix listener is told at once.
        path = os.path.join(env["folder"], "full")
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(path)
            listener.listen(0)
            client.connect(path)
            begin = time.time()
            first.error("chardev-add", {"id": "full", "backend": {"type": "socket", "data": {
                "addr": {"type": "unix", "data": {"path": path}}, "server": False}}})
            assert time.time() - begin < 5
        os.unlink(path)
        # The end does not wait either, with one that is still connecting.
        first.send("chardev-add", {"id": "dead", "backend": inet(deaf.port)})
        assert second.cmd("query-status")["running"]


def port_of(qmp, label):
    name = next(d["filename"] for d in qmp.cmd("query-chardev") if d["label"] == label)
    return name, int(name.split(" <-> ")[0].split(",")[0].rsplit(":", 1)[1])


class Websocket:
    """A client by the RFC: masked frames out, plain ones in."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall((f"GET /console HTTP/1.1\r\nhost: localhost:{port}\r\nUPGRADE: WebSocket\r\n"
                           f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                           "Sec-WebSocket-Version: 13\r\nOrigin: http://localhost\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.sock.recv(1)
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert head.startswith(b"HTTP/1.1 101 ") and accept in head, head

    def send(self, opcode, data):
        mask = os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
        self.sock.sendall(bytes([0x80 | opcode]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            assert more, "closed"
            data += more
        return data

    def frame(self):
        first, length = self.exactly(2)
        assert not length & 0x80
        length = int.from_bytes(self.exactly(2), "big") if length == 126 else length
        return first, self.exactly(length)


@case
def telnet_and_websocket(env):
    with Machine(*env["none"], "-monitor", "telnet:127.0.0.1:0,server,nowait") as m:
        qmp = m.qmp.negotiate()
        inet_server = lambda **more: {"type": "socket", "data": {
            "addr": {"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}, "wait": False, **more}}
        name, port = port_of(qmp, "monitor0" if any(d["label"] == "monitor0" for d in qmp.cmd("query-chardev"))
                             else "compat_monitor0")
        assert name.startswith("disconnected:telnet:127.0.0.1:") and name.endswith(",server=on"), name
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            got = b""
            sock.sendall(b"\xff\xfd\x01\xff\xfd\x03\xff\xfd\x18info status\r\0")
            while b"VM status" not in got:
                got += sock.recv(65536)
            assert got.startswith(b"\xff\xfb\x01") and b"\xff\xfc\x18" in got, got
        # One by the client of the host, if there is one.
        if shutil.which("telnet"):
            client = subprocess.Popen(["telnet", "127.0.0.1", str(port)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            got = b""
            client.stdin.write(b"info status\n")
            client.stdin.flush()
            while b"VM status" not in got:
                data = os.read(client.stdout.fileno(), 65536)
                assert data, got
                got += data
            client.kill()
            client.wait()
        # A websocket that comes later.
        qmp.cmd("chardev-add", {"id": "w", "backend": inet_server(websocket=True)})
        qmp.cmd("chardev-add", {"id": "t", "backend": inet_server(telnet=True)})
        assert port_of(qmp, "t")[0].startswith("disconnected:telnet:")
        assert "exclude" in qmp.error("chardev-add", {"id": "x", "backend": inet_server(telnet=True, websocket=True)})
        assert "tn3270" in qmp.error("chardev-add", {"id": "x", "backend": inet_server(tn3270=True)})
        assert "servers" in qmp.error("chardev-add", {"id": "x", "backend": inet_server(websocket=True, server=False)})
        qmp.cmd("chardev-remove", {"id": "t"})
        qmp.cmd("chardev-change", {"id": "w", "backend": inet_server(websocket=True)})


@case
def a_console_in_a_websocket(env):
    with Machine(*env["none"], "-monitor", "websocket:127.0.0.1:0,server=on,wait=off", "-chardev",
                 "socket,id=w,host=127.0.0.1,port=0,server=on,wait=off,websocket=on") as m:
        qmp = m.qmp.negotiate()
        label = next(d["label"] for d in qmp.cmd("query-chardev") if "websocket" in d["filename"] and d["label"] != "w")
        _, port = port_of(qmp, label)
        client = Websocket(port)
        client.send(2, b"info sta")
        client.send(9, b"are you there")
        client.send(1, b"tus\r")
        got, pong = b"", False
        while b"VM status" not in got or not pong:
            first, data = client.frame()
            if first == 0x8a:
                assert data == b"are you there"
                pong = True
            else:
                assert first == 0x82
                got += data
        name, _ = port_of(qmp, label)
        assert name.startswith(f"websocket:127.0.0.1:{port},server=on <-> 127.0.0.1:"), name
        client.send(8, (1000).to_bytes(2, "big"))
        while (frame := client.frame())[0] != 0x88:
            pass
        assert frame[1] == b"\x03\xe8" and client.sock.recv(1) == b""
        # A flood of pings that nobody reads, and a death: the machine lives, the next one is served.
        client = Websocket(port)
        client.sock.setblocking(False)
        try:
            for _ in range(100000):
                client.sock.send(b"\x89\xfd" + bytes(4 + 125))
        except BlockingIOError:
            pass
        assert qmp.cmd("query-status")
        client.sock.close()
        client = Websocket(port)
        client.send(2, b"info version\r")
        while client.frame()[0] != 0x82:
            pass


@case
def datagrams_and_clients_that_come_back(env):
    with Machine(*env["malta"], "-S") as m:
        qmp = m.qmp.negotiate()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.bind(("127.0.0.1", 0))
            peer.settimeout(20)
            to = {"type": "inet", "data": {"host": "127.0.0.1", "port": str(peer.getsockname()[1])}}
            qmp.cmd("chardev-add", {"id": "u", "backend": {"type": "udp", "data": {
                "remote": to, "local": {"type": "inet", "data": {"host": "127.0.0.1", "port": "0"}}}}})
            name, port = port_of(qmp, "u")
            assert name == f"udp:127.0.0.1:{to['data']['port']}@127.0.0.1:{port}", name
            assert "remote" in qmp.error("chardev-add", {"id": "v", "backend": {"type": "udp", "data": {}}})
            assert "inet" in qmp.error("chardev-add", {"id": "v", "backend": {"type": "udp", "data": {
                "remote": {"type": "unix", "data": {"path": "x"}}}}})
            assert {"name": "udp"} in qmp.cmd("query-chardev-backends")
        # A client that tries again needs nobody to be there; closing it while it tries is quick.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        backend = inet(port)
        backend["data"]["reconnect-ms"] = 50
        qmp.cmd("chardev-add", {"id": "again", "backend": backend})
        assert port_of(qmp, "again")[0] == f"disconnected:tcp:127.0.0.1:{port}"
        time.sleep(0.2)
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.settimeout(20)
            for _ in range(3):
                listener.accept()[0].close()
        qmp.cmd("chardev-remove", {"id": "again"})
        backend["data"] = {**inet(port)["data"], "reconnect": 1, "server": True}
        assert "for clients" in qmp.error("chardev-add", {"id": "again", "backend": backend})
        # A server at a name that somebody must be asked for: the reply comes when it listens or cannot.
        server = {"type": "socket", "data": {"addr": {"type": "inet", "data": {"host": "nowhere.invalid", "port": "0"}}}}
        assert "nowhere.invalid" in qmp.error("chardev-add", {"id": "named", "backend": server})
        assert "named" not in [d["label"] for d in qmp.cmd("query-chardev")]
