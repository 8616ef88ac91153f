# SPDX-License-Identifier: GPL-2.0-or-later
"""A VNC client that takes whole pictures, without compression (RFC 6143)."""

import socket
import struct

import numpy

from .picture import Picture

RAW, DESKTOP_SIZE = 0, -223
# 32 bits a pixel, of which 24 count, little endian: blue, green, red, nothing
FORMAT = struct.pack("<BBBB", 32, 24, 0, 1) + struct.pack(">HHHBBB", 255, 255, 255, 16, 8, 0) + bytes(3)


class Rfb:
    """Connected to a Unix socket until close(); a context manager"""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(30)
        self._socket.connect(path)
        self._read(12)
        self._socket.sendall(b"RFB 003.008\n")
        kinds = self._read(self._read(1)[0])
        assert 1 in kinds, "the server wants a password"
        self._socket.sendall(b"\1")
        assert self._read(4) == bytes(4), "refused"
        self._socket.sendall(b"\1") # others may stay
        self.width, self.height = struct.unpack(">HH", self._read(4))
        self._read(16)
        self._read(struct.unpack(">I", self._read(4))[0])
        self._socket.sendall(struct.pack(">Bxxx", 0) + FORMAT)
        self._socket.sendall(struct.pack(">BxHii", 2, 2, RAW, DESKTOP_SIZE))
        self._pixels = numpy.zeros((self.height, self.width, 3), dtype=int)

    def _read(self, size):
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            assert part, "the server has closed the connection"
            data += part
        return data

    def _take_update(self):
        kind = self._read(1)[0]
        if kind == 2: # a bell
            return False
        if kind == 3: # the guest's clipboard
            self._read(struct.unpack(">xxxI", self._read(7))[0])
            return False
        assert kind == 0, "message {}".format(kind)
        for _ in range(struct.unpack(">xH", self._read(3))[0]):
            x, y, w, h, encoding = struct.unpack(">HHHHi", self._read(12))
            if encoding == DESKTOP_SIZE:
                self.width, self.height = w, h
                self._pixels = numpy.zeros((h, w, 3), dtype=int)
                continue
            pixels = numpy.frombuffer(self._read(w * h * 4), dtype=numpy.uint8).reshape(h, w, 4)
            self._pixels[y:y + h, x:x + w] = pixels[:, :, 2::-1]
        return True

    def picture(self):
        """The server's present picture"""
        self._socket.sendall(struct.pack(">BBHHHH", 3, 0, 0, 0, self.width, self.height))
        while not self._take_update():
            pass
        return Picture(self._pixels.copy())

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
