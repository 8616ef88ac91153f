# SPDX-License-Identifier: GPL-2.0-or-later
"""A slow network: test equipment that stands between a client and a server on this machine."""

import asyncio
import socket
import threading
import time

# As much as one read takes off a connection where there is a rate: about a packet
PACKET = 1400


class SlowLink:
    """Forwards TCP connections to (host, port) from a port of its own; a context manager.

    rate: bytes a second, each way, that all connections share; None: no limit
    delay: seconds that each byte is on its way, each way
    buffered: bytes that may wait for their turn each way; above it nothing more is read,
        and the sender's TCP learns of it
    """

    def __init__(self, port, host="127.0.0.1", rate=None, delay=0.0, buffered=16384):
        self._target = (host, port)
        self._rate, self._delay, self._buffered = rate, delay, buffered
        self._free_at = {"up": 0.0, "down": 0.0}    # when the line has sent what it has
        self.passed = {"up": 0, "down": 0}          # bytes that have come out at the other end
        # What is taken at once, and the kernel's buffer: the link's own is what counts
        self._chunk = PACKET if rate else 65536
        self._loop = asyncio.new_event_loop()
        self._reading = asyncio.Event()
        self._reading.set()
        self._listener = socket.socket()
        # Accepted sockets inherit it
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._chunk * 2)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(32)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._tasks = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def stop_reading(self):
        """The client's end takes nothing more; its connections stay open"""
        self._loop.call_soon_threadsafe(self._reading.clear)

    def go_on(self):
        self._loop.call_soon_threadsafe(self._reading.set)

    def become(self, rate, delay):
        """From now on: of another bandwidth and delay"""
        self._loop.call_soon_threadsafe(self._become, rate, delay)

    def _become(self, rate, delay):
        self._rate, self._delay = rate, delay
        self._chunk = PACKET if rate else 65536

    def close(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join(10)
        self._listener.close()

    # The link's thread

    def _run(self):
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._start(self._accept()))
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.run_until_complete(
                asyncio.gather(*self._tasks, return_exceptions=True))
            self._loop.close()

    def _start(self, coroutine):
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _cancel(self):
        for task in list(self._tasks):
            task.cancel()

    async def _accept(self):
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            self._start(self._connection(client))

    async def _connection(self, client):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._chunk * 2)
        pumps = []
        try:
            for end in (client, server):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.sock_connect(server, self._target)
            pumps = [self._start(self._pump("up", client, server)),
                     self._start(self._pump("down", server, client))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            client.close()
            server.close()

    async def _pump(self, way, source, target):
        on_the_way = asyncio.Queue()
        delivery = self._start(self._deliver(way, on_the_way, target))
        try:
            while not delivery.done():
                await self._reading.wait()
                data = await self._loop.sock_recv(source, self._chunk)
                if not data:
                    return
                await self._reading.wait()
                await self._send(way, data, on_the_way)
        except OSError:
            pass
        finally:
            delivery.cancel()

    async def _send(self, way, data, on_the_way):
        """Waits until the line has room for data, and says when it arrives"""
        now = time.monotonic()
        if self._rate:
            self._free_at[way] = max(self._free_at[way], now) + len(data) / self._rate
            waiting = self._free_at[way] - self._buffered / self._rate - now
            on_the_way.put_nowait((self._free_at[way] + self._delay, data))
            if waiting > 0:
                await asyncio.sleep(waiting)
        else:
            on_the_way.put_nowait((now + self._delay, data))

    async def _deliver(self, way, on_the_way, target):
        while True:
            arrives, data = await on_the_way.get()
            await asyncio.sleep(arrives - time.monotonic())
            await self._loop.sock_sendall(target, data)
            self.passed[way] += len(data)
