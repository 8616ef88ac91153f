# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that shares no code with spice-gtk and has no capabilities.

It speaks SPICE 2.2 as the first clients did, with long message headers. It shows only bitmaps and
JPEG: its machine has image-compression=off.
"""

import io
import socket
import struct
import subprocess
import tempfile
import threading
import time

import numpy
from PIL import Image

from .picture import Picture
from .waiting import SCALE, Late, wait_until

MAIN, DISPLAY = 1, 2
# Any channel's, from the server and to it
SET_ACK, PING = 3, 4
ACK_SYNC, ACK, PONG = 1, 2, 3
# The main channel's
INIT, AGENT_CONNECTED, AGENT_CONNECTED_TOKENS = 103, 107, 115
ATTACH_CHANNELS, AGENT_START, AGENT_DATA = 104, 106, 107
# A display's
STREAM_CREATE, DRAW_COPY, SURFACE_CREATE = 122, 304, 314
DISPLAY_INIT = 101
BITMAP, JPEG = 0, 105
TOP_DOWN = 4
# The agent's
AGENT_PROTOCOL, MONITORS_CONFIG = 1, 2
# A machine's options: the port of the guest's agent is open, and messages to it are lost. The server
# handles those that concern it.
AGENT = ["-chardev", "spicevmc,id=agent,name=vdagent", "-device", "isa-serial,chardev=agent"]
# Seconds after which postponed acknowledgements are sent, however few they are
PUT_OFF = 0.2


def _empty_ticket(key):
    with tempfile.NamedTemporaryFile() as file:
        file.write(key)
        file.flush()
        return subprocess.run(["openssl", "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER",
                               "-inkey", file.name, "-pkeyopt", "rsa_padding_mode:oaep"],
                              input=b"\0", stdout=subprocess.PIPE, check=True).stdout


class Channel:
    """Connected until close(); handle(kind, body) is called in a thread of its own

    together: acknowledgements are sent this many at a time, or late; 1: as the server asks
    """

    def __init__(self, port, session, kind, handle, together=1):
        self.error = None
        self._handle, self._together = handle, together
        self._window = self._serial = 0
        self._due = [] # the times of messages that have not been acknowledged
        self._sending, self._closing = threading.Lock(), False
        self._socket = socket.create_connection(("127.0.0.1", port))
        link = struct.pack("<IBBIII", session, kind, 0, 0, 0, 18)
        self._socket.sendall(struct.pack("<4sIII", b"REDQ", 2, 2, len(link)) + link)
        reply = self._read(struct.unpack("<12xI", self._read(16))[0])
        assert reply[:4] == bytes(4), "the server refuses the channel"
        self._socket.sendall(_empty_ticket(reply[4:4 + 162]))
        assert self._read(4) == bytes(4), "the server refuses the ticket"
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def _read(self, size):
        data = bytearray()
        self._socket.settimeout(PUT_OFF / 4)
        while len(data) < size:
            try:
                part = self._socket.recv(size - len(data))
            except socket.timeout:
                self._acknowledge()
                continue
            if not part:
                raise ConnectionError("the server has closed the connection")
            data += part
        return bytes(data)

    def send(self, kind, body=b""):
        with self._sending:
            self._serial += 1
            self._socket.settimeout(20 * SCALE)
            self._socket.sendall(struct.pack("<QHII", self._serial, kind, len(body), 0) + body)

    def _receive(self):
        try:
            while True:
                kind, size = struct.unpack("<8xHI4x", self._read(18))
                self._take(kind, self._read(size))
        except Exception as error: # for those who wait for a picture of this channel
            if not self._closing:
                self.error = error

    def _take(self, kind, body):
        if kind == SET_ACK:
            self.send(ACK_SYNC, body[:4])
            self._window, self._due = struct.unpack("<4xI", body)[0], []
            return
        if kind == PING:
            self.send(PONG, body[:12])
        else:
            self._handle(kind, body)
        self._due.append(time.monotonic())
        self._acknowledge()

    def _acknowledge(self):
        """One answer acknowledges as many messages as the server has requested"""
        if not self._due or not self._window:
            return
        late = time.monotonic() - self._due[0] >= PUT_OFF
        if self._together == 1 or late or len(self._due) >= self._together:
            while len(self._due) >= self._window:
                del self._due[:self._window]
                self.send(ACK)

    def close(self):
        self._closing = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass # the server was first
        self._thread.join()
        self._socket.close()


class Foreign:
    """Connected until close(); a context manager. It shows the first display.

    together: see Channel
    """

    def __init__(self, port, together=1):
        self.frames, self.streams = 0, 0
        self._lock = threading.Lock()
        self._pixels = numpy.zeros((0, 0, 3), dtype=int)
        self._session, self._agent = None, False
        self._channels = [Channel(port, 0, MAIN, self._take_main)]
        wait_until(lambda: self._session or self._channels[0].error, "a session")
        self._channels[0].send(ATTACH_CHANNELS)
        self._channels.append(Channel(port, self._session, DISPLAY, self._take_display, together))
        self._channels[1].send(DISPLAY_INIT, struct.pack("<BqBi", 1, 1 << 20, 1, 1 << 20))

    # Messages from the server

    def _take_main(self, kind, body):
        if kind == INIT:
            self._session, _, _, _, self._agent = struct.unpack("<5I", body[:20])
        elif kind in (AGENT_CONNECTED, AGENT_CONNECTED_TOKENS):
            self._agent = True

    def _take_display(self, kind, body):
        with self._lock:
            if kind == SURFACE_CREATE:
                width, height = struct.unpack("<4x2I", body[:12])
                self._pixels = numpy.zeros((height, width, 3), dtype=int)
            elif kind == STREAM_CREATE:
                self.streams += 1
            elif kind == DRAW_COPY:
                self._draw(body)

    def _draw(self, body):
        top, left, bottom, right, clips = struct.unpack("<4x4iB", body[:21])
        assert clips == 0, "clipped"
        image, source_top, source_left = struct.unpack("<I2i", body[21:33])
        kind, width, height = struct.unpack("<8xBxII", body[image:image + 18])
        data = body[image + 18:]
        if kind == BITMAP:
            flags, stride = struct.unpack("<xB8xI", data[:14])
            # No palette: its offset is 0
            pixels = numpy.frombuffer(data[18:18 + stride * height], dtype=numpy.uint8)
            pixels = pixels.reshape(height, stride // 4, 4)[:, :width, 2::-1]
            pixels = pixels if flags & TOP_DOWN else pixels[::-1]
        else:
            assert kind == JPEG, "an image of type {}".format(kind)
            pixels = numpy.asarray(Image.open(io.BytesIO(data[4:])).convert("RGB"))
        self._pixels[top:bottom, left:right] = pixels[source_top:source_top + bottom - top,
                                                      source_left:source_left + right - left]
        self.frames += 1

    # For tests

    def _check(self):
        for channel in self._channels:
            if channel.error:
                raise Late("the foreign client: {!r}".format(channel.error))

    def wait_for_picture(self, problem, timeout=20):
        """Waits until problem(picture) is None; returns the picture"""
        last = {}

        def look():
            self._check()
            with self._lock:
                picture = Picture(self._pixels.copy())
            last["problem"] = problem(picture) if self._pixels.size else "no picture"
            return picture if last["problem"] is None else None

        return wait_until(look, lambda: "the foreign client: a right picture: {}".format(last),
                          timeout, interval=0.2)

    def wait_for_frames(self, count):
        def look():
            self._check()
            return self.frames >= count
        wait_until(look, lambda: "{} pictures, has {}".format(count, self.frames))

    def start_agent(self):
        """Required before messages to the guest's agent, whose port must be open"""
        wait_until(lambda: self._agent, "the agent")
        self._channels[0].send(AGENT_START, struct.pack("<I", 1 << 20))

    def configure(self, *sizes):
        """Sends the sizes of the client's windows: (width, height) for each, (0, 0) for one that is closed"""
        body = struct.pack("<II", len(sizes), 0)
        left = 0
        for width, height in sizes:
            body += struct.pack("<IIIii", height, width, 32, left, 0)
            left += width
        self._channels[0].send(AGENT_DATA, struct.pack("<IIQI", AGENT_PROTOCOL, MONITORS_CONFIG, 0,
                                                       len(body)) + body)

    def close(self):
        for channel in self._channels:
            channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
