# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that flood, never read, half-close or die: the machine and its other clients go on."""
import json
import socket
import struct
import time

from pump import PATIENCE, Failure, Machine, Pump

HELLO = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
# What each server is flooded with, what a client that comes afterwards asks, and what it hears.
SERVERS = [
    ("-qmp", b'{"execute": "query-commands"}' + b" " * 1000, b'{"execute": "qmp_capabilities"}', b'{"return": {}}'),
    ("-monitor", b"info qtree" + b" " * 500 + b"\r", b"info status\r", b"VM status: "),
    ("-gdb", b"$m80000000,800#b9" + b" " * 500, b"$qC#b4", b"$QC1#"),
    ("-monitor,telnet=on", b"\xff\xfd\x63\xff\xfb\x63info qtree\r\0\xff\xf6", b"info status\r\0", b"VM status: "),
    ("-monitor,websocket=on", HELLO, HELLO, b"101 Switching"),
    ("-monitor,websocket=on", HELLO[:-2] + b"X-Y: z\r\n" * 20, HELLO, b"101 Switching"),
]


def flood(sock, text):
    """As much as it takes without being read."""
    sock.setblocking(False)
    taken, quiet = 0, 0
    while taken < 4 << 20 and quiet < 5:
        try:
            taken += sock.send(text * (65536 // len(text)))
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.02)
        except (BrokenPipeError, ConnectionResetError):
            break                       # it wants no more of that
    return taken // len(text)


def leave(sock, how):
    if how == "half":
        sock.shutdown(socket.SHUT_WR)
        time.sleep(0.05)
    if how == "dead":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Watcher:
    """A client that behaves."""

    def __init__(self, sock):
        self.pump, self.number = Pump(sock), 0
        self.pump.exchange(b'{"execute": "qmp_capabilities"}', lambda data: None, lambda: True)
        self.status()

    def status(self):
        self.number += 1
        got, begin = bytearray(), time.monotonic()
        ident = json.dumps({"id": self.number})[1:-1].encode()
        self.pump.exchange(b'{"execute": "query-status", %s}' % ident, got.extend, lambda: ident in got)
        if time.monotonic() - begin > PATIENCE / 3:
            raise Failure("others had to wait")
        return bytes(got)


def clients(program, inputs, seed):
    """inputs and seed mean nothing here: the clients are always the same."""
    total = 0
    with Machine(program, sockets=["-qmp", *(server[0] for server in SERVERS)], server=True) as m:
        watcher = Watcher(m.connect(0))
        for number, (option, text, question, answer) in enumerate(SERVERS, 1):
            for how in ("closed", "half", "dead", "closed"):
                client = m.connect(number)
                total += flood(client, text)
                watcher.status()
                leave(client, how)
                watcher.status()
            got, pump = bytearray(), Pump(m.connect(number))
            try:
                pump.exchange(question, got.extend, lambda: answer in got)
            except Failure as failure:
                raise Failure(f"{option}: {failure}; {bytes(got[:200])}") from failure
            pump.sock.close()
        if b'"running"' not in watcher.status():
            raise Failure("the machine does not run")
    return total
