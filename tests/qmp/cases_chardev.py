# SPDX-License-Identifier: GPL-2.0-or-later
"""Character devices that come and change while the machine runs."""
import os
import socket
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
