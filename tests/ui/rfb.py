# SPDX-License-Identifier: GPL-2.0-or-later
"""A VNC client (RFC 6143) for tests: raw pixels of 32 bits."""
import ctypes
import socket
import struct

RAW, COPY, DESKTOP_SIZE, RICH_CURSOR, POINTER_MODE, KEY_CODES = 0, 1, -223, -239, -257, -258


def des(key, block):
    """One block of eight bytes, encrypted by libgcrypt (DES, ECB)."""
    lib = ctypes.CDLL("libgcrypt.so.20")
    lib.gcry_check_version(None)
    handle, out = ctypes.c_void_p(), ctypes.create_string_buffer(8)
    assert lib.gcry_cipher_open(ctypes.byref(handle), 302, 1, 0) == 0
    lib.gcry_cipher_setkey(handle, key, ctypes.c_size_t(8))
    assert lib.gcry_cipher_encrypt(handle, out, ctypes.c_size_t(8), block, ctypes.c_size_t(8)) == 0
    lib.gcry_cipher_close(handle)
    return out.raw


class Refused(Exception):
    """The server wants no more of this client."""


class Client:
    def __init__(self, port, host="127.0.0.1", path=None, password=None, shared=True, version=b"RFB 003.008\n",
                 encodings=(RAW, DESKTOP_SIZE)):
        self.sock = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.sock.settimeout(15)
        self.sock.connect(path or (host, int(port)))
        self.received = 0
        self.rectangles = []
        self.pseudo = []
        assert self.read(12) == b"RFB 003.008\n"
        self.sock.sendall(version)
        self.security(version, password)
        self.sock.sendall(bytes([shared]))
        self.width, self.height, pixel, length = struct.unpack(">HH16sI", self.read(24))
        self.name = self.read(length).decode()
        self.pixel_format = pixel
        self.pixels = {}
        self.frame = bytearray(self.width * self.height * 4)
        self.send(0, "3xBBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 16, 8, 0)
        self.set_encodings(*encodings)

    def security(self, version, password):
        if version == b"RFB 003.003\n":
            kind, = struct.unpack(">I", self.read(4))
        else:
            kinds = self.read(self.read(1)[0])
            kind = 2 if password is not None else 1
            self.sock.sendall(bytes([kind]))
            if kind not in kinds:
                self.read(4)                # never comes
        if kind == 2:
            challenge = self.read(16)
            key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in (password or "").encode()[:8].ljust(8, b"\0"))
            self.sock.sendall(des(key, challenge[:8]) + des(key, challenge[8:]))
        if kind == 2 or version == b"RFB 003.008\n":
            result, = struct.unpack(">I", self.read(4))
            if result:
                raise Refused(f"security result {result}")

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise Refused("the connection was closed")
            data += more
        self.received += size
        return data

    def send(self, kind, form="", *values):
        self.sock.sendall(struct.pack(">B" + form, kind, *values))

    def set_encodings(self, *encodings):
        self.sock.sendall(struct.pack(f">BxH{len(encodings)}i", 2, len(encodings), *encodings))

    def request(self, incremental=True):
        self.send(3, "BHHHH", incremental, 0, 0, self.width, self.height)

    def key(self, keysym, down):
        self.send(4, "BxxI", down, keysym)

    def key_code(self, keysym, code, down):
        self.send(255, "BHII", 0, down, keysym, code)

    def pointer(self, mask, x, y):
        self.send(5, "BHH", mask, x, y)

    def rectangle(self):
        x, y, w, h, encoding = struct.unpack(">HHHHi", self.read(12))
        if encoding == RAW:
            data = self.read(w * h * 4)
            for row in range(h):
                at = ((y + row) * self.width + x) * 4
                self.frame[at:at + w * 4] = data[row * w * 4:(row + 1) * w * 4]
            self.rectangles.append((x, y, w, h))
            return
        self.pseudo.append((encoding, x, y, w, h))
        if encoding == DESKTOP_SIZE:
            self.width, self.height = w, h
            self.frame = bytearray(w * h * 4)
        elif encoding == RICH_CURSOR:
            self.cursor = self.read(w * h * 4), self.read((w + 7) // 8 * h)
        else:
            assert encoding in (POINTER_MODE, KEY_CODES), encoding

    def update(self):
        """Waits for an update and takes it; only what it has is in rectangles and pseudo then."""
        self.rectangles, self.pseudo = [], []
        kind, = self.read(1)
        assert kind == 0, f"message {kind}"
        count, = struct.unpack(">xH", self.read(3))
        for _ in range(count):
            self.rectangle()

    def until(self, condition):
        """Requests and takes updates until condition() is true."""
        while not condition():
            self.request()
            self.update()

    def pixel(self, x, y):
        at = (y * self.width + x) * 4
        return int.from_bytes(self.frame[at:at + 3], "little")

    def close(self):
        self.sock.close()
