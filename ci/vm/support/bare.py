# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine without a guest: the test itself drives its virtio-gpu (virtio 1.2), through QEMU's qtest.

It can do what a guest's driver would not: flush any rectangle, reset the PCI function at any moment.
"""

import base64
import os
import socket
import struct

import numpy

from .machine import Machine
from .picture import Picture
from .waiting import SCALE, wait_until

# Addresses: of the device's registers, rings, a command and its answer, and of the data for resources
BAR = 0xfd000000
DESCRIPTORS, AVAILABLE, USED = 0x100000, 0x101000, 0x102000
REQUEST, RESPONSE = 0x110000, 0x120000
BACKING = 0x1000000
QUEUE_SIZE = 64
# Configuration space: of the root port, which has this address on bus 0, and of the device behind it
PORT, BEHIND = 0x10 << 11, 1 << 16
COMMAND, BAR4, CAPABILITIES, BUSES, WINDOW = 0x04, 0x20, 0x34, 0x18, 0x20
CAP_VENDOR, CAP_EXPRESS = 0x09, 0x10
DEVICE_CONTROL, FUNCTION_RESET = 8, 1 << 15
# virtio: registers of the common configuration
DRIVER_FEATURE_SELECT, DRIVER_FEATURE, STATUS = 0x08, 0x0c, 0x14
QUEUE_SELECT, QUEUE_LENGTH, QUEUE_ENABLE, QUEUE_ADDRESSES = 0x16, 0x18, 0x1c, 0x20
ACKNOWLEDGE, DRIVER, DRIVER_OK, FEATURES_OK = 1, 2, 4, 8
CREATE_2D, SET_SCANOUT, FLUSH, TRANSFER, ATTACH = 0x101, 0x103, 0x104, 0x105, 0x106
OK, BGRX = 0x1100, 2
# Lines of the scene that do not fit on the screen
PAN = 64


class BareMachine(Machine):
    """A context manager, which starts the machine; gpu is ready for start()"""

    gpu = _connection = None

    def command(self, monitor):
        words = super().command(monitor)
        words[words.index("-accel") + 1] = "qtest"
        device = words.index("-device")
        words[device + 1] += ",bus=root"
        words[device:device] = ["-device", "pcie-root-port,id=root,addr=0x10,chassis=1"]
        return words + ["-qtest", "unix:" + self._qtest_path(), "-qtest-log", "none"]

    def _qtest_path(self):
        return os.path.join(self.rundir, "qtest")

    def start(self, ready=True):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._qtest_path())
            listener.listen(1)
            listener.settimeout(20 * SCALE)
            super().start(ready=False)
            self._connection, _ = listener.accept()
        self.gpu = Gpu(self._connection)
        return self

    def end(self):
        problems = super().end()
        if self._connection:
            self._connection.close()
        return problems


def _scene(width, height):
    """Gradients with some noise, which no codec shows exactly"""
    lines, columns = numpy.arange(height)[:, None], numpy.arange(width)[None, :]
    noise = numpy.random.default_rng(1).integers(0, 16, (height, width))
    return numpy.stack([(columns // 3 + noise) % 256, (lines // 2 + noise) % 256,
                        (columns + lines + noise) % 256], axis=2)


class Gpu:
    """The device, and a driver of two resources, which are flipped. start() sets both up."""

    def __init__(self, connection):
        connection.settimeout(20 * SCALE)
        self._connection, self._lines = connection, connection.makefile("r", encoding="ascii")
        self._common = self._notify = 0
        self._sent = self._line = 0
        self._shown = 1 # a resource
        self._all = self._size = self._pixels = None

    # qtest

    def _ask(self, *words):
        text = " ".join("0x{:x}".format(w) if isinstance(w, int) else w for w in words)
        self._connection.sendall(text.encode() + b"\n")
        while True:
            line = self._lines.readline().split()
            if line[0] != "IRQ":
                assert line[0] == "OK", (text, line)
                return int(line[1], 0) if len(line) > 1 else None

    def _put(self, address, data):
        self._ask("b64write", address, len(data), base64.b64encode(data).decode())

    def _config(self, function, register, value=None, size="l"):
        self._ask("outl", 0xcf8, 0x80000000 | function | register & 0xfc)
        port = 0xcfc + (register & 3)
        if value is None:
            return self._ask("in" + size, port)
        return self._ask("out" + size, port, value)

    def _capabilities(self):
        at = self._config(BEHIND, CAPABILITIES, size="b")
        while at:
            yield at, self._config(BEHIND, at, size="b")
            at = self._config(BEHIND, at + 1, size="b")

    # The driver

    def start(self):
        """Sets it up, as firmware and driver do after a reset"""
        self._config(PORT, BUSES, 0x010100)
        self._config(PORT, WINDOW, (BAR >> 16) << 16 | BAR >> 16)
        self._config(PORT, COMMAND, 6, "w")
        self._config(BEHIND, BAR4, BAR)
        self._config(BEHIND, BAR4 + 4, 0)
        self._config(BEHIND, COMMAND, 6, "w")
        for at, kind in self._capabilities():
            if kind == CAP_VENDOR:
                what, place = self._config(BEHIND, at + 3, size="b"), BAR + self._config(BEHIND, at + 8)
                if what == 1:
                    self._common = place
                elif what == 2:
                    self._notify = place
        self.reset_device()
        self._ask("writeb", self._common + STATUS, ACKNOWLEDGE | DRIVER)
        for half, features in ((0, 0), (1, 1)): # VIRTIO_F_VERSION_1
            self._ask("writel", self._common + DRIVER_FEATURE_SELECT, half)
            self._ask("writel", self._common + DRIVER_FEATURE, features)
        self._ask("writeb", self._common + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK)
        self._put(AVAILABLE, bytes(0x1000))
        self._put(USED, bytes(0x1000))
        self._ask("writew", self._common + QUEUE_SELECT, 0)
        self._ask("writew", self._common + QUEUE_LENGTH, QUEUE_SIZE)
        for i, ring in enumerate((DESCRIPTORS, AVAILABLE, USED)):
            self._ask("writel", self._common + QUEUE_ADDRESSES + 8 * i, ring)
            self._ask("writel", self._common + QUEUE_ADDRESSES + 8 * i + 4, 0)
        self._ask("writew", self._common + QUEUE_ENABLE, 1)
        self._ask("writeb", self._common + STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)
        self._sent = 0

    def reset_device(self):
        self._ask("writeb", self._common + STATUS, 0)
        wait_until(lambda: self._ask("readb", self._common + STATUS) == 0, "the device is reset")

    def reset_function(self):
        """Resets the PCI function; start() must follow"""
        for at, kind in self._capabilities():
            if kind == CAP_EXPRESS:
                control = self._config(BEHIND, at + DEVICE_CONTROL, size="w")
                self._config(BEHIND, at + DEVICE_CONTROL, control | FUNCTION_RESET, "w")
                return
        raise AssertionError("the function has no PCI Express capability")

    def send(self, kind, body):
        """Sends a command, which may still be executed when this returns"""
        request = struct.pack("<IIQII", kind, 0, 0, 0, 0) + body
        self._put(REQUEST, request)
        self._put(RESPONSE, bytes(24))
        self._put(DESCRIPTORS, struct.pack("<QIHHQIHH", REQUEST, len(request), 1, 1, RESPONSE, 24, 2, 0))
        self._put(AVAILABLE + 4 + 2 * (self._sent % QUEUE_SIZE), bytes(2))
        self._sent += 1
        self._ask("writew", AVAILABLE + 2, self._sent & 0xffff)
        self._ask("writew", self._notify, 0)

    def do(self, kind, body):
        self.send(kind, body)
        wait_until(lambda: self._ask("readw", USED + 2) == self._sent & 0xffff, "an answer", interval=0.001)
        answer = self._ask("readl", RESPONSE)
        assert answer == OK, "the device answers {:#x} to {:#x}".format(answer, kind)

    # The screen

    def show(self, width, height):
        """Shows the upper part of a scene; once after each start()"""
        self._size, self._all = (width, height), _scene(width, height + PAN)
        data = numpy.zeros((height + PAN, width, 4), dtype=numpy.uint8)
        data[:, :, 2::-1] = self._all
        self._put(BACKING, data.tobytes())
        for resource in (1, 2):
            self.do(CREATE_2D, struct.pack("<4I", resource, BGRX, width, height))
            self.do(ATTACH, struct.pack("<IIQII", resource, 1, BACKING, 2 * data.size, 0))
        self._line = 0
        self.flip()

    def _rect(self):
        return struct.pack("<4I", 0, 0, *self._size)

    def flip(self):
        """Shows the next frame of a moving scene, in the other resource"""
        self._line = (self._line + 1) % PAN
        self._pixels = self._all[self._line:self._line + self._size[1]].copy()
        self._shown = 3 - self._shown
        self.do(TRANSFER, self._rect() + struct.pack("<QII", self._line * self._size[0] * 4, self._shown, 0))
        self.do(SET_SCANOUT, self._rect() + struct.pack("<II", 0, self._shown))
        self.flush()

    def flush(self, wait=True):
        (self.do if wait else self.send)(FLUSH, self._rect() + struct.pack("<II", self._shown, 0))

    def flush_at(self, x, y, w, h):
        """Flushes any rectangle: the device uses only the part inside the resource"""
        self.do(FLUSH, struct.pack("<4I", x, y, w, h) + struct.pack("<II", self._shown, 0))

    def fill(self, x, y, w, h, colour):
        """Draws a rectangle and flushes only that"""
        self._pixels[y:y + h, x:x + w] = colour
        rect = struct.pack("<4I", x, y, w, h)
        # Where the part would be in a whole picture after the scene's end
        start, stride = self._all.size // 3 * 4, self._size[0] * 4
        for line in range(y, y + h):
            self._put(BACKING + start + line * stride + x * 4, bytes((*colour[::-1], 0)) * w)
        self.do(TRANSFER, rect + struct.pack("<QII", start + y * stride + x * 4, self._shown, 0))
        self.do(FLUSH, rect + struct.pack("<II", self._shown, 0))

    def picture(self):
        """The picture on the screen"""
        return Picture(self._pixels)
