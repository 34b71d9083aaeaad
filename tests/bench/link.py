#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""link: a TCP proxy that delays both directions, for the bench. It knows no protocol.

  link.py ONEWAY_MS PORT…          for each PORT of 127.0.0.1 one listener; its port is printed, a line each

A connection's bytes arrive after ONEWAY_MS, in order, 4 MiB in flight a direction; the greeting comes after two
round trips, as over a real handshake. SIGUSR1 prints `bytes UP DOWN` since the last time. Ends with its input.
"""
import asyncio
import signal
import sys

WINDOW = 4 << 20


class End(asyncio.Protocol):
    """One side of a connection; what it reads goes to the other, later."""

    def __init__(self, proxy, direction):
        self.proxy, self.direction = proxy, direction
        self.other = self.transport = None
        self.flying = 0
        self.early = []

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.proxy.count[self.direction] += len(data)
        self.flying += len(data)
        if self.flying > WINDOW:
            self.transport.pause_reading()
        self.proxy.loop.call_later(self.proxy.delay, self.arrive, data)

    def arrive(self, data):
        self.flying -= len(data)
        if self.flying <= WINDOW and not self.transport.is_closing():
            self.transport.resume_reading()
        if self.other.transport is None:
            self.early.append(data)
        elif not self.other.transport.is_closing():
            self.other.transport.write(data)

    def connection_lost(self, _error):
        def close():
            if self.other is not None and self.other.transport is not None:
                self.other.transport.close()
        self.proxy.loop.call_later(self.proxy.delay, close)


class Proxy:
    def __init__(self, loop, delay):
        self.loop, self.delay, self.count = loop, delay, [0, 0]

    def accept(self, port):
        client, server = End(self, 0), End(self, 1)
        client.other, server.other = server, client

        async def connect():
            await asyncio.sleep(self.delay * 3)
            await self.loop.create_connection(lambda: server, "127.0.0.1", port)
            for data in client.early:
                server.transport.write(data)
        self.loop.create_task(connect())
        return client

    def tell(self):
        print("bytes", *self.count, flush=True)
        self.count = [0, 0]


async def main():
    loop = asyncio.get_running_loop()
    proxy = Proxy(loop, float(sys.argv[1]) / 1000)
    for port in sys.argv[2:]:
        listener = await loop.create_server(lambda port=port: proxy.accept(int(port)), "127.0.0.1", 0)
        print(listener.sockets[0].getsockname()[1], flush=True)
    loop.add_signal_handler(signal.SIGUSR1, proxy.tell)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
